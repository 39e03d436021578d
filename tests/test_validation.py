"""Contract rules on staged rows: counts, failing rows, the caller's transaction, and what the results may show."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.data_docs import build_data_docs
from pipelines.contracts.model import Contract, ContractError, load_contract, load_contracts
from pipelines.contracts.validation import (
    BAD_ROWS,
    ValidationError,
    ValidationMismatch,
    Verdict,
    bind,
    check_columns,
    validate,
)
from pipelines.paths import ROOT

NOW, TODAY = datetime(2026, 11, 20, 4, 0, tzinfo=UTC), date(2026, 11, 20)
TABLE = "staging.samples"
IDENTITY = "440300198807011232"


def column(name: str, logical: str, physical: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "businessName": f"{name}列", "logicalType": logical, "physicalType": physical, **more}


def rule(rule_id: str, predicate: str, severity: str = "error") -> dict[str, Any]:
    return {
        "id": rule_id,
        "name": f"{rule_id} < & $1",
        "description": rule_id,
        "type": "sql",
        "mustBe": 0,
        "query": f"SELECT COUNT(*) FROM ${{object}} WHERE {predicate}",
        "dimension": "consistency",
        "severity": severity,
        "customProperties": [{"property": "rowPredicate", "value": predicate}],
    }


SAMPLES: dict[str, Any] = {
    "apiVersion": "v3.2.0",
    "kind": "DataContract",
    "id": "samples",
    "name": "Samples",
    "version": "1.0.0",
    "status": "active",
    "schema": [
        {
            "name": "samples",
            "properties": [
                column("sample_id", "string", "VARCHAR", primaryKey=True, primaryKeyPosition=1, required=True),
                column("part", "integer", "BIGINT", primaryKey=True, primaryKeyPosition=2),
                column("kind", "string", "VARCHAR", enum=[{"value": "a"}, {"value": "it's"}]),
                column("code", "string", "VARCHAR", logicalTypeOptions={"pattern": "^[0-9A-Z]{2,4}:%x?$"}),
                column("amount", "number", "DECIMAL(18,2)", logicalTypeOptions={"minimum": 0, "maximum": 100.5}),
                column("ratio", "number", "DOUBLE", logicalTypeOptions={"maximum": 1}),
                column("done", "boolean", "BOOLEAN"),
                column(
                    "held_on",
                    "date",
                    "DATE",
                    logicalTypeOptions={"minimum": "2000-01-01", "maximum": "2030-12-31"},
                    customProperties=[{"property": "notAfterNow", "value": True}],
                ),
                column(
                    "seen_at",
                    "timestamp",
                    "TIMESTAMP",
                    logicalTypeOptions={"minimum": "2000-01-01"},
                    customProperties=[{"property": "notAfterNow", "value": True}],
                ),
                column(
                    "birth_date",
                    "date",
                    "INTEGER",
                    physicalName="birth_year",
                    logicalTypeOptions={"minimum": "1900-01-01"},
                    customProperties=[{"property": "personalData", "value": "birth_year"}],
                ),
            ],
            "quality": [
                {"id": "rows_present", "name": "has rows", "metric": "rowCount", "mustBeGreaterThan": 0},
                rule("done_needs_day", "done AND held_on IS NULL"),
                rule("odd_text", "code LIKE '%:%!%' OR regexp_matches(code, 'z{2}| :y')"),
                rule("late_today", "seen_at::DATE = ${today} AND seen_at > ${now}", severity="warning"),
            ],
        }
    ],
}


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    path = tmp_path_factory.mktemp("contracts") / "samples.odcs.yaml"
    path.write_text(yaml.safe_dump(SAMPLES, allow_unicode=True), encoding="utf-8")
    return load_contract(path)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def stage(con: duckdb.DuckDBPyConnection, contract: Contract, rows: list[dict[str, Any]], table: str = TABLE) -> None:
    """Make the staging table and number the rows from 1."""
    con.execute("CREATE SCHEMA IF NOT EXISTS staging")
    extra = [("_row_id", "BIGINT"), ("_source_row", "BIGINT"), ("_unreadable", "VARCHAR")]
    columns = ", ".join(f"{name} {kind}" for name, kind in [*contract.landing_schema(), *extra])
    con.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
    for number, row in enumerate(rows, start=1):
        full = {"_delivery_id": "d1", "_unreadable": "", **row, "_row_id": number, "_source_row": number + 1}
        names = ", ".join(full)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(full))})", list(full.values()))


def check(con: duckdb.DuckDBPyConnection, contract: Contract, table: str = TABLE) -> Verdict:
    return validate(con, contract, table, now=NOW, today=TODAY)


def failing(con: duckdb.DuckDBPyConnection) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for rule_id, row_id in con.execute(f"FROM {BAD_ROWS} ORDER BY ALL").fetchall():
        found.setdefault(rule_id, []).append(row_id)
    return found


def failed(verdict: Verdict) -> dict[str, int]:
    return {r.rule.id: r.failed for r in verdict.results if not r.passed}


GOOD = {
    "sample_id": "s0",
    "part": 1,
    "kind": "a",
    "code": "AB:%",
    "amount": "100.50",
    "ratio": 1,
    "done": True,
    "held_on": "2026-11-20",
    "seen_at": "2026-11-20 04:05:00",
    "birth_year": 1900,
}

#: column changes of one row against GOOD → rules it breaks
CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"sample_id": None}, {"sample_id.required"}),
    ({"_unreadable": " part seen_at ", "part": None, "seen_at": None}, {"part.readable", "seen_at.readable"}),
    ({"_unreadable": " birth_date ", "birth_year": None}, {"birth_date.readable"}),
    ({"kind": "b"}, {"kind.allowed"}),
    ({"kind": "A"}, {"kind.allowed"}),
    ({"kind": ""}, {"kind.allowed"}),
    ({"kind": "it's"}, set()),
    ({"code": "xAB:%"}, {"code.format"}),
    ({"code": "ABCDE:%x"}, {"code.format"}),
    ({"code": ""}, {"code.format"}),
    ({"code": "AB:%!"}, {"code.format", "odd_text"}),
    ({"code": "zz"}, {"code.format", "odd_text"}),
    ({"code": " :y"}, {"code.format", "odd_text"}),
    ({"amount": "-0.01"}, {"amount.range"}),
    ({"amount": "100.51"}, {"amount.range"}),
    ({"amount": "9.90"}, set()),
    ({"ratio": 1.0000001}, {"ratio.range"}),
    ({"ratio": float("nan")}, {"ratio.range"}),
    ({"ratio": float("-inf")}, set()),
    ({"held_on": "1999-12-31"}, {"held_on.range"}),
    ({"held_on": "2031-01-01"}, {"held_on.range", "held_on.not_in_future"}),
    ({"held_on": "2026-11-21"}, {"held_on.not_in_future"}),
    ({"held_on": None}, {"done_needs_day"}),
    ({"held_on": None, "done": None}, set()),
    ({"seen_at": "1999-12-31 23:59:59"}, {"seen_at.range"}),
    ({"seen_at": "2026-11-20 04:05:00.001"}, {"seen_at.not_in_future", "late_today"}),
    ({"seen_at": "2026-11-20 04:00:00"}, set()),
    ({"birth_year": 1899}, {"birth_date.range"}),
    ({name: None for name in GOOD if name != "sample_id"}, set()),
]


def test_each_kind_of_rule_finds_exactly_its_bad_rows(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    base = {**GOOD, "seen_at": "2026-11-19 04:00:00"}
    rows = [{**base, "sample_id": f"s{i}", **change} for i, (change, _) in enumerate(CASES)]
    stage(con, samples, rows)
    expected: dict[str, list[int]] = {}
    for number, (_, broken) in enumerate(CASES, start=1):
        for rule_id in broken:
            expected.setdefault(rule_id, []).append(number)
    verdict = check(con, samples)
    assert failing(con) == expected
    assert failed(verdict) == {rule_id: len(numbers) for rule_id, numbers in expected.items()}
    assert [r.rule for r in verdict.results] == list(samples.rules)
    assert {r.checked for r in verdict.results} == {len(rows)}
    assert not verdict.passed
    assert verdict.suite_result["statistics"]["unsuccessful_expectations"] == len(expected)


def test_a_table_of_good_rows_passes_every_rule(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    stage(con, samples, [{**GOOD, "seen_at": "2026-11-19"}])
    verdict = check(con, samples)
    assert failed(verdict) == {} and failing(con) == {}
    assert verdict.passed and verdict.suite_result["success"] is True


def test_a_warning_leaves_the_verdict_passed(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    stage(con, samples, [{**GOOD, "seen_at": "2026-11-20 04:01:00"}])
    verdict = check(con, samples)
    assert failed(verdict) == {"late_today": 1}
    assert verdict.passed


def test_a_key_counts_within_its_delivery_and_a_missing_part_of_a_key_is_no_duplicate(
    con: duckdb.DuckDBPyConnection, samples: Contract
) -> None:
    keys = [
        ("d1", "x", 1),
        ("d1", "x", 1),
        ("d1", "x", 1),
        ("d2", "x", 1),
        ("d1", "x", 2),
        ("d1", "y", None),
        ("d1", "y", None),
        ("d1", None, 3),
        ("d1", None, 3),
        ("d1", "y", 4),
    ]
    stage(con, samples, [{"_delivery_id": d, "sample_id": s, "part": p} for d, s, p in keys])
    verdict = check(con, samples)
    assert failing(con) == {"key.unique": [1, 2, 3], "sample_id.required": [8, 9]}
    assert failed(verdict) == {"key.unique": 3, "sample_id.required": 2}


def test_an_empty_table_fails_the_row_count_and_nothing_else(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    stage(con, samples, [])
    verdict = check(con, samples)
    assert failed(verdict) == {"rows_present": 1}
    assert failing(con) == {}
    assert {r.checked for r in verdict.results} == {0}


def test_a_temporary_table_can_be_checked(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    stage(con, samples, [{**GOOD, "kind": "b"}])
    con.execute("BEGIN")
    con.execute(f"CREATE TEMP TABLE waiting AS FROM {TABLE}")
    assert "kind.allowed" in failed(check(con, samples, "waiting"))
    con.execute("ROLLBACK")


def test_the_transaction_of_the_caller_survives_and_can_be_rolled_back(tmp_path: Path, samples: Contract) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        stage(con, samples, [GOOD])
        con.execute("BEGIN")
        con.execute(f"INSERT INTO {TABLE} (_row_id, sample_id, _unreadable) VALUES (2, NULL, '')")
        con.execute("CREATE TABLE staging.mark AS SELECT 1 AS n")
        assert failing_after(con, samples)["sample_id.required"] == [2]
        con.execute("ROLLBACK")
        assert con.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchall() == [(1,)]
        tables = con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert tables == [("samples",)]
        with pytest.raises(duckdb.TransactionException):
            con.execute("ROLLBACK")
    with duckdb.connect(str(path), read_only=True) as con:
        assert con.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("samples",)]


def failing_after(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, list[int]]:
    check(con, contract)
    return failing(con)


def test_a_second_validation_on_the_same_connection_starts_anew(
    con: duckdb.DuckDBPyConnection, samples: Contract
) -> None:
    stage(con, samples, [{**GOOD, "kind": "b", "seen_at": None}])
    assert failing_after(con, samples) == {"kind.allowed": [1]}
    con.execute(f"UPDATE {TABLE} SET kind = 'a', amount = -1")
    assert failing_after(con, samples) == {"amount.range": [1]}


def test_no_value_of_a_failing_row_reaches_the_results_or_the_pages(
    con: duckdb.DuckDBPyConnection, samples: Contract, tmp_path: Path
) -> None:
    bad = {"sample_id": IDENTITY, "part": int(IDENTITY), "kind": IDENTITY, "code": IDENTITY, "birth_year": 440300}
    stage(con, samples, [bad, bad, {**bad, "sample_id": None, "done": True, "code": f"{IDENTITY}:!"}])
    verdict = check(con, samples)
    assert len(failed(verdict)) >= 5
    assert IDENTITY not in json.dumps(verdict.suite_result, ensure_ascii=False)
    build_data_docs(tmp_path, {"samples": verdict.suite_result}, title="Checks")
    for page in tmp_path.rglob("*"):
        assert not page.is_file() or IDENTITY not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "predicate",
    [
        "no_such_column > 1",
        "part >",
        "CAST(code AS BIGINT) > 1",
    ],
)
def test_a_rule_that_cannot_run_is_an_error_and_says_no_value(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, predicate: str
) -> None:
    changed = {**SAMPLES, "schema": [{**SAMPLES["schema"][0], "quality": [rule("broken", predicate)]}]}
    path = tmp_path / "samples.odcs.yaml"
    path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    contract = load_contract(path)
    stage(con, contract, [{**GOOD, "code": f"X{IDENTITY}"}])
    with pytest.raises(ValidationError, match=r"rule broken could not be checked \(\w+Exception\)") as caught:
        check(con, contract)
    assert IDENTITY not in repr(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_predicate_that_disagrees_with_its_expectation_stops_the_load(
    con: duckdb.DuckDBPyConnection, samples: Contract
) -> None:
    stage(con, samples, [{**GOOD, "kind": "b"}, {**GOOD, "kind": "c", "part": 2}])
    rules = tuple(replace(r, predicate="kind = 'b'") if r.id == "kind.allowed" else r for r in samples.rules)
    with pytest.raises(ValidationMismatch, match=r"kind\.allowed: 1 rows by its predicate, 2 by its expectation"):
        check(con, replace(samples, rules=rules))


@pytest.mark.parametrize(
    ("name", "kind"), [("amount", "DECIMAL(18,3)"), ("held_on", "VARCHAR"), ("_row_id", "INTEGER")]
)
def test_a_column_of_another_type_is_an_error(
    con: duckdb.DuckDBPyConnection, samples: Contract, name: str, kind: str
) -> None:
    stage(con, samples, [])
    con.execute(f"ALTER TABLE {TABLE} ALTER {name} TYPE {kind}")
    with pytest.raises(ValidationError, match=re.escape(f"{name} is {kind} instead of")):
        check_columns(con, samples, TABLE)


def test_a_missing_column_is_an_error(con: duckdb.DuckDBPyConnection, samples: Contract) -> None:
    stage(con, samples, [])
    con.execute(f"ALTER TABLE {TABLE} DROP ratio")
    with pytest.raises(ValidationError, match="ratio is missing instead of DOUBLE"):
        check(con, samples)


def test_placeholders_become_literals() -> None:
    shanghai = datetime(2026, 11, 20, 12, 30, 0, 500, tzinfo=timezone(timedelta(hours=8)))
    text = "a > ${now} + INTERVAL 5 MINUTE OR b > ${today} OR c IN (SELECT c FROM ${object})"
    assert bind(text, table="staging.x", now=shanghai, today=TODAY) == (
        "a > TIMESTAMP '2026-11-20 04:30:00.000500' + INTERVAL 5 MINUTE OR b > DATE '2026-11-20'"
        " OR c IN (SELECT c FROM staging.x)"
    )


def test_an_unknown_placeholder_a_naive_moment_and_a_strange_table_are_refused() -> None:
    with pytest.raises(ContractError, match=r"\$\{city\} is not supported"):
        bind("a = ${city}", table="x", now=NOW, today=TODAY)
    with pytest.raises(ValueError, match="time zone"):
        bind("a", table="x", now=NOW.replace(tzinfo=None), today=TODAY)
    with pytest.raises(ValueError, match="not a table name"):
        bind("a", table="x; DROP TABLE y", now=NOW, today=TODAY)


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_every_real_contract_runs_on_a_row_that_has_nothing_but_its_number(
    con: duckdb.DuckDBPyConnection, contract: Contract
) -> None:
    stage(con, contract, [{}], f"staging.{contract.dataset}")
    con.execute("BEGIN")
    verdict = check(con, contract, f"staging.{contract.dataset}")
    alternatives = {r.id for r in contract.rules if r.kind == "row_predicate" and r.dimension == "completeness"}
    expected = {r.id for r in contract.rules if r.kind == "required"} | alternatives
    assert set(failed(verdict)) == set(failing(con)) == expected
    assert json.loads(json.dumps(verdict.suite_result)) == verdict.suite_result
    con.execute("ROLLBACK")


#: Instants are staged as naive UTC timestamps.
NAIVE = (datetime.fromisoformat("1999-12-31"), datetime.fromisoformat("2026-11-21"))
VALUES = {
    "sample_id": st.sampled_from([None, "", "a", "b", "c"]),
    "part": st.sampled_from([None, 0, 1]),
    "kind": st.sampled_from([None, "", "a", "A", "it's", "b"]),
    "code": st.one_of(
        st.none(),
        st.sampled_from(["AB:%", "zz", "A:%!", "ABCD:%x\n", "％"]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
    ),
    "amount": st.one_of(st.none(), st.decimals(-1, 101, places=2, allow_nan=False)),
    "ratio": st.one_of(st.none(), st.floats(-2, 2), st.sampled_from([float("nan"), float("inf"), 1.0])),
    "done": st.sampled_from([None, True, False]),
    "held_on": st.one_of(st.none(), st.dates(date(1999, 12, 30), date(2031, 1, 2)), st.just(TODAY)),
    "seen_at": st.one_of(st.none(), st.datetimes(*NAIVE)),
    "birth_year": st.one_of(st.none(), st.integers(1898, 1902)),
    "_unreadable": st.sampled_from(["", " part ", " done held_on ", " apart "]),
    "_delivery_id": st.sampled_from(["d1", "d2"]),
}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries(VALUES), max_size=12))
def test_great_expectations_counts_what_the_predicates_count(
    con: duckdb.DuckDBPyConnection, samples: Contract, rows: list[dict[str, Any]]
) -> None:
    stage(con, samples, rows)
    verdict = check(con, samples)
    for result in verdict.results:
        if result.rule.predicate:
            sql = bind(result.rule.predicate, table=TABLE, now=NOW, today=TODAY)
            counted = con.execute(f"SELECT COUNT(*) FROM {TABLE} WHERE {sql}").fetchall()[0][0]
            assert result.failed == counted, result.rule.id


def test_the_compiler_can_be_imported_without_great_expectations() -> None:
    modules = "pipelines.contracts.validation, pipelines.contracts.data_docs"
    code = f"import sys, {modules}; print('great_expectations' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.fixture(scope="session")
def docs(samples: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two results: a failed one and a passed one."""
    folder = tmp_path_factory.mktemp("docs")
    with duckdb.connect() as con:
        stage(con, samples, [{**GOOD, "kind": "b"}])
        bad = check(con, samples).suite_result
        stage(con, samples, [{**GOOD, "seen_at": None}])
        good = check(con, samples).suite_result
    good = {**good, "suite_name": "better"}
    build_data_docs(folder, json.loads(json.dumps({"samples": bad, "better": good})), title="校验 <Checks>")
    return folder


def test_the_pages_ask_no_host_for_anything(docs: Path) -> None:
    pages = [path for path in docs.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(docs)) for path in pages) == [
        "expectations/better.html",
        "expectations/samples.html",
        "index.html",
        "validations/better.html",
        "validations/samples.html",
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(src|href|action|srcset)\s*=\s*[\"']?\s*(\w+:)?//", text, re.IGNORECASE), page
        assert not re.search(r"<(script|link|img|iframe|object|embed|base)\b|url\(|@import", text, re.IGNORECASE), page
        assert "http://" not in text and "https://" not in text, page
        assert "default-src 'none'" in text


def test_every_link_of_the_pages_leads_to_a_page(docs: Path) -> None:
    for page in docs.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'href="([^"#]+)"', text):
            assert (page.parent / link).is_file(), (page, link)
        for anchor in re.findall(r'href="#([^"]+)"', text):
            assert f'id="{anchor}"' in text, (page, anchor)


def test_the_pages_show_what_passed_what_failed_and_every_rule_by_name(docs: Path, samples: Contract) -> None:
    index = (docs / "index.html").read_text(encoding="utf-8")
    assert "校验 &lt;Checks&gt;" in index and "<Checks>" not in index
    assert index.count("fa-times text-danger") == 1 and index.count("fa-check-circle text-success") == 1
    assert "2026-11-20 04:00 UTC" in index
    for folder in ("validations", "expectations"):
        page = html.unescape((docs / folder / "samples.html").read_text(encoding="utf-8"))
        for item in samples.rules:
            assert f"{item.name_zh} · {item.name_en}" in page, (folder, item.id)


def test_the_same_results_give_the_same_pages_and_old_pages_go(
    docs: Path, con: duckdb.DuckDBPyConnection, samples: Contract, tmp_path: Path
) -> None:
    stage(con, samples, [{**GOOD, "kind": "b"}])
    first = check(con, samples).suite_result
    assert check(con, samples).suite_result == first
    build_data_docs(tmp_path, {"samples": first, "gone": {**first, "suite_name": "gone"}}, title="校验 <Checks>")
    build_data_docs(tmp_path, {"samples": first}, title="校验 <Checks>")
    assert not list(tmp_path.rglob("gone.html"))
    for part in ("validations", "expectations"):
        assert (tmp_path / part / "samples.html").read_bytes() == (docs / part / "samples.html").read_bytes()


def test_data_docs_without_any_result_are_an_empty_index(tmp_path: Path) -> None:
    assert (
        build_data_docs(tmp_path / "new", {}, title="Checks").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    )


def test_validation_writes_no_files(
    con: duckdb.DuckDBPyConnection, samples: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    stage(con, samples, [GOOD])
    check(con, samples)
    assert list(tmp_path.rglob("*")) == []
