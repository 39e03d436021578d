"""Rejected rows go out as a workbook, are corrected in it, and come back as rows of the same delivery."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity, lines

from pipelines.ingest.files import Extract, FileRefused, open_extract
from pipelines.ingest.ledger import Delivery, create_landing, write_delivery
from pipelines.ingest.mapping import Mapping, bind_mapping
from pipelines.ingest.mend import MendedExtract, MendFile, is_mend_sheet, mended_extract, read_mend, sent_rows
from pipelines.ingest.privacy import MASK
from pipelines.ingest.rejects_sheet import DELIVERY, ROW, neutral, plain, write_rejects_sheet

CONTRACT = CONTRACTS["tickets"]
Rejected = tuple[tuple[int, str], ...]
HEADER = "工单编号,受理渠道,一级分类,社区代码,受理时间,办结时限,办结时间,状态,诉求人编号,诉求人电话,诉求内容,更新时间"
PERSON = "440300199012124326"
#: Rows 2 and 4 are good; row 3 has a day that does not exist, row 5 a cell too few, row 6 a status nobody knows.
SENT = lines(
    HEADER,
    "T1,热线,环境,A1,2026-04-01 10:00,,,在办,P1,13912349001,好,2026-04-08 10:00",
    f"T2,热线,=1+1,A1,2026-04-31 10:00,,,在办,{PERSON},13912349001,CANARY,2026-04-08 10:00",
    "T3,热线,环境,A1,2026-04-01 10:00,,,在办,P3,,,2026-04-08 10:00",
    "T4,热线,环境,A1,2026-04-01 10:00,,,在办,P4,13912349001,CANARY",
    "T5,电话13912349002问,环境,007,2026-04-01 10:00,,,不明,P5,,,2026-04-08 10:00",
    *(f"G{n},热线,环境,A1,2026-04-01 10:00,,,在办,,,,2026-04-08 10:00" for n in range(40)),
)


REJECTED = (
    (3, "accepted_at.readable"), (5, "file.row_shape"), (6, "channel.allowed"), (6, "status.allowed"),
)  # fmt: skip
ID = "tickets-aaaaaaaaaaaa"


class Office:
    """A delivery of tickets with three rejected rows as the ledger has it, and the workbook of them."""

    def __init__(
        self, city: SmallCity, content: str = SENT, mapping: Mapping | None = None, rejected: Rejected = REJECTED
    ) -> None:
        self.city, self.mapping = city, mapping or Mapping()
        self.path = city.drop("tickets", "tickets.csv", content)
        self.sheet = city.folder / f"{ID}.xlsx"
        self.con = duckdb.connect()
        create_landing(self.con, [CONTRACT])
        then = datetime(2026, 4, 10)  # noqa: DTZ001
        write_delivery(
            self.con,
            Delivery(
                delivery_id=ID, dataset="tickets", source="tickets", file_name="tickets.csv", sha256="a" * 64, bytes=1,
                kind="delta", arrived_at=then, as_of=then, rows_in=45, rows_loaded=42, rows_rejected=3,
                rows_deduplicated=0, rows_left_out=0, rows_unchanged=0, rows_removed=0, outcome="loaded",
                reason_code=None, reason_en=None, reason_zh=None, mends=None, run_id=None, loaded_at=then, sequence=0,
                judged_by="",
            ),
        )  # fmt: skip
        rules = {rule.id: rule for rule in CONTRACT.rules}
        for row, rule_id in rejected:
            rule = rules.get(rule_id)
            said = (
                (rule.column, rule.name_en, rule.name_zh)
                if rule
                else (None, "the row has 11 cells", "本行的单元格数不对")
            )
            self.con.execute(
                "INSERT INTO landing.rejects VALUES (?, 'tickets', ?, ?, ?, NULL, ?, ?)", [ID, row, rule_id, *said]
            )
        self.problems = self.con.sql("SELECT * FROM landing.rejects ORDER BY source_row").pl()
        numbers = sorted({row for row, rule_id in rejected if rule_id != "file.row_shape"})
        # The reader leaves out row 5, so that what comes after it has moved up by one.
        positions = [n - 2 - (n > 5) for n in numbers]
        extract = self.extract()
        used = bind_mapping(CONTRACT, self.mapping, extract.headers, "tickets.csv").used_headers
        rows = sent_rows(self.con, extract, used, positions).insert_column(0, pl.Series(ROW, numbers))
        write_rejects_sheet(
            self.sheet, rows, self.problems, delivery_id=ID, contract=CONTRACT, mapping=self.mapping
        )  # fmt: skip

    def extract(self) -> Extract:
        return open_extract(self.con, self.path)

    def cells(self) -> list[list[Any]]:
        return table(self.sheet)

    def send(self, cells: list[list[Any]], name: str = "mended.xlsx", dataset: str = "tickets") -> Path:
        path = self.city.drop(dataset, name, b"")
        write_table(path, cells)
        return path

    def read(self, path: Path, dataset: str = "tickets") -> MendFile:
        mend = read_mend(self.con, path, dataset)
        assert mend is not None
        return mend

    def mend(self, cells: list[list[Any]], *, original: bool = True) -> MendedExtract:
        return mended_extract(
            self.con, self.read(self.send(cells)), self.extract() if original else None, contract=CONTRACT,
            mapping=self.mapping,
        )  # fmt: skip

    def rows(self, mended: MendedExtract, *names: str) -> list[tuple[Any, ...]]:
        return self.con.execute(f"SELECT * FROM {mended.relation(names)}").fetchall()


def table(path: Path) -> list[list[Any]]:
    """The sheet of corrections as Excel would show it: texts and numbers."""
    frame = fastexcel.read_excel(path).load_sheet("更正", header_row=None, dtypes="string").to_polars()
    return [list(row) for row in frame.iter_rows()]


def write_table(path: Path, cells: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("更正")
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for r, row in enumerate(cells):
            for c, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(r, c, value)
                elif isinstance(value, datetime):
                    sheet.write_datetime(r, c, value, date)
                elif value is not None:
                    sheet.write_number(r, c, value)


@pytest.fixture
def office(city: SmallCity) -> Office:
    return Office(city)


def at(cells: list[list[Any]], header: str) -> int:
    return cells[0].index(header)


# -- what goes out ---------------------------------------------------------------------------------------------------


def test_the_workbook_has_one_line_for_each_rejected_row_with_what_is_wrong_and_what_is_right(office: Office) -> None:
    cells = office.cells()
    assert cells[0][:3] == [DELIVERY, ROW, "工单编号"]
    assert [row[:3] for row in cells[1:]] == [[ID, n, t] for n, t in (("3", "T2"), ("5", None), ("6", "T5"))]
    problem, where, expected = (cells[1][n] for n in (-3, -2, -1))
    assert "应可识别为时间" in problem and "accepted_at can be read as timestamp" in problem
    assert (where, expected) == ("受理时间", "时间，如 2026-03-05 14:30 / a time, such as 2026-03-05 14:30")
    assert "单元格数" in cells[2][-3] and cells[2][2:-3] == [None] * (len(cells[0]) - 5)
    assert cells[3][-2] == "受理渠道\n状态" and "在办" in cells[3][-1]
    assert fastexcel.read_excel(office.sheet).sheet_names == ["更正", "说明"]


def test_personal_cells_and_long_numbers_are_masked_and_nothing_personal_is_in_the_file(office: Office) -> None:
    cells = office.cells()
    assert cells[1][at(cells, "诉求人编号")] == MASK
    assert cells[3][at(cells, "受理渠道")] == f"电话{MASK}问"
    with zipfile.ZipFile(office.sheet) as book:
        raw = b"".join(book.read(name) for name in book.namelist()).decode()
    for value in (PERSON, "13912349001", "13912349002", "CANARY", "诉求人电话", "诉求内容"):
        assert value not in raw
    assert oct(office.sheet.stat().st_mode & 0o777) == "0o600"


def test_no_cell_is_a_formula_and_offending_cells_are_marked(office: Office) -> None:
    cells = office.cells()
    assert cells[1][at(cells, "一级分类")] == "'=1+1"
    with zipfile.ZipFile(office.sheet) as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml and 'topLeftCell="C2"' in xml
    style = {cell.split('"')[1]: cell.split('s="')[1].split('"')[0] for cell in xml.split("<c ")[1:] if 's="' in cell}
    day, status = (chr(ord("A") + at(cells, name)) for name in ("受理时间", "状态"))
    assert style[f"{day}2"] == style[f"{status}4"] != style[f"{day}4"] == style[f"{status}2"]


def test_a_cell_too_long_for_excel_is_masked_and_comes_back(city: SmallCity) -> None:
    long = "长" * 40_000
    office = Office(city, SENT.replace("=1+1", long))
    cells = office.cells()
    assert cells[1][at(cells, "一级分类")] == MASK
    cells[1][at(cells, "受理时间")] = "2026-04-30 10:00"
    assert office.rows(office.mend(cells), "一级分类") == [(long,)]


def test_a_workbook_of_a_refused_file_says_that_the_whole_file_must_be_mended(office: Office, tmp_path: Path) -> None:
    rows = pl.DataFrame({ROW: [3], "工单编号": ["T2"]})
    path = tmp_path / "a.xlsx"
    write_rejects_sheet(
        path, rows, office.problems, delivery_id="x", contract=CONTRACT, mapping=Mapping(), whole_file=True
    )
    guide = fastexcel.read_excel(path).load_sheet("说明", header_row=None).to_polars()
    assert guide.row(0)[0].startswith("整份文件未被采用") and guide.row(1)[0].startswith("The whole file was refused")


# -- what comes back -------------------------------------------------------------------------------------------------


def test_corrected_rows_come_back_with_what_was_masked_and_nothing_else_changed(office: Office) -> None:
    cells = office.cells()
    cells[1][at(cells, "受理时间")] = "2026-04-30 10:00"
    cells[3][at(cells, "状态")] = "在办"
    mended = office.mend(cells)
    assert mended.row_numbers == (3, 6) and mended.unchanged == (5,)
    names = ("工单编号", "受理渠道", "一级分类", "社区代码", "受理时间", "状态", "诉求人编号", "诉求人电话")
    assert office.rows(mended, *names) == [
        ("T2", "热线", "=1+1", "A1", "2026-04-30 10:00", "在办", PERSON, "13912349001"),
        ("T5", "电话13912349002问", "环境", "007", "2026-04-01 10:00", "在办", "P5", None),
    ]
    assert mended.headers == office.extract().headers
    mended.close()
    tables = office.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    views = office.con.execute("SELECT view_name FROM duckdb_views() WHERE view_name LIKE '_mended%'").fetchall()
    assert tables == [] and views == []


def test_rows_set_aside_earlier_in_the_file_move_no_value_to_another_row(office: Office) -> None:
    office.con.execute("DELETE FROM landing.rejects WHERE rule_id = 'file.row_shape'")
    cells = [row for row in office.cells() if row[1] != "5"]
    cells[2][at(cells, "状态")] = "在办"
    assert office.rows(office.mend(cells), "工单编号", "诉求人编号") == [("T5", "P5")]


def test_a_row_that_could_not_be_cut_into_cells_is_filled_in(office: Office) -> None:
    cells = office.cells()
    for header, value in (("工单编号", "T4"), ("受理时间", "2026-04-01 10:00"), ("状态", "在办"), ("诉求人编号", "P4")):
        cells[2][at(cells, header)] = value
    mended = office.mend(cells)
    assert (mended.row_numbers, mended.unchanged) == ((5,), (3, 6))
    assert office.rows(mended, "工单编号", "状态", "一级分类", "诉求人编号") == [("T4", "在办", None, "P4")]


def test_a_masked_cell_is_replaced_by_what_the_office_writes_over_it(office: Office) -> None:
    cells = office.cells()
    cells[1][at(cells, "诉求人编号")] = "440300199012124322"
    assert office.rows(office.mend(cells), "诉求人编号", "受理时间") == [("440300199012124322", "2026-04-31 10:00")]


def test_dates_and_numbers_that_excel_made_its_own_come_back_as_texts(office: Office) -> None:
    cells = office.cells()
    cells[1][at(cells, "受理时间")] = datetime(2026, 4, 30, 10, 5)  # noqa: DTZ001
    cells[1][at(cells, "更新时间")] = datetime(2026, 5, 1)  # noqa: DTZ001
    cells[1][at(cells, "社区代码")] = 12
    cells[1][at(cells, "一级分类")] = -12.5
    assert office.rows(office.mend(cells), "受理时间", "更新时间", "社区代码", "一级分类") == [
        ("2026-04-30 10:05:00", "2026-05-01", "12", "-12.5")
    ]


def test_a_real_date_is_written_in_the_format_that_the_mapping_declares(city: SmallCity) -> None:
    sent = SENT.replace("2026-04-01 10:00", "01/04/2026 10:00").replace("2026-04-08 10:00", "08/04/2026 10:00")
    office = Office(
        city, sent.replace("2026-04-31 10:00", "31/04/2026 10:00"), Mapping(recognise=True, formats=["%d/%m/%Y %H:%M"])
    )
    cells = office.cells()
    assert "%d/%m/%Y %H:%M" in cells[1][-1]
    cells[1][at(cells, "受理时间")] = datetime(2026, 4, 30, 10, 5)  # noqa: DTZ001
    assert office.rows(office.mend(cells), "受理时间", "更新时间") == [("30/04/2026 10:05", "08/04/2026 10:00")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
def test_the_sheet_saved_as_csv_comes_back_too(office: Office, encoding: str) -> None:
    cells = office.cells()
    cells[1][at(cells, "受理时间")] = "2026/4/30 10:00"
    text = pl.DataFrame(cells[1:], schema=[str(title) for title in cells[0]], orient="row").write_csv()
    path = office.city.drop("tickets", "mended.csv", text.encode(encoding))
    mended = mended_extract(office.con, office.read(path), office.extract(), contract=CONTRACT, mapping=Mapping())
    assert office.rows(mended, "受理时间", "诉求人编号", "一级分类") == [("2026/4/30 10:00", PERSON, "=1+1")]


def test_a_mask_that_the_chinese_code_page_turned_into_question_marks_is_still_one(office: Office) -> None:
    cells = office.cells()
    cells[1][at(cells, "诉求人编号")] = "???"
    cells[1][at(cells, "受理时间")] = "2026-04-30 10:00"
    assert office.rows(office.mend(cells), "诉求人编号") == [(PERSON,)]


def test_columns_in_another_order_and_without_the_last_three_are_fine(office: Office) -> None:
    cells = [row[:-3][::-1] for row in office.cells()]
    cells[1][at(cells, "受理时间")] = "2026-04-30 10:00"
    assert office.rows(office.mend(cells), "工单编号", "诉求人编号") == [("T2", PERSON)]


def test_a_deleted_column_keeps_what_was_sent(office: Office) -> None:
    cells = office.cells()
    gone = at(cells, "一级分类")
    cells = [row[:gone] + row[gone + 1 :] for row in cells]
    cells[1][at(cells, "受理时间")] = "2026-04-30 10:00"
    assert office.rows(office.mend(cells), "一级分类", "受理时间") == [("=1+1", "2026-04-30 10:00")]


def test_without_the_original_rows_without_masks_can_be_mended_and_others_are_refused(office: Office) -> None:
    cells = office.cells()
    with pytest.raises(FileRefused) as refused:
        office.mend(cells, original=False)
    assert refused.value.code == "mend_original_gone" and "row numbers 6" in refused.value.en
    cells[1][at(cells, "诉求人编号")] = "P2"
    cells[3][at(cells, "受理渠道")] = "热线"
    cells[3][at(cells, "诉求人编号")] = ""
    mended = office.mend(cells, original=False)
    assert office.rows(mended, "工单编号", "一级分类", "诉求人编号") == [("T2", "=1+1", "P2"), ("T5", "环境", None)]


def test_an_ordinary_extract_is_no_mend_file(office: Office, tmp_path: Path) -> None:
    assert not is_mend_sheet(office.path)
    assert read_mend(office.con, office.path, "tickets") is None
    other = tmp_path / "other.xlsx"
    write_table(other, [["工单编号", "状态"], ["T1", "在办"]])
    assert read_mend(office.con, other, "tickets") is None
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    assert not is_mend_sheet(tmp_path / "broken.xlsx")


# -- what is refused -------------------------------------------------------------------------------------------------


def put(row: int, column: int | str, value: Any) -> Callable[[list[list[Any]]], None]:
    def change(cells: list[list[Any]]) -> None:
        cells[row][column if isinstance(column, int) else at(cells, column)] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cells: [row.__setitem__(0, "tickets-0123456789ab") for row in cells[1:]], "no delivery has this number"),
        (put(1, 0, None), "some rows have no"),
        (put(0, 0, "编号"), "is missing"),
        (put(0, 1, "行"), "is missing"),
        (put(1, 1, "三"), "is no number in line 2"),
        (put(1, 1, "4"), "row 4 of the original was not rejected"),
        (put(1, 1, "5"), "row number 5 occurs more than once"),
        (put(0, "状态", "情况"), "the name of data column"),
        (put(0, "状态", "社区代码"), "same column name more than once"),
        (lambda cells: cells.__delitem__(slice(1, None)), "it has no rows"),
        (put(1, "诉求人编号", 440300199012124326), "a long number whose last digits Excel has lost"),
    ],
)  # fmt: skip
def test_damaged_markers_are_refused(office: Office, change: Callable[[list[list[Any]]], object], said: str) -> None:
    cells = office.cells()
    change(cells)
    with pytest.raises(FileRefused) as refused:
        office.mend(cells)
    assert refused.value.code == "mend_markers" and said in refused.value.en
    assert "state/rejects" in refused.value.zh
    for value in (PERSON, "CANARY", "13912349001"):
        assert value not in refused.value.zh + refused.value.en


def test_a_mask_that_was_changed_in_part_is_refused(office: Office) -> None:
    cells = office.cells()
    cells[3][at(cells, "受理渠道")] = f"电话{MASK}询问"
    with pytest.raises(FileRefused) as refused:
        office.mend(cells)
    assert refused.value.code == "mend_mask" and "row numbers 6, 受理渠道" in refused.value.en


def test_rows_whose_cells_were_sorted_without_their_numbers_are_refused(city: SmallCity) -> None:
    office = Office(
        city,
        SENT + lines("T9,网格,治安,A2,2026-05-01 11:00,,,不明二,P9,,,2026-04-09 10:00"),
        rejected=(*REJECTED, (47, "status.allowed")),
    )
    cells = office.cells()
    cells[1][2:], cells[4][2:] = cells[4][2:], cells[1][2:]
    with pytest.raises(FileRefused) as refused:
        office.mend(cells)
    assert "sorted alone" in refused.value.en


def test_rows_of_another_dataset_are_refused_with_the_folder_where_they_belong(office: Office) -> None:
    path = office.send(office.cells(), dataset="meetings")
    with pytest.raises(FileRefused) as refused:
        office.read(path, "meetings")
    assert "extracts/tickets/" in refused.value.en


def test_rows_of_two_deliveries_in_one_file_are_refused(office: Office) -> None:
    cells = office.cells()
    cells[2][0] = "tickets-0123456789ab"
    with pytest.raises(FileRefused) as refused:
        office.mend(cells)
    assert "several deliveries" in refused.value.en


def test_rows_of_a_delivery_that_was_refused_as_a_whole_are_refused(office: Office) -> None:
    office.con.execute("UPDATE landing.deliveries SET outcome = 'refused'")
    with pytest.raises(FileRefused) as refused:
        office.mend(office.cells())
    assert refused.value.code == "mend_of_refused"


def with_cell(path: Path, cell: bytes) -> None:
    """Put a cell into a workbook in the place of C2, as no spreadsheet program may have written it."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b'<c r="C2" t="s">', cell + b'<c r="ZZ2" t="s">')
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, sheet if name.endswith("sheet1.xml") else content)


def test_a_formula_without_a_result_is_refused_with_its_cell(office: Office) -> None:
    path = office.send(office.cells())
    with_cell(path, b'<c r="C2"><f>VLOOKUP(1,A:B,2)</f></c>')
    with pytest.raises(FileRefused, match="C2 is a formula without a result"):
        office.read(path)


@pytest.mark.parametrize("kind", [b"", b' t="n"'])
def test_a_number_that_is_none_is_refused_with_its_cell_and_without_its_value(office: Office, kind: bytes) -> None:
    path = office.send(office.cells())
    with_cell(path, b'<c r="C2"' + kind + f"><v>张三{PERSON}</v></c>".encode())
    with pytest.raises(FileRefused) as refused:
        office.read(path)
    assert refused.value.code == "mend_markers" and "C2 is marked as a number and is none" in refused.value.en
    assert not {"张三", PERSON} & set(re.findall(r"张三|[0-9]{18}", refused.value.zh + refused.value.en))


def test_an_original_with_other_rows_than_it_had_is_refused(office: Office) -> None:
    cells = office.cells()
    office.path.write_text(lines(HEADER))
    with pytest.raises(FileRefused, match="does not have the rows it had"):
        office.mend(cells)


# -- texts survive ---------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.from_regex(r"\A'*[=+\-@＝\t]?[0-9]*\Z"))
def test_what_is_made_neutral_begins_no_formula_and_comes_back(text: str) -> None:
    frame = pl.DataFrame({"a": [text]}).with_columns(neutral(pl.col("a")).alias("b"))
    frame = frame.with_columns(plain(pl.col("b")).alias("c"))
    assert not frame["b"][0].startswith(("=", "+", "-", "@", "＝", "\t", "\r", "\n"))
    assert frame["c"][0] == text


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30) | st.sampled_from(
    ["'=1", "-5.00", "007", "13912349001", "1e9", "2026-04-30 00:00:00", " x ", "•", "_x0041_", '"a"', "#N/A", "TRUE"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELL, min_size=1, max_size=8))
def test_any_text_comes_back_from_the_workbook_as_it_was_sent(tmp_path: Path, cells: list[str]) -> None:
    numbers = list(range(2, 2 + len(cells)))
    rows = pl.DataFrame({ROW: numbers, "受理渠道": cells, "状态": ["不明"] * len(cells)})
    problems = pl.DataFrame({
        "source_row": numbers, "rule_id": ["status.allowed"] * len(cells), "column_name": ["status"] * len(cells),
        "reason_zh": ["甲"] * len(cells), "reason_en": ["a"] * len(cells),
    })  # fmt: skip
    path = tmp_path / "a.xlsx"
    write_rejects_sheet(path, rows, problems, delivery_id="d", contract=CONTRACT, mapping=Mapping())
    sent = table(path)
    for row in sent[1:]:
        row[at(sent, "状态")] = "在办"
    write_table(path, sent)
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA landing")
        con.execute(
            "CREATE TABLE landing.deliveries AS SELECT 'd' AS delivery_id, 'tickets' AS dataset, 'loaded' AS outcome, 'f' AS file_name, 'h' AS sha256"
        )
        con.register("problems", problems.to_arrow())
        con.execute("CREATE TABLE landing.rejects AS SELECT 'd' AS delivery_id, source_row, rule_id FROM problems")
        con.register("original", rows.to_arrow())
        mend = read_mend(con, path, "tickets")
        assert mend is not None
        original = Extract(path, ("受理渠道", "状态"), lambda _: "original", reports_rejects=False)
        mended = mended_extract(con, mend, original, contract=CONTRACT, mapping=Mapping())
        found = con.execute(f"SELECT * FROM {mended.relation(('受理渠道', '状态'))}").fetchall()
    assert found == [(cell, "在办") for cell in cells]
