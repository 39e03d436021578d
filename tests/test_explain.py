"""`streetwise explain`: the passport of a figure in both languages, and its rows as they were when it was published."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import run_cli
from small_city import KEY
from test_indicators import utc
from town import Town, quick, ticket

from pipelines.warehouse import writer_lease

STANDARDS = {"service_standards": [{"category_1": "绿化", "working_days": 5}]}
TICKETS = [
    ticket(1), ticket(2, days=9), ticket(3, days=None, area="A2"), ticket(4, exclusion_code="duplicate"),
    ticket(5, category_1="=1+1", ticket_id="@5"), ticket(6, area="nowhere"),
    ticket(7, day=9, month=4, days=4, due_at=None, category_1="绿化"),
]  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town with an edition; March: due T1 and @5 in time, T2 late, T3 open, T6 nowhere; T4 excluded."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        patch.setenv("STREETWISE_KEY", KEY)
        town = Town.make(tmp_path_factory.mktemp("explain") / "town")
        town.deliver(TICKETS)
        town.publish(standards=STANDARDS)
    return town


@pytest.fixture
def town(published: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A copy that a test may change."""
    quick(monkeypatch)
    monkeypatch.setenv("STREETWISE_KEY", KEY)
    yield published.copy(tmp_path / "town")


def explain(town: Town, *arguments: str, area: str = "C", period: str = "2026-03") -> str:
    result = run_cli("explain", arguments[0], "-a", area, "-p", period, "--city", str(town.city.folder), *arguments[1:])
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(town: Town, *arguments: str, area: str = "C", period: str = "2026-03") -> dict[str, dict[str, str]]:
    text = explain(town, *arguments, "--rows", "--format", "csv", area=area, period=period)
    return {row["row_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_passport_says_what_a_figure_stands_on_in_both_languages(published: Town) -> None:
    text = explain(published, "T03")
    # T1, @5 and T6 of T1 T2 T3 @5 T6; 60 %
    assert "值 value: 60.0 % (3 / 5)" in text
    assert "周期内到期的工单中" in text and "Share of the tickets due in the period" in text
    assert "duplicate 1" in text and "已剔除 excluded: 1" in text
    # with the duplicate, which was in time, 4 of 6
    assert "剔除前 before exclusions: 66.7 % (4 / 6)" in text
    assert "sql/core/ticket_states.sql" in text and "sql/rows/tickets.sql" in text and "SELECT" not in text
    assert "tickets: 截至 as of 2026-06-30 23:59, 1 批 deliveries; 最近 latest delivery-1" in text
    assert "INNER JOIN core.tickets" in explain(published, "T03", "--sql")


def test_the_passport_is_data_too(published: Town) -> None:
    book = json.loads(explain(published, "T02", "--format", "json", "--edition", "20260702"))
    assert (book["figure"]["numerator"], book["figure"]["denominator"]) == (4, 5)
    assert book["edition"]["sha256"] and book["edition"]["deliveries"] == 1
    assert [file["is_changed_since"] for file in book["sql"] if file["table"] == "core.ticket_states"] == [False]
    cells = dict(csv.reader(io.StringIO(explain(published, "T02", "--format", "csv"))))
    assert (cells["indicator.name_zh"], cells["figure.denominator"]) == ("办结率", "5.0")


def test_the_rows_are_those_of_the_figure_with_times_of_the_city(published: Town) -> None:
    found = rows(published, "T03")
    assert {name: (row["numerator"], row["denominator"], row["excluded"]) for name, row in found.items()} == {
        "T1": ("1", "1", "0"), "T2": ("0", "1", "0"), "T3": ("0", "1", "0"), "T4": ("0", "0", "1"), "'@5": ("1", "1", "0"),
        "T6": ("1", "1", "0"),
    }  # fmt: skip
    assert found["T1"]["accepted_at"] == "2026-03-02 10:00:00"
    assert set(rows(published, "T03", area="A2")) == {"T3"}
    assert set(rows(published, "T03", area="unlocated")) == {"T6"}
    assert set(rows(published, "T03", "--dimension", "channel", "--member", "hotline")) == set(found)
    text = explain(published, "T03", "--rows")
    assert "明细合计与数值一致 · the rows add up to the figure" in text and "定义 definition" not in text


def test_what_editions_said_of_the_unlocated_is_said_of_one_level(published: Town) -> None:
    book = json.loads(explain(published, "T03", "--format", "json", area="unlocated"))
    assert book["area"]["level"] == "district"
    said = [line["edition"] for line in book["before"]]
    assert len(said) == len(set(said))


def test_no_text_of_a_csv_begins_like_a_formula(published: Town) -> None:
    assert rows(published, "T03")["'@5"]["category_1"] == "'=1+1"
    text = explain(published, "T01", "--dimension", "category_1", "--member", "=1+1", "--format", "csv")
    assert dict(csv.reader(io.StringIO(text)))["member"] == "'=1+1"


def test_a_computed_deadline_is_explained(published: Town) -> None:
    # Thursday 9 April and five working days: Thursday the 16th
    row = rows(published, "T03", period="2026-04")["T7"]
    assert (row["due_from"], row["deadline_en"]) == ("standard", "5 working days from 9 April → 16 April")
    assert row["deadline_zh"] == "自4月9日起5个工作日 → 4月16日"


def test_rows_of_a_warehouse_that_has_moved_on_say_so_until_it_is_rebuilt(town: Town) -> None:
    then = town.city.open().warehouse.read_bytes()
    town.deliver([ticket(8)])
    town.compute(standards=STANDARDS)
    text = explain(town, "T03", "--rows")
    assert "the warehouse has moved on since the edition" in text and "该版本发布后数据仓库又有变动" in text
    assert "streetwise rebuild --as-of 2026-07-02T02:00:00+00:00" in text
    assert "the rows do not add up to the figure" in text
    rebuilt = town.city.open().state / "rebuilt/20260702T020000Z.duckdb"
    rebuilt.parent.mkdir()
    rebuilt.write_bytes(then)
    text = explain(town, "T03", "--rows")
    assert "the rows are those of the rebuild state/rebuilt/20260702T020000Z.duckdb" in text
    assert "the rows add up to the figure" in text


def test_earlier_editions_and_their_restatements_are_in_the_passport(town: Town) -> None:
    town.deliver([ticket(8)])
    town.publish(standards=STANDARDS)
    text = explain(town, "T03")
    assert "值 value: 66.7 % (4 / 6)" in text
    assert "v1: 60.0 % (3 / 5)" in text and "60.0 % (3 / 5) → 66.7 % (4 / 6)" in text


def test_an_edition_whose_file_is_gone_still_has_a_passport(town: Town) -> None:
    first = next(path.stem for path in town.city.open().published.glob("edition-*.duckdb"))
    town.publish(standards=STANDARDS)
    for end in ("duckdb", "json"):
        (town.city.open().published / f"{first}.{end}").unlink()
    text = explain(town, "T03", "--edition", first)
    assert "取自归档" in text and "the edition's file is gone" in text and "值 value: 60.0 % (3 / 5)" in text


def test_people_are_listed_as_counts_and_said_to_be(town: Town) -> None:
    town.change(
        "INSERT INTO landing.organisations (org_id, area_code, org_level) VALUES ('o1', 'A1', 'community_committee'), ('o2', 'A2', 'community_committee')"
    )
    for org, count in (("o1", 30), ("o2", 20)):
        town.change(
            "INSERT INTO landing.members (member_id, org_id, joined_on, _valid_from)"
            f" SELECT '{org}-member-' || n, '{org}', DATE '2024-01-01', TIMESTAMP '{utc('2026-02-01 00:00')}' FROM range({count}) AS r(n)"
        )
    town.datasets = ("tickets", "areas", "members")
    town.publish(standards=STANDARDS)
    text = explain(town, "M04", "--rows")
    assert "no person is listed" in text and "涉及个人的指标不列个人" in text and "member-" not in text
    assert {name: row["numerator"] for name, row in rows(town, "M04").items()} == {"A1": "30", "A2": "20"}


def test_rows_wait_for_nobody_and_say_what_is_missing(town: Town) -> None:
    base = ("explain", "T03", "-a", "C", "-p", "2026-03", "--rows", "--city", str(town.city.folder))
    with writer_lease(town.city.open()):
        result = run_cli(*base)
        assert result.exit_code == 1 and "another refresh of town is at work" in result.output
    shutil.move(town.city.open().warehouse, town.city.folder / "away")
    result = run_cli(*base)
    assert result.exit_code == 1 and "there is no warehouse; run streetwise rebuild" in result.output
    assert "T03" in explain(town, "T03")
