"""The tables of landing: one a contract, the ledger of deliveries, contract results and rejects."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import duckdb

from pipelines.contracts.model import Contract, ContractError
from pipelines.ingest.arrivals import FileIdentity
from pipelines.progress import say

_LEDGER = {
    "deliveries": """
        delivery_id VARCHAR, dataset VARCHAR, source VARCHAR, file_name VARCHAR, sha256 VARCHAR, bytes BIGINT, kind VARCHAR,
        arrived_at TIMESTAMP, as_of TIMESTAMP, rows_in BIGINT, rows_loaded BIGINT, rows_rejected BIGINT,
        rows_deduplicated BIGINT, rows_left_out BIGINT, rows_unchanged BIGINT, rows_removed BIGINT, outcome VARCHAR,
        reason_code VARCHAR, reason_en VARCHAR, reason_zh VARCHAR, mends VARCHAR, run_id VARCHAR, loaded_at TIMESTAMP,
        sequence BIGINT, judged_by VARCHAR""",
    "contract_results": """
        delivery_id VARCHAR, dataset VARCHAR, rule_id VARCHAR, rule_name_en VARCHAR, rule_name_zh VARCHAR,
        column_name VARCHAR, dimension VARCHAR, severity VARCHAR, rows_checked BIGINT, rows_failed BIGINT,
        passed BOOLEAN, checked_at TIMESTAMP""",
    "rejects": """
        delivery_id VARCHAR, dataset VARCHAR, source_row BIGINT, rule_id VARCHAR, column_name VARCHAR, value VARCHAR,
        reason_en VARCHAR, reason_zh VARCHAR""",
    "left_out": "delivery_id VARCHAR, dataset VARCHAR, reason_zh VARCHAR, reason_en VARCHAR, rows BIGINT",
    "suite_results": "dataset VARCHAR, result_json VARCHAR",
    "notes": "delivery_id VARCHAR, dataset VARCHAR, code VARCHAR, cells BIGINT, message_zh VARCHAR, message_en VARCHAR",
    "removals": "dataset VARCHAR, delivery_id VARCHAR, row_key VARCHAR, removed_at TIMESTAMP",
    "line_layouts": "dataset VARCHAR, layout VARCHAR",
    "seen_files": "dataset VARCHAR, identity VARCHAR, sha256 VARCHAR",
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
    """One line of the ledger; rows_in = loaded + rejected + deduplicated + left out. Moments are UTC without offset.

    Of the loaded rows `rows_unchanged` stood in landing already; `rows_removed` stood there and are no longer in the
    extract. `mends` is the delivery whose rejected rows this one corrects; `sequence` orders what one run
    merged; `judged_by` is a digest of mapping, contract and overrides by which it was taken or refused."""

    delivery_id: str
    dataset: str
    source: str
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
    rows_unchanged: int
    rows_removed: int
    outcome: str
    reason_code: str | None
    reason_en: str | None
    reason_zh: str | None
    mends: str | None
    run_id: str | None
    loaded_at: datetime
    sequence: int
    judged_by: str


def create_landing(con: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Create the tables of landing that do not exist yet; a table that lacks optional columns of its contract gets them, empty.

    Raises:
        ContractError: a table of an older contract differs otherwise.
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS landing")
    for name, columns in _LEDGER.items():
        con.execute(f"CREATE TABLE IF NOT EXISTS landing.{name} ({columns})")
    for contract in contracts:
        schema = contract.landing_schema()
        columns = ", ".join(f"{name} {kind}" for name, kind in schema)
        con.execute(f"CREATE TABLE IF NOT EXISTS landing.{contract.dataset} ({columns})")
        rows = con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'landing' AND table_name = ?"
            " ORDER BY column_index",
            [contract.dataset],
        ).fetchall()
        found = [(str(name), str(kind)) for name, kind in rows]
        if found != schema:
            _add_columns(con, contract, found, schema)


def _add_columns(
    con: duckdb.DuckDBPyConnection, contract: Contract, found: list[tuple[str, str]], schema: list[tuple[str, str]]
) -> None:
    """Bring a table made by an older version of its contract to the columns of this one.

    Made anew rather than altered, which would put the new columns behind the bookkeeping ones.
    """
    new = [column for column in schema if column not in found]
    optional = {c.landing_name for c in contract.landed_columns if not c.required and c.key_position is None}
    optional |= {str(c.local_date_name) for c in contract.landed_columns if c.landing_name in optional}
    if [column for column in schema if column in found] != found or not {name for name, _ in new} <= optional:
        raise ContractError(
            f"landing.{contract.dataset} 由旧版数据契约建立，列不同；请运行 `streetwise refresh --rebuild` 重新装载全部文件\n"
            f"landing.{contract.dataset} was made by another version of its contract; "
            "run `streetwise refresh --rebuild` to load the extracts again"
        )
    columns = ", ".join(name if (name, kind) in found else f"CAST(NULL AS {kind}) AS {name}" for name, kind in schema)
    con.execute(
        f"CREATE OR REPLACE TABLE landing.{contract.dataset} AS SELECT {columns} FROM landing.{contract.dataset}"
    )
    names = ", ".join(name for name, _ in new)
    say(
        f"  landing.{contract.dataset}：新增列 {names}，已装载的行中为空；如需补齐，请运行 `streetwise refresh --rebuild`"
    )
    say(
        f"  landing.{contract.dataset}: new columns {names}, empty in the rows loaded before; "
        "`streetwise refresh --rebuild` fills them"
    )


def forget_attempt(con: duckdb.DuckDBPyConnection, delivery_id: str) -> None:
    """Remove what an earlier attempt with the same bytes left in the ledger."""
    for table in ("deliveries", "contract_results", "rejects", "left_out", "notes", "guard_results"):
        con.execute(f"DELETE FROM landing.{table} WHERE delivery_id = ?", [delivery_id])


def write_delivery(
    con: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    left_out: Iterable[tuple[str, str, int]] = (),
) -> None:
    """Insert the ledger line of a delivery.

    Args:
        left_out: (reason in Chinese, in English, rows) of each rule by which its mapping left rows out.
    """
    values = astuple(delivery)
    con.execute(f"INSERT INTO landing.deliveries VALUES ({', '.join('?' * len(values))})", list(values))
    for reason_zh, reason_en, rows in left_out:
        con.execute(
            "INSERT INTO landing.left_out VALUES (?, ?, ?, ?, ?)",
            [delivery.delivery_id, delivery.dataset, reason_zh, reason_en, rows],
        )


def write_notes(
    con: duckdb.DuckDBPyConnection, delivery_id: str | None, dataset: str, notes: Iterable[tuple[str, int, str, str]]
) -> None:
    """Insert what was normalised or looked odd: code, cells, message in Chinese, in English; of a source without a
    delivery the delivery is None."""
    for code, cells, zh, en in notes:
        con.execute("INSERT INTO landing.notes VALUES (?, ?, ?, ?, ?, ?)", [delivery_id, dataset, code, cells, zh, en])


def move_counts(con: duckdb.DuckDBPyConnection, delivery_id: str, rows: int) -> None:
    """Count so many rejected rows of a delivery as loaded: they came back mended."""
    con.execute(
        "UPDATE landing.deliveries SET rows_loaded = rows_loaded + $1, rows_rejected = rows_rejected - $1 WHERE delivery_id = $2",
        [rows, delivery_id],
    )


def hashes_by_outcome(con: duckdb.DuckDBPyConnection, dataset: str) -> tuple[set[str], set[str]]:
    """SHA-256 of the files of a dataset that were loaded or superseded, and of those that were refused."""
    rows = con.execute("SELECT sha256, outcome FROM landing.deliveries WHERE dataset = ?", [dataset]).fetchall()
    refused = {str(sha256) for sha256, outcome in rows if outcome == "refused"}
    return {str(sha256) for sha256, _ in rows} - refused, refused


def settled_hashes(con: duckdb.DuckDBPyConnection, dataset: str) -> set[str]:
    """SHA-256 of the files of a dataset that need not be looked at again: loaded, superseded, or refused before a full
    delivery that arrived later was loaded."""
    rows = con.execute(
        f"SELECT sha256 FROM landing.deliveries AS d WHERE dataset = ? AND (outcome <> 'refused' OR {_REPLACED})",
        [dataset],
    ).fetchall()
    return {str(row[0]) for row in rows}


_REPLACED = (
    "EXISTS (SELECT 1 FROM landing.deliveries AS later WHERE later.dataset = d.dataset AND later.outcome = 'loaded'"
    " AND later.kind = 'full' AND later.arrived_at > d.arrived_at)"
)


def open_refusals(con: duckdb.DuckDBPyConnection, dataset: str, aside: set[str]) -> list[Delivery]:
    """Refused deliveries whose rows are nowhere yet: they lie in `refused/` (`aside` has the first twelve digits of
    the SHA-256 of what lies there), and neither a file of the same name nor a later full delivery was loaded since."""
    names = ", ".join(f"d.{item.name}" for item in fields(Delivery))
    rows = con.execute(
        f"SELECT {names} FROM landing.deliveries AS d WHERE dataset = ? AND outcome = 'refused' AND NOT {_REPLACED}"
        " AND NOT EXISTS (SELECT 1 FROM landing.deliveries AS later WHERE later.dataset = d.dataset AND later.outcome = 'loaded'"
        " AND later.file_name = d.file_name AND later.loaded_at > d.loaded_at) ORDER BY loaded_at, sequence",
        [dataset],
    ).fetchall()
    return [delivery for row in rows if (delivery := Delivery(*row)).sha256[:12] in aside]


def known_files(con: duckdb.DuckDBPyConnection, dataset: str) -> dict[FileIdentity, str]:
    """SHA-256 of the files that were hashed before and that nobody has written to since."""
    rows = con.execute("SELECT identity, sha256 FROM landing.seen_files WHERE dataset = ?", [dataset]).fetchall()
    return {FileIdentity(*json.loads(identity)): str(sha256) for identity, sha256 in rows}


def remember_files(con: duckdb.DuckDBPyConnection, dataset: str, identities: Mapping[FileIdentity, str]) -> None:
    """Keep the SHA-256 of the files that lie in the drop folder now."""
    con.execute("DELETE FROM landing.seen_files WHERE dataset = ?", [dataset])
    rows = [[dataset, json.dumps(astuple(identity)), sha256] for identity, sha256 in identities.items()]
    if rows:
        con.executemany("INSERT INTO landing.seen_files VALUES (?, ?, ?)", rows)


#: What is kept of an accepted delivery beside its line, so that a past state has its results too.
_KEPT = ("contract_results", "left_out", "notes", "guard_results", "delivery_profiles")


def ledger_of(con: duckdb.DuckDBPyConnection, delivery_id: str) -> dict[str, str]:
    """The rows of a delivery in the tables of results, as JSON texts."""
    return {
        table: str(rows[0][0])
        for table in _KEPT
        if (
            rows := con.execute(
                f"SELECT to_json(list(t)) FROM landing.{table} AS t WHERE delivery_id = ? HAVING count(*) > 0",
                [delivery_id],
            ).fetchall()
        )
    }


def restore_ledger(con: duckdb.DuckDBPyConnection, kept: Mapping[str, str]) -> None:
    """Insert what `ledger_of` gave."""
    for table, rows in kept.items():
        columns = con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'landing' AND table_name = ?"
            " ORDER BY column_index",
            [table],
        ).fetchall()
        shape = json.dumps([{str(name): str(kind) for name, kind in columns}])
        con.execute(
            f"INSERT INTO landing.{table} BY NAME SELECT unnest(from_json($1, $2), recursive := true)", [rows, shape]
        )
