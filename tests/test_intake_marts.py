"""What the data page reads of deliveries: open refusals, guards and remarks, from ledger lines written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from editions import publish
from landing import LEDGERS, build, empty_warehouse

from pipelines.ingest.ledger import create_landing, open_refusals

NOON = datetime(2026, 4, 10, 12, 0)  # noqa: DTZ001  the ledger stores UTC without a zone


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse without rows."""
    with empty_warehouse() as found:
        yield found


def deliver(
    con: duckdb.DuckDBPyConnection, key: str, *, hour: int, outcome: str = "loaded", kind: str = "full",
    file_name: str | None = None, dataset: str = "tickets",
) -> None:  # fmt: skip
    """A line of the ledger; the SHA-256 of its file is made of its key."""
    at = NOON + timedelta(hours=hour)
    columns = (
        "delivery_id",
        "dataset",
        "file_name",
        "sha256",
        "kind",
        "arrived_at",
        "loaded_at",
        "outcome",
        "sequence",
    )
    values = [key, dataset, file_name or f"{key}.csv", key * 12, kind, at, at, outcome, 0]
    con.execute(f"INSERT INTO landing.deliveries ({', '.join(columns)}) VALUES ({', '.join('?' * 9)})", values)


def marts(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query after every SQL file has run."""
    build(con, {}, wanted=None)
    return con.execute(sql).fetchall()


def test_a_refusal_is_open_until_a_later_full_delivery_or_a_file_of_its_name_is_loaded(
    con: duckdb.DuckDBPyConnection,
) -> None:
    deliver(con, "a", hour=0, outcome="refused")
    deliver(con, "b", hour=1)  # full and later than a
    deliver(con, "c", hour=2, outcome="refused", kind="delta", file_name="march.csv")
    deliver(con, "d", hour=3, kind="delta", file_name="march.csv")  # of the name of c
    deliver(con, "e", hour=4, outcome="refused", kind="delta")
    deliver(con, "f", hour=5, kind="delta")  # neither full nor of the name of e
    deliver(con, "g", hour=6, outcome="superseded")
    deliver(con, "h", hour=9, dataset="members")  # full, but of another dataset
    assert marts(con, "SELECT delivery_id, refused_at FROM marts.open_refusals") == [("e", NOON + timedelta(hours=4))]


def test_the_page_and_the_load_agree_on_what_is_open(con: duckdb.DuckDBPyConnection) -> None:
    for hour, (key, outcome, kind) in enumerate(
        [("a", "refused", "full"), ("b", "loaded", "full"), ("c", "refused", "delta"), ("d", "refused", "full")]
    ):
        deliver(con, key, hour=hour, outcome=outcome, kind=kind)
    aside = {key * 12 for key in "abcd"}
    by_load = sorted(delivery.delivery_id for delivery in open_refusals(con, "tickets", aside))
    assert by_load == ["c", "d"]
    assert [row[0] for row in marts(con, "SELECT delivery_id FROM marts.open_refusals ORDER BY 1")] == by_load


def test_a_judgement_of_a_guard_and_a_remark_know_their_file(con: duckdb.DuckDBPyConnection) -> None:
    deliver(con, "a", hour=0)
    con.execute(
        "INSERT INTO landing.guard_results (delivery_id, dataset, guard_id) VALUES ('a', 'tickets', 'deletions')"
    )
    con.execute("INSERT INTO landing.notes VALUES ('a', 'tickets', 'hidden_rows', 3, '隐藏行', 'hidden rows')")
    con.execute("INSERT INTO landing.notes VALUES (NULL, 'tickets', 'source_remark', 1, '说明', 'remark')")
    assert marts(con, "SELECT guard_id, file_name, arrived_at FROM marts.guard_results") == [
        ("deletions", "a.csv", NOON)
    ]
    assert con.execute("SELECT code, cells, file_name FROM marts.notes ORDER BY cells").fetchall() == [
        ("source_remark", 1, None), ("hidden_rows", 3, "a.csv"),
    ]  # fmt: skip


def columns_of(con: duckdb.DuckDBPyConnection, schema: str, tables: set[str]) -> dict[str, list[tuple[str, str]]]:
    """Table → its columns with their types, in order."""
    return {
        table: con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
            " ORDER BY column_index",
            [schema, table],
        ).fetchall()
        for table in tables
    }


def test_the_ledger_of_these_tests_has_the_columns_of_the_real_one(con: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as real:
        create_landing(real, [])
        assert columns_of(con, "landing", set(LEDGERS)) == columns_of(real, "landing", set(LEDGERS))


def test_the_made_up_edition_has_the_columns_of_a_real_one(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables = {"deliveries", "open_refusals", "guard_results", "notes", "left_out", "rejects", "contract_results"}
    build(con, {}, wanted=None)
    with duckdb.connect(str(publish(tmp_path)), read_only=True) as edition:
        made_up, real = columns_of(edition, "marts", tables), columns_of(con, "marts", tables)
    for table in tables:
        assert sorted(made_up[table]) == sorted(real[table]), table
