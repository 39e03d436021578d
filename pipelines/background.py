"""What stands behind the figures of an edition: promises of the contracts, lineage, and the history of definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.archive import Archive
from pipelines.contracts.model import load_contracts
from pipelines.ingest.files import quote_text
from pipelines.lineage import lineages
from pipelines.tables import Table

_TEXTS = tuple(
    f"{name}_{lang}"
    for name in ("name", "definition", "numerator", "denominator", "exclusions", "attribution")
    for lang in ("zh", "en")
)
_HISTORY = ("indicator_id", "version", "since_edition", "since", "entry_sha256", "target", *_TEXTS)


def write(
    con: duckdb.DuckDBPyConnection,
    marts: str,
    tables: Sequence[Table],
    manifest: Mapping[str, Any],
    archive: Archive,
    before: Path | None,
) -> dict[str, int]:
    """Write `promises`, `lineage` and `indicator_history` into the new edition; return the rows of each.

    Args:
        marts: schema in which the edition's tables are (`database.schema`).
        before: file of the edition before, which remembers what definitions said.
    """
    return {
        "promises": _promises(con, marts),
        "lineage": _lineage(con, marts, tables),
        "indicator_history": _history(con, marts, manifest, archive, before),
    }


def _promises(con: duckdb.DuckDBPyConnection, marts: str) -> int:
    """How old the data of a dataset may be (`freshness`), and how long the next delivery may take (`frequency`)."""
    con.execute(
        f"CREATE TABLE {marts}.promises (dataset VARCHAR, promise VARCHAR, element VARCHAR, hours DOUBLE, delivery_kind VARCHAR)"
    )
    rows: list[tuple[object, ...]] = []
    for contract in sorted(load_contracts().values(), key=lambda c: c.dataset):
        if contract.freshness is not None:
            rows.append((contract.dataset, "freshness", *contract.freshness, contract.delivery_kind))
        if contract.every_days is not None:
            rows.append((contract.dataset, "frequency", None, 24 * contract.every_days, contract.delivery_kind))
    return _insert(con, f"{marts}.promises", rows)


def _lineage(con: duckdb.DuckDBPyConnection, marts: str, tables: Sequence[Table]) -> int:
    """Of each indicator, the tables between landing and its figures with each table that they read."""
    con.execute(f"CREATE TABLE {marts}.lineage (indicator_id VARCHAR, table_name VARCHAR, depends_on VARCHAR)")
    datasets = dict(con.execute(f"SELECT indicator_id, dataset FROM {marts}.indicators ORDER BY 1").fetchall())
    reads = {table.name: table.dependencies for table in tables}
    rows = []
    for indicator, made in lineages(tables, datasets).items():
        known = made.tables | {f"landing.{dataset}" for dataset in made.datasets}
        for name in sorted(made.tables):
            rows += [(indicator, name, other) for other in sorted(reads[name]) if other in known]
    return _insert(con, f"{marts}.lineage", rows)


def _history(
    con: duckdb.DuckDBPyConnection, marts: str, manifest: Mapping[str, Any], archive: Archive, before: Path | None
) -> int:
    """Each definition with the edition since which it says so: what the edition before remembers, and what is new in this one.

    An edition that an earlier version of the software made remembers nothing: then the manifests of the archive say when
    an entry changed, though not what it said."""
    listed = ", ".join(_HISTORY)
    con.execute(f"""
        CREATE TABLE {marts}.indicator_history AS
        SELECT i.indicator_id, i.version, CAST(NULL AS VARCHAR) AS since_edition, CAST(NULL AS TIMESTAMP) AS since,
            CAST(NULL AS VARCHAR) AS entry_sha256, s.value AS target, {", ".join(f"i.{name}" for name in _TEXTS)}
        FROM {marts}.indicators AS i
        LEFT JOIN {marts}.standards AS s ON s.standard = 'target' AND s.indicator_id = i.indicator_id AND s.area_kind IS NULL
        ORDER BY i.sort_order""")
    now = con.execute(f"SELECT {listed} FROM {marts}.indicator_history").fetchall()
    told = _remembered(con, before) if before is not None else []
    rows = [dict(zip(_HISTORY, row, strict=True)) for row in told] or _of_manifests(archive)
    for row in now:
        entry = dict(zip(_HISTORY, row, strict=True))
        entry["entry_sha256"] = manifest["indicators"][entry["indicator_id"]]["sha256"]
        entry["since_edition"], entry["since"] = manifest["edition"], _moment(manifest["published_at"])
        same = next((old for old in reversed(rows) if old["indicator_id"] == entry["indicator_id"]), None)
        if same is None or any(same[name] != entry[name] for name in ("version", "entry_sha256")):
            rows.append(entry)
        elif same["definition_zh"] is None:
            same |= {name: entry[name] for name in ("target", *_TEXTS)}
        elif any(same[name] != entry[name] for name in ("target", *_TEXTS)):
            rows.append(entry)
    con.execute(f"DELETE FROM {marts}.indicator_history")
    rows.sort(key=lambda entry: (entry["indicator_id"], entry["since"]))
    return _insert(con, f"{marts}.indicator_history", [tuple(entry[name] for name in _HISTORY) for entry in rows])


def _remembered(con: duckdb.DuckDBPyConnection, file: Path) -> list[tuple[Any, ...]]:
    con.execute(f"ATTACH {quote_text(str(file))} AS remembered (READ_ONLY)")
    try:
        known = con.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'remembered' AND table_name = 'indicator_history'"
        ).fetchall()
        sql = f"SELECT {', '.join(_HISTORY)} FROM remembered.marts.indicator_history ORDER BY indicator_id, since"
        return con.execute(sql).fetchall() if known else []
    finally:
        con.execute("DETACH remembered")


def _of_manifests(archive: Archive) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    last: dict[str, tuple[int, str]] = {}
    for edition, record in archive.records().items():
        for indicator, entry in record.manifest.get("indicators", {}).items():
            said = (int(entry["version"]), str(entry["sha256"]))
            if last.get(indicator) != said:
                last[indicator] = said
                about = (indicator, said[0], edition, _moment(record.manifest["published_at"]), said[1])
                rows.append(dict(zip(_HISTORY, (*about, None, *[None] * len(_TEXTS)), strict=True)))
    return rows


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> int:
    # a list a column: a mark a value took twenty times as long for the 12,000 values of lineage
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        con.execute(f"INSERT INTO {table} SELECT {', '.join(['unnest(?)'] * len(columns))}", columns)
    return len(rows)
