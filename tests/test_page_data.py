"""The pages `data` and `definitions`: promises, rules over time, rejects to take away, restatements, origin, history."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import (
    data,
    docs,
    downloads,
    editions,
    history,
    i18n,
    mentions,
    origin,
    promises,
    restatement_ledger,
    rules,
)
from pipelines import background
from pipelines.archive import Archive
from pipelines.contracts.model import ContractError, load_contracts
from pipelines.contracts.model import _freshness as freshness
from pipelines.paths import CONTRACTS
from pipelines.tables import read_tables

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
ZONE = "Asia/Shanghai"
HOSTILE = "<script>alert(1)</script> [x](http://evil.example) $x^2$"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with an edition of an earlier version: without promises, lineage, history and restatements."""
    folder = tmp_path_factory.mktemp("older")
    publish(folder)
    return folder


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose edition has a few lines in each of the newer tables, hostile ones among them."""
    folder = tmp_path_factory.mktemp("told")
    file = publish(folder)
    with duckdb.connect(file) as con:
        con.execute(
            "create table marts.promises (dataset varchar, promise varchar, element varchar, hours double, delivery_kind varchar)"
        )
        con.execute("insert into marts.promises values ('facilities', 'freshness', 'updated_at', 48, 'full')")
        silent = (datetime.now(UTC) - timedelta(hours=5 * 24)).replace(tzinfo=None)
        con.execute("update marts.as_of set as_of = ? where dataset = 'facilities'", [silent])
        con.execute("create table marts.lineage (indicator_id varchar, table_name varchar, depends_on varchar)")
        con.executemany(
            "insert into marts.lineage values ('T03', ?, ?)",
            [
                ("marts.indicator_values", "cube.cells"),
                ("cube.cells", "core.tickets"),
                ("core.tickets", "core.deadlines"),
                ("core.tickets", "landing.tickets"),
                ("core.deadlines", "landing.tickets"),
            ],
        )
        con.execute(
            "create table marts.restatements as select edition, 'e0' as was_edition, 'restatement' as kind, indicator_id, "
            "1 as was_version, 1 as is_version, grain, period_start, area_level, area_code, dimension, member, "
            "0.5 as was_value, 10.0 as was_numerator, 20.0 as was_denominator, target as was_target, 'missed' as was_status, "
            "0.75 as is_value, 15.0 as is_numerator, 20.0 as is_denominator, target as is_target, 'missed' as is_status, "
            "5 as late_rows, 0 as changed_rows, 0 as removed_rows, 0 as mended_rows, 'definition,late_rows' as causes, "
            "'figure' as evidence, ? as why_zh, ? as why_en from marts.indicator_values where indicator_id = 'T02' "
            "and grain = 'month' and period_start = '2026-10-01' and area_level = 'city' and dimension = 'all'",
            [HOSTILE, HOSTILE],
        )
        con.execute("update marts.contract_results set rule_name_zh = ?, rule_name_en = ? where rule_id = 'tickets.rule_2'",
                    [HOSTILE, HOSTILE])  # fmt: skip
        con.execute("update marts.rejects set value = '=cmd()' where dataset = 'tickets'")
        con.execute(
            "create table marts.indicator_history as select indicator_id, version, 'e0' as since_edition, "
            "timestamp '2026-05-01 02:00' as since, 'a' as entry_sha256, 0.8::double as target, name_zh, name_en, "
            "'旧' || definition_zh as definition_zh, ? as definition_en, numerator_zh, numerator_en, denominator_zh, "
            "denominator_en, exclusions_zh, exclusions_en, attribution_zh, attribution_en from marts.indicators "
            "where indicator_id = 'T02'",
            [HOSTILE],
        )
        con.execute(
            "insert into marts.indicator_history by name select * replace ('e1' as since_edition, timestamp '2026-06-01 02:00' "
            "as since, 0.97 as target, 'Share of the tickets.' as definition_en) from marts.indicator_history"
        )
    return folder


def edition_of(city: Path) -> str:
    return str((city / "state" / "published" / "current").resolve())


def open_page(monkeypatch: pytest.MonkeyPatch, city: Path, page: str, **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def html(app: AppTest) -> str:
    return "".join(h.value for h in app.get("html"))


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [re.sub(r"<[^>]+>", " ", h.value) for h in app.get("html")]
    pieces += [str(e.value) for kind in ("header", "subheader", "caption", "info") for e in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def asked(city: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(edition_of(city), read_only=True, config=dict(editions.READER)) as con:
        return con.execute(sql).fetchall()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_data_page_of_the_sample_city_tells_how_every_rule_fared(
    sample_city: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = words(open_page(monkeypatch, sample_city, "data", lang=lang, tab="rules"))
    rows = asked(
        sample_city,
        "select r.dataset, r.rule_id, r.column_name, r.passed from marts.contract_results r "
        "join marts.deliveries d using (delivery_id) where d.mends is null",
    )
    by_rule: dict[tuple[object, ...], list[object]] = {}
    for row in rows:
        by_rule.setdefault(row[:3], []).append(row[3])
    calm = sum(all(passed) for passed in by_rule.values())
    assert (
        f"共 {len(by_rule)} 条规则：{calm} 条历次全部通过" if lang == "zh" else f"{len(by_rule)} rules: {calm} held"
    ) in shown
    tickets = by_rule[("tickets", "ticket_id.required", "ticket_id")]
    assert f"{tickets.count(True)} / {len(tickets)}" in shown


def test_a_strip_has_a_tall_bar_exactly_where_a_delivery_failed(sample_city: Path) -> None:
    import base64

    record = next(r for r in rules.records(edition_of(sample_city)) if r.rule_id == "ticket_id.required")
    expected = asked(
        sample_city,
        "select r.passed from marts.contract_results r join marts.deliveries d using (delivery_id) "
        "where r.dataset = 'tickets' and r.rule_id = 'ticket_id.required' order by d.as_of",
    )
    assert list(record.passed) == [passed for (passed,) in expected]
    svg = base64.b64decode(rules.strip(record.passed).partition(",")[2]).decode()
    assert [height == "5" for height in re.findall(r"height='(\d+)' fill", svg)] == [passed for (passed,) in expected]


def test_a_promise_of_frequency_counts_days_of_the_city_and_one_of_freshness_hours() -> None:
    came = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # 00:30 on the 21st in Shanghai
    daily = promises.Promise("tickets", "frequency", timedelta(days=1), came)
    assert daily.late(datetime(2026, 11, 22, 15, 59, tzinfo=UTC), ZONE) is None
    assert daily.late(datetime(2026, 11, 22, 16, 1, tzinfo=UTC), ZONE) == timedelta(days=1)
    fresh = promises.Promise("tickets", "freshness", timedelta(hours=48), came)
    assert fresh.late(came + timedelta(hours=48), ZONE) is None
    assert fresh.late(came + timedelta(hours=50), ZONE) == timedelta(hours=2)
    assert promises.Promise("areas", "frequency", timedelta(days=1), None).late(came, ZONE) is None


def test_a_source_that_went_silent_is_late_on_the_page_although_nobody_published(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = words(open_page(monkeypatch, told, "data", lang="en"))
    assert "▼ late by 3 days" in shown
    assert "Late against its promise: ▼ Facilities" in shown


def test_all_rejects_of_a_dataset_are_read_for_a_file_and_not_kept_in_memory(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Callable[[], list[list[object]]]] = []
    monkeypatch.setattr(downloads, "offer", lambda name, columns, rows, *more: offered.append(rows))
    app = open_page(monkeypatch, sample_city, "data", tab="rules")
    ((total,),) = asked(
        sample_city,
        f"select count(*) from marts.rejects where dataset = '{app.selectbox(key='rejects_dataset').value}'",
    )
    data.rejects.clear()
    assert len(offered[-1]()) == total
    assert not data.rejects.kept


def test_rejects_are_taken_away_above_their_table_which_shows_a_dash_for_no_column_and_no_cell(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, sample_city, "data", lang="zh", tab="rules")
    (rows,) = [expander for expander in app.expander if expander.label == i18n.text("zh", "rejects_rows")]
    kinds = [element.type for element in rows]
    # the table is drawn a moment later and takes room: what stands below it moves away under a click
    assert kinds.count("download_button") == 2 and kinds[-1] == "dataframe"
    cells = rows.dataframe[0].value
    assert (cells[[i18n.text("zh", "column"), i18n.text("zh", "cell")]] == "—").all(axis=1).any()
    assert not cells.isna().any(axis=None)


def test_rejects_are_taken_away_without_formulas_and_as_masked_as_the_edition_has_them() -> None:
    rows = [[1, "=1+1", -5, "+86", "-x", "@a", "\tb", "\rc", None, "ok"]]
    head = ["=head", *"bcdefghij"]
    text = downloads.as_csv(head, rows).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["'=head", *"bcdefghij"],
        ["1", "'=1+1", "-5", "'+86", "'-x", "'@a", "'\tb", "'\rc", "", "ok"],
    ]
    book = downloads.as_xlsx(head, rows)
    cells = pl.read_excel(book, has_header=False).row(1)
    assert cells[:6] == ("1", "'=1+1", "-5", "'+86", "'-x", "'@a")
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_restated_figure_is_shown_with_was_is_and_why_counted_by_cause(
    told: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert restatement_ledger.causes(edition_of(told)) == {"restatement": {"": 1, "definition": 1, "late_rows": 1}}
    shown = words(open_page(monkeypatch, told, "data", lang=lang, tab="restated"))
    assert re.search(r"50\.0% 10 / 20 75\.0% 15 / 20", shown)
    assert ("迟到的行" if lang == "zh" else "Late rows") in shown


def test_nothing_that_comes_from_data_becomes_markup(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page, tab in (("data", "arrived"), ("data", "rules"), ("data", "restated"), ("definitions", "")):
        app = open_page(monkeypatch, told, page, lang="en", tab=tab)
        assert "<script" not in html(app)
        assert tab in ("arrived", "rules") or "&lt;script&gt;" in html(app)
        assert not any(
            "evil.example" in str(e.value) for kind in ("markdown", "caption", "info") for e in app.get(kind)
        )


def test_the_origin_of_a_figure_goes_from_files_to_pages_in_the_order_of_making(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = origin.reads(edition_of(told), "T03")
    assert origin.in_order(made) == [
        "landing.tickets", "core.deadlines", "core.tickets", "cube.cells", "marts.indicator_values",
    ]  # fmt: skip
    page = html(open_page(monkeypatch, told, "data", lang="en", origin="T03"))
    way = page[page.index("<ol class='sw-way'>") :]
    places = [
        way.index(name)
        for name in ("tickets_20261121", "landing.tickets", "core.tickets", "cube.cells", "marts.indicator_values")
    ]
    assert places == sorted(places)
    assert "<b>Tickets</b>" in way[places[-1] :]


@pytest.mark.parametrize(
    ("indicator_id", "expected"),
    [
        ("M16", ["community", "organisations"]),
        ("T12", ["overview", "tickets"]),
        ("T16", ["community"]),
        ("F12", ["funding"]),
        ("L02", ["service"]),
        ("F06", ["community", "funding", "overview"]),
        ("X99", []),
    ],
)
def test_the_pages_of_an_indicator_are_found_through_what_they_import(indicator_id: str, expected: list[str]) -> None:
    assert mentions.pages(indicator_id) == [*expected, "map", "definitions"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_definition_tells_its_formula_and_what_changed_since_which_edition(
    told: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, told, "definitions", lang=lang, family="T")
    shown = words(app)
    assert re.search(r"(目标|Target) ?: 80% → 97%", shown)
    assert ("e1" in shown) and (i18n.text(lang, "history_first") in shown)
    (top, bottom) = asked(
        told, f"select numerator_{lang}, denominator_{lang} from marts.indicators where indicator_id = 'T02'"
    )[0]
    assert f"Σ {top} ÷ Σ {bottom}" in shown
    assert "M01" not in shown


def test_a_definition_is_found_by_a_word_of_the_other_language(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(monkeypatch, sample_city, "definitions", lang="zh")
    app.text_input(key="definitions_search").set_value("commitment rate").run()
    # as words: an edition published between three and four o'clock is named …T03…
    shown = set(re.findall(r"\b[A-Z][0-9]{2}\b", words(app)))
    assert "F05" in shown and "T03" not in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_older_edition_says_what_it_does_not_know(older: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for tab, key in (("restated", "restated_none"), ("origin", "origin_none"), ("arrived", "promise_none")):
        app = open_page(monkeypatch, older, "data", lang=lang, tab=tab)
        assert i18n.text(lang, key) in words(app), key
        assert i18n.text(lang, "tab_runs") not in app.segmented_control(key="pick_tab").options
    assert i18n.text(lang, "history_unknown") in words(open_page(monkeypatch, older, "definitions", lang=lang))


def test_links_of_data_docs_lead_to_their_place_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "edition-1.duckdb"
    folder = tmp_path / "edition-1-data-docs"
    (folder / "validations").mkdir(parents=True)
    (folder / "index.html").write_text("<body><a href='validations/tickets.html'>tickets</a></body>", encoding="utf-8")
    (folder / "validations" / "tickets.html").write_text(
        "<html><head><style>p { color: red }</style></head><body><h1 id='top'>t</h1><a href='#top'>up</a>"
        "<a href='../index.html'>home</a><a href='https://evil.example/'>out</a><a href=\"javascript:alert(1)\">js</a>"
        "<script>alert(1)</script></body></html>",
        encoding="utf-8",
    )
    book = docs.book(str(file))
    assert re.findall(r'href="(.*?)"', book) == ["about:srcdoc", "#p1", "#p1-top", "#p0", "#p1", "#p1"]
    assert 'id="p1-top"' in book
    assert "p { color: red }" in book
    assert "alert(1)" not in book
    assert "evil.example" not in book


# -- what publishing writes for these pages ---------------------------------------------------------------------------


@pytest.fixture
def edition_file(older: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse with an edition of a small catalogue attached, as while publishing."""
    file = shutil.copy(edition_of(older), tmp_path / "edition.duckdb")
    with duckdb.connect() as con:
        con.execute(f"attach '{file}' as edition_file")
        yield con


def manifest(edition: str, at: str, sha256: str = "a", version: int = 1) -> dict[str, object]:
    entry = {"version": version, "sha256": sha256}
    with duckdb.connect() as con:
        ids = con.execute("select unnest(['T02', 'T03'])").fetchall()
    return {"edition": edition, "published_at": at, "indicators": {i: entry for (i,) in ids}}


def keep_two(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from edition_file.marts.indicators where indicator_id not in ('T02', 'T03')")


def test_a_line_of_history_is_added_only_when_a_definition_says_something_else(
    edition_file: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    con, marts, archive = edition_file, "edition_file.marts", Archive(tmp_path / "none")
    keep_two(con)
    first = {**manifest("e1", "2026-05-01T02:00:00+00:00")}
    assert background._history(con, marts, first, archive, None) == 2
    con.execute("checkpoint edition_file")
    for number, (change, lines) in enumerate(
        [
            ("select 1", 2),
            (f"update {marts}.indicators set definition_zh = '新' where indicator_id = 'T02'", 3),
            (f"update {marts}.standards set value = 0.5 where standard = 'target' and indicator_id = 'T03'", 4),
        ],
        start=2,
    ):
        before = tmp_path / f"before{number}.duckdb"
        con.execute(f"attach '{before}' as kept")
        con.execute("create schema kept.marts")
        con.execute(f"create table kept.marts.indicator_history as from {marts}.indicator_history")
        con.execute("detach kept")
        con.execute(f"drop table {marts}.indicator_history")
        con.execute(change)
        said = manifest(f"e{number}", f"2026-0{number + 4}-01T02:00:00+00:00")
        assert background._history(con, marts, said, archive, before) == lines, change
    found = con.execute(
        f"select indicator_id, since_edition, target from {marts}.indicator_history order by 1, since"
    ).fetchall()
    assert found == [("T02", "e1", 0.97), ("T02", "e3", 0.97), ("T03", "e1", 0.9), ("T03", "e4", 0.5)]


def test_without_a_memory_the_archive_says_when_a_definition_changed(
    edition_file: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    con, archive = edition_file, Archive(tmp_path / "published")
    keep_two(con)
    archive.folder.mkdir(parents=True)
    for name, at, sha256, version in (("e1", "01", "old", 1), ("e2", "02", "old", 1), ("e3", "03", "a", 2)):
        said = manifest(name, f"2026-{at}-01T00:00:00+00:00", sha256, version)
        (archive.folder / f"{name}.json").write_text(json.dumps({**said, "base": None, "parts": {}}))
    now = manifest("e4", "2026-04-01T00:00:00+00:00", "a", 2)
    con.execute("update edition_file.marts.indicators set version = 2")
    assert background._history(con, "edition_file.marts", now, archive, None) == 4
    found = con.execute(
        "select version, since_edition, definition_zh is not null from edition_file.marts.indicator_history "
        "where indicator_id = 'T02' order by since"
    ).fetchall()
    assert found == [(1, "e1", False), (2, "e3", True)]


def test_lineage_and_promises_are_those_of_the_sql_and_the_contracts(edition_file: duckdb.DuckDBPyConnection) -> None:
    con, marts = edition_file, "edition_file.marts"
    background._lineage(con, marts, read_tables())
    found = set(
        con.execute(f"select table_name, depends_on from {marts}.lineage where indicator_id = 'T03'").fetchall()
    )
    assert {("core.ticket_states", "landing.tickets"), ("cube.figures", "cube.cells")} <= found
    assert not any("payments" in other for _, other in found)
    background._promises(con, marts)
    text = "\n".join(f.read_text("utf-8") for f in CONTRACTS.glob("*.odcs.yaml"))
    rows = con.execute(f"select promise, count(*) from {marts}.promises group by 1").fetchall()
    assert dict(rows) == {kind: text.count(f"property: {kind},") for kind in ("freshness", "frequency")}
    assert set(load_contracts()) == {d for (d,) in con.execute(f"select dataset from {marts}.promises").fetchall()}


def test_a_service_level_that_nothing_holds_is_refused() -> None:
    with pytest.raises(ContractError, match="latency"):
        freshness([{"property": "latency", "value": 4, "unit": "h"}])


def test_no_query_of_these_pages_takes_longer_than_50_ms_on_the_sample_city(sample_city: Path) -> None:
    edition = edition_of(sample_city)
    from time import perf_counter

    from dashboards import data

    data.city(edition)
    asks = (
        lambda: rules.records.__wrapped__(edition),
        lambda: promises.promises.__wrapped__(edition),
        lambda: restatement_ledger.causes.__wrapped__(edition),
        lambda: restatement_ledger.lines.__wrapped__(edition, "restatement", "", 30),
        lambda: origin.files.__wrapped__(edition),
        lambda: origin.reads.__wrapped__(edition, "T03"),
        lambda: history.versions.__wrapped__(edition),
        lambda: history.earlier_figures.__wrapped__(edition),
        lambda: data.rejects.__wrapped__(edition, "tickets", 50_000),
    )
    for ask in asks:
        took = []
        for _ in range(3):
            started = perf_counter()
            ask()
            took.append(perf_counter() - started)
        # The machine of the tests is shared: the best of three, with room.
        assert min(took) < 0.15, min(took)
