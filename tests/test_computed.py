"""Tables made by functions: version, place in the order, and what they write."""

import duckdb
import polars as pl
import pytest

from pipelines.computed import computed, run_computed
from pipelines.sql_files import in_order


@computed("marts.doubled", reads=("core.numbers",))
def doubled(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every number, doubled."""
    return con.sql("SELECT n, 2 * n AS twice FROM core.numbers ORDER BY n").pl()


@computed("marts.sums", reads=("marts.doubled",))
def sums(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The sum of what was doubled; none where there is nothing."""
    return con.sql("SELECT sum(twice) AS total FROM marts.doubled").pl()


def test_a_computed_table_is_described_by_its_docstring_and_versioned_by_its_module() -> None:
    assert (doubled.name, doubled.description) == ("marts.doubled", "Every number, doubled.")
    assert doubled.dependencies == ("core.numbers",)
    assert doubled.sha256 == sums.sha256 and len(doubled.sha256) == 64


def test_a_computed_table_comes_after_the_tables_it_reads() -> None:
    assert [table.name for table in in_order([sums, doubled], ["core.numbers"])] == ["marts.doubled", "marts.sums"]


def test_a_computed_table_replaces_the_one_before_it() -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA core")
    con.execute("CREATE TABLE core.numbers AS SELECT unnest([1, 2]) AS n")
    assert run_computed(con, doubled) == 2
    assert run_computed(con, doubled) == 2
    assert run_computed(con, sums) == 1
    assert con.execute("SELECT total FROM marts.sums").fetchall() == [(6,)]


def test_a_computed_table_without_a_description_is_refused() -> None:
    def nameless(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        return pl.DataFrame()

    with pytest.raises(ValueError, match=r"marts\.x: a computed table needs"):
        computed("marts.x", reads=())(nameless)
