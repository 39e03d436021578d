"""The accepted deliveries on disk: typed Parquet, never changed, each with a manifest that says how to apply it again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
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

_NOT_LOADED = "not_loaded"


def keep(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, delivery: Delivery, change: Change) -> None:
    """Write `state/landing/<dataset>/<delivery>.parquet`, the keys that are gone (`.gone.parquet`), the rejects as they
    stand now (`.rejects.parquet`) and the manifest (`.json`: SHA-256 of each, the delivery's line of the ledger, and the
    change as which it was merged)."""
    manifest = _manifest_path(city, contract, f"{delivery.delivery_id}.json")
    parts = {"rows": change.good, **_rejects_of(con, delivery)}
    if change.gone is not None:
        parts["gone"] = f"(SELECT {', '.join(contract.landing_key)} FROM {change.gone})"
    _keep(con, manifest, change.kind, delivery, parts)


def keep_line(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, delivery: Delivery) -> None:
    """Write `not_loaded/<delivery>.json` of a delivery that was refused or superseded, so that its line of the ledger (its
    latest one) outlives the warehouse."""
    manifest = _manifest_path(city, contract, f"{_NOT_LOADED}/{delivery.delivery_id}.json")
    _keep(con, manifest, delivery.outcome, delivery, {} if delivery.mends else _rejects_of(con, delivery))


def keep_suite(city: City, contract: Contract, result: str) -> None:
    """Write the latest result of the dataset's expectation suite beside its deliveries."""
    city.landing.mkdir(parents=True, exist_ok=True)
    _suite_path(city, contract.dataset).write_text(result, encoding="utf-8")


def kept_suite(city: City, dataset: str) -> str | None:
    """What `keep_suite` wrote."""
    path = _suite_path(city, dataset)
    return path.read_text("utf-8") if path.is_file() else None


def _suite_path(city: City, dataset: str) -> Path:
    return city.landing / f"{dataset}.suite.json"


def _manifest_path(city: City, contract: Contract, name: str) -> Path:
    path = city.landing / contract.dataset / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _rejects_of(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> dict[str, str]:
    """The rejects of the delivery, or of the one that it mends: later they change, and a past state needs them."""
    rows = f"(SELECT * FROM landing.rejects WHERE delivery_id = {quote_text(delivery.mends or delivery.delivery_id)})"
    return {"rejects": rows} if con.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall() else {}


def _keep(
    con: duckdb.DuckDBPyConnection, manifest: Path, kind: str, delivery: Delivery, parts: Mapping[str, str]
) -> None:
    facts: dict[str, Any] = {"kind": kind}
    for name, relation in parts.items():
        part = _write(con, relation, part_path(manifest, name))
        facts[name] = _seal(part)
        part.replace(part_path(manifest, name))
    write_manifest(manifest, {**facts, "delivery": asdict(delivery), "ledger": ledger_of(con, delivery.delivery_id)})


def part_path(manifest: Path, name: str) -> Path:
    """Where a part (`rows`, `gone`, `rejects`) of a kept delivery lies."""
    return manifest.with_suffix(".parquet" if name == "rows" else f".{name}.parquet")


def rewrite(
    con: duckdb.DuckDBPyConnection, manifest: Path, content: dict[str, Any], changed: Mapping[str, str]
) -> dict[Path, tuple[str, str]]:
    """Replace parts of a kept delivery by what the relations in `changed` say; returns SHA-256 before and after by file.

    A kill at any point leaves a delivery that `change_of` accepts: the manifest names both digests meanwhile."""
    written = {name: _write(con, relation, part_path(manifest, name)) for name, relation in changed.items()}
    digests = {name: _seal(part) for name, part in written.items()}
    before = {name: str(content[name]) for name in changed}
    write_manifest(manifest, {**content, **digests, **{f"{name}_before": old for name, old in before.items()}})
    for name, part in written.items():
        part.replace(part_path(manifest, name))
    write_manifest(manifest, {**content, **digests})
    return {part_path(manifest, name): (before[name], digests[name]) for name in changed}


def write_manifest(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest in one step."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    part.replace(path)


def _write(con: duckdb.DuckDBPyConnection, relation: str, target: Path) -> Path:
    """Write a relation beside its target."""
    part = target.with_name(target.name + ".part")
    con.execute(f"COPY (SELECT * FROM {relation}) TO {quote_text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    return part


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
    """The manifests of a dataset in the order in which the deliveries were settled."""
    folder = city.landing / dataset
    paths = [*folder.glob("*.json"), *folder.glob(f"{_NOT_LOADED}/*.json")]
    found = [(path, json.loads(path.read_text("utf-8"))) for path in paths]
    return sorted(found, key=lambda item: (item[1]["delivery"]["loaded_at"], item[1]["delivery"]["sequence"]))


def change_of(manifest: Path, content: dict[str, Any]) -> Change:
    """The change that a kept delivery is.

    Raises:
        Damaged: a file of it is not what the manifest says.
    """
    delivery = delivery_of(content)
    gone = relation_of(manifest, content, "gone")
    return Change(
        content["kind"], delivery.delivery_id, delivery.as_of, relation_of(manifest, content, "rows") or "", gone
    )


def relation_of(manifest: Path, content: dict[str, Any], name: str) -> str | None:
    """SQL relation of a part of a kept delivery, None if it has no such part.

    Raises:
        Damaged: the file is missing, or is not what the manifest says.
    """
    if name not in content:
        return None
    file = part_path(manifest, name)
    if not file.is_file():
        raise Damaged(
            f"{file} 不见了，请从备份放回，或用 `refresh --rebuild` 重新载入原始文件\n"
            f"{file} is missing; put it back from a copy, or load the extracts again with `refresh --rebuild`"
        )
    with file.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found not in (content[name], content.get(f"{name}_before")):
        raise Damaged(
            f"{file} 与清单中的 SHA-256 不一致，请从备份放回，或用 `refresh --rebuild` 重新载入原始文件\n"
            f"{file} is not what its manifest says; put it back from a copy, or load the extracts again with `refresh --rebuild`"
        )
    return f"read_parquet({quote_text(str(file))})"


def delivery_of(content: dict[str, Any]) -> Delivery:
    """The line of the ledger in a manifest."""
    values = dict(content["delivery"])
    for name in ("arrived_at", "as_of", "loaded_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    return Delivery(**{item.name: values[item.name] for item in fields(Delivery)})
