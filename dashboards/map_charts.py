"""Draws a map: outlines or tiles of areas with their values inside, as a Vega-Lite specification that can be clicked."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.charts import COLOURS, Spec
from dashboards.geo import Shape

#: Name of the selection: the code of the area that was clicked.
PICKED = "picked"
#: Sizes of the value, the largest that fits is taken; the name above it is smaller. Below the last there is room for a mark.
_SIZES, _TILE_SIZES = (14, 11), (22, 17, 13, 11)
_LINE = 1.25
#: Width of a line of a name, in units of the size of its value.
_LONGEST = 8.0
_NAMED = {"domain": COLOURS}


@dataclass(frozen=True, slots=True)
class Region:
    """One area as it is drawn: filled with a colour of charts.COLOURS at an opacity, or hollow, with a mark before its value."""

    code: str
    name: str
    short: str
    mark: str
    shown: str
    colour: str
    opacity: float
    hollow: bool
    chosen: bool
    shape: Shape
    tooltip: tuple[tuple[str, str], ...]


def extent(regions: Sequence[Region]) -> tuple[float, float]:
    """Width and height of all outlines together, in the unit of their coordinates."""
    points = [p for r in regions for polygon in r.shape.polygons for p in polygon[0]]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0


def choropleth(regions: Sequence[Region], tiles: bool) -> Spec:
    """Areas by colour and mark; a label stands where it fits: name and value, else the mark alone.

    Fills are translucent, so that the ink of the labels is read on each of them in light and dark. The labels of tiles are
    all of one size.
    """
    # What is drawn last lies on top: outlines of misses and of the chosen area over those of their neighbours.
    ordered = sorted(regions, key=lambda r: (r.chosen, r.colour == "alarm", r.code))
    values = [
        {
            "type": "Feature",
            "geometry": {"type": "MultiPolygon", "coordinates": region.shape.polygons},
            "code": region.code,
            "colour": region.colour,
            "opacity": region.opacity,
            "edge": "ink" if region.chosen else "alarm" if region.colour == "alarm" else "context",
            "hollow": region.hollow,
            "chosen": region.chosen,
            **{f"t{index}": value for index, (_, value) in enumerate(region.tooltip)},
        }
        for region in ordered
    ]
    tooltip = [
        {"field": f"t{index}", "type": "nominal", "title": name} for index, (name, _) in enumerate(ordered[0].tooltip)
    ]
    shapes: Spec = {
        "params": [
            {"name": PICKED, "select": {"type": "point", "fields": ["code"], "toggle": "false"}},
            {
                "name": "hover",
                "select": {"type": "point", "fields": ["code"], "on": "pointerover", "clear": "pointerout"},
            },
        ],
        "mark": {"type": "geoshape", "cursor": "pointer", "strokeJoin": "round"},
        "encoding": {
            "fill": _by("colour"),
            "stroke": _by("edge"),
            "fillOpacity": {"field": "opacity", "type": "quantitative", "scale": None, "legend": None},
            "strokeOpacity": {"condition": {"test": "datum.chosen || datum.hollow", "value": 1}, "value": 0.55},
            "strokeWidth": {
                "condition": [
                    {"test": "datum.chosen", "value": 3},
                    {"param": "hover", "empty": False, "value": 2.5},
                ],
                "value": 1,
            },
            "strokeDash": {"condition": {"test": "datum.hollow", "value": [4, 3]}, "value": [1, 0]},
            "tooltip": tooltip,
        },
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 420,
        "padding": {"left": 2, "right": 2, "top": 2, "bottom": 2},
        "config": {"view": {"stroke": None}},
        "projection": {"type": "identity", "reflectY": True},
        "data": {"values": values},
        "layer": [shapes, *_labels(ordered, tiles)],
    }


def _by(field: str) -> Spec:
    return {"field": field, "type": "nominal", "scale": _NAMED, "legend": None}


def _labels(regions: Sequence[Region], tiles: bool) -> list[Spec]:
    labels = [_label(region, tiles) for region in regions]
    if tiles:
        widest = max(label["need"] for label in labels)
        labels = [{**label, "need": widest} for label in labels]
    width, height = extent(regions)
    # pixels that the label has: twice its room, times the scale at which the picture fits into its frame
    room = f"2 * datum.room * min(width / {width:.9g}, height / {height:.9g})"
    layers: list[Spec] = []
    larger = "false"
    sizes = _TILE_SIZES if tiles else _SIZES
    for size in sizes:
        fits = f"{room} > datum.need * {size}"
        test, shift = f"{fits} && !({larger})", f"{size * _LINE / 2:g} * datum.lines"
        layers.append(_text(labels, test, "name", max(sizes[-1], 0.8 * size), f"-{shift}", 500))
        layers.append(_text(labels, test, "value", size, shift, 650))
        larger = fits
    layers.append(_text(labels, f"!({larger}) && {room} > 12", "mark", sizes[-1], "0", 650))
    return layers


def _label(region: Region, tiles: bool) -> dict[str, Any]:
    value = f"{region.mark} {region.shown}".strip()
    name = _lines(region.short)
    wide = 1.15 * max(_width(text) for text in (*name, value))
    # a tile is as high as wide, the ellipse of an outline half as high
    high = _LINE * (len(name) + 1) * (1 if tiles else 2)
    return {
        "x": region.shape.x,
        "y": region.shape.y,
        "room": region.shape.room,
        "need": round(max(wide, high), 2),
        "lines": len(name),
        "name": name,
        "value": value,
        "mark": region.mark,
    }


def _lines(name: str) -> list[str]:
    """A name on two lines where it is long and has a space near its middle, each cut where it is longer than a label."""
    spaces = [index for index, letter in enumerate(name) if letter == " "]
    if len(name) < 12 or not spaces:
        return [_cut(name)]
    middle = min(spaces, key=lambda index: abs(2 * index - len(name)))
    return [_cut(name[:middle]), _cut(name[middle + 1 :])]


def _cut(text: str) -> str:
    while _width(text) > _LONGEST:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def _width(text: str) -> float:
    """Width of a text in units of its font size: Chinese characters are square, others about 0.56 wide."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else 0.56 for letter in text)


def _text(labels: Sequence[dict[str, Any]], test: str, field: str, size: float, down: str, weight: int) -> Spec:
    return {
        "data": {"values": list(labels)},
        "transform": [{"filter": test}],
        "mark": {
            "type": "text",
            "align": "center",
            "baseline": "middle",
            "fontSize": size,
            "lineHeight": size * _LINE,
            "fontWeight": weight,
            "dy": {"expr": down},
        },
        "encoding": {
            "longitude": {"field": "x", "type": "quantitative"},
            "latitude": {"field": "y", "type": "quantitative"},
            "text": {"field": field, "type": "nominal"},
            "color": {"datum": "ink", "type": "nominal", "scale": _NAMED, "legend": None},
        },
    }
