"""The list of the oracle's indicators: id → function from a city to sums in every cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from oracle.engine import Sums
from oracle.inputs import Inputs
from oracle.ladder import Ladder
from oracle.periods import periods

Kind = Literal["count", "rate", "quantile", "schedule", "gap"]


@dataclass(frozen=True)
class Context:
    """A city, its ladder, and what is asked for: periods from the day `first` on, the levels of each grain in `shapes`."""

    inputs: Inputs
    ladder: Ladder
    first: date
    shapes: Mapping[str, Sequence[str]]

    def cut(self, dataset: str) -> date:
        """The day on which the data of a dataset end."""
        return self.inputs.cut_day(dataset)

    def periods(self, dataset: str) -> pl.DataFrame:
        """Periods begun by the data cut of a dataset; weeks, months, quarters and calendar years."""
        return periods(self.first, self.cut(dataset), tuple(self.shapes))

    def fiscal_periods(self, dataset: str) -> pl.DataFrame:
        """The same with fiscal years instead of calendar years."""
        return periods(self.first, self.cut(dataset), tuple(self.shapes), self.inputs.fiscal_year_start)


@dataclass(frozen=True)
class Entry:
    """How one indicator is computed and judged.

    `wait`: days after the end of a period before its figures are final. `people`: suppressed below the minimum number
    of people, and as a rate below `minimum` cases. `lower`: lower is better. `residents`: the denominator is the residents
    of the area. `look_back`: days of data that a final period has before it. `yearly`: judged at the end of the fiscal year.
    """

    compute: Callable[[Context], Sums]
    dataset: str
    kind: Kind
    scale: float
    wait: int
    people: bool
    minimum: int
    lower: bool
    interval: bool
    fiscal: bool
    residents: bool
    look_back: int
    yearly: bool


ENTRIES: dict[str, Entry] = {}


def indicator(
    name: str,
    dataset: str,
    kind: Kind,
    *,
    scale: float = 1,
    wait: int = 0,
    people: bool = False,
    minimum: int = 0,
    lower: bool = False,
    interval: bool = False,
    fiscal: bool = False,
    residents: bool = False,
    look_back: int = 0,
    yearly: bool = False,
) -> Callable[[Callable[[Context], Sums]], Callable[[Context], Sums]]:
    """Register the function below as the oracle of indicator `name`."""

    def register(compute: Callable[[Context], Sums]) -> Callable[[Context], Sums]:
        ENTRIES[name] = Entry(
            compute, dataset, kind, scale, wait, people, minimum, lower, interval, fiscal, residents, look_back, yearly
        )
        return compute

    return register
