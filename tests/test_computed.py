"""Tables made by functions: version, place in the order, and what they write."""

from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.computed import computed, imported_files, run_computed
from pipelines.figures import TABLES
from pipelines.lineage import definition_sha256
from pipelines.paths import ROOT
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


def test_the_version_of_a_computed_table_takes_in_the_formulas_that_its_module_imports(tmp_path: Path) -> None:
    for name, text in {
        "scores.py": "from pipelines.shares import part\n",
        "shares.py": "import pipelines.statistics.means\n",
        "statistics/__init__.py": "",
        "statistics/means.py": "",
        "statistics/ranks.py": "",
        "computed.py": "",
        "unused.py": "",
    }.items():
        path = tmp_path / "pipelines" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    module = "import polars\nfrom pipelines.computed import computed\n\ndef f() -> None:\n    from pipelines import other\n    from pipelines.scores import s\n"
    found = [str(path.relative_to(tmp_path / "pipelines")) for path in imported_files(module, tmp_path)]
    assert found == ["scores.py", "shares.py", "statistics/means.py", "statistics/ranks.py"]


def test_another_formula_of_the_statistics_is_another_version_of_the_tables_that_use_them() -> None:
    made = {table.name: table for table in TABLES}
    ranks = (ROOT / "pipelines/statistics/ranks.py").read_text(encoding="utf-8")
    rectified = (ROOT / "pipelines/rectification.py").read_text(encoding="utf-8")
    using = {name for name, table in made.items() if ranks in table.formulas}
    assert {"marts.comparisons", "marts.changes", "marts.control_limits"} <= using
    assert "core.area_shares" not in using and made["core.area_shares"].formulas == ()
    assert rectified in made["marts.rectification"].formulas
    # the figures behind an edition name what changed by these digests
    changed = replace(made["marts.comparisons"], formulas=("half = 0.5",))
    assert definition_sha256(changed) != definition_sha256(made["marts.comparisons"])
