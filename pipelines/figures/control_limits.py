"""Control charts of the monthly figures: limits, signals, and the icons for variation and assurance."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.computed import computed
from pipelines.statistics import control_charts

#: Months of a chart, to the newest one.
MONTHS = 36

SCHEMA: dict[str, Any] = {
    "indicator_id": pl.String,
    "grain": pl.String,
    "period_start": pl.Date,
    "area_level": pl.String,
    "area_code": pl.String,
    "value": pl.Float64,
    "centre": pl.Float64,
    "lower_limit": pl.Float64,
    "upper_limit": pl.Float64,
    "baseline_points": pl.Int64,
    "is_baseline": pl.Boolean,
    "is_provisional": pl.Boolean,
    "beyond_limits": pl.Int8,
    "run_on_one_side": pl.Int8,
    "two_of_three": pl.Int8,
    "trend": pl.Int8,
    "variation": pl.String,
    "assurance": pl.String,
}

# Events only: a stock carries last month over and money adds up over the year, so their points depend on each other, and
# limits drawn from the steps between them would call nearly every point a signal.
SERIES = """
    WITH events AS (
        SELECT DISTINCT i.indicator_id, i.kind, i.direction
        FROM marts.indicators AS i INNER JOIN core.indicator_periods AS e ON e.indicator_id = i.indicator_id
        WHERE e.time_kind = 'flow'
    ), newest AS (
        SELECT indicator_id, max(period_start) AS period_start FROM marts.indicator_values WHERE grain = 'month' GROUP BY ALL
    )
    SELECT v.indicator_id, v.grain, v.period_start, v.area_level, v.area_code, v.value, v.target, e.kind, e.direction,
        coalesce(v.status = 'provisional', FALSE) AS is_provisional
    FROM marts.indicator_values AS v
    INNER JOIN events AS e ON e.indicator_id = v.indicator_id
    INNER JOIN newest AS n ON n.indicator_id = v.indicator_id
    WHERE v.grain = 'month' AND v.dimension = 'all' AND v.value IS NOT NULL
        AND v.period_start > n.period_start - CAST($months AS INTEGER) * INTERVAL 1 MONTH
        AND v.area_level IN ('city', 'district', 'street', 'community') AND v.area_code <> 'unlocated'
    ORDER BY v.indicator_id, v.area_level, v.area_code, is_provisional, v.period_start"""


@computed("marts.control_limits", reads=("marts.indicator_values", "marts.indicators", "core.indicator_periods"))
def control_limits(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """XmR chart of every monthly figure of events: limits, the four rules for each final month, variation and assurance.

    Series with fewer than twelve final months, or with one value in more than half of them, have no chart. Provisional months stand in it and are not judged.
    """
    points = con.sql(SERIES, params={"months": MONTHS}).pl()
    key = ["indicator_id", "area_level", "area_code"]
    final = ~pl.col("is_provisional")
    points = points.filter(final.sum().over(key) >= control_charts.MINIMUM_POINTS)
    if points.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    points = points.with_columns(
        series=pl.struct(key).rle_id().cast(pl.Int64), place=pl.int_range(pl.len(), dtype=pl.Int64).over(key)
    )
    series, place = points["series"].to_numpy(), points["place"].to_numpy()
    is_final = points.select(final).to_series().to_numpy()
    values = np.full((series.max() + 1, place.max() + 1), np.nan)
    values[series[is_final], place[is_final]] = points["value"].to_numpy()[is_final]
    limits = control_charts.limits(values)
    signals = control_charts.signals(values, limits)
    floor = np.where((points["kind"] == "difference").to_numpy(), -np.inf, 0.0)
    ceiling = np.where((points["kind"] == "proportion").to_numpy(), 1.0, np.inf)
    lower, upper = limits.lower[series], limits.upper[series]
    good = points["direction"].replace_strict({"higher": 1, "lower": -1}, default=0).to_numpy()
    rules = {
        name: pl.Series(name, getattr(signals, name)[series, place])
        for name in ("beyond_limits", "run_on_one_side", "two_of_three", "trend")
    }
    sign = signals.direction()[series, place]
    variation = np.select(
        [sign == 0, good == 0, sign == good], ["common_cause", "special_cause", "improving"], default="concerning"
    )
    target = points["target"].cast(pl.Float64).to_numpy()
    passing = np.where(good > 0, lower >= target, upper <= target)
    failing = np.where(good > 0, upper < target, lower > target)
    assurance = np.select([passing, failing], ["passing", "failing"], default="hit_and_miss")
    table: pl.DataFrame = (
        points.with_columns(
            pl.Series("centre", limits.centre[series]),
            pl.Series("lower_limit", np.maximum(lower, floor)),
            pl.Series("upper_limit", np.minimum(upper, ceiling)),
            pl.Series("baseline_points", limits.points[series]),
            pl.Series("is_baseline", is_final & (place < control_charts.BASELINE_POINTS)),
            *(pl.when(final).then(rule).alias(name) for name, rule in rules.items()),
            pl.when(final).then(pl.Series(variation)).alias("variation"),
            pl.when(pl.Series(np.isfinite(target) & (good != 0))).then(pl.Series(assurance)).alias("assurance"),
        )
        .filter(pl.col("centre").is_not_nan())
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )
    return table
