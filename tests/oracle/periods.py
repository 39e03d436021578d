"""The calendar of the oracle: days, weeks from Monday, months, quarters, years and fiscal years."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

GRAINS = ("day", "week", "month", "quarter", "year")
LENGTHS = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "3mo", "year": "12mo"}
UTC = ZoneInfo("UTC")


def start_of(day: pl.Expr, grain: str, first_month: int = 1) -> pl.Expr:
    """First day of the period of `grain` that holds `day`; a year begins in `first_month`."""
    if grain == "year":
        shifted = day.dt.truncate("1mo").dt.offset_by(f"-{first_month - 1}mo")
        return shifted.dt.truncate("1y").dt.offset_by(f"{first_month - 1}mo")
    return day.dt.truncate({"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q"}[grain])


def fiscal_year(day: date, first_month: int) -> int:
    """Return the fiscal year, named by the calendar year in which it starts."""
    return day.year if day.month >= first_month else day.year - 1


def fiscal_bounds(day: date, first_month: int) -> tuple[date, date]:
    """Return the first day of the fiscal year that holds `day` and of the one after it."""
    year = fiscal_year(day, first_month)
    return date(year, first_month, 1), date(year + 1, first_month, 1)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant, naive UTC, at which a local day ends."""
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def periods(first: date, last: date, grains: tuple[str, ...], first_month: int = 1) -> pl.DataFrame:
    """Every period that holds a day from `first` to `last`.

    Columns grain, period_start, last_day (its own last day), day (the day on which a stock is taken: the last day, or
    the day of the data cut `last` while the period runs), runs (its last day lies behind the data cut).
    """
    days = pl.DataFrame({"day": pl.date_range(first, last, "1d", eager=True)})
    frames = []
    for grain in grains:
        starts = days.select(period_start=start_of(pl.col("day"), grain, first_month)).unique()
        frames.append(
            starts.select(
                grain=pl.lit(grain),
                period_start="period_start",
                last_day=pl.col("period_start").dt.offset_by(LENGTHS[grain]) - pl.duration(days=1),
            )
        )
    found = pl.concat(frames).with_columns(runs=pl.col("last_day") > last)
    return found.with_columns(day=pl.min_horizontal("last_day", pl.lit(last))).sort("grain", "period_start")
