"""Workbooks: the cells of the table come as text, and what a cell cannot be trusted for is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter

from pipelines.ingest.files import Extract, FileRefused, Reading, open_extract

KNOWN = frozenset({"会议编号", "会议类型", "召开日期", "参加人数"})
HEADER = ["会议编号", "会议类型", "召开日期", "参加人数"]
Write = Callable[[Any, Any], None]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def workbook(path: Path, *sheets: tuple[str, Write], **options: Any) -> Path:
    with xlsxwriter.Workbook(path, options) as book:
        for name, write in sheets:
            write(book, book.add_worksheet(name))
    return path


def table(book: Any, sheet: Any) -> None:
    sheet.write_row("A1", HEADER)
    sheet.write_row("A2", ["G1", "驻点"])
    sheet.write_datetime("C2", date(2026, 3, 10), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write("D2", 20)


def empty(book: Any, sheet: Any) -> None:
    """Write nothing."""


def hidden(write: Write) -> Write:
    def written(book: Any, sheet: Any) -> None:
        write(book, sheet)
        sheet.hide()

    return written


def opened(
    con: duckdb.DuckDBPyConnection, path: Path, sheet: str | None = None, known: frozenset[str] = KNOWN
) -> Extract:
    return open_extract(con, path, reading=Reading(sheet=sheet), known=known)


def cells(con: duckdb.DuckDBPyConnection, extract: Extract) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT * FROM {extract.relation(extract.headers)}").fetchall()


def refusal(con: duckdb.DuckDBPyConnection, path: Path, sheet: str | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        opened(con, path, sheet)
    assert path.name in caught.value.zh and path.name in caught.value.en
    return caught.value


def with_part(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The same workbook with one part changed."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, change(content) if name == part else content)
    return path


ROW = ("G1", "驻点", "2026-03-10 00:00:00", "20")


def test_a_table_is_read_as_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    extract = opened(con, workbook(tmp_path / "a.xlsx", ("甲", table)))
    assert (extract.headers, extract.first_row, extract.notes) == (tuple(HEADER), 2, ())
    assert cells(con, extract) == [ROW]
    assert con.execute(f"SELECT count(*) FROM {extract.relation(())}").fetchall() == [(1,)]


def test_an_old_workbook_with_a_merged_title_is_read(con: duckdb.DuckDBPyConnection) -> None:
    extract = opened(con, Path(__file__).parent / "files" / "meetings.xls")
    assert extract.first_row == 3
    assert cells(con, extract) == [
        ("G1", "visit", "2026-03-10 00:00:00", "20"),
        ("001", "驻点", "2026-03-11 00:00:00", "8.5"),
    ]


def test_every_kind_of_cell_has_its_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["n", "v"])
        values = [1, 1.5, -3, 0.1 + 0.2, 999_999_999_999_999, True, "00123", " 甲 ", "=x"]
        for n, value in enumerate(values, start=1):
            sheet.write(n, 0, n)
            if isinstance(value, str):
                sheet.write_string(n, 1, value)
            else:
                sheet.write(n, 1, value)
        sheet.write(10, 0, 10)
        sheet.write_datetime(
            10, 1, datetime.fromisoformat("2026-03-05T14:03:02"), book.add_format({"num_format": "yyyy/m/d h:mm"})
        )

    extract = opened(con, workbook(tmp_path / "a.xlsx", ("甲", write)), known=frozenset())
    assert [row[1] for row in cells(con, extract)] == [
        "1", "1.5", "-3", "0.3", "999999999999999", "true", "00123", " 甲 ", "=x", "2026-03-05 14:03:02",
    ]  # fmt: skip


def test_dates_of_the_1904_system_are_right(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    extract = opened(con, workbook(tmp_path / "a.xlsx", ("甲", table), date_1904=True))
    assert cells(con, extract) == [ROW]


def test_a_table_anywhere_under_titles_is_found_by_its_names(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.merge_range("B2:F2", "2026年3月会议登记表")
        sheet.write("B3", "填报单位：甲街道")
        sheet.merge_range("C4:D4", "基本情况")
        sheet.write_row("C5", [*HEADER, "", "备注"])
        sheet.write_row("C6", ["G1", "驻点", "2026-03-10", 20, "", "好"])
        sheet.write_row("C8", ["G2", "走访", "2026-03-11", 8])
        sheet.write_blank("C20", None, book.add_format({"bold": True}))

    extract = opened(con, workbook(tmp_path / "a.xlsx", ("甲", write)))
    assert extract.first_row == 6
    assert extract.headers == (*HEADER, "备注")
    found = cells(con, extract)
    assert found[0] == ("G1", "驻点", "2026-03-10", "20", "好")
    assert found[1] == (None,) * 5
    assert found[2:] == [("G2", "走访", "2026-03-11", "8", None)]


def test_the_only_visible_sheet_with_content_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("空", empty), ("说明", hidden(table)), ("甲", table), ("乙", empty))
    assert cells(con, opened(con, path)) == [ROW]


def test_the_one_of_several_sheets_that_has_the_names_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("说明", lambda b, s: s.write("A1", "填表说明")), ("甲", table))
    assert cells(con, opened(con, path)) == [ROW]


def test_several_sheets_that_may_be_meant_are_refused_until_one_is_named(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "a.xlsx", ("三月", table), ("四月", table), ("藏", hidden(table)))
    refused = refusal(con, path)
    assert refused.code == "which_sheet"
    assert "三月、四月" in refused.zh and "藏" not in refused.zh and "sheet" in refused.en
    assert cells(con, opened(con, path, "四月")) == [ROW]
    assert cells(con, opened(con, path, "藏")) == [ROW]
    assert refusal(con, path, "五月").code == "which_sheet"


def test_a_workbook_without_content_or_known_names_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert refusal(con, workbook(tmp_path / "a.xlsx", ("甲", empty))).code == "empty_file"
    other = workbook(tmp_path / "b.xlsx", ("甲", lambda b, s: s.write_row("A1", ["欧阳慕蓉", "13912340001"])))
    refused = refusal(con, other)
    assert refused.code == "header_missing" and "欧阳慕蓉" not in refused.zh


def test_hidden_rows_and_columns_are_read_and_noted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        table(book, sheet)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column("B:C", None, None, {"hidden": True})

    extract = opened(con, workbook(tmp_path / "a.xlsx", ("甲", write)))
    assert cells(con, extract) == [ROW]
    assert [(note.code, note.count) for note in extract.notes] == [("hidden_rows", 1), ("hidden_columns", 2)]


@pytest.mark.parametrize("mixed", [False, True])
def test_an_identity_number_kept_as_a_number_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, mixed: bool
) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("B3", ["会议编号", "会议类型"])
        sheet.write_row("B4", ["440301199001012346" if mixed else 440301199001012346, "驻点"])
        sheet.write_row("B5", [440301199001012345, "驻点"])

    refused = refusal(con, workbook(tmp_path / "a.xlsx", ("甲", write)))
    assert refused.code == "number_for_text"
    row = 5 if mixed else 4
    assert f"column B row {row}" in refused.en and f"B 列第 {row} 行" in refused.zh
    assert "4403" not in refused.en + refused.zh


def test_identity_numbers_kept_as_text_are_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["会议编号", "会议类型"])
        sheet.write_row("A2", ["440301199001012345", "驻点"])

    assert cells(con, opened(con, workbook(tmp_path / "a.xlsx", ("甲", write))))[0][0] == "440301199001012345"


@pytest.mark.parametrize("value", [b"", b"<v></v>", b"<v/>", b"<v />"])
def test_a_formula_without_a_value_is_refused_with_its_cell(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, value: bytes
) -> None:
    path = workbook(tmp_path / "a.xlsx", ("甲", table))
    path = with_part(path, "xl/workbook.xml", lambda xml: xml.replace(b' fullCalcOnLoad="1"', b""))
    cell = b'<c r="D2"><f>SUM(A1:A9)</f>' + value + b"</c>"
    path = with_part(path, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb'<c r="D2">.*?</c>', cell, xml))
    refused = refusal(con, path)
    assert refused.code == "formula_without_value" and "cell D2" in refused.en and "D2" in refused.zh


def test_a_formula_with_its_value_is_read_unless_no_spreadsheet_has_calculated_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def write(book: Any, sheet: Any) -> None:
        table(book, sheet)
        sheet.write_formula("D2", "=4*5", None, 20)

    path = workbook(tmp_path / "a.xlsx", ("甲", write))
    assert refusal(con, path).code == "formula_without_value"
    path = with_part(path, "xl/workbook.xml", lambda xml: xml.replace(b' fullCalcOnLoad="1"', b""))
    assert cells(con, opened(con, path)) == [ROW]


def test_errors_in_cells_are_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("B3", ["会议编号", "会议类型"])
        for row, error in ((4, "#N/A"), (5, "#REF!"), (6, "#DIV/0!")):
            sheet.write(f"B{row}", f"G{row}")
            sheet.write_formula(f"C{row}", "=X1", None, error)

    path = workbook(tmp_path / "a.xlsx", ("甲", write))
    path = with_part(path, "xl/workbook.xml", lambda xml: xml.replace(b' fullCalcOnLoad="1"', b""))
    assert cells(con, opened(con, path)) == [("G4", "#N/A"), ("G5", "#REF!"), ("G6", "#DIV/0!")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_that_declares_entities_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str
) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst>&e;</sst>'
    path = workbook(tmp_path / "a.xlsx", ("甲", table))
    path = with_part(path, "xl/sharedStrings.xml", lambda _: evil.encode(encoding))
    assert refusal(con, path).code == "unsafe_workbook"


def test_a_bomb_is_refused_before_it_is_parsed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("甲", table))
    path = with_part(path, "xl/sharedStrings.xml", lambda _: b"<sst>" + b" " * 40_000_000)
    assert path.stat().st_size < 100_000
    assert refusal(con, path).code == "bomb"


def test_a_protected_workbook_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    )
    refused = refusal(con, path)
    assert refused.code == "encrypted" and "password" in refused.en and "密码" in refused.zh


@pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.bin", "ppt/presentation.xml"])
def test_other_office_documents_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, part: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, "x")
    assert refusal(con, path).code == "not_a_table"


@pytest.mark.parametrize("form", ["xlsx", "xls"])
def test_a_workbook_cut_anywhere_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str) -> None:
    if form == "xlsx":
        out = io.BytesIO()
        with xlsxwriter.Workbook(out) as book:
            table(book, book.add_worksheet())
        whole = out.getvalue()
    else:
        whole = (Path(__file__).parent / "files" / "meetings.xls").read_bytes()
    path = tmp_path / f"a.{form}"
    path.write_bytes(whole)
    complete = cells(con, opened(con, path))
    survived = 0
    for size in range(8, len(whole), 7 if form == "xlsx" else 13):
        path.write_bytes(whole[:size])
        try:
            assert cells(con, opened(con, path)) == complete
            survived += 1
        except FileRefused:
            pass
    # The last bytes of either container are padding or its (empty) comment.
    assert survived < len(whole) // 10


def test_fields_that_only_look_like_a_workbook_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("甲", table))
    path = with_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2])
    assert refusal(con, path).code == "cut_short"
