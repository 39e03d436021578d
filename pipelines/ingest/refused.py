"""Moves refused files out of the drop folder, with the reason beside them, and clears them away after their time."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.city import City
from pipelines.ingest.arrivals import FileIdentity, shown_name
from pipelines.ingest.files import FileRefused

REASON = ".reason.txt"
_STAMP = "%Y%m%dT%H%M%SZ"
_STORED = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{12})-.+")
_LONGEST = 100


@dataclass(frozen=True)
class RefusedFile:
    """Where a refused file lies now (where it was, if it could not be moved), and its reason file."""

    path: Path
    reason: Path


def move_refused(
    city: City, dataset: str, path: Path, *, sha256: str, refusal: FileRefused, run_id: str | None, now: datetime,
    identity: FileIdentity | None = None,
) -> RefusedFile:  # fmt: skip
    """Move a refused file, its manifest with it, to `refused/<dataset>/` and write why.

    A file outside the drop folder stays where it is, and so does one that is no longer the one that was refused
    (`identity`), or that this process may not move; its reason is written anew at every refusal, not once more.
    """
    folder = _folder(city, dataset)
    stored = _reason_without_file(folder, sha256) or _stored_name(path, sha256, now)
    target, reason = folder / stored, folder / (stored + REASON)
    configured = dataset in city.settings.sources and any(path == item for item, _ in city.extract_files(dataset))
    movable = path.parent == city.folder / "extracts" / dataset and not configured
    # Reason first: a file in refused/ without one would tell nobody anything. Manifest last: without its manifest, a
    # file that is still in the drop folder would be taken for another kind of delivery.
    _write(reason, _reason_text(city, dataset, path, refusal, run_id, now, movable))
    if not movable or not _move(path, target, identity):
        return RefusedFile(path, reason)
    _move(path.with_name(path.name + ".done"), folder / (stored + ".done"), None)
    _sync(folder)
    return RefusedFile(target, reason)


def refused_hashes(city: City, dataset: str) -> set[str]:
    """First twelve digits of the SHA-256 of every file that lies in `refused/<dataset>/`."""
    folder = city.refused / dataset
    found = (_STORED.fullmatch(path.name) for path in folder.glob("*") if not path.name.endswith((REASON, ".done")))
    return {match[2] for match in found if match}


def put_back(city: City, dataset: str, *, sha256: str, name: str) -> bool:
    """Move a refused file back into the drop folder under its own name, so that it is tried again; False if it is no
    longer in `refused/`, or another file has that name now."""
    target = city.folder / "extracts" / dataset / name
    for path in sorted((city.refused / dataset).glob(f"*-{sha256[:12]}-*")):
        if path.name.endswith((REASON, ".done")) or target.exists() or Path(name).name != name:
            continue
        done = path.with_name(path.name + ".done")
        if done.is_file():
            done.rename(target.with_name(target.name + ".done"))
        path.rename(target)
        path.with_name(path.name + REASON).unlink(missing_ok=True)
        return True
    return False


def purge_refused(city: City, *, now: datetime) -> int:
    """Remove what was refused more than `refused_days` ago; returns the number of files without reasons and manifests."""
    oldest = (now.astimezone(UTC) - timedelta(days=city.settings.refused_days)).strftime(_STAMP)
    removed = 0
    for path in sorted(city.refused.glob("*/*")):
        match = _STORED.fullmatch(path.name)
        if match and match[1] < oldest and not path.is_dir():
            path.unlink(missing_ok=True)
            removed += not path.name.endswith((REASON, ".done", ".part"))
    return removed


def _folder(city: City, dataset: str) -> Path:
    for folder in (city.refused, city.refused / dataset):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    return city.refused / dataset


def _reason_without_file(folder: Path, sha256: str) -> str | None:
    """The stored name under which these bytes have a reason already: they could not be moved, or a move was cut short."""
    names = sorted(path.name.removesuffix(REASON) for path in folder.glob(f"*-{sha256[:12]}-*{REASON}"))
    return next((name for name in names if not (folder / name).exists()), None)


def _stored_name(path: Path, sha256: str, now: datetime) -> str:
    """A name made here: moment, digest, and of the sender's name only letters, digits, dots and hyphens."""
    safe = re.sub(r"[^\w.-]+", "_", path.name).lstrip(".") or "file"
    end = Path(safe).suffix[:10]
    while len(os.fsencode(safe)) > _LONGEST:
        safe = safe.removesuffix(end)[:-1] + end
    return f"{now.astimezone(UTC).strftime(_STAMP)}-{sha256[:12]}-{safe}"


def _move(source: Path, target: Path, identity: FileIdentity | None) -> bool:
    """Rename, or copy and unlink across file systems; False if the source is not (or no longer) the file that is meant."""
    try:
        directory = os.open(source.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(source.name, flags, dir_fd=directory)
        with os.fdopen(descriptor, "rb") as handle:
            found = os.fstat(descriptor)
            same = identity is None or (found.st_ino, found.st_size, found.st_mtime_ns) == (
                identity.inode, identity.size, identity.mtime_ns,
            )  # fmt: skip
            if not stat.S_ISREG(found.st_mode) or not same:
                return False
            if not _rename(directory, source.name, descriptor, target):
                part = target.with_name(target.name + ".part")
                with open(part, "wb", opener=_private) as copy:
                    shutil.copyfileobj(handle, copy, 4 << 20)
                    copy.flush()
                    os.fsync(copy.fileno())
                part.replace(target)
                os.unlink(source.name, dir_fd=directory)
        return True
    except (FileNotFoundError, PermissionError):
        return False
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EROFS, errno.ENXIO):
            return False
        raise
    finally:
        os.close(directory)


def _rename(directory: int, name: str, descriptor: int, target: Path) -> bool:
    """Rename with mode 0600; False if the file must be copied (other file system, or it belongs to the sender)."""
    try:
        os.fchmod(descriptor, 0o600)
        os.rename(name, target, src_dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM):
            return False
        raise
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    with open(part, "w", encoding="utf-8", opener=_private) as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _reason_text(
    city: City, dataset: str, path: Path, refusal: FileRefused, run_id: str | None, now: datetime, movable: bool
) -> str:
    name, zone = shown_name(path.name), city.settings.time_zone
    when = f"{now.astimezone(city.zone):%Y-%m-%d %H:%M} ({zone})"
    days = city.settings.refused_days
    again_zh, again_en = (
        "改正该文件，它会在下次刷新时重新读取",
        "mend it where it lies; the next refresh reads it again",
    )
    if movable:
        again_zh = f"改正后重新放入 extracts/{dataset}/（有清单 .done 的，一并放入）。本文件夹中的副本 {days} 天后删除"
        again_en = (
            f"mend it and drop it again into extracts/{dataset}/, its manifest (.done) with it if there is one. "
            f"The copy in this folder is removed after {days} days"
        )
    return (
        f"文件：{name}\n数据集：{dataset}\n时间：{when}\n原因（{refusal.code}）：{refusal.zh}\n处理办法：{again_zh}。\n"
        f"运行编号：{run_id or '—'}\n\n"
        f"File: {name}\nDataset: {dataset}\nWhen: {when}\nReason ({refusal.code}): {refusal.en}\nWhat to do: {again_en}.\n"
        f"Run: {run_id or '—'}\n"
    )
