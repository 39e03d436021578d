"""Map files become outlines that an edition carries: real files, odd ones, refusals, simplification, tiles."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from editions import Shape, publish
from map_editions import add_shapes, city_with_maps, shape_table
from small_city import CONTRACTS, SmallCity

from dashboards import geo
from dashboards.geo import Place
from pipelines import doctor, maps, outlines
from pipelines.ingest.ledger import create_landing
from pipelines.paths import SQL
from pipelines.transform import write_city_reference
from pipelines.warehouse import open_warehouse
from pipelines.yaml_model import ConfigurationError

SHARED = Path(os.environ.get("STREETWISE_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "geo"
real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real map files in {SHARED}")
REAL = [("shenzhen_districts.geojson", None, 8), ("chicago_wards_2015_2023.geojson", "ward", 50)]
SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
AREAS = [("A", "district", "C"), ("B", "district", "C"), ("A1", "street", "A"), ("12", "street", "A")]


def feature(code: str | float | None, *polygons: list[Any], **properties: object) -> dict[str, Any]:
    """A feature with a MultiPolygon of these polygons."""
    own = {"area_code": code} if code is not None else {}
    return {
        "type": "Feature",
        "properties": {**own, **properties},
        "geometry": {"type": "MultiPolygon", "coordinates": list(polygons)},
    }


def collection(*features: dict[str, Any]) -> str:
    """A FeatureCollection as text."""
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def moved(ring: list[list[float]], x: float, y: float = 0.0, size: float = 1.0) -> list[list[float]]:
    """A ring, scaled and moved."""
    return [[x + size * point[0], y + size * point[1]] for point in ring]


def area_of(ring: Any) -> float:
    """Twice the area of a ring with its sign, by a plain loop."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))


def whole_area(polygons: Any) -> float:
    """The outer rings less their holes, whatever way they run."""
    return sum(abs(area_of(polygon[0])) - sum(abs(area_of(hole)) for hole in polygon[1:]) for polygon in polygons)


def inside(x: float, y: float, rings: Any) -> bool:
    """Whether a point lies in a polygon: the number of edges to its right that it meets is odd."""
    hits = 0
    for ring in rings:
        for (x1, y1), (x2, y2) in itertools.pairwise(ring):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                hits += 1
    return hits % 2 == 1


def shapes_of(tmp_path: Path, text: str, **settings: str) -> dict[str, Any]:
    """The polygons that a refresh would keep of one map file, by area."""
    city = city_with_maps(tmp_path / "city", AREAS, **settings)
    (city.folder / "maps" / "all.geojson").write_text(text, encoding="utf-8")
    with shape_table(city) as con:
        rows = con.execute("select area_code, polygons from reference.area_shapes").fetchall()
    return {code: json.loads(polygons) for code, polygons in rows}


@real
@pytest.mark.parametrize(("name", "code", "count"), REAL)
def test_a_real_file_keeps_its_areas_with_a_fraction_of_its_points(
    name: str, code: str | None, count: int, tmp_path: Path
) -> None:
    raw = json.loads((SHARED / name).read_text(encoding="utf-8"))
    expected: dict[str, Any] = {}
    for item in raw["features"]:
        shape = item["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        expected[str(item["properties"][code] if code else item["id"])] = parts
    city = city_with_maps(
        tmp_path / "city", [(area, "district", "C") for area in expected], **({"map_code": code} if code else {})
    )
    shutil.copy(SHARED / name, city.folder / "maps")
    with shape_table(city) as con:
        rows = con.execute("select area_code, polygons, label_longitude, label_latitude from reference.area_shapes")
        found = {area: (json.loads(text), x, y) for area, text, x, y in rows.fetchall()}
    assert found.keys() == expected.keys()
    assert len(found) == count
    points = 0
    for area, (polygons, x, y) in found.items():
        assert whole_area(polygons) == pytest.approx(whole_area(expected[area]), rel=0.01), area
        assert any(inside(x, y, polygon) for polygon in polygons), area
        for ring in (ring for polygon in polygons for ring in polygon):
            assert ring[0] == ring[-1] and len(ring) >= 4
            points += len(ring)
    assert points < sum(len(ring) for parts in expected.values() for polygon in parts for ring in polygon) / 3


def test_codes_are_found_by_the_named_property_or_the_usual_ones_or_the_id(tmp_path: Path) -> None:
    by_id = {**feature(None, [moved(SQUARE, 4)]), "id": "A1"}
    text = collection(
        feature("A", [SQUARE]), feature(None, [moved(SQUARE, 2)], adcode=12), feature(12.0, [moved(SQUARE, 8)]), by_id
    )
    assert shapes_of(tmp_path / "usual", text).keys() == {"A", "12", "A1"}
    named = collection(feature("A", [SQUARE], ward=12.0), feature("B", [moved(SQUARE, 2)], ward="B"))
    assert shapes_of(tmp_path / "named", named, map_code="ward").keys() == {"12", "B"}


def test_an_area_in_several_features_or_levels_is_whole_and_codes_of_nobody_are_left_out(tmp_path: Path) -> None:
    line = {"type": "Feature", "properties": {"area_code": "B"}, "geometry": {"type": "LineString", "coordinates": []}}
    found = shapes_of(
        tmp_path,
        collection(
            feature("A", [SQUARE]), feature("A", [moved(SQUARE, 3)]), feature("A1", [moved(SQUARE, 0, size=0.5)]),
            feature("nobody", [moved(SQUARE, 9)]), line, feature("B"),
        ),
    )  # fmt: skip
    assert found.keys() == {"A", "A1"}
    assert len(found["A"]) == 2


def test_whichever_way_rings_run_a_hole_runs_against_its_outer_ring_and_rings_are_closed(tmp_path: Path) -> None:
    hole = moved(SQUARE, 0.25, 0.25, 0.5)
    found = shapes_of(
        tmp_path,
        collection(
            feature("A", [SQUARE, hole]), feature("B", [moved(SQUARE[::-1], 2), moved(hole[::-1], 2)]),
            feature("A1", [SQUARE[:-1]]), feature("12", [SQUARE[::-1], hole]),
        ),
    )  # fmt: skip
    for code in ("A", "B", "12"):
        outer, inner = found[code][0]
        assert area_of(outer) == pytest.approx(2.0) and area_of(inner) == pytest.approx(-0.5), code
    assert found["A1"][0][0][0] == found["A1"][0][0][-1]


@pytest.mark.parametrize(
    ("text", "why", "todo"),
    [
        ('{"type": "FeatureCollection", "features": [', "not valid JSON (line 1)", "export it again"),
        ("[" * 100_000, "not valid JSON", "export it again"),
        ("\xff\xfe".encode("latin-1"), "not UTF-8", "export it again"),
        ('{"type": "Topology", "objects": {}, "arcs": []}', "is TopoJSON", "GeoJSON"),
        ("[1, 2]", "no FeatureCollection", "GeoJSON"),
        (collection(feature("A", [[[500_000, 2_500_000], [500_100, 2_500_000], [500_100, 2_500_100]]])), "are no degrees", "WGS 84"),
        (collection(feature("A", [[[22.5, 114.1], [22.6, 114.1], [22.6, 114.2], [22.5, 114.1]]])), "latitude before longitude", "swap"),
        (collection(feature("A", ["@@DSÐÁBA"])), "no pairs of numbers", "plain GeoJSON"),
        (collection(feature("A", [[[0, 0], [1, float("nan")], [1, 1], [0, 0]]])), "are no degrees", "WGS 84"),
        (collection(feature("A", [SQUARE], valid_from="spring")), "valid_from is not a date", "mend"),
        (collection(feature(None, [SQUARE], ward="1")), "its features have ward", "map_code"),
        (collection(feature("X", [SQUARE]), feature("Y", [SQUARE])), "none of its codes (X, Y, …) is an area", "map_code"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_drawn_is_refused_by_name_with_what_to_do(
    text: str | bytes, why: str, todo: str, tmp_path: Path
) -> None:
    city = city_with_maps(tmp_path / "city", AREAS)
    (city.folder / "maps" / "odd.geojson").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as refusal:
        shape_table(city)
    assert "maps/odd.geojson" in str(refusal.value)
    assert why in str(refusal.value) and todo in str(refusal.value)


def test_a_file_of_more_than_20_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    city = city_with_maps(tmp_path / "city", AREAS)
    with (city.folder / "maps" / "big.geojson").open("wb") as file:
        file.truncate(20_000_001)
    with pytest.raises(ConfigurationError, match=r"maps/big\.geojson has 20\.0 MB"):
        shape_table(city)


def test_two_files_may_outline_an_area_only_for_different_days(tmp_path: Path) -> None:
    city = city_with_maps(tmp_path / "city", AREAS)
    for name in ("a", "b"):
        (city.folder / "maps" / f"{name}.geojson").write_text(collection(feature("A", [SQUARE])))
    with pytest.raises(ConfigurationError, match=r"maps/b\.geojson and maps/a\.geojson both outline A"):
        shape_table(city)
    (city.folder / "maps" / "b.geojson").write_text(collection(feature("A", [SQUARE], valid_from="2026-01-01T00:00")))
    with shape_table(city) as con:
        assert con.execute("select count(*) from reference.area_shapes").fetchall() == [(2,)]


def test_no_dropped_point_lies_farther_off_than_the_tolerance() -> None:
    rng = np.random.default_rng(7)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 400))
    radius = 1 + rng.normal(0, 0.05, 400)
    ring = np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])
    ring = np.vstack([ring, ring[:1]])
    kept = outlines.simplify_ring(ring, 0.06)
    assert 4 <= len(kept) < 300

    def gap(p: Any, a: Any, b: Any) -> float:
        length = math.dist(a, b)
        share = max(0.0, min(1.0, ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length**2))
        return math.dist(p, (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))

    for point in ring:
        assert min(gap(point, a, b) for a, b in itertools.pairwise(kept)) <= 0.06 + 1e-12


def test_a_ring_that_two_areas_share_stays_one_line_wherever_the_file_begins_it() -> None:
    angles = np.linspace(0, 2 * np.pi, 300)[:-1]
    ring = np.column_stack([np.cos(angles) + 0.03 * np.sin(40 * angles), np.sin(angles)])
    one, other = np.roll(ring, 90, axis=0), np.roll(ring[::-1], 10, axis=0)
    closed = [np.vstack([r, r[:1]]) for r in (one, other)]
    first, second = (outlines.simplify_ring(r, 0.01) for r in closed)
    assert {tuple(p) for p in first} == {tuple(p) for p in second}
    assert len(first) < 200


def test_the_areas_of_one_picture_have_a_bounded_number_of_points_and_none_gets_lost() -> None:
    rng = np.random.default_rng(1)
    angles = np.linspace(0, 2 * np.pi, 20_000)[:-1]

    def rough(x: float) -> Any:
        radius = 1 + rng.uniform(0, 0.3, len(angles))
        ring = np.column_stack([x + radius * np.cos(angles), radius * np.sin(angles)])
        return [[np.vstack([ring, ring[:1]])]]

    speck = [[np.array(moved(SQUARE, 20.0, 0.0, 1e-5))]]
    made = outlines.simplify_together({"a": rough(0), "b": rough(3), "c": rough(6), "speck": speck})
    assert sum(len(ring) for polygons in made.values() for polygon in polygons for ring in polygon) <= 12_000
    assert all(polygons for polygons in made.values())
    assert len(made["speck"][0][0]) == 5


def test_a_label_stands_where_an_area_is_widest_and_never_in_its_hole() -> None:
    handle = np.array([[0, 0], [10, 0], [10, 4], [6, 4], [6, 0.2], [0, 0.2], [0, 0]], dtype=float)
    x, y, room = outlines.label_place([[handle]])
    assert 6 < x < 10 and 0 < y < 4
    assert room == pytest.approx(2.0, rel=0.1)
    ring = np.array(moved(SQUARE, 0, 0, 10))
    hole = np.array(moved(SQUARE, 1, 1, 8.9))
    x, y, room = outlines.label_place([[ring, hole]])
    assert inside(x, y, [ring, hole])
    assert room < 1.1


def test_outlines_look_as_on_the_ground_and_those_of_the_day_are_taken(tmp_path: Path) -> None:
    city = city_with_maps(tmp_path / "maps_only", [("440301", "district", "440300"), ("440302", "district", "440300")])
    old, new = moved(SQUARE, 10, 59.5), moved(SQUARE, 12, 59.5)
    (city.folder / "maps" / "all.geojson").write_text(
        collection(
            feature("440301", [old], valid_to="2026-01-01"), feature("440301", [new], valid_from="2026-01-01"),
            feature("440302", [moved(SQUARE, 14, 59.5)]),
        )
    )  # fmt: skip
    edition = publish(tmp_path / "city", shape=Shape(months=1, weeks=1))
    add_shapes(edition, city)
    path, codes = str(edition), ("440301", "440302")
    before, after = (geo.outlines(path, codes, day) for day in (date(2025, 12, 31), date(2026, 1, 1)))
    assert before.keys() == after.keys() == set(codes)
    # at 60° north a degree of longitude is half as long as one of latitude
    assert before["440301"].polygons[0][0][0] == pytest.approx([5.0, 59.5])
    assert after["440301"].polygons[0][0][0] == pytest.approx([6.0, 59.5])
    assert after["440301"].x == pytest.approx(6.25, abs=0.05)
    assert geo.outlines(path, ("440303",), date(2026, 1, 1)) == {}


def test_tiles_keep_north_above_south_and_west_before_east_and_never_share_a_cell() -> None:
    def place(code: str, x: float | None, y: float | None) -> Place:
        return Place(code, (code, code), "district", "C", x, y)

    corners = [place("se", 1, 0), place("nw", 0, 1), place("sw", 0, 0), place("ne", 1, 1)]
    found = geo.tiles(tuple(corners))
    assert found["nw"][0] < found["ne"][0] and found["sw"][0] < found["se"][0]
    assert found["nw"][1] < found["sw"][1] and found["ne"][1] < found["se"][1]
    rng = np.random.default_rng(3)
    many = [place(f"{i:03d}", *map(float, rng.normal(0, 1, 2))) for i in range(60)]
    cells = geo.tiles(tuple(many))
    assert len(set(cells.values())) == 60
    assert cells == geo.tiles(tuple(many[::-1]))
    # on average nobody stands more than one and a half columns from its place in the order from west to east
    columns = 1 + max(c for c, _ in cells.values())
    by_x = sorted(many, key=lambda p: p.longitude or 0)
    drift = [abs(cells[p.code][0] - index * columns / 60) for index, p in enumerate(by_x)]
    assert sum(drift) / 60 < 1.5
    assert [*geo.tiles((place("b", None, 1.0), place("a", 1.0, 0.0)))] == ["a", "b"]
    assert geo.tiles(()) == {}


def test_a_refresh_writes_the_outlines_into_the_marts_and_the_doctor_names_what_is_wrong(city: SmallCity) -> None:
    folder = city.folder / "maps"
    folder.mkdir()
    (folder / "districts.geojson").write_text(collection(feature("D1", [SQUARE])))
    (folder / "districts.shp").write_bytes(b"")
    with open_warehouse(city.open()) as con:
        create_landing(con, CONTRACTS.values())
        con.execute("INSERT INTO landing.areas (area_code, valid_from, level) VALUES ('D1', '2020-01-01', 'district')")
        write_city_reference(con, city.open())
        rows = con.execute((SQL / "marts" / "area_shapes.sql").read_text()).fetchall()
        assert [row[0] for row in rows] == ["D1"]
        said = {finding.text: finding.good for finding in doctor.examine(city.folder)}
        assert said["maps/districts.geojson: 1 outlines"] is True
        assert any("maps/districts.shp is never read" in text and not good for text, good in said.items())
        (folder / "districts.geojson").unlink()
        write_city_reference(con, city.open())
        assert con.execute("select count(*) from reference.area_shapes").fetchall() == [(0,)]


def test_a_hostile_or_empty_file_gives_no_more_than_its_outlines(tmp_path: Path) -> None:
    assert maps.map_files(city_with_maps(tmp_path / "none", AREAS)) == []
    evil = "<script>alert(1)</script>'; DROP TABLE x; --"
    areas = [*AREAS, (evil, "street", "A")]
    city = city_with_maps(tmp_path / "evil", areas)
    (city.folder / "maps" / "x.geojson").write_text(collection(feature(evil, [SQUARE])))
    with shape_table(city) as con:
        assert con.execute("select area_code from reference.area_shapes").fetchall() == [(evil,)]
