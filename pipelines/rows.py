"""The rows that a figure is made of: asked of the warehouse when somebody wants them, never stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.paths import SQL
from pipelines.sql_files import SqlFile, SqlFileError, output_columns, read_sql_files
from pipelines.tables import ROWS

#: Columns of a file of `sql/rows/` with what one that leaves them out has; every other column describes the row.
_DEFAULTS = {
    "indicator_id": None,
    "row_kind": None,
    "row_id": None,
    "day": None,
    "area_code": None,
    "numerator": None,
    "denominator": "NULL",
    "excluded": "0",
    "pending": "0",
    "scope": "'every'",
    "at_end": "FALSE",
}
_REQUIRED = ("indicator_id", "row_kind", "row_id", "day", "area_code", "numerator")
_SHOWN = ("row_kind", "row_id", "day", "area_code", "numerator", "denominator", "excluded", "pending")
_LADDER = ("city", "district", "street", "community", "grid")
#: A row that belongs to every member of a dimension bears this in its column.
_ANY_MEMBER = "*"
#: The row of what the published areas leave of a whole: what is hidden, and what lies in none of them.
REST = "rest"
_CENT = 1e-4


class RowsUnknown(ValueError):
    """Nothing says of which rows a figure is made; the message says so in both languages."""


@dataclass(frozen=True)
class Wanted:
    """Which figure: its key in marts.indicator_values."""

    indicator_id: str
    grain: str
    period_start: date
    area_level: str
    area_code: str
    dimension: str = "all"
    member: str = "all"


@dataclass(frozen=True)
class Rows:
    """What a figure is made of.

    `frame` has row_kind, row_id, day, area_code, numerator, denominator, excluded and pending (what the row adds to each),
    is_hidden, and the columns that describe the row. `definition` is the file or table that says so; rows that are
    `is_aggregated` are counts of areas, and hidden ones carry no number."""

    frame: pl.DataFrame
    definition: str
    is_aggregated: bool

    def total(self, column: str) -> float | None:
        """Σ numerator, denominator, excluded or pending; None where no row has one, or a hidden one is in no other row."""
        rest = self.frame.filter(pl.col("row_id") == REST, ~pl.col("is_hidden"))
        hidden = bool(self.frame["is_hidden"].any()) and rest.is_empty()
        if hidden or self.frame[column].null_count() == self.frame.height > 0:
            return None
        return float(self.frame[column].sum())


def rows_files(root: Path = SQL) -> list[SqlFile]:
    """The files of `sql/rows/`: each says which rows the indicators are made of whose ids stand in it.

    Raises SqlFileError where a file breaks a rule or lacks a column.
    """
    return list(
        _rows_files(root, tuple((path, path.stat().st_mtime_ns) for path in sorted(root.glob(f"{ROWS}/*.sql"))))
    )


@lru_cache(maxsize=4)
def _rows_files(root: Path, written: tuple[tuple[Path, int], ...]) -> tuple[SqlFile, ...]:
    """The files of `rows_files`, read again when one is `written` again."""
    files = tuple(file for file in read_sql_files(root) if file.schema == ROWS)
    for file in files:
        if missing := sorted(set(_REQUIRED) - set(_columns(file.text))):
            raise SqlFileError(f"{file.name}: column {', '.join(missing)} is missing")
    return files


@lru_cache(maxsize=128)
def _columns(text: str) -> tuple[str, ...]:
    return output_columns(text)


def rows_file(indicator: str, root: Path = SQL) -> SqlFile | None:
    """The file that has the indicator's id; None if none has. Raises SqlFileError if several have."""
    found = [file for file in rows_files(root) if re.search(rf"'{indicator}'", file.text)]
    if len(found) > 1:
        raise SqlFileError(f"{' and '.join(file.name for file in found)} both give the rows of {indicator}")
    return found[0] if found else None


def rows_of(con: duckdb.DuckDBPyConnection, wanted: Wanted, root: Path = SQL) -> Rows:
    """The rows of a figure, from an open warehouse: single ones, or of people counts by area.

    An indicator about people is listed by the figures of the areas below, as they are published; one without a file in
    `sql/rows/` by its parts in cube.flows or cube.stocks.

    Raises:
        RowsUnknown: the rows are not known by this dimension, or there is no such period.
    """
    ends = con.execute(
        "SELECT stock_on FROM core.indicator_periods WHERE indicator_id = ? AND grain = ? AND period_start = ?",
        [wanted.indicator_id, wanted.grain, wanted.period_start],
    ).fetchall()
    if not ends:
        raise RowsUnknown(
            f"数据仓库中 {wanted.indicator_id} 没有始于 {wanted.period_start} 的期间\n"
            f"the warehouse has no period of {wanted.indicator_id} that starts on {wanted.period_start}"
        )
    (stock_on,) = ends[0]
    entry = con.sql(
        "SELECT kind, people, minimum_count, time_kind FROM reference.indicators WHERE indicator_id = $id",
        params={"id": wanted.indicator_id},
    ).pl()
    asked = _Asked(con, wanted, stock_on, entry.row(0, named=True))
    if asked.entry["people"]:
        return _published_below(asked)
    file = rows_file(wanted.indicator_id, root)
    return _parts(asked) if file is None else _single_rows(asked, file)


@dataclass(frozen=True)
class _Asked:
    """What is wanted, of which warehouse: the last day of the period, and what the catalogue says of the indicator."""

    con: duckdb.DuckDBPyConnection
    wanted: Wanted
    stock_on: date
    entry: Mapping[str, Any]


# -- single rows ------------------------------------------------------------------------------------------------------


def _single_rows(asked: _Asked, file: SqlFile) -> Rows:
    wanted = asked.wanted
    given = _columns(file.text)
    if wanted.dimension != "all" and wanted.dimension not in given:
        raise RowsUnknown(
            f"{wanted.indicator_id} 的明细没有维度 {wanted.dimension}\nthe rows of {wanted.indicator_id} are not known by {wanted.dimension}"
        )
    keys = ", ".join(f"{name if name in given else default} AS {name}" for name, default in _DEFAULTS.items())
    details = [name for name in given if name not in _DEFAULTS]
    frame = _place(asked, f"SELECT {', '.join([keys, *details])} FROM (\n{file.text}\n)", details)
    return Rows(frame.with_columns(is_hidden=pl.lit(value=False)), f"sql/rows/{file.table}.sql", is_aggregated=False)


def _parts(asked: _Asked) -> Rows:
    """The parts in the gathered table; a part of fewer cases than the indicator needs is hidden, as its figure is."""
    is_stock = asked.entry["time_kind"] == "stock"
    table, day = ("cube.stocks", "stock_on") if is_stock else ("cube.flows", "day")
    rest = (
        "0 AS excluded, 0 AS pending, scope, TRUE AS at_end"
        if is_stock
        else "excluded, pending, 'every' AS scope, FALSE AS at_end"
    )
    text = (
        f"SELECT indicator_id, 'area' AS row_kind, area_code AS row_id, {day} AS day, area_code, numerator, denominator, {rest},"
        f" dimension, member FROM {table} WHERE dimension = $dimension AND member = $member"
    )
    frame = _place(asked, text, [])
    few = pl.lit(value=False)
    if asked.entry["kind"] == "proportion":
        few = pl.col("denominator").is_between(_CENT, asked.entry["minimum_count"] - _CENT).fill_null(value=False)
    return Rows(_hide(frame, few), table, is_aggregated=True)


def _place(asked: _Asked, text: str, details: list[str]) -> pl.DataFrame:
    """The rows of `text` (columns of _DEFAULTS and details) that lie in the area and the period that are wanted, without
    those that add nothing, such as a commitment that is paid."""
    wanted, member = asked.wanted, ""
    values = {
        "indicator": wanted.indicator_id, "first": wanted.period_start, "last": asked.stock_on, "level": wanted.area_level, "area": wanted.area_code,
        "stock": asked.entry["time_kind"] == "stock",
    }  # fmt: skip
    if "$dimension" in text:
        values |= {"dimension": wanted.dimension, "member": wanted.member}
    elif wanted.dimension != "all":
        member = f'AND (r."{wanted.dimension}" = $member OR r."{wanted.dimension}" = $any)'
        values |= {"member": wanted.member, "any": _ANY_MEMBER}
    shown = ", ".join(f"r.{name}" for name in details)
    frame: pl.DataFrame = asked.con.sql(
        f"""
        SELECT
            r.row_kind, CAST(r.row_id AS VARCHAR) AS row_id, r.day, r.area_code,
            CAST(CAST(r.numerator AS DECIMAL(18, 4)) AS DOUBLE) AS numerator,
            CAST(CAST(r.denominator AS DECIMAL(18, 4)) AS DOUBLE) AS denominator,
            CAST(r.excluded AS BIGINT) AS excluded, CAST(r.pending AS BIGINT) AS pending{"," if shown else ""} {shown}
        FROM ({text}) AS r
        LEFT JOIN core.area_paths AS p ON p.area_code = r.area_code AND p.valid_from <= r.day AND r.day < p.valid_to
        WHERE r.indicator_id = $indicator
            AND r.day BETWEEN $first AND $last
            AND (r.day = $last OR NOT (r.at_end OR $stock))
            AND (r.scope = 'every' OR (r.scope = 'grid') = ($level = 'grid'))
            AND ($level = 'city' OR $area = coalesce(CASE $level
                WHEN 'district' THEN p.district_code WHEN 'street' THEN p.street_code
                WHEN 'community' THEN p.community_code ELSE p.grid_code END, 'unlocated'))
            AND NOT (coalesce(r.numerator = 0, FALSE) AND coalesce(r.denominator, 0) = 0 AND r.excluded = 0 AND r.pending = 0)
            {member}
        ORDER BY r.day, r.row_id, r.row_kind, r.numerator
        """,
        params=values,
    ).pl()
    return frame


# -- people: counts by area -------------------------------------------------------------------------------------------


def _published_below(asked: _Asked) -> Rows:
    """The published figures of the areas below, and in a last row what is hidden or lies in none of them.

    A list of organisations would give away what `cube.hidden_stocks` hides; what is published is safe, and so is the rest
    of a published sum."""
    con, wanted, stock_on = asked.con, asked.wanted, asked.stock_on
    where = "indicator_id = $indicator AND grain = $grain AND period_start = $first AND dimension = $dimension AND member = $member"
    values = {
        "indicator": wanted.indicator_id, "grain": wanted.grain, "first": wanted.period_start, "dimension": wanted.dimension, "member": wanted.member,
    }  # fmt: skip
    found = con.sql(
        f"""
        SELECT
            v.area_level, v.area_code, CAST(v.numerator AS DOUBLE) AS numerator, CAST(v.denominator AS DOUBLE) AS denominator,
            v.excluded, v.pending, coalesce(v.status = 'suppressed', FALSE) AS is_hidden
        FROM marts.indicator_values AS v
        LEFT JOIN core.area_paths AS p ON p.area_code = v.area_code AND p.valid_from <= $last AND $last < p.valid_to
        WHERE {where} AND ($level = 'city' OR v.area_code = $area AND v.area_level = $level OR $area = CASE $level
            WHEN 'district' THEN p.district_code WHEN 'street' THEN p.street_code
            WHEN 'community' THEN p.community_code ELSE p.grid_code END)
        ORDER BY v.area_code
        """,
        params={**values, "last": stock_on, "level": wanted.area_level, "area": wanted.area_code},
    ).pl()
    place = _LADDER.index(wanted.area_level)
    levels = set(found["area_level"])
    finer = [level for level in ("community", *_LADDER) if level in levels and _LADDER.index(level) > place]
    whole = found.filter((pl.col("area_level") == wanted.area_level) & (pl.col("area_code") == wanted.area_code))
    level = finer[0] if finer and wanted.area_code != "unlocated" else wanted.area_level
    below = found.filter(pl.col("area_level") == level) if level != wanted.area_level else whole
    counted = pl.col("is_hidden") | (pl.sum_horizontal("numerator", "denominator") > 0)
    below = below.filter(counted)
    rest = _rest(whole, below, _people_minimum(con), asked.entry["kind"] == "proportion")
    frame = pl.concat([below, rest], how="vertical_relaxed").select(
        pl.lit("area").alias("row_kind"),
        pl.col("area_code").alias("row_id"),
        pl.lit(stock_on).alias("day"),
        "area_code",
        "numerator",
        "denominator",
        "excluded",
        "pending",
        "is_hidden",
        "area_level",
    )
    return Rows(frame, "marts.indicator_values", is_aggregated=True)


def _rest(whole: pl.DataFrame, below: pl.DataFrame, minimum: int, is_proportion: bool) -> pl.DataFrame:
    """One row with what the published areas leave of the whole, hidden if it is of few people; none if nothing is left."""
    if whole.is_empty():
        return whole
    shown = below.filter(~pl.col("is_hidden"))
    left: dict[str, float | None] = {}
    for name in ("numerator", "denominator", "excluded", "pending"):
        total = whole[name][0]
        left[name] = None if total is None else float(total) - float(shown[name].sum())
    people, others = left["numerator"] or 0.0, left["denominator"] or 0.0
    parts = (people, others - people) if is_proportion else (people,)
    is_hidden = bool(whole["is_hidden"][0]) or any(_CENT < part < minimum - _CENT for part in parts)
    if not is_hidden and abs(people) + abs(others) < _CENT:
        return whole.clear()
    numbers = {name: None if is_hidden else value for name, value in left.items()}
    row = {"area_level": whole["area_level"][0], "area_code": REST, **numbers, "is_hidden": is_hidden}
    return pl.DataFrame([row], schema=whole.schema, strict=False)


def _people_minimum(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT people_minimum FROM reference.city").fetchall()[0][0])


def _hide(frame: pl.DataFrame, few: pl.Expr) -> pl.DataFrame:
    """Mark the rows that are `few`, and take their numbers away."""
    numbers = ("numerator", "denominator", "excluded", "pending")
    frame = frame.with_columns(few.alias("is_hidden"))
    return frame.with_columns(pl.when(~pl.col("is_hidden")).then(pl.col(name)).alias(name) for name in numbers)
