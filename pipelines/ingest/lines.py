"""Finds the lines of a full extract that are new or changed, by a hash of each line kept from the one before.

A full extract of ten million tickets differs from yesterday's in one row of a hundred; only these are parsed, cast and
checked. The hash is taken of the raw line with a secret in front, because a line may hold personal data."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import duckdb

from pipelines.contracts.model import Contract
from pipelines.ingest.files import Extract
from pipelines.ingest.privacy import load_key

if TYPE_CHECKING:
    from pipelines.city import City
    from pipelines.ingest.staging import Staged

#: Smaller files are parsed whole: there is nothing to gain.
LEAST_BYTES = 32 << 20
_HASH = "hash(getvariable('line_secret') || line)"


def table(contract: Contract) -> str:
    """The table with the hash and the key of every line that stands in landing from the latest full extract."""
    return f"landing._lines_{contract.dataset}"


def _layout(city: City, contract: Contract, extract: Extract, item: Staged) -> str:
    """What must be equal for equal lines to mean equal rows."""
    facts = [extract.layout, item.mapping.model_dump(mode="json"), contract.sha256, city.settings.time_zone]
    return hashlib.sha256(json.dumps([*facts, duckdb.__version__], default=str).encode()).hexdigest()


def _bind_secret(con: duckdb.DuckDBPyConnection, city: City) -> None:
    secret = hashlib.sha256(b"lines" + load_key(city.slug)).hexdigest()
    con.execute("SET VARIABLE line_secret = $1", [secret])


def can_compare(contract: Contract, extract: Extract, item: Staged) -> bool:
    """Whether lines of this file may stand for rows: one a row, and a table without history."""
    return (
        item.kind == "full" and extract.lines is not None and not contract.keeps_history
        and item.found.size >= LEAST_BYTES
    )  # fmt: skip


def only_changes(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, extract: Extract, item: Staged
) -> Extract:
    """The extract reduced to the lines that the latest full extract did not have; the whole of it where that cannot be
    told. The keys of lines that are gone are left in the temporary table `_gone`."""
    item.layout = _layout(city, contract, extract, item)
    _bind_secret(con, city)
    known = con.execute("SELECT layout FROM landing.line_layouts WHERE dataset = ?", [contract.dataset]).fetchall()
    layout, _, offsets = str(known[0][0]).partition(" ") if known else ("", "", "")
    if layout != item.layout or extract.from_lines is None:
        return extract
    stored = int(con.execute(f"SELECT count(*) FROM {table(contract)}").fetchall()[0][0])
    # DuckDB guesses 62 rows for a CSV and would build the hash table on it: 4.5 GB for ten million lines.
    con.execute("SET disabled_optimizers = 'build_side_probe_side,join_order'")
    try:
        found = con.sql(
            f"SELECT l.h, CASE WHEN s.line_hash IS NULL THEN l.line END AS line FROM (SELECT {_HASH} AS h, line FROM"
            f" {extract.lines}) AS l LEFT JOIN {table(contract)} AS s ON s.line_hash = l.h"
        ).pl()
    finally:
        con.execute("RESET disabled_optimizers")
    positions = found["line"].is_not_null().arg_true()
    unchanged = len(found) - len(positions)
    key = ", ".join(contract.landing_key)
    con.register("_file_lines", found.select("h"))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _gone AS SELECT line_hash, {key} FROM {table(contract)} ANTI JOIN _file_lines ON h = line_hash"
    )
    con.unregister("_file_lines")
    gone = int(con.execute("SELECT count(*) FROM _gone").fetchall()[0][0])
    if unchanged != stored - gone or len(positions) * 2 > len(found):
        # A line stands twice in the file, or most of it is new: it is read whole.
        return extract
    same = " AND ".join(f"old.{name} = s.{name}" for name in contract.landing_key)
    con.execute(
        f"INSERT INTO _gone BY NAME SELECT {', '.join(f'old.{name}' for name in contract.landing_key)}"
        f" FROM landing.{contract.dataset} AS old ANTI JOIN {table(contract)} AS s ON {same}"
    )
    item.unchanged, item.offsets = unchanged, int(offsets or 0)
    item.row_numbers = tuple((positions + extract.first_row).to_list())
    return extract.from_lines(found["line"].drop_nulls())


def contradicts(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> bool:
    """Whether a changed line has the key of an unchanged one, so that the file has two versions of one row."""
    same = " AND ".join(f"s.{name} = n.{name}" for name in contract.landing_key)
    rows = con.execute(
        f"SELECT count(*) FROM {table(contract)} AS s SEMI JOIN (SELECT * FROM _staging WHERE {item.where}) AS n ON {same}"
        " ANTI JOIN _gone AS g ON g.line_hash = s.line_hash"
    ).fetchall()
    return bool(rows[0][0])


def forget(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Drop what is known of the lines of a dataset."""
    con.execute(f"DROP TABLE IF EXISTS {table(contract)}")
    con.execute("DELETE FROM landing.line_layouts WHERE dataset = ?", [contract.dataset])


def hash_lines(con: duckdb.DuckDBPyConnection, item: Staged) -> None:
    """Hash the lines of the rows that were staged, in their order.

    Outside the transaction: the rows of a table that is made inside one have no lasting order before it is committed."""
    if item.extract is not None and item.layout:
        item.hashes = f"_lines_{item.first}"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {item.hashes} AS SELECT {_HASH} AS line_hash FROM {item.extract.lines}"
        )


def remember(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> None:
    """Keep the hashes of the lines of a full extract that was just merged, for the next one."""
    if item.hashes is None:
        return
    key = ", ".join(contract.landing_key)
    rows = f"SELECT rowid - {item.first} AS position, {key} FROM _staging WHERE {item.where}"
    if item.unchanged:
        con.execute(f"DELETE FROM {table(contract)} WHERE line_hash IN (SELECT line_hash FROM _gone)")
    else:
        forget(con, contract)
        con.execute(
            f"CREATE TABLE {table(contract)} AS SELECT CAST(0 AS UBIGINT) AS line_hash, {key} FROM _staging LIMIT 0"
        )
    read = int(con.execute(f"SELECT count(*) FROM {item.hashes}").fetchall()[0][0])
    if read != item.last - item.first + 1:
        # A row with too few or too many cells shifts lines against rows.
        forget(con, contract)
        return
    con.execute(
        f"INSERT INTO {table(contract)} SELECT line_hash, {key} FROM ({rows}) JOIN (SELECT rowid AS position, line_hash FROM {item.hashes}) USING (position)"
    )
    twice = con.execute(
        f"SELECT count(*) FROM (SELECT line_hash FROM {table(contract)} GROUP BY 1 HAVING count(*) > 1)"
    ).fetchall()[0][0]
    if twice:
        forget(con, contract)
        return
    con.execute("DELETE FROM landing.line_layouts WHERE dataset = ?", [contract.dataset])
    layout = f"{item.layout} {item.offsets}"
    con.execute("INSERT INTO landing.line_layouts VALUES (?, ?)", [contract.dataset, layout])


def touched(con: duckdb.DuckDBPyConnection, contract: Contract, good: str) -> None:
    """Forget the lines of rows that another delivery changed since."""
    known = con.execute("SELECT 1 FROM landing.line_layouts WHERE dataset = ?", [contract.dataset]).fetchall()
    if known:
        same = " AND ".join(f"s.{name} = n.{name}" for name in contract.landing_key)
        con.execute(f"DELETE FROM {table(contract)} AS s USING {good} AS n WHERE {same}")
