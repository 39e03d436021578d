"""Open311 endpoints as sources, against a server that misbehaves when it is told to."""

from __future__ import annotations

import http.server
import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import SmallCity, make_small_city

from pipelines.ingest.fetching import Patience, SourceFailed
from pipelines.ingest.open311 import ATTRIBUTES
from pipelines.ingest.sources import Fetched, fetch_sources
from pipelines.yaml_model import ConfigurationError

REAL = Path(os.environ.get("STREETWISE_SHARED", "../shared")) / "data" / "open311"
NOW = datetime.now(UTC).replace(microsecond=0)


class Endpoint(http.server.ThreadingHTTPServer):
    """A GeoReport v2 server over a list of requests.

    `faults` are answers (status, headers, body) given before the right ones; `pages` and `dates` say whether it regards
    those parameters; `cap` is the most it gives at once; `repeat` shifts every page but the first back by so many rows."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.services: list[dict[str, Any]] | None = None
        self.faults: list[tuple[int, dict[str, str], bytes]] = []
        self.pages, self.dates, self.cap, self.repeat = True, True, 1000, 0
        self.asked: list[dict[str, str]] = []

    def answer(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """What a question for requests gives, newest first."""
        found = self.requests
        if self.dates:
            start, end = (datetime.fromisoformat(asked[name]) for name in ("start_date", "end_date"))
            assert end - start <= timedelta(days=90), "more than the standard lets one ask for"
            found = [r for r in found if start <= datetime.fromisoformat(r["requested_datetime"]) <= end]
        size = min(int(asked["page_size"]), self.cap)
        first = (int(asked["page"]) - 1) * size if self.pages else 0
        return found[max(first - self.repeat * (first > 0), 0) : first + size]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        status, headers, body = 404, dict[str, str](), b""
        if place.path.endswith("/services.json"):
            if self.server.services is not None:
                status, body = 200, json.dumps(self.server.services).encode()
        elif place.path.endswith("/requests.json"):
            self.server.asked.append(asked)
            if self.server.faults:
                status, headers, body = self.server.faults.pop(0)
            else:
                status, body = 200, json.dumps(self.server.answer(asked)).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def request(number: int, *, days: float = 1, **more: Any) -> dict[str, Any]:
    """One request of so many days ago."""
    at = (NOW - timedelta(days=days)).isoformat()
    return {
        "service_request_id": f"R{number}", "status": "open", "service_code": "001",
        "requested_datetime": at, "updated_datetime": at, **more,
    }  # fmt: skip


def source(city: SmallCity, endpoint: Endpoint, **keys: Any) -> None:
    """city.yaml with one Open311 source."""
    outer = {key: keys.pop(key) for key in ("name", "mapping", "on_failure") if key in keys}
    url = f"http://127.0.0.1:{endpoint.server_port}/v2/"
    city.settings(sources={"tickets": {"open311": {"url": url, **keys}, **outer}})


def fetch(city: SmallCity, loaded: frozenset[str] = frozenset(), waits: list[float] | None = None) -> Fetched:
    waited: list[float] = [] if waits is None else waits
    patience = Patience(attempts=3, first_wait=0.01, longest_wait=90, sleep=waited.append)
    (fetched,) = fetch_sources(city.open(), "tickets", loaded=loaded, patience=patience)
    return fetched


def lines(fetched: Fetched) -> list[dict[str, Any]]:
    assert fetched.path is not None
    return [json.loads(line) for line in fetched.path.read_text(encoding="utf-8").splitlines()]


def numbers(fetched: Fetched) -> list[str]:
    return [line["service_request_id"] for line in lines(fetched)]


def manifest(fetched: Fetched) -> dict[str, Any]:
    assert fetched.path is not None
    return json.loads(fetched.path.with_name(fetched.path.name + ".done").read_text())


def test_every_page_of_every_month_is_fetched_once(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.requests = [request(n, days=n / 3) for n in range(1, 260)]
    source(city, endpoint, page_size=10, jurisdiction_id="c.gov")
    found = fetch(city)
    assert sorted(numbers(found), key=lambda n: int(n[1:])) == [f"R{n}" for n in range(1, 260)]
    assert (manifest(found)["rows"], manifest(found)["kind"], found.remarks) == (259, "delta", ())
    assert {asked["jurisdiction_id"] for asked in endpoint.asked} == {"c.gov"}
    assert found.path is not None and oct(found.path.stat().st_mode & 0o777) == "0o600"
    assert found.path.name == f"open311-{found.as_of:%Y%m%dT%H%M%SZ}.jsonl"


def test_a_server_that_gives_shorter_pages_than_it_is_asked_for_is_read_to_the_end(
    city: SmallCity, endpoint: Endpoint
) -> None:
    endpoint.requests, endpoint.cap = [request(n) for n in range(25)], 10
    source(city, endpoint, page_size=500)
    assert len(numbers(fetch(city))) == 25


@settings(max_examples=15, deadline=None)
@given(ages=st.lists(st.floats(0.01, 29), max_size=150), cap=st.integers(50, 70), whole=st.booleans())
def test_a_server_without_pages_is_asked_for_shorter_stretches_until_nothing_is_kept_back(
    ages: list[float], cap: int, whole: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    city = make_small_city(tmp_path_factory.mktemp("city"))
    with Endpoint() as endpoint:
        threading.Thread(target=endpoint.serve_forever, args=(0.01,), daemon=True).start()
        endpoint.pages, endpoint.cap = False, 1000 if whole else cap
        endpoint.requests = [request(n, days=age + n / 1440) for n, age in enumerate(sorted(ages))]
        source(city, endpoint, since_days=30, page_size=1000)
        found = fetch(city)
        endpoint.shutdown()
    if not ages:
        assert found.path is None
        return
    within = [r["service_request_id"] for r in endpoint.requests]
    assert set(numbers(found)) == set(within)
    assert found.remarks == ()


def test_as_many_requests_of_one_moment_as_a_server_without_pages_gives_are_doubtful(
    city: SmallCity, endpoint: Endpoint
) -> None:
    endpoint.pages, endpoint.cap = False, 60
    endpoint.requests = [request(n + 100, days=3) for n in range(70)] + [
        request(n, days=10 + n / 10) for n in range(80)
    ]
    source(city, endpoint, since_days=30)
    found = fetch(city)
    assert set(numbers(found)) == {f"R{n}" for n in range(80)} | {f"R{n + 100}" for n in range(60)}
    assert "whether it gave everything cannot be told" in found.remarks[0].en


def test_a_server_that_heeds_neither_pages_nor_dates_is_doubtful(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.pages, endpoint.dates = False, False
    endpoint.requests = [request(n, days=n) for n in range(80)]
    source(city, endpoint)
    found = fetch(city)
    assert len(numbers(found)) == 80
    assert "heeds no dates" in found.remarks[0].en
    # Three months: the page, the page again and both halves.
    assert len(endpoint.asked) == 3 * 4


def test_requests_that_shift_to_the_next_page_meanwhile_count_once_as_updated_last(
    city: SmallCity, endpoint: Endpoint
) -> None:
    endpoint.requests, endpoint.repeat = [request(n) for n in range(10)], 1
    later = request(3, status="closed")
    endpoint.requests.insert(4, later)
    source(city, endpoint, page_size=4)
    found = fetch(city)
    by_number = {line["service_request_id"]: line for line in lines(found)}
    assert len(numbers(found)) == len(by_number) == 10
    assert by_number["R3"]["status"] == "closed"
    assert [remark.en for remark in found.remarks] == ["tickets (open311): 3 requests came twice and count once"]


def test_the_window_goes_back_to_the_last_loaded_fetch_if_that_is_longer_ago(
    city: SmallCity, endpoint: Endpoint
) -> None:
    endpoint.requests = [request(1, days=2), request(2, days=20)]
    source(city, endpoint, since_days=5)
    first = fetch(city)
    assert numbers(first) == ["R1"]
    assert first.path is not None
    done = first.path.with_name(first.path.name + ".done")
    told = json.loads(done.read_text())
    done.write_text(json.dumps({**told, "as_of": (NOW - timedelta(days=25)).isoformat()}))
    assert sorted(numbers(fetch(city, loaded=frozenset({told["sha256"]})))) == ["R1", "R2"]


def test_nothing_new_writes_no_file_and_a_request_that_changed_back_does(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.requests = [request(1)]
    source(city, endpoint)
    loaded = {manifest(fetch(city))["sha256"]}
    assert fetch(city, frozenset(loaded)).path is None
    for status in ("closed", "open"):
        endpoint.requests = [request(1, status=status)]
        sha256 = manifest(fetch(city, frozenset(loaded)))["sha256"]
        assert sha256 not in loaded
        loaded.add(sha256)


def test_an_endpoint_without_requests_writes_nothing(city: SmallCity, endpoint: Endpoint) -> None:
    source(city, endpoint)
    found = fetch(city)
    assert (found.path, found.rows) == (None, 0)


def test_attributes_are_flattened_named_and_always_all_there(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.services = [{"service_code": "001", "service_name": "Potholes", "group": "Streets"}]
    endpoint.requests = [
        request(1, extended_attributes={"x": 1, "tags": ["a"], "note": ""}, lat=1.25, description=""),
        request(2, service_name="Own name", service_code="unknown"),
    ]
    source(city, endpoint)
    one, two = sorted(lines(fetch(city)), key=lambda line: line["service_request_id"])
    assert set(ATTRIBUTES) <= set(one) and set(ATTRIBUTES) <= set(two)
    assert (one["service_name"], one["service_group"], one["lat"], one["description"]) == (
        "Potholes",
        "Streets",
        1.25,
        None,
    )
    assert (one["extended_x"], one["extended_tags"], one["extended_note"]) == (1, '["a"]', None)
    assert (two["service_name"], two["service_group"]) == ("Own name", None)
    assert endpoint.asked[0]["extensions"] == "true"
    source(city, endpoint, extensions=False)
    fetch(city)
    assert "extensions" not in endpoint.asked[-1]


def test_dates_without_an_offset_are_read_in_the_declared_zone(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.dates = False
    endpoint.requests = [
        request(
            1,
            requested_datetime="2026-07-01T10:00:00",
            updated_datetime="2026-07-01T10:00:00-05:00",
            expected_datetime="",
        ),
        request(2, requested_datetime="2026-01-01T10:00:00", updated_datetime="soon"),
    ]
    source(city, endpoint, time_zone="America/Chicago")
    found = [
        (line["requested_datetime"], line["updated_datetime"], line["expected_datetime"]) for line in lines(fetch(city))
    ]
    assert found == [
        ("2026-07-01T10:00:00-05:00", "2026-07-01T10:00:00-05:00", None), ("2026-01-01T10:00:00-06:00", "soon", None),
    ]  # fmt: skip


PAGE = json.dumps([{"service_request_id": "R1"}]).encode()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ((200, {}, PAGE[:-5]), "not complete JSON"),
        ((200, {"Content-Length": "9999"}, PAGE), "broke off"),
        ((200, {"Content-Type": "text/html"}, b"<html>Service is down</html>"), "a web page"),
        ((200, {}, b""), "not complete JSON"),
        ((500, {}, b"[]"), "the error 500"),
        ((503, {}, b""), "the error 503"),
        ((429, {}, b""), "fewer requests (429)"),
    ],
)
def test_a_fault_that_passes_is_tried_again_and_one_that_stays_is_named(
    city: SmallCity, endpoint: Endpoint, fault: tuple[int, dict[str, str], bytes], message: str
) -> None:
    endpoint.requests = [request(1)]
    source(city, endpoint, since_days=1)
    endpoint.requests[0]["requested_datetime"] = (NOW - timedelta(hours=1)).isoformat()
    endpoint.faults = [fault, fault]
    waits: list[float] = []
    assert numbers(fetch(city, waits=waits)) == ["R1"]
    assert len(waits) == 2
    endpoint.faults = [fault] * 3
    with pytest.raises(SourceFailed) as error:
        fetch(city)
    assert message in error.value.en and "127.0.0.1" not in str(error.value)
    assert sorted(p.suffix for p in (city.folder / "extracts" / "tickets").iterdir()) == [".done", ".jsonl"]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b"", "refuses access (401)"), (403, b"", "refuses access (403)"), (404, b"", "the error 404"),
        (400, b'[{"code": 400}]', "the error 400"), (200, b'{"error": "x"}', "not a list of requests"),
        (200, b"[1]", "not a list of requests"),
    ],
)  # fmt: skip
def test_a_fault_that_does_not_pass_is_not_tried_again(
    city: SmallCity, endpoint: Endpoint, status: int, body: bytes, message: str
) -> None:
    source(city, endpoint)
    endpoint.faults = [(status, {}, body)]
    waits: list[float] = []
    with pytest.raises(SourceFailed) as error:
        fetch(city, waits=waits)
    assert message in error.value.en and waits == []


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("100000", 90), (None, 0), ("soon", 0)])
def test_a_server_that_says_when_to_come_again_is_heeded_up_to_a_limit(
    city: SmallCity, endpoint: Endpoint, asked: str | None, waited: float
) -> None:
    endpoint.requests = [request(1)]
    source(city, endpoint)
    endpoint.faults = [(429, {"Retry-After": asked} if asked else {}, b"")]
    waits: list[float] = []
    fetch(city, waits=waits)
    assert len(waits) == 1 and waited <= waits[0] <= waited + 1


def test_a_server_may_give_a_date_to_come_again(city: SmallCity, endpoint: Endpoint) -> None:
    endpoint.requests = [request(1)]
    source(city, endpoint)
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    endpoint.faults = [(503, {"Retry-After": until}, b"")]
    waits: list[float] = []
    fetch(city, waits=waits)
    assert 30 < waits[0] <= 61


def test_a_server_that_is_not_there_is_named_without_its_address(city: SmallCity, endpoint: Endpoint) -> None:
    source(city, endpoint)
    endpoint.shutdown()
    endpoint.server_close()
    with pytest.raises(SourceFailed, match="cannot be reached") as error:
        fetch(city)
    assert "127.0.0.1" not in str(error.value)


def test_a_server_that_says_nothing_is_given_up(
    city: SmallCity, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    import httpx

    from pipelines.ingest import open311

    monkeypatch.setattr(open311, "_TIMEOUT", httpx.Timeout(0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        city.settings(sources={"tickets": {"open311": {"url": url}}})
        with pytest.raises(SourceFailed, match="took too long"):
            fetch(city)


def test_the_key_comes_from_the_environment_and_is_in_no_message(
    city: SmallCity, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source(city, endpoint, api_key="${OPEN311_KEY}")
    with pytest.raises(ConfigurationError, match="the variable OPEN311_KEY is not set"):
        fetch(city)
    monkeypatch.setenv("OPEN311_KEY", "s3cret")
    endpoint.requests = [request(1)]
    said: list[str] = []
    with caplog.at_level("INFO"):
        fetch_sources(city.open(), "tickets", loaded=set(), say=said.append)
    assert endpoint.asked[-1]["api_key"] == "s3cret"
    assert "s3cret" not in caplog.text + " ".join(said)


#: The mapping that the reference shows.
(STOCK,) = re.findall(
    r"```yaml\n(kind: delta\ncolumns:\n  ticket_id: service_request_id\n.*?)```",
    (Path(__file__).parents[1] / "docs" / "city.md").read_text(encoding="utf-8"),
    flags=re.DOTALL,
)


@pytest.mark.skipif(not REAL.is_dir(), reason="no real extracts (STREETWISE_SHARED)")
def test_real_answers_of_a_city_become_its_tickets(city: SmallCity, endpoint: Endpoint) -> None:
    real = json.loads((REAL / "bloomington_requests.json").read_text())
    endpoint.requests, endpoint.dates, endpoint.pages = real, False, False
    endpoint.services = json.loads((REAL / "bloomington_services.json").read_text())
    source(city, endpoint)
    city.mapping("tickets", STOCK)
    found = fetch(city)
    assert found.rows == len(real) == len({r["service_request_id"] for r in real})
    delivery = city.load_one("tickets")
    assert (delivery.outcome, delivery.kind, delivery.rows_in, delivery.rows_loaded) == (
        "loaded",
        "delta",
        len(real),
        len(real),
    )
    closed = sum(r["status"] == "closed" for r in real)
    assert city.rows("SELECT count(*) FROM landing.tickets WHERE resolved_at IS NOT NULL") == [(closed,)]
    assert city.rows(
        "SELECT accepted_at::VARCHAR, category_1, category_2 FROM landing.tickets WHERE ticket_id = '4fbd3beeb1fe2c9f5c000001'"
    ) == [("2012-05-23 19:35:08", "Most Popular", "Graffiti")]
