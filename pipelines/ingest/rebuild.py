"""Builds the landing of an earlier moment, or a lost warehouse, again from the accepted deliveries on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest import landed
from pipelines.ingest.ledger import create_landing, forget_attempt, move_counts, restore_ledger, write_delivery
from pipelines.ingest.merge import merge
from pipelines.tables import read_tables, run_tables
from pipelines.warehouse import open_database, whole_refresh


class NothingKept(RuntimeError):
    """No delivery had been loaded by then."""


def parse_moment(text: str, city: City) -> datetime:
    """A moment with an offset, or a date: its end in the city.

    Raises:
        ValueError: it is neither.
    """
    try:
        if len(text) <= len("2026-03-31"):
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime.combine(after, time(), city.zone).astimezone(UTC) - timedelta(microseconds=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{text} 不是带时差的时刻（如 2026-03-31T18:00:00+08:00），也不是日期（如 2026-03-31）\n"
            f"{text} is neither a moment with an offset (2026-03-31T18:00:00+08:00) nor a date (2026-03-31)"
        )
    return moment.astimezone(UTC)


def rebuild_warehouse(city: City, contracts: Mapping[str, Contract]) -> int:
    """Make landing again from the kept deliveries and put it in the place of the warehouse; returns their number. The
    tables computed from it come with the next refresh.

    Raises:
        WarehouseBusy: another process is writing.
        Damaged: a kept delivery is missing or was changed.
        NothingKept: there is none.
    """
    with whole_refresh(city):
        with _new_file(city, city.warehouse) as con:
            deliveries = rebuild_landing(con, city, contracts)
        return deliveries


def rebuild_as_of(city: City, contracts: Mapping[str, Contract], moment: datetime) -> Path:
    """Write `state/rebuilt/<moment>.duckdb`: landing as it was at a moment (aware) and every table computed from it, with
    the SQL, the catalogue and the standards of today.

    Raises:
        WarehouseBusy: another process is writing.
        Damaged: a kept delivery is missing or was changed.
        NothingKept: nothing had been loaded by then.
    """
    from pipelines.transform import write_city_reference  # it brings Dagster, which takes seconds to import

    file = city.state / "rebuilt" / f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}.duckdb"
    as_of = city.settings.as_of
    then = replace(city, settings=city.settings.model_copy(update={"as_of": as_of and min(as_of, moment)}))
    with whole_refresh(city):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with _new_file(city, file) as con:
            rebuild_landing(con, city, contracts, as_of=moment)
            write_city_reference(con, then)
            run_tables(con, read_tables())
    return file


@contextmanager
def _new_file(city: City, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database beside `file`, put in its place when the body ends well."""
    part, logs = file.with_name(file.name + ".part"), [file.with_name(file.name + end) for end in (".wal", ".part.wal")]
    part.unlink(missing_ok=True)
    logs[1].unlink(missing_ok=True)
    try:
        with open_database(city, part) as con:
            yield con
            con.execute("CHECKPOINT")
        # The log of a lost file would be applied to the new one.
        logs[0].unlink(missing_ok=True)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
        logs[1].unlink(missing_ok=True)


def rebuild_landing(
    con: duckdb.DuckDBPyConnection, city: City, contracts: Mapping[str, Contract], *, as_of: datetime | None = None
) -> int:
    """Fill an empty warehouse with landing and its ledger as they were at `as_of` (aware; now by default): every
    delivery that was settled by then, in the order in which it was. Returns the number of loaded ones.

    What only spares work (hashes of lines, names of seen files) is not made again.

    Raises:
        Damaged: a kept delivery is missing or was changed.
        NothingKept: none had been loaded by then.
    """
    create_landing(con, contracts.values())
    moment = as_of.astimezone(UTC).replace(tzinfo=None) if as_of else None
    merged = 0
    for contract in contracts.values():
        for manifest, content in landed.manifests(city, contract.dataset):
            delivery = landed.delivery_of(content)
            if moment is not None and delivery.loaded_at > moment:
                continue
            forget_attempt(con, delivery.delivery_id)
            if delivery.outcome == "loaded":
                merge(con, contract, landed.change_of(manifest, content))
                merged += 1
                if delivery.mends:
                    move_counts(con, delivery.mends, delivery.rows_loaded)
                    con.execute("DELETE FROM landing.rejects WHERE delivery_id = ?", [delivery.mends])
            write_delivery(con, delivery)
            restore_ledger(con, content["ledger"])
            if listed := landed.relation_of(manifest, content, "rejects"):
                con.execute(f"INSERT INTO landing.rejects BY NAME SELECT * FROM {listed}")
        if moment is None and (suite := landed.kept_suite(city, contract.dataset)):
            con.execute("INSERT INTO landing.suite_results VALUES (?, ?)", [contract.dataset, suite])
    if not merged:
        raise NothingKept(
            "此前没有已载入的批次，无从重建；请运行 `streetwise refresh --rebuild`\n"
            "no delivery had been loaded by then, so there is nothing to rebuild; run `streetwise refresh --rebuild`"
        )
    return merged
