"""Every case of the list of faults, played on a small city through the real load; files cut at every byte; tables in any order."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import duckdb
import pytest
from faults import CASES, LEVELS, document
from faults.case import Case, load, play
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import SmallCity, lines, make_small_city


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_a_fault_is_handled_as_the_list_demands(city: SmallCity, case: Case) -> None:
    play(city, case)


def test_the_list_has_every_number_once() -> None:
    wanted = [f"{letter}{n}" for letter, last in (("F", 51), ("R", 18), ("D", 12)) for n in range(1, last + 1)]
    assert [case.number for case in CASES] == wanted
    assert [len(cases) for cases in LEVELS.values()] == [51, 18, 12]


def test_the_document_is_that_of_the_list() -> None:
    assert document.PATH.read_text(encoding="utf-8") == document.markdown(), (
        "run: PYTHONPATH=tests python -m faults.document"
    )


def test_faults_that_are_not_handled_are_announced_only_if_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *others = (replace(case, not_handled=None) for case in document.CASES)
    monkeypatch.setattr(document, "CASES", [first, *others])
    assert "○" not in document.markdown() and document.markdown().endswith("|\n")
    monkeypatch.setattr(document, "CASES", [replace(first, not_handled="it is lost"), *others])
    assert document.markdown().endswith(f"be:\n\n- {first.number}, {first.fault}: it is lost.\n")


# -- a file that is cut ----------------------------------------------------------------------------------------------

WHOLE = lines("meeting_id,kind,held_on,attendees", 'G1,visit,2026-03-10,"45"', "G2,visit,2026-03-12,36")
ROWS = [("G1", "2026-03-10", 45), ("G2", "2026-03-12", 36)]
#: What remains of the last cell of row G2 when it is cut.
CUT_CELLS = {"": None, "3": 3, "36": 36}


def rows_by_size(city: SmallCity, done: str | None) -> dict[int, tuple[str, list[tuple[str, str, int | None]], list[str]]]:  # fmt: skip
    """Load the file cut at every byte, each as a delivery of its own: outcome, rows and notes by number of bytes."""
    for size in range(len(WHOLE) + 1):
        city.drop("meetings", f"{size}.csv", WHOLE[:size], done=done)
    load(city, "meetings")
    out: dict[int, tuple[str, list[tuple[str, str, int | None]], list[str]]] = {}
    found = city.rows(
        "SELECT file_name, outcome, delivery_id, (SELECT list(code) FROM landing.notes AS n WHERE n.delivery_id = d.delivery_id)"
        " FROM landing.deliveries AS d"
    )
    for name, outcome, delivery_id, notes in found:
        path, rows = city.open().landing / "meetings" / f"{delivery_id}.parquet", []
        if outcome == "loaded":
            sql = f"SELECT meeting_id, CAST(held_on AS VARCHAR), attendees FROM read_parquet('{path}') ORDER BY 1"
            rows = duckdb.sql(sql).fetchall()
        out[int(str(name).removesuffix(".csv"))] = (str(outcome), rows, list(notes or []))
    assert sorted(out) == list(range(len(WHOLE) + 1))
    return out


def test_with_the_digest_in_its_manifest_a_file_cut_anywhere_is_refused(city: SmallCity) -> None:
    found = rows_by_size(city, f"rows: 2\nsha256: {hashlib.sha256(WHOLE.encode()).hexdigest()}\n")
    assert found.pop(len(WHOLE)) == ("loaded", ROWS, [])
    assert {outcome for outcome, _, _ in found.values()} == {"refused"}


def test_with_the_rows_in_its_manifest_a_cut_file_is_refused_unless_only_its_last_cell_may_be_cut(
    city: SmallCity,
) -> None:
    found = rows_by_size(city, "rows: 2\n")
    assert found.pop(len(WHOLE)) == ("loaded", ROWS, [])
    loaded = {size: (rows, notes) for size, (outcome, rows, notes) in found.items() if outcome == "loaded"}
    assert loaded == {
        len(WHOLE) - 3 + len(cell): ([ROWS[0], (*ROWS[1][:2], value)], ["no_final_line_end"])
        for cell, value in CUT_CELLS.items()
    }


def test_without_a_manifest_a_file_is_cut_unnoticed_only_at_a_line_end(city: SmallCity) -> None:
    ends = [n + 1 for n, letter in enumerate(WHOLE) if letter == "\n"]
    for size, (outcome, rows, notes) in rows_by_size(city, None).items():
        if size in ends[1:]:
            assert (outcome, rows, notes) == ("loaded", ROWS[: ends.index(size)], [])
        elif outcome == "loaded":
            whole = ROWS[: len(rows)]
            assert notes == ["no_final_line_end"], size
            assert rows[:-1] == whole[:-1] and rows[-1][:2] == whole[-1][:2]
            assert str(whole[-1][2]).startswith(str(rows[-1][2] or ""))


# -- a table in another order ----------------------------------------------------------------------------------------

TABLE = [
    ["meeting_id", "kind", "held_on", "attendees", "area_code", "备注"],
    *([f"G{n}", "驻点", f"2026-03-{n:02d}", str(n), f"A{n % 3}", "甲，乙"] for n in range(1, 7)),
]


@given(
    orders=st.lists(
        st.tuples(st.permutations(range(6)), st.permutations(range(1, 7))), min_size=6, max_size=6, unique_by=str
    )
)
@settings(max_examples=4, deadline=None, database=None)
def test_columns_and_rows_in_any_order_are_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, orders: list[tuple[list[int], list[int]]]
) -> None:
    city = make_small_city(tmp_path_factory.mktemp("orders"))
    for n, (columns, rows) in enumerate(orders):
        city.drop("meetings", f"{n}.csv", lines(*(",".join(TABLE[row][c] for c in columns) for row in (0, *rows))))
    load(city, "meetings")
    landed = sorted((city.open().landing / "meetings").glob("*.parquet"))
    digests = {
        duckdb.sql(f"SELECT md5(string_agg(CAST(t AS VARCHAR), chr(10) ORDER BY meeting_id)) FROM (SELECT * EXCLUDE _delivery_id FROM read_parquet('{path}')) AS t").fetchall()[0][0]
        for path in landed
    }  # fmt: skip
    assert len(landed) == len(orders) and len(digests) == 1
