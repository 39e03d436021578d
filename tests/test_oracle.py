"""The oracle: every published figure computed a second time from the landed rows, by other code and other words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from landing import ROOT, build, empty_warehouse, insert
from oracle.comparison import Comparison, compare
from oracle.inputs import STANDARDS, UTC, read_inputs
from oracle.random_city import AS_OF, DATASETS, RandomCity, random_city
from oracle.registry import ENTRIES

from pipelines.catalogue import load_catalogue

TARGETS = yaml.safe_load(STANDARDS.read_text(encoding="utf-8"))["targets"]
PATIENT = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def instant(local: str) -> datetime:
    """A local time in Shanghai as a naive UTC instant."""
    return datetime.fromisoformat(f"{local}+08:00").astimezone(UTC).replace(tzinfo=None)


def compared(con: duckdb.DuckDBPyConnection, as_of: str = AS_OF) -> Comparison:
    """The figures of a warehouse in memory beside the oracle's."""
    return compare(read_inputs(con, as_of=dict.fromkeys(DATASETS, instant(as_of))), con)


def test_the_oracle_knows_every_indicator_of_the_catalogue() -> None:
    catalogue = load_catalogue(ROOT / "data_contracts/indicators.yaml")
    assert set(catalogue.ids) <= set(ENTRIES)


def test_the_oracle_knows_every_indicator_of_the_field() -> None:
    groups = {"T": 19, "M": 18, "F": 12, "Q": 4, "L": 4, "A": 3}
    assert set(ENTRIES) == {f"{letter}{n:02d}" for letter, last in groups.items() for n in range(1, last + 1)}


@pytest.mark.parametrize(
    "entry", load_catalogue(ROOT / "data_contracts/indicators.yaml").indicators, ids=lambda e: e.id
)
def test_the_oracle_and_the_catalogue_agree_on_what_an_indicator_is(entry: Any) -> None:
    mine = ENTRIES[entry.id]
    assert (mine.dataset, mine.scale, mine.people) == (entry.dataset, entry.scale, entry.people)
    assert mine.interval == (entry.interval != "none")
    assert mine.minimum == entry.minimum_count
    if entry.id in TARGETS:
        assert mine.lower == (entry.direction == "lower")


@PATIENT
@given(city=random_city())
def test_the_figures_of_random_small_cities_are_those_of_the_oracle(
    city: RandomCity, record_property: Callable[[str, object], None]
) -> None:
    con = city.built()
    try:
        result = compared(con)
        assert not result.differences, result.report()
        record_property("figures recomputed", result.total)
    finally:
        con.close()


#: what a grid has of its own is not a part of what its community has
NOT_BY_GRID = ("M03", "M07", "M11", "M12", "M13", "M14", "F07", "F08", "T16")


@settings(PATIENT, max_examples=2)
@given(city=random_city())
def test_levels_and_members_of_random_small_cities_add_up_to_the_whole(city: RandomCity) -> None:
    con = city.built()
    try:
        additive = con.sql(
            """
            SELECT v.* FROM marts.indicator_values AS v JOIN reference.indicators AS i USING (indicator_id)
            WHERE i.kind NOT IN ('median', 'percentile') AND NOT i.people AND i.minimum_count = 0
            """
        ).pl()
    finally:
        con.close()
    measures = ("numerator", "denominator", "excluded", "pending")
    sums = [pl.col(measure).fill_null(0).sum().alias(f"{measure}_sum") for measure in measures]
    of_grids = (pl.col("area_level") == "grid") & pl.col("indicator_id").is_in(NOT_BY_GRID)
    cell = ["indicator_id", "grain", "period_start", "dimension", "member"]
    levels = additive.filter(~of_grids).group_by(*cell, "area_level").agg(sums)
    whole = additive.filter(pl.col("area_level") == "city")
    # residents are no part of a member, so the per-head figures add up over members in their numerator alone
    per_head = pl.col("indicator_id").is_in([name for name, entry in ENTRIES.items() if entry.residents])
    area = ["indicator_id", "grain", "period_start", "area_level", "area_code"]
    members = additive.filter(pl.col("dimension") != "all").group_by(*area, "dimension").agg(sums)
    totals = additive.filter(pl.col("dimension") == "all").drop("dimension", "member")
    for parts, key, all_measures in (
        (levels.join(whole, on=cell), cell, True),
        (members.join(totals, on=area), area, False),
    ):
        for measure in measures:
            gap = (pl.col(f"{measure}_sum") - pl.col(measure).fill_null(0)).abs() > 0.005
            counts = pl.lit(all_measures or measure == "numerator") | ~per_head
            # by channel or category an area has its residents where it has tickets, and no row where it has none
            counts &= ~((pl.col("indicator_id") == "T16") & (pl.col("dimension") != "all") & (measure == "denominator"))
            broken = parts.filter(gap & counts)
            assert broken.is_empty(), (measure, broken.select(*key, measure, f"{measure}_sum").head(5))


LADDER = [
    {"area_code": code, "level": level, "parent_code": parent, "area_name": code, "valid_from": "2020-01-01", **more}
    for code, level, parent, more in (
        ("C", "city", None, {}),
        ("D1", "district", "C", {}),
        ("D2", "district", "C", {}),
        ("S1", "street", "D1", {}),
        ("S2", "street", "D2", {}),
        ("K1", "community", "S1", {"population": 1000}),
        ("K2", "community", "S2", {"population": 500}),
        ("G1", "grid", "K1", {"population": 300}),
    )
]


def small(**rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """The ladder above and some rows, built."""
    con = empty_warehouse()
    insert(con, "areas", LADDER)
    for dataset, of_dataset in rows.items():
        insert(con, dataset, of_dataset)
    build(con, dict.fromkeys(("areas", *rows), AS_OF))
    return con


def line(name: str, area: str, year: int) -> dict[str, Any]:
    return {"line_id": name, "area_code": area, "fiscal_year": year, "fund": "service", "opening_amount": 100}


def movement(name: str, line_id: str, kind: str, day: str) -> dict[str, Any]:
    return {
        "payment_id": name,
        "line_id": line_id,
        "kind": kind,
        "occurred_on": day,
        "amount": 7,
        "commitment_id": name,
    }


def test_spending_per_resident_of_a_grid_by_fund_is_over_the_residents_of_the_grid() -> None:
    con = small(budget_lines=[line("l", "G1", 2026)], payments=[movement("p", "l", "payment", "2026-02-01")])
    rows = con.execute(
        "SELECT dimension, denominator FROM marts.indicator_values WHERE indicator_id = 'F07' AND area_code = 'G1'"
        " AND grain = 'month' AND period_start = '2026-04-01' ORDER BY 1"
    ).fetchall()
    assert rows == [("all", 300), ("fund", 300)]


def test_spending_per_resident_of_a_fiscal_year_without_lines_is_over_the_residents() -> None:
    con = small(budget_lines=[line("l", "K1", 2025)], payments=[movement("p", "l", "payment", "2025-06-01")])
    rows = con.execute(
        "SELECT numerator, denominator FROM marts.indicator_values WHERE indicator_id = 'F07' AND area_code = 'C'"
        " AND grain = 'month' AND period_start = '2026-04-01'"
    ).fetchall()
    assert rows == [(0, 1500)]


def test_a_commitment_without_its_line_is_open_and_unlocated() -> None:
    con = small(
        budget_lines=[line("l", "K1", 2025)],
        payments=[
            movement("p", "nowhere", "payment", "2025-10-11") | {"commitment_id": None},
            movement("c", "nowhere", "commitment", "2026-01-12"),
        ],
    )
    rows = con.execute(
        "SELECT numerator FROM marts.indicator_values WHERE indicator_id = 'F05' AND area_code = 'C' AND dimension = 'all'"
        " AND grain = 'month' AND period_start = '2026-04-01'"
    ).fetchall()
    assert rows == [(7,)]


def test_pending_verdicts_of_the_districts_add_up_to_those_of_the_city() -> None:
    ticket = {"channel": "app", "status": "open", "accepted_at": "2026-05-18 09:00"}
    con = small(
        tickets=[
            {"ticket_id": "1", "area_code": "K1", "on_time_reported": True, **ticket},
            {"ticket_id": "2", "area_code": "K2", **ticket},
        ]
    )
    rows = con.execute(
        "SELECT area_level, sum(pending) FROM marts.indicator_values WHERE indicator_id = 'T19' AND dimension = 'all'"
        " AND grain = 'month' AND area_level IN ('city', 'district') GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert rows == [("city", 2), ("district", 2)]


def test_a_hidden_number_of_people_cannot_be_found_by_subtraction() -> None:
    heads = {"role": "partner_head", "as_of": "2026-01-10"}
    con = small(
        headcounts=[{"area_code": "K1", "headcount": 12, **heads}, {"area_code": "K2", "headcount": 3, **heads}]
    )
    shown = dict(
        con.execute(
            "SELECT area_code, value FROM marts.indicator_values WHERE indicator_id = 'M18' AND grain = 'month'"
            " AND period_start = '2026-03-01' AND area_level IN ('city', 'district')"
        ).fetchall()
    )
    assert shown["D2"] is None
    assert shown["C"] is None or shown["D1"] is None


def test_the_oracle_finds_a_figure_that_is_wrong_by_one() -> None:
    tickets = [
        {"ticket_id": str(n), "area_code": "K1", "status": "open", "accepted_at": f"2026-03-0{n} 09:00"}
        for n in (1, 2, 3)
    ]
    con = small(tickets=tickets)
    assert not compared(con).differences
    con.execute("UPDATE cube.figures SET numerator = numerator + 1 WHERE indicator_id = 'T01' AND area_code = 'S1'")
    con.execute("DELETE FROM cube.figures WHERE indicator_id = 'T02' AND area_code = 'K1' AND grain = 'year'")
    found = pl.concat(compared(con).differences)
    assert set(found.select("indicator_id", "what").unique().rows()) == {("T01", "numerator"), ("T02", "not published")}


def test_the_hours_of_a_median_are_those_worked_out_by_hand() -> None:
    # 10, 20 and 40 hours, an hour paused of the last: median 20, 90th percentile 20 + 0.8 · 19 = 35.2
    start = datetime.fromisoformat("2026-03-02 09:00")
    tickets = [
        {
            "ticket_id": str(hours),
            "area_code": "K1",
            "status": "resolved",
            "accepted_at": str(start),
            "resolved_at": str(start + timedelta(hours=hours)),
            "paused_minutes": 60 if hours == 40 else None,
        }
        for hours in (10, 20, 40)
    ]
    con = small(tickets=tickets)
    assert not compared(con).differences
    rows = con.execute(
        "SELECT indicator_id, value FROM marts.indicator_values WHERE indicator_id IN ('T13', 'T14') AND area_code = 'C'"
        " AND dimension = 'all' AND grain = 'month' AND period_start = '2026-03-01' ORDER BY 1"
    ).fetchall()
    assert rows == [("T13", pytest.approx(20)), ("T14", pytest.approx(35.2))]
