"""SQL between local times and UTC: fixed offsets between the clock changes of a zone, the calendar library around them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipelines.ingest.files import quote_text

#: Spans that touch these years get a branch; sixty branches cost 25 ns a value, the calendar library 145.
_YEARS = (2005, 2035)
_SCANNED = (1970, 2061)
#: Within two days of a clock change nothing is assumed, whichever clock the moment is read from.
_MARGIN = timedelta(days=2)


class _Span(NamedTuple):
    start: datetime
    end: datetime
    seconds: int


@cache
def _spans(zone: str) -> tuple[_Span, ...]:
    """Stretches of time over which the zone keeps one offset, without their first and last two days."""
    info, step = ZoneInfo(zone), timedelta(days=1)
    day, last = (datetime(year, 1, 1, tzinfo=UTC) for year in _SCANNED)
    found: list[_Span] = []
    while day <= last:
        shift = day.astimezone(info).utcoffset() or timedelta()
        seconds, start = int(shift.total_seconds()), day.replace(tzinfo=None)
        if found and found[-1].seconds == seconds:
            found[-1] = found[-1]._replace(end=start)
        else:
            found.append(_Span(start, start, seconds))
        day += step
    inner = (_Span(start + _MARGIN, end - _MARGIN, seconds) for start, end, seconds in found)
    return tuple(s for s in inner if s.start < s.end and s.end.year >= _YEARS[0] and s.start.year <= _YEARS[1])


def _chosen(moment: str, spans: tuple[_Span, ...], leaf: Callable[[int], str]) -> str:
    """CASE that halves the spans, so that a moment meets few of them; NULL between them."""
    if not spans:
        return "NULL"
    if len(spans) == 1:
        start, end, seconds = spans[0]
        return f"CASE WHEN {moment} >= TIMESTAMP '{start}' AND {moment} < TIMESTAMP '{end}' THEN {leaf(seconds)} END"
    middle = len(spans) // 2
    before, after = (_chosen(moment, part, leaf) for part in (spans[:middle], spans[middle:]))
    return f"CASE WHEN {moment} < TIMESTAMP '{spans[middle].start}' THEN {before} ELSE {after} END"


def utc_sql(local: str, zone: str) -> str:
    """SQL of the UTC instant of a local TIMESTAMP of the zone. `local` is a column name; it stands there many times."""

    def leaf(seconds: int) -> str:
        return f"make_timestamp(epoch_us({local}) - {seconds}000000)"

    exact = f"timezone('UTC', timezone({quote_text(zone)}, {local}))"
    return f"COALESCE({_chosen(local, _spans(zone), leaf)}, {exact})"


def date_in_zone_sql(instant: str, zone: str) -> str:
    """SQL of the date in the zone on which a UTC TIMESTAMP falls. `instant` is a column name."""

    def leaf(seconds: int) -> str:
        return f"CAST(make_timestamp(epoch_us({instant}) + {seconds}000000) AS DATE)"

    exact = f"CAST(timezone({quote_text(zone)}, timezone('UTC', {instant})) AS DATE)"
    return f"COALESCE({_chosen(instant, _spans(zone), leaf)}, {exact})"
