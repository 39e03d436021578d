"""Areas through time: splits, mergers, new codes and names, codes used again, and series on the areas of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landing import build, empty_warehouse, insert
from small_city import SmallCity, lines

from pipelines.contracts.cross_checks import run_cross_checks
from pipelines.contracts.model import load_contracts
from pipelines.ingest.ledger import create_landing
from pipelines.warehouse import open_warehouse

CUT = "2026-06-30 12:00"
LEVELS = ("city", "district", "street", "community", "grid")
Area = tuple[str, str, str | None, str | None]


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


def city_of(
    areas: Sequence[dict[str, Any]], tickets: Mapping[tuple[str, str], int], **datasets: Sequence[dict[str, Any]]
) -> duckdb.DuckDBPyConnection:
    """A warehouse with the ladder C, D1, D2, S1, S2, these areas, and so many tickets by area code and day of acceptance."""
    con = empty_warehouse()
    insert(con, "areas", [*LADDER, *areas])
    con.execute("SET threads = 1")
    rows = [(code, day, n) for (code, day), many in tickets.items() for n in range(many)]
    insert(con, "tickets", [
        {"ticket_id": f"{code}-{day}-{n}", "area_code": code, "accepted_at": f"{day} 10:00", "due_at": f"{day} 20:00", "status": "resolved",
         "resolved_at": f"{day} {'12' if n % 3 else '22'}:00", "updated_at": f"{day} 23:00", "reopen_count": 0, "paused_minutes": 0, "department_count": 1}
        for code, day, n in rows
    ])  # fmt: skip
    for dataset, given_rows in datasets.items():
        insert(con, dataset, given_rows)
    build(con, {dataset: CUT for dataset in ("tickets", "areas", *datasets)})
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
    by_day = con.execute(
        "SELECT area_code, numerator FROM marts.indicator_values WHERE indicator_id = 'T01' AND grain = 'year' AND area_level = 'community'"
        " AND dimension = 'all' ORDER BY 1"
    ).fetchall()
    assert by_day == [("A", 5), ("B", 7), ("X", 7)]


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


def test_stocks_move_by_the_day_on_which_they_are_taken() -> None:
    organisations = [
        {
            "org_id": f"O{n}",
            "org_name": f"O{n}",
            "org_level": "grid_branch",
            "area_code": code,
            "founded_on": date(2021, 1, 1),
            "dissolved_on": end,
        }
        for n, (code, end) in enumerate([("A", date(2026, 4, 1))] * 3 + [("B", None)] * 2)
    ]
    con = city_of(
        [area("A", "community", "S1", until="2026-04-01", successor_code="B"), area("B", "community", "S1")],
        {("A", "2026-01-10"): 1, ("B", "2026-05-10"): 1},
        organisations=organisations,
    )
    assert series(con, indicator="M01", grain="month") == {"B": [5, 5, 5, 2, 2, 2]}
    assert series(con, indicator="M01", grain="quarter") == {"B": [5, 2]}


def test_what_is_hidden_about_people_stays_hidden_on_both_bases() -> None:
    organisations = [
        {
            "org_id": code,
            "org_name": code,
            "org_level": "community_committee",
            "area_code": code,
            "founded_on": date(2021, 1, 1),
        }
        for code in ("A", "B", "N")
    ]
    people = [("A", 4), ("B", 40), ("N", 0)]
    members = [
        {"member_id": f"{org}{n}", "org_id": org, "joined_on": date(2021, 1, 1), "_valid_from": "2021-01-01"}
        for org, count in people
        for n in range(count)
    ]
    con = city_of(
        [area("A", "community", "S1", until="2026-06-01", successor_code="B"), area("B", "community", "S1")],
        {("A", "2026-05-10"): 1}, organisations=organisations, members=members,
    )  # fmt: skip
    rows = con.execute(
        "SELECT numerator, value, status FROM marts.rebased_values WHERE indicator_id = 'M04' AND grain = 'month' AND area_code = 'B' ORDER BY period_start"
    ).fetchall()
    # In May the 4 members of A are hidden, and so is the 44 by which 40 would give them away.
    assert rows[0] == (None, None, "suppressed")
    assert rows[1][0] == 40


def test_medians_have_no_series_on_the_areas_of_today_and_nothing_is_judged() -> None:
    con = city_of(
        [area("A", "community", "S1", until="2026-03-15", successor_code="B"), area("B", "community", "S1")],
        {("A", "2026-03-01"): 5},
    )
    found = con.execute("SELECT DISTINCT indicator_id, status FROM marts.rebased_values").fetchall()
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
        build(con, {"areas": CUT})
        (result,) = [
            r
            for r in run_cross_checks(con, load_contracts(), now=_now())
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


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 6, 30, 12, tzinfo=UTC)


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
@settings(max_examples=20, deadline=None)
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
        AND c.indicator_id IN ('T01', 'T02', 'T03', 'T04', 'T11', 'T12', 'T15')
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
