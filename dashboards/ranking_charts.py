"""Draws the charts of comparison: funnels, caterpillars of places, and three rates of one area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards import charts
from dashboards.charts import Spec, paint, paint_by

_AXIS = 44  # pixels that the axis and its title take of the height


@dataclass(frozen=True, slots=True)
class Unit:
    """One area in a funnel; rates and limits are fractions, None where the class is too small for limits."""

    label: str
    cases: float
    value: float
    shown: str
    count: str
    limits: tuple[float, float, float, float] | None
    colour: str
    shape: str
    named: bool
    inside: bool
    provisional: bool


@dataclass(frozen=True, slots=True)
class Place:
    """One area in a caterpillar: its place with the interval of places; `other` is the place under other weights."""

    label: str
    place: float
    lower: float
    upper: float
    shown: str
    count: str
    colour: str
    named: bool
    inside: bool
    other: float | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Three rates of one area, fractions; None where there is no standardised one."""

    label: str
    raw: float
    shrunk: float
    standardised: float | None
    shown: str


def _room(labels: Sequence[str]) -> int:
    """Pixels to the left of the plot that the longest of these names takes, with a cap for phones."""
    widths = [sum(13.0 if ord(letter) > 0x2E80 else 6.9 for letter in label) for label in labels]
    return int(min(200.0, max([100.0, *widths]))) + 12


def _axis(**options: Any) -> Spec:
    """An axis whose title is as quiet as its labels."""
    return charts.axis(titleColor=charts.QUIET, titleFontWeight="normal", **options)


def _base(height: float, layers: list[Spec]) -> Spec:
    """A chart with room to its right for the last label of its axis."""
    return {**charts.base(height, layers), "padding": {"left": 0, "right": 10, "top": 4, "bottom": 2}}


def _tooltip(words: dict[str, str], *fields: str) -> list[Spec]:
    return [{"field": field, "type": "nominal", "title": words[field]} for field in fields]


def funnel(units: Sequence[Unit], peer_rate: float, peer_label: str, words: dict[str, str], height: int) -> Spec:
    """Rates against their cases with the 95 % and 99.8 % limits of the class; those named are labelled.

    The limits are those of the edition at the cases of each area, joined by lines.
    """
    band = {
        unit.cases: {
            "cases": unit.cases,
            **dict(zip(("l998", "l95", "u95", "u998"), _percent(unit.limits), strict=True)),
        }
        for unit in units
        if unit.limits is not None
    }
    limits = [band[cases] for cases in sorted(band)]
    values = [
        {
            "area": unit.label,
            "cases": unit.cases,
            "rate": 100 * unit.value,
            "value": unit.shown,
            "count": unit.count,
            "colour": unit.colour,
            "shape": unit.shape,
            "label": unit.label if unit.named else "",
            "strength": 1.0 if unit.shape != "circle" else 0.55 if unit.inside else 0.2,
            "size": 90 if unit.shape != "circle" else 44,
            "hollow": unit.provisional,
        }
        for unit in units
    ]
    ends = [float(str(v["rate"])) for v in values] + [float(row[k]) for row in limits for k in ("l998", "u998")]
    low, high = 5 * math.floor(min(ends) / 5), min(100.0, 5 * math.ceil(max(ends) / 5))
    few, many = min(unit.cases for unit in units), max(unit.cases for unit in units)
    x = {
        "field": "cases",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [few * 0.94, many * 1.02], "nice": False},
        "axis": _axis(title=words["cases"], grid=False, format="~s", labelOverlap=True),
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [max(0.0, low - 0.5), high + 0.6], "nice": False},
        "axis": _axis(labelExpr="datum.value > 100.4 ? '' : format(datum.value, '.3~f') + '%'"),
    }
    colour = paint_by("colour")
    tooltip = _tooltip(words, "area", "value", "count")
    layers: list[Spec] = []
    for lower, upper, opacity in (("l998", "u998", 0.45), ("l95", "u95", 0.75)):
        layers.append(
            {
                "data": {"values": limits},
                "mark": {"type": "area", "opacity": opacity, "interpolate": "monotone"},
                "encoding": {"x": x, "y": {"field": lower, **y}, "y2": {"field": upper}, "color": paint("faint")},
            }
        )
    if limits:
        ends_of = [{"cases": limits[-1]["cases"], "at": limits[-1][k], "label": n} for k, n in _LIMIT_NAMES]
        layers.append(
            {
                "data": {"values": ends_of},
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 11},
                "encoding": {
                    "x": x,
                    "y": {"field": "at", **y},
                    "text": {"field": "label", "type": "nominal"},
                    "color": paint("context"),
                },
            }
        )
    centre = {"data": {"values": [{"rate": 100 * peer_rate}]}}
    layers += [
        {
            **centre,
            "mark": {"type": "rule", "strokeWidth": 1.5},
            "encoding": {"y": {"field": "rate", **y}, "color": paint("context")},
        },
        {
            **centre,
            "mark": {"type": "text", "align": "left", "x": 4, "dy": -7, "fontSize": 12},
            "encoding": {"y": {"field": "rate", **y}, "text": {"value": peer_label}, "color": paint("context")},
        },
    ]
    for filled in (False, True):
        layers.append(
            {
                "transform": [{"filter": "!datum.hollow" if filled else "datum.hollow"}],
                "mark": {"type": "point", "filled": filled, "strokeWidth": 1.6},
                "encoding": {
                    "x": x,
                    "y": {"field": "rate", **y},
                    "color": colour,
                    "size": {"field": "size", "type": "quantitative", "scale": None},
                    "shape": {"field": "shape", "type": "nominal", "scale": None},
                    "opacity": {"field": "strength", "type": "quantitative", "scale": None},
                    "tooltip": tooltip,
                },
            }
        )
    # away from the centre, where the other points are
    for side, beyond in ((-13, f"datum.rate > {100 * peer_rate}"), (16, f"datum.rate <= {100 * peer_rate}")):
        layers.append(
            {
                "transform": [{"filter": beyond}],
                "mark": {"type": "text", "dy": side, "fontSize": 12, "fontWeight": 600},
                "encoding": {
                    "x": x,
                    "y": {"field": "rate", **y},
                    "text": {"field": "label", "type": "nominal"},
                    "color": colour,
                },
            }
        )
    spec = _base(height, layers)
    spec["data"] = {"values": values}
    return spec


_LIMIT_NAMES = (("l95", "95%"), ("l998", "99.8%"))


def _percent(limits: tuple[float, float, float, float] | None) -> list[float]:
    return [100 * limit for limit in limits or ()]


def caterpillar(
    groups: Sequence[tuple[str, Sequence[Place]]], last: int, title: str, words: dict[str, str], middle: str = ""
) -> Spec:
    """Places with their intervals, in groups with a heading each; only named areas have a name and room for it.

    `middle` names the line between the two halves of the places 1 to `last`; without it there is none.
    """
    values: list[Spec] = []
    heads: list[Spec] = []
    room_of_names = _room([place.label for _, places in groups for place in places if place.named])
    at = 0.0
    for name, places in groups:
        if not places:
            continue
        heads.append({"at": at + 15, "label": name})
        at += 30
        for place in places:
            room = 21 if place.named else 4.5
            values.append(
                {
                    "area": place.label,
                    "at": at + room / 2,
                    "place": place.place,
                    "lower": place.lower,
                    "upper": place.upper,
                    "other": place.other,
                    "value": place.shown,
                    "count": place.count,
                    "interval": f"{place.lower:g}–{place.upper:g}",
                    "colour": place.colour,
                    "label": place.label if place.named else "",
                    "strength": 1.0 if place.inside else 0.35,
                    "ink": 1.0 if place.inside else 0.65,
                    "thick": 5 if place.named else 2,
                    "size": 70 if place.named else 12,
                }
            )
            at += room
        at += 8
    x = {
        "type": "quantitative",
        "scale": {"domain": [0.5, last + 0.5], "nice": False, "zero": False},
        "axis": _axis(title=title, grid=True, tickMinStep=1, values=_ticks(last)),
    }
    y = {"type": "quantitative", "scale": {"domain": [at, 0], "nice": False}, "axis": None}
    tooltip = _tooltip(words, "area", "place", "interval", "value", "count")
    strength = {"field": "strength", "type": "quantitative", "scale": None}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeCap": "round"},
            "encoding": {
                "x": {"field": "lower", **x},
                "x2": {"field": "upper"},
                "y": {"field": "at", **y},
                "color": paint_by("colour"),
                "size": {"field": "thick", "type": "quantitative", "scale": None},
                "opacity": {
                    "field": "strength",
                    "type": "quantitative",
                    "scale": {"domain": [0, 1], "range": [0, 0.4]},
                    "legend": None,
                },
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "point", "filled": True},
            "encoding": {
                "x": {"field": "place", **x},
                "y": {"field": "at", **y},
                "color": paint_by("colour"),
                "size": {"field": "size", "type": "quantitative", "scale": None},
                "opacity": strength,
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "text", "align": "right", "fontSize": 12.5, "limit": room_of_names - 8},
            "encoding": {
                "x": {"value": -10},
                "y": {"field": "at", **y},
                "text": {"field": "label", "type": "nominal"},
                "color": paint("ink"),
                "opacity": {"field": "ink", "type": "quantitative", "scale": None},
            },
        },
        {
            "data": {"values": heads},
            "mark": {"type": "text", "align": "left", "fontSize": 12.5, "fontWeight": 600},
            "encoding": {
                "x": {"value": 4 - room_of_names},
                "y": {"field": "at", **y},
                "text": {"field": "label", "type": "nominal"},
                "color": paint("context"),
            },
        },
    ]
    if any(row["other"] is not None for row in values):
        layers.append(
            {
                "transform": [{"filter": "datum.other !== null && datum.other !== datum.place"}],
                "mark": {"type": "point", "filled": False, "strokeWidth": 1.8, "shape": "diamond"},
                "encoding": {
                    "x": {"field": "other", **x},
                    "y": {"field": "at", **y},
                    "color": paint("ink"),
                    "size": {"field": "size", "type": "quantitative", "scale": None},
                    "opacity": strength,
                    "tooltip": [*tooltip, {"field": "other", "type": "nominal", "title": words["other"]}],
                },
            }
        )
    if middle:
        line = {"data": {"values": [{"place": (last + 1) / 2}]}}
        layers.insert(
            0,
            {
                **line,
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.3},
                "encoding": {"x": {"field": "place", **x}, "color": paint("context")},
            },
        )
        layers.append(
            {
                **line,
                "mark": {"type": "text", "fontSize": 11, "y": 0, "dy": 2, "align": "left", "dx": 4, "baseline": "top"},
                "encoding": {"x": {"field": "place", **x}, "text": {"value": middle}, "color": paint("context")},
            }
        )
    spec = _base(max(at, 60.0) + _AXIS, layers)
    spec["data"] = {"values": values}
    return spec


def _ticks(last: int) -> list[int]:
    """1, some round places between, and the last one."""
    step = next(s for s in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10**9) if last / s <= 6)
    inner = [place for place in range(step, last, step) if place > 1 and last - place > step / 2]
    return sorted({1, *inner, last})


def three_rates(rows: Sequence[Rates], peer_rate: float, peer_label: str, words: dict[str, str]) -> Spec:
    """Raw, shrunk and standardised rate of each area on one line: hollow, filled and diamond; the peers' rate as a rule."""
    values = [
        {
            "area": row.label,
            "at": 26 * index + 34,
            "raw": 100 * row.raw,
            "shrunk": 100 * row.shrunk,
            "standardised": None if row.standardised is None else 100 * row.standardised,
            "value": row.shown,
        }
        for index, row in enumerate(rows)
    ]
    room_of_names = _room([row.label for row in rows])
    ends = [float(str(v[k])) for v in values for k in ("raw", "shrunk", "standardised") if v[k] is not None]
    ends.append(100 * peer_rate)
    low, high = max(0.0, 5 * math.floor(min(ends) / 5 - 0.2)), min(101.0, 5 * math.ceil(max(ends) / 5 + 0.2))
    height = 26 * len(values) + 26
    x = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": _axis(labelExpr="datum.value > 100.4 ? '' : format(datum.value, '.3~f') + '%'"),
    }
    y = {
        "field": "at",
        "type": "quantitative",
        "scale": {"domain": [height, 0], "nice": False},
        "axis": None,
    }
    tooltip = _tooltip(words, "area", "value")
    line = {"data": {"values": [{"raw": 100 * peer_rate}]}}
    layers: list[Spec] = [
        {
            **line,
            "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.3},
            "encoding": {"x": {"field": "raw", **x}, "color": paint("context")},
        },
        {
            **line,
            "mark": {"type": "text", "fontSize": 12, "y": 0, "dy": 2, "dx": 5, "align": "left", "baseline": "top"},
            "encoding": {"x": {"field": "raw", **x}, "text": {"value": peer_label}, "color": paint("context")},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.35},
            "encoding": {"x": {"field": "raw", **x}, "x2": {"field": "shrunk"}, "y": y, "color": paint("accent")},
        },
    ]
    for field, shape, filled, colour in (
        ("raw", "circle", False, "context"),
        ("shrunk", "circle", True, "accent"),
        ("standardised", "diamond", True, "ink"),
    ):
        layers.append(
            {
                "transform": [{"filter": f"datum.{field} !== null"}],
                "mark": {
                    "type": "point",
                    "shape": shape,
                    "filled": filled,
                    "size": 80,
                    "strokeWidth": 1.8,
                    "opacity": 1,
                },
                "encoding": {"x": {"field": field, **x}, "y": y, "color": paint(colour), "tooltip": tooltip},
            }
        )
    layers.append(
        {
            "mark": {"type": "text", "align": "right", "fontSize": 12.5, "limit": room_of_names - 8},
            "encoding": {
                "x": {"value": -10},
                "y": y,
                "text": {"field": "area", "type": "nominal"},
                "color": paint("ink"),
            },
        }
    )
    spec = _base(height + _AXIS, layers)
    spec["data"] = {"values": values}
    return spec
