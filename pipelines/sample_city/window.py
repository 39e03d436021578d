"""The stretch of time that the sample city covers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DAY = 1440
"""Minutes in a day."""

NEVER = 10**12
"""Minute count that stands for an event that does not happen."""

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days from 1970-01-01 to `day`."""
    return (day - _EPOCH).days


def add_months(first_of_month: date, months: int) -> date:
    """First day of the month that lies `months` after the one given (negative: before)."""
    index = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True)
class Window:
    """24 full months before the month of `today`, and that month up to yesterday."""

    today: date

    @property
    def cut(self) -> date:
        """Yesterday: the last day that the extracts hold."""
        return self.today - timedelta(days=1)

    @property
    def month(self) -> date:
        """First day of the month of `today`."""
        return self.today.replace(day=1)

    @property
    def start(self) -> date:
        """First day of the first of the 24 full months."""
        return add_months(self.month, -24)

    @property
    def last_month(self) -> date:
        """First day of the last full month."""
        return add_months(self.month, -1)

    @property
    def last_year(self) -> int:
        """The last calendar year that is over at the end of yesterday."""
        return self.today.year - 1

    @property
    def merger(self) -> date:
        """The day on which one community is merged into another: the first day of the last full calendar year."""
        return date(self.last_year, 1, 1)

    @property
    def months(self) -> list[date]:
        """First days of the months that hold at least one day up to yesterday, oldest first."""
        months = [add_months(self.start, number) for number in range(25)]
        return [first for first in months if first <= self.cut]

    @property
    def first_roll(self) -> date:
        """As-of day of the earlier of the two deliveries of members: a month end before yesterday."""
        end = self.month - timedelta(days=1)
        return end if end < self.cut else self.last_month - timedelta(days=1)

    @property
    def years(self) -> list[int]:
        """Fiscal years with budget lines: from the year of the first month to the year of yesterday."""
        return list(range(self.start.year, self.cut.year + 1))


def spread(total: int, weights: FloatArray, least: int = 0) -> IntArray:
    """Whole numbers that sum to `total`, proportional to `weights`, each at least `least` (largest remainders)."""
    rest = total - least * len(weights)
    exact = weights / weights.sum() * rest
    parts: IntArray = np.floor(exact).astype(np.int64)
    missing = rest - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:missing]] += 1
    whole: IntArray = parts + least
    return whole
