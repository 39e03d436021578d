"""The page `query`: who may open it, what it answers, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import access, editions, i18n, sandbox, schema_help
from dashboards.query_examples import EXAMPLES

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
HOSTILE = "<script>alert(1)</script> [x](http://evil.example) $x^2$"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    publish(folder)
    return folder


@pytest.fixture
def edition(city: Path) -> str:
    return str((city / "state" / "published" / "current").resolve())


def open_query(
    monkeypatch: pytest.MonkeyPatch, city: Path, lang: str = "en", analysts: str | None = "local"
) -> AppTest:
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    if analysts is not None:
        monkeypatch.setenv("STREETWISE_ANALYSTS", analysts)
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    app.query_params["lang"] = lang
    app.switch_page("app_pages/query.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def html(app: AppTest) -> str:
    return "".join(h.value for h in app.get("html"))


def ask_page(app: AppTest, sql: str) -> str:
    app.text_area(key="query_sql").set_value(sql)
    app.button(key="query_run").click().run()
    assert not app.exception, [e.value for e in app.exception]
    return html(app)


def kind(edition: str, sql: str, seconds: int = 5) -> str:
    found = sandbox.ask(edition, sql, seconds=seconds)
    return found.kind if isinstance(found, sandbox.Mistake) else "answer"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_analyst_asks_and_the_answer_is_that_of_the_edition(
    city: Path, edition: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_query(monkeypatch, city, lang)
    shown = ask_page(app, "select count(*) as n, 'a=b' as word from marts.areas")
    with duckdb.connect(edition, read_only=True, config=dict(editions.READER)) as con:
        ((number,),) = con.execute("select count(*) from marts.areas").fetchall()
    assert f"<td class='sw-num'>{number}</td><td class=''>a=b</td>" in shown
    assert len(app.get("download_button")) == 2
    assert i18n.text(lang, "mart_areas") in str(app.selectbox(key="query_help").options)
    assert not re.search(r"mart_\w+|column_\w+", shown)


def test_what_an_answer_holds_never_becomes_markup(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_query(monkeypatch, city)
    shown = ask_page(app, f"select '{HOSTILE}' as \"<b>{HOSTILE}\", null as nothing")
    assert "<script" not in shown and "<b><script" not in shown
    assert shown.count("&lt;script&gt;") == 2
    assert "<script" not in ask_page(app, 'select * from marts."<script>alert(1)</script>"')
    assert not any("evil" in str(e.value) for e in app.get("markdown"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_mistake_is_told_in_words(city: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_query(monkeypatch, city, lang)
    assert i18n.text(lang, "query_no_column") in ask_page(app, "select nothing from marts.city")
    assert i18n.text(lang, "query_not_select") in ask_page(app, "drop table marts.city")
    assert i18n.text(lang, "query_empty") in ask_page(app, "   ")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1; select 2", "several"),
        ("-- nothing", "empty"),
        ("selec 1", "syntax"),
        ("insert into marts.city select * from marts.city", "not_select"),
        ("copy (select 1) to '/tmp/query_page_wrote_this.csv'", "not_select"),
        ("attach '/tmp/other.duckdb' as other", "not_select"),
        ("set enable_external_access = true", "not_select"),
        ("pragma database_list", "not_select"),
        ("install httpfs", "not_select"),
        ("call pragma_version()", "not_select"),
        ("explain analyze select 1", "not_select"),
        ("select * from read_text('/etc/passwd')", "no_files"),
        ("select * from 'file.csv'", "no_files"),
        ("select * from glob('/*')", "no_files"),
        ("select * from sandbox", "no_table"),
        ("select getenv('HOME')", "no_table"),
        ("select list(v) from range(100000000) as t(v)", "too_much"),
        ("select length(repeat('x', 2000000000))", "too_much"),
        (
            "select a, a || 'b' as b, a || 'c' as c from (select repeat('x', 1900) || i as a from range(5000) as t(i))",
            "too_much",
        ),
        ("describe marts.city", "answer"),
        ("from marts.city", "answer"),
        ("select 'ends with a comment' -- )", "answer"),
        ("select '\ud800'", "answer"),
    ],
)
def test_only_one_select_on_the_edition_is_answered(edition: str, sql: str, expected: str) -> None:
    assert kind(edition, sql) == expected
    assert not Path("/tmp/query_page_wrote_this.csv").exists()  # noqa: S108


def test_a_question_without_end_is_stopped_at_its_time(edition: str) -> None:
    started = time.monotonic()
    assert kind(edition, "select count(*) from range(1000000000000)", seconds=1) == "too_long"
    assert time.monotonic() - started < 8


def test_rows_beyond_the_limit_are_cut_and_that_is_said(edition: str) -> None:
    found = sandbox.ask(edition, "select * from range(100) as t(i)", rows=10)
    assert isinstance(found, sandbox.Answer)
    assert found.rows == tuple((i,) for i in range(10))
    assert found.cut
    whole = sandbox.ask(edition, "select * from range(10) as t(i)", rows=10)
    assert isinstance(whole, sandbox.Answer) and not whole.cut and len(whole.rows) == 10


def test_the_process_that_answers_may_write_no_file(edition: str, tmp_path: Path) -> None:
    child = ROOT / "dashboards" / "query_child.py"
    job = {"edition": edition, "sql": "select 1", "seconds": 5, "rows": 5, "megabytes": 512, "bytes": 1_000}
    target = tmp_path / "x"
    code = (
        f"import io, os, runpy, sys\nclass In:\n    buffer = io.BytesIO({json.dumps(job).encode()!r})\nsys.stdin = In()\n"
        f"runpy.run_path({str(child)!r}, run_name='__main__')\nsys.stdout.flush()\n"
        f"os.write(os.open({str(target)!r}, os.O_WRONLY | os.O_CREAT), b'x')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert '"rows": [[1]]' in done.stdout
    assert "File too large" in done.stderr
    assert target.read_bytes() == b""


def test_every_example_is_answered_on_the_sample_city(sample_city: Path) -> None:
    edition = str((sample_city / "state" / "published" / "current").resolve())
    for key, sql in EXAMPLES.items():
        assert kind(edition, sql, seconds=20) == "answer", key
        assert key in i18n.WORDS


def test_every_table_and_column_of_the_sample_city_has_words_in_both_languages(sample_city: Path) -> None:
    edition = str((sample_city / "state" / "published" / "current").resolve())
    found = schema_help.tables(edition)
    assert "indicator_values" in found
    for lang in ("zh", "en"):
        assert [name for name in found if not schema_help.of_table(lang, name)] == []
        nameless = {c for _, columns in found.values() for c, _ in columns if not schema_help.of_column(lang, c)}
        assert nameless == set()


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analysts", [None, "", "li, wang"])
def test_without_permission_the_page_is_not_listed_and_answers_nothing(
    city: Path, analysts: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    if analysts is not None:
        monkeypatch.setenv("STREETWISE_ANALYSTS", analysts)
    app = AppTest.from_file(str(ENTRY), default_timeout=60).run()
    assert not any("/query" in str(link.proto) or "Query" in str(link.proto) for link in app.get("page_link"))
    source = (ROOT / "dashboards" / "app_pages" / "query.py").read_text(encoding="utf-8")
    assert source.index("access.analyst() is None") < source.index("st.stop()") < source.index("sandbox.ask")


HOST = {"Host": "localhost:8501"}


@pytest.mark.parametrize(
    ("environment", "headers", "who"),
    [
        ({}, HOST, None),
        ({"STREETWISE_ANALYSTS": "local"}, HOST, "local"),
        ({"STREETWISE_ANALYSTS": "local"}, {"Host": "127.0.0.1:8501"}, "local"),
        ({"STREETWISE_ANALYSTS": "local"}, {"Host": "[::1]"}, "local"),
        ({"STREETWISE_ANALYSTS": "local"}, {"Host": "city.example"}, None),
        ({"STREETWISE_ANALYSTS": "local"}, {**HOST, "X-Forwarded-For": "10.0.0.8"}, None),
        ({"STREETWISE_ANALYSTS": "local"}, {**HOST, "Via": "1.1 gateway"}, None),
        ({"STREETWISE_ANALYSTS": "li"}, {**HOST, "X-Remote-User": "li"}, None),
        ({"STREETWISE_ANALYSTS": "li, wang", "STREETWISE_USER_HEADER": "X-Remote-User"}, {"x-remote-user": "wang"}, "wang"),
        ({"STREETWISE_ANALYSTS": "li", "STREETWISE_USER_HEADER": "X-Remote-User"}, {"X-Remote-User": "zhao"}, None),
        ({"STREETWISE_ANALYSTS": "li", "STREETWISE_USER_HEADER": "X-Remote-User"}, {"X-Other": "li"}, None),
        ({"STREETWISE_ANALYSTS": "li,", "STREETWISE_USER_HEADER": "X-Remote-User"}, {"X-Remote-User": ""}, None),
        ({"STREETWISE_ANALYSTS": "li,local", "STREETWISE_USER_HEADER": "X-Remote-User"}, {"X-Remote-User": "local"}, None),
    ],
)  # fmt: skip
def test_an_analyst_is_whom_the_configuration_names(
    environment: dict[str, str], headers: dict[str, str], who: str | None
) -> None:
    assert access.analyst_of(headers, environment) == who
