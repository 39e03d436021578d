"""Deliveries that arrive late, out of order, or after one was refused; rows that a mapping leaves out."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from small_city import ARRIVED, SmallCity, lines, make_small_city

DAY = timedelta(days=1)


def areas(*codes: str) -> str:
    return lines("area_code,valid_from,area_name,level", *(f"{code},2020-01-01,{code},community" for code in codes))


def members(*rows: str) -> str:
    return lines("member_id,org_id,is_serving", *rows)


def test_an_older_full_delivery_that_arrives_late_replaces_nothing(city: SmallCity) -> None:
    city.drop("areas", "april.csv", areas("C", "D1", "D2"), arrived=ARRIVED)
    city.load("areas")
    city.drop("areas", "march.csv", areas("C", "D1"), done="as_of: 2026-03-10T00:00:00+08:00\n", arrived=ARRIVED + DAY)
    late = city.load_one("areas")
    assert (late.outcome, late.rows_in, late.rows_loaded, late.rows_deduplicated) == ("superseded", 2, 0, 2)
    assert city.rows("SELECT area_code FROM landing.areas ORDER BY 1") == [("C",), ("D1",), ("D2",)]
    assert city.load("areas").deliveries == ()  # and it is not looked at again


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_an_older_roll_that_arrives_late_does_not_rewrite_the_history_of_members(
    city: SmallCity, order: tuple[int, ...]
) -> None:
    rolls = [
        ("march.csv", members("1,O1,否", "2,O1,否"), "2026-03-10"),
        ("april.csv", members("1,O1,是", "2,O1,否"), "2026-04-10"),
    ]
    for step, n in enumerate(order):
        name, text, day = rolls[n]
        city.drop("members", name, text, done=f"as_of: {day}T00:00:00+00:00\n", arrived=ARRIVED + step * DAY)
        city.load("members")
    now = city.rows("SELECT count(*) FILTER (WHERE is_serving), count(*) FROM landing.members WHERE _valid_to IS NULL")
    backwards = city.rows("SELECT count(*) FROM landing.members WHERE _valid_to <= _valid_from")
    assert (now, backwards) == ([(1, 2)], [(0,)])


def test_a_refused_register_stops_hindering_once_a_later_full_one_is_loaded(city: SmallCity) -> None:
    city.drop("areas", "bad.csv", "code_of_nothing\n1\n", arrived=ARRIVED)
    assert [d.outcome for d in city.load("areas").deliveries] == ["refused"]
    assert [d.file_name for d in city.load("areas").refused] == ["bad.csv"]
    city.drop("areas", "mended.csv", areas("C"), arrived=ARRIVED + DAY)
    city.load("areas")
    after = city.load("areas")
    assert (after.deliveries, after.refused) == ((), ())


def test_a_refused_delta_blocks_although_a_later_one_is_loaded(city: SmallCity) -> None:
    """Its rows are in no other file: forgetting it would lose them."""
    city.drop("meetings", "march.csv", "nothing\n1\n", arrived=ARRIVED)
    city.drop("meetings", "april.csv", "meeting_id,kind,held_on\nG1,visit,2026-04-01\n", arrived=ARRIVED + DAY)
    city.load("meetings")
    (still,) = city.load("meetings").refused
    assert (still.file_name, still.outcome) == ("march.csv", "refused")
    assert "Until it is mended and dropped again, or removed, every refresh stops here" in (still.reason_en or "")


def test_rows_left_out_are_counted_by_reason_and_by_the_first_rule_that_fits(city: SmallCity) -> None:
    city.mapping(
        "meetings",
        """
recognise: true
leave_out:
  - {where: "备注 = '测试'", reason: {zh: 测试, en: test}}
  - {where: "参加人数 = '0'", reason: {zh: 无人到会, en: nobody came}}
""",
    )
    city.drop("meetings", "a.csv", lines(
        "meeting_id,kind,held_on,参加人数,备注", "1,visit,2026-04-01,5,", "2,visit,2026-04-01,0,测试",
        "3,visit,2026-04-01,7,测试", "4,visit,2026-04-01,0,",
    ))  # fmt: skip
    assert city.load_one("meetings").rows_left_out == 3
    found = city.rows("SELECT reason_zh, reason_en, rows FROM landing.left_out ORDER BY rows")
    assert found == [("无人到会", "nobody came", 1), ("测试", "test", 2)]


def test_a_phone_number_in_a_column_for_something_else_is_masked_in_the_rejects(city: SmallCity) -> None:
    good = [f"{n},visit,2026-04-01" for n in range(20)]
    city.drop("meetings", "a.csv", lines("meeting_id,kind,held_on", *good, "X,来电13912340001,2026-04-01"))
    city.load("meetings")
    assert city.rejects() == [(22, "kind.allowed", "来电•••")]


def test_a_replay_takes_rows_that_lie_after_its_data_cut(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_KEY", "k")
    city = make_small_city(tmp_path_factory.mktemp("replay") / "city")
    city.settings(as_of="2026-03-31T23:59:59+08:00")
    city.drop("meetings", "a.csv", "meeting_id,kind,held_on\nG1,visit,2026-03-01\nG2,visit,2026-04-01\n")
    assert city.load_one("meetings").rows_rejected == 0
