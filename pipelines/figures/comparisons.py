"""Every area among its peers: rank with its interval, funnel, shrunk and standardised rate."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.computed import computed
from pipelines.statistics import funnels, ranks, standardising
from pipelines.statistics.arrays import Bools, Floats, Ints, per_group, totals
from pipelines.statistics.proportions import effective_cases
from pipelines.statistics.shrinking import shrunk

#: Cases from which an area is ranked; below, one case moves its rate by more than ten points.
MINIMUM_CASES = 10
#: Peers from which there are funnel limits and shrunk rates.
MINIMUM_PEERS = 5
#: Months, to the newest, whose ranks get an interval; quarters and years all do. The draws are what this table costs.
MONTHS_WITH_RANK_INTERVALS = 24
#: The first dimension that an indicator has is the one its rates are standardised by.
MIXES = ("category_1", "channel")

SCHEMA: dict[str, Any] = {
    "indicator_id": pl.String,
    "grain": pl.String,
    "period_start": pl.Date,
    "area_level": pl.String,
    "area_code": pl.String,
    "peer_class": pl.String,
    "area_kind": pl.String,
    "volume_band": pl.String,
    "peers": pl.Int64,
    "ranked": pl.Int64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "peer_rate": pl.Float64,
    "rank": pl.Int64,
    "rank_lower": pl.Int64,
    "rank_upper": pl.Int64,
    "p_bottom_tenth": pl.Float64,
    "over_dispersion": pl.Float64,
    "funnel_lower_95": pl.Float64,
    "funnel_upper_95": pl.Float64,
    "funnel_lower_998": pl.Float64,
    "funnel_upper_998": pl.Float64,
    "funnel_flag": pl.String,
    "shrunk_value": pl.Float64,
    "standardised_value": pl.Float64,
    "standardised_by": pl.String,
    "standardised_disagrees": pl.Boolean,
    "is_provisional": pl.Boolean,
}

# A community's peers are those of its kind and volume: the mean number of cases a month in the twelve months to the end of
# the period, as far as they are final, cut at 10, 30 and 100. Fixed cuts and a whole year keep an area in its class; terciles
# would move whenever another area did.
AREAS = """
    WITH monthly AS (
        SELECT area_level, area_code, period_start, avg(denominator) OVER (
            PARTITION BY area_level, area_code ORDER BY period_start
            RANGE BETWEEN INTERVAL 11 MONTH PRECEDING AND CURRENT ROW
        ) AS cases
        FROM marts.indicator_values
        WHERE indicator_id = $indicator AND grain = 'month' AND dimension = 'all' AND denominator IS NOT NULL
            AND area_level = 'community' AND status IS DISTINCT FROM 'provisional'
    ), figures AS (
        SELECT grain, period_start, area_level, area_code, numerator, denominator, value, lower, upper,
            coalesce(status = 'provisional', FALSE) AS is_provisional,
            CASE grain WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END AS months,
            CAST(period_start + CAST(months - 1 AS INTEGER) * INTERVAL 1 MONTH AS DATE) AS last_month
        FROM marts.indicator_values
        WHERE indicator_id = $indicator AND grain IN ('month', 'quarter', 'year') AND dimension = 'all'
            AND area_level IN ('district', 'street', 'community') AND area_code <> 'unlocated'
            AND value IS NOT NULL AND denominator > 0
    ), kinds AS (
        SELECT area_code, coalesce(valid_from, DATE '0001-01-01') AS valid_from, area_kind FROM marts.areas
        WHERE level = 'community'
    ), placed AS (
        SELECT f.*, k.area_kind, coalesce(m.cases, f.denominator / f.months) AS volume
        FROM figures AS f
        ASOF LEFT JOIN kinds AS k
            ON f.area_code = k.area_code AND f.last_month + INTERVAL 1 MONTH > k.valid_from
        ASOF LEFT JOIN monthly AS m
            ON f.area_level = m.area_level AND f.area_code = m.area_code AND f.last_month >= m.period_start
    ), banded AS (
        SELECT *, CASE
            WHEN area_level <> 'community' THEN NULL
            WHEN volume < 10 THEN 'under_10' WHEN volume < 30 THEN '10_to_29' WHEN volume < 100 THEN '30_to_99'
            ELSE '100_or_more'
        END AS volume_band
        FROM placed
    )
    SELECT *, CASE WHEN area_level = 'community' THEN coalesce(area_kind || '/', '') || volume_band ELSE area_level END
        AS peer_class
    FROM banded
    ORDER BY grain, period_start, area_level, peer_class, area_code"""

MIX = """
    SELECT grain, period_start, area_level, area_code, member, numerator, denominator
    FROM marts.indicator_values
    WHERE indicator_id = $indicator AND dimension = $dimension AND grain IN ('month', 'quarter', 'year')
        AND area_level IN ('district', 'street', 'community') AND area_code <> 'unlocated'
        AND numerator IS NOT NULL AND denominator > 0"""

PERIOD = ["grain", "period_start", "area_level"]


@computed("marts.comparisons", reads=("marts.indicator_values", "marts.indicators", "marts.areas"))
def comparisons(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every proportion of a district, street or community among its peers: rank, funnel, shrunk and standardised rate."""
    indicators = con.execute(
        """SELECT i.indicator_id, i.direction = 'higher' FROM marts.indicators AS i
        WHERE i.kind = 'proportion' AND i.direction <> 'none' AND i.indicator_id IN (
            SELECT indicator_id FROM marts.indicator_values
            WHERE dimension = 'all' AND area_level IN ('district', 'street', 'community') AND denominator >= $minimum
        ) ORDER BY i.sort_order""",
        {"minimum": MINIMUM_CASES},
    ).fetchall()
    split = con.execute(
        "SELECT DISTINCT indicator_id, dimension FROM marts.indicator_values WHERE grain = 'month' AND dimension <> 'all'"
    ).fetchall()
    frames = [
        _compare(
            con,
            str(indicator),
            higher_is_better=bool(higher),
            mix=next((dimension for dimension in MIXES if (indicator, dimension) in split), None),
        )
        for indicator, higher in indicators
    ]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *frames])


def _compare(
    con: duckdb.DuckDBPyConnection, indicator: str, *, higher_is_better: bool, mix: str | None
) -> pl.DataFrame:
    areas = con.sql(AREAS, params={"indicator": indicator}).pl()
    ranked_peers = (pl.col("denominator") >= MINIMUM_CASES).sum().over([*PERIOD, "peer_class"])
    # where hardly anybody has ten cases (a community's own grids, say) there is nothing to rank
    areas = areas.filter(ranked_peers >= 2)
    if areas.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    denominator, value = areas["denominator"].to_numpy(), areas["value"].to_numpy()
    group = _numbers(areas, [*PERIOD, "peer_class"])
    interval = areas["lower"].to_numpy(), areas["upper"].to_numpy()
    cases = np.minimum(effective_cases(value, *interval), denominator)
    cases = np.where(np.isfinite(cases), cases, denominator)
    hits = value * cases
    peers = np.bincount(group)[group]
    enough = peers >= MINIMUM_PEERS
    rate = per_group(hits, group) / per_group(cases, group)
    phi = funnels.over_dispersion(hits, cases, group, minimum_peers=MINIMUM_PEERS)
    whole = np.maximum(np.rint(cases), 1.0)
    inner = funnels.limits(rate, whole, phi, coverage=0.95)
    outer = funnels.limits(rate, whole, phi, coverage=0.998)
    mean = shrunk(hits, cases, group)[0]
    judged = denominator >= MINIMUM_CASES
    places, lower, upper, last = _ranks(areas, hits, cases, group, judged, indicator, higher_is_better)
    level, disagrees = _standardised(con, areas, indicator, mix)
    made = {
        "indicator_id": np.full(len(areas), indicator),
        "peers": peers,
        "ranked": totals(judged.astype(np.float64), group)[group],
        "peer_rate": rate,
        "rank": places,
        "rank_lower": lower,
        "rank_upper": upper,
        "p_bottom_tenth": last,
        "over_dispersion": np.where(enough, phi, np.nan),
        "funnel_lower_95": np.where(enough, inner[0], np.nan),
        "funnel_upper_95": np.where(enough, inner[1], np.nan),
        "funnel_lower_998": np.where(enough, outer[0], np.nan),
        "funnel_upper_998": np.where(enough, outer[1], np.nan),
        "shrunk_value": np.where(enough, mean, np.nan),
        "standardised_value": level,
    }
    flag = np.select(
        [value < outer[0], value < inner[0], value > outer[1], value > inner[1]],
        ["below_998", "below_95", "above_998", "above_95"],
        default="within",
    )
    columns = [pl.Series(name, column).fill_nan(None) if column.dtype.kind == "f" else pl.Series(name, column)
               for name, column in made.items()]  # fmt: skip
    table: pl.DataFrame = areas.with_columns(
        *columns,
        pl.when(pl.Series(enough)).then(pl.Series(flag)).alias("funnel_flag"),
        pl.when(pl.Series(np.isfinite(level))).then(pl.lit(mix)).alias("standardised_by"),
        pl.when(pl.Series(np.isfinite(level))).then(pl.Series(disagrees)).alias("standardised_disagrees"),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return table


def _numbers(areas: pl.DataFrame, columns: list[str]) -> Ints:
    """Number the groups of equal `columns`, which lie together, from 0."""
    return areas.select((pl.struct(columns).rle_id()).cast(pl.Int64)).to_series().to_numpy()


def _ranks(
    areas: pl.DataFrame, hits: Floats, cases: Floats, group: Ints, judged: Bools, indicator: str, higher: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """Rank, its interval and the chance of the last tenth; NaN for areas with too few cases."""
    place, lower, upper, last = (np.full(len(areas), np.nan) for _ in range(4))
    value = areas["value"].to_numpy()
    place[judged] = ranks.ranks(value[judged], group[judged], higher_is_better=higher)
    period = _numbers(areas, PERIOD)
    edges = np.flatnonzero(np.r_[True, np.diff(period) > 0, True])
    months = areas.filter(pl.col("grain") == "month")["period_start"].unique().sort()
    since = months[max(0, len(months) - MONTHS_WITH_RANK_INTERVALS)] if len(months) else None
    periods = areas[edges[:-1].tolist()].select(PERIOD).rows()
    for first, after, (grain, start, level) in zip(edges[:-1], edges[1:], periods, strict=True):
        if grain == "month" and start < since:
            continue
        rows = first + np.flatnonzero(judged[first:after])
        own = np.unique(group[rows], return_inverse=True)[1]
        lower[rows], upper[rows], last[rows] = ranks.rank_intervals(
            hits[rows], cases[rows], own, higher_is_better=higher, seed=f"{indicator}|{grain}|{start}|{level}"
        )
    return place, lower, upper, last


def _standardised(
    con: duckdb.DuckDBPyConnection, areas: pl.DataFrame, indicator: str, mix: str | None
) -> tuple[Floats, Bools]:
    """Standardised rate of each area (NaN without one), and whether it contradicts the raw rate."""
    level, disagrees = np.full(len(areas), np.nan), np.zeros(len(areas), dtype=np.bool_)
    if mix is None:
        return level, disagrees
    key = [*PERIOD, "area_code"]
    own = areas.select(*key, "peer_class", total="denominator").with_row_index("row")
    cells = con.sql(MIX, params={"indicator": indicator, "dimension": mix}).pl().join(own, on=key)
    # a figure whose parts are not all there (hidden, or without a category) cannot be standardised
    cells = cells.filter((pl.col("denominator").sum().over("row") - pl.col("total")).abs() < 0.5).sort("row", "member")
    if cells.is_empty():
        return level, disagrees
    area = _numbers(cells, ["row"])
    groups = _numbers(cells, [*PERIOD, "peer_class"])
    rows = cells["row"].unique(maintain_order=True).to_numpy()
    stratum = cells.select(pl.col("member").cast(pl.Categorical).to_physical().cast(pl.Int64)).to_series().to_numpy()
    level[rows], _, disagrees[rows] = standardising.standardised(
        cells["numerator"].to_numpy(), cells["denominator"].to_numpy(), area, stratum,
        groups[np.r_[True, np.diff(area) > 0]],
    )  # fmt: skip
    return level, disagrees
