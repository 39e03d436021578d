"""Surveys of residents: which rows their contract takes, and which waves are known at the data cut."""

from __future__ import annotations

import pytest
from landing import build, empty_warehouse, insert
from small_city import SmallCity, lines

HEADER = "调查批次,社区代码,调查内容,调查截止日期,有效问卷数,肯定回答数,设计效应"


def test_a_wave_lands_with_its_four_questions(city: SmallCity) -> None:
    city.drop("surveys", "wave.csv", lines(
        HEADER, "2026H1,A1,满意率,2026-03-20,120,110,1.2", "2026H1,A1,知晓度,2026-03-20,118,70,1.2",
        "2026H1,A1,群众参与率,2026-03-20,120,40,", "2026H1,A1,物业服务,2026-03-20,80,80,1",
    ))  # fmt: skip
    assert city.load_one("surveys").rows_loaded == 4
    rows = "SELECT question, valid_respondents, positive_respondents, design_effect FROM landing.surveys ORDER BY 1"
    assert city.rows(rows) == [
        ("awareness", 118, 70, 1.2),
        ("participation", 120, 40, None),
        ("property_service", 80, 80, 1.0),
        ("satisfaction", 120, 110, 1.2),
    ]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("2026H1,B1,满意率,2026-03-20,100,101,1.2", "more_positive_than_valid"),
        ("2026H1,B1,满意率,2026-03-20,100,50,0.8", "design_effect.range"),
        ("2026H1,B1,满意率,2026-03-20,100,-1,1.2", "positive_respondents.range"),
        ("2026H1,B1,满意率,2026-03-20,,50,1.2", "valid_respondents.required"),
        ("2026H1,B1,安全感,2026-03-20,100,50,1.2", "question.allowed"),
        ("2026H1,B1,满意率,2099-03-20,100,50,1.2", "ended_on.not_in_future"),
    ],
)
def test_a_count_of_answers_that_cannot_be_is_rejected(city: SmallCity, row: str, rule: str) -> None:
    good = [f"2026H1,A{n},满意率,2026-03-20,100,90,1.1" for n in range(12)]
    city.drop("surveys", "wave.csv", lines(HEADER, *good, row))
    delivery = city.load_one("surveys")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (12, 1)
    assert city.rows("SELECT rule_id FROM landing.rejects") == [(rule,)]


def test_two_different_counts_of_one_question_in_one_file_count_neither(city: SmallCity) -> None:
    good = [f"2026H1,A{n},满意率,2026-03-20,100,90,1.1" for n in range(30)]
    city.drop("surveys", "wave.csv", lines(HEADER, *good, "2026H1,A3,满意度,2026-03-20,100,91,1.1"))
    assert city.load_one("surveys").rows_rejected == 2
    assert city.rows("SELECT count(*) FROM landing.surveys WHERE area_code = 'A3'") == [(0,)]


def test_a_wave_is_known_from_the_day_it_ended_and_a_missing_design_effect_is_one() -> None:
    con = empty_warehouse()
    answers = {"question": "satisfaction", "valid_respondents": 50, "positive_respondents": 40}
    insert(con, "surveys", [
        {"wave": "2025H2", "area_code": "A1", "ended_on": "2025-12-20", "design_effect": 1.4, **answers},
        {"wave": "2026H1", "area_code": "A1", "ended_on": "2026-06-20", **answers},
        {"wave": "2026H1", "area_code": "A2", "ended_on": "2026-06-21", **answers},
    ])  # fmt: skip
    build(con, {"surveys": "2026-06-20 18:00"})
    rows = con.execute("SELECT wave, area_code, design_effect FROM core.surveys ORDER BY wave, area_code").fetchall()
    assert rows == [("2025H2", "A1", 1.4), ("2026H1", "A1", 1.0)]
