"""Which stocks of people stay unpublished because a small number could be had from them by subtraction."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.computed import computed

LEVELS = ("district", "street", "community", "grid")
UNLOCATED = "unlocated"
_KEY = ("indicator_id", "stock_on", "dimension", "member")
_GROUP = (*_KEY, "parent_level", "parent_code")
#: Passes over the ladder; each hides at least one more cell, and real ladders settle after three.
_PASSES = 20

_CELLS = """
    SELECT
        s.indicator_id, s.stock_on, s.dimension, s.member, s.area_level, s.area_code,
        CASE
            WHEN s.area_level = 'city' OR s.area_code = 'unlocated' AND s.area_level <> 'district' THEN NULL
            WHEN s.area_level = 'grid' AND p.community_code IS NOT NULL THEN 'community'
            WHEN s.area_level IN ('grid', 'community') AND p.street_code IS NOT NULL THEN 'street'
            WHEN s.area_level <> 'district' AND p.district_code IS NOT NULL THEN 'district'
            ELSE 'city'
        END AS parent_level,
        CASE
            WHEN s.area_level = 'city' OR s.area_code = 'unlocated' AND s.area_level <> 'district' THEN NULL
            WHEN s.area_level = 'grid' AND p.community_code IS NOT NULL THEN p.community_code
            WHEN s.area_level IN ('grid', 'community') AND p.street_code IS NOT NULL THEN p.street_code
            WHEN s.area_level <> 'district' AND p.district_code IS NOT NULL THEN p.district_code
            ELSE c.area_code
        END AS parent_code,
        CAST(s.numerator AS DOUBLE) AS part,
        CASE WHEN i.kind = 'proportion' THEN CAST(s.denominator - s.numerator AS DOUBLE) END AS others,
        i.kind = 'proportion' AND s.denominator > 0 AND s.denominator < i.minimum_count AS is_thin
    FROM cube.stock_levels AS s
    INNER JOIN reference.indicators AS i ON i.indicator_id = s.indicator_id AND i.people
    CROSS JOIN reference.city AS c
    LEFT JOIN core.area_paths AS p
        ON p.area_code = s.area_code AND p.valid_from <= s.stock_on AND s.stock_on < p.valid_to
    WHERE s.numerator IS NULL OR s.numerator > 0 OR (i.kind = 'proportion' AND s.denominator > 0)
"""


@computed(
    "cube.hidden_stocks",
    reads=("cube.stock_levels", "core.area_paths", "reference.indicators", "reference.city"),
)
def hidden_stocks(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Stocks of people that are not published: small ones, and as many siblings as keep those from being worked out."""
    (minimum,) = con.execute("SELECT people_minimum FROM reference.city").fetchall()[0]
    cells = con.sql(_CELLS).pl()
    return protect(cells, int(minimum)).filter("is_hidden").select(*_KEY, "area_level", "area_code")


def protect(cells: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Return `cells` with `is_hidden`: primary, and secondary suppression along the ladder of areas.

    A row is a cell with `part` people (null: unknown, below the minimum) and `others` (null unless a proportion), the
    area above it and `is_thin` (too few cases for a rate). Hidden are parts and others from 1 to `minimum` − 1 and thin
    cells. In the equation *area = sum of the areas below it + what lies in none of them*, with the area itself shown,
    a small number stays safe only behind a second hidden term, and small numbers alone only from a sum of
    2 · `minimum` − 1 on: else the smallest shown area beside them is hidden too. Where there is none, the area above is
    hidden if its number gives theirs away (one term, or all 1 or all `minimum` − 1). A hidden area needs a hidden area
    below it.
    Equations between dates, between indicators and with figures published elsewhere are not looked at.
    Source: Hundepool et al. 2012, Statistical Disclosure Control, chapter 4 (sensitivity rules, secondary suppression).
    """
    small_part = pl.col("part").is_null() | pl.col("part").is_between(1e-9, minimum - 1e-9)
    small_others = pl.col("others").is_between(1e-9, minimum - 1e-9).fill_null(value=False)
    cells = cells.with_columns(small_part.alias("small_part"), small_others.alias("small_others"))
    cells = cells.with_columns(pl.any_horizontal("small_part", "small_others", "is_thin").alias("is_hidden"))
    for _ in range(_PASSES):
        before = int(cells["is_hidden"].sum())
        for level in LEVELS:
            cells = _protect_level(cells, level, minimum)
        if int(cells["is_hidden"].sum()) == before:
            break
    return cells


def _protect_level(cells: pl.DataFrame, level: str, minimum: int) -> pl.DataFrame:
    """Hide what the equations between the areas of a level and those above them ask for."""
    children = cells.filter(pl.col("area_level") == level)
    if children.is_empty():
        return cells
    hidden = pl.col("is_hidden")
    shown = ~hidden
    groups = children.filter(pl.col("parent_code").is_not_null()).group_by(_GROUP).agg(
        hidden.sum().alias("terms"),
        pl.col("part").sum().alias("sum_part"),
        pl.col("others").sum().alias("sum_others"),
        pl.col("part").filter(hidden).sum().alias("mass_part"),
        pl.col("others").filter(hidden).sum().alias("mass_others"),
        (hidden & pl.col("small_part")).sum().alias("small_part"),
        (hidden & pl.col("small_others")).sum().alias("small_others"),
        # the cheapest shown cell, one that is large on both sides before one that is not
        pl.col("area_code").filter(shown).sort_by(
            pl.min_horizontal("part", "others").filter(shown) < minimum,
            pl.col("part").filter(shown) <= 0,
            pl.sum_horizontal("part", "others").filter(shown),
            pl.col("area_code").filter(shown),
        ).first().alias("cheapest"),
    )  # fmt: skip
    above = cells.select(
        *_KEY, pl.col("area_level").alias("parent_level"), pl.col("area_code").alias("parent_code"),
        pl.col("part").alias("whole_part"), pl.col("others").alias("whole_others"), hidden.alias("whole_hidden"),
    )  # fmt: skip
    groups = groups.join(above, on=_GROUP, how="left", nulls_equal=True)

    def side(name: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Of one side of the equation: is it unsafe, does it give a number away, is what lies in no area below small."""
        rest = pl.col(f"whole_{name}") - pl.col(f"sum_{name}")
        small = rest.is_between(1e-9, minimum - 1e-9).fill_null(value=False)
        terms, few = pl.col("terms") + small, pl.col(f"small_{name}") + small
        mass = pl.col(f"mass_{name}") + pl.when(small).then(rest).otherwise(0.0)
        alone = (few == terms) & (few > 0)
        told = (few > 0) & (terms == 1) | alone & ((mass <= few) | (mass >= few * (minimum - 1)))
        return told | alone & (mass < 2 * minimum - 1), told, small

    (part, told_part, rest_part), (others, told_others, rest_others) = side("part"), side("others")
    exposed, told = ~pl.col("whole_hidden") & (part | others), ~pl.col("whole_hidden") & (told_part | told_others)
    bare = pl.col("whole_hidden") & (pl.col("terms") == 0)
    groups = groups.with_columns(
        (rest_part | rest_others).alias("small_rest"),
        pl.when((exposed | bare).fill_null(value=False)).then("cheapest").alias("hide"),
        (told & pl.col("cheapest").is_null()).fill_null(value=False).alias("hide_whole"),
    )
    more = pl.concat(
        [
            groups.filter(pl.col("hide").is_not_null()).select(
                *_KEY, pl.lit(level).alias("area_level"), pl.col("hide").alias("area_code")
            ),
            groups.filter("hide_whole").select(
                *_KEY, pl.col("parent_level").alias("area_level"), pl.col("parent_code").alias("area_code")
            ),
            _unplaced(children, groups, level),
        ]
    ).unique()
    if more.is_empty():
        return cells
    cells = cells.join(
        more.with_columns(pl.lit(value=True).alias("more")),
        on=[*_KEY, "area_level", "area_code"],
        how="left",
        nulls_equal=True,
    )
    return cells.with_columns((hidden | pl.col("more").fill_null(value=False)).alias("is_hidden")).drop("more")


def _unplaced(children: pl.DataFrame, groups: pl.DataFrame, level: str) -> pl.DataFrame:
    """The cells of those in no area of a level below the district, wherever that level hides anything at all."""
    marked = pl.concat(
        [
            children.filter(pl.col("is_hidden") & (pl.col("area_code") != UNLOCATED)).select(_KEY),
            groups.filter(pl.col("small_rest") | pl.col("hide").is_not_null()).select(_KEY),
        ]
    ).unique()
    cells = children.filter((pl.col("area_code") == UNLOCATED) & pl.col("parent_code").is_null())
    return cells.join(marked, on=_KEY, how="semi", nulls_equal=True).select(
        *_KEY, pl.lit(level).alias("area_level"), "area_code"
    )
