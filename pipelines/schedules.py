"""The one job and when it runs."""

from __future__ import annotations

import dagster as dg

NIGHTLY = "nightly"

nightly_job = dg.define_asset_job(
    NIGHTLY,
    selection=dg.AssetSelection.all(),
    description="Loads what was delivered, validates it, computes the indicators and publishes an edition.",
)


def nightly_schedule(time_zone: str) -> dg.ScheduleDefinition:
    """Every night at 02:00 in the city."""
    return dg.ScheduleDefinition(
        name="nightly_at_two",
        job=nightly_job,
        cron_schedule="0 2 * * *",
        execution_timezone=time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
