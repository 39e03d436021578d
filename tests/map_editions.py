"""Editions with outlines, for the tests of the map: made from real files by the code that a refresh uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from pipelines.city import City
from pipelines.maps import write_shapes


def city_with_maps(folder: Path, areas: Iterable[tuple[str, str, str | None]], **settings: str) -> City:
    """A city folder whose areas (code, level, parent) `shape_table` will know; map files go into its `maps/`."""
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    document = {"name": {"zh": "小城", "en": "Smalltown"}, "time_zone": "Asia/Shanghai", **settings}
    (folder / "city.yaml").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    (folder / "areas.json").write_text(json.dumps(list(areas)), encoding="utf-8")
    return City.open(folder)


def shape_table(city: City) -> duckdb.DuckDBPyConnection:
    """A warehouse that holds the areas of such a city and the outlines of its map files."""
    con = duckdb.connect()
    con.execute(
        "create schema landing; create schema reference; create table landing.areas (area_code varchar, "
        "valid_from date, level varchar, parent_code varchar)"
    )
    areas = json.loads((city.folder / "areas.json").read_text(encoding="utf-8"))
    if areas:
        con.executemany("insert into landing.areas values (?, date '2000-01-01', ?, ?)", areas)
    write_shapes(con, city)
    return con


def add_shapes(edition: Path, city: City, rename: Callable[[str], str] = str) -> None:
    """Put the outlines of a city's map files into an edition, under other codes if wanted."""
    with shape_table(city) as source:
        rows = source.execute("select * from reference.area_shapes").fetchall()
    with duckdb.connect(str(edition)) as con:
        con.execute(
            "create table marts.area_shapes (area_code varchar, valid_from date, valid_to date, polygons varchar, "
            "label_longitude double, label_latitude double, label_room double)"
        )
        con.executemany(
            "insert into marts.area_shapes values (?, ?, ?, ?, ?, ?, ?)", [(rename(row[0]), *row[1:]) for row in rows]
        )
