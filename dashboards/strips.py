"""Draws one value among its peers as a strip: ends, middle half and median of the peers, the value with its interval."""

from __future__ import annotations

import base64
import math

from dashboards.community import Band

_WIDTH, _HEIGHT, _EDGE = 260.0, 24.0, 7.0


def scale(form: str, band: Band, value: float | None) -> tuple[float, float]:
    """The ends of a strip: tenths for rates, from 0 for amounts and counts, symmetric about 0 for differences."""
    known = [band.low, band.high] + ([value] if value is not None else [])
    low, high = min(known), max(known)
    if form == "percent":
        low, high = math.floor(low * 10 + 1e-9) / 10, math.ceil(high * 10 - 1e-9) / 10
        return (low, high) if high > low else (max(0.0, low - 0.1), max(high, 0.1))
    if form == "points":
        reach = max(5.0, 5.0 * math.ceil(max(abs(low), abs(high)) / 5))
        return -reach, reach
    if low >= 0:
        low = 0.0
    if high <= low:
        return low, low + 1.0
    step = 10.0 ** math.floor(math.log10(high - low)) / 2
    return (0.0 if low == 0 else step * math.floor(low / step)), step * math.ceil(high / step - 1e-9)


def strip(
    ends: tuple[float, float],
    band: Band,
    value: float | None,
    lower: float | None,
    upper: float | None,
    target: float | None,
    missed: bool,
) -> str:
    """The strip as an SVG data address; a miss is a red triangle, any other value a blue dot, the target a dashed line."""
    low, high = ends

    def at(x: float) -> str:
        share = (min(max(x, low), high) - low) / ((high - low) or 1.0)
        return f"{_EDGE + share * (_WIDTH - 2 * _EDGE):.1f}"

    mid = _HEIGHT / 2
    parts = [
        f"<line x1='{at(band.low)}' x2='{at(band.high)}' y1='{mid}' y2='{mid}' stroke='#8b95a3' stroke-opacity='.45'/>",
        f"<rect x='{at(band.lower)}' width='{max(1.0, float(at(band.upper)) - float(at(band.lower))):.1f}' y='5' height='14' "
        "rx='2' fill='#8b95a3' fill-opacity='.38'/>",
        f"<line x1='{at(band.median)}' x2='{at(band.median)}' y1='4' y2='20' stroke='#77818f' stroke-width='2'/>",
    ]
    if target is not None and low <= target <= high:
        parts.append(
            f"<line x1='{at(target)}' x2='{at(target)}' y1='0' y2='{_HEIGHT:.0f}' stroke='#8b95a3' stroke-dasharray='2 2'/>"
        )
    if value is not None:
        paint = "#d64a3f" if missed else "#3d7bd9"
        if lower is not None and upper is not None:
            parts.append(
                f"<line x1='{at(lower)}' x2='{at(upper)}' y1='{mid}' y2='{mid}' stroke='{paint}' stroke-width='2' "
                "stroke-opacity='.6'/>"
            )
        x = float(at(value))
        parts.append(
            f"<path d='M{x - 6:.1f},{mid - 5}h12l-6,11z' fill='{paint}'/>"
            if missed
            else f"<circle cx='{x:.1f}' cy='{mid}' r='5.5' fill='{paint}'/>"
        )
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH:.0f} {_HEIGHT:.0f}'>{''.join(parts)}</svg>"
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def share(reach: int, peers: int) -> str:
    """How many of the peers reach a standard, as a bar of all of them."""
    width = (_WIDTH - 2 * _EDGE) * reach / max(peers, 1)
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH:.0f} {_HEIGHT:.0f}'>"
        f"<rect x='{_EDGE}' y='8' width='{_WIDTH - 2 * _EDGE:.1f}' height='8' rx='2' fill='#8b95a3' fill-opacity='.22'/>"
        f"<rect x='{_EDGE}' y='8' width='{width:.1f}' height='8' rx='2' fill='#8b95a3' fill-opacity='.7'/></svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
