"""The contract files: what is accepted, what is refused, and that every rule of them compiles."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
import yaml

from pipelines.contracts.model import (
    Contract,
    ContractError,
    RuleKind,
    load_contract,
    load_contracts,
    schema_errors,
)
from pipelines.contracts.validation import COMPILERS, expectation
from pipelines.paths import CONTRACTS

NOW, TODAY = datetime(2026, 11, 20, 4, 0, tzinfo=UTC), date(2026, 11, 20)
FILES = sorted(CONTRACTS.glob("*.odcs.yaml"))


def document(name: str = "facilities") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONTRACTS / f"{name}.odcs.yaml").read_text(encoding="utf-8"))
    return loaded


def written(tmp_path: Path, changed: dict[str, Any]) -> Path:
    path = tmp_path / "changed.odcs.yaml"
    path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    return path


def test_there_are_twelve_contracts_and_each_is_named_after_its_file() -> None:
    contracts = load_contracts()
    assert sorted(contracts) == sorted(path.name.removesuffix(".odcs.yaml") for path in FILES)
    assert len(contracts) == 12


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_contract_passes_the_schema_of_the_open_data_contract_standard(path: Path) -> None:
    assert schema_errors(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_every_spelling_of_a_header_means_one_column(contract: Contract) -> None:
    owners: dict[str, set[str]] = {}
    for column in contract.columns:
        for spelling in (column.name, column.label_zh, *column.synonyms):
            owners.setdefault(" ".join(spelling.casefold().replace("_", " ").split()), set()).add(column.name)
    assert {spelling: names for spelling, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_every_spelling_of_a_value_means_one_value(contract: Contract) -> None:
    for column in contract.columns:
        owners: dict[str, set[str]] = {}
        for value, spellings in column.allowed.items():
            for spelling in (value, *spellings):
                owners.setdefault(spelling.casefold(), set()).add(value)
        assert {spelling: values for spelling, values in owners.items() if len(values) > 1} == {}, column.name


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_the_rules_of_a_contract_have_distinct_names(contract: Contract) -> None:
    ids = [rule.id for rule in contract.rules]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_the_written_query_of_a_rule_counts_the_rows_of_its_predicate(contract: Contract) -> None:
    for item in document(contract.dataset)["schema"][0].get("quality", []):
        if item.get("type") == "sql":
            predicate = next(p["value"] for p in item["customProperties"] if p["property"] == "rowPredicate")
            assert item["query"] == f"SELECT COUNT(*) FROM ${{object}} WHERE {predicate}"


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.dataset)
def test_a_contract_refers_to_columns_that_exist(contract: Contract) -> None:
    contracts = load_contracts()
    for column in contract.columns:
        if column.references:
            dataset, name = column.references
            assert name in {c.name for c in contracts[dataset].columns}
    for name in contract.as_of_columns:
        assert contract.column(name)


def test_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    changed = document()
    changed["schema"][0]["properties"][0]["requierd"] = True
    with pytest.raises(ContractError, match=r"changed\.odcs\.yaml breaks the Open Data Contract Standard.*requierd"):
        load_contract(written(tmp_path, changed))


def test_an_unsupported_quality_rule_is_refused(tmp_path: Path) -> None:
    changed = document()
    changed["schema"][0]["quality"].append(
        {"id": "few_nulls", "metric": "nullValues", "mustBeLessThan": 5, "dimension": "completeness"}
    )
    with pytest.raises(ContractError, match="few_nulls is not supported"):
        load_contract(written(tmp_path, changed))


def test_a_quality_rule_that_allows_some_bad_rows_is_refused(tmp_path: Path) -> None:
    changed = document()
    rule = next(item for item in changed["schema"][0]["quality"] if item.get("type") == "sql")
    rule["mustBe"] = 3
    with pytest.raises(ContractError, match=f"{rule['id']} is not supported"):
        load_contract(written(tmp_path, changed))


def test_an_sql_rule_without_a_predicate_is_refused(tmp_path: Path) -> None:
    changed = document()
    rule = next(item for item in changed["schema"][0]["quality"] if item.get("type") == "sql")
    del rule["customProperties"]
    with pytest.raises(ContractError, match=f"{rule['id']} is not supported"):
        load_contract(written(tmp_path, changed))


def test_a_quality_rule_at_a_column_is_refused(tmp_path: Path) -> None:
    changed = document()
    changed["schema"][0]["properties"][0]["quality"] = [{"metric": "rowCount", "mustBeGreaterThan": 0}]
    with pytest.raises(ContractError, match="not at the column"):
        load_contract(written(tmp_path, changed))


@pytest.mark.parametrize("place", ["contract", "column", "rule"])
def test_an_unknown_custom_property_is_refused(tmp_path: Path, place: str) -> None:
    changed = document()
    table = changed["schema"][0]
    owner = {
        "contract": changed,
        "column": table["properties"][1],
        "rule": next(item for item in table["quality"] if item.get("type") == "sql"),
    }[place]
    owner.setdefault("customProperties", []).append({"property": "blockAbove", "value": 1})
    with pytest.raises(ContractError, match="custom property blockAbove is not supported"):
        load_contract(written(tmp_path, changed))


def test_an_unsupported_option_is_refused(tmp_path: Path) -> None:
    changed = document()
    changed["schema"][0]["properties"][0].setdefault("logicalTypeOptions", {})["maxLength"] = 5
    with pytest.raises(ContractError, match="option maxLength is not supported"):
        load_contract(written(tmp_path, changed))


def test_an_unsupported_service_level_is_refused(tmp_path: Path) -> None:
    changed = document()
    changed["slaProperties"] = [{"property": "retention", "value": 3, "unit": "y", "element": "facilities.opened_on"}]
    with pytest.raises(ContractError, match="service level retention"):
        load_contract(written(tmp_path, changed))


def test_a_contract_without_a_key_or_with_two_tables_is_refused(tmp_path: Path) -> None:
    without, twice = document(), document()
    for column in without["schema"][0]["properties"]:
        column.pop("primaryKey", None)
        column.pop("primaryKeyPosition", None)
    with pytest.raises(ContractError, match="no primary key"):
        load_contract(written(tmp_path, without))
    twice["schema"].append(copy.deepcopy(twice["schema"][0]))
    with pytest.raises(ContractError, match="exactly one table"):
        load_contract(written(tmp_path, twice))


def test_every_kind_of_rule_that_the_model_knows_is_compiled() -> None:
    assert set(COMPILERS) == set(get_args(RuleKind))


def test_the_contracts_use_every_kind_of_rule() -> None:
    used = {rule.kind for contract in load_contracts().values() for rule in contract.rules}
    assert used == set(get_args(RuleKind))


def test_a_kind_of_rule_that_the_compiler_does_not_know_is_refused() -> None:
    contract = load_contracts()["facilities"]
    kind: Any = "sorted"
    rule = replace(contract.rules[0], id="strange", kind=kind)
    with pytest.raises(ContractError, match="rule strange: kind sorted is not supported"):
        expectation(rule, contract, table="staging.facilities", now=NOW, today=TODAY)


def test_every_expectation_that_the_compiler_can_emit_runs_on_duckdb() -> None:
    from pipelines.contracts import gx_duckdb

    contracts, emitted = load_contracts(), set()
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA staging")
        for dataset, contract in contracts.items():
            columns = [*contract.landing_schema(), ("_row_id", "BIGINT"), ("_unreadable", "VARCHAR")]
            con.execute(f"CREATE TABLE staging.{dataset} ({', '.join(f'{name} {kind}' for name, kind in columns)})")
            con.execute(f"INSERT INTO staging.{dataset} (_row_id, _delivery_id, _unreadable) VALUES (1, 'd', '')")
            with gx_duckdb.batch(con, f"staging.{dataset}") as batch:
                for rule in contract.rules:
                    made = expectation(rule, contract, table=f"staging.{dataset}", now=NOW, today=TODAY)
                    emitted.add(type(made).__name__)
                    result = batch.validate(made, result_format="SUMMARY")
                    assert result.exception_info["raised_exception"] is False, f"{dataset} {rule.id}"
    assert emitted == {
        "ExpectColumnValuesToNotBeNull",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToMatchRegex",
        "ExpectColumnValuesToBeBetween",
        "ExpectCompoundColumnsToBeUnique",
        "ExpectTableRowCountToBeBetween",
        "UnexpectedRowsExpectation",
    }


@pytest.mark.parametrize(
    ("property_", "message"),
    [
        ({"property": "check", "value": "luhn"}, "phone: check is id_number, not luhn"),
        ({"property": "personalData", "value": "free_text"}, "id_number: check id_number is for texts with personalData drop or pseudonym"),
    ],
)  # fmt: skip
def test_a_check_that_cannot_be_made_is_refused(tmp_path: Path, property_: dict[str, str], message: str) -> None:
    changed = document("members")
    columns = {item["name"]: item for item in changed["schema"][0]["properties"]}
    if property_["property"] == "check":
        columns["phone"]["customProperties"].append(property_)
    else:
        columns["id_number"]["customProperties"][0] = property_
    with pytest.raises(ContractError, match=message):
        load_contract(written(tmp_path, changed))


def test_a_spelling_may_have_a_last_day(tmp_path: Path) -> None:
    changed = document("members")
    synonyms = changed["schema"][0]["properties"][0]["synonyms"]
    synonyms[0]["customProperties"] = [{"property": "until", "value": "2026-12-31"}]
    assert load_contract(written(tmp_path, changed)).column("member_id").until == {"人员编号": date(2026, 12, 31)}
    synonyms[0]["customProperties"][0]["value"] = "年底"
    with pytest.raises(ContractError, match="until is a day such as 2026-12-31, not 年底"):
        load_contract(written(tmp_path, changed))
