"""Asks the published edition what the page of tickets needs beside the figures: ages, exclusions, bounds, who holds what is late."""

from __future__ import annotations

from datetime import date

from dashboards.caches import cached
from dashboards.data import Row, ask

_COLUMN = {"district": "district_code", "street": "street_code", "community": "community_code"}


@cached(max_entries=128)
def ages(edition: str, level: str, code: str) -> list[Row]:
    """Open tickets of an area at the data cut by band of days since acceptance, youngest first; empty bands have no row."""
    return ask(
        edition,
        "select from_days, to_days, opened, overdue, oldest_days from marts.backlog_ages "
        "where area_level = ? and area_code = ? order by from_days",
        [level, code],
    )


@cached(max_entries=32)
def open_at_level(edition: str, level: str) -> dict[str, Row]:
    """Open tickets of every area of a level at the data cut, by area code: all, overdue, accepted over 30 days ago."""
    rows = ask(
        edition,
        "select area_code, sum(opened) as opened, sum(overdue) as overdue, "
        "sum(case when to_days is null then opened else 0 end) as oldest from marts.backlog_ages "
        "where area_level = ? group by area_code",
        [level],
    )
    return {row["area_code"]: row for row in rows}


@cached(max_entries=64)
def holders(edition: str, level: str, code: str, limit: int) -> tuple[int, list[Row]]:
    """How many units hold open tickets past their deadline, and those with most: number, over 30 days, longest delay."""
    column = _COLUMN.get(level)
    where, parameters = (f"where {column} = ?", [code]) if column else ("", [])
    rows = ask(
        edition,
        "select handling_unit, count(*) as tickets, sum(case when days_overdue > 30 then 1 else 0 end) as long, "  # noqa: S608
        f"max(days_overdue) as longest, count(*) over () as units from marts.overdue_tickets {where} "
        "group by handling_unit order by tickets desc, handling_unit nulls last limit ?",
        [*parameters, limit],
    )
    return (int(rows[0]["units"]) if rows else 0), rows


@cached(max_entries=128)
def exclusions(edition: str, grain: str, start: date, level: str, code: str) -> list[Row]:
    """Tickets that the rates leave out, by reason, most first."""
    return ask(
        edition,
        "select exclusion_code, tickets from marts.ticket_exclusions where grain = ? and period_start = ? "
        "and area_level = ? and area_code = ? order by tickets desc, exclusion_code",
        [grain, start, level, code],
    )


@cached(max_entries=128)
def before_exclusions(edition: str, grain: str, start: date, level: str, code: str) -> dict[str, Row]:
    """Rates over all tickets, the excluded ones too, by indicator."""
    rows = ask(
        edition,
        "select indicator_id, numerator, denominator, value from marts.rates_before_exclusions where grain = ? "
        "and period_start = ? and area_level = ? and area_code = ?",
        [grain, start, level, code],
    )
    return {row["indicator_id"]: row for row in rows}


@cached(max_entries=128)
def bounds(edition: str, grain: str, start: date, level: str, code: str) -> dict[str, Row]:
    """What pending tickets can still make of the figures of a period, by indicator; settled ones have none."""
    rows = ask(
        edition,
        "select indicator_id, pending, worst, best from marts.indicator_bounds where grain = ? and period_start = ? "
        "and area_level = ? and area_code = ? and dimension = 'all'",
        [grain, start, level, code],
    )
    return {row["indicator_id"]: row for row in rows}
