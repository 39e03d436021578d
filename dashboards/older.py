"""Rewrites a query for an edition of an earlier version: a column that it lacks reads as NULL, a table as empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import duckdb

_NO_ALIAS = {
    "anti", "cross", "full", "group", "having", "inner", "join", "left", "limit", "natural", "on", "order", "qualify",
    "right", "semi", "union", "using", "where", "window",
}  # fmt: skip
_TABLE = re.compile(r"\bmarts\.(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_NO_TABLE = re.compile(r"Table with name \S+ does not exist")
_NO_COLUMN = re.compile(r'Referenced column "(\w+)" not found|Column "(\w+)" referenced that exists in the SELECT')
_NO_KEY = re.compile(r'Column "(\w+)" does not exist on (?:left|right) side of join')


def lacks_table(error: duckdb.Error) -> bool:
    """Whether the edition does not have a table of the query; a function that does not exist is a mistake of ours."""
    return isinstance(error, duckdb.CatalogException) and bool(_NO_TABLE.search(str(error)))


def missing_columns(sql: str, error: duckdb.Error, columns: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Alias (or name) of the table and name of each column that the query asks for and the edition lacks; without an alias
    in the query the first is ''. Empty if the error is another one.

    Args:
        columns: those of every table that the edition has.
    """
    # The message names no column where a subquery looks outwards, so that only names without an alias are taken from it.
    found = {
        (alias, column)
        for alias, table in _aliases(sql)
        for column in re.findall(rf"\b{alias}\.(\w+)", sql)
        if table in columns and column not in columns[table]
    }
    if key := _NO_KEY.search(str(error)):
        found |= {(alias, key[1]) for alias, table in _aliases(sql) if key[1] not in columns.get(table, {key[1]})}
    if not found and (unqualified := _NO_COLUMN.search(str(error))):
        found = {("", unqualified[1] or unqualified[2])}
    return found


def _alias(match: re.Match[str]) -> str | None:
    return match[2] if match[2] and match[2].lower() not in _NO_ALIAS else None


def _aliases(sql: str) -> Iterator[tuple[str, str]]:
    for match in _TABLE.finditer(sql):
        yield _alias(match) or match[1], match[1]


def with_columns(sql: str, missing: set[tuple[str, str]]) -> str:
    """The query over tables to which the missing columns are added, all NULL; those without an alias to the first."""
    first = True

    def table(match: re.Match[str]) -> str:
        nonlocal first
        name = _alias(match) or match[1]
        columns = sorted(column for alias, column in missing if alias == name or (first and not alias))
        first = False
        if not columns:
            return match[0]
        added = ", ".join(f"null as {column}" for column in columns)
        rest = match[0][len(f"marts.{match[1]}") :]
        named = "" if _alias(match) else f" {name}"
        return f"(select *, {added} from marts.{match[1]}){named}{rest}"  # noqa: S608

    return _TABLE.sub(table, sql)
