"""Year end, co-funding and idle lines against figures worked out by hand; the fiscal year is the calendar year."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF, figure, parts, value

LINES = [
    # line, area, year, fund, type of spending, source, budget
    ("a1", "K1", 2025, "operating", "staff", "district", 600),
    ("a2", "K1", 2025, "service", "service", "city", 400),
    ("a3", "K3", 2025, "project", "capital", "city", 500),
    ("b1", "K1", 2026, "operating", "staff", "district", 400),
    ("b2", "K1", 2026, "service", "service", "city", 300),
    ("b3", "K3", 2026, "operating", "operations", "district", 200),
    ("b4", "K3", 2026, "project", "capital", "donation", 0),
    ("b5", "K3", 2026, "service", "service", "city", 100),
    ("b6", "D2", 2026, "transfer", "staff", "city", 90_000),
]
PAYMENTS = [
    ("a1", "payment", "2025-02-01", 100),
    ("a1", "payment", "2025-11-16", 300),
    # the last 45 days of 2025 start on 17 November
    ("a1", "payment", "2025-11-17", 100),
    ("a1", "refund", "2025-12-30", 50),
    ("a2", "payment", "2025-12-31", 200),
    # booked on the old line in the new year
    ("a2", "payment", "2026-01-05", 80),
    ("a3", "release", "2025-12-20", 500),
    ("b1", "payment", "2026-01-10", 150),
    ("b3", "payment", "2026-01-20", 200),
    ("b5", "release", "2026-04-15", 100),
    ("b6", "release", "2026-03-31", 9_000),
]


@pytest.fixture(scope="module")
def funds() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    names = ("line_id", "area_code", "fiscal_year", "fund", "spending_type", "source", "opening_amount")
    insert(con, "budget_lines", [dict(zip(names, line, strict=True)) for line in LINES])
    insert(
        con,
        "payments",
        [
            {"payment_id": f"p{i}", "line_id": line, "kind": kind, "occurred_on": day, "amount": amount}
            for i, (line, kind, day, amount) in enumerate(PAYMENTS)
        ],
    )
    build(con, {"budget_lines": AS_OF, "payments": AS_OF})
    yield con
    con.close()


def test_f09_is_what_a_closed_year_left_over(funds: duckdb.DuckDBPyConnection) -> None:
    # 1,500 less 100 + 300 + 100 − 50 + 200 = 650; the 80 of January are not of the year
    assert parts(funds, "F09", "year", "2025-01-01")[:2] == (850, 1500)
    found = figure(funds, "F09", "year", "2025-01-01", "D2")
    assert found is not None and (found.value, found.status) == (1.0, "missed")
    assert figure(funds, "F09", "year", "2026-01-01") is None
    assert figure(funds, "F09", "month", "2025-12-01") is None


def test_f10_is_the_share_of_the_last_45_days_without_refunds(funds: duckdb.DuckDBPyConnection) -> None:
    found = figure(funds, "F10", "year", "2025-01-01")
    assert found is not None and (found.numerator, found.denominator) == (300, 700)
    # 42.9 % above a target of 25 %, lower being better
    assert found.status == "missed"
    assert parts(funds, "F10", "year", "2025-01-01", member="service")[:2] == (200, 200)
    assert parts(funds, "F10", "year", "2025-01-01", member="operating", level="city")[:2] == (100, 500)
    assert figure(funds, "F10", "year", "2026-01-01") is None


def test_f11_sets_district_money_against_city_money_without_transfers(funds: duckdb.DuckDBPyConnection) -> None:
    # 2025: 600 ÷ 900; 2026: 600 ÷ 400; K1 400 ÷ 300
    assert parts(funds, "F11", "year", "2025-01-01")[:2] == (600, 900)
    assert parts(funds, "F11", "month", "2026-04-01")[:2] == (600, 400)
    assert value(funds, "F11", "month", "2026-04-01", "K1") == pytest.approx(4 / 3)


def test_f12_counts_lines_at_rest_for_90_days(funds: duckdb.DuckDBPyConnection) -> None:
    # lines with a budget: b1 b2 b3 b5 b6. 90 days are full for b2 and b5 on 31 March, for b1 on 10 April; b3 is spent in full
    assert parts(funds, "F12", "week", "2026-03-23")[:2] == (0, 5)
    assert parts(funds, "F12", "month", "2026-03-01")[:2] == (2, 5)
    assert parts(funds, "F12", "week", "2026-03-30")[:2] == (2, 5)
    assert parts(funds, "F12", "week", "2026-04-06")[:2] == (3, 5)
    # the release of 15 April moves b5
    assert parts(funds, "F12", "month", "2026-04-01")[:2] == (2, 5)
    assert parts(funds, "F12", "month", "2026-04-01", "K3")[:2] == (0, 2)
    assert parts(funds, "F12", "month", "2026-04-01", member="service", level="city")[:2] == (1, 2)
    # lines of 2025 in 2025: none moved between February and November
    assert parts(funds, "F12", "month", "2025-09-01")[:2] == (3, 3)


def built(as_of: str, payments: list[tuple[str, str, str, int]]) -> duckdb.DuckDBPyConnection:
    """A city with the lines above and these payments, cut at `as_of`."""
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    names = ("line_id", "area_code", "fiscal_year", "fund", "spending_type", "source", "opening_amount")
    insert(con, "budget_lines", [dict(zip(names, line, strict=True)) for line in LINES])
    moved = ("line_id", "kind", "occurred_on", "amount")
    rows = [dict(zip(moved, row, strict=True)) | {"payment_id": f"p{i}"} for i, row in enumerate(payments)]
    insert(con, "payments", rows)
    build(con, {"budget_lines": as_of, "payments": as_of})
    return con


@pytest.mark.parametrize(
    ("as_of", "month", "idle"),
    [
        # 1 January to 31 March are 90 days: b2, b3, b5 and b6, which have not moved in the year
        ("2026-03-30 23:00", "2026-03-01", 0),
        ("2026-03-31 01:00", "2026-03-01", 4),
        # 11 January to 10 April are 90 days: b1 too
        ("2026-04-09 23:00", "2026-04-01", 4),
        ("2026-04-10 01:00", "2026-04-01", 5),
    ],
)
def test_a_line_is_idle_on_its_ninetieth_day_without_movement(as_of: str, month: str, idle: int) -> None:
    # what b2 was given before its year is no movement of the year
    con = built(as_of, [("b1", "payment", "2026-01-10", 1), ("b2", "release", "2025-12-31", 1)])
    assert parts(con, "F12", "month", month)[:2] == (idle, 5)


def test_money_that_moves_after_the_year_of_its_line_counts_in_the_year_of_its_date(
    funds: duckdb.DuckDBPyConnection,
) -> None:
    # January 2026: 150 + 200 and the 80 of a2, whose year is 2025, of 91,000; in K1 150 + 80 of 700
    january = ("month", "2026-01-01")
    assert parts(funds, "F03", *january)[:2] == (430, 91_000)
    assert parts(funds, "F03", *january, "K1")[:2] == (230, 700)
    assert parts(funds, "F03", *january, dimension="fund", member="service")[:2] == (80, 400)
    assert parts(funds, "F03", "year", "2025-01-01")[:2] == (650, 1_500)


def test_money_that_moves_before_the_year_of_its_line_counts_from_the_first_day_of_that_year() -> None:
    con = built("2026-01-31 12:00", [("b1", "release", "2025-12-20", 300), ("a1", "release", "2025-12-21", 100)])
    assert parts(con, "F02", "month", "2025-12-01")[:2] == (100, 1_500)
    assert parts(con, "F02", "month", "2026-01-01")[:2] == (300, 91_000)


def test_budget_and_execution_are_told_by_type_of_spending_and_by_source(funds: duckdb.DuckDBPyConnection) -> None:
    assert value(funds, "F01", "month", "2026-04-01", dimension="source", member="district", level="city") == 600
    april = ("month", "2026-04-01")
    assert parts(funds, "F03", *april, dimension="spending_type", member="staff", level="city")[:2] == (150, 90_400)
    assert figure(funds, "F01", "week", "2026-04-06", dimension="source", member="district", level="city") is None
