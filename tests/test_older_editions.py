"""Pages on an edition of an earlier version: what it lacks reads as empty, whichever table or column it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from editions import CITY, publish
from streamlit.testing.v1 import AppTest

from dashboards import data, editions
from dashboards.older import with_columns

ENTRY = Path(__file__).parent.parent / "dashboards" / "streamlit_app.py"
#: What every version has published; without it there is nothing to show.
ALWAYS = ("city", "edition")
ARGUMENTS: dict[str, Any] = {
    "ids": ("T01", "T02"), "indicator_id": "T02", "grain": "month", "start": date(2026, 10, 1), "level": "district",
    "code": f"{CITY}01", "codes": (f"{CITY}01",), "dimension": "category_1", "member": "housing", "limit": 5, "dataset": "tickets", "outcome": "loaded",
}  # fmt: skip


def questions() -> dict[str, Callable[[str], object]]:
    """Every function of `data` that asks an edition, by name, with arguments for all but the edition."""
    found: dict[str, Callable[[str], object]] = {}
    for name, function in vars(data).items():
        if name[0] == "_" or not inspect.isfunction(inspect.unwrap(function)) or function.__module__ != data.__name__:
            continue
        first, *names = inspect.signature(function).parameters
        if name != "ask" and first == "edition":
            given = {key: ARGUMENTS[key] for key in names}
            found[name] = lambda edition, function=function, given=given: function(edition, **given)
    return found


def asks(name: str, table: str) -> bool:
    """Whether a function asks that table; those that name none go through the figures."""
    source = inspect.getsource(inspect.unwrap(vars(data)[name]))
    return f"marts.{table}" in source or (table == "indicator_values" and "marts." not in source)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("city"))


@pytest.fixture
def con(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the edition in memory, with some rows of every table, that is asked in place of any edition."""
    with duckdb.connect(config={"python_enable_replacements": "false"}) as opened:
        opened.execute(f"ATTACH '{published}' AS file (READ_ONLY)")
        opened.execute("CREATE SCHEMA marts")
        for (table,) in opened.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'file'"
        ).fetchall():
            opened.execute(f"CREATE TABLE marts.{table} AS SELECT * FROM file.marts.{table} LIMIT 200")
        opened.execute("DETACH file")
        monkeypatch.setattr(editions, "connection", lambda _: opened)
        yield opened


def tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    sql = "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE schema_name = 'marts' AND database_name = 'memory' GROUP BY 1 ORDER BY 1"
    return [(str(name), list(columns)) for name, columns in con.execute(sql).fetchall() if name not in ALWAYS]


def test_every_function_of_the_pages_is_asked() -> None:
    assert {"ledger", "notes", "guard_marks", "overdue", "series", "left_out"} <= set(questions())


def test_a_table_that_an_edition_lacks_reads_as_empty(con: duckdb.DuckDBPyConnection) -> None:
    for table, _ in tables(con):
        con.execute(f"ALTER TABLE marts.{table} RENAME TO not_there")
        for name, ask in questions().items():
            try:
                ask(f"without {table}")
            except Exception as error:
                raise AssertionError(f"{name} without {table}") from error
        con.execute(f"ALTER TABLE marts.not_there RENAME TO {table}")
    con.execute("DROP TABLE marts.notes; DROP TABLE marts.guard_results; DROP TABLE marts.open_refusals")
    assert data.notes("older", 5) == (0, [])
    assert data.guard_counts("older") == {} and data.guard_marks("older", 5) == (0, [])
    assert data.open_refusals("older") == []


def test_a_column_that_an_edition_lacks_reads_as_nothing(con: duckdb.DuckDBPyConnection) -> None:
    for table, columns in tables(con):
        for column in columns:
            con.execute(f'ALTER TABLE marts.{table} RENAME COLUMN "{column}" TO not_there')
            for name, ask in questions().items():
                if not asks(name, table):
                    continue
                try:
                    ask(f"without {table}.{column}")
                except Exception as error:
                    raise AssertionError(f"{name} without {table}.{column}") from error
            con.execute(f'ALTER TABLE marts.{table} RENAME COLUMN not_there TO "{column}"')


def test_the_other_columns_keep_their_values(con: duckdb.DuckDBPyConnection) -> None:
    before = data.ledger("whole", None, None, 50)
    con.execute("ALTER TABLE marts.deliveries DROP COLUMN rows_unchanged")
    con.execute("ALTER TABLE marts.deliveries DROP COLUMN reason_zh")
    assert data.ledger("older", None, None, 50) == (
        before[0],
        [{**row, "rows_unchanged": None, "reason_zh": None} for row in before[1]],
    )


def test_a_mistake_in_our_own_query_is_still_an_error(con: duckdb.DuckDBPyConnection) -> None:
    for sql in ("SELECT no_function(1)", "SELECT edition + FROM marts.edition", "SELECT n.x FROM (SELECT 1 AS y) AS n"):
        with pytest.raises(duckdb.Error):
            data.ask("any", sql)


@pytest.mark.parametrize(
    ("sql", "missing", "expected"),
    [
        ("select d.a from marts.t d where d.b", {("d", "a")}, "select d.a from (select *, null as a from marts.t) d where d.b"),
        ("select a, c from marts.t where b", {("", "a"), ("", "c")}, "select a, c from (select *, null as a, null as c from marts.t) t where b"),
        ("select o.a from marts.t d join marts.t as o using (k)", {("o", "a")}, "select o.a from marts.t d join (select *, null as a from marts.t) as o using (k)"),
    ],
)  # fmt: skip
def test_a_missing_column_is_added_where_it_is_asked_for(
    sql: str, missing: set[tuple[str, str]], expected: str
) -> None:
    assert with_columns(sql, missing) == expected


def test_the_pages_open_on_an_edition_without_the_newer_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = publish(tmp_path)
    with duckdb.connect(older) as con:
        for table in ("guard_results", "notes", "open_refusals", "left_out", "overdue_tickets"):
            con.execute(f"DROP TABLE marts.{table}")
        con.execute("ALTER TABLE marts.deliveries DROP COLUMN mends")
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    app = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    for page in ("data", "tickets"):
        assert not app.exception, [e.value for e in app.exception]
        app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.value for e in app.exception]
