"""What is taken away from a page: files that Excel opens in Chinese, that compute nothing, and that are made when asked for."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import charts, controls, data, editions, exports, fonts, i18n
from dashboards.exports import Column

ENTRY = Path(__file__).parents[1] / "dashboards" / "streamlit_app.py"
HOSTILE = (
    "=1+1",
    "+cmd",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "<script>alert(1)</script>",
    "[x](http://x.example)",
)
MONTH = date(2026, 10, 1)


@pytest.fixture
def edition(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))
    return str((sample_city / "state" / "published" / "current").resolve())


def ask(edition: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows, asked on a connection of the test's own."""
    with duckdb.connect(edition, read_only=True, config=dict(editions.READER)) as con:
        return con.execute(sql, list(values)).fetchall()


def scope_of(edition: str, lang: str = "zh") -> controls.Scope:
    city = data.city(edition)
    return controls.Scope(edition, city, lang, data.areas(edition)[city.code], "month", MONTH, ())


def sheets(book: bytes) -> dict[str, list[list[Any]]]:
    """The cells of every sheet, read by another library than the one that wrote them."""
    reader = fastexcel.read_excel(book)
    return {
        name: [
            list(row) for row in reader.load_sheet(name, header_row=None).to_arrow().to_pandas().itertuples(index=False)
        ]
        for name in reader.sheet_names
    }


def parts_of(book: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_csv_has_a_mark_windows_lines_and_no_cell_that_excel_computes() -> None:
    columns = [Column("名称"), Column("比例", "percent"), Column("日期", "date")]
    made = exports.to_csv(columns, [[words, 0.979310344827586, date(2026, 10, 31)] for words in HOSTILE])
    assert made.startswith(b"\xef\xbb\xbf")
    text = made.decode("utf-8-sig")
    assert text.count("\r\n") == len(HOSTILE) + 1 and text.endswith("\r\n")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[0] for row in rows[1:]] == [*(f"'{words}" for words in HOSTILE[:7]), *HOSTILE[7:]]
    assert {tuple(row[1:]) for row in rows[1:]} == {("0.979310344827586", "2026-10-31")}


def test_numbers_of_a_csv_stay_numbers_and_negative_ones_are_not_quoted() -> None:
    made = exports.to_csv([Column("n", "count"), Column("m")], [[-5, 1234567.0], [(-0.05, "percent"), None]])
    assert made.decode("utf-8-sig").splitlines() == ["n,m", "-5,1234567", "-0.05,"]


def test_a_workbook_has_formats_definitions_and_origin_and_not_one_formula(edition: str) -> None:
    scope = scope_of(edition)
    columns = [Column("名称"), Column("比例", "percent"), Column("金额", "money"), Column("日期", "date")]
    rows: list[list[exports.Cell]] = [[words, 0.9793, 1234567.891, MONTH] for words in HOSTILE]
    rows.append(["隐去", "已隐去", None, None])
    made = exports.to_xlsx(scope, "标题", columns, rows, ["T02", "M09"])
    assert made == exports.to_xlsx(scope, "标题", columns, rows, ["T02", "M09"])
    inside = parts_of(made)
    assert not any("<f>" in text or "hyperlink" in text for text in inside.values())
    assert all(f'formatCode="{code}"' in inside["xl/styles.xml"] for code in ("0.0%", "#,##0.00", "yyyy-mm-dd"))
    found = sheets(made)
    assert list(found) == ["数据", "口径", "出处"]
    assert [row[0] for row in found["数据"][1:8]] == list(HOSTILE[:7])
    assert found["数据"][-1][1] == "已隐去"
    expected = ask(
        edition,
        "select name_zh, definition_zh, numerator_zh, denominator_zh from marts.indicators"
        " where indicator_id in ('T02', 'M09') order by sort_order",
    )
    assert [tuple(row[1:5]) for row in found["口径"][1:]] == expected
    assert "人数少于 10" in str(found["口径"][2]) and "Wilson" in str(found["口径"][1])
    origin = str(found["出处"])
    assert (
        Path(edition).stem in origin and "2026-11-21 23:59" in origin and "2026年10月" in origin and "990100" in origin
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_figure_is_taken_with_count_interval_data_cut_and_edition(edition: str, lang: str) -> None:
    scope = scope_of(edition, lang)
    entry = data.indicators(edition)["T02"]
    figure = data.at_level(edition, "T02", "month", MONTH, "city")["990100"]
    text = exports.to_csv(exports.figure_columns(scope), exports.figure_rows(scope, [("全市", figure, entry)])).decode()
    ((value, top, below, low, high),) = ask(
        edition,
        "select value, numerator, denominator, lower, upper from marts.indicator_values where indicator_id = 'T02'"
        " and grain = 'month' and period_start = $1 and area_level = 'city' and dimension = 'all'",
        MONTH,
    )
    line = text.splitlines()[1].split(",")
    assert line[4] == repr(value) and line[7:11] == [f"{top:.0f}", f"{below:.0f}", repr(low), repr(high)]
    assert line[-2:] == ["2026-11-21 23:59", Path(edition).stem]


def test_a_suppressed_figure_is_a_word_wherever_it_could_be_read(edition: str) -> None:
    scope = scope_of(edition)
    entry = data.indicators(edition)["M09"]
    hidden = data.Figure(
        "M09", 1, "month", MONTH, "community", "x", "all", "all", 3.0, 4.0, 7, 8, 0.75, 0.3, 0.9, 1.0, "suppressed",
        datetime(2026, 11, 21, 15, 59, 59), "e",  # noqa: DTZ001  the edition stores UTC without a zone
    )  # fmt: skip
    (row,) = exports.figure_rows(scope, [("某社区", hidden, entry)])
    assert [row[at] for at in (4, 6, 7, 8, 9, 10, 12, 13)] == ["已隐去"] * 8
    (none,) = exports.figure_rows(scope, [("某社区", None, entry)])
    assert none[4] == "—" and none[7] is None


def test_a_picture_carries_title_period_and_edition_and_is_the_same_twice(edition: str) -> None:
    pytest.importorskip("vl_convert", reason="vl-convert-python is not installed")
    scope = scope_of(edition)
    rows = [charts.Dot("<script>x</script>", 0.97, "97%", 0.96, 0.98, "n", "accent")]
    words = dict.fromkeys(("area", "value", "count", "period", "indicator", "cases"), "x")
    spec = charts.dots(rows, "percent", 0.95, "目标 95%", words)
    before = repr(spec)
    drawing = exports.picture(scope, "办结率", spec, "svg").decode()
    assert repr(spec) == before, "the chart on the page is not touched"
    assert "办结率" in drawing and "2026年10月" in drawing and Path(edition).stem in drawing and "目标 95%" in drawing
    assert "<script" not in drawing and "&lt;script" in drawing
    png = exports.picture(scope, "办结率", spec, "png")
    assert png.startswith(b"\x89PNG") and png == exports.picture(scope, "办结率", spec, "png")


def open_page(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_chinese_font_no_png_is_offered_and_the_reader_is_told_why(
    edition: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.fonts.chinese", lambda: False)
    app = open_page("tickets", group="where", lang=lang)
    labels = {button.proto.label for button in app.get("download_button")}
    assert i18n.text(lang, "export_png") not in labels and i18n.text(lang, "export_svg") in labels
    assert i18n.text(lang, "export_no_font") in {caption.value for caption in app.caption}


def test_a_font_is_missing_where_two_letters_are_the_same_box(monkeypatch: pytest.MonkeyPatch) -> None:
    vl_convert = pytest.importorskip("vl_convert", reason="vl-convert-python is not installed")
    monkeypatch.setattr(vl_convert, "svg_to_png", lambda svg: b"box")
    assert not fonts.chinese.__wrapped__()
    monkeypatch.setattr(vl_convert, "svg_to_png", lambda svg: svg.encode())
    assert fonts.chinese.__wrapped__()


def test_only_indicators_without_an_interval_are_said_to_have_none(edition: str) -> None:
    ids = ["Q01", "T02", "T01"]
    about = sheets(exports.to_xlsx(scope_of(edition), "标题", [], [], ids))["口径"]
    column = about[0].index("95% 区间")
    told = {str(row[0])[:3]: row[column] for row in about[1:]}
    assert told == {"Q01": "Wilson 95% 区间", "T02": "Wilson 95% 区间", "T01": "不适用：非比例指标"}


def test_the_overdue_list_is_offered_whole_and_made_only_when_asked_for(
    edition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, tuple[str, Callable[[], bytes]]] = {}

    def keep(scope: object, name: str, form: str, file_name: str, mime: str, make: Callable[[], bytes]) -> None:
        offered[f"{name}.{form}"] = (file_name, make)

    made: list[str] = []
    write = exports.to_csv
    monkeypatch.setattr(exports, "to_csv", lambda *a: made.append("csv") or write(*a))
    monkeypatch.setattr(exports, "_button", keep)
    open_page("tickets", area="990103", group="all")
    assert not made
    name, make = offered["overdue.csv"]
    assert re.fullmatch(r"streetwise-overdue-990103-2026-10-\d{8}T\d{4}Z\.csv", name)
    rows = make().decode("utf-8-sig").splitlines()[1:]
    ((total, longest),) = ask(
        edition, "select count(*), max(days_overdue) from marts.overdue_tickets where district_code = '990103'"
    )
    assert len(rows) == total > 200, "more than the page lists"
    assert rows[0].split(",")[1] == str(longest)
    assert max(len(listed) for _, listed in data.overdue.kept.values()) <= 200, "the file is not kept in memory"
    assert {"ticket_dots.csv", "ticket_dots.xlsx", "ticket_dots.png", "ticket_dots.svg"} <= set(offered)


@pytest.mark.parametrize(("lang", "word"), [("zh", "CSV 表格"), ("en", "Table as CSV")])
def test_the_page_of_definitions_offers_every_figure_of_the_choice(edition: str, lang: str, word: str) -> None:
    app = open_page("definitions", lang=lang)
    assert [button.proto.label for button in app.get("download_button")].count(word) == 1
