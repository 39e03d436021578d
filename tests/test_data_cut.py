"""What was not known at the data cut is in no figure, and a period is over only when its last day is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import duckdb
import pytest
from landing import SHANGHAI, build, empty_warehouse, insert

NEW_YORK = ZoneInfo("America/New_York")


def city_of(tickets: list[dict[str, object]], as_of: str, zone: ZoneInfo = SHANGHAI) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    insert(con, "tickets", [{"status": "open", **row} for row in tickets], zone)
    build(con, {"tickets": as_of}, zone=zone)
    return con


def figure(con: duckdb.DuckDBPyConnection, indicator: str, grain: str, period: str) -> tuple[object, ...]:
    """(numerator, denominator, pending, status) of the city."""
    rows = con.execute(
        "SELECT numerator, denominator, pending, status FROM marts.indicator_values WHERE indicator_id = ? AND grain = ?"
        " AND period_start = ? AND area_level = 'city' AND dimension = 'all'",
        [indicator, grain, period],
    ).fetchall()
    return rows[0] if rows else ()


def resolved(number: int, accepted: str, at: str) -> dict[str, object]:
    return {"ticket_id": str(number), "accepted_at": accepted, "resolved_at": at, "status": "resolved"}


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2026-05-31 02:00:00", "provisional"), ("2026-05-31 23:59:59", "met"), ("2026-06-01 02:00:00", "met")],
)
def test_a_month_is_over_only_when_its_last_day_has_ended_at_the_data_cut(as_of: str, status: str) -> None:
    con = city_of([resolved(1, "2026-05-30 08:00", "2026-05-30 09:00")], as_of)
    assert figure(con, "T02", "month", "2026-05-01") == (1, 1, 0, status)


def test_what_happened_after_the_data_cut_is_not_known_yet() -> None:
    # Cut on 20 May 12:00: ticket 1 is resolved; 2 and 3 are resolved only on the 24th; 4 comes in at 18:00 that day.
    con = city_of(
        [
            resolved(1, "2026-05-10 08:00", "2026-05-11 08:00"),
            {**resolved(2, "2026-05-10 08:00", "2026-05-24 08:00"), "due_at": "2026-05-15 08:00"},
            resolved(3, "2026-05-10 08:00", "2026-05-24 08:00"),
            {"ticket_id": "4", "accepted_at": "2026-05-20 18:00"},
        ],
        "2026-05-20 12:00",
    )
    assert figure(con, "T01", "month", "2026-05-01")[0] == 3
    assert figure(con, "T02", "month", "2026-05-01")[:3] == (1, 3, 1)  # 3 is pending: no deadline, 30 days not over
    assert figure(con, "T11", "month", "2026-05-01")[0] == 2
    assert figure(con, "T12", "month", "2026-05-01")[0] == 1
    assert con.execute("SELECT ticket_id FROM marts.overdue_tickets").fetchall() == [("2",)]
    assert figure(con, "T13", "month", "2026-05-01")[1] == 1


def test_a_callback_or_reopening_after_the_data_cut_does_not_count() -> None:
    con = city_of(
        [
            {**resolved(1, "2026-05-01 08:00", "2026-05-02 08:00"), "reopened_at": "2026-05-25 08:00"},
            {
                **resolved(2, "2026-05-01 08:00", "2026-05-02 08:00"),
                "callback_at": "2026-05-25 08:00",
                "callback_resolved": "yes",
            },
        ],
        "2026-05-20 12:00",
    )
    assert figure(con, "T02", "month", "2026-05-01")[:2] == (2, 2)
    assert figure(con, "T05", "month", "2026-05-01") in [(), (0, 0, 0, "no_cases")]


@pytest.mark.parametrize(("as_of", "due"), [("2026-05-20 12:00", 0), ("2026-05-20 18:00", 1)])
def test_a_callback_is_due_30_days_to_the_hour_after_closing(as_of: str, due: int) -> None:
    closed = {
        **resolved(1, "2026-04-19 08:00", "2026-04-20 18:00"),
        "closed_at": "2026-04-20 18:00",
        "status": "closed",
    }
    con = city_of([closed], as_of)
    assert figure(con, "T07", "month", "2026-05-01")[1] == due


def test_a_verdict_of_the_source_is_provisional_while_a_ticket_of_the_period_may_still_be_resolved() -> None:
    con = city_of(
        [
            {**resolved(1, "2026-04-10 08:00", "2026-04-11 08:00"), "on_time_reported": True},
            {"ticket_id": "2", "accepted_at": "2026-04-12 08:00", "due_at": "2026-06-30 08:00"},
        ],
        "2026-05-20 23:59:59",
    )
    assert figure(con, "T19", "month", "2026-04-01") == (1, 1, 1, "provisional")


@pytest.mark.parametrize(
    ("accepted", "day"),
    [
        ("2026-03-07 23:30", "2026-03-09"),  # the clock jumps forward on 8 March: 24 hours end at 00:30 on the 9th
        ("2025-11-02 00:30", "2025-11-02"),  # it falls back on 2 November: they end at 23:30 on the same day
        ("2026-06-01 10:00", "2026-06-02"),
    ],
)
def test_24_hours_to_respond_end_on_the_right_day_over_summer_time(accepted: str, day: str) -> None:
    con = city_of([{"ticket_id": "1", "accepted_at": accepted}], "2026-06-30 23:59:59", NEW_YORK)
    days = con.execute(
        "SELECT CAST(period_start AS VARCHAR) FROM marts.indicator_values WHERE indicator_id = 'T04' AND grain = 'day' AND denominator = 1"
        " AND area_level = 'city' AND dimension = 'all'"
    ).fetchall()
    assert days == [(day,)]
