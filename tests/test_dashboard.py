"""The pages of the dashboard, run without a browser on a small made-up edition."""

from __future__ import annotations

import ast
import json
import os
import re
from datetime import date
from html import unescape
from pathlib import Path
from zlib import crc32

import duckdb
import pytest
from editions import AS_OF_ON, Shape, publish
from streamlit.testing.v1 import AppTest

from dashboards import chances, charts, controls, data, docs, editions, formats, i18n, periods
from pipelines.city import DEFAULT_CITY

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
PAGES = (
    *(
        "overview",
        "tickets",
        "organisations",
        "funding",
        "service",
        "community",
        "ranking",
        "map",
        "data",
        "definitions",
        "bulletin",
    ),
)
LAST_MONTH = date(2026, 10, 1)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city folder with one published edition."""
    folder = tmp_path_factory.mktemp("city")
    publish(
        folder, shape=Shape(problems=({"dataset": "payments", "message_zh": "未送达", "message_en": "did not come"},))
    )
    return folder


@pytest.fixture(autouse=True)
def _serve(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(city))


@pytest.fixture
def edition() -> str:
    """The resolved path of the published edition."""
    found = editions.current()
    assert found is not None
    return found


def open_page(page: str = "overview", **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py")
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [re.sub(r"<[^>]+>", " ", h.value) for h in app.get("html")]
    for kind in ("markdown", "header", "subheader", "caption", "warning", "info", "title"):
        pieces += [str(element.value) for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def address(app: AppTest) -> dict[str, str]:
    """The address parameters after the last run."""
    return {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}


def cell(edition: str, sql: str, *parameters: object) -> tuple[object, ...]:
    """One row, asked on a connection of the test's own."""
    with duckdb.connect(edition, read_only=True, config=dict(editions.READER)) as con:
        row = con.execute(sql, list(parameters)).fetchone()
    assert row is not None
    return tuple(row)


def city_value(edition: str, indicator_id: str) -> float:
    (value,) = cell(
        edition,
        "select value from marts.indicator_values where indicator_id = ? and grain = 'month' and period_start = ? "
        "and area_level = 'city' and dimension = 'all'",
        indicator_id,
        LAST_MONTH,
    )
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_both_languages_and_names_edition_and_as_of(page: str, lang: str, edition: str) -> None:
    shown = words(open_page(page, lang=lang))
    assert Path(edition).stem in shown
    assert "2026-11-22 00:00" in shown
    assert i18n.text(lang, f"title_{page}", city=("示例市", "Sample City")[lang == "en"]) in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_overview_shows_the_last_complete_month_with_value_count_interval_and_target(
    lang: str, edition: str
) -> None:
    shown = words(open_page(lang=lang))
    top, bottom, lower, upper = cell(
        edition,
        "select numerator, denominator, lower, upper from marts.indicator_values where indicator_id = 'T02' "
        "and grain = 'month' and period_start = ? and area_level = 'city' and dimension = 'all'",
        LAST_MONTH,
    )
    assert formats.percent(city_value(edition, "T02")) in shown
    assert f"{top:,.0f} / {bottom:,.0f}" in shown
    assert f"{100 * float(str(lower)):.1f}–{100 * float(str(upper)):.1f}%" in shown
    assert f"{city_value(edition, 'T01'):,.0f}" in shown
    assert ("目标 97%" if lang == "zh" else "target 97%") in shown
    assert ("2026年10月" if lang == "zh" else "October 2026") in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("page", "ids"), [("tickets", ("T01", "T11", "T12")), ("organisations", ("M01", "M04"))])
def test_headline_counts_are_on_their_page(page: str, ids: tuple[str, ...], lang: str, edition: str) -> None:
    shown = words(open_page(page, lang=lang))
    for indicator_id in ids:
        assert f"{city_value(edition, indicator_id):,.0f}" in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_funding_page_names_both_execution_rates(lang: str, edition: str) -> None:
    shown = words(open_page("funding", lang=lang))
    names = ("预算执行率", "到位资金执行率") if lang == "zh" else ("(of budget)", "(of receipts)")
    assert all(name in shown for name in names)
    assert formats.percent(city_value(edition, "F03")) in shown
    assert formats.percent(city_value(edition, "F04")) in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_cell_about_few_people_says_that_it_is_suppressed_and_shows_no_number(lang: str, edition: str) -> None:
    code, status = cell(
        edition,
        "select area_code, status from marts.indicator_values where indicator_id = 'M17' and grain = 'month' "
        "and period_start = ? and area_level = 'community' and status = 'suppressed' order by area_code limit 1",
        LAST_MONTH,
    )
    app = open_page("organisations", area=str(code), lang=lang)
    assert status == "suppressed"
    assert i18n.text(lang, "suppressed") in words(app)
    assert i18n.text(lang, "status_suppressed", n=10) in words(app)


def test_a_figure_without_cases_is_a_dash_and_never_zero_per_cent() -> None:
    indicator = data.indicators(str(editions.current()))["T02"]
    empty = data.Figure(
        "T02",
        1,
        "month",
        LAST_MONTH,
        "city",
        "440300",
        "all",
        "all",
        0.0,
        0.0,
        0,
        0,
        None,
        None,
        None,
        0.97,
        "no_cases",
        None,
        "e",
    )
    assert formats.value(empty, indicator, "zh") == "—"
    assert formats.value(None, indicator, "en") == "—"


def test_an_open_period_is_marked_provisional() -> None:
    shown = words(open_page(period="2026-11"))
    assert "2026年11月" in shown
    assert "◌ 暂定" in shown


def test_every_tile_carries_its_passport() -> None:
    app = open_page(lang="en")
    passports = [h.value for h in app.get("html") if "sw-passport" in h.value]
    assert len(passports) >= 8
    for needed in ("Numerator", "Excluded", "Pending", "95% interval", "Data as of", "Edition", "Status"):
        assert any(needed in p for p in passports), needed


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_unknown_values_in_the_address_are_refused_kindly(page: str, lang: str) -> None:
    app = open_page(page, area="nowhere", period="2031-05", lang=lang)
    warnings = words(app)
    assert "nowhere" in warnings
    assert "2031-05" in warnings
    assert formats.period("month", LAST_MONTH, lang) in words(app)
    assert "area" not in app.query_params
    assert "period" not in app.query_params


def test_markup_in_the_address_is_shown_as_text() -> None:
    app = open_page(area="![x](https://example.org/x.png)<img src=x>")
    notes = [h.value for h in app.get("html") if "sw-note" in h.value and "example.org" in h.value]
    assert len(notes) == 1
    assert "<img" not in notes[0]
    assert not any("example.org" in m.value for m in app.markdown)


def test_an_unknown_language_and_grain_fall_back() -> None:
    app = open_page(lang="xx", grain="decade")
    warnings = words(app)
    assert "xx" in warnings
    assert "decade" in warnings
    assert i18n.text("zh", "title_overview", city="示例市") in words(app)
    assert "2026年10月" in words(app)


def test_a_deep_link_survives_the_change_of_page() -> None:
    app = open_page(area="440301", period="2026-08", lang="en")
    app.switch_page("app_pages/tickets.py").run()
    assert not app.exception
    assert address(app)["area"] == "440301"
    assert address(app)["period"] == "2026-08"
    assert "August 2026" in words(app)
    assert "District 1" in words(app)


def test_the_controls_write_the_address() -> None:
    app = open_page()
    app.selectbox(key="pick_area").select("440301").run()
    app.segmented_control(key="pick_lang").set_value("en").run()
    app.selectbox(key="pick_period").select(date(2026, 9, 1)).run()
    assert not app.exception
    assert address(app)["area"] == "440301"
    assert address(app)["lang"] == "en"
    assert address(app)["period"] == "2026-09"
    app.segmented_control(key="pick_grain").set_value("quarter").run()
    assert address(app)["period"] == "2026-Q3"
    assert "Q3 2026" in words(app)


def test_communities_are_never_a_bare_league_table() -> None:
    app = open_page(area="440301001")
    assert i18n.text("zh", "ladder_note") in words(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_problems_of_the_last_refresh_stand_above_every_page(lang: str) -> None:
    for page in PAGES:
        assert ("未送达" if lang == "zh" else "did not come") in words(open_page(page, lang=lang))


def test_the_data_page_shows_deliveries_failed_rules_and_rejects() -> None:
    assert "published" in words(open_page("data", lang="en"))
    shown = words(open_page("data", lang="en", tab="rules"))
    assert "Rule 2 holds" in shown
    assert "Not a date." in shown


def ledger_of(app: AppTest) -> list[dict[str, object]]:
    """The rows of the ledger as the page shows them in English."""
    rows: list[dict[str, object]] = app.dataframe[0].value.to_dict("records")
    return rows


def test_rows_received_are_rows_loaded_rejected_deduplicated_and_left_out(edition: str) -> None:
    for row in data.intake(edition):
        fates = (row["rows_loaded"], row["rows_rejected"], row["rows_deduplicated"], row["rows_left_out"])
        assert row["rows_in"] == sum(fates), row["dataset"]


def test_corrected_rows_count_in_their_first_file_and_not_once_more(edition: str) -> None:
    (tickets,) = [row for row in data.intake(edition) if row["dataset"] == "tickets"]
    assert (tickets["files"], tickets["rows_in"], tickets["rows_loaded"]) == (1, 10_025, 9_998)
    shown = words(open_page("data", lang="en"))
    # 10,000 to 10,008 rows of nine datasets and the 17 of tickets that their mapping left out.
    assert "9 datasets arrived in 9 files with 90,053 rows" in shown
    assert "10,025 9,998 7 3 17" in shown


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("zh", ("共核对 31 次：通过 18 次，历史不足未判断 9 次，提醒 2 次，准予放行 1 次，拦下 1 次。", "◐ 提醒，已放入", "未知区划 · area_code")),
        ("en", ("31 judgements: 18 passed, 9 could not be judged yet, 2 warned, 1 overridden, 1 blocked.", "▼ blocked", "Row count")),
    ],
)  # fmt: skip
def test_the_data_page_shows_what_guards_found_and_who_answers_for_an_override(
    lang: str, told: tuple[str, ...]
) -> None:
    shown = words(open_page("data", lang=lang))
    assert all(piece in shown for piece in told)
    until = "至 2026-12-31" if lang == "zh" else "until 2026-12-31"
    assert f"王主任 · 年度预算一次下达 · {until}" in shown


def test_of_equal_warnings_the_newest_is_shown_and_the_others_are_counted() -> None:
    shown = words(open_page("data", lang="en"))
    assert "3 rows have an area_code" in shown and "1 other deliveries had the same warning" in shown
    assert "yesterday: 2 rows." not in shown


def test_the_data_page_counts_what_was_normalised_and_what_a_source_remarked() -> None:
    shown = words(open_page("data", lang="en"))
    assert "1,204 control characters in tickets_20261121.csv were taken out. 1,204" in shown
    assert "This endpoint tells no time of update" in shown


def test_a_refused_file_that_was_replaced_is_not_open_and_one_that_was_not_is_named() -> None:
    shown = words(open_page("data", lang="en"))
    assert "nothing came in its place: ▼ Payments" in shown
    assert "payments_20261122.xlsx 120 known keys are missing. No longer in refused/payments/" in shown
    assert "The header lacks the column ticket_id." not in shown


@pytest.mark.parametrize(
    ("set_aside", "place"), [(True, "The file lies in refused/tickets/"), (False, "The file stays where it is")]
)
def test_a_file_that_the_last_refresh_refused_is_open_with_its_place(
    set_aside: bool, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    publish(tmp_path)
    problem = {
        "dataset": "tickets", "message_zh": "缺少列。", "message_en": "A column is missing.", "file_name": "<b>t.xlsx",
        "refused_at": "2026-11-22T17:00:00Z", "set_aside": set_aside,
    }  # fmt: skip
    report = {"finished_at": "2026-11-22T17:05:00Z", "outcome": "failed", "edition": None, "problems": [problem]}
    (tmp_path / "state/published/last_refresh.json").write_text(json.dumps(report), encoding="utf-8")
    app = open_page("data", lang="en")
    assert "Tickets 2026-11-23 01:00 &lt;b&gt;t.xlsx A column is missing. " + place in words(app)
    assert "nothing came in its place: ▼ Tickets, Payments" in words(app)


def test_the_overview_says_in_one_line_what_is_amiss_with_the_deliveries() -> None:
    line = "报送提醒 · 被拒收未补：收支 · 与往常不同：预算、诉求工单 · 详见“数据质量”"
    assert line in words(open_page())


def test_the_ledger_is_narrowed_by_dataset_and_outcome() -> None:
    app = open_page("data", lang="en")
    assert len(ledger_of(app)) == 13
    app.selectbox(key="ledger_dataset").select("tickets").run()
    assert {row["File"] for row in ledger_of(app)} == {
        "tickets_20261121.csv", "tickets_20261120.csv", "tickets-1-corrected.xlsx",
    }  # fmt: skip
    app.selectbox(key="ledger_outcome").select("refused").run()
    (row,) = ledger_of(app)
    assert row == {
        "Dataset": "Tickets", "File": "tickets_20261120.csv", "Outcome": "▼ refused", "Arrived": "2026-11-21 00:00",
        "Received": 12, "Loaded": 0, "Unchanged": 0, "Rejected": 12, "Duplicates": 0, "Left out": 0, "Removed": 0,
        "Reason": "The header lacks the column ticket_id.", "Corrects": "", "Data as of": "—", "Kind": "full",
        "Source": "tickets", "Size": "900 B", "SHA-256 (first 12)": (f"{crc32(b'tickets-0'):08x}" * 2)[:12],
        "Run": "0f3c9a1e",
    }  # fmt: skip
    app.selectbox(key="ledger_outcome").select("superseded").run()
    assert i18n.text("en", "ledger_none") in words(app)


def test_corrected_rows_name_the_file_that_they_correct(edition: str) -> None:
    _, rows = data.ledger(edition, "tickets", "loaded", 10)
    assert {row["file_name"]: row["mends"] for row in rows} == {
        "tickets_20261121.csv": None, "tickets-1-corrected.xlsx": "tickets_20261121.csv",
    }  # fmt: skip
    total, one = data.ledger(edition, None, None, 1)
    assert (total, len(one)) == (13, 1)


def test_a_size_is_written_in_its_unit() -> None:
    assert [formats.size(n) for n in (None, 900, 6_400, 1_200_000, 2_500_000_000)] == [
        "—", "900 B", "6.4 kB", "1.2 MB", "2.5 GB",
    ]  # fmt: skip


def test_every_kind_of_guard_and_outcome_has_words_in_both_languages() -> None:
    kinds = re.findall(r"^\| `(\w+)` \|", guards_of_the_documents(), re.MULTILINE)
    assert len(kinds) == 9
    for key in [*(f"guard_{kind}" for kind in kinds), "judged_warned", "judged_overridden", "judged_blocked"]:
        assert key in i18n.WORDS, key


def guards_of_the_documents() -> str:
    """The section on guards of docs/city.md."""
    text = (ROOT / "docs" / "city.md").read_text(encoding="utf-8")
    return text.partition("## Guards")[2].partition("## overrides.yaml")[0]


def test_data_docs_open_inside_the_page_without_scripts_or_addresses(edition: str) -> None:
    app = open_page("data", tab="docs")
    app.toggle(key="docs_open").set_value(True).run()
    assert not app.exception
    page = docs.book(edition)
    assert "default-src 'none'" in page
    assert set(re.findall(r"""href=["'](.*?)["']""", page)) == {"about:srcdoc", "#p1"}


def test_definitions_are_searched_by_any_word() -> None:
    app = open_page("definitions", lang="en")
    app.text_input(key="definitions_search").set_value("budget execution receipts").run()
    assert not app.exception
    assert i18n.text("en", "found", n=1) in words(app)
    assert "F04" in words(app)


@pytest.mark.parametrize("page", ["data", "bulletin"])
def test_a_page_about_the_whole_edition_has_no_area_or_period_and_keeps_those_of_the_others(page: str) -> None:
    app = open_page("tickets", area="440301", period="2026-08")
    app.switch_page(f"app_pages/{page}.py").run()
    keys = {box.key for box in [*app.selectbox, *app.segmented_control]}
    assert not keys & {"pick_area", "pick_grain", "pick_period"} and "pick_lang" in keys
    app.switch_page("app_pages/tickets.py").run()
    assert (app.selectbox(key="pick_area").value, app.selectbox(key="pick_period").value) == (
        "440301",
        date(2026, 8, 1),
    )


def test_the_part_of_the_data_page_lives_in_the_address() -> None:
    app = open_page("data", tab="rules", lang="en")
    assert app.segmented_control(key="pick_tab").value == "rules"
    app.segmented_control(key="pick_tab").set_value("origin").run()
    assert address(app)["tab"] == "origin"
    assert not app.exception
    assert "“nothing” is no choice of “Which part”" in words(open_page("data", tab="nothing", lang="en"))
    assert open_page("data", origin="T03").segmented_control(key="pick_tab").value == "origin"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_link_opens_one_entry_of_the_catalogue_and_the_others_stay_closed(lang: str) -> None:
    entries = [
        h.value for h in open_page("definitions", entry="F06", lang=lang).get("html") if "class='sw-entry'" in h.value
    ]
    assert "<details class='sw-entry' open>" in entries[0] and "F06" in entries[0].split("</summary>")[0]
    assert not any(" open>" in entry for entry in entries[1:]) and len(entries) > 20
    assert "entry=F06" in entries[0] and (lang == "zh" or "lang=en" in entries[0])
    app = open_page("definitions", entry="<b>X9", lang=lang)
    assert "“<b>X9”" in unescape(" ".join(h.value for h in app.get("html")))
    app.text_input(key="definitions_search").set_value("F06").run()
    (found,) = [h.value for h in app.get("html") if "class='sw-entry'" in h.value]
    assert " open>" in found


def test_before_the_first_edition_the_page_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    app = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    assert not app.exception
    assert app.header[0].value == i18n.text("zh", "no_edition_title")
    assert app.code[0].value == "streetwise refresh"


def test_a_new_edition_is_read_from_its_own_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    publish(tmp_path, 1)
    before = words(open_page())
    publish(tmp_path, 2, Shape(extra_tickets=5000))
    after = words(open_page())
    first, second = sorted((tmp_path / "state" / "published").glob("*.duckdb"))
    assert f"{city_value(str(first), 'T01'):,.0f}" in before
    assert f"{city_value(str(second), 'T01'):,.0f}" in after
    assert city_value(str(second), "T01") == city_value(str(first), "T01") + 5000


@pytest.mark.parametrize(
    "sql", ["select * from read_text('/etc/hostname')", "create table t (x int)", "set threads = 1", "install icu"]
)
def test_the_reader_can_neither_leave_its_file_nor_write(sql: str, edition: str) -> None:
    with pytest.raises(duckdb.Error):
        data.ask(edition, sql)


def test_no_word_lacks_a_language() -> None:
    for key, pair in i18n.WORDS.items():
        assert len(pair) == 2 and all(pair), key
        assert set(re.findall(r"{(\w+)", pair[0])) == set(re.findall(r"{(\w+)", pair[1])), key


def test_every_word_a_page_asks_for_exists() -> None:
    asked: set[str] = set()
    for file in (ROOT / "dashboards").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else name
            if isinstance(node, ast.Call) and name in ("t", "text") and len(node.args) > 1:
                key = node.args[1]
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    asked.add(key.value)
    assert asked - set(i18n.WORDS) == set()
    assert len(asked) > 100


#: Units and dates are written by these; the full-width signs of `exports` are those that begin a formula.
OUTSIDE_WORDS = ("i18n.py", "formats.py", "exports.py")
#: Calls of Streamlit whose first argument a reader sees.
SHOWN = {
    *("header", "subheader", "title", "caption", "markdown", "text", "write", "info", "warning", "error", "success"),
    *("button", "download_button", "form_submit_button", "popover", "expander", "toggle", "checkbox", "radio"),
    *(
        "selectbox",
        "multiselect",
        "segmented_control",
        "pills",
        "slider",
        "text_input",
        "text_area",
        "html",
        "progress",
    ),
}


def literals(node: ast.AST) -> list[str]:
    """The texts that stand in an expression itself, not in what it hands on to other calls."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr | ast.IfExp) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
        return [text for child in ast.iter_child_nodes(node) for text in literals(child)]
    return []


def strays(source: str, *, chinese: bool = True) -> list[str]:
    """Words for readers that stand in the code: Chinese in any text, any language in what Streamlit or a tag shows."""
    tree = ast.parse(source)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            if chinese and re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uffef]", node.value):
                found.append(node.value)
            between = re.findall(r"<(?!style)/?[a-z][^<>]*>([^<>]*)<", node.value)
            found += [text for text in between if re.search(r"[A-Za-z]{2}", re.sub(r"&\w+;", "", text))]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in SHOWN
            and node.args
        ):
            on = node.func.value
            if isinstance(on, ast.Name) and on.id in ("st", "left", "right", "head"):
                texts = [re.sub(r"<[^>]*>?|^[^<]*>|[\w-]+=['\"]", "", text) for text in literals(node.args[0])]
                found += [text for text in texts if re.search(r"[A-Za-z]{2}", re.sub(r"&\w+;", "", text))]
    return found


def test_no_word_for_readers_stands_outside_the_files_of_words() -> None:
    assert sorted(strays("st.button('Send')\nx = '发送'\ny = '<b>Total</b>'")) == ["Send", "Total", "发送"]
    for file in (ROOT / "dashboards").rglob("*.py"):
        if "words" not in file.parts:
            shown = strays(file.read_text(encoding="utf-8"), chinese=file.name not in OUTSIDE_WORDS)
            assert shown == [], file


def test_dashboards_know_nothing_of_pipelines() -> None:
    for file in (ROOT / "dashboards").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "pipelines" for name in names), file


@pytest.mark.parametrize(
    ("grain", "start", "written"),
    [
        ("week", date(2026, 11, 16), "2026-W47"),
        ("month", date(2026, 10, 1), "2026-10"),
        ("quarter", date(2026, 10, 1), "2026-Q4"),
        ("year", date(2026, 1, 1), "2026"),
    ],
)
def test_a_period_is_written_and_read_the_same(grain: str, start: date, written: str) -> None:
    assert periods.token(grain, start) == written
    assert periods.parse(grain, written) == start
    assert periods.grain_of(written) == grain
    assert periods.previous_start(grain, periods.next_start(grain, start)) == start


def test_a_period_that_names_nothing_is_refused() -> None:
    assert periods.parse("month", "2026-13") is None
    assert periods.parse("week", "2026-W60") is None
    assert periods.parse("quarter", "2026-Q5") is None


def test_the_default_period_is_the_last_one_that_is_over(edition: str) -> None:
    assert controls.default_start(edition, "month") == LAST_MONTH
    assert periods.is_complete("month", LAST_MONTH, AS_OF_ON)
    assert not periods.is_complete("month", date(2026, 11, 1), AS_OF_ON)


def test_a_percentage_never_hides_a_miss_or_feigns_a_hundred() -> None:
    assert formats.percent(0.972) == "97.2%"
    assert formats.percent(0.96981, 0.97, met=False) == "96.98%"
    assert formats.percent(0.9998) == "99.98%"
    assert formats.percent(1.0) == "100.0%"
    assert formats.percent(0.0) == "0.0%"


def test_money_is_written_as_each_language_counts() -> None:
    assert formats.money(56_670_000, "zh") == "5,667.0 万元"
    assert formats.money(123_456_789, "zh") == "1.23 亿元"
    assert formats.money(56_670_000, "en") == "¥56.67 m"
    assert formats.money(980, "zh") == "980 元"


def test_one_miss_in_two_is_bad_luck_and_fifteen_in_a_hundred_is_not() -> None:
    assert chances.at_most(1, 2, 0.97) == pytest.approx(1 - 0.97**2)
    assert chances.at_most(85, 100, 0.97) < 0.001
    assert chances.at_most(2, 2, 0.97) == 1.0


def test_a_sparkline_keeps_a_fixed_scale_and_breaks_at_gaps() -> None:
    assert charts.spark_scale([0.961, 0.965], "percent", 0.97) == (pytest.approx(0.9), 1.0)
    assert charts.spark_scale([0.5, 0.965], "percent", None) == (0.5, 1.0)
    assert charts.spark_scale([12, 88], "count", None) == (0.0, 100.0)


def test_every_page_and_address_parameter_is_documented() -> None:
    text = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"`{page}`" in text, page
    for parameter in ("area", "period", "grain", "lang"):
        assert f"`{parameter}`" in text, parameter


def test_the_city_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert editions.city_folder() == Path(os.environ["STREETWISE_CITY"])
    monkeypatch.delenv("STREETWISE_CITY")
    assert editions.city_folder() == DEFAULT_CITY


def test_every_block_of_the_style_sheet_is_closed() -> None:
    depth = 0
    for number, line in enumerate((ROOT / "dashboards" / "style.css").read_text(encoding="utf-8").splitlines(), 1):
        assert depth == 0 or not line.startswith(("/*", "@media", ".")), f"line {number} stands inside another block"
        depth += line.count("{") - line.count("}")
    assert depth == 0
