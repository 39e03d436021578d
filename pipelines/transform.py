"""Assets of landing, reference and every `sql/<schema>/<table>.sql`: made by factories, policy set once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb

from pipelines.catalogue import load_catalogue, load_standards, write_reference
from pipelines.city import City
from pipelines.contracts.cross_checks import cross_checks, run_cross_checks
from pipelines.contracts.model import Contract, Rule
from pipelines.deadlines import UnknownYear, check_deadlines
from pipelines.ingest.ledger import create_landing
from pipelines.ingest.load import LoadResult, load_dataset
from pipelines.ingest.refused import purge_refused
from pipelines.maps import write_shapes
from pipelines.paths import CONTRACTS
from pipelines.progress import say, stage
from pipelines.publish import newest_editions
from pipelines.rectification import remember
from pipelines.sql_files import SqlFile
from pipelines.tables import Table, read_tables
from pipelines.upkeep import KEPT, Upkeep
from pipelines.warehouse import open_warehouse
from pipelines.yaml_model import ConfigurationError

#: Every asset that opens the warehouse takes a slot of this pool; dagster.yaml limits it to one.
POOL = "warehouse"
OWNERS = ["team:data-office"]
ACCEPTED = "delivery_accepted"
RELATIONS = dg.AssetKey(["landing", "relations"])
#: Tables of landing that every load writes; whoever reads them waits for all loads.
LEDGER_TABLES = {
    "landing.deliveries",
    "landing.contract_results",
    "landing.rejects",
    "landing.left_out",
    "landing.suite_results",
    "landing.notes",
    "landing.guard_results",
}
REFERENCE_TABLES = (
    "city",
    "calendar",
    "as_of",
    "indicators",
    "indicator_grains",
    "standards",
    "service_standards",
    "weights",
    "grades",
    "vetoes",
    "rectification_rules",
    "rectification_before",
    "area_shapes",
)


class CityResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The city that a run works on."""

    folder: str

    def open(self) -> City:
        """The city folder, read anew, so that a mended city.yaml needs no restart.

        Raises:
            ConfigurationError: there is no such city, or its city.yaml is wrong.
        """
        return City.open(self.folder or None)


def check_name(rule: Rule) -> str:
    """Name of a rule as an asset check."""
    return rule.id.replace(".", "__")


def landing_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset that loads the new deliveries of one dataset, with a check for every rule of its contract."""
    key = dg.AssetKey(["landing", contract.dataset])
    specs = [dg.AssetCheckSpec(ACCEPTED, asset=key, blocking=True, description="No delivery was refused.")]
    specs += [dg.AssetCheckSpec(check_name(rule), asset=key, description=rule.name_en) for rule in contract.rules]
    # Some guards look up areas: those of the same night are loaded first.
    looks_up = any(guard.kind in ("unknown_areas", "missing_partition") for guard in contract.guards)
    deps = [dg.AssetKey(["landing", "areas"])] if looks_up and contract.dataset != "areas" else []

    @dg.asset(
        key=key,
        deps=deps,
        group_name="landing",
        description=contract.purpose,
        check_specs=specs,
        pool=POOL,
        owners=OWNERS,
        kinds={"duckdb", "greatexpectations"},
        code_version=contract.sha256[:12],
    )
    def load(context: dg.AssetExecutionContext, city: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        opened = city.open()
        try:
            with stage(f"landing {contract.dataset}") as current, open_warehouse(opened) as con:
                create_landing(con, [contract])
                result = load_dataset(con, opened, contract, run_id=context.run.run_id, report=context.log.info)
                current.rows = sum(delivery.rows_loaded for delivery in result.deliveries)
                rows = int(con.execute(f"SELECT count(*) FROM landing.{contract.dataset}").fetchall()[0][0])
        except duckdb.Error as error:
            # DuckDB quotes whole rows in its messages; personal data must not reach a log.
            raise RuntimeError(f"{type(error).__name__} while loading {contract.dataset}") from None
        for delivery in result.refused:
            say(f"  ! {delivery.reason_zh}\n    {delivery.reason_en}")
        return dg.MaterializeResult(
            metadata=_load_metadata(contract, result, rows), check_results=list(_check_results(contract, result))
        )

    return load


def _load_metadata(contract: Contract, result: LoadResult, rows: int) -> dict[str, Any]:
    counts = {
        name: sum(getattr(d, f"rows_{name}") for d in result.deliveries)
        for name in ("in", "loaded", "rejected", "deduplicated", "left_out")
    }
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(n, t) for n, t in contract.landing_schema()]),
        "new_deliveries": len(result.deliveries),
        **{f"rows_{name}": count for name, count in counts.items()},
        "ignored_columns": {name: list(headers) for name, headers in result.ignored_headers.items()},
    }


def _check_results(contract: Contract, result: LoadResult) -> Iterator[dg.AssetCheckResult]:
    reasons = {d.file_name: d.reason_en or "" for d in result.refused}
    yield dg.AssetCheckResult(
        check_name=ACCEPTED, passed=not reasons, severity=dg.AssetCheckSeverity.ERROR,
        metadata={"deliveries": len(result.deliveries), "refused": reasons},
    )  # fmt: skip
    for count in result.rules:
        yield dg.AssetCheckResult(
            check_name=check_name(count.rule), passed=count.failed == 0, severity=dg.AssetCheckSeverity.WARN,
            metadata={"rows_checked": count.checked, "rows_failed": count.failed, "rule": count.rule.name_zh},
        )  # fmt: skip


def relations_asset(contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """The asset that checks what no single delivery can show; what fails stays and is shown, as unlocated or as old."""

    @dg.asset(
        key=RELATIONS,
        deps=[dg.AssetKey(["landing", dataset]) for dataset in contracts],
        group_name="landing",
        description="Codes that another dataset should know, and data that has grown old.",
        check_specs=[
            dg.AssetCheckSpec(check.check_name, asset=RELATIONS, description=f"{check.dataset}: {check.name_en}")
            for check in cross_checks(contracts)
        ],
        pool=POOL,
        owners=OWNERS,
        kinds={"duckdb"},
    )
    def relations(context: dg.AssetExecutionContext, city: CityResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
        opened = city.open()
        with open_warehouse(opened) as con:
            create_landing(con, contracts.values())
            results = run_cross_checks(
                con, contracts, now=opened.now(), fiscal_year_start=opened.settings.fiscal_year_start
            )
        if purged := purge_refused(opened, now=datetime.now(UTC)):
            context.log.info(f"{purged} refused files older than {opened.settings.refused_days} days were removed")
        return dg.MaterializeResult(
            check_results=[
                dg.AssetCheckResult(
                    check_name=result.check.check_name,
                    passed=result.failed == 0,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={
                        "rows_checked": result.checked,
                        "rows_failed": result.failed,
                        "rule": result.check.name_zh,
                    },
                )
                for result in results
            ]
        )

    return relations


def reference_asset(datasets: Sequence[str]) -> dg.AssetsDefinition:
    """The tables that do not come from extracts: city, calendar, data cuts, catalogue, standards, the list before, maps."""

    @dg.multi_asset(
        name="reference",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(["reference", name]),
                deps=[RELATIONS, *(dg.AssetKey(["landing", dataset]) for dataset in datasets)],
                group_name="reference",
                owners=OWNERS,
                kinds={"duckdb"},
            )
            for name in REFERENCE_TABLES
        ],
        pool=POOL,
    )
    def reference(context: dg.AssetExecutionContext, city: CityResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        opened = city.open()
        with stage("reference"), open_warehouse(opened) as con:
            forget_removed_tables(con)
            write_city_reference(con, opened)
            remember(con, newest_editions(opened))
            counts = {
                t: int(con.execute(f"SELECT count(*) FROM reference.{t}").fetchall()[0][0]) for t in REFERENCE_TABLES
            }
        for name, rows in counts.items():
            yield dg.MaterializeResult(asset_key=dg.AssetKey(["reference", name]), metadata={"dagster/row_count": rows})

    return reference


def forget_removed_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables and views of earlier versions that nothing makes any more, or that are the other of the two now."""
    made = read_tables()
    kept = {(isinstance(table, SqlFile) and table.is_view, table.name) for table in made}
    schemas = sorted({table.schema for table in made})
    tables = con.execute(
        """
        SELECT 'VIEW', schema_name, view_name FROM duckdb_views() WHERE list_contains($schemas, schema_name)
        UNION ALL
        SELECT 'TABLE', schema_name, table_name FROM duckdb_tables() WHERE list_contains($schemas, schema_name)
        """,
        {"schemas": schemas},
    ).fetchall()
    for kind, schema, table in tables:
        if (kind == "VIEW", f"{schema}.{table}") not in kept:
            con.execute(f'DROP {kind} {schema}."{table}"')


def write_city_reference(con: duckdb.DuckDBPyConnection, city: City) -> None:
    """Write the reference tables for a city; a data cut is that of the latest loaded delivery, or the city's `as_of`.

    Raises:
        ConfigurationError: the standards are wrong, a map file cannot be drawn, or a deadline needs a year that the working
            calendar does not hold.
    """
    cuts = con.execute(
        "SELECT dataset, max(as_of) FROM landing.deliveries WHERE outcome = 'loaded' GROUP BY dataset ORDER BY 1"
    ).fetchall()
    settings, catalogue = city.settings, load_catalogue(CONTRACTS / "indicators.yaml")
    try:
        standards = load_standards(CONTRACTS / "standards.yaml", settings.standards, catalogue)
    except ValueError as error:
        raise ConfigurationError(f"city.yaml: standards: {error}") from None
    write_reference(
        con,
        catalogue,
        standards,
        area_code=settings.area_code,
        name_zh=settings.name.zh,
        name_en=settings.name.en,
        time_zone=settings.time_zone,
        currency=settings.currency,
        fiscal_year_start=settings.fiscal_year_start,
        language=settings.language,
        people_minimum=settings.people_minimum,
        as_of=[(str(dataset), settings.as_of or cut) for dataset, cut in cuts],
        working_calendar=settings.working_calendar,
    )
    write_shapes(con, city)
    try:
        check_deadlines(con)
    except UnknownYear as error:
        raise ConfigurationError(f"city.yaml: {error}") from None


class TableFailed(RuntimeError):
    """A table could not be made; the message names it and the kind of error, never a value."""


def tables_asset(tables: Sequence[Table], datasets: Sequence[str]) -> dg.AssetsDefinition:
    """The assets that the tables are, any of which can be made alone: one step for all, over one connection.

    A step a table cost 5 s more a refresh, most of it in the 600 events that Dagster then stores.
    """

    @dg.multi_asset(name="tables", specs=[_table_spec(table, datasets) for table in tables], can_subset=True, pool=POOL)
    def make(context: dg.AssetExecutionContext, city: CityResource) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        with open_warehouse(city.open()) as con:
            upkeep = Upkeep(con, tables)
            for table in tables:
                key = dg.AssetKey([table.schema, table.table])
                if key not in context.selected_asset_keys:
                    continue
                try:
                    with stage(f"{table.schema} {table.table}") as current:
                        current.rows = upkeep.make(table)
                        columns = con.execute(f"DESCRIBE {table.schema}.{table.table}").fetchall()
                except duckdb.Error as error:
                    # DuckDB quotes values in its messages.
                    raise TableFailed(f"{table.name}: {type(error).__name__}") from None
                schema = dg.TableSchema([dg.TableColumn(str(row[0]), str(row[1])) for row in columns])
                metadata: dict[str, Any] = {"dagster/row_count": current.rows, "dagster/column_schema": schema}
                if table.name in KEPT:
                    metadata["made"] = "brought up to date" if table.name in upkeep.kept_up else "of nothing"
                yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            upkeep.finish()

    return make


def _table_spec(table: Table, datasets: Sequence[str]) -> dg.AssetSpec:
    """Dependencies, description and version of a table come from its file."""
    language = "sql" if isinstance(table, SqlFile) else "python"
    deps = {dg.AssetKey(name.split(".")) for name in table.dependencies if name not in LEDGER_TABLES}
    if LEDGER_TABLES & set(table.dependencies):
        deps |= {RELATIONS, *(dg.AssetKey(["landing", dataset]) for dataset in datasets)}
    return dg.AssetSpec(
        dg.AssetKey([table.schema, table.table]),
        deps=sorted(deps),
        group_name=table.schema,
        description=table.description,
        metadata={
            language: dg.MetadataValue.md(f"```{language}\n{table.text}\n```"),
            "dagster/table_name": f"{table.schema}.{table.table}",
        },
        code_version=table.sha256[:12],
        owners=OWNERS,
        kinds={"duckdb", language},
    )
