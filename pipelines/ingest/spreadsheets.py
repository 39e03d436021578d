"""Opens XLSX and XLS workbooks: finds sheet and header by the names they hold, refuses what a cell cannot be trusted for."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from itertools import count

import duckdb
import fastexcel
import polars as pl

from pipelines.ingest.archives import DAMAGED
from pipelines.ingest.extract import (
    NO_COLUMN,
    Extract,
    FileRefused,
    Note,
    Reading,
    Source,
    cut_short,
    fold,
    not_a_table,
    quote_name,
    require_known,
    too_large,
    unique_headers,
)

_BLOCK = 8 << 20
_LARGEST_WORKBOOK = 10**9
#: The header is looked for in so many rows.
_HEADER_ROWS = 30
_ERRORS = {
    "NA": "#N/A", "Ref": "#REF!", "Div0": "#DIV/0!", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Value": "#VALUE!",
}  # fmt: skip
_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(.*?)</(?:\w+:)?c>", re.S
)
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)</")
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*\bhidden="(?:1|true)"')
_HIDDEN_COLUMNS = re.compile(rb'<(?:\w+:)?col\b([^>]*\bhidden="(?:1|true)"[^>]*)>')
_frames = count()


def open_workbook(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    archive: zipfile.ZipFile | None,
    reading: Reading,
    known: frozenset[str],
) -> Extract:
    """Open a workbook; `archive` are its parts if it is XLSX.

    Raises:
        FileRefused: it is broken, protected or unsafe, no one sheet or header can be told, formulas have no values, or
            identity numbers are floating-point numbers.
    """
    if archive is not None:
        _check_parts(source, archive)
    try:
        workbook = fastexcel.read_excel(source.place)
        sheet, header_row = _choose(source, workbook, reading.sheet, known)
        notes = _check_sheet(source, archive, workbook.sheet_names.index(sheet), sheet) if archive is not None else []
        frame = _cells(workbook, sheet)
        headers, frame = _table(source, frame, header_row)
        require_known(source.name, headers, known, header_row + 1)
        _check_identities(source, workbook, sheet, frame, header_row)
    except (fastexcel.FastExcelError, *DAMAGED) as fault:
        raise (encrypted if "assword" in str(fault) else cut_short)(source.name) from None
    except BaseException as fault:
        # The reader panics on some damaged XLS files; its panic is no Exception and has no name to import.
        if type(fault).__module__ != "pyo3_runtime":
            raise
        raise cut_short(source.name) from None
    frame.columns = list(headers)
    name = f"_workbook_{next(_frames)}"
    con.register(name, frame.to_arrow())
    return Extract(
        source.path,
        headers,
        lambda names: f"(SELECT {', '.join(map(quote_name, names)) or NO_COLUMN} FROM {name})",
        first_row=header_row + 2,
        held=(source.held,) if source.held else (),
        notes=tuple(notes),
    )


def encrypted(name: str) -> FileRefused:
    """The refusal of a workbook that needs a password."""
    return FileRefused(
        "encrypted",
        zh=f"{name} 是设了密码的工作簿。请取消密码后另存。",
        en=f"{name} is a workbook protected by a password. Save it without one.",
    )


# -- parts of an XLSX file -------------------------------------------------------------------------------------------


def _check_parts(source: Source, archive: zipfile.ZipFile) -> None:
    """Refuse what would fill the memory, and documents that declare entities."""
    if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_WORKBOOK:
        raise too_large(source.name, _LARGEST_WORKBOOK)
    marks = [mark.encode(codec) for mark in ("<!DOCTYPE", "<!ENTITY") for codec in ("ascii", "utf-16-le", "utf-16-be")]
    for entry in archive.infolist():
        if not entry.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        last = b""
        for block in _blocks(source, archive, entry.filename):
            if any(mark in last + block for mark in marks):
                raise FileRefused(
                    "unsafe_workbook",
                    zh=f"{source.name} 含有 DTD 或实体声明，正常的工作簿不会有。请用 Excel 打开后另存为新的 XLSX。",
                    en=f"{source.name} declares a document type or entities, which no ordinary workbook does. Open it in Excel and save it as a new XLSX.",
                )
            last = block[-32:]


def _blocks(source: Source, archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    try:
        with archive.open(part) as handle:
            while block := handle.read(_BLOCK):
                yield block
    except DAMAGED:
        raise cut_short(source.name) from None


def _part_of(archive: zipfile.ZipFile, place: int) -> str | None:
    """The part that holds the sheet at a place of the workbook."""
    try:
        book, links = archive.read("xl/workbook.xml").decode(), archive.read("xl/_rels/workbook.xml.rels").decode()
    except (KeyError, UnicodeDecodeError):
        return None
    tags = re.findall(r"<(?:\w+:)?sheet\s[^>]*>", book)
    link = re.search(r'\b\w+:id="([^"]*)"', tags[place]) if place < len(tags) else None
    for relation in re.findall(r"<Relationship\s[^>]*>", links):
        target = re.search(r'\bTarget="([^"]*)"', relation)
        if link and target and f'Id="{link[1]}"' in relation:
            path = html.unescape(target[1])
            return path.lstrip("/") if path.startswith("/") else f"xl/{path}"
    return None


def _check_sheet(source: Source, archive: zipfile.ZipFile, place: int, sheet: str) -> list[Note]:
    """Refuse formulas without values; note hidden rows and columns, which are read."""
    part = _part_of(archive, place)
    parts = [part] if part in archive.namelist() else [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
    # A program that is no spreadsheet writes 0 for every formula and asks for calculation on opening.
    pending = bool(re.search(rb'fullCalcOnLoad="(?:1|true)"', archive.read("xl/workbook.xml")))
    rows = columns = 0
    for name in parts:
        rest = b""
        for block in _blocks(source, archive, str(name)):
            data = rest + block
            cut = data.rfind(b"row>") + 4 if b"row>" in data else 0
            data, rest = data[:cut], data[cut:]
            rows += _look_at_rows(source, data, sheet, pending)
            columns += _hidden_columns(data)
        rows += _look_at_rows(source, rest, sheet, pending)
    notes = []
    if rows:
        notes.append(
            Note(
                "hidden_rows",
                rows,
                f"{source.name} 的工作表“{sheet}”有 {rows} 个隐藏行，已一并读取。",
                f"Sheet {sheet} of {source.name} has {rows} hidden rows; they were read too.",
            )
        )
    if columns:
        notes.append(
            Note(
                "hidden_columns",
                columns,
                f"{source.name} 的工作表“{sheet}”有 {columns} 个隐藏列，已一并读取。",
                f"Sheet {sheet} of {source.name} has {columns} hidden columns; they were read too.",
            )
        )
    return notes


def _look_at_rows(source: Source, data: bytes, sheet: str, pending: bool) -> int:
    if b"<f" in data or b":f" in data:
        for cell in _CELL.finditer(data):
            value = _VALUE.search(cell[2])
            empty = value is None or (not value[1] and b't="str"' not in cell[1])
            if empty or pending:
                address = re.search(rb'\br="([A-Z]+\d+)"', cell[1])
                place = address[1].decode() if address else "?"
                raise FileRefused(
                    "formula_without_value",
                    zh=f"{source.name} 工作表“{sheet}”单元格 {place} 是没有计算结果的公式。请用 Excel 打开、保存（或粘贴为数值）后重新放入。",
                    en=f"{source.name} sheet {sheet} cell {place} is a formula without a calculated value. Open it in Excel and save it, or paste values, then drop it again.",
                )
    return len(_HIDDEN_ROW.findall(data)) if b"hidden=" in data else 0


def _hidden_columns(data: bytes) -> int:
    total = 0
    for attributes in _HIDDEN_COLUMNS.findall(data) if b"hidden=" in data else []:
        first, last = re.search(rb'\bmin="(\d+)"', attributes), re.search(rb'\bmax="(\d+)"', attributes)
        # Everything right of the table is often hidden, to the last column there can be.
        if first and last and int(last[1]) < 16384:
            total += int(last[1]) - int(first[1]) + 1
    return total


# -- the table in it -------------------------------------------------------------------------------------------------


def _choose(
    source: Source, workbook: fastexcel.ExcelReader, wanted: str | None, known: frozenset[str]
) -> tuple[str, int]:
    """The sheet to read and its header row (from 0)."""
    if wanted is not None:
        if wanted not in workbook.sheet_names:
            raise _which_sheet(
                source.name, workbook.sheet_names, f"没有名为“{wanted}”的工作表", f"has no sheet {wanted}"
            )
        return wanted, _header_row(_beginning(workbook, wanted), known) or 0
    visible = {}
    for name in workbook.sheet_names:
        sheet = workbook.load_sheet(name, header_row=None, skip_rows=0, n_rows=_HEADER_ROWS, dtypes="string")
        if sheet.visible == "visible" and sheet.height:
            visible[name] = _header_row(sheet.to_polars(), known)
    fitting = {name: row for name, row in visible.items() if row is not None}
    if not visible:
        raise FileRefused(
            "empty_file",
            zh=f"{source.name} 没有可见的、有内容的工作表。请重新导出，或在映射中写明 sheet。",
            en=f"{source.name} has no visible sheet with content. Export it again, or name the sheet in the mapping.",
        )
    if len(visible) == 1:
        ((name, row),) = visible.items()
        return name, row or 0
    if len(fitting) != 1:
        raise _which_sheet(
            source.name, list(fitting or visible), "有多个可能的工作表", "has several sheets that may be meant"
        )
    ((name, row),) = fitting.items()
    return name, row


def _which_sheet(name: str, sheets: list[str], zh: str, en: str) -> FileRefused:
    return FileRefused(
        "which_sheet",
        zh=f"{name} {zh}（{'、'.join(sheets)}）。请在映射中用 sheet 写明读哪一个。",
        en=f"{name} {en} ({', '.join(sheets)}). Say in the mapping which one to read, with sheet.",
    )


def _beginning(workbook: fastexcel.ExcelReader, sheet: str) -> pl.DataFrame:
    return workbook.load_sheet(sheet, header_row=None, skip_rows=0, n_rows=_HEADER_ROWS, dtypes="string").to_polars()


def _header_row(frame: pl.DataFrame, known: frozenset[str]) -> int | None:
    """The row with most known names (two at least, or all it has); without any names to know, the first of the widest."""
    best, row = 0, None
    for n, cells in enumerate(frame.rows()):
        texts = [str(cell) for cell in cells if cell is not None and str(cell).strip()]
        hits = sum(fold(text) in known for text in texts) if known else len(texts)
        if hits > best and (not known or hits > 1 or hits == len(texts)):
            best, row = hits, n
    return row


def _cells(workbook: fastexcel.ExcelReader, sheet: str) -> pl.DataFrame:
    """Every cell as text; errors as they are shown, so that their row is rejected by its rule."""
    batch, errors = workbook.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(batch))
    by_column: dict[int, tuple[list[int], list[str]]] = {}
    for error in errors.errors if errors is not None else []:
        kind = re.search(r"Error\((\w+)\)", error.detail)
        places, texts = by_column.setdefault(error.offset_position[1], ([], []))
        places.append(error.offset_position[0])
        texts.append(_ERRORS.get(kind[1], "#ERROR!") if kind else "#ERROR!")
    for column, (places, texts) in by_column.items():
        frame = frame.with_columns(frame.to_series(column).scatter(places, texts))
    return frame


def _table(source: Source, frame: pl.DataFrame, header_row: int) -> tuple[tuple[str, ...], pl.DataFrame]:
    """Header and rows; columns without any cell and blank rows at the end are none."""
    header = ["" if cell is None else str(cell) for cell in frame.row(header_row)] if frame.height else []
    rows = frame.slice(header_row + 1)
    filled = [n for n, cell in enumerate(header) if cell.strip() or rows.to_series(n).null_count() < rows.height]
    if not filled:
        raise not_a_table(source.name, "空工作表", "an empty sheet")
    headers = unique_headers(source.name, [header[n] for n in filled])
    rows = rows.select([rows.to_series(n) for n in filled])
    used = rows.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    return headers, rows.head(int(used[-1]) + 1 if len(used) else 0)


def _check_identities(
    source: Source, workbook: fastexcel.ExcelReader, sheet: str, frame: pl.DataFrame, header_row: int
) -> None:
    """Refuse numbers of 16 digits and more: Excel keeps 15 and makes the rest noughts."""
    suspects = [c for c in frame.columns if frame.select(_long_number(c).any()).item()]
    if not suspects:
        return
    # As truth values numbers are kept and texts are not: the one way to tell them apart in both formats.
    loaded = workbook.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="boolean")
    letters = {c.name: _letter(c.absolute_index) for c in loaded.selected_columns}
    numbers = loaded.to_polars().slice(header_row + 1, frame.height)
    for column in suspects:
        found = (frame.select(_long_number(column)).to_series() & numbers.get_column(column).is_not_null()).arg_true()
        if len(found):
            letter, row = letters[column], header_row + 2 + int(found[0])
            raise FileRefused(
                "number_for_text",
                zh=f"{source.name} 工作表“{sheet}” {letter} 列第 {row} 行把 16 位以上的号码存成了数字，末几位已丢失。请把该列设为文本格式后从来源重新导出。",
                en=f"{source.name} sheet {sheet} column {letter} row {row} keeps a number of 16 digits or more as a number; its last digits are lost. Format the column as text and export it from the source again.",
            )


def _long_number(column: str) -> pl.Expr:
    return pl.col(column).str.contains(r"^-?\d{16,}(\.\d+)?$").fill_null(False)


def _letter(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
