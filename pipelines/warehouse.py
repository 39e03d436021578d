"""The warehouse of a city: one DuckDB file, one writer."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.city import City

#: What a writing process may take; more spills to the city's disk.
LIMITS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": os.environ.get("STREETWISE_MEMORY_LIMIT", "3GB")
}


class WarehouseBusy(RuntimeError):
    """Another process is writing this city's warehouse; the message names it."""


#: The city whose lease the running refresh holds, so that each of its steps need not take it.
_holding: ContextVar[Path | None] = ContextVar("holding", default=None)


@contextmanager
def writer_lease(city: City) -> Iterator[None]:
    """Hold the right to write in this city's state; a kernel lock, so it ends with the process, however that ends.

    Raises:
        WarehouseBusy: another process holds it.
    """
    if _holding.get() == city.state:
        yield
        return
    city.state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(city.state / "writer.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace")
            raise WarehouseBusy(f"another refresh of {city.folder.name} is at work: {holder}") from None
        os.ftruncate(descriptor, 0)
        note = {"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def whole_refresh(city: City) -> Iterator[None]:
    """Hold the lease from the first step of a refresh to the last, so that two refreshes cannot take turns.

    Raises:
        WarehouseBusy: another process holds it.
    """
    with writer_lease(city):
        token = _holding.set(city.state)
        try:
            yield
        finally:
            _holding.reset(token)


@contextmanager
def open_warehouse(city: City) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one read-write connection to the warehouse, closed (and the lease given back) when the body ends or raises.

    Raises:
        WarehouseBusy: another process is writing.
    """
    with writer_lease(city), open_database(city, city.warehouse) as con:
        yield con


@contextmanager
def open_database(city: City, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-write connection, with the limits of a writer, to a file of a city whose lease is held."""
    spill = city.state / "spill"
    # A process that was killed leaves what it had spilled, pseudonyms too; DuckDB removes only its own.
    shutil.rmtree(spill, ignore_errors=True)
    spill.mkdir(mode=0o700, exist_ok=True)
    con = duckdb.connect(
        str(file),
        config={
            **LIMITS,
            "temp_directory": str(spill),
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
        },
    )
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    finally:
        con.close()
