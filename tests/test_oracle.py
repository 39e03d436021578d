"""The oracle: every published figure computed a second time from the landed rows, by other code and other words."""

from __future__ import annotations

from datetime import datetime

from hypothesis import HealthCheck, given, settings
from landing import ROOT
from oracle.comparison import compare
from oracle.inputs import UTC, read_inputs
from oracle.random_city import AS_OF, DATASETS, RandomCity, random_city
from oracle.registry import ENTRIES

from pipelines.catalogue import load_catalogue


def cut() -> datetime:
    """The data cut of the random cities, naive UTC."""
    return datetime.fromisoformat(f"{AS_OF}+08:00").astimezone(UTC).replace(tzinfo=None)


def test_the_oracle_knows_every_indicator_of_the_catalogue() -> None:
    catalogue = load_catalogue(ROOT / "data_contracts/indicators.yaml")
    assert set(catalogue.ids) <= set(ENTRIES)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(city=random_city())
def test_the_figures_of_random_small_cities_are_those_of_the_oracle(city: RandomCity) -> None:
    con = city.built()
    try:
        result = compare(read_inputs(con, as_of=dict.fromkeys(DATASETS, cut())), con)
        assert not result.differences, result.report()
    finally:
        con.close()
