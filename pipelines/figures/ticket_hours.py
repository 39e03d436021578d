"""Exact quantiles of the hours to resolve in every published shape, one statement a shape: they do not spill to disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

import duckdb
import polars as pl

from pipelines.computed import computed

#: Tickets whose quantiles one statement may take at a time: 0.2 GB a million where every ticket is a group of its own.
SLICE = 2_000_000
#: Up to so many tickets one statement takes all shapes: to plan one a shape takes longer than to run it.
FEW = 50_000
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
    con.execute("CREATE OR REPLACE TEMP TABLE _ticket_hours AS FROM cube.ticket_hours")
    yield from quantiles(con, dict.fromkeys(STARTS, "_ticket_hours"), published_shapes(con))
    con.execute("DROP TABLE _ticket_hours")


def published_shapes(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Grain, column of the place and column of the part of every published shape."""
    found = con.execute("SELECT grain, area_level || '_place', dimension || '_part' FROM core.shapes").fetchall()
    return [shape for shape in itertools.product(STARTS, PLACES, PARTS) if shape in found]


def quantiles(
    con: duckdb.DuckDBPyConnection,
    hours: Mapping[str, str],
    shapes: Iterable[tuple[str, str, str]],
    only: str | None = None,
) -> Iterator[pl.DataFrame]:
    """The quantiles of `hours`, a relation like cube.ticket_hours by grain, one frame a shape and slice; where `only` names
    a relation (grain, period_start, place, part), those of its rows."""
    if only is None and len(set(hours.values())) == 1:
        (relation,) = set(hours.values())
        if con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0] <= FEW:
            yield _at_once(con, relation, shapes)
            return
    for grain, place, part in shapes:
        start, relation = STARTS[grain], hours[grain]
        (rows,) = con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0]
        slices: list[tuple[str, dict[str, object]]] = [("TRUE", {})]
        if rows > SLICE:
            years = con.execute(f"SELECT DISTINCT date_trunc('year', {start}) FROM {relation} ORDER BY 1").fetchall()
            slices = [(f"date_trunc('year', {start}) = $year", {"year": year}) for (year,) in years]
        wanted = ""
        if only is not None:
            wanted = (
                f" SEMI JOIN (SELECT * FROM {only} WHERE grain = '{grain}') AS o"
                f" ON o.period_start = h.{start} AND o.place = h.{place} AND o.part = h.{part}"
            )
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
                    FROM {relation} AS h{wanted}
                    WHERE {where} AND {place} IS NOT NULL
                    GROUP BY {start}, {place}, {part}
                )""",
                params=values,
            ).pl()


def _at_once(con: duckdb.DuckDBPyConnection, relation: str, shapes: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    """The quantiles of all shapes by one statement."""
    listed = ", ".join(f"('{grain}', '{place}', '{part}')" for grain, place, part in shapes)

    def chosen(column: str, of: Iterable[tuple[str, str]]) -> str:
        cases = " ".join(f"WHEN '{name}' THEN h.{source}" for name, source in of)
        return f"CASE s.{column} {cases} END"

    made: pl.DataFrame = con.sql(
        f"""
        SELECT
            grain, period_start, place, part, count(hours) AS resolved, CAST(sum(excluded) AS BIGINT) AS excluded,
            quantile_cont(hours, [0.5, 0.9])[1] AS median_hours, quantile_cont(hours, [0.5, 0.9])[2] AS percentile_90_hours
        FROM (
            SELECT
                s.grain, {chosen("grain", STARTS.items())} AS period_start,
                {chosen("place", zip(PLACES, PLACES, strict=True))} AS place,
                {chosen("part", zip(PARTS, PARTS, strict=True))} AS part, h.hours, h.excluded
            FROM {relation} AS h
            CROSS JOIN (VALUES {listed}) AS s(grain, place, part)
        )
        WHERE place IS NOT NULL
        GROUP BY grain, period_start, place, part"""
    ).pl()
    return made
