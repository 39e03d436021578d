"""Brings up the quantiles of the hours to resolve."""

from __future__ import annotations

from pipelines.figures.ticket_hours import PARTS, STARTS, published_shapes, quantiles
from pipelines.upkeep.names import CELL, QUANTILES, STATES
from pipelines.upkeep.names import delta as delta_of
from pipelines.upkeep.workbench import Workbench


def bring_up_quantiles(work: Workbench) -> int:
    """Quantiles of every period, place and part in which a ticket came, went or changed its hours."""
    hours, shapes = work.sql("cube.ticket_hours"), published_shapes(work.con)
    was, now = (work.make(f"hours_{side}", work.on(side, hours)) for side in ("was", "is"))
    for part in PARTS:
        others = ", ".join(other for other in PARTS if other != part)
        one, other = (f"(SELECT * EXCLUDE ({others}) FROM {side})" for side in (was, now))
        work.make(
            f"hours_{part}", f"(FROM {one} EXCEPT ALL FROM {other}) UNION ALL (FROM {other} EXCEPT ALL FROM {one})"
        )
    touched = work.make(
        "touched_hours",
        " UNION ".join(
            f"SELECT '{grain}' AS grain, {STARTS[grain]} AS period_start, {place} AS place, {part} AS part"
            f" FROM {work.named(f'hours_{part}')} WHERE {place} IS NOT NULL"
            for grain, place, part in shapes
        ),
    )
    starts = {grain: f"(SELECT period_start FROM {touched} WHERE grain = '{grain}')" for grain in STARTS}
    shares = ", ".join(
        f"coalesce(sum(CASE WHEN {column} IN {starts[grain]} THEN tickets END) / sum(tickets), 0)"
        for grain, column in {**STARTS, "day": "day"}.items()
    )
    resolved = f"SELECT resolved_on AS day, count(*) AS tickets FROM {STATES} WHERE is_resolved GROUP BY resolved_on"
    touched_shares = work.rows(f"SELECT {shares} FROM core.eras INNER JOIN ({resolved}) AS r USING (day)")[0]
    if sum(touched_shares) > len(STARTS) / 2:
        # tickets of long ago: hardly a period is left as it was
        source, only = work.make("hours", "FROM cube.ticket_hours"), None
        hours_of = dict.fromkeys(STARTS, source)
        touched = work.make("touched_hours", f"SELECT grain, period_start, place, part FROM {QUANTILES}")
    else:
        wanted = " OR ".join(f"{start} IN {starts[grain]}" for grain, start in STARTS.items())
        source, only = work.make("hours", f"SELECT * FROM cube.ticket_hours WHERE {wanted}"), touched
        hours_of = {
            grain: source
            if grain == "year"
            else work.make(f"hours_of_{grain}", f"SELECT * FROM {source} WHERE {start} IN {starts[grain]}")
            for grain, start in STARTS.items()
        }
    made = work.make("quantiles", f"SELECT * FROM {QUANTILES} LIMIT 0")
    for frame in quantiles(work.con, hours_of, shapes, only):
        work.con.register("_quantiles", frame.to_arrow())
        work.con.execute(f"INSERT INTO {made} BY NAME FROM _quantiles")
        work.con.unregister("_quantiles")
    before = work.make("quantiles_were", f"SELECT * FROM {QUANTILES} SEMI JOIN {touched} USING ({', '.join(CELL)})")
    work.replace(QUANTILES, touched, CELL, made)
    work.make(
        delta_of(QUANTILES),
        f"(FROM {before} EXCEPT FROM {made}) UNION ALL (FROM {made} EXCEPT FROM {before})",
    )
    return work.count(f"FROM {made}")
