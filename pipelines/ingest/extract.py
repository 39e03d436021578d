"""What an opened extract is, and the vocabulary of names, notes and refusals that every form shares."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import polars as pl

#: Largest file, packed or unpacked, and largest number of columns that are taken.
LARGEST = 20 * 10**9
MOST_COLUMNS = 2000
#: What is read of a file of which no column is wanted: its rows.
NO_COLUMN = "NULL AS no_column"


class FileRefused(Exception):
    """The whole file cannot be taken; `zh` and `en` say what was expected, what was found and how to mend it."""

    def __init__(self, code: str, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True)
class Note:
    """Something in a file that was normalised, or that its sender should know: how often, and a sentence."""

    code: str
    count: int
    zh: str
    en: str


@dataclass(frozen=True)
class Reading:
    """The reading options of a mapping; None is found out from the file."""

    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Source:
    """The bytes of a file: `place` is where they are read, `held` the nameless copy behind it if there is one."""

    path: Path
    place: str
    held: IO[bytes] | None = None

    @property
    def name(self) -> str:
        return self.path.name

    def open(self) -> IO[bytes]:
        """The bytes from their beginning."""
        return Path(self.place).open("rb")


@dataclass(frozen=True)
class Extract:
    """An opened file.

    `headers` are its column names, unique, in the file's order. `relation(names)` is a SQL relation with those columns
    as VARCHAR text in file order, reading nothing else of the file. `first_row` is the number, in the file, of the first
    row of data. With `reports_rejects`, DuckDB's `reject_errors` lists the rows with too few or too many cells after
    reading. `lines` is a SQL relation of one column `line`, the raw lines without the header in file order, if every
    record is one line; lines of two files mean the same where their `layout` (a hash) is equal; `from_lines`
    makes an extract of some of them. `held` are nameless temporary copies that are gone with the extract."""

    path: Path
    headers: tuple[str, ...]
    relation: Callable[[tuple[str, ...]], str]
    first_row: int = 2
    reports_rejects: bool = False
    held: tuple[IO[bytes], ...] = ()
    lines: str | None = None
    layout: str = ""
    notes: tuple[Note, ...] = field(default=())
    from_lines: Callable[[pl.Series], Extract] | None = None


def quote_name(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_path(place: str) -> str:
    """A SQL string literal of a path that the reader does not take for a pattern."""
    return quote_text(re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", place))


def fold(name: str) -> str:
    """Form in which headers are compared: compatibility-normalised, lower case, without blanks and underscores."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(ch for ch in text if not ch.isspace() and ch not in "_-\ufeff")


def temporary_copy(source: Source) -> tuple[Source, IO[bytes]]:
    """A source that is an empty nameless file, to be written: it is gone however this process ends."""
    held = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the extract)
    return Source(source.path, f"/dev/fd/{held.fileno()}", held), held


def unique_headers(name: str, cells: list[str]) -> tuple[str, ...]:
    """The header cells as column names, an empty one as `column_<n>`.

    Raises:
        FileRefused: there are too many, or one comes twice.
    """
    if len(cells) > MOST_COLUMNS:
        raise too_many_columns(name)
    named = [cell.strip().lstrip("\ufeff") or f"column_{i}" for i, cell in enumerate(cells, start=1)]
    twice = [cell for cell, count in Counter(map(fold, named)).items() if count > 1]
    if twice:
        # Without its header a file has data here, which may be personal: the places are named, not the names.
        places = [str(i) for i, cell in enumerate(named, start=1) if fold(cell) in twice]
        raise FileRefused(
            "duplicate_header",
            zh=f"{name} 有重复的列名：第 {'、'.join(places)} 列。请只保留一列或改名。",
            en=f"{name} has the same column name more than once: columns {', '.join(places)}. Keep one or rename them.",
        )
    return tuple(named)


def require_known(name: str, headers: tuple[str, ...], known: frozenset[str], row: int) -> None:
    """Refuse a file none of whose headers is known: its first row is data, or it is another table.

    Raises:
        FileRefused: so it is. The row is not quoted, for it may be data.
    """
    if known and not known & {fold(header) for header in headers}:
        raise FileRefused(
            "header_missing",
            zh=f"{name} 第 {row} 行应为列名，但 {len(headers)} 个单元格中没有一个是已知的列名（可能缺少表头，或放错了文件夹）。"
            "请加上表头行，或在映射文件中写明列名。",
            en=f"{name} row {row} should hold the column names, but none of its {len(headers)} cells is a known one "
            "(the header may be missing, or the file lies in the wrong folder). Add the header row, or name the columns in the mapping.",
        )


def too_many_columns(name: str) -> FileRefused:
    """The refusal of a header that does not end."""
    return FileRefused(
        "too_many_columns",
        zh=f"{name} 的表头超过 {MOST_COLUMNS} 列或 1 MB。请检查分隔符和换行，只导出需要的列。",
        en=f"{name} has a header of more than {MOST_COLUMNS} columns or 1 MB. Check delimiter and line ends, and export only the columns needed.",
    )


def too_large(name: str, limit: int = LARGEST) -> FileRefused:
    """The refusal of a file over a cap in bytes."""
    return FileRefused(
        "too_large",
        zh=f"{name} 超过 {limit // 10**6:,} MB。请分成几个文件。",
        en=f"{name} is larger than {limit // 10**6:,} MB. Split it into several files.",
    )


def cut_short(name: str) -> FileRefused:
    """The refusal of a file that ends too early."""
    return FileRefused(
        "cut_short",
        zh=f"{name} 不完整（在中途被截断或已损坏）。请重新导出。",
        en=f"{name} is incomplete (cut off in the middle, or damaged). Export it again.",
    )


def not_a_table(name: str, zh: str, en: str) -> FileRefused:
    """The refusal of a file that is something else: what it looks like, in both languages."""
    return FileRefused(
        "not_a_table",
        zh=f"{name} 不是表格文件，看起来像{zh}。请导出为 XLSX、CSV、TSV、JSON 或 Parquet。",
        en=f"{name} is not a table: it looks like {en}. Export it as XLSX, CSV, TSV, JSON or Parquet.",
    )
