"""Turns text of another encoding into UTF-8, strictly: what does not decode, or only seems to, is refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import IO

import polars as pl
import pyarrow as pa

from pipelines.ingest.extract import FileRefused, Source, cut_short, fold, temporary_copy

_BLOCK = 1 << 20
_LONGEST_LINE = 64 << 20
# A whole run of bytes outside ASCII that reads as Chinese in UTF-8.
_UTF8_RUN = re.compile(rb"(?<![\x80-\xff])(?:[\xe3-\xe9][\x80-\xbf]{2})++(?![\x80-\xff])")
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def blocks_of_lines(handle: IO[bytes], name: str) -> Iterator[bytes]:
    """The bytes in blocks of a megabyte that end at line ends (never between a carriage return and its line feed); what
    follows the last line end comes last, it may be empty.

    Raises:
        FileRefused: a line is longer than 64 MB.
    """
    rest = b""
    while block := handle.read(_BLOCK):
        rest += block
        cut = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, -1) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
        elif len(rest) > _LONGEST_LINE:
            raise FileRefused(
                "line_too_long",
                zh=f"{name} 有一行超过 {_LONGEST_LINE >> 20} MB，不像表格。请检查换行后重新导出。",
                en=f"{name} has a line of more than {_LONGEST_LINE >> 20} MB, which no table has. Check its line ends and export it again.",
            )
    yield rest


def line_ends(data: bytes) -> int:
    """How many lines end in some bytes, by line feeds, or by carriage returns where there are none."""
    return data.count(b"\n") or data.count(b"\r")


def byte_order_mark(start: bytes) -> str | None:
    """The encoding that the first bytes declare."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def codec_of(name: str, declared: str) -> str:
    """Python's name of a declared encoding.

    Raises:
        FileRefused: there is no such encoding.
    """
    try:
        found = codecs.lookup(declared).name
        "".encode(found)  # base64 and its like are codecs, but no encodings of text
    except LookupError:
        raise FileRefused(
            "unknown_encoding",
            zh=f"{name} 的映射中 encoding 写的是 {declared}，没有这种编码。可用：utf-8、gb18030、utf-16。",
            en=f"The mapping of {name} says encoding {declared}, which does not exist. Use utf-8, gb18030 or utf-16.",
        ) from None
    # What calls itself GB2312 or GBK is Windows' superset in practice; GB18030 holds them all.
    return "gb18030" if found in ("gb2312", "gbk") else found.replace("utf-8-sig", "utf-8")


def from_utf16(source: Source, codec: str) -> Source:
    """A UTF-8 copy of text in UTF-16, or in any declared encoding other than GB18030.

    Raises:
        FileRefused: it does not decode to its end.
    """
    decoder = codecs.getincrementaldecoder(codec)("strict")
    copy, held = temporary_copy(source)
    lines = 1
    try:
        with source.open() as handle:
            while block := handle.read(_BLOCK):
                text = decoder.decode(block)
                lines += text.count("\n")
                held.write(text.encode())
            held.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError) and "data" in error.reason and error.end == len(error.object):
            raise cut_short(source.name) from None
        raise FileRefused(
            "wrong_encoding",
            zh=f"{source.name} 第 {lines} 行起不是 {codec} 编码。请另存为“CSV UTF-8”，或改正映射中的 encoding。",
            en=f"{source.name} is not {codec} from about line {lines} on. Save it as “CSV UTF-8”, or correct encoding in the mapping.",
        ) from None
    held.flush()
    return copy


def from_gb18030(source: Source, known: frozenset[str], *, declared: bool, line: int) -> Source:
    """A UTF-8 copy of text in GB18030 (GBK, GB2312), declared or believed after the whole of it proved to be so.

    `line` is the first that is not UTF-8. Undeclared, a Chinese header that is known is proof; without one every
    character has to be of GB2312, for Western text decodes too, into rare characters.

    Raises:
        FileRefused: it is not GB18030, or not throughout.
    """
    copy, held = temporary_copy(source)
    lines, first, trusted = 1, True, declared
    with source.open() as handle:
        for block in blocks_of_lines(handle, source.name):
            for run in _utf8_runs(block):
                if not _decodes(run[0], "gb2312"):
                    raise _mixed(source.name, max(line, lines + line_ends(block[: run.start()])))
            if first:
                header = re.split(rb"[\r\n]", block, maxsplit=1)[0].decode("gb18030", errors="replace")
                trusted = trusted or any(
                    fold(cell) in known and not cell.isascii() for cell in re.split(r"[,\t;\"]", header)
                )
                first = False
            try:
                text = block.decode("gb18030")
            except UnicodeDecodeError as error:
                if trusted and error.reason.startswith("incomplete"):
                    raise cut_short(source.name) from None
                raise _not_utf8(
                    source.name,
                    lines + line_ends(block[: error.start]) if declared else line,
                    "GB18030" if declared else "UTF-8",
                ) from None
            if (not trusted and not _decodes(block, "gb2312")) or (not declared and _PRIVATE.search(text)):
                raise _not_utf8(source.name, line, "UTF-8")
            lines += line_ends(block)
            held.write(text.encode())
    held.flush()
    return copy


def _utf8_runs(block: bytes) -> Iterator[re.Match[bytes]]:
    """Runs of bytes, between ASCII, that are Chinese in UTF-8."""
    # The pattern alone, tried at every byte, takes six times as long as the decoding.
    octets = pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.uint8(), len(block), [None, pa.py_buffer(block)])))
    starts = octets.is_between(0xE3, 0xE9) & (octets.shift(1, fill_value=0) < 0x80)
    for place in starts.arg_true():
        if run := _UTF8_RUN.match(block, place):
            yield run


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(name: str, line: int, expected: str) -> FileRefused:
    return FileRefused(
        "not_utf8",
        zh=f"{name} 第 {line} 行不是 {expected} 编码，也无法确认是别的编码。请另存为“CSV UTF-8”，或在映射中写明 encoding（如 gb18030）。",
        en=f"{name} line {line} is not {expected}, and no other encoding is certain. Save the file as “CSV UTF-8”, or declare encoding in the mapping (for example gb18030).",
    )


def _mixed(name: str, line: int) -> FileRefused:
    return FileRefused(
        "mixed_encodings",
        zh=f"{name} 混用了两种编码（UTF-8 和 GB18030），在第 {line} 行变化。请全部用同一种编码重新导出。",
        en=f"{name} mixes two encodings (UTF-8 and GB18030); they change at line {line}. Export all of it in one encoding.",
    )
