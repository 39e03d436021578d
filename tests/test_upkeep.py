"""Tables of tickets that are brought up to date are those that would be made of nothing."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from landing import ROOT, build, empty_warehouse, insert
from oracle.random_city import AS_OF, DATASETS, RandomCity, Row, random_city, ticket

from pipelines.tables import Table, read_tables
from pipelines.upkeep import KEPT, Upkeep
from pipelines.upkeep.names import CELLS, EVENTS, FIGURES, STATES

EARLIER = "2026-04-18 09:00"


def tables() -> list[Table]:
    """The tables that are kept up and the figures, with all that they are made of, in order."""
    by_name = {table.name: table for table in read_tables()}
    found, left = set[str](), [*KEPT, "marts.indicator_values"]
    while left:
        if (name := left.pop()) in by_name and name not in found:
            found.add(name)
            left += by_name[name].dependencies
    return [table for table in by_name.values() if table.name in found]


def run(con: duckdb.DuckDBPyConnection, names: Collection[str] | None = None, many: float = 1000.0) -> set[str]:
    """Make the tables (of `names`); return those that were brought up to date. Of few tickets most may change."""
    work = Upkeep(con, tables(), few=0, many=many)
    for table in work.tables:
        if names is None or table.name in names:
            work.make(table)
    work.finish()
    return work.kept_up


def refer(con: duckdb.DuckDBPyConnection, as_of: str, **changed: Any) -> None:
    """Write the reference tables."""
    build(con, dict.fromkeys(DATASETS, as_of), wanted=(), **changed)


def differing(one: duckdb.DuckDBPyConnection, other: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    """The first rows that are in one warehouse only, by table."""
    found = {}
    for name in sorted(KEPT):
        rows = [con.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for con in (one, other)]
        if rows[0] != rows[1]:
            found[name] = sorted(map(str, set(rows[0]) ^ set(rows[1])))[:6]
    return found


def small_city(con: duckdb.DuckDBPyConnection, rows: Iterable[Row] = ()) -> None:
    """Land two communities and some tickets."""
    for code, level, parent in (("C", "city", None), ("D1", "district", "C"), ("S1", "street", "D1"), ("K1", "community", "S1"), ("K2", "community", "S1")):  # fmt: skip
        insert(con, "areas", [{"area_code": code, "level": level, "area_name": code, "parent_code": parent, "valid_from": "2020-01-01"}])  # fmt: skip
    insert(con, "tickets", [plain(n) for n in range(1, 5)])
    insert(con, "tickets", rows)


def plain(n: int, **changed: Any) -> Row:
    """A ticket of 1 to 28 April, due three days later."""
    row = {"ticket_id": f"t{n}", "channel": "hotline", "category_1": "noise", "area_code": "K1", "status": "open"}
    times = {"accepted_at": f"2026-04-{n:02d} 09:00", "due_at": f"2026-04-{n + 3:02d} 09:00"}
    return row | times | changed


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],  # a smaller city that fails is found in minutes only
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(city=random_city(), data=st.data())
def test_after_any_delivery_every_table_is_that_made_of_nothing(city: RandomCity, data: st.DataObject) -> None:
    now = city.rows["tickets"]
    earlier = [data.draw(st.sampled_from([row, row, None]) | ticket()) for row in now] + data.draw(
        st.lists(ticket(), max_size=3)
    )
    before = [{**row, "ticket_id": f"t{n}"} for n, row in enumerate(earlier) if row is not None]
    settings_of = {"fiscal_year_start": city.fiscal_year_start, "people_minimum": city.people_minimum}
    con = empty_warehouse()
    for dataset, rows in city.rows.items():
        insert(con, dataset, before if dataset == "tickets" else rows)
    refer(con, EARLIER, **settings_of)
    assert run(con) == set()
    same = [row["ticket_id"] for row in before if row in now]
    con.execute("DELETE FROM landing.tickets WHERE ticket_id NOT IN (SELECT unnest($1))", [same])
    insert(con, "tickets", [{**row, "_delivery_id": "d2"} for row in now if row["ticket_id"] not in same])
    refer(con, AS_OF, **settings_of)
    parts_changed = (
        len(
            {(row["channel"], row["category_1"]) for row in before}
            ^ {(row["channel"], row["category_1"]) for row in now}
        )
        > 0
    )
    kept = run(con)
    assert parts_changed or STATES in kept
    of_nothing = city.built()
    assert not differing(con, of_nothing)
    con.close()
    of_nothing.close()


def test_a_second_run_without_news_changes_nothing_and_makes_no_table_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    assert run(con) == set()
    assert run(con) == KEPT
    again = empty_warehouse()
    small_city(again)
    refer(again, "2026-04-30 12:00")
    run(again)
    assert not differing(con, again)


def test_what_the_data_cut_passes_is_brought_up_without_a_delivery() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-05 12:00")
    run(con)
    assert con.execute("SELECT count(*) FROM core.ticket_states WHERE is_due").fetchall() == [(2,)]
    refer(con, "2026-04-06 09:00")
    assert run(con) == KEPT
    # t3 is due on 6 April at nine: due at that moment, overdue after it
    assert con.execute("SELECT count(*) FROM core.ticket_states WHERE is_due").fetchall() == [(3,)]
    overdue = "SELECT numerator FROM marts.indicator_values WHERE indicator_id = 'T12' AND grain = 'day' AND area_level = 'city'" \
        " AND dimension = 'all' AND period_start = '2026-04-06'"  # fmt: skip
    assert con.execute(overdue).fetchall() == [(2.0,)]
    refer(con, "2026-04-06 09:01")
    assert run(con) == KEPT
    assert con.execute(overdue).fetchall() == [(3.0,)]


def test_a_ticket_that_is_gone_from_landing_is_gone_from_every_count() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    con.execute("DELETE FROM landing.tickets WHERE ticket_id = 't2'")
    assert run(con) == KEPT
    accepted = "SELECT numerator FROM marts.indicator_values WHERE indicator_id = 'T01' AND grain = 'month' AND area_code = 'K1'" \
        " AND dimension = 'all' AND period_start = '2026-04-01'"  # fmt: skip
    assert con.execute(accepted).fetchall() == [(3.0,)]


def test_a_ticket_that_is_gone_on_the_day_of_its_deadline_is_repeated_by_nothing() -> None:
    con = empty_warehouse()
    small_city(con, [plain(11, reporter_id="p1"), plain(12, reporter_id="p1")])
    refer(con, "2026-04-14 08:00")
    run(con)
    repeats = "SELECT ticket_id, is_repeat FROM core.ticket_repeats ORDER BY 1"
    assert con.execute(repeats).fetchall() == [("t11", False), ("t12", True)]
    con.execute("DELETE FROM landing.tickets WHERE ticket_id = 't11'")
    refer(con, "2026-04-14 10:00")
    assert run(con) == KEPT
    assert con.execute(repeats).fetchall() == [("t12", False)]


def test_another_reporter_changes_what_the_next_ticket_of_the_first_one_repeats() -> None:
    con = empty_warehouse()
    small_city(con, [plain(11, reporter_id="p1"), plain(12, reporter_id="p1"), plain(13, reporter_id="p1")])
    refer(con, "2026-04-30 12:00")
    run(con)
    repeats = "SELECT ticket_id, is_repeat FROM core.ticket_repeats ORDER BY 1"
    assert con.execute(repeats).fetchall() == [("t11", False), ("t12", True), ("t13", True)]
    con.execute("UPDATE landing.tickets SET reporter_id = 'p2', _delivery_id = 'd2' WHERE ticket_id = 't11'")
    assert run(con) == KEPT
    assert con.execute(repeats).fetchall() == [("t11", False), ("t12", False), ("t13", True)]


def test_corrected_rejects_are_found_though_they_bear_the_name_of_their_first_delivery() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    con.execute("UPDATE landing.tickets SET channel = 'grid' WHERE ticket_id = 't1'")
    con.execute("INSERT INTO landing.deliveries (delivery_id, dataset, mends) VALUES ('d9', 'tickets', 'd1')")
    run(con)
    assert con.execute("SELECT channel FROM core.ticket_states WHERE ticket_id = 't1'").fetchall() == [("grid",)]


def test_another_standard_makes_what_is_judged_by_it_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    refer(con, "2026-04-30 12:00", standards={"targets": {"T03": 0.85}})
    assert FIGURES not in run(con)
    (target,) = con.execute("SELECT DISTINCT target FROM marts.indicator_values WHERE indicator_id = 'T03'").fetchall()
    assert target == (0.85,)


def test_another_area_makes_everything_that_is_counted_by_area_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    con.execute("UPDATE landing.areas SET parent_code = 'D1', level = 'street' WHERE area_code = 'K2'")
    kept = run(con)
    assert not kept & {*CELLS, EVENTS, FIGURES}


def test_an_earlier_data_cut_makes_everything_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    refer(con, "2026-04-03 12:00")
    assert run(con) == set()
    assert con.execute("SELECT count(*) FROM core.ticket_states").fetchall() == [(3,)]


def test_after_a_run_that_stopped_halfway_everything_is_made_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    insert(con, "tickets", [plain(20, _delivery_id="d2")])
    work = Upkeep(con, tables(), few=0, many=1000.0)
    for table in work.tables:
        work.make(table)
        if table.name == "cube.ticket_due_days":
            break
    assert STATES in work.kept_up
    assert run(con) == set()
    assert run(con) == KEPT


def test_after_one_table_was_made_alone_everything_is_made_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    assert run(con, {STATES}) == {STATES}
    assert run(con) == set()


def test_a_part_of_the_figures_that_takes_counts_in_another_way_has_the_figures_made_of_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(ROOT / "sql", tmp_path / "sql"))
    (root / "cells" / "assemblies.sql").write_text(
        "-- Tickets of assemblies as a figure of the whole.\n"
        "SELECT 'X01' AS indicator_id, grain, period_start, area_level, area_code, accepted AS numerator\n"
        "FROM cube.ticket_accepted\nWHERE dimension = 'channel' AND member = 'assembly'\n",
        encoding="utf-8",
    )
    made = read_tables(root)
    monkeypatch.setattr(f"{__name__}.read_tables", lambda: made)
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    assert run(con) == KEPT - {FIGURES}


def test_many_changes_make_everything_of_nothing() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    run(con)
    con.execute("UPDATE landing.tickets SET channel = 'grid', _delivery_id = 'd2'")
    assert run(con, many=0.2) == set()


def test_a_city_of_few_tickets_keeps_nothing_for_the_next_run() -> None:
    con = empty_warehouse()
    small_city(con)
    refer(con, "2026-04-30 12:00")
    work = Upkeep(con, tables())
    for table in work.tables:
        work.make(table)
    work.finish()
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'upkeep'").fetchall() == [(0,)]
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall() == [(0,)]
