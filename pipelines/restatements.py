"""Compares the figures of a new edition with those of the edition before: every one that differs is a line with its causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import polars as pl

from pipelines.evidence import CAUSES, ROW_CAUSES, Reason
from pipelines.lineage import Lineage

KEY = ("indicator_id", "grain", "period_start", "area_level", "area_code", "dimension", "member")
_BLOCK = ("indicator_id", "grain", "period_start", "area_level")
_NUMBERS = ("value", "numerator", "denominator", "lower", "upper", "target")
#: Everything that `write` leaves behind in the connection.
_TEMPORARY = ("_blocks", "_spans", "_lines", "_reasons")


def create(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make the empty table of restatements."""
    con.execute(f"""
        CREATE OR REPLACE TABLE {table} (
            edition VARCHAR, was_edition VARCHAR, kind VARCHAR, indicator_id VARCHAR, was_version INTEGER, is_version INTEGER,
            grain VARCHAR, period_start DATE, area_level VARCHAR, area_code VARCHAR, dimension VARCHAR, member VARCHAR,
            was_value DOUBLE, was_numerator DOUBLE, was_denominator DOUBLE, was_target DOUBLE, was_status VARCHAR,
            is_value DOUBLE, is_numerator DOUBLE, is_denominator DOUBLE, is_target DOUBLE, is_status VARCHAR,
            late_rows BIGINT, changed_rows BIGINT, removed_rows BIGINT, mended_rows BIGINT,
            causes VARCHAR, evidence VARCHAR, why_zh VARCHAR, why_en VARCHAR)""")


def find_blocks(con: duckdb.DuckDBPyConnection, before: str, now: str) -> None:
    """Make `_blocks`: indicator, grain, period and level in which any figure of the two relations differs.

    Digests first: on 19.6 million figures they take 0.7 s a side, and in a night most blocks are equal, so that the
    join (which would not fit into the writer's memory) is of few rows."""
    content = ", ".join(("area_code", "dimension", "member", "indicator_version", *_NUMBERS, "status"))
    digest = f"SELECT {', '.join(_BLOCK)}, count(*) AS n, sum(hash({content})) AS s, bit_xor(hash({content})) AS x FROM {{}} GROUP BY ALL"
    same = " AND ".join(f"b.{name} = n.{name}" for name in _BLOCK)
    listed = ", ".join(f"coalesce(b.{name}, n.{name}) AS {name}" for name in _BLOCK)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _blocks AS SELECT {listed} FROM ({digest.format(before)}) AS b"
        f" FULL JOIN ({digest.format(now)}) AS n ON {same}"
        " WHERE b.n IS DISTINCT FROM n.n OR b.s IS DISTINCT FROM n.s OR b.x IS DISTINCT FROM n.x"
    )


def find_spans(con: duckdb.DuckDBPyConnection, cuts: Iterable[tuple[str, object]]) -> None:
    """Make `_spans`: for each indicator that the edition before had too, and each period: whether the period was over at that
    edition's data cut, and whether it has left the months that stocks are shown for.

    Args:
        cuts: indicator and data cut (naive UTC, None if its dataset had not been delivered) of the edition before.
    """
    frame = pl.DataFrame(list(cuts), schema={"indicator_id": pl.String, "cut": pl.Datetime("us")}, orient="row")
    con.register("_cuts", frame)
    try:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE _spans AS
            WITH covered AS (
                SELECT indicator_id, grain, min(period_start) AS first_start, max(as_of_on) AS as_of_on
                FROM core.indicator_periods GROUP BY ALL
            )
            SELECT
                c.indicator_id, p.grain, p.period_start, k.ends_at <= c.cut + INTERVAL 1 SECOND AS was_over,
                p.period_start < v.first_start AND p.period_end < v.as_of_on - INTERVAL 24 MONTH
                    AND NOT starts_with(c.indicator_id, 'T') AND NOT starts_with(c.indicator_id, 'L') AS has_left
            FROM _cuts AS c
            CROSS JOIN (SELECT grain, period_start, max(period_end) AS period_end FROM core.periods GROUP BY ALL) AS p
            JOIN reference.calendar AS k ON k.day = p.period_end
            LEFT JOIN covered AS v ON v.indicator_id = c.indicator_id AND v.grain = p.grain
            WHERE c.cut IS NOT NULL""")
    finally:
        con.unregister("_cuts")


def _paired(before: str, now: str, where: str) -> str:
    """Both sides of every figure of one indicator in a block that differs."""
    same = " AND ".join(f"b.{name} = n.{name}" for name in KEY)
    sides = [
        f"(SELECT f.* FROM {relation} AS f SEMI JOIN _blocks AS k USING ({', '.join(_BLOCK)}) WHERE {where})"
        for relation in (before, now)
    ]
    listed = ", ".join(f"coalesce(b.{name}, n.{name}) AS {name}" for name in KEY)
    both = ", ".join(
        f"{side}.{name} AS {label}_{name}"
        for side, label in (("b", "was"), ("n", "is"))
        for name in ("indicator_version", *_NUMBERS, "status")
    )
    return (
        f"SELECT {listed}, {both}, b.indicator_id IS NOT NULL AS was_there, n.indicator_id IS NOT NULL AS is_there"
        f" FROM {sides[0]} AS b FULL JOIN {sides[1]} AS n ON {same}"
    )


def _nothing(side: str) -> str:
    """Whether a figure says no more than one that is not there: no case, nothing counted, nothing hidden."""
    return f"({side}_status IS DISTINCT FROM 'suppressed' AND coalesce({side}_numerator, 0) = 0 AND coalesce({side}_denominator, 0) = 0)"


def _unequal(name: str) -> str:
    """Whether a number differs by more than the order in which a sum was taken can explain."""
    was, new = f"was_{name}", f"is_{name}"
    near = f"abs({was} - {new}) <= 1e-9 * greatest(abs({was}), abs({new}))"
    return f"({was} IS DISTINCT FROM {new} AND NOT coalesce({near}, FALSE))"


def changed_figures(before: str, now: str, where: str = "TRUE") -> str:
    """SQL of every figure that differs between two relations like marts.indicator_values (needs `_blocks`, `_spans`): both
    sides, and `was_final`.

    Final was what the edition before did not call provisional, in a period that was over. A figure in a period that was
    not over and that had none yet is new, and what fell out of the window of the stocks is gone by rule: neither is a
    line. A status alone counts only for a final figure."""
    judged = "(was_value IS NOT NULL OR is_value IS NOT NULL)"
    numbers = " OR ".join(f"{_unequal(n)} AND {judged}" if n == "target" else _unequal(n) for n in _NUMBERS)
    final = "was_there AND was_status IS DISTINCT FROM 'provisional' AND (coalesce(was_status, '') NOT IN ('no_cases', 'suppressed') OR was_over)"
    return f"""
        SELECT * FROM (
            SELECT p.*, s.was_over, s.has_left, ({final}) OR (NOT was_there AND was_over) AS was_final
            FROM ({_paired(before, now, where)}) AS p
            JOIN _spans AS s USING (indicator_id, grain, period_start)
        ) AS q
        WHERE CASE
            WHEN NOT was_there THEN was_over AND NOT {_nothing("is")}
            WHEN NOT is_there THEN NOT has_left AND NOT {_nothing("was")}
            ELSE {numbers} OR (was_final AND was_status IS DISTINCT FROM is_status)
        END"""


def write(
    con: duckdb.DuckDBPyConnection, table: str, *, before: str, now: str, edition: str, was_edition: str,
    reasons: Iterable[Reason], lineage: Mapping[str, Lineage],
) -> None:  # fmt: skip
    """Fill `table` with a line for every figure that differs (needs `_blocks`, `_spans`, `_touched`, `_areas_changed`).

    Indicator by indicator, which bounds the memory when all figures differ."""
    _register(con, reasons, lineage)
    # Whether population and kind of an area enter the figure, or only its place on the ladder.
    by_size = "SELECT coalesce(bool_or(dataset <> 'tickets' OR unit LIKE 'per_%'), FALSE) FROM marts.indicators WHERE indicator_id = ?"
    con.execute("SET VARIABLE edition = $1", [edition])
    con.execute("SET VARIABLE was_edition = $1", [was_edition])
    try:
        found = con.execute(
            "SELECT DISTINCT indicator_id FROM _blocks SEMI JOIN _spans USING (indicator_id) ORDER BY 1"
        ).fetchall()
        for (indicator,) in found:
            con.execute("SET VARIABLE indicator = $1", [indicator])
            con.execute("SET VARIABLE by_size = $1", [con.execute(by_size, [indicator]).fetchall()[0][0]])
            figures = changed_figures(before, now, "f.indicator_id = getvariable('indicator')")
            con.execute(f"INSERT INTO {table} BY NAME {_with_causes(figures)}")
    finally:
        con.execute("DROP TABLE IF EXISTS _reasons")
        con.execute("DROP TABLE IF EXISTS _lineage")


def _register(con: duckdb.DuckDBPyConnection, reasons: Iterable[Reason], lineage: Mapping[str, Lineage]) -> None:
    rows = [(n, r.indicator, r.code, r.zh, r.en, r.certain) for n, r in enumerate(reasons)]
    schema = {
        "n": pl.Int64,
        "indicator_id": pl.String,
        "code": pl.String,
        "zh": pl.String,
        "en": pl.String,
        "certain": pl.Boolean,
    }
    con.register("_given", pl.DataFrame(rows, schema=schema, orient="row"))
    con.execute("""
        CREATE OR REPLACE TEMP TABLE _reasons AS
        SELECT indicator_id, certain, list(code ORDER BY n) AS codes, list(zh ORDER BY n) AS zh, list(en ORDER BY n) AS en
        FROM _given GROUP BY ALL""")
    con.unregister("_given")
    pairs = [(indicator, dataset) for indicator, made in lineage.items() for dataset in made.datasets]
    con.register("_given", pl.DataFrame(pairs, schema={"indicator_id": pl.String, "dataset": pl.String}, orient="row"))
    con.execute("CREATE OR REPLACE TEMP TABLE _lineage AS SELECT * FROM _given")
    con.unregister("_given")


def _with_causes(figures: str) -> str:
    """The lines of restatement: counts of the rows that touch the figure's area and period, and what else is known."""
    counts = ", ".join(f"CAST(sum(t.{cause}) AS BIGINT) AS {cause}" for cause in ROW_CAUSES)
    zh = [f"CASE WHEN {c} > 0 THEN {c} || ' 个{CAUSES[c][0]}' END" for c in ROW_CAUSES]
    en = [f"CASE WHEN {c} > 0 THEN {c} || ' {CAUSES[c][1]}' END" for c in ROW_CAUSES]
    codes = [f"CASE WHEN {c} > 0 THEN '{c}' END" for c in ROW_CAUSES]
    target = "was_there AND is_there AND was_target IS DISTINCT FROM is_target"
    codes += [f"CASE WHEN {target} THEN 'standard' END", "CASE WHEN has_areas THEN 'areas' END"]
    shown = "coalesce(CAST({} AS VARCHAR), '–')"
    targets = f"{shown.format('was_target')} || ' → ' || {shown.format('is_target')}"
    zh += [f"CASE WHEN {target} THEN '目标值 ' || {targets} END", "CASE WHEN has_areas THEN '区划变更' END"]
    en += [f"CASE WHEN {target} THEN 'target ' || {targets} END", "CASE WHEN has_areas THEN 'changed areas' END"]

    def kept(parts: list[str]) -> str:
        return f"list_filter([{', '.join(parts)}], lambda x: x IS NOT NULL)"

    unknown_zh, unknown_en = CAUSES["unknown"]
    return f"""
        WITH touched AS (
            SELECT t.grain, t.period_start, t.area_level, t.area_code, {counts}
            FROM _touched AS t
            SEMI JOIN _lineage AS l ON l.indicator_id = getvariable('indicator') AND l.dataset = t.dataset
            GROUP BY ALL
        ),
        known AS (
            SELECT
                f.*, {", ".join(f"coalesce(t.{c}, 0) AS {c}" for c in ROW_CAUSES)},
                a.area_code IS NOT NULL AS has_areas
            FROM ({figures}) AS f
            LEFT JOIN touched AS t USING (grain, period_start, area_level, area_code)
            LEFT JOIN (
                SELECT DISTINCT area_code FROM _areas_changed WHERE is_structure OR CAST(getvariable('by_size') AS BOOLEAN)
            ) AS a USING (area_code)
        ),
        told AS (
            SELECT k.*,
                list_concat({kept(codes)}, coalesce(c.codes, [])) AS own_codes,
                list_concat({kept(zh)}, coalesce(c.zh, [])) AS own_zh, list_concat({kept(en)}, coalesce(c.en, [])) AS own_en,
                w.codes AS wide_codes, w.zh AS wide_zh, w.en AS wide_en
            FROM known AS k
            LEFT JOIN _reasons AS c ON c.indicator_id = getvariable('indicator') AND c.certain
            LEFT JOIN _reasons AS w ON w.indicator_id = getvariable('indicator') AND NOT w.certain
        )
        SELECT
            CAST(getvariable('edition') AS VARCHAR) AS edition, CAST(getvariable('was_edition') AS VARCHAR) AS was_edition,
            CASE WHEN was_final THEN 'restatement' ELSE 'provisional_update' END AS kind,
            {", ".join(KEY)}, was_indicator_version AS was_version, is_indicator_version AS is_version,
            {", ".join(f"{side}_{name}" for side in ("was", "is") for name in ("value", "numerator", "denominator", "target", "status"))},
            {", ".join(ROW_CAUSES)},
            array_to_string(list_sort(list_distinct(CASE WHEN own_codes <> [] THEN own_codes ELSE coalesce(wide_codes, ['unknown']) END)), ',')
                AS causes,
            CASE WHEN own_codes <> [] THEN 'figure' WHEN wide_codes IS NOT NULL THEN 'dataset' ELSE 'none' END AS evidence,
            array_to_string(CASE WHEN own_codes <> [] THEN own_zh ELSE coalesce(wide_zh, ['{unknown_zh}']) END, '；') AS why_zh,
            array_to_string(CASE WHEN own_codes <> [] THEN own_en ELSE coalesce(wide_en, ['{unknown_en}']) END, '; ') AS why_en
        FROM told"""


def silent(con: duckdb.DuckDBPyConnection, *, before: str, now: str, lines: str) -> dict[str, int]:
    """What an audit of a written edition counts (needs `_spans`): final figures that differ and have no line, and lines that
    say other numbers than the editions."""
    find_blocks(con, before, now)
    keys, counts = (
        ", ".join(KEY),
        {"a final figure changed without a line": 0, "a line says other than the editions": 0},
    )
    found = con.execute(
        "SELECT DISTINCT indicator_id FROM _blocks SEMI JOIN _spans USING (indicator_id) ORDER BY 1"
    ).fetchall()
    for (indicator,) in found:
        con.execute("SET VARIABLE indicator = $1", [indicator])
        theirs = "f.indicator_id = getvariable('indicator')"
        figures = changed_figures(before, now, theirs)
        sql = f"SELECT count(*) FROM ({figures}) AS d ANTI JOIN {lines} AS l USING ({keys}) WHERE d.was_final"
        counts["a final figure changed without a line"] += int(con.execute(sql).fetchall()[0][0])
        for side, relation in (("was", before), ("is", now)):
            sql = f"""
                SELECT count(*) FROM (SELECT * FROM {lines} AS f WHERE {theirs}) AS l
                LEFT JOIN (SELECT f.* FROM {relation} AS f SEMI JOIN _blocks USING ({", ".join(_BLOCK)}) WHERE {theirs}) AS v USING ({keys})
                WHERE l.{side}_value IS DISTINCT FROM v.value OR l.{side}_numerator IS DISTINCT FROM v.numerator
                OR l.{side}_denominator IS DISTINCT FROM v.denominator"""
            counts["a line says other than the editions"] += int(con.execute(sql).fetchall()[0][0])
    for name in _TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS {name}")
    return counts
