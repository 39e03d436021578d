"""The rectification list and the watch list."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.computed import computed
from pipelines.rectification import LINE, MEMORY, advance, with_states

_READS = (
    "lists.judgements",
    "core.areas",
    "core.area_paths",
    "reference.as_of",
    "reference.rectification_rules",
    "reference.vetoes",
    "reference.weights",
    MEMORY,
)

#: A line whose area is no longer in force, or that no rule asks about any more, is closed with the month under way.
_CLOSE_UNASKED = """
    WITH cut AS (SELECT max(as_of_on) AS on_day FROM reference.as_of),
    subjects AS (
        SELECT 'floor' AS rule, indicator_id AS subject FROM reference.weights
        UNION SELECT 'target', indicator_id FROM reference.weights
        UNION SELECT 'veto', veto_id FROM reference.vetoes
        UNION SELECT 'overdue', 'tickets'
    ),
    asked AS (SELECT s.* FROM subjects AS s SEMI JOIN reference.rectification_rules AS r ON r.rule = s.rule),
    ended AS (
        SELECT l.line_id, CASE WHEN a.area_code IS NULL THEN 'area_ended' ELSE 'rule_ended' END AS because, c.on_day
        FROM lines AS l
        CROSS JOIN cut AS c
        LEFT JOIN asked AS k ON k.rule = l.rule AND k.subject = l.subject
        LEFT JOIN core.areas AS a
            ON a.area_code = l.area_code AND a.level = l.area_level
            AND a.valid_from <= c.on_day AND (a.valid_to IS NULL OR c.on_day < a.valid_to)
        WHERE l.closed_on IS NULL AND (a.area_code IS NULL OR k.rule IS NULL)
    )
    SELECT l.* REPLACE (
        CASE WHEN e.line_id IS NULL THEN l.closed_on ELSE CAST(date_trunc('month', e.on_day) AS DATE) END AS closed_on,
        coalesce(e.because, l.closed_because) AS closed_because
    )
    FROM lines AS l
    LEFT JOIN ended AS e ON e.line_id = l.line_id
"""

#: The nearest area above that is on the list by the same rule, for the page to show one line with its parts.
_ARRANGE = """
    WITH cut AS (SELECT max(as_of_on) AS on_day FROM reference.as_of),
    upper_lines AS (
        SELECT
            l.line_id,
            max(u.line_id) FILTER (WHERE u.area_level = 'street') AS in_street,
            max(u.line_id) FILTER (WHERE u.area_level = 'district') AS in_district
        FROM lines AS l
        CROSS JOIN cut AS c
        INNER JOIN core.area_paths AS p ON p.area_code = l.area_code AND p.valid_from <= c.on_day AND c.on_day < p.valid_to
        INNER JOIN lines AS u
            ON u.rule = l.rule AND u.subject = l.subject AND u.closed_on IS NULL
            AND u.area_code IN (p.street_code, p.district_code) AND u.area_code <> l.area_code
        WHERE l.closed_on IS NULL
        GROUP BY l.line_id
    )
    SELECT
        l.*,
        l.area_code AS owner_code,
        coalesce(u.in_street, u.in_district) AS part_of,
        CASE l.rule WHEN 'veto' THEN 'marts.vetoes' WHEN 'overdue' THEN 'marts.overdue_tickets' ELSE 'marts.indicator_scores' END
            AS rows_from
    FROM lines AS l
    LEFT JOIN upper_lines AS u ON u.line_id = l.line_id
    ORDER BY l.rule, l.area_level, l.area_code, l.subject, l.opened_on
"""

_WATCH = """
    SELECT
        j.indicator_id, j.period_start, j.area_level, j.area_code, j.numerator, j.denominator, j.value, j.lower, j.upper,
        j.floor, j.target, j.months_below,
        -- a target above its floor is one where more is better
        CASE WHEN CASE WHEN j.target > j.floor THEN coalesce(j.upper, j.value) >= j.target
                       ELSE coalesce(j.lower, j.value) <= j.target END
            THEN 'chance' ELSE 'below' END AS reason
    FROM lists.judgements AS j
    ANTI JOIN (SELECT * FROM marts.rectification WHERE closed_on IS NULL AND rule IN ('floor', 'target')) AS l
        ON l.area_level = j.area_level AND l.area_code = j.area_code AND l.indicator_id = j.indicator_id
    WHERE j.rule = 'target' AND j.is_final AND j.months_below > 0
    AND j.period_start = (
        SELECT max(n.period_start) FROM lists.judgements AS n
        WHERE n.rule = 'target' AND n.is_final
        AND n.area_level = j.area_level AND n.area_code = j.area_code AND n.subject = j.subject
    )
    ORDER BY j.area_level, j.area_code, j.indicator_id
"""


def _query(con: duckdb.DuckDBPyConnection, sql: str, lines: pl.DataFrame) -> pl.DataFrame:
    con.register("lines", lines.to_arrow())
    try:
        frame: pl.DataFrame = con.sql(sql).pl()
        return frame
    finally:
        con.unregister("lines")


@computed("marts.rectification", reads=_READS)
def rectification(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every line of the rectification list, open or closed: rule, area in charge, evidence, state and due date."""
    before = con.sql(f"SELECT * FROM {MEMORY}").pl().cast(dict(LINE))
    rules = con.sql("SELECT rule, due_days, reopen_months FROM reference.rectification_rules").pl()
    ((cut,),) = con.execute("SELECT max(as_of_on) FROM reference.as_of").fetchall()
    lines = before
    if cut is not None and not rules.is_empty():
        judgements = con.sql("SELECT * FROM lists.judgements").pl()
        months = int(rules.get_column("reopen_months").item(0))
        lines = advance(before, judgements, rules.select("rule", "due_days"), reopen_months=months, cut=cut)
    lines = _query(con, _CLOSE_UNASKED, lines)
    if before.is_empty():
        # what closed before the first list was never on one
        lines = lines.filter(pl.col("closed_on").is_null())
    return _query(con, _ARRANGE, with_states(lines))


@computed("marts.watch_list", reads=("lists.judgements", "marts.rectification"))
def watch_list(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Figures below their target in their newest final month that are not on the rectification list: by chance, or not yet."""
    frame: pl.DataFrame = con.sql(_WATCH).pl()
    return frame
