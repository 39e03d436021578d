"""From events and stocks with a day and an area to figures by grain, period, level, area, dimension and member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from oracle.ladder import LEVELS, Ladder
from oracle.periods import start_of

MEASURES = ("numerator", "denominator", "excluded", "pending")
#: besides the measures: how many parts of the sum the source hides, and of surveys the design effect times the answers,
#: in units of 1e-9
SUMMED = (*MEASURES, "hidden", "design")
KEYS = ("grain", "period_start", "area_level", "area_code", "dimension", "member")


@dataclass(frozen=True)
class Sums:
    """The sums of one indicator in every cell, before division.

    `cells` has KEYS and SUMMED (for quantiles also `value`); numerator and denominator are in units of 1 ÷ `unit`
    (money is summed in whole fen, unit 100).
    """

    cells: pl.DataFrame
    unit: int = 1


def member_of(dimension: str) -> pl.Expr:
    """The member of a row in a dimension: its value, 'unknown' where it is empty, 'all' for the total."""
    if dimension == "all":
        return pl.lit("all")
    return pl.col(dimension).fill_null("unknown")


def with_measures(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what is summed and the frame lacks, as 0."""
    return frame.with_columns(
        (pl.col(name).cast(pl.Int64) if name in frame.columns else pl.lit(0, pl.Int64)).alias(name) for name in SUMMED
    )


def by_cell(
    frame: pl.DataFrame, dimensions: Sequence[str], aggregates: Sequence[pl.Expr], levels: Sequence[str] = LEVELS
) -> pl.DataFrame:
    """Aggregate placed rows (columns grain, period_start, the levels, the dimensions) in every cell."""
    frames = []
    for level in levels:
        for dimension in ("all", *dimensions):
            cells = frame.group_by(
                "grain", "period_start", pl.col(level).alias("_area"), member_of(dimension).alias("_member")
            ).agg(*aggregates)
            frames.append(
                cells.with_columns(area_level=pl.lit(level), dimension=pl.lit(dimension)).rename(
                    {"_area": "area_code", "_member": "member"}
                )
            )
    measured = [aggregate.meta.output_name() for aggregate in aggregates]
    return pl.concat(frames).select(*KEYS, *measured)


def flows(
    ladder: Ladder,
    events: pl.DataFrame,
    shapes: Mapping[str, Sequence[str]],
    last: date,
    dimensions: Sequence[str] = (),
    first_month: int = 1,
    unit: int = 1,
) -> Sums:
    """Sum events over the period that holds their day, in the area in force on that day, at the levels of each grain.

    `events`: day, area_code, the dimensions and some of MEASURES. What lies behind the data cut `last` does not count.
    """
    columns = ["day", "area_code", *dimensions]
    kept = with_measures(events.filter(pl.col("day") <= last))
    kept = kept.group_by(columns).agg(pl.col(name).sum() for name in SUMMED)
    placed = ladder.place(kept)
    sums = [pl.col(name).sum() for name in SUMMED]
    frames = [
        by_cell(
            placed.with_columns(grain=pl.lit(grain), period_start=start_of(pl.col("day"), grain, first_month)),
            dimensions,
            sums,
            levels,
        )
        for grain, levels in shapes.items()
    ]
    return Sums(pl.concat(frames), unit)


def stocks(
    ladder: Ladder, levels: pl.DataFrame, periods: pl.DataFrame, dimensions: Sequence[str] = (), unit: int = 1
) -> Sums:
    """Sum what stands on the day of each period's stock, in the area in force on that day.

    `levels`: day, area_code, the dimensions and some of MEASURES.
    """
    columns = ["day", "area_code", *dimensions]
    kept = with_measures(levels).group_by(columns).agg(pl.col(name).sum() for name in SUMMED)
    placed = ladder.place(kept)
    # a day is placed and summed once, whatever the number of periods that end on it
    daily = by_cell(
        placed.with_columns(grain=pl.lit("day"), period_start="day"),
        dimensions,
        [pl.col(name).sum() for name in SUMMED],
    )
    cells = daily.drop("grain").rename({"period_start": "day"})
    cells = periods.select("grain", "period_start", "day").join(cells, on="day")
    return Sums(cells.select(*KEYS, *SUMMED), unit)


def days_of(periods: pl.DataFrame) -> list[date]:
    """The days on which the stocks of the periods are taken."""
    return periods["day"].unique().sort().to_list()
