"""Counts that their source hides: kept as suppressed, in no sum as if they were known; the starred extract of LibrariesWest."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from small_city import CONTRACTS, KEY, SmallCity, lines

from pipelines.city import City
from pipelines.ingest.ledger import create_landing
from pipelines.ingest.load import load_dataset
from pipelines.warehouse import open_warehouse

CITIES = Path(__file__).parent / "cities"
SHARED = Path(os.environ.get("STREETWISE_SHARED") or Path(__file__).parents[2] / "shared").resolve()
real = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real extracts (STREETWISE_SHARED) are not here")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> SmallCity:
    folder = tmp_path_factory.mktemp("libraries") / "libraries_west"
    shutil.copytree(CITIES / "libraries_west", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETWISE_SHARED", str(SHARED))
        patch.setenv("STREETWISE_KEY", KEY)
        city = City.open(folder)
        with open_warehouse(city) as con:
            create_landing(con, CONTRACTS.values())
            for dataset in ("areas", "headcounts"):
                result = load_dataset(con, city, CONTRACTS[dataset], run_id=None)
                assert not result.refused, [delivery.reason_en for delivery in result.refused]
    return SmallCity(folder)


@real
def test_every_row_of_the_starred_file_is_loaded_and_a_star_is_neither_zero_nor_dropped(libraries: SmallCity) -> None:
    counts = libraries.rows(
        "SELECT rows_in, rows_loaded, rows_rejected, rows_deduplicated, rows_left_out FROM landing.deliveries"
        " WHERE dataset = 'headcounts'"
    )
    assert counts == [(13004, 13004, 0, 0, 0)]
    kept = libraries.rows(
        "SELECT is_suppressed, count(*), count(headcount), min(headcount) FROM landing.headcounts GROUP BY 1 ORDER BY 1"
    )
    assert kept == [(False, 3905, 3905, 5), (True, 9099, 0, None)]


@real
def test_every_published_library_total_lies_within_what_the_starred_detail_allows(libraries: SmallCity) -> None:
    found = {
        name: (known, stars)
        for name, known, stars in libraries.rows(
            "SELECT l.area_name, coalesce(sum(h.headcount), 0), count(*) FILTER (WHERE h.is_suppressed)"
            " FROM landing.headcounts AS h JOIN landing.areas AS cell ON cell.area_code = h.area_code"
            " JOIN landing.areas AS l ON l.area_code = cell.parent_code GROUP BY 1"
        )
    }
    with (SHARED / "data/libraries_west/members_summary.csv").open() as handle:
        published = {row["name"]: int(row["users"]) for row in csv.DictReader(handle)}
    assert len(published) == 134
    assert found.keys() == published.keys()
    for name, total in published.items():
        known, stars = found[name]
        # a star stands for one to four, a total is rounded to ten
        assert known + stars - 5 <= total <= known + 4 * stars + 5, name


def test_a_row_without_a_number_must_say_that_it_is_suppressed_and_one_with_a_number_must_not(city: SmallCity) -> None:
    good = [f"A{n},cadre,2026-03-31,{n},否" for n in range(6, 40)]
    city.drop("headcounts", "h.csv", lines(
        "区划代码,人员类别,统计日期,人数,是否隐去", *good, "A1,cadre,2026-03-31,,是", "A2,cadre,2026-03-31,,",
        "A3,cadre,2026-03-31,3,是",
    ))  # fmt: skip
    delivery = city.load_one("headcounts")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (35, 2)
    assert city.rejects() == [(37, "counted_or_suppressed", None), (38, "counted_or_suppressed", None)]
    assert city.rows("SELECT headcount, is_suppressed FROM landing.headcounts WHERE area_code = 'A1'") == [(None, True)]


@pytest.fixture(scope="module")
def figures() -> dict[tuple[str, str], tuple[Any, ...]]:
    """(indicator, area) → numerator, denominator, value, status in March 2026. A1 is known, A2 and A3 are suppressed."""
    con = empty_warehouse()
    insert(con, "areas", [
        {"area_code": code, "level": level, "parent_code": parent, "area_name": code, "area_name_en": code,
         "population": people, "valid_from": "2020-01-01"}
        for code, level, parent, people in (
            ("C", "city", None, None), ("D1", "district", "C", None), ("D2", "district", "C", None),
            ("S1", "street", "D1", None), ("S2", "street", "D2", None), ("A1", "community", "S1", 10000),
            ("A2", "community", "S2", 5000), ("A3", "community", "S2", 5000),
        )
    ])  # fmt: skip
    insert(con, "headcounts", [
        {"area_code": code, "role": role, "as_of": "2026-03-31", "headcount": number, "is_suppressed": number is None}
        for code, role, number in (
            ("A1", "cadre", 12), ("A1", "community_worker", 25), ("A1", "partner_head", 15),
            ("A2", "cadre", 12), ("A2", "community_worker", None), ("A2", "partner_head", None),
            ("A3", "cadre", None), ("A3", "community_worker", 30), ("A3", "partner_head", 20),
        )
    ])  # fmt: skip
    build(con, {"headcounts": "2026-03-31 23:59:59"})
    rows = con.execute(
        "SELECT indicator_id, area_code, numerator, denominator, value, status FROM marts.indicator_values"
        " WHERE indicator_id IN ('M11', 'M12', 'M18') AND grain = 'month' AND period_start = DATE '2026-03-01'"
        " AND dimension = 'all'"
    ).fetchall()
    con.close()
    return {(row[0], row[1]): row[2:] for row in rows}


def test_a_sum_with_a_suppressed_part_is_unknown_at_every_level_above_it(
    figures: dict[tuple[str, str], tuple[Any, ...]],
) -> None:
    assert figures[("M18", "D1")][2] == 15
    assert figures[("M18", "A3")][2] == 20
    assert figures[("M11", "D1")][2] == pytest.approx(25)
    for indicator, area in (("M18", "A2"), ("M18", "D2"), ("M18", "C"), ("M11", "A2"), ("M11", "S2"), ("M11", "C")):
        assert figures[(indicator, area)] == (None, None, None, "suppressed"), (indicator, area)


def test_a_standard_beyond_four_is_missed_by_a_suppressed_count(
    figures: dict[tuple[str, str], tuple[Any, ...]],
) -> None:
    # The standards are 10 cadres and 20 workers: one to four are too few, whatever the number is.
    assert figures[("M12", "C")][:2] == (1, 3)
    assert figures[("M12", "D2")][:2] == (0, 2)


def test_a_standard_that_one_to_four_may_reach_is_left_unknown() -> None:
    con = duckdb.connect()
    con.execute("CREATE SCHEMA core; CREATE SCHEMA reference")
    con.execute("CREATE TABLE core.indicator_periods AS SELECT 'M12' AS indicator_id, DATE '2026-03-31' AS stock_on")
    con.execute(
        "CREATE TABLE core.units AS SELECT DATE '2026-03-31' AS stock_on, unnest(['A1', 'A2']) AS area_code,"
        " 'community' AS level, 1000 AS population, 'urban' AS area_kind"
    )
    con.execute(
        "CREATE TABLE reference.standards AS SELECT * FROM (VALUES ('workers', 3, NULL), ('cadres', 1, NULL))"
        " AS t(standard, value, area_kind)"
    )
    con.execute(
        "CREATE TABLE core.headcounts AS SELECT *, DATE '2026-01-01' AS from_on, DATE '9999-12-31' AS to_on FROM (VALUES"
        " ('A1', 'cadre', NULL, 1, 4), ('A1', 'community_worker', NULL, 1, 4),"
        " ('A2', 'cadre', NULL, 1, 4), ('A2', 'community_worker', 7, 7, 7)) AS t(area_code, role, headcount, at_least, at_most)"
    )
    sql = (Path(__file__).parents[1] / "sql/stocks/headcounts.sql").read_text(encoding="utf-8")
    found = con.execute(f"SELECT area_code, numerator, denominator FROM ({sql}) ORDER BY 1").fetchall()
    con.close()
    # A1: one to four workers may or may not be three. A2: even one cadre suffices.
    assert found == [("A1", None, 1), ("A2", 1, 1)]
