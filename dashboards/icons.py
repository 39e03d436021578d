"""Draws the small pictures of control charts: how a process varies, and whether it can be relied on to reach its target.

They follow NHS England's *Making Data Count*: one circle for variation, one for assurance. Its letters (H, L, P, F)
mean nothing in Chinese, so the circles show the points themselves; the words stand beside them.
"""

from __future__ import annotations

from dashboards import charts

_RING = {"common_cause": "soft", "improving": "accent", "concerning": "ink", "special_cause": "ink"}
_HOLD = {"passing": "accent", "hit_and_miss": "soft", "failing": "alarm"}
_WAVE = ((7, 18), (13, 12.5), (19, 19), (25, 13.5))
_RISE = ((7, 21), (13, 19), (19, 14.5), (25, 9.5))


def variation(kind: str, rising: bool) -> str:
    """The address of the picture of a month's variation; `rising` says which way a signal points."""
    colour = _RING[kind]
    points = _WAVE if kind == "common_cause" else _RISE if rising else tuple((x, 31 - y) for x, y in _RISE)
    late = len(points) if kind == "common_cause" else 2
    return _picture(colour, _line(points, late, colour))


def assurance(kind: str, lower_is_better: bool) -> str:
    """The address of the picture of a process against its target line."""
    lift = {"passing": -3.0, "hit_and_miss": 0.0, "failing": 3.0}[kind] * (-1 if lower_is_better else 1)
    points = tuple((x, y + lift) for x, y in _WAVE)
    goal = 16 - 1.7 * lift
    line = f"<line x1='5' x2='27' y1='{goal:g}' y2='{goal:g}' stroke='var(--soft)' stroke-width='1.6' stroke-dasharray='3 2'/>"
    return _picture(_HOLD[kind], line + _line(points, len(points), _HOLD[kind]))


def _line(points: tuple[tuple[float, float], ...], late: int, colour: str) -> str:
    """A line through the points; those from `late` on are in the colour and larger, those before it grey."""
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    dots = "".join(
        f"<circle cx='{x:g}' cy='{y:g}' r='{2.6 if place >= late else 1.9}' "
        f"fill='var(--{colour if place >= late else 'soft'})'/>"
        for place, (x, y) in enumerate(points)
    )
    return f"<polyline points='{path}' fill='none' stroke='var(--soft)' stroke-width='1.3'/>{dots}"


def _picture(colour: str, inside: str) -> str:
    width = 1.6 if colour == "soft" else 2.4
    return charts.picture(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>{charts.SCHEME}"
        f"<circle cx='16' cy='16' r='14' fill='none' stroke='var(--{colour})' stroke-width='{width}'/>{inside}</svg>"
    )
