"""Fixtures that several files of tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from dagster import DagsterInstance
from small_city import KEY, SmallCity, drop_unusable_files, fill, make_small_city
from typer.testing import CliRunner, Result

from pipelines.city import City
from pipelines.cli import app
from pipelines.refresh import refresh
from pipelines.sample_city import make_sample_city

#: The day on which the sample city of the tests is made.
TODAY = date(2026, 11, 22)
#: A sample city of that day, refreshed with this code already: spares whoever works on pages a minute at each start.
READY_MADE = os.environ.get("STREETWISE_TEST_SAMPLE")


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


def run_cli(*arguments: str) -> Result:
    """The command `streetwise` in this process; the environment is as before afterwards."""
    before = dict(os.environ)
    os.environ["STREETWISE_KEY"] = KEY
    try:
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
class Refreshed:
    """A city after `streetwise refresh`, and what the command said."""

    city: SmallCity
    result: Result


@pytest.fixture(scope="session")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The whole small city, refreshed once. Read it; to change it, take `published_city`."""
    city = make_small_city(tmp_path_factory.mktemp("refreshed") / "city")
    fill(city)
    result = run_cli("refresh", "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    assert city.rows("SELECT count(*) FROM landing.tickets") == [(20,)], result.output
    return Refreshed(city, result)


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
    folder = tmp_path_factory.mktemp("refused") / "city"
    shutil.copytree(refreshed.city.folder, folder, symlinks=True)
    city = SmallCity(folder)
    drop_unusable_files(city)
    result = run_cli("refresh", "--city", str(folder))
    # which of the steps that do not wait for each other had run says why, if the one good file is not there
    assert city.rows("SELECT status FROM landing.tickets WHERE ticket_id = 'T91'") == [("open",)], result.output
    return Refreshed(city, result)


@pytest.fixture(scope="session")
def sample_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample city, made and refreshed once for all workers of the run. Read it, do not change it."""
    if READY_MADE:
        return Path(READY_MADE)
    own = tmp_path_factory.getbasetemp()
    # each worker of pytest-xdist has a folder of its own in one that they share
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "sample_city"
    with (shared / "sample_city.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "state" / "published" / "current").exists():
            shutil.rmtree(folder, ignore_errors=True)
            patch.setenv("STREETWISE_KEY", KEY)
            make_sample_city(folder, today=TODAY)
            outcome = refresh(City.open(folder), instance=DagsterInstance.ephemeral())
            assert outcome.succeeded, outcome.problems
    return folder
