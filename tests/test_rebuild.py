"""A lost warehouse, or the landing of an earlier moment, is made again from the kept deliveries."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import fastexcel
import polars as pl
import pytest
from conftest import run_cli
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_city import ARRIVED, CONTRACTS, KEY, SmallCity, lines, make_small_city

from pipelines.ingest import lines as lines_module
from pipelines.ingest.landed import Damaged
from pipelines.ingest.rebuild import NothingKept, parse_moment, rebuild_landing, rebuild_warehouse

#: Made anew with the next load: what the lines and the files were, and the report of the latest run.
NOT_MADE = {"line_layouts", "seen_files", "suite_results"}
Content = dict[str, list[tuple[Any, ...]]]
HOUR = timedelta(hours=1)


def content_of(con: duckdb.DuckDBPyConnection) -> Content:
    """Every row of landing by table, in an order of its own."""
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'landing' ORDER BY 1").fetchall()
    names = [str(row[0]) for row in tables if row[0] not in NOT_MADE and not str(row[0]).startswith("_lines_")]
    return {name: con.execute(f"SELECT * FROM landing.{name} ORDER BY ALL").fetchall() for name in names}


def landing(city: SmallCity) -> Content:
    with duckdb.connect(str(city.open().warehouse), read_only=True) as con:
        return {name: rows for name, rows in content_of(con).items() if rows}


def landing_as_of(city: SmallCity, moment: datetime | None) -> Content:
    with duckdb.connect() as con:
        rebuild_landing(con, city.open(), CONTRACTS, as_of=moment)
        return {name: rows for name, rows in content_of(con).items() if rows}


def tickets(*rows: str) -> str:
    return lines("ticket_id,status,accepted_at,category_1,updated_at,reporter_id", *rows)


def members(*rows: str) -> str:
    return lines("member_id,org_id,schooling,birth_date", *rows)


def mended(city: SmallCity, delivery_id: str, row: int, column: str, value: str) -> bytes:
    """The workbook of rejects with one cell corrected."""
    path = city.open().rejects / f"{delivery_id}.xlsx"
    sheet = fastexcel.read_excel(path).load_sheet("更正", dtypes="string").to_polars()
    cells = sheet.to_dicts()
    next(line for line in cells if line["行号 · row"] == str(row))[column] = value
    out = io.BytesIO()
    pl.DataFrame(cells, schema=sheet.schema).write_excel(out, worksheet="更正")
    return out.getvalue()


class Story:
    """Deliveries of every kind, one a step; each step says what landing was after it and when that was."""

    def __init__(self, city: SmallCity) -> None:
        self.city, self.step = city, 0
        self.moments: list[tuple[datetime, Content]] = []

    def load(self, dataset: str, content: str | bytes, day: int, kind: str | None = None, end: str = "csv") -> str:
        self.step += 1
        done = f"as_of: '2026-03-{day:02d}T00:00:00Z'\n" + (f"kind: {kind}\n" if kind else "")
        self.city.drop(dataset, f"{self.step}.{end}", content, done=done, arrived=ARRIVED + self.step * HOUR)
        result = self.city.load(dataset)
        self.moments.append((datetime.now(UTC), landing(self.city)))
        return result.deliveries[0].delivery_id if result.deliveries else ""

    def delta(self, n: int) -> None:
        """New tickets, and late or early updates of known ones."""
        rows = [
            f"T{k},open,2026-03-01 10:00,{n},2026-03-{(7 * k + n) % 20 + 1:02d},R{k}" for k in range(n % 3, n % 3 + 6)
        ]
        self.load("tickets", tickets(*rows), n % 20 + 1)

    def whole(self, n: int) -> None:
        """A full extract that lacks some tickets, and one with a row that is rejected."""
        rows = [f"T{k},open,2026-03-01 10:00,{n if k < 3 else 0},2026-03-02,R{k}" for k in range(40 - n % 2)]
        self.load("tickets", tickets(*rows, "T90,open,2026-02-30 10:00,x,2026-03-02,R1"), n % 20 + 1, "full")

    def roll(self, n: int) -> None:
        """A roll of members: history."""
        rows = [f"M{k},O1,{'大专' if (k + n) % 9 == 0 else '本科'},1988-07-01" for k in range(39 + n % 2)]
        self.load("members", members(*rows), n % 20 + 1)

    def mend(self, n: int) -> None:
        """A roll with two rows that are rejected, of which one comes back."""
        rows = [f"M{k},O1,本科,1988-07-01" for k in range(40)]
        first = self.load("members", members(*rows, f"N{n},O1,博导,1988-07-01", f"P{n},O1,博导,1988-07-01"), n % 20 + 1)
        if (self.city.open().rejects / f"{first}.xlsx").is_file():
            self.load("members", mended(self.city, first, 42, "schooling", "研究生"), n % 20 + 1, "delta", "xlsx")

    def refused(self, n: int) -> None:
        """A file of which every row is rejected."""
        self.load("tickets", tickets(f"X{n},unknown,2026-03-01 10:00,x,,R1"), n % 20 + 1)


STEPS: tuple[Callable[[Story, int], None], ...] = (Story.delta, Story.whole, Story.roll, Story.mend, Story.refused)


@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 60)), min_size=2, max_size=4))
@settings(max_examples=4, deadline=None, database=None, phases=[Phase.generate])
def test_the_landing_of_any_moment_is_made_again_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Callable[[Story, int], None], int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETWISE_KEY", KEY)
        # Full extracts are compared line by line, however small.
        patch.setattr(lines_module, "LEAST_BYTES", 0)
        story = Story(make_small_city(tmp_path_factory.mktemp("rebuild") / "city"))
        for step, n in steps:
            step(story, n)
        for moment, content in story.moments:
            if "tickets" in content or "members" in content:
                assert landing_as_of(story.city, moment) == content


def test_every_kind_of_delivery_is_made_again(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "LEAST_BYTES", 0)
    story = Story(city)
    for n, step in enumerate((Story.roll, Story.whole, Story.whole, Story.delta, Story.refused, Story.mend, Story.delta, Story.roll)):  # fmt: skip
        step(story, 3 + n)
    kinds = city.rows("SELECT DISTINCT outcome, mends IS NOT NULL, rows_unchanged > 0 FROM landing.deliveries")
    assert {("loaded", True, False), ("loaded", False, True), ("refused", False, False)} <= set(kinds)
    assert city.rows("SELECT count(*) > 0 FROM landing.removals") == [(True,)]
    for moment, content in story.moments:
        assert landing_as_of(city, moment) == content


def test_a_lost_warehouse_is_made_again_and_loads_go_on(city: SmallCity) -> None:
    story = Story(city)
    for n, step in enumerate((Story.whole, Story.mend, Story.refused)):
        step(story, 5 + n)
    before = landing(city)
    suites = city.rows("SELECT * FROM landing.suite_results ORDER BY 1")
    warehouse = city.open().warehouse
    warehouse.unlink()
    warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"of the file that was lost")
    assert rebuild_warehouse(city.open(), CONTRACTS) == 3
    assert landing(city) == before
    assert city.rows("SELECT * FROM landing.suite_results ORDER BY 1") == suites
    assert not list(city.open().state.glob("warehouse.duckdb.*"))
    assert city.load("members").deliveries == ()
    story.delta(9)
    assert city.rows("SELECT count(*) FROM landing.deliveries WHERE outcome = 'loaded'") == [(4,)]


def test_a_damaged_or_missing_file_is_named_and_the_warehouse_stays(city: SmallCity) -> None:
    Story(city).roll(3)
    (kept,) = (city.open().landing / "members").glob("*.parquet")
    before, bytes_before = landing(city), kept.read_bytes()
    kept.chmod(0o600)
    kept.write_bytes(bytes_before[:-1] + b"x")
    with pytest.raises(Damaged, match=f"(?s){kept.name}.*is not what its manifest says"):
        rebuild_warehouse(city.open(), CONTRACTS)
    kept.unlink()
    result = run_cli("rebuild", "--city", str(city.folder))
    assert result.exit_code == 1 and f"{kept.name} is missing" in result.output
    assert landing(city) == before
    assert [path.name for path in city.open().state.glob("warehouse*")] == ["warehouse.duckdb"]


def test_without_a_kept_delivery_there_is_nothing_to_rebuild(city: SmallCity) -> None:
    with pytest.raises(NothingKept, match="refresh --rebuild"):
        rebuild_warehouse(city.open(), CONTRACTS)
    assert not city.open().warehouse.exists()


def test_a_moment_has_an_offset_and_a_date_is_its_end_in_the_city(city: SmallCity) -> None:
    opened = city.open()
    assert parse_moment("2026-03-31T18:00:00+08:00", opened) == datetime(2026, 3, 31, 10, tzinfo=UTC)
    assert parse_moment("2026-03-31", opened) == datetime(2026, 3, 31, 15, 59, 59, 999999, tzinfo=UTC)
    for wrong in ("2026-03-31T18:00:00", "31/03/2026", "2026-02-30", "yesterday"):
        with pytest.raises(ValueError, match="neither a moment with an offset"):
            parse_moment(wrong, opened)


def test_a_past_state_is_computed_whole_and_nothing_is_published(published_city: SmallCity) -> None:
    city = published_city
    loaded = city.rows("SELECT max(loaded_at) FROM landing.deliveries")[0][0].replace(tzinfo=UTC)
    pointer, tickets_then = (
        (city.open().published / "current").resolve(),
        city.rows("SELECT count(*) FROM core.tickets"),
    )
    figures = "SELECT * EXCLUDE (edition, run_id) FROM marts.indicator_values ORDER BY ALL"
    expected = city.rows(figures)
    city.drop("tickets", "later.csv", tickets("T99,open,2026-04-01 10:00,x,2026-04-02,R1"))
    city.load("tickets")
    result = run_cli("rebuild", "--as-of", loaded.isoformat(), "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    (file,) = (city.open().state / "rebuilt").iterdir()
    assert str(file) in result.output and "│ T01 " in result.output
    with duckdb.connect(str(file), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM core.tickets").fetchall() == tickets_then
        assert con.execute(figures).fetchall() == expected
    assert (city.open().published / "current").resolve() == pointer
    assert city.rows("SELECT count(*) FROM landing.tickets") == [(tickets_then[0][0] + 1,)]


def test_a_moment_before_the_first_delivery_is_refused(published_city: SmallCity) -> None:
    result = run_cli("rebuild", "--as-of", "2020-01-01", "--city", str(published_city.folder))
    assert result.exit_code == 1 and "no delivery had been loaded by then" in result.output
    assert not list((published_city.open().state / "rebuilt").iterdir())
