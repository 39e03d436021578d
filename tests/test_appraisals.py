"""Appraisals of organisations: which rows their contract takes, and which are known at the data cut."""

from __future__ import annotations

from decimal import Decimal

import pytest
from landing import build, empty_warehouse, insert
from small_city import SmallCity, lines

HEADER = "组织编号,考评周期,考评方式,考评项目,截止日期,项目类型,得分,满分,佐证材料"


def test_a_score_sheet_lands_with_self_check_spot_check_final_appraisal_and_veto(city: SmallCity) -> None:
    city.drop("appraisals", "sheet.csv", lines(
        HEADER, "O1,2026Q1,自评,组织建设,2026-03-31,评分,19.5,20,台账3号", "O1,2026Q1,现场抽查,组织建设,2026-03-31,评分,18,20,",
        "O1,2026Q1,终评,组织建设,2026-03-31,得分项,18.5,20,", "O1,2026Q1,终评,安全事故,2026-03-31,一票否决,,,",
        "O2,2026Q1,终评,安全事故,2026-03-31,否决,0,0,",
    ))  # fmt: skip
    assert city.load_one("appraisals").rows_loaded == 5
    rows = "SELECT org_id, method, kind, points, max_points FROM landing.appraisals ORDER BY org_id, kind, method"
    assert city.rows(rows) == [
        ("O1", "final", "score", Decimal("18.50"), Decimal("20.00")),
        ("O1", "self", "score", Decimal("19.50"), Decimal("20.00")),
        ("O1", "spot", "score", Decimal("18.00"), Decimal("20.00")),
        ("O1", "final", "veto", None, None),
        ("O2", "final", "veto", Decimal("0.00"), Decimal("0.00")),
    ]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("O9,2026Q1,终评,组织建设,2026-03-31,评分,20.5,20,", "points_above_maximum"),
        ("O9,2026Q1,终评,组织建设,2026-03-31,评分,,20,", "score_without_points"),
        ("O9,2026Q1,终评,组织建设,2026-03-31,评分,0,0,", "score_without_points"),
        ("O9,2026Q1,终评,安全事故,2026-03-31,一票否决,5,20,", "veto_with_points"),
        ("O9,2026Q1,互评,组织建设,2026-03-31,评分,5,20,", "method.allowed"),
        ("O9,第三季度,终评,组织建设,2026-03-31,评分,5,20,", "period.format"),
        ("O9,2026-13,终评,组织建设,2026-03-31,评分,5,20,", "period.format"),
        ("O9,2026Q1,终评,组织建设,2026-03-31,评分,优,20,", "points.readable"),
    ],
)
def test_a_line_of_a_score_sheet_that_cannot_be_is_rejected(city: SmallCity, row: str, rule: str) -> None:
    good = [f"O{n},2026Q1,终评,组织建设,2026-03-31,评分,18,20," for n in range(30, 50)]
    city.drop("appraisals", "sheet.csv", lines(HEADER, *good, row))
    delivery = city.load_one("appraisals")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (20, 1)
    assert (rule,) in city.rows("SELECT rule_id FROM landing.rejects")


def test_an_appraisal_is_known_from_the_day_it_ended_with_the_area_and_kind_of_its_organisation() -> None:
    con = empty_warehouse()
    insert(con, "organisations", [
        {"org_id": "O1", "org_level": "community_committee", "org_kind": "rural", "area_code": "A1"},
    ])  # fmt: skip
    score = {"method": "final", "kind": "score", "points": 18, "max_points": 20}
    insert(con, "appraisals", [
        {"org_id": "O1", "period": "2026Q1", "item": "a", "ended_on": "2026-03-31", **score},
        {"org_id": "O1", "period": "2026Q1", "item": "v", "ended_on": "2026-03-31", "method": "final", "kind": "veto", "points": 0},
        {"org_id": "O7", "period": "2026Q1", "item": "a", "ended_on": "2026-03-31", **score},
        {"org_id": "O1", "period": "2026Q2", "item": "a", "ended_on": "2026-06-30", **score},
    ])  # fmt: skip
    build(con, {"appraisals": "2026-06-29 23:59:59"})
    rows = con.execute(
        "SELECT org_id, org_area_code, org_level, org_kind, item, is_veto, points FROM core.appraisals ORDER BY org_id, item"
    ).fetchall()
    assert rows == [
        ("O1", "A1", "community_committee", "rural", "a", False, 18),
        ("O1", "A1", "community_committee", "rural", "v", True, None),
        ("O7", None, "unknown", "unknown", "a", False, 18),
    ]
