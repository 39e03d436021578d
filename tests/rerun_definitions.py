"""A small job with the names of the real one, for a Dagster server of the tests: one table of it always fails."""

import dagster as dg

CANARY = "440301199001011234"


class TableFailed(RuntimeError):
    """The kind of error of a table that could not be made."""


@dg.asset(key=["landing", "tickets"], group_name="landing")
def landed() -> None:
    """A dataset."""


@dg.asset(key=["landing", "areas"], group_name="landing")
def areas() -> None:
    """Another dataset, of which nothing is made."""


@dg.asset(key=["core", "tickets"], group_name="core", deps=[["landing", "tickets"]])
def core() -> None:
    """A table."""


@dg.asset(key=["marts", "broken"], group_name="marts")
def broken() -> None:
    """A table that quotes data in its error."""
    raise TableFailed(f"could not convert {CANARY}")


@dg.asset(key=["published", "edition"], group_name="published", deps=[["core", "tickets"]])
def edition() -> None:
    """The end."""


defs = dg.Definitions(
    assets=[landed, areas, core, broken, edition],
    jobs=[dg.define_asset_job("nightly", selection=dg.AssetSelection.all())],
    executor=dg.in_process_executor,
)
