"""Deadlines in Chinese working time: the working calendar, and what a computed deadline says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Annotated
from zoneinfo import ZoneInfo

import chinese_calendar
import duckdb
from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Time zones of mainland China, whose holidays `chinese_calendar` holds; Hong Kong and Macau have others.
CHINESE_ZONES = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "PRC"})
DAY = timedelta(days=1)


class UnknownYear(ValueError):
    """A deadline in working days needs a year whose holidays are not known; the message names it."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"工作日历中没有 {year} 年的放假安排，无法推算按工作日计的办结时限；请升级 chinesecalendar，"
            f"或在 city.yaml 的 working_calendar 中填写 {year} 年的 holidays 与 working_days\n"
            f"the working calendar does not hold the year {year}, which a deadline in working days needs; update "
            f"chinesecalendar, or write the holidays and working_days of {year} under working_calendar in city.yaml"
        )


class WorkingYear(BaseModel):
    """The announced days of one year: days off, and days of weekends that are worked. All else is Monday to Friday."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holidays: Annotated[tuple[date, ...], Field(min_length=1)]
    working_days: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _days_make_sense(self) -> WorkingYear:
        if both := sorted({*self.holidays} & {*self.working_days}):
            raise ValueError(f"{both[0]} is both a holiday and a working day")
        if weekdays := sorted(day for day in self.working_days if day.weekday() < 5):
            raise ValueError(f"{weekdays[0]} is no day of a weekend; working_days lists weekend days that are worked")
        return self


def check_years(years: Mapping[int, WorkingYear]) -> None:
    """Raises ValueError where a day stands under another year than its own."""
    for year, days in years.items():
        if strange := sorted(day for day in (*days.holidays, *days.working_days) if day.year != year):
            raise ValueError(f"{strange[0]} stands under {year}")


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked, in the years that are known."""

    years: frozenset[int]
    holidays: frozenset[date]
    worked: frozenset[date] = field(default_factory=frozenset)

    @classmethod
    def of(cls, time_zone: str, announced: Mapping[int, WorkingYear] | None = None) -> WorkingCalendar:
        """The years of `chinese_calendar` for a city in mainland China, and those that the city announces itself."""
        announced = announced or {}
        off: set[date] = set()
        worked: set[date] = set()
        years: set[int] = set()
        if time_zone in CHINESE_ZONES:
            off = {day for day in chinese_calendar.holidays if day.year not in announced}
            worked = {day for day in chinese_calendar.workdays if day.year not in announced}
            years = {day.year for day in chinese_calendar.holidays}
        for days in announced.values():
            off |= {*days.holidays}
            worked |= {*days.working_days}
        return cls(frozenset(years | announced.keys()), frozenset(off), frozenset(worked))

    def is_working(self, day: date) -> bool:
        """Raises UnknownYear for a day of a year that is not known."""
        if day.year not in self.years:
            raise UnknownYear(day.year)
        return day in self.worked or (day.weekday() < 5 and day not in self.holidays)

    def after(self, start: date, days: int) -> date:
        """The last of `days` working days counted from the day after `start`; raises UnknownYear."""
        self.is_working(start)
        day = start
        while days > 0:
            day += DAY
            days -= self.is_working(day)
        return day

    def numbers(self, first: date, last: date) -> Iterator[tuple[date, bool | None, int | None]]:
        """Each day from `first` to `last`, whether it is worked, and the number of working days up to it.

        Both are None in years that are not known. An unknown year pushes the numbers 1,000 further, so that no deadline
        is counted across it: it then falls on a number that no day bears.
        """
        number, day = 0, first
        while day <= last:
            if day.year in self.years:
                worked = self.is_working(day)
                number += worked
                yield day, worked, number
            else:
                number += 1000 if (day.month, day.day) == (1, 1) else 0
                yield day, None, None
            day += DAY


@dataclass(frozen=True)
class Explanation:
    """Why a deadline is what it is, in both languages."""

    zh: str
    en: str


def explain_working_days(calendar: WorkingCalendar, start: date, days: int) -> Explanation:
    """How `days` working days from `start` come to their last day: holidays on the way, and weekend days worked.

    Raises:
        UnknownYear: the count needs a year that the calendar does not hold.
    """
    end = calendar.after(start, days)
    passed = [start + DAY * step for step in range(1, (end - start).days + 1)]
    off = [day for day in passed if day in calendar.holidays]
    worked = [day for day in passed if day in calendar.worked]
    zh = [f"{_days_zh(run, start)}{word}" for found, word in ((off, "放假"), (worked, "上班")) for run in _runs(found)]
    en = [
        f"{_days_en(run, start)} {word}"
        for found, word in ((off, "holiday"), (worked, "worked"))
        for run in _runs(found)
    ]
    plural = "s" if days != 1 else ""
    return Explanation(
        f"自{_day_zh(start)}起{days}个工作日{'：' if zh else ''}{'，'.join(zh)} → {_day_zh(end, start)}",
        f"{days} working day{plural} from {_day_en(start)}{': ' if en else ''}{', '.join(en)} → {_day_en(end, start)}",
    )


def explain_deadline(con: duckdb.DuckDBPyConnection, ticket_id: str, calendar: WorkingCalendar) -> Explanation | None:
    """Why a ticket of the warehouse has its deadline; None if there is no such ticket.

    Raises:
        UnknownYear: it was counted in working days over a year that the calendar does not hold.
    """
    rows = con.execute(
        """
        SELECT t.accepted_at, t.accepted_on, t.due_at, t.due_from, d.unit, d.amount, d.paused_minutes, c.time_zone
        FROM core.tickets AS t
        LEFT JOIN core.ticket_deadlines AS d ON d.ticket_id = t.ticket_id
        CROSS JOIN reference.city AS c
        WHERE t.ticket_id = ?
        """,
        [ticket_id],
    ).fetchall()
    if not rows:
        return None
    accepted_at, accepted_on, due_at, due_from, unit, amount, paused, zone = rows[0]
    if due_from is None:
        return Explanation(
            "来源未给时限，其类别也没有办理时限标准", "no deadline: neither the source nor a standard gives one"
        )
    due_zh, due_en = _moment(due_at, zone)
    if due_from == "source":
        return Explanation(f"来源给定的时限：{due_zh}", f"deadline given by the source: {due_en}")
    if unit == "working_days":
        why = explain_working_days(calendar, accepted_on, amount)
    else:
        from_zh, from_en = _moment(accepted_at, zone)
        plural = "s" if amount != 1 else ""
        why = Explanation(f"自{from_zh}起{amount}小时", f"{amount} hour{plural} from {from_en}")
    if paused:
        plural = "s" if paused != 1 else ""
        return Explanation(
            f"{why.zh}，暂停{paused}分钟 → {due_zh}", f"{why.en}, paused {paused} minute{plural} → {due_en}"
        )
    return why if unit == "working_days" else Explanation(f"{why.zh} → {due_zh}", f"{why.en} → {due_en}")


def check_deadlines(con: duckdb.DuckDBPyConnection) -> None:
    """Look for a ticket of landing whose deadline in working days the calendar of the reference tables cannot give.

    Raises:
        UnknownYear: there is one; the year named is the first that is missing.
    """
    rows = con.execute(
        """
        WITH unknown AS (SELECT DISTINCT year(day) AS year FROM reference.calendar WHERE is_working_day IS NULL),
        needed AS (
            SELECT t.accepted_on, max(coalesce(s2.amount, s1.amount, s0.amount)) AS days
            FROM landing.tickets AS t
            INNER JOIN reference.as_of AS c ON c.dataset = 'tickets' AND t.accepted_at <= c.as_of
            LEFT JOIN reference.service_standards AS s2
                ON s2.category_1 = t.category_1 AND s2.category_2 = t.category_2
            LEFT JOIN reference.service_standards AS s1 ON s1.category_1 = t.category_1 AND s1.category_2 IS NULL
            LEFT JOIN reference.service_standards AS s0 ON s0.category_1 IS NULL
            WHERE t.due_at IS NULL AND coalesce(s2.unit, s1.unit, s0.unit) = 'working_days'
            GROUP BY t.accepted_on
        )
        SELECT min(coalesce(
            (SELECT min(u.year) FROM unknown AS u WHERE u.year >= year(n.accepted_on)),
            (SELECT year(max(day)) + 1 FROM reference.calendar)
        ))
        FROM needed AS n
        INNER JOIN reference.calendar AS k ON k.day = n.accepted_on
        LEFT JOIN reference.calendar AS w
            ON w.is_working_day AND w.working_day_number = k.working_day_number + n.days
        WHERE w.day IS NULL
        """
    ).fetchall()
    if rows[0][0] is not None:
        raise UnknownYear(int(rows[0][0]))


def _runs(days: list[date]) -> list[list[date]]:
    """Runs of days that follow each other."""
    keyed = groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0])
    return [[day for _, day in run] for _, run in keyed]


def _day_zh(day: date, before: date | None = None) -> str:
    year = f"{day.year}年" if before is not None and before.year != day.year else ""
    return f"{year}{day.month}月{day.day}日"


def _day_en(day: date, before: date | None = None) -> str:
    year = f" {day.year}" if before is not None and before.year != day.year else ""
    return f"{day.day} {day:%B}{year}"


def _days_zh(run: list[date], start: date) -> str:
    first, last = run[0], run[-1]
    head = f"{first.day}日" if (first.year, first.month) == (start.year, start.month) else _day_zh(first, start)
    if first == last:
        return head
    return f"{head}至{last.day}日" if first.month == last.month else f"{head}至{_day_zh(last, first)}"


def _days_en(run: list[date], start: date) -> str:
    first, last = run[0], run[-1]
    if first.month != last.month:
        return f"{_day_en(first, start)} – {_day_en(last, first)}"
    span = str(first.day) if first == last else f"{first.day}–{last.day}"
    same = (first.year, first.month) == (start.year, start.month)
    year = f" {first.year}" if first.year != start.year else ""
    return span if same else f"{span} {first:%B}{year}"


def _moment(utc: datetime, zone: str) -> tuple[str, str]:
    local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{local.month}月{local.day}日 {local:%H:%M}", f"{local.day} {local:%B} {local:%H:%M}"
