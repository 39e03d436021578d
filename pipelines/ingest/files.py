"""Opens one extract: recognises its form by its bytes, reads its header by itself and offers the rows as text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import tempfile
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

_CHUNK = 4 << 20
_DELIMITERS = (",", "\t", ";")
# Python's own limit of 128 KiB a cell is less than a long description.
csv.field_size_limit(1 << 30)


class FileRefused(Exception):
    """The whole file cannot be taken; `zh` and `en` say what was expected, what was found and how to mend it."""

    def __init__(self, code: str, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True)
class Reading:
    """The reading options of a mapping; None is found out from the file."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Extract:
    """An opened file.

    `headers` are its column names, unique, in the file's order. `relation(names)` is a SQL relation with those columns
    as VARCHAR and `_source_row` (BIGINT, first row of data = 2; of JSON lines = 1) in file order, reading nothing else of
    the file. `held` is a temporary copy that is gone with the extract."""

    path: Path
    headers: tuple[str, ...]
    relation: Callable[[tuple[str, ...]], str]
    reports_rejects: bool
    held: IO[bytes] | None = None


@dataclass
class _Text:
    """What one pass over a text file found: its beginning, the line ends that occur in it, and its quotes."""

    start: str = ""
    lines: int = 1
    line_ends: frozenset[str] = frozenset()
    quotes: int = 0


def quote_name(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _literal(path: str) -> str:
    """A path that the reader does not take for a pattern."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", path)


def fold(name: str) -> str:
    """Form in which headers are compared: compatibility-normalised, lower case, without blanks and underscores."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(ch for ch in text if not ch.isspace() and ch not in "_-\ufeff")


def open_extract(con: duckdb.DuckDBPyConnection, path: Path, *, delimiter: str | None = None) -> Extract:
    """Recognise and open a CSV, TSV, JSON-lines (each also gzipped) or Parquet file.

    Raises:
        FileRefused: empty, not one of these forms, not UTF-8, or without usable headers.
    """
    with path.open("rb") as handle:
        magic = handle.read(8)
    if not magic:
        raise FileRefused(
            "empty_file", zh="文件是空的（0 字节）。请重新导出。", en="The file is empty (0 bytes). Export it again."
        )
    if magic[:4] == b"PAR1":
        return _open_parquet(con, path)
    zipped = magic[:2] == b"\x1f\x8b"
    text = _check_text(path, zipped)
    start = text.start.lstrip("\ufeff \t\r\n")
    lines_of_json = {".jsonl", ".ndjson"} & {suffix.lower() for suffix in path.suffixes}
    if lines_of_json:
        return _open_json_lines(con, path, zipped)
    if start[:1] in "<{[" or magic[:4] in (b"PK\x03\x04", b"%PDF"):
        raise FileRefused(
            "not_a_table",
            zh=f"{path.name} 不是表格文件（开头像网页、JSON 或压缩包）。请导出为 CSV、TSV、JSON Lines 或 Parquet。",
            en=f"{path.name} is not a table (it starts like a web page, JSON or an archive). "
            "Export it as CSV, TSV, JSON lines or Parquet.",
        )
    return _open_delimited(path, zipped, delimiter, text)


def _binary(path: Path, zipped: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if zipped else path.open("rb")  # type: ignore[return-value]


def _check_text(path: Path, zipped: bool) -> _Text:
    """Decode the whole file strictly as UTF-8 in blocks and look at what matters for reading it.

    Raises:
        FileRefused: it is not UTF-8, or its compression is cut short or damaged.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    found, last = _Text(), ""
    try:
        with _binary(path, zipped) as handle:
            while block := handle.read(_CHUNK):
                try:
                    text = decoder.decode(block)
                except UnicodeDecodeError as error:
                    line = found.lines + error.object[: error.start].count(b"\n")
                    raise FileRefused(
                        "not_utf8",
                        zh=f"{path.name} 第 {line} 行不是 UTF-8 编码。请另存为“CSV UTF-8”。",
                        en=f"{path.name} line {line} is not UTF-8. Save the file as “CSV UTF-8”.",
                    ) from None
                found.start = found.start or text[:2000]
                found.lines += text.count("\n")
                found.quotes += text.count('"')
                found.line_ends |= _line_ends(last + text)
                last = "\r" if text.endswith("\r") else ""
        decoder.decode(b"", final=True)
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError):
        raise FileRefused(
            "cut_short",
            zh=f"{path.name} 不完整（在中途被截断或已损坏）。请重新导出。",
            en=f"{path.name} is incomplete (cut off in the middle, or damaged). Export it again.",
        ) from None
    if last:
        found.line_ends |= {"\r"}
    return found


def _line_ends(text: str) -> set[str]:
    """The kinds of line ends in a text; a carriage return at its very end is not judged yet."""
    both = text.count("\r\n")
    alone = text.count("\r") - both - text.endswith("\r")
    return {end for end, count in (("\r\n", both), ("\n", text.count("\n") - both), ("\r", alone)) if count}


def _unique(path: Path, names: list[str]) -> tuple[str, ...]:
    named = [name.strip().lstrip("\ufeff") or f"column_{i}" for i, name in enumerate(names, start=1)]
    twice = [name for name, count in Counter(map(fold, named)).items() if count > 1]
    if twice:
        # Without its header a file has data here, which may be personal: the places are named, not the names.
        places = [str(i) for i, n in enumerate(named, start=1) if fold(n) in twice]
        raise FileRefused(
            "duplicate_header",
            zh=f"{path.name} 有重复的列名：第 {'、'.join(places)} 列。请只保留一列或改名。",
            en=f"{path.name} has the same column name more than once: columns {', '.join(places)}. Keep one or rename them.",
        )
    return tuple(named)


def _open_delimited(path: Path, zipped: bool, delimiter: str | None, text: _Text) -> Extract:
    chosen, header = delimiter or ",", list[str]()
    for candidate in (delimiter,) if delimiter else _DELIMITERS:
        with _decoded(path, zipped) as handle:
            try:
                found = next(csv.reader(handle, delimiter=candidate))
            except (StopIteration, csv.Error):
                continue
            if len(found) > len(header):
                chosen, header = candidate, found
    headers = _unique(path, header)
    if text.quotes % 2:
        _check_quotes(path, zipped, chosen)
    held, place = None, str(path)
    if len(text.line_ends) > 1:
        # The reader takes one kind of line end. The copy has no name: it is gone however this process ends.
        held = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the extract)
        with _decoded(path, zipped, newline=None) as handle:
            while block := handle.read(_CHUNK):
                held.write(block.encode())
        held.flush()
        place, zipped = f"/dev/fd/{held.fileno()}", False
    newline = repr("".join(text.line_ends) or "\n") if held is None else r"'\n'"
    columns = ", ".join(f"{quote_text(name)}: 'VARCHAR'" for name in headers)
    source = (
        f"read_csv({quote_text(_literal(place))}, header = false, skip = 1, columns = {{{columns}}}, auto_detect = false,"
        f" delim = {quote_text(chosen)}, quote = '\"', escape = '\"', new_line = {newline}, store_rejects = true,"
        f" compression = '{'gzip' if zipped else 'none'}', parallel = false)"
    )
    return Extract(path, headers, lambda names: _numbered(names, source), reports_rejects=True, held=held)


def _decoded(path: Path, zipped: bool, newline: str | None = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(_binary(path, zipped), encoding="utf-8-sig", newline=newline)


def _check_quotes(path: Path, zipped: bool, delimiter: str) -> None:
    """Refuse a file that ends inside quotes; DuckDB drops its last rows without a word."""
    line = 0
    try:
        with _decoded(path, zipped) as handle:
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            for _ in reader:
                line = reader.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise FileRefused(
                "unclosed_quote",
                zh=f"{path.name} 第 {line + 1} 行起引号没有成对（文件可能被截断）。请检查后重新导出。",
                en=f"{path.name} has an unclosed quote from line {line + 1} on (it may be cut short). Check it and export it again.",
            ) from None


def _numbered(names: tuple[str, ...], source: str) -> str:
    listed = "".join(f", {quote_name(name)}" for name in names)
    return f"(SELECT row_number() OVER () + 1 AS _source_row{listed} FROM {source})"


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path) -> Extract:
    source = f"read_parquet({quote_text(_literal(str(path)))})"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error:
        raise FileRefused(
            "broken_parquet",
            zh=f"{path.name} 不是完整的 Parquet 文件。请重新导出。",
            en=f"{path.name} is not a complete Parquet file. Export it again.",
        ) from None
    names = [str(row[0]) for row in described]
    headers = _unique(path, names)
    original = dict(zip(headers, names, strict=True))

    def relation(wanted: tuple[str, ...]) -> str:
        listed = "".join(f", CAST({quote_name(original[n])} AS VARCHAR) AS {quote_name(n)}" for n in wanted)
        return f"(SELECT row_number() OVER () + 1 AS _source_row{listed} FROM {source})"

    return Extract(path, headers, relation, reports_rejects=False)


def _open_json_lines(con: duckdb.DuckDBPyConnection, path: Path, zipped: bool) -> Extract:
    # read_json turns offsets into UTC and numbers into doubles; one line as one text keeps what was sent.
    source = (
        "(SELECT n, line FROM (SELECT row_number() OVER () AS n, line FROM"
        f" read_csv({quote_text(_literal(str(path)))}, header = false, columns = {{'line': 'VARCHAR'}}, auto_detect = false,"
        f" delim = '\\x1f', quote = '', escape = '', compression = '{'gzip' if zipped else 'none'}', parallel = false))"
        " WHERE trim(line) <> '')"
    )
    bad = con.execute(
        f"SELECT n FROM {source} WHERE NOT json_valid(line) OR json_type(line) <> 'OBJECT' ORDER BY n LIMIT 1"
    ).fetchall()
    if bad:
        raise FileRefused(
            "broken_json",
            zh=f"{path.name} 第 {bad[0][0]} 行不是完整的 JSON 对象。请重新导出，每行一个对象。",
            en=f"{path.name} line {bad[0][0]} is not a complete JSON object. Export it again, one object a line.",
        )
    keys = con.execute(
        "SELECT key, min(n * 1000 + i) FROM (SELECT n, unnest(json_keys(line)) AS key, generate_subscripts("
        f"json_keys(line), 1) AS i FROM {source}) GROUP BY key ORDER BY 2"
    ).fetchall()
    names = [str(row[0]) for row in keys]
    headers = _unique(path, names)
    original = dict(zip(headers, names, strict=True))

    def relation(wanted: tuple[str, ...]) -> str:
        listed = "".join(
            f", json_extract_string(line, {quote_text(_pointer(original[n]))}) AS {quote_name(n)}" for n in wanted
        )
        return f"(SELECT n AS _source_row{listed} FROM {source})"

    return Extract(path, headers, relation, reports_rejects=False)


def _pointer(key: str) -> str:
    """JSON pointer of a key of the object; a JSON path cannot name one that holds a quote."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
