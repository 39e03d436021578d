"""Draws: Vega-Lite specifications as plain dictionaries, and sparklines as SVG images.

Colours are names (accent, context, alarm, ink, faint) that stand for the five entries of `chartCategoricalColors`
in .streamlit/config.toml, so that a chart follows the light or dark theme without a rerun.
"""

from __future__ import annotations

import base64
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Spec = dict[str, Any]
COLOURS = ["accent", "context", "alarm", "ink", "faint"]
#: Labels of axes, readable on both themes.
QUIET = "#838c99"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, slots=True)
class Dot:
    """One labelled value with its interval, in the unit of the axis."""

    label: str
    value: float
    shown: str
    lower: float | None
    upper: float | None
    count: str
    colour: str


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series; the line is broken where the stretch changes (cumulative figures start anew)."""

    day: date
    value: float | None
    shown: str
    lower: float | None
    upper: float | None
    count: str
    provisional: bool
    stretch: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One series: what it is called, its colour and its values, oldest first."""

    name: str
    colour: str
    points: tuple[Point, ...]


def paint(colour: str) -> Spec:
    """One colour for all marks of a layer."""
    return {"datum": colour, "type": "nominal", "scale": {"domain": COLOURS}, "legend": None}


def paint_by(field: str) -> Spec:
    """The colour that a field names."""
    return {"field": field, "type": "nominal", "scale": {"domain": COLOURS}, "legend": None}


def axis(**options: Any) -> Spec:
    """An axis in the manner of all charts."""
    return {"title": None, "labelColor": QUIET, "tickCount": 5, "labelPadding": 6, **options}


def base(height: float, layers: list[Spec]) -> Spec:
    """A chart as wide as its column."""
    return {
        "$schema": _SCHEMA,
        "width": "container",
        "height": height,
        "padding": {"left": 0, "right": 4, "top": 4, "bottom": 2},
        "config": {"view": {"stroke": None}, "axis": {"gridOpacity": 0.5}},
        "layer": layers,
    }


def dots(rows: Sequence[Dot], form: str, target: float | None, target_label: str, words: dict[str, str]) -> Spec:
    """Areas as dots with their intervals against a target line; rows in the order given, values in a column beside them."""
    scale = 100.0 if form == "percent" else 1.0
    values = [
        {
            "area": row.label,
            "value": row.value * scale,
            "shown": row.shown,
            "count": row.count,
            "colour": row.colour,
            "lower": (row.lower if row.lower is not None else row.value) * scale,
            "upper": (row.upper if row.upper is not None else row.value) * scale,
        }
        for row in rows
    ]
    ends = (
        [v["lower"] for v in values] + [v["upper"] for v in values] + ([target * scale] if target is not None else [])
    )
    low, high = span([float(str(e)) for e in ends], form)
    x = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "zero": False},
        "axis": axis(grid=True, tickCount=4, labelExpr=label_of(form)),
    }
    y = {
        "field": "area",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": None,
            "labelLimit": 150,
            "labelFontSize": 13,
            "grid": False,
            "ticks": False,
            "labelFlush": False,
            "labelBound": False,
        },
    }
    tooltip = [
        {"field": "area", "type": "nominal", "title": words["area"]},
        {"field": "shown", "type": "nominal", "title": words["value"]},
        {"field": "count", "type": "nominal", "title": words["count"]},
    ]
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.3, "strokeCap": "round"},
            "encoding": {
                "x": {"field": "lower", **x},
                "x2": {"field": "upper"},
                "y": y,
                "color": paint_by("colour"),
                "tooltip": tooltip,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {"x": {"field": "value", **x}, "y": y, "color": paint_by("colour"), "tooltip": tooltip},
        },
        {
            "mark": {"type": "text", "align": "right", "baseline": "middle", "dx": 64, "fontSize": 13},
            "encoding": {
                "x": {"value": "width"},
                "y": y,
                "text": {"field": "shown", "type": "nominal"},
                "color": paint_by("colour"),
            },
        },
    ]
    if target is not None:
        mark = {"data": {"values": [{"target": target * scale}]}}
        layers.insert(
            0,
            {
                **mark,
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
                "encoding": {"x": {"field": "target", **x}, "color": paint("context")},
            },
        )
        right = target * scale > (low + high) / 2
        layers.append(
            {
                **mark,
                "mark": {
                    "type": "text",
                    "align": "right" if right else "left",
                    "dx": -5 if right else 5,
                    "dy": -6,
                    "y": 0,
                    "fontSize": 12,
                    "baseline": "bottom",
                },
                "encoding": {
                    "x": {"field": "target", **x},
                    "text": {"value": target_label},
                    "color": paint("context"),
                },
            }
        )
    spec = base(max(110, 36 * len(values) + 10), layers)
    spec["data"] = {"values": values}
    spec["padding"] = {"left": 0, "right": 12, "top": 4, "bottom": 2}
    return spec


def lines(
    series: Sequence[Line],
    form: str,
    grain: str,
    target: float | None,
    target_label: str,
    words: dict[str, str],
    height: int = 280,
    from_zero: bool = False,
) -> Spec:
    """Series over time, each named at its end, with the interval as a band and provisional values hollow."""
    scale = 100.0 if form == "percent" else 1.0
    values: list[Spec] = []
    for line in series:
        for point in line.points:
            if point.value is None:
                continue
            values.append(
                {
                    "series": line.name,
                    "colour": line.colour,
                    "day": point.day.isoformat(),
                    "value": point.value * scale,
                    "lower": point.lower * scale if point.lower is not None else None,
                    "upper": point.upper * scale if point.upper is not None else None,
                    "shown": point.shown,
                    "count": point.count,
                    "provisional": point.provisional,
                    "stretch": f"{line.name} {point.stretch}",
                }
            )
    ends = [float(v[key]) for v in values for key in ("value", "lower", "upper") if v[key] is not None]
    ends += [target * scale] if target is not None else []
    low, high = span(ends, form)
    if from_zero:
        low, high = 0.0, max([*ends, 1.0]) * 1.12
    time_format = {"week": "%m-%d", "month": "%Y-%m", "quarter": "%Y-%m", "year": "%Y"}[grain]
    x = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": axis(format=time_format, grid=False, labelFlush=False, values=ticks([v["day"] for v in values])),
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False},
        "axis": axis(labelExpr=label_of(form)),
    }
    tooltip = [
        {
            "field": "day",
            "type": "temporal",
            "title": words["period"],
            "format": time_format,
            "timeUnit": "utcyearmonthdate",
        },
        {"field": "series", "type": "nominal", "title": words["indicator"]},
        {"field": "shown", "type": "nominal", "title": words["value"]},
        {"field": "count", "type": "nominal", "title": words["count"]},
    ]
    last: list[Spec] = []
    for line in series:
        mine = [v for v in values if v["series"] == line.name]
        if mine:
            end = float(mine[-1]["value"])
            label = [*textwrap.wrap(line.name, 8 if ord(line.name[:1] or " ") > 0x2E80 else 15), mine[-1]["shown"]]
            last.append({**mine[-1], "label": label, "at": end, "tall": 17 * len(label)})
    part_labels(last, (high - low) / (height - 34))
    layers: list[Spec] = [
        {
            "transform": [{"filter": "datum.lower !== null"}],
            "mark": {"type": "area", "opacity": 0.13, "interpolate": "linear", "clip": True},
            "encoding": {
                "x": x,
                "y": {"field": "lower", **y},
                "y2": {"field": "upper"},
                "color": paint_by("colour"),
                "detail": {"field": "stretch", "type": "nominal"},
            },
        },
        {
            "mark": {"type": "line", "strokeWidth": 2.2, "strokeJoin": "round"},
            "encoding": {
                "x": x,
                "y": {"field": "value", **y},
                "color": paint_by("colour"),
                "detail": {"field": "stretch", "type": "nominal"},
            },
        },
        {
            "transform": [{"filter": "!datum.provisional"}],
            "mark": {"type": "point", "filled": True, "size": 26, "opacity": 1},
            "encoding": {"x": x, "y": {"field": "value", **y}, "color": paint_by("colour"), "tooltip": tooltip},
        },
        {
            "transform": [{"filter": "datum.provisional"}],
            "mark": {"type": "point", "filled": False, "size": 60, "strokeWidth": 2},
            "encoding": {"x": x, "y": {"field": "value", **y}, "color": paint_by("colour"), "tooltip": tooltip},
        },
        {
            "data": {"values": last},
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "middle",
                "dx": 9,
                "fontSize": 13,
                "fontWeight": 600,
                "lineHeight": 17,
            },
            "encoding": {
                "x": x,
                "y": {"field": "at", **y},
                "text": {"field": "label", "type": "nominal"},
                "color": paint_by("colour"),
            },
        },
    ]
    if target is not None:
        mark = {"data": {"values": [{"target": target * scale}]}}
        layers.insert(
            0,
            {
                **mark,
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
                "encoding": {"y": {"field": "target", **y}, "color": paint("context")},
            },
        )
        layers.append(
            {
                **mark,
                "mark": {"type": "text", "align": "left", "x": 4, "dy": -7, "fontSize": 12},
                "encoding": {
                    "y": {"field": "target", **y},
                    "text": {"value": target_label},
                    "color": paint("context"),
                },
            }
        )
    spec = base(height, layers)
    spec["data"] = {"values": values}
    return spec


def bars(points: Sequence[Point], current: date, grain: str, words: dict[str, str], height: int = 220) -> Spec:
    """Counts over time from zero; the chosen period is solid, the others faded, the newest and the
    chosen one labelled."""
    values = [
        {
            "day": p.day.isoformat(),
            "value": p.value,
            "shown": p.shown,
            "now": p.day == current,
            "label": p.shown if p.day == current else "",
        }
        for p in points
        if p.value is not None
    ]
    time_format = {"week": "%m-%d", "month": "%Y-%m", "quarter": "%Y-%m", "year": "%Y"}[grain]
    unit = {"week": "utcyearmonthdate", "month": "utcyearmonth", "quarter": "utcyearquarter", "year": "utcyear"}[grain]
    x = {
        "field": "day",
        "type": "ordinal",
        "timeUnit": unit,
        "axis": axis(format=time_format, grid=False, labelAngle=0, labelOverlap=True, ticks=False),
    }
    y = {
        "field": "value",
        "type": "quantitative",
        "axis": axis(labelExpr=label_of("count"), tickCount=4),
        "scale": {"zero": True},
    }
    tooltip = [
        {"field": "day", "type": "ordinal", "timeUnit": unit, "title": words["period"], "format": time_format},
        {"field": "shown", "type": "nominal", "title": words["value"]},
    ]
    spec = base(
        height,
        [
            {
                "mark": {"type": "bar", "cornerRadiusEnd": 2},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": paint("accent"),
                    "tooltip": tooltip,
                    "opacity": {"condition": {"test": "datum.now", "value": 1}, "value": 0.38},
                },
            },
            {
                "mark": {"type": "text", "dy": -8, "fontSize": 12, "fontWeight": 600},
                "encoding": {"x": x, "y": y, "text": {"field": "label", "type": "nominal"}, "color": paint("accent")},
            },
        ],
    )
    spec["data"] = {"values": values}
    return spec


def funnel(
    rows: Sequence[Dot],
    counts: Sequence[float],
    target: float,
    target_label: str,
    named: Sequence[int],
    words: dict[str, str],
) -> Spec:
    """Rates against their number of cases, with the band in which a unit at the target lands 95 times in 100.

    The band is target ± 1.96 · sqrt(target · (1 − target) ÷ n): a point is below it exactly when the upper end of its
    Wilson interval is below the target, because Wilson's interval inverts that same score test. `named` holds the
    places in `rows` that are labelled.
    """
    values = [
        {
            "area": row.label,
            "n": n,
            "value": 100 * row.value,
            "shown": row.shown,
            "count": row.count,
            "colour": row.colour,
            "label": row.label if index in named else "",
        }
        for index, (row, n) in enumerate(zip(rows, counts, strict=True))
    ]
    smallest, largest = max(1.0, min(counts)), max(counts)
    steps = [smallest * (largest * 1.15 / smallest) ** (i / 40) for i in range(41)]
    low = min([*(float(str(v["value"])) for v in values), 100 * target]) - 1.5
    low = max(0.0, 5 * math.floor(low / 5))
    band = []
    for n in steps:
        half = 1.96 * math.sqrt(target * (1 - target) / n)
        band.append({"n": n, "low": max(low, 100 * (target - half)), "high": min(100.0, 100 * (target + half))})
    x = {
        "field": "n",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [smallest, largest * 1.15], "nice": False},
        "axis": axis(
            title=words["cases"],
            titleColor=QUIET,
            titleFontWeight="normal",
            grid=False,
            tickCount=4,
            format="~s",
            labelOverlap=True,
        ),
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [low, 100.5], "nice": False},
        "axis": axis(labelExpr=label_of("percent")),
    }
    tooltip = [
        {"field": "area", "type": "nominal", "title": words["area"]},
        {"field": "shown", "type": "nominal", "title": words["value"]},
        {"field": "count", "type": "nominal", "title": words["count"]},
    ]
    spec = base(
        320,
        [
            {
                "data": {"values": band},
                "mark": {"type": "area", "opacity": 0.55},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": paint("faint")},
            },
            {
                "data": {"values": [{"target": 100 * target}]},
                "mark": {"type": "rule", "strokeDash": [4, 3], "strokeWidth": 1.5},
                "encoding": {"y": {"field": "target", **y}, "color": paint("context")},
            },
            {
                "data": {"values": [{"target": 100 * target}]},
                "mark": {"type": "text", "align": "right", "x": "width", "dx": -4, "dy": -7, "fontSize": 12},
                "encoding": {
                    "y": {"field": "target", **y},
                    "text": {"value": target_label},
                    "color": paint("context"),
                },
            },
            {
                "transform": [{"filter": "datum.colour !== 'alarm'"}],
                "mark": {"type": "point", "filled": True, "size": 34, "opacity": 0.45},
                "encoding": {"x": x, "y": {"field": "value", **y}, "color": paint_by("colour"), "tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.colour === 'alarm'"}],
                "mark": {"type": "point", "filled": True, "size": 62, "shape": "triangle-down", "opacity": 0.95},
                "encoding": {"x": x, "y": {"field": "value", **y}, "color": paint_by("colour"), "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "dy": 15, "fontSize": 12},
                "encoding": {
                    "x": x,
                    "y": {"field": "value", **y},
                    "text": {"field": "label", "type": "nominal"},
                    "color": paint_by("colour"),
                },
            },
        ],
    )
    spec["data"] = {"values": values}
    return spec


#: Colours of pictures: a browser hands a picture the light or dark scheme of the element it stands in.
SCHEME = (
    "<style>:root{--accent:#1f5fbf;--ink:#1b2330;--soft:#77818f;--alarm:#b8322a;--paper:#fff}"
    "@media (prefers-color-scheme:dark){:root{--accent:#7fb0ff;--ink:#e7ebf2;--soft:#8d98a8;--alarm:#ff8a7d;--paper:#10151d}}"
    "</style>"
)


def picture(svg: str) -> str:
    """The address of an SVG picture, for <img>; Streamlit takes <svg> out of a page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def sparkline(
    values: Sequence[float | None],
    low: float,
    high: float,
    target: float | None,
    width: int = 240,
    height: int = 44,
    undecided: int = 0,
) -> str:
    """A line on the fixed scale [low, high] as an SVG data address; gaps stay gaps, the last value is a dot.

    The last `undecided` values are provisional: dashed, with a hollow dot."""
    step = (width - 10) / max(1, len(values) - 1)

    def place(index: int, value: float) -> tuple[float, float]:
        share = (min(max(value, low), high) - low) / ((high - low) or 1)
        return 4 + index * step, height - 5 - share * (height - 10)

    firm = len(values) - undecided
    path, dashed, pen = "", "", "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        px, py = place(index, value)
        if index < firm:
            path += f"{pen}{px:.1f},{py:.1f}"
        else:
            before = values[index - 1] if index and pen == "L" else None
            if before is not None:
                bx, by = place(index - 1, before)
                dashed += f"M{bx:.1f},{by:.1f}L{px:.1f},{py:.1f}"
        pen = "L"
    dot = ""
    if values and values[-1] is not None:
        px, py = place(len(values) - 1, values[-1])
        for paint_name, size in (("accent", 7.0), ("paper", 3.5))[: 2 if undecided else 1]:
            dot += (
                f"<path d='M{px:.1f},{py:.1f}h.01' stroke='var(--{paint_name})' stroke-width='{size:g}' "
                "stroke-linecap='round' vector-effect='non-scaling-stroke'/>"
            )
    goal = ""
    if target is not None and low <= target <= high:
        _, py = place(0, target)
        goal = f"<line x1='0' x2='{width}' y1='{py:.1f}' y2='{py:.1f}' stroke='var(--soft)' stroke-dasharray='3 3'/>"
    line = (
        "fill='none' stroke='var(--accent)' stroke-width='2' stroke-linejoin='round' vector-effect='non-scaling-stroke'"
    )
    return picture(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' preserveAspectRatio='none'>{SCHEME}"
        f"{goal}<path d='{path}' {line}/><path d='{dashed}' {line} stroke-dasharray='3 3'/>{dot}</svg>"
    )


def spark_scale(values: Sequence[float | None], form: str, target: float | None) -> tuple[float, float]:
    """The scale of a sparkline: 10 percentage points for rates (more only where a value needs it), from 0 for the rest.

    It is never fitted to the line: a change of half a point looks small in every tile alike.
    """
    known = [v for v in values if v is not None] + ([target] if target is not None else [])
    if not known:
        return 0.0, 1.0
    if form == "percent":
        high = math.ceil(max(known) * 20 - 1e-9) / 20
        return min(max(0.0, high - 0.1), math.floor(min(known) * 20 + 1e-9) / 20), high
    if form == "points":
        reach = max(10.0, 10.0 * math.ceil(max(abs(v) for v in known) / 10))
        return -reach, reach
    return min(0.0, min(known)), _round_up(max(known))


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= value * 1.0001)


def span(ends: Sequence[float], form: str) -> tuple[float, float]:
    """The ends of an axis that holds these values with room about them; a rate stays within 0 and 100 %."""
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    room = max((high - low) * 0.14, 1.0 if form in ("percent", "points") else abs(high) * 0.05 or 1.0)
    low, high = low - room, high + room
    if form == "percent":
        low = max(0.0, low)
        high = min(high, 101.0) if max(ends) <= 100 else high
    return low, high


def ticks(days: Sequence[str]) -> list[Spec]:
    """Up to six of the days, evenly taken: left to itself, an axis of years names each year four times."""
    known = sorted(set(days))
    step = max(1, math.ceil(len(known) / 6))
    taken = [date.fromisoformat(day) for day in known[::-step][::-1]]
    return [{"year": day.year, "month": day.month, "date": day.day, "utc": True} for day in taken]


def label_of(form: str) -> str:
    """The expression that writes the numbers of an axis."""
    if form == "percent":
        return "datum.value > 100.4 ? '' : format(datum.value, '.3~f') + '%'"
    if form == "count":
        return (
            "datum.value >= 1e6 ? format(datum.value / 1e6, ',.3~f') + 'm' : "
            "datum.value >= 1e4 ? format(datum.value / 1e3, ',.3~f') + 'k' : format(datum.value, ',.4~f')"
        )
    return "datum.label"


def part_labels(last: list[Spec], pixel: float) -> None:
    """Move the end labels apart so that none covers another; `pixel` is the height of one in units of the axis."""
    edge = -math.inf
    for row in sorted(last, key=lambda v: float(v["value"])):
        half = row["tall"] / 2 * pixel
        row["at"] = max(float(row["value"]), edge + half)
        edge = row["at"] + half
