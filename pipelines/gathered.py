"""Gathered tables: every file of some schemas is one part of a table that holds them all, and no list names the parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.sql_files import SqlFile, SqlFileError, dependencies_of, output_columns


@dataclass(frozen=True)
class Column:
    """A column of a gathered table; a part may leave out one that has a default."""

    name: str
    kind: str
    default: str | None = None


@dataclass(frozen=True)
class Gathering:
    """The table `cube.<schema>` of all parts `<schema>.<part>`, a file each."""

    schema: str
    description: str
    columns: tuple[Column, ...]


_WHAT = (Column("indicator_id", "VARCHAR"),)
_WHERE = (Column("area_code", "VARCHAR"),)
_SHAPE = (Column("dimension", "VARCHAR", "'all'"), Column("member", "VARCHAR", "'all'"))
_AMOUNTS = (Column("numerator", "DECIMAL(18, 4)"), Column("denominator", "DECIMAL(18, 4)", "NULL"))
_COUNTS = (Column("excluded", "BIGINT", "0"), Column("pending", "BIGINT", "0"))

GATHERINGS = (
    Gathering(
        "stocks",
        "Every part of a stock: what is there at the end of a day on which stocks are taken, by the area where it is.",
        (
            *_WHAT,
            Column("stock_on", "DATE"),
            *_WHERE,
            *_SHAPE,
            Column("scope", "VARCHAR", "'every'"),
            *_AMOUNTS,
        ),
    ),
    Gathering(
        "flows",
        "Every part of a flow of few rows: what happened on a day, by the area where it happened.",
        (
            *_WHAT,
            Column("day", "DATE"),
            *_WHERE,
            *_SHAPE,
            *_AMOUNTS,
            *_COUNTS,
            Column("effect_sum", "DOUBLE", "NULL"),
        ),
    ),
    Gathering(
        "cells",
        "Every part of the published figures, rolled up to area, period and dimension.",
        (
            *_WHAT,
            Column("grain", "VARCHAR"),
            Column("period_start", "DATE"),
            Column("area_level", "VARCHAR"),
            *_WHERE,
            *_SHAPE,
            Column("numerator", "DOUBLE"),
            Column("denominator", "DOUBLE", "NULL"),
            *_COUNTS,
            Column("quantile", "DOUBLE", "NULL"),
            Column("effect_sum", "DOUBLE", "NULL"),
            Column("is_hidden", "BOOLEAN", "FALSE"),
        ),
    ),
)


def gather(files: Sequence[SqlFile]) -> list[SqlFile]:
    """Return `files` and a view `cube.<schema>` for each gathering that has parts among them.

    A column that a part leaves out takes its default. The parts of `cells` only rename tables of the cube: they are
    views, which spares a copy of every figure. Raises SqlFileError for a part that lacks a column or has one too many.
    """
    made: list[SqlFile] = []
    for gathering in GATHERINGS:
        parts = [file for file in files if file.schema == gathering.schema]
        if parts:
            made.append(_union(gathering, parts))
    return [*files, *made]


def _union(gathering: Gathering, parts: Sequence[SqlFile]) -> SqlFile:
    known = {column.name for column in gathering.columns}
    selects = []
    for part in parts:
        given = output_columns(part.text)
        if unknown := sorted(set(given) - known):
            raise SqlFileError(f"{part.name}: {', '.join(unknown)} is no column of cube.{gathering.schema}")
        if missing := [c.name for c in gathering.columns if c.default is None and c.name not in given]:
            raise SqlFileError(f"{part.name}: column {', '.join(missing)} of cube.{gathering.schema} is missing")
        columns = ",\n    ".join(_expression(column, column.name in given) for column in gathering.columns)
        selects.append(f"SELECT\n    {columns}\nFROM {part.name}")
    text = f"-- {gathering.description}\n" + "\nUNION ALL\n".join(selects) + "\n"
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    folder = Path(parts[0].path).parent
    return SqlFile(
        "cube", gathering.schema, folder, text, gathering.description, dependencies_of(text), digest, is_view=True
    )


def _expression(column: Column, given: bool) -> str:
    # rule R4: a whole number is never cast to one
    if given and column.kind == "BIGINT":
        return column.name
    return f"CAST({column.name if given else column.default} AS {column.kind}) AS {column.name}"
