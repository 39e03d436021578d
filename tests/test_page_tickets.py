"""The page of tickets: its figures against SQL of the test's own, and what it does with empty and hostile editions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest
from editions import AS_OF_ON, CITY, publish
from landing import build, empty_warehouse, insert
from reading_pages import HOSTILE, TINY, change, lines, open_page, reader, table_rows, tile, words
from streamlit.testing.v1 import AppTest
from test_indicators import AREAS, at, ticket

from dashboards.ticket_parts import BANDS

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _serve(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))


@cache
def opened(**query: str) -> AppTest:
    """All parts of the page over the sample city; who changes it opens one of their own."""
    return everything(**query)


def everything(**query: str) -> AppTest:
    """The page with all its parts."""
    return open_page("tickets", **{"group": "all", **query})


@pytest.fixture(scope="module")
def con(sample_city: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of the test's own to the edition of the sample city."""
    found = reader(sample_city)
    yield found
    found.close()


def figure(
    con: duckdb.DuckDBPyConnection, indicator_id: str, start: date, dimension: str = "all", member: str = "all"
) -> tuple[float, float, float]:
    """Numerator, denominator and value of a month of the city."""
    (row,) = con.execute(
        "select numerator, denominator, value from marts.indicator_values where indicator_id = ? and grain = 'month' "
        "and period_start = ? and area_level = 'city' and dimension = ? and member = ?",
        [indicator_id, start, dimension, member],
    ).fetchall()
    return float(row[0]), float(row[1] or 0), float(row[2])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_sets_what_handlers_claim_against_what_residents_answer(
    lang: str, con: duckdb.DuckDBPyConnection
) -> None:
    shown = lines(opened(lang=lang))
    names = {
        "T02": ("承办单位报：已办结", "Handlers say: resolved"),
        "T05": ("居民答：已解决", "Residents say: resolved"),
        "T08": ("报了办结，居民说没全解决", "Said resolved, residents disagree"),
        "T07": ("问到了居民的", "Residents asked at all"),
    }
    for indicator_id, pair in names.items():
        top, bottom, _ = figure(con, indicator_id, OCTOBER)
        text, widths = shown[pair[lang == "en"]]
        assert f"{top:,.0f} / {bottom:,.0f}" in text
        assert f"{100 * top / bottom:.1f}%" in text
        assert widths[0] == pytest.approx(100 * top / bottom, abs=0.01)
    top, bottom, _ = figure(con, "T07", OCTOBER)
    assert shown[names["T07"][lang == "en"]][1][1] == pytest.approx(100 - 100 * top / bottom, abs=0.02)
    assert f"{100 - 100 * top / bottom:.1f}%" in words(opened(lang=lang))


def test_what_pending_tickets_can_still_make_of_the_month_is_said_and_drawn(con: duckdb.DuckDBPyConnection) -> None:
    (row,) = con.execute(
        "select numerator, denominator, pending, target from marts.indicator_values where indicator_id = 'T02' and "
        "grain = 'month' and period_start = ? and area_level = 'city' and dimension = 'all'",
        [NOVEMBER],
    ).fetchall()
    resolved, accepted, pending, target = row
    worst, best = resolved / accepted, (resolved + pending) / accepted
    assert worst < target <= best
    app = opened(period="2026-11", lang="en")
    said = f"{pending:,.0f} tickets are not yet due: the resolution rate will end between {100 * worst:.1f}% and {100 * best:.1f}%"
    assert f"{said}; whether it reaches the target ({100 * target:.0f}%) is open." in words(app)
    widths = lines(app)["Handlers say: resolved"][1]
    assert widths == pytest.approx([100 * worst, 100 * (best - worst)], abs=0.02)
    assert "not yet due" not in words(open_page("tickets", lang="en"))


def test_one_part_stands_below_the_headline_figures_and_the_address_names_it() -> None:
    app = open_page("tickets", lang="en")
    titles = {s.value for s in app.subheader}
    assert {"Claimed and confirmed", "Claimed, and not so"} == titles
    app.segmented_control(key="pick_group").set_value("late").run()
    assert app.query_params["group"] in ("late", ["late"])
    assert "How long it has been open" in {s.value for s in app.subheader}
    assert "Claimed and confirmed" not in {s.value for s in app.subheader}
    whole = {s.value for s in opened(lang="en").subheader}
    assert {
        "Claimed and confirmed",
        "How long it has been open",
        "How much comes in",
        "What the rates leave out",
    } <= whole


def test_the_tree_of_the_backlog_holds_the_overdue_tickets_of_every_area_and_no_markup(
    con: duckdb.DuckDBPyConnection, sample_city: Path
) -> None:
    app = open_page("tickets", group="late", area="990103", lang="en")
    app.toggle(key="backlog_tree").set_value(True).run()
    assert not app.exception
    (chart,) = app.get("plotly_chart")
    (trace,) = json.loads(chart.proto.spec)["data"]
    overdue = dict(
        con.execute(
            "select area_code, sum(overdue) from marts.backlog_ages where area_code = '990103' or area_code like '990103%' "
            "group by 1 having sum(overdue) > 0"
        ).fetchall()
    )
    current = {
        code
        for (code,) in con.execute("select area_code from marts.areas where is_current and level <> 'grid'").fetchall()
    }
    assert dict(zip(trace["ids"], trace["values"], strict=True)) == {
        code: n for code, n in overdue.items() if code in current
    }
    assert trace["parents"][0] == "" and set(trace["parents"][1:]) <= set(trace["ids"])


def test_a_month_that_still_runs_is_not_compared_with_a_whole_one() -> None:
    assert "Not compared with the period before" in tile(opened(period="2026-11", lang="en"), "Tickets received")
    assert "on last month" in tile(opened(lang="en"), "Tickets received")
    assert "on last month" in tile(opened(period="2026-11", lang="en"), "Backlog")


@pytest.mark.parametrize(("lang", "consultation"), [("zh", "咨询"), ("en", "Consultation")])
def test_exclusions_stand_by_reason_beside_the_rates_with_them(
    lang: str, consultation: str, con: duckdb.DuckDBPyConnection
) -> None:
    app = opened(lang=lang)
    counts = dict(
        con.execute(
            "select exclusion_code, tickets from marts.ticket_exclusions where grain = 'month' and period_start = ? "
            "and area_level = 'city'",
            [OCTOBER],
        ).fetchall()
    )
    received, _, _ = figure(con, "T01", OCTOBER)
    rows = {row[0]: row[2:] for row in table_rows(app, "原因" if lang == "zh" else "Reason")}
    everything = received + sum(counts.values())
    assert rows[consultation] == [f"{counts['consultation']}", f"{100 * counts['consultation'] / everything:.1f}%"]
    assert sum(int(row[0]) for row in rows.values()) == sum(counts.values())
    rates = {row[0]: row for row in table_rows(app, "指标" if lang == "zh" else "Indicator")}
    for indicator_id, name in (("T02", ("办结率", "Resolution rate")), ("T03", ("按时办结率", "On-time rate"))):
        top, bottom, value = figure(con, indicator_id, OCTOBER)
        ((raw_top, raw_bottom),) = con.execute(
            "select numerator, denominator from marts.rates_before_exclusions where indicator_id = ? and grain = 'month' "
            "and period_start = ? and area_level = 'city'",
            [indicator_id, OCTOBER],
        ).fetchall()
        gap = f"{100 * (value - raw_top / raw_bottom):+.1f} {'个百分点' if lang == 'zh' else 'pp'}".replace("-", "−")
        assert rates[name[lang == "en"]][1:] == [
            f"{100 * value:.1f}% {top:,.0f} / {bottom:,.0f}",
            f"{100 * raw_top / raw_bottom:.1f}% {raw_top:,} / {raw_bottom:,}",
            gap,
        ]


def test_the_kind_of_division_lives_in_the_address(con: duckdb.DuckDBPyConnection) -> None:
    app = everything(dimension="category_1", lang="en")
    expected = con.execute(
        "select member, value from marts.indicator_values where indicator_id = 'T01' and grain = 'month' and period_start = ? "
        "and area_level = 'city' and dimension = 'category_1' order by value desc, member",
        [OCTOBER],
    ).fetchall()
    total = sum(value for _, value in expected)
    rows = table_rows(app, "Category")
    assert [(row[0], row[2]) for row in rows] == [(m, f"{v:,.0f} {100 * v / total:.1f}%") for m, v in expected]
    top, bottom, _ = figure(con, "T03", OCTOBER, "category_1", expected[0][0])
    assert f"{top:,.0f} / {bottom:,.0f}" in rows[0][4]
    app.segmented_control(key="pick_dimension").set_value("channel").run()
    assert "dimension" not in app.query_params
    assert table_rows(app, "Channel")[0][0] == "Hotline"
    app.segmented_control(key="pick_dimension").set_value("category_1").run()
    assert app.query_params["dimension"] == "category_1"


def test_areas_are_compared_by_a_rate_of_the_address_and_never_by_medians_without_interval() -> None:
    assert "“stars” is no choice of “Compare”; you are seeing On-time rate." in words(
        everything(measure="stars", lang="en")
    )
    assert "Resident-confirmed resolution against target" in words(opened(measure="T05", lang="en"))
    assert "“T13” is no choice" in words(opened(measure="T13", lang="en"))


def test_units_are_listed_by_what_they_hold_overdue(con: duckdb.DuckDBPyConnection) -> None:
    expected = con.execute(
        "select handling_unit, count(*), count_if(days_overdue > 30), max(days_overdue) from marts.overdue_tickets "
        "where district_code = '990103' group by 1 order by 2 desc, 1 limit 8"
    ).fetchall()
    shown = table_rows(opened(area="990103", lang="en"), "Handling unit")
    assert shown == [[unit, f"{n:,}", f"{long:,}", f"{longest:,} d"] for unit, n, long, longest in expected]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The edition of a made-up city that is served; it lacks the newer tables until a test adds them."""
    file = publish(tmp_path, shape=TINY)
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    return file


AGES = (
    "create table marts.backlog_ages as select * from (values ('city', '440300', 0, 3, 40, 0, 3), "
    "('city', '440300', 8, 15, 10, 4, 12), ('city', '440300', 31, null, 80, 80, 412), ('district', '440301', 31, null, 50, 50, 412), "
    "('district', '440301', 0, 3, 25, 0, 3), ('district', 'unlocated', 0, 3, 2, 1, 2)) "
    "as a(area_level, area_code, from_days, to_days, opened, overdue, oldest_days)"
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_open_tickets_stand_in_bands_of_age_with_those_overdue(lang: str, tiny: Path) -> None:
    change(tiny, AGES)
    app = everything(lang=lang)
    shown = lines(app)
    over, week, band = (("超过 30 天", "4–7 天", "8–15 天"), ("Over 30 days", "4–7 days", "8–15 days"))[lang == "en"]
    assert shown[over][1] == [100.0]
    assert shown[week][1] == []
    # 4 of 10 late, on the scale of the longest band of 80
    assert shown[band][1] == [5.0, 7.5]
    text = words(app)
    assert ("最久 412 天" if lang == "zh" else "longest 412 days") in text
    lead = (
        "截至数据日在办 130 件，其中 80 件受理已超过 30 天。"
        if lang == "zh"
        else "130 are open, 80 of them for more than 30 days."
    )
    assert lead.replace(" ", "") in text.replace(" ", "")
    assert table_rows(app, "区域" if lang == "zh" else "Area") == [
        ["青山区" if lang == "zh" else "District 1", "75", "50", "50"],
        ["未定位" if lang == "zh" else "Not located", "2", "1", "0"],
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_older_edition_without_the_tables_says_that_there_is_nothing(lang: str, tiny: Path) -> None:
    text = words(everything(lang=lang))
    assert ("本版没有在办的诉求。" if lang == "zh" else "This edition has no open tickets here.") in text
    assert ("这一时段没有剔除的诉求。" if lang == "zh" else "Nothing was excluded in this period.") in text
    assert tiny.stem in text


def test_markup_in_the_data_stays_text(tiny: Path) -> None:
    change(
        tiny,
        f"update marts.overdue_tickets set handling_unit = '{HOSTILE}'",
        f"update marts.indicator_values set member = '{HOSTILE}' where member = 'hotline'",
        f"update marts.areas set area_name = '{HOSTILE}', area_name_en = '{HOSTILE}' where level = 'district'",
        f"create table marts.ticket_exclusions as select 'month' as grain, date '{OCTOBER}' as period_start, 'city' as area_level, "
        f"'{CITY}' as area_code, '{HOSTILE}' as exclusion_code, 3 as tickets",
        AGES,
    )
    app = everything(lang="en")
    written = [h.value for h in app.get("html")]
    assert not any("<script" in text for text in written)
    assert sum("&lt;script&gt;" in text for text in written) >= 4
    for kind in ("markdown", "caption", "subheader", "info"):
        assert not any("example.org" in str(element.value) for element in app.get(kind)), kind
    app.toggle(key="backlog_tree").set_value(True).run()
    (chart,) = app.get("plotly_chart")
    drawn = json.dumps(json.loads(chart.proto.spec)["data"])
    assert "&lt;script&gt;" in drawn and "<script" not in drawn


def test_a_page_of_a_community_by_week_and_of_a_year_opens() -> None:
    assert "2026年第46周" in words(opened(area="990103005004", grain="week"))
    assert "2025年" in words(opened(area="990103005", grain="year", period="2025", dimension="category_1"))


TICKETS = [
    # the cut is 20 May: 0 and 3 days old, not due; 4 days and overdue since the 18th; excluded; resolved
    ticket("new", "hotline", "noise", "K1", at("05-20", "08:00"), at("05-25")),
    ticket("young", "hotline", "noise", "K1", at("05-17"), at("05-25")),
    ticket("late", "hotline", "noise", "K3", at("05-16"), at("05-18")),
    ticket("out", "hotline", "noise", "K1", at("05-01"), at("05-05"), exclusion_code="duplicate"),
    ticket("done", "hotline", "noise", "K1", at("05-01"), at("05-05"), resolved_at=at("05-04"), status="resolved"),
    # 30 days; reopened after 60 days and as old as its acceptance; nowhere
    ticket("month", "hotline", "noise", "K2", at("04-20"), at("04-25")),
    ticket(
        *("again", "hotline", "noise", "K1", at("03-21"), at("03-25")),
        first_resolved_at=at("03-24"), resolved_at=at("03-24"), reopened_at=at("05-19"), status="open",
    ),
    ticket("lost", "hotline", "noise", None, at("04-19"), at("04-25")),
]  # fmt: skip


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "tickets", TICKETS)
    wanted = {"marts.backlog_ages", "core.ticket_stretches"}
    build(con, {"tickets": "2026-05-20 12:00", "areas": "2026-05-20 12:00"}, wanted=wanted)
    yield con
    con.close()


def test_the_ages_of_open_tickets_are_counted_from_acceptance_to_the_cut(warehouse: duckdb.DuckDBPyConnection) -> None:
    def ages(level: str, code: str) -> list[tuple[object, ...]]:
        return warehouse.execute(
            "select from_days, to_days, opened, overdue, oldest_days from marts.backlog_ages where area_level = ? and area_code = ? "
            "order by from_days",
            [level, code],
        ).fetchall()

    city = [(0, 3, 2, 0, 3), (4, 7, 1, 1, 4), (16, 30, 1, 1, 30), (31, None, 2, 2, 60)]
    assert ages("city", "C") == city
    assert ages("community", "K1") == [(0, 3, 2, 0, 3), (31, None, 1, 1, 60)]
    assert ages("district", "D2") == [(4, 7, 1, 1, 4), (16, 30, 1, 1, 30)]
    assert ages("street", "unlocated") == [(31, None, 1, 1, 31)]
    assert {(first, last) for first, last, *_ in city} <= set(BANDS)


def test_the_ages_add_up_to_the_backlog_at_the_cut(warehouse: duckdb.DuckDBPyConnection) -> None:
    expected = warehouse.execute(
        "select count(*), count_if(overdue_from <= date '2026-05-20') from core.ticket_stretches "
        "where start_on <= date '2026-05-20' and date '2026-05-20' < end_on"
    ).fetchall()
    for level in ("city", "district", "street", "community"):
        assert (
            expected
            == warehouse.execute(
                "select sum(opened), sum(overdue) from marts.backlog_ages where area_level = ?", [level]
            ).fetchall()
        )


def test_the_made_up_city_was_cut_on_the_day_that_the_page_names(tiny: Path) -> None:
    change(tiny, AGES)
    assert f"130 open on {AS_OF_ON.day} November 2026" in words(everything(lang="en"))
