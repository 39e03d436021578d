"""How old the data of each dataset are, held against what its contract promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from math import ceil
from zoneinfo import ZoneInfo

from dashboards import data
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.parts import t


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of a contract: `freshness` of the data in hours, or `frequency` of deliveries in days; `since` is UTC."""

    dataset: str
    kind: str
    allowed: timedelta
    since: datetime | None

    def late(self, now: datetime, zone: str) -> timedelta | None:
        """By how much it is broken; None where it is kept or nothing came yet.

        Deliveries are counted in days of the city: what came yesterday at two and today at three is daily."""
        if self.since is None:
            return None
        age = now - self.since
        if self.kind == "frequency":
            age = now.astimezone(ZoneInfo(zone)).date() - self.since.astimezone(ZoneInfo(zone)).date()
        return age - self.allowed if age > self.allowed else None


@cached(max_entries=8)
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
    """A stretch of time in days where it is whole ones or longer than three, else in begun hours."""
    if not span % timedelta(days=1) or span > timedelta(days=3):
        return t(scope, "days_long" if span >= timedelta(days=2) else "day_long", n=f"{span / timedelta(days=1):.0f}")
    return t(scope, "hours_long", n=ceil(span / timedelta(hours=1)))


def cell(scope: Scope, mine: list[Promise], now: datetime) -> str:
    """The promises of a dataset as the cell of a table: kept, or broken by how much, with what was promised below."""
    if not mine:
        return f"<span class='sw-soft'>{escape(t(scope, 'promise_none'))}</span>"
    broken = [late for promise in mine if (late := promise.late(now, scope.city.time_zone)) is not None]
    missing = any(promise.since is None for promise in mine)
    head = (
        f"<span class='sw-bad'>▼ {escape(t(scope, 'promise_late', by=length(scope, max(broken))))}</span>"
        if broken
        else escape(t(scope, "promise_missing" if missing else "promise_kept"))
    )
    said = " · ".join(_said(scope, promise) for promise in mine)
    return f"{head}<div class='sw-line'>{escape(said)}</div>"


def late_datasets(scope: Scope, now: datetime) -> list[str]:
    """Datasets of which a promise is broken."""
    zone = scope.city.time_zone
    return list(dict.fromkeys(p.dataset for p in promises(scope.edition) if p.late(now, zone) is not None))


def _said(scope: Scope, promise: Promise) -> str:
    if promise.kind == "frequency" and promise.allowed == timedelta(days=1):
        return t(scope, "promise_daily")
    return t(scope, f"promise_{promise.kind}", within=length(scope, promise.allowed))
