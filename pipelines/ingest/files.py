"""Opens one extract: recognises its form by its bytes and hands it to the reader of that form."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import duckdb

from pipelines.ingest.archives import open_zip, unpack_gzip, unpack_zip
from pipelines.ingest.encodings import byte_order_mark, codec_of, from_gb18030, from_utf16
from pipelines.ingest.extract import (
    LARGEST,
    Extract,
    FileRefused,
    Note,
    Reading,
    Source,
    cut_short,
    fold,
    not_a_table,
    quote_name,
    quote_text,
    too_large,
)
from pipelines.ingest.json_files import open_json
from pipelines.ingest.parquet_files import open_parquet
from pipelines.ingest.spreadsheets import encrypted, open_workbook
from pipelines.ingest.text_files import NotUtf8, delimiter_of, look_at, open_delimited, start_of

__all__ = ["Extract", "FileRefused", "Note", "Reading", "fold", "open_extract", "quote_name", "quote_text"]

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_AS_FOUND = Reading()
#: First bytes of what is often dropped by mistake.
_OTHERS = (
    (b"%PDF", "PDF 文档", "a PDF document"), (b"\x89PNG", "图片", "a picture"), (b"\xff\xd8\xff", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"), (b"{\\rtf", "RTF 文档", "an RTF document"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"), (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"),
    (b"\xfd7zXZ", "xz 压缩文件", "an xz archive"), (b"BZh", "bzip2 压缩文件", "a bzip2 archive"),
    (b"SQLite format 3", "SQLite 数据库", "an SQLite database"),
)  # fmt: skip


#: What a name may say about the bytes; other extensions, and `.xls` (old or new workbooks, or text), say nothing.
_NAMED = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson"), "text"),
    **dict.fromkeys((".gz", ".gzip"), "gzip"), ".zip": "zip", ".xlsx": "workbook", ".xlsm": "workbook", ".parquet": "parquet",
}  # fmt: skip
_FORMS = {
    "text": ("文本", "text", ".csv"), "gzip": ("gzip 压缩文件", "a gzip archive", ".gz"), "zip": ("zip 压缩包", "a zip archive", ".zip"),
    "workbook": ("Excel 工作簿", "an Excel workbook", ".xlsx"), "old workbook": ("旧版 Excel 工作簿", "an old Excel workbook", ".xls"),
    "parquet": ("Parquet 文件", "a Parquet file", ".parquet"),
}  # fmt: skip


def _check_extension(path: Path, form: str) -> None:
    """Refuse a file whose name says that it is something else: whoever named it did not look into it."""
    named = _NAMED.get(path.suffix.lower())
    if named is None or form in (named, f"old {named}"):
        return
    (zh_named, en_named, _), (zh, en, right) = _FORMS[named], _FORMS[form]
    raise FileRefused(
        "wrong_extension",
        zh=f"{path.name} 按扩展名应是{zh_named}，内容却是{zh}。请核对是否传错文件；如内容无误，请把扩展名改为 {right} 后重新放入。",
        en=f"{path.name} is {en_named} by its name but {en} by its content. Check that it is the right file; if it is, name it {right} and drop it again.",
    )


def open_extract(
    con: duckdb.DuckDBPyConnection, path: Path, *, reading: Reading = _AS_FOUND, known: frozenset[str] = frozenset()
) -> Extract:
    """Recognise and open CSV or TSV, JSON, a workbook (XLSX, XLS) or Parquet, each also gzipped or alone in a zip archive.

    `known` are the folded spellings of the headers that may come; with none, any header will do.

    Raises:
        FileRefused: it is empty, too large, none of these forms, another one than its name says, damaged, or without
            usable headers.
    """
    source = Source(path, str(path))
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise not_a_table(path.name, "设备或管道，而不是文件", "a device or pipe, not a file")
    if status.st_size > LARGEST:
        raise too_large(path.name)
    magic = _magic(source)
    packed = False
    if magic.startswith(b"\x1f\x8b"):
        _check_extension(path, "gzip")
        source, packed = unpack_gzip(source), True
        magic = _magic(source)
    elif magic.startswith(b"PK\x03\x04"):
        archive = open_zip(source)
        names = set(archive.namelist())
        if "xl/workbook.xml" in names:
            _check_extension(path, "workbook")
            return open_workbook(con, source, archive, reading, known)
        _refuse_documents(source, names)
        _check_extension(path, "zip")
        source, packed = unpack_zip(source, archive), True
        magic = _magic(source)
    if not magic:
        raise FileRefused(
            "empty_file",
            zh=f"{path.name} 是空的（0 字节）。请重新导出。",
            en=f"{path.name} is empty (0 bytes). Export it again.",
        )
    if magic.startswith((b"PAR1", b"PARE")):
        if not packed:
            _check_extension(path, "parquet")
        return open_parquet(con, source, known)
    if magic.startswith(_OLE2):
        if not packed:
            _check_extension(path, "old workbook")
        return _open_ole2(con, source, reading, known)
    if magic.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise not_a_table(path.name, "压缩包中的压缩包", "an archive inside an archive")
    for start, zh, en in _OTHERS:
        if magic.startswith(start):
            raise not_a_table(path.name, zh, en)
    if not packed and b"\0" not in magic and not magic.lstrip().startswith(b"<"):
        _check_extension(path, "text")
    return _open_text(con, source, magic, reading, known)


def _magic(source: Source) -> bytes:
    with source.open() as handle:
        return handle.read(4096)


def _refuse_documents(source: Source, names: set[str]) -> None:
    kinds = (
        ("xl/workbook.bin", "XLSB 工作簿", "an XLSB workbook"),
        ("word/document.xml", "Word 文档", "a Word document"),
        ("ppt/presentation.xml", "PowerPoint 文稿", "a PowerPoint presentation"),
        ("mimetype", "ODS 或其他 OpenDocument 文件", "an OpenDocument file"),
    )
    for part, zh, en in kinds:
        if part in names:
            raise not_a_table(source.name, zh, en)


def _open_ole2(con: duckdb.DuckDBPyConnection, source: Source, reading: Reading, known: frozenset[str]) -> Extract:
    """A file of old Office: XLS, or a workbook or document in the same container."""
    with source.open() as handle:
        content = handle.read()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise encrypted(source.name)
    if "Workbook".encode("utf-16-le") not in content and "Book".encode("utf-16-le") not in content:
        raise not_a_table(source.name, "Word 或其他 Office 文档", "a Word or other Office document")
    return open_workbook(con, source, None, reading, known)


def _open_text(
    con: duckdb.DuckDBPyConnection, source: Source, magic: bytes, reading: Reading, known: frozenset[str]
) -> Extract:
    notes: list[Note] = []
    marked = byte_order_mark(magic)
    declared = codec_of(source.name, reading.encoding) if reading.encoding else None
    if declared and marked and not declared.startswith(marked):
        raise FileRefused(
            "wrong_encoding",
            zh=f"{source.name} 的开头标明是 {marked}，映射中 encoding 写的是 {declared}。请改正映射。",
            en=f"{source.name} begins with the mark of {marked}, but the mapping says encoding {declared}. Correct the mapping.",
        )
    codec = declared or marked or "utf-8"
    if codec == "gb18030":
        source = from_gb18030(source, known, declared=True, line=1)
    elif codec not in ("utf-8", "ascii"):
        source = from_utf16(source, codec)
    elif magic.count(0) * 10 > len(magic):
        raise not_a_table(
            source.name, "二进制文件，或没有标记的 UTF-16 文本", "a binary file, or UTF-16 text without its mark"
        )
    try:
        return _open_utf8(con, source, reading, known, notes)
    except NotUtf8 as fault:
        if declared or marked or fault.at_the_end:
            if fault.at_the_end:
                raise cut_short(source.name) from None
            raise FileRefused(
                "not_utf8",
                zh=f"{source.name} 第 {fault.line} 行不是 UTF-8 编码。请另存为“CSV UTF-8”。",
                en=f"{source.name} line {fault.line} is not UTF-8. Save the file as “CSV UTF-8”.",
            ) from None
        source = from_gb18030(source, known, declared=False, line=fault.line)
    return _open_utf8(con, source, reading, known, notes)


def _open_utf8(
    con: duckdb.DuckDBPyConnection, source: Source, reading: Reading, known: frozenset[str], notes: list[Note]
) -> Extract:
    start = start_of(source)
    begin = start.lstrip()[:200]
    if begin.startswith("<"):
        raise not_a_table(source.name, "网页或 XML", "a web page or XML")
    named_json = re.search(r"\.(jsonl|ndjson)\b", source.name.lower())
    if named_json or begin[:1] == "{" or re.match(r"\[\s*[\[{\]\d\"-]|\[\s*$", begin):
        return open_json(con, source, look_at(source, None), start.lstrip(), known, notes)
    delimiter, header = delimiter_of(source, start, reading, known)
    return open_delimited(source, look_at(source, delimiter), delimiter, header, known, notes)
