"""Dagster's event log with connections that stay open: what is recorded, who can read it, and what is left open."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage
from small_city import SmallCity, make_small_city

from pipelines import refresh as refreshing
from pipelines.instance import prepare_home
from pipelines.run_history import EventLog

CHECKS = 15


@dg.asset(check_specs=[dg.AssetCheckSpec(f"check_{n}", asset="made") for n in range(CHECKS)])
def made() -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    results = [dg.AssetCheckResult(check_name=f"check_{n}", passed=n != 3) for n in range(CHECKS)]
    yield dg.MaterializeResult(metadata={"rows": 7}, check_results=results)


def run(home: Path) -> str:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        done = dg.materialize([made], instance=instance)
        return done.run_id


def recorded(log: SqliteEventLogStorage, run_id: str) -> list[tuple[str | None, str | None]]:
    return [
        (entry.dagster_event_type.value if entry.dagster_event_type else None, entry.step_key)
        for entry in log.get_logs_for_run(run_id)
    ]


def events(home: Path) -> Path:
    return home / "history" / "runs"


@pytest.fixture
def home(city: SmallCity) -> Path:
    return prepare_home(city.open())


def test_it_records_what_dagsters_own_log_records_in_files_that_dagster_reads(home: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    ours, own = run(home), run(plain)
    found, expected = (recorded(SqliteEventLogStorage(str(events(h))), r) for h, r in ((home, ours), (plain, own)))
    assert found == expected
    kinds = Counter(kind for kind, _ in found)
    assert kinds["ASSET_CHECK_EVALUATION"] == kinds["ASSET_CHECK_EVALUATION_PLANNED"] == CHECKS
    assert kinds["ASSET_MATERIALIZATION"] == kinds["PIPELINE_SUCCESS"] == 1
    index = SqliteEventLogStorage(str(events(home)))
    key = dg.AssetCheckKey(dg.AssetKey("made"), "check_3")
    (record,) = index.get_asset_check_execution_history(key, limit=10)
    assert record.run_id == ours and record.status.value == "FAILED"


def test_a_run_opens_few_connections_and_closes_them_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(home)
    opened, connect = [], sa.engine.default.DefaultDialect.connect

    def counted(self: sa.engine.Dialect, *given: object, **named: object) -> object:
        opened.append(str(given[0]))
        return connect(self, *given, **named)

    monkeypatch.setattr(sa.engine.default.DefaultDialect, "connect", counted)
    before = open_files(home)
    run(home)
    of_events = [file for file in opened if events(home) in Path(file).parents]
    # Dagster's own log opens 155
    assert 0 < len(of_events) < 10
    assert open_files(home) <= before


def open_files(home: Path) -> int:
    links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(events(home)) in link for link in links)


def test_another_reader_sees_an_event_as_soon_as_it_is_stored(home: Path) -> None:
    run_id = run(home)
    log, other = EventLog(str(events(home))), EventLog(str(events(home)))
    seen = len(recorded(other, run_id))
    log.store_event(log.get_logs_for_run(run_id)[0])
    with ThreadPoolExecutor(1) as thread:
        assert len(thread.submit(recorded, other, run_id).result()) == seen + 1
    log.dispose()
    other.dispose()


def test_a_reader_of_many_runs_keeps_few_files_open(home: Path) -> None:
    log = EventLog(str(events(home)))
    for n in range(8):
        log.get_logs_for_run(f"run-{n}")
    # a file, its write-ahead log and its index each
    assert 0 < open_files(home) <= 4 * 3
    log.dispose()
    assert open_files(home) == 0


def test_what_was_wiped_is_gone_and_the_log_goes_on(home: Path) -> None:
    run_id = run(home)
    log = EventLog(str(events(home)))
    entry = log.get_logs_for_run(run_id)[0]
    log.wipe()
    assert recorded(log, run_id) == []
    log.store_event(entry)
    assert len(recorded(log, run_id)) == 1
    log.dispose()


@pytest.mark.parametrize("name", ["城：市", 'a "city" # {x: 1} 100%s'])
def test_a_city_in_any_folder_has_its_history_where_dagster_keeps_it(name: str, tmp_path: Path) -> None:
    home = prepare_home(make_small_city(tmp_path / name).open())
    run_id = run(home)
    assert (home / "history" / "runs" / f"{run_id}.db").is_file()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance.event_log_storage, EventLog)


def test_a_refresh_leaves_pythons_garbage_collector_as_it_was(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    before, during = gc.get_threshold(), []

    def fail(_: object) -> None:
        during.append(gc.get_threshold())
        raise RuntimeError

    monkeypatch.setattr(refreshing, "wait_for_files", fail)
    with pytest.raises(RuntimeError):
        refreshing.refresh(city.open())
    assert gc.get_threshold() == before != during[0]
