"""Where a claimed change comes from: by the areas below and by the members of one dimension, rates and mix apart."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from pipelines.insights.candidates import KEY
from pipelines.statistics.arrays import Floats, Ints
from pipelines.statistics.decomposition import rate_and_mix
from pipelines.statistics.proportions import ALPHA, difference, no_change

#: A part is named from this share of the whole change on, and at most so many are.
WORTH_NAMING = 0.1
MOST_NAMED = 3
_BELOW = {"city": "district", "district": "street", "street": "community"}

_CELLS = """
    SELECT c.claim, 'area' AS dimension, v.area_code AS part, v.period_start = c.month AS is_now, v.numerator, v.denominator
    FROM _claims AS c
    JOIN _paths AS p ON p.parent_code = c.area_code AND p.area_level = c.level_below AND p.month = c.month
    JOIN marts.indicator_values AS v
        ON v.indicator_id = c.indicator_id AND v.area_level = p.area_level AND v.area_code = p.area_code
        AND (v.period_start = c.month OR v.period_start = c.before_start)
    WHERE v.grain = 'month' AND v.dimension = 'all' AND v.numerator IS NOT NULL AND v.denominator > 0
    UNION ALL
    SELECT c.claim, v.dimension, v.member, v.period_start = c.month, v.numerator, v.denominator
    FROM _claims AS c
    JOIN marts.indicator_values AS v
        ON v.indicator_id = c.indicator_id AND v.area_level = c.area_level AND v.area_code = c.area_code
        AND (v.period_start = c.month OR v.period_start = c.before_start)
    WHERE v.grain = 'month' AND v.dimension <> 'all' AND v.numerator IS NOT NULL AND v.denominator > 0
    UNION ALL
    SELECT c.claim, 'all', 'all', v.period_start = c.month, v.numerator, v.denominator
    FROM _claims AS c
    JOIN marts.indicator_values AS v
        ON v.indicator_id = c.indicator_id AND v.area_level = c.area_level AND v.area_code = c.area_code
        AND (v.period_start = c.month OR v.period_start = c.before_start)
    WHERE v.grain = 'month' AND v.dimension = 'all' AND v.denominator > 0"""


def origins(con: duckdb.DuckDBPyConnection, told: pl.DataFrame, about: pl.DataFrame, paths: pl.DataFrame) -> pl.DataFrame:  # fmt: skip
    """Return a row for each claim of change and way of dividing it, with the columns that differ from its claim's.

    A claim is divided once by the areas below and once by the dimension that explains most. What belongs to no part (not
    located, without a category) is a part without a name. Figures about people are not divided: their parts may be hidden.
    """
    claims = (
        told.filter(pl.col("kind").is_in(["change_up", "change_down"]))
        .join(about.filter(~pl.col("people")).select("indicator_id"), on="indicator_id")
        # of two claims about one figure the one on the month before is divided
        .sort(*KEY, "indicator_id", "inner")
        .unique([*KEY, "indicator_id"], keep="first", maintain_order=True)
        .with_row_index("claim")
        .with_columns(
            pl.col("claim").cast(pl.Int64), level_below=pl.col("area_level").replace_strict(_BELOW, default=None)
        )
    )
    if claims.is_empty():
        return told.clear()
    asked = claims.select("claim", *KEY, "indicator_id", "level_below", before_start="day")
    con.register("_claims", asked.to_arrow())
    con.register("_paths", paths.select("month", "area_level", "area_code", "parent_code").to_arrow())
    try:
        cells = con.sql(_CELLS).pl()
    finally:
        con.unregister("_claims")
        con.unregister("_paths")
    found = _divided(cells)
    if found.is_empty():
        return told.clear()
    drop = ["dimension", "rate_effect", "mix_effect", "listed", "contributions", "counted", "kind", "topic"]
    return (
        claims.drop(drop)
        .join(found, on="claim")
        .with_columns(
            topic=pl.lit("parts"),
            kind=pl.when(pl.col("counted") > 0).then(pl.lit("parts_named")).otherwise(pl.lit("parts_spread")),
            dimension=pl.when(pl.col("dimension") == "area").then("level_below").otherwise("dimension"),
            inner=pl.col("inner") + pl.when(pl.col("dimension") == "area").then(1).otherwise(2),
        )
        .select(pl.col(name).cast(kind) for name, kind in told.schema.items())
    )


def _sides(cells: pl.DataFrame) -> pl.DataFrame:
    """Counts of every part now and before, side by side, 0 where it had none."""
    now, numerator, denominator = pl.col("is_now"), pl.col("numerator"), pl.col("denominator")
    return cells.group_by("claim", "dimension", "part").agg(
        numerator=numerator.filter(now).sum(), denominator=denominator.filter(now).sum(),
        numerator_before=numerator.filter(~now).sum(), denominator_before=denominator.filter(~now).sum(),
    )  # fmt: skip


_COUNTS = ["numerator", "denominator", "numerator_before", "denominator_before"]


def _divided(cells: pl.DataFrame) -> pl.DataFrame:
    """Effects of rate and mix of every division, in percentage points, with the parts that are worth naming."""
    sides = _sides(cells)
    whole = sides.filter(pl.col("dimension") == "all").drop("dimension", "part")
    parts = sides.filter(pl.col("dimension") != "all")
    rest = (
        parts.group_by("claim", "dimension")
        .agg(pl.col(_COUNTS).sum())
        .join(whole, on="claim", suffix="_whole")
        .select(
            "claim", "dimension", pl.lit(None, dtype=pl.String).alias("part"),
            *((pl.col(f"{name}_whole") - pl.col(name)).alias(name) for name in _COUNTS),
        )
    )  # fmt: skip
    # parts that make more than the whole are no parts of it: an area changed its place between the two months
    sound = rest.filter(
        pl.all_horizontal(pl.col(_COUNTS) >= 0)
        & (pl.col("numerator") <= pl.col("denominator"))
        & (pl.col("numerator_before") <= pl.col("denominator_before"))
    )
    some = (pl.col("denominator") > 0) | (pl.col("denominator_before") > 0)
    parts = pl.concat([parts, sound.filter(some).select(parts.columns)])
    parts = parts.join(sound.select("claim", "dimension"), on=["claim", "dimension"], how="semi")
    parts = parts.sort("claim", "dimension", "part", nulls_last=True)
    if parts.is_empty():
        return parts
    group = parts.select(pl.struct("claim", "dimension").rle_id().cast(pl.Int64)).to_series().to_numpy()
    numerator, denominator, numerator_before, denominator_before = _counts(parts)
    own, mix = rate_and_mix(numerator, denominator, numerator_before, denominator_before, group)
    parts = parts.with_columns(pl.Series("own", 100 * own), pl.Series("mix", 100 * mix), _stands_out(parts, group))
    change = (pl.col("own") + pl.col("mix")).sum().over("claim", "dimension")
    named = (
        pl.col("stands_out")
        & pl.col("part").is_not_null()
        & (pl.col("own").sign() == change.sign())
        & (pl.col("own").abs() >= WORTH_NAMING * change.abs())
    )
    divided = (
        parts.with_columns(is_named=named)
        .sort(pl.col("own").abs(), descending=True, maintain_order=True)
        .group_by("claim", "dimension", maintain_order=True)
        .agg(
            rate_effect=pl.col("own").sum(),
            mix_effect=pl.col("mix").sum(),
            listed=pl.col("part").filter(pl.col("is_named")).head(MOST_NAMED),
            contributions=pl.col("own").filter(pl.col("is_named")).head(MOST_NAMED),
            parts=pl.len(),
        )
        .filter(pl.col("parts") > 1)
        .with_columns(
            counted=pl.col("listed").list.len().cast(pl.Int64),
            told=pl.col("contributions").list.sum().abs().fill_null(0) + pl.col("mix_effect").abs(),
        )
    )
    is_area = pl.col("dimension") == "area"
    best = divided.filter(~is_area).sort("claim", "told", "dimension", descending=[False, True, False])
    return pl.concat([divided.filter(is_area), best.unique("claim", keep="first", maintain_order=True)]).drop(
        "parts", "told"
    )


def _counts(parts: pl.DataFrame) -> list[Floats]:
    return [parts.get_column(name).to_numpy().astype(np.float64) for name in _COUNTS]


def _stands_out(parts: pl.DataFrame, group: Ints) -> pl.Series:
    """Whether a part's own rate changed beyond chance, allowing for the number of parts (Bonferroni)."""
    counts = _counts(parts)
    both = (counts[1] > 0) & (counts[3] > 0)
    out = np.zeros(len(parts), dtype=np.bool_)
    if both.any():
        pairs = [column[both] for column in counts]
        lower, upper = difference(*pairs)
        number = np.bincount(group)[group][both]
        out[both] = ((lower > 0) | (upper < 0)) & (no_change(*pairs) * number <= ALPHA)
    return pl.Series("stands_out", out)
