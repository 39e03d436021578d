"""Draws a figure over time on its control chart: target, centre, limits, signals, and what is still provisional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from dashboards import charts
from dashboards.charts import Point, Spec
from dashboards.signals import Limits

_STRIPES = 7
_SHAPES = {"improving": "triangle-up", "concerning": "triangle-down", "special_cause": "diamond"}
_GLYPHS = {"improving": "▲", "concerning": "▼", "special_cause": "◆"}
_PAINT = {"improving": "accent", "concerning": "ink", "special_cause": "ink"}
_HEIGHT = 300


def spec(
    points: Sequence[Point],
    limits: Mapping[date, Limits],
    rules: Mapping[date, str],
    form: str,
    grain: str,
    target: float | None,
    labels: Mapping[str, str],
    words: Mapping[str, str],
) -> Spec:
    """One series with its target and, where it has a control chart, centre and limits; named at the right edge.

    Args:
        rules: the rule by which a month signals, in words; '' without a signal.
        labels: words for 'target', 'centre', 'lower', 'upper' (with their values), 'provisional', and for the three
            kinds of signal.
        words: words of the tooltip, with 'signal' among them.
    """
    scale = 100.0 if form == "percent" else 1.0
    known = [point for point in points if point.value is not None]
    rows = [_row(point, limits.get(point.day), rules.get(point.day, ""), scale, labels) for point in known]
    _name_first(rows, labels)
    last = limits.get(known[-1].day) if known else None
    bounds = {"centre": last.centre, "lower": last.lower, "upper": last.upper} if last else {}
    lines = {name: value * scale for name, value in bounds.items()}
    if target is not None:
        lines["target"] = target * scale
    ends = [float(row[key]) for row in rows for key in ("value", "low", "high") if row[key] is not None]
    low, high = charts.span([*ends, *lines.values()], form)
    time_format = {"week": "%m-%d", "month": "%Y-%m", "quarter": "%Y-%m", "year": "%Y"}[grain]
    x: Spec = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "axis": charts.axis(
            format=time_format, grid=False, labelFlush=False, values=charts.ticks([row["day"] for row in rows])
        ),
    }
    y: Spec = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False},
        "axis": charts.axis(labelExpr=charts.label_of(form)),
    }
    tooltip = [
        {"field": "day", "type": "temporal", "title": words["period"], "format": time_format, "timeUnit": "utcyearmonthdate"},
        {"field": "shown", "type": "nominal", "title": words["value"]},
        {"field": "count", "type": "nominal", "title": words["count"]},
        {"field": "signal", "type": "nominal", "title": words["signal"]},
    ]  # fmt: skip

    def dots(keep: str, colour: str, **mark: Any) -> Spec:
        return {
            "transform": [{"filter": keep}],
            "mark": {"type": "point", **mark},
            "encoding": {"x": x, "y": {"field": "value", **y}, "color": charts.paint(colour), "tooltip": tooltip},
        }

    open_from = next((place for place, row in enumerate(rows) if row["provisional"]), len(rows))
    layers: list[Spec] = []
    if open_from < len(rows):
        layers += _hatching(known[max(open_from - 1, 0)].day, known[-1].day, labels["provisional"], x)
    if last is not None:
        layers += [_band(rows, x, y), *(_rule(lines[name], name, y) for name in ("lower", "upper", "centre"))]
    else:
        layers.append(_interval(rows, x, y))
    if "target" in lines:
        layers.append(_rule(lines["target"], "target", y))
    layers += [
        _stroke(rows[:open_from], x, y, []),
        _stroke(rows[max(open_from - 1, 0) :] if open_from < len(rows) else [], x, y, [4, 3]),
        dots("!datum.provisional && !datum.kind", "accent", filled=True, size=28, opacity=1),
        dots("datum.provisional", "accent", filled=False, size=64, strokeWidth=2),
    ]
    for kind, shape in _SHAPES.items():
        layers.append(dots(f"datum.kind === '{kind}'", _PAINT[kind], filled=True, size=60, shape=shape, opacity=1))
    # along the lower edge: beside the points, on a phone, a word lies on the line
    layers.append(
        {
            "transform": [{"filter": "datum.named"}],
            "mark": {
                "type": "text",
                "align": "left",
                "y": "height",
                "dx": -4,
                "dy": -5,
                "baseline": "bottom",
                "fontSize": 12,
            },
            "encoding": {"x": x, "text": {"field": "named", "type": "nominal"}, "color": charts.paint("ink")},
        }
    )
    if rows:
        layers += _names(rows[-1], lines, labels, (high - low) / (_HEIGHT - 34), x, y)
    drawn = charts.base(_HEIGHT, layers)
    drawn["data"] = {"values": rows}
    return drawn


def _row(point: Point, limit: Limits | None, rule: str, scale: float, labels: Mapping[str, str]) -> dict[str, Any]:
    kind = limit.variation if limit and limit.variation in _SHAPES and not point.provisional else ""
    return {
        "day": point.day.isoformat(),
        "value": (point.value or 0.0) * scale,
        "low": point.lower * scale if point.lower is not None and limit is None else None,
        "high": point.upper * scale if point.upper is not None and limit is None else None,
        "band_low": limit.lower * scale if limit else None,
        "band_high": limit.upper * scale if limit else None,
        "shown": point.shown,
        "count": point.count,
        "provisional": point.provisional,
        "kind": kind,
        "signal": f"{labels[kind]} · {rule}" if kind and rule else labels["provisional"] if point.provisional else "—",
        "stretch": point.stretch,
        "named": "",
    }


def _name_first(rows: list[dict[str, Any]], labels: Mapping[str, str]) -> None:
    """The word of a signal stands under the first point of a run of it, unless another stands less than a fifth to the left."""
    before, named = "", -len(rows)
    for place, row in enumerate(rows):
        if row["kind"] and row["kind"] != before and place - named >= len(rows) / 5:
            row["named"] = f"{_GLYPHS[row['kind']]} {labels[row['kind']]}"
            named = place
        before = row["kind"]


def _hatching(first: date, last: date, label: str, x: Spec) -> list[Spec]:
    """Thin upright lines behind the stretch that leads to provisional points: Vega has no pattern to fill with."""
    days = (last - first).days
    stripes = [(first + timedelta(days=days * place / _STRIPES)).isoformat() for place in range(_STRIPES + 1)]
    return [
        {
            "data": {"values": [{"day": day} for day in stripes]},
            "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.3},
            "encoding": {"x": x, "color": charts.paint("context")},
        },
        {
            "data": {"values": [{"day": last.isoformat()}]},
            "mark": {"type": "text", "align": "right", "y": 0, "dy": -4, "baseline": "bottom", "fontSize": 12},
            "encoding": {"x": x, "text": {"value": label}, "color": charts.paint("ink")},
        },
    ]


def _band(rows: Sequence[dict[str, Any]], x: Spec, y: Spec) -> Spec:
    return {
        "transform": [{"filter": "datum.band_low !== null"}],
        "mark": {"type": "area", "opacity": 0.4},
        "encoding": {
            "x": x,
            "y": {"field": "band_low", **y},
            "y2": {"field": "band_high"},
            "color": charts.paint("faint"),
        },
    }


def _interval(rows: Sequence[dict[str, Any]], x: Spec, y: Spec) -> Spec:
    return {
        "transform": [{"filter": "datum.low !== null"}],
        "mark": {"type": "area", "opacity": 0.13, "clip": True},
        "encoding": {
            "x": x,
            "y": {"field": "low", **y},
            "y2": {"field": "high"},
            "color": charts.paint("accent"),
            "detail": {"field": "stretch", "type": "nominal"},
        },
    }


def _rule(value: float, name: str, y: Spec) -> Spec:
    looks: dict[str, Spec] = {
        "target": {"strokeDash": [5, 3], "strokeWidth": 1.6},
        "centre": {"strokeWidth": 1, "opacity": 0.7},
    }
    look = looks.get(name, {"strokeWidth": 1, "opacity": 0.35})
    return {
        "data": {"values": [{"at": value}]},
        "mark": {"type": "rule", **look},
        "encoding": {"y": {"field": "at", **y}, "color": charts.paint("ink" if name == "target" else "context")},
    }


def _stroke(rows: Sequence[dict[str, Any]], x: Spec, y: Spec, dash: list[int]) -> Spec:
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "line", "strokeWidth": 2.2, "strokeJoin": "round", "strokeDash": dash},
        "encoding": {
            "x": x,
            "y": {"field": "value", **y},
            "color": charts.paint("accent"),
            "detail": {"field": "stretch", "type": "nominal"},
        },
    }


def _names(
    last: Mapping[str, Any], lines: Mapping[str, float], labels: Mapping[str, str], pixel: float, x: Spec, y: Spec
) -> list[Spec]:
    """The value and the lines named to the right of the last point, moved apart where they would cover each other."""
    names: list[Spec] = [
        {
            "day": last["day"],
            "value": value,
            "label": labels[name],
            "tall": 16,
            "look": "target" if name == "target" else "line",
        }
        for name, value in lines.items()
    ]
    names.append({"day": last["day"], "value": last["value"], "label": last["shown"], "tall": 20, "look": "value"})
    charts.part_labels(names, pixel)
    looks: dict[str, tuple[str, Spec]] = {
        "value": ("accent", {"fontSize": 15, "fontWeight": 650}),
        "target": ("ink", {"fontSize": 12}),
        "line": ("context", {"fontSize": 12}),
    }
    return [
        {
            "data": {"values": [name for name in names if name["look"] == look]},
            "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 12, **mark},
            "encoding": {
                "x": x,
                "y": {"field": "at", **y},
                "text": {"field": "label", "type": "nominal"},
                "color": charts.paint(colour),
            },
        }
        for look, (colour, mark) in looks.items()
    ]
