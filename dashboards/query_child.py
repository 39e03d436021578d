"""Runs one question of an analyst in a process of its own, with limits that the system keeps. Reads a job, writes an answer.

A process, because DuckDB's memory limit and interrupt do not hold inside a function: `repeat('x', 2000000000)` took 13.8 GB
under `memory_limit` 512 MB, and 40 s after an interrupt at 3 s. It imports nothing of Streetwise: `python -I` starts it."""

from __future__ import annotations

import json
import resource
import sys
import threading
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb

#: Text of a cell beyond this is cut.
CELL = 2_000


def _cell(value: Any) -> Any:
    """A value as JSON has it; what JSON does not know as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    if isinstance(value, date | time):
        return text
    return text if len(text) <= CELL else text[:CELL] + "…"


def _connect(edition: str, megabytes: int) -> duckdb.DuckDBPyConnection:
    """The edition as a read-only database beside an empty one, files and settings closed."""
    con = duckdb.connect(
        ":memory:",
        config={
            "threads": "1",
            "memory_limit": f"{megabytes}MB",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    path = edition.replace("'", "''")
    con.execute(f"ATTACH '{path}' AS edition (READ_ONLY)")
    con.execute("USE edition.marts")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """What a job comes to: columns and rows, or the kind of mistake with DuckDB's own words."""
    try:
        statements = duckdb.extract_statements(job["sql"])
    except duckdb.Error as error:
        return {"mistake": "syntax", "detail": str(error)}
    if len(statements) != 1:
        return {"mistake": "several" if statements else "empty", "detail": ""}
    if statements[0].type != duckdb.StatementType.SELECT:
        return {"mistake": "not_select", "detail": statements[0].type.name}
    con = _connect(job["edition"], job["megabytes"])
    clock = threading.Timer(job["seconds"], con.interrupt)
    clock.start()
    try:
        found = con.sql(statements[0].query).limit(job["rows"] + 1)
        rows = found.fetchall()
        return {
            "columns": found.columns,
            "types": [str(kind) for kind in found.types],
            "rows": [[_cell(value) for value in row] for row in rows[: job["rows"]]],
            "cut": len(rows) > job["rows"],
        }
    except duckdb.InterruptException:
        return {"mistake": "too_long", "detail": ""}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"mistake": "too_much", "detail": ""}
    except duckdb.PermissionException:
        return {"mistake": "no_files", "detail": ""}
    except duckdb.CatalogException as error:
        return {"mistake": "no_table", "detail": str(error)}
    except duckdb.BinderException as error:
        return {"mistake": "no_column", "detail": str(error)}
    except duckdb.Error as error:
        return {"mistake": "other", "detail": str(error)}
    finally:
        clock.cancel()
        con.close()


def main() -> None:
    """Take the limits, then the job from standard input."""
    job = json.loads(sys.stdin.buffer.read())
    # Address space: DuckDB reserves more than it fills. No file can be written at all.
    space = (job["megabytes"] * 3 + 1_500) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (job["seconds"] + 2, job["seconds"] + 2))
    told = json.dumps(answer(job), ensure_ascii=False).encode("utf-8", errors="replace")
    sys.stdout.buffer.write(told if len(told) <= job["bytes"] else b'{"mistake": "too_much", "detail": ""}')


if __name__ == "__main__":
    main()
