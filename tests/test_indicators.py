"""Every indicator against figures worked out by hand on a city of a dozen rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landing import CONTRACTS, build, empty_warehouse, insert

# Tuesday noon; 30 days earlier is 20 April
AS_OF = "2026-05-20 12:00"


class Figure(NamedTuple):
    numerator: float | None
    denominator: float | None
    value: float | None
    lower: float | None
    upper: float | None
    excluded: int | None
    pending: int | None
    target: float | None
    status: str | None


def figure(
    con: duckdb.DuckDBPyConnection,
    indicator: str,
    grain: str,
    start: str,
    area: str = "C",
    member: str = "all",
    dimension: str | None = None,
    level: str | None = None,
) -> Figure | None:
    rows = con.execute(
        """
        SELECT numerator, denominator, value, lower, upper, excluded, pending, target, status
        FROM marts.indicator_values
        WHERE indicator_id = ? AND grain = ? AND period_start = ? AND area_code = ? AND member = ?
            AND dimension = coalesce(?, dimension) AND area_level = coalesce(?, area_level)
        """,
        [indicator, grain, date.fromisoformat(start), area, member, dimension, level],
    ).fetchall()
    assert len(rows) <= 1, rows
    return Figure(*rows[0]) if rows else None


def parts(
    con: duckdb.DuckDBPyConnection, indicator: str, grain: str, start: str, area: str = "C", **more: Any
) -> tuple[Any, ...]:
    """Numerator, denominator and excluded of a figure that must exist."""
    found = figure(con, indicator, grain, start, area, **more)
    assert found is not None
    return found.numerator, found.denominator, found.excluded


def value(
    con: duckdb.DuckDBPyConnection, indicator: str, grain: str, start: str, area: str = "C", **more: Any
) -> float | None:
    found = figure(con, indicator, grain, start, area, **more)
    assert found is not None
    return found.value


def area(
    code: str, level: str, parent: str | None, since: str = "2020-01-01", until: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "area_code": code,
        "level": level,
        "parent_code": parent,
        "area_name": code,
        "valid_from": since,
        "valid_to": until,
        **more,
    }


# Two districts. K2 moves from street S1 (district D1) to S2 (D2) on 1 March 2026; K4 ends that day.
AREAS = [
    area("C", "city", None),
    area("D1", "district", "C"),
    area("D2", "district", "C"),
    area("S1", "street", "D1"),
    area("S2", "street", "D2"),
    area("K1", "community", "S1", area_kind="key", population=10_000),
    area("K2", "community", "S1", until="2026-03-01", population=5_000),
    area("K2", "community", "S2", since="2026-03-01", population=5_000),
    area("K3", "community", "S2", area_kind="urban", population=5_000),
    area("K4", "community", "S2", until="2026-03-01", population=2_000),
    area("G1", "grid", "K1", population=300),
    area("G2", "grid", "K2"),
    area("G3", "grid", "K3"),
]


def ticket(
    name: str, channel: str, category: str, code: str | None, accepted: str, due: str | None = None, **more: Any
) -> dict[str, Any]:
    row = {"ticket_id": name, "channel": channel, "category_1": category, "area_code": code, "status": "open"}
    row["accepted_at"] = accepted
    if due:
        row["due_at"] = due
    return row | more


def at(day: str, hour: str = "09:00") -> str:
    return f"2026-{day} {hour}"


TICKETS = [
    # 48 hours less 2 paused = 46
    ticket(
        "a1",
        "hotline",
        "noise",
        "K1",
        at("02-10"),
        at("02-15"),
        first_contact_at=at("02-10", "10:00"),
        resolved_at=at("02-12"),
        paused_minutes=120,
        closed_at=at("02-12", "10:00"),
        status="closed",
        callback_at=at("02-20"),
        callback_resolved="yes",
        callback_satisfaction=5,
        on_time_reported=True,
    ),
    # a day late; contacted a minute before the 24 hours ended; 144 hours
    ticket(
        "a2",
        "hotline",
        "noise",
        "K2",
        at("02-20"),
        at("02-25"),
        first_contact_at=at("02-21", "08:59"),
        resolved_at=at("02-26"),
        closed_at=at("02-26", "10:00"),
        status="closed",
        callback_at=at("03-05"),
        callback_resolved="partly",
        callback_satisfaction=3,
        on_time_reported=False,
    ),
    # resolved in time, then reopened for good
    ticket(
        "a3",
        "grid",
        "waste",
        "K2",
        at("03-02"),
        at("03-07"),
        first_contact_at=at("03-04"),
        resolved_at=at("03-05"),
        closed_at=at("03-05", "09:30"),
        reopened_at=at("03-10"),
        callback_at=at("03-08"),
        callback_resolved="no",
        callback_satisfaction=1,
    ),
    # 240 hours; nobody answered the callback
    ticket(
        "a4",
        "app",
        "noise",
        "K3",
        at("03-03", "23:30"),
        at("03-31"),
        resolved_at=at("03-13", "23:30"),
        closed_at=at("03-14"),
        status="closed",
        callback_at=at("03-20"),
        callback_resolved="no_answer",
        on_time_reported=True,
    ),
    # no such area; open and overdue
    ticket("a5", "hotline", "noise", "K9", at("03-15", "10:00"), at("03-20", "10:00")),
    # left out: a duplicate, resolved and confirmed
    ticket(
        "a6",
        "hotline",
        "noise",
        "K1",
        at("03-10"),
        at("03-12"),
        first_contact_at=at("03-10", "10:00"),
        resolved_at=at("03-11"),
        closed_at=at("03-11", "10:00"),
        status="closed",
        exclusion_code="duplicate",
        callback_at=at("03-12"),
        callback_resolved="yes",
        callback_satisfaction=5,
        on_time_reported=True,
    ),
    # left out: cancelled
    ticket("a7", "visit", "road", "K1", at("03-11"), at("03-18"), status="cancelled"),
    # not due yet
    ticket("a8", "assembly", "road", "K1", at("05-10"), at("05-25"), first_contact_at=at("05-10", "09:30")),
    # known to the street only; without a deadline it matures on 4 June
    ticket("a9", "assembly", "road", "S1", at("05-05")),
    ticket("a10", "assembly", "road", "K3", at("05-02"), at("05-10"), resolved_at=at("05-08"), status="resolved"),
    # its 24 hours end an hour after the data cut
    ticket("a11", "hotline", "noise", "K1", at("05-19", "13:00"), at("05-22"), first_contact_at=at("05-19", "14:00")),
    # resolved, reopened, resolved again: 17 days = 408 hours
    ticket(
        "a12",
        "grid",
        "waste",
        "K1",
        at("03-01"),
        at("03-20"),
        first_contact_at=at("03-01", "10:00"),
        first_resolved_at=at("03-05"),
        first_closed_at=at("03-06"),
        reopened_at=at("03-15"),
        resolved_at=at("03-18"),
        closed_at=at("03-19"),
        status="closed",
        callback_at=at("03-25"),
        callback_resolved="yes",
        callback_satisfaction=4,
    ),
    # 44 days = 1,056 hours, across the move of K2
    ticket(
        "a13",
        "hotline",
        "noise",
        "K2",
        at("02-25"),
        at("04-30"),
        first_contact_at=at("02-27"),
        resolved_at=at("04-10"),
        status="resolved",
    ),
]


@pytest.fixture(scope="module")
def tickets() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "tickets", TICKETS)
    build(con, {"tickets": AS_OF, "areas": AS_OF})
    yield con
    con.close()


def test_t01_counts_what_was_accepted_and_shows_the_excluded_beside_it(tickets: duckdb.DuckDBPyConnection) -> None:
    # February a1 a2 a13; March a3 a4 a5 a12, excluded a6 a7; May a8 a9 a10 a11
    assert figure(tickets, "T01", "month", "2026-02-01") == (3, None, 3, None, None, 0, 0, None, None)
    assert figure(tickets, "T01", "month", "2026-03-01") == (4, None, 4, None, None, 2, 0, None, None)
    # a8, a9 and a11 may still be excluded
    assert figure(tickets, "T01", "month", "2026-05-01") == (4, None, 4, None, None, 0, 3, None, "provisional")
    assert value(tickets, "T01", "quarter", "2026-01-01") == 7
    assert value(tickets, "T01", "year", "2026-01-01") == 11
    assert value(tickets, "T01", "day", "2026-03-03") == 1


def test_t02_needs_a_resolution_that_was_not_reopened(tickets: duckdb.DuckDBPyConnection) -> None:
    # March: a4 and a12 of a3 a4 a5 a12; Wilson for 2 of 4 is 0.1500 to 0.8500, below the target of 0.97
    found = figure(tickets, "T02", "month", "2026-03-01")
    assert found is not None
    assert (found.numerator, found.denominator, found.value, found.excluded, found.pending) == (2, 4, 0.5, 2, 0)
    assert found.lower == pytest.approx(0.1500, abs=5e-5)
    assert found.upper == pytest.approx(0.8500, abs=5e-5)
    assert (found.target, found.status) == (0.97, "missed")
    # first quarter: a1 a2 a13 a4 a12 of seven
    assert parts(tickets, "T02", "quarter", "2026-01-01") == (5, 7, 2)


def test_t02_pending_are_those_not_due_yet_and_keep_a_period_provisional(tickets: duckdb.DuckDBPyConnection) -> None:
    # May: a10 resolved; a8 due 25 May, a9 mature on 4 June, a11 due 22 May
    found = figure(tickets, "T02", "month", "2026-05-01")
    assert found is not None
    assert (found.numerator, found.denominator, found.pending, found.status) == (1, 4, 3, "provisional")
    # the week from 4 to 10 May is over, but a8 and a9 are pending
    week = figure(tickets, "T02", "week", "2026-05-04")
    assert week is not None
    assert (week.denominator, week.pending, week.status) == (2, 2, "provisional")


def test_t03_keeps_open_overdue_tickets_in_the_denominator(tickets: duckdb.DuckDBPyConnection) -> None:
    # due in March: a3 (reopened: no), a4 yes, a5 (open: no), a12 yes; excluded a6 a7
    assert parts(tickets, "T03", "month", "2026-03-01") == (2, 4, 2)
    # due in February: a1 yes, a2 late
    assert parts(tickets, "T03", "month", "2026-02-01") == (1, 2, 0)
    # due in May by the 20th: a10 only; a8 and a11 are due later
    assert parts(tickets, "T03", "month", "2026-05-01") == (1, 1, 0)


def test_t04_counts_a_ticket_on_the_day_its_24_hours_end(tickets: duckdb.DuckDBPyConnection) -> None:
    # February: a1 yes, a2 yes by a minute, a13 no. March: a12 yes (2 March), a3 late, a4 and a5 never; excluded a6 a7
    assert parts(tickets, "T04", "month", "2026-02-01") == (2, 3, 0)
    assert parts(tickets, "T04", "month", "2026-03-01") == (1, 4, 2)
    # May: a8 yes, a9 and a10 never, a11 not yet ended
    assert parts(tickets, "T04", "month", "2026-05-01") == (1, 3, 0)
    assert parts(tickets, "T04", "day", "2026-03-02") == (1, 1, 0)


def test_t05_counts_valid_answers_only(tickets: duckdb.DuckDBPyConnection) -> None:
    # called back in March: a2 partly, a3 no, a12 yes; a4 did not answer; a6 is excluded
    assert parts(tickets, "T05", "month", "2026-03-01") == (1, 3, 1)
    assert parts(tickets, "T05", "month", "2026-02-01") == (1, 1, 0)


def test_t06_counts_a_score_of_three_as_satisfied(tickets: duckdb.DuckDBPyConnection) -> None:
    # March: a2 3, a3 1, a12 4; a4 not rated; a6 is excluded
    assert parts(tickets, "T06", "month", "2026-03-01") == (2, 3, 1)


def test_t06_takes_its_threshold_from_the_standards() -> None:
    con = empty_warehouse()
    insert(con, "tickets", TICKETS)
    build(con, {"tickets": AS_OF}, standards={"satisfaction_threshold": 4})
    # only a12's 4 is left of 3, 1, 4
    assert parts(con, "T06", "month", "2026-03-01") == (1, 3, 1)


def test_t07_counts_closed_tickets_thirty_days_later(tickets: duckdb.DuckDBPyConnection) -> None:
    # a1 12 February + 30 = 14 March, a2 26 February + 30 = 28 March: both answered
    assert parts(tickets, "T07", "month", "2026-03-01") == (2, 2, 0)
    # April: a3 (4th) answered, a12 first closed 6 March (5th) answered, a4 (13th) not; a6 (10th) excluded
    assert parts(tickets, "T07", "month", "2026-04-01") == (2, 3, 1)


def test_t11_counts_reopened_tickets_again_and_t12_those_past_their_deadline(
    tickets: duckdb.DuckDBPyConnection,
) -> None:
    # 9 March: a4 a13 (a3 resolved on the 5th, a12 on the 5th); 10 March: a3 again; 15 March: a5 new, a12 again, a4 gone
    assert value(tickets, "T11", "day", "2026-03-09") == 2
    assert value(tickets, "T11", "day", "2026-03-10") == 3
    assert value(tickets, "T11", "week", "2026-03-09") == 4
    # 31 March: a3 a5 a13; overdue a3 and a5
    assert value(tickets, "T11", "month", "2026-03-01") == 3
    assert value(tickets, "T12", "month", "2026-03-01") == 2
    # a3, due on the 7th, is overdue on the day it is reopened and was not while it was resolved
    assert value(tickets, "T12", "day", "2026-03-10") == 1
    assert figure(tickets, "T12", "day", "2026-03-09") is None
    # data cut: a3 a5 a8 a9 a11; overdue a3 a5
    assert value(tickets, "T11", "year", "2026-01-01") == 5
    assert value(tickets, "T12", "year", "2026-01-01") == 2


def test_t11_follows_a_community_that_moves_to_another_district(tickets: duckdb.DuckDBPyConnection) -> None:
    # a13 of K2 is open at the end of February (K2 in D1) and of March (K2 in D2, with a3); a5 is nowhere
    assert value(tickets, "T11", "month", "2026-02-01", "D1") == 1
    assert value(tickets, "T11", "month", "2026-02-01", "D2") == 0
    assert value(tickets, "T11", "month", "2026-03-01", "D1") == 0
    assert value(tickets, "T11", "month", "2026-03-01", "D2") == 2
    assert value(tickets, "T11", "month", "2026-03-01", "unlocated", level="district") == 1


def test_overdue_tickets_are_those_that_the_overdue_backlog_counts(tickets: duckdb.DuckDBPyConnection) -> None:
    # a5 due 20 March: 61 days to 20 May; a3 due 7 March: 74 days, in K2, by now of D2
    assert tickets.execute(
        "SELECT ticket_id, district_code, street_code, community_code, days_overdue FROM marts.overdue_tickets"
    ).fetchall() == [("a3", "D2", "S2", "K2", 74), ("a5", None, None, None, 61)]


def test_t13_and_t14_are_exact_and_computed_anew_at_each_level(tickets: duckdb.DuckDBPyConnection) -> None:
    # February: 46 and 144 → median 95, 90th percentile 46 + 0.9 · 98 = 134.2
    assert value(tickets, "T13", "month", "2026-02-01") == pytest.approx(95)
    assert value(tickets, "T14", "month", "2026-02-01") == pytest.approx(134.2)
    # March: 240 and 408 → 324 and 240 + 0.9 · 168 = 391.2; a6 is excluded
    assert value(tickets, "T13", "month", "2026-03-01") == pytest.approx(324)
    assert value(tickets, "T14", "month", "2026-03-01") == pytest.approx(391.2)
    assert parts(tickets, "T13", "month", "2026-03-01") == (None, 2, 1)
    # quarter: 46, 144, 240, 408 → median 192, position 2.7 → 240 + 0.7 · 168 = 357.6
    assert value(tickets, "T13", "quarter", "2026-01-01") == pytest.approx(192)
    assert value(tickets, "T14", "quarter", "2026-01-01") == pytest.approx(357.6)
    # D2 in March: a4 alone
    assert value(tickets, "T13", "month", "2026-03-01", "D2") == pytest.approx(240)
    assert value(tickets, "T13", "month", "2026-02-01", "D2") is None


def test_t15_sets_resolved_against_accepted(tickets: duckdb.DuckDBPyConnection) -> None:
    # March: a4 and a12 resolved, four accepted; quarter: a1 a2 a4 a12 against seven
    assert parts(tickets, "T15", "month", "2026-03-01") == (2, 4, 2)
    assert value(tickets, "T15", "quarter", "2026-01-01") == pytest.approx(4 / 7)
    # April: a13 resolved, nothing accepted: no ratio
    assert figure(tickets, "T15", "month", "2026-04-01") == (1, 0, None, None, None, 0, 0, 1.0, "no_cases")


def test_t19_reports_the_verdict_of_the_source_alone(tickets: duckdb.DuckDBPyConnection) -> None:
    # February: a1 true, a2 false, a13 none; March: a4 true, a6 excluded
    assert parts(tickets, "T19", "month", "2026-02-01") == (1, 2, 0)
    assert parts(tickets, "T19", "month", "2026-03-01") == (1, 1, 1)


def test_l04_counts_tickets_of_the_assembly_channel(tickets: duckdb.DuckDBPyConnection) -> None:
    # a10 of a8 a9 a10; a8 and a9 are pending
    found = figure(tickets, "L04", "month", "2026-05-01")
    assert found is not None
    assert (found.numerator, found.denominator, found.pending, found.status) == (1, 3, 2, "provisional")
    assert figure(tickets, "L04", "month", "2026-03-01") == (0, 0, None, None, None, 0, 0, None, "no_cases")


def test_an_event_belongs_to_the_area_in_force_on_its_own_day(tickets: duckdb.DuckDBPyConnection) -> None:
    # a2 of K2: accepted in February in D1, called back in March in D2
    assert parts(tickets, "T01", "month", "2026-02-01", "D1") == (3, None, 0)
    assert parts(tickets, "T05", "month", "2026-03-01", "D2") == (0, 2, 0)
    assert parts(tickets, "T05", "month", "2026-03-01", "D1") == (1, 1, 1)


def test_rows_that_cannot_be_placed_are_unlocated_and_the_parts_add_up(tickets: duckdb.DuckDBPyConnection) -> None:
    # March: D1 a12 (excluded a6 a7), D2 a3 a4, nowhere a5
    assert parts(tickets, "T02", "month", "2026-03-01", "D1") == (1, 1, 2)
    assert parts(tickets, "T02", "month", "2026-03-01", "D2") == (1, 2, 0)
    assert parts(tickets, "T02", "month", "2026-03-01", "unlocated", level="district") == (0, 1, 0)
    # May: a9 is known to the street only
    assert value(tickets, "T01", "month", "2026-05-01", "S1") == 3
    assert value(tickets, "T01", "month", "2026-05-01", "K1") == 2
    assert value(tickets, "T01", "month", "2026-05-01", "unlocated", level="community") == 1


def test_an_area_without_cases_has_a_row_while_it_is_in_force(tickets: duckdb.DuckDBPyConnection) -> None:
    assert figure(tickets, "T01", "month", "2026-02-01", "K4") == (0, None, 0, None, None, 0, 0, None, None)
    assert figure(tickets, "T02", "month", "2026-02-01", "D2") == (0, 0, None, None, None, 0, 0, 0.97, "no_cases")
    assert figure(tickets, "T01", "month", "2026-03-01", "K4") is None
    # a stock is taken on the last day of February, on which K4 is still in force
    assert value(tickets, "T11", "month", "2026-02-01", "K4") == 0


def test_channels_and_categories_are_dimensions_of_their_own(tickets: duckdb.DuckDBPyConnection) -> None:
    # March by channel: hotline a5 (excluded a6), grid a3 a12, app a4, visit only the excluded a7
    for channel, counted, excluded in (("hotline", 1, 1), ("grid", 2, 0), ("app", 1, 0), ("visit", 0, 1)):
        assert parts(tickets, "T01", "month", "2026-03-01", member=channel, dimension="channel") == (
            counted,
            None,
            excluded,
        )
    assert parts(tickets, "T02", "month", "2026-03-01", member="waste", dimension="category_1") == (1, 2, 0)


def test_callback_figures_stay_provisional_for_thirty_days(tickets: duckdb.DuckDBPyConnection) -> None:
    con = empty_warehouse()
    insert(con, "tickets", TICKETS)
    # 31 March + 30 days = 30 April
    build(con, {"tickets": "2026-04-29 12:00"})
    found = figure(con, "T05", "month", "2026-03-01")
    assert found is not None and found.status == "provisional"
    final = figure(tickets, "T05", "month", "2026-03-01")
    # 1 of 3, Wilson 0.0615 to 0.7923, target 0.85
    assert final is not None and final.status == "missed"


def test_only_periods_that_have_begun_are_shown(tickets: duckdb.DuckDBPyConnection) -> None:
    rows = tickets.execute(
        "SELECT grain, min(period_start), max(period_start) FROM marts.indicator_values GROUP BY grain"
    ).fetchall()
    assert sorted(rows) == [
        ("day", date(2026, 2, 10), date(2026, 5, 20)),
        ("month", date(2026, 2, 1), date(2026, 5, 1)),
        ("quarter", date(2026, 1, 1), date(2026, 4, 1)),
        ("week", date(2026, 2, 9), date(2026, 5, 18)),
        ("year", date(2026, 1, 1), date(2026, 1, 1)),
    ]


def test_indicators_of_datasets_that_were_never_delivered_have_no_rows(tickets: duckdb.DuckDBPyConnection) -> None:
    rows = tickets.execute("SELECT DISTINCT left(indicator_id, 1) FROM marts.indicator_values ORDER BY 1").fetchall()
    assert rows == [("L",), ("T",)]


def test_a_week_across_the_year_end_is_one_week_and_two_years() -> None:
    con = empty_warehouse()
    insert(
        con,
        "tickets",
        [ticket("w1", "app", "x", None, "2025-12-31 23:30"), ticket("w2", "app", "x", None, "2026-01-02 00:30")],
    )
    build(con, {"tickets": "2026-01-10 12:00"})
    # Monday 29 December to Sunday 4 January
    assert value(con, "T01", "week", "2025-12-29") == 2
    assert value(con, "T01", "month", "2025-12-01") == 1
    assert value(con, "T01", "year", "2025-01-01") == 1
    assert value(con, "T01", "year", "2026-01-01") == 1


def test_the_day_of_the_data_cut_counts_and_what_lies_behind_it_does_not() -> None:
    con = empty_warehouse()
    rows = [ticket("e1", "app", "x", None, at("05-20", "08:00")), ticket("e2", "app", "x", None, at("05-21", "08:00"))]
    # overdue at noon is what was due by then: e3 at 11:00, not e4 at 18:00
    rows += [ticket("e3", "app", "x", None, at("05-18"), at("05-20", "11:00"))]
    rows += [ticket("e4", "app", "x", None, at("05-18"), at("05-20", "18:00"))]
    insert(con, "tickets", rows)
    build(con, {"tickets": AS_OF})
    assert value(con, "T01", "day", "2026-05-20") == 1
    assert value(con, "T01", "month", "2026-05-01") == 3
    assert figure(con, "T01", "day", "2026-05-21") is None
    assert value(con, "T11", "month", "2026-05-01") == 3
    assert value(con, "T12", "month", "2026-05-01") == 1
    assert con.execute("SELECT ticket_id FROM marts.overdue_tickets").fetchall() == [("e3",)]


def test_wilson_bounds_and_the_status_that_follows_from_them() -> None:
    con = empty_warehouse()
    cases = {
        "hotline": (35, 36),
        "grid": (972, 1000),
        "app": (3499, 3600),
        "visit": (5, 5),
        "wish": (0, 5),
        "other": (19, 20),
    }
    for channel, (resolved, accepted) in cases.items():
        con.execute(
            """
            INSERT INTO landing.tickets BY NAME
            SELECT
                ? || i AS ticket_id, ? AS channel, 'open' AS status,
                TIMESTAMP '2025-03-03 01:00' AS accepted_at, DATE '2025-03-03' AS accepted_on,
                CASE WHEN i < ? THEN TIMESTAMP '2025-03-04 01:00' END AS resolved_at,
                CASE WHEN i < ? THEN DATE '2025-03-04' END AS resolved_on
            FROM range(?) AS numbers(i)
            """,
            [channel, channel, resolved, resolved, accepted],
        )
    build(con, {"tickets": "2026-01-10 12:00"})
    # published bounds of the design; 19 of 20 is 0.7639 to 0.9911: below 0.97, yet not by more than chance
    expected = {
        "hotline": (0.8583, 0.9951, "met"),
        "grid": (0.9598, 0.9806, "met"),
        "app": (0.9660, 0.9769, "met"),
        "visit": (0.5655, 1.0, "met"),
        "wish": (0.0, 0.4345, "missed"),
        "other": (0.7639, 0.9911, "watch"),
    }
    for channel, (lower, upper, status) in expected.items():
        found = figure(con, "T02", "year", "2025-01-01", member=channel)
        assert found is not None
        assert found.lower == pytest.approx(lower, abs=5e-5)
        assert found.upper == pytest.approx(upper, abs=5e-5)
        assert found.status == status
    visit, wish = (figure(con, "T02", "year", "2025-01-01", member=channel) for channel in ("visit", "wish"))
    assert visit is not None and visit.upper == 1
    assert wish is not None and wish.lower == 0


@pytest.fixture(scope="module")
def stocks() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "meetings",
        [
            {"meeting_id": "h1", "kind": "assembly", "area_code": "K1", "held_on": "2026-03-05"},
            {"meeting_id": "h2", "kind": "assembly", "area_code": "K2", "held_on": "2026-02-27"},
            {"meeting_id": "h3", "kind": "visit", "area_code": "K1", "held_on": "2026-03-06"},
            {"meeting_id": "h4", "kind": "assembly", "area_code": None, "held_on": "2026-03-20"},
        ],
    )
    insert(
        con,
        "organisations",
        [
            {
                "org_id": "o1",
                "org_name": "1",
                "org_level": "grid_branch",
                "area_code": "G1",
                "founded_on": "2020-01-01",
            },
            {
                "org_id": "o2",
                "org_name": "2",
                "org_level": "grid_branch",
                "area_code": "G2",
                "dissolved_on": "2026-04-15",
            },
            {"org_id": "o3", "org_name": "3", "org_level": "community_committee", "area_code": "K1"},
            {
                "org_id": "o4",
                "org_name": "4",
                "org_level": "community_committee",
                "area_code": "K3",
                "founded_on": "2026-05-01",
            },
            {"org_id": "o5", "org_name": "5", "org_level": "partner_unit", "area_code": "K9"},
        ],
    )
    insert(
        con,
        "headcounts",
        [
            {"area_code": code, "role": role, "as_of": day, "headcount": number}
            for code, role, day, number in (
                ("K1", "community_worker", "2026-01-10", 25),
                ("K1", "community_worker", "2026-04-10", 30),
                ("K3", "community_worker", "2026-02-01", 10),
                ("K1", "cadre", "2026-01-10", 15),
                ("K1", "cadre", "2026-05-05", 14),
                ("K3", "cadre", "2026-01-10", 10),
                ("K1", "partner_head", "2026-01-10", 12),
                ("K3", "partner_head", "2026-01-10", 3),
            )
        ],
    )
    insert(
        con,
        "facilities",
        [
            {
                "facility_id": "f1",
                "area_code": "K1",
                "kind": "community_centre",
                "floor_area_m2": 500,
                "opened_on": "2019-01-01",
            },
            {"facility_id": "f2", "area_code": "K2", "kind": "community_centre", "floor_area_m2": 499.9},
            {
                "facility_id": "f3",
                "area_code": "S2",
                "kind": "street_centre",
                "floor_area_m2": 800,
                "opened_on": "2026-04-02",
            },
            {"facility_id": "f4", "area_code": "C", "kind": "regional_centre", "floor_area_m2": 9000},
            {
                "facility_id": "f5",
                "area_code": "K3",
                "kind": "community_centre",
                "floor_area_m2": 600,
                "closed_on": "2026-03-20",
            },
        ],
    )
    build(con, dict.fromkeys(("meetings", "organisations", "headcounts", "facilities"), AS_OF))
    yield con
    con.close()


def test_m01_counts_live_organisations_and_each_rung(stocks: duckdb.DuckDBPyConnection) -> None:
    # end of March: o1 o2 o3 o5; April: o2 dissolved; May so far: o4 founded; o5 cannot be placed
    assert value(stocks, "M01", "month", "2026-03-01") == 4
    assert value(stocks, "M01", "month", "2026-04-01") == 3
    assert figure(stocks, "M01", "month", "2026-05-01") == (4, None, 4, None, None, 0, 0, None, "provisional")
    assert value(stocks, "M01", "month", "2026-03-01", member="grid_branch") == 2
    assert value(stocks, "M01", "month", "2026-03-01", "unlocated", level="district") == 1
    # G2 lies in K2, which is in D1 until February
    assert value(stocks, "M01", "month", "2026-02-01", "D1") == 3
    assert value(stocks, "M01", "month", "2026-03-01", "D1") == 2


def test_m02_is_the_share_of_grids_with_a_live_branch(stocks: duckdb.DuckDBPyConnection) -> None:
    assert parts(stocks, "M02", "month", "2026-03-01")[:2] == (2, 3)
    assert parts(stocks, "M02", "month", "2026-04-01")[:2] == (1, 3)
    assert value(stocks, "M02", "month", "2026-03-01", "G3") == 0


def test_m03_is_the_share_of_communities_with_a_live_committee(stocks: duckdb.DuckDBPyConnection) -> None:
    # February: K1 of K1 K2 K3 K4; March: K4 has ended; May: K1 and K3
    assert parts(stocks, "M03", "month", "2026-02-01")[:2] == (1, 4)
    assert parts(stocks, "M03", "month", "2026-03-01")[:2] == (1, 3)
    assert parts(stocks, "M03", "month", "2026-05-01")[:2] == (2, 3)


def test_m11_sets_the_latest_workers_against_the_residents_of_that_day(stocks: duckdb.DuckDBPyConnection) -> None:
    # February 35 ÷ 22,000; March 35 ÷ 20,000 = 17.5; April 40 ÷ 20,000 = 20 per 10,000
    assert value(stocks, "M11", "month", "2026-02-01") == pytest.approx(350_000 / 22_000)
    assert value(stocks, "M11", "month", "2026-03-01") == pytest.approx(17.5)
    assert value(stocks, "M11", "month", "2026-04-01") == pytest.approx(20)
    # D1 holds K1 and K2 (15,000) in February, K1 (10,000) in March
    assert value(stocks, "M11", "month", "2026-02-01", "D1") == pytest.approx(250_000 / 15_000)
    assert value(stocks, "M11", "month", "2026-03-01", "D1") == pytest.approx(25)


def test_m12_needs_cadres_by_kind_of_area_and_twenty_workers(stocks: duckdb.DuckDBPyConnection) -> None:
    # K1 is a key community: 15 cadres and 25 workers suffice, 14 in May do not; K3 has 10 workers, K2 reports nothing
    assert parts(stocks, "M12", "month", "2026-03-01")[:2] == (1, 3)
    assert parts(stocks, "M12", "month", "2026-05-01")[:2] == (0, 3)


def test_m16_counts_live_street_and_community_centres(stocks: duckdb.DuckDBPyConnection) -> None:
    # February f1 f5 of f1 f2 f5; March f1 of f1 f2; April f1 f3 of f1 f2 f3
    assert parts(stocks, "M16", "month", "2026-02-01")[:2] == (2, 3)
    assert parts(stocks, "M16", "month", "2026-03-01")[:2] == (1, 2)
    assert parts(stocks, "M16", "month", "2026-04-01")[:2] == (2, 3)


def test_m18_sums_the_latest_reports_and_hides_small_numbers_of_people(stocks: duckdb.DuckDBPyConnection) -> None:
    # 12 in K1 of D1 and 3 in K3 of D2: beside a total of 15 the 12 would give the 3 away
    assert value(stocks, "M18", "month", "2026-03-01") == 15
    for area in ("D1", "D2", "K1", "K3"):
        assert figure(stocks, "M18", "month", "2026-03-01", area) == (*[None] * 8, "suppressed")


def test_l03_counts_assemblies_by_the_area_of_their_day(stocks: duckdb.DuckDBPyConnection) -> None:
    assert value(stocks, "L03", "month", "2026-03-01") == 2
    assert value(stocks, "L03", "month", "2026-03-01", "D1") == 1
    assert value(stocks, "L03", "month", "2026-03-01", "unlocated", level="district") == 1
    assert value(stocks, "L03", "month", "2026-02-01", "D1") == 1


# o1 in K1 (D1), o2 in K2 (D1 until February, then D2)
MEMBER_ORGANISATIONS = [
    {"org_id": "o1", "org_name": "1", "org_level": "grid_branch", "area_code": "G1"},
    {"org_id": "o2", "org_name": "2", "org_level": "grid_branch", "area_code": "K2"},
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_m04_counts_a_member_once_in_the_organisation_joined_last() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", MEMBER_ORGANISATIONS)
    member = {"_valid_from": utc("2026-01-01 00:00"), "joined_on": "2020-01-01"}
    insert(con, "members", [{"member_id": f"m{i}", "org_id": "o1", **member} for i in range(1, 12)])
    insert(con, "members", [{"member_id": "m12", "org_id": "o1", **member, "left_on": "2026-04-10"}])
    insert(con, "members", [{"member_id": f"n{i}", "org_id": "o2", **member} for i in range(1, 5)])
    insert(con, "members", [{"member_id": "m1", "org_id": "o2", **member, "joined_on": "2026-04-01"}])
    # a version of the past counts for nothing here
    insert(con, "members", [{"member_id": "m2", "org_id": "o9", **member, "_valid_to": utc("2026-02-01 00:00")}])
    build(con, {"members": AS_OF})
    # February 12 + 4, all in D1; March 12 in D1, 4 in D2: hidden, and with them the 12 that would give them away
    assert value(con, "M04", "month", "2026-02-01") == 16
    assert value(con, "M04", "month", "2026-02-01", "D1") == 16
    assert value(con, "M04", "month", "2026-03-01") == 16
    for area in ("D1", "D2"):
        assert figure(con, "M04", "month", "2026-03-01", area) == (*[None] * 8, "suppressed")
    # April: m12 has left and m1 counts in o2, which makes 10 and 5; counted in both, m1 would make 16
    assert value(con, "M04", "month", "2026-04-01") == 15
    # nobody is not a small number of people
    assert value(con, "M04", "month", "2026-04-01", "K3") == 0


def test_undated_attributes_hold_from_the_delivery_that_reports_them() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con, "organisations", [{"org_id": "o3", "org_name": "3", "org_level": "community_committee", "area_code": "K1"}]
    )
    # 44 secretaries, 24 with college; 31 serve; 10 reported on 20 March, five of them in K3, and 10 on 5 April;
    # 12 on the committee
    rows = [
        {
            "member_id": f"s{i}",
            "org_id": "o3",
            "is_secretary": True,
            "schooling": "college" if i <= 24 else "senior",
            "is_serving": i <= 31,
            "reported_to_community_on": "2026-03-20" if i <= 10 else "2026-04-05" if i <= 20 else None,
            "reported_area_code": "K3" if i <= 5 else None,
            "is_committee_member": i <= 12,
        }
        for i in range(1, 45)
    ]
    # first delivery 15 March; the one of 1 May 00:30 local time (30 April 16:30 UTC) corrects s1's schooling
    first, second = utc("2026-03-15 00:00"), utc("2026-04-30 16:30")
    insert(
        con,
        "members",
        [{**row, "_valid_from": first, "_valid_to": second if i == 0 else None} for i, row in enumerate(rows)],
    )
    insert(con, "members", [{**rows[0], "schooling": "senior", "_valid_from": second}])
    build(con, {"members": AS_OF})
    assert parts(con, "M06", "month", "2026-03-01")[:2] == (24, 44)
    assert parts(con, "M06", "month", "2026-04-01")[:2] == (24, 44)
    assert parts(con, "M06", "month", "2026-05-01")[:2] == (23, 44)
    assert figure(con, "M06", "month", "2026-02-01") is None
    assert figure(con, "M06", "week", "2026-03-02") is None
    assert parts(con, "M06", "week", "2026-03-09")[:2] == (24, 44)
    assert parts(con, "M09", "month", "2026-03-01")[:2] == (10, 31)
    assert parts(con, "M09", "month", "2026-04-01")[:2] == (20, 31)
    # five of K3, 26 of K1: rates about people need thirty
    for community in ("K1", "K3"):
        hidden = figure(con, "M09", "month", "2026-04-01", community)
        assert hidden is not None and (hidden.value, hidden.denominator, hidden.status) == (None, None, "suppressed")
    assert value(con, "M17", "month", "2026-03-01", "K1") == 12
    assert value(con, "M17", "month", "2026-03-01") == 12


@pytest.fixture(scope="module")
def funds() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "budget_lines",
        [
            {
                "line_id": "l1",
                "area_code": "K1",
                "fiscal_year": 2025,
                "fund": "operating",
                "opening_amount": 200_000,
                "adjustment_amount": -20_000,
                "carried_in_amount": 30_000,
            },
            {"line_id": "l2", "area_code": "K1", "fiscal_year": 2025, "fund": "service", "opening_amount": 200_000},
            {"line_id": "l3", "area_code": "K3", "fiscal_year": 2025, "fund": "operating", "opening_amount": 300_000},
            {"line_id": "l4", "area_code": "K3", "fiscal_year": 2025, "fund": "service", "opening_amount": 150_000},
            {"line_id": "l5", "area_code": "K2", "fiscal_year": 2025, "fund": "project", "opening_amount": 40_000},
            {"line_id": "l6", "area_code": "K1", "fiscal_year": 2026, "fund": "operating", "opening_amount": 365_000},
        ],
    )
    insert(
        con,
        "payments",
        [
            {
                "payment_id": f"p{i}",
                "line_id": line,
                "kind": kind,
                "occurred_on": day,
                "amount": amount,
                "commitment_id": commitment,
            }
            for i, (line, kind, day, amount, commitment) in enumerate(
                (
                    ("l1", "release", "2025-05-10", 100_000, None),
                    ("l3", "release", "2025-06-01", 300_000, None),
                    ("l1", "commitment", "2025-06-15", 100_000, "c1"),
                    ("l1", "payment", "2025-07-01", 60_000, "c1"),
                    ("l1", "refund", "2025-08-01", 10_000, None),
                    ("l3", "commitment", "2025-09-01", 50_000, "c2"),
                    ("l2", "commitment", "2025-09-09", -5_000, "c3"),
                    ("l3", "payment", "2025-10-01", 70_000, "c2"),
                    ("zz", "payment", "2026-01-05", 6_000, None),
                    ("l3", "payment", "2026-03-30", 120_000, None),
                    ("l6", "payment", "2026-04-10", 7_000, None),
                )
            )
        ],
    )
    build(con, {"budget_lines": AS_OF, "payments": AS_OF}, fiscal_year_start=4)
    yield con
    con.close()


def test_funding_of_a_fiscal_year_that_starts_in_april(funds: duckdb.DuckDBPyConnection) -> None:
    # fiscal year 2025, over since 31 March: budget 210 + 200 + 300 + 150 + 40 = 900 thousand; released 400;
    # net 60 − 10 + 70 + 6 + 120 = 246; open commitments 100 − 60 = 40, 50 − 70 → 0, −5 → 35;
    # residents 10,000 + 5,000 + 5,000
    year = ("year", "2025-04-01")
    assert figure(funds, "F01", *year) == (900_000, None, 900_000, None, None, 0, 0, None, None)
    assert parts(funds, "F02", *year)[:2] == (400_000, 900_000)
    assert parts(funds, "F03", *year)[:2] == (246_000, 900_000)
    assert parts(funds, "F04", *year)[:2] == (246_000, 400_000)
    assert parts(funds, "F05", *year)[:2] == (281_000, 900_000)
    assert value(funds, "F06", *year) == pytest.approx(100 * (246 / 900 - 1))
    assert value(funds, "F07", *year) == pytest.approx(12.3)
    # K1 has 210 and 200 thousand; K3 has 150 for service, K2 neither
    assert parts(funds, "F08", *year)[:2] == (1, 3)
    found = figure(funds, "F02", *year)
    assert found is not None and (found.target, found.status) == (1.0, "missed")


def test_funding_is_the_fiscal_year_to_date_at_the_end_of_each_period(funds: duckdb.DuckDBPyConnection) -> None:
    # 31 December 2025 is day 275 of 365: net 60 − 10 + 70 = 120 thousand
    assert parts(funds, "F03", "month", "2025-12-01")[:2] == (120_000, 900_000)
    assert value(funds, "F06", "month", "2025-12-01") == pytest.approx(100 * (120 / 900 - 275 / 365))
    # 30 June 2025: c1 is open in full, 0 paid
    assert parts(funds, "F05", "quarter", "2025-04-01")[:2] == (100_000, 900_000)
    # April 2026 opens a new year: 7 of 365 thousand after 30 of 365 days; −6.3 points miss the target of −5
    april = figure(funds, "F06", "month", "2026-04-01")
    assert april is not None
    assert april.value == pytest.approx(-2300 / 365)
    assert (april.target, april.status) == (-5, "missed")
    # the year that runs: day 50, provisional
    running = figure(funds, "F06", "year", "2026-04-01")
    assert running is not None
    assert running.value == pytest.approx(100 * (7 - 50) / 365)
    assert running.status == "provisional"
    assert figure(funds, "F03", "year", "2026-01-01") is None


def test_funding_by_fund_and_area_with_a_payment_without_its_line(funds: duckdb.DuckDBPyConnection) -> None:
    year = ("year", "2025-04-01")
    assert parts(funds, "F03", *year, member="operating")[:2] == (240_000, 510_000)
    # the orphan of 5 January 2026: fiscal year 2025, fund unknown, nowhere
    unknown = figure(funds, "F03", *year, dimension="fund", member="unknown", level="city")
    assert unknown is not None and (unknown.numerator, unknown.denominator, unknown.status) == (6_000, 0, "no_cases")
    assert parts(funds, "F03", *year, "D1")[:2] == (50_000, 410_000)
    assert parts(funds, "F03", *year, "D2")[:2] == (190_000, 490_000)
    assert parts(funds, "F03", *year, "unlocated", member="all", level="district")[:2] == (6_000, 0)
    # K2 and its 40 thousand belong to D1 until February
    assert value(funds, "F01", "month", "2026-02-01", "D1") == 450_000


def test_a_city_without_areas_has_its_own_row_and_figures_at_city_level_only() -> None:
    con = empty_warehouse()
    insert(con, "tickets", TICKETS)
    build(con, {"tickets": AS_OF})
    assert con.execute("SELECT area_code, level, is_current FROM marts.areas").fetchall() == [("C", "city", True)]
    assert con.execute("SELECT DISTINCT area_level, area_code FROM marts.indicator_values").fetchall() == [
        ("city", "C")
    ]


def test_a_warehouse_without_deliveries_builds_to_empty_figures() -> None:
    con = empty_warehouse()
    rows = build(con, {})
    assert rows["marts.indicator_values"] == 0
    assert rows["marts.areas"] == 1


ADDITIVE = ("T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T15", "T17", "T18", "T19")
CODES = st.sampled_from(["K1", "K2", "K3", "K4", "G1", "G2", "S1", "D2", "C", "K9", None])
FIRST = datetime(2025, 11, 20, 9)  # noqa: DTZ001
HOURS = st.integers(0, 24 * 170)


@st.composite
def random_ticket(draw: st.DrawFn) -> dict[str, Any]:
    accepted = FIRST + timedelta(hours=draw(HOURS))
    row: dict[str, Any] = {
        "channel": draw(st.sampled_from(["hotline", "grid", "assembly", None])),
        "category_1": draw(st.sampled_from(["noise", "road", None])),
        "area_code": draw(CODES),
        "status": draw(st.sampled_from(["open", "open", "cancelled"])),
        "exclusion_code": draw(st.sampled_from([None, None, "duplicate", "out_of_jurisdiction"])),
        "on_time_reported": draw(st.sampled_from([None, True, False])),
        "callback_resolved": draw(st.sampled_from([None, "yes", "partly", "no", "no_answer"])),
        "callback_satisfaction": draw(st.sampled_from([None, 1, 3, 5])),
        "reporter_id": draw(st.sampled_from([None, "p1", "p2"])),
        "department_count": draw(st.sampled_from([None, 1, 2])),
    }
    row["accepted_at"] = accepted.isoformat(" ")
    for name in (
        "first_contact_at",
        "due_at",
        "first_resolved_at",
        "resolved_at",
        "closed_at",
        "reopened_at",
        "callback_at",
    ):
        after = draw(st.none() | st.integers(0, 24 * 60))
        if after is not None:
            row[name] = (accepted + timedelta(hours=after)).isoformat(" ")
    return row


@settings(max_examples=8, deadline=None)
@given(
    rows=st.lists(random_ticket(), min_size=1, max_size=25),
    lines=st.lists(st.tuples(CODES, st.integers(0, 10**9)), max_size=6),
)
def test_the_parts_add_up_to_the_whole_and_longer_periods_to_their_shorter_ones(
    rows: list[dict[str, Any]], lines: list[tuple[str | None, int]]
) -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "tickets", [{"ticket_id": f"r{i}", **row} for i, row in enumerate(rows)])
    insert(
        con,
        "organisations",
        [
            {"org_id": f"o{i}", "org_name": "o", "org_level": "grid_branch", "area_code": code}
            for i, (code, _) in enumerate(lines)
        ],
    )
    insert(
        con,
        "budget_lines",
        [
            {
                "line_id": f"l{i}",
                "area_code": code,
                "fiscal_year": 2026,
                "fund": "service",
                "opening_amount": cents / 100,
            }
            for i, (code, cents) in enumerate(lines)
        ],
    )
    insert(
        con,
        "payments",
        [
            {
                "payment_id": f"p{i}",
                "line_id": f"l{2 * i}",
                "kind": "payment",
                "occurred_on": "2026-02-02",
                "amount": cents / 300,
            }
            for i, (_, cents) in enumerate(lines)
        ],
    )
    build(con, dict.fromkeys(CONTRACTS, AS_OF))
    broken = con.execute(
        """
        WITH totals AS (
            SELECT
                indicator_id, grain, period_start, dimension, member, area_level,
                sum(numerator) AS n, sum(denominator) AS d, sum(excluded) AS e, sum(pending) AS p
            FROM marts.indicator_values
            WHERE indicator_id NOT IN ('M04', 'M06', 'M09', 'M17', 'M18', 'T13', 'T14')
                AND NOT (area_level = 'grid' AND indicator_id IN ('M03', 'M11', 'M12', 'F07', 'F08', 'T16'))
                -- residents are the same for every channel and category
                AND NOT (indicator_id = 'T16' AND dimension <> 'all')
            GROUP BY ALL
        )
        SELECT t.*, c.n, c.d, c.e, c.p
        FROM totals AS t
        LEFT JOIN totals AS c
            ON (c.indicator_id, c.grain, c.period_start, c.dimension, c.member, c.area_level)
             = (t.indicator_id, t.grain, t.period_start, t.dimension, t.member, 'city')
        WHERE c.n IS NULL OR abs(c.n - t.n) > 1e-6 OR abs(c.d - t.d) > 1e-6 OR c.e <> t.e OR c.p <> t.p
        """
    ).fetchall()
    assert broken == []
    misplaced = con.execute(
        """
        SELECT DISTINCT v.area_level, v.area_code FROM marts.indicator_values AS v
        ANTI JOIN core.areas AS a ON a.area_code = v.area_code AND a.level = v.area_level
        WHERE v.area_code <> 'unlocated' OR v.area_level = 'city'
        """
    ).fetchall()
    assert misplaced == []
    for shorter, longer, column in (
        ("day", "week", "week_start"),
        ("day", "month", "month_start"),
        ("month", "quarter", "quarter_start"),
        ("month", "year", "year_start"),
    ):
        broken = con.execute(
            f"""
            WITH sums AS (
                SELECT v.indicator_id, v.area_level, v.area_code, v.dimension, v.member, k.{column} AS start,
                    sum(v.numerator) AS n, coalesce(sum(v.denominator), 0) AS d,
                    sum(v.excluded) AS e, sum(v.pending) AS p
                FROM marts.indicator_values AS v JOIN reference.calendar AS k ON k.day = v.period_start
                WHERE v.grain = ? AND list_contains(?, v.indicator_id)
                GROUP BY ALL
            ), longer AS (
                SELECT v.*, coalesce(denominator, 0) AS d FROM marts.indicator_values AS v
                WHERE grain = ? AND list_contains(?, indicator_id)
                    AND (numerator > 0 OR coalesce(denominator, 0) > 0 OR excluded > 0)
                    AND (area_level, dimension) IN (SELECT (area_level, dimension) FROM core.shapes WHERE grain = ?)
            )
            SELECT s.*, l.numerator, l.d, l.excluded, l.pending
            FROM longer AS l FULL JOIN (SELECT * FROM sums WHERE n > 0 OR d > 0 OR e > 0) AS s
                ON (s.indicator_id, s.area_level, s.area_code, s.dimension, s.member, s.start)
                 = (l.indicator_id, l.area_level, l.area_code, l.dimension, l.member, l.period_start)
            WHERE l.numerator IS DISTINCT FROM s.n OR l.d IS DISTINCT FROM s.d
                OR l.excluded IS DISTINCT FROM s.e OR l.pending IS DISTINCT FROM s.p
            """,
            [shorter, list(ADDITIVE), longer, list(ADDITIVE), shorter],
        ).fetchall()
        assert broken == [], (shorter, longer)
    con.close()
