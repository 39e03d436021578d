"""The assets that publish: the edition, downstream of every mart, and the bulletin that is made of it."""

from collections.abc import Sequence

import dagster as dg

from pipelines.progress import say, stage
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


def bulletin_asset() -> dg.AssetsDefinition:
    """The monthly bulletins of the new edition, sent to whom the city names; whatever fails here, the edition stands."""

    @dg.asset(
        key=dg.AssetKey(["published", "bulletin"]),
        deps=[dg.AssetKey(["published", "edition"])],
        group_name="published",
        description="The monthly bulletin as PDF and XLSX, of the months that are over, from the published edition.",
        pool=POOL,
        owners=OWNERS,
        kinds={"typst"},
    )
    def bulletin(context: dg.AssetExecutionContext, city: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        from pipelines.bulletin.nightly import after_edition

        with stage("bulletin"):
            report = after_edition(city.open())
        for problem in report.problems:
            context.log.warning(problem["message_en"])
            say(f"  ! {problem['message_zh']}\n    {problem['message_en']}")
        return dg.MaterializeResult(metadata={"made": report.made, "problems": len(report.problems)})

    return bulletin
