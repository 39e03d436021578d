"""Targets for a whole fiscal year: what has not reached one is not judged before the year is over."""

from __future__ import annotations

from datetime import date, timedelta

from dashboards import periods

#: Shares of a year's money that grow from nothing to the target: a miss in May says only that it is May.
WHOLE_YEAR = frozenset({"F02"})


def still_runs(indicator_id: str, grain: str, start: date, first_month: int) -> bool:
    """Whether the target is one of the whole fiscal year, which begins in `first_month` and goes on after the period."""
    if indicator_id not in WHOLE_YEAR:
        return False
    after = periods.next_start(grain, start) if grain in periods.GRAINS else start + timedelta(days=1)
    return (after.month, after.day) != (first_month, 1)
