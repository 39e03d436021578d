"""Reads back the workbook of rejected rows that an office has corrected, and fills in what was masked in it."""

from __future__ import annotations

import bisect
import os
import re
import uuid
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import duckdb
import polars as pl

from pipelines.contracts.model import Contract
from pipelines.ingest.files import Extract, FileRefused, fold, open_extract, quote_name
from pipelines.ingest.mapping import ColumnMapping
from pipelines.ingest.mapping import Mapping as SourceMapping
from pipelines.ingest.privacy import MASK
from pipelines.ingest.rejects_sheet import (
    DELIVERY,
    MARKERS,
    MOST_ROWS,
    ROW,
    SHEET,
    masked,
    neutral,
    neutral_text,
    plain,
    source_headers,
)

_LARGEST = 300 << 20
_CELL = re.compile(r"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(r"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_ISO = "%Y-%m-%d %H:%M:%S"
_POSITION = "· position"


@dataclass(frozen=True)
class MendFile:
    """Corrected rows of one delivery: `rows` has ROW (number in the original file) and its columns as texts, masks and all.

    `original_name` and `original_sha256` say of which file they are."""

    path: Path
    delivery_id: str
    dataset: str
    rows: pl.DataFrame
    original_name: str
    original_sha256: str


@dataclass(frozen=True)
class MendedExtract(Extract):
    """The corrected rows as an extract. `row_numbers` are their numbers in the original file, in the relation's order;
    `unchanged` the rows of the workbook in which nothing was changed, which are not in the relation and stay rejected."""

    row_numbers: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    close: Callable[[], None] = field(default=lambda: None)


def sent_rows(
    con: duckdb.DuckDBPyConnection, extract: Extract, names: Sequence[str], positions: Sequence[int]
) -> pl.DataFrame:
    """The texts of some rows as they were sent, in file order: only in memory, never in a table.

    Args:
        positions: places in the extract's relation, from 0; what the reader sets aside has none. Those tables of the
            reader (`reject_errors`, `reject_scans`) are dropped: they quote whole lines.

    Raises:
        FileRefused: the file cannot be read any more.
    """
    listed = "".join(f", {quote_name(name)} AS {quote_name(f'c{n}')}" for n, name in enumerate(names))
    cut = (
        f"SELECT * FROM (SELECT row_number() OVER () - 1 AS {quote_name(_POSITION)}{listed}"
        f" FROM {extract.relation(tuple(names))}) WHERE {quote_name(_POSITION)} IN (SELECT unnest($1::BIGINT[])) ORDER BY 1"
    )
    try:
        found: pl.DataFrame = con.sql(cut, params=[list(positions)]).pl()
    except duckdb.Error:
        raise _changed(extract) from None  # the message of DuckDB quotes the line
    finally:
        forget_rejects(con)
    if found.height != len(set(positions)):
        raise _changed(extract)
    return found.drop(_POSITION).rename({f"c{n}": name for n, name in enumerate(names)})


def rows_as_sent(
    con: duckdb.DuckDBPyConnection, extract: Extract, names: Sequence[str], numbers: Sequence[int]
) -> pl.DataFrame:
    """ROW and the texts of the rows of these numbers (sorted) in the file, without those that cannot be cut into cells.

    Raises:
        FileRefused: the file cannot be read any more.
    """
    aside = rows_set_aside(con, extract)
    kept = [n for n in numbers if n not in set(aside)]
    positions = [n - extract.first_row - bisect.bisect(aside, n) for n in kept]
    found = sent_rows(con, extract, names, positions) if kept else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return found.insert_column(0, pl.Series(ROW, kept, dtype=pl.Int64))


def _changed(extract: Extract) -> FileRefused:
    name = extract.path.name
    return FileRefused(
        "mend_original_changed",
        zh=f"{name} 无法再读取，或行数与载入时不同。请放回原文件。",
        en=f"{name} cannot be read again, or does not have the rows it had when it was loaded. Put the original file back.",
    )


def rows_set_aside(con: duckdb.DuckDBPyConnection, extract: Extract) -> list[int]:
    """Numbers of the rows that the reader cannot cut into cells, so that the rows after them have moved up.

    Read from the file itself: the ledger lists only those that were new in the delivery."""
    if not extract.reports_rejects:
        return []
    counted = ", ".join(f"count({quote_name(name)})" for name in extract.headers)
    try:
        con.execute(f"SELECT {counted} FROM {extract.relation(extract.headers)}").fetchall()
        lines = con.execute("SELECT DISTINCT line FROM reject_errors ORDER BY line").fetchall()
    except duckdb.CatalogException:
        return []  # nothing was set aside
    except duckdb.Error:
        raise _changed(extract) from None
    finally:
        forget_rejects(con)
    return [int(line) for (line,) in lines]


def forget_rejects(con: duckdb.DuckDBPyConnection) -> int:
    """Drop what the reader set aside; returns the first line of it, or 0."""
    try:
        line = con.execute("SELECT min(line) FROM reject_errors").fetchall()[0][0]
    except duckdb.CatalogException:
        return 0
    con.execute("DROP TABLE IF EXISTS reject_errors")
    con.execute("DROP TABLE IF EXISTS reject_scans")
    return int(line or 0)


# -- recognising a workbook ------------------------------------------------------------------------------------------


def is_mend_sheet(path: Path) -> bool:
    """Whether a file looks like the workbook of rejects, or like its sheet saved as CSV; reads only its beginning."""
    # Should somebody exchange the file for a pipe, nobody waits for it to be written to.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as handle:
        start = handle.read(4096)
    if start[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as book, book.open("xl/workbook.xml") as part:
                return f'name="{SHEET}"'.encode() in part.read(1 << 20)
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError):
            return False
    encodings = ["utf-16"] if start[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    return any(mark in start.decode(name, "ignore").split("\n")[0] for name in encodings for mark in (DELIVERY, ROW))


def read_mend(con: duckdb.DuckDBPyConnection, path: Path, dataset: str) -> MendFile | None:
    """The corrected rows in a file of the drop folder of `dataset`; None if it is an ordinary extract.

    Raises:
        FileRefused: delivery or row numbers are damaged, of another dataset, unknown or repeated, or of a delivery whose
            rejected rows cannot be mended.
    """
    if not is_mend_sheet(path):
        return None
    cells = _workbook(path) if zipfile.is_zipfile(path) else _exported(con, path)
    by_fold = {fold(name): name for name in cells.columns}
    if not any(fold(marker) in by_fold for marker in MARKERS):
        return None
    for marker in (DELIVERY, ROW):
        if fold(marker) not in by_fold:
            _damaged(path, f"缺少“{marker}”列", f"the column “{marker}” is missing")
    cells = cells.rename({by_fold[fold(marker)]: marker for marker in MARKERS if fold(marker) in by_fold})
    cells = cells.drop([marker for marker in MARKERS[2:] if marker in cells.columns])
    cells = cells.filter(pl.any_horizontal(pl.all().str.strip_chars().fill_null("") != ""))
    if cells.is_empty():
        _damaged(path, "没有数据行", "it has no rows")
    if cells.height > MOST_ROWS:
        _damaged(path, f"超过 {MOST_ROWS} 行", f"it has more than {MOST_ROWS} rows")
    delivery_id = _one_delivery(path, cells)
    name, sha256, rejected = _ledger(con, path, dataset, delivery_id)
    number = pl.col(ROW).str.strip_chars().str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    numbered = cells.with_columns(number.alias(ROW))
    for at, row in enumerate(numbered.get_column(ROW).to_list(), start=2):
        if row is None:
            _damaged(path, f"第 {at} 行的“{ROW}”不是数字", f"“{ROW}” is no number in line {at}")
        if row not in rejected:
            _damaged(
                path, f"第 {at} 行：原文件第 {row} 行没有被拒", f"line {at}: row {row} of the original was not rejected"
            )
    twice = numbered.filter(pl.col(ROW).is_duplicated()).get_column(ROW).to_list()
    if twice:
        _damaged(path, f"行号 {twice[0]} 出现多次", f"row number {twice[0]} occurs more than once")
    return MendFile(path, delivery_id, dataset, numbered.drop(DELIVERY).sort(ROW), name, sha256)


def _damaged(path: Path, zh: str, en: str) -> NoReturn:
    raise FileRefused(
        "mend_markers",
        zh=f"更正文件 {path.name} 无法采用：{zh}。请从 state/rejects 重新取一份，只改数据单元格，不改“{DELIVERY}”和“{ROW}”，再放入。",
        en=f"The corrections in {path.name} cannot be used: {en}. Take a fresh copy from state/rejects, change only the cells of "
        f"data, leave “{DELIVERY}” and “{ROW}” alone, and drop it again.",
    )


def _one_delivery(path: Path, cells: pl.DataFrame) -> str:
    found = cells.get_column(DELIVERY).str.strip_chars().fill_null("").unique().sort().to_list()
    if "" in found:
        _damaged(path, f"有的行没有“{DELIVERY}”", f"some rows have no “{DELIVERY}”")
    if len(found) > 1:
        _damaged(
            path, "含有多次交付的行，每次交付请用各自的文件", "it has rows of several deliveries; use one file for each"
        )
    return str(found[0])


def _ledger(con: duckdb.DuckDBPyConnection, path: Path, dataset: str, delivery_id: str) -> tuple[str, str, set[int]]:
    lines = con.execute(
        "SELECT dataset, outcome, file_name, sha256 FROM landing.deliveries WHERE delivery_id = ?", [delivery_id]
    ).fetchall()
    if not lines:
        _damaged(path, "没有这个交付编号的记录", "no delivery has this number")
    of, outcome, name, sha256 = lines[0]
    if of != dataset:
        _damaged(
            path, f"这些行属于 {of}，应放入 extracts/{of}/", f"its rows are of {of}; they belong into extracts/{of}/"
        )
    if outcome != "loaded":
        raise FileRefused(
            "mend_of_refused",
            zh=f"{path.name} 更正的文件 {name} 整份未被采用，只改正被拒的行不够。请改正后重新放入完整的文件。",
            en=f"{path.name} corrects {name}, which was not used as a whole, so its rejected rows alone do not help. "
            "Mend that file and drop it again complete.",
        )
    rows = con.execute(
        "SELECT DISTINCT source_row FROM landing.rejects WHERE delivery_id = ?", [delivery_id]
    ).fetchall()
    return str(name), str(sha256), {int(row) for (row,) in rows}


def _exported(con: duckdb.DuckDBPyConnection, path: Path) -> pl.DataFrame:
    """The sheet as a spreadsheet program saved it as text."""
    extract = open_extract(con, path)
    listed = ", ".join(map(quote_name, extract.headers))
    try:
        found: pl.DataFrame = con.sql(f"SELECT {listed} FROM {extract.relation(extract.headers)}").pl()
    except duckdb.Error:
        raise FileRefused(
            "unreadable",
            zh=f"{path.name} 无法按表格读取。请存为 XLSX 再放入。",
            en=f"{path.name} cannot be read as a table. Save it as XLSX and drop it again.",
        ) from None
    finally:
        line = forget_rejects(con)
    if line:
        _damaged(path, f"第 {line} 行的单元格数不对", f"line {line} has another number of cells")
    return found


def _workbook(path: Path) -> pl.DataFrame:
    """The sheet of corrections as texts. Numbers that Excel has rounded and formulas without a result are refused."""
    import fastexcel

    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            if len(parts) > 1000 or sum(part.file_size for part in parts) > _LARGEST:
                _damaged(path, "解压后过大", "it is too large when unpacked")
            for part in parts:
                if part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml"):
                    _check_cells(path, book.read(part).decode("utf-8", "replace"))
        sheet: pl.DataFrame = fastexcel.read_excel(path).load_sheet(SHEET, header_row=None, dtypes="string").to_polars()
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, fastexcel.FastExcelError):
        _damaged(path, "工作簿无法读取", "the workbook cannot be read")
    if sheet.is_empty():
        return pl.DataFrame()
    titles = [(title or "").strip() or f"column_{n}" for n, title in enumerate(sheet.row(0), start=1)]
    if len({fold(title) for title in titles}) < len(titles):
        _damaged(path, "有重复的列名", "it has the same column name more than once")
    return sheet.slice(1).rename(dict(zip(sheet.columns, titles, strict=True)))


def _check_cells(path: Path, xml: str) -> None:
    for attributes, content in _CELL.findall(xml):
        cell = re.search(r'\br="([A-Z]+[0-9]+)"', attributes)
        kind = re.search(r'\bt="(\w+)"', attributes)
        address, value = cell[1] if cell else "?", _VALUE.search(content)
        if value is None and re.search(r"<(?:\w+:)?f\b", content) and (kind is None or kind[1] != "str"):
            _damaged(
                path,
                f"{address} 是没有结果的公式，请填写值",
                f"{address} is a formula without a result; write the value",
            )
        if value is None or (kind is not None and kind[1] != "n"):
            continue
        try:
            number = float(value[1])
        except ValueError:
            _damaged(path, f"{address} 标为数字，却不是数字", f"{address} is marked as a number and is none")
        if abs(number) >= 1e15:
            _damaged(
                path,
                f"{address} 的长号码被存成了数字，末几位已丢失；请把单元格设为文本后重新填写",
                f"{address} holds a long number whose last digits Excel has lost; set the cell to text and type it again",
            )


# -- filling in ------------------------------------------------------------------------------------------------------


def declared_formats(
    contract: Contract, mapping: SourceMapping, headers: Sequence[str]
) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """For each header of a date or time the formats in which the mapping says that it is written."""
    sources, out = source_headers(contract, mapping, headers), dict[str, tuple[str, ...]]()
    for column in contract.columns:
        item = mapping.columns.get(column.name)
        formats = tuple((item.formats if isinstance(item, ColumnMapping) else []) or mapping.formats)
        if formats and column.logical_type in ("date", "timestamp"):
            out |= {header: formats for header in sources[column.name]}
    return out


def mended_extract(
    con: duckdb.DuckDBPyConnection, mend: MendFile, original: Extract | None, *, contract: Contract, mapping: SourceMapping
) -> MendedExtract:  # fmt: skip
    """The corrected rows as an extract for the usual mapping and contract, masked cells filled from the original file.

    The frame is registered in memory under a name of its own until `close` is called. Cells that were not changed are
    those of the original, byte by byte.

    Args:
        original: the file of which the rows are, opened as it was when it was loaded; None if it is gone. Then all
            cells are taken from the workbook.

    Raises:
        FileRefused: a masked cell was changed in part or cannot be filled in, a column is not the original's, or the
            cells of a row are none of those of its number.
    """
    known = original.headers if original is not None else None
    rows = _named(mend, known)
    headers = [name for name in rows.columns if name != ROW]
    numbered = rows.get_column(ROW).to_list()
    was = pl.DataFrame(schema={ROW: pl.Int64, **dict.fromkeys(headers, pl.String)})
    if original is not None:
        was = rows_as_sent(con, original, headers, numbered)
    filled, unchanged = _filled(mend, rows, was, contract, mapping)
    numbers = filled.get_column(ROW).to_list()
    names: list[str] = []

    def relation(wanted: tuple[str, ...]) -> str:
        frame = filled
        others = [name for name in wanted if name not in headers]
        if original is not None and others:
            rest = rows_as_sent(con, original, others, numbered)
            frame = filled.join(rest, on=ROW, how="left", maintain_order="left")
        names.append(f"_mended_{uuid.uuid4().hex}")
        con.register(names[-1], frame.select(wanted).to_arrow())
        return f"(SELECT {', '.join(map(quote_name, wanted))} FROM {quote_name(names[-1])})"

    def close() -> None:
        while names:
            con.unregister(names.pop())

    return MendedExtract(
        mend.path, tuple(known or headers), relation, held=original.held if original else (), row_numbers=tuple(numbers), unchanged=unchanged, close=close,
    )  # fmt: skip


def _named(mend: MendFile, known: tuple[str, ...] | None) -> pl.DataFrame:
    """The rows under the headers of the original file."""
    headers = [name for name in mend.rows.columns if name != ROW]
    if known is None:
        return mend.rows.rename({h: re.sub(r"^'('*[=+\-@＝＋－＠])", r"\1", h) for h in headers})
    by_fold = {fold(neutral_text(name)): name for name in known}
    for header in headers:
        if fold(header) not in by_fold and mend.rows.get_column(header).is_null().all():
            continue
        if fold(header) not in by_fold:
            at = headers.index(header) + 1
            _damaged(
                mend.path,
                f"第 {at} 个数据列的列名不在原文件 {mend.original_name} 中",
                f"the name of data column {at} is not in the original file {mend.original_name}",
            )
    found = {h: by_fold[fold(h)] for h in headers if fold(h) in by_fold}
    return mend.rows.select(ROW, *found).rename(found)


def _filled(
    mend: MendFile, rows: pl.DataFrame, was: pl.DataFrame, contract: Contract, mapping: SourceMapping
) -> tuple[pl.DataFrame, tuple[int, ...]]:
    """The changed rows with every mask replaced by what was sent, and the numbers of the rows that were not changed."""
    headers = [name for name in rows.columns if name != ROW]
    formats = declared_formats(contract, mapping, headers)
    shown = masked(was, contract, mapping).with_columns(neutral(pl.col(h)) for h in headers)
    known = rows.select(ROW).join(was, on=ROW, how="left", maintain_order="left")
    shown = rows.select(ROW).join(shown, on=ROW, how="left", maintain_order="left")
    numbers = rows.get_column(ROW)
    there = numbers.is_in(was.get_column(ROW).to_list())
    out, kept, comparable, common = [numbers], list[pl.Series](), list[pl.Series](), list[pl.Series]()
    for header in headers:
        sent, seen, now = (_even(frame.get_column(header)) for frame in (known, shown, rows))
        # In the Chinese code page of Windows there is no •: a CSV saved there has ??? instead.
        same = (there & ((now == seen) | (now == seen.str.replace_all("•", "?", literal=True)))) | (
            ~there & (now == "")
        )
        left = now.str.contains(MASK, literal=True) & ~same
        _check_masks(mend, header, numbers.filter(left & there), numbers.filter(left & ~there))
        cell = rows.select(plain(pl.col(header))).to_series()
        out.append(known.get_column(header).zip_with(same, _as_declared(cell, formats.get(header, ()))))
        kept.append(same)
        comparable.append(there & (sent != "") & (sent == seen))
        common.append(comparable[-1] & same)
    moved = numbers.filter((_count(comparable) >= 3) & (_count(common) == 0)) if headers else numbers.clear()
    if len(moved):
        _damaged(
            mend.path,
            f"行号 {moved[0]} 的单元格与原文件该行无一相同，可能只排序了部分列",
            f"no cell of row number {moved[0]} is that of the original row; some columns may have been sorted alone",
        )
    untouched = _count(kept) == len(headers)
    return pl.DataFrame(out).filter(~untouched), tuple(numbers.filter(untouched).to_list())


def _count(flags: list[pl.Series]) -> pl.Series:
    """In how many of the flags each row is set."""
    return (
        pl.DataFrame([flag.alias(str(n)) for n, flag in enumerate(flags)])
        .select(pl.sum_horizontal(pl.all()))
        .to_series()
    )


def _even(cells: pl.Series) -> pl.Series:
    """Texts as they are compared: Excel turns line ends into its own."""
    return cells.fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()


def _check_masks(mend: MendFile, header: str, changed: pl.Series, unknown: pl.Series) -> None:
    """Refuse masks that were `changed` in part, and those of rows of which the original is `unknown` (row numbers)."""
    partly, lost = ("、".join(map(str, rows.head(10).to_list())) for rows in (changed, unknown))
    name, original = mend.path.name, mend.original_name
    if partly:
        raise FileRefused(
            "mend_mask",
            zh=f"{name} 行号 {partly} 的“{header}”：{MASK} 只改了一部分，无法还原。请保持 {MASK} 原样，或用完整的值整格替换，再放入。",
            en=f"{name}, row numbers {partly.replace('、', ', ')}, {header}: {MASK} was changed in part and cannot be filled in. "
            "Leave the cell as it was, or replace all of it with the right value, and drop the file again.",
        )
    if lost:
        raise FileRefused(
            "mend_original_gone",
            zh=f"{name} 行号 {lost} 的“{header}”含有 {MASK}，而原来的值已无从得知（原文件 {original} 已不在，或该行在其中无法读取）。"
            "请把原文件放回，或在这些单元格中填写完整的值，再放入。",
            en=f"{name}, row numbers {lost.replace('、', ', ')}, {header}: the value behind {MASK} is not known ({original} is gone, "
            "or the row could not be read in it). Put that file back, or write the whole value into these cells, and drop "
            "the file again.",
        )


def _as_declared(cells: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Cells that a spreadsheet made real dates, written as the source writes its dates."""
    return cells.map_elements(lambda text: _date_text(text, formats), return_dtype=pl.String)


def _date_text(text: str, formats: tuple[str, ...]) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", text):
        return text
    if not formats:
        return text.removesuffix(" 00:00:00")
    if any(_fits(text, form) for form in formats):
        return text
    return datetime.strptime(text, _ISO).strftime(formats[0])  # noqa: DTZ007  (no instant: the text of a cell)


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return False
    return True
