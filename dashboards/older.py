"""Rewrites a query for an edition of an earlier version: a column that it lacks reads as NULL, a table as empty."""

from __future__ import annotations

import re

import duckdb

_NO_ALIAS = {
    "anti", "cross", "full", "group", "having", "inner", "join", "left", "limit", "natural", "on", "order", "qualify",
    "right", "semi", "union", "using", "where", "window",
}  # fmt: skip
_TABLE = re.compile(r"\bmarts\.(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_NO_TABLE = re.compile(r"Table with name \S+ does not exist")
_NO_COLUMN = re.compile(
    r'"(\w+)" does not have a column named "(\w+)"|Referenced column "?(?:(\w+)\.)?(\w+)"? not found'
)


def lacks_table(error: duckdb.Error) -> bool:
    """Whether the edition does not have a table of the query; a function that does not exist is a mistake of ours."""
    return isinstance(error, duckdb.CatalogException) and bool(_NO_TABLE.search(str(error)))


def missing_column(error: duckdb.Error) -> tuple[str, str] | None:
    """Alias (or name) of the table and the column that an edition lacks; without an alias in the query the first is ''."""
    found = _NO_COLUMN.search(str(error)) if isinstance(error, duckdb.BinderException) else None
    return (found[1] or found[3] or "", found[2] or found[4]) if found else None


def with_columns(sql: str, missing: set[tuple[str, str]]) -> str:
    """The query over tables to which the missing columns are added, all NULL; those without an alias to the first."""
    first = True

    def table(match: re.Match[str]) -> str:
        nonlocal first
        alias = match[2] if match[2] and match[2].lower() not in _NO_ALIAS else None
        columns = sorted(column for name, column in missing if name == (alias or match[1]) or (first and not name))
        first = False
        if not columns:
            return match[0]
        added = ", ".join(f"null as {column}" for column in columns)
        rest = match[0][len(f"marts.{match[1]}") :]
        name = "" if alias else f" {match[1]}"
        return f"(select *, {added} from marts.{match[1]}){name}{rest}"  # noqa: S608

    return _TABLE.sub(table, sql)
