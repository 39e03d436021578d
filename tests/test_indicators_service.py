"""Surveys, lists of needs and projects, and appraisals against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF, figure, parts, value


@pytest.fixture(scope="module")
def surveys() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    names = ("area_code", "question", "ended_on", "valid_respondents", "positive_respondents", "design_effect")
    rows = [
        ("K1", "satisfaction", "2026-03-30", 100, 80, 1.5),
        ("K3", "satisfaction", "2026-04-02", 60, 30, 2.0),
        ("K1", "awareness", "2026-03-30", 40, 30, None),
        ("K2", "awareness", "2026-04-02", 29, 20, 1.2),
        ("K1", "participation", "2026-03-30", 50, 50, 1.0),
        ("K1", "property_service", "2026-03-30", 50, 0, 1.0),
    ]
    insert(con, "surveys", [{"wave": "2026H1", **dict(zip(names, row, strict=True))} for row in rows])
    build(con, {"surveys": AS_OF})
    yield con
    con.close()


def test_a_survey_belongs_to_the_period_in_which_its_wave_ended(surveys: duckdb.DuckDBPyConnection) -> None:
    # K1 was done in March, the wave on 2 April
    march = figure(surveys, "Q01", "month", "2026-03-01")
    assert march is not None and (march.denominator, march.value, march.status) == (0, None, "no_cases")
    assert parts(surveys, "Q01", "month", "2026-04-01")[:2] == (110, 160)
    assert parts(surveys, "Q01", "quarter", "2026-04-01", "K1")[:2] == (80, 100)


def test_the_interval_is_that_of_the_effective_number_of_answers(surveys: duckdb.DuckDBPyConnection) -> None:
    # design effect (100 · 1.5 + 60 · 2) ÷ 160 = 1.6875: as 94.81 answers of a simple random sample at 68.75 %
    found = figure(surveys, "Q01", "month", "2026-04-01")
    assert found is not None and found.value == 0.6875
    assert found.lower == pytest.approx(0.58844, abs=5e-5)
    assert found.upper == pytest.approx(0.77195, abs=5e-5)
    # without a design effect it is 1: Wilson for 30 of 40
    plain = figure(surveys, "Q02", "month", "2026-04-01", "K1")
    assert plain is not None
    assert plain.lower == pytest.approx(0.5981, abs=5e-5)
    assert plain.upper == pytest.approx(0.8581, abs=5e-5)


def test_a_survey_is_shown_from_thirty_answers_on(surveys: duckdb.DuckDBPyConnection) -> None:
    assert figure(surveys, "Q02", "month", "2026-04-01", "K2") == (*[None] * 8, "suppressed")
    assert parts(surveys, "Q02", "month", "2026-04-01")[:2] == (50, 69)


def test_each_question_is_an_indicator_of_its_own(surveys: duckdb.DuckDBPyConnection) -> None:
    assert value(surveys, "Q03", "month", "2026-04-01") == 1
    assert value(surveys, "Q04", "month", "2026-04-01") == 0


@pytest.fixture(scope="module")
def items() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    need = {"list": "need", "area_code": "K1", "category": "care", "status": "registered"}
    project = {
        "list": "project",
        "area_code": "K3",
        "category": "sports",
        "status": "claimed",
        "registered_on": "2025-09-01",
    }
    rows = [
        {"item_id": "r1", "list": "resource", "area_code": "K1", "registered_on": "2026-01-01", "status": "registered"},
        {"item_id": "n1", **need, "registered_on": "2026-03-05", "matched_item_id": "r1", "status": "matched"},
        {"item_id": "n2", **need, "registered_on": "2026-03-10"},
        {"item_id": "n3", **need, "registered_on": "2026-03-12", "status": "withdrawn"},
        # the data cut is 20 May: 30 days before is 20 April
        {"item_id": "n4", **need, "registered_on": "2026-04-20"},
        {"item_id": "n5", **need, "registered_on": "2026-05-10", "category": "sports"},
        {"item_id": "p1", **project, "claimed_on": "2026-03-01", "completed_on": "2026-04-01", "status": "completed"},
        {"item_id": "p2", **project, "claimed_on": "2026-03-15"},
        {"item_id": "p3", **project, "claimed_on": "2025-10-10"},
        {"item_id": "p4", **project, "status": "registered"},
    ]
    insert(con, "service_items", rows)
    build(con, {"service_items": AS_OF})
    yield con
    con.close()


def test_l01_counts_needs_matched_and_leaves_out_the_withdrawn(items: duckdb.DuckDBPyConnection) -> None:
    march = figure(items, "L01", "month", "2026-03-01")
    assert march is not None
    assert (march.numerator, march.denominator, march.excluded, march.pending) == (1, 2, 1, 0)
    # 1 of 2 may by chance lie below 90 %
    assert march.status == "watch"
    april = figure(items, "L01", "month", "2026-04-01")
    assert april is not None and (april.numerator, april.denominator, april.pending, april.status) == (
        0,
        1,
        0,
        "missed",
    )
    may = figure(items, "L01", "month", "2026-05-01")
    assert may is not None and (may.numerator, may.denominator, may.pending, may.status) == (0, 1, 1, "provisional")
    assert parts(items, "L01", "year", "2026-01-01", dimension="category", member="care", level="city") == (1, 3, 1)


def test_l02_gives_a_claimed_project_180_days(items: duckdb.DuckDBPyConnection) -> None:
    march = figure(items, "L02", "month", "2026-03-01")
    assert march is not None
    assert (march.numerator, march.denominator, march.pending, march.status) == (1, 2, 1, "provisional")
    october = figure(items, "L02", "month", "2025-10-01")
    assert october is not None
    assert (october.numerator, october.denominator, october.pending, october.status) == (0, 1, 0, "missed")


@pytest.fixture(scope="module")
def appraisals() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "organisations",
        [
            {"org_id": org, "org_name": org, "org_level": "community_committee", "org_kind": kind, "area_code": code}
            for org, kind, code in (("o1", "community", "K1"), ("o2", "rural", "K3"), ("o3", "rural", "K3"))
        ],
    )
    scores = [
        ("o1", "final", "2026-03-31", ((44, 50), (46, 50))),
        ("o2", "final", "2026-03-31", ((40, 40), (30, 40))),
        ("o3", "final", "2026-03-31", ((96, 100),)),
        ("o1", "self", "2026-02-10", ((95, 100),)),
        ("o1", "spot", "2026-02-20", ((90, 100),)),
        ("o2", "self", "2026-02-10", ((76, 80),)),
        ("o2", "spot", "2026-02-20", ((70, 80),)),
        ("o3", "self", "2026-02-10", ((100, 100),)),
    ]
    insert(
        con,
        "appraisals",
        [
            {
                "org_id": org, "period": "2026Q1", "method": method, "item": f"i{n}", "ended_on": day, "kind": "score",
                "points": points, "max_points": most,
            }
            for org, method, day, sheet in scores
            for n, (points, most) in enumerate(sheet)
        ],
    )  # fmt: skip
    veto = {"org_id": "o3", "period": "2026Q1", "method": "spot", "item": "v", "ended_on": "2026-02-20", "kind": "veto"}
    insert(con, "appraisals", [veto])
    build(con, {"appraisals": AS_OF})
    yield con
    con.close()


def test_a01_sums_points_over_sheets_of_different_length(appraisals: duckdb.DuckDBPyConnection) -> None:
    # 90 + 70 + 96 of 100 + 80 + 100; the veto of o3 leaves its points alone
    assert value(appraisals, "A01", "month", "2026-03-01") == pytest.approx(100 * 256 / 280)
    assert value(appraisals, "A01", "month", "2026-03-01", "K1") == 90
    rural = figure(appraisals, "A01", "quarter", "2026-01-01", dimension="org_kind", member="rural", level="city")
    assert rural is not None and rural.value == pytest.approx(100 * 166 / 180)


def test_a02_needs_ninety_points_and_no_veto(appraisals: duckdb.DuckDBPyConnection) -> None:
    # o1 has exactly 90, o2 87.5, o3 96 and a veto that the spot-check found
    assert parts(appraisals, "A02", "month", "2026-03-01")[:2] == (1, 3)
    assert parts(appraisals, "A02", "month", "2026-03-01", "D2")[:2] == (0, 2)


def test_a03_is_the_mean_over_organisations_with_both_checks(appraisals: duckdb.DuckDBPyConnection) -> None:
    # 95 − 90 and 95 − 87.5; o3 checked itself only. The appraisal ended in March
    assert parts(appraisals, "A03", "month", "2026-03-01")[:2] == (12.5, 2)
    assert value(appraisals, "A03", "month", "2026-03-01") == 6.25
    assert value(appraisals, "A03", "quarter", "2026-01-01", "K3") == 7.5
    assert figure(appraisals, "A03", "month", "2026-03-01", "K2") == (0, 0, None, None, None, 0, 0, None, "no_cases")
