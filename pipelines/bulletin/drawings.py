"""Draws the small charts of the bulletin as SVG: a history on a printed scale, districts with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

ACCENT, ALARM, CONTEXT, INK, FAINT = "#1f5fbf", "#b8322a", "#77818f", "#1b2330", "#dfe3ea"


@dataclass(frozen=True)
class Mark:
    """One value of a chart, in the unit of its axis; `lower` and `upper` are its interval."""

    label: str
    value: float
    shown: str
    status: str
    lower: float | None = None
    upper: float | None = None


def scale(values: Sequence[float], target: float | None, *, percent: bool, from_zero: bool) -> tuple[float, float]:
    """The ends of an axis: counts from zero, percentages at least ten points apart and never beyond 0 to 100."""
    ends = [*values, *([target] if target is not None else [])]
    low, high = min(ends), max(ends)
    if from_zero:
        return min(0.0, low), high * 1.08 or 1.0
    if not percent:
        room = (high - low) * 0.1 or 1.0
        return low - room, high + room
    low, high = 5 * (low // 5), -5 * (-high // 5)
    if high - low < 10:
        low, high = (90.0, 100.0) if high >= 100 else (low - 5, high + 5) if low >= 5 else (0.0, 10.0)
    return max(0.0, low) if min(ends) >= 0 else low, min(100.0, high) if max(ends) <= 100 else high


def history(
    values: Sequence[float | None], ends: tuple[float, float], target: float | None, *, provisional: bool
) -> str:
    """A line over time; gaps stay gaps, the last value is a dot, hollow while it is provisional."""
    width, height, edge = 220.0, 46.0, 5.0
    low, high = ends
    step = (width - 2 * edge) / max(1, len(values) - 1)

    def y(value: float) -> float:
        return round(height - edge - (value - low) / (high - low) * (height - 2 * edge), 2)

    pieces = []
    if target is not None and low <= target <= high:
        pieces.append(
            f'<path d="M0 {y(target)}H{width:g}" stroke="{CONTEXT}" stroke-width="0.8" stroke-dasharray="4 3"/>'
        )
    path, pen = "", "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        path += f"{pen}{round(edge + index * step, 2):g} {y(value):g}"
        pen = "L"
    pieces.append(f'<path d="{path}" fill="none" stroke="{ACCENT}" stroke-width="1.6" stroke-linejoin="round"/>')
    if values and values[-1] is not None:
        fill = "#ffffff" if provisional else ACCENT
        pieces.append(
            f'<circle cx="{width - edge:g}" cy="{y(values[-1]):g}" r="3.2" fill="{fill}" stroke="{ACCENT}" stroke-width="1.4"/>'
        )
    return _svg(width, height, pieces)


def dots(marks: Sequence[Mark], ends: tuple[float, float], target: float | None, goal: str, font: str) -> str:
    """Areas as dots with their intervals against a dashed target; red with ▼ where the whole interval misses it."""
    width, row, top, left, right = 340.0, 19.0, 20.0, 92.0, 62.0
    height = top + row * len(marks) + 16
    low, high = ends

    def x(value: float) -> float:
        return round(left + (min(max(value, low), high) - low) / (high - low) * (width - left - right), 2)

    bottom = height - 14
    pieces = [f'<path d="M{left:g} {bottom:g}H{width - right:g}" stroke="{FAINT}" stroke-width="1"/>']
    for end, anchor in ((low, "start"), (high, "end")):
        pieces.append(_text(x(end), height - 3, f"{end:g}%", font, size=8, anchor=anchor, colour=CONTEXT))
    if target is not None:
        at = x(target)
        pieces.append(
            f'<path d="M{at:g} {top - 6:g}V{bottom:g}" stroke="{CONTEXT}" stroke-width="0.9" stroke-dasharray="4 3"/>'
        )
        pieces.append(_text(at, top - 9, goal, font, size=8, anchor="middle", colour=CONTEXT))
    for index, mark in enumerate(marks):
        middle = top + row * (index + 0.5)
        colour = ALARM if mark.status == "missed" else CONTEXT if mark.status in ("watch", "provisional") else ACCENT
        fill = "#ffffff" if mark.status == "provisional" else colour
        if mark.lower is not None and mark.upper is not None:
            pieces.append(
                f'<path d="M{x(mark.lower):g} {middle:g}H{x(mark.upper):g}" stroke="{colour}" stroke-width="2.6" '
                'stroke-opacity="0.35" stroke-linecap="round"/>'
            )
        pieces.append(
            f'<circle cx="{x(mark.value):g}" cy="{middle:g}" r="3.6" fill="{fill}" stroke="{colour}" stroke-width="1.4"/>'
        )
        pieces.append(_text(0, middle + 3.2, mark.label, font, size=9.5, colour=INK))
        pieces.append(_text(width, middle + 3.2, mark.shown, font, size=9.5, anchor="end", colour=colour))
    return _svg(width, height, pieces)


def _text(x: float, y: float, text: str, font: str, *, size: float, anchor: str = "start", colour: str) -> str:
    name = escape(font, {'"': "&quot;"})
    return (
        f'<text x="{x:g}" y="{y:g}" font-family="{name}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )


def _svg(width: float, height: float, pieces: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    return head + "".join(pieces) + "</svg>"
