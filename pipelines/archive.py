"""The archive of figures: what every edition said, kept for ever, each edition as its differences from the one before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.ingest.files import quote_text

KEY = (
    "indicator_id", "indicator_version", "grain", "period_start", "area_level", "area_code", "dimension", "member",
)  # fmt: skip
SAID = ("numerator", "denominator", "excluded", "value", "lower", "upper", "target", "status")
#: Which figures of an edition are kept.
KEPT = """(
    (grain IN ('month', 'quarter', 'year') AND (dimension = 'all' OR area_level IN ('city', 'district')))
    OR (grain = 'week' AND (area_level IN ('city', 'district') OR (area_level = 'street' AND dimension = 'all')))
) AND NOT (coalesce(status, '') = 'provisional' AND area_level IN ('community', 'grid'))"""
#: Of these levels every kept figure is there whether it is provisional or not, so that two editions can be compared.
COMPARABLE = f"{KEPT} AND area_level IN ('city', 'district', 'street')"
_FIGURES, _LINES, _PENDING = ".figures.parquet", ".restatements.parquet", ".json.new"


@dataclass(frozen=True)
class Record:
    """What the archive knows of one edition: its manifest, and the edition that its differences start from."""

    edition: str
    base: str | None
    manifest: Mapping[str, Any]

    @property
    def published_at(self) -> datetime:
        """When it was published (aware)."""
        return datetime.fromisoformat(self.manifest["published_at"])


class Archive:
    """`state/published/archive/`: for each edition a record, its figures that differ, and its lines of restatement.

    Files are written whole under another name and then renamed, and never changed: nobody waits for anybody. A record
    gets its name only after the edition has become the current one, so what a kill leaves without one was never
    published, unless it is the current edition's."""

    def __init__(self, published: Path) -> None:
        self.published, self.folder = published, published / "archive"

    # -- reading ------------------------------------------------------------------------------------------------------

    def records(self) -> dict[str, Record]:
        """Every edition that was ever published and is not lost, in the order of publication."""
        paths = [*self.folder.glob("*.json")]
        current = self.published / "current"
        pending = self.folder / f"{current.resolve().stem}{_PENDING}"
        if current.is_symlink() and pending.is_file():
            paths.append(pending)
        found = []
        for path in paths:
            content = json.loads(path.read_text("utf-8"))
            found.append(Record(content["edition"], content["base"], content))
        return {record.edition: record for record in sorted(found, key=lambda r: (r.published_at, r.edition))}

    def chain(self, edition: str) -> list[str] | None:
        """The editions, oldest first, whose differences make this one; None if a part of them is missing."""
        return _chain(self.records(), edition, self._whole)

    def _whole(self, record: Record) -> bool:
        parts = record.manifest["parts"]
        return all(
            (path := self.folder / name).is_file() and path.stat().st_size == about["bytes"]
            for name, about in parts.items()
        )

    def figures(self, chain: list[str], where: str = "TRUE") -> str:
        """SQL of the kept figures of the last edition of a chain: `KEY`, `SAID`, and `edition`, the one that said it first.

        Args:
            where: a condition on `KEY`.
        """
        listed = ", ".join((*KEY, *SAID))
        return (
            f"(SELECT {listed}, edition FROM ({self.history(chain, where)})"
            f" QUALIFY row_number() OVER (PARTITION BY {', '.join(KEY)} ORDER BY n DESC) = 1 AND NOT is_gone)"
        )

    def history(self, chain: list[str], where: str = "TRUE") -> str:
        """SQL of every difference of a chain, with its place `n`; a figure that an edition no longer had `is_gone`."""
        files = ", ".join(quote_text(str(self.folder / f"{edition}{_FIGURES}")) for edition in chain)
        places = ", ".join(quote_text(edition) for edition in chain)
        return f"SELECT *, list_position([{places}], edition) AS n FROM read_parquet([{files}]) WHERE {where}"

    def lines(self, chain: list[str]) -> str | None:
        """SQL of the lines of restatement of all editions of a chain; None if there are none."""
        paths = [path for edition in chain if (path := self.folder / f"{edition}{_LINES}").is_file()]
        if not paths:
            return None
        return f"read_parquet([{', '.join(quote_text(str(path)) for path in paths)}], union_by_name = true)"

    # -- writing ------------------------------------------------------------------------------------------------------

    def keep(
        self, con: duckdb.DuckDBPyConnection, marts: str, manifest: Mapping[str, Any], folder: Path, *, base: str | None,
        note: str | None = None,
    ) -> None:  # fmt: skip
        """Write the parts of an edition and its pending record into `folder`.

        Args:
            marts: schema in which the edition's tables are (`database.schema`).
            base: the archived edition before, None to keep every figure.
            note: why it was not written when it was published.
        """
        edition = str(manifest["edition"])
        chain = self.chain(base) if base else None
        folder.mkdir(parents=True, exist_ok=True)
        figures, lines = folder / f"{edition}{_FIGURES}", folder / f"{edition}{_LINES}"
        _copy(con, self._differences(con, edition, f"{marts}.indicator_values", chain), figures)
        has_lines = _exists(con, marts, "restatements")
        _copy(con, f"SELECT * FROM {marts}.restatements WHERE kind = 'restatement'" if has_lines else "", lines)
        parts = {p.name: {"bytes": p.stat().st_size, "sha256": _seal(p)} for p in (figures, lines) if p.is_file()}
        content = {**manifest, "base": base if chain else None, "parts": parts, "note": note}
        _write_synced(folder / f"{edition}{_PENDING}", json.dumps(content, ensure_ascii=False, indent=1))

    def _differences(self, con: duckdb.DuckDBPyConnection, edition: str, relation: str, chain: list[str] | None) -> str:
        listed = ", ".join((*KEY, *SAID))
        con.execute("SET VARIABLE edition = $1", [edition])
        named = "CAST(getvariable('edition') AS VARCHAR) AS edition"
        order = (
            "ORDER BY indicator_id, grain, area_level, dimension, area_code, member, period_start, indicator_version"
        )
        now = f"(SELECT {listed} FROM {relation} WHERE {KEPT})"
        if chain is None:
            return f"SELECT {named}, {listed}, FALSE AS is_gone FROM {now} {order}"
        before = self.figures(chain)
        same = " AND ".join(f"b.{name} = n.{name}" for name in KEY)
        new = ", ".join((*(f"coalesce(n.{name}, b.{name}) AS {name}" for name in KEY), *(f"n.{name}" for name in SAID)))
        differs = " OR ".join(f"b.{name} IS DISTINCT FROM n.{name}" for name in SAID)
        return (
            f"SELECT {named}, {new}, n.indicator_id IS NULL AS is_gone FROM {before} AS b FULL JOIN {now} AS n ON {same}"
            f" WHERE b.indicator_id IS NULL OR n.indicator_id IS NULL OR {differs} {order}"
        )

    def settle(self, edition: str) -> None:
        """Give the record of an edition that is now the current one its name."""
        pending = self.folder / f"{edition}{_PENDING}"
        if pending.is_file():
            pending.replace(self.folder / f"{edition}.json")

    def repair(self, con: duckdb.DuckDBPyConnection, current: str | None) -> None:
        """Finish what a killed publication left, remove what never became an edition, and keep again what is lost, from the
        editions that still exist."""
        if current is not None:
            self.settle(current)
        records = self.records()
        for path in self.folder.glob("*"):
            owner = path.name.partition(".")[0]
            if owner not in records or path.name.endswith(".new"):
                path.unlink()
        manifests = _manifests(self.published)
        was_lost = not records
        for manifest in manifests:
            edition = str(manifest["edition"])
            wanted = edition == current or edition in records or was_lost
            if not wanted or _chain(self.records(), edition, self._whole) is not None:
                continue
            base = next((e for e in reversed(self.records()) if e != edition and self.chain(e) is not None), None)
            if base is not None and self.records()[base].published_at > datetime.fromisoformat(
                manifest["published_at"]
            ):
                base = None
            con.execute(f"ATTACH {quote_text(str(self.published / f'{edition}.duckdb'))} AS kept (READ_ONLY)")
            try:
                note = "kept again from the edition's file; what the archive had said of editions before it was lost or is not part of it"
                self.keep(con, "kept.marts", manifest, self.folder, base=base, note=None if base else note)
            finally:
                con.execute("DETACH kept")
            self.settle(edition)
            _sync(self.folder)


def _chain(records: Mapping[str, Record], edition: str, whole: Any) -> list[str] | None:
    chain: list[str] = []
    name: str | None = edition
    while name is not None:
        record = records.get(name)
        if record is None or name in chain or not whole(record):
            return None
        chain.append(name)
        name = record.base
    return chain[::-1]


def _manifests(published: Path) -> list[dict[str, Any]]:
    """Manifests of the editions whose files still exist, in the order of publication."""
    found = [
        json.loads(path.read_text("utf-8"))
        for path in published.glob("edition-*.json")
        if path.with_suffix(".duckdb").is_file()
    ]
    return sorted(found, key=lambda m: (datetime.fromisoformat(m["published_at"]), m["edition"]))


def _exists(con: duckdb.DuckDBPyConnection, marts: str, table: str) -> bool:
    database, _, schema = marts.rpartition(".")
    sql = "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?"
    return bool(con.execute(sql, [database, schema, table]).fetchall())


def _copy(con: duckdb.DuckDBPyConnection, sql: str, target: Path) -> None:
    if sql:
        part = target.with_name(target.name + ".new")
        con.execute(f"COPY ({sql}) TO {quote_text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
        part.replace(target)


def _seal(path: Path) -> str:
    path.chmod(0o440)
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
    return digest


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
