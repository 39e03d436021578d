"""The asset that publishes: downstream of every mart, so that nothing is published that did not pass."""

from collections.abc import Sequence

import dagster as dg

from pipelines.progress import stage
from pipelines.publish import publish
from pipelines.tables import Table
from pipelines.transform import OWNERS, POOL, CityResource
from pipelines.warehouse import open_warehouse


def edition_asset(tables: Sequence[Table]) -> dg.AssetsDefinition:
    """The edition of the current marts; a failed audit keeps the edition before it."""

    @dg.asset(
        key=dg.AssetKey(["published", "edition"]),
        deps=[dg.AssetKey([t.schema, t.table]) for t in tables if t.schema == "marts"],
        group_name="published",
        description="The marts in a new read-only file, audited, with the pointer moved to it.",
        pool=POOL,
        owners=OWNERS,
        kinds={"duckdb"},
    )
    def edition(context: dg.AssetExecutionContext, city: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        opened = city.open()
        with stage("publish"), open_warehouse(opened) as con:
            name = publish(con, opened, run_id=context.run.run_id)
        file = opened.published / f"{name}.duckdb"
        return dg.MaterializeResult(metadata={"edition": name, "bytes": file.stat().st_size})

    return edition
