"""Finds the published edition of the city and opens it for reading."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import streamlit as st

# Read-only alone still lets SQL read any file of the machine; these settings refuse that (tests/test_dashboard.py).
READER = {
    "threads": "2",
    "memory_limit": "1GB",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "lock_configuration": "true",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a refresh failed; of a refused file also its name, when it was refused, and whether it was moved to `refused/`."""

    dataset: str
    message: tuple[str, str]
    file_name: str
    refused_at: datetime | None
    set_aside: bool


@dataclass(frozen=True, slots=True)
class Refresh:
    """What the last refresh reported: outcome 'published' or 'failed', and its problems."""

    finished_at: datetime | None
    outcome: str
    edition: str | None
    problems: tuple[Problem, ...]


def city_folder() -> Path:
    """The folder of the city: STREETWISE_CITY, else the sample city."""
    return Path(os.environ.get("STREETWISE_CITY") or Path(__file__).parents[1] / "cities" / "sample")


def published_folder() -> Path:
    """Where editions are published."""
    return city_folder() / "state" / "published"


def current() -> str | None:
    """Resolved path of the edition that `current` points at, or None before the first one.

    The real path is the key of every cache: a connection opened through the link would go on serving the old file.
    """
    link = published_folder() / "current"
    try:
        return str(link.resolve(strict=True))
    except OSError:
        return None


def signature() -> tuple[str | None, int]:
    """Changes whenever a new edition appears or a refresh reports."""
    try:
        reported = (published_folder() / "last_refresh.json").stat().st_mtime_ns
    except OSError:
        reported = 0
    return current(), reported


def _problem(entry: dict[str, Any]) -> Problem:
    at = entry.get("refused_at")
    return Problem(
        str(entry.get("dataset") or ""),
        (str(entry.get("message_zh") or ""), str(entry.get("message_en") or "")),
        str(entry.get("file_name") or ""),
        datetime.fromisoformat(at) if at else None,
        bool(entry.get("set_aside")),
    )


def last_refresh() -> Refresh | None:
    """What the last refresh reported, or None where there is no readable report."""
    try:
        report = json.loads((published_folder() / "last_refresh.json").read_text(encoding="utf-8"))
        finished = report.get("finished_at")
        return Refresh(
            finished_at=datetime.fromisoformat(finished) if finished else None,
            outcome=str(report.get("outcome", "")),
            edition=report.get("edition"),
            problems=tuple(_problem(entry) for entry in report.get("problems") or []),
        )
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def docs_folder(edition: str) -> Path:
    """The folder of Data Docs beside an edition."""
    file = Path(edition)
    return file.with_name(f"{file.stem}-data-docs")


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    connection.close()


@st.cache_resource(max_entries=3, show_spinner=False, on_release=_close)
def connection(edition: str) -> duckdb.DuckDBPyConnection:
    """The one hardened read-only connection to the edition file at this resolved path."""
    return duckdb.connect(edition, read_only=True, config=dict(READER))
