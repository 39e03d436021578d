"""Indicators about members and volunteers against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF, figure, parts, utc, value

# o1 and o4 in K1 (D1), o2 in K2 (D1 until February, then D2), o3 in K3 (D2); K4 has none and ends on 1 March
ORGANISATIONS = [
    {"org_id": org, "org_name": org, "org_level": "grid_branch", "area_code": code}
    for org, code in (("o1", "G1"), ("o2", "K2"), ("o3", "K3"), ("o4", "K1"))
]
FIRST, SECOND = utc("2026-03-15 00:00"), utc("2026-04-30 16:30")  # the second: 1 May, half past midnight


def versions(row: dict[str, Any], **later: Any) -> list[dict[str, Any]]:
    """A membership as the first delivery reports it and, where something changed, as the second does."""
    if not later:
        return [{**row, "_valid_from": FIRST}]
    return [{**row, "_valid_from": FIRST, "_valid_to": SECOND}, {**row, **later, "_valid_from": SECOND}]


@pytest.fixture(scope="module")
def members() -> Iterator[duckdb.DuckDBPyConnection]:
    """43 members of o1: born 1960 (10), 1965 (2), 1966 (8), 1990 (20), unknown (3); 11 float, 20 were trained on 10 April 2025.

    The delivery of 1 May: one floats no more, 15 of the others were trained on 20 April 2026. A second membership, in o4.
    """
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", ORGANISATIONS)
    born = [1960] * 10 + [1965] * 2 + [1966] * 8 + [1990] * 20 + [None] * 3
    for i, year in enumerate(born):
        row = {
            "member_id": f"m{i}",
            "org_id": "o1",
            "joined_on": "2015-01-01",
            "birth_year": year,
            "is_floating": i < 11,
        }
        row["last_trained_on"] = "2025-04-10" if i < 20 else None
        changed: dict[str, Any] = {"is_floating": False} if i == 0 else {}
        if 20 <= i < 35:
            changed["last_trained_on"] = "2026-04-20"
        insert(con, "members", versions(row, **changed))
    insert(con, "members", versions({"member_id": "m0", "org_id": "o4", "joined_on": "2012-01-01"}))
    build(con, {"members": AS_OF})
    yield con
    con.close()


def test_m05_takes_the_difference_of_years_and_members_with_a_known_birth_year(
    members: duckdb.DuckDBPyConnection,
) -> None:
    # 2025: 65 years less 1960 = 65 and 1965 = 60; 2026: 1965 makes 61, 1966 makes 60
    assert parts(members, "M05", "month", "2025-12-01")[:2] == (10, 40)
    found = figure(members, "M05", "month", "2026-01-01")
    assert found is not None and (found.numerator, found.denominator, found.value) == (12, 40, 0.3)
    assert found.lower == pytest.approx(0.1807, abs=5e-5)
    assert found.upper == pytest.approx(0.4543, abs=5e-5)
    # the week from 29 December 2025 ends in 2026
    assert parts(members, "M05", "week", "2025-12-29")[:2] == (12, 40)
    # m0 counts once, in o1, which it joined last
    assert value(members, "M04", "month", "2026-01-01") == 43


def test_m08_follows_the_deliveries(members: duckdb.DuckDBPyConnection) -> None:
    assert figure(members, "M08", "month", "2026-02-01") is None
    assert parts(members, "M08", "month", "2026-03-01")[:2] == (11, 43)
    assert parts(members, "M08", "month", "2026-04-01")[:2] == (11, 43)
    assert parts(members, "M08", "month", "2026-05-01")[:2] == (10, 43)


def test_m10_knows_of_a_training_from_the_delivery_that_reports_it(members: duckdb.DuckDBPyConnection) -> None:
    # trained on 10 April 2025: until 9 April 2026
    assert parts(members, "M10", "month", "2026-03-01")[:2] == (20, 43)
    assert parts(members, "M10", "week", "2026-03-30")[:2] == (20, 43)
    assert parts(members, "M10", "week", "2026-04-06")[:2] == (0, 43)
    # those trained on 20 April are reported on 1 May
    assert parts(members, "M10", "month", "2026-04-01")[:2] == (0, 43)
    assert parts(members, "M10", "month", "2026-05-01")[:2] == (15, 43)


def test_few_others_are_hidden_as_few_people_are() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", ORGANISATIONS)
    # 40 members of whom 31 float: 9 do not
    rows = [{"member_id": f"m{i}", "org_id": "o1", "is_floating": i < 31} for i in range(40)]
    insert(con, "members", [{**row, "_valid_from": FIRST} for row in rows])
    build(con, {"members": AS_OF})
    assert figure(con, "M08", "month", "2026-04-01") == (*[None] * 8, "suppressed")
    con = empty_warehouse()
    insert(con, "members", [{**row, "_valid_from": FIRST} for row in rows])
    build(con, {"members": AS_OF}, people_minimum=9)
    assert parts(con, "M08", "month", "2026-04-01")[:2] == (31, 40)


def test_m07_counts_communities_without_a_first_membership_for_36_months() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", ORGANISATIONS)
    rows = [
        # new in K1 until 14 April 2026
        {"member_id": "a", "org_id": "o1", "joined_on": "2023-04-15"},
        {"member_id": "b", "org_id": "o1", "joined_on": "2001-01-01"},
        # came to K3 from K1: nobody new
        {"member_id": "b", "org_id": "o3", "joined_on": "2025-06-01"},
        {"member_id": "c", "org_id": "o3", "joined_on": "2019-01-01"},
        # K2: nothing is known
        {"member_id": "d", "org_id": "o2"},
    ]
    insert(con, "members", [{**row, "_valid_from": FIRST} for row in rows])
    build(con, {"members": AS_OF})
    # February: K3 and the empty K4 of K1 K3 K4; March: K3 of K1 K3; April: both
    assert parts(con, "M07", "month", "2026-02-01")[:2] == (2, 3)
    assert parts(con, "M07", "month", "2026-03-01")[:2] == (1, 2)
    assert parts(con, "M07", "month", "2026-04-01")[:2] == (2, 2)
    assert value(con, "M07", "month", "2026-04-01", "D1") == 1
    found = figure(con, "M07", "month", "2026-04-01", "K2")
    assert found is not None and found.status == "no_cases"


def test_m07_asks_those_who_are_members_then_for_a_known_first_day() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", ORGANISATIONS)
    rows = [
        # K1: one without a known first day, and one who was new and has left
        {"member_id": "a", "org_id": "o1"},
        {"member_id": "b", "org_id": "o1", "joined_on": "2025-01-01", "left_on": "2025-06-01"},
        # K2: whoever there was has left, so it has no members and nobody new
        {"member_id": "c", "org_id": "o2", "left_on": "2025-01-01"},
        # K3: of its member nothing is known, whatever is known of another who has left
        {"member_id": "d", "org_id": "o3"},
        {"member_id": "e", "org_id": "o3", "joined_on": "2010-01-01", "left_on": "2020-01-01"},
    ]
    insert(con, "members", [{**row, "_valid_from": FIRST} for row in rows])
    build(con, {"members": AS_OF})
    april = ("month", "2026-04-01")
    assert parts(con, "M07", *april)[:2] == (1, 2)
    assert parts(con, "M07", *april, "K1")[:2] == (0, 1)
    assert parts(con, "M07", *april, "K2")[:2] == (1, 1)
    found = figure(con, "M07", *april, "K3")
    assert found is not None and found.status == "no_cases"


@pytest.fixture(scope="module")
def volunteers() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    counts = [
        ("K1", "volunteer", 900), ("K1", "active_volunteer", 300), ("K1", "volunteer_team", 2),
        ("K3", "volunteer", 100), ("K3", "active_volunteer", 120), ("K3", "volunteer_team", 0),
        ("K2", "volunteer", 50),
    ]  # fmt: skip
    insert(
        con,
        "headcounts",
        [{"area_code": code, "role": role, "as_of": "2026-03-10", "headcount": n} for code, role, n in counts],
    )
    build(con, {"headcounts": AS_OF})
    yield con
    con.close()


def test_m13_sets_volunteers_against_residents(volunteers: duckdb.DuckDBPyConnection) -> None:
    # 1,050 of 20,000; D1 holds K1 alone: 900 of 10,000
    assert value(volunteers, "M13", "month", "2026-03-01") == pytest.approx(52.5)
    assert value(volunteers, "M13", "month", "2026-03-01", "D1") == pytest.approx(90)
    assert figure(volunteers, "M13", "month", "2026-02-01") is None


def test_m14_counts_communities_that_report_a_team(volunteers: duckdb.DuckDBPyConnection) -> None:
    # K3 reports none, K2 nothing
    assert parts(volunteers, "M14", "month", "2026-03-01")[:2] == (1, 3)
    assert value(volunteers, "M14", "month", "2026-03-01", "K1") == 1


def test_m15_needs_both_counts_and_never_exceeds_all(volunteers: duckdb.DuckDBPyConnection) -> None:
    # 300 of 900, 120 of 100 counted as 100; K2 does not say how many are active
    assert parts(volunteers, "M15", "month", "2026-03-01")[:2] == (400, 1000)
    assert value(volunteers, "M15", "month", "2026-03-01", "D2") == 1
