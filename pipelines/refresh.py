"""The nightly job run headless, and what it came to."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.city import CITY_VARIABLE, City
from pipelines.ingest.arrivals import seconds_to_settle
from pipelines.ingest.load import clear_state
from pipelines.instance import prepare_home
from pipelines.paths import CONTRACTS
from pipelines.progress import say
from pipelines.schedules import NIGHTLY
from pipelines.warehouse import whole_refresh

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Outcome:
    """How a refresh ended: the edition that it published, or why it published none."""

    edition: str | None
    problems: list[dict[str, Any]]

    @property
    def succeeded(self) -> bool:
        """True when an edition was published."""
        return self.edition is not None


def wait_for_files(city: City) -> None:
    """Wait until files that were dropped just now have rested for `settle_seconds`; one that still grows after that is left
    for the next refresh."""
    datasets = [path.name.removesuffix(".odcs.yaml") for path in sorted(CONTRACTS.glob("*.odcs.yaml"))]
    seconds = seconds_to_settle(city, datasets, now=datetime.now(UTC))
    if seconds > 0:
        say(f"  files were dropped just now; waiting {seconds} s to see whether they still grow (settle_seconds)")
        time.sleep(seconds)


def refresh(city: City, *, rebuild: bool = False, instance: DagsterInstance | None = None) -> Outcome:
    """Run the nightly job in this process.

    Args:
        instance: where Dagster keeps the run's history; the city's Dagster home by default.
        rebuild: forget warehouse and landing first and load every extract again; editions stay.

    Raises:
        WarehouseBusy: another refresh is at work.
    """
    with whole_refresh(city), _few_collections():
        wait_for_files(city)
        if rebuild:
            clear_state(city)
        return _run(city, instance)


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage in cycles 70 times less often: modules and Dagster's definitions make objects that stay, and to go
    through them again and again was 2 of the 27 CPU s of a refresh of a few rows."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(city: City, instance: DagsterInstance | None) -> Outcome:
    os.environ["DAGSTER_HOME"] = str(prepare_home(city))
    os.environ[CITY_VARIABLE] = str(city.folder)
    import dagster as dg
    import httpx

    from pipelines.alerts import announce_failure, describe_failures
    from pipelines.definitions import build_defs
    from pipelines.publish import current_edition

    job = build_defs(city).resolve_job_def(NIGHTLY)
    with instance or dg.DagsterInstance.get() as chosen:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = job.execute_in_process(run_config=quiet, instance=chosen, raise_on_error=False)
        if result.success:
            return Outcome(current_edition(city), [])
        failures = describe_failures(event for event in result.all_events if event.is_step_failure)
        try:
            return Outcome(None, announce_failure(city, result.run_id, failures))
        except httpx.HTTPError as error:
            problem = {
                "dataset": None,
                "message_zh": f"刷新失败，且无法通知 webhook（{type(error).__name__}）。",
                "message_en": f"The refresh failed, and the webhook could not be told ({type(error).__name__}).",
            }
            return Outcome(None, [problem])
