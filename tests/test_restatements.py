"""Restatements: a published final figure that changes says so, with what it was, what it is, and why; and it never changes silently."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import Town, published_town, quick, ticket

from pipelines import comparison
from pipelines.archive import Archive
from pipelines.publish import AuditFailed

KEY = "indicator_id, grain, period_start, area_level, area_code, dimension, member"
MARCH_T03 = "indicator_id = 'T03' AND grain = 'month' AND period_start = DATE '2026-03-01' AND dimension = 'all'"


@pytest.fixture(scope="module")
def one_edition(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return published_town(tmp_path_factory.mktemp("one") / "town")


@pytest.fixture
def started(one_edition: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A copy of a town with one ticket and one edition."""
    quick(monkeypatch)
    return one_edition.copy(tmp_path / "started")


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    quick(monkeypatch)
    return Town.make(tmp_path / "town")


def lines(town: Town, edition: str, columns: str, where: str = MARCH_T03) -> list[tuple[Any, ...]]:
    return town.ask(edition, f"SELECT {columns} FROM marts.restatements WHERE {where} ORDER BY ALL")


def differing(town: Town, before: str, now: str) -> set[tuple[Any, ...]]:
    """Final figures that two editions put differently, found cell by cell and not by the product's query.

    Periods that are open at the data cut are left out."""
    con = duckdb.connect()
    con.execute(f"ATTACH '{town.file(before)}' AS b (READ_ONLY); ATTACH '{town.file(now)}' AS n (READ_ONLY)")
    said = f"SELECT {KEY}, value, numerator, denominator, status FROM"
    old, new = (
        {tuple(row[:7]): row[7:] for row in con.execute(f"{said} {x}.marts.indicator_values").fetchall()} for x in "bn"
    )
    nothing = {None, (None, 0.0, None), (0.0, 0.0, None), (None, 0.0, 0.0), (None, None, 0.0)}
    out = set()
    for key in old.keys() | new.keys():
        was, now_ = old.get(key), new.get(key)
        if _is_open(key) or (was is not None and was[3] == "provisional"):
            continue
        if was is None or now_ is None:
            if (was or now_)[:3] not in nothing:  # type: ignore[index]
                out.add(key)
        elif was != now_:
            out.add(key)
    return out


def _is_open(key: tuple[Any, ...]) -> bool:
    """The year 2026 and the week that ends on 5 July are not over at the data cut, 30 June."""
    return key[1] == "year" or (key[2] == date(2026, 6, 29) and key[1] == "week")


def test_the_first_edition_restates_nothing(town: Town) -> None:
    town.deliver([ticket(1)])
    assert lines(town, town.publish(), "count(*)", "TRUE") == [(0,)]


def test_an_edition_of_the_same_rows_restates_nothing(started: Town) -> None:
    assert lines(started, started.publish(), "count(*)", "TRUE") == [(0,)]


def test_a_late_row_a_changed_row_and_a_removed_row_are_counted_where_they_touch(town: Town) -> None:
    # A1 in March: 1 and 2 on time. Then 1 turns out late, 2 is gone, 3 comes: 1 of 2 on time instead of 2 of 2.
    town.deliver([ticket(1), ticket(2), ticket(9, area="A2")])
    first = town.publish()
    late = ticket(1, days=9, updated_at="2026-04-01 10:00")
    town.deliver([late, ticket(3), ticket(9, area="A2")], kind="full")
    second = town.publish()
    found = lines(town, second, "area_code, kind, was_numerator, was_denominator, is_numerator, is_denominator, late_rows, changed_rows,"
                  " removed_rows, mended_rows, causes, evidence, was_edition")  # fmt: skip
    counted = (1, 1, 1, 0, "changed_rows,late_rows,removed_rows", "figure", first)
    assert found == [
        ("A1", "restatement", 2, 2, 1, 2, *counted), ("C", "restatement", 3, 3, 2, 3, *counted),
        ("D1", "restatement", 3, 3, 2, 3, *counted), ("S1", "restatement", 3, 3, 2, 3, *counted),
    ]  # fmt: skip
    assert lines(town, second, "DISTINCT why_zh, why_en") == [
        ("1 个迟到的行；1 个变更的行；1 个删除的行", "1 late rows; 1 changed rows; 1 removed rows")
    ]
    assert lines(town, second, "count(*)", "area_code = 'A2'") == [(0,)]


def test_a_mended_row_is_told_from_a_late_one(started: Town) -> None:
    started.deliver([ticket(2)], mends="delivery-1")
    assert lines(started, started.publish(), "DISTINCT causes, mended_rows, late_rows") == [("mended_rows", 1, 0)]


def test_a_provisional_figure_that_moves_is_an_update(town: Town) -> None:
    # Cut on 20 March: the month is not over, the first week of March is.
    town.deliver([ticket(1)])
    town.publish(cut="2026-03-20 12:00")
    town.deliver([ticket(2, 10)])
    second = town.publish(cut="2026-03-21 12:00")
    assert lines(town, second, "DISTINCT kind, was_status") == [("provisional_update", "provisional")]
    # The week of the 9th was over and had no case: now there is one, which is no news about an open period.
    week = "indicator_id = 'T01' AND grain = 'week' AND period_start = DATE '2026-03-09' AND area_code = 'A1' AND dimension = 'all'"
    assert lines(town, second, "kind, was_numerator, is_numerator, causes", week) == [
        ("restatement", 0, 1, "late_rows")
    ]


def test_a_new_version_of_a_definition_is_a_restatement_by_definition(town: Town) -> None:
    town.deliver([ticket(1), ticket(2, days=9)])
    town.publish()
    town.change(
        "UPDATE marts.indicators SET version = 2 WHERE indicator_id = 'T03';"
        "UPDATE cube.figures SET indicator_version = 2, numerator = 2, value = 1, lower = 0.3, upper = 1, status = 'met'"
        " WHERE indicator_id = 'T03' AND denominator = 2"
    )
    second = town.publish_as_is()
    found = lines(town, second, "DISTINCT was_version, is_version, was_value, is_value, causes, evidence")
    assert found == [(1, 2, 0.5, 1.0, "definition", "figure")]
    assert lines(town, second, "DISTINCT why_en") == [("version 1 → 2 of the definition",)]
    assert lines(town, second, "count(*)", "indicator_id <> 'T03'") == [(0,)]


def test_another_target_is_a_restatement_of_the_judgement(town: Town) -> None:
    town.deliver([ticket(1), ticket(2, days=9)])
    town.publish(standards={"targets": {"T03": 0.9}, "floors": {"T03": 0.4}})
    second = town.publish(standards={"targets": {"T03": 0.5}, "floors": {"T03": 0.4}})
    assert lines(town, second, "DISTINCT was_target, is_target, was_value, is_value, causes, why_en") == [
        (0.9, 0.5, 0.5, 0.5, "standard", "target 0.9 → 0.5")
    ]


def test_an_area_that_moved_is_named_as_the_cause(town: Town) -> None:
    town.deliver([ticket(1), ticket(2, days=9, area="A2")])
    town.publish()
    town.change("INSERT INTO landing.areas BY NAME SELECT * REPLACE ('S2' AS area_code) FROM landing.areas WHERE area_code = 'S1';"
                "UPDATE landing.areas SET parent_code = 'S2' WHERE area_code = 'A2'")  # fmt: skip
    found = lines(town, town.publish(), "area_code, was_denominator, is_denominator, causes")
    assert found == [("S1", 2, 1, "areas"), ("S2", None, 1, "areas")]


def test_rows_that_touch_neither_area_nor_period_are_named_only_for_the_dataset(started: Town) -> None:
    started.deliver([ticket(1, area="A1", department_count=2, updated_at="2026-04-01 10:00")])
    started.compute()
    started.change("UPDATE cube.figures SET numerator = 7, value = 7 WHERE indicator_id = 'T11' AND grain = 'week'"
                " AND period_start = DATE '2026-06-01' AND area_code = 'A1'")  # fmt: skip
    where = "indicator_id = 'T11' AND dimension = 'all'"
    found = lines(started, started.publish_as_is(), "causes, evidence, why_en, changed_rows", where)
    assert found == [("changed_rows", "dataset", "1 changed rows in tickets", 0)]


def test_a_change_for_which_nothing_speaks_has_an_unknown_cause(started: Town) -> None:
    started.change(
        "UPDATE cube.figures SET numerator = 7, value = 7 WHERE indicator_id = 'T01' AND area_code = 'A1' AND grain = 'week'"
    )
    found = lines(started, started.publish_as_is(), "DISTINCT causes, evidence, why_zh", "TRUE")
    assert found == [("unknown", "none", "原因不明")]


def test_an_edition_whose_restatements_lack_a_line_is_not_published(
    started: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = Archive(started.city.open().published).records()
    started.deliver([ticket(2)])
    started.compute()
    write = comparison.restatements.write

    def forgetful(con: duckdb.DuckDBPyConnection, table: str, **given: Any) -> None:
        write(con, table, **given)
        con.execute(f"DELETE FROM {table} WHERE area_code = 'A1' AND grain = 'month' AND indicator_id = 'T01'")

    monkeypatch.setattr(comparison.restatements, "write", forgetful)
    with pytest.raises(AuditFailed, match="a final figure changed without a line"):
        started.publish_as_is()
    monkeypatch.setattr(comparison.restatements, "write", lambda con, table, **given: (
        write(con, table, **given), con.execute(f"UPDATE {table} SET is_numerator = 99 WHERE area_code = 'A1'")))  # fmt: skip
    with pytest.raises(AuditFailed, match="a line says other than the editions"):
        started.publish_as_is()
    assert started.city.open().published.joinpath("current").resolve().stem == first


def test_no_row_of_a_person_is_in_the_digests_of_rows(town: Town) -> None:
    town.deliver([ticket(1, reporter_id="0" * 64)])
    town.publish()
    (file,) = town.city.open().row_versions.glob("*.parquet")
    datasets = {row[0] for row in duckdb.sql(f"SELECT DISTINCT dataset FROM '{file}'").fetchall()}
    assert "members" not in datasets and "tickets" in datasets
    town.change(f"UPDATE landing.tickets SET reporter_id = '{'1' * 64}'")
    town.publish()
    first, second = (duckdb.sql(f"SELECT row_key, content FROM '{f}' WHERE dataset = 'tickets'").fetchall()
                     for f in sorted(town.city.open().row_versions.glob("*.parquet")))  # fmt: skip
    assert first == second


UPDATES = [
    [ticket(1), ticket(2, days=None), ticket(3, 9, area="A2")],
    [ticket(2, days=8, updated_at="2026-03-20 10:00"), ticket(4, 12)],
    [ticket(1, days=9, area="A2", updated_at="2026-04-02 10:00"), ticket(3, 9, status="cancelled", updated_at="2026-04-01 10:00")],
]  # fmt: skip


SAID = f"SELECT {KEY}, value, numerator, denominator, excluded, lower, upper, target, status FROM marts.indicator_values ORDER BY ALL"


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The figures of a town that publishes only after the last of its deliveries."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        whole = Town.make(tmp_path_factory.mktemp("whole") / "town")
        for rows in UPDATES:
            whole.deliver(rows)
        return whole.ask(whole.publish(), SAID)


@given(order=st.permutations(range(3)))
@settings(max_examples=2, deadline=None, database=None)
def test_deliveries_in_any_order_end_in_the_same_figures_and_no_edition_changes_one_silently(
    tmp_path_factory: pytest.TempPathFactory, in_one_go: list[tuple[Any, ...]], order: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        town, editions = Town.make(tmp_path_factory.mktemp("order")), []
        for n in order:
            town.deliver(UPDATES[n])
            editions.append(town.publish())
        assert town.ask(editions[-1], SAID) == in_one_go
    for before, now in itertools.pairwise(editions):
        found = town.ask(now, f"SELECT {KEY} FROM marts.restatements WHERE kind = 'restatement'")
        assert len(found) == len(set(found))
        assert {key for key in found if not _is_open(key)} == differing(town, before, now)
        assert town.ask(now, "SELECT count(*) FROM marts.restatements WHERE evidence = 'none'") == [(0,)]
