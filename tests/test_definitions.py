"""What Dagster loads: one job, one schedule, a check for every rule, one writer, and dependencies that are the SQL's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import dagster as dg
import pytest
from conftest import Refreshed
from small_city import CONTRACTS, SmallCity

from pipelines.definitions import build_defs
from pipelines.paths import ROOT, SQL
from pipelines.publish import current_edition
from pipelines.tables import read_tables


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs(None)


def assets(defs: dg.Definitions) -> Iterator[dg.AssetsDefinition]:
    for asset in defs.assets or ():
        assert isinstance(asset, dg.AssetsDefinition)
        yield asset


def parents(defs: dg.Definitions) -> dict[str, set[str]]:
    graph = defs.resolve_asset_graph()
    return {
        ".".join(key.path): {".".join(parent.path) for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }


def test_the_definitions_of_a_city_are_valid(city: SmallCity) -> None:
    # what `dg check defs` does after it has loaded them, here with a city
    dg.Definitions.validate_loadable(build_defs(city.open()))


def test_dg_lists_the_job_the_schedule_and_the_sensor_of_a_city(city: SmallCity) -> None:
    environment = os.environ | {"STREETWISE_CITY": str(city.folder), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    listed = subprocess.run(
        [Path(sys.executable).with_name("dg"), "list", "defs"],
        cwd=ROOT, env=environment | {"DAGSTER_HOME": str(city.folder)}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stdout
    for word in ("nightly", "nightly_at_two", "announce_failed_refresh"):
        assert word in listed.stdout


def test_there_is_one_job_with_a_name_and_it_makes_everything(defs: dg.Definitions) -> None:
    jobs = [job for job in defs.resolve_all_job_defs() if not job.name.startswith("__")]
    assert [job.name for job in jobs] == ["nightly"]
    made = jobs[0].asset_layer.selected_asset_keys
    assert made == set(defs.resolve_all_asset_keys())


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_the_schedule_is_two_at_night_in_the_city(city: SmallCity, zone: str) -> None:
    city.settings(time_zone=zone)
    schedule = build_defs(city.open()).resolve_schedule_def("nightly_at_two")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", zone)
    assert schedule.job_name == "nightly"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_definitions_load_without_a_city(defs: dg.Definitions) -> None:
    assert defs.resolve_schedule_def("nightly_at_two").execution_timezone == "UTC"
    assert defs.resolve_sensor_def("announce_failed_refresh").default_status == dg.DefaultSensorStatus.RUNNING


def test_every_rule_of_every_contract_is_a_check_of_its_dataset(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for dataset, contract in CONTRACTS.items():
        found = {key.name for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(["landing", dataset])}
        assert found == {"delivery_accepted", *(rule.id.replace(".", "__") for rule in contract.rules)}


def test_a_refused_delivery_blocks_and_a_rejected_row_does_not(defs: dg.Definitions) -> None:
    for asset in assets(defs):
        for spec in asset.check_specs:
            assert spec.blocking == (spec.name == "delivery_accepted"), spec.key


def test_every_asset_takes_the_one_writer_and_has_owner_and_group(defs: dg.Definitions) -> None:
    for asset in assets(defs):
        assert asset.op.pool == "warehouse", asset.keys
        for spec in asset.specs:
            assert spec.owners == ["team:data-office"] and spec.group_name not in (None, "default"), spec.key


def test_steps_run_one_after_another_in_one_process(defs: dg.Definitions) -> None:
    assert defs.executor is dg.in_process_executor
    assert defs.resolve_job_def("nightly").executor_def.name == "in_process"


def test_dependencies_are_those_that_stand_in_the_sql(defs: dg.Definitions) -> None:
    found = parents(defs)
    every_load = {"landing.relations", *(f"landing.{dataset}" for dataset in CONTRACTS)}
    # rows are asked, not made; counts are parts of the tables that add them up
    files = sorted(path for path in SQL.glob("*/*.sql") if path.parent.name not in ("rows", "counts"))
    assert len(files) > 30
    for path in files:
        text = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text(encoding="utf-8"))
        named = {
            f"{a}.{b}" for a, b in re.findall(r"\b(landing|reference|core|cube|marts|lists)\.([a-z_0-9]+)\b", text)
        }
        ledger = {name for name in named if name.startswith("landing.")} - every_load
        expected = named - ledger | (every_load if ledger else set())
        assert found[f"{path.parent.name}.{path.stem}"] == expected, path
    assert found["cube.ticket_due_days"] == {"core.ticket_states", "core.eras", "core.era_places"}
    assert found["cube.ticket_due_longer"] == {"cube.ticket_due_months", "core.eras"}
    assert found["cube.backlog_days"] == {"cube.backlog_events", "core.eras", "core.place_paths"}


def test_the_edition_waits_for_every_mart_and_the_reference_for_every_load(defs: dg.Definitions) -> None:
    found = parents(defs)
    assert found["published.edition"] == {table.name for table in read_tables() if table.schema == "marts"}
    assert found["reference.as_of"] == {"landing.relations", *(f"landing.{dataset}" for dataset in CONTRACTS)}
    assert found["landing.relations"] == {f"landing.{dataset}" for dataset in CONTRACTS}


def test_nothing_reaches_the_edition_past_a_load(defs: dg.Definitions) -> None:
    """Everything but the loads themselves lies downstream of every load."""
    found = parents(defs)
    loads = {f"landing.{dataset}" for dataset in CONTRACTS}

    @cache
    def above(name: str) -> frozenset[str]:
        return frozenset().union(*({parent} | above(parent) for parent in found[name]))

    for name in found.keys() - loads:
        if name.startswith("marts.") or name == "published.edition":
            assert above(name) & loads, name
    assert loads <= above("published.edition")


def test_a_refused_delivery_blocks_everything_downstream(refreshed: Refreshed, refused: Refreshed) -> None:
    before, after = refreshed.city.open(), refused.city.open()
    assert refused.result.exit_code == 1
    assert current_edition(after) == current_edition(before)
    assert len(list(after.published.glob("edition-*.duckdb"))) == 1
    # The good file of the same load has landed, but no mart knows of it.
    assert refused.city.rows("SELECT status FROM landing.tickets WHERE ticket_id = 'T91'") == [("open",)]
    assert refused.city.rows("SELECT count(*) FROM marts.deliveries") == refreshed.city.rows(
        "SELECT count(*) FROM marts.deliveries"
    )
    assert refused.city.rows("SELECT max(numerator) FROM marts.indicator_values WHERE indicator_id = 'T01'") == [
        (20.0,)
    ]


def test_rejected_rows_show_as_a_warning_in_dagster(refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(refreshed.city.open().dagster_home))
    with dg.DagsterInstance.get() as instance:
        key = dg.AssetCheckKey(dg.AssetKey(["landing", "tickets"]), "status__allowed")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
        evaluation = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        assert (evaluation.passed, evaluation.severity, evaluation.blocking) == (
            False,
            dg.AssetCheckSeverity.WARN,
            False,
        )
        assert evaluation.metadata["rows_failed"].value == 1 and evaluation.metadata["rows_checked"].value == 22
        event = instance.get_latest_materialization_event(dg.AssetKey(["landing", "tickets"]))
        assert event is not None and event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        assert [metadata[f"rows_{n}"].value for n in ("in", "loaded", "rejected", "left_out")] == [22, 20, 2, 0]
