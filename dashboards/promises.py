"""How old the data of each dataset are, held against what its contract promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

import streamlit as st

from dashboards import data
from dashboards.controls import Scope
from dashboards.parts import t


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of a contract: `freshness` of the data or `frequency` of deliveries, counted from `since` (UTC)."""

    dataset: str
    kind: str
    allowed: timedelta
    since: datetime | None

    def late(self, now: datetime) -> timedelta | None:
        """By how much it is broken; None where it is kept or nothing came yet."""
        if self.since is None or now - self.since <= self.allowed:
            return None
        return now - self.since - self.allowed


@st.cache_data(max_entries=8, show_spinner=False)
def promises(edition: str) -> list[Promise]:
    """Every promise with the moment it counts from: the data cut of the dataset, or its last delivery that was loaded."""
    rows = data.ask(
        edition,
        "select p.dataset, p.promise, p.hours, a.as_of, d.arrived_at from marts.promises p "
        "left join marts.as_of a on a.dataset = p.dataset left join (select dataset, max(arrived_at) as arrived_at "
        "from marts.deliveries where outcome = 'loaded' and mends is null group by dataset) d on d.dataset = p.dataset "
        "order by p.dataset, p.promise",
    )
    found = []
    for row in rows:
        since = row["as_of"] if row["promise"] == "freshness" else row["arrived_at"]
        at = since.replace(tzinfo=UTC) if since is not None else None
        found.append(Promise(row["dataset"], row["promise"], timedelta(hours=row["hours"]), at))
    return found


def by_dataset(edition: str) -> dict[str, list[Promise]]:
    """The promises of each dataset."""
    found: dict[str, list[Promise]] = {}
    for promise in promises(edition):
        found.setdefault(promise.dataset, []).append(promise)
    return found


def length(scope: Scope, span: timedelta) -> str:
    """A stretch of time as whole days, below three days as hours."""
    hours = span.total_seconds() / 3600
    return t(scope, "hours_long", n=f"{hours:.0f}") if hours < 72 else t(scope, "days_long", n=f"{hours / 24:.0f}")


def cell(scope: Scope, mine: list[Promise], now: datetime) -> str:
    """The promises of a dataset as the cell of a table: kept, or broken by how much, with what was promised below."""
    if not mine:
        return f"<span class='sw-soft'>{escape(t(scope, 'promise_none'))}</span>"
    broken = [late for promise in mine if (late := promise.late(now)) is not None]
    missing = any(promise.since is None for promise in mine)
    head = (
        f"<span class='sw-bad'>▼ {escape(t(scope, 'promise_late', by=length(scope, max(broken))))}</span>"
        if broken
        else escape(t(scope, "promise_missing" if missing else "promise_kept"))
    )
    said = " · ".join(t(scope, f"promise_{p.kind}", within=length(scope, p.allowed)) for p in mine)
    return f"{head}<div class='sw-line'>{escape(said)}</div>"


def late_datasets(edition: str, now: datetime) -> list[str]:
    """Datasets of which a promise is broken."""
    return list(dict.fromkeys(p.dataset for p in promises(edition) if p.late(now) is not None))
