"""Draws money against the schedule of its fiscal year: one large chart as Vega-Lite, small ones as SVG images."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards import charts
from dashboards.charts import Spec, paint, paint_by

#: Beyond the end of the year there is room for the labels at the ends of the lines.
_ROOM = 0.28
_STYLES: dict[str, Spec] = {
    "paid": {"strokeWidth": 2.8},
    "received": {"strokeWidth": 1.8},
    "committed": {"strokeWidth": 1.6, "strokeDash": [1, 3], "strokeCap": "round"},
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of a line: its day, the share of the budget in per cent, what the reader sees."""

    day: date
    value: float
    shown: str
    amount: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """One line over the fiscal year: `kind` is paid, received or committed."""

    kind: str
    name: str
    colour: str
    marks: tuple[Mark, ...]


def _stamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def year_curve(
    paces: Sequence[Pace],
    span: tuple[date, date],
    now: tuple[date, float],
    schedule: str,
    gap: tuple[str, bool],
    words: dict[str, str],
    height: int = 360,
) -> Spec:
    """Cumulative shares of the budget through the fiscal year against the straight line of its schedule.

    `now` is the day of the figures and the share of the year gone by then in per cent, `schedule` what is written of it;
    `gap` is what is written about the distance of payments from it, and whether that is a miss.
    """
    first, last = span
    values = [
        {
            "day": _stamp(m.day),
            "value": m.value,
            "line": p.name,
            "kind": p.kind,
            "colour": p.colour,
            "shown": m.shown,
            "amount": m.amount,
            "hollow": m.provisional,
        }
        for p in paces
        for m in p.marks
    ]
    top = 1.06 * max([100.0, *(float(str(v["value"])) for v in values)])
    beyond = last + _ROOM * (last - first)
    months = [
        date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(0, 12, 2)
    ]
    x: Spec = {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [_stamp(first), _stamp(beyond)], "nice": False},
        "axis": {
            "title": None,
            "grid": False,
            "format": words["month_format"],
            "labelColor": charts.QUIET,
            "labelPadding": 6,
            "labelFlush": False,
            "values": [{"year": d.year, "month": d.month, "date": 1, "utc": True} for d in months],
        },
    }
    y: Spec = {
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {
            "title": None,
            "labelColor": charts.QUIET,
            "labelPadding": 6,
            "values": [0, 25, 50, 75, 100],
            "labelExpr": "datum.value + '%'",
        },
    }
    at_value = {"field": "value", **y}
    start, today, end = ({"day": _stamp(d), "value": v} for d, v in ((first, 0.0), now, (last, 100.0)))
    layers: list[Spec] = [
        {
            "data": {"values": stretch},
            "mark": {"type": "line", "strokeWidth": 1.5, "strokeDash": [5, 4]},
            "encoding": {"x": x, "y": at_value, "color": paint(colour)},
        }
        for stretch, colour in (([start, today], "context"), ([today, end], "faint"))
    ]
    tooltip = [
        {
            "field": "day",
            "type": "temporal",
            "title": words["day"],
            "format": "%Y-%m-%d",
            "timeUnit": "utcyearmonthdate",
        },
        {"field": "line", "type": "nominal", "title": words["indicator"]},
        {"field": "shown", "type": "nominal", "title": words["value"]},
        {"field": "amount", "type": "nominal", "title": words["count"]},
    ]
    for pace in paces:
        mine = {"data": {"values": [v for v in values if v["kind"] == pace.kind]}}
        colour = paint(pace.colour)
        layers.append(
            {
                **mine,
                "mark": {"type": "line", "strokeJoin": "round", **_STYLES[pace.kind]},
                "encoding": {"x": x, "y": at_value, "color": colour},
            }
        )
        if pace.kind != "committed":
            for hollow in (False, True):
                layers.append(
                    {
                        **mine,
                        "transform": [{"filter": "datum.hollow" if hollow else "!datum.hollow"}],
                        "mark": {
                            "type": "point",
                            "filled": not hollow,
                            "size": 60 if hollow else 30,
                            "opacity": 1,
                            "strokeWidth": 2,
                        },
                        "encoding": {"x": x, "y": at_value, "color": colour, "tooltip": tooltip},
                    }
                )
    paid = next((p.marks[-1] for p in paces if p.kind == "paid" and p.marks), None)
    if paid is not None:
        layers.append(_gap(paid, now, gap[1], x, y))
    layers.append(_ends(paces, now, schedule, gap, top / height, x, y))
    return {**charts.base(height, layers), "padding": {"left": 0, "right": 0, "top": 4, "bottom": 2}}


def _gap(paid: Mark, now: tuple[date, float], missed: bool, x: Spec, y: Spec) -> Spec:
    """A stroke from payments to the schedule."""
    return {
        "data": {"values": [{"day": _stamp(paid.day), "value": paid.value, "schedule": now[1]}]},
        "mark": {"type": "rule", "strokeWidth": 2.5},
        "encoding": {
            "x": x,
            "y": {"field": "value", **y},
            "y2": {"field": "schedule"},
            "color": paint("alarm" if missed else "context"),
        },
    }


def _ends(
    paces: Sequence[Pace],
    now: tuple[date, float],
    schedule: str,
    gap: tuple[str, bool],
    pixel: float,
    x: Spec,
    y: Spec,
) -> Spec:
    """The name and the value of each line at its end, moved apart so that none covers another, the gap below payments."""
    rows: list[dict[str, Any]] = [
        {
            "day": _stamp(p.marks[-1].day),
            "value": p.marks[-1].value,
            "label": f"{p.name} {p.marks[-1].shown}",
            "colour": p.colour,
        }
        for p in reversed(paces)
        if p.marks
    ]
    rows.append({"day": _stamp(now[0]), "value": now[1], "label": schedule, "colour": "context"})
    rows.sort(key=lambda row: float(row["value"]))
    paid = next((p.name for p in paces if p.kind == "paid" and p.marks), None)
    if gap[0] and paid is not None:
        below = next(i for i, row in enumerate(rows) if str(row["label"]).startswith(f"{paid} "))
        rows.insert(below, {**rows[below], "label": gap[0], "colour": "alarm" if gap[1] else "context"})
    for row, at in zip(rows, _apart([float(row["value"]) for row in rows], 16 * pixel), strict=True):
        row["at"] = at
    return {
        "data": {"values": rows},
        "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 10, "fontSize": 12, "fontWeight": 600},
        "encoding": {
            "x": x,
            "y": {"field": "at", **y},
            "text": {"field": "label", "type": "nominal"},
            "color": paint_by("colour"),
        },
    }


def _apart(values: Sequence[float], step: float) -> list[float]:
    """Places at least `step` apart for ascending values, each crowd around its own mean."""
    crowds: list[list[float]] = []
    for value in values:
        crowds.append([value])
        while len(crowds) > 1:
            left, right = crowds[-2:]
            if sum(right) / len(right) - sum(left) / len(left) >= step * (len(left) + len(right)) / 2:
                break
            crowds[-2:] = [left + right]
    return [
        max(sum(crowd) / len(crowd), step * len(crowd) / 2) + (index - (len(crowd) - 1) / 2) * step
        for crowd in crowds
        for index in range(len(crowd))
    ]


def pace_spark(
    paid: Sequence[tuple[float, float]], received: Sequence[tuple[float, float]], top: float, missed: bool
) -> str:
    """Payments (strong) and receipts (thin) against the schedule as an SVG data address.

    Points are (share of the year, share of the budget); `top` is the share at the upper edge, one for all of a row.
    """
    width, height = 240, 92

    def place(point: tuple[float, float]) -> str:
        return f"{4 + point[0] * (width - 10):.1f},{height - 4 - point[1] / top * (height - 10):.1f}"

    def path(points: Sequence[tuple[float, float]], colour: str, weight: float, dash: str = "") -> str:
        drawn = "M" + "L".join(place(point) for point in points)
        more = f" stroke-dasharray='{dash}'" if dash else ""
        return (
            f"<path d='{drawn}' fill='none' stroke='{colour}' stroke-width='{weight}' stroke-linejoin='round' "
            f"vector-effect='non-scaling-stroke'{more}/>"
        )

    drawn = path([(0, 0), (1, 1)], "#8b95a3", 1, "4 3") + path([(0, 0), (1, 0)], "#8b95a3", 0.6)
    if received:
        drawn += path(received, "#8b95a3", 1.4)
    if paid:
        drawn += path(paid, "#3d7bd9", 2.4)
        colour = "#d2493f" if missed else "#3d7bd9"
        drawn += (
            f"<path d='M{place(paid[-1])}h.01' stroke='{colour}' stroke-width='8' stroke-linecap='round' "
            "vector-effect='non-scaling-stroke'/>"
        )
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' preserveAspectRatio='none'>{drawn}</svg>"
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
