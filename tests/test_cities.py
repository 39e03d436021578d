"""Real extracts of four cities, with the answers that their owners published."""

from __future__ import annotations

import csv
import os
import shutil
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml
from dagster import DagsterInstance

from pipelines import publish as publishing
from pipelines.city import City
from pipelines.contracts.model import load_contracts
from pipelines.ingest.ledger import create_landing
from pipelines.ingest.load import load_dataset
from pipelines.refresh import refresh
from pipelines.tables import read_tables, run_tables
from pipelines.transform import write_city_reference
from pipelines.warehouse import open_warehouse

CITIES = Path(__file__).parent / "cities"
SHARED = Path(os.environ.get("STREETWISE_SHARED") or Path(__file__).parents[2] / "shared").resolve()
pytestmark = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason="the real extracts (STREETWISE_SHARED) are not here"
)


def refreshed(folder: Path, name: str, *, whole: bool = False, **changes: object) -> City:
    """A copy of one of the test cities, with keys of city.yaml changed, after a refresh: the whole nightly job, or its steps
    one by one without Dagster, which takes half of the time and makes no figure."""
    target = folder / name
    if not target.exists():
        shutil.copytree(CITIES / name, target)
    settings = yaml.safe_load((target / "city.yaml").read_text())
    (target / "city.yaml").write_text(yaml.safe_dump({**settings, **changes}, allow_unicode=True))
    city = City.open(target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETWISE_SHARED", str(SHARED))
        patch.setenv("STREETWISE_KEY", "a key of the tests")
        if whole:
            outcome = refresh(city, instance=DagsterInstance.ephemeral())
            assert outcome.succeeded, outcome.problems
        else:
            patch.setattr(publishing, "_write_data_docs", lambda con, city, folder: folder.mkdir())
            run_steps(city)
    return city


def run_steps(city: City) -> None:
    """What the nightly job does, in its order."""
    contracts = load_contracts()
    with open_warehouse(city) as con:
        create_landing(con, contracts.values())
        for contract in sorted(contracts.values(), key=lambda contract: contract.dataset != "areas"):
            result = load_dataset(con, city, contract, run_id="run-1")
            assert result.refused == (), contract.dataset
        write_city_reference(con, city)
        run_tables(con, read_tables())
        publishing.publish(con, city, run_id="run-1")


@contextmanager
def edition(city: City) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(str((city.published / "current").resolve()), read_only=True)
    try:
        yield con
    finally:
        con.close()


def figures(
    city: City, indicator: str, *, grain: str = "year", level: str = "city"
) -> dict[tuple[str, str], tuple[float, float, float, int]]:
    """(area_code, period_start) → (numerator, denominator, value, excluded) of an indicator's totals."""
    with edition(city) as con:
        rows = con.execute(
            "SELECT area_code, CAST(period_start AS VARCHAR), numerator, denominator, value, excluded FROM marts.indicator_values"
            " WHERE indicator_id = ? AND grain = ? AND area_level = ? AND dimension = 'all'",
            [indicator, grain, level],
        ).fetchall()
    return {(r[0], r[1]): (r[2], r[3], r[4], r[5]) for r in rows}


def every_figure(city: City) -> set[tuple[object, ...]]:
    with edition(city) as con:
        return set(con.execute("SELECT * EXCLUDE (edition, run_id, as_of) FROM marts.indicator_values").fetchall())


def boston(folder: Path, file: str, *, whole: bool = False) -> City:
    return refreshed(
        folder,
        "boston",
        whole=whole,
        sources={"tickets": {"files": [f"${{STREETWISE_SHARED}}/data/boston_311/{file}"]}},
    )


@pytest.fixture(scope="module")
def boston_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return boston(tmp_path_factory.mktemp("boston"), "boston311-100.csv", whole=True)


def test_boston_has_the_counts_and_the_on_time_share_that_the_city_published(boston_city: City) -> None:
    year = ("boston", "2022-01-01")
    assert figures(boston_city, "T01")[year][0] == 100
    assert figures(boston_city, "T02")[year][:2] == (85, 100)
    assert figures(boston_city, "T19")[year][:3] == (83, 100, 0.83)


def test_boston_has_the_published_median_of_16_157_hours(boston_city: City) -> None:
    _, n, hours, _ = figures(boston_city, "T13")[("boston", "2022-01-01")]
    assert n == 85
    assert hours == pytest.approx(16.157, abs=5e-4)


def test_boston_counts_open_overdue_cases_against_timeliness(boston_city: City) -> None:
    # Of the 100 cases 89 have a target date; due are those whose target lies before the data cut (the last closing).
    with (SHARED / "data/boston_311/boston311-100.csv").open() as handle:
        cases = [row for row in csv.DictReader(handle) if row["target_dt"].strip()]
    due = [c for c in cases if c["target_dt"] <= "2022-04-25 14:30:31"]
    in_time = [c for c in due if c["closed_dt"].strip() and c["closed_dt"] <= c["target_dt"]]
    never_closed = [c for c in due if not c["closed_dt"].strip()]
    assert (len(cases), len(never_closed) > 0) == (89, True)
    years = figures(boston_city, "T03").values()
    assert (sum(row[0] for row in years), sum(row[1] for row in years)) == (len(in_time), len(due))


def test_neighbourhoods_and_unlocated_cases_add_up_to_boston(boston_city: City) -> None:
    parts = figures(boston_city, "T01", level="district")
    assert sum(row[0] for row in parts.values()) == 100
    # one case has a blank neighbourhood, three say only "Boston"
    assert parts[("unlocated", "2022-01-01")][0] == 4
    assert parts[("dorchester", "2022-01-01")][0] == 15


@pytest.mark.parametrize(
    "file", ["boston311-100.tab", "boston311-100.jsonl", "boston311-100.csv.gz", "boston311-dmy-100.csv"]
)
def test_every_spelling_of_the_boston_file_gives_the_same_figures(file: str, boston_city: City, tmp_path: Path) -> None:
    assert every_figure(boston(tmp_path, file)) == every_figure(boston_city)


def test_the_boston_file_with_duplicates_gives_the_figures_of_the_deduplicated_one(tmp_path: Path) -> None:
    with_duplicates = boston(tmp_path / "a", "boston311-100-20dupes-random.csv")
    deduplicated = boston(tmp_path / "b", "boston311-100-deduped.csv")
    assert every_figure(with_duplicates) == every_figure(deduplicated)
    assert figures(with_duplicates, "T01")[("boston", "2022-01-01")][0] == 80
    with edition(with_duplicates) as con:
        row = con.execute(
            "SELECT rows_in, rows_loaded, rows_rejected, rows_deduplicated FROM marts.deliveries WHERE dataset = 'tickets'"
        ).fetchall()
    assert row == [(100, 80, 0, 20)]


def test_the_broken_row_of_the_boston_tsv_is_rejected_with_its_line(tmp_path: Path) -> None:
    city = boston(tmp_path, "boston311-100-bad.tsv")
    with edition(city) as con:
        rejects = con.execute("SELECT source_row, rule_id, reason_zh, reason_en FROM marts.rejects").fetchall()
        counts = con.execute(
            "SELECT rows_in, rows_loaded, rows_rejected FROM marts.deliveries WHERE dataset = 'tickets'"
        ).fetchall()
    assert [(row[0], row[1]) for row in rejects] == [(41, "file.row_shape")]
    assert "29" in rejects[0][2] and "29" in rejects[0][3]
    assert counts == [(100, 99, 1)]


@pytest.fixture(scope="module")
def los_angeles(tmp_path_factory: pytest.TempPathFactory) -> City:
    return refreshed(tmp_path_factory.mktemp("la"), "los_angeles")


def test_the_13_los_angeles_requests_that_close_before_they_open_are_rejects(los_angeles: City) -> None:
    with edition(los_angeles) as con:
        rules = con.execute("SELECT rule_id, count(*) FROM marts.rejects GROUP BY 1 ORDER BY 1").fetchall()
        counts = con.execute(
            "SELECT rows_in, rows_loaded, rows_rejected FROM marts.deliveries WHERE dataset = 'tickets'"
        ).fetchall()
    assert rules == [("closed_before_accepted", 13), ("resolved_before_accepted", 13)]
    assert counts == [(10000, 9987, 13)]


def test_a_planned_visit_in_los_angeles_is_no_deadline(los_angeles: City) -> None:
    # No request has a due date, so nothing is on time or late, and no ticket is overdue.
    assert all(row[1] == 0 for row in figures(los_angeles, "T03").values())
    assert all(row[0] == 0 for row in figures(los_angeles, "T12").values())


def test_cancelled_and_referred_out_requests_are_excluded_and_counted(los_angeles: City) -> None:
    received, _, _, excluded = figures(los_angeles, "T01")[("los_angeles", "2018-01-01")]
    with (SHARED / "data/la_311/MyLA311_2018_first_days.csv").open() as handle:
        valid = [row for row in csv.DictReader(handle) if hours_of(row) >= 0]
    assert received == sum(row["Status"] == "Closed" for row in valid)
    assert excluded == sum(row["Status"] != "Closed" for row in valid)


def hours_of(row: dict[str, str], zone: tzinfo = UTC) -> float:
    """Hours from opening to closing; with a zone, hours that really passed (one less over the start of summer time)."""
    form = "%m/%d/%Y %I:%M:%S %p"
    opened, closed = (datetime.strptime(row[name], form).replace(tzinfo=zone) for name in ("CreatedDate", "ClosedDate"))
    return (closed.astimezone(UTC) - opened.astimezone(UTC)).total_seconds() / 3600


def test_the_median_of_los_angeles_follows_the_published_one_but_for_rejects_and_exclusions(los_angeles: City) -> None:
    with (SHARED / "data/la_311/MyLA311_2018_first_days.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert statistics.median(map(hours_of, rows)) == pytest.approx(46.285, abs=5e-4)  # as published, over all rows
    by_month, zone = defaultdict(list), ZoneInfo("America/Los_Angeles")
    for row in rows:
        if row["Status"] == "Closed" and hours_of(row) >= 0:
            by_month[f"{row['ClosedDate'][6:10]}-{row['ClosedDate'][:2]}-01"].append(hours_of(row, zone))
    found = {period: row for (_, period), row in figures(los_angeles, "T13", grain="month").items() if row[1]}
    assert {period: row[1] for period, row in found.items()} == {
        period: len(hours) for period, hours in by_month.items()
    }
    for period, hours in by_month.items():
        assert found[period][2] == pytest.approx(statistics.median(hours), abs=1e-9)


@pytest.fixture(scope="module")
def chicago(tmp_path_factory: pytest.TempPathFactory) -> City:
    return refreshed(tmp_path_factory.mktemp("chicago"), "chicago")


def cents(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(Decimal("0.01"))


def test_chicago_committed_agrees_with_the_published_budget_to_the_cent_for_every_ward(chicago: City) -> None:
    found = figures(chicago, "F05", level="community")
    with (SHARED / "data/chicago_ward_budget/published.csv").open() as handle:
        published = list(csv.DictReader(handle))
    assert len(published) == 100
    for row in published:
        committed, budget, _, _ = found[(f"ward_{row['ward']}", f"{row['year']}-01-01")]
        assert cents(committed) == Decimal(row["committed_total"])
        assert cents(budget) == Decimal(row["menu_budget"])


def test_chicago_totals_of_four_years_are_right_to_the_cent(chicago: City) -> None:
    # 2021 and 2022 have no published budget: their commitments stand in the total all the same.
    totals = {period: cents(row[0]) for (_, period), row in figures(chicago, "F05").items()}
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with (SHARED / "data/chicago_ward_budget/C_wardwise_2019-2022.csv").open() as handle:
        for row in csv.DictReader(handle):
            expected[f"{row['year']}-01-01"] += Decimal(row["cost"])
    assert expected["2019-01-01"] == Decimal("65977999.50")
    assert totals == dict(expected)


SEATS = [("2020-06-30", 283, 296), ("2022-06-30", 287, 296), ("2023-06-30", 334, 345), ("2025-06-30", 323, 345)]


@pytest.fixture(scope="module")
def washington(tmp_path_factory: pytest.TempPathFactory) -> City:
    """As of half a year after the second redistricting: figures of both are within its 24 months."""
    return refreshed(tmp_path_factory.mktemp("washington"), "washington", as_of="2023-06-30T23:59:59-04:00")


def test_washington_has_the_published_number_of_filled_seats_on_four_days_over_two_redistrictings(
    tmp_path: Path, washington: City
) -> None:
    for day, filled, seats in SEATS:
        city = washington if day == "2023-06-30" else refreshed(tmp_path, "washington", as_of=f"{day}T23:59:59-04:00")
        found = figures(city, "M03", grain="month")[("dc", f"{day[:7]}-01")]
        assert found[:2] == (filled, seats), day
        wards = figures(city, "M03", grain="month", level="district")
        of_month = [row for (_, period), row in wards.items() if period == f"{day[:7]}-01"]
        assert (sum(row[0] for row in of_month), sum(row[1] for row in of_month)) == (filled, seats)


def test_washington_seats_of_2022_on_the_districts_of_2023_are_what_the_published_overlaps_give(
    washington: City,
) -> None:
    with (SHARED / "data/dc_anc/districts.csv").open() as handle:
        districts = list(csv.DictReader(handle))
    with (SHARED / "data/dc_anc/commissioner_terms_no_names.csv").open() as handle:
        held = {
            row["smd_id"]
            for row in csv.DictReader(handle)
            if row["start_date"] <= "2022-06-30" < (row["end_date"] or "9")
        }
    places = {row["smd_id"]: (row["anc_id"].replace("/", "-"), f"ward_{row['anc_id'][4]}_2022") for row in districts}
    expected: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in districts:
        if row["redistricting_cycle"] != "2012-2020":
            continue
        weights = [float(part) for part in row["overlap_percentage"].split(", ")]
        for heir, weight in zip(row["overlap_smds"].split(", "), weights, strict=True):
            for level, code in zip(
                ("community", "street", "district"), (heir.replace("/", "-"), *places[heir]), strict=True
            ):
                expected[level, code][0] += weight / sum(weights) * (row["smd_id"] in held)
                expected[level, code][1] += weight / sum(weights)
    with edition(washington) as con:
        rows = con.execute(
            "SELECT area_level, area_code, numerator, denominator FROM marts.rebased_values"
            " WHERE indicator_id = 'M03' AND grain = 'month' AND period_start = DATE '2022-06-01'"
        ).fetchall()
    # by hand: smd_1A01 went whole, and 0.1027 of 1A02, to 1D07
    assert places["smd_2022_1D07"] == ("anc_1D_2022", "ward_1_2022")
    found = {(level, code): (filled, seats) for level, code, filled, seats in rows}
    assert {key: value for key, value in found.items() if key[1] != "unlocated" and value[1]} == {
        key: (pytest.approx(filled), pytest.approx(seats)) for key, (filled, seats) in expected.items() if seats
    }
    for level in ("community", "street", "district"):
        parts = [value for (of, _), value in found.items() if of == level]
        assert (sum(f for f, _ in parts), sum(s for _, s in parts)) == (pytest.approx(287), pytest.approx(296))
