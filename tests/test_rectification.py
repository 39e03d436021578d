"""The rectification list through its states, edition by edition; what goes on it, and what on the watch list instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import Refreshed
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import Town, day

from pipelines.publish import current_edition, newest_editions
from pipelines.rectification import LINE, MEMORY, advance, remember, remember_nothing, with_states

FLOOR_LINE = "floor/T03/K1/2026-03"


def bad(town: Town, *periods: str, area: str = "K1", status: str | None = None) -> None:
    """T03 below its floor (0.7) beyond chance: 20 of 40 on time, upper bound 0.6480 (Wilson)."""
    for period in periods:
        town.figure("T03", period, 0.5, area=area, lower=0.352, upper=0.648, cases=(20, 40), status=status)


def fine(town: Town, *periods: str, status: str | None = None) -> None:
    """T03 above its target."""
    for period in periods:
        town.figure("T03", period, 1.0, lower=0.91, upper=1.0, cases=(40, 40), status=status)


def line(town: Town, line_id: str, columns: str) -> tuple[object, ...]:
    (row,) = town.ask(f"SELECT {columns} FROM marts.rectification WHERE line_id = '{line_id}'")
    return row


def test_a_line_is_opened_confirmed_mended_closed_and_reopened() -> None:
    town = Town()
    bad(town, "2026-03")
    town.edition("2026-04-10")
    assert town.states("floor") == [(FLOOR_LINE, "opened")]
    assert line(town, FLOOR_LINE, "owner_code, period_start, value, upper, floor, rows, listed_on, due_on") == (
        *("K1", day("2026-03-01"), 0.5, 0.648, 0.7, 20),
        *(day("2026-04-10"), day("2026-05-10")),
    )
    bad(town, "2026-04")
    town.edition("2026-05-10")
    assert town.states("floor") == [(FLOOR_LINE, "confirmed")]
    assert line(town, FLOOR_LINE, "period_start, due_on") == (day("2026-04-01"), day("2026-05-10"))
    fine(town, "2026-05", status="provisional")
    town.edition("2026-05-31")
    assert town.states("floor") == [(FLOOR_LINE, "mended")]
    bad(town, "2026-05", status="provisional")
    town.edition("2026-05-31")
    assert town.states("floor") == [(FLOOR_LINE, "confirmed")]
    fine(town, "2026-05")
    town.edition("2026-06-10")
    assert town.states("floor") == [(FLOOR_LINE, "closed")]
    assert line(town, FLOOR_LINE, "closed_on, closed_because, value") == (day("2026-05-01"), "cleared", 0.5)
    bad(town, "2026-06", status="provisional")
    town.edition("2026-06-30")
    assert town.states("floor") == [(FLOOR_LINE, "closed")]
    bad(town, "2026-06")
    town.edition("2026-07-10")
    assert town.states("floor") == [(FLOOR_LINE, "reopened")]
    assert line(town, FLOOR_LINE, "opened_on, reopened_on, times_reopened, listed_on, due_on") == (
        *(day("2026-03-01"), day("2026-06-01"), 1, day("2026-07-10"), day("2026-08-09")),
    )
    bad(town, "2026-07")
    town.edition("2026-08-10")
    assert town.states("floor") == [(FLOOR_LINE, "confirmed")]


def test_what_comes_back_after_half_a_year_is_a_new_line() -> None:
    town = Town()
    bad(town, "2025-07")
    town.edition("2025-08-10")
    fine(town, "2025-08")
    town.edition("2025-09-10")
    bad(town, "2026-03")  # seven months after it was closed
    town.edition("2026-04-10")
    assert town.states("floor") == [("floor/T03/K1/2025-07", "closed"), (FLOOR_LINE, "opened")]


def test_the_same_data_twice_changes_nothing_not_even_a_date() -> None:
    town = Town(["K1", "K2"])
    bad(town, "2025-12", "2026-01", "2026-03")
    fine(town, "2026-02")
    bad(town, "2026-02", area="K2")
    town.ticket("t1", "2026-01-10")
    town.veto("2026-03-31", item="弄虚作假")
    town.edition("2026-03-31")
    first = town.ask("SELECT * FROM marts.rectification ORDER BY ALL")
    assert {row[0] for row in first} >= {
        "floor/T03/K1/2025-12",
        "overdue/tickets/K1/2026-02",
        "veto/appraisal/K1/2026-03",
    }
    town.edition("2026-03-31")
    assert town.ask("SELECT * FROM marts.rectification ORDER BY ALL") == first
    # a later cut without anything new moves no date either
    town.edition("2026-04-01")
    assert town.ask("SELECT line_id, due_on FROM marts.rectification ORDER BY ALL") == sorted(
        (row[0], row[list(LINE).index("due_on")]) for row in first
    )


def test_the_first_list_knows_since_when_and_leaves_out_what_nobody_saw() -> None:
    town = Town(["K1", "K2"])
    bad(town, "2026-01", "2026-02", "2026-03")
    bad(town, "2026-01", area="K2")
    town.figure("T03", "2026-02", 1.0, area="K2", upper=1.0)
    town.edition("2026-04-10")
    assert town.states("floor") == [("floor/T03/K1/2026-01", "confirmed")]
    assert line(town, "floor/T03/K1/2026-01", "listed_on, due_on") == (day("2026-04-10"), day("2026-05-10"))


def test_a_restated_final_month_is_judged_anew_and_the_line_keeps_its_trace() -> None:
    town = Town()
    bad(town, "2026-03")
    town.edition("2026-04-10")
    fine(town, "2026-03")  # the office mended its extract
    town.edition("2026-04-11")
    assert town.states("floor") == [(FLOOR_LINE, "closed")]
    bad(town, "2026-03")
    town.edition("2026-04-12")
    assert town.states("floor") == [(FLOOR_LINE, "opened")]
    assert line(town, FLOOR_LINE, "times_reopened, due_on") == (0, day("2026-05-10"))


def test_months_before_the_newest_are_not_opened_afterwards() -> None:
    town = Town(["K1", "K2"])
    bad(town, "2026-03", area="K2")
    fine(town, "2026-02", "2026-03")
    town.edition("2026-04-10")
    bad(town, "2026-02")
    town.edition("2026-04-11")
    assert town.states("floor") == [("floor/T03/K2/2026-03", "opened")]


def test_a_month_without_a_figure_closes_nothing() -> None:
    town = Town()
    bad(town, "2026-03")
    town.edition("2026-04-10")
    town.figure("T03", "2026-04", None, status="no_cases")
    town.edition("2026-05-10")
    assert town.states("floor") == [(FLOOR_LINE, "opened")]


def test_below_the_floor_by_chance_is_no_line() -> None:
    town = Town()
    # 2 of 4 on time: 0.5, upper bound 0.850
    town.figure("T03", "2026-03", 0.5, lower=0.150, upper=0.850, cases=(2, 4))
    town.edition("2026-04-10")
    assert town.states("floor") == []
    assert town.ask("SELECT indicator_id, reason, months_below FROM marts.watch_list") == [("T03", "below", 1)]


def test_an_amount_without_an_interval_is_its_own_bound() -> None:
    town = Town()
    town.figure("F06", "2026-03", -20.5)  # floor −20
    town.edition("2026-04-10")
    assert town.states("floor") == [("floor/F06/K1/2026-03", "opened")]


def test_where_less_is_better_the_lower_bound_counts() -> None:
    town = Town(["K1", "K2"], sheet={"tickets": {"T13": 100}}, over={"targets": {"T13": 24}, "floors": {"T13": 72}})
    town.figure("T13", "2026-03", 80.0)
    town.figure("T13", "2026-03", 60.0, area="K2")
    town.edition("2026-04-10")
    assert town.states("floor") == [("floor/T13/K1/2026-03", "opened")]
    assert town.ask("SELECT area_code FROM marts.watch_list") == [("K2",)]


def test_three_final_months_in_a_row_below_target_are_a_line_and_two_or_a_gap_are_not() -> None:
    town = Town(["K1", "K2", "K3", "K4"])
    below = {"K1": ("01", "02", "03"), "K2": ("02", "03"), "K3": ("12", "01", "03"), "K4": ("01", "02", "03")}
    for area, months in below.items():
        for month in months:
            period = f"2025-{month}" if month == "12" else f"2026-{month}"
            late = "provisional" if (area, month) == ("K4", "03") else None
            town.figure("T03", period, 0.85, area=area, lower=0.7, upper=0.95, cases=(17, 20), status=late)
    town.edition("2026-04-10")
    assert town.states("target") == [("target/T03/K1/2026-03", "opened")]
    assert line(town, "target/T03/K1/2026-03", "months_below, value, target, rows, due_on") == (
        3,
        0.85,
        0.9,
        3,
        day("2026-06-09"),
    )
    watched = town.ask("SELECT area_code, reason, months_below FROM marts.watch_list ORDER BY 1")
    assert watched == [("K2", "chance", 2), ("K3", "chance", 1), ("K4", "chance", 2)]


def test_a_line_below_target_leaves_when_a_final_month_reaches_it() -> None:
    town = Town()
    for month in ("01", "02", "03"):
        town.figure("T03", f"2026-{month}", 0.85, lower=0.7, upper=0.95)
    town.edition("2026-04-10")
    town.figure("T03", "2026-04", 0.9, lower=0.8, upper=0.95)
    town.edition("2026-05-10")
    assert town.states("target") == [("target/T03/K1/2026-03", "closed")]
    assert town.ask("SELECT count(*) FROM marts.watch_list") == [(0,)]


def test_the_months_in_a_row_are_the_city_s_to_set() -> None:
    town = Town(over={"rectification": {"rules": {"target": {"threshold": 2, "due_days": 10}}}})
    for month in ("02", "03"):
        town.figure("T03", f"2026-{month}", 0.85, lower=0.7, upper=0.95)
    town.edition("2026-04-10")
    assert line(town, "target/T03/K1/2026-03", "state, due_on") == ("opened", day("2026-04-20"))


def test_tickets_long_overdue_are_one_line_an_area_with_their_number() -> None:
    town = Town(["K1", "K2"])
    town.ticket("t1", "2026-03-10")  # 31 days before the cut
    town.ticket("t2", "2026-02-01")
    town.ticket("t3", "2026-03-11")  # 30 days: not more than 30
    town.ticket("t4", "2026-03-20", area="K2")
    town.ticket("t5", "2026-01-01", resolved_on="2026-03-30", area="K2")
    town.edition("2026-04-10")
    assert town.states("overdue") == [("overdue/tickets/K1/2026-03", "confirmed")]
    assert line(town, "overdue/tickets/K1/2026-03", "rows, rows_from, period_start, due_on") == (
        *(2, "marts.overdue_tickets", day("2026-04-01"), day("2026-04-25")),
    )
    town.close("t1", "2026-04-12")
    town.close("t2", "2026-04-12")
    town.close("t3", "2026-04-12")
    town.edition("2026-04-20")
    assert ("overdue/tickets/K1/2026-03", "mended") in town.states("overdue")
    town.edition("2026-04-30")
    assert ("overdue/tickets/K1/2026-03", "closed") in town.states("overdue")


def test_a_ticket_long_overdue_is_listed_in_the_month_under_way() -> None:
    town = Town()
    town.edition("2026-04-01")
    town.ticket("t1", "2026-03-10")
    town.edition("2026-04-11")
    assert town.states("overdue") == [("overdue/tickets/K1/2026-04", "opened")]


def test_the_line_of_a_community_is_part_of_that_of_its_street() -> None:
    town = Town(["K1", "K2"])
    town.ticket("t1", "2026-03-20")
    town.ticket("t2", "2026-03-20", area="K2")
    town.edition("2026-04-25")
    rows = town.ask(
        "SELECT area_code, rows, part_of FROM marts.rectification WHERE rule = 'overdue' ORDER BY area_level, 1"
    )
    assert rows == [
        ("K1", 1, "overdue/tickets/S/2026-04"),
        ("K2", 1, "overdue/tickets/S/2026-04"),
        ("D", 2, None),
        ("S", 2, "overdue/tickets/D/2026-04"),
    ]


def test_a_standing_veto_is_a_line_until_the_next_appraisal_is_without_it() -> None:
    town = Town()
    town.veto("2026-03-31", item="弄虚作假")
    town.edition("2026-04-10")
    assert town.states("veto") == [("veto/appraisal/K1/2026-03", "confirmed")]
    assert line(town, "veto/appraisal/K1/2026-03", "rows, rows_from, owner_code") == (1, "marts.vetoes", "K1")
    town.veto("2026-06-30")
    town.edition("2026-06-30")
    assert town.states("veto") == [("veto/appraisal/K1/2026-03", "closed")]


def test_the_line_of_an_area_that_ended_or_of_a_rule_that_was_dropped_is_closed_with_the_reason() -> None:
    town = Town(["K1", "K2"])
    bad(town, "2026-03")
    town.figure("F06", "2026-03", -25.0, area="K2")
    town.edition("2026-04-10")
    town.con.execute("UPDATE core.areas SET valid_to = '2026-05-01' WHERE area_code = 'K1'")
    town.standards = Town(sheet={"tickets": {"T03": 100}}).standards
    town.edition("2026-05-10")
    rows = town.ask("SELECT area_code, indicator_id, closed_on, closed_because FROM marts.rectification ORDER BY 1")
    assert rows == [("K1", "T03", day("2026-05-01"), "area_ended"), ("K2", "F06", day("2026-05-01"), "rule_ended")]


def test_people_who_fall_short_are_not_counted() -> None:
    town = Town(sheet={"organisations": {"M09": 100}})
    town.figure("M09", "2026-03", 0.3, lower=0.2, upper=0.45, cases=(12, 40))
    town.edition("2026-04-10")
    assert line(town, "floor/M09/K1/2026-03", "rows, value") == (None, 0.3)


def test_the_list_is_remembered_from_the_first_edition_that_opens(tmp_path: Path) -> None:
    town = Town()
    bad(town, "2026-03")
    town.edition("2026-04-10")
    published = tmp_path / "edition-1.duckdb"
    town.con.execute(f"ATTACH '{published}' AS published")
    town.con.execute("CREATE SCHEMA published.marts")
    town.con.execute("CREATE TABLE published.marts.rectification AS SELECT * FROM marts.rectification")
    town.con.execute("DETACH published")
    damaged = tmp_path / "edition-2.duckdb"
    damaged.write_bytes(b"not a database" * 400)
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reference")
    remember_nothing(con)
    assert remember(con, [damaged, published]) == 1
    assert con.execute(f"SELECT line_id FROM {MEMORY}").fetchall() == [(FLOOR_LINE,)]
    assert remember(con, [published]) == 1
    assert remember(con, []) == 0


def test_an_edition_from_before_there_was_a_list_is_one_without_a_list(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "edition-0.duckdb")) as old:
        old.execute("CREATE SCHEMA marts")
        old.execute("CREATE TABLE marts.rectification AS SELECT 'x' AS line_id")
    con = duckdb.connect()
    con.execute("CREATE SCHEMA reference")
    assert remember(con, [tmp_path / "edition-0.duckdb"]) == 0


EMPTY = pl.DataFrame(schema=LINE)
DUE = pl.DataFrame({"rule": ["floor"], "due_days": [30]})


def judgements(*keys: list[bool | None], provisional: int = 0) -> pl.DataFrame:
    """Judgements of the rule floor from January 2025 on, a list a community; the last `provisional` months are not final."""
    rows = [
        {
            **{
                "rule": "floor",
                "area_level": "community",
                "area_code": f"K{k}",
                "subject": "T03",
                "indicator_id": "T03",
            },
            "period_start": date(2025 + m // 12, m % 12 + 1, 1),
            "is_final": m < len(months) - provisional,
            "may_open": m < len(months) - provisional,
            "holds": holds,
            "value": float(k * 100 + m),
        }
        for k, months in enumerate(keys)
        for m, holds in enumerate(months)
    ]
    others = {name: kind for name, kind in LINE.items() if name in ("numerator", "denominator", "lower", "upper", "floor", "target", "months_below", "rows")}  # fmt: skip
    return pl.DataFrame(rows).cast({"holds": pl.Boolean}).with_columns(pl.lit(None, kind).alias(name) for name, kind in others.items())  # fmt: skip


def run(before: pl.DataFrame, found: pl.DataFrame, cut: date) -> pl.DataFrame:
    return advance(before, found, DUE, reopen_months=6, cut=cut)


Months = st.lists(st.sampled_from([True, False, None]), min_size=13, max_size=13)


@given(keys=st.lists(Months, min_size=1, max_size=4), provisional=st.integers(0, 2), known=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_a_list_advanced_twice_is_the_same_and_every_line_has_the_evidence_of_its_period(
    keys: list[list[bool | None]], provisional: int, known: int
) -> None:
    early = judgements(*(months[:known] for months in keys))
    before = run(EMPTY, early, date(2026, 1, 31))
    found = judgements(*keys, provisional=provisional)
    once = run(before, found, date(2026, 2, 28))
    twice = run(once, found, date(2026, 3, 31))
    assert with_states(once).equals(with_states(twice))
    assert once.get_column("line_id").n_unique() == once.height
    truth = {(r["area_code"], r["period_start"]): r for r in found.to_dicts()}
    for row in once.to_dicts():
        judged = truth[row["area_code"], row["period_start"]]
        assert judged["holds"] and judged["value"] == row["value"]
        assert row["opened_on"] <= row["period_start"] and (
            row["closed_on"] is None or row["closed_on"] >= row["period_start"]
        )
        if row["closed_on"] is not None:
            last = truth[row["area_code"], row["closed_on"]]
            assert last["is_final"] and last["holds"] is False


@given(months=Months, step=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_a_line_stands_as_the_newest_final_month_that_says_anything_has_it(
    months: list[bool | None], step: int
) -> None:
    before = run(EMPTY, judgements(months[:step]), date(2026, 1, 31))
    whole = run(EMPTY, judgements(months), date(2026, 1, 31))
    known = [holds for holds in months if holds is not None]
    open_lines = [row for row in whole.to_dicts() if row["closed_on"] is None]
    assert len(open_lines) == (1 if known and known[-1] else 0)
    later = run(before, judgements(months), date(2026, 1, 31))
    if before.height:
        # a line that was seen ends where the one that was followed from the beginning ends
        assert [r["closed_on"] for r in later.to_dicts() if r["closed_on"] is None] == [None] * len(open_lines)


@pytest.mark.parametrize("gap", [6, 7])
def test_six_months_after_closing_it_is_the_same_line_seven_a_new_one(gap: int) -> None:
    found = judgements([True, False, *[None] * (gap - 1), True])
    lines = with_states(run(EMPTY, found, date(2026, 1, 31)))
    assert lines.get_column("state").to_list() == (["reopened"] if gap == 6 else ["closed", "opened"])


def test_a_refresh_begins_with_the_list_that_readers_see(refreshed: Refreshed) -> None:
    city = refreshed.city.open()
    editions = newest_editions(city)
    assert [file.stem for file in editions][:1] == [current_edition(city)]
    with duckdb.connect(str(editions[0]), read_only=True) as published:
        rows = published.execute("SELECT count(*) FROM marts.rectification").fetchall()
        con = duckdb.connect()
        con.execute("CREATE SCHEMA reference")
        assert [(remember(con, editions),)] == rows
