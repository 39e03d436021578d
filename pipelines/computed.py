"""A table made by a function of the warehouse, for what SQL alone cannot give; it stands beside the SQL files."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
import polars as pl

#: Gives the table whole, or in several frames of one schema (at least one) where the whole would not fit into memory.
Compute = Callable[[duckdb.DuckDBPyConnection], pl.DataFrame | Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class ComputedTable:
    """One table `schema.table` that a function makes of the tables it names; the frame's schema is the table's."""

    schema: str
    table: str
    description: str
    dependencies: tuple[str, ...]
    text: str
    sha256: str
    compute: Compute

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


def computed(name: str, *, reads: tuple[str, ...]) -> Callable[[Compute], ComputedTable]:
    """Make the decorated function the computed table `name`; `reads` are the tables it reads.

    The first line of its docstring describes the table; its module's source is what counts as its version.
    """
    schema, _, table = name.partition(".")

    def make(function: Compute) -> ComputedTable:
        text = inspect.getsource(inspect.getmodule(function) or function)
        description = (inspect.getdoc(function) or "").partition("\n")[0]
        if not (schema and table and description):
            raise ValueError(f"{name}: a computed table needs schema.table and a docstring")
        digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
        return ComputedTable(schema, table, description, tuple(sorted(reads)), text, digest, function)

    return make


def run_computed(con: duckdb.DuckDBPyConnection, table: ComputedTable) -> int:
    """Replace the table by what its function makes; return the number of rows."""
    made = table.compute(con)
    name, rows = f'"{table.schema}"."{table.table}"', None
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.schema}"')
    con.begin()
    try:
        for frame in [made] if isinstance(made, pl.DataFrame) else made:
            con.register("_computed", frame.to_arrow())
            con.execute(
                f"INSERT INTO {name} FROM _computed"
                if rows is not None
                else f"CREATE OR REPLACE TABLE {name} AS FROM _computed"
            )
            con.unregister("_computed")
            rows = (rows or 0) + frame.height
        con.commit()
    except BaseException:
        con.rollback()
        raise
    return rows or 0
