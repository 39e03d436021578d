"""Exact quantiles of the hours to resolve in every published shape, one statement a shape: they do not spill to disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import duckdb
import polars as pl

from pipelines.computed import computed

#: Tickets whose quantiles one statement may take at a time: 0.2 GB a million where every ticket is a group of its own.
SLICE = 2_000_000
STARTS = {
    "day": "resolved_on",
    "week": "week_start",
    "month": "month_start",
    "quarter": "quarter_start",
    "year": "year_start",
}
PLACES = ("city_place", "district_place", "street_place", "community_place", "grid_place")
PARTS = ("all_part", "channel_part", "category_1_part")


@computed("cube.ticket_hours_quantiles", reads=("cube.ticket_hours", "core.shapes"))
def ticket_hours_quantiles(con: duckdb.DuckDBPyConnection) -> Iterator[pl.DataFrame]:
    """Exact median and 90th percentile of the hours to resolve, by numbers of place and part, computed anew in every shape.

    One GROUP BY over all shapes ran out of 1.5 GB at a million tickets; one a shape takes 0.4 GB. Where there are more
    than SLICE tickets, the periods of one year after another."""
    (rows,) = con.execute("SELECT count(*) FROM cube.ticket_hours").fetchall()[0]
    shapes = con.execute("SELECT grain, area_level || '_place', dimension || '_part' FROM core.shapes").fetchall()
    for grain, start in STARTS.items():
        years = con.execute(f"SELECT DISTINCT date_trunc('year', {start}) FROM cube.ticket_hours ORDER BY 1").fetchall()
        slices: list[tuple[str, dict[str, object]]] = [("TRUE", {})]
        if rows > SLICE:
            slices = [(f"date_trunc('year', {start}) = $year", {"year": year}) for (year,) in years]
        for place, part in itertools.product(PLACES, PARTS):
            if (grain, place, part) not in shapes:
                continue
            for where, values in slices:
                yield con.sql(
                    f"""
                    SELECT
                        '{grain}' AS grain, period_start, place, part, resolved, excluded,
                        quantiles[1] AS median_hours, quantiles[2] AS percentile_90_hours
                    FROM (
                        SELECT
                            {start} AS period_start, {place} AS place, {part} AS part, count(hours) AS resolved,
                            CAST(sum(excluded) AS BIGINT) AS excluded, quantile_cont(hours, [0.5, 0.9]) AS quantiles
                        FROM cube.ticket_hours
                        WHERE {where} AND {place} IS NOT NULL
                        GROUP BY {start}, {place}, {part}
                    )""",
                    params=values,
                ).pl()
