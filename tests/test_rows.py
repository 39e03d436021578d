"""The rows of every figure add up to it, on a city of a few dozen rows that has every indicator."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest
from landing import ROOT, build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF, TICKETS, at, ticket, utc
from test_indicators_money import LINES, PAYMENTS

from pipelines.catalogue import load_catalogue
from pipelines.rows import Rows, RowsUnknown, Wanted, rows_file, rows_files, rows_of
from pipelines.sql_files import SqlFileError
from pipelines.tables import read_tables, run_table

CATALOGUE = {entry.id: entry for entry in load_catalogue(ROOT / "data_contracts/indicators.yaml").indicators}
ORGANISATIONS = [
    {"org_id": org, "org_name": org, "org_level": level, "org_kind": "community", "area_code": code, "founded_on": "2019-01-01"}
    for org, level, code in (
        ("o1", "grid_branch", "G1"), ("o2", "grid_branch", "G3"), ("o3", "community_committee", "K1"), ("o4", "community_committee", "K3"),
    )
]  # fmt: skip
COUNTS = [
    ("K1", "community_worker", 24), ("K3", "community_worker", 12), ("K1", "cadre", 40), ("K3", "cadre", 40),
    ("K1", "volunteer", 900), ("K3", "volunteer", 150), ("K1", "active_volunteer", 300), ("K3", "active_volunteer", 100),
    ("K1", "volunteer_team", 2), ("K1", "partner_head", 15), ("K3", "partner_head", 20),
]  # fmt: skip


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Rows of every dataset: members and counts are many enough to be published in K1 and K3."""
    insert(con, "areas", AREAS)
    insert(con, "tickets", [{"department_count": 1 + n % 2} | row for n, row in enumerate(TICKETS)])
    insert(con, "tickets", [ticket("r1", "visit", "road", "K3", at("03-12"), exclusion_code="out_of_jurisdiction")])
    insert(con, "tickets", [ticket(f"r{n}", "hotline", "road", "K1", at(f"03-1{n}"), reporter_id="p9") for n in (4, 5)])
    insert(con, "tickets", [ticket("r6", "hotline", "road", "K1", at("05-06"), reporter_id="p9")])
    insert(con, "organisations", ORGANISATIONS)
    for n in range(160):
        insert(con, "members", [{
            "member_id": f"m{n}", "org_id": "o3" if n < 90 else "o4", "joined_on": "2024-01-01", "birth_year": 1950 if n % 2 else 1990,
            "is_floating": n % 3 == 0, "is_serving": n % 2 == 0, "is_secretary": True, "is_committee_member": n % 4 == 0,
            "schooling": "college" if n % 3 else "senior", "last_trained_on": "2026-01-10" if n % 2 else None,
            "reported_to_community_on": "2026-02-01" if n % 4 else None, "_valid_from": utc("2026-03-15 00:00"),
        }])  # fmt: skip
    insert(
        con, "headcounts", [{"area_code": c, "role": r, "as_of": "2026-03-10", "headcount": n} for c, r, n in COUNTS]
    )
    insert(con, "facilities", [
        {"facility_id": f"f{n}", "area_code": code, "kind": "community_centre", "floor_area_m2": size, "opened_on": "2026-01-15"}
        for n, (code, size) in enumerate((("K1", 600), ("K2", 400), ("G3", 500), ("K9", 900)))
    ])  # fmt: skip
    names = ("line_id", "area_code", "fiscal_year", "fund", "spending_type", "source", "opening_amount")
    insert(con, "budget_lines", [dict(zip(names, line, strict=True)) for line in LINES])
    insert(con, "payments", [
        {"payment_id": f"p{n}", "line_id": line, "kind": kind, "occurred_on": day, "amount": amount}
        for n, (line, kind, day, amount) in enumerate(PAYMENTS)
    ] + [
        {"payment_id": "c1", "line_id": "b1", "kind": "commitment", "occurred_on": "2026-02-01", "amount": 90},
        {"payment_id": "c1p", "line_id": "b1", "kind": "payment", "commitment_id": "c1", "occurred_on": "2026-04-03", "amount": 30},
        {"payment_id": "c2", "line_id": "b5", "kind": "commitment", "occurred_on": "2026-03-01", "amount": -5},
        {"payment_id": "lost", "line_id": "zz", "kind": "payment", "occurred_on": "2026-03-05", "amount": 7},
    ])  # fmt: skip
    insert(con, "surveys", [
        {"wave": "2026H1", "area_code": code, "question": question, "ended_on": "2026-03-31", "valid_respondents": n, "positive_respondents": n // 2}
        for question in ("satisfaction", "awareness", "participation", "property_service") for code, n in (("K1", 100), ("K3", 60))
    ])  # fmt: skip
    insert(con, "service_items", [
        {"item_id": "n1", "list": "need", "area_code": "K1", "category": "care", "registered_on": "2026-03-05", "matched_item_id": "x", "status": "matched"},
        {"item_id": "n2", "list": "need", "area_code": "K3", "category": "care", "registered_on": "2026-03-10", "status": "withdrawn"},
        {"item_id": "n3", "list": "need", "area_code": "K1", "category": "sports", "registered_on": "2026-05-10", "status": "registered"},
        {"item_id": "p1", "list": "project", "area_code": "K3", "registered_on": "2026-01-05", "claimed_on": "2026-03-01", "completed_on": "2026-04-01", "status": "completed"},
        {"item_id": "p2", "list": "project", "area_code": "K1", "registered_on": "2026-01-05", "claimed_on": "2026-03-15", "status": "claimed"},
    ])  # fmt: skip
    insert(con, "meetings", [
        {"meeting_id": f"a{n}", "area_code": code, "kind": kind, "held_on": day}
        for n, (code, kind, day) in enumerate((("K1", "assembly", "2026-03-05"), ("G1", "assembly", "2026-03-31"), ("K3", "assembly", "2026-05-05"), ("K1", "joint", "2026-03-06")))
    ])  # fmt: skip
    sheet = [
        ("o1", "final", 88, 90),
        ("o1", "self", 95, 100),
        ("o1", "spot", 70, 80),
        ("o2", "final", 96, 100),
        ("o4", "final", 70, 100),
    ]
    insert(con, "appraisals", [
        {"org_id": org, "period": "2026Q1", "method": method, "item": "i", "ended_on": "2026-03-31", "kind": "score", "points": points, "max_points": most}
        for org, method, points, most in sheet
    ])  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    fill(con)
    datasets = sorted({entry.dataset for entry in CATALOGUE.values()} | {"areas", "budget_lines"})
    build(con, dict.fromkeys(datasets, AS_OF), standards={"fund_floor": 250})
    yield con
    con.close()


def figures(con: duckdb.DuckDBPyConnection, indicator: str, where: str) -> list[dict[str, Any]]:
    return con.sql(
        f"""
        SELECT indicator_id, grain, period_start, area_level, area_code, dimension, member, numerator, denominator, excluded, pending, value, status
        FROM marts.indicator_values WHERE indicator_id = $id AND {where} ORDER BY ALL
        """,
        params={"id": indicator},
    ).pl().to_dicts()  # fmt: skip


def rows(con: duckdb.DuckDBPyConnection, said: dict[str, Any]) -> Rows:
    place = [said[name] for name in ("grain", "period_start", "area_level", "area_code", "dimension", "member")]
    return rows_of(con, Wanted(said["indicator_id"], *place))


def assert_adds_up(con: duckdb.DuckDBPyConnection, said: dict[str, Any]) -> Rows:
    """Σ of the rows = numerator, denominator, excluded and pending of the figure, and of hours to resolve the quantile."""
    found, kind = rows(con, said), CATALOGUE[said["indicator_id"]].kind
    # a period without cases has a row of zeros, beside what is pending
    for column in ("numerator", "denominator", "excluded", *(["pending"] if said["denominator"] else [])):
        if said["status"] != "suppressed" and said[column] is not None:
            assert (found.total(column) or 0) == pytest.approx(said[column], abs=1e-6), (column, said, found.frame)
    if kind in ("median", "percentile") and said["value"] is not None:
        hours = found.frame.filter(found.frame["denominator"] == 1)["hours_to_resolve"]
        assert hours.quantile(0.5 if kind == "median" else 0.9, "linear") == pytest.approx(said["value"])
    return found


@pytest.mark.parametrize("indicator", CATALOGUE)
def test_the_rows_of_an_indicator_add_up_to_its_figures(con: duckdb.DuckDBPyConnection, indicator: str) -> None:
    # the city in weeks, months, quarters and years; of March also K1, and the city by the members of every dimension
    periods = """
        (grain = 'month' AND period_start IN ('2026-03-01', '2026-04-01', '2026-05-01') OR grain = 'week' AND period_start = '2026-03-02'
            OR grain = 'quarter' AND period_start = '2026-01-01' OR grain = 'year' AND period_start >= '2025-01-01')
        AND (area_code = 'C' AND dimension = 'all' OR period_start = '2026-03-01' AND (area_code = 'K1' AND dimension = 'all' OR area_code = 'C' AND (numerator > 0 OR denominator > 0)))
    """
    said = figures(con, indicator, periods)
    shown = [one for one in said if one["status"] not in ("suppressed", "no_cases") and one["value"]]
    assert {one["area_code"] for one in shown} >= {"C"}, said
    assert CATALOGUE[indicator].only_closed or len({(one["grain"], one["period_start"]) for one in shown}) > 1
    for one in said:
        assert_adds_up(con, one)


@pytest.mark.parametrize("indicator", ["T03", "T11", "T16", "F05", "F07", "M16", "L01"])
def test_the_rows_of_streets_grids_and_nowhere_add_up_too(con: duckdb.DuckDBPyConnection, indicator: str) -> None:
    # K2 moves from one district to the other in March; K9 is no area
    for one in figures(con, indicator, "grain = 'month' AND period_start = '2026-03-01' AND dimension = 'all'"):
        assert_adds_up(con, one)


def numbers(
    con: duckdb.DuckDBPyConnection, indicator: str, grain: str, start: str, area: str = "C"
) -> dict[str, tuple[Any, ...]]:
    """Numerator, denominator and excluded by the id of the row."""
    (said,) = figures(
        con, indicator, f"grain = '{grain}' AND period_start = '{start}' AND area_code = '{area}' AND dimension = 'all'"
    )
    frame = rows(con, said).frame.select("row_id", "numerator", "denominator", "excluded")
    return {row[0]: row[1:] for row in frame.rows()}


def test_the_rows_of_an_on_time_rate_are_the_tickets_due(con: duckdb.DuckDBPyConnection) -> None:
    # due in March: a4 and a12 in time, a3 reopened, a5 open; a6 a duplicate, a7 cancelled
    assert numbers(con, "T03", "month", "2026-03-01") == {
        "a3": (0, 1, 0), "a4": (1, 1, 0), "a5": (0, 1, 0), "a12": (1, 1, 0), "a6": (0, 0, 1), "a7": (0, 0, 1),
    }  # fmt: skip


def test_the_rows_of_a_backlog_are_the_tickets_open_on_its_day(con: duckdb.DuckDBPyConnection) -> None:
    # at the end of March a3 (reopened), a5 and a13; due by then a3 and a5
    assert set(numbers(con, "T11", "month", "2026-03-01")) == {"a3", "a5", "a13", "r4", "r5"}
    assert set(numbers(con, "T12", "month", "2026-03-01")) == {"a3", "a5"}


def test_the_rows_of_money_are_lines_payments_and_what_is_left_of_commitments(con: duckdb.DuckDBPyConnection) -> None:
    # K1 at the end of April: b1 400 and b2 300; 150 and 30 paid, and 80 on a line of 2025; of the commitment of 90 the 30 are paid
    assert numbers(con, "F05", "month", "2026-04-01", "K1") == {
        "b1": (0, 400, 0), "b2": (0, 300, 0), "p5": (80, 0, 0), "p7": (150, 0, 0), "c1p": (30, 0, 0), "c1": (60, 0, 0),
    }  # fmt: skip


def test_the_rows_about_members_are_counts_of_areas(con: duckdb.DuckDBPyConnection) -> None:
    (said,) = figures(con, "M04", "grain = 'month' AND period_start = '2026-03-01' AND area_code = 'C'")
    found = rows(con, said)
    assert found.is_aggregated
    assert found.frame.select("row_kind", "row_id", "numerator").rows() == [("area", "K1", 90), ("area", "K3", 70)]


def test_a_small_number_of_people_is_in_no_row(tmp_path: Path) -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", ORGANISATIONS)
    for n in range(60):
        org = "o3" if n < 40 else "o4" if n < 55 else "o1"
        insert(
            con,
            "members",
            [{"member_id": f"m{n}", "org_id": org, "joined_on": "2024-01-01", "_valid_from": utc("2026-03-15 00:00")}],
        )
    insert(
        con,
        "areas",
        [{"area_code": "K5", "level": "community", "parent_code": "S1", "area_name": "K5", "valid_from": "2020-01-01"}],
    )
    insert(
        con,
        "organisations",
        [{"org_id": "o5", "org_name": "o5", "org_level": "community_committee", "area_code": "K5"}],
    )
    insert(
        con,
        "members",
        [
            {"member_id": f"x{n}", "org_id": "o5", "joined_on": "2024-01-01", "_valid_from": utc("2026-03-15 00:00")}
            for n in range(4)
        ],
    )
    build(con, {"members": AS_OF})
    for indicator in ("M04", "M08"):
        for said in figures(con, indicator, "grain = 'month' AND period_start = '2026-04-01'"):
            frame = rows(con, said).frame
            small = frame.filter(
                (frame["numerator"] > 0) & (frame["numerator"] < 10)
                | (frame["denominator"] > 0) & (frame["denominator"] < 10)
            )
            assert small.is_empty(), (said, frame)
    (city,) = figures(con, "M04", "grain = 'month' AND period_start = '2026-04-01' AND area_code = 'C'")
    frame = rows(con, city).frame
    # K5 with its 4 is hidden, and another beside it, so that the rest of 64 tells nothing
    assert frame.filter(frame["row_id"] == "K5").select("numerator", "is_hidden").rows() == [(None, True)]
    assert frame.filter(frame["row_id"] == "rest")["numerator"].item() >= 10 + 4
    assert frame["numerator"].sum() == 64


def test_an_area_with_too_few_answers_has_no_numbers_in_its_row(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("BEGIN")
    try:
        con.execute(
            "UPDATE landing.surveys SET valid_respondents = 12, positive_respondents = 3 WHERE area_code = 'K3'"
        )
        for table in read_tables(ROOT / "sql"):
            if table.name in ("core.surveys", "flows.surveys"):
                run_table(con, table)
        found = rows_of(con, Wanted("Q01", "month", date(2026, 3, 1), "city", "C"))
    finally:
        con.execute("ROLLBACK")
    assert found.frame.select("row_id", "numerator", "is_hidden").rows() == [("K1", 50, False), ("K3", None, True)]
    assert found.total("numerator") is None


def test_an_indicator_without_a_file_of_rows_is_listed_by_its_parts(con: duckdb.DuckDBPyConnection) -> None:
    assert rows_file("M14") is None
    assert numbers(con, "M14", "month", "2026-03-01") == {"K1": (1, 1, 0), "K2": (0, 1, 0), "K3": (0, 1, 0)}


def test_a_file_with_the_id_gives_the_rows_of_an_indicator_and_there_is_one(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    # as README says: attendances are listed by meeting
    shutil.copytree(ROOT / "sql/rows", tmp_path / "rows")
    section = (ROOT / "README.md").read_text("utf-8").partition("## Add an indicator")[2].partition("\n## ")[0]
    (text,) = [block for block in re.findall(r"```sql\n(.*?)```", section, flags=re.DOTALL) if "row_id" in block]
    (tmp_path / "rows/attendance.sql").write_text(dedent(text), "utf-8")
    con.execute("UPDATE landing.meetings SET attendees = 20 WHERE meeting_id = 'a0'")
    con.execute(
        "INSERT INTO reference.indicators SELECT * REPLACE ('L05' AS indicator_id) FROM reference.indicators WHERE indicator_id = 'L03'"
    )
    con.execute(
        "INSERT INTO core.indicator_periods SELECT * REPLACE ('L05' AS indicator_id) FROM core.indicator_periods WHERE indicator_id = 'L03'"
    )
    wanted = Wanted("L05", "month", date(2026, 3, 1), "city", "C")
    found = rows_of(con, wanted, tmp_path)
    assert found.frame.select("row_id", "numerator", "denominator").rows() == [("a0", 20, 1)]
    (tmp_path / "rows/again.sql").write_text(dedent(text), "utf-8")
    with pytest.raises(SqlFileError, match=r"rows\.again and rows\.attendance both give the rows of L05"):
        rows_file("L05", tmp_path)
    (tmp_path / "rows/again.sql").write_text(
        "-- Lacks its day.\nSELECT 'L06' AS indicator_id, 'a' AS row_kind, 'b' AS row_id, 1 AS numerator", "utf-8"
    )
    with pytest.raises(SqlFileError, match=r"rows\.again: column area_code, day is missing"):
        rows_file("L05", tmp_path)


def test_rows_are_made_of_what_lies_below_the_figures() -> None:
    for file in rows_files():
        assert {name.partition(".")[0] for name in file.dependencies} <= {"landing", "reference", "core"}, file.name


def test_rows_are_asked_by_their_own_dimensions_only(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(RowsUnknown, match="not known by fund"):
        rows_of(con, Wanted("T03", "month", date(2026, 3, 1), "city", "C", "fund", "service"))
    with pytest.raises(RowsUnknown, match="no period of T03"):
        rows_of(con, Wanted("T03", "month", date(1999, 3, 1), "city", "C"))
