"""The tables of landing: one a contract, the ledger of deliveries, contract results and rejects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime

import duckdb

from pipelines.contracts.model import Contract, ContractError

_LEDGER = {
    "deliveries": """
        delivery_id VARCHAR, dataset VARCHAR, file_name VARCHAR, sha256 VARCHAR, bytes BIGINT, kind VARCHAR,
        arrived_at TIMESTAMP, as_of TIMESTAMP, rows_in BIGINT, rows_loaded BIGINT, rows_rejected BIGINT,
        rows_deduplicated BIGINT, rows_left_out BIGINT, outcome VARCHAR, reason_en VARCHAR, reason_zh VARCHAR,
        run_id VARCHAR, loaded_at TIMESTAMP""",
    "contract_results": """
        delivery_id VARCHAR, dataset VARCHAR, rule_id VARCHAR, rule_name_en VARCHAR, rule_name_zh VARCHAR,
        column_name VARCHAR, dimension VARCHAR, severity VARCHAR, rows_checked BIGINT, rows_failed BIGINT,
        passed BOOLEAN, checked_at TIMESTAMP""",
    "rejects": """
        delivery_id VARCHAR, dataset VARCHAR, source_row BIGINT, rule_id VARCHAR, column_name VARCHAR, value VARCHAR,
        reason_en VARCHAR, reason_zh VARCHAR""",
    "left_out": "delivery_id VARCHAR, dataset VARCHAR, reason_zh VARCHAR, reason_en VARCHAR, rows BIGINT",
    "suite_results": "dataset VARCHAR, result_json VARCHAR",
    "delivery_profiles": """
        delivery_id VARCHAR, dataset VARCHAR, kind VARCHAR, as_of TIMESTAMP, weekday INTEGER, measure VARCHAR,
        item VARCHAR, value DOUBLE""",
    "guard_results": """
        delivery_id VARCHAR, dataset VARCHAR, guard_id VARCHAR, on_failure VARCHAR, outcome VARCHAR, observed VARCHAR,
        expected VARCHAR, message_zh VARCHAR, message_en VARCHAR, override_who VARCHAR, override_why VARCHAR,
        override_until DATE, judged_at TIMESTAMP""",
}


@dataclass(frozen=True)
class Delivery:
    """One line of the ledger; rows_in = loaded + rejected + deduplicated + left out. Moments are UTC without offset."""

    delivery_id: str
    dataset: str
    file_name: str
    sha256: str
    bytes: int
    kind: str
    arrived_at: datetime
    as_of: datetime | None
    rows_in: int
    rows_loaded: int
    rows_rejected: int
    rows_deduplicated: int
    rows_left_out: int
    outcome: str
    reason_en: str | None
    reason_zh: str | None
    run_id: str | None
    loaded_at: datetime


def create_landing(con: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Create the tables of landing that do not exist yet.

    Raises:
        ContractError: a table of an older contract has other columns.
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS landing")
    for name, columns in _LEDGER.items():
        con.execute(f"CREATE TABLE IF NOT EXISTS landing.{name} ({columns})")
    for contract in contracts:
        schema = contract.landing_schema()
        columns = ", ".join(f"{name} {kind}" for name, kind in schema)
        con.execute(f"CREATE TABLE IF NOT EXISTS landing.{contract.dataset} ({columns})")
        found = con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'landing' AND table_name = ?"
            " ORDER BY column_index",
            [contract.dataset],
        ).fetchall()
        if [tuple(row) for row in found] != schema:
            raise ContractError(
                f"landing.{contract.dataset} was made by another version of its contract; "
                "run `streetwise refresh --rebuild` to load the extracts again"
            )


def write_delivery(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, left_out: Iterable[tuple[str, str, int]] = ()
) -> None:
    """Insert the ledger line of a delivery, replacing an earlier attempt with the same bytes and what it left behind.

    Args:
        left_out: (reason in Chinese, in English, rows) of each rule by which its mapping left rows out.
    """
    for table in ("deliveries", "contract_results", "rejects", "left_out"):
        con.execute(f"DELETE FROM landing.{table} WHERE delivery_id = ?", [delivery.delivery_id])
    values = astuple(delivery)
    con.execute(f"INSERT INTO landing.deliveries VALUES ({', '.join('?' * len(values))})", list(values))
    for reason_zh, reason_en, rows in left_out:
        con.execute(
            "INSERT INTO landing.left_out VALUES (?, ?, ?, ?, ?)",
            [delivery.delivery_id, delivery.dataset, reason_zh, reason_en, rows],
        )


def settled_hashes(con: duckdb.DuckDBPyConnection, dataset: str) -> set[str]:
    """SHA-256 of the files of a dataset that need not be looked at again: loaded, superseded, or refused before a full
    delivery that arrived later was loaded. Any other refused file is tried again, so that none is forgotten."""
    rows = con.execute(
        """
        SELECT sha256 FROM landing.deliveries AS d WHERE dataset = ? AND (outcome IN ('loaded', 'superseded') OR EXISTS (
            SELECT 1 FROM landing.deliveries AS later WHERE later.dataset = d.dataset AND later.outcome = 'loaded'
            AND later.kind = 'full' AND later.arrived_at > d.arrived_at))
        """,
        [dataset],
    ).fetchall()
    return {str(row[0]) for row in rows}
