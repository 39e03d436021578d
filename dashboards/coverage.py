"""Arranges what every corner is owed: which community, grid or centre lacks which of the guaranteed standards."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards import data, parts
from dashboards.controls import Scope
from dashboards.data import Area, Figure, Indicator

#: Committee, grid branches, new members, staff, volunteers, service centre: met or not, one by one.
STANDARDS = ("M03", "M02", "M07", "M12", "M14", "M16")


@dataclass(frozen=True, slots=True)
class Gap:
    """An area that lacks `lacking` of `of` units; `own` where the unit is the street's, not one of its communities."""

    area: Area
    lacking: int
    of: int
    own: bool


def lacking(figure: Figure | None, indicator: Indicator) -> int | None:
    """How many units of a figure lack the standard; None where that is not known."""
    if figure is None or figure.numerator is None or figure.denominator is None:
        return None
    return round(figure.numerator if indicator.direction == "lower" else figure.denominator - figure.numerator)


def gaps(scope: Scope, indicator_id: str) -> list[Gap]:
    """The communities of the area that lack something, and the streets that lack a unit of their own, by code."""
    indicator = data.indicators(scope.edition)[indicator_id]
    found: list[Gap] = []
    below: dict[str | None, tuple[int, int]] = {}
    figures = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, "community")
    for area in parts.below(scope, "community"):
        figure = figures.get(area.code)
        missing = lacking(figure, indicator)
        if figure is None or missing is None:
            continue
        of = round(figure.denominator or 0)
        counted = below.get(area.parent, (0, 0))
        below[area.parent] = (counted[0] + missing, counted[1] + of)
        if missing > 0:
            found.append(Gap(area, missing, of, own=False))
    streets = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, "street")
    for area in parts.below(scope, "street"):
        figure = streets.get(area.code)
        missing = lacking(figure, indicator)
        counted = below.get(area.code, (0, 0))
        if figure is not None and missing is not None and missing > counted[0]:
            found.append(Gap(area, missing - counted[0], round(figure.denominator or 0) - counted[1], own=True))
    return sorted(found, key=lambda gap: gap.area.path)
