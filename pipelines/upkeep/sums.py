"""Brings up counts of tickets and steps of the backlog, which are sums, and the ends of periods that these add up to."""

from __future__ import annotations

from pipelines.sql_files import SqlFile
from pipelines.upkeep.names import CELL, ENDS, STEPS, plain
from pipelines.upkeep.names import delta as delta_of
from pipelines.upkeep.workbench import Workbench

#: Columns that say what is added up; every other column of these tables is a sum.
_KEYS = frozenset({"day", "week_start", "month_start", "grain", "period_start", "place", "part", "path"})


def bring_up_sums(work: Workbench, file: SqlFile) -> int:
    """Take away what the changed tickets added before, add what they add now."""
    columns = [str(row[0]) for row in work.rows(f"DESCRIBE {file.name}")]
    keys, sums = [c for c in columns if c in _KEYS], [c for c in columns if c not in _KEYS]
    by, listed = ", ".join(keys), ", ".join([*keys, *sums])
    taken = ", ".join([*keys, *(f"-{c} AS {c}" for c in sums)])
    added = ", ".join([*keys, *(f"CAST(sum({c}) AS BIGINT) AS {c}" for c in sums)])
    grouped = f"GROUP BY {by} HAVING {' OR '.join(f'sum({c}) <> 0' for c in sums)}"
    if work.sides["sums"].keys() & set(file.dependencies):
        # sums of sums: of what changed in these
        changed = work.on("sums", file)
    else:
        was, now = (f"({work.on(side, file)})" for side in ("was", "is"))
        changed = f"SELECT {added} FROM (SELECT {listed} FROM {now} UNION ALL SELECT {taken} FROM {was}) {grouped}"
    delta = work.sides["sums"][file.name] = work.make(delta_of(file.name), changed)
    touched = f"SELECT {listed} FROM {file.name} SEMI JOIN {delta} USING ({by})"
    summed = work.make("summed", f"SELECT {added} FROM ({touched} UNION ALL SELECT {listed} FROM {delta}) {grouped}")
    work.replace(file.name, delta, keys, summed)
    return work.count(f"FROM {delta}")


def bring_up_ends(work: Workbench, file: SqlFile) -> int:
    """Where periods end as they did, what the changed steps add up to; where their last day is another, all steps."""
    of_backlog = "(SELECT * EXCLUDE (as_of, as_of_on) FROM {}.indicator_periods WHERE indicator_id = 'T11')"
    was, now = of_backlog.format("upkeep"), of_backlog.format("core")
    ended = "indicator_id, grain, period_start, stock_on"
    same = work.make("ends_same", f"SELECT {ended} FROM {was} INTERSECT SELECT {ended} FROM {now}")
    moved = work.make("ends_moved", f"SELECT {ended} FROM {now} EXCEPT FROM {same}")
    begun = work.make(
        "ends_begun",
        f"SELECT min(k.day) AS day, min(k.week_start) AS week_start, min(k.month_start) AS month_start"
        f" FROM {moved} AS m INNER JOIN core.eras AS k ON k.day = m.stock_on",
    )
    changed = work.sides["steps"] = {"core.indicator_periods": same}
    whole = work.sides["ends"] = {"core.indicator_periods": moved}
    for table, start in STEPS.items():
        changed[table] = work.named(delta_of(table))
        # what lies before the first of these ends is one step
        whole[table] = work.make(
            f"late_{plain(table)}",
            f"SELECT greatest(t.{start}, b.{start}) AS {start}, t.place, t.part, CAST(sum(t.opened) AS BIGINT) AS opened,"
            f" CAST(sum(t.overdue) AS BIGINT) AS overdue FROM {table} AS t CROSS JOIN {begun} AS b"
            f" GROUP BY greatest(t.{start}, b.{start}), t.place, t.part",
        )
    delta = work.make(delta_of(ENDS), work.on("steps", file))
    summed = work.make(
        "ends_summed",
        f"""
        SELECT grain, period_start, place, part, CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(overdue) AS BIGINT) AS overdue
        FROM (SELECT * FROM {ENDS} SEMI JOIN {delta} USING ({", ".join(CELL)}) UNION ALL FROM {delta})
        GROUP BY {", ".join(CELL)}
        HAVING sum(opened) <> 0
        """,
    )
    work.replace(ENDS, delta, CELL, summed)
    gone = work.make(
        "ends_gone",
        f"SELECT * FROM {ENDS} ANTI JOIN {same} AS s USING (grain, period_start)",
    )
    come = work.make("ends_come", work.on("ends", file))
    work.replace(ENDS, gone, CELL, come)
    work.con.execute(
        f"INSERT INTO {delta} FROM (FROM {gone} EXCEPT FROM {come}) UNION ALL FROM (FROM {come} EXCEPT FROM {gone})"
    )
    return work.count(f"FROM {delta}")
