"""What one run of the upkeep works with: the warehouse, the SQL of its tables, and what stands for a table on a side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from pipelines.computed import ComputedTable
from pipelines.sql_files import SqlFile

Table = SqlFile | ComputedTable
_PREFIX = "_upkeep_"


class Workbench:
    """A connection, the tables by name, and `sides`: side → table → the relation that stands for it there.

    Sides: `was` and `is`, the changed tickets before and now; `sums`, by what sums changed; others are made where they are used."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
        self.con = con
        self.files = {table.name: table for table in tables}
        self.sides: dict[str, dict[str, str]] = {"was": {"reference.as_of": "upkeep.as_of"}, "is": {}, "sums": {}}

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Any]:
        """The rows of a query."""
        return self.con.execute(query, values or {}).fetchall()

    def count(self, source: str, values: Mapping[str, object] | None = None) -> int:
        """The number of rows that `source`, what comes after SELECT in a query, gives."""
        return int(self.rows(f"SELECT count(*) {source}", values)[0][0])

    def make(self, name: str, query: str, values: Mapping[str, object] | None = None) -> str:
        """A table of this run, made of a query; what it is called in SQL."""
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {_PREFIX}{name} AS {query}", values or {})
        return f"{_PREFIX}{name}"

    def named(self, name: str) -> str:
        """What a table that `make` made is called in SQL."""
        return f"{_PREFIX}{name}"

    def clear(self) -> None:
        """Drop what was made in this run."""
        for kind in ("TABLE", "VIEW"):
            made = f"SELECT {kind}_name FROM duckdb_{kind}s() WHERE temporary AND starts_with({kind}_name, '{_PREFIX}')"
            for (name,) in self.rows(made):
                self.con.execute(f"DROP {kind} {name}")

    def replace(self, table: str, gone: str, keys: Sequence[str], come: str) -> None:
        """Put the rows of `come` into a table, in the place of those that have the keys of `gone`."""
        same = " AND ".join(f"t.{key} = g.{key}" for key in keys)
        self.con.execute(f"DELETE FROM {table} AS t USING {gone} AS g WHERE {same}")
        self.con.execute(f"INSERT INTO {table} BY NAME FROM {come}")

    def sql(self, name: str) -> SqlFile:
        """The SQL file of a table.

        Raises:
            TypeError: it is made by a function.
        """
        file = self.files[name]
        if not isinstance(file, SqlFile):
            raise TypeError(f"{name} is made by a function")
        return file

    def tables_below(self, table: Table) -> Iterator[str]:
        """The stored tables that a table reads, through views."""
        for name in table.dependencies:
            file = self.files.get(name)
            if isinstance(file, SqlFile) and file.is_view:
                yield from self.tables_below(file)
            else:
                yield name

    def views_below(self, table: Table) -> Iterator[SqlFile]:
        """The views through which it reads them."""
        for name in table.dependencies:
            file = self.files.get(name)
            if isinstance(file, SqlFile) and file.is_view:
                yield file
                yield from self.views_below(file)

    def on(self, side: str, file: SqlFile) -> str:
        """The select of a table over what stands for its sources on a side."""
        return _renamed(file.text, {name: self._relation(side, name) for name in file.dependencies})

    def _relation(self, side: str, name: str) -> str:
        """What stands for a table on a side: for a view of something that is another there, a view of that."""
        known, file = self.sides[side], self.files.get(name)
        if name not in known and isinstance(file, SqlFile) and file.is_view:
            stand_ins = {source: self._relation(side, source) for source in file.dependencies}
            if any(source != stand_in for source, stand_in in stand_ins.items()):
                known[name] = f"{_PREFIX}{side}_{file.schema}_{file.table}"
                self.con.execute(f"CREATE OR REPLACE TEMP VIEW {known[name]} AS {_renamed(file.text, stand_ins)}")
        return known.get(name, name)


def _renamed(text: str, stand_ins: Mapping[str, str]) -> str:
    """A select, without comments, with other tables in the place of some. Tables are named in full in a select, and nothing
    else is named so; to write the syntax tree anew took a third of the time of a run with little news."""
    names = "|".join(re.escape(name) for name in stand_ins)
    bare = re.sub(r"(?m)^\s*--.*$", "", text)
    return re.sub(rf"(?<![\w.])(?:{names})(?!\w)", lambda name: stand_ins[name[0]], bare) if names else bare
