"""The archive: what any edition said can be told long after its file is gone, by figure, and beside earlier definitions."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import run_cli
from small_city import CONTRACTS
from small_city import KEY as PSEUDONYM_KEY
from town import Town, published_town, quick, ticket

from pipelines.archive import KEPT, KEY, SAID, Archive
from pipelines.figure import NotFound, Period, answer, answer_lines, choose_edition, parse_period, period_text, series
from pipelines.ingest.forget import forget
from pipelines.ingest.forgotten import add_forgotten

LISTED = ", ".join((*KEY, *SAID))


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


def archive_of(town: Town) -> Archive:
    return Archive(town.city.open().published)


def kept(town: Town, edition: str) -> list[tuple[Any, ...]]:
    """What the archive should keep of an edition, read from its file."""
    return town.ask(edition, f"SELECT {LISTED} FROM marts.indicator_values WHERE {KEPT} ORDER BY ALL")


def told(town: Town, edition: str) -> list[tuple[Any, ...]]:
    """What the archive says of an edition."""
    archive = archive_of(town)
    chain = archive.chain(edition)
    assert chain is not None
    return duckdb.sql(f"SELECT {LISTED} FROM {archive.figures(chain)} ORDER BY ALL").fetchall()


@pytest.fixture(scope="module")
def five_editions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, dict[str, list[tuple[Any, ...]]]]:
    """A town with five editions, each with late, changed or removed rows; what each said, by name."""
    town, said = Town.make(tmp_path_factory.mktemp("five") / "town"), {}
    for rows, kind in (
        ([ticket(1)], "delta"),
        ([ticket(2, days=9)], "delta"),
        ([ticket(2, days=3, updated_at="2026-04-02 10:00")], "delta"),
        ([ticket(1), ticket(3, 9, area="A2")], "full"),
        ([ticket(4, 10, area="A2")], "delta"),
    ):
        town.deliver(rows, kind=kind)
        with pytest.MonkeyPatch.context() as patch:
            quick(patch)
            edition = town.publish()
        said[edition] = kept(town, edition)
    return town, said


@pytest.fixture
def with_five(
    five_editions: tuple[Town, dict[str, list[tuple[Any, ...]]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Town, dict[str, list[tuple[Any, ...]]]]:
    """A copy of the town with five editions, and what each said."""
    quick(monkeypatch)
    return five_editions[0].copy(tmp_path / "five"), five_editions[1]


def test_every_edition_is_told_as_it_was_after_its_file_is_gone(
    with_five: tuple[Town, dict[str, list[tuple[Any, ...]]]],
) -> None:
    town, said = with_five
    assert [town.file(edition).exists() for edition in said] == [False, False, True, True, True]
    assert len({str(figures) for figures in said.values()}) == 5
    for edition, figures in said.items():
        assert told(town, edition) == figures
    assert list(archive_of(town).records()) == list(said)
    # T03 of A1 in March: ticket 1 in time; 2 late; 2 in time after all; 2 gone.
    first, second, third, fourth, _fifth = said
    city = town.city.open()
    figure = answer(city, "T03", "A1", "2026-03", edition=second)
    assert (figure.figure["numerator"], figure.figure["denominator"], figure.edition.file) == (1, 2, None)
    figure = answer(city, "按时办结率", "甲社区", "2026-03")
    assert [(row["edition"], row["numerator"], row["denominator"]) for row in figure.before] == [
        (first, 1, 1), (second, 1, 2), (third, 2, 2), (fourth, 1, 1),
    ]  # fmt: skip
    assert [(line["edition"], line["was_numerator"], line["is_numerator"], line["causes"]) for line in figure.restatements] == [
        (second, 1, 1, "late_rows"), (third, 1, 2, "changed_rows"), (fourth, 2, 1, "removed_rows"),
    ]  # fmt: skip
    # The second edition was published on 3 July, 10:00 in the city.
    assert choose_edition(city, as_of="2026-07-03").name == second
    assert choose_edition(city, as_of="2026-07-03T09:59:00+08:00").name == first
    with pytest.raises(NotFound, match="there was no edition yet"):
        choose_edition(city, as_of="2026-06-30")
    with pytest.raises(NotFound, match="only the archive of this edition is left, which has no days"):
        answer(city, "T03", "A1", "2026-03-07", edition=second)
    text = "\n".join(answer_lines(city, answer(city, "T03", "A1", "2026-03", edition=second)))
    for part in (
        "50.0 % (1 / 2)",
        "达标 met",
        "取自归档",
        "1 个迟到的行 · 1 late rows",
        "2026-07-03 10:00",
        "95 %: 9.5 % – 90.5 %",
    ):
        assert part.replace("达标 met", "未达标 missed" if "missed" in text else "关注 watch") in text, (part, text)


def test_an_edition_in_which_nothing_changed_takes_no_room(started: Town) -> None:
    edition = started.publish()
    file = archive_of(started).folder / f"{edition}.figures.parquet"
    assert duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchall() == [(0,)]


def test_a_lost_archive_is_made_again_from_the_editions_that_exist(
    with_five: tuple[Town, dict[str, list[tuple[Any, ...]]]],
) -> None:
    town, said = with_five
    shutil.rmtree(archive_of(town).folder)
    town.deliver([ticket(5, 11)])
    edition = town.publish()
    records = archive_of(town).records()
    assert list(records) == [*list(said)[2:], edition]
    assert [records[name].base for name in records] == [None, *list(records)[:-1]]
    assert "kept again" in records[list(said)[2]].manifest["note"] and records[edition].manifest["note"] is None
    for name in list(said)[2:]:
        assert told(town, name) == said[name]
    assert told(town, edition) == kept(town, edition)


def test_a_lost_part_of_the_archive_costs_only_the_editions_that_have_no_file(
    with_five: tuple[Town, dict[str, list[tuple[Any, ...]]]],
) -> None:
    town, said = with_five
    first = next(iter(said))
    (archive_of(town).folder / f"{first}.figures.parquet").unlink()
    assert [archive_of(town).chain(edition) for edition in said] == [None] * 5
    with pytest.raises(NotFound, match="is incomplete"):
        answer(town.city.open(), "T03", "A1", "2026-03", edition=first)
    edition = town.publish()
    assert [archive_of(town).chain(name) is not None for name in said] == [False, False, True, True, True]
    for name in [*list(said)[2:], edition]:
        assert told(town, name) == kept(town, name) if town.file(name).exists() else said[name]


def test_what_never_became_an_edition_is_not_in_the_archive(started: Town) -> None:
    (first,) = archive_of(started).records()
    archive = archive_of(started)
    for suffix in (".figures.parquet", ".restatements.parquet", ".json.new"):
        shutil.copy(
            next(archive.folder.glob(f"{first}*")), archive.folder / f"edition-20990101T000000Z-00000000{suffix}"
        )
    assert list(archive.records()) == [first]
    second = started.publish()
    assert {path.name.partition(".")[0] for path in archive.folder.iterdir()} == {first, second}


def test_an_edition_that_was_taken_back_is_still_told(started: Town) -> None:
    (first,) = archive_of(started).records()
    started.deliver([ticket(2)])
    second = started.publish()
    said = kept(started, second)
    published = started.city.open().published
    (published / "back").symlink_to(f"{first}.duckdb")
    (published / "back").replace(published / "current")
    started.deliver([ticket(3)])
    third = started.publish()
    archive = archive_of(started)
    assert archive.chain(third) == [first, third] and told(started, second) == said
    assert started.ask(third, "SELECT DISTINCT was_edition FROM marts.restatements") == [(first,)]


def test_without_the_file_of_the_current_edition_the_archive_is_compared(started: Town) -> None:
    (first,) = archive_of(started).records()
    for path in started.city.open().published.glob("edition-*.duckdb"):
        path.unlink()
    started.deliver([ticket(2)])
    second = started.publish()
    where = "indicator_id = 'T01' AND grain = 'month' AND period_start = DATE '2026-03-01' AND dimension = 'all'"
    found = started.ask(
        second, f"SELECT area_code, was_edition, was_value, is_value FROM marts.restatements WHERE {where} ORDER BY 1"
    )
    assert found == [("C", first, 1, 2), ("D1", first, 1, 2), ("S1", first, 1, 2)]


def test_a_suppressed_figure_is_archived_without_a_number(town: Town) -> None:
    town.deliver([ticket(1)])
    town.compute()
    town.change("UPDATE cube.figures SET status = 'suppressed', value = NULL, numerator = NULL, denominator = NULL,"
                " excluded = NULL, pending = NULL, lower = NULL, upper = NULL WHERE indicator_id = 'T03';"
                " DELETE FROM marts.changes WHERE indicator_id = 'T03'; DELETE FROM marts.comparisons WHERE indicator_id = 'T03';"
                " DELETE FROM marts.control_limits WHERE indicator_id = 'T03'; DELETE FROM marts.indicator_scores WHERE indicator_id = 'T03'")  # fmt: skip
    first = town.publish_as_is()
    town.publish()
    assert {row[8:14] for row in told(town, first) if row[0] == "T03"} == {(None,) * 6}
    figure = answer(town.city.open(), "T03", "A1", "2026-03", edition=first)
    assert "隐去（人数过少） suppressed" in "\n".join(answer_lines(town.city.open(), figure))


def test_people_who_were_forgotten_are_named_as_a_cause(started: Town) -> None:
    add_forgotten(started.city.open(), "0" * 64, now=datetime(2026, 7, 2, tzinfo=UTC))
    started.change(
        "UPDATE cube.figures SET numerator = 7, value = 7 WHERE indicator_id = 'T01' AND grain = 'week' AND area_code = 'A1'"
    )
    edition = started.publish_as_is()
    assert started.ask(edition, "SELECT DISTINCT causes, evidence FROM marts.restatements") == [
        ("forgotten", "dataset")
    ]


def test_forgetting_a_person_finds_nothing_in_the_archive_and_breaks_nothing(
    started: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_KEY", PSEUDONYM_KEY)
    person = hmac.new(PSEUDONYM_KEY.encode(), b"440300199012124321", hashlib.sha256).hexdigest()
    started.deliver([ticket(2, reporter_id=person)])
    edition = started.publish()
    city = started.city.open()
    folders = (archive_of(started).folder, city.row_versions)
    before = {path: path.read_bytes() for folder in folders for path in folder.iterdir()}
    done = forget(city, CONTRACTS, "440300199012124321", now=datetime(2026, 7, 5, tzinfo=UTC))
    assert done.removed == 1 and done.remains == ()
    assert {path: path.read_bytes() for folder in folders for path in folder.iterdir()} == before
    assert told(started, edition) == kept(started, edition)
    later = started.publish()
    # A ticket whose reporter is forgotten can repeat no other any more.
    causes = started.ask(later, "SELECT DISTINCT indicator_id, causes FROM marts.restatements")
    assert causes == [("T10", "forgotten")]


def test_both_series_of_an_indicator_that_was_defined_anew_stand_side_by_side(town: Town) -> None:
    town.deliver([ticket(1), ticket(2, days=9), ticket(3, month=4)])
    town.publish()
    town.change("UPDATE marts.indicators SET version = 2 WHERE indicator_id = 'T03'; UPDATE cube.figures SET indicator_version = 2"
                " WHERE indicator_id = 'T03'; UPDATE cube.figures SET numerator = 2, value = 1, lower = 0.3, upper = 1, status = 'met'"
                " WHERE indicator_id = 'T03' AND denominator = 2")  # fmt: skip
    town.publish_as_is()
    town.publish_as_is()
    edition = town.publish_as_is()  # the file of the first edition is gone by now
    first = next(iter(archive_of(town).records()))
    assert not town.file(first).exists()
    with duckdb.connect(str(town.file(edition)), read_only=True) as con:
        found = series(con, "T03", "A1", "month")
    shown = [(row["indicator_version"], str(row["period_start"])[:7], row["value"], row["last_edition"], row["is_break"])
             for row in found if row["value"] is not None]  # fmt: skip
    assert shown == [
        (1, "2026-03", 0.5, first, False), (1, "2026-04", 1.0, first, False), (2, "2026-03", 1.0, None, False),
        (2, "2026-04", 1.0, None, False),
    ]  # fmt: skip
    breaks = [(row["indicator_version"], str(row["period_start"])) for row in found if row["is_break"]]
    assert breaks == [(1, "2026-06-01")]
    history = answer(town.city.open(), "T03", "A1", "2026-03").before
    assert [(row["indicator_version"], row["value"]) for row in history] == [(1, 0.5), (2, 1.0)]


@pytest.mark.parametrize(
    ("text", "grain", "first", "last"),
    [
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026Q3", "quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-q1", "quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-W37", "week", date(2026, 9, 7), date(2026, 9, 13)),
        ("2026-W01", "week", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-09-12", "day", date(2026, 9, 12), date(2026, 9, 12)),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, grain: str, first: date, last: date) -> None:
    assert parse_period(text) == Period(grain, first, last)
    assert parse_period(period_text(grain, first)) == Period(grain, first, last)


@pytest.mark.parametrize("text", ["2026-13", "2026Q5", "2026-W54", "2026-02-30", "March", "", "2026-9", "0000"])
def test_what_is_no_period_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(NotFound, match="2026Q3"):
        parse_period(text)


def test_the_command_answers_and_says_what_is_near_when_it_cannot(town: Town) -> None:
    town.deliver([ticket(1), ticket(2, days=9)])
    edition = town.publish()
    base = ["figure", "--city", str(town.city.folder)]
    ended = run_cli(*base, "t03", "--area", "C", "--period", "2026-03", "--dimension", "channel", "--member", "hotline")
    assert ended.exit_code == 0, ended.output
    assert "T03 按时办结率 on-time rate · C 小城" in ended.output and "channel = hotline" in ended.output
    assert (
        "50.0 % (1 / 2)" in ended.output
        and edition in ended.output
        and "数据截至 as of: 2026-06-30 23:59" in ended.output
    )
    for arguments, part in (
        (["T3", "-a", "C", "-p", "2026-03"], "there is no indicator T3; near: T13, T03"),
        (["on-time", "-a", "C", "-p", "2026-03"], "T03 on-time rate"),
        (["T03", "-a", "甲社", "-p", "2026-03"], "没有区域 甲社；相近的有 A1 甲社区"),
        (["T03", "-a", "A1", "-p", "2025-03"], "has no figure of T03 for A1 in 2025-03; it has 2026-03 – 2026-06"),
        (["T03", "-a", "A1", "-p", "lately"], "lately is no period"),
        (["T03", "-a", "A1", "-p", "2026-03", "--edition", "edition-2026"], "50.0 %"),
        (
            ["T03", "-a", "A1", "-p", "2026-03", "--edition", "edition-1999"],
            "there is no edition edition-1999; near: edition-20260702",
        ),
        (["T03", "-a", "C", "-p", "2026-03", "--dimension", "channel"], "--dimension and --member go together"),
        (["T03", "-a", "C", "-p", "2026-03", "--dimension", "chanel", "--member", "x"], "near: channel"),
        (["T03", "-a", "C", "-p", "2026-03", "--dimension", "channel", "--member", "hotlin"], "near: hotline"),
    ):
        ended = run_cli(*base, *arguments)
        assert part in ended.output, ended.output
        assert ended.exit_code == (0 if part == "50.0 %" else 1)
