"""A failed refresh is told to the log, to the page and to a webhook, in both languages and without data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import duckdb
import httpx
import pytest
from small_city import CANARIES, SmallCity, lines

from pipelines.alerts import announce_failure, describe_failures, failure_sensor, webhook_url
from pipelines.publish import write_last_refresh
from pipelines.transform import CityResource
from pipelines.warehouse import open_warehouse
from pipelines.yaml_model import ConfigurationError

RED = "13912340001"


class Hook:
    """A webhook on this machine: keeps what was posted, answers with `status`."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def note(city: SmallCity) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((city.open().published / "last_refresh.json").read_text(encoding="utf-8"))
    return found


def refuse_two(city: SmallCity) -> None:
    city.drop("members", "people.csv", lines(f"欧阳慕蓉,{RED},1988-07-01"))
    city.drop("tickets", "tickets.csv", "")
    city.load("members")
    city.load("tickets")


def failed_run(error: Exception) -> tuple[dg.DagsterInstance, dg.ExecuteInProcessResult]:
    """A run of a job of one step, `load`, that fails with an error."""

    @dg.op
    def load() -> None:
        raise error

    @dg.job
    def nightly() -> None:
        load()

    instance = dg.DagsterInstance.ephemeral()
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return instance, nightly.execute_in_process(instance=instance, raise_on_error=False, run_config=quiet)


def evaluate_sensor(city: SmallCity, error: Exception) -> str:
    """Let the sensor see a failed run; return the id of the run."""
    instance, result = failed_run(error)
    context = dg.build_run_status_sensor_context(
        sensor_name="announce_failed_refresh", dagster_event=result.get_run_failure_event(), dagster_instance=instance,
        dagster_run=result.dagster_run, resources={"city": CityResource(folder=str(city.folder))},
    ).for_run_failure()  # fmt: skip
    failure_sensor(context)
    return result.run_id


def test_a_refused_delivery_is_posted_in_both_languages_without_data(
    city: SmallCity, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", hook.url)
    refuse_two(city)
    problems = announce_failure(city.open(), "run-1", [])
    (posted,) = hook.posted
    assert posted["problems"] == problems and posted["run_id"] == "run-1" and posted["city"] == "C"
    assert [p["dataset"] for p in problems] == ["members", "tickets"]
    text = posted["text"]
    assert (
        "小城：刷新失败，页面仍为上一期数据。" in text
        and "tickets.csv 是空的" in text
        and "没有一个是已知的列名" in text
    )
    assert "Smalltown: the refresh failed" in text and "tickets.csv is empty" in text and "none of its 3 cells" in text
    assert not [word for word in CANARIES if word in json.dumps(posted, ensure_ascii=False)]
    assert note(city)["outcome"] == "failed" and note(city)["problems"] == problems


def test_a_refusal_of_an_earlier_run_is_named_again_while_its_file_waits_in_refused(city: SmallCity) -> None:
    refuse_two(city)
    steps = [
        "landing__members: DagsterAssetCheckFailedError",
        "landing__meetings: the source hotline cannot be reached",
    ]
    *problems, other = announce_failure(city.open(), "run-2", steps)
    assert [(p["dataset"], p["file_name"], p["set_aside"]) for p in problems] == [
        ("members", "people.csv", True), ("tickets", "tickets.csv", True),
    ]  # fmt: skip
    assert all(p["refused_at"].endswith("Z") for p in problems)
    assert other["message_en"] == "A step failed: landing__meetings: the source hotline cannot be reached"


def test_without_an_address_only_the_note_is_written(city: SmallCity) -> None:
    refuse_two(city)
    assert webhook_url(city.open()) is None
    announce_failure(city.open(), "run-1", [])
    assert (note(city)["outcome"], note(city)["edition"]) == ("failed", None)


def test_refusals_of_another_run_are_not_told_once_their_files_are_taken_away(city: SmallCity) -> None:
    refuse_two(city)
    for path in (city.folder / "refused").glob("*/*"):
        path.unlink()
    (problem,) = announce_failure(city.open(), "run-2", ["core__tickets: AuditFailed"])
    assert problem == {
        "dataset": None,
        "message_zh": "步骤失败 core__tickets: AuditFailed",
        "message_en": "A step failed: core__tickets: AuditFailed",
    }


def test_the_address_of_the_environment_goes_before_that_of_the_city(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.settings(webhook_url="https://example.org/city")
    assert webhook_url(city.open()) == "https://example.org/city"
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", "https://example.org/environment")
    assert webhook_url(city.open()) == "https://example.org/environment"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/nobody", "http://[", "no address", "http://exa mple"])
def test_an_address_that_cannot_be_reached_is_an_http_error_after_the_note(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", url)
    with pytest.raises(httpx.HTTPError):
        announce_failure(city.open(), "run-1", ["x: failed"])
    assert note(city)["outcome"] == "failed"


def test_the_note_is_written_even_while_somebody_writes_the_warehouse(city: SmallCity) -> None:
    refuse_two(city)
    with open_warehouse(city.open()):
        announce_failure(city.open(), "run-1", ["landing__tickets: RuntimeError"])
    assert note(city)["problems"]


def test_the_sensor_writes_and_posts(city: SmallCity, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", hook.url)
    error = duckdb.ConversionException(f"Could not convert string '欧阳慕蓉 {RED}' to INT32")
    run_id = evaluate_sensor(city, error)
    (posted,) = hook.posted
    assert posted["run_id"] == run_id
    assert posted["problems"] == note(city)["problems"]
    assert posted["problems"][0]["message_en"] == "A step failed: load: ConversionException"
    assert not [word for word in CANARIES if word in json.dumps(posted, ensure_ascii=False)]


def test_a_webhook_that_answers_with_an_error_does_not_break_the_sensor(
    city: SmallCity, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", hook.url)
    hook.status = 500
    evaluate_sensor(city, ValueError("x"))
    assert len(hook.posted) == 1
    assert note(city)["outcome"] == "failed"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/nobody", "http://["])
def test_a_webhook_that_is_not_there_does_not_break_the_sensor(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", url)
    evaluate_sensor(city, ValueError("x"))
    assert note(city)["outcome"] == "failed"


def test_a_failure_that_a_later_refresh_made_good_is_no_news(
    city: SmallCity, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", hook.url)
    write_last_refresh(city.open(), outcome="published", edition="edition-1", problems=[])
    path = city.open().published / "last_refresh.json"
    path.write_text(path.read_text().replace('"finished_at": "2', '"finished_at": "9'))  # long after the failure
    evaluate_sensor(city, ValueError("x"))
    assert note(city)["outcome"] == "published" and hook.posted == []
    path.write_text(path.read_text().replace('"finished_at": "9', '"finished_at": "1'))  # long before it
    evaluate_sensor(city, ValueError("x"))
    assert note(city)["outcome"] == "failed" and len(hook.posted) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConfigurationError("city.yaml: sources.tickets: there is no file a.csv"), "load: city.yaml: sources.tickets: there is no file a.csv"),
        (PermissionError("/k/c.key can be read by others; run: chmod 0400 /k/c.key"), "load: /k/c.key can be read by others; run: chmod 0400 /k/c.key"),
        (duckdb.ConversionException(f"Could not convert '{RED}'"), "load: ConversionException"),
        (ValueError(f"cannot read {RED}"), "load: ValueError"),
    ],
)  # fmt: skip
def test_our_own_messages_are_told_whole_and_of_other_errors_the_kind_only(error: Exception, told: str) -> None:
    _, result = failed_run(error)
    assert describe_failures(event for event in result.all_events if event.is_step_failure) == [told]
