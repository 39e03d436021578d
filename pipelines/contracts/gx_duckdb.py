"""Great Expectations on an already open DuckDB connection (importing this costs seconds)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal, Union

import duckdb
import great_expectations as gx
import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.expectations.metrics.query_metrics.query_table.unexpected_rows_query_table import (
    UnexpectedRowsQueryTable,
)
from sqlalchemy.pool import StaticPool

_SHARED_SCHEME = "duckdb-shared://"

#: Connections offered to Great Expectations by name, for as long as `batch` runs.
_shared: dict[str, duckdb.DuckDBPyConnection] = {}


def _borrowed_engine(key: str) -> sa.Engine:
    """An engine over an open connection of `_shared`: the same catalogue, temporary tables and open transaction.

    The transaction belongs to the caller, so begin, commit, rollback and close do nothing here; with SQLAlchemy's own
    the first connect rolled the caller's open transaction back."""
    from duckdb_sqlalchemy import ConnectionWrapper

    class Borrowed(ConnectionWrapper):
        autocommit = True

        def begin(self) -> None: ...

        def commit(self) -> None: ...

        def rollback(self) -> None: ...

        def close(self) -> None: ...

    return sa.create_engine(
        "duckdb:///:memory:",
        # Looked up, not closed over: Great Expectations keeps engines alive, and a connection keeps its file locked.
        creator=lambda: Borrowed(_shared[key]),
        poolclass=StaticPool,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
    )


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """The SQLAlchemy engine on one connection that stays open.

    The stock engine gives the connection back before it fetches, and DuckDB drops an open result at that moment
    (`list index out of range` on every expectation); it also knows no regular expressions for a dialect it has not met,
    so PostgreSQL's are used."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        import sqlalchemy.dialects.postgresql as postgresql

        self.dialect_module = postgresql

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The one connection of this engine; it is not closed afterwards."""
        if self._connection is None or self._connection.closed:
            self._connection = self.engine.connect()
        yield self._connection


#: Named here because the datasource has a field called `type`.
_EngineClass = type[DuckDBExecutionEngine]


class DuckDBDatasource(SQLDatasource):
    """A datasource whose connection string names a connection that this process already has open."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]
    connection_string: Union[ConfigStr, str]  # noqa: UP007  (the datasource registry reads this annotation)

    @property
    def execution_engine_type(self) -> _EngineClass:
        """Engine on which the metrics of this datasource are computed."""
        return DuckDBExecutionEngine

    @property
    def schema_(self) -> str | None:
        """Schema of the tables, the second part of the connection string; None for temporary tables."""
        return self._parts()[1] or None

    def _parts(self) -> tuple[str, str]:
        key, _, schema = str(self.connection_string).removeprefix(_SHARED_SCHEME).partition("/")
        return key, schema

    def _create_engine(self) -> sa.Engine:
        return _borrowed_engine(self._parts()[0])

    def get_execution_engine(self) -> DuckDBExecutionEngine:
        """The engine of this datasource, made at the first call."""
        if not self._execution_engine:
            self._execution_engine = DuckDBExecutionEngine(engine=self.get_engine(), create_temp_table=False)
        engine: DuckDBExecutionEngine = self._execution_engine
        return engine


class _CompoundUnique(MetricProvider):
    """What the metrics of compound uniqueness share."""

    domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    value_keys: tuple[str, ...] = ()


def _keyed_rows(
    engine: DuckDBExecutionEngine, domain: Mapping[str, Any]
) -> tuple[sa.FromClause, list[sa.ColumnClause[Any]], sa.ColumnElement[bool]]:
    selectable, _, accessor = engine.get_compute_domain(
        domain_kwargs=dict(domain), domain_type=MetricDomainTypes.MULTICOLUMN
    )
    if domain.get("ignore_row_if") != "any_value_is_missing":
        raise ValueError("compound uniqueness is counted for rows without a missing value only")
    columns: list[sa.ColumnClause[Any]] = [sa.column(str(name)) for name in accessor["column_list"]]
    return selectable, columns, sa.and_(*(column.is_not(None) for column in columns))


class CompoundUniqueCount(_CompoundUnique):
    """Rows whose key occurs more than once, by GROUP BY; the stock join back to the table costs several scans."""

    metric_name = "compound_columns.unique.unexpected_count"

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> int:
        selectable, columns, present = _keyed_rows(execution_engine, metric_domain_kwargs)
        groups = (
            sa.select(sa.func.count().label("rows"))
            .select_from(selectable)
            .where(present)
            .group_by(*columns)
            .having(sa.func.count() > 1)
            .subquery()
        )
        total = sa.select(sa.func.coalesce(sa.func.sum(groups.c.rows), 0))
        return int(execution_engine.execute_query(total).scalar() or 0)


class CompoundUniqueRows(_CompoundUnique):
    """Rows that have a key at all."""

    metric_name = "compound_columns.unique.filtered_row_count"
    value_keys = ("result_format",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> int:
        selectable, _, present = _keyed_rows(execution_engine, metric_domain_kwargs)
        count = sa.select(sa.func.count()).select_from(selectable).where(present)
        return int(execution_engine.execute_query(count).scalar() or 0)


class CompoundUniqueValues(_CompoundUnique):
    """No examples of failing keys: they may be personal."""

    metric_name = "compound_columns.unique.unexpected_values"
    value_keys = ("result_format",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> list[Any]:
        return []


class UnexpectedRowsTable(UnexpectedRowsQueryTable):
    """No failing rows: the stock metric runs the query a second time and keeps up to 200 of them."""

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(
        cls,
        execution_engine: DuckDBExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> list[Any]:
        return []


@cache
def context() -> EphemeralDataContext:
    """The one in-memory context of this process; it writes no files and shows no progress bars."""
    # Exceptions are read from the results; the logger would print them with the values they quote.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return made


@contextmanager
def batch(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[Batch]:
    """The table `[schema.]name` of an open connection as one batch; valid inside the `with` only."""
    schema, _, name = table.rpartition(".")
    key = uuid.uuid4().hex
    _shared[key] = con
    sources = context().data_sources
    try:
        source = sources.add_or_update_duckdb(name="staging", connection_string=f"{_SHARED_SCHEME}{key}/{schema}")
        asset = source.add_table_asset(name=table, table_name=name)
        yield asset.add_batch_definition_whole_table("all rows").get_batch()
    finally:
        if "staging" in sources.all():
            sources.delete("staging")
        del _shared[key]
