"""Everything that Dagster loads, as a list."""

from __future__ import annotations

import dagster as dg

from pipelines.alerts import failure_sensor
from pipelines.city import City
from pipelines.contracts.model import load_contracts
from pipelines.editions import bulletin_asset, edition_asset
from pipelines.schedules import nightly_job, nightly_schedule
from pipelines.tables import read_tables
from pipelines.transform import CityResource, landing_asset, reference_asset, relations_asset, tables_asset
from pipelines.yaml_model import ConfigurationError


def build_defs(city: City | None) -> dg.Definitions:
    """All definitions for a city; without one they still load, and a run says what is missing."""
    contracts = load_contracts()
    tables = read_tables()
    return dg.Definitions(
        assets=[
            *(landing_asset(contract) for contract in contracts.values()),
            relations_asset(contracts),
            reference_asset(list(contracts)),
            tables_asset(tables, list(contracts)),
            edition_asset(tables),
            bulletin_asset(),
        ],
        jobs=[nightly_job],
        schedules=[nightly_schedule(city.settings.time_zone if city else "UTC")],
        sensors=[failure_sensor],
        resources={"city": CityResource(folder=str(city.folder) if city else "")},
        executor=dg.in_process_executor,
    )


def _chosen_city() -> City | None:
    try:
        return City.open()
    except ConfigurationError:
        return None


defs = build_defs(_chosen_city())
