"""Brings up the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from pipelines.sql_files import SqlFile, parse_select
from pipelines.upkeep.names import CELL, CELLS, FIGURES, NAMED_CELL, QUANTILES, SOURCES, plain
from pipelines.upkeep.names import delta as delta_of
from pipelines.upkeep.workbench import Workbench

#: The parts of cube.cells that rename the views of SOURCES figure by figure, themselves or through one more.
_PARTS = ("cells.tickets", "cells.ticket_hours", "cells.backlog")
_RESIDENTS = "cube.residents"


@dataclass
class _Taken:
    """Where figures take their numbers from: indicator → view of the cube; (view, dimension, member) of what is shown as the
    whole though it is one member; the indicators that count residents too."""

    sources: dict[str, str] = field(default_factory=dict)
    as_whole: set[tuple[str, str, str]] = field(default_factory=set)
    of_residents: set[str] = field(default_factory=set)


def bring_up_figures(work: Workbench, file: SqlFile) -> int | None:
    """Replace figures of tickets where what they count or their period changed, and those of other datasets all; returns
    their number, None where a figure takes its numbers in a way that is not known here."""
    taken = _taken_from(work)
    if taken is None:
        return None
    sources = work.make("sources", "SELECT '' AS indicator_id, '' AS source LIMIT 0")
    work.con.executemany(f"INSERT INTO {sources} VALUES (?, ?)", [list(pair) for pair in taken.sources.items()])
    moved, touched = _moved_periods(work, sources, taken), _touched_cells(work, taken)
    named = work.make(
        "named",
        f"""
        SELECT c.source, c.grain, c.period_start, l.area_level, l.area_code, p.dimension, p.member
        FROM {touched} AS c
        INNER JOIN core.places AS l ON l.place = c.place
        INNER JOIN core.ticket_parts AS p ON p.part = c.part
        """,
    )
    _narrow(work, sources, moved, touched)
    period = "t.indicator_id = m.indicator_id AND t.grain = m.grain AND t.period_start = m.period_start"
    cell = " AND ".join(f"t.{key} = g.{key}" for key in NAMED_CELL)
    figures = work.make(
        "figures",
        f"""
        WITH figures AS ({work.on("figures", file)})
        SELECT t.*
        FROM figures AS t
        LEFT JOIN {sources} AS s ON s.indicator_id = t.indicator_id
        LEFT JOIN {moved} AS m ON {period}
        LEFT JOIN {named} AS g ON g.source = s.source AND {cell}
        WHERE s.source IS NULL OR m.grain IS NOT NULL OR g.grain IS NOT NULL
        """,
    )
    # found by few columns first: all of them would be compared for every figure
    near = work.make(
        "near",
        f"SELECT DISTINCT s.indicator_id, s.source, c.grain, c.period_start FROM {touched} AS c INNER JOIN {sources} AS s USING (source)",
    )
    told = "n.indicator_id = t.indicator_id AND n.grain = t.grain AND n.period_start = t.period_start AND g.source = n.source"
    for gone in (
        f"WHERE t.indicator_id NOT IN (SELECT indicator_id FROM {sources})",
        f"USING {moved} AS m WHERE {period}",
        f"USING {near} AS n, {named} AS g WHERE {told} AND {cell}",
    ):
        work.con.execute(f"DELETE FROM {FIGURES} AS t {gone}")
    work.con.execute(f"INSERT INTO {FIGURES} FROM {figures}")
    return work.count(f"FROM {figures}")


def _taken_from(work: Workbench) -> _Taken | None:
    """What the SQL of the figures of tickets says; None where one takes its numbers otherwise than figure by figure."""
    taken = _Taken()
    for name, part in work.files.items():
        if not name.startswith("cells.") or not CELLS.keys() & set(work.tables_below(part)):
            continue
        views = [view for view in work.views_below(part) if view.name not in SOURCES]
        if name not in _PARTS or len(views) > 1:
            return None
        for branch in _branches(parse_select((views or [work.sql(name)])[0].text)):
            if not _take(taken, branch):
                return None
    return taken


def _take(taken: _Taken, branch: exp.Select) -> bool:
    """Add what one select says; whether it says it in a known way."""
    given = {column.alias_or_name: column.unalias() for column in branch.selects}
    read = {f"{table.db}.{table.name}" for table in branch.find_all(exp.Table) if table.db}
    sources = read & SOURCES.keys()
    if len(sources) != 1 or read - sources - {_RESIDENTS}:
        return False
    (source,), indicator = sources, given["indicator_id"].name
    taken.sources[indicator] = source
    if _RESIDENTS in read:
        taken.of_residents.add(indicator)
    first = branch.args["from_"].this
    if isinstance(given["dimension"], exp.Literal) and f"{first.db}.{first.name}" == source:
        where = branch.args.get("where") or exp.Where()
        fixed = {
            t.this.name: t.expression.name for t in where.find_all(exp.EQ) if isinstance(t.expression, exp.Literal)
        }
        if not {"dimension", "member"} <= fixed.keys():
            return False
        taken.as_whole.add((source, fixed["dimension"], fixed["member"]))
    return True


def _moved_periods(work: Workbench, sources: str, taken: _Taken) -> str:
    """Indicators and periods of which every figure may be another: new, matured, gone, or with other residents."""
    # how much of a period is over matters where money is spread over a year, or judged at its end
    was, now = (
        f"""(
            SELECT p.indicator_id, p.grain, p.period_start, p.time_kind, p.is_mature, p.is_filled,
                CASE WHEN i.kind = 'difference' OR i.judged_at_year_end THEN p.elapsed_share END AS elapsed_share
            FROM {schema}.indicator_periods AS p
            INNER JOIN reference.indicators AS i ON i.indicator_id = p.indicator_id
            SEMI JOIN {sources} AS s ON s.indicator_id = p.indicator_id
        )"""
        for schema in ("upkeep", "core")
    )
    return work.make(
        "moved",
        f"""
        WITH housed AS (
            SELECT grain, period_start FROM (FROM {_RESIDENTS} EXCEPT FROM upkeep.residents)
            UNION
            SELECT grain, period_start FROM (FROM upkeep.residents EXCEPT FROM {_RESIDENTS})
        )
        SELECT indicator_id, grain, period_start FROM (FROM {was} EXCEPT FROM {now})
        UNION
        SELECT indicator_id, grain, period_start FROM (FROM {now} EXCEPT FROM {was})
        UNION
        SELECT i.indicator_id, h.grain, h.period_start
        FROM housed AS h CROSS JOIN (SELECT unnest(CAST($of_residents AS VARCHAR[])) AS indicator_id) AS i
        """,
        {"of_residents": sorted(taken.of_residents)},
    )


def _touched_cells(work: Workbench, taken: _Taken) -> str:
    """Source, period, place and part of every number that changed."""
    touched = work.make("touched", f"SELECT '' AS source, {', '.join(CELL)} FROM {QUANTILES} LIMIT 0")
    for source, tables in SOURCES.items():
        for name in tables:
            grain, start = CELLS[name]
            changed = work.named(delta_of(name))
            work.con.execute(f"INSERT INTO {touched} SELECT '{source}', {grain}, {start}, place, part FROM {changed}")
    for source, dimension, member in taken.as_whole:
        work.con.execute(
            f"INSERT INTO {touched} SELECT c.source, c.grain, c.period_start, c.place, p.part FROM {touched} AS c"
            " INNER JOIN core.ticket_parts AS p ON c.source = $1 AND c.part = 0 AND p.dimension = $2 AND p.member = $3",
            [source, dimension, member],
        )
    return work.make("cells", f"SELECT DISTINCT * FROM {touched}")


def _narrow(work: Workbench, sources: str, moved: str, touched: str) -> None:
    """Make the side `figures`: of every table only what the figures to be replaced count."""
    side = work.sides["figures"] = {}
    for source, tables in SOURCES.items():
        own = f"(SELECT * FROM {touched} WHERE source = '{source}')"
        due = (
            f"(SELECT m.* FROM {moved} AS m INNER JOIN {sources} AS s USING (indicator_id) WHERE s.source = '{source}')"
        )
        for name in tables:
            grain, start = CELLS[name]
            period = f"c.grain = {grain if grain != 'grain' else 't.grain'} AND c.period_start = t.{start}"
            cell = f"{period} AND c.place = t.place AND c.part = t.part"
            side[name] = work.make(
                f"cells_{plain(name)}",
                f"SELECT t.* FROM {name} AS t SEMI JOIN {own} AS c ON {cell}"
                f" UNION ALL SELECT t.* FROM {name} AS t SEMI JOIN {due} AS c ON {period} ANTI JOIN {own} AS c ON {cell}",
            )
    side["core.indicator_periods"] = work.make(
        "periods",
        f"""
        SELECT t.*
        FROM core.indicator_periods AS t
        LEFT JOIN {sources} AS s ON s.indicator_id = t.indicator_id
        LEFT JOIN {moved} AS m
            ON m.indicator_id = t.indicator_id AND m.grain = t.grain AND m.period_start = t.period_start
        LEFT JOIN (SELECT DISTINCT source, grain, period_start FROM {touched}) AS c
            ON c.source = s.source AND c.grain = t.grain AND c.period_start = t.period_start
        WHERE s.source IS NULL OR m.grain IS NOT NULL OR c.grain IS NOT NULL
        """,
    )


def _branches(tree: exp.Expr) -> Iterator[exp.Select]:
    """The selects of a union."""
    if isinstance(tree, exp.Union):
        yield from _branches(tree.left)
        yield from _branches(tree.right)
    elif isinstance(tree, exp.Select):
        yield tree
