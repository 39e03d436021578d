"""Asks the published edition a question that an analyst wrote, in a process that can be ended."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 10
ROWS = 5_000
MEGABYTES = 512
#: Of an answer: it is kept for its visitor as long as the page is open.
ANSWER_BYTES = 20_000_000
LONGEST = 20_000
_CHILD = Path(__file__).with_name("query_child.py")
#: Two at a time: the pages of everybody else are served by the same machine.
_PLACES = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns with their types, and rows; `cut` if the question has more rows than are given."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why there is no answer: the end of a key `query_…` of the words, and what DuckDB says of it."""

    kind: str
    detail: str = ""


def ask(edition: str, sql: str, *, seconds: int = SECONDS, rows: int = ROWS) -> Answer | Mistake:
    """The answer to one SELECT on the edition file, or why there is none.

    The process has nothing of this one's environment, may write no file, and is killed two seconds after its time."""
    sql = sql.encode("utf-8", errors="replace").decode("utf-8")
    if not sql.strip():
        return Mistake("empty")
    if len(sql) > LONGEST:
        return Mistake("too_wide")
    job = {
        "edition": edition,
        "sql": sql,
        "seconds": seconds,
        "rows": rows,
        "megabytes": MEGABYTES,
        "bytes": ANSWER_BYTES,
    }
    if not _PLACES.acquire(timeout=seconds):
        return Mistake("busy")
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", str(_CHILD)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=seconds + 2,
            env={},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Mistake("too_long")
    finally:
        _PLACES.release()
    try:
        found = json.loads(done.stdout)
    except ValueError:
        # Killed by a limit: of time by SIGXCPU (24) or SIGKILL (9), of memory by DuckDB's abort.
        return Mistake("too_long" if done.returncode in (-24, -9) else "too_much")
    if "mistake" in found:
        return Mistake(found["mistake"], found["detail"])
    return Answer(
        tuple(found["columns"]), tuple(found["types"]), tuple(tuple(row) for row in found["rows"]), found["cut"]
    )
