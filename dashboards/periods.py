"""Calendar arithmetic of the grains a figure is published at."""

from __future__ import annotations

import re
from datetime import date, timedelta

GRAINS = ("week", "month", "quarter", "year")


def next_start(grain: str, start: date) -> date:
    """First day after the period of `grain` that begins on `start`."""
    if grain == "week":
        return start + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    index = start.year * 12 + start.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def previous_start(grain: str, start: date) -> date:
    """First day of the period of `grain` before the one that begins on `start`."""
    if grain == "week":
        return start - timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    index = start.year * 12 + start.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def last_day(grain: str, start: date) -> date:
    """Last day of the period."""
    return next_start(grain, start) - timedelta(days=1)


def is_complete(grain: str, start: date, as_of_on: date) -> bool:
    """Whether the period is over on the local day of the data cut; a period that ends on that day is."""
    return last_day(grain, start) <= as_of_on


def token(grain: str, start: date) -> str:
    """The period as a link writes it: 2026-W47, 2026-10, 2026-Q4, 2026."""
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if grain == "month":
        return f"{start:%Y-%m}"
    if grain == "quarter":
        return f"{start.year}-Q{(start.month - 1) // 3 + 1}"
    return f"{start:%Y-%m}" if start.month != 1 else str(start.year)


def parse(grain: str, text: str) -> date | None:
    """First day of the period a link names, or None where the text names none of that grain."""
    try:
        if grain == "week" and (found := re.fullmatch(r"(\d{4})-W(\d{2})", text)):
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
        if grain in ("month", "year") and (found := re.fullmatch(r"(\d{4})-(\d{2})", text)):
            return date(int(found[1]), int(found[2]), 1)
        if grain == "quarter" and (found := re.fullmatch(r"(\d{4})-Q([1-4])", text)):
            return date(int(found[1]), 3 * int(found[2]) - 2, 1)
        if grain == "year" and re.fullmatch(r"\d{4}", text):
            return date(int(text), 1, 1)
    except ValueError:
        return None
    return None


def grain_of(text: str) -> str | None:
    """The grain that the form of a link's period implies."""
    for grain, form in (
        ("week", r"\d{4}-W\d{2}"),
        ("month", r"\d{4}-\d{2}"),
        ("quarter", r"\d{4}-Q\d"),
        ("year", r"\d{4}"),
    ):
        if re.fullmatch(form, text):
            return grain
    return None


def containing(grain: str, day: date, starts: list[date]) -> date | None:
    """The period of `starts` that holds `day`, or None."""
    return next((start for start in starts if start <= day < next_start(grain, start)), None)
