"""Catalogue, standards, SQL and docs name the same indicators and say the same about them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest
import yaml
from landing import CONTRACTS, ROOT, build, empty_warehouse, insert
from pydantic import ValidationError
from sqlglot import exp

from pipelines.catalogue import (
    Catalogue,
    Standards,
    indicators_markdown,
    load_catalogue,
    load_standards,
    merge,
    standard_rows,
    write_reference,
)
from pipelines.sql_files import parse_select, read_sql_files

CATALOGUE_FILE = ROOT / "data_contracts/indicators.yaml"
STANDARDS_FILE = ROOT / "data_contracts/standards.yaml"
CATALOGUE = load_catalogue(CATALOGUE_FILE)
CITY: dict[str, Any] = {
    "area_code": "C",
    "name_zh": "样例市",
    "name_en": "Sample City",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "fiscal_year_start": 4,
    "language": "zh",
    "people_minimum": 10,
}


def written(as_of: list[tuple[str, datetime]], **changes: Any) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    write_reference(con, CATALOGUE, load_standards(STANDARDS_FILE), **(CITY | changes), as_of=as_of)
    return con


def test_every_indicator_of_the_catalogue_comes_out_of_the_sql_with_cases() -> None:
    con = empty_warehouse()
    place = {"area_code": "K"}
    insert(
        con,
        "areas",
        [
            {"area_code": "K", "level": "community", "area_name": "K", "valid_from": "2020-01-01", "population": 5000},
            {"area_code": "G", "level": "grid", "parent_code": "K", "area_name": "G", "valid_from": "2020-01-01"},
        ],
    )
    insert(
        con,
        "tickets",
        [
            {
                "ticket_id": "t1",
                "channel": "assembly",
                "status": "closed",
                "accepted_at": "2026-01-05 09:00",
                "due_at": "2026-01-09 09:00",
                "first_contact_at": "2026-01-05 10:00",
                "resolved_at": "2026-01-06 09:00",
                "closed_at": "2026-01-06 09:00",
                "callback_at": "2026-01-07 09:00",
                "callback_resolved": "yes",
                "callback_satisfaction": 5,
                "on_time_reported": True,
                "department_count": 2,
                **place,
            },
            {
                "ticket_id": "t2",
                "channel": "app",
                "status": "open",
                "accepted_at": "2026-01-05 09:00",
                "due_at": "2026-01-09 09:00",
                **place,
            },
            {
                "ticket_id": "t3",
                "status": "closed",
                "category_1": "noise",
                "reporter_id": "p",
                "accepted_at": "2026-01-05 09:00",
                "resolved_at": "2026-01-06 09:00",
                "closed_at": "2026-01-06 09:00",
                "callback_at": "2026-01-07 09:00",
                "callback_resolved": "no",
                "reopened_at": "2026-01-08 09:00",
                **place,
            },
            {
                "ticket_id": "t4",
                "status": "open",
                "category_1": "noise",
                "reporter_id": "p",
                "accepted_at": "2026-01-09 09:00",
                **place,
            },
            {
                "ticket_id": "t5",
                "status": "open",
                "exclusion_code": "out_of_jurisdiction",
                "accepted_at": "2026-01-09 09:00",
                **place,
            },
        ],
    )
    insert(con, "meetings", [{"meeting_id": "m", "kind": "assembly", "held_on": "2026-01-05", **place}])
    insert(
        con,
        "organisations",
        [
            {"org_id": "k", "org_name": "k", "org_level": "community_committee", "area_code": "K"},
            {"org_id": "g", "org_name": "g", "org_level": "grid_branch", "area_code": "G"},
        ],
    )
    insert(
        con,
        "members",
        [
            {
                "member_id": f"p{i}",
                "org_id": "k",
                "is_secretary": True,
                "is_committee_member": True,
                "is_serving": True,
                "schooling": "college",
                "joined_on": "2015-01-01",
                "birth_year": 1950,
                "is_floating": True,
                "last_trained_on": "2025-12-01",
                "reported_to_community_on": "2025-01-01",
                "_valid_from": datetime(2025, 6, 1),  # noqa: DTZ001
            }
            for i in range(40)
        ],
    )
    insert(
        con,
        "headcounts",
        [
            {"role": role, "as_of": "2025-06-01", "headcount": 30, **place}
            for role in ("cadre", "community_worker", "partner_head", "volunteer", "active_volunteer", "volunteer_team")
        ],
    )
    insert(con, "facilities", [{"facility_id": "f", "kind": "community_centre", "floor_area_m2": 600, **place}])
    insert(
        con,
        "budget_lines",
        [
            {
                "line_id": f"{fund}{year}",
                "fiscal_year": year,
                "fund": fund,
                "source": source,
                "opening_amount": 300_000,
                **place,
            }
            for fund, source in (("operating", "district"), ("service", "city"))
            for year in (2025, 2026)
        ],
    )
    insert(
        con,
        "payments",
        [
            {
                "payment_id": f"{kind}{day}",
                "line_id": f"service{day[:4]}",
                "kind": kind,
                "amount": 5,
                "occurred_on": day,
            }
            for kind in ("release", "payment")
            for day in ("2025-12-05", "2026-01-05")
        ],
    )
    insert(
        con,
        "surveys",
        [
            {
                "wave": "1",
                "question": question,
                "ended_on": "2026-01-05",
                "valid_respondents": 40,
                "positive_respondents": 30,
                **place,
            }
            for question in ("satisfaction", "awareness", "participation", "property_service")
        ],
    )
    insert(
        con,
        "service_items",
        [
            {
                "item_id": "n",
                "list": "need",
                "registered_on": "2026-01-05",
                "status": "matched",
                "matched_item_id": "p",
                **place,
            },
            {
                "item_id": "p",
                "list": "project",
                "registered_on": "2026-01-04",
                "claimed_on": "2026-01-05",
                "completed_on": "2026-02-05",
                "status": "completed",
                **place,
            },
        ],
    )
    insert(
        con,
        "appraisals",
        [
            {
                "org_id": "k",
                "period": "1",
                "method": method,
                "item": "i",
                "ended_on": "2026-01-05",
                "kind": "score",
                "points": points,
                "max_points": 100,
            }
            for method, points in (("self", 97), ("spot", 92), ("final", 95))
        ],
    )
    build(con, dict.fromkeys(CONTRACTS, "2026-03-20 12:00"))
    produced = con.execute(
        "SELECT DISTINCT indicator_id FROM marts.indicator_values WHERE value <> 0 ORDER BY ALL"
    ).fetchall()
    assert {row[0] for row in produced} == set(CATALOGUE.ids)


def test_the_sql_names_no_indicator_that_the_catalogue_does_not_hold() -> None:
    named = {
        literal.this
        for file in read_sql_files(ROOT / "sql")
        for literal in parse_select(file.text).find_all(exp.Literal)
        if literal.is_string and re.fullmatch(r"[A-Z][0-9]{2}", literal.this)
    }
    assert named <= set(CATALOGUE.ids)


def test_the_docs_are_what_the_catalogue_says() -> None:
    assert (ROOT / "docs/indicators.md").read_text(encoding="utf-8") == indicators_markdown(CATALOGUE)


def test_every_indicator_names_a_dataset_that_has_a_contract() -> None:
    assert {entry.dataset for entry in CATALOGUE.indicators} <= set(CONTRACTS)


def test_a_proportion_has_an_interval_and_a_rate_about_people_needs_thirty() -> None:
    for entry in CATALOGUE.indicators:
        assert (entry.kind == "proportion") == (entry.interval != "none")
        if entry.people and entry.kind == "proportion":
            assert entry.minimum_count == 30


def test_targets_and_floors_belong_to_indicators_with_a_direction() -> None:
    standards = load_standards(STANDARDS_FILE, catalogue=CATALOGUE)
    directions = {entry.id: entry.direction for entry in CATALOGUE.indicators}
    for indicator_id in {*standards.targets, *standards.floors}:
        assert directions[indicator_id] != "none"
    for indicator_id, floor in standards.floors.items():
        worse = -1 if directions[indicator_id] == "lower" else 1
        assert worse * floor < worse * standards.targets[indicator_id], indicator_id


def test_a_key_that_the_catalogue_does_not_know_is_refused() -> None:
    text = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))
    text["indicators"][0]["defintion"] = "misspelt"
    with pytest.raises(ValidationError, match="defintion"):
        Catalogue.model_validate(text)


def test_an_indicator_twice_is_refused() -> None:
    text = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))
    text["indicators"].append(text["indicators"][0])
    with pytest.raises(ValidationError, match="repeated indicator ids: T01"):
        Catalogue.model_validate(text)


def test_a_city_overrides_single_standards_and_removes_one_with_null() -> None:
    overrides = {"targets": {"T03": 0.8, "T15": None}, "cadres": {"by_area_kind": {"key": 18}}, "fund_floor": 150_000}
    standards = load_standards(STANDARDS_FILE, overrides, CATALOGUE)
    assert standards.targets["T03"] == 0.8
    assert "T15" not in standards.targets
    assert standards.targets["T04"] == 0.95
    assert standards.cadres.by_area_kind == {"urban": 10, "rural": 10, "key": 18, "new": 10}
    assert standards.fund_floor == 150_000


@pytest.mark.parametrize("overrides", [{"target": {}}, {"cadres": {"by_area_kind": {"suburb": 3}}}, {"workers": None}])
def test_an_override_that_fits_nothing_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        load_standards(STANDARDS_FILE, overrides)


def test_a_target_of_an_unknown_indicator_is_refused() -> None:
    with pytest.raises(ValueError, match="T99"):
        load_standards(STANDARDS_FILE, {"targets": {"T99": 1.0}}, CATALOGUE)


def test_merge_leaves_its_arguments_as_they_were() -> None:
    base = {"a": {"b": 1}}
    assert merge(base, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    assert base == {"a": {"b": 1}}


def test_standards_become_a_long_table() -> None:
    standards = Standards.model_validate(
        {
            "targets": {"T02": 0.9},
            "floors": {},
            "fund_floor": 1,
            "cadres": {"default": 10, "by_area_kind": {"key": 15}},
            "workers": 20,
            "satisfaction_threshold": 3,
            "appraisal_score": 90,
        }
    )
    assert standard_rows(standards) == [
        ("target", "T02", None, 0.9),
        ("fund_floor", "F08", None, 1.0),
        ("cadres", "M12", None, 10.0),
        ("cadres", "M12", "key", 15.0),
        ("workers", "M12", None, 20.0),
        ("satisfaction_threshold", "T06", None, 3.0),
        ("appraisal_score", "A02", None, 90.0),
    ]


def test_the_data_cut_is_kept_in_utc_with_its_local_day() -> None:
    # 16:30 UTC on 31 March is half past midnight on 1 April in Shanghai
    con = written([("tickets", datetime(2026, 3, 31, 16, 30, tzinfo=UTC)), ("areas", datetime(2026, 3, 31, 15))])  # noqa: DTZ001
    assert con.execute("SELECT * FROM reference.as_of").fetchall() == [
        ("tickets", datetime(2026, 3, 31, 16, 30), date(2026, 4, 1)),  # noqa: DTZ001
        ("areas", datetime(2026, 3, 31, 15), date(2026, 3, 31)),  # noqa: DTZ001
    ]


def test_the_calendar_knows_weeks_fiscal_years_and_the_end_of_the_local_day() -> None:
    con = written([("tickets", datetime(2026, 3, 31, tzinfo=UTC))])
    assert con.execute("SELECT min(day), max(day), count(*) FROM reference.calendar").fetchall() == [
        (date(1990, 1, 1), date(2027, 12, 31), 38 * 365 + 9)
    ]
    columns = "week_start, month_start, quarter_start, year_start, fiscal_year, fiscal_year_start, "
    columns += "days_in_fiscal_year, ends_at"
    # 1 January 2024 was a Monday; the fiscal year 2023 runs from April 2023 over a 29 February
    assert con.execute(f"SELECT {columns} FROM reference.calendar WHERE day = '2024-01-07'").fetchall() == [
        (
            date(2024, 1, 1),
            date(2024, 1, 1),
            date(2024, 1, 1),
            date(2024, 1, 1),
            2023,
            date(2023, 4, 1),
            366,
            datetime(2024, 1, 7, 16),  # noqa: DTZ001
        )
    ]


def test_a_day_that_loses_an_hour_ends_an_hour_earlier_in_utc() -> None:
    # Berlin: winter until 29 March 2026 at 02:00
    con = written([("tickets", datetime(2026, 5, 1, tzinfo=UTC))], time_zone="Europe/Berlin")
    rows = con.execute(
        "SELECT ends_at FROM reference.calendar WHERE day IN ('2026-03-28', '2026-03-29') ORDER BY day"
    ).fetchall()
    assert rows == [(datetime(2026, 3, 28, 23),), (datetime(2026, 3, 29, 22),)]  # noqa: DTZ001


def test_the_indicators_table_holds_the_catalogue_in_its_order() -> None:
    con = written([])
    rows = con.execute(
        'SELECT indicator_id, name_zh, "interval", people FROM reference.indicators ORDER BY sort_order'
    ).fetchall()
    assert tuple(row[0] for row in rows) == CATALOGUE.ids
    assert rows[1] == ("T02", "办结率", "wilson", False)


def test_a_fiscal_year_starts_in_a_month() -> None:
    with pytest.raises(ValueError, match="month, 1 to 12"):
        written([], fiscal_year_start=13)
