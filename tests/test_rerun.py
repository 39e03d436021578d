"""Analysts start runs from the data page through Dagster's API: against a Dagster server of the tests' own."""

from __future__ import annotations

import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import dagster_api, i18n, reruns
from dashboards.dagster_api import Graph, NoAnswer

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
CANARY = "440301199001011234"


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Dagster server with the small job; without a queue, whose daemon would cost seconds more."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}\n"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    definitions = str(Path(__file__).with_name("rerun_definitions.py"))
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "dagster_webserver", "-f", definitions, "-h", "127.0.0.1", "-p", str(port)],
            env={**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "yes"},
            cwd=home, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{address}/server_info", timeout=5, trust_env=False)
                break
            except httpx.HTTPError:
                assert server.poll() is None, (home / "log").read_text()
                time.sleep(0.2)
        else:
            raise AssertionError("the webserver does not answer: " + (home / "log").read_text())
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    publish(folder)
    return folder


def open_data(
    monkeypatch: pytest.MonkeyPatch, city: Path, address: str | None, analysts: str | None = "local", lang: str = "en"
) -> AppTest:
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    for name, value in (("STREETWISE_DAGSTER_URL", address), ("STREETWISE_ANALYSTS", analysts)):
        if value is not None:
            monkeypatch.setenv(name, value)
    reruns._graph.clear()
    app = AppTest.from_file(str(ENTRY), default_timeout=120)
    app.query_params["lang"], app.query_params["tab"] = lang, "runs"
    app.switch_page("app_pages/data.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def words(app: AppTest) -> str:
    pieces = [re.sub(r"<[^>]+>", " ", h.value) for h in app.get("html")]
    pieces += [str(e.value) for kind in ("subheader", "caption") for e in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def ended(address: str) -> dagster_api.Run:
    for _ in range(300):
        run = dagster_api.newest(address)
        if run is not None and not run.active:
            return run
        time.sleep(0.3)
    raise AssertionError("the run does not end")


def test_an_analyst_starts_a_dataset_with_all_that_is_made_of_it_and_sees_how_it_ends(
    city: Path, dagster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_data(monkeypatch, city, dagster)
    assert "There has been no run yet." in words(app)
    app.segmented_control(key="runs_way").set_value("dataset").run()
    app.selectbox(key="runs_dataset").set_value(("landing", "tickets")).run()
    assert "Makes 3 parts anew and publishes" in words(app)
    app.button(key="runs_start").click().run()
    assert not app.exception
    run = ended(dagster)
    assert (run.status, run.made, run.planned, run.asked_by) == ("SUCCESS", 3, 3, "local")
    shown = words(open_data(monkeypatch, city, dagster, lang="zh"))
    assert "运行成功，完成 3 项" in shown
    assert "由 local 启动" in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_run_that_failed_is_told_in_words_and_quotes_no_data(
    city: Path, dagster: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_data(monkeypatch, city, dagster, lang=lang)
    if lang == "zh":
        app.segmented_control(key="runs_way").set_value("table").run()
        app.selectbox(key="runs_table").set_value(("marts", "broken")).run()
        assert i18n.text(lang, "runs_only", n=1) in words(app)
        app.button(key="runs_start").click().run()
        assert ended(dagster).status == "FAILURE"
        app = open_data(monkeypatch, city, dagster, lang=lang)
    shown = words(app)
    assert f"marts__broken · {i18n.text(lang, 'error_TableFailed')}" in shown
    assert CANARY not in str(app.main)


def test_a_failure_is_found_however_many_events_the_run_stored_before_it(
    dagster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dagster_api.newest(dagster)
    assert run is not None and run.status == "FAILURE"
    stored = dagster_api._ask(
        dagster,
        "query Stored($id: ID!) { runOrError(runId: $id) { ... on Run { eventConnection { events { __typename } } } } }",
        {"id": run.run_id},
    )
    kinds = [event["__typename"] for event in stored["runOrError"]["eventConnection"]["events"]]
    assert kinds.index("ExecutionStepFailureEvent") > 4
    monkeypatch.setattr(dagster_api, "_EVENTS", 4)
    assert dagster_api.failures(dagster, run.run_id) == [("marts__broken", "TableFailed")]


def test_a_link_starts_no_run_because_the_page_only_posts(dagster: str) -> None:
    source = (ROOT / "dashboards" / "dagster_api.py").read_text(encoding="utf-8")
    assert "client.post" in source
    assert not re.search(r"client\.(get|request)", source)


@pytest.mark.parametrize(
    ("address", "analysts"), [(None, "local"), ("http://127.0.0.1:9", None), ("http://127.0.0.1:9", "li")]
)
def test_without_an_address_or_permission_there_is_no_such_section(
    city: Path, address: str | None, analysts: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_data(monkeypatch, city, address, analysts)
    assert i18n.text("en", "runs_title") not in words(app)
    assert not [button for button in app.button if button.key == "runs_start"]


def test_a_press_of_somebody_who_is_no_analyst_any_more_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dagster_api, "newest", lambda address: asked.append(address))
    monkeypatch.setattr(dagster_api, "launch", lambda *a: asked.append("launch"))
    reruns._start("http://127.0.0.1:9", None)
    assert asked == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_dagster_that_does_not_answer_is_told_in_words(
    city: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert i18n.text(lang, "runs_no_answer") in words(open_data(monkeypatch, city, "http://127.0.0.1:9", lang=lang))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (405, b"", "HTTP 405"),
        (302, b"", "HTTP 302"),
        (200, b"<html>login</html>", "JSONDecodeError"),
        (200, b"[]", "GraphQL"),
        (200, b'{"errors": [{"message": "no"}], "data": {"assetNodes": []}}', "GraphQL"),
        (200, b'{"data": {"assetNodes": []}}', "nightly"),
    ],
)
def test_an_answer_that_is_not_dagsters_is_refused(status: int, body: bytes, kind: str) -> None:
    class Other(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://evil.example/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(NoAnswer, match=kind):
            dagster_api.graph(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_downstream_is_everything_that_is_made_of_an_asset() -> None:
    made = Graph(
        {("a",): frozenset(), ("b",): frozenset({("a",)}), ("c",): frozenset({("b",)}), ("d",): frozenset()}, "r", "l"
    )
    assert made.downstream(("a",)) == [("a",), ("b",), ("c",)]
    assert made.downstream(("d",)) == [("d",)]


def test_every_error_that_the_pipeline_tells_in_its_own_words_has_words_here() -> None:
    source = (ROOT / "pipelines" / "alerts.py").read_text(encoding="utf-8")
    kinds = re.findall(r'"(\w+)"', source.partition("_PLAIN_ERRORS = {")[2].partition("}")[0])
    assert len(kinds) > 5
    assert [kind for kind in kinds if f"error_{kind}" not in i18n.WORDS] == []
