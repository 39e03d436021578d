"""A town of a few tickets for tests of editions: rows come in as deliveries, the tables are computed, an edition is published."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing import build, insert
from small_city import CONTRACTS, SmallCity, make_small_city

from pipelines import publish as publishing
from pipelines.ingest.ledger import Delivery, create_landing, write_delivery
from pipelines.ingest.merge import Change, merge
from pipelines.publish import publish
from pipelines.warehouse import open_warehouse

#: Every edition is cut here unless a test says otherwise: the figures of March and April are final.
CUT = "2026-06-30 23:59:59"
FIRST = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
AREAS = [
    {"area_code": code, "valid_from": "2020-01-01", "area_name": name, "level": level, "parent_code": parent}
    for code, name, level, parent in (
        ("C", "小城", "city", None), ("D1", "一区", "district", "C"), ("S1", "一街道", "street", "D1"),
        ("A1", "甲社区", "community", "S1"), ("A2", "乙社区", "community", "S1"),
    )
]  # fmt: skip


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Editions without Data Docs, with contracts that are parsed once: neither is what these tests are about."""

    def write(con: duckdb.DuckDBPyConnection, city: object, folder: Path) -> None:
        folder.mkdir()
        (folder / "index.html").write_text("docs")

    monkeypatch.setattr(publishing, "_write_data_docs", write)
    monkeypatch.setattr(publishing, "load_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(publishing, "code_version", lambda: "1")


@dataclass
class Town:
    """A small city whose deliveries are rows."""

    city: SmallCity
    deliveries: int = 0
    published: int = 0
    datasets: tuple[str, ...] = ("tickets", "areas")

    @classmethod
    def make(cls, folder: Path) -> Town:
        """A town with its areas and no ticket yet."""
        town = cls(make_small_city(folder))
        with open_warehouse(town.city.open()) as con:
            create_landing(con, CONTRACTS.values())
            insert(con, "areas", AREAS)
        return town

    def copy(self, folder: Path) -> Town:
        """The same town in another folder, to go on from here."""
        shutil.copytree(self.city.folder, folder, symlinks=True)
        return Town(SmallCity(folder), self.deliveries, self.published, self.datasets)

    def deliver(self, rows: Iterable[Mapping[str, Any]], *, kind: str = "delta", mends: str | None = None, dataset: str = "tickets") -> str:  # fmt: skip
        """Merge rows as one delivery, as the load does; returns its id, which is also its SHA-256."""
        self.deliveries += 1
        contract, name = (
            CONTRACTS[dataset],
            f"delivery-{self.deliveries}-" + "-".join(sorted(str(row) for row in rows))[:40],
        )
        rows = [{**row, "_delivery_id": name} for row in rows]
        at = FIRST.replace(tzinfo=None)
        with open_warehouse(self.city.open()) as con:
            con.execute(f"CREATE OR REPLACE TEMP TABLE _arrived AS SELECT * FROM landing.{dataset} LIMIT 0")
            con.execute(f"ALTER TABLE landing.{dataset} RENAME TO _standing")
            con.execute(f"CREATE TABLE landing.{dataset} AS SELECT * FROM _arrived")
            insert(con, dataset, rows)
            con.execute(f"INSERT INTO _arrived SELECT * FROM landing.{dataset}")
            con.execute(f"DROP TABLE landing.{dataset}")
            con.execute(f"ALTER TABLE landing._standing RENAME TO {dataset}")
            change = Change("mend" if mends else kind, name, at, "(SELECT * FROM _arrived)")
            removed = merge(con, contract, change)
            write_delivery(con, Delivery(
                delivery_id=name, dataset=dataset, source=dataset, file_name=name, sha256=name, bytes=1, kind=kind,
                arrived_at=at, as_of=at, rows_in=len(rows), rows_loaded=len(rows), rows_rejected=0, rows_deduplicated=0,
                rows_left_out=0, rows_unchanged=0, rows_removed=removed, outcome="loaded", reason_code=None, reason_en=None,
                reason_zh=None, mends=mends, run_id=None, loaded_at=at, sequence=self.deliveries, judged_by="",
            ))  # fmt: skip
        return name

    def change(self, sql: str) -> None:
        """Run statements on the warehouse."""
        with open_warehouse(self.city.open()) as con:
            con.execute(sql)

    def compute(self, *, cut: str = CUT, standards: Mapping[str, Any] | None = None) -> None:
        """Make every table anew."""
        with open_warehouse(self.city.open()) as con:
            build(con, dict.fromkeys(self.datasets, cut), standards=standards, wanted=None)

    def publish(self, *, cut: str = CUT, standards: Mapping[str, Any] | None = None) -> str:
        """Make every table anew and publish an edition, a day after the one before."""
        self.compute(cut=cut, standards=standards)
        return self.publish_as_is()

    def publish_as_is(self) -> str:
        """Publish the tables as they are."""
        self.published += 1
        with open_warehouse(self.city.open()) as con:
            return publish(
                con, self.city.open(), run_id=str(self.published), now=FIRST + timedelta(days=self.published)
            )

    def file(self, edition: str) -> Path:
        """The file of an edition."""
        return self.city.open().published / f"{edition}.duckdb"

    def ask(self, edition: str, sql: str) -> list[tuple[Any, ...]]:
        """What a query finds in an edition."""
        with duckdb.connect(str(self.file(edition)), read_only=True) as con:
            return con.execute(sql).fetchall()


def ticket(number: int | str, day: int = 2, *, area: str = "A1", days: int | None = 3, month: int = 3, **more: Any) -> dict[str, Any]:  # fmt: skip
    """A ticket accepted on a day of March, due after five days and resolved after so many (None: open)."""
    row: dict[str, Any] = {
        "ticket_id": f"T{number}", "channel": "hotline", "category_1": "环境", "area_code": area, "status": "open",
        "accepted_at": f"2026-{month:02d}-{day:02d} 10:00", "due_at": f"2026-{month:02d}-{day + 5:02d} 10:00",
        "updated_at": f"2026-{month:02d}-{day:02d} 10:00",
    }  # fmt: skip
    if days is not None:
        row |= {"resolved_at": f"2026-{month:02d}-{day + days:02d} 10:00", "status": "resolved"}
    return row | more


def published_town(folder: Path) -> Town:
    """A town with one ticket and one edition."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        town = Town.make(folder)
        town.deliver([ticket(1)])
        town.publish()
    return town
