"""The three lists: which rows their contract takes, and what is known of an entry at the data cut."""

from __future__ import annotations

import pytest
from landing import build, empty_warehouse, insert
from small_city import SmallCity, lines

HEADER = "条目编号,清单类型,社区代码,服务类别,登记日期,对接条目编号,认领日期,完成日期,状态"
GOOD = (
    "N1,需求清单,A1,养老助老,2026-03-01,R1,,2026-03-20,已完成",
    "N2,需求,A1,养老助老,2026年3月2日,,,,已登记",
    "N3,群众需求,A2,,2026/3/3,,,,撤回",
    "R1,资源清单,A1,养老助老,2026-01-05,,,,已登记",
    "P1,项目清单,A2,便民服务,2026-02-01,,2026-02-10,2026-03-30,已完成",
    "P2,项目,A2,便民服务,20260201,,20260210,,实施中",
)


def test_the_three_lists_land_from_one_chinese_table(city: SmallCity) -> None:
    city.drop("service_items", "lists.csv", lines(HEADER, *GOOD))
    assert city.load_one("service_items").rows_loaded == 6
    assert city.rows("SELECT item_id, list, matched_item_id, status FROM landing.service_items ORDER BY item_id") == [
        ("N1", "need", "R1", "completed"),
        ("N2", "need", None, "registered"),
        ("N3", "need", None, "withdrawn"),
        ("P1", "project", None, "completed"),
        ("P2", "project", None, "claimed"),
        ("R1", "resource", None, "registered"),
    ]


def test_entries_whose_days_and_states_contradict_each_other_are_rejected(city: SmallCity) -> None:
    # A tenth of a small file may be rejected: enough good rows stand beside the eight bad ones.
    filler = [f"F{n},需求,A1,便民服务,2026-03-01,,,,已登记" for n in range(90)]
    bad = (
        "B1,项目,A1,便民服务,2026-03-01,,2026-02-01,,已认领",
        "B2,需求,A1,便民服务,2026-03-01,R1,,2026-02-01,已完成",
        "B3,项目,A1,便民服务,2026-03-01,,2026-03-10,2026-03-05,已完成",
        "B4,项目,A1,便民服务,2026-03-01,,,2026-03-05,已完成",
        "B5,项目,A1,便民服务,2026-03-01,,,,已认领",
        "B6,需求,A1,便民服务,2026-03-01,R1,,2026-03-05,已对接",
        "B7,需求,A1,便民服务,2026-03-01,,,,已对接",
        "B8,需求,A1,便民服务,2026-03-01,B8,,,已对接",
    )
    city.drop("service_items", "lists.csv", lines(HEADER, *GOOD, *filler, *bad))
    delivery = city.load_one("service_items")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (96, 8)
    assert city.rows("SELECT source_row - 97, rule_id FROM landing.rejects ORDER BY 1, 2") == [
        (n, rule)
        for n, rule in enumerate(
            (
                "claimed_before_registered",
                "completed_before_registered",
                "completed_before_claimed",
                "project_completed_unclaimed",
                "status_without_day",
                "completed_but_still_open",
                "need_matched_to_nothing",
                "matched_to_itself",
            ),
            start=1,
        )
    ]


def test_a_later_delivery_completes_an_entry(city: SmallCity) -> None:
    city.drop("service_items", "1.csv", lines(HEADER, *GOOD), done='as_of: "2026-04-01T08:00:00+08:00"\n')
    city.load("service_items")
    done = "P2,项目,A2,便民服务,2026-02-01,,2026-02-10,2026-04-05,已完成"
    city.drop("service_items", "2.csv", lines(HEADER, done), done='as_of: "2026-04-06T08:00:00+08:00"\n')
    city.load("service_items")
    assert city.rows("SELECT count(*), count(completed_on) FROM landing.service_items") == [(6, 3)]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        # The project that answers the need is registered on 10 May, claimed on the 12th, completed on the 20th.
        ("2026-05-09 23:59", [("N1", False, None, None)]),
        ("2026-05-10 00:30", [("N1", True, None, None), ("P1", False, None, None)]),
        ("2026-05-15 12:00", [("N1", True, None, None), ("P1", False, "2026-05-12", None)]),
        ("2026-05-20 08:00", [("N1", True, None, None), ("P1", False, "2026-05-12", "2026-05-20")]),
    ],
)
def test_what_happens_after_the_data_cut_is_not_known_yet(as_of: str, expected: list[tuple[object, ...]]) -> None:
    con = empty_warehouse()
    insert(
        con,
        "service_items",
        [
            {
                "item_id": "N1",
                "list": "need",
                "registered_on": "2026-05-01",
                "matched_item_id": "P1",
                "status": "matched",
            },
            {
                "item_id": "P1",
                "list": "project",
                "registered_on": "2026-05-10",
                "claimed_on": "2026-05-12",
                "completed_on": "2026-05-20",
                "status": "completed",
            },
        ],
    )
    build(con, {"service_items": as_of})
    known = con.execute(
        "SELECT item_id, is_matched, CAST(claimed_on AS VARCHAR), CAST(completed_on AS VARCHAR)"
        " FROM core.service_items ORDER BY item_id"
    ).fetchall()
    assert known == expected


def test_a_match_with_an_entry_that_was_never_delivered_counts_and_an_entry_stays_one_row() -> None:
    con = empty_warehouse()
    need = {"list": "need", "registered_on": "2026-05-01", "status": "matched"}
    insert(con, "service_items", [
        {"item_id": "N1", "matched_item_id": "R9", **need}, {"item_id": "N2", "matched_item_id": "N1", **need},
        {"item_id": "N3", "matched_item_id": "N1", **need}, {**need, "item_id": "N4", "status": "withdrawn"},
    ])  # fmt: skip
    build(con, {"service_items": "2026-05-31 23:59"})
    rows = con.execute(
        "SELECT item_id, category, is_matched, is_withdrawn FROM core.service_items ORDER BY item_id"
    ).fetchall()
    assert rows == [
        ("N1", "unknown", True, False),
        ("N2", "unknown", True, False),
        ("N3", "unknown", True, False),
        ("N4", "unknown", False, True),
    ]
