"""When a figure is final, whether it is judged, and where what outlives its area is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from test_indicators import AREAS, figure, parts, ticket, value

FIRST = date(2025, 2, 1)


@pytest.fixture(scope="module")
def tickets() -> Iterator[duckdb.DuckDBPyConnection]:
    """A ticket a day from 1 February to 31 July 2025, resolved the next day; one in K4 after its end, never resolved."""
    con = empty_warehouse()
    insert(con, "areas", [*AREAS])
    days = [FIRST + timedelta(days=n) for n in range(181)]
    insert(
        con,
        "tickets",
        [
            ticket(
                f"t{day}", "hotline", "noise", "K1", f"{day} 09:00", f"{day + timedelta(days=5)} 09:00",
                resolved_at=f"{day + timedelta(days=1)} 09:00", reporter_id=f"r{day}",
            )
            for day in days
        ]
        + [ticket("after", "grid", "noise", "K4", "2026-03-02 09:00", "2026-03-12 09:00")],
    )  # fmt: skip
    build(con, {"tickets": "2026-05-20 12:00"}, wanted=("marts.indicator_values", "marts.indicator_bounds"))
    yield con
    con.close()


def status(con: duckdb.DuckDBPyConnection, *key: str) -> str | None:
    found = figure(con, *key)
    assert found is not None
    return found.status


def test_a_sum_over_a_period_in_which_the_data_begin_is_never_final(tickets: duckdb.DuckDBPyConnection) -> None:
    assert value(tickets, "T01", "quarter", "2025-01-01") == 59
    assert status(tickets, "T01", "quarter", "2025-01-01") == "provisional"
    assert status(tickets, "T01", "year", "2025-01-01") == "provisional"
    assert status(tickets, "T01", "month", "2025-02-01") is None
    assert status(tickets, "T01", "quarter", "2025-04-01") is None


def test_a_rate_over_such_a_period_is_what_it_is(tickets: duckdb.DuckDBPyConnection) -> None:
    assert status(tickets, "T02", "quarter", "2025-01-01") == "met"


def test_what_is_told_by_earlier_tickets_is_final_once_there_are_enough_of_them(
    tickets: duckdb.DuckDBPyConnection,
) -> None:
    # 90 days after 1 February is 2 May, 30 days after it 3 March
    assert [status(tickets, "T10", "month", f"2025-{m:02d}-01") for m in (2, 5, 6)] == ["provisional"] * 2 + [None]
    assert [status(tickets, "T10", "day", f"2025-05-{d:02d}") for d in (1, 2)] == ["provisional", None]
    assert [status(tickets, "T15", "month", f"2025-{m:02d}-01") for m in (3, 4)] == ["provisional", "met"]
    assert [status(tickets, "T11", "month", f"2025-{m:02d}-01") for m in (2, 3)] == ["provisional", None]


def test_a_ratio_of_two_flows_has_no_best_and_worst_outcome(tickets: duckdb.DuckDBPyConnection) -> None:
    # the month under way has a pending ticket in its numerator of another month: nothing bounds it
    listed = tickets.execute("SELECT DISTINCT indicator_id FROM marts.indicator_bounds").fetchall()
    assert "T15" not in {name for (name,) in listed}


def test_what_names_an_area_after_its_end_counts_where_that_area_lay(tickets: duckdb.DuckDBPyConnection) -> None:
    march = ("month", "2026-03-01")
    assert [parts(tickets, "T01", *march, code)[0] for code in ("C", "D2", "S2")] == [1, 1, 1]
    assert figure(tickets, "T01", *march, "K4") is None
    assert parts(tickets, "T01", *march, "unlocated", level="community")[0] == 1
    assert figure(tickets, "T01", *march, "unlocated", level="street") is None
    # it is still open, and on somebody's list
    assert value(tickets, "T12", "month", "2026-04-01", "S2") == 1


def test_a_headcount_ends_with_its_area() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "headcounts",
        [
            {"area_code": code, "role": "community_worker", "as_of": day, "headcount": count}
            for code, day, count in [("K4", "2025-12-31", 20), ("K3", "2025-12-31", 30), ("K3", "2026-03-01", 50)]
        ],
    )
    build(con, {"headcounts": "2026-05-20 12:00"})
    # in February both report; from March on K3 reports for both
    assert [parts(con, "M11", "month", start, "S2")[0] for start in ("2026-02-01", "2026-03-01")] == [50, 50]
    assert parts(con, "M11", "month", "2026-03-01", "C")[0] == 50


@pytest.fixture(scope="module")
def funds() -> Iterator[duckdb.DuckDBPyConnection]:
    """K1 has 100 and gets 90 of it, K3 has 100, gets all and spends 120."""
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "budget_lines",
        [
            {"line_id": code, "area_code": code, "fiscal_year": 2025, "fund": "operating", "spending_type": "staff",
             "source": "city", "opening_amount": 100}
            for code in ("K1", "K3")
        ],
    )  # fmt: skip
    movements = [("K1", "release", 90), ("K3", "release", 100), ("K3", "payment", 120)]
    insert(
        con,
        "payments",
        [
            {"payment_id": f"p{n}", "line_id": line, "kind": kind, "occurred_on": "2025-03-05", "amount": amount}
            for n, (line, kind, amount) in enumerate(movements)
        ],
    )
    build(con, {"budget_lines": "2026-02-10 12:00", "payments": "2026-02-10 12:00"})
    yield con
    con.close()


def test_a_target_for_the_whole_year_is_judged_at_its_end(funds: duckdb.DuckDBPyConnection) -> None:
    found = [figure(funds, "F02", "month", f"2025-{month:02d}-01", "K1") for month in (3, 11, 12)]
    assert [(f.value, f.target, f.status) for f in found if f] == [(0.9, 1, None), (0.9, 1, None), (0.9, 1, "missed")]
    assert status(funds, "F02", "year", "2025-01-01", "K3") == "met"


def test_an_overspent_budget_has_not_met_the_target_of_little_left_over(funds: duckdb.DuckDBPyConnection) -> None:
    assert value(funds, "F09", "year", "2025-01-01", "K3") == pytest.approx(-0.2)
    assert status(funds, "F09", "year", "2025-01-01", "K3") == "missed"


def test_a_stock_is_met_or_missed_since_nothing_in_it_is_chance() -> None:
    con = empty_warehouse()
    insert(con, "areas", [*AREAS])
    insert(
        con,
        "organisations",
        [
            {"org_id": f"o{code}", "org_level": "grid_branch", "org_kind": "grid", "area_code": code,
             "founded_on": "2024-01-01"}
            for code in ("G1", "G2")
        ],
    )  # fmt: skip
    build(con, {"organisations": "2026-05-20 12:00"})
    found = figure(con, "M02", "month", "2026-04-01")
    # two grids of three: Wilson's interval reaches 0.94, far from 1; 1 − 1 ÷ 3 is no estimate of anything
    assert found is not None and (found.numerator, found.denominator, found.status) == (2, 3, "missed")
    rows = con.execute("SELECT count(*) FROM marts.indicator_values WHERE status = 'watch'").fetchall()
    assert rows == [(0,)]
