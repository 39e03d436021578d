"""Merges the good rows of one delivery into landing: upserts, removals, history. The same statements rebuild a past state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from pipelines.contracts.model import Contract


@dataclass(frozen=True)
class Change:
    """What a delivery says: `full` is the whole dataset, `delta` some rows, `changes` the rows of a full extract that
    differ from the one before (then `gone` is a relation of the keys that it no longer has), `mend` rejected rows of an
    earlier delivery, corrected."""

    kind: str
    delivery_id: str
    as_of: datetime | None
    good: str
    gone: str | None = None


@dataclass(frozen=True)
class Restatement:
    """A full delivery beside what stands: rows of new keys, of known keys with other content, and of keys it lacks."""

    new: int
    changed: int
    gone: int


def compare(con: duckdb.DuckDBPyConnection, contract: Contract, change: Change) -> Restatement:
    """What a full delivery will change, before it is merged. Where only lines that differ were read, every one of them
    with a known key counts as changed."""
    table, key = f"landing.{contract.dataset}", ", ".join(contract.landing_key)
    current = f"(SELECT * FROM {table} WHERE _valid_to IS NULL)" if contract.keeps_history else table
    names = "0" if change.kind == "changes" else f"hash({', '.join(_names(contract))})"
    other = "o.h IS NOT NULL" if change.kind == "changes" else "o.h <> n.h"
    left = change.gone if change.kind == "changes" else current
    new, changed, gone = con.execute(
        f"SELECT count(*) FILTER (o.h IS NULL), count(*) FILTER ({other}),"
        f" (SELECT count(*) FROM (SELECT {key} FROM {left}) ANTI JOIN (SELECT {key} FROM {change.good}) USING ({key}))"
        f" FROM (SELECT {key}, {names} AS h FROM {change.good}) AS n"
        f" LEFT JOIN (SELECT {key}, {names} AS h FROM {current}) AS o USING ({key})"
    ).fetchall()[0]
    return Restatement(int(new), int(changed), int(gone))


def merge(con: duckdb.DuckDBPyConnection, contract: Contract, change: Change) -> int:
    """Apply a change to `landing.<dataset>`; returns how many rows it removed.

    The later `updated_at` wins; at the same time, or without one, the later arrival. A row that a full extract no longer
    has is removed, unless it was updated after the extract's data cut, and stays removed when an older update of it
    comes late."""
    if contract.keeps_history:
        _merge_history(con, contract, change)
        return 0
    table, dated = f"landing.{contract.dataset}", contract.has_updates
    same = _same(contract.landing_key)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _absent AS SELECT {', '.join(contract.landing_key)} FROM {table} LIMIT 0"
    )
    later = "coalesce(old.updated_at > CAST($as_of AS TIMESTAMP), FALSE)" if dated else "FALSE"
    at = {"as_of": change.as_of} if dated else {}
    keys = ", ".join(f"old.{name}" for name in contract.landing_key)
    if change.kind == "full":
        con.execute(
            f"INSERT INTO _absent SELECT {keys} FROM {table} AS old ANTI JOIN {change.good} AS new ON {same} WHERE NOT {later}", at
        )  # fmt: skip
    elif change.kind == "changes":
        con.execute(
            f"INSERT INTO _absent SELECT {keys} FROM {table} AS old SEMI JOIN {change.gone} AS gone"
            f" ON {same.replace('new.', 'gone.')} ANTI JOIN {change.good} AS new ON {same} WHERE NOT {later}",
            at,
        )
    listed = ", ".join([*_names(contract), "_delivery_id"])
    removed = int(con.execute("SELECT count(*) FROM _absent").fetchall()[0][0])
    standing = int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    keep = ""
    if dated and standing:
        undated = "old.updated_at IS NOT NULL" if change.kind in ("delta", "mend") else later
        keep = f" ANTI JOIN {table} AS old ON {same} AND coalesce(old.updated_at > new.updated_at, {undated})"
    if change.kind == "delta" and dated and _has_removals(con, contract):
        keep += (
            f" ANTI JOIN landing.removals AS r ON r.dataset = '{contract.dataset}' AND r.row_key = {key_text(contract, 'new')}"
            " AND r.removed_at >= new.updated_at"
        )
    winning = f"SELECT {_of(listed, 'new')} FROM {change.good} AS new{keep}"
    bound = at if "$as_of" in winning else {}
    if standing:
        # The winners are found before their old versions go: they are found by looking at the table.
        con.execute(f"CREATE OR REPLACE TEMP TABLE _good AS {winning}", bound)
        if removed:
            con.execute(f"DELETE FROM {table} AS old USING _absent AS new WHERE {same}")
        con.execute(f"DELETE FROM {table} AS old USING _good AS new WHERE {same}")
        con.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM _good")
        con.execute("DROP TABLE _good")
    else:
        con.execute(f"INSERT INTO {table} ({listed}) {winning}", bound)
    if change.kind == "mend" and dated:
        # The row stood in the extract all the time; without its good cells it was taken for removed.
        con.execute(
            f"DELETE FROM landing.removals WHERE dataset = ? AND row_key IN (SELECT {key_text(contract, 'new')} FROM {change.good} AS new)",
            [contract.dataset],
        )
    if removed:
        con.execute(
            f"INSERT INTO landing.removals SELECT ?, ?, {key_text(contract, 'gone')}, CAST(? AS TIMESTAMP) FROM _absent AS gone",
            [contract.dataset, change.delivery_id, change.as_of],
        )
    con.execute("DROP TABLE _absent")
    return removed


def key_text(contract: Contract, alias: str) -> str:
    """SQL of a row's key as one text."""
    return " || chr(31) || ".join(f"CAST({alias}.{name} AS VARCHAR)" for name in contract.landing_key)


def _has_removals(con: duckdb.DuckDBPyConnection, contract: Contract) -> bool:
    return bool(con.execute("SELECT 1 FROM landing.removals WHERE dataset = ? LIMIT 1", [contract.dataset]).fetchall())


def _names(contract: Contract) -> list[str]:
    return [name for name, _ in contract.landing_schema() if not name.startswith("_")]


def _of(listed: str, alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in listed.split(", "))


def _same(key: tuple[str, ...]) -> str:
    return " AND ".join(f"old.{name} = new.{name}" for name in key)


def _merge_history(con: duckdb.DuckDBPyConnection, contract: Contract, change: Change) -> None:
    """Close the versions that changed (or, in a full delivery, disappeared) at this delivery's data cut, open the new ones."""
    table, names = f"landing.{contract.dataset}", _names(contract)
    same = _same(contract.landing_key)
    equal = " AND ".join(f"old.{name} IS NOT DISTINCT FROM new.{name}" for name in names)
    listed = ", ".join(names)
    con.execute(f"CREATE OR REPLACE TEMP TABLE _good AS SELECT {listed}, _delivery_id FROM {change.good}")
    if change.kind in ("delta", "mend"):
        con.execute(f"DELETE FROM _good AS new USING {table} AS old WHERE old._valid_to IS NULL AND {equal}")
        gone = f"EXISTS (SELECT 1 FROM _good AS new WHERE {same})"
    else:
        gone = f"NOT EXISTS (SELECT 1 FROM _good AS new WHERE {equal})"
    con.execute(f"UPDATE {table} AS old SET _valid_to = ? WHERE old._valid_to IS NULL AND {gone}", [change.as_of])
    con.execute(
        f"INSERT INTO {table} ({listed}, _delivery_id, _valid_from, _valid_to) SELECT {listed}, _delivery_id, CAST(? AS TIMESTAMP), NULL"
        f" FROM _good AS new WHERE NOT EXISTS (SELECT 1 FROM {table} AS old WHERE old._valid_to IS NULL AND {equal})",
        [change.as_of],
    )
