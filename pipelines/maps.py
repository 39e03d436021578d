"""Map files of a city: `maps/*.geojson` → the table reference.area_shapes, simplified, for areas that the city knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.city import City
from pipelines.outlines import Polygons, label_place, simplify_together
from pipelines.yaml_model import ConfigurationError

LARGEST = 20_000_000
#: Properties that are taken for the code where city.yaml names none; the feature's own `id` comes last.
CODES = ("area_code", "code", "adcode")
_COLUMNS = {
    "area_code": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "polygons": pl.String,
    "label_longitude": pl.Float64,
    "label_latitude": pl.Float64,
    "label_room": pl.Float64,
}
_SQL_TYPES = {pl.String: "VARCHAR", pl.Date: "DATE", pl.Float64: "DOUBLE"}


@dataclass(frozen=True)
class Outline:
    """The outline of one area, while it holds; None is without bound."""

    code: str
    valid_from: date | None
    valid_to: date | None
    polygons: Polygons


def map_files(city: City) -> list[Path]:
    """The map files of a city, in order of name."""
    return [path for path in sorted((city.folder / "maps").glob("*.geojson")) if not path.name.startswith(".")]


def read_outlines(path: Path, code: str | None = None) -> list[Outline]:
    """The outlines of a GeoJSON file in WGS 84 (or GCJ-02, which is drawn as it is), one for each code and validity.

    Args:
        code: the property that holds the area code; without it `CODES` and the feature's `id` are tried.

    Raises:
        ConfigurationError: the file cannot be drawn; the message says why and what to do.
    """
    where = f"maps/{path.name}"
    if path.stat().st_size > LARGEST:
        size = path.stat().st_size / 1e6
        raise ConfigurationError(
            f"{where} has {size:.1f} MB, at most {LARGEST / 1e6:.0f} MB are read; simplify it before, for example with "
            "mapshaper.org, or split it into a file for each level"
        )
    text = path.read_bytes()
    try:
        document = json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{where} is not UTF-8 text; export it again as GeoJSON") from None
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigurationError(f"{where} is not valid JSON{line}; export it again as GeoJSON") from None
    found: dict[tuple[str, date | None, date | None], Polygons] = {}
    for feature in _features(document, where):
        properties = feature.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        name = _code(feature, properties, code)
        polygons = list(_polygons(feature.get("geometry"), where))
        if name is None or not polygons:
            continue
        stretch = (_day(properties, "valid_from", where), _day(properties, "valid_to", where))
        found.setdefault((name, *stretch), []).extend(polygons)
    if not found:
        names = [f"properties.{code}"] if code else [*(f"properties.{name}" for name in CODES), "id"]
        raise ConfigurationError(
            f"{where} holds no Polygon or MultiPolygon with an area code in {', '.join(names)}; "
            f"{_properties_of(document)}name the property as map_code in city.yaml"
        )
    return [Outline(name, begin, end, polygons) for (name, begin, end), polygons in found.items()]


def _features(document: Any, where: str) -> list[dict[str, Any]]:
    kind = document.get("type") if isinstance(document, dict) else None
    listed = document.get("features") if kind == "FeatureCollection" else [document] if kind == "Feature" else None
    if not isinstance(listed, list):
        said = "is TopoJSON" if kind == "Topology" else "is no FeatureCollection"
        raise ConfigurationError(f"{where} {said}; export it again as GeoJSON")
    return [feature for feature in listed if isinstance(feature, dict)]


def _properties_of(document: Mapping[str, Any]) -> str:
    names = sorted({str(name) for f in _features(document, "") for name in f.get("properties") or {}})[:12]
    return f"its features have {', '.join(names)}; " if names else ""


def _code(feature: Mapping[str, Any], properties: Mapping[str, Any], code: str | None) -> str | None:
    named = [properties.get(code)] if code else [*(properties.get(name) for name in CODES), feature.get("id")]
    for value in named:
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return None


def _day(properties: Mapping[str, Any], name: str, where: str) -> date | None:
    value = properties.get(name)
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ConfigurationError(f"{where}: {name} is not a date such as 2026-03-15; mend it in the file") from None


def _polygons(geometry: Any, where: str) -> Iterator[list[Any]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and isinstance(geometry.get("geometries"), list):
        for part in geometry["geometries"]:
            if not isinstance(part, dict) or part.get("type") != "GeometryCollection":
                yield from _polygons(part, where)
    if kind not in ("Polygon", "MultiPolygon") or not coordinates:
        return
    for polygon in [coordinates] if kind == "Polygon" else coordinates:
        try:
            rings = [np.array([point[:2] for point in ring], dtype=np.float64) for ring in polygon]
            if any(ring.ndim != 2 or ring.shape[1] != 2 for ring in rings):
                raise ValueError
        except (TypeError, ValueError, IndexError, KeyError):
            raise ConfigurationError(
                f"{where} holds coordinates that are no pairs of numbers; export it again as plain GeoJSON"
            ) from None
        for ring in rings:
            _check_degrees(ring, where)
        closed = [ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]]) for ring in rings]
        whole = [ring for ring in closed if len(ring) >= 4 and np.ptp(ring, axis=0).all()]
        if whole and len(closed[0]) >= 4 and whole[0] is closed[0]:
            yield whole


def _check_degrees(ring: Any, where: str) -> None:
    if not len(ring):
        raise ConfigurationError(f"{where} holds an empty ring; export it again as GeoJSON")
    longitude, latitude = np.abs(ring).max(axis=0)
    if longitude <= 180 and latitude <= 90:
        return
    first = ", ".join(f"{value:g}" for value in ring[0])
    swapped = longitude <= 90 and latitude <= 180
    what = "hold latitude before longitude" if swapped else "are no degrees"
    todo = "swap them" if swapped else "export it in WGS 84 (EPSG:4326)"
    raise ConfigurationError(f"{where}: coordinates such as [{first}] {what}; {todo}")


def read_city_outlines(city: City, known: Iterable[str]) -> list[Outline]:
    """The outlines of all map files of a city for areas among the `known` codes.

    Raises:
        ConfigurationError: a file cannot be drawn, none of its codes is known, or two files outline the same area for the
            same days.
    """
    codes = set(known)
    found: list[Outline] = []
    origin: dict[tuple[str, date | None, date | None], str] = {}
    for path in map_files(city):
        outlines = read_outlines(path, city.settings.map_code)
        own = [outline for outline in outlines if outline.code in codes]
        if codes and not own:
            told = ", ".join(sorted({outline.code for outline in outlines})[:5])
            raise ConfigurationError(
                f"maps/{path.name}: none of its codes ({told}, …) is an area; areas has {', '.join(sorted(codes)[:5])}, …: "
                "name the property that holds the area code as map_code in city.yaml"
            )
        for outline in own:
            key = (outline.code, outline.valid_from, outline.valid_to)
            if key in origin:
                raise ConfigurationError(
                    f"maps/{path.name} and maps/{origin[key]} both outline {outline.code}; remove one of the two, or give "
                    "their features valid_from and valid_to"
                )
            origin[key] = path.name
        found += own
    return found


def no_shapes(con: duckdb.DuckDBPyConnection) -> None:
    """Make reference.area_shapes anew, empty."""
    columns = ", ".join(f"{name} {_SQL_TYPES[kind]}" for name, kind in _COLUMNS.items())
    con.execute(f"CREATE OR REPLACE TABLE reference.area_shapes ({columns})")


def write_shapes(con: duckdb.DuckDBPyConnection, city: City) -> int:
    """Fill reference.area_shapes from the map files of a city; return the number of outlines.

    Areas with the same area above are drawn together, and simplified together: a level of the ladder can be as fine as its
    picture, and the table stays small.

    Raises:
        ConfigurationError: see `read_city_outlines`.
    """
    no_shapes(con)
    if not map_files(city):
        return 0
    above = con.execute("SELECT area_code, any_value(parent_code ORDER BY valid_from) FROM landing.areas GROUP BY 1")
    parents = {str(code): parent for code, parent in above.fetchall()}
    outlines = read_city_outlines(city, parents)
    groups: dict[object, dict[str, Outline]] = {}
    for number, outline in enumerate(outlines):
        groups.setdefault(parents[outline.code], {})[str(number)] = outline
    rows = [row for members in groups.values() for row in _rows(members)]
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
    con.register("_shapes", frame.to_arrow())
    con.execute("INSERT INTO reference.area_shapes SELECT * FROM _shapes")
    con.unregister("_shapes")
    return len(rows)


def _rows(members: Mapping[str, Outline]) -> Iterator[tuple[object, ...]]:
    simple = simplify_together({key: outline.polygons for key, outline in members.items()})
    for key, outline in members.items():
        place = [round(value, 6) for value in label_place(simple[key])]
        yield outline.code, outline.valid_from, outline.valid_to, _text(simple[key]), *place


def _text(polygons: Sequence[Sequence[Any]]) -> str:
    """Coordinates of a MultiPolygon to 0.1 m, as GeoJSON writes them."""
    rounded = [[[[round(float(v), 6) for v in p] for p in ring] for ring in polygon] for polygon in polygons]
    return json.dumps(rounded, separators=(",", ":"))
