"""Unpacks a gzipped file, or the one data file of a zip archive, into a nameless copy."""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO

from pipelines.ingest.extract import LARGEST, FileRefused, Source, cut_short, temporary_copy, too_large

_BLOCK = 1 << 20
#: Text of an office packs 5 to 20 times; only bombs pass 100. Below 16 MB nothing can hurt.
_HIGHEST_RATIO = 100
_HARMLESS = 16 << 20
_MOST_ENTRIES = 10_000
#: What the library raises on damaged archives; not OSError, which a full disk raises too.
DAMAGED = (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError, ValueError)
_ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".xlsx", ".xlsm", ".docx")


def unpack_gzip(source: Source) -> Source:
    """The content of a gzipped file.

    Raises:
        FileRefused: it is damaged, cut short, or a bomb.
    """
    size = os.stat(source.place).st_size
    try:
        with source.open() as packed, gzip.open(packed) as handle:
            return _copy(source, handle, size)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise cut_short(source.name) from None


def open_zip(source: Source) -> zipfile.ZipFile:
    """The archive, known to be safe to unpack.

    Raises:
        FileRefused: it is broken, encrypted, or a bomb.
    """
    try:
        archive = zipfile.ZipFile(source.place)
    except (*DAMAGED, OSError):
        raise cut_short(source.name) from None
    entries, size = archive.infolist(), os.stat(source.place).st_size
    if any(not 0 <= entry.header_offset < size for entry in entries):
        raise cut_short(source.name)
    packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
    if (
        len(entries) > _MOST_ENTRIES
        or _is_bomb(packed, unpacked)
        or any(_is_bomb(e.compress_size, e.file_size) for e in entries)
    ):
        raise _bomb(source.name)
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(
            "encrypted",
            zh=f"{source.name} 是加密的压缩包。请不设密码重新压缩。",
            en=f"{source.name} is an encrypted archive. Pack it again without a password.",
        )
    return archive


def unpack_zip(source: Source, archive: zipfile.ZipFile) -> Source:
    """The content of the one data file in a zip archive.

    Raises:
        FileRefused: there is none or more than one, it is an archive itself, or it is damaged.
    """
    files = [e for e in archive.infolist() if not e.is_dir() and not _is_clutter(e.filename)]
    if len(files) != 1:
        names = "、".join(e.filename for e in files[:10]) or "—"
        raise FileRefused(
            "zip_content",
            zh=f"{source.name} 应只含一个数据文件，实际有 {len(files)} 个：{names}。请分别放入。",
            en=f"{source.name} should hold exactly one data file but holds {len(files)}: {names}. Drop them one by one.",
        )
    name = PurePosixPath(files[0].filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in str(name) or name.suffix.lower() in _ARCHIVES:
        raise FileRefused(
            "zip_content",
            zh=f"{source.name} 中的文件带有路径，或本身就是压缩包或工作簿。请直接放入该文件。",
            en=f"{source.name} holds a file with a path that leads outside, or another archive or workbook. Drop that file itself.",
        )
    if sum(e.file_size for e in files) > LARGEST:
        raise too_large(source.name)
    try:
        with archive.open(files[0]) as handle:
            return _copy(source, handle, files[0].compress_size)
    except DAMAGED:
        raise cut_short(source.name) from None


def _copy(source: Source, handle: IO[bytes] | gzip.GzipFile, packed: int) -> Source:
    unpacked, held = temporary_copy(source)
    size = 0
    while block := handle.read(_BLOCK):
        size += len(block)
        if _is_bomb(packed, size):
            raise _bomb(source.name)
        if size > LARGEST:
            raise too_large(source.name)
        held.write(block)
    held.flush()
    return unpacked


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1] in (".DS_Store", "Thumbs.db")


def _is_bomb(packed: int, unpacked: int) -> bool:
    return unpacked > _HARMLESS and unpacked > _HIGHEST_RATIO * packed


def _bomb(name: str) -> FileRefused:
    return FileRefused(
        "bomb",
        zh=f"{name} 解压后是原来的 {_HIGHEST_RATIO} 倍以上，不予解压。请不压缩直接放入。",
        en=f"{name} unpacks to more than {_HIGHEST_RATIO} times its size, so it is not unpacked. Drop the file unpacked.",
    )
