"""Where areas lie: their outlines from the edition, or a grid of tiles in which neighbours stay roughly neighbours."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from dashboards import data
from dashboards.caches import cached

_LEVELS = ("city", "district", "street", "community")
#: A grid of more columns has tiles too narrow for a word on a phone.
_MOST_COLUMNS = 8
_GAP = 0.025


@dataclass(frozen=True, slots=True)
class Place:
    """An area in force on some day; its position is its own, or else the middle of the areas below it."""

    code: str
    name: tuple[str, str]
    level: str
    parent: str | None
    longitude: float | None
    latitude: float | None


@dataclass(frozen=True, slots=True)
class Shape:
    """An outline in the plane: coordinates of a MultiPolygon, where its label stands, and half the width it has there."""

    polygons: list[Any]
    x: float
    y: float
    room: float


@cached(max_entries=32)
def places(edition: str, day: date) -> dict[str, Place]:
    """The areas in force on a day, by code."""
    rows = data.ask(
        edition,
        "select area_code, area_name, area_name_en, level, parent_code, longitude, latitude from marts.areas "
        "where level in ('city', 'district', 'street', 'community') "
        "and (level = 'city' or (valid_from <= ? and (valid_to is null or valid_to > ?))) "
        "order by area_code, valid_from",
        [day, day],
    )
    inside: dict[str | None, list[tuple[float, float]]] = {}
    found: dict[str, Place] = {}
    for row in sorted(rows, key=lambda row: -_LEVELS.index(row["level"])):
        code, points = str(row["area_code"]), inside.get(str(row["area_code"]), [])
        here = (row["longitude"], row["latitude"])
        if None in here and points:
            here = (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
        if None not in here:
            inside.setdefault(row["parent_code"], []).append(here)
        zh = row["area_name"] or code
        found[code] = Place(code, (zh, row["area_name_en"] or zh), row["level"], row["parent_code"], *here)
    return dict(sorted(found.items()))


@cached(max_entries=64)
def outlines(edition: str, codes: tuple[str, ...], day: date) -> dict[str, Shape]:
    """The outlines of these areas that hold on a day, in a plane in which they look as they do on the ground.

    Of several that hold, the latest; an edition without outlines gives none.
    """
    rows = data.ask(
        edition,
        "select area_code, polygons, label_longitude, label_latitude, label_room from marts.area_shapes "
        "where list_contains(?, area_code) and (valid_from is null or valid_from <= ?) "
        "and (valid_to is null or valid_to > ?) order by area_code, valid_from nulls first",
        [list(codes), day, day],
    )
    if not rows:
        return {}
    read = [(row, json.loads(row["polygons"])) for row in rows]
    heights = [y for _, polygons in read for polygon in polygons for _, y in polygon[0]]
    stretch = math.cos(math.radians((min(heights) + max(heights)) / 2))
    found: dict[str, Shape] = {}
    for row, degrees in read:
        polygons = [[[[round(x * stretch, 6), y] for x, y in ring] for ring in polygon] for polygon in degrees]
        room = row["label_room"] * stretch
        found[row["area_code"]] = Shape(polygons, row["label_longitude"] * stretch, row["label_latitude"], room)
    return found


def tile_shapes(cells: Mapping[str, tuple[int, int]]) -> dict[str, Shape]:
    """A square for each cell (column, row from the top) of a grid."""
    found: dict[str, Shape] = {}
    for code, (column, row) in cells.items():
        left, right = column + _GAP, column + 1 - _GAP
        bottom, top = -row - 1 + _GAP, -row - _GAP
        ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        found[code] = Shape([[ring]], column + 0.5, -row - 0.5, 0.5 - _GAP)
    return found


@lru_cache(maxsize=64)
def tiles(areas: tuple[Place, ...]) -> dict[str, tuple[int, int]]:
    """A cell (column, row from the top) for each area: near its position, else in order of the codes.

    Areas are put into rows from north to south and within a row from west to east; then two cells change places as long as
    that brings areas nearer to where they lie. The same areas always give the same grid.
    """
    if not areas:
        return {}
    columns = min(_MOST_COLUMNS, max(1, math.ceil(math.sqrt(len(areas) * 4 / 3))))
    ordered = sorted(areas, key=lambda area: area.code)
    if any(area.longitude is None or area.latitude is None for area in ordered):
        return {area.code: (index % columns, index // columns) for index, area in enumerate(ordered)}
    rows = math.ceil(len(ordered) / columns)
    wanted = dict(
        zip(
            (area.code for area in ordered),
            zip(
                _spread([area.longitude or 0.0 for area in ordered], columns),
                _spread([-(area.latitude or 0.0) for area in ordered], rows),
                strict=True,
            ),
            strict=True,
        )
    )
    cells: dict[tuple[int, int], str | None] = {(c, r): None for r in range(rows) for c in range(columns)}
    waiting = sorted(wanted, key=lambda code: (wanted[code][1], code))
    for row in range(rows):
        line = sorted(waiting[row * columns : (row + 1) * columns], key=lambda code: (wanted[code][0], code))
        for column, code in enumerate(line):
            cells[column, row] = code

    def cost(cell: tuple[int, int], code: str | None) -> float:
        return 0.0 if code is None else (cell[0] - wanted[code][0]) ** 2 + (cell[1] - wanted[code][1]) ** 2

    better = True
    while better:
        better = False
        for one in cells:
            for other in cells:
                a, b = cells[one], cells[other]
                if one < other and cost(one, b) + cost(other, a) < cost(one, a) + cost(other, b) - 1e-9:
                    cells[one], cells[other] = b, a
                    better = True
    return {code: cell for cell, code in cells.items() if code is not None}


def _spread(values: Sequence[float], cells: int) -> list[float]:
    """Positions between the first and the last cell: half as the values lie, half as they are ordered, so that a lone area
    far away does not push all others into one cell."""
    low, high = min(values), max(values)
    order = {value: index for index, value in enumerate(sorted(values))}
    return [
        (cells - 1) * (((v - low) / (high - low) if high > low else 0.5) + order[v] / max(1, len(values) - 1)) / 2
        for v in values
    ]
