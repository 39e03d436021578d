"""What the figures of tickets cost: `python tests/bench/bench_indicators.py --rows 10000000`.

A city of 5 districts, 26 streets, 239 communities and 986 grids has tickets of 24 months, generated straight into landing.
Each step runs in a process of its own (seconds, CPU seconds and peak memory are its own):

- `scan`: the columns that the figures read, read once and summed up;
- `all`: every figure as a refresh makes it, in three parts: `core` (tickets and repeats), `cells` (every count and quantile of
  cube.ticket_*: all grains, levels and dimensions) and `figures` (the backlog, then every figure with interval and status);
- `pandas`, `polars`: the counts and quantiles of `cells` from a Parquet file of the same rows, by the same chain of
  groupings (every level from the one below it, quarters and years from months), written to Parquet files as `cells`
  writes its tables;
- all of it after the delivery of the next day, held against the same made of nothing: no row may differ;
- `all` again at other sizes, with the exponent by which the cost of core and cells grows.

pandas is no dependency of the product: without it its line says so."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIRST, CUT, NEXT_CUT = "2024-10-31 16:00:00", "2026-10-31 23:59:59", "2026-11-01 23:59:59"
DAYS = 730
PARTS = ("core", "cells", "figures")
#: Of DuckDB: the process itself needs 0.1 GB more.
MEMORY = "1200MB"
LEVELS = ("district", "street", "community", "grid")
PERIODS = ("week_start", "month_start", "quarter_start", "year_start")
#: What is published (core.shapes): period, dimension, number of levels below the city.
SHAPES: tuple[tuple[str, list[str], int], ...] = tuple(
    (period, member, 4 if not member else depth)
    for period, depth in (("day", 2), ("week_start", 3), ("month_start", 4))
    for member in ([], ["channel"], ["category_1"])
)
LONGER_SHAPES = tuple((period, member, 4) for period in PERIODS[2:] for member in ([], ["channel"], ["category_1"]))
#: Columns of landing.tickets that the figures read.
USED = (
    *("ticket_id", "channel", "category_1", "area_code", "handling_unit", "accepted_at", "accepted_on", "first_contact_at"),
    *("due_at", "due_on", "first_resolved_at", "first_resolved_on", "resolved_at", "resolved_on", "reopened_at"),
    *("reopened_on", "first_closed_at", "first_closed_on", "closed_at", "closed_on", "paused_minutes", "status"),
    *("on_time_reported", "exclusion_code", "department_count", "callback_at", "callback_on", "callback_resolved"),
    *("callback_satisfaction", "reporter_id"),
)  # fmt: skip
#: Grids split among 239 communities, these among 26 streets, these among 5 districts, as evenly as they go.
_AREAS = """
    SELECT 'C' AS area_code, 'city' AS level, CAST(NULL AS VARCHAR) AS parent_code, CAST(NULL AS BIGINT) AS population
    UNION ALL SELECT 'D' || i, 'district', 'C', NULL FROM range(5) AS r(i)
    UNION ALL SELECT 'S' || i, 'street', 'D' || i % 5, NULL FROM range(26) AS r(i)
    UNION ALL SELECT 'A' || i, 'community', 'S' || i % 26, 2000 + 50 * (i % 100) FROM range(239) AS r(i)
    UNION ALL SELECT 'G' || i, 'grid', 'A' || i % 239, 400 + 10 * (i % 40) FROM range(986) AS r(i)"""
#: Times in UTC, days in Asia/Shanghai. Four in ten tickets name a community only; big communities have most of them.
_TICKETS = """
    SELECT
        'T' || lpad(CAST(i AS VARCHAR), 9, '0') AS ticket_id,
        ['hotline', 'grid', 'visit', 'app', 'wish', 'assembly'][CAST(1 + floor(6 * power(a, 1.8)) AS BIGINT)] AS channel,
        ['environment', 'safety', 'property', 'works', 'labour', 'traffic', 'welfare', 'noise', 'other']
            [CAST(1 + floor(9 * power(b, 1.5)) AS BIGINT)] AS category_1,
        CASE WHEN hash(i, 3) % 10 < 4 THEN 'A' || CAST(floor(239 * power(c, 1.3)) AS BIGINT)
            ELSE 'G' || CAST(floor(986 * power(c, 1.3)) AS BIGINT) END AS area_code,
        'U' || CAST(hash(i, 4) % 40 AS VARCHAR) AS handling_unit,
        accepted AS accepted_at,
        accepted + INTERVAL 1 MINUTE * (20 + hash(i, 5) % 1700) AS first_contact_at,
        accepted + INTERVAL 1 DAY * (3 + hash(i, 6) % 12) AS due_at,
        CASE WHEN hash(i, 7) % 100 < 97 THEN accepted + INTERVAL 1 SECOND * CAST(-ln(1 - d) * 300000 AS BIGINT) END AS resolved,
        hash(i, 8) % 100 < 4 AS again,
        hash(i, 9) % 30 = 0 AS paused,
        hash(i, 10) AS h,
        'R' || CAST(hash(i, 11) % {reporters} AS VARCHAR) AS reporter_id
    FROM (
        SELECT i, accepted, hash(i, 21) % 1000003 / 1000003.0 AS a, hash(i, 22) % 1000003 / 1000003.0 AS b,
            hash(i, 23) % 1000003 / 1000003.0 AS c, hash(i, 24) % 1000003 / 1000003.0 AS d
        FROM ({rows})
    )"""
#: Tickets as their source exports them at a data cut: what happened later is not known yet. By the second cut one in 500 of
#: the last 30 days is in another category, and of one in 20,000, however old, the answer is corrected.
_LANDING = """
    INSERT INTO landing.tickets BY NAME
    WITH known AS (
        SELECT
            * EXCLUDE (first_contact_at, resolved),
            CASE WHEN first_contact_at <= cut THEN first_contact_at END AS first_contact_at,
            CASE WHEN resolved <= cut THEN resolved END AS first_resolved_at,
            CASE WHEN resolved + INTERVAL 1 DAY <= cut THEN resolved + INTERVAL 1 DAY END AS closed_at,
            CASE WHEN again AND resolved + INTERVAL 5 DAY <= cut THEN resolved + INTERVAL 5 DAY END AS reopened_at,
            CASE WHEN again AND resolved + INTERVAL 9 DAY <= cut THEN resolved + INTERVAL 9 DAY WHEN resolved <= cut THEN resolved END
                AS resolved_at,
            CASE WHEN h % 3 > 0 AND resolved + INTERVAL 2 DAY <= cut THEN resolved + INTERVAL 2 DAY END AS callback_at,
            {corrected} AND accepted_at > cut - INTERVAL 30 DAY AND h // 100 % 500 = 0 AS moved,
            {corrected} AND callback_at IS NOT NULL AND h // 100 % 20000 = 1 AS corrected
        FROM ({tickets}) CROSS JOIN (SELECT TIMESTAMP '{cut}' AS cut)
        WHERE accepted_at <= cut
    )
    SELECT
        ticket_id, channel, CASE WHEN moved THEN 'other' ELSE category_1 END AS category_1,
        area_code, handling_unit, accepted_at, first_contact_at, due_at, first_resolved_at, resolved_at,
        closed_at AS first_closed_at, closed_at, reopened_at, callback_at,
        CASE WHEN paused THEN 600 END AS paused_minutes,
        CASE WHEN resolved_at IS NULL OR reopened_at > resolved_at THEN 'open' ELSE 'closed' END AS status,
        CASE WHEN first_resolved_at IS NOT NULL THEN h % 5 <> 0 END AS on_time_reported,
        CASE WHEN h % 100 = 0 THEN 'out_of_jurisdiction' WHEN h % 100 = 1 THEN 'duplicate' END AS exclusion_code,
        1 + h % 7 // 5 AS department_count,
        CASE WHEN callback_at IS NOT NULL THEN ['yes', 'yes', 'yes', 'partly', 'no'][CAST(1 + h % 5 AS BIGINT)] END AS callback_resolved,
        CASE WHEN corrected THEN 1 WHEN callback_at IS NOT NULL THEN CAST(1 + sqrt(h % 25) AS BIGINT) END AS callback_satisfaction,
        CASE WHEN h % 11 > 0 THEN reporter_id END AS reporter_id,
        CASE WHEN moved OR corrected THEN cut ELSE greatest(
            accepted_at, first_contact_at, resolved_at, closed_at, reopened_at, callback_at) END AS updated_at,
        {days},
        '{delivery}' AS _delivery_id
    FROM known
    WHERE updated_at > TIMESTAMP '{since}'"""
_DAYS = {
    name: f"{name}_at"
    for name in ("accepted", "due", "first_resolved", "resolved", "first_closed", "closed", "reopened", "callback")
}
#: Every count of cube.ticket_*: hub → its day, the rows that belong to it, its counts.
HUBS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "accepted": ("accepted_on", "in_accepted", ("accepted", "accepted_excluded", "accepted_resolved", "excluded_resolved", "accepted_pending", "verdicts", "verdicts_excluded", "verdicts_on_time", "cross_department", "returned", "reported", "reported_excluded", "repeated", "resolved")),
    "due": ("due_on", "in_due", ("due", "due_excluded", "due_on_time", "excluded_on_time")),
    "contact": ("contact_due_on", "in_contact", ("contact_due", "contact_excluded", "contacted_in_time")),
    "callback": ("callback_on", "in_callback", ("answered", "answered_excluded", "confirmed", "rated", "rated_excluded", "satisfied", "claimed", "claimed_excluded", "denied")),
    "closed": ("callback_due_on", "in_closed", ("closed", "closed_excluded", "called_back", "reopened")),
}  # fmt: skip


def tickets(all_rows: int, cut: str, since: str = "2000-01-01 00:00:00") -> str:
    """SQL that inserts the tickets known at a data cut that changed after `since`: `all_rows` at the first cut, accepted evenly
    over the months, and those that come after it at the same pace."""
    import landing

    step = DAYS * 86_400e6 / all_rows
    rows = (
        f"SELECT i, TIMESTAMP '{FIRST}' + to_microseconds(CAST(i * {step} AS BIGINT)) AS accepted"
        f" FROM range(0, {all_rows + all_rows // DAYS + 2}) AS r(i)"
    )
    days = ", ".join(f"CAST({at} + INTERVAL 8 HOUR AS DATE) AS {name}_on" for name, at in _DAYS.items())
    listed = _TICKETS.replace("{rows}", rows).replace("{reporters}", str(max(all_rows // 3, 1)))
    filled = {
        "days": days, "tickets": listed, "cut": landing.local(cut)[0], "since": since,
        "corrected": str(cut == NEXT_CUT).upper(), "delivery": cut[:10],
    }  # fmt: skip
    sql = _LANDING
    for name, value in filled.items():
        sql = sql.replace("{" + name + "}", str(value))
    return sql


def make(folder: Path, all_rows: int) -> None:
    """Write the warehouse with its landing and reference tables."""
    import landing

    con = landing.empty_warehouse(str(folder / "warehouse.duckdb"))
    con.execute("SET memory_limit = '4GB'")
    con.execute(
        f"INSERT INTO landing.areas BY NAME SELECT *, DATE '2020-01-01' AS valid_from, area_code AS area_name FROM ({_AREAS})"
    )
    con.execute(tickets(all_rows, CUT))
    write_reference(con, CUT)
    con.close()


def write_reference(con: Any, cut: str) -> None:
    """The reference tables, with the data cut of the tickets."""
    import landing

    from pipelines import catalogue

    entries = catalogue.load_catalogue(ROOT / "data_contracts/indicators.yaml")
    catalogue.write_reference(
        con, entries, catalogue.load_standards(ROOT / "data_contracts/standards.yaml", None, entries),
        area_code="C", name_zh="试", name_en="Bench", time_zone="Asia/Shanghai", currency="CNY", fiscal_year_start=1,
        language="zh", people_minimum=10, as_of=[("tickets", landing.local(cut)[0])],
    )  # fmt: skip


def export(folder: Path) -> None:
    """Write what `cells` starts from as Parquet: days, keys and flags of every ticket, for pandas and Polars."""
    import duckdb

    one = "CAST(coalesce({}, FALSE) AS INTEGER)"
    flags = {
        "in_accepted": "TRUE", "accepted": "NOT t.is_excluded", "accepted_excluded": "t.is_excluded",
        "accepted_resolved": "NOT t.is_excluded AND t.is_resolved", "excluded_resolved": "t.is_excluded AND t.is_resolved",
        "accepted_pending": "NOT t.is_excluded AND t.is_pending",
        "verdicts": "NOT t.is_excluded AND t.on_time_reported IS NOT NULL",
        "verdicts_excluded": "t.is_excluded AND t.on_time_reported IS NOT NULL",
        "verdicts_on_time": "NOT t.is_excluded AND t.on_time_reported",
        "cross_department": "NOT t.is_excluded AND t.is_cross_department", "returned": "t.is_returned",
        "reported": "NOT r.is_excluded", "reported_excluded": "r.is_excluded", "repeated": "r.is_repeat",
        "in_resolved": "t.is_resolved AND NOT t.is_excluded", "resolved": "FALSE",
        "in_due": "t.is_due", "due": "NOT t.is_excluded", "due_excluded": "t.is_excluded",
        "due_on_time": "NOT t.is_excluded AND t.is_on_time", "excluded_on_time": "t.is_excluded AND t.is_on_time",
        "in_contact": "t.is_contact_due", "contact_due": "NOT t.is_excluded",
        "contact_excluded": "t.is_excluded", "contacted_in_time": "NOT t.is_excluded AND t.is_contacted_in_time",
        "in_callback": "t.callback_on IS NOT NULL AND (t.is_answered OR t.is_rated)",
        "answered": "NOT t.is_excluded AND t.is_answered", "answered_excluded": "t.is_excluded AND t.is_answered",
        "confirmed": "NOT t.is_excluded AND t.is_confirmed", "rated": "NOT t.is_excluded AND t.is_rated",
        "rated_excluded": "t.is_excluded AND t.is_rated", "satisfied": "NOT t.is_excluded AND t.is_satisfied",
        "claimed": "NOT t.is_excluded AND t.is_answered AND t.is_claimed",
        "claimed_excluded": "t.is_excluded AND t.is_answered AND t.is_claimed",
        "denied": "NOT t.is_excluded AND t.is_answered AND t.is_claimed AND NOT t.is_confirmed",
        "in_closed": "t.is_callback_due", "closed": "NOT t.is_excluded", "closed_excluded": "t.is_excluded",
        "called_back": "NOT t.is_excluded AND t.is_answered", "reopened": "NOT t.is_excluded AND t.is_reopened",
    }  # fmt: skip
    listed = ", ".join(
        f"{one.format(sql)} {'> 0' if name.startswith('in_') else ''} AS {name}" for name, sql in flags.items()
    )
    days = ", ".join(f"t.{day}" for day in ("resolved_on", *(day for day, _, _ in HUBS.values())))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        con.execute("SET memory_limit = '6GB'")
        con.execute(f"""
            COPY (
                SELECT t.area_code, t.channel, t.category_1, {days}, {listed},
                    CASE WHEN NOT t.is_excluded THEN t.hours_to_resolve END AS hours,
                    t.is_resolved AS in_hours,
                    CAST(t.is_excluded AS INTEGER) AS hours_excluded
                FROM core.ticket_states AS t LEFT JOIN core.ticket_repeats AS r USING (ticket_id)
            ) TO '{folder}/flags.parquet' (FORMAT parquet)""")
        con.execute(
            f"COPY (SELECT DISTINCT ON (area_code) area_code, district_code, street_code, community_code, grid_code"
            f" FROM core.area_paths ORDER BY area_code, valid_from DESC) TO '{folder}/paths.parquet' (FORMAT parquet)"
        )
        con.execute(f"COPY (SELECT * FROM reference.calendar) TO '{folder}/calendar.parquet' (FORMAT parquet)")


def _empty_folder(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


def with_polars(folder: Path) -> int:
    """The counts and quantiles of every shape with Polars; return the number of cells."""
    import polars as pl

    codes, keys = [f"{level}_code" for level in LEVELS], ["area_code", "channel", "category_1"]
    frame = pl.read_parquet(folder / "flags.parquet").with_columns(
        pl.col("area_code", "channel", "category_1").cast(pl.Categorical)
    )
    paths = pl.read_parquet(folder / "paths.parquet").with_columns(pl.col("area_code", *codes).cast(pl.Categorical))
    calendar = pl.read_parquet(folder / "calendar.parquet").select("day", *PERIODS)
    kept = _empty_folder(folder / "polars")
    files, cells = itertools.count(), 0

    def keep(made: pl.DataFrame) -> int:
        made.write_parquet(kept / f"{next(files)}.parquet", compression="snappy")
        return made.height

    def total(part: pl.DataFrame, by: list[str], counts: tuple[str, ...]) -> pl.DataFrame:
        return part.group_by(by).agg(pl.col(*counts).sum())

    def levels(
        finest: pl.DataFrame, period: str, member: list[str], depth: int, counts: tuple[str, ...]
    ) -> list[pl.DataFrame]:
        """The counts of every level from the city down to `depth`, each by the one below."""
        made = []
        for n in range(depth, -1, -1):
            if n < depth:
                finest = total(finest, [period, *codes[:n], *member], counts)
            made.append(total(finest, [period, *codes[n - 1 : n], *member], counts))
        return made

    for day, belongs, counts in HUBS.values():
        own = frame.filter(pl.col(belongs)).select(*keys, pl.col(day).alias("day"), *counts)
        if "resolved" in counts:
            done = frame.filter(pl.col("in_resolved")).select(
                *keys, pl.col("resolved_on").alias("day"), resolved=pl.lit(1, pl.Int32)
            )
            own = pl.concat([own, done], how="diagonal").with_columns(pl.col(*counts).fill_null(0))
        own = own.join(calendar, on="day")
        for period, member, depth in SHAPES:
            if depth == len(codes):
                finest = total(own, [period, "area_code", *member], counts).join(paths, on="area_code", how="left")
            else:
                finest = total(own.join(paths, on="area_code", how="left"), [period, *codes[:depth], *member], counts)
            made = levels(finest, period, member, depth, counts)
            cells += sum(keep(f) for f in made)
            if period == "month_start":
                for longer in PERIODS[2:]:
                    starts = calendar.select("month_start", longer).unique()
                    for f in made:
                        by = [longer, *(c for c in f.columns if c in codes), *member]
                        cells += keep(total(f.join(starts, on="month_start"), by, counts))
    own = frame.filter(pl.col("in_hours")).select(
        "area_code", "channel", "category_1", "hours", "hours_excluded", day=pl.col("resolved_on")
    )
    own = own.join(paths, on="area_code", how="left").join(calendar, on="day")
    quantiles = [
        pl.col("hours").count().alias("resolved"), pl.col("hours_excluded").sum(),
        pl.col("hours").quantile(0.5, "linear").alias("median"), pl.col("hours").quantile(0.9, "linear").alias("p90"),
    ]  # fmt: skip
    for period, member, depth in (*SHAPES, *LONGER_SHAPES):
        for n in range(depth + 1):
            cells += keep(own.group_by(period, *codes[n - 1 : n], *member).agg(quantiles))
    return cells


def with_pandas(folder: Path) -> int:
    """The counts and quantiles of every shape with pandas; return the number of cells."""
    import pandas as pd

    codes, keys = [f"{level}_code" for level in LEVELS], ["area_code", "channel", "category_1"]
    frame, paths = pd.read_parquet(folder / "flags.parquet"), pd.read_parquet(folder / "paths.parquet")
    for name in ("area_code", "channel", "category_1"):
        frame[name] = frame[name].astype("category")
    paths = paths[paths["area_code"].isin(frame["area_code"].cat.categories)].copy()
    paths["area_code"] = paths["area_code"].astype(frame["area_code"].dtype)
    for name in codes:
        paths[name] = paths[name].astype("category").cat.add_categories("unlocated").fillna("unlocated")
    calendar = pd.read_parquet(folder / "calendar.parquet")[["day", *PERIODS]]
    kept = _empty_folder(folder / "pandas")
    files, cells = itertools.count(), 0

    def keep(made: Any) -> int:
        made.to_parquet(kept / f"{next(files)}.parquet", compression="snappy")
        return len(made)

    def total(part: Any, keys: list[str], counts: list[str]) -> Any:
        return part.groupby(keys, observed=True, sort=False)[counts].sum().reset_index()

    for day, belongs, columns in HUBS.values():
        counts = list(columns)
        own = frame.loc[frame[belongs], [*keys, day, *counts]].rename(columns={day: "day"})
        if "resolved" in counts:
            done = frame.loc[frame["in_resolved"], [*keys, "resolved_on"]].rename(columns={"resolved_on": "day"})
            own = pd.concat([own, done.assign(**{name: int(name == "resolved") for name in counts})], ignore_index=True)
        own = own.merge(calendar, on="day")
        placed = own.merge(paths, on="area_code", how="left")
        for period, member, depth in SHAPES:
            if depth == len(codes):
                finest = total(own, [period, "area_code", *member], counts).merge(paths, on="area_code", how="left")
            else:
                finest = total(placed, [period, *codes[:depth], *member], counts)
            for n in range(depth, -1, -1):
                if n < depth:
                    finest = total(finest, [period, *codes[:n], *member], counts)
                level = total(finest, [period, *codes[n - 1 : n], *member], counts)
                cells += keep(level)
                if period == "month_start":
                    for longer in PERIODS[2:]:
                        dated = level.merge(calendar[["month_start", longer]].drop_duplicates(), on="month_start")
                        cells += keep(total(dated, [longer, *codes[n - 1 : n], *member], counts))
    own = frame.loc[frame["in_hours"], ["area_code", "channel", "category_1", "hours", "hours_excluded", "resolved_on"]]
    own = own.rename(columns={"resolved_on": "day"}).merge(paths, on="area_code", how="left").merge(calendar, on="day")
    for period, member, depth in (*SHAPES, *LONGER_SHAPES):
        for n in range(depth + 1):
            groups = own.groupby([period, *codes[n - 1 : n], *member], observed=True, sort=False)
            made = groups.agg(resolved=("hours", "count"), excluded=("hours_excluded", "sum"))
            made = made.join(groups["hours"].quantile([0.5, 0.9]).unstack().set_axis(["median", "p90"], axis=1))
            cells += keep(made.reset_index())
    return cells


def scan(folder: Path) -> int:
    """The floor: the columns of the tickets that the figures read, read once and counted."""
    import duckdb

    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        counts = ", ".join(f"count({name})" for name in USED)
        return int(con.execute(f"SELECT {counts} FROM landing.tickets").fetchall()[0][0])


def run(folder: Path) -> dict[str, float]:
    """Make the tables up to marts.indicator_values as a refresh makes them: what little changed since the run before is brought
    up to date. Returns the rows of the figures and, of `core` (what the cells read), `cells` (cube.ticket_*) and `figures` (the
    backlog and every figure), rows, seconds and CPU seconds."""
    import duckdb

    from pipelines.sql_files import VIEWS
    from pipelines.tables import read_tables
    from pipelines.upkeep import Upkeep

    made = read_tables()
    every = _below(made, {"marts.indicator_values"})
    cells = {t.name for t in made if t.name.startswith("cube.ticket_") and t.name not in VIEWS}
    core = _below(made, {name for t in made if t.name in cells for name in t.dependencies} - cells)
    counted = {
        "core": ("core.ticket_states",),
        "cells": tuple(f"cube.ticket_{hub}" for hub in (*HUBS, "hours_cells")),
        "figures": ("cube.figures",),
    }
    found = {f"{part} {what}": 0.0 for part in counted for what in ("seconds", "cpu")}
    with duckdb.connect(
        str(folder / "warehouse.duckdb"), config={"memory_limit": MEMORY, "temp_directory": str(folder / "spill")}
    ) as con:
        con.execute("SET TimeZone = 'UTC'")
        upkeep = Upkeep(con, [t for t in made if t.name in every], few=0)
        for table in upkeep.tables:
            started, before = time.monotonic(), cpu()
            upkeep.make(table)
            part = "core" if table.name in core else "cells" if table.name in cells else "figures"
            found[f"{part} seconds"] += time.monotonic() - started
            found[f"{part} cpu"] += cpu() - before
        upkeep.finish()
        for part, names in counted.items():
            rows = [con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in names]
            found[f"{part} rows"] = sum(map(int, rows))
    return found


def _below(made: Any, names: set[str]) -> set[str]:
    """The named tables and all that they are made of."""
    by_name, found, left = {t.name: t for t in made}, set(), list(names)
    while left:
        name = left.pop()
        if name in by_name and name not in found:
            found.add(name)
            left += by_name[name].dependencies
    return found


def one_day(folder: Path, all_rows: int) -> int:
    """The delivery of the next day as landing has it afterwards: what came and what happened in a day, and corrections."""
    import duckdb
    import landing

    with duckdb.connect(str(folder / "warehouse.duckdb"), config={"memory_limit": "4GB"}) as con:
        con.execute("CREATE TEMP TABLE before AS FROM landing.tickets LIMIT 0")
        con.execute(
            tickets(all_rows, NEXT_CUT, str(landing.local(CUT)[0])).replace("INTO landing.tickets", "INTO before")
        )
        con.execute("DELETE FROM landing.tickets WHERE ticket_id IN (SELECT ticket_id FROM before)")
        con.execute("INSERT INTO landing.tickets FROM before")
        write_reference(con, NEXT_CUT)
        return int(con.execute("SELECT count(*) FROM before").fetchall()[0][0])


def anew(folder: Path) -> None:
    """A warehouse beside that of `folder` with the same landing and nothing made of it, in `folder`/anew."""

    import landing

    other = _empty_folder(folder / "anew")
    con = landing.empty_warehouse(str(other / "warehouse.duckdb"))
    con.execute("SET memory_limit = '4GB'")
    con.execute(f"ATTACH '{folder / 'warehouse.duckdb'}' AS before (READ_ONLY)")
    for table in ("areas", "tickets"):
        con.execute(f"INSERT INTO landing.{table} BY NAME FROM before.landing.{table}")
    con.execute("DETACH before")
    write_reference(con, NEXT_CUT)
    con.close()


def different(folder: Path) -> int:
    """Rows of every kept table of `folder` that differ from those of `folder`/anew, both ways: must be 0."""
    import duckdb

    from pipelines.upkeep import KEPT

    with duckdb.connect(config={"memory_limit": "6GB", "temp_directory": str(folder / "spill")}) as con:
        for name, path in (("one", folder), ("other", folder / "anew")):
            con.execute(f"ATTACH '{path / 'warehouse.duckdb'}' AS {name} (READ_ONLY)")
        found = 0
        for table in sorted(KEPT):
            # by digest, which ten million rows of thirty columns fit into
            sums = [
                con.execute(f"SELECT count(*), sum(CAST(hash(t) AS HUGEINT)) FROM {name}.{table} AS t").fetchall()
                for name in ("one", "other")
            ]
            if sums[0] != sums[1]:
                print(f"{table} differs", file=sys.stderr)
                found += 1
        return found


STEPS: dict[str, Callable[..., int | dict[str, float] | None]] = {
    "make": lambda folder, rows: make(Path(folder), int(rows)),
    "export": lambda folder: export(Path(folder)),
    "scan": lambda folder: scan(Path(folder)),
    "all": lambda folder: run(Path(folder)),
    "pandas": lambda folder: with_pandas(Path(folder)),
    "polars": lambda folder: with_polars(Path(folder)),
    "day": lambda folder, rows: one_day(Path(folder), int(rows)),
    "anew": lambda folder: anew(Path(folder)),
    "different": lambda folder: different(Path(folder)),
}


def run_step(name: str, *arguments: object) -> dict[str, float]:
    """One step in this process, and what it used."""
    started, before = time.monotonic(), cpu()
    made = STEPS[name](*map(str, arguments))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    found = made if isinstance(made, dict) else {"rows": made or 0}
    return found | {"seconds": time.monotonic() - started, "cpu": cpu() - before, "peak GB": peak}


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_a_process(step: str, *arguments: object) -> dict[str, float]:
    """Run one step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, *map(str, arguments)]
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def bench(
    folder: Path,
    all_rows: int,
    sizes: tuple[int, ...] = (),
    step: Callable[..., dict[str, float]] = in_a_process,
    others: tuple[str, ...] = ("pandas", "polars"),
) -> Iterator[dict[str, object]]:
    """Every measurement as it is known, a row each; `step` runs one step."""
    own = folder / str(all_rows)
    own.mkdir()
    step("make", own, all_rows)
    scanned, made = step("scan", own), step("all", own)
    yield {"what": "scan", "tickets": all_rows, **scanned}
    parts = {part: {key: made[f"{part} {key}"] for key in ("rows", "seconds", "cpu")} for part in PARTS}
    for part, spent in parts.items():
        yield {"what": part, "tickets": all_rows, **spent}
    step("export", own)
    for name in others:
        theirs, ours = step(name, own), parts["cells"] | {"peak GB": made["peak GB"]}
        ratios = {f"ours ÷ theirs, {key}": ours[key] / theirs[key] for key in ("seconds", "cpu", "peak GB")}
        yield {"what": name, "tickets": all_rows, **theirs, **ratios}
    whole = {key: made[key] for key in ("seconds", "cpu", "peak GB")}
    yield {
        "what": "all",
        "tickets": all_rows,
        "rows": made["figures rows"],
        **whole,
        "× scan, cpu": made["cpu"] / scanned["cpu"],
    }
    delivered = step("day", own, all_rows)["rows"]
    after = step("all", own)
    step("anew", own)
    step("all", own / "anew")
    different_tables = step("different", own)["rows"]
    assert different_tables == 0, f"{different_tables} tables differ from those made of nothing"
    spent = {key: after[key] for key in ("seconds", "cpu", "peak GB")}
    ratios = {f"÷ all, {key}": after[key] / made[key] for key in ("seconds", "cpu")}
    yield {"what": "after a day", "tickets": all_rows, "rows": delivered, **spent, **ratios}
    for size in sizes:
        other = folder / f"size-{size}"
        other.mkdir()
        step("make", other, size)
        sized = step("all", other)
        used, base = (sum(one[f"{part} cpu"] for part in ("core", "cells")) for one in (sized, made))
        spent = {"rows": sized["cells rows"], **{key: sized[key] for key in ("seconds", "cpu", "peak GB")}}
        exponent = math.log(used / base) / math.log(size / all_rows)
        yield {"what": "other size", "tickets": size, **spent, "exponent, cpu of core and cells": exponent}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000_000, 5_000_000, 20_000_000])
    parser.add_argument("--without", nargs="*", default=[], choices=["pandas", "polars"])
    parser.add_argument("--folder", type=Path, help="where the files go (about 15 GB for ten million tickets)")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(run_step(*arguments.step)))
        return
    others = tuple(name for name in ("pandas", "polars") if name not in arguments.without)
    print(
        f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for line in bench(Path(folder), arguments.rows, tuple(arguments.sizes), others=others):
            print(
                ", ".join(f"{k} {v:,.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()), flush=True
            )


if __name__ == "__main__":
    main()
