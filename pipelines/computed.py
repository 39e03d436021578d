"""A table made by a function of the warehouse, for what SQL alone cannot give; it stands beside the SQL files."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.paths import ROOT

#: Gives the table whole, or in several frames of one schema (at least one) where the whole would not fit into memory.
Compute = Callable[[duckdb.DuckDBPyConnection], pl.DataFrame | Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class ComputedTable:
    """One table `schema.table` that a function makes of the tables it names; the frame's schema is the table's.

    `text` is the source of the function's module, `formulas` that of the modules of pipelines whose formulas it uses.
    """

    schema: str
    table: str
    description: str
    dependencies: tuple[str, ...]
    text: str
    formulas: tuple[str, ...]
    sha256: str
    compute: Compute

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"


def computed(name: str, *, reads: tuple[str, ...]) -> Callable[[Compute], ComputedTable]:
    """Make the decorated function the computed table `name`; `reads` are the tables it reads.

    The first line of its docstring describes the table. Its version is a digest of the source of its module and of every
    module of pipelines that this imports, directly or through others: another formula is another version.
    """
    schema, _, table = name.partition(".")

    def make(function: Compute) -> ComputedTable:
        text = inspect.getsource(inspect.getmodule(function) or function)
        description = (inspect.getdoc(function) or "").partition("\n")[0]
        if not (schema and table and description):
            raise ValueError(f"{name}: a computed table needs schema.table and a docstring")
        formulas = tuple(path.read_text(encoding="utf-8") for path in imported_files(text))
        digest = hashlib.sha256("\0".join((text, *formulas)).encode("utf-8")).hexdigest()
        return ComputedTable(schema, table, description, tuple(sorted(reads)), text, formulas, digest, function)

    return make


def imported_files(text: str, root: Path = ROOT) -> list[Path]:
    """The files under `root` of the modules of pipelines that a source imports, and those that these import, sorted.

    Modules that lie in a package of formulas (`pipelines.statistics`) count with their whole package. This module and the
    packages' `__init__` files compute nothing and do not count.
    """
    found = set[Path]()
    waiting = [text]
    while waiting:
        for name in _imported_names(waiting.pop()):
            for path in _files_of(root, name):
                if path not in found:
                    found.add(path)
                    waiting.append(path.read_text(encoding="utf-8"))
    return sorted(found)


def _imported_names(text: str) -> Iterator[str]:
    """Dotted names in pipelines that a source imports: modules, and what is taken from them, which may be modules too."""
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (
            name for name in names if name.startswith("pipelines.") and not f"{name}.".startswith(f"{__name__}.")
        )


def _files_of(root: Path, name: str) -> list[Path]:
    """The files that count for a dotted name: a module of pipelines itself, or the package that it is or lies in."""
    parts = name.split(".")
    package = root / parts[0] / parts[1]
    if package.is_dir():
        return [path for path in package.glob("*.py") if path.name != "__init__.py"]
    module = package.with_suffix(".py")
    return [module] if module.is_file() else []


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
