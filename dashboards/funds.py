"""Arranges the money of an area: which part of it, how far along the fiscal year, how far from the schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dashboards import data, parts, periods
from dashboards.controls import Scope
from dashboards.data import Figure
from dashboards.parts import Reading

FUNDS = ("operating", "service", "project", "transfer")
TYPES = ("staff", "operations", "service", "capital")
#: What the curve of a year draws, from the back to the front.
PACE = ("F02", "F05", "F03")


@dataclass(frozen=True, slots=True)
class Part:
    """All the money of an area, or one fund or type of spending of it."""

    dimension: str
    member: str

    @property
    def token(self) -> str:
        """How the address writes it: `all`, `fund.service`."""
        return "all" if self.dimension == "all" else f"{self.dimension}.{self.member}"


ALL = Part("all", "all")


@dataclass(frozen=True, slots=True)
class Step:
    """Where the money stood on one day: the share of the fiscal year gone, and the figures by indicator."""

    day: date
    elapsed: float
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Line:
    """One area in the table of money; amounts in yuan, shares of its own budget, the gap in percentage points."""

    code: str
    budget: float
    shares: Mapping[str, float]
    paid: float
    gap: float | None
    verdict: str | None
    figures: Mapping[str, Figure]


def fiscal_span(scope: Scope, day: date) -> tuple[date, date]:
    """First and last day of the fiscal year that holds `day`."""
    first = scope.city.fiscal_year_start
    year = day.year - (day.month < first)
    return date(year, first, 1), date(year + 1, first, 1) - timedelta(days=1)


def stock_day(scope: Scope, grain: str, start: date) -> date:
    """The day on which the money of a period is counted: its last, or the data cut while it runs."""
    last = periods.last_day(grain, start)
    cut = data.as_of(scope.edition).get("payments")
    return min(last, cut[1]) if cut else last


def elapsed(scope: Scope, day: date) -> float:
    """Days of the fiscal year that have passed, with `day`, as a share of its days."""
    first, last = fiscal_span(scope, day)
    return ((day - first).days + 1) / ((last - first).days + 1)


def members(scope: Scope, dimension: str, order: Sequence[str]) -> list[str]:
    """The members with a budget somewhere in the city in this period, the known ones first."""
    found = data.members(scope.edition, ("F01",), scope.grain, scope.start, "city", scope.city.code, dimension)
    held = [member for member, figures in found.items() if (figures["F01"].value or 0) > 0]
    return [m for m in order if m in held] + [m for m in held if m not in order]


def series(scope: Scope, ids: tuple[str, ...], part: Part, grain: str) -> dict[str, list[Figure]]:
    """Every period of these indicators for one part of the money of the area, oldest first."""
    area = scope.area
    if part == ALL:
        return data.series(scope.edition, ids, grain, area.level, area.code)
    found = data.part_series(scope.edition, ids, grain, area.level, area.code, part.dimension)
    own = found.get(part.member, {})
    return {indicator_id: own.get(indicator_id, []) for indicator_id in ids}


def readings(scope: Scope, ids: Sequence[str], part: Part) -> dict[str, Reading]:
    """The readings of those indicators that know this part of the money."""
    catalogue = data.indicators(scope.edition)
    known = tuple(i for i in ids if i in catalogue)
    found = series(scope, known, part, scope.grain)
    return {i: parts.reading(scope, catalogue[i], found[i]) for i in known if part == ALL or found[i]}


def year_so_far(scope: Scope, part: Part) -> list[Step]:
    """The months of the fiscal year up to the chosen period, and the period itself where it ends between months."""
    end = stock_day(scope, scope.grain, scope.start)
    first, _ = fiscal_span(scope, end)
    ids = (*PACE, "F06")
    figures = [f for own in series(scope, ids, part, "month").values() for f in own]
    if scope.grain != "month":
        area = scope.area
        own = data.members(scope.edition, ids, scope.grain, scope.start, area.level, area.code, part.dimension)
        figures += own.get(part.member, {}).values()
    found: dict[date, dict[str, Figure]] = {}
    for figure in figures:
        day = stock_day(scope, figure.grain, figure.period_start)
        if first <= day <= end and figure.value is not None:
            found.setdefault(day, {})[figure.indicator_id] = figure
    return [Step(day, elapsed(scope, day), found[day]) for day in sorted(found)]


def gap(scope: Scope, figures: Mapping[str, Figure], share: float) -> tuple[float | None, str | None]:
    """How far payments are from the schedule in percentage points, and what the edition says of it.

    The edition judges the deviation (F06) of an area and of a fund. For a type of spending it publishes the execution
    alone: the same subtraction is made here and judged by nobody.
    """
    if (judged := figures.get("F06")) is not None:
        return judged.value, judged.status
    paid = figures.get("F03")
    return (None, None) if paid is None or paid.value is None else (100 * (paid.value - share), None)


def line(scope: Scope, code: str, figures: Mapping[str, Figure]) -> Line:
    """One area of the table of money."""
    distance, verdict = gap(scope, figures, elapsed(scope, stock_day(scope, scope.grain, scope.start)))
    budget, paid = figures.get("F01"), figures.get("F03")
    shares = {i: value for i in PACE if (f := figures.get(i)) is not None and (value := f.value) is not None}
    return Line(
        code,
        (budget.numerator if budget else None) or 0.0,
        shares,
        (paid.numerator if paid else None) or 0.0,
        distance,
        verdict,
        figures,
    )


def lines(scope: Scope, level: str, part: Part, ids: Sequence[str]) -> dict[str, Line]:
    """The areas of a level inside the chosen one that have money or movements, by code."""
    known = tuple(i for i in ids if i in data.indicators(scope.edition))
    found = data.part_at_level(scope.edition, known, scope.grain, scope.start, level, part.dimension, part.member)
    drawn = {
        area.code: line(scope, area.code, found[area.code]) for area in parts.below(scope, level) if area.code in found
    }
    return {code: row for code, row in drawn.items() if row.budget or row.paid}


def remainder(scope: Scope, whole: Line, rows: Iterable[Line]) -> Line | None:
    """What of the whole lies in none of the rows: money held above them, movements without a budget line."""
    held = list(rows)

    def left(indicator_id: str) -> float:
        own = whole.figures.get(indicator_id)
        below = [f.numerator or 0.0 for row in held if (f := row.figures.get(indicator_id)) is not None]
        return ((own.numerator if own else None) or 0.0) - sum(below)

    budget, paid = left("F01"), left("F03")
    # Sums of floating-point amounts differ by less than a fen.
    if abs(budget) < 0.005 and abs(paid) < 0.005:
        return None
    shares = {i: left(i) / budget for i in PACE if i in whole.shares} if budget >= 0.005 else {}
    share = elapsed(scope, stock_day(scope, scope.grain, scope.start))
    return Line(
        "",
        budget if shares else 0.0,
        shares,
        paid,
        100 * (shares["F03"] - share) if "F03" in shares else None,
        None,
        {},
    )


def behind(row: Line, share: float) -> float:
    """Yuan that are missing to the schedule; below 0 where an area is ahead of it."""
    return share * row.budget - row.paid
