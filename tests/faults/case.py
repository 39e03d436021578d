"""What a case of the list of faults is: steps of files and loads, and what is expected of each file."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from landing import build
from small_city import ARRIVED, CONTRACTS, SmallCity

from pipelines.contracts.cross_checks import run_cross_checks
from pipelines.ingest.ledger import Delivery, create_landing
from pipelines.ingest.load import LoadResult, load_dataset
from pipelines.warehouse import open_warehouse

#: What every English reason ends with: something to do.
_TO_DO = re.compile(
    r"\b(Export|Send|send|Save|save|Drop|drop|Mend|mend|Add|add|Remove|Rename|Keep|Check|Split|Declare|declare|Part|Say|Open|Format"
    r"|Ask|Shorten|See|Correct|name)\b"
)


@dataclass(frozen=True)
class Refused:
    """The whole file is refused with this code; both messages name the file and these words (line, column, place)."""

    code: str
    words: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """So many rows are loaded; what else is known of the delivery.

    `rejects` are (number of the row in the file, rule), `notes` code and count, `guards` the outcome of those named."""

    rows: int
    rejects: tuple[tuple[int, str], ...] = ()
    deduplicated: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)
    guards: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    removed: int = 0
    outcome: str = "loaded"


@dataclass(frozen=True)
class Untouched:
    """No delivery is made of the file: it waits (`waits`), or its bytes are known."""

    waits: bool = False


@dataclass(frozen=True)
class Unsafe:
    """It is no file to be read: named as refused, neither opened nor moved."""

    code: str
    words: tuple[str, ...] = ()


Expected = Refused | Loaded | Untouched | Unsafe
Finds = tuple[tuple[str, list[tuple[Any, ...]]], ...]
Content = str | bytes | Callable[[Path], object]


@dataclass(frozen=True)
class File:
    """A file that is dropped `days` after the usual moment, or now if `fresh`; a callable makes it at its path."""

    name: str
    content: Content
    expected: Expected
    done: str | None = None
    days: float = 0
    fresh: bool = False


@dataclass(frozen=True)
class Load:
    """Drop files into one dataset, load it, and look at what became of them.

    `finds` are queries on the warehouse with their rows; `contract` replaces fields of the contract."""

    dataset: str
    files: tuple[File, ...] = ()
    finds: Finds = ()
    contract: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, city: SmallCity) -> None:
        for file in self.files:
            drop(city, self.dataset, file)
        result, said = load(city, self.dataset, self.contract)
        look(city, self.dataset, self.files, result, said, self.finds)


Step = Load | Callable[[SmallCity], None]


@dataclass(frozen=True)
class Case:
    """One fault: its number, what is wrong, what happens (for the document), and the steps that show it.

    `not_handled` says why the product does not do what the list demands; the steps then show what it does do."""

    number: str
    fault: str
    happens: str
    steps: tuple[Step, ...]
    codes: tuple[str, ...] = ()
    not_handled: str | None = None

    def all_codes(self) -> list[str]:
        """The codes of refusals, rules, notes and guards by which the fault is known."""
        found = list(self.codes)
        for step in self.steps:
            for file in step.files if isinstance(step, Load) else ():
                expected = file.expected
                if isinstance(expected, Refused | Unsafe):
                    found.append(expected.code)
                elif isinstance(expected, Loaded):
                    found += [rule for _, rule in expected.rejects]
                    found += expected.notes
                    found += [guard for guard, outcome in expected.guards.items() if outcome != "passed"]
                    found += ["superseded"] if expected.outcome == "superseded" else []
        return list(dict.fromkeys(found))


# -- playing a case --------------------------------------------------------------------------------------------------


def play(city: SmallCity, case: Case) -> None:
    """Run the steps of a case in an empty city."""
    for step in case.steps:
        step(city)


def drop(city: SmallCity, dataset: str, file: File) -> Path:
    """Put a file into the drop folder."""
    arrived = datetime.now(UTC) if file.fresh else ARRIVED + timedelta(days=file.days)
    if not callable(file.content):
        return city.drop(dataset, file.name, file.content, done=file.done, arrived=arrived)
    path = city.folder / "extracts" / dataset / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    file.content(path)
    if path.is_file() and not path.is_symlink():
        os.utime(path, (arrived.timestamp(), arrived.timestamp()))
    return path


def load(city: SmallCity, dataset: str, contract: Mapping[str, Any] | None = None) -> tuple[LoadResult, list[str]]:
    """Load a dataset under a contract with some fields replaced; the result, and what was reported meanwhile."""
    said: list[str] = []
    chosen, opened = replace(CONTRACTS[dataset], **(contract or {})), city.open()
    with open_warehouse(opened) as con:
        create_landing(con, [chosen])
        return load_dataset(con, opened, chosen, run_id="run-1", report=said.append), said


def look(
    city: SmallCity, dataset: str, files: tuple[File, ...], result: LoadResult, said: list[str], finds: Finds
) -> None:
    """Hold what became of the files against what is expected of them, and the warehouse against `finds`."""
    by_name = {d.file_name: d for d in result.deliveries}
    assert len(by_name) == len(result.deliveries)
    with duckdb.connect(str(city.open().warehouse), read_only=True) as con:
        for file in files:
            check(con, city, dataset, file, by_name, result, said)
        for sql, rows in finds:
            assert con.execute(sql).fetchall() == rows, sql


def check(
    con: duckdb.DuckDBPyConnection, city: SmallCity, dataset: str, file: File, by_name: Mapping[str, Delivery],
    result: LoadResult, said: list[str],
) -> None:  # fmt: skip
    """Hold what became of a file against what is expected: ledger, landing, rejects, refused folder."""
    expected, path = file.expected, city.folder / "extracts" / dataset / file.name
    if isinstance(expected, Untouched):
        assert file.name not in by_name and path.exists()
        assert _rows(con, f"SELECT count(*) FROM landing.deliveries WHERE file_name = '{file.name}'") == [(0,)]
        assert any(file.name in line and "still arriving" in line for line in said) == expected.waits
        return
    if isinstance(expected, Unsafe):
        found = [d for d in result.refused if d.reason_code == expected.code and d.sha256 == ""]
        words = [f"{d.file_name} {d.reason_zh} {d.reason_en}" for d in found]
        assert any(all(word in text for word in expected.words) for text in words), words
        assert os.path.lexists(path)
        return
    delivery = by_name[file.name]
    _check_landing(con, city, delivery)
    if isinstance(expected, Refused):
        _check_refused(city, dataset, file, delivery)
        assert delivery.delivery_id in {other.delivery_id for other in result.refused}
        assert not path.exists()
    else:
        _check_loaded(con, delivery, expected, result)
        assert path.exists()


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def _check_landing(con: duckdb.DuckDBPyConnection, city: SmallCity, delivery: Delivery) -> None:
    """The ledger says what landing has, and every row is accounted for."""
    parts = delivery.rows_loaded, delivery.rows_rejected, delivery.rows_deduplicated, delivery.rows_left_out
    assert delivery.rows_in == sum(parts)
    kept = city.open().landing / delivery.dataset / f"{delivery.delivery_id}.parquet"
    assert kept.exists() == (delivery.outcome == "loaded")
    if kept.exists():
        rows = duckdb.sql(f"SELECT count(*) FROM read_parquet('{kept}')").fetchall()[0][0]
        assert rows == delivery.rows_loaded - delivery.rows_unchanged
    else:
        sql = f"SELECT count(*) FROM landing.{delivery.dataset} WHERE _delivery_id = '{delivery.delivery_id}'"
        assert _rows(con, sql) == [(0,)]
    (line,) = _rows(
        con,
        f"SELECT outcome, rows_loaded, reason_code FROM landing.deliveries WHERE delivery_id = '{delivery.delivery_id}'",
    )
    assert line == (delivery.outcome, delivery.rows_loaded, delivery.reason_code)


def _check_refused(city: SmallCity, dataset: str, file: File, delivery: Delivery) -> None:
    expected = file.expected
    assert isinstance(expected, Refused)
    # The ledger adds where the file is now and what it holds up.
    zh = str(delivery.reason_zh).partition("文件已移至 refused/。")[0]
    en = str(delivery.reason_en).partition(" The file is in refused/.")[0]
    assert zh != delivery.reason_zh and en != delivery.reason_en
    assert (delivery.outcome, delivery.reason_code) == ("refused", expected.code), en
    assert delivery.rows_loaded == 0
    for text in (zh, en):
        for word in (file.name, *expected.words):
            assert word in text, text
        for word in expected.never:
            assert word not in text, text
    assert "请" in zh, zh
    assert _TO_DO.search(en), en
    (aside,) = [
        found
        for found in (city.folder / "refused" / dataset).glob(f"*-{delivery.sha256[:12]}-*")
        if not found.name.endswith((".reason.txt", ".done"))
    ]
    assert hashlib.sha256(aside.read_bytes()).hexdigest() == delivery.sha256
    reason = aside.with_name(aside.name + ".reason.txt").read_text(encoding="utf-8")
    assert expected.code in reason and zh in reason and en in reason
    assert aside.with_name(aside.name + ".done").exists() == (file.done is not None)


def _check_loaded(con: duckdb.DuckDBPyConnection, delivery: Delivery, expected: Loaded, result: LoadResult) -> None:
    assert delivery.outcome == expected.outcome, delivery.reason_en
    assert delivery.rows_loaded == expected.rows, delivery
    assert delivery.rows_deduplicated == expected.deduplicated
    assert delivery.rows_removed == expected.removed
    own = f"WHERE delivery_id = '{delivery.delivery_id}'"
    rejects = _rows(con, f"SELECT source_row, rule_id FROM landing.rejects {own} ORDER BY 1, 2")
    assert tuple(rejects) == expected.rejects
    assert delivery.rows_rejected == len({row for row, _ in expected.rejects})
    notes = dict(_rows(con, f"SELECT code, cells FROM landing.notes {own}"))
    assert notes == dict(expected.notes)
    guards = dict(_rows(con, f"SELECT guard_id, outcome FROM landing.guard_results {own}"))
    assert {guard: guards[guard] for guard in expected.guards} == dict(expected.guards)
    assert result.ignored_headers.get(delivery.file_name, ()) == expected.ignored


# -- making files ----------------------------------------------------------------------------------------------------

HEADER = "会议编号,会议类型,召开日期,参加人数"
TICKETS = "ticket_id,status,accepted_at,category_1,area_code,resolved_at,updated_at"


def text(*rows: str) -> str:
    """Lines with line feeds."""
    return "".join(f"{row}\n" for row in rows)


def meetings(good: int, *rows: str, prefix: str = "G", header: str = HEADER) -> str:
    """A file of meetings: so many good rows (the first is row 2), then these."""
    return text(header, *(f"{prefix}{n},驻点,2026-03-10,{n}" for n in range(1, good + 1)), *rows)


def after(good: int, *rules: str) -> tuple[tuple[int, str], ...]:
    """The rejects of rows that follow `good` good ones, one rule a row."""
    return tuple((good + 2 + n, rule) for n, rule in enumerate(rules))


def tickets(good: int, *rows: str, prefix: str = "T", area: str = "", day: int = 1, category: str = "环境") -> str:
    """A file of tickets, accepted and updated on a day of March 2026."""
    return text(
        TICKETS,
        *(
            f"{prefix}{n},open,2026-03-{day:02d} 10:00,{category},{area},,2026-03-{day:02d} 10:00"
            for n in range(1, good + 1)
        ),
        *rows,
    )


def sheet(write: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook with one sheet."""
    return sheets(write, **options)


def sheets(*writes: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook with so many sheets."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        for n, write in enumerate(writes, start=1):
            write(book, book.add_worksheet(f"表{n}"))
    return out.getvalue()


def mapping(name: str, content: str) -> Step:
    """A step that writes a mapping of the city."""
    return lambda city: city.mapping(name, content)


def again(dataset: str, *files: File, finds: Finds = ()) -> Step:
    """A step that loads once more: files that were put aside come back by themselves and become what is expected now."""

    def step(city: SmallCity) -> None:
        result, said = load(city, dataset)
        look(city, dataset, files, result, said, finds)

    return step


AREAS = text(
    "area_code,valid_from,valid_to,area_name,level,parent_code", "C,2020-01-01,,小城,city,", "D1,2020-01-01,,一区,district,C",
    "D2,2020-01-01,,二区,district,C", "S1,2020-01-01,,一街道,street,D1", "S2,2020-01-01,,二街道,street,D2",
    "A1,2020-01-01,,甲社区,community,S1", "A2,2020-01-01,,乙社区,community,S2",
)  # fmt: skip


def with_areas(content: str = AREAS) -> Step:
    """A step that loads areas: the city C, districts D1 and D2, a street and a community (A1, A2) in each."""
    return Load("areas", (File("areas.csv", content, Loaded(content.count("\n") - 1)),))


def figures(sql: str, rows: list[tuple[Any, ...]], **data_cuts: str) -> Step:
    """A step that computes every table up to the figures from what is loaded, and looks at some.

    Args:
        data_cuts: local times by dataset.
    """

    def step(city: SmallCity) -> None:
        with open_warehouse(city.open()) as con:
            create_landing(con, CONTRACTS.values())
            build(con, data_cuts, wanted=None)
            found = con.execute(sql).fetchall()
        assert found == rows, found

    return step


def checks(now: str, **failed: int) -> Step:
    """A step that runs the rules that no single delivery can show; `failed` rows by dataset__column__rule."""

    def step(city: SmallCity) -> None:
        with open_warehouse(city.open()) as con:
            create_landing(con, CONTRACTS.values())
            results = run_cross_checks(con, CONTRACTS, now=datetime.fromisoformat(now))
        found = {result.check.check_name: result.failed for result in results}
        assert {name: found[name] for name in failed} == failed
        stored = city.rows(
            "SELECT dataset || '__' || replace(rule_id, '.', '__'), rows_failed FROM landing.contract_results WHERE severity = 'warning'"
        )
        assert failed.items() <= {str(name): int(n) for name, n in stored}.items()

    return step
