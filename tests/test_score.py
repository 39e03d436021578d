"""Weight sheets, scores, grades, vetoes and ranks; expected values are worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scored import CATALOGUE, SHEET, STANDARDS_FILE, Town, standards

from pipelines.catalogue import load_standards, merge
from pipelines.figures.robustness import CHANGE, DRAWS, composites, draw_weights


def score_of(town: Town, area: str = "K1", grain: str = "month", period: str = "2026-03-01") -> tuple[Any, ...]:
    (row,) = town.ask(
        "SELECT status, score, grade, vetoes, capped_grade FROM marts.scores "
        f"WHERE area_code = '{area}' AND grain = '{grain}' AND period_start = '{period}'"
    )
    return row


def test_every_shipped_sheet_weighs_a_hundred_and_can_be_scored() -> None:
    found = load_standards(STANDARDS_FILE, catalogue=CATALOGUE).score
    assert found is not None
    assert set(found.sheets) == {"community", "urban", "rural", "key", "new", "street", "district"}
    for sheet in found.sheets.values():
        assert sum(weight for weights in sheet.values() for weight in weights.values()) == pytest.approx(100)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"score": {"sheets": {"street": {"tickets": {"T03": 20}}}}}, "sheet street: the weights sum to 105, not 100"),
        ({"score": {"sheets": {"street": None}}}, "there is no sheet street"),
        ({"score": {"sheets": {"suburb": SHEET}}}, "suburb"),
        ({"score": {"sheets": {"street": {"tickets": {"T03": None, "T99": 15}}}}}, "catalogue does not hold: T99"),
        ({"score": {"sheets": {"street": {"tickets": {"T03": None, "T01": 15}}}}}, "neither more nor less is better: T01"),
        ({"score": {"sheets": {"street": {"tickets": {"T03": None, "T15": 15}}}}}, "sheet street: T15 has no floor"),
        ({"targets": {"T03": None}}, "sheet community: T03 has no target"),
        ({"floors": {"T03": 0.95}}, "the floor of T03 is not worse than its target"),
        ({"score": {"sheets": {"street": {"tickets": {"T03": None}, "service": {"T02": 15}}}}}, "T02 has a weight in two groups"),
        ({"score": {"groups": {"money": None}}}, "the group money has no name"),
        ({"score": {"grades": {"fail": {"minimum": 10}}}}, "that of the lowest is 0"),
        ({"score": {"vetoes": {"appraisal": {"cap": "poor"}}}}, "there is no grade poor; grades: excellent"),
        ({"rectification": {"rules": {"veto": {"threshold": 3}}}}, "rules.veto: threshold belongs to target"),
        ({"rectification": {"rules": {"flor": {"due_days": 3}}}}, "flor"),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_scored_is_refused_with_the_reason(over: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, ValueError), match=message):
        load_standards(STANDARDS_FILE, over, CATALOGUE)


def test_a_city_overrides_weights_indicator_by_indicator() -> None:
    over = {"score": {"sheets": {"rural": {"tickets": {"T03": 5, "T15": 5}}}}, "floors": {"T15": 0.8}}
    found = load_standards(STANDARDS_FILE, over, CATALOGUE).score
    assert found is not None
    assert found.sheets["rural"]["tickets"] == {"T02": 5, "T03": 5, "T04": 10, "T15": 5}
    assert found.sheets["urban"]["tickets"] == {"T02": 5, "T03": 15, "T04": 10, "T07": 5}


@pytest.mark.parametrize(
    ("value", "expected"), [(0.8, 50.0), (0.95, 100.0), (0.6, 0.0), (0.9, 100.0), (0.7, 0.0), (0.75, 25.0)]
)
def test_an_indicator_scores_by_its_way_from_floor_to_target(value: float, expected: float) -> None:
    town = Town()
    town.figure("T03", "2026-03", value)  # floor 0.7, target 0.9
    town.edition("2026-03-31")
    ((found,),) = town.ask("SELECT score FROM marts.indicator_scores WHERE grain = 'month' AND value IS NOT NULL")
    assert found == pytest.approx(expected)


def test_where_less_is_better_the_way_is_mirrored() -> None:
    sheet = {"tickets": {"T13": 100}}
    town = Town(["K1", "K2"], sheet=sheet, over={"targets": {"T13": 24}, "floors": {"T13": 72}})
    town.figure("T13", "2026-03", 36.0)
    town.figure("T13", "2026-03", 80.0, area="K2")
    town.edition("2026-03-31")
    assert score_of(town) == ("rated", 75.0, "good", 0, "good")
    assert score_of(town, "K2") == ("rated", 0.0, "fail", 0, "fail")
    with pytest.raises(ValueError, match="the floor of T13 is not worse"):
        standards({"targets": {"T13": 24}, "floors": {"T13": 12}}, sheet)


def test_the_composite_is_the_weighed_sum() -> None:
    town = Town()
    town.good("2026-03")
    town.figure("T03", "2026-03", 0.8)  # 50 of 100, weight 30
    town.figure("F06", "2026-03", -8.0)  # (−8 + 20) ÷ 15 = 0.8, weight 40
    town.edition("2026-03-31")
    assert score_of(town) == ("rated", 30 * 0.5 + 20 + 10 + 40 * 0.8, "good", 0, "good")


@pytest.mark.parametrize("status", ["suppressed", "no_cases", None])
def test_a_missing_weight_is_shared_inside_its_group(status: str | None) -> None:
    town = Town()
    town.figure("T03", "2026-03", 0.8)
    town.figure("T04", "2026-03", 0.95)
    town.figure("F06", "2026-03", -5.0)
    if status:
        town.figure("T02", "2026-03", None, status=status)
    town.edition("2026-03-31")
    used = town.ask("SELECT indicator_id, weight_used, status FROM marts.indicator_scores WHERE grain = 'month' AND area_code = 'K1' AND period_start = '2026-03-01' ORDER BY 1")  # fmt: skip
    assert used == [("F06", 40, "final"), ("T02", None, "missing"), ("T03", pytest.approx(36), "final"), ("T04", pytest.approx(24), "final")]  # fmt: skip
    assert score_of(town)[:2] == ("rated", pytest.approx(36 * 0.5 + 24 + 40))


def test_an_area_without_seven_tenths_of_a_group_is_not_rated_and_has_no_score() -> None:
    town = Town(["K1", "K2"])
    town.good("2026-03")
    town.good("2026-03", area="K2")
    town.figure("T04", "2026-03", None, status="no_cases")  # 40 of 60 are left
    town.edition("2026-03-31")
    assert score_of(town) == ("not_rated", None, None, 0, None)
    ranks = town.ask("SELECT area_code, rank, peers FROM marts.scores WHERE grain = 'month' AND period_start = '2026-03-01' AND area_level = 'community' ORDER BY 1")  # fmt: skip
    assert ranks == [("K1", None, 1), ("K2", 1, 1)]
    assert town.ask("SELECT area_code FROM marts.score_robustness WHERE grain = 'month'") == [("K2",)]


def test_exactly_seven_tenths_of_a_group_are_enough() -> None:
    town = Town(sheet={"tickets": {"T03": 21, "T04": 9}, "money": {"F06": 70}})
    town.figure("T03", "2026-03", 0.9)
    town.figure("F06", "2026-03", -5.0)
    town.edition("2026-03-31")
    assert score_of(town)[:2] == ("rated", 100.0)


def test_a_score_with_a_provisional_figure_is_provisional() -> None:
    town = Town()
    town.good("2026-02")
    town.good("2026-03")
    town.figure("T03", "2026-03", 0.9, status="provisional")
    town.edition("2026-03-31")
    assert score_of(town)[:2] == ("provisional", 100.0)
    assert score_of(town, period="2026-02-01")[:2] == ("rated", 100.0)


def test_the_rank_is_one_two_two_four_within_a_kind_of_area() -> None:
    town = Town(["K1", "K2", "K3", "K4"])
    town.area("R1", "community", "S", "rural")
    for area, value in (("K1", 0.95), ("K2", 0.8), ("K3", 0.8), ("K4", 0.75), ("R1", 0.7)):
        town.good("2026-03", area=area)
        town.figure("T03", "2026-03", value, area=area)
    town.edition("2026-03-31")
    rows = town.ask("SELECT area_code, peer_class, rank, peers FROM marts.scores WHERE grain = 'month' AND period_start = '2026-03-01' AND area_level = 'community' ORDER BY 1")  # fmt: skip
    assert rows == [("K1", "urban", 1, 4), ("K2", "urban", 2, 4), ("K3", "urban", 2, 4), ("K4", "urban", 4, 4), ("R1", "rural", 1, 1)]  # fmt: skip


def test_the_year_of_a_city_with_another_fiscal_year_takes_the_figure_of_its_last_month() -> None:
    town = Town()
    for indicator_id, value in (("T02", 0.97), ("T03", 0.9), ("T04", 0.95)):
        town.figure(indicator_id, "2025-01-01", value, grain="year")
    town.figure("F06", "2025-04-01", -20.0, grain="year")
    town.figure("F06", "2025-12", -8.0)
    town.edition("2025-12-31", fiscal_year_start=4)
    assert score_of(town, grain="year", period="2025-01-01")[:2] == ("rated", 60 + 40 * 0.8)


def test_a_veto_caps_the_grade_and_leaves_the_score() -> None:
    town = Town()
    town.good("2026-03")
    town.veto("2026-03-31", item="弄虚作假")
    town.veto("2026-03-31", item="重大安全事故")
    town.edition("2026-03-31")
    assert score_of(town) == ("rated", 100.0, "excellent", 2, "fail")
    assert town.ask("SELECT item, cap, rows, name_en FROM marts.vetoes WHERE grain = 'month' ORDER BY 1") == [
        ("弄虚作假", "fail", 1, "veto of an appraisal"),
        ("重大安全事故", "fail", 1, "veto of an appraisal"),
    ]


def test_a_veto_stands_until_the_next_appraisal_and_for_a_year_at_most() -> None:
    town = Town()
    town.veto("2024-09-30", item="弄虚作假")
    town.veto("2025-12-31", item="弄虚作假")
    town.veto("2026-03-31")
    town.edition("2026-06-30")
    months = town.ask("SELECT strftime(period_start, '%Y-%m') FROM marts.vetoes WHERE grain = 'month' ORDER BY 1")
    assert [month for (month,) in months] == [*(f"2024-{m:02d}" for m in range(9, 13)), *(f"2025-{m:02d}" for m in range(1, 9)), "2025-12", "2026-01", "2026-02"][-len(months):]  # fmt: skip
    assert ("2025-09",) not in months and ("2026-03",) not in months
    # of the year it counts in which the appraisal ended, and of no quarter at whose end it had been replaced
    assert town.ask("SELECT strftime(period_start, '%Y-%m') FROM marts.vetoes WHERE grain = 'quarter' AND period_start >= '2025-07-01'") == [("2025-10",)]  # fmt: skip
    assert town.ask("SELECT period_start FROM marts.vetoes WHERE grain = 'year' AND period_start >= '2026-01-01'") == []


def test_an_appraisal_that_ended_item_by_item_is_one_and_its_veto_stands() -> None:
    town = Town()
    town.veto("2026-02-10", item="弄虚作假", period="2025")
    town.veto("2026-02-12", period="2025")
    town.edition("2026-03-31")
    assert town.ask(
        "SELECT strftime(period_start, '%Y-%m'), stands_at_end FROM marts.vetoes WHERE grain = 'month' ORDER BY 1"
    ) == [("2026-02", True), ("2026-03", True)]


def test_vetoes_of_a_spot_check_or_of_a_partner_unit_do_not_count() -> None:
    town = Town()
    town.veto("2026-03-31", item="弄虚作假", method="spot")
    town.veto("2026-03-31", item="弄虚作假", level="partner_unit")
    town.edition("2026-03-31")
    assert town.ask("SELECT count(*) FROM marts.vetoes") == [(0,)]


def test_a_final_figure_worse_than_a_veto_s_threshold_caps_the_grade() -> None:
    veto = {"indicator": "T03", "worse_than": 0.75, "cap": "pass", "name": {"zh": "按时率否决", "en": "late"}}
    town = Town(["K1", "K2"], over={"score": {"vetoes": {"indicators": {"late": veto}}}})
    for area, status in (("K1", None), ("K2", "provisional")):
        town.good("2026-03", area=area)
        town.figure("T03", "2026-03", 0.74, area=area, status=status)
    town.edition("2026-03-31")
    assert score_of(town)[2:] == ("good", 1, "pass")
    assert score_of(town, "K2")[3:] == (0, "good")
    assert town.states("veto") == [("veto/late/K1/2026-03", "opened")]


@given(
    values=st.lists(st.tuples(*(st.one_of(st.none(), st.floats(0, 1)) for _ in range(4))), min_size=1, max_size=5),
    better=st.floats(0, 0.5),
)
@settings(max_examples=8, deadline=None)
def test_shared_weights_sum_to_a_hundred_and_a_better_figure_never_lowers_the_score(
    values: list[tuple[float | None, ...]], better: float
) -> None:
    ids = ("T02", "T03", "T04", "F06")
    codes = [f"K{n}" for n in range(len(values))] + [f"B{n}" for n in range(len(values))]
    town = Town(codes)
    for n, row in enumerate(values):
        for indicator_id, value in zip(ids, row, strict=True):
            if value is not None:
                scale = -20 if indicator_id == "F06" else 1
                for area, found in ((f"K{n}", value), (f"B{n}", value - better / 2 if scale < 0 else value + better)):
                    town.figure(indicator_id, "2026-03", found * scale, area=area)
    town.edition("2026-03-31")
    rated = dict(town.ask("SELECT area_code, score FROM marts.scores WHERE grain = 'month' AND period_start = '2026-03-01' AND score IS NOT NULL"))  # fmt: skip
    totals = dict(town.ask("SELECT area_code, sum(weight_used) FROM marts.indicator_scores WHERE grain = 'month' AND period_start = '2026-03-01' GROUP BY 1"))  # fmt: skip
    for n, row in enumerate(values):
        share = sum(w for value, w in zip(row[:3], (10, 30, 20), strict=True) if value is not None) / 60
        assert (f"K{n}" in rated) == (share >= 0.7 and row[3] is not None)
        if f"K{n}" in rated:
            assert totals[f"K{n}"] == pytest.approx(100)
            assert 0 <= rated[f"K{n}"] <= rated[f"B{n}"] <= 100


def test_drawn_weights_change_by_a_fifth_at_most_and_are_the_same_every_time() -> None:
    weights = np.array([30.0, 20.0, 10.0, 40.0])
    drawn = draw_weights(weights, "urban")
    assert drawn.shape == (DRAWS, 4)
    assert drawn.sum(axis=1) == pytest.approx(np.full(DRAWS, 100))
    ratio = drawn / weights
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() <= (1 + CHANGE) / (1 - CHANGE)
    assert (drawn == draw_weights(weights, "urban")).all()
    assert (drawn != draw_weights(weights, "rural")).any()


def test_unchanged_weights_give_the_score_itself() -> None:
    # T02 missing: 30 · 50 + 20 · 100 on 60, then 40 · 80
    scores = np.array([[np.nan, 50.0, 100.0, 80.0]])
    found = composites(scores, np.array([[10.0, 30.0, 20.0, 40.0]]), np.array([1, 1, 1, 2]))
    assert found[0, 0] == pytest.approx(36 * 0.5 + 24 + 32)


def test_an_area_better_in_everything_keeps_its_place_and_near_neighbours_do_not() -> None:
    town = Town(["K1", "K2", "K3"])
    for area, t03, money in (("K1", 0.9, -5.0), ("K2", 0.8, -12.5), ("K3", 0.72, -6.6)):
        for indicator_id, value in (("T02", 0.97), ("T03", t03), ("T04", 0.95), ("F06", money)):
            town.figure(indicator_id, "2026-03", value, area=area)
    town.edition("2026-03-31")
    # K2: 15 + 30 + 20 = 65; K3: 3 + 30 + 35.7 = 68.7: a fifth more weight on time and less on money turns them
    rows = town.ask("SELECT area_code, rank, rank_min, rank_max, share_kept, next_area_code, is_noise FROM marts.score_robustness WHERE grain = 'month' ORDER BY rank")  # fmt: skip
    assert rows[0] == ("K1", 1, 1, 1, 1.0, "K3", False)
    assert [row[:4] for row in rows[1:]] == [("K3", 2, 2, 3), ("K2", 3, 2, 3)]
    assert 0.5 < rows[1][4] < 0.95 and rows[1][6] is True
    assert rows[2][5:] == (None, None)


def test_equal_areas_share_their_place_and_their_order_is_noise() -> None:
    town = Town(["K1", "K2"])
    town.good("2026-03")
    town.good("2026-03", area="K2")
    town.edition("2026-03-31")
    rows = town.ask("SELECT rank, rank_min, rank_max, share_kept, is_noise FROM marts.score_robustness WHERE grain = 'month' ORDER BY area_code")  # fmt: skip
    assert rows == [(1, 1, 1, 1.0, True), (1, 1, 1, 1.0, None)]


def test_the_sheet_of_a_kind_may_be_removed_and_the_common_one_serves() -> None:
    text = yaml.safe_load(STANDARDS_FILE.read_text(encoding="utf-8"))
    assert "urban" not in merge(text, {"score": {"sheets": {"urban": None}}})["score"]["sheets"]
    town = Town(kind="new")
    town.good("2026-03")
    town.edition("2026-03-31")
    assert town.ask("SELECT DISTINCT sheet, peer_class FROM marts.scores WHERE area_code = 'K1'") == [
        ("community", "new")
    ]
