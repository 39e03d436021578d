"""The SQL files keep their promises: one select, described, ordered by what they read, portable, plannable."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from landing import CONTRACTS, LEDGERS, ROOT, build, empty_warehouse

from pipelines.gathered import GATHERINGS, gather
from pipelines.sql_files import (
    SqlFile,
    SqlFileError,
    check_portable,
    dependencies_of,
    description_of,
    in_order,
    output_columns,
    parse_select,
    read_sql_files,
    run_file,
    sha256_of,
)
from pipelines.tables import read_tables

FILES = gather(read_sql_files(ROOT / "sql"))
REFERENCE = {
    f"reference.{table}"
    for table in (
        *("city", "calendar", "as_of", "indicators", "indicator_grains", "standards", "service_standards"),
        *("weights", "grades", "vetoes", "rectification_rules", "rectification_before", "area_shapes"),
    )
}
SOURCES = {f"landing.{table}" for table in (*CONTRACTS, *LEDGERS)} | REFERENCE


def write(root: Path, **files: str) -> list[SqlFile]:
    for name, text in files.items():
        schema, _, table = name.partition("__")
        (root / schema).mkdir(exist_ok=True)
        (root / schema / f"{table}.sql").write_text(text, encoding="utf-8")
    return read_sql_files(root)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_one_portable_select_with_a_description(file: SqlFile) -> None:
    parse_select(file.text)
    assert file.description.endswith(".") and len(file.description) > 20
    assert check_portable(file.text) == []


def test_every_table_reads_only_tables_that_exist_before_it() -> None:
    seen = set(SOURCES)
    for table in in_order(read_tables(ROOT / "sql"), SOURCES):
        assert set(table.dependencies) <= seen
        seen.add(table.name)


def test_layers_read_downwards_only() -> None:
    below_cube = {"landing", "reference", "core"}
    allowed = {
        "core": below_cube,
        "stocks": below_cube | {"cube"},
        "flows": below_cube,
        "cube": below_cube | {"cube", "stocks", "flows", "cells"},
        "cells": {"cube"},
        "lists": below_cube | {"cube", "marts"},
        "marts": below_cube | {"cube", "lists"},
    }
    for table in read_tables(ROOT / "sql"):
        schemas = {dependency.partition(".")[0] for dependency in table.dependencies}
        assert schemas <= allowed[table.schema] | {table.schema}, table.name


def test_parts_of_a_gathered_table_are_read_through_it_alone() -> None:
    for table in read_tables(ROOT / "sql"):
        for gathering in GATHERINGS:
            parts = [name for name in table.dependencies if name.startswith(f"{gathering.schema}.")]
            assert not parts or table.name == f"cube.{gathering.schema}"


def test_a_part_leaves_out_what_has_a_default(tmp_path: Path) -> None:
    files = write(
        tmp_path,
        stocks__a="-- One.\nSELECT 'A01' AS indicator_id, DATE '2026-01-01' AS stock_on, 'K' AS area_code, 3 AS numerator",
        stocks__b="-- Two.\nSELECT 5 AS numerator, 'L' AS area_code, DATE '2026-01-02' AS stock_on, 'A02' AS indicator_id",
    )
    con = duckdb.connect()
    for file in in_order(gather(files)):
        run_file(con, file)
    rows = con.execute(
        "SELECT indicator_id, area_code, dimension, member, scope, numerator, denominator FROM cube.stocks"
    )
    assert rows.fetchall() == [
        ("A01", "K", "all", "all", "every", 3, None),
        ("A02", "L", "all", "all", "every", 5, None),
    ]


def test_a_part_with_a_column_too_many_or_too_few_is_named(tmp_path: Path) -> None:
    files = write(tmp_path, flows__a="-- One.\nSELECT 'A01' AS indicator_id, 'K' AS area_code, 3 AS numerator")
    with pytest.raises(SqlFileError, match=r"flows\.a: column day of cube\.flows is missing"):
        gather(files)
    text = "SELECT 'A01' AS indicator_id, DATE '2026-01-01' AS day, 'K' AS area_code, 3 AS numerator, 1 AS extra"
    with pytest.raises(SqlFileError, match=r"flows\.a: extra is no column of cube\.flows"):
        gather(write(tmp_path, flows__a=f"-- One.\n{text}"))
    with pytest.raises(SqlFileError, match="every column has a name of its own"):
        output_columns("SELECT * FROM core.x")


def test_every_select_can_be_planned_on_an_empty_warehouse() -> None:
    con = empty_warehouse()
    build(con, {}, wanted=None)
    for file in FILES:
        con.execute(f"EXPLAIN {file.text}").fetchall()


def test_a_file_replaces_its_table_and_says_how_many_rows_it_has(tmp_path: Path) -> None:
    (file,) = write(tmp_path, core__numbers="-- Two numbers, one a row.\nSELECT 1 AS n UNION ALL SELECT 2 AS n\n")
    con = duckdb.connect()
    assert run_file(con, file) == 2
    assert run_file(con, file) == 2
    assert con.execute("SELECT sum(n) FROM core.numbers").fetchall() == [(3,)]


def test_dependencies_are_the_tables_that_have_a_schema() -> None:
    text = """
        WITH a AS (SELECT * FROM core.x)
        SELECT * FROM a ANTI JOIN landing.y AS y ON y.k = a.k WHERE a.k IN (SELECT k FROM cube.z)
    """
    assert dependencies_of(text) == ("core.x", "cube.z", "landing.y")


def test_the_first_comment_is_the_description() -> None:
    assert description_of("-- One row\n-- per day.\nSELECT 1 -- not this\n") == "One row per day."
    assert description_of("SELECT 1 -- not this\n") == ""


def test_a_cycle_is_named(tmp_path: Path) -> None:
    files = write(tmp_path, core__a="-- Reads b.\nSELECT * FROM core.b", core__b="-- Reads a.\nSELECT * FROM core.a")
    with pytest.raises(SqlFileError, match=r"cycle: core\.a → core\.b → core\.a"):
        in_order(files)


def test_an_unknown_table_is_named_with_its_reader(tmp_path: Path) -> None:
    files = write(tmp_path, core__a="-- Reads what nobody makes.\nSELECT * FROM core.nothing")
    with pytest.raises(SqlFileError, match=r"core\.a reads core\.nothing"):
        in_order(files)
    files = write(tmp_path, core__a="-- Reads what no source holds.\nSELECT * FROM landing.nothing")
    assert [file.name for file in in_order(files)] == ["core.a"]
    with pytest.raises(SqlFileError, match=r"core\.a reads landing\.nothing"):
        in_order(files, SOURCES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "must be a comment"),
        ("-- Two.\nSELECT 1; SELECT 2", "exactly one select"),
        ("-- A statement.\nDROP TABLE core.a", "exactly one select"),
        ("-- Broken.\nSELECT (", "does not parse"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SqlFileError, match=rf"core/bad\.sql: .*{message}"):
        write(tmp_path, core__bad=text)


def test_the_digest_changes_with_any_file(tmp_path: Path) -> None:
    before = write(tmp_path, core__a="-- One.\nSELECT 1 AS x", core__b="-- Two.\nSELECT 2 AS x")
    assert sha256_of(before) == sha256_of(before[::-1])
    after = write(tmp_path, core__b="-- Two.\nSELECT 3 AS x")
    assert sha256_of(before) != sha256_of(after)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("SELECT a AT TIME ZONE 'UTC' AS x FROM core.t", "R1"),
        ("SELECT now() AS x", "R1"),
        ("SELECT current_date AS x", "R1"),
        ("SELECT CAST(a AS TIMESTAMPTZ) AS x FROM core.t", "R1"),
        ("SELECT date_diff('hour', a, b) AS x FROM core.t", "R2"),
        ("SELECT date_diff('day', a, b) AS x FROM core.t", "R2"),
        ("SELECT date_sub('day', a, b) AS x FROM core.t", "R2"),
        ("SELECT dayofweek(a) AS x FROM core.t", "R3"),
        ("SELECT extract('week' FROM a) AS x FROM core.t", "R3"),
        ("SELECT date_trunc('week', a) AS x FROM core.t", "R3"),
        ("SELECT a / b AS x FROM core.t", "R4"),
        ("SELECT CAST(a AS DOUBLE) / b AS x FROM core.t", "R4"),
        ("SELECT a // b AS x FROM core.t", "R4"),
        ("SELECT CAST(a AS INTEGER) AS x FROM core.t", "R4"),
        ("SELECT quantile_cont(a, [0.5, 0.9]) AS x FROM core.t", "R5"),
        ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a NULLS LAST) AS x FROM core.t", "R5"),
        ("SELECT median(a) AS x FROM core.t", "R5"),
        ("SELECT approx_quantile(a, 0.5) AS x FROM core.t", "R5"),
        ("SELECT approx_count_distinct(a) AS x FROM core.t", "R5"),
        ("SELECT mode(a) AS x FROM core.t", "R5"),
        ("SELECT first(a) AS x FROM core.t", "R5"),
        ("SELECT list(a) AS x FROM core.t", "R5"),
        ("SELECT a FROM core.t ORDER BY a", "R6"),
        ("SELECT sum(a) OVER (ORDER BY b) AS x FROM core.t ORDER BY a NULLS LAST", "R6"),
        ("SELECT t.a FROM core.t AS t ASOF JOIN core.u AS u ON u.k = t.k AND t.d >= u.d", "R7"),
        ("SELECT * EXCLUDE (a) FROM core.t", "R7"),
        ("SELECT * REPLACE (1 AS a) FROM core.t", "R7"),
        ("SELECT a, count(*) AS n FROM core.t GROUP BY ALL", "R7"),
        ("SELECT a FROM core.t QUALIFY row_number() OVER (ORDER BY a NULLS LAST) = 1", "R7"),
        ("SELECT a[1:2] AS x FROM core.t", "R7"),
        ("SELECT time_bucket(INTERVAL 1 DAY, a) AS x FROM core.t", "R7"),
        ("SELECT a FROM read_csv('a.csv')", "R7"),
        ("SELECT a FROM query('select 1')", "R7"),
        ("SELECT len(a) AS x FROM core.t", "R8"),
        ("SELECT concat(a, b) AS x FROM core.t", "R9"),
        ("SELECT a, count(*) AS n FROM core.t GROUP BY GROUPING SETS ((a), ())", "R10"),
        ("SELECT a, count(*) AS n FROM core.t GROUP BY ROLLUP (a)", "R10"),
        ("SELECT a FROM t", "NAME"),
        ("SELECT a FROM core.t t", "NAME"),
        ("SELECT a x FROM core.t", "NAME"),
        ("SELECT a::DATE AS x FROM core.t", "NAME"),
    ],
)
def test_what_leaves_the_portable_subset_is_named_by_its_rule(text: str, rule: str) -> None:
    findings = check_portable(text)
    assert any(finding.startswith(f"{rule}:") for finding in findings), findings


@pytest.mark.parametrize(
    "text",
    [
        "SELECT date_diff('second', a, b) AS x FROM core.t",
        "SELECT date_diff('day', CAST(a AS DATE), CAST(b AS DATE)) AS x FROM core.t",
        "SELECT CAST(a AS DOUBLE) / nullif(b, 0) AS x FROM core.t",
        "SELECT CAST(a AS DOUBLE) / 3600 AS x FROM core.t",
        "SELECT CAST(sum(a) AS BIGINT) AS x FROM core.t",
        "SELECT quantile_cont(a, 0.5) AS x FROM core.t",
        "SELECT a || CAST(b AS VARCHAR) AS x FROM core.t",
        "SELECT a FROM core.t WHERE d < DATE '2026-01-01' ORDER BY a NULLS LAST",
        "WITH t AS (SELECT 1 AS a) SELECT a FROM t",
    ],
)
def test_what_stays_inside_the_portable_subset_passes(text: str) -> None:
    assert check_portable(text) == []
