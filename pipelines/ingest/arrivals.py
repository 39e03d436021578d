"""Finds the files that wait in a drop folder: which are whole and safe to read, which still grow, which are no files."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.city import City
from pipelines.ingest.extract import LARGEST, too_large
from pipelines.ingest.files import FileRefused
from pipelines.ingest.manifest import Manifest
from pipelines.ingest.mend import is_mend_sheet
from pipelines.yaml_model import ConfigurationError, read_yaml_model

_UNFINISHED = (".done", ".part", ".tmp", ".crdownload")
_LONGEST_NAME = 200
_LARGEST_MANIFEST = 64 << 10
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class FileIdentity:
    """What stays the same as long as nobody writes to a file; `name` is its path from the city folder."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


@dataclass(frozen=True)
class Arrival:
    """A whole file. `arrived_at` is UTC without offset; `refusal` says what is wrong with its manifest, if anything is.

    `dropped` is False for files of configured sources, which are read where they lie and never moved."""

    path: Path
    identity: FileIdentity
    sha256: str
    arrived_at: datetime
    manifest: Manifest
    mapping: str
    dropped: bool
    refusal: FileRefused | None = None

    @property
    def size(self) -> int:
        return self.identity.size

    @property
    def short(self) -> str:
        return self.sha256[:12]


@dataclass(frozen=True)
class Waiting:
    """A file that may still be growing; it is looked at again in the next run, ready in `seconds` if nobody writes to it."""

    path: Path
    seconds: int


@dataclass(frozen=True)
class Unsafe:
    """Something in the drop folder that is not a file to be read, or too large; it is neither read nor moved."""

    path: Path
    refusal: FileRefused


@dataclass
class Arrivals:
    """What lies in the drop folder of one dataset.

    `ready` has the oldest data first (manifest, then arrival, then name) and the same bytes once; further files with
    these bytes are in `copies`. `identities` are all whole files with their SHA-256: what to pass as `known` next time."""

    ready: list[Arrival] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    unsafe: list[Unsafe] = field(default_factory=list)
    copies: list[Arrival] = field(default_factory=list)
    identities: dict[FileIdentity, str] = field(default_factory=dict)

    def everything(self) -> dict[str, Arrival]:
        """Every whole file by its SHA-256."""
        return {arrival.sha256: arrival for arrival in self.ready}


def find_arrivals(city: City, dataset: str, *, now: datetime, known: Mapping[FileIdentity, str]) -> Arrivals:
    """Look at the drop folder and the configured files of a dataset; only files that are not in `known` are hashed.

    Raises:
        ConfigurationError: a source of city.yaml names a variable that is not set, or a path where no file lies.
    """
    arrivals, found = Arrivals(), list[Arrival]()
    configured = dataset in city.settings.sources
    if configured:
        for path, mapping in city.extract_files(dataset):
            found += _look(city, arrivals, path, None, mapping, now=now, known=known)
    folder = city.folder / "extracts" / dataset
    with _opened(folder) as directory:
        for name in sorted(os.listdir(directory)) if directory is not None else ():
            if name.startswith((".", "~$")) or name.endswith(_UNFINISHED):
                continue
            # Where sources are configured, corrected rejects are still dropped here, and nothing else is read.
            if not configured or _is_mend(folder / name):
                found += _look(city, arrivals, folder / name, directory, dataset, now=now, known=known)
    found.sort(
        key=lambda a: (a.manifest.as_of or datetime.min.replace(tzinfo=UTC), a.arrived_at, a.path.name)
    )  # fmt: skip
    seen: set[str] = set()
    for arrival in found:
        (arrivals.copies if arrival.sha256 in seen else arrivals.ready).append(arrival)
        seen.add(arrival.sha256)
        arrivals.identities[arrival.identity] = arrival.sha256
    return arrivals


def seconds_to_settle(city: City, datasets: Iterable[str], *, now: datetime) -> int:
    """After how many seconds every file that lies there now will have rested for long enough, if nobody writes to it."""
    longest = 0
    for dataset in datasets:
        paths = [path for path, _ in city.extract_files(dataset)] if dataset in city.settings.sources else []
        paths += (city.folder / "extracts" / dataset).glob("*")
        for path in paths:
            if path.name.startswith((".", "~$")) or path.name.endswith(_UNFINISHED) or not path.is_file():
                continue
            if not path.with_name(path.name + ".done").exists():
                longest = max(longest, city.settings.settle_seconds - int(_age(path.stat(), now)))
    return longest


def arrival_of(city: City, path: Path, mapping: str) -> Arrival:
    """A file anywhere as an arrival, with the manifest beside it; it is taken for whole."""
    manifest, refusal, _ = _read_manifest(path.with_name(path.name + ".done"), None)
    found = path.stat()
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    arrived = datetime.fromtimestamp(found.st_mtime, UTC).replace(tzinfo=None)
    return Arrival(path, _identity(city, path, found), sha256, arrived, manifest, mapping, False, refusal)


def is_unchanged(city: City, arrival: Arrival) -> bool:
    """Whether the file is still the one that was found; asked again after it was read."""
    try:
        return _identity(city, arrival.path, os.stat(arrival.path, follow_symlinks=not arrival.dropped)) == (
            arrival.identity
        )
    except OSError:
        return False


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """A descriptor of the folder, None if there is none. The folder itself may be a link: the city's owner made it."""
    try:
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield directory
    finally:
        os.close(directory)


def _is_mend(path: Path) -> bool:
    try:
        return not path.is_symlink() and path.is_file() and is_mend_sheet(path)
    except OSError:
        return False


def _identity(city: City, path: Path, found: os.stat_result) -> FileIdentity:
    name = str(path.relative_to(city.folder)) if path.is_relative_to(city.folder) else str(path)
    return FileIdentity(name, found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def _look(
    city: City, arrivals: Arrivals, path: Path, directory: int | None, mapping: str, *, now: datetime,
    known: Mapping[FileIdentity, str],
) -> Iterator[Arrival]:  # fmt: skip
    """The file as an arrival if it is whole and safe; otherwise it is noted in `arrivals` or, if it is gone, forgotten."""
    # Through the descriptor of the folder, no component of the path can be exchanged for a link between two looks.
    place, flags = (path, _FLAGS) if directory is None else (Path(path.name), _FLAGS | os.O_NOFOLLOW)
    try:
        _check_name(path)
        _check_kind(path, os.stat(place, dir_fd=directory, follow_symlinks=directory is None))
        descriptor = os.open(place, flags, dir_fd=directory)
    except FileRefused as refusal:
        arrivals.unsafe.append(Unsafe(path, refusal))
        return
    except FileNotFoundError:
        return  # taken away between listing and opening
    except OSError as error:
        arrivals.unsafe.append(Unsafe(path, _unreadable(path, error)))
        return
    with os.fdopen(descriptor, "rb") as handle:
        before = os.fstat(descriptor)
        try:
            _check_kind(path, before)
            if before.st_size > LARGEST:
                # Not even hashed: that alone would take minutes at every refresh.
                raise too_large(shown_name(path.name))
        except FileRefused as refusal:
            arrivals.unsafe.append(Unsafe(path, refusal))
            return
        identity = _identity(city, path, before)
        settle = city.settings.settle_seconds
        left = settle - int(_age(before, now))
        manifest, refusal_of_manifest, written = _read_manifest(path, directory)
        finished = written is not None and written >= before.st_mtime_ns and refusal_of_manifest is None
        if left > 0 and not finished and manifest.sha256 is None and identity not in known:
            arrivals.waiting.append(Waiting(path, left))
            return
        sha256 = known.get(identity)
        if sha256 is None:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            try:
                named = os.stat(place, dir_fd=directory, follow_symlinks=directory is None)
            except FileNotFoundError:
                return
            if _identity(city, path, os.fstat(descriptor)) != identity or _identity(city, path, named) != identity:
                arrivals.waiting.append(Waiting(path, settle))
                return
        if manifest.sha256 is not None and manifest.sha256.lower() != sha256:
            if left > 0:
                arrivals.waiting.append(Waiting(path, left))
                return
            refusal_of_manifest = _other_bytes(path)
    moment = min(before.st_mtime, before.st_ctime) if before.st_mtime > now.timestamp() else before.st_mtime
    arrived = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
    yield Arrival(path, identity, sha256, arrived, manifest, mapping, directory is not None, refusal_of_manifest)


def _age(found: os.stat_result, now: datetime) -> float:
    """Seconds since the file was written; a time of change in the future (another clock) says nothing, so ctime counts."""
    moment = now.timestamp()
    return moment - (found.st_mtime if found.st_mtime <= moment else found.st_ctime)


def _read_manifest(path: Path, directory: int | None) -> tuple[Manifest, FileRefused | None, int | None]:
    """The manifest, what is wrong with it, and when it was written (ns); an empty one and None if there is none."""
    done = path.with_name(path.name + ".done")
    try:
        found = os.stat(done if directory is None else done.name, dir_fd=directory, follow_symlinks=directory is None)
    except OSError:
        return Manifest(), None, None
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_MANIFEST:
        what_zh, what_en = "不是 64 KB 以内的普通文件", "is not a regular file of at most 64 KB"
    else:
        try:
            return read_yaml_model(done, Manifest), None, found.st_mtime_ns
        except (ConfigurationError, OSError) as error:
            what_zh = what_en = f"({error})" if isinstance(error, ConfigurationError) else "(cannot be read · 无法读取)"
    refusal = FileRefused(
        "manifest",
        zh=f"{path.name} 的清单 {done.name} 有误：{what_zh}。应为 YAML 或 JSON，可用的键：as_of、rows、sha256、kind。请改正清单，与文件一起重新放入。",
        en=f"The manifest {done.name} of {path.name} is wrong: {what_en}. It is YAML or JSON with the keys as_of, rows, sha256, "
        "kind. Mend it and drop it again with its file.",
    )
    return Manifest(), refusal, found.st_mtime_ns


def _other_bytes(path: Path) -> FileRefused:
    return FileRefused(
        "manifest_sha256",
        zh=f"{path.name} 与清单中的 SHA-256 不一致，文件可能不完整。请重新传送文件和清单。",
        en=f"{path.name} does not have the SHA-256 of its manifest; it may be incomplete. Send both again.",
    )


# -- what is no file to be read --------------------------------------------------------------------------------------


def shown_name(name: str) -> str:
    """A file name for a message: nothing that moves the cursor or cannot be printed, at most 80 characters."""
    shown = "".join("�" if unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp") else ch for ch in name)
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _check_name(path: Path) -> None:
    # "Cf" has the marks that turn the direction of writing, with which txt.exe is shown as exe.txt; "Cs" is no UTF-8.
    if any(unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zl", "Zp") for ch in path.name):
        raise FileRefused(
            "unsafe_name",
            zh=f"文件名 {shown_name(path.name)} 含有控制字符或不可显示的字符，未读取。请改名后重新放入。",
            en=f"The file name {shown_name(path.name)} has control or invisible characters; it was not read. "
            "Rename the file and drop it again.",
        )
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise FileRefused(
            "unsafe_name",
            zh=f"文件名 {shown_name(path.name)} 超过 {_LONGEST_NAME} 字节，未读取。请改短后重新放入。",
            en=f"The file name {shown_name(path.name)} is longer than {_LONGEST_NAME} bytes; it was not read. "
            "Shorten it and drop the file again.",
        )


def _check_kind(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    kinds = {stat.S_IFLNK: ("符号链接", "a symbolic link"), stat.S_IFDIR: ("文件夹", "a folder")}
    zh, en = kinds.get(stat.S_IFMT(found.st_mode), ("管道、设备或套接字", "a pipe, device or socket"))
    raise FileRefused(
        "not_a_file",
        zh=f"{shown_name(path.name)} 是{zh}，未读取。投放文件夹中只能放普通文件；请放入文件本身。",
        en=f"{shown_name(path.name)} is {en}; it was not read. A drop folder takes regular files only: drop the file itself.",
    )


def _unreadable(path: Path, error: OSError) -> FileRefused:
    if error.errno == errno.ELOOP:  # it became a link after the look at it
        zh, en = "是符号链接", "is a symbolic link"
    else:
        zh, en = (
            f"无法打开（{errno.errorcode.get(error.errno or 0, '?')}）",
            (f"cannot be opened ({errno.errorcode.get(error.errno or 0, '?')})"),
        )
    return FileRefused(
        "not_a_file",
        zh=f"{shown_name(path.name)} {zh}，未读取。请检查权限，或重新放入文件本身。",
        en=f"{shown_name(path.name)} {en}; it was not read. Check its permissions, or drop the file itself again.",
    )
