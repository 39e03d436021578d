"""The accepted deliveries on disk: typed Parquet, never changed, each with a manifest that says how to apply it again."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest.files import quote_text
from pipelines.ingest.ledger import Delivery, ledger_of
from pipelines.ingest.merge import Change


def keep(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, delivery: Delivery, change: Change) -> Path:
    """Write `state/landing/<dataset>/<delivery>.parquet`, the keys that are gone (`.gone.parquet`) and the manifest
    (`.json`: SHA-256 of both, the delivery's line of the ledger, and the change as which it was merged)."""
    folder = city.landing / contract.dataset
    folder.mkdir(parents=True, exist_ok=True)
    rows = folder / f"{delivery.delivery_id}.parquet"
    _write(con, change.good, rows)
    facts: dict[str, Any] = {"kind": change.kind, "rows": _seal(rows)}
    if change.gone is not None:
        gone = folder / f"{delivery.delivery_id}.gone.parquet"
        _write(con, f"(SELECT {', '.join(contract.landing_key)} FROM {change.gone})", gone)
        facts["gone"] = _seal(gone)
    manifest = folder / f"{delivery.delivery_id}.json"
    content = {**facts, "delivery": asdict(delivery), "ledger": ledger_of(con, delivery.delivery_id)}
    write_manifest(manifest, content)
    return rows


def write_manifest(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest in one step."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    part.replace(path)


def _write(con: duckdb.DuckDBPyConnection, relation: str, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    con.execute(f"COPY (SELECT * FROM {relation}) TO {quote_text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    part.replace(target)


def _seal(path: Path) -> str:
    """SHA-256 of a finished file, which nobody may write any more."""
    path.chmod(0o440)
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
    return digest


class Damaged(RuntimeError):
    """A file of landing is missing, or is not the one that its manifest names."""


def manifests(city: City, dataset: str) -> list[tuple[Path, dict[str, Any]]]:
    """The manifests of a dataset in the order in which the deliveries were merged."""
    found = [(path, json.loads(path.read_text("utf-8"))) for path in (city.landing / dataset).glob("*.json")]
    return sorted(found, key=lambda item: (item[1]["delivery"]["loaded_at"], item[1]["delivery"]["sequence"]))


def change_of(path: Path, content: dict[str, Any]) -> Change:
    """The change that a kept delivery is.

    Raises:
        Damaged: its Parquet is not what the manifest says.
    """
    delivery = delivery_of(content)
    files = {"rows": path.with_suffix(".parquet"), "gone": path.with_suffix(".gone.parquet")}
    for name, file in files.items():
        if name not in content:
            continue
        if not file.is_file():
            raise Damaged(f"{file} is missing; put it back from a copy, or load the extracts again with `--rebuild`")
        with file.open("rb") as handle:
            if hashlib.file_digest(handle, "sha256").hexdigest() != content[name]:
                raise Damaged(f"{file} is not what its manifest says; put it back from a copy")
    gone = f"read_parquet({quote_text(str(files['gone']))})" if "gone" in content else None
    good = f"read_parquet({quote_text(str(files['rows']))})"
    return Change(content["kind"], delivery.delivery_id, delivery.as_of, good, gone)


def delivery_of(content: dict[str, Any]) -> Delivery:
    """The line of the ledger in a manifest."""
    values = dict(content["delivery"])
    for name in ("arrived_at", "as_of", "loaded_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Delivery(**{item.name: values[item.name] for item in fields(Delivery)})
