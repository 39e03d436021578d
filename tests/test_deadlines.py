"""Deadlines in Chinese working time: the published checks, unknown years, and what a deadline says of itself."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landing import build, empty_warehouse, insert
from pydantic import ValidationError

from pipelines.city import Settings
from pipelines.deadlines import (
    Explanation,
    UnknownYear,
    WorkingCalendar,
    WorkingYear,
    check_deadlines,
    explain_deadline,
    explain_working_days,
)
from pipelines.yaml_model import ConfigurationError, read_yaml_model

CALENDAR = WorkingCalendar.of("Asia/Shanghai")
# as announced: the mid-autumn, national and spring holidays with their make-up days
CHECKS = [
    ("2024-09-12", 5, "2024-09-20"),
    ("2024-09-27", 5, "2024-10-10"),
    ("2026-02-12", 5, "2026-02-26"),
    ("2026-09-24", 5, "2026-10-09"),
    ("2026-09-29", 7, "2026-10-14"),
]
FIVE = {"service_standards": [{"working_days": 5}]}


def ticket(name: str, accepted: str, **more: Any) -> dict[str, Any]:
    return {"ticket_id": name, "status": "open", "accepted_at": accepted, **more}


def warehouse(
    rows: list[dict[str, Any]], as_of: str, standards: list[dict[str, Any]], **more: Any
) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    insert(con, "tickets", rows)
    build(con, {"tickets": as_of}, standards={"service_standards": standards}, **more)
    return con


def deadlines(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("SELECT ticket_id, due_at, due_on, due_from FROM core.tickets ORDER BY ticket_id").fetchall()


@pytest.mark.parametrize(("start", "days", "end"), CHECKS)
def test_working_days_end_as_published(start: str, days: int, end: str) -> None:
    assert CALENDAR.after(date.fromisoformat(start), days) == date.fromisoformat(end)


def test_the_warehouse_counts_the_same_working_days_and_ends_them_with_the_local_day() -> None:
    rows = [ticket(f"t{i}", f"{start} 09:00", category_1=f"{days}") for i, (start, days, _) in enumerate(CHECKS)]
    con = warehouse(rows, "2026-11-01 12:00", [{"category_1": "5", "working_days": 5}, {"working_days": 7}])
    # 23:59:59 in Shanghai is 15:59:59 UTC
    assert deadlines(con) == [
        (f"t{i}", datetime.fromisoformat(f"{end} 15:59:59"), date.fromisoformat(end), "standard")
        for i, (_, _, end) in enumerate(CHECKS)
    ]


def test_the_finer_category_sets_the_standard_and_the_source_goes_before_any() -> None:
    day = "2026-03-05 09:00"
    rows = [
        ticket("a", day, category_1="x", category_2="y"),
        ticket("b", day, category_1="x", category_2="z"),
        ticket("c", day, category_1="w"),
        ticket("d", day),
        ticket("e", day, category_1="x", due_at="2026-03-06 10:00", paused_minutes=600),
    ]
    standards = [
        {"category_1": "x", "category_2": "y", "hours": 2},
        {"category_1": "x", "hours": 24},
        {"hours": 48},
    ]
    con = warehouse(rows, "2026-03-20 12:00", standards)
    # Shanghai is eight hours ahead of UTC
    assert deadlines(con) == [
        ("a", datetime(2026, 3, 5, 3), date(2026, 3, 5), "standard"),  # noqa: DTZ001
        ("b", datetime(2026, 3, 6, 1), date(2026, 3, 6), "standard"),  # noqa: DTZ001
        ("c", datetime(2026, 3, 7, 1), date(2026, 3, 7), "standard"),  # noqa: DTZ001
        ("d", datetime(2026, 3, 7, 1), date(2026, 3, 7), "standard"),  # noqa: DTZ001
        ("e", datetime(2026, 3, 6, 2), date(2026, 3, 6), "source"),  # noqa: DTZ001
    ]
    con = warehouse(rows[:1], "2026-03-20 12:00", [{"category_1": "other", "hours": 2}])
    assert deadlines(con) == [("a", None, None, None)]


def test_pauses_extend_a_computed_deadline_into_the_local_day_where_it_then_falls() -> None:
    rows = [
        # 5 + 1 hours from 17:30 end at 23:30, 6 + 1 at half past midnight
        ticket("a", "2026-03-05 17:30", category_1="h", paused_minutes=60),
        ticket("b", "2026-03-05 18:30", category_1="h", paused_minutes=60),
        # the last second of Thursday and two days
        ticket("c", "2026-03-04 09:00", paused_minutes=2880),
    ]
    con = warehouse(rows, "2026-03-20 12:00", [{"category_1": "h", "hours": 5}, {"working_days": 1}])
    assert [row[:3] for row in deadlines(con)] == [
        ("a", datetime(2026, 3, 5, 15, 30), date(2026, 3, 5)),  # noqa: DTZ001
        ("b", datetime(2026, 3, 5, 16, 30), date(2026, 3, 6)),  # noqa: DTZ001
        ("c", datetime(2026, 3, 7, 15, 59, 59), date(2026, 3, 7)),  # noqa: DTZ001
    ]


def test_computed_deadlines_are_in_the_on_time_rate() -> None:
    rows = [
        ticket("a", "2026-03-02 09:00", resolved_at="2026-03-09 20:00") | {"status": "resolved"},
        ticket("b", "2026-03-02 09:00", resolved_at="2026-03-10 00:00") | {"status": "resolved"},
        # the sixth day of March is a Friday: due on the 13th, behind the data cut
        ticket("c", "2026-03-06 09:00"),
    ]
    con = warehouse(rows, "2026-03-12 12:00", [{"working_days": 5}])
    found = con.execute(
        "SELECT numerator, denominator FROM marts.indicator_values "
        "WHERE indicator_id = 'T03' AND grain = 'month' AND dimension = 'all'"
    ).fetchall()
    assert found == [(1, 2)]


def test_a_year_that_the_calendar_does_not_hold_stops_only_a_deadline_that_needs_it() -> None:
    con = empty_warehouse()
    insert(
        con,
        "tickets",
        [
            ticket("a", "2027-01-04 09:00", due_at="2027-01-10 09:00"),
            ticket("b", "2027-01-04 09:00", category_1="h"),
            ticket("c", "2026-12-15 09:00"),
        ],
    )
    standards = {"service_standards": [{"category_1": "h", "hours": 24}, {"working_days": 5}]}
    build(con, {"tickets": "2027-01-05 12:00"}, standards=standards)
    check_deadlines(con)
    for accepted in ("2027-01-04 09:00", "2026-12-30 09:00"):
        insert(con, "tickets", [ticket("z", accepted)])
        build(con, {"tickets": "2027-01-05 12:00"}, standards=standards)
        with pytest.raises(UnknownYear, match=r"2027 年的放假安排[\s\S]*does not hold the year 2027"):
            check_deadlines(con)
        con.execute("DELETE FROM landing.tickets WHERE ticket_id = 'z'")


def test_a_city_announces_the_days_of_a_year_itself() -> None:
    announced = {2027: WorkingYear(holidays=(date(2027, 1, 1),), working_days=(date(2027, 1, 3),))}
    con = warehouse(
        [ticket("a", "2026-12-30 09:00")], "2027-01-05 12:00", [{"working_days": 3}], working_calendar=announced
    )
    check_deadlines(con)
    # Thursday the 31st, Sunday the 3rd that is worked, Monday the 4th
    assert deadlines(con) == [("a", datetime(2027, 1, 4, 15, 59, 59), date(2027, 1, 4), "standard")]  # noqa: DTZ001


def test_a_city_outside_mainland_china_has_no_working_days_but_those_it_announces() -> None:
    with pytest.raises(UnknownYear):
        WorkingCalendar.of("Europe/Berlin").is_working(date(2026, 3, 5))
    announced = {2026: WorkingYear(holidays=(date(2026, 12, 25),))}
    berlin = WorkingCalendar.of("Europe/Berlin", announced)
    assert berlin.after(date(2026, 12, 24), 1) == date(2026, 12, 28)


def test_a_gap_of_years_is_not_counted_across() -> None:
    announced = {year: WorkingYear(holidays=(date(year, 1, 1),)) for year in (2030, 2032)}
    numbers = {day: n for day, _, n in WorkingCalendar.of("", announced).numbers(date(2030, 1, 1), date(2032, 12, 31))}
    before, after = numbers[date(2030, 12, 31)], numbers[date(2032, 1, 2)]
    assert before is not None and after is not None and after > before + 250
    assert numbers[date(2031, 6, 1)] is None


@settings(max_examples=25, deadline=None)
@given(st.dates(date(2004, 1, 1), date(2025, 12, 31)), st.integers(1, 60))
def test_a_deadline_is_a_working_day_with_as_many_before_it(start: date, days: int) -> None:
    end = CALENDAR.after(start, days)
    assert CALENDAR.is_working(end)
    numbers = {day: n for day, _, n in CALENDAR.numbers(start, end)}
    assert (numbers[end] or 0) - (numbers[start] or 0) == days


def test_a_deadline_explains_itself() -> None:
    assert explain_working_days(CALENDAR, date(2024, 9, 12), 5) == Explanation(
        "自9月12日起5个工作日：15日至17日放假，14日上班 → 9月20日",
        "5 working days from 12 September: 15–17 holiday, 14 worked → 20 September",
    )
    assert explain_working_days(CALENDAR, date(2024, 9, 27), 5).en == (
        "5 working days from 27 September: 1–7 October holiday, 29 worked → 10 October"
    )
    assert explain_working_days(CALENDAR, date(2025, 3, 3), 1) == Explanation(
        "自3月3日起1个工作日 → 3月4日", "1 working day from 3 March → 4 March"
    )
    assert explain_working_days(CALENDAR, date(2024, 12, 31), 2).en == (
        "2 working days from 31 December: 1 January 2025 holiday → 3 January 2025"
    )


def test_every_kind_of_deadline_explains_itself() -> None:
    rows = [
        ticket("a", "2024-09-12 09:00", paused_minutes=90),
        ticket("b", "2024-09-12 09:30", category_1="h"),
        ticket("c", "2024-09-12 09:00", due_at="2024-09-13 18:00"),
        ticket("d", "2024-09-12 09:30", category_1="h", paused_minutes=1),
    ]
    con = warehouse(rows, "2024-10-01 12:00", [{"category_1": "h", "hours": 72}, {"working_days": 5}])

    def english(name: str) -> str:
        found = explain_deadline(con, name, CALENDAR)
        assert found is not None and found.zh
        return found.en

    assert english("a") == (
        "5 working days from 12 September: 15–17 holiday, 14 worked → 20 September, paused 90 minutes → 21 September 01:29"
    )
    assert english("b") == "72 hours from 12 September 09:30 → 15 September 09:30"
    assert english("c") == "deadline given by the source: 13 September 18:00"
    assert english("d") == "72 hours from 12 September 09:30, paused 1 minute → 15 September 09:31"
    assert explain_deadline(con, "nobody", CALENDAR) is None
    con = warehouse(rows[:1], "2024-10-01 12:00", [])
    found = explain_deadline(con, "a", CALENDAR)
    assert found is not None and found.en.startswith("no deadline")


@pytest.mark.parametrize(
    "entry",
    [
        {"category_1": "x"},
        {"hours": 1, "working_days": 1},
        {"category_2": "y", "hours": 1},
        {"category_1": "x", "hours": 0},
    ],
)
def test_a_service_standard_that_says_nothing_or_two_things_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        warehouse([], "2026-03-20 12:00", [entry])


def test_two_standards_for_one_category_are_refused() -> None:
    with pytest.raises(ValidationError, match="two entries for any category"):
        warehouse([], "2026-03-20 12:00", [{"hours": 1}, {"working_days": 1}])


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ("{holidays: []}", "at least 1 item"),
        ("{holidays: [2026-01-01]}", "2026-01-01 stands under 2027"),
        ("{holidays: [2027-01-01], working_days: [2027-01-04]}", "2027-01-04 is no day of a weekend"),
        ("{holidays: [2027-01-02], working_days: [2027-01-02]}", "both a holiday and a working day"),
    ],
)
def test_announced_days_that_make_no_sense_are_refused_with_their_line(tmp_path: Path, days: str, message: str) -> None:
    file = tmp_path / "city.yaml"
    file.write_text(
        f"name: {{zh: 市, en: City}}\ntime_zone: Asia/Shanghai\nworking_calendar:\n  2027: {days}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=rf"line [34].*{message}"):
        read_yaml_model(file, Settings)
