"""Geometry of outlines: fewer points, the same direction of rings everywhere, and the place where a label has most room."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: Points (longitude, latitude) of a ring, first and last the same.
Ring = NDArray[np.float64]
#: A polygon is its outer ring and its holes; an area is one polygon or several.
Polygons = list[list[Ring]]

#: Of the longer side of a picture: half a pixel of a map 1,000 pixels wide.
_TOLERANCE = 1 / 2000
#: Points that the areas of one picture may have together.
MOST_POINTS = 12_000
_LABEL_GRID = 24


def simplify_together(areas: Mapping[str, Polygons]) -> dict[str, Polygons]:
    """The outlines of areas that are drawn in one picture with fewer points, at most `MOST_POINTS` in all unless there are
    so many areas that four points for each are more.

    Points that neighbours share are kept alike: the error is the same for all of them, and far below what is seen.
    """
    points = np.concatenate([ring for polygons in areas.values() for polygon in polygons for ring in polygon])
    stretch = _stretch(points)
    width, height = np.ptp(points, axis=0) * (stretch, 1.0)
    tolerance = max(float(width), float(height)) * _TOLERANCE
    while True:
        made = {code: _simplify_area(polygons, tolerance, stretch) for code, polygons in areas.items()}
        size = sum(len(ring) for polygons in made.values() for polygon in polygons for ring in polygon)
        if size <= max(MOST_POINTS, 5 * len(areas)):
            return made
        tolerance *= 1.5


def _stretch(points: Ring) -> float:
    """How long a degree of longitude is, in degrees of latitude, in the middle of the points."""
    return max(math.cos(math.radians(float(points[:, 1].min() + points[:, 1].max()) / 2)), 0.01)


def _simplify_area(polygons: Polygons, tolerance: float, stretch: float) -> Polygons:
    found: Polygons = []
    for polygon in polygons:
        outer = simplify_ring(polygon[0], tolerance, stretch)
        if len(outer) >= 4:
            holes = [simplify_ring(hole, tolerance, stretch) for hole in polygon[1:]]
            found.append([_turned(outer, True), *(_turned(hole, False) for hole in holes if len(hole) >= 4)])
    if found:
        return found
    # Smaller than half a pixel as a whole, and yet an area: its box stands for it.
    largest = max((polygon[0] for polygon in polygons), key=lambda ring: abs(signed_area(ring)))
    (west, south), (east, north) = largest.min(axis=0), largest.max(axis=0)
    return [[np.array([(west, south), (east, south), (east, north), (west, north), (west, south)])]]


def simplify_ring(ring: Ring, tolerance: float, stretch: float = 1.0) -> Ring:
    """A closed ring by Douglas and Peucker (1973): no dropped point lies farther than `tolerance` from the line that stays.

    It begins at its south-westernmost point, wherever the file began, so that two areas that share a whole ring share the
    simplified one. A ring that is a line or a point at this tolerance comes back with fewer than four points.
    """
    open_ring = ring[:-1]
    open_ring = np.roll(open_ring, -int(np.lexsort((open_ring[:, 1], open_ring[:, 0]))[0]), axis=0)
    flat = np.vstack([open_ring, open_ring[:1]]) * (stretch, 1.0)
    far = int(np.argmax(np.hypot(*(flat - flat[0]).T)))
    keep = np.zeros(len(flat), dtype=np.bool_)
    keep[[0, far, -1]] = True
    waiting = [(0, far), (far, len(flat) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        gaps = _distances(flat[first + 1 : last], flat[first], flat[last])
        worst = int(np.argmax(gaps))
        if gaps[worst] > tolerance:
            split = first + 1 + worst
            keep[split] = True
            waiting += [(first, split), (split, last)]
    return np.vstack([open_ring, open_ring[:1]])[keep]


def _distances(points: Ring, start: Ring, end: Ring) -> NDArray[np.float64]:
    """Distance of each point from the stretch between start and end."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1)[:, None] if length else 0.0
    gaps: NDArray[np.float64] = np.hypot(*(points - start - share * along).T)
    return gaps


def signed_area(ring: Ring) -> float:
    """Area inside a ring by the shoelace formula, above zero where it runs against the clock."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _turned(ring: Ring, against_the_clock: bool) -> Ring:
    # A canvas fills by winding: a hole that runs like its outer ring would be filled.
    return ring if (signed_area(ring) > 0) == against_the_clock else ring[::-1]


def label_place(polygons: Polygons) -> tuple[float, float, float]:
    """Where a label has most room in an area, and how much: longitude, latitude, and half the width in degrees of longitude
    of the largest ellipse in there that is twice as wide as high."""
    largest = max(polygons, key=lambda polygon: abs(signed_area(polygon[0])))
    stretch = _stretch(largest[0])
    scale = np.array([stretch, 2.0])
    rings = [ring * scale for ring in largest]
    (west, south), (east, north) = rings[0].min(axis=0), rings[0].max(axis=0)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    best = (0.0, *(float(value) for value in middle))
    for _ in range(2):
        xs, ys = np.linspace(west, east, _LABEL_GRID + 2)[1:-1], np.linspace(south, north, _LABEL_GRID + 2)[1:-1]
        places = np.array([(x, y) for x in xs for y in ys])
        room = _room(places, rings)
        # of places with about as much room, the most central one
        top = int(np.argmin(np.where(room >= 0.97 * room.max(), np.hypot(*(places - middle).T), np.inf)))
        if room[top] > best[0]:
            best = (float(room[top]), float(places[top, 0]), float(places[top, 1]))
        wide, high = (east - west) / _LABEL_GRID, (north - south) / _LABEL_GRID
        west, east, south, north = best[1] - wide, best[1] + wide, best[2] - high, best[2] + high
    return best[1] / stretch, best[2] / 2, best[0] / stretch


def _room(places: Ring, rings: Sequence[Ring]) -> NDArray[np.float64]:
    """Distance of each place from the nearest ring; 0 outside the outer ring and in holes."""
    inside = np.zeros(len(places), dtype=np.bool_)
    nearest = np.full(len(places), np.inf)
    x, y = places[:, :1], places[:, 1:]
    for ring in rings:
        (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        inside ^= np.count_nonzero(crossed, axis=1) % 2 == 1
        dx, dy = x2 - x1, y2 - y1
        length = np.where((dx == 0) & (dy == 0), 1.0, dx * dx + dy * dy)
        share = np.clip(((x - x1) * dx + (y - y1) * dy) / length, 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x1 - share * dx, y - y1 - share * dy).min(axis=1))
    return np.where(inside, nearest, 0.0)
