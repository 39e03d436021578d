"""A new edition held against the one before: its tables `restatements` and `earlier_versions`, and the audit of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import restatements
from pipelines.archive import COMPARABLE, KEY, SAID, Archive
from pipelines.city import City
from pipelines.evidence import find_area_changes, find_row_changes, reasons
from pipelines.ingest.files import quote_text
from pipelines.lineage import lineages
from pipelines.tables import Table

TABLES = ("restatements", "earlier_versions")
_NEW = "edition_file.marts"


@dataclass(frozen=True)
class Before:
    """The edition that readers see until the new one is published.

    Its figures come from its file; without that from the archive, and then only those kept there are compared."""

    edition: str
    manifest: Mapping[str, Any]
    file: Path | None
    archive: Archive
    row_versions: Path

    @contextlib.contextmanager
    def figures(self, con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
        """Relations of the figures of this edition and of the new one (attached as `edition_file`), to be compared."""
        now = f"{_NEW}.indicator_values"
        if self.file is None:
            chain = self.archive.chain(self.edition) or []
            yield (
                f"(SELECT * FROM {self.archive.figures(chain)} WHERE {COMPARABLE})", f"(SELECT * FROM {now} WHERE {COMPARABLE})"
            )  # fmt: skip
            return
        con.execute(f"ATTACH {quote_text(str(self.file))} AS edition_before (READ_ONLY)")
        try:
            yield "edition_before.marts.indicator_values", now
        finally:
            con.execute("DETACH edition_before")

    def cuts(self, con: duckdb.DuckDBPyConnection) -> list[tuple[str, datetime | None]]:
        """Each indicator that this edition had and the new one has, with its data cut then (naive UTC)."""
        had = self.manifest.get("indicators")
        if had is None and self.file is not None:
            had = {row[0] for row in con.execute("SELECT indicator_id FROM edition_before.marts.indicators").fetchall()}
        cuts = {
            name: datetime.fromisoformat(text).replace(tzinfo=None) for name, text in self.manifest["as_of"].items()
        }
        found = con.execute(f"SELECT indicator_id, dataset FROM {_NEW}.indicators ORDER BY 1").fetchall()
        return [(str(i), cuts.get(str(d))) for i, d in found if had is None or i in had]


def edition_before(city: City, archive: Archive, current: str | None) -> Before | None:
    """The edition that the pointer leads to; without one, the newest of the archive; None before the first."""
    if current is not None:
        file = city.published / f"{current}.duckdb"
        manifest = json.loads(file.with_suffix(".json").read_text("utf-8"))
        return Before(current, manifest, file, archive, city.row_versions / f"{current}.parquet")
    for edition, record in reversed(archive.records().items()):
        if archive.chain(edition) is not None:
            return Before(edition, record.manifest, None, archive, city.row_versions / f"{edition}.parquet")
    return None


def compare(
    con: duckdb.DuckDBPyConnection,
    before: Before | None,
    manifest: Mapping[str, Any],
    tables: Sequence[Table],
    versions: Path,
) -> None:
    """Write `restatements` and `earlier_versions` into the new edition (attached as `edition_file`)."""
    restatements.create(con, f"{_NEW}.restatements")
    _write_earlier_versions(con, before)
    if before is None:
        return
    with before.figures(con) as (was, now):
        restatements.find_blocks(con, was, now)
        restatements.find_spans(con, before.cuts(con))
        known = find_row_changes(con, before.row_versions, versions)
        areas = "edition_before.marts.areas" if before.file is not None else None
        find_area_changes(con, areas, f"{_NEW}.areas")
        found = con.execute(f"SELECT indicator_id, dataset FROM {_NEW}.indicators ORDER BY sort_order").fetchall()
        datasets = {str(indicator): str(dataset) for indicator, dataset in found}
        made = lineages(tables, datasets)
        causes = reasons(con, before.manifest, manifest, made, tables, datasets, rows_known=known)
        restatements.write(
            con, f"{_NEW}.restatements", before=was, now=now, edition=str(manifest["edition"]),
            was_edition=before.edition, reasons=causes, lineage=made,
        )  # fmt: skip
    for name in ("_blocks", "_changes", "_touched", "_areas_changed"):
        con.execute(f"DROP TABLE IF EXISTS {name}")


def silent(con: duckdb.DuckDBPyConnection, before: Before) -> dict[str, int]:
    """What the audit of the written edition (attached read-only as `edition_file`) counts, by what is wrong."""
    with before.figures(con) as (was, now):
        restatements.find_spans(con, before.cuts(con))
        return restatements.silent(con, before=was, now=now, lines=f"{_NEW}.restatements")


def _write_earlier_versions(con: duckdb.DuckDBPyConnection, before: Before | None) -> None:
    """The figures by earlier definitions as they were last published, beside which a page shows those of today."""
    chain = before.archive.chain(before.edition) if before is not None else None
    listed = ", ".join((*KEY, *SAID))
    con.execute(
        f"CREATE TABLE {_NEW}.earlier_versions AS SELECT indicator_id, indicator_version, grain, period_start, area_level,"
        f" area_code, dimension, member, numerator, denominator, excluded, value, lower, upper, target, status,"
        f" edition AS last_edition, indicator_version AS replaced_by FROM {_NEW}.indicator_values LIMIT 0"
    )
    if chain is None or before is None:
        return
    history = before.archive.history(
        chain, "(indicator_id, indicator_version) NOT IN (SELECT (indicator_id, version) FROM marts.indicators)"
    )
    keys = ", ".join(KEY)
    con.execute("SET VARIABLE chain = $1", [chain])
    con.execute(f"""
        INSERT INTO {_NEW}.earlier_versions
        WITH history AS MATERIALIZED ({history}),
        ends AS (SELECT {keys}, max(n) FILTER (WHERE is_gone) AS gone, max(n) AS latest FROM history GROUP BY ALL),
        last_said AS (
            SELECT * FROM history WHERE NOT is_gone QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY n DESC) = 1
        )
        SELECT {listed}, getvariable('chain')[CASE WHEN e.gone = e.latest THEN e.gone - 1 ELSE len(getvariable('chain')) END],
            i.version
        FROM last_said AS l
        JOIN ends AS e USING ({keys})
        JOIN marts.indicators AS i USING (indicator_id)
        WHERE l.indicator_version < i.version""")
