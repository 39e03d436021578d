"""Guards judge a delivery as a whole: what warns, what blocks, what an override lets pass, what is not judged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity

from pipelines.contracts.guard_model import Guard, GuardError, GuardKind, parse_guards
from pipelines.contracts.guards import (
    DeliveryFacts,
    GuardResult,
    Override,
    Profile,
    judge,
    measure,
    record,
    remember,
)
from pipelines.contracts.model import Contract, ContractError, load_contract
from pipelines.ingest.ledger import create_landing
from pipelines.ingest.overrides import load_overrides
from pipelines.paths import CONTRACTS as FOLDER
from pipelines.yaml_model import ConfigurationError

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def landing() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 1}) as opened:
        create_landing(opened, CONTRACTS.values())
        yield opened


@pytest.fixture
def con(landing: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Empty tables of landing; what a test writes is undone."""
    landing.execute("BEGIN")
    yield landing
    landing.execute("ROLLBACK")


def contract(dataset: str, *guards: dict[str, Any]) -> Contract:
    """The dataset's contract with these guards alone."""
    chosen = CONTRACTS[dataset]
    return replace(chosen, guards=parse_guards(guards, chosen.columns))


def facts(
    dataset: str, rows: int, *, at: datetime = MONDAY, kind: str = "delta", name: str = "new.csv"
) -> DeliveryFacts:
    sha256 = hashlib.sha256(f"{name} {at}".encode()).hexdigest()
    return DeliveryFacts(f"{dataset}-{sha256[:12]}", dataset, name, sha256, kind, at, rows)


def table(con: duckdb.DuckDBPyConnection, dataset: str, rows: list[dict[str, Any]]) -> str:
    """A table of good rows in the columns of landing; the name to read it by."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE good AS SELECT * FROM landing.{dataset} LIMIT 0")
    fill(con, "good", rows)
    return "good"


def fill(con: duckdb.DuckDBPyConnection, into: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
        values = [row.get(name) for row in rows for name in columns]
        con.execute(f"INSERT INTO {into} ({', '.join(columns)}) VALUES {marks}", values)


def history(con: duckdb.DuckDBPyConnection, dataset: str, *profiles: Profile, until: datetime = MONDAY) -> None:
    """Accepted deltas of the days before `until`, the last of them on the day before."""
    for number, profile in enumerate(reversed(profiles), start=1):
        rows = next((int(value) for name, _, value in profile if name == "rows"), 0)
        remember(con, facts(dataset, rows, at=until - number * DAY, name=f"{number}.csv"), profile, SHANGHAI)


def counts(*rows: float) -> list[Profile]:
    return [(("rows", "", float(n)),) for n in rows]


def judged(
    con: duckdb.DuckDBPyConnection, chosen: Contract, delivery: DeliveryFacts, good: list[dict[str, Any]], **extra: Any
) -> list[GuardResult]:
    relation = table(con, chosen.dataset, good)
    return list(
        judge(
            con, chosen, delivery=delivery, good=relation, current=f"landing.{chosen.dataset}",
            profile=measure(con, chosen, delivery, relation), zone=SHANGHAI, now=NOW, **extra,
        )
    )  # fmt: skip


def outcome(con: duckdb.DuckDBPyConnection, *args: Any, **extra: Any) -> str:
    (result,) = judged(con, *args, **extra)
    return result.outcome


# -- row_count_band --------------------------------------------------------------------------------------------------

BAND = contract("tickets", {"kind": "row_count_band"})


def test_a_delivery_of_the_usual_size_passes(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(1000, 900, 1100, 1000))
    assert outcome(con, BAND, facts("tickets", 500), []) == "passed"


@pytest.mark.parametrize(("rows", "expected"), [(99, "blocked"), (100, "passed"), (4000, "passed"), (4001, "blocked")])
def test_a_tenth_and_four_times_the_median_are_the_last_sizes_that_pass(
    con: duckdb.DuckDBPyConnection, rows: int, expected: str
) -> None:
    history(con, "tickets", *counts(1000, 1000, 1000, 1000))
    assert outcome(con, BAND, facts("tickets", rows), []) == expected


def test_three_earlier_deliveries_are_too_few_to_judge_by(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(1000, 1000, 1000))
    assert outcome(con, BAND, facts("tickets", 1), []) == "not_judged"


def test_a_quiet_sunday_is_compared_with_sundays(con: duckdb.DuckDBPyConnection) -> None:
    # Five weeks: 10,000 rows on working days, 500 on Sundays. 500 is 5 % of a working day.
    sunday = MONDAY - DAY
    for days in range(1, 36):
        at = sunday - days * DAY
        rows = 500 if days % 7 == 0 else 10_000
        remember(con, facts("tickets", rows, at=at, name=f"{days}"), (("rows", "", rows),), SHANGHAI)
    assert outcome(con, BAND, facts("tickets", 500, at=sunday), []) == "passed"
    assert outcome(con, BAND, facts("tickets", 500, at=sunday + DAY), []) == "blocked"


def test_the_weekday_is_that_of_the_city(con: duckdb.DuckDBPyConnection) -> None:
    late = facts("tickets", 1, at=datetime(2026, 3, 1, 17, 0, tzinfo=UTC))  # Monday 01:00 in Shanghai
    assert late.weekday(SHANGHAI) == 1
    assert late.weekday(ZoneInfo("UTC")) == 7


def test_the_first_days_of_a_month_may_be_few_if_they_are_as_many_a_day(con: duckdb.DuckDBPyConnection) -> None:
    for month in range(1, 7):
        at = MONDAY - 30 * month * DAY
        remember(con, facts("tickets", 6000, at=at, name=f"{month}"), (("rows", "", 6000.0),), SHANGHAI)
    delivery = facts("tickets", 400, at=MONDAY - 28 * DAY)  # two days after a file of thirty
    (result,) = judged(con, BAND, delivery, [])
    assert result.outcome == "passed"
    assert "as before" in result.en
    assert outcome(con, BAND, facts("tickets", 30, at=MONDAY - 28 * DAY), []) == "blocked"


def test_a_handful_of_rows_more_or_less_never_blocks(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(12, 10, 14, 11))
    assert outcome(con, BAND, facts("tickets", 1), []) == "passed"


def test_full_and_delta_deliveries_are_not_compared(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(1000, 1000, 1000, 1000))
    assert outcome(con, BAND, facts("tickets", 100_000, kind="full"), []) == "not_judged"


def test_a_late_file_is_compared_with_those_before_it(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(50, 50, 50, 50, 9000, 9000, 9000, 9000))
    late = facts("tickets", 50, at=MONDAY - 5 * DAY + timedelta(hours=1))
    assert outcome(con, BAND, late, []) == "passed"


@given(past=st.lists(st.integers(200, 10_000), min_size=4, max_size=6), rows=st.integers(0, 60_000))
@settings(max_examples=25, deadline=None)
def test_the_band_is_a_tenth_to_four_times_the_median(past: list[int], rows: int) -> None:
    ordered = sorted(past)
    middle = (ordered[(len(past) - 1) // 2] + ordered[len(past) // 2]) / 2
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        create_landing(con, [CONTRACTS["facilities"]])
        for number, value in enumerate(past):
            at = MONDAY - (number + 1) * DAY
            remember(con, facts("facilities", value, at=at, kind="full"), (("rows", "", float(value)),), SHANGHAI)
        band = contract("facilities", {"kind": "row_count_band"})
        found = outcome(con, band, facts("facilities", rows, kind="full"), [])
    assert found == ("blocked" if rows < middle * 0.1 or rows > middle * 4 else "passed")


# -- deletions and keys ----------------------------------------------------------------------------------------------

CENTRES = contract("facilities", {"kind": "deletions"}, {"kind": "key_stability"})


def centres(*names: str) -> list[dict[str, Any]]:
    return [{"facility_id": name, "kind": "street_centre"} for name in names]


def numbered(count: int, start: int = 0, prefix: str = "F") -> list[str]:
    return [f"{prefix}{n}" for n in range(start, start + count)]


def keys(con: duckdb.DuckDBPyConnection, new: list[str], kind: str = "full") -> dict[str, str]:
    results = judged(con, CENTRES, facts("facilities", len(new), kind=kind), centres(*new))
    return {result.guard.id: result.outcome for result in results}


def test_one_percent_of_deletions_passes_and_more_blocks(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.facilities", centres(*numbered(1000)))
    assert keys(con, numbered(990)) == {"key_stability": "passed", "deletions": "passed"}
    assert keys(con, numbered(989)) == {"key_stability": "passed", "deletions": "blocked"}


def test_four_deletions_of_a_small_register_pass_and_five_block(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.facilities", centres(*numbered(20)))
    assert keys(con, numbered(16))["deletions"] == "passed"
    assert keys(con, numbered(15))["deletions"] == "blocked"


def test_keys_that_all_changed_are_one_message_and_not_deletions(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.facilities", centres(*numbered(100)))
    stability, deletions = judged(
        con, CENTRES, facts("facilities", 100, kind="full"), centres(*numbered(100, prefix="G"))
    )
    assert (stability.outcome, deletions.outcome) == ("blocked", "not_judged")
    assert "F1" not in stability.en + stability.zh
    assert "编码" in stability.zh and "encoding" in stability.en


def test_letting_changed_names_pass_lets_no_deletions_pass(con: duckdb.DuckDBPyConnection) -> None:
    def areas(count: int, name: str) -> list[dict[str, Any]]:
        return [{"area_code": f"A{n}", "valid_from": date(2020, 1, 1), "area_name": f"{name}{n}"} for n in range(count)]

    fill(con, "landing.areas", areas(40, "甲"))
    chosen = contract("areas", {"kind": "key_stability", "column": "area_name"}, {"kind": "deletions"})
    passing = override(dataset="areas", guard="key_stability.area_name")
    results = judged(con, chosen, facts("areas", 30, kind="full"), areas(30, "乙"), overrides=[passing])
    assert [result.outcome for result in results] == ["overridden", "blocked"]


def test_letting_rewritten_keys_pass_takes_one_line(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.facilities", centres(*numbered(100)))
    passing = override(dataset="facilities", guard="key_stability")
    delivery = facts("facilities", 100, kind="full")
    results = judged(con, CENTRES, delivery, centres(*numbered(100, prefix="G")), overrides=[passing])
    assert [result.outcome for result in results] == ["overridden", "not_judged"]


def test_a_delta_says_nothing_of_what_it_does_not_hold(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.facilities", centres(*numbered(100)))
    assert set(keys(con, ["F1"], kind="delta").values()) == {"not_judged"}


def test_the_first_delivery_has_no_keys_to_lose(con: duckdb.DuckDBPyConnection) -> None:
    assert set(keys(con, numbered(3)).values()) == {"not_judged"}


def test_only_memberships_that_hold_now_can_be_deleted(con: duckdb.DuckDBPyConnection) -> None:
    people = [{"member_id": f"m{n}", "org_id": "O1"} for n in range(100)]
    fill(con, "landing.members", [{**p, "_valid_to": datetime(2026, 1, 1)} for p in people[50:]])  # noqa: DTZ001
    fill(con, "landing.members", people[:50])
    chosen = contract("members", {"kind": "deletions"})
    assert outcome(con, chosen, facts("members", 50, kind="full"), people[:50]) == "passed"


def test_names_that_all_changed_under_the_same_codes_block(con: duckdb.DuckDBPyConnection) -> None:
    def areas(suffix: str, changed: int) -> list[dict[str, Any]]:
        return [
            {"area_code": f"A{n}", "valid_from": date(2020, 1, 1), "level": "community", "area_name": f"{n}{suffix if n < changed else ''}"}
            for n in range(20)
        ]  # fmt: skip

    fill(con, "landing.areas", areas("", 0))
    chosen = contract("areas", {"kind": "key_stability", "column": "area_name"})
    delivery = facts("areas", 20, kind="full")
    assert outcome(con, chosen, delivery, areas("�", 10)) == "passed"
    assert outcome(con, chosen, delivery, areas("�", 11)) == "blocked"


@given(old=st.sets(st.integers(0, 60), min_size=1), new=st.sets(st.integers(0, 60), min_size=1))
@settings(max_examples=25, deadline=None)
def test_deletions_and_rewritten_keys_are_what_sets_say(old: set[int], new: set[int]) -> None:
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        create_landing(con, [CONTRACTS["facilities"]])
        con.execute("INSERT INTO landing.facilities (facility_id) SELECT unnest(?)", [[str(n) for n in old]])
        found = keys(con, [str(n) for n in new])
    missing, added = len(old - new), len(new - old)
    rewritten = missing >= 5 and (len(old) - missing) < 0.99 * len(old) and missing / 2 <= added <= missing * 2
    assert found["key_stability"] == ("blocked" if rewritten else "passed")
    deleted = missing >= 5 and missing > len(old) / 100
    assert found["deletions"] == ("not_judged" if rewritten else "blocked" if deleted else "passed")


# -- areas -----------------------------------------------------------------------------------------------------------


def some_areas(con: duckdb.DuckDBPyConnection) -> None:
    """The city C with districts D1 and D2, a street in each, communities A1 (in D1) and A2 (in D2)."""
    ladder = [("C", "city", None), ("D1", "district", "C"), ("D2", "district", "C"), ("S1", "street", "D1"),
              ("S2", "street", "D2"), ("A1", "community", "S1"), ("A2", "community", "S2")]  # fmt: skip
    fill(con, "landing.areas", [
        {"area_code": code, "level": level, "parent_code": parent, "valid_from": date(2020, 1, 1)} for code, level, parent in ladder
    ])  # fmt: skip


def tickets(**places: int) -> list[dict[str, Any]]:
    """So many tickets in each place; `none` stands for no code."""
    return [{"area_code": None if place == "none" else place} for place, count in places.items() for _ in range(count)]


UNKNOWN = contract("tickets", {"kind": "unknown_areas", "column": "area_code"})


@pytest.mark.parametrize(
    ("unknown", "expected"), [(0, "passed"), (1, "warned"), (6, "warned"), (7, "blocked"), (300, "blocked")]
)
def test_unknown_codes_warn_up_to_one_percent_and_block_above(
    con: duckdb.DuckDBPyConnection, unknown: int, expected: str
) -> None:
    some_areas(con)
    assert outcome(con, UNKNOWN, facts("tickets", 600), tickets(A1=590 - unknown, X9=unknown, none=10)) == expected


def test_a_few_unknown_codes_of_a_small_file_only_warn(con: duckdb.DuckDBPyConnection) -> None:
    some_areas(con)
    assert outcome(con, UNKNOWN, facts("tickets", 10), tickets(A1=6, X9=4)) == "warned"


def test_rows_without_a_code_are_not_unknown(con: duckdb.DuckDBPyConnection) -> None:
    some_areas(con)
    assert outcome(con, UNKNOWN, facts("tickets", 100), tickets(none=100)) == "passed"


def test_without_areas_no_code_is_unknown(con: duckdb.DuckDBPyConnection) -> None:
    good = tickets(X9=100)
    assert outcome(con, UNKNOWN, facts("tickets", 100), good) == "not_judged"
    con.execute("DROP TABLE landing.areas")
    assert outcome(con, UNKNOWN, facts("tickets", 100), good) == "not_judged"


DISTRICTS = contract("tickets", {"kind": "missing_partition", "column": "area_code"})


def by_district(d1: int, d2: int) -> Profile:
    return (
        ("rows", "", float(d1 + d2)),
        ("district:area_code", "D1", float(d1)),
        ("district:area_code", "D2", float(d2)),
    )


def test_a_district_that_always_reported_and_is_missing_now_blocks(con: duckdb.DuckDBPyConnection) -> None:
    some_areas(con)
    history(con, "tickets", *[by_district(100, 10)] * 4)
    (result,) = judged(con, DISTRICTS, facts("tickets", 100), tickets(A1=100))
    assert (result.outcome, result.observed) == ("blocked", "D2")
    assert outcome(con, DISTRICTS, facts("tickets", 101), tickets(A1=100, S2=1)) == "passed"


def test_a_district_that_sometimes_reports_little_may_be_missing(con: duckdb.DuckDBPyConnection) -> None:
    some_areas(con)
    history(con, "tickets", by_district(100, 9), *[by_district(100, 50)] * 3)
    assert outcome(con, DISTRICTS, facts("tickets", 100), tickets(A1=100)) == "passed"


def test_three_deliveries_do_not_make_a_district_expected(con: duckdb.DuckDBPyConnection) -> None:
    some_areas(con)
    history(con, "tickets", *[by_district(100, 100)] * 3)
    assert outcome(con, DISTRICTS, facts("tickets", 100), tickets(A1=100)) == "not_judged"


def test_a_circle_of_parents_ends(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "landing.areas", [
        {"area_code": a, "level": "street", "parent_code": b, "valid_from": date(2020, 1, 1)} for a, b in [("X", "Y"), ("Y", "X")]
    ])  # fmt: skip
    good = table(con, "tickets", tickets(X=3))
    assert measure(con, DISTRICTS, facts("tickets", 3), good) == (("rows", "", 3.0),)


def test_a_column_can_hold_the_partitions_itself(con: duckdb.DuckDBPyConnection) -> None:
    own = contract("tickets", {"kind": "missing_partition", "column": "channel", "level": "own"})
    history(con, "tickets", *[(("rows", "", 20.0), ("own:channel", "grid", 20.0))] * 4)
    assert outcome(con, own, facts("tickets", 20), [{"channel": "app"}] * 20) == "blocked"


# -- amounts ---------------------------------------------------------------------------------------------------------

UNIT = contract("payments", {"kind": "unit_slip", "column": "amount"})


def amounts(*values: float) -> list[dict[str, Any]]:
    return [{"payment_id": f"P{n}", "amount": value} for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("median", "expected"),
    [(100_000, "passed"), (50.01, "passed"), (50, "blocked"), (10, "blocked"), (199_999_999, "passed"), (200_000_000, "blocked")],
)  # fmt: skip
def test_amounts_two_thousand_times_off_are_in_another_unit(
    con: duckdb.DuckDBPyConnection, median: float, expected: str
) -> None:
    history(con, "payments", *[(("rows", "", 30.0), ("median:amount", "", 100_000.0))] * 2)
    assert outcome(con, UNIT, facts("payments", 20), amounts(*[median] * 20)) == expected


def test_single_amounts_ten_thousand_times_the_median_warn(con: duckdb.DuckDBPyConnection) -> None:
    (result,) = judged(con, UNIT, facts("payments", 22), amounts(*[100] * 20, 1_000_000, 1_000_001))
    assert (result.outcome, result.observed) == ("warned", "1, 50 %")


def test_single_amounts_that_make_most_of_the_sum_are_in_another_unit(con: duckdb.DuckDBPyConnection) -> None:
    (result,) = judged(con, UNIT, facts("payments", 21), amounts(*[100] * 20, 1_000_001))
    assert (result.outcome, result.observed) == ("blocked", "1, 100 %")


def test_nineteen_positive_amounts_are_too_few(con: duckdb.DuckDBPyConnection) -> None:
    assert outcome(con, UNIT, facts("payments", 25), amounts(*[100] * 19, *[-5] * 3, *[0] * 3)) == "not_judged"


def test_the_first_amounts_have_nothing_to_be_compared_with(con: duckdb.DuckDBPyConnection) -> None:
    assert outcome(con, UNIT, facts("payments", 20), amounts(*[100] * 20)) == "not_judged"


# -- categories and repeats ------------------------------------------------------------------------------------------

DRIFT = contract("tickets", {"kind": "category_drift", "column": "category_1"})


def test_a_new_category_of_more_than_a_fifth_warns(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", (("rows", "", 50.0), ("category:category_1", "环境", 50.0)))
    one_fifth = [{"category_1": "环境"}] * 80 + [{"category_1": "噪声"}] * 20
    assert outcome(con, DRIFT, facts("tickets", 100), one_fifth) == "passed"
    (result,) = judged(con, DRIFT, facts("tickets", 101), [*one_fifth, {"category_1": "噪声"}])
    assert (result.outcome, result.observed) == ("warned", "噪声 (21)")


def test_a_new_category_is_not_judged_without_history_or_in_a_small_file(con: duckdb.DuckDBPyConnection) -> None:
    assert outcome(con, DRIFT, facts("tickets", 50), [{"category_1": "噪声"}] * 50) == "not_judged"
    history(con, "tickets", (("rows", "", 50.0), ("category:category_1", "环境", 50.0)))
    assert outcome(con, DRIFT, facts("tickets", 49), [{"category_1": "噪声"}] * 49) == "not_judged"


REPEAT = contract("tickets", {"kind": "repeated", "column": "updated_at"})


def test_old_data_under_new_bytes_warns(con: duckdb.DuckDBPyConnection) -> None:
    rows = [{"updated_at": datetime(2026, 3, 1, 8, n)} for n in range(3)]  # noqa: DTZ001
    assert outcome(con, REPEAT, facts("tickets", 3), rows) == "not_judged"
    before = facts("tickets", 3, at=MONDAY - DAY, name="before.csv")
    remember(con, before, measure(con, REPEAT, before, table(con, "tickets", rows)), SHANGHAI)
    assert outcome(con, REPEAT, facts("tickets", 3), rows) == "warned"
    assert outcome(con, REPEAT, facts("tickets", 2), rows[1:]) == "passed"
    assert (
        outcome(con, REPEAT, facts("tickets", 3), [*rows[:2], {"updated_at": MONDAY.replace(tzinfo=None)}]) == "passed"
    )


# -- overrides -------------------------------------------------------------------------------------------------------


def too_few(con: duckdb.DuckDBPyConnection, *overrides: Override) -> GuardResult:
    history(con, "tickets", *counts(1000, 1000, 1000, 1000))
    (result,) = judged(con, BAND, facts("tickets", 5, name="节日.csv"), [], overrides=overrides)
    return result


def override(**changes: Any) -> Override:
    line = {"dataset": "tickets", "guard": "row_count_band", "who": "王主任", "why": "春节", "until": date(2026, 6, 1)}
    return Override(**{**line, **changes})


def test_an_override_lets_a_delivery_pass_and_is_recorded(con: duckdb.DuckDBPyConnection) -> None:
    result = too_few(con, override(delivery="节日.csv"))
    assert result.outcome == "overridden"
    record(con, facts("tickets", 5, name="节日.csv"), [result], now=NOW)
    record(con, facts("tickets", 5, name="节日.csv"), [result], now=NOW)
    found = con.execute(
        "SELECT guard_id, outcome, observed, override_who, override_why, override_until, judged_at FROM landing.guard_results"
    ).fetchall()
    assert found == [
        ("row_count_band", "overridden", "5", "王主任", "春节", date(2026, 6, 1), datetime(2026, 6, 1, 4))  # noqa: DTZ001
    ]


def test_an_override_holds_until_the_end_of_its_day_in_the_city(con: duckdb.DuckDBPyConnection) -> None:
    history(con, "tickets", *counts(1000, 1000, 1000, 1000))
    good = table(con, "tickets", [])
    for moment, expected in [("2026-06-01T15:59:00", "overridden"), ("2026-06-01T16:00:00", "blocked")]:
        (result,) = judge(
            con, BAND, delivery=facts("tickets", 5), good=good, current="landing.tickets", profile=(("rows", "", 5.0),),
            zone=SHANGHAI, overrides=[override()], now=datetime.fromisoformat(moment).replace(tzinfo=UTC),
        )  # fmt: skip
        assert result.outcome == expected


def test_an_expired_override_does_not_count_and_is_mentioned(con: duckdb.DuckDBPyConnection) -> None:
    result = too_few(con, override(until=date(2026, 5, 31)))
    assert (result.outcome, result.override) == ("blocked", None)
    assert "王主任" in result.zh and "2026-05-31" in result.en


@pytest.mark.parametrize(
    "changes", [{"dataset": "members"}, {"guard": "deletions"}, {"delivery": "other.csv"}, {"delivery": "00000000"}]
)
def test_an_override_of_something_else_does_not_count(con: duckdb.DuckDBPyConnection, changes: dict[str, str]) -> None:
    assert too_few(con, override(**changes)).outcome == "blocked"


def test_an_override_may_name_the_delivery_by_its_hash(con: duckdb.DuckDBPyConnection) -> None:
    sha256 = facts("tickets", 5, name="节日.csv").sha256
    assert too_few(con, override(delivery=sha256[:8].upper())).outcome == "overridden"
    assert too_few(con, override(delivery=sha256[:7])).outcome == "blocked"


def test_the_line_that_a_message_proposes_works_once_it_is_signed(
    con: duckdb.DuckDBPyConnection, city: SmallCity
) -> None:
    blocked = too_few(con)
    path = city.folder / "overrides.yaml"
    for message in (blocked.zh, blocked.en):
        line = message[message.index("- {dataset") :]
        path.write_text(line, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"overrides.yaml line 1: .*still to be filled in"):
            load_overrides(city.open(), CONTRACTS)
        document = yaml.safe_load(line)
        path.write_text(yaml.safe_dump([{**document[0], "who": "王主任", "why": "春节"}]), encoding="utf-8")
        assert too_few(con, *load_overrides(city.open(), CONTRACTS)).outcome == "overridden"


def test_a_city_without_overrides_has_none(city: SmallCity) -> None:
    assert load_overrides(city.open(), CONTRACTS) == ()
    (city.folder / "overrides.yaml").write_text("# none yet\n", encoding="utf-8")
    assert load_overrides(city.open(), CONTRACTS) == ()


GOOD_LINE = "- {dataset: tickets, guard: row_count_band, who: 王主任, why: 春节, until: 2026-06-01}\n"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (GOOD_LINE.replace("guard:", "gaurd:"), r'line 2: unknown key "1.gaurd"; did you mean "guard"\?'),
        (GOOD_LINE.replace("tickets", "ticket"), r'line 2: .*no dataset "ticket"; did you mean "tickets"\?'),
        (GOOD_LINE.replace("row_count_band", "row_count"), r'line 2: .*no guard "row_count".*"row_count_band"\?'),
        (GOOD_LINE.replace("who: 王主任, ", ""), r'line 2: the key "1.who" is missing'),
        (GOOD_LINE.replace("春节", '" "'), r"line 2: .*still to be filled in"),
        (GOOD_LINE.replace("2026-06-01", "always"), r'line 2: "1.until"'),
    ],
)
def test_a_wrong_line_of_overrides_is_named(city: SmallCity, wrong: str, message: str) -> None:
    (city.folder / "overrides.yaml").write_text(GOOD_LINE + wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_overrides(city.open(), CONTRACTS)


# -- contracts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "guard", "message"),
    [
        ("tickets", {"kind": "moon_phase"}, "guard moon_phase is not known"),
        ("tickets", {"kind": "deletions", "precent": 2}, "key precent is not known"),
        ("tickets", {"kind": "deletions", "column": "status"}, "key column is not known"),
        ("tickets", {"kind": "unknown_areas"}, "the key column is missing"),
        ("tickets", {"kind": "unknown_areas", "column": "area"}, "there is no column area"),
        ("tickets", {"kind": "category_drift", "column": "reporter_id"}, "reporter_id is personal"),
        ("tickets", {"kind": "category_drift", "column": "description"}, "description is personal"),
        ("payments", {"kind": "unit_slip", "column": "kind"}, "kind is a string, not integer or number"),
        ("tickets", {"kind": "deletions", "onFailure": "stop"}, "onFailure is warn or block"),
        ("tickets", {"kind": "deletions", "percent": 0}, "percent is a number above 0"),
    ],
)
def test_a_guard_that_cannot_be_judged_is_refused(dataset: str, guard: dict[str, Any], message: str) -> None:
    with pytest.raises(GuardError, match=message):
        parse_guards([guard], CONTRACTS[dataset].columns)


def test_a_guard_listed_twice_is_refused() -> None:
    with pytest.raises(GuardError, match="deletions is listed twice"):
        parse_guards([{"kind": "deletions"}, {"kind": "deletions", "percent": 2}], ())


def test_a_contract_with_a_wrong_guard_is_refused_by_name(tmp_path: Path) -> None:
    text = (FOLDER / "payments.odcs.yaml").read_text(encoding="utf-8")
    path = tmp_path / "payments.odcs.yaml"
    path.write_text(text.replace("{kind: deletions}", "{kind: deletion}"), encoding="utf-8")
    with pytest.raises(ContractError, match=r"payments.odcs.yaml: guard deletion is not known"):
        load_contract(path)


def test_the_numbers_of_a_contract_replace_the_defaults() -> None:
    (guard,) = parse_guards([{"kind": "deletions", "percent": 3, "onFailure": "warn"}], ())
    assert guard == Guard("deletions", "deletions", "warn", None, "district", {"percent": 3.0, "rows": 5.0})


def test_the_documents_explain_every_kind_and_every_number_of_a_guard() -> None:
    document = (FOLDER.parent / "docs" / "city.md").read_text(encoding="utf-8")
    lines = {line.split("`")[1]: line for line in document.splitlines() if line.startswith("| `")}
    for kind in get_args(GuardKind):
        column = {"unit_slip": "amount", "repeated": "occurred_on"}.get(kind, "kind")
        named = {} if kind in ("row_count_band", "deletions", "changes") else {"column": column}
        (guard,) = parse_guards([{"kind": kind, **named}], CONTRACTS["payments"].columns)
        for name, value in guard.limits.items():
            assert f"`{name}` {value:g}" in lines[kind], (kind, name)


def test_every_contract_guards_its_rows_and_its_keys() -> None:
    for dataset, chosen in CONTRACTS.items():
        assert {"row_count_band", "deletions"} <= {guard.kind for guard in chosen.guards}, dataset
