"""Landing and reference tables for tests: empty as the contracts say, filled row by row by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import yaml

from pipelines.catalogue import Catalogue, load_catalogue, load_standards, write_reference
from pipelines.deadlines import WorkingYear
from pipelines.tables import Table, read_tables, run_tables

ROOT = Path(__file__).resolve().parent.parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
UTC = ZoneInfo("UTC")

#: What most tests read: the figures, without what is made of them.
FIGURES = tuple(
    f"marts.{name}"
    for name in ("areas", "indicator_bounds", "indicator_values", "overdue_tickets", "rates_before_exclusions", "ticket_exclusions")
)  # fmt: skip
LEDGERS = {
    "left_out": "delivery_id VARCHAR, dataset VARCHAR, reason_zh VARCHAR, reason_en VARCHAR, rows BIGINT",
    "deliveries": "delivery_id VARCHAR, dataset VARCHAR, source VARCHAR, file_name VARCHAR, sha256 VARCHAR, "
    "bytes BIGINT, kind VARCHAR, arrived_at TIMESTAMP, as_of TIMESTAMP, rows_in BIGINT, rows_loaded BIGINT, "
    "rows_rejected BIGINT, rows_deduplicated BIGINT, rows_left_out BIGINT, rows_unchanged BIGINT, "
    "rows_removed BIGINT, outcome VARCHAR, reason_code VARCHAR, reason_en VARCHAR, reason_zh VARCHAR, mends VARCHAR, "
    "run_id VARCHAR, loaded_at TIMESTAMP, sequence BIGINT, judged_by VARCHAR",
    "notes": "delivery_id VARCHAR, dataset VARCHAR, code VARCHAR, cells BIGINT, message_zh VARCHAR, message_en VARCHAR",
    "guard_results": "delivery_id VARCHAR, dataset VARCHAR, guard_id VARCHAR, on_failure VARCHAR, outcome VARCHAR, "
    "observed VARCHAR, expected VARCHAR, message_zh VARCHAR, message_en VARCHAR, override_who VARCHAR, "
    "override_why VARCHAR, override_until DATE, judged_at TIMESTAMP",
    "contract_results": "delivery_id VARCHAR, dataset VARCHAR, rule_id VARCHAR, rule_name_en VARCHAR, "
    "rule_name_zh VARCHAR, column_name VARCHAR, dimension VARCHAR, severity VARCHAR, rows_checked BIGINT, "
    "rows_failed BIGINT, passed BOOLEAN, checked_at TIMESTAMP",
    "rejects": "delivery_id VARCHAR, dataset VARCHAR, source_row BIGINT, rule_id VARCHAR, column_name VARCHAR, "
    "value VARCHAR, reason_en VARCHAR, reason_zh VARCHAR",
}


def custom(node: Mapping[str, Any], name: str) -> Any:
    """Return the value of the custom property `name` of a contract node, None without it."""
    values = [entry["value"] for entry in node.get("customProperties", []) if entry["property"] == name]
    return values[0] if values else None


def landing_columns(contract: Mapping[str, Any]) -> dict[str, str]:
    """Return column → DuckDB type of the landing table that the contract describes."""
    columns: dict[str, str] = {}
    for column in contract["schema"][0]["properties"]:
        name, personal = column["name"], custom(column, "personalData")
        if personal in ("drop", "free_text"):
            continue
        if personal == "birth_year":
            columns["birth_year"] = "INTEGER"
            continue
        columns[name] = "VARCHAR" if personal == "pseudonym" else column["physicalType"]
        if name.endswith("_at"):
            columns[name.removesuffix("_at") + "_on"] = "DATE"
    columns["_delivery_id"] = "VARCHAR"
    if custom(contract, "keepsHistory"):
        columns |= {"_valid_from": "TIMESTAMP", "_valid_to": "TIMESTAMP"}
    return columns


def contracts() -> dict[str, dict[str, str]]:
    """Return dataset → landing columns of every contract."""
    found = {}
    for path in sorted((ROOT / "data_contracts").glob("*.odcs.yaml")):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[contract["schema"][0]["name"]] = landing_columns(contract)
    return found


CONTRACTS = contracts()


def empty_warehouse(path: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Return a warehouse, in memory unless a path is given, with every landing table, empty."""
    con = duckdb.connect(path, config={"threads": 1})
    con.execute("CREATE SCHEMA landing")
    for dataset, columns in CONTRACTS.items():
        con.execute(f"CREATE TABLE landing.{dataset} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    for table, ledger in LEDGERS.items():
        con.execute(f"CREATE TABLE landing.{table} ({ledger})")
    return con


def local(text: str, zone: ZoneInfo = SHANGHAI) -> tuple[datetime, date]:
    """Return the naive UTC instant and the local day of a local time such as `2026-03-05 09:00`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    return moment.astimezone(UTC).replace(tzinfo=None), moment.date()


def insert(
    con: duckdb.DuckDBPyConnection, dataset: str, rows: Iterable[Mapping[str, Any]], zone: ZoneInfo = SHANGHAI
) -> None:
    """Insert `rows` into landing.`dataset`: `*_at` as local text (the day beside it is set), the rest as it comes."""
    columns = CONTRACTS[dataset]
    for row in rows:
        values: dict[str, Any] = {"_delivery_id": "d1"}
        for name, value in row.items():
            if name.endswith("_at") and isinstance(value, str):
                values[name], values[name.removesuffix("_at") + "_on"] = local(value, zone)
            else:
                values[name] = value
        unknown = values.keys() - columns.keys()
        if unknown:
            raise KeyError(f"landing.{dataset} has no {sorted(unknown)}")
        marks = ", ".join("?" * len(values))
        con.execute(f"INSERT INTO landing.{dataset} ({', '.join(values)}) VALUES ({marks})", list(values.values()))


def build(
    con: duckdb.DuckDBPyConnection,
    as_of: Mapping[str, str],
    *,
    fiscal_year_start: int = 1,
    people_minimum: int = 10,
    standards: Mapping[str, Any] | None = None,
    zone: ZoneInfo = SHANGHAI,
    root: Path = ROOT,
    working_calendar: Mapping[int, WorkingYear] | None = None,
    wanted: Collection[str] | None = FIGURES,
) -> dict[str, int]:
    """Write the reference tables (data cuts as local text by dataset) and make the tables `wanted` and all that they are
    made of (None: every table); return rows by table."""
    catalogue = _catalogue(root)
    write_reference(
        con,
        catalogue,
        load_standards(root / "data_contracts/standards.yaml", standards, catalogue),
        area_code="C",
        name_zh="样例市",
        name_en="Sample City",
        time_zone=zone.key,
        currency="CNY",
        fiscal_year_start=fiscal_year_start,
        language="zh",
        people_minimum=people_minimum,
        as_of=[(dataset, local(text, zone)[0]) for dataset, text in as_of.items()],
        working_calendar=working_calendar,
    )
    return run_tables(con, _tables(root, frozenset(wanted) if wanted is not None else None))


@lru_cache(maxsize=8)
def _catalogue(root: Path) -> Catalogue:
    return load_catalogue(root / "data_contracts/indicators.yaml")


@lru_cache(maxsize=16)
def _tables(root: Path, wanted: frozenset[str] | None) -> tuple[Table, ...]:
    """The tables `wanted` and all below them, in the order in which they are made."""
    tables = read_tables(root / "sql")
    if wanted is None:
        return tuple(tables)
    by_name, found, left = {table.name: table for table in tables}, set[str](), list(wanted)
    while left:
        if (name := left.pop()) in by_name and name not in found:
            found.add(name)
            left += by_name[name].dependencies
    return tuple(table for table in tables if table.name in found)
