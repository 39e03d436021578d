"""Editions: write the marts to a new file, audit exactly those bytes, then move the pointer."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import background, comparison
from pipelines.archive import Archive
from pipelines.city import City
from pipelines.contracts.model import load_contracts
from pipelines.evidence import facts, write_row_versions
from pipelines.ingest.files import quote_text
from pipelines.ingest.forgotten import load_forgotten
from pipelines.insights.restated import add_restatements
from pipelines.paths import CONTRACTS, ROOT
from pipelines.sql_files import sha256_of
from pipelines.tables import Table, read_tables
from pipelines.warehouse import LIMITS

KEPT_EDITIONS = 3
POINTER = "current"
#: Schema of the new file while it is attached.
EDITION = "edition_file.marts"
LAST_REFRESH = "last_refresh.json"


def _of_figures(table: str, what: str) -> dict[str, str]:
    """Audits of a table of figures, called `what` in their names: one row each, rates and intervals that can be, no few people."""
    key = "indicator_id, grain, period_start, area_level, area_code, dimension, member"
    return {
        # As many digests as rows: none appears twice. Grouping by the key itself costs twice as much.
        f"a {what} appears twice": f"""
            SELECT count(*) FROM (SELECT 1 FROM {table}
            WHERE (SELECT count(DISTINCT hash({key})) < count(*) FROM {table}) GROUP BY {key} HAVING count(*) > 1)""",
        f"a {what} has no entry in the catalogue": f"""
            SELECT count(*) FROM {table} WHERE indicator_id NOT IN (SELECT indicator_id FROM marts.indicators)""",
        f"a {what} is a proportion outside 0 to 1 or its interval": f"""
            SELECT count(*) FROM {table} AS v JOIN marts.indicators AS i USING (indicator_id)
            WHERE i.kind = 'proportion' AND v.value IS NOT NULL
            AND (v.value < 0 OR v.value > 1 OR v.lower > v.value + 1e-12 OR v.upper < v.value - 1e-12)""",
        f"a {what} is a rate without cases and has a value": f"""
            SELECT count(*) FROM {table} WHERE denominator = 0 AND value IS NOT NULL""",
        f"a {what} about too few people, or leaving too few, is shown": f"""
            SELECT count(*) FROM {table} AS v JOIN marts.indicators AS i USING (indicator_id), marts.city AS c
            WHERE i.people AND v.value IS NOT NULL AND (v.numerator > 0 AND v.numerator < c.people_minimum
            OR i.kind = 'proportion' AND (v.denominator < c.people_minimum
            OR v.denominator > v.numerator AND v.denominator - v.numerator < c.people_minimum))""",
        f"a {what} is suppressed and carries a number": f"""
            SELECT count(*) FROM {table} WHERE status = 'suppressed'
            AND (numerator IS NOT NULL OR denominator IS NOT NULL OR value IS NOT NULL OR lower IS NOT NULL)""",
    }


#: Each query counts what must not be in an edition; any count above zero keeps the edition from being published.
AUDITS: Mapping[str, str] = {
    **_of_figures("marts.indicator_values", "figure"),
    **_of_figures("marts.rebased_values", "re-based figure"),
    "a comparison, change, control chart or score tells of a figure that is not shown": """
        SELECT count(*) FROM (
            SELECT indicator_id, grain, period_start, area_level, area_code FROM marts.comparisons WHERE value IS NOT NULL
            UNION ALL
            SELECT indicator_id, grain, period_start, area_level, area_code FROM marts.control_limits WHERE value IS NOT NULL
            UNION ALL
            SELECT indicator_id, grain, period_start, area_level, area_code FROM marts.changes WHERE value IS NOT NULL
            UNION ALL
            SELECT indicator_id, grain, before_start, area_level, area_code FROM marts.changes WHERE value_before IS NOT NULL
            UNION ALL
            SELECT indicator_id, grain, period_start, area_level, area_code FROM marts.indicator_scores
            WHERE value IS NOT NULL) AS told
        SEMI JOIN (SELECT * FROM marts.indicator_values WHERE value IS NULL AND dimension = 'all') AS v
        USING (indicator_id, grain, period_start, area_level, area_code)""",
    "the districts do not add up to the city": """
        SELECT count(*) FROM (
            SELECT indicator_id, grain, period_start, dimension, member,
                sum(numerator) FILTER (WHERE area_level = 'city') AS whole, sum(numerator) FILTER (WHERE area_level = 'district') AS parts
            FROM marts.indicator_values WHERE indicator_id IN ('T01', 'F01') GROUP BY ALL)
        WHERE parts IS NOT NULL AND abs(whole - parts) > 0.005""",
    "the rows of a delivery are not all accounted for": """
        SELECT count(*) FROM marts.deliveries
        WHERE rows_in <> rows_loaded + rows_rejected + rows_deduplicated + rows_left_out""",
}


#: What pages ask for most, in their order: 12 % of the rows of indicator_values, found in a tenth of the time.
_AREA_FIGURES = f"""
    CREATE TABLE {EDITION}.area_figures AS SELECT * EXCLUDE (run_id) FROM {EDITION}.indicator_values
    WHERE dimension = 'all' AND grain <> 'day' AND area_level IN ('city', 'district', 'street', 'community')
    ORDER BY grain, indicator_id, area_level, area_code, period_start"""


class AuditFailed(RuntimeError):
    """A new edition breaks a rule of publication; the edition before it stays."""


def code_version() -> str:
    """Version of the software: the package's, with the commit where there is one."""
    version = importlib.metadata.version("streetwise")
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        commit = subprocess.run(  # noqa: S603
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],  # noqa: S607
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return f"{version}+{commit.stdout.strip()}"
    return version


def contracts_sha256() -> str:
    """One digest over all files of `data_contracts/`."""
    digest = hashlib.sha256()
    for path in sorted(CONTRACTS.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def publish(con: duckdb.DuckDBPyConnection, city: City, *, run_id: str | None, now: datetime | None = None) -> str:
    """Publish the marts of the open warehouse as a new edition and return its name.

    The pointer moves only after the audit of the written file; a kill at any point leaves the old edition or the new one.

    Raises:
        AuditFailed: the edition breaks a rule of publication.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    folder = city.published
    folder.mkdir(parents=True, exist_ok=True)
    _clear_rests(folder)
    archive, previous = Archive(folder), _current_name(folder)
    archive.repair(con, previous)
    made = read_tables()
    manifest = _manifest(con, city, made, run_id=run_id, moment=moment)
    edition = str(manifest["edition"])
    staging = folder / f".staging-{edition}"
    staging.mkdir()
    file, versions = staging / f"{edition}.duckdb", staging / "row-versions.parquet"
    write_row_versions(con, load_contracts().values(), versions)
    before = comparison.edition_before(city, archive, previous)
    with _attached(con, file):
        tables = _write(con, made, manifest)
        comparison.compare(con, before, manifest, made, versions)
        tables |= {name: _count(con, f"{EDITION}.{name}") for name in comparison.TABLES}
        tables |= background.write(con, EDITION, made, manifest, archive, before.file if before is not None else None)
        tables["insights"] = add_restatements(con, EDITION)
        archive.keep(
            con,
            EDITION,
            {**manifest, "tables": tables},
            staging / "archive",
            base=before.edition if before is not None else None,
        )
        con.execute("CHECKPOINT edition_file")
    if file.with_name(file.name + ".wal").exists():
        raise AuditFailed("the edition was not written to its end")
    _audit(file, tables)
    _audit_restatements(con, file, before)
    docs = staging / f"{edition}-data-docs"
    _write_data_docs(con, city, docs)
    manifest |= {"sha256": _sha256(file), "bytes": file.stat().st_size, "tables": tables, "previous": previous}
    _write_synced(staging / f"{edition}.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    file.chmod(0o440)
    _sync(file)
    _move_beside(staging / "archive", archive.folder)
    _move(versions, city.row_versions / f"{edition}.parquet")
    for path in sorted(staging.iterdir(), key=lambda p: p.suffix == ".duckdb"):
        path.rename(folder / path.name)
    staging.rmdir()
    _sync(folder)
    _move_pointer(folder, f"{edition}.duckdb")
    archive.settle(edition)
    write_last_refresh(city, outcome="published", edition=edition, problems=[])
    _forget_old(folder)
    _forget_old_versions(city)
    return edition


def _manifest(
    con: duckdb.DuckDBPyConnection, city: City, made: Sequence[Table], *, run_id: str | None, moment: datetime
) -> dict[str, Any]:
    """What the edition will be made of, and its name."""
    inputs = con.execute(
        "SELECT dataset, sha256 FROM landing.deliveries WHERE outcome = 'loaded' ORDER BY 1, 2"
    ).fetchall()
    sql_hash, contract_hash = sha256_of(made), contracts_sha256()
    short = hashlib.sha256(json.dumps([inputs, sql_hash, contract_hash, run_id]).encode()).hexdigest()[:8]
    cuts = con.execute("SELECT dataset, as_of FROM marts.as_of ORDER BY 1").fetchall()
    return {
        "edition": f"edition-{moment:%Y%m%dT%H%M%SZ}-{short}",
        "published_at": moment.isoformat(timespec="seconds"),
        "inputs": [{"dataset": dataset, "sha256": sha256} for dataset, sha256 in inputs],
        "as_of": {str(d): f"{a.isoformat()}Z" for d, a in cuts},
        "code_version": code_version(),
        "contracts_sha256": contract_hash,
        "sql_sha256": sql_hash,
        "run_id": run_id,
        **facts(con, made, len(load_forgotten(city))),
    }


@contextlib.contextmanager
def _attached(con: duckdb.DuckDBPyConnection, file: Path, *, read_only: bool = False) -> Iterator[None]:
    """The file of an edition as the database `edition_file`."""
    con.execute(f"ATTACH {quote_text(str(file))} AS edition_file {'(READ_ONLY)' if read_only else ''}")
    try:
        yield
    finally:
        con.execute("DETACH edition_file")


def _write(con: duckdb.DuckDBPyConnection, made: Sequence[Table], manifest: Mapping[str, Any]) -> dict[str, int]:
    """Copy every table of marts into the new file; return the rows of each."""
    con.execute(f"CREATE SCHEMA {EDITION}")
    counts: dict[str, int] = {}
    for name in [table.table for table in made if table.schema == "marts"]:
        columns = "*"
        if name == "indicator_values":
            columns = "* REPLACE (CAST(getvariable('edition') AS VARCHAR) AS edition, CAST(getvariable('run') AS VARCHAR) AS run_id)"
            con.execute("SET VARIABLE edition = $1", [manifest["edition"]])
            con.execute("SET VARIABLE run = $1", [manifest["run_id"]])
        made_of = con.execute(f"CREATE TABLE {EDITION}.{name} AS SELECT {columns} FROM marts.{name}").fetchall()
        counts[name] = int(made_of[0][0])
    counts["area_figures"] = int(con.execute(_AREA_FIGURES).fetchall()[0][0])
    con.execute(
        f"CREATE TABLE {EDITION}.edition (edition VARCHAR, published_at TIMESTAMP, run_id VARCHAR,"
        " code_version VARCHAR, contracts_sha256 VARCHAR, sql_sha256 VARCHAR)"
    )
    published_at = datetime.fromisoformat(manifest["published_at"]).replace(tzinfo=None)
    about = [manifest[name] for name in ("run_id", "code_version", "contracts_sha256", "sql_sha256")]
    con.execute(f"INSERT INTO {EDITION}.edition VALUES (?, ?, ?, ?, ?, ?)", [manifest["edition"], published_at, *about])
    return counts | {"edition": 1}


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def _audit_restatements(con: duckdb.DuckDBPyConnection, file: Path, before: comparison.Before | None) -> None:
    """Hold the written file against the edition before: every final figure that differs has its line, and no line lies."""
    if before is None:
        return
    with _attached(con, file, read_only=True):
        counts = comparison.silent(con, before)
    if broken := [name for name, count in counts.items() if count]:
        raise AuditFailed("not published: " + "; ".join(broken))


def _audit(file: Path, tables: Mapping[str, int]) -> None:
    """Reopen the written file read-only and count what must not be there."""
    con = duckdb.connect(str(file), read_only=True, config=LIMITS)
    try:
        broken = [name for name, sql in AUDITS.items() if int(con.execute(sql).fetchall()[0][0]) > 0]
        for name, rows in tables.items():
            if int(con.execute(f"SELECT count(*) FROM marts.{name}").fetchall()[0][0]) != rows:
                broken.append(f"marts.{name} is not complete")
    finally:
        con.close()
    if broken:
        raise AuditFailed("not published: " + "; ".join(broken))


def _write_data_docs(con: duckdb.DuckDBPyConnection, city: City, folder: Path) -> None:
    from pipelines.contracts.data_docs import build_data_docs

    rows = con.execute("SELECT dataset, result_json FROM landing.suite_results ORDER BY dataset").fetchall()
    results = {str(dataset): json.loads(text) for dataset, text in rows}
    build_data_docs(folder, results, title=f"{city.settings.name.zh} · {city.settings.name.en}")


def _clear_rests(folder: Path) -> None:
    """Remove what a killed or failed publication left: staging, links and notes half made, files without their edition."""
    for path in folder.glob(".staging-*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in [*folder.glob(f".{POINTER}-*"), *folder.glob(f".{LAST_REFRESH}-*")]:
        path.unlink(missing_ok=True)
    for path in folder.glob("edition-*.json"):
        if not path.with_suffix(".duckdb").exists():
            path.unlink(missing_ok=True)
    for path in folder.glob("edition-*-data-docs"):
        if not (folder / f"{path.name.removesuffix('-data-docs')}.duckdb").exists():
            shutil.rmtree(path, ignore_errors=True)


def _move_pointer(folder: Path, target: str) -> None:
    link = folder / f".{POINTER}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    link.replace(folder / POINTER)
    _sync(folder)


def _current_name(folder: Path) -> str | None:
    pointer = folder / POINTER
    return pointer.resolve().stem if pointer.is_symlink() and pointer.exists() else None


def current_edition(city: City) -> str | None:
    """Name of the edition that readers see now."""
    return _current_name(city.published)


def newest_editions(city: City) -> list[Path]:
    """The files of the kept editions: the one that readers see now, then the others, the newest first."""
    current = _current_name(city.published)
    files = sorted(city.published.glob("edition-*.duckdb"), reverse=True)
    return sorted(files, key=lambda file: file.stem != current)


def _forget_old(folder: Path) -> None:
    """Remove all but the newest editions; one that a reader still has open stays readable to it."""
    current = _current_name(folder)
    for file in sorted(folder.glob("edition-*.duckdb"))[:-KEPT_EDITIONS]:
        if file.stem == current:
            continue
        file.unlink(missing_ok=True)
        file.with_suffix(".json").unlink(missing_ok=True)
        shutil.rmtree(folder / f"{file.stem}-data-docs", ignore_errors=True)


def _forget_old_versions(city: City) -> None:
    """Keep the digests of rows of the editions that still exist: the next one is compared with one of them."""
    for path in city.row_versions.glob("*.parquet"):
        if not (city.published / f"{path.stem}.duckdb").exists():
            path.unlink(missing_ok=True)


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o440)
    _sync(path)
    path.rename(target)
    _sync(target.parent)


def _move_beside(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        path.rename(target / path.name)
    source.rmdir()
    _sync(target)


def write_last_refresh(city: City, *, outcome: str, edition: str | None, problems: list[dict[str, Any]]) -> None:
    """Say beside the editions how the latest refresh ended, for the page to show (a failed one publishes nothing)."""
    city.published.mkdir(parents=True, exist_ok=True)
    content = {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "outcome": outcome,
        "edition": edition,
        "problems": problems,
    }
    part = city.published / f".{LAST_REFRESH}-{os.getpid()}"
    _write_synced(part, json.dumps(content, ensure_ascii=False, indent=1))
    part.replace(city.published / LAST_REFRESH)


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


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
