"""What a careful analyst would say of every area and month: sentences in two languages with the evidence behind each."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl

from pipelines.computed import computed
from pipelines.insights.candidates import KEY, candidates
from pipelines.insights.origins import origins
from pipelines.insights.telling import Teller, catalogue, tell

#: Indicators of an area and month that are told of; the summary counts them all.
TOLD = {"city": 5, "district": 5, "street": 5, "community": 3}
#: The first rates of the catalogue with a target are told of whatever they say.
HEADLINES = 2
_ORDER = ("block", "turn", "inner", "kind", "compared_with", "indicator_id", "dimension", "day")
SEVERITIES = {3: "act", 2: "watch", 1: "good", 0: "note"}

SCHEMA: dict[str, Any] = {
    "area_level": pl.String,
    "area_code": pl.String,
    "month": pl.Date,
    "place": pl.Int64,
    "topic": pl.String,
    "kind": pl.String,
    "severity": pl.String,
    "sentence_zh": pl.String,
    "sentence_en": pl.String,
    "indicator_id": pl.String,
    "value": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "target": pl.Float64,
    "value_before": pl.Float64,
    "compared_with": pl.String,
    "change": pl.Float64,
    "change_lower": pl.Float64,
    "change_upper": pl.Float64,
    "rate_effect": pl.Float64,
    "mix_effect": pl.Float64,
    "dimension": pl.String,
    "listed": pl.List(pl.String),
    "counted": pl.Int64,
    "compared": pl.Int64,
}

# The name in force at the end of the month; before an area's first stretch, that of the first.
_NAMES = """
    SELECT a.area_code, m.month, coalesce(a.area_name, a.area_code) AS zh,
        coalesce(a.area_name_en, a.area_name, a.area_code) AS en
    FROM marts.areas AS a
    CROSS JOIN (SELECT unnest($months) AS month) AS m
    WHERE a.level IN ('district', 'street', 'community')
    QUALIFY row_number() OVER (
        PARTITION BY a.area_code, m.month
        ORDER BY coalesce(a.valid_from <= last_day(m.month), TRUE) DESC,
            CASE WHEN coalesce(a.valid_from <= last_day(m.month), TRUE) THEN a.valid_from END DESC NULLS LAST, a.valid_from
    ) = 1"""


@computed(
    "marts.insights",
    reads=(
        "core.area_paths",
        "core.indicator_periods",
        "marts.areas",
        "marts.changes",
        "marts.city",
        "marts.comparisons",
        "marts.control_limits",
        "marts.indicator_values",
        "marts.indicators",
        "marts.open_refusals",
        "reference.as_of",
        "reference.calendar",
    ),
)
def insights(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Sentences in Chinese and English about every area and month, in order of weight, with their evidence.

    Restatements are added when an edition is published: only then is it known what the edition before said.
    """
    found, about, paths = candidates(con)
    if found.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    kept = _kept(found, about)
    turns = kept.filter(pl.col("block") == 1).select(*KEY, "indicator_id", "block", "turn").unique()
    parts = origins(con, kept.drop("block", "turn"), about, paths).join(turns, on=[*KEY, "indicator_id"])
    told = pl.concat([kept, parts.select(kept.columns)]).sort(*KEY, *_ORDER)
    teller = Teller(catalogue(about), area_names(con, told.get_column("month").unique().sort().to_list()))
    return (
        tell(told, teller)
        .with_columns(
            place=pl.int_range(1, pl.len() + 1).over(KEY),
            severity=pl.col("severity").replace_strict(SEVERITIES, return_dtype=pl.String),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )


def area_names(con: duckdb.DuckDBPyConnection, months: list[date]) -> dict[tuple[str, date], tuple[str, str]]:
    """Return the names (zh, en) of districts, streets and communities by code and month."""
    rows = con.execute(_NAMES, {"months": months}).fetchall()
    return {(str(code), month): (str(zh), str(en)) for code, month, zh, en in rows}


def _shortfall() -> pl.Expr:
    """How far a figure that misses its target lies from it, as a share of the target."""
    gap = (pl.col("value") - pl.col("target")).abs() / pl.max_horizontal(pl.col("target").abs(), pl.lit(1e-9))
    return pl.when(pl.col("topic") == "level", pl.col("severity") >= 2).then(gap).otherwise(0.0)


def _kept(found: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """The candidates that are told: summary and data always, of the indicators those with most to say, in that order.

    `block` is 0 for the summary, 1 for an indicator and 2 for data, `turn` the order of the indicators.
    """
    block = pl.col("topic").replace_strict({"summary": 0, "data": 2}, default=1)
    found = found.with_columns(block=block)
    weighty = pl.col("severity") >= 2
    weight = (
        found.filter(pl.col("block") == 1)
        .join(about.select("indicator_id", "sort_order"), on="indicator_id")
        .group_by(*KEY, "indicator_id", "sort_order")
        .agg(
            most=pl.col("severity").max(),
            # what is new this month comes before a target that is missed every month
            news=(weighty & (pl.col("topic") != "level")).sum(),
            shortfall=_shortfall().max(),
            has_target=pl.col("target").is_not_null().any(),
            is_sampled=(pl.col("target").is_not_null() & pl.col("lower").is_not_null()).any(),
        )
        .sort(
            *KEY, "most", "news", "shortfall", "has_target", "sort_order", descending=[False] * 3 + [True] * 4 + [False]
        )
        .with_columns(
            turn=pl.int_range(1, pl.len() + 1).over(KEY),
            headline=pl.col("is_sampled") & (pl.col("sort_order").rank("min").over([*KEY, "is_sampled"]) <= HEADLINES),
        )
        .filter((pl.col("turn") <= pl.col("area_level").replace_strict(TOLD)) | pl.col("headline"))
    )
    return found.join(weight.select(*KEY, "indicator_id", "turn"), on=[*KEY, "indicator_id"], how="left").filter(
        (pl.col("block") != 1) | pl.col("turn").is_not_null()
    )
