"""What became of every area: its successors, and through all of them its shares in the areas of today."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.computed import computed

#: The same separators as in the contract of areas.
_SEPARATORS = "[ ,;、，；]+"
_LEVELS = "(VALUES ('city', 0), ('district', 1), ('street', 2), ('community', 3), ('grid', 4)) AS l(level, rung)"

#: Stretches of validity that have begun by the latest data cut; of overlapping ones the later begun holds.
_STRETCHES = f"""
    SELECT a.area_code, a.valid_from, a.area_name, a.level, l.rung, a.parent_code, a.population, a.successor_code, a.successor_weight,
        least(coalesce(a.valid_to, DATE '9999-12-31'), a.next_from) AS valid_to, least(a.valid_to, a.next_from) <= t.today AS has_ended
    FROM (
        SELECT *, coalesce(lead(valid_from) OVER (PARTITION BY area_code ORDER BY valid_from), DATE '9999-12-31') AS next_from
        FROM core.areas) AS a
    JOIN (SELECT max(as_of_on) AS today FROM reference.as_of) AS t ON a.valid_from <= t.today
    JOIN {_LEVELS} ON l.level = a.level
"""

#: A successor is the first stretch of its code that outlives the ended one. So every step goes to a stretch that ends later
#: (to the area above: at least not earlier, and one rung up), and no chain of successors can come back to where it began.
_SUCCESSIONS = f"""
    WITH stretches AS ({_STRETCHES}),
    named AS (
        SELECT area_code, valid_from, valid_to,
            unnest(regexp_split_to_array(successor_code, '{_SEPARATORS}')) AS successor_code,
            TRY_CAST(unnest(regexp_split_to_array(successor_weight, '{_SEPARATORS}')) AS DOUBLE) AS weight
        FROM stretches WHERE has_ended AND successor_code IS NOT NULL
    ),
    found AS (
        SELECT n.area_code, n.valid_from, n.valid_to, n.successor_code, n.weight, min(s.valid_from) AS successor_from
        FROM named AS n LEFT JOIN stretches AS s ON s.area_code = n.successor_code AND s.valid_to > n.valid_to
        WHERE n.successor_code IS NOT NULL
        GROUP BY ALL
    ),
    weighed AS (
        SELECT f.*, s.population,
            count(*) OVER w AS successors,
            coalesce(sum(f.weight) OVER w > 0 AND count(f.weight) OVER w = count(*) OVER w, FALSE) AS is_stated,
            coalesce(sum(s.population) OVER w > 0 AND count(s.population) OVER w = count(*) OVER w, FALSE) AS is_known
        FROM found AS f LEFT JOIN stretches AS s ON s.area_code = f.successor_code AND s.valid_from = f.successor_from
        WINDOW w AS (PARTITION BY f.area_code, f.valid_from)
    ),
    stated AS (
        SELECT area_code, valid_from, valid_to, successor_code, successor_from,
            CASE WHEN is_stated THEN weight / sum(weight) OVER w
                 WHEN is_known THEN population / sum(population) OVER w ELSE 1 / successors END AS share,
            CASE WHEN successors = 1 THEN 'single' WHEN is_stated THEN 'stated' WHEN is_known THEN 'population' ELSE 'equal' END AS basis
        FROM weighed WINDOW w AS (PARTITION BY area_code, valid_from)
    ),
    continued AS (
        SELECT s.area_code, s.valid_from, s.valid_to, n.area_code AS successor_code, n.valid_from AS successor_from,
            CAST(1 AS DOUBLE) AS share, 'continued' AS basis
        FROM stretches AS s JOIN stretches AS n ON n.area_code = s.area_code AND n.valid_from = s.valid_to AND n.level = s.level
        WHERE s.has_ended AND s.successor_code IS NULL
        AND (n.area_name = s.area_name OR n.parent_code IS NOT DISTINCT FROM s.parent_code)
    ),
    followed AS (
        SELECT * FROM stated WHERE successor_from IS NOT NULL AND share > 0
        UNION ALL
        SELECT * FROM continued
    ),
    rest AS (
        SELECT s.area_code, s.valid_from, s.valid_to, s.rung, s.parent_code, 1 - coalesce(sum(f.share), 0) AS share
        FROM stretches AS s LEFT JOIN followed AS f ON f.area_code = s.area_code AND f.valid_from = s.valid_from
        WHERE s.has_ended GROUP BY ALL
    )
    SELECT area_code, valid_from, valid_to AS ended_on, successor_code, successor_from, share, basis FROM followed
    UNION ALL
    SELECT r.area_code, r.valid_from, r.valid_to, p.area_code, p.valid_from, r.share, 'parent'
    FROM rest AS r
    JOIN stretches AS p ON p.area_code = r.parent_code AND p.valid_from < r.valid_to AND p.valid_to >= r.valid_to
        AND p.rung BETWEEN 1 AND r.rung - 1
    WHERE r.share > 1e-9
    ORDER BY ALL
"""


@computed("core.area_successions", reads=("core.areas", "reference.as_of"))
def area_successions(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every step from a stretch of validity that has ended to what took over, with its share.

    The shares of a stretch make at most 1. `basis` says where they come from: `stated` in the register, the `population` of the
    successors, `equal` shares, a `single` successor, the same area `continued` under its code (the next stretch begins on the
    day, at the same level, with the same name or the same area above), or the `parent`: no successor, so it counts in the
    area above and in none of its own level.
    """
    steps: pl.DataFrame = con.sql(_SUCCESSIONS).pl()
    return steps


@computed("core.area_shares", reads=("core.area_paths", "core.area_successions", "core.areas", "reference.as_of"))
def area_shares(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Shares of every stretch of validity in the areas of today, at its own level and every level above below the city.

    Chains of successors are followed to their end, weights multiply. The shares of a stretch make 1 at every `today_level`;
    what no area of today has goes to `unlocated`.
    """
    steps = con.sql(
        "SELECT area_code, valid_from, successor_code, successor_from, share FROM core.area_successions"
    ).pl()
    reached = con.sql(
        f"SELECT area_code, valid_from, area_code AS at_code, valid_from AS at_from, CAST(1 AS DOUBLE) AS weight, has_ended"
        f" FROM ({_STRETCHES})"
    ).pl()
    ended = reached.filter("has_ended").select(at_code="area_code", at_from="valid_from", is_end=pl.lit(value=True))
    places = [reached.filter(~pl.col("has_ended")).drop("has_ended")]
    on_the_way = reached.filter("has_ended").drop("has_ended")
    while len(on_the_way):
        moved = (
            on_the_way.join(steps, left_on=["at_code", "at_from"], right_on=["area_code", "valid_from"])
            .group_by("area_code", "valid_from", at_code="successor_code", at_from="successor_from")
            .agg(weight=(pl.col("weight") * pl.col("share")).sum())
            .join(ended, on=["at_code", "at_from"], how="left")
        )
        places.append(moved.filter(pl.col("is_end").is_null()).drop("is_end"))
        on_the_way = moved.filter(pl.col("is_end").is_not_null()).drop("is_end")
    con.register("_places", pl.concat(places).to_arrow())
    try:
        shares: pl.DataFrame = con.sql(_SHARES).pl()
    finally:
        con.unregister("_places")
    return shares


_SHARES = f"""
    WITH stretches AS ({_STRETCHES}),
    today AS (
        SELECT p.* FROM core.area_paths AS p
        JOIN (SELECT max(as_of_on) AS today FROM reference.as_of) AS t ON p.valid_from <= t.today AND t.today < p.valid_to
    ),
    placed AS (
        SELECT s.area_code, s.valid_from, l.level AS today_level, _places.weight,
            CASE l.level WHEN 'district' THEN t.district_code WHEN 'street' THEN t.street_code
                WHEN 'community' THEN t.community_code ELSE t.grid_code END AS today_code
        FROM stretches AS s
        JOIN {_LEVELS} ON l.rung BETWEEN 1 AND s.rung
        JOIN _places ON _places.area_code = s.area_code AND _places.valid_from = s.valid_from
        JOIN today AS t ON t.area_code = _places.at_code
    ),
    located AS (
        SELECT area_code, valid_from, today_level, today_code, sum(weight) AS share
        FROM placed WHERE today_code IS NOT NULL GROUP BY ALL
    ),
    whole AS (
        SELECT s.area_code, s.valid_from, l.level AS today_level, coalesce(sum(k.share), 0) AS share
        FROM stretches AS s
        JOIN {_LEVELS} ON l.rung BETWEEN 1 AND s.rung
        LEFT JOIN located AS k ON k.area_code = s.area_code AND k.valid_from = s.valid_from AND k.today_level = l.level
        GROUP BY ALL
    )
    SELECT s.area_code, s.valid_from, s.valid_to, s.level AS area_level, k.today_level, k.today_code, k.share
    FROM stretches AS s JOIN (
        SELECT * FROM located
        UNION ALL
        SELECT area_code, valid_from, today_level, 'unlocated', 1 - share FROM whole WHERE share < 1 - 1e-9
    ) AS k ON k.area_code = s.area_code AND k.valid_from = s.valid_from
    ORDER BY ALL
"""
