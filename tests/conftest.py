"""Fixtures that several files of tests share."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

# The product has DuckDB clear all memory that it takes, which costs the tests a fifth of their time in the kernel. Those of
# what lies in spilled blocks start processes without this (`as_shipped`).
os.environ["DUCKDB_JE_MALLOC_CONF"] = "zero:false"

import duckdb
import pytest
from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from editions import publish
from small_city import KEY, SmallCity, drop_unusable_files, fill, make_small_city
from typer.testing import CliRunner, Result

from dashboards.editions import READER
from pipelines import warehouse
from pipelines.city import City
from pipelines.cli import app
from pipelines.refresh import refresh
from pipelines.sample_city import make_sample_city

#: The files that take longest, longest first: two workers take files in this order, and none of them is left for the end.
LONGEST = (
    "test_privacy", "test_load", "test_cli", "test_faults", "test_restatements", "test_archive", "test_publish", "test_cities",
    "test_accessibility", "test_files", "test_forget", "test_rebuild", "test_browser", "test_oracle", "test_indicators",
    "test_rows", "test_dashboard", "test_sample_city", "test_insights", "test_mapping", "test_validation", "test_definitions",
)  # fmt: skip
#: The file in which the sample city is made. The others that read it come last: none of them waits for it then.
OF_SAMPLE = "test_pipeline"
#: The day on which the sample city of the tests is made.
TODAY = date(2026, 11, 22)
#: A sample city of that day, refreshed with this code already: spares whoever works on pages a minute at each start.
READY_MADE = os.environ.get("STREETWISE_TEST_SAMPLE")
#: Two workers share two cores, and a few rows are no work for two threads; no test loses power, so none waits for the disk.
#: The sample city is made, and commands are run in processes of their own, with what the product has.
OF_TESTS: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "fsync_mode": "NONE"}
warehouse.LIMITS |= OF_TESTS
# Modules, definitions and pages stay: to look for garbage among them as often as usual was 4 % of the time of the pages.
gc.set_threshold(30_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that makes the sample city, then those that need none, then the others, each time the longest files first."""
    place = {name: n for n, name in enumerate(LONGEST)}
    waiting = {item.path for item in items if "sample_city" in getattr(item, "fixturenames", ())}

    def when(item: pytest.Item) -> tuple[bool, bool, int]:
        name = item.path.stem
        return name != OF_SAMPLE, item.path in waiting, place.get(name, len(place))

    items.sort(key=when)


@pytest.fixture(autouse=True)
def _no_city_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the variables of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("STREETWISE_") and name != "STREETWISE_SHARED"]:
        monkeypatch.delenv(name)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallCity:
    """An empty city folder, its pseudonym key in the environment."""
    monkeypatch.setenv("STREETWISE_KEY", KEY)
    return make_small_city(tmp_path / "city")


def _keep_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One SQLAlchemy engine a file of Dagster's events, which otherwise makes one an event and plans its SQL anew."""
    make, kept = sqlite_event_log.create_engine, dict[str, Any]()

    def engine(url: str, **given: Any) -> Any:
        if url not in kept:
            kept[url] = make(url, **given)
        return kept[url]

    monkeypatch.setattr(sqlite_event_log, "create_engine", engine)


def run_cli(*arguments: str) -> Result:
    """The command `streetwise` in this process; the environment is as before afterwards."""
    before = dict(os.environ)
    os.environ["STREETWISE_KEY"] = KEY
    try:
        with pytest.MonkeyPatch.context() as patch:
            _keep_engines(patch)
            return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    finally:
        os.environ.clear()
        os.environ.update(before)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases of the list of faults were handled and how many figures the oracle recomputed, if they ran."""
    recomputed = [
        number
        for report in terminalreporter.stats.get("passed", [])
        for name, number in report.user_properties
        if name == "figures recomputed" and report.when == "call"
    ]
    if recomputed:
        terminalreporter.write_line(f"Figures recomputed by the oracle: {sum(recomputed):,}")
    passed = [str(report.nodeid) for report in terminalreporter.stats.get("passed", [])]
    played = {name.partition("[")[2].rstrip("]") for name in passed if "::test_a_fault_is_handled" in name}
    if played:
        from faults import CASES
        from faults.document import counts

        handled = [case for case in CASES if case.number in played and case.not_handled is None]
        terminalreporter.write_line(f"Faults handled: {counts(handled)}")


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Refreshed:
    """A city after `streetwise refresh`, and what the command said."""

    city: SmallCity
    result: Said


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` that `make` fills, once for all workers of the run: whoever comes first makes it, others wait."""
    own = factory.getbasetemp()
    # each worker of pytest-xdist has a folder of its own in one that they share
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def _refresh(city: SmallCity, said: Path) -> None:
    result = run_cli("refresh", "--city", str(city.folder))
    said.write_text(json.dumps({"exit_code": result.exit_code, "output": result.output}), encoding="utf-8")


def _refreshed(folder: Path) -> Refreshed:
    return Refreshed(SmallCity(folder / "city"), Said(**json.loads((folder / "said.json").read_text(encoding="utf-8"))))


@pytest.fixture(scope="session")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The whole small city, refreshed once. Read it; to change it, take `published_city`."""

    def make(folder: Path) -> None:
        city = make_small_city(folder / "city")
        fill(city)
        _refresh(city, folder / "said.json")

    found = _refreshed(once(tmp_path_factory, "refreshed", make))
    assert found.result.exit_code == 0, found.result.output
    assert found.city.rows("SELECT count(*) FROM landing.tickets") == [(20,)], found.result.output
    return found


@pytest.fixture
def published_city(refreshed: Refreshed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCity]:
    """A copy of the refreshed city that a test may change."""
    assert refreshed.result.exit_code == 0, refreshed.result.output
    monkeypatch.setenv("STREETWISE_KEY", KEY)
    folder = tmp_path / "published_city"
    shutil.copytree(refreshed.city.folder, folder, symlinks=True)
    yield SmallCity(folder)


@pytest.fixture(scope="session")
def refused(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The refreshed city after a second refresh to which files came that cannot be taken, full of personal values."""

    def make(folder: Path) -> None:
        shutil.copytree(refreshed.city.folder, folder / "city", symlinks=True)
        city = SmallCity(folder / "city")
        drop_unusable_files(city)
        _refresh(city, folder / "said.json")

    found = _refreshed(once(tmp_path_factory, "refused", make))
    # which of the steps that do not wait for each other had run says why, if the one good file is not there
    assert found.city.rows("SELECT status FROM landing.tickets WHERE ticket_id = 'T91'") == [("open",)], (
        found.result.output
    )
    return found


@pytest.fixture(scope="session")
def sample_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample city, made and refreshed once for all workers of the run. Read it, do not change it."""
    if READY_MADE:
        return Path(READY_MADE)

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STREETWISE_KEY", KEY)
            for name in OF_TESTS:
                patch.delitem(warehouse.LIMITS, name)
            make_sample_city(folder / "city", today=TODAY)
            outcome = refresh(City.open(folder / "city"), instance=DagsterInstance.ephemeral())
        assert outcome.succeeded, outcome.problems

    return once(tmp_path_factory, "sample_city", make) / "city"


@pytest.fixture
def edition(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the edition of the sample city, which is served."""
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))
    return str((sample_city / "state" / "published" / "current").resolve())


@pytest.fixture
def ask(edition: str) -> Callable[..., list[tuple[object, ...]]]:
    """Rows of a query on a connection of the test's own."""

    def rows(sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with duckdb.connect(edition, read_only=True, config=dict(READER)) as con:
            return [tuple(row) for row in con.execute(sql, list(parameters)).fetchall()]

    return rows


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city whose edition lacks the newer figures."""
    folder = tmp_path_factory.mktemp("older")
    publish(folder)
    return folder
