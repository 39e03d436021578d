"""Opens delimited text: one pass over its bytes finds out what a reader must know, or would fall over."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa

from pipelines.ingest.encodings import blocks_of_lines, line_ends
from pipelines.ingest.extract import (
    NO_COLUMN,
    Extract,
    FileRefused,
    Note,
    Reading,
    Source,
    cut_short,
    fold,
    quote_name,
    quote_path,
    quote_text,
    require_known,
    temporary_copy,
    too_many_columns,
    unique_headers,
)
from pipelines.ingest.quoting import Quotes

_DELIMITERS = (",", "\t", ";")
_CONTROLS = bytes(n for n in (*range(32), 127) if n not in b"\t\n\r")
_BOM = b"\xef\xbb\xbf"
_LINES_AT_ONCE = 10_000
#: What is looked at to find the header.
START = 1 << 20
# Python's own limit of 128 KiB a cell is less than a long description.
csv.field_size_limit(1 << 30)


class NotUtf8(Exception):
    """The text is not UTF-8 from `line` on; `at_the_end` only because its last character is cut."""

    def __init__(self, line: int, *, at_the_end: bool) -> None:
        super().__init__(line)
        self.line, self.at_the_end = line, at_the_end


@dataclass
class Text:
    """What one pass over a text found: its line ends by kind, control characters, quotes, and what follows the last
    line end."""

    line_feeds: int = 0
    returns: int = 0
    both: int = 0
    controls: int = 0
    multiline: bool = False
    irregular: bool = False
    last: bytes = b""

    @property
    def kinds(self) -> list[str]:
        """The kinds of line ends that occur, as `read_csv` names them."""
        alone = (("\\r\\n", self.both), ("\\n", self.line_feeds - self.both), ("\\r", self.returns - self.both))
        return [kind for kind, count in alone if count]


def look_at(source: Source, delimiter: str | None) -> Text:
    """Pass over a text once; its quotes are looked at if it has a delimiter.

    Raises:
        NotUtf8: its bytes are no UTF-8.
        FileRefused: a line does not end.
    """
    found, first = Text(), True
    quotes = Quotes(source.name, delimiter) if delimiter else None
    with source.open() as handle:
        for block in blocks_of_lines(handle, source.name):
            data = block.removeprefix(_BOM) if first else block
            first = False
            if data:
                _check_utf8(data, found)
                _count(data, found)
            found.last = b"" if data.endswith((b"\n", b"\r")) else data
            if quotes:
                quotes.look(data)
    if quotes:
        quotes.look(b"", final=True)
        found.multiline, found.irregular = quotes.multiline, quotes.irregular
    return found


def _check_utf8(data: bytes, found: Text) -> None:
    if data.isascii():
        return
    try:
        # Twice as fast as Python's decoder on Chinese text.
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = 1 + (found.line_feeds or found.returns) + line_ends(data[: error.start])
            raise NotUtf8(line, at_the_end=error.reason == "unexpected end of data") from None


def _count(data: bytes, found: Text) -> None:
    octets = pl.Series(
        pl.from_arrow(pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])), dtype=pl.UInt8
    )
    feeds, returns, tabs = (int((octets == n).sum()) for n in (10, 13, 9))
    found.controls += int((octets < 32).sum()) + int((octets == 127).sum()) - feeds - returns - tabs
    found.line_feeds += feeds
    found.returns += returns
    found.both += data.count(b"\r\n") if feeds and returns else 0


def start_of(source: Source) -> str:
    """The first megabyte of a text, without mark and control characters; what is not UTF-8 in it is replaced."""
    with source.open() as handle:
        data = handle.read(START)
    return data.removeprefix(_BOM).translate(None, _CONTROLS).decode(errors="replace")


def delimiter_of(source: Source, start: str, reading: Reading, known: frozenset[str]) -> tuple[str, list[str]]:
    """The delimiter that makes most of the header (known names, then cells), and the header's cells.

    Raises:
        FileRefused: the header has one cell where another delimiter would part it, or it does not end.
    """
    parted = {mark: _header(source.name, start, mark) for mark in _DELIMITERS}
    if reading.delimiter:
        chosen = reading.delimiter
        parted[chosen] = _header(source.name, start, chosen)
    else:
        chosen = max(
            _DELIMITERS, key=lambda mark: (sum(fold(cell) in known for cell in parted[mark]), len(parted[mark]))
        )
    header = parted[chosen]
    if len(header) <= 1:
        rows = start.splitlines()[:2]
        others = [mark for mark in (*_DELIMITERS, "|", "，") if mark != chosen]
        for mark in others:
            for row in rows:
                if len(next(csv.reader([row], delimiter=mark), [])) > 1:
                    raise _wrong_delimiter(source.name, chosen, mark)
    return chosen, header


def _header(name: str, start: str, delimiter: str) -> list[str]:
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter, skipinitialspace=delimiter != " ")
    try:
        header = next(reader, [])
        cut = len(start) >= START // 4 and next(reader, None) is None
    except csv.Error:
        header, cut = [], False
    if cut:
        raise too_many_columns(name)
    return header


def _wrong_delimiter(name: str, expected: str, found: str) -> FileRefused:
    shown = {"\t": ("制表符", "tab"), ",": ("逗号", "comma"), ";": ("分号", "semicolon")}
    zh, en = shown.get(expected, (expected, expected))
    zh_found, en_found = shown.get(found, (found, found))
    return FileRefused(
        "wrong_delimiter",
        zh=f"{name} 的表头按{zh}只有一列，但开头的行里有“{zh_found}”。请用逗号、制表符或分号分隔并与表头一致，或在映射中写明 delimiter。",
        en=f"{name} has a header of one column by {en}, but its first rows hold a {en_found}. "
        "Part header and rows alike by comma, tab or semicolon, or declare delimiter in the mapping.",
    )


def open_delimited(
    source: Source, text: Text, delimiter: str, header: list[str], known: frozenset[str], notes: list[Note]
) -> Extract:
    """Open delimited text that is UTF-8.

    Raises:
        FileRefused: it has no usable header, an unclosed quote, or is cut.
    """
    headers = unique_headers(source.name, header)
    if not any(cell.strip() for cell in header):
        raise FileRefused(
            "header_missing",
            zh=f"{source.name} 的第 1 行是空的。第 1 行应为列名。",
            en=f"The first row of {source.name} is blank. It should hold the column names.",
        )
    require_known(source.name, headers, known, 1)
    given = source
    if len(text.kinds) > 1 or text.controls or text.irregular:
        source = tidy(source, text, delimiter, len(headers))
    if text.last.strip():
        _check_last_row(given, text, delimiter, len(headers), notes)
    end = text.kinds[0] if source is given and text.kinds else "\\n"
    return _extract(
        given.path, source, headers, delimiter, end, text.multiline,
        held=tuple(s.held for s in {id(source): source, id(given): given}.values() if s.held),
        notes=(*notes, *control_note(given.name, text)),
    )  # fmt: skip


def _extract(
    path: Path, source: Source, headers: tuple[str, ...], delimiter: str, end: str, multiline: bool, *,
    held: tuple[IO[bytes], ...], notes: tuple[Note, ...],
) -> Extract:  # fmt: skip
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in headers)
    # Measured on texts with line ends in quotes: parallel reading invents rows without an error.
    parallel = "false" if multiline else "true"
    shared = f"header = false, skip = 1, auto_detect = false, new_line = '{end}', compression = 'none'"
    rows = (
        f"read_csv({quote_path(source.place)}, {shared}, columns = {{{columns}}}, delim = {quote_text(delimiter)}, quote = '\"',"
        f" escape = '\"', store_rejects = true, parallel = {parallel})"
    )

    def from_lines(lines: pl.Series) -> Extract:
        copy, written = temporary_copy(source)
        # In place of the header, which is skipped.
        written.write(b"\n")
        for start in range(0, len(lines), _LINES_AT_ONCE):
            written.write(("\n".join(lines[start : start + _LINES_AT_ONCE]) + "\n").encode())
        written.flush()
        return _extract(path, copy, headers, delimiter, "\\n", False, held=(*held, written), notes=notes)

    comparable = not multiline and len(headers) > 1
    return Extract(
        path,
        headers,
        lambda names: f"(SELECT {', '.join(map(quote_name, names)) or NO_COLUMN} FROM {rows})",
        reports_rejects=True,
        held=held,
        lines=raw_lines(source, end, skip=1) if comparable else None,
        layout=hashlib.sha256(repr((delimiter, headers)).encode()).hexdigest(),
        notes=notes,
        from_lines=from_lines if comparable else None,
    )


def raw_lines(source: Source, end: str, *, skip: int) -> str:
    """A SQL relation of the lines of a text, blank ones left out."""
    return (
        f"(SELECT line FROM read_csv({quote_path(source.place)}, header = false, skip = {skip}, auto_detect = false,"
        f" new_line = '{end}', compression = 'none', columns = {{'line': 'VARCHAR'}}, delim = '\\x1f', quote = '',"
        " escape = '') WHERE line IS NOT NULL)"
    )


def control_note(name: str, text: Text) -> list[Note]:
    """The note of the control characters that were taken out."""
    if not text.controls:
        return []
    return [
        Note(
            "control_characters",
            text.controls,
            f"{name} 中有 {text.controls} 个控制字符，已去除。",
            f"{text.controls} control characters in {name} were taken out.",
        )
    ]


def tidy(source: Source, text: Text, delimiter: str | None, columns: int) -> Source:
    """A copy without control characters, with line feeds at line ends and, if delimited, regular quotes.

    Raises:
        FileRefused: a quote is not closed.
    """
    copy, held = temporary_copy(source)
    quotes = Quotes(source.name, delimiter) if delimiter and (text.multiline or text.irregular) else None
    first = True
    with source.open() as handle:
        for block in blocks_of_lines(handle, source.name):
            data = block.removeprefix(_BOM) if first else block
            first = False
            if text.controls:
                data = data.translate(None, _CONTROLS)
            if quotes:
                held.write(quotes.mend(data, columns))
            else:
                held.write(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    if quotes:
        held.write(quotes.mend(b"", columns, final=True))
    held.flush()
    return copy


def _check_last_row(source: Source, text: Text, delimiter: str, columns: int, notes: list[Note]) -> None:
    """Refuse a file that ends in a row without line end and with too few cells; note one that may have lost the end of
    its last cell (many a program writes no last line end, published extracts among them)."""
    if not text.kinds:
        return  # the header alone
    with source.open() as handle:
        row = _last_record(handle, text)
    cells = next(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter), [])
    if len(cells) < columns:
        raise cut_short(source.name)
    notes.append(
        Note(
            "no_final_line_end",
            1,
            f"{source.name} 的最后一行没有换行符，最后一个单元格可能被截断。请核对最后一行。",
            f"The last row of {source.name} has no line end; its last cell may be cut. Compare it with the source.",
        )
    )


def _last_record(handle: IO[bytes], text: Text) -> str:
    """The last row; where it holds quotes over several lines, as many lines as make the quotes even."""
    last = text.last
    if text.multiline and last.count(b'"') % 2:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - (1 << 20)))
        lines = handle.read().splitlines(keepends=True)
        last = b""
        while lines and (not last or last.count(b'"') % 2):
            last = lines.pop() + last
    return last.decode(errors="replace")
