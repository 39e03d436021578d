"""Builds the landing of an earlier moment, or a lost warehouse, again from the accepted deliveries on disk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest import landed
from pipelines.ingest.files import quote_text
from pipelines.ingest.ledger import create_landing, move_counts, restore_ledger, write_delivery
from pipelines.ingest.merge import merge


def rebuild_landing(
    con: duckdb.DuckDBPyConnection, city: City, contracts: Mapping[str, Contract], *, as_of: datetime | None = None
) -> int:
    """Fill an empty warehouse with landing and its ledger as they were at `as_of` (aware; now by default): every
    delivery that was merged by then, in the order in which it was merged. Returns the number of deliveries.

    Raises:
        Damaged: a kept delivery is missing or was changed.
    """
    create_landing(con, contracts.values())
    moment = as_of.astimezone(UTC).replace(tzinfo=None) if as_of else None
    merged = 0
    for contract in contracts.values():
        for path, content in landed.manifests(city, contract.dataset):
            delivery = landed.delivery_of(content)
            if moment is not None and delivery.loaded_at > moment:
                continue
            merge(con, contract, landed.change_of(path, content))
            write_delivery(con, delivery)
            if delivery.mends:
                move_counts(con, delivery.mends, delivery.rows_loaded)
            restore_ledger(con, content["ledger"])
            listed = city.rejects / f"{delivery.delivery_id}.parquet"
            if listed.is_file():
                con.execute(
                    f"INSERT INTO landing.rejects BY NAME SELECT * EXCLUDE (file_name) FROM read_parquet({quote_text(str(listed))})"
                )
            merged += 1
    return merged
