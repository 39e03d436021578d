"""SQL files: a table is a file `<schema>/<table>.sql`, read, ordered, checked for portability and run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

import duckdb
import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"
SOURCE_SCHEMAS = frozenset({"landing", "reference"})
#: Schemas of which every file is a view, and tables that are one: they give names to numbers, or one shape to many tables,
#: and a copy of their rows would cost more than reading them again.
VIEWS = frozenset(
    {
        "cells",
        "core.ticket_deadlines",
        "core.ticket_stretches",
        "core.tickets",
        "cube.backlog_cells",
        "cube.backlog_levels",
        "cube.empty_cells",
        "cube.ticket_cells",
        "cube.ticket_hours",
        "cube.ticket_hours_cells",
        "marts.indicator_values",
    }
)
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")

_FORBIDDEN_FUNCTIONS = {
    "R1": {
        "timezone",
        "now",
        "today",
        "current_date",
        "current_timestamp",
        "get_current_timestamp",
        "localtimestamp",
        "current_time",
        "to_timestamp",
        "make_timestamptz",
    },
    "R2": {"date_sub", "datesub", "age"},
    "R3": {
        "dayofweek",
        "isodow",
        "weekday",
        "week",
        "weekofyear",
        "yearweek",
        "isoyear",
        "dayofweekiso",
        "date_part",
        "datepart",
        "extract",
        "strftime",
    },
    "R5": {
        "median",
        "mode",
        "first",
        "last",
        "any_value",
        "arg_min",
        "arg_max",
        "list",
        "array_agg",
        "argmin",
        "argmax",
        "approxdistinct",
        "percentile_disc",
        "percentiledisc",
        "quantile",
        "quantile_disc",
        "string_agg",
        "group_concat",
        "groupconcat",
        "arrayagg",
        "anyvalue",
        "approxquantile",
        "approx_quantile",
        "random",
        "rand",
    },
    "R7": {"time_bucket", "timebucket", "datebin", "date_bin", "columns", "query", "query_table"},
    "R9": {"concat", "concat_ws", "concatws"},
}
_WHOLE_NUMBERS = (exp.Count, exp.Sum, exp.Floor, exp.Ceil, exp.RowNumber, exp.Null)


class SqlFileError(ValueError):
    """A file under `sql/` breaks a rule; the message names the file and the rule."""


@dataclass(frozen=True)
class SqlFile:
    """One table of the warehouse: `sql/<schema>/<table>.sql`, holding one select; a view stores no rows of its own."""

    schema: str
    table: str
    path: Path
    text: str
    description: str
    dependencies: tuple[str, ...]
    sha256: str
    is_view: bool = False

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


@lru_cache(maxsize=512)
def parse_select(text: str) -> exp.Query:
    """Return the syntax tree of `text`, which must be exactly one select. Who changes it takes a copy: all get the same.

    Raises SqlFileError when the text does not parse, holds several statements or is not a query.
    """
    try:
        statements = [statement for statement in sqlglot.parse(text, read=DIALECT) if statement is not None]
    except SqlglotError as error:
        raise SqlFileError(f"does not parse: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlFileError("must hold exactly one select")
    return statements[0]


@lru_cache(maxsize=512)
def dependencies_of(text: str) -> tuple[str, ...]:
    """Return every schema-qualified table of `text` as sorted `schema.table` names."""
    tables = parse_select(text).find_all(exp.Table)
    return tuple(sorted({f"{table.db}.{table.name}" for table in tables if table.db}))


@lru_cache(maxsize=512)
def output_columns(text: str) -> tuple[str, ...]:
    """Return the columns that the select of `text` gives, in order.

    Raises SqlFileError where a star or an expression without a name leaves them open.
    """
    names = tuple(parse_select(text).named_selects)
    if "*" in names or "" in names:
        raise SqlFileError("every column has a name of its own: no star, no expression without AS")
    return names


def description_of(text: str) -> str:
    """Return the first comment of `text`: the `--` lines before the select, joined; empty when there is none."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("--"):
            lines.append(line.removeprefix("--").strip())
        elif line.strip() or lines:
            break
    return " ".join(lines)


def read_sql_files(root: Path) -> list[SqlFile]:
    """Read every `<schema>/<table>.sql` under `root`, sorted by name.

    Raises SqlFileError, naming the file, when one does not parse, is not one select or has no description.
    """
    return [_read(path, root) for path in sorted(root.glob("*/*.sql"))]


def _read(path: Path, root: Path) -> SqlFile:
    text = path.read_text(encoding="utf-8")
    schema, table = path.parent.name, path.stem
    where = path.relative_to(root).as_posix()
    for part in (schema, table):
        if not IDENTIFIER.fullmatch(part):
            raise SqlFileError(f"{where}: {part!r} is not a plain lower-case name")
    if not (description := description_of(text)):
        raise SqlFileError(f"{where}: the first line must be a comment that describes the table")
    try:
        dependencies = dependencies_of(text)
    except SqlFileError as error:
        raise SqlFileError(f"{where}: {error}") from error
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return SqlFile(
        schema,
        table,
        path,
        text,
        description,
        dependencies,
        digest,
        is_view=bool(VIEWS & {schema, f"{schema}.{table}"}),
    )


class Node(Protocol):
    """A table that is made of others."""

    @property
    def name(self) -> str: ...
    @property
    def dependencies(self) -> tuple[str, ...]: ...
    @property
    def sha256(self) -> str: ...


N = TypeVar("N", bound=Node)


def in_order(files: Sequence[N], sources: Collection[str] | None = None) -> list[N]:
    """Return `files` so that every table comes after the tables it reads; ties in order of name.

    `sources` are the tables that exist before the first file runs (`schema.table`); None accepts any table of the
    schemas landing and reference. Raises SqlFileError for a table that nobody makes and for a cycle, naming both ends.
    """
    by_name = {file.name: file for file in files}
    for file in files:
        for dependency in file.dependencies:
            schema = dependency.partition(".")[0]
            known = dependency in sources if sources is not None else schema in SOURCE_SCHEMAS
            if dependency not in by_name and not known:
                raise SqlFileError(f"{file.name} reads {dependency}, which no file makes and no source holds")
    ordered: list[N] = []
    done: set[str] = set()

    def visit(file: N, trail: tuple[str, ...]) -> None:
        if file.name in trail:
            raise SqlFileError("cycle: " + " → ".join((*trail[trail.index(file.name) :], file.name)))
        if file.name in done:
            return
        for dependency in file.dependencies:
            if dependency in by_name:
                visit(by_name[dependency], (*trail, file.name))
        done.add(file.name)
        ordered.append(file)

    for name in sorted(by_name):
        visit(by_name[name], ())
    return ordered


def run_file(con: duckdb.DuckDBPyConnection, file: SqlFile) -> int:
    """Replace the table or view `file.name` by the result of its select; return the number of rows stored (of a view 0)."""
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{file.schema}"')
    kind = "VIEW" if file.is_view else "TABLE"
    made = con.execute(f'CREATE OR REPLACE {kind} "{file.schema}"."{file.table}" AS\n{file.text}').fetchall()
    return int(made[0][0]) if made else 0


def sha256_of(files: Sequence[Node]) -> str:
    """Return one digest over names and digests of all files, independent of their order."""
    lines = sorted(f"{file.name} {file.sha256}" for file in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def check_portable(text: str) -> list[str]:
    """Return what in `text` leaves the portable subset of DuckDB's dialect, one line a finding; empty when none.

    The rules keep the same select equal, cell by cell, on a second engine:
    R1 local times only · R2 differences in seconds, or days between dates · R3 no week numbers · R4 guarded division ·
    R5 exact scalar quantiles, nothing that depends on row order · R6 NULLS LAST · R7 no dialect-only clauses ·
    R8 array_length · R9 `||` · R10 one GROUP BY. NAME: real tables are `schema.table`, aliases are written with AS.
    """
    tree = parse_select(text)
    return [*_functions(tree), *_clauses(tree), *_numbers(tree), *_names(tree, text)]


def _function_name(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _functions(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(exp.Func):
        names = {_function_name(node), type(node).__name__.lower()}
        for rule, forbidden in _FORBIDDEN_FUNCTIONS.items():
            if hit := names & forbidden:
                yield f"{rule}: {sorted(hit)[0]}() in {_short(node)}"
        if any(name.startswith("approx") for name in names):
            yield f"R5: approximate aggregate in {_short(node)}"
        if isinstance(node, exp.DateDiff):
            unit = str(node.args.get("unit") or "day").lower().strip("'")
            dates = all(isinstance(side, exp.Cast) and side.to.is_type("date") for side in (node.this, node.expression))
            if unit != "second" and not (unit == "day" and dates):
                yield f"R2: date_diff only in seconds, or in days between two CAST(… AS DATE): {_short(node)}"
        if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and "week" in str(node.args.get("unit")).lower():
            yield f"R3: weeks come from the calendar table: {_short(node)}"
    for zone in tree.find_all(exp.AtTimeZone):
        yield f"R1: AT TIME ZONE in {_short(zone)}"
    for group in tree.find_all(exp.WithinGroup):
        yield f"R5: WITHIN GROUP in {_short(group)}"
    for quantile in tree.find_all(exp.PercentileCont, exp.Quantile):
        if list(quantile.find_all(exp.Array)):
            yield f"R5: one quantile a call: {_short(quantile)}"


def _clauses(tree: exp.Query) -> Iterator[str]:
    for join in tree.find_all(exp.Join):
        if "ASOF" in {str(join.args.get(part) or "").upper() for part in ("method", "kind", "side")}:
            yield f"R7: ASOF join: {_short(join)}"
    for kind, what in (
        (exp.Pivot, "PIVOT"),
        (exp.Qualify, "QUALIFY"),
        (exp.Slice, "list slice"),
        (exp.Cube, "CUBE"),
        (exp.Rollup, "ROLLUP"),
        (exp.GroupingSets, "GROUPING SETS"),
        (exp.Lambda, "lambda"),
    ):
        for node in tree.find_all(kind):
            yield f"{'R10' if kind in (exp.Cube, exp.Rollup, exp.GroupingSets) else 'R7'}: {what}: {_short(node)}"
    for star in tree.find_all(exp.Star):
        if any(star.args.get(part) for part in ("except_", "except", "replace", "rename")):
            yield f"R7: star with EXCLUDE, REPLACE or RENAME: {_short(star)}"
    for group in tree.find_all(exp.Group):
        if group.args.get("all"):
            yield "R7: GROUP BY ALL"
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            yield f"R7: table function {_short(table)}"


def _numbers(tree: exp.Query) -> Iterator[str]:
    for node in tree.find_all(exp.IntDiv):
        yield f"R4: // in {_short(node)}"
    for division in tree.find_all(exp.Div):
        left, right = division.this.unnest(), division.expression.unnest()
        literal = isinstance(right, exp.Literal) and right.is_number and float(right.this) != 0
        if not (
            isinstance(left, exp.Cast) and left.to.is_type("double") and (isinstance(right, exp.Nullif) or literal)
        ):
            yield f"R4: write CAST(x AS DOUBLE) / nullif(y, 0): {_short(division)}"
    for cast in tree.find_all(exp.Cast):
        inner = cast.this.unnest()
        inner = inner.this if isinstance(inner, exp.Window) else inner
        whole = isinstance(inner, _WHOLE_NUMBERS) or (isinstance(inner, exp.Literal) and "." not in inner.this)
        if cast.to.is_type(*exp.DataType.INTEGER_TYPES) and not whole:
            yield f"R4: cast to an integer only of counts, sums of counts or floor(): {_short(cast)}"
        if cast.to.is_type("timestamptz"):
            yield f"R1: time with zone: {_short(cast)}"


def _names(tree: exp.Query, text: str) -> Iterator[str]:
    tables_in_ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.db and not isinstance(table.this, exp.Func) and table.name not in tables_in_ctes:
            yield f"NAME: {table.name} is neither schema.table nor a CTE"
    tokens = sqlglot.tokenize(text, read=DIALECT)
    words = [token.text.upper() for token in tokens if token.token_type != TokenType.STRING]
    nulls_last = sum(pair == ("NULLS", "LAST") for pair in pairwise(words))
    # length() and len() are one node in the tree; only the second also counts the entries of a list
    if ("LEN", "(") in set(pairwise(words)):
        yield "R8: array_length() for lists, length() for text, not len()"
    if nulls_last != len(list(tree.find_all(exp.Ordered))):
        yield "R6: every ORDER BY term says NULLS LAST"
    aliases = [node for node in tree.find_all(exp.TableAlias) if node.this is not None]
    # DATE '2026-01-01' is a cast in the tree and has no AS in the text
    literals = sum(
        word.text.upper() in ("DATE", "TIMESTAMP") and value.token_type == TokenType.STRING
        for word, value in pairwise(tokens)
    )
    named = len(list(tree.find_all(exp.Alias))) + len(aliases) + len(list(tree.find_all(exp.Cast))) - literals
    if words.count("AS") != named:
        yield f"NAME: {named} aliases and casts, {words.count('AS')} times AS: write AS for each, CAST instead of ::"


def _short(node: exp.Expr) -> str:
    return node.sql(dialect=DIALECT)[:80]
