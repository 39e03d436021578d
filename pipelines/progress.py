"""Progress of long work for the person at the terminal: stage, rows, seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

VARIABLE = "STREETWISE_PROGRESS"


@dataclass
class Stage:
    """One stage at work; set `rows` before it ends."""

    name: str
    rows: int | None = None


def say(text: str) -> None:
    """Print a line to the terminal if somebody watches (the command line sets STREETWISE_PROGRESS)."""
    if os.environ.get(VARIABLE):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def stage(name: str) -> Iterator[Stage]:
    """Time a stage and print its line when it ends well."""
    started, current = time.monotonic(), Stage(name)
    yield current
    rows = f"{current.rows:>12,} rows" if current.rows is not None else " " * 17
    say(f"  {name:<34}{rows}{time.monotonic() - started:>8.1f} s")
