"""What the pages cost: what they read of an edition, what they send, and what is kept for the next visitor."""

from __future__ import annotations

import copy
import gc
import importlib
import json
import pkgutil
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from editions import publish
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import caches, data, editions, serve

ENTRY = Path(__file__).parent.parent / "dashboards" / "streamlit_app.py"
PAGES = (
    *("overview", "tickets", "organisations", "funding", "service", "community", "ranking", "map", "bulletin", "data"),
    "definitions",
)
#: A scan of 147 row groups of the sample city costs 4 ms of CPU a ten of them; no query of a page needs a quarter.
LARGEST_SHARE = 0.25


def show(city: Path, monkeypatch: pytest.MonkeyPatch, page: str, **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if page != "overview":
        app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def kept() -> list[caches.Cached[..., Any]]:
    """Every function of the dashboard whose answers are kept."""
    modules = [importlib.import_module(f"dashboards.{m.name}") for m in pkgutil.iter_modules(dashboards.__path__)
               if m.name not in ("streamlit_app", "query_child")]  # fmt: skip
    return list({id(v): v for m in modules for v in vars(m).values() if isinstance(v, caches.Cached)}.values())


def a_community(city: Path) -> str:
    """A community of the edition."""
    with duckdb.connect(
        str((city / "state/published/current").resolve()), read_only=True, config=dict(editions.READER)
    ) as con:
        (found,) = con.execute(
            "select min(area_code) from marts.areas where is_current and level = 'community'"
        ).fetchall()
    return str(found[0])


def test_the_first_visitor_of_a_page_reads_a_small_part_of_the_largest_tables_and_the_next_one_nothing(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in kept():
        function.clear()
    asked: list[tuple[str, Sequence[object]]] = []
    fetch = data._fetch

    def noted(edition: str, sql: str, parameters: Sequence[object]) -> tuple[list[str], list[tuple[Any, ...]]]:
        asked.append((sql, parameters))
        return fetch(edition, sql, parameters)

    monkeypatch.setattr(data, "_fetch", noted)
    for query in ({}, {"area": a_community(sample_city), "grain": "week"}):
        for page in PAGES:
            show(sample_city, monkeypatch, page, **query)
    first = len(asked)
    for page in PAGES:
        show(sample_city, monkeypatch, page)
    assert asked[first:] == []
    edition = editions.current()
    assert edition is not None
    assert data.whole_figures(edition) == "marts.area_figures"
    assert len(asked) > 100
    largest = 0
    with editions.connection(edition).cursor() as con:
        for sql, parameters in asked:
            (plan,) = con.execute(f"explain analyze {sql}", list(parameters)).fetchall()
            for scanned, of in re.findall(r"Row Groups Scanned: (\d+) / (\d+)", plan[1]):
                largest = max(largest, int(of))
                assert int(of) < 30 or int(scanned) <= LARGEST_SHARE * int(of), (scanned, of, sql, parameters)
    assert largest > 100, "the largest table was not asked at all"


def test_figures_without_dimension_are_those_of_the_largest_table(sample_city: Path) -> None:
    columns = (
        "indicator_id, indicator_version, grain, period_start, area_level, area_code, dimension, member, numerator, denominator, "
        "excluded, pending, value, lower, upper, target, status, as_of, edition"
    )
    with duckdb.connect(
        str((sample_city / "state/published/current").resolve()), read_only=True, config=dict(editions.READER)
    ) as con:
        ((here, sum_here),) = con.execute(f"select count(*), sum(hash({columns})) from marts.area_figures").fetchall()
        ((there, sum_there),) = con.execute(
            f"select count(*), sum(hash({columns})) from marts.indicator_values where dimension = 'all' and grain in "
            "('week', 'month', 'quarter', 'year') and area_level in ('city', 'district', 'street', 'community')"
        ).fetchall()
    assert (here, sum_here) == (there, sum_there) and here > 100_000


class _Noting:
    """A lock that says when somebody has to wait for it."""

    def __init__(self, waits: threading.Event) -> None:
        self.inner, self.waits = threading.Lock(), waits

    def __enter__(self) -> None:
        if not self.inner.acquire(blocking=False):
            self.waits.set()
            self.inner.acquire()

    def __exit__(self, *_: object) -> None:
        self.inner.release()


def test_visitors_who_ask_at_once_ask_the_edition_once() -> None:
    gathered, asked = caches.Gathered[str, str](), list[str]()
    begun, waits = threading.Event(), threading.Event()
    gathered.lock = _Noting(waits)  # type: ignore[assignment]

    def find(missing: list[str]) -> dict[str, str]:
        begun.set()
        assert asked or waits.wait(20), "the second visitor does not wait for the first"
        asked.extend(missing)
        return {key: key.lower() for key in missing}

    with ThreadPoolExecutor(2) as visitors:
        first = visitors.submit(gathered.get, ["A", "B"], find)
        assert begun.wait(20)
        second = visitors.submit(gathered.get, ["B", "C", "C"], find)
        assert (first.result(), second.result()) == ({"A": "a", "B": "b"}, {"B": "b", "C": "c"})
    assert asked == ["A", "B", "C"]


def test_pages_change_nothing_that_is_kept_for_others(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[tuple[int, object], object] = {}

    def noting(function: caches.Cached[..., Any], answer: Callable[..., object]) -> Callable[..., object]:
        def ask(*arguments: object) -> object:
            found = answer(*arguments)
            given[id(function), arguments] = copy.deepcopy(found)
            return found

        return ask

    growing = (data._held, data._held_parts)
    for function in growing:
        function.clear()
    functions = [function for function in kept() if function not in growing]
    for function in functions:
        function.clear()
        monkeypatch.setattr(function, "function", noting(function, function.function))
    for page in PAGES:
        show(sample_city, monkeypatch, page)
    assert len(given) > 100
    for function in functions:
        for key, answer in function.kept.items():
            assert (id(function), key) not in given or given[id(function), key] == answer, (function, key)
    for key, held in list(data._held.kept.items()):
        ids, mine = tuple(held.kept), {i: list(figures) for i, figures in held.kept.items()}
        data._held.clear()
        assert data.series(key[0], ids, *key[1:]) == mine  # type: ignore[index,misc]


@pytest.mark.parametrize(
    ("page", "most"), [("overview", 125), ("tickets", 260), ("definitions", 190), ("funding", 180)]
)
def test_a_page_is_sent_in_few_elements(
    page: str, most: int, sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(block: Any) -> int:
        return 1 + sum(count(child) if hasattr(child, "children") else 1 for child in block.children.values())

    assert count(show(sample_city, monkeypatch, page)._tree) <= most


def test_the_data_of_a_chart_travel_in_its_specification(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit takes data at the top of one out and makes a frame of them."""
    charts = show(sample_city, monkeypatch, "tickets").get("vega_lite_chart")
    assert charts
    for chart in charts:
        assert not chart.proto.HasField("data")
        assert any(layer["data"]["values"] for layer in json.loads(chart.proto.spec)["layer"] if "data" in layer)


def cached_sum(calls: list[tuple[int, ...]]) -> caches.Cached[..., int]:
    """A function that notes when it is really called."""

    @caches.cached(max_entries=2)
    def add(*numbers: int) -> int:
        calls.append(numbers)
        if not numbers:
            raise ValueError
        return sum(numbers)

    return add


def test_the_newest_answers_are_kept_and_a_failure_is_not() -> None:
    calls: list[tuple[int, ...]] = []
    add = cached_sum(calls)
    assert [add(1, 2), add(1, 2), add(3), add(1, 2), add(4), add(1, 2), add(3)] == [3, 3, 3, 3, 4, 3, 3]
    assert calls == [(1, 2), (3,), (4,), (3,)]
    for _ in range(2):
        with pytest.raises(ValueError):
            add()
    assert calls[-2:] == [(), ()]


def test_visitors_who_ask_the_same_at_once_cause_one_question() -> None:
    started, go_on, calls = threading.Event(), threading.Event(), list[int]()

    @caches.cached(max_entries=2)
    def slow(number: int) -> int:
        calls.append(number)
        started.set()
        go_on.wait(10)
        return number + 1

    answers: list[int] = []
    visitors = [threading.Thread(target=lambda: answers.append(slow(1))) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    assert started.wait(10)
    go_on.set()
    for visitor in visitors:
        visitor.join(10)
    assert (calls, answers) == ([1], [2, 2, 2, 2])


def test_what_lives_long_is_left_out_of_collections_and_what_ended_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ring:
        """Refers to itself: only a collection finds it."""

        def __init__(self, ended: Callable[[], None]) -> None:
            self.self, self.ended = self, ended

        def __del__(self) -> None:
            self.ended()

    ended: list[bool] = []
    ring: Ring | None = Ring(lambda: ended.append(True))
    try:
        monkeypatch.setattr(caches, "_settled", caches._Settled())
        caches.settle()
        assert gc.get_freeze_count() > 10_000 and ring is not None
        ring = None
        gc.collect()
        assert not ended
        caches.settle()
        assert not ended, "within minutes nothing is gone through again"
        caches._settled.at -= 1000
        caches.settle()
        assert ended
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("filled", [True, False])
def test_a_server_gets_ready_before_its_first_visitor(
    filled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    if filled:
        publish(tmp_path)
    asked: list[Sequence[object]] = []
    fetch = data._fetch

    def noted(edition: str, sql: str, parameters: Sequence[object]) -> tuple[list[str], list[tuple[Any, ...]]]:
        asked.append(parameters)
        return fetch(edition, sql, parameters)

    monkeypatch.setattr(data, "_fetch", noted)
    try:
        serve.warm()
    finally:
        gc.unfreeze()

    def heads() -> int:
        return sum(
            ids[:2] == ["T01", "T02"] for _, *given in filter(None, asked) for ids in given if isinstance(ids, list)
        )

    assert heads() == filled
    if filled:
        show(tmp_path, monkeypatch, "overview")
        assert heads() == 1, "the visitor asked for the first figures again"
