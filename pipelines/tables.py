"""Every table that the warehouse makes of landing: the SQL files, what gathers or adds them up, and the computed tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from pipelines.computed import ComputedTable, run_computed
from pipelines.counted import COUNTS, STEPS, backlog_tables, count_tables
from pipelines.figures import TABLES
from pipelines.gathered import gather
from pipelines.paths import SQL
from pipelines.sql_files import SqlFile, in_order, read_sql_files, run_file
from pipelines.upkeep import KEPT, forget

Table = SqlFile | ComputedTable
#: The schema of the files that say which rows a figure is made of: they are asked, never made into tables.
ROWS = "rows"


def read_tables(root: Path = SQL) -> list[Table]:
    """Every table in the order in which it is made.

    Raises SqlFileError where a file breaks a rule, a table is read that nobody makes, or tables read each other in a ring.
    """
    files = read_sql_files(root)
    counted = [table for file in files if file.schema == COUNTS for table in count_tables(file)]
    counted += [table for file in files if file.name == STEPS for table in backlog_tables(file)]
    return in_order([*gather([f for f in files if f.schema not in (ROWS, COUNTS)]), *counted, *TABLES])


def run_table(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Make one table of nothing; return the number of rows. What is known of how it was made before is forgotten."""
    if table.name in KEPT:
        forget(con)
    return run_file(con, table) if isinstance(table, SqlFile) else run_computed(con, table)


def run_tables(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> dict[str, int]:
    """Make `tables` in order; return the rows of every table by name."""
    return {table.name: run_table(con, table) for table in tables}
