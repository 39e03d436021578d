"""Areas through time: splits, mergers, new codes and names, codes used again, and series on the areas of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landing import ROOT, build, empty_warehouse, insert
from small_city import SmallCity, lines

from pipelines.catalogue import Catalogue, Standards, load_catalogue, load_standards, write_reference
from pipelines.contracts.cross_checks import run_cross_checks
from pipelines.contracts.model import load_contracts
from pipelines.ingest.ledger import create_landing
from pipelines.tables import Table, read_tables, run_table
from pipelines.warehouse import open_warehouse

CUT = "2026-06-30 12:00"


def area(
    code: str, level: str, parent: str | None, since: str = "2020-01-01", until: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "area_code": code, "level": level, "parent_code": parent, "area_name": more.pop("name", code),
        "valid_from": date.fromisoformat(since), "valid_to": until and date.fromisoformat(until), **more,
    }  # fmt: skip


LADDER = [
    area("C", "city", None),
    area("D1", "district", "C"),
    area("D2", "district", "C"),
    area("S1", "street", "D1"),
    area("S2", "street", "D2"),
]


#: Tables of the product that `city_of` runs; the figures are counted here, by hand, on the areas of the day.
TABLES = (
    "core.areas",
    "core.area_paths",
    "core.area_successions",
    "core.area_shares",
    "core.area_moves",
    "core.periods",
    "marts.area_successions",
    "marts.rebased_values",
)
FIGURES = """
    CREATE TABLE marts.indicator_values AS
    WITH levels(level) AS (VALUES ('city'), ('district'), ('street'), ('community'), ('grid')),
    counted AS (
        SELECT 'T01' AS indicator_id, g.grain, date_trunc(g.grain, e.day) AS period_start, e.day AS placed_on, e.code, e.n AS numerator, NULL AS denominator
        FROM events AS e, (VALUES ('day'), ('month'), ('quarter'), ('year')) AS g(grain)
        UNION ALL
        SELECT 'T03', g.grain, date_trunc(g.grain, e.day), e.day, e.code, e.n - e.late, e.n
        FROM events AS e, (VALUES ('day'), ('month'), ('quarter'), ('year')) AS g(grain)
        UNION ALL
        SELECT 'L03', g.grain, date_trunc(g.grain, e.day), e.day, e.code, e.n, NULL FROM events AS e, (VALUES ('month'), ('quarter'), ('year')) AS g(grain)
        UNION ALL
        SELECT 'T11', p.grain, p.period_start, p.stock_on, e.code, e.n, NULL
        FROM events AS e JOIN core.indicator_periods AS p ON p.indicator_id = 'T11' AND e.day <= p.stock_on
    ),
    placed AS (
        SELECT c.*, l.level AS area_level, CASE l.level WHEN 'city' THEN 'C' WHEN 'district' THEN p.district_code WHEN 'street' THEN p.street_code
            WHEN 'community' THEN p.community_code ELSE p.grid_code END AS area_code
        FROM counted AS c CROSS JOIN levels AS l
        LEFT JOIN core.area_paths AS p ON p.area_code = c.code AND p.valid_from <= c.placed_on AND c.placed_on < p.valid_to
        UNION ALL
        SELECT indicator_id, grain, period_start, stock_on, 'C', 0, CASE WHEN indicator_id = 'T03' THEN 0 END, 'city', 'C' FROM core.indicator_periods
    )
    SELECT indicator_id, 1 AS indicator_version, grain, CAST(period_start AS DATE) AS period_start, area_level, coalesce(area_code, 'unlocated') AS area_code,
        'all' AS dimension, 'all' AS member, CAST(sum(numerator) AS DOUBLE) AS numerator, CAST(sum(denominator) AS DOUBLE) AS denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending, CAST(NULL AS VARCHAR) AS status, TIMESTAMP '2026-06-30 04:00' AS as_of
    FROM placed GROUP BY ALL
"""


@cache
def made() -> dict[str, Table]:
    """Every table of the product by name; read once, because reading parses every SQL file."""
    return {table.name: table for table in read_tables()}


@cache
def entries() -> tuple[Catalogue, Standards]:
    """The catalogue and the standards, read once."""
    return load_catalogue(ROOT / "data_contracts/indicators.yaml"), load_standards(
        ROOT / "data_contracts/standards.yaml"
    )


def city_of(areas: Sequence[dict[str, Any]], tickets: Mapping[tuple[str, str], int]) -> duckdb.DuckDBPyConnection:
    """A warehouse with the ladder C, D1, D2, S1, S2, these areas, and so many tickets by area code and day of acceptance.

    Of every three tickets the first is late (T03); T11 is the stock of all so far; L03 has no figures by day.
    """
    con = empty_warehouse()
    con.execute("SET threads = 1")
    insert(con, "areas", [*LADDER, *areas])
    catalogue, standards = entries()
    write_reference(
        con, catalogue, standards, area_code="C", name_zh="市", name_en="City", time_zone="Asia/Shanghai", currency="CNY", fiscal_year_start=1,
        language="zh", people_minimum=10, as_of=[("tickets", datetime(2026, 6, 30, 4, tzinfo=UTC))],
    )  # fmt: skip
    con.execute(
        "CREATE SCHEMA core; CREATE SCHEMA marts; CREATE TABLE events (code VARCHAR, day DATE, n INTEGER, late INTEGER)"
    )
    con.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?)", [(code, day, n, (n + 2) // 3) for (code, day), n in tickets.items()]
    )
    for name in TABLES[:-1]:
        run_table(con, made()[name])
    con.execute("""
        CREATE TABLE core.indicator_periods AS
        SELECT i.indicator_id, i.time_kind, p.grain, p.period_start, p.period_end, least(p.period_end, DATE '2026-06-30') AS stock_on,
            p.period_end <= DATE '2026-06-30' AS is_over
        FROM core.periods AS p, (VALUES ('T01', 'flow'), ('T03', 'flow'), ('L03', 'flow'), ('T11', 'stock')) AS i(indicator_id, time_kind)
        WHERE p.calendar = 'civil' AND p.grain IN ('month', 'quarter', 'year')
        AND p.period_end >= (SELECT min(day) FROM events) AND p.period_start <= DATE '2026-06-30'
    """)
    con.execute(FIGURES)
    run_table(con, made()[TABLES[-1]])
    return con


def whole_city_of(areas: Sequence[dict[str, Any]], **datasets: Sequence[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """The same ladder with rows of several datasets, and every table of the product."""
    con = empty_warehouse()
    insert(con, "areas", [*LADDER, *areas])
    for dataset, rows in datasets.items():
        insert(con, dataset, rows)
    build(con, {dataset: CUT for dataset in ("areas", *datasets)}, wanted=None)
    return con


def shares(
    con: duckdb.DuckDBPyConnection, code: str, level: str = "community", since: str = "2020-01-01"
) -> dict[str, float]:
    """Shares of an area, by its first day, in the areas of today at a level."""
    rows = con.execute(
        "SELECT today_code, share FROM core.area_shares WHERE area_code = ? AND valid_from = CAST(? AS DATE) AND today_level = ?",
        [code, since, level],
    ).fetchall()
    return {str(today): float(share) for today, share in rows}


def series(
    con: duckdb.DuckDBPyConnection, level: str = "community", indicator: str = "T01", grain: str = "year"
) -> dict[str, list[float | None]]:
    """Numerators by area in order of time, as re-based."""
    rows = con.execute(
        "SELECT area_code, numerator FROM marts.rebased_values WHERE indicator_id = ? AND grain = ? AND area_level = ? ORDER BY period_start",
        [indicator, grain, level],
    ).fetchall()
    found: dict[str, list[float | None]] = {}
    for code, numerator in rows:
        found.setdefault(str(code), []).append(numerator)
    return found


def test_a_merger_in_mid_year_gives_the_heir_both_pasts() -> None:
    con = city_of(
        [
            area("A", "community", "S1", until="2026-03-15", successor_code="B"),
            area("B", "community", "S1"),
            area("X", "community", "S2"),
        ],
        {("A", "2026-03-01"): 5, ("B", "2026-03-01"): 3, ("B", "2026-03-20"): 4, ("X", "2026-03-01"): 7},
    )
    assert shares(con, "A") == {"B": 1.0}
    assert series(con) == {"B": [12]}


def test_a_new_code_carries_the_series_on_and_a_new_name_needs_no_word() -> None:
    con = city_of(
        [
            area("A", "community", "S1", until="2026-02-01", name="旧名"), area("A", "community", "S1", "2026-02-01", "2026-04-01", name="新名", successor_code="N"),
            area("N", "community", "S1", "2026-04-01", name="新名"),
        ],
        {("A", "2026-01-10"): 2, ("A", "2026-03-10"): 3, ("N", "2026-05-10"): 4},
    )  # fmt: skip
    assert shares(con, "A") == shares(con, "A", since="2026-02-01") == {"N": 1.0}
    assert series(con, grain="month") == {"N": [2, 0, 3, 0, 4, 0]}
    assert con.execute("SELECT area_code, basis FROM marts.area_successions").fetchall() == [("A", "single")]


def test_a_split_goes_by_the_shares_that_the_register_gives() -> None:
    con = city_of(
        [
            area("A", "community", "S1", until="2026-04-01", successor_code="A、E；F", successor_weight="0.5、0.3；0.2"),
            area("A", "community", "S1", "2026-04-01", population=1), area("E", "community", "S1", "2026-04-01", population=1),
            area("F", "community", "S2", "2026-04-01", population=8),
        ],
        {("A", "2026-02-10"): 30, ("A", "2026-05-10"): 6},
    )  # fmt: skip
    assert shares(con, "A") == pytest.approx({"A": 0.5, "E": 0.3, "F": 0.2})
    assert shares(con, "A", "street") == pytest.approx({"S1": 0.8, "S2": 0.2})
    assert shares(con, "A", since="2026-04-01") == {"A": 1.0}
    assert series(con) == {"A": [pytest.approx(21)], "E": [pytest.approx(9)], "F": [pytest.approx(6)]}
    assert series(con, "street") == {"S1": [pytest.approx(30)], "S2": [pytest.approx(6)]}
    # 10 of the 30 and 2 of the 6 were late: 20 x 0.5 + 4 of 30 x 0.5 + 6
    rate = con.execute(
        "SELECT numerator, denominator, value, lower < value AND value < upper FROM marts.rebased_values"
        " WHERE indicator_id = 'T03' AND grain = 'year' AND area_code = 'A'"
    ).fetchall()
    assert rate == [(pytest.approx(14), pytest.approx(21), pytest.approx(2 / 3), True)]


def test_a_split_without_shares_goes_by_residents_or_in_equal_parts() -> None:
    known = [
        area("E", "community", "S1", "2026-04-01", population=3000),
        area("F", "community", "S1", "2026-04-01", population=1000),
    ]
    ended = area("A", "community", "S1", until="2026-04-01", successor_code="E F")
    assert shares(city_of([ended, *known], {("A", "2026-02-10"): 1}), "A") == {"E": 0.75, "F": 0.25}
    known[1]["population"] = None
    con = city_of([ended, *known], {("A", "2026-02-10"): 1})
    assert shares(con, "A") == {"E": 0.5, "F": 0.5}
    assert con.execute("SELECT DISTINCT basis FROM marts.area_successions").fetchall() == [("equal",)]


def test_weights_multiply_along_a_chain() -> None:
    con = city_of(
        [
            area("A", "community", "S1", until="2026-02-01", successor_code="B;E", successor_weight="0.4;0.6"),
            area("B", "community", "S1", until="2026-04-01", successor_code="E;F", successor_weight="0.5;0.5"),
            area("E", "community", "S1", until="2026-05-01", successor_code="G"), area("F", "community", "S1"), area("G", "community", "S2", "2026-05-01"),
        ],
        {("A", "2026-01-10"): 10},
    )  # fmt: skip
    assert shares(con, "A") == pytest.approx({"F": 0.2, "G": 0.8})
    assert shares(con, "A", "district") == pytest.approx({"D1": 0.2, "D2": 0.8})


def test_an_area_that_ended_without_a_successor_is_unlocated_at_its_level_and_stays_in_the_street() -> None:
    con = city_of(
        [area("A", "community", "S1", until="2026-04-01"), area("B", "community", "S1")],
        {("A", "2026-02-10"): 4, ("B", "2026-02-10"): 1},
    )
    assert shares(con, "A") == {"unlocated": 1.0}
    assert shares(con, "A", "street") == {"S1": 1.0}
    assert series(con) == {"unlocated": [4]}
    assert series(con, "street") == {}


def test_two_lives_of_one_code_are_two_areas_also_within_a_month() -> None:
    con = city_of(
        [area("A", "community", "S1", until="2026-03-15", name="甲社区", successor_code="B"), area("B", "community", "S1"),
         area("A", "community", "S2", "2026-03-15", name="新社区")],
        {("A", "2026-03-01"): 5, ("A", "2026-03-20"): 2, ("B", "2026-03-01"): 1},
    )  # fmt: skip
    assert shares(con, "A") == {"B": 1.0}
    assert shares(con, "A", since="2026-03-15") == {"A": 1.0}
    assert series(con, grain="month") == {"A": [2, 0, 0, 0], "B": [6, 0, 0, 0]}
    # without a named successor another name in another street is another area all the same
    con = city_of(
        [
            area("A", "community", "S1", until="2026-03-15", name="甲社区"),
            area("A", "community", "S2", "2026-03-15", name="新社区"),
        ],
        {("A", "2026-03-01"): 5, ("A", "2026-03-20"): 2},
    )
    assert series(con, grain="month") == {"A": [2, 0, 0, 0], "unlocated": [5]}
    paths = con.execute(
        "SELECT street_code, community_code FROM core.area_paths WHERE area_code = 'A' AND level IS NOT NULL ORDER BY valid_from"
    )
    assert paths.fetchall() == [("S1", "A"), ("S2", "A")]


def test_a_community_that_moved_takes_its_past_to_its_street_and_a_grid_to_its_community() -> None:
    con = city_of(
        [
            area("A", "community", "S1", until="2026-04-01"), area("A", "community", "S2", "2026-04-01"), area("B", "community", "S1"),
            area("G", "grid", "A", until="2026-03-01"), area("G", "grid", "B", "2026-03-01"),
        ],
        {("A", "2026-02-10"): 4, ("B", "2026-02-10"): 1, ("G", "2026-02-10"): 2, ("S1", "2026-02-10"): 8},
    )  # fmt: skip
    assert series(con) == {"A": [4], "B": [3]}
    assert series(con, "street") == {"S1": [11], "S2": [4]}
    assert series(con, "grid") == {}


TICKETS = [
    {"ticket_id": f"{code}-{day}-{n}", "area_code": code, "accepted_at": f"{day} 10:00", "due_at": f"{day} 20:00", "status": "resolved",
     "resolved_at": f"{day} 12:00", "updated_at": f"{day} 23:00", "reopen_count": 0, "paused_minutes": 0, "department_count": 1}
    for code, day, many in (("A", "2026-03-01", 5), ("B", "2026-03-01", 3), ("B", "2026-05-20", 4), ("X", "2026-03-01", 7))
    for n in range(many)
]  # fmt: skip
ORGANISATIONS = [
    {
        "org_id": f"O{n}",
        "org_name": f"O{n}",
        "org_level": "community_committee",
        "area_code": code,
        "founded_on": date(2021, 1, 1),
        "dissolved_on": end,
    }
    for n, (code, end) in enumerate([("A", date(2026, 4, 15))] * 3 + [("B", None)] * 2)
]
MEMBERS = [
    {
        "member_id": f"{org}{n}",
        "org_id": org,
        "joined_on": date(2021, 1, 1),
        "left_on": left,
        "_valid_from": "2021-01-01",
    }
    for org, many, left in (("O0", 4, date(2026, 4, 15)), ("O3", 40, None))
    for n in range(many)
]


@pytest.fixture(scope="module")
def merged() -> duckdb.DuckDBPyConnection:
    """A (5 tickets, 3 committees, 4 members) merged into B (7 tickets, 2 committees, 40 members) on 15 April; X has 7 tickets."""
    return whole_city_of(
        [area("A", "community", "S1", until="2026-04-15", successor_code="B"), area("B", "community", "S1"), area("X", "community", "S2")],
        tickets=TICKETS, organisations=ORGANISATIONS, members=MEMBERS,
    )  # fmt: skip


def test_both_bases_stand_side_by_side(merged: duckdb.DuckDBPyConnection) -> None:
    for indicator in ("T01", "T02", "T03", "T15"):
        assert series(merged, indicator=indicator) == {"B": [12]}
    by_day = merged.execute(
        "SELECT area_code, numerator FROM marts.indicator_values WHERE indicator_id = 'T01' AND grain = 'year' AND area_level = 'community'"
        " AND dimension = 'all' ORDER BY 1"
    ).fetchall()
    assert by_day == [("A", 5), ("B", 7), ("X", 7)]


def test_stocks_move_by_the_day_on_which_they_are_taken(merged: duckdb.DuckDBPyConnection) -> None:
    assert series(merged, indicator="M01", grain="month") == {"B": [5, 2, 2, 2]}
    assert series(merged, indicator="M01", grain="quarter") == {"B": [5, 2]}


def test_what_is_hidden_about_people_stays_hidden_on_both_bases(merged: duckdb.DuckDBPyConnection) -> None:
    rows = merged.execute(
        "SELECT numerator, value, status FROM marts.rebased_values WHERE indicator_id = 'M04' AND grain = 'month' AND area_code = 'B' ORDER BY period_start"
    ).fetchall()
    # In March the 4 members of A are hidden, and so is the 44 that would give them away beside the 40 of B.
    assert rows[0] == (None, None, "suppressed")
    assert [row[0] for row in rows[1:]] == [40, 40, 40]


def test_medians_have_no_series_on_the_areas_of_today_and_nothing_is_judged(merged: duckdb.DuckDBPyConnection) -> None:
    found = merged.execute("SELECT DISTINCT indicator_id, status FROM marts.rebased_values").fetchall()
    assert not {"T13", "T14", "F06"} & {indicator for indicator, _ in found}
    assert {status for _, status in found} <= {None, "provisional", "no_cases", "suppressed"}


def test_successors_in_a_circle_are_named_and_end_unlocated(city: SmallCity) -> None:
    city.drop("areas", "areas.csv", lines(
        "area_code,valid_from,valid_to,area_name,level,parent_code,successor_code,successor_weight", "C,2020-01-01,,小城,city,,,",
        "S1,2020-01-01,,一街道,street,C,,", "A,2020-01-01,2026-03-01,甲社区,community,S1,B,", "B,2020-01-01,2026-03-01,乙社区,community,S1,A,",
        "E,2020-01-01,2026-03-01,丙社区,community,S1,F,", "F,2020-01-01,,丁社区,community,S1,,", "G,2020-01-01,2026-03-01,戊社区,community,S1,X9,",
    ))  # fmt: skip
    assert city.load_one("areas").rows_loaded == 7
    with open_warehouse(city.open()) as con:
        create_landing(con, load_contracts().values())
        con.execute(
            "CREATE SCHEMA core; CREATE SCHEMA reference; CREATE TABLE reference.as_of AS SELECT DATE '2026-06-30' AS as_of_on"
        )
        con.execute("CREATE TABLE reference.city AS SELECT 'C' AS area_code, '' AS name_zh, '' AS name_en")
        for name in TABLES[:4]:
            run_table(con, made()[name])
        (result,) = [
            r
            for r in run_cross_checks(con, load_contracts(), now=datetime(2026, 6, 30, 12, tzinfo=UTC))
            if r.check.rule_id == "successor_code.in_force"
        ]
        assert (result.checked, result.failed) == (4, 3)
        assert "circle" in result.check.name_en and "循环" in result.check.name_zh
        assert shares(con, "A") == {"unlocated": 1.0}
        assert shares(con, "E") == {"F": 1.0}


def test_shares_that_do_not_make_one_reject_the_row(city: SmallCity) -> None:
    good = [f"K{n},2020-01-01,,社区{n},community,,," for n in range(40)]
    city.drop("areas", "areas.csv", lines(
        "area_code,valid_from,valid_to,area_name,level,parent_code,successor_code,successor_weight", *good,
        "A,2020-01-01,2026-03-01,甲,community,,K1;K2,0.5;0.4", "B,2020-01-01,2026-03-01,乙,community,,K1;K2,1",
        "E,2020-01-01,2026-03-01,丙,community,,,1", "F,2020-01-01,2026-03-01,丁,community,,K1；K2,0.3333；0.6666",
    ))  # fmt: skip
    assert city.load_one("areas").rows_loaded == 41
    assert [rule for _, rule, _ in city.rejects()] == ["shares_of_successors"] * 3


FIRST, LAST = date(2025, 1, 1), date(2026, 6, 30)


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[tuple[str, str], int]]:
    """A register over four years in which areas are cut, merged, recoded, moved, reused and dropped, and tickets on any code and day."""
    days = st.dates(date(2024, 6, 1), date(2026, 9, 1))
    rows: list[dict[str, Any]] = []
    codes = {
        "community": [f"K{n}" for n in range(draw(st.integers(2, 5)))],
        "grid": [f"G{n}" for n in range(draw(st.integers(0, 3)))],
    }
    everything = [*codes["community"], *codes["grid"], "S1", "S2", "D1", "X9"]
    for level, above in (("community", ["S1", "S2"]), ("grid", codes["community"])):
        for code in codes[level]:
            bounds = sorted({date(2020, 1, 1), *draw(st.lists(days, max_size=3))})
            ends: list[date | None] = [
                *bounds[1:],
                draw(st.none() | days.filter(lambda day, last=bounds[-1]: day > last)),
            ]
            for start, end in zip(bounds, ends, strict=True):
                heirs = draw(st.lists(st.sampled_from(everything), max_size=3, unique=True))
                parts = draw(st.lists(st.integers(1, 9), min_size=len(heirs), max_size=len(heirs)))
                weights = ";".join(str(part / sum(parts)) for part in parts) if heirs and draw(st.booleans()) else None
                if draw(st.integers(0, 4)) == 0:
                    continue  # a gap: the code does not exist for a time
                rows.append(area(
                    code, level, draw(st.sampled_from(above)), start.isoformat(), end and end.isoformat(), name=draw(st.sampled_from("甲乙")),
                    successor_code=";".join(heirs) or None, successor_weight=weights, population=draw(st.none() | st.integers(0, 50)),
                ))  # fmt: skip
    spread = draw(st.lists(st.tuples(st.sampled_from(everything), st.dates(FIRST, LAST)), min_size=1, max_size=25))
    return rows, {(code, day.isoformat()): 1 + n % 4 for n, (code, day) in enumerate(dict.fromkeys(spread))}


@given(registers())
@settings(max_examples=8, deadline=None)
def test_totals_are_conserved_under_any_history_of_areas(
    register: tuple[list[dict[str, Any]], dict[tuple[str, str], int]],
) -> None:
    con = city_of(*register)
    per_stretch = con.execute(
        "SELECT sum(share), min(share) FROM core.area_shares GROUP BY area_code, valid_from, today_level"
    ).fetchall()
    assert all(total == pytest.approx(1) and least > 0 for total, least in per_stretch)
    totals = con.execute("""
        WITH today AS (SELECT DISTINCT today_level, today_code FROM core.area_shares),
        parts AS (
            SELECT indicator_id, grain, period_start, area_level, area_code, numerator, denominator, excluded FROM marts.rebased_values
            UNION ALL
            SELECT v.indicator_id, v.grain, v.period_start, v.area_level, v.area_code, v.numerator, v.denominator, v.excluded
            FROM marts.indicator_values AS v
            WHERE v.dimension = 'all' AND (v.area_code = 'unlocated' OR (v.area_level, v.area_code) IN (SELECT (today_level, today_code) FROM today))
            AND (v.area_level, v.area_code) NOT IN (SELECT (area_level, area_code) FROM marts.rebased_values)
        ),
        added AS (
            SELECT indicator_id, grain, period_start, area_level, sum(numerator) AS numerator, sum(denominator) AS denominator, min(numerator) AS least
            FROM parts GROUP BY ALL
        )
        SELECT c.indicator_id, c.grain, c.period_start, a.area_level, c.numerator, a.numerator, c.denominator, a.denominator, a.least
        FROM marts.indicator_values AS c JOIN added AS a USING (indicator_id, grain, period_start)
        WHERE c.area_level = 'city' AND c.dimension = 'all' AND c.grain IN ('month', 'quarter', 'year') AND a.area_level <> 'city'
            """).fetchall()
    assert {level for _, _, _, level, *_ in totals} >= {"district", "street"}
    for indicator, grain, period, level, whole, parts, whole_below, parts_below, least in totals:
        where = (indicator, grain, period, level)
        assert parts == pytest.approx(whole, abs=1e-7), where
        assert (
            parts_below == pytest.approx(whole_below, abs=1e-7) if whole_below is not None else parts_below is None
        ), where
        assert least > -1e-7, where


def test_months_add_up_to_quarters_and_years_on_the_areas_of_today() -> None:
    start = date(2025, 1, 15)
    days = [start + timedelta(days=31 * n) for n in range(16)]
    con = city_of(
        [
            area("A", "community", "S1", until="2025-08-20", successor_code="A E", successor_weight="0.25 0.75"),
            area("A", "community", "S1", "2025-08-20"), area("E", "community", "S2", "2025-08-20"),
        ],
        {("A", day.isoformat()): n + 1 for n, day in enumerate(days)},
    )  # fmt: skip
    months, quarters, years = (series(con, grain=grain) for grain in ("month", "quarter", "year"))
    before = sum(n + 1 for n, day in enumerate(days) if day < date(2025, 8, 20))
    assert sum(x or 0 for x in months["E"]) == pytest.approx(0.75 * before)
    for code in ("A", "E"):
        assert [
            sum(x or 0 for x in months[code][low:high]) for low, high in pairwise(range(0, 19, 3))
        ] == pytest.approx(quarters[code])
        assert [sum(x or 0 for x in quarters[code][:4]), sum(x or 0 for x in quarters[code][4:])] == pytest.approx(
            years[code]
        )
