"""Takes one person out of the files of the state: each is written anew without them, and replaced in one step."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest import landed
from pipelines.ingest.extract import quote_name, quote_text
from pipelines.ingest.forgotten import pseudonym_columns
from pipelines.ingest.search import files_below
from pipelines.warehouse import open_database

_PERSON = "getvariable('person')"
#: The rejected rows of the person: delivery_id, source_row.
_ROWS = "_rows_of_person"
_NO_TEXT = "'BOOLEAN', 'DATE', 'TIMESTAMP', 'INTEGER', 'BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE', 'FLOAT', 'SMALLINT', 'TINYINT'"


@dataclass
class Erased:
    """What was taken out: rows or cells by table or folder, SHA-256 before and after by file, files that are gone."""

    removed: Counter[str] = field(default_factory=Counter)
    rewritten: dict[Path, tuple[str, str | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """A person by pseudonym, and the numbers of their rows by delivery, as far as the extracts still show them."""

    pseudonym: str
    rows: Mapping[str, Collection[int]]

    def bind(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the person known to the statements that follow; they stand in no SQL text and no error message."""
        con.execute("SET VARIABLE person = $1", [self.pseudonym])
        pairs = [(delivery, row) for delivery, rows in self.rows.items() for row in rows]
        frame = pl.DataFrame(pairs, schema={"delivery_id": pl.String, "source_row": pl.Int64}, orient="row")
        con.register("_given", frame)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS SELECT * FROM _given")
        con.unregister("_given")


def erase_kept(
    con: duckdb.DuckDBPyConnection, city: City, contracts: Iterable[Contract], person: Person, done: Erased
) -> None:
    """Write the kept deliveries in which the person is anew.

    Raises:
        Damaged: a kept file is not what its manifest says.
    """
    for path in city.landing.rglob("*.part"):
        path.unlink()  # of a process that was killed
    for contract in contracts:
        keyed, others = pseudonym_columns(contract)
        for manifest, content in landed.manifests(city, contract.dataset):
            changed: dict[str, str] = {}
            for name in ("rows", "gone", "rejects"):
                relation = landed.relation_of(manifest, content, name)
                if relation is None:
                    continue
                if name == "rejects":
                    without, hits = _without_rejects(con, relation)
                else:
                    mentions = others if name == "rows" else []
                    without, hits = _without(con, relation, keyed, mentions)
                if hits:
                    changed[name] = without
                    done.removed[f"state/landing/{contract.dataset}"] += hits
            if changed:
                done.rewritten |= landed.rewrite(con, manifest, content, changed)


def _without(
    con: duckdb.DuckDBPyConnection, relation: str, keyed: Collection[str], mentions: Collection[str]
) -> tuple[str, int]:
    """The relation without the person, and the number of rows that concern them."""
    theirs = " OR ".join(f"contains(CAST({quote_name(name)} AS VARCHAR), {_PERSON})" for name in (*keyed, *mentions))
    if not theirs:
        return relation, 0
    hits = int(con.execute(f"SELECT count(*) FROM {relation} WHERE {theirs}").fetchall()[0][0])
    masked = ", ".join(
        f"CASE WHEN contains(CAST({quote_name(name)} AS VARCHAR), {_PERSON}) THEN NULL ELSE {quote_name(name)} END"
        f" AS {quote_name(name)}"
        for name in mentions
    )
    rows = " OR ".join(f"contains({quote_name(name)}, {_PERSON})" for name in keyed) or "FALSE"
    star = f"* REPLACE ({masked})" if masked else "*"
    return f"(SELECT {star} FROM {relation} WHERE ({rows}) IS NOT TRUE)", hits


def _without_rejects(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, int]:
    hits = con.execute(f"SELECT count(*) FROM {relation} SEMI JOIN {_ROWS} USING (delivery_id, source_row)").fetchall()
    # NOT IN keeps the order of the rows, which an anti join does not promise.
    return (
        f"(SELECT * FROM {relation} WHERE (delivery_id, source_row) NOT IN (SELECT delivery_id, source_row FROM {_ROWS}))",
        int(hits[0][0]),
    )


def erase_warehouse(city: City, contracts: Iterable[Contract], person: Person, done: Erased) -> None:
    """Write the warehouse anew without the person: in the old file, what was deleted stays in free blocks."""
    file = city.warehouse
    if not file.is_file():
        return
    keyed = {name for contract in contracts for name in pseudonym_columns(contract)[0]}
    before = _sha256(file)
    with _fresh(city, file, person) as (con, tables):
        _copy_without(con, tables, keyed, done.removed)
    file.with_name(file.name + ".wal").unlink(missing_ok=True)
    _replace(file)
    done.rewritten[file] = (before, _sha256(file))


def erase_editions(city: City, contracts: Iterable[Contract], person: Person, done: Erased) -> None:
    """Write the kept editions in which the person is anew, with their manifests."""
    keyed = {name for contract in contracts for name in pseudonym_columns(contract)[0]}
    for file in sorted(city.published.glob("edition-*.duckdb")):
        manifest = file.with_suffix(".json")
        content: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
        if content.get("sha256_next") == _sha256(file):
            _write_edition_manifest(manifest, content)  # a process was killed between file and manifest
        removed: Counter[str] = Counter()
        with _fresh(city, file, person) as (con, tables):
            rows = _copy_without(con, tables, keyed, removed)
        fresh = _fresh_path(file)
        if not removed:
            fresh.unlink()
            continue
        fresh.chmod(0o440)
        digest = _sha256(fresh)
        before = _sha256(file)
        tables_now = {name.removeprefix("marts."): count for name, count in rows.items()}
        content |= {"sha256_next": digest, "bytes": fresh.stat().st_size, "tables": tables_now}
        _write_json(manifest, content)
        _replace(file)
        _write_edition_manifest(manifest, content)
        done.removed += Counter({f"{file.stem} {name}": count for name, count in removed.items()})
        done.rewritten[file] = (before, digest)


def _write_edition_manifest(manifest: Path, content: dict[str, Any]) -> None:
    content["sha256"] = content.pop("sha256_next")
    _write_json(manifest, content)


@contextmanager
def _fresh(city: City, file: Path, person: Person) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[tuple[str, str]]]]:
    """A connection to a new file beside `file`, which is attached read-only as `old`, and the tables of the old one."""
    fresh = _fresh_path(file)
    for rest in (fresh, fresh.with_name(fresh.name + ".wal")):
        rest.unlink(missing_ok=True)
    if file.with_name(file.name + ".wal").is_file():
        with open_database(city, file) as con:
            con.execute("CHECKPOINT")
    with open_database(city, fresh) as con:
        person.bind(con)
        con.execute(f"ATTACH {quote_text(str(file))} AS old (READ_ONLY)")
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'old' AND schema_name <> 'upkeep'"
            " ORDER BY table_oid"
        ).fetchall()
        yield con, [(str(schema), str(table)) for schema, table in tables]
        con.execute("DETACH old")
        con.execute("CHECKPOINT")


def _fresh_path(file: Path) -> Path:
    return file.with_name(f".{file.name}.part")


def _replace(file: Path) -> None:
    fresh = _fresh_path(file)
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(file)


def _copy_without(
    con: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str]], keyed: Collection[str], removed: Counter[str]
) -> dict[str, int]:
    """Copy every table of `old` without the person: rows of which they are the key go, mentions become NULL. Returns the
    rows of each copy."""
    rows: dict[str, int] = {}
    for schema, table in tables:
        name = f"{quote_name(schema)}.{quote_name(table)}"
        columns = con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'old' AND schema_name = ? AND table_name = ?"
            f" AND data_type NOT IN ({_NO_TEXT})",
            [schema, table],
        ).fetchall()
        texts = [str(row[0]) for row in columns]
        # A removal is the key of a row as one text.
        gone = [n for n in texts if n in keyed or (table == "removals" and n == "row_key")]
        without, hits = _without(con, f"old.{name}", gone, [n for n in texts if n not in gone])
        if table == "rejects":
            without, listed = _without_rejects(con, without if hits else f"old.{name}")
            hits += listed
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {quote_name(schema)}")
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM {without if hits else f'old.{name}'}")
        rows[f"{schema}.{table}"] = int(con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
        if hits:
            removed[f"{schema}.{table}"] += hits
    return rows


def remove_file(path: Path, done: Erased) -> None:
    """Remove a file that can be made again."""
    done.rewritten[path] = (_sha256(path), None)
    path.unlink()


def digests(folder: Path) -> dict[Path, str]:
    """SHA-256 of every file below a folder."""
    return {path: _sha256(path) for path in files_below(folder)}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
