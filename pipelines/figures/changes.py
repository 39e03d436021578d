"""What a figure changed by since the period before and since a year ago, and whether chance alone would do that."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.computed import computed
from pipelines.statistics.proportions import difference, effective_cases, no_change

SCHEMA: dict[str, Any] = {
    "indicator_id": pl.String,
    "grain": pl.String,
    "period_start": pl.Date,
    "area_level": pl.String,
    "area_code": pl.String,
    "compared_with": pl.String,
    "before_start": pl.Date,
    "value": pl.Float64,
    "value_before": pl.Float64,
    "change": pl.Float64,
    "unit": pl.String,
    "relative_change": pl.Float64,
    "change_lower": pl.Float64,
    "change_upper": pl.Float64,
    "p_no_change": pl.Float64,
    "is_beyond_chance": pl.Boolean,
    "is_provisional": pl.Boolean,
}

# Not compared: a count of events (also by residents) in a period that still runs, or with the first period there is, in which
# the data may have begun anywhere (half a month against a whole one); money, which adds up over the fiscal year, with a period
# of another fiscal year, unless it is the same one a year earlier and both have ended.
PAIRS = """
    WITH kinds AS (
        SELECT DISTINCT i.indicator_id, i.kind, i.unit, e.time_kind
        FROM marts.indicators AS i INNER JOIN core.indicator_periods AS e ON e.indicator_id = i.indicator_id
    ), figures AS (
        SELECT v.indicator_id, v.grain, v.period_start, v.area_level, v.area_code, v.numerator, v.denominator, v.value,
            v.lower, v.upper, coalesce(v.status = 'provisional', FALSE) AS is_provisional, k.kind, k.unit, k.time_kind,
            p.fiscal_year, k.time_kind = 'flow' AND (k.kind IN ('count', 'amount') OR k.unit IN ('per_1000', 'per_10000')) AS is_sum,
            min(v.period_start) OVER (PARTITION BY v.indicator_id, v.grain) AS first_start
        FROM marts.indicator_values AS v
        INNER JOIN kinds AS k ON k.indicator_id = v.indicator_id
        INNER JOIN reference.calendar AS p ON p.day = v.period_start
        WHERE v.grain IN ('month', 'quarter', 'year') AND v.dimension = 'all' AND v.value IS NOT NULL
            AND v.area_level IN ('city', 'district', 'street', 'community') AND v.area_code <> 'unlocated'
    ), steps AS (
        SELECT * FROM (VALUES
            ('month', 'previous_period', 1), ('quarter', 'previous_period', 3), ('year', 'previous_period', 12),
            ('month', 'same_period_last_year', 12), ('quarter', 'same_period_last_year', 12)
        ) AS listed(grain, compared_with, months)
    )
    SELECT n.indicator_id, n.grain, n.period_start, n.area_level, n.area_code, s.compared_with, b.period_start AS before_start,
        n.value, b.value AS value_before, n.unit,
        n.kind = 'proportion' AND n.time_kind = 'flow' AND NOT n.is_provisional AND NOT b.is_provisional
            AND coalesce(n.denominator > 0 AND b.denominator > 0, FALSE) AS has_interval,
        n.kind IN ('count', 'amount') AS is_relative,
        n.denominator, n.lower, n.upper,
        b.denominator AS denominator_before, b.lower AS lower_before, b.upper AS upper_before,
        n.is_provisional OR b.is_provisional AS is_provisional
    FROM figures AS n
    INNER JOIN steps AS s ON s.grain = n.grain
    INNER JOIN figures AS b
        ON b.indicator_id = n.indicator_id AND b.grain = n.grain AND b.area_level = n.area_level AND b.area_code = n.area_code
        AND b.period_start = CAST(n.period_start - CAST(s.months AS INTEGER) * INTERVAL 1 MONTH AS DATE)
    WHERE (n.indicator_id NOT LIKE 'F%' OR s.months = 12 OR n.fiscal_year = b.fiscal_year)
        AND NOT (n.indicator_id IN ('F02', 'F03', 'F04', 'F05', 'F07') AND s.months = 12 AND (n.is_provisional OR b.is_provisional))
        AND NOT (n.is_sum AND (n.is_provisional OR b.is_provisional OR b.period_start = b.first_start))
    ORDER BY n.indicator_id, n.grain, n.period_start, s.compared_with, n.area_level, n.area_code"""


@computed(
    "marts.changes",
    reads=("marts.indicator_values", "marts.indicators", "core.indicator_periods", "reference.calendar"),
)
def changes(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Change of every figure since the period before and since the same period a year ago, for events with its interval.

    A percentage changes by percentage points, everything else in its own unit; counts and amounts have a relative change
    too. Only final proportions of events have an interval: no interval knows what is still to come, a stock is counted whole and mostly made of the same cases as before,
    and a count of events has no number of cases that chance could be measured by (the control chart judges it).
    """
    pairs = con.sql(PAIRS).pl()
    points = np.where((pairs["unit"] == "percent").to_numpy(), 100.0, 1.0)
    chance = pairs["has_interval"].to_numpy()
    lower, upper, p = (np.full(len(pairs), np.nan) for _ in range(3))
    if chance.any():
        events = pairs.filter(pl.Series(chance))
        now, before = _cases(events, ""), _cases(events, "_before")
        found = difference(*now, *before)
        lower[chance], upper[chance] = 100 * found[0], 100 * found[1]
        p[chance] = no_change(*now, *before)
    change = points * (pairs["value"] - pairs["value_before"]).to_numpy()
    table: pl.DataFrame = pairs.with_columns(
        pl.Series("change", change),
        pl.when(pl.col("unit") == "percent").then(pl.lit("percentage_points")).otherwise("unit").alias("unit"),
        pl.when(pl.col("is_relative") & (pl.col("value_before") > 0))
        .then(pl.col("value") / pl.col("value_before") - 1)
        .alias("relative_change"),
        pl.Series("change_lower", lower).fill_nan(None),
        pl.Series("change_upper", upper).fill_nan(None),
        pl.Series("p_no_change", p).fill_nan(None),
        pl.when(pl.Series(chance)).then(pl.Series((lower > 0) | (upper < 0))).alias("is_beyond_chance"),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return table


def _cases(pairs: pl.DataFrame, when: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Numerator and denominator as far as the printed interval lets them count: less than all of them in a survey."""
    value, denominator, lower, upper = (
        pairs[f"{name}{when}"].to_numpy().astype(np.float64) for name in ("value", "denominator", "lower", "upper")
    )
    cases = np.minimum(effective_cases(value, lower, upper), denominator)
    cases = np.where(np.isfinite(cases), cases, denominator)
    return value * cases, cases
