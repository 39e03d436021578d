"""Dagster's event log in SQLite, with connections that stay open from one event to the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

#: The index, the run at work, and some that the web page reads.
_KEPT = 4


class EventLog(SqliteEventLogStorage):
    """The same files and tables as Dagster's own; an event is one transaction in each of its two files.

    Dagster's makes an engine and a connection for each statement, compiles the statement anew and writes the log of the
    file back when it closes it: of the 36 CPU s of a refresh of a few rows these were 7. It also waits for the disk at
    each of 3,800 commits, a fifth of the time of such a refresh on a disk that others use."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._tables: set[str] = set()
        self._open: dict[str, sa.Connection] = {}
        super().__init__(base_dir, inst_data)
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> EventLog:
        """The event log that dagster.yaml describes."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard in self._open:
                yield self._open[shard]
                return
            if shard not in self._initialized_dbs:
                # opens a second connection beside its first
                self._initdb(self._engine(shard, poolclass=sa.NullPool))
                self._initialized_dbs.add(shard)
            engine = self._engines.pop(shard, None) or self._engine(shard, pool_size=1, max_overflow=0)
            # the one used last stands last
            self._engines[shard] = engine
            while len(self._engines) > _KEPT:
                self._engines.pop(next(iter(self._engines))).dispose()
            with engine.begin() as con:
                self._open[shard] = con
                try:
                    yield con
                finally:
                    del self._open[shard]

    def _engine(self, shard: str, **pool: Any) -> sa.Engine:
        waiting = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = sa.create_engine(self.conn_string_for_shard(shard), connect_args=waiting, **pool)
        # With a write-ahead log a machine that loses power loses the last events, and never the file.
        sa.event.listen(engine, "connect", lambda con, _: con.execute("PRAGMA synchronous=NORMAL"))
        return engine

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event where its run is read and where assets and checks are."""
        with self._connect(event.run_id), self._connect(INDEX_SHARD_NAME):
            super().store_event(event)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; one that it has stays, and Dagster asks before every event of a check."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        """Remove every event of every run."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
