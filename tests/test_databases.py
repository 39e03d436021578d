"""PostgreSQL and MariaDB as sources, against real servers: what is fetched, what is refused, what survives a broken line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from database_servers import PASSWORD, Line, Server, mariadb_server, postgres_folder, postgres_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import SmallCity

from pipelines.ingest.fetching import Patience, SourceFailed
from pipelines.ingest.sources import Fetched, fetch_sources
from pipelines.yaml_model import ConfigurationError


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    if postgres_folder() is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    if shutil.which("mariadb-install-db") is None:
        pytest.skip("no MariaDB server is installed (Debian: mariadb-server)")
    with mariadb_server() as server:
        yield server


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_PASSWORD", PASSWORD)


WAITS: list[float] = []
ONCE = Patience(attempts=1)
THRICE = Patience(attempts=3, first_wait=0.01, longest_wait=0.05, sleep=WAITS.append)


def source(city: SmallCity, url: str, dataset: str = "tickets", **keys: Any) -> None:
    """city.yaml with one database source."""
    outer = {key: keys.pop(key) for key in ("name", "mapping", "on_failure") if key in keys}
    city.settings(sources={dataset: {"database": {"url": url, **keys}, **outer}})


def fetch(city: SmallCity, dataset: str = "tickets", patience: Patience = ONCE, **hashes: set[str]) -> Fetched:
    """What the one source of the dataset gives, with what the ledger knows."""
    known: dict[str, set[str]] = {"loaded": set(), "refused": set()}
    if city.open().warehouse.exists():
        for sha256, outcome in city.rows("SELECT sha256, outcome FROM landing.deliveries"):
            known["refused" if outcome == "refused" else "loaded"].add(sha256)
    (fetched,) = fetch_sources(city.open(), dataset, **(known | hashes), patience=patience)
    return fetched


def failure(city: SmallCity, dataset: str = "tickets", patience: Patience = ONCE) -> str:
    """Both messages of a fetch that fails; they never hold the password or the address, and nothing stays behind."""
    with pytest.raises(SourceFailed) as error:
        fetch(city, dataset, patience)
    message = str(error.value)
    assert PASSWORD not in message and "127.0.0.1" not in message
    assert error.value.__suppress_context__ or error.value.__context__ is None
    assert extracts(city, dataset) == []
    return message


def extracts(city: SmallCity, dataset: str = "tickets") -> list[str]:
    """Names of everything in the dataset's drop folder."""
    folder = city.folder / "extracts" / dataset
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def rows(fetched: Fetched) -> list[tuple[Any, ...]]:
    """The rows of a fetched extract, sorted by all that is in them."""
    assert fetched.path is not None
    return sorted(pl.read_parquet(fetched.path).rows(), key=str)


def manifest(fetched: Fetched) -> dict[str, Any]:
    """What stands beside a fetched extract."""
    assert fetched.path is not None
    return json.loads(fetched.path.with_name(fetched.path.name + ".done").read_text())


# -- what is fetched -------------------------------------------------------------------------------------------------


def test_every_type_of_postgresql_arrives_as_the_text_it_means(city: SmallCity, postgres: Server) -> None:
    postgres.run(
        "DROP TABLE IF EXISTS kinds",
        "CREATE TYPE mood AS ENUM ('好', '差')",
        "CREATE TABLE kinds (a bigint, b numeric(30,10), c double precision, d boolean, e date, f timestamp, g timestamptz,"
        " h time, i json, j jsonb, k uuid, l bit(3), m bytea, n text[], o mood, p char(4), q money, r interval, s inet)",
        "INSERT INTO kinds VALUES (9223372036854775807, 12345678901234567890.0123456789, 0.1, true, '2026-03-05',"
        " '2026-03-05 10:00:00.123456', '2026-03-05 10:00:00+08', '10:00', '{\"b\": 1}', '{\"b\":1}',"
        " '11111111-1111-1111-1111-111111111111', B'101', '\\x00ff', '{a,b}', '好', 'ab', 1234.5, '1 day', '10.0.0.1')",
        "INSERT INTO kinds (e, f) VALUES ('infinity', '-infinity')",
        "INSERT INTO kinds (e) VALUES ('0044-03-15 BC')",
    )
    source(city, postgres.url(), table="kinds")
    found = fetch(city)
    first, *odd = sorted(rows(found), key=lambda row: row[0] or "~")
    assert first == (
        "9223372036854775807", "12345678901234567890.0123456789", "0.1", "true", "2026-03-05",
        "2026-03-05 10:00:00.123456", "2026-03-05 02:00:00+00", "10:00:00", '{"b": 1}', '{"b": 1}',
        "11111111-1111-1111-1111-111111111111", "101", "{a,b}", "好", "ab", "1234.50", "1 day", "10.0.0.1/32",
    )  # fmt: skip
    assert sorted((row[4], row[5]) for row in odd) == [("0044-03-15 BC", None), ("infinity", "-infinity")]
    assert [remark.en for remark in found.remarks] == ["tickets (database): binary columns left out: m"]


def test_every_type_of_mariadb_arrives_as_the_text_it_means(city: SmallCity, mariadb: Server) -> None:
    mariadb.run(
        "CREATE OR REPLACE TABLE kinds (a bigint unsigned, b decimal(30,10), c double, d bool, e date, f datetime(6),"
        " g timestamp(6) NULL, h time, i json, j enum('好','差'), k set('x','y'), l bit(3), m blob, n varbinary(3), o text,"
        " p year, q geometry, r varchar(9) CHARACTER SET gbk, s uuid, t inet6)",
        "SET time_zone = '+08:00'",
        "INSERT INTO kinds VALUES (18446744073709551615, 12345678901234567890.0123456789, 0.1, true, '2026-03-05',"
        " '2026-03-05 10:00:00.123456', CONVERT_TZ('2026-03-05 10:00:00', '+08:00', @@time_zone), '10:00', '{\"b\": 1}',"
        " '好', 'x,y', b'101', x'00ff', x'00ff', '文', 2026, POINT(1,2), '汉字', UUID(), '::1')",
        "INSERT INTO kinds (e, f, g) VALUES ('0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00')",
        "INSERT INTO kinds (e) VALUES ('2026-00-00')",
        "UPDATE kinds SET s = '11111111-1111-1111-1111-111111111111'",
    )
    source(city, mariadb.url(), table="kinds")
    found = fetch(city)
    first, *odd = sorted(rows(found), key=lambda row: row[0] or "~")
    assert first == (
        "18446744073709551615", "12345678901234567890.0123456789", "0.1", "1", "2026-03-05",
        "2026-03-05 10:00:00.123456", "2026-03-05 02:00:00.000000+00:00", "10:00:00", '{"b": 1}', "好", "x,y", "5", "文",
        "2026", "汉字", "11111111-1111-1111-1111-111111111111", "::1",
    )  # fmt: skip
    assert sorted((str(row[4]), row[5], row[6]) for row in odd) == [("2026-00-00", None, None), ("None", None, None)]
    assert [remark.en for remark in found.remarks] == ["tickets (database): binary columns left out: m, n, q"]


@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=20)
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives(city: SmallCity, server: Server, texts: list[str]) -> None:
    server.run("DROP TABLE IF EXISTS texts", "CREATE TABLE texts (t text)")
    con = server.connect()
    con.cursor().executemany("INSERT INTO texts VALUES (%s)", [(text,) for text in texts])
    con.close()
    shutil.rmtree(city.folder / "extracts", ignore_errors=True)
    source(city, server.url(), table="texts")
    assert sorted(row[0] for row in rows(fetch(city))) == sorted(texts)


def test_rows_are_fetched_in_chunks_and_none_is_lost(city: SmallCity, server: Server) -> None:
    numbers = ", ".join(f"({n})" for n in range(1, 11))
    server.run("DROP TABLE IF EXISTS ten", "CREATE TABLE ten (n int)", f"INSERT INTO ten VALUES {numbers}")
    source(city, server.url(), table="ten", chunk_rows=3)
    found = fetch(city)
    assert sorted(int(row[0]) for row in rows(found)) == list(range(1, 11))
    assert found.rows == 10
    assert pq.ParquetFile(found.path).metadata.num_row_groups == 4


def test_a_query_keeps_its_percent_signs_and_semicolon_and_takes_only_the_columns_asked_for(
    city: SmallCity, server: Server
) -> None:
    server.run(
        "DROP TABLE IF EXISTS tens", "CREATE TABLE tens (n int, t varchar(9))", "INSERT INTO tens VALUES (1, 'a%b')"
    )
    source(city, server.url(), query="SELECT n, t, 1 AS x FROM tens WHERE t LIKE 'a%' -- all\n;", columns=["t", "x"])
    assert rows(fetch(city)) == [("a%b", "1")]


def test_names_of_tables_and_columns_are_quoted(city: SmallCity, postgres: Server) -> None:
    postgres.run('CREATE TABLE "odd ""; DROP TABLE x; 100%%" ("a ""b"" %%" int)'.replace("%%", "%"))
    postgres.run('INSERT INTO "odd ""; DROP TABLE x; 100%" VALUES (7)')
    source(city, postgres.url(), table='odd "; DROP TABLE x; 100%', columns=['a "b" %'], high_water='a "b" %')
    found = fetch(city)
    assert rows(found) == [("7",)]
    assert manifest(found)["source"]["high_water"] == "7"


def test_a_table_of_another_schema_and_a_view_can_be_named(city: SmallCity, postgres: Server) -> None:
    postgres.run(
        "CREATE SCHEMA hotline", "CREATE TABLE hotline.calls (n int)", "INSERT INTO hotline.calls VALUES (1)",
        "CREATE VIEW calls_view AS SELECT n + 1 AS n FROM hotline.calls",
        "GRANT USAGE ON SCHEMA hotline TO reader", "GRANT SELECT ON hotline.calls TO reader",
    )  # fmt: skip
    source(city, postgres.url(), table="hotline.calls")
    assert rows(fetch(city)) == [("1",)]
    source(city, postgres.url(), table="calls_view")
    assert rows(fetch(city)) == [("2",)]


def test_an_extract_is_private_has_its_manifest_and_bears_source_and_moment(city: SmallCity, server: Server) -> None:
    server.run("DROP TABLE IF EXISTS one", "CREATE TABLE one (n int)", "INSERT INTO one VALUES (1)")
    source(city, server.url(), table="one", name="hotline")
    found = fetch(city)
    assert found.path is not None and found.as_of is not None
    assert found.path.name == f"hotline-{found.as_of:%Y%m%dT%H%M%SZ}.parquet"
    assert extracts(city) == [found.path.name, f"{found.path.name}.done"]
    assert {oct(path.stat().st_mode & 0o777) for path in found.path.parent.iterdir()} == {"0o600"}
    told = manifest(found)
    assert (told["rows"], told["kind"]) == (1, "full")
    assert city.open().extract_files("tickets") == [(found.path, "tickets")]


# -- one snapshot, or nothing ----------------------------------------------------------------------------------------


def test_what_is_written_while_rows_are_fetched_is_not_in_the_extract(city: SmallCity, server: Server) -> None:
    server.run("DROP TABLE IF EXISTS busy", "CREATE TABLE busy (id int)", "INSERT INTO busy VALUES (1), (2)")
    asked = b"CAST(`id` AS CHAR) FROM" if server.kind == "mysql" else b"DECLARE"
    with Line(server.port, question=asked, before=lambda: server.run("INSERT INTO busy VALUES (3)")) as line:
        source(city, server.url(line.port), table="busy")
        assert rows(fetch(city)) == [("1",), ("2",)]
        assert line.before is None
        assert rows(fetch(city)) == [("1",), ("2",), ("3",)]


def test_a_table_without_snapshots_that_changes_meanwhile_is_refused_by_its_count(
    city: SmallCity, mariadb: Server
) -> None:
    mariadb.run("CREATE OR REPLACE TABLE old (id int) ENGINE=MyISAM", "INSERT INTO old VALUES (1), (2)")
    asked = b"CAST(`id` AS CHAR) FROM"
    with Line(mariadb.port, question=asked, before=lambda: mariadb.run("INSERT INTO old VALUES (3)")) as line:
        source(city, mariadb.url(line.port), table="old")
        assert "counted 2 rows and gave 3" in failure(city)


def test_a_query_that_gives_something_else_each_time_is_refused_by_its_count(city: SmallCity, postgres: Server) -> None:
    # The open cursors of the session: none while the rows are counted, one while they are fetched.
    source(city, postgres.url(), query="SELECT name FROM pg_cursors")
    assert "counted 0 rows and gave 1" in failure(city)


def many_rows(server: Server) -> None:
    server.run("DROP TABLE IF EXISTS many", "CREATE TABLE many (id int, t text)")
    insert = "INSERT INTO many SELECT n, repeat('x', 100) FROM generate_series(1, 20000) AS n"
    if server.kind == "mysql":
        insert = "INSERT INTO many SELECT seq, repeat('x', 100) FROM seq_1_to_20000"
    server.run(insert)


def test_a_line_that_breaks_in_the_middle_begins_the_whole_fetch_again(city: SmallCity, server: Server) -> None:
    many_rows(server)
    WAITS.clear()
    with Line(server.port, cuts=[500_000, 1_000_000]) as line:
        source(city, server.url(line.port), table="many", chunk_rows=1000)
        found = fetch(city, patience=THRICE)
        assert line.connections == 3
    assert sorted(int(row[0]) for row in rows(found)) == list(range(1, 20001))
    assert len(WAITS) == 2 and all(0 < wait <= 0.05 for wait in WAITS)
    assert len(extracts(city)) == 2


def test_a_line_that_always_breaks_leaves_nothing_behind(city: SmallCity, server: Server) -> None:
    many_rows(server)
    with Line(server.port, cuts=[500_000] * 3) as line:
        source(city, server.url(line.port), table="many", chunk_rows=1000)
        message = failure(city, patience=THRICE)
        assert line.connections == 3
    assert "the connection broke" in message and "连接中断" in message


def test_a_server_that_is_not_there_is_tried_again_and_named(city: SmallCity, server: Server) -> None:
    with Line(server.port) as line:
        port = line.port
    WAITS.clear()
    source(city, server.url(port), table="many")
    assert "cannot be reached" in failure(city, patience=THRICE)
    assert len(WAITS) == 2


def test_a_slow_query_ends_at_its_limit(city: SmallCity, server: Server) -> None:
    slow = "SELECT 1 AS n FROM pg_sleep(20)" if server.kind == "postgresql" else "SELECT sleep(20) AS n"
    source(city, server.url(), query=slow, statement_timeout="1s")
    assert "did not end within 1 s" in failure(city)


# -- what is refused -------------------------------------------------------------------------------------------------


def test_a_query_that_writes_is_refused_by_the_server(city: SmallCity, server: Server) -> None:
    server.run("DROP TABLE IF EXISTS victim", "CREATE TABLE victim (n int)")
    if server.kind == "postgresql":
        server.run(
            "CREATE OR REPLACE FUNCTION writes() RETURNS int SECURITY DEFINER LANGUAGE sql AS"
            " 'INSERT INTO victim VALUES (1) RETURNING n'"
        )
    else:
        server.run(
            "DROP FUNCTION IF EXISTS writes",
            "CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA SQL SECURITY DEFINER"
            " BEGIN INSERT INTO victim VALUES (1); RETURN 1; END",
        )
    source(city, server.url(), query="SELECT writes() AS n")
    assert "the query writes to the database and was refused" in failure(city)
    con = server.connect()
    cursor = con.cursor()
    cursor.execute("SELECT count(*) FROM victim")
    assert cursor.fetchall()[0][0] == 0
    con.close()


def test_a_wrong_password_is_said_without_it_and_not_tried_again(
    city: SmallCity, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY_PASSWORD", "not-the-password")
    WAITS.clear()
    source(city, server.url(), table="many")
    message = failure(city, patience=THRICE)
    assert "refuses the login" in message and "拒绝登录" in message
    assert "not-the-password" not in message and WAITS == []


def test_a_database_that_is_not_there_is_named(city: SmallCity, server: Server) -> None:
    source(city, server.url(database="nowhere"), table="many")
    message = failure(city)
    # A MySQL user who may not see the database is told that he may not log in to it.
    assert "no database of that name" in message or "refuses the login" in message


def test_a_misspelt_table_or_column_gets_a_suggestion(city: SmallCity, server: Server) -> None:
    server.run("DROP TABLE IF EXISTS hotline_tickets", "CREATE TABLE hotline_tickets (id int, updated_at timestamp)")
    source(city, server.url(), table="hotline_ticket")
    message = failure(city)
    assert "has no table hotline_ticket. It has: hotline_tickets" in message
    assert "没有表 hotline_ticket。有：hotline_tickets" in message
    source(city, server.url(), table="hotline_tickets", high_water="update_at")
    assert "has no column update_at. It has: updated_at" in failure(city)
    source(city, server.url(), table="hotline_tickets", columns=["idd"])
    assert "has no column idd. It has: id" in failure(city)


def test_a_wrong_query_is_told_in_the_words_of_the_server(city: SmallCity, server: Server) -> None:
    source(city, server.url(), query="SELECT nothing_like_it FROM information_schema.tables")
    message = failure(city)
    assert "does not take the query of city.yaml" in message and "nothing_like_it" in message


def test_an_error_about_a_value_does_not_show_the_value(city: SmallCity, postgres: Server) -> None:
    source(city, postgres.url(), query="SELECT CAST('440300198807011232x' AS bigint) AS n")
    message = failure(city)
    assert "the error 22P02" in message and "4403" not in message


def test_what_may_not_be_read_is_said(city: SmallCity, server: Server) -> None:
    if server.kind == "mysql":
        server.run("DROP DATABASE IF EXISTS secret", "CREATE DATABASE secret", "CREATE TABLE secret.t (n int)")
        source(city, server.url(), query="SELECT n FROM secret.t")
    else:
        server.run("DROP TABLE IF EXISTS secret", "CREATE TABLE secret (n int)", "REVOKE ALL ON secret FROM reader")
        source(city, server.url(), table="secret")
    assert "may not read" in failure(city)


def test_a_binary_column_that_is_asked_for_is_refused(city: SmallCity, server: Server) -> None:
    binary = "bytea" if server.kind == "postgresql" else "blob"
    server.run("DROP TABLE IF EXISTS pictures", f"CREATE TABLE pictures (n int, picture {binary})")
    source(city, server.url(), table="pictures", columns=["n", "picture"])
    assert "the column picture is binary" in failure(city)


def test_a_variable_that_is_not_set_is_named(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITY_PASSWORD")
    source(city, "postgresql://reader:${CITY_PASSWORD}@127.0.0.1/city", table="t")
    with pytest.raises(ConfigurationError, match="the variable CITY_PASSWORD is not set"):
        fetch(city)


def test_the_whole_address_may_come_from_a_variable(
    city: SmallCity, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE", postgres.url().replace("${CITY_PASSWORD}", "p%40ss%2Fw%3Ard%2520"))
    source(city, "${HOTLINE}", query="SELECT 1 AS n")
    assert rows(fetch(city)) == [("1",)]
    monkeypatch.setenv("HOTLINE", f"oracle://u:{PASSWORD}@h/d")
    shutil.rmtree(city.folder / "extracts")
    assert "the database address cannot be read" in failure(city)


# -- from night to night ---------------------------------------------------------------------------------------------

TICKETS = (
    "CREATE TABLE work_orders (ticket_id varchar(20), accepted_at {naive}, status varchar(20), updated_at {aware},"
    " reporter_phone varchar(20))"
)


def work_orders(server: Server) -> None:
    """A table of tickets without rows."""
    kinds = {"naive": "timestamp", "aware": "timestamptz"}
    if server.kind == "mysql":
        kinds = {"naive": "datetime", "aware": "timestamp(6) NULL"}
    server.run("DROP TABLE IF EXISTS work_orders", TICKETS.format(**kinds))


def insert(server: Server, number: str, updated: str | None, status: str = "open") -> None:
    """One ticket; `updated` is a time of Shanghai."""
    moment = "NULL" if updated is None else f"'{updated}+08'"
    if server.kind == "mysql" and updated is not None:
        moment = f"'{updated}'"
    server.run(
        f"INSERT INTO work_orders VALUES ('{number}', '2026-03-01 08:00:00', '{status}', {moment}, '13912349001')"
    )


def numbers(fetched: Fetched) -> list[str]:
    return [row[0] for row in rows(fetched)]


def test_a_second_night_fetches_only_what_changed_and_the_ordinary_load_takes_it(
    city: SmallCity, server: Server
) -> None:
    work_orders(server)
    insert(server, "T1", "2026-03-01 09:00:00")
    insert(server, "T2", "2026-03-02 09:00:00")
    source(city, server.url(), table="work_orders", high_water="updated_at", overlap="0s")
    assert numbers(fetch(city)) == ["T1", "T2"]
    assert [d.outcome for d in city.load("tickets").deliveries] == ["loaded"]
    insert(server, "T3", "2026-03-02 09:00:00.500000")
    second = fetch(city)
    # At the mark itself rows may have come since: they are fetched again, and the load replaces them by key.
    assert numbers(second) == ["T2", "T3"]
    (delivery,) = city.load("tickets").deliveries
    assert (delivery.outcome, delivery.kind, delivery.rows_in) == ("loaded", "delta", 2)
    assert city.rows("SELECT ticket_id, accepted_at::VARCHAR, updated_at::VARCHAR FROM landing.tickets ORDER BY 1") == [
        ("T1", "2026-03-01 00:00:00", "2026-03-01 01:00:00"),
        ("T2", "2026-03-01 00:00:00", "2026-03-02 01:00:00"),
        ("T3", "2026-03-01 00:00:00", "2026-03-02 01:00:00.5"),
    ]
    third = fetch(city)
    assert numbers(third) == ["T3"]
    assert fetch(city).path is None  # as fetched last, whether or not that is loaded yet


def test_what_was_committed_late_is_fetched_by_the_overlap(city: SmallCity, server: Server) -> None:
    work_orders(server)
    insert(server, "T1", "2026-03-02 09:00:00")
    source(city, server.url(), table="work_orders", high_water="updated_at")
    loaded = {manifest(fetch(city))["sha256"]}
    insert(server, "late", "2026-03-02 08:51:00")
    insert(server, "later", "2026-03-02 08:49:00")
    assert numbers(fetch(city, loaded=loaded)) == ["T1", "late"]
    source(city, server.url(), table="work_orders", high_water="updated_at", overlap="1h")
    assert numbers(fetch(city, loaded=loaded)) == ["T1", "late", "later"]


def test_rows_without_a_high_water_value_are_fetched_every_time(city: SmallCity, server: Server) -> None:
    work_orders(server)
    insert(server, "T1", "2026-03-02 09:00:00")
    insert(server, "T2", None)
    source(city, server.url(), table="work_orders", high_water="updated_at", overlap="0s")
    first = fetch(city)
    assert numbers(first) == ["T1", "T2"]
    insert(server, "T3", None)
    assert numbers(fetch(city, loaded={manifest(first)["sha256"]})) == ["T1", "T2", "T3"]


def test_a_row_dated_by_mistake_in_the_future_does_not_keep_later_rows_out(city: SmallCity, server: Server) -> None:
    work_orders(server)
    insert(server, "T1", "2026-03-02 09:00:00")
    insert(server, "T9", "2037-01-01 00:00:00")
    source(city, server.url(), table="work_orders", high_water="updated_at")
    first = fetch(city)
    assert manifest(first)["source"]["high_water"].startswith("2026-03-02 01:00:00")
    sha256 = manifest(first)["sha256"]
    insert(server, "T2", "2026-03-03 09:00:00")
    assert numbers(fetch(city, loaded={sha256})) == ["T1", "T2", "T9"]


def test_a_number_that_is_too_long_for_a_double_is_a_mark_to_the_last_digit(city: SmallCity, server: Server) -> None:
    server.run(
        "DROP TABLE IF EXISTS serials", "CREATE TABLE serials (n bigint)",
        "INSERT INTO serials VALUES (9007199254740992), (9007199254740993)",
    )  # fmt: skip
    source(city, server.url(), table="serials", high_water="n")
    first = fetch(city)
    server.run("INSERT INTO serials VALUES (9007199254740994)")
    second = fetch(city, loaded={manifest(first)["sha256"]})
    assert rows(second) == [("9007199254740993",), ("9007199254740994",)]
    source(city, server.url(), table="serials", high_water="n", overlap="1h")
    with pytest.raises(SourceFailed, match="is no date or time"):
        fetch(city)


def test_after_a_refused_delivery_the_same_rows_come_again_as_they_are_by_then(
    city: SmallCity, postgres: Server
) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    source(city, postgres.url(), table="work_orders", high_water="updated_at", overlap="0s")
    fetch(city)
    city.load("tickets")
    insert(postgres, "T2", "2026-03-03 09:00:00", status="?")
    insert(postgres, "T3", "2026-03-04 09:00:00", status="?")
    postgres.run("DELETE FROM work_orders WHERE ticket_id = 'T1'")
    refused = fetch(city)
    assert [d.outcome for d in city.load("tickets").deliveries] == ["refused"]
    assert fetch(city).path is None  # nothing mended: the refused file stays and is tried again
    assert refused.path is not None and refused.path.exists()
    postgres.run("UPDATE work_orders SET status = 'open'")
    mended = fetch(city)
    assert numbers(mended) == ["T2", "T3"]
    assert not refused.path.exists()
    assert [d.outcome for d in city.load("tickets").deliveries] == ["loaded"]


def test_a_table_that_did_not_change_gives_no_new_file_and_one_that_changed_back_does(
    city: SmallCity, mariadb: Server
) -> None:
    mariadb.run(
        "DROP TABLE IF EXISTS offices", "CREATE TABLE offices (facility_id varchar(9), area_code varchar(9), kind varchar(30))",
        "INSERT INTO offices VALUES ('F1', 'A1', 'community_centre'), ('F2', 'A1', 'community_centre')",
    )  # fmt: skip
    source(city, mariadb.url(), "facilities", table="offices")
    first = fetch(city, "facilities")
    assert [d.kind for d in city.load("facilities").deliveries] == ["full"]
    mariadb.run(
        "DELETE FROM offices",
        "INSERT INTO offices VALUES ('F2', 'A1', 'community_centre'), ('F1', 'A1', 'community_centre')",
    )
    again = fetch(city, "facilities")
    assert again.path is None and again.as_of is not None and first.as_of is not None and again.as_of > first.as_of
    mariadb.run("DELETE FROM offices WHERE facility_id = 'F1'")
    fetch(city, "facilities")
    city.load("facilities")
    assert city.rows("SELECT facility_id FROM landing.facilities") == [("F2",)]
    mariadb.run("INSERT INTO offices VALUES ('F1', 'A1', 'community_centre')")
    fetch(city, "facilities")
    (delivery,) = city.load("facilities").deliveries
    assert (delivery.outcome, delivery.rows_loaded) == ("loaded", 2)


def test_another_selection_begins_anew(city: SmallCity, postgres: Server) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    insert(postgres, "T2", "2026-03-03 09:00:00")
    source(city, postgres.url(), table="work_orders", high_water="updated_at")
    loaded = {manifest(fetch(city))["sha256"]}
    source(city, postgres.url(), table="work_orders", high_water="updated_at", columns=["ticket_id", "updated_at"])
    assert numbers(fetch(city, loaded=loaded)) == ["T1", "T2"]


def test_a_ledger_made_anew_removes_no_extract(city: SmallCity, postgres: Server) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    source(city, postgres.url(), table="work_orders")
    first = fetch(city)
    insert(postgres, "T2", "2026-03-01 09:00:00")
    second = fetch(city)
    assert first.path is not None and second.path is not None
    assert first.path.exists() and second.path.exists()


def test_a_half_written_file_of_a_killed_fetch_is_no_delivery_and_goes_at_the_next(
    city: SmallCity, postgres: Server
) -> None:
    source(city, postgres.url(), query="SELECT 1 AS n")
    left = city.drop("tickets", "database.parquet.part", b"PAR1 half")
    assert city.open().extract_files("tickets") == []
    assert fetch(city).rows == 1
    assert not left.exists()


def test_a_source_that_fails_stops_the_refresh_or_leaves_the_last_data(city: SmallCity, postgres: Server) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    with Line(postgres.port) as line:
        gone = postgres.url(line.port)
    source(city, gone, table="work_orders", on_failure="warn")
    failure(city)  # nothing was ever loaded: there is no last data to go on with
    source(city, postgres.url(), table="work_orders", on_failure="warn")
    loaded = {manifest(fetch(city))["sha256"]}
    source(city, gone, table="work_orders", on_failure="warn")
    found = fetch(city, loaded=loaded)
    assert found.path is None and found.problem is not None and "cannot be reached" in found.problem.en
    source(city, gone, table="work_orders")
    with pytest.raises(SourceFailed, match="cannot be reached"):
        fetch(city, loaded=loaded)


def test_a_load_fetches_by_itself_and_notes_a_source_that_gave_nothing(city: SmallCity, postgres: Server) -> None:
    postgres.run(
        "DROP TABLE IF EXISTS ours, ours_away",
        "CREATE TABLE ours (ticket_id text, status text, accepted_at timestamp, updated_at timestamp)",
        "INSERT INTO ours VALUES ('T1', '在办', '2026-03-01 10:00', '2026-03-01 10:00'), ('T2', '在办', '2026-03-02 10:00', '2026-03-02 10:00')",
    )
    source(city, postgres.url(), table="ours", high_water="updated_at", on_failure="warn", name="hotline")
    assert city.load_one("tickets").rows_loaded == 2
    postgres.run("UPDATE ours SET status = '作废', updated_at = '2026-03-03 10:00' WHERE ticket_id = 'T1'")
    assert city.load_one("tickets").outcome == "loaded"
    assert city.rows("SELECT ticket_id, status FROM landing.tickets ORDER BY 1") == [
        ("T1", "cancelled"),
        ("T2", "open"),
    ]
    postgres.run("ALTER TABLE ours RENAME TO ours_away")
    assert city.load("tickets").refused == ()
    ((code, zh, en),) = city.rows("SELECT code, message_zh, message_en FROM landing.notes")
    assert code == "source_failed" and "hotline" in zh and "hotline" in en
    assert city.rows("SELECT count(*) FROM landing.tickets") == [(2,)]


def test_of_two_sources_one_that_fails_does_not_keep_the_other_from_being_fetched(
    city: SmallCity, postgres: Server
) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    with Line(postgres.port) as line:
        gone = line.port
    settings = {"table": "work_orders", "high_water": "updated_at"}
    city.settings(
        sources={"tickets": [
            {"database": {"url": postgres.url(gone), **settings}, "name": "gone"},
            {"database": {"url": postgres.url(), **settings}, "name": "here"},
        ]}
    )  # fmt: skip
    with pytest.raises(SourceFailed, match=r"tickets \(gone\)"):
        fetch_sources(city.open(), "tickets", loaded=set(), patience=ONCE)
    assert [name.split("-")[0] for name in extracts(city)] == ["here", "here"]


def test_personal_columns_of_a_database_are_in_its_extract_and_never_in_state(
    city: SmallCity, postgres: Server
) -> None:
    work_orders(postgres)
    insert(postgres, "T1", "2026-03-01 09:00:00")
    source(city, postgres.url(), table="work_orders", high_water="updated_at")
    found = fetch(city)
    assert rows(found)[0][-1] == "13912349001"
    city.load("tickets")
    for folder, _, names in os.walk(city.folder / "state"):
        for name in names:
            assert b"13912349001" not in (Path(folder) / name).read_bytes(), name
