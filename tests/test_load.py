"""Loading deliveries: every row is accounted for, the latest version wins, and what is refused leaves no trace."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_city import ARRIVED, CONTRACTS, KEY, SmallCity, lines, make_small_city

from pipelines.city import City
from pipelines.ingest import lines as lines_module
from pipelines.ingest import load as load_module
from pipelines.ingest import staging as staging_module
from pipelines.ingest.ledger import create_landing
from pipelines.ingest.load import clear_state
from pipelines.warehouse import WarehouseBusy, open_warehouse, whole_refresh, writer_lease

TICKETS_HEADER = "ticket_id,status,accepted_at,category_1,updated_at"
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def tickets(*rows: str) -> str:
    return lines(TICKETS_HEADER, *(f"{row.split(',')[0]},open,2026-03-01 10:00,{row.split(',', 1)[1]}" for row in rows))


def categories(city: SmallCity) -> dict[str, str]:
    return dict(city.rows("SELECT ticket_id, category_1 FROM landing.tickets"))


def meetings(*ids: str, bad: int = 0) -> str:
    return lines(
        "meeting_id,kind,held_on",
        *(f"{name},visit,2026-03-10" for name in ids), *(f"bad{n},不明,2026-03-10" for n in range(bad)),
    )  # fmt: skip


# -- every row is accounted for --------------------------------------------------------------------------------------

ROW = st.sampled_from(
    ["{n},open,2026-03-01 10:00,甲,2026-03-02", "{n},open,2026-03-01 10:00,乙,2026-03-03", "7,open,2026-03-01 10:00,甲,2026-03-02",
     "7,open,2026-03-01 10:00,乙,2026-03-02", ",open,2026-03-01 10:00,甲,", "{n},不明,2026-03-01 10:00,甲,", "{n},open,2026-02-30,甲,",
     "{n},open", "{n},open,2026-03-01 10:00,甲,2026-03-02,多", "{n},open,2026-03-01 10:00,测试,", "7,open,2026-03-01 10:00,甲,"]
)  # fmt: skip


@given(rows=st.lists(ROW, max_size=25), good=st.sampled_from([0, 1, 200]))
@settings(max_examples=6, deadline=None, database=None, phases=[Phase.generate])
def test_rows_in_are_loaded_rejected_deduplicated_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], good: int
) -> None:
    city = make_small_city(tmp_path_factory.mktemp("balance"))
    city.mapping("tickets", "leave_out: [{where: \"category_1 = '测试'\", reason: {zh: 测试, en: tests}}]\n")
    sound = [f"g{n},open,2026-03-01 10:00,甲,2026-03-02" for n in range(good)]
    city.drop(
        "tickets", "a.csv", lines(TICKETS_HEADER, *sound, *(row.format(n=n) for n, row in enumerate(rows, start=100)))
    )
    delivery = load_with_key(city)
    assert delivery.rows_in == good + len(rows)
    parts = delivery.rows_loaded, delivery.rows_rejected, delivery.rows_deduplicated, delivery.rows_left_out
    assert sum(parts) == delivery.rows_in
    assert delivery.rows_left_out == sum("测试" in row for row in rows)
    assert city.rows("SELECT count(*) FROM landing.tickets") == [(delivery.rows_loaded,)]
    wrong = sum(row.startswith((",", "{n},不明")) or "02-30" in row or row == "{n},open" or "多" in row for row in rows)
    if delivery.outcome == "loaded":
        assert delivery.rows_rejected >= wrong
        assert city.rows("SELECT count(DISTINCT source_row) FROM landing.rejects") == [(delivery.rows_rejected,)]
    else:
        assert delivery.rows_loaded == 0


def load_with_key(city: SmallCity) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETWISE_KEY", "k")
        return city.load_one("tickets")


def test_equal_rows_are_counted_once(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings("G1", "G2", "G1", "G1"))
    delivery = city.load_one("meetings")
    assert (delivery.rows_in, delivery.rows_loaded, delivery.rows_deduplicated, delivery.rows_rejected) == (4, 2, 2, 0)


def test_of_several_versions_in_one_delivery_the_latest_lands(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", tickets("T1,新,2026-03-03", "T1,旧,2026-03-02", "T2,甲,"))
    delivery = city.load_one("tickets")
    assert (delivery.rows_loaded, delivery.rows_deduplicated) == (2, 1)
    assert categories(city) == {"T1": "新", "T2": "甲"}


def test_two_versions_of_one_time_in_one_delivery_are_both_rejected(city: SmallCity) -> None:
    rows = [f"T{n},甲,2026-03-02" for n in range(30)]
    city.drop("tickets", "a.csv", tickets(*rows, "D,甲,2026-03-02", "D,乙,2026-03-02"))
    delivery = city.load_one("tickets")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (30, 2)
    assert "D" not in categories(city)
    assert city.rejects() == [(32, "key.unique", "D"), (33, "key.unique", "D")]


def test_the_same_bytes_are_never_loaded_twice(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.load("meetings")
    city.drop("meetings", "copy.csv", meetings("G1"))
    again = city.load("meetings")
    assert again.deliveries == ()
    assert [rule.checked for rule in again.rules if rule.rule.id == "kind.allowed"] == [1]  # of the delivery before
    assert city.rows("SELECT file_name FROM landing.deliveries") == [("a.csv",)]


def test_the_same_bytes_dropped_twice_at_once_are_one_delivery(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.drop("meetings", "b.csv", meetings("G1"))
    assert len(city.load("meetings").deliveries) == 1


def test_the_ledger_says_what_came(city: SmallCity) -> None:
    path = city.drop("meetings", "a.csv", meetings("G1", "G2"))
    delivery = city.load_one("meetings")
    assert delivery.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert delivery.delivery_id == f"meetings-{delivery.sha256[:12]}"
    assert (delivery.bytes, delivery.kind, delivery.run_id) == (path.stat().st_size, "delta", "run-1")
    assert delivery.arrived_at == ARRIVED.replace(tzinfo=None)
    assert delivery.as_of == utc("2026-03-10T15:59:59")  # the end of the latest day in it
    assert city.rows("SELECT delivery_id, rows_in, rows_loaded, outcome FROM landing.deliveries") == [
        (delivery.delivery_id, 2, 2, "loaded")
    ]
    (landed,) = (city.open().landing / "meetings").glob("*.parquet")
    assert pl.read_parquet(landed)["meeting_id"].to_list() == ["G1", "G2"]
    manifest = json.loads(landed.with_suffix(".json").read_text())
    assert manifest["rows"] == hashlib.sha256(landed.read_bytes()).hexdigest()
    assert manifest["delivery"]["rows_loaded"] == 2 and landed.stat().st_mode & 0o777 == 0o440


# -- which version wins ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        ("T1,甲,2026-03-02 10:00", "T1,乙,2026-03-02 11:00", "乙"),
        ("T1,甲,2026-03-02 11:00", "T1,乙,2026-03-02 10:00", "甲"),
        ("T1,甲,2026-03-02 10:00", "T1,乙,2026-03-02 10:00", "乙"),
        ("T1,甲,", "T1,乙,", "乙"),
        ("T1,甲,2026-03-02 10:00", "T1,乙,", "甲"),
        ("T1,甲,", "T1,乙,2026-03-02 10:00", "乙"),
    ],
)
def test_across_deliveries_the_later_update_wins_else_the_later_arrival(
    city: SmallCity, first: str, second: str, winner: str
) -> None:
    city.drop("tickets", "a.csv", tickets(first, "T2,丙,2026-03-01"))
    city.load("tickets")
    city.drop("tickets", "b.csv", tickets(second), arrived=ARRIVED + HOUR)
    city.load("tickets")
    assert categories(city) == {"T1": winner, "T2": "丙"}
    assert city.rows("SELECT count(*) FROM landing.tickets") == [(2,)]


@given(st.permutations(range(4)), st.booleans())
@settings(max_examples=3, deadline=None, database=None)
def test_the_order_in_which_updates_arrive_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], at_once: bool
) -> None:
    city = make_small_city(tmp_path_factory.mktemp("order"))
    for place, n in enumerate(order):
        city.drop("tickets", f"{place}.csv", tickets(f"T1,第{n}版,2026-03-0{n + 1}"), arrived=ARRIVED + place * HOUR)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STREETWISE_KEY", "k")
            if not at_once or place == 3:
                city.load("tickets")
    assert categories(city) == {"T1": "第3版"}


def test_a_full_delivery_replaces_what_was_there(city: SmallCity) -> None:
    header = "org_id,org_name,org_level"
    city.drop("organisations", "a.csv", lines(header, "O1,甲,网格支部", "O2,乙,网格支部"))
    city.load("organisations")
    city.drop("organisations", "b.csv", lines(header, "O2,乙支部,网格支部", "O3,丙,网格支部"), arrived=ARRIVED + HOUR)
    city.load("organisations")
    assert city.rows("SELECT org_id, org_name FROM landing.organisations ORDER BY 1") == [
        ("O2", "乙支部"),
        ("O3", "丙"),
    ]


def test_the_manifest_decides_whether_a_delivery_replaces_or_adds(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings("G1", "G2"))
    city.load("meetings")
    city.drop("meetings", "b.csv", meetings("G3"), done="kind: full\n", arrived=ARRIVED + HOUR)
    assert city.load_one("meetings").kind == "full"
    assert city.rows("SELECT meeting_id FROM landing.meetings") == [("G3",)]
    header = "org_id,org_name,org_level"
    city.drop("organisations", "a.csv", lines(header, "O1,甲,网格支部"))
    city.drop("organisations", "b.csv", lines(header, "O2,乙,网格支部"), done="kind: delta\n", arrived=ARRIVED + HOUR)
    city.load("organisations")
    assert city.rows("SELECT count(*) FROM landing.organisations") == [(2,)]


def members(*rows: str) -> str:
    return lines("member_id,org_id,birth_date,schooling,is_secretary", *rows)


def test_members_keep_their_history(city: SmallCity) -> None:
    first, second, third = "2026-01-31T16:00:00", "2026-02-28T16:00:00", "2026-03-31T16:00:00"
    months = [
        (first, members("1,O1,1988-07-01,本科,否", "2,O1,1990-01-01,大专,否", "3,O1,,,否")),
        (second, members("1,O1,1988-07-01,本科,是", "2,O1,1990-01-01,大专,否", "4,O1,,,否")),
        (third, members("1,O1,1988-07-01,本科,是", "2,O1,1990-01-01,大专,否", "3,O1,,,否", "4,O1,,,否")),
    ]
    for n, (at, text) in enumerate(months):
        city.drop("members", f"{n}.csv", text, done=f'as_of: "{at}Z"\n', arrived=ARRIVED + n * HOUR)
        city.load("members")
    found = city.rows(
        "SELECT birth_year, is_secretary, _valid_from, _valid_to FROM landing.members ORDER BY birth_year, _valid_from, _valid_to"
    )
    assert found == [
        (1988, False, utc(first), utc(second)), (1988, True, utc(second), None),
        (1990, False, utc(first), None),
        (None, False, utc(first), utc(second)), (None, False, utc(second), None), (None, False, utc(third), None),
    ]  # fmt: skip
    assert city.rows(
        "SELECT count(*) FROM (SELECT 1 FROM landing.members WHERE _valid_to IS NULL GROUP BY member_id, org_id)"
    ) == [(4,)]


def test_a_member_seen_unchanged_in_two_deliveries_at_once_is_one_stretch(city: SmallCity) -> None:
    city.drop("members", "a.csv", members("1,O1,1988-07-01,本科,否"), done='as_of: "2026-01-31T16:00:00Z"\n')
    city.drop("members", "b.csv", members("1,O1,1988-07-01,本科,否", "2,O1,,,"), done='as_of: "2026-02-28T16:00:00Z"\n')
    assert len(city.load("members").deliveries) == 2
    assert city.rows("SELECT _valid_from, _valid_to FROM landing.members WHERE birth_year = 1988") == [
        (utc("2026-01-31T16:00:00"), None)
    ]


def test_a_delta_of_members_closes_only_whom_it_names(city: SmallCity) -> None:
    city.drop(
        "members",
        "a.csv",
        members("1,O1,1988-07-01,本科,否", "2,O1,1990-01-01,大专,否"),
        done='as_of: "2026-01-31T16:00:00Z"\n',
    )
    city.drop(
        "members", "b.csv", members("1,O1,1988-07-01,本科,是"), done='as_of: "2026-02-28T16:00:00Z"\nkind: delta\n'
    )
    city.load("members")
    found = city.rows("SELECT birth_year, is_secretary FROM landing.members WHERE _valid_to IS NULL ORDER BY 1")
    assert found == [(1988, True), (1990, False)]


# -- what is refused leaves no trace ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "bad", "outcome"), [(18, 2, "loaded"), (17, 2, "refused"), (450, 50, "loaded"), (449, 51, "refused")]
)
def test_rejects_above_the_limit_refuse_the_delivery(city: SmallCity, good: int, bad: int, outcome: str) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.load("meetings")
    names = [f"H{n}" for n in range(good)]
    city.drop("meetings", "b.csv", meetings(*names, bad=bad), arrived=ARRIVED + HOUR)
    delivery = city.load_one("meetings")
    assert delivery.outcome == outcome
    assert city.rows("SELECT count(*) FROM landing.meetings") == [(1 + good if outcome == "loaded" else 1,)]
    assert city.rows("SELECT count(*) FROM landing.rejects") == [(bad,)]
    if outcome == "refused":
        assert f"{bad} of {good + bad} rows of b.csv were rejected, more than the" in str(delivery.reason_en)
        assert f"b.csv 有 {bad} 行被拒" in str(delivery.reason_zh)
        assert not list((city.open().landing / "meetings").glob(f"{delivery.delivery_id}*"))


def test_a_delivery_of_which_nothing_is_left_is_refused(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings(bad=1))
    delivery = city.load_one("meetings")
    assert (delivery.outcome, delivery.rows_in, delivery.rows_rejected) == ("refused", 1, 1)
    assert "All 1 rows of a.csv were rejected" in str(delivery.reason_en)


def test_a_file_of_which_every_row_is_left_out_is_refused_as_empty(city: SmallCity) -> None:
    city.mapping("meetings", 'leave_out: [{where: "true", reason: {zh: 甲, en: a}}]\n')
    city.drop("meetings", "a.csv", meetings("G1"))
    delivery = city.load_one("meetings")
    assert (delivery.outcome, delivery.rows_left_out) == ("refused", 1)


def test_a_refused_file_does_not_hinder_another_of_the_same_load(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings(bad=3))
    city.drop("meetings", "b.csv", meetings("G1", "G2"))
    city.drop("meetings", "c.csv", b"\xff\xfe\x00")
    city.drop("meetings", "d.csv", "meeting_id,kind\nG9,visit\n")
    result = city.load("meetings")
    assert {d.file_name: d.outcome for d in result.deliveries} == {
        "a.csv": "refused",
        "b.csv": "loaded",
        "c.csv": "refused",
        "d.csv": "refused",
    }
    assert {d.file_name for d in result.refused} == {"a.csv", "c.csv", "d.csv"}
    assert city.rows("SELECT meeting_id FROM landing.meetings ORDER BY 1") == [("G1",), ("G2",)]
    assert city.rows("SELECT count(*) FROM landing.rejects") == [(3,)]


def test_a_refused_file_is_tried_again_and_a_mended_one_takes_its_place(city: SmallCity) -> None:
    path = city.drop("meetings", "a.csv", meetings(bad=3))
    city.load("meetings")
    assert not path.exists()
    waiting = city.load("meetings")  # nothing new, but its rows are nowhere: what is downstream stays blocked
    assert (waiting.deliveries, [d.file_name for d in waiting.refused]) == ((), ["a.csv"])
    city.drop("meetings", "a.csv", meetings(bad=3))
    assert city.load_one("meetings").outcome == "refused"
    assert city.rows("SELECT count(*) FROM landing.rejects") == [(3,)]  # not twice
    city.drop("meetings", "a.csv", meetings("G1"))
    mended = city.load("meetings")
    assert [d.outcome for d in mended.deliveries] == ["loaded"] and mended.refused == ()


def test_a_refused_file_that_is_removed_from_its_folder_blocks_nothing_more(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings(bad=3))
    city.load("meetings")
    for path in (city.folder / "refused" / "meetings").iterdir():
        path.unlink()
    assert city.load("meetings").refused == ()


def test_a_refused_file_is_taken_back_when_its_mapping_is_mended(city: SmallCity) -> None:
    text = lines("meeting_id,art,held_on", "G1,visit,2026-03-10")
    city.drop("meetings", "a.csv", text, done="as_of: '2026-03-31T00:00:00Z'\n")
    assert city.load_one("meetings").outcome == "refused"
    city.mapping("meetings", "recognise: true\ncolumns: {kind: art}\n")
    delivery = city.load_one("meetings")
    assert (delivery.outcome, delivery.file_name, delivery.as_of) == ("loaded", "a.csv", utc("2026-03-31T00:00:00"))
    assert list((city.folder / "refused" / "meetings").iterdir()) == []


def test_a_refused_file_of_a_configured_source_stays_where_it_is(city: SmallCity, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.csv"
    path.write_text(meetings(bad=3))
    city.settings(sources={"meetings": {"files": [str(path)]}}, settle_seconds=0)
    assert city.load_one("meetings").outcome == "refused"
    assert path.exists()
    assert city.load_one("meetings").outcome == "refused"  # tried again, as it still lies there


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ("rows: 3\n", "has 2 rows of data, its manifest says 3"),
        (f"sha256: {'f' * 64}\n", "does not have the SHA-256 of its manifest"),
        ("kind: partial\n", "kind must be full or delta"),
    ],
)
def test_a_file_that_its_manifest_contradicts_is_refused(city: SmallCity, done: str, words: str) -> None:
    city.drop("meetings", "a.csv", meetings("G1", "G2"), done=done)
    delivery = city.load_one("meetings")
    assert delivery.outcome == "refused" and words in str(delivery.reason_en)
    assert city.rows("SELECT count(*) FROM landing.meetings") == [(0,)]


def test_a_file_that_agrees_with_its_manifest_is_loaded(city: SmallCity) -> None:
    text = meetings("G1", "G2")
    digest = hashlib.sha256(text.encode()).hexdigest()
    city.drop(
        "meetings",
        "a.csv",
        text,
        done=f'{{"rows": 2, "sha256": "{digest.upper()}", "as_of": "2026-03-31T00:00:00+08:00"}}',
    )
    delivery = city.load_one("meetings")
    assert (delivery.outcome, delivery.as_of) == ("loaded", utc("2026-03-30T16:00:00"))


def test_a_manifest_counts_rows_with_too_few_cells_too(city: SmallCity) -> None:
    names = [f"G{n}" for n in range(30)]
    city.drop("meetings", "a.csv", meetings(*names) + "G99,visit\n", done="rows: 31\n")
    assert city.load_one("meetings").outcome == "loaded"


@pytest.mark.parametrize("done", ["as_of: 2026-03-31T00:00:00\n", "row: 3\n", "[", "rows: viele\n"])
def test_a_wrong_manifest_is_named_with_its_line(city: SmallCity, done: str) -> None:
    city.drop("meetings", "a.csv", meetings("G1"), done=done)
    city.drop("meetings", "b.csv", meetings("G2"))
    result = city.load("meetings")
    assert {d.file_name: d.outcome for d in result.deliveries} == {"a.csv": "refused", "b.csv": "loaded"}
    assert re.search(r"a\.csv\.done line \d", str(result.refused[0].reason_en))


def test_a_crash_inside_leaves_the_rows_that_were_there(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.load("meetings")
    city.drop("meetings", "b.csv", meetings("G2"), done="kind: full\n", arrived=ARRIVED + HOUR)

    def crash(*_: object) -> None:
        raise duckdb.ConversionException("out of luck")

    monkeypatch.setattr(load_module, "close_staging", crash)  # the last thing before the commit
    with pytest.raises(duckdb.ConversionException):
        city.load("meetings")
    assert city.rows("SELECT meeting_id FROM landing.meetings") == [("G1",)]
    assert city.rows("SELECT file_name FROM landing.deliveries") == [("a.csv",)]
    monkeypatch.undo()
    monkeypatch.setenv("STREETWISE_KEY", "k")
    assert city.load_one("meetings").outcome == "loaded"
    assert city.rows("SELECT meeting_id FROM landing.meetings") == [("G2",)]


# -- rejects ---------------------------------------------------------------------------------------------------------


def test_rejects_are_written_for_people_and_for_programs(city: SmallCity) -> None:
    rows = [f"{n},O{n},甲支部,网格支部,A1" for n in range(1, 40)]
    wrong = ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x"]
    city.drop("organisations", "=a.csv", lines(
        "序号,org_id,org_name,org_level,area_code", *rows * 3, *(f"{n},X{n},甲支部,{word},A1" for n, word in enumerate(wrong)),
    ))  # fmt: skip
    delivery = city.load_one("organisations")
    folder = city.open().rejects
    assert {path.name for path in folder.iterdir()} == {
        f"{delivery.delivery_id}.csv",
        f"{delivery.delivery_id}.parquet",
        f"{delivery.delivery_id}.xlsx",
    }
    data = (folder / f"{delivery.delivery_id}.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    assert len(table) == 1 + len(wrong)
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))]
    frame = pl.read_parquet(folder / f"{delivery.delivery_id}.parquet")
    assert frame["value"].to_list() == wrong
    assert frame["reason_zh"].to_list() == [
        "组织层级应为：街道党工委、社区党委、网格党支部、楼栋党小组、共建单位"
    ] * len(wrong)
    assert frame["file_name"].to_list() == ["=a.csv"] * len(wrong)


def test_personal_values_are_masked_in_rejects(city: SmallCity) -> None:
    good = [f"{n},O1,1988-07-01,本科,否" for n in range(30)]
    city.drop(
        "members",
        "a.csv",
        members(*good, "440300198807011232,O1,440300198807011232,本科,否", ",O1,1988-01-01,,", "99,O1,1850-01-01,,"),
    )
    city.load("members")
    assert city.rejects() == [
        (32, "birth_date.readable", "•••"), (33, "member_id.required", None), (34, "birth_date.range", "•••"),
    ]  # fmt: skip


def test_an_unreadable_required_cell_is_one_reject_not_two(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings(*(f"G{n}" for n in range(30))) + "G99,visit,2026-02-30\nG98,visit,\n")
    city.load("meetings")
    assert city.rejects() == [(32, "held_on.readable", "2026-02-30"), (33, "held_on.required", None)]


@pytest.mark.parametrize(
    ("held_on", "good"), [("2026-04-15", True), ("2999-01-01", False), ("1999-12-31", False), ("2000-01-01", True)]
)
def test_dates_in_the_future_and_the_absurd_past_are_rejected(city: SmallCity, held_on: str, good: bool) -> None:
    city.drop(
        "meetings",
        "a.csv",
        lines("meeting_id,kind,held_on", *(f"G{n},visit,2026-03-10" for n in range(19)), f"X,visit,{held_on}"),
    )
    assert city.load_one("meetings").rows_rejected == (0 if good else 1)


def test_money_lands_exactly(city: SmallCity) -> None:
    city.drop(
        "payments",
        "a.csv",
        lines(
            "payment_id,line_id,occurred_on,kind,amount",
            "P1,L1,2026-03-01,支付,0.10",
            'P2,L1,2026-03-01,退款,"1,234,567,890.12"',
        ),
    )
    city.load("payments")
    assert city.rows("SELECT sum(amount) FROM landing.payments") == [(Decimal("1234567890.22"),)]


# -- the warehouse ---------------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_is_at_work(city: SmallCity) -> None:
    with (
        writer_lease(city.open()),
        pytest.raises(WarehouseBusy, match=r'another refresh of city is at work: \{"process": \d+'),
        open_warehouse(city.open()),
    ):
        pass
    with open_warehouse(city.open()) as con:
        assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_the_lease_is_given_back_when_the_body_fails(city: SmallCity) -> None:
    with pytest.raises(ZeroDivisionError), open_warehouse(city.open()):
        raise ZeroDivisionError
    with writer_lease(city.open()):
        pass


def test_a_landing_table_of_another_contract_says_how_to_rebuild(city: SmallCity) -> None:
    with open_warehouse(city.open()) as con:
        con.execute("CREATE SCHEMA landing")
        con.execute("CREATE TABLE landing.meetings (meeting_id VARCHAR)")
        with pytest.raises(
            ValueError, match=r"请运行 `streetwise refresh --rebuild`(.|\n)*run `streetwise refresh --rebuild`"
        ):
            create_landing(con, [CONTRACTS["meetings"]])


def test_a_landing_table_of_an_older_contract_gets_its_new_optional_columns(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREETWISE_PROGRESS", "1")
    header = "area_code,valid_from,area_name,level,parent_code,valid_to,successor_code"
    city.drop("areas", "a.csv", lines(header, "C,2020-01-01,小城,city,,,", "D1,2020-01-01,一区,district,C,,"))
    city.load("areas")
    with open_warehouse(city.open()) as con:
        con.execute("ALTER TABLE landing.areas DROP COLUMN successor_weight")  # as a version before that column made it
    rest = "C,2020-01-01,小城,city,,,,", "D2,2026-04-01,二区,district,C,,,", "D3,2026-04-01,三区,district,C,,,"
    city.drop("areas", "b.csv", lines(
        f"{header},successor_weight", *rest, "D1,2020-01-01,一区,district,C,2026-04-01,D2 D3,0.4 0.6",
    ), arrived=ARRIVED + timedelta(days=1))  # fmt: skip
    assert city.load_one("areas").outcome == "loaded"
    said = capsys.readouterr().err
    assert "landing.areas：新增列 successor_weight" in said and "new columns successor_weight" in said
    assert city.rows("SELECT successor_weight FROM landing.areas WHERE area_code = 'D1'") == [("0.4 0.6",)]
    with open_warehouse(city.open()) as con:
        assert con.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'landing'"
                           " AND table_name = 'areas' ORDER BY column_index").fetchall() == CONTRACTS["areas"].landing_schema()  # fmt: skip


def test_a_landing_table_without_a_required_column_or_of_another_type_is_not_mended(city: SmallCity) -> None:
    with open_warehouse(city.open()) as con:
        for change in ("DROP COLUMN held_on", "ALTER COLUMN attendees TYPE VARCHAR", "ADD COLUMN gone VARCHAR"):
            create_landing(con, [CONTRACTS["meetings"]])
            con.execute(f"ALTER TABLE landing.meetings {change}")
            with pytest.raises(ValueError, match="another version of its contract"):
                create_landing(con, [CONTRACTS["meetings"]])
            con.execute("DROP TABLE landing.meetings")


def test_forgetting_the_state_keeps_the_editions(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.load("meetings")
    opened: City = city.open()
    opened.published.mkdir()
    (opened.published / "edition").write_text("x")
    clear_state(opened)
    assert not opened.warehouse.exists() and not opened.landing.exists() and not opened.rejects.exists()
    assert (opened.published / "edition").exists()
    assert city.load_one("meetings").outcome == "loaded"


def test_extracts_are_never_changed(city: SmallCity) -> None:
    paths: list[Path] = [
        city.drop("meetings", "a.csv", meetings("G1")),
        city.drop("meetings", "b.csv", meetings(bad=2)),
    ]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    city.load("meetings")
    paths[1] = next((city.folder / "refused" / "meetings").glob("*-b.csv"))
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before


# -- full extracts: what is gone, what changed -----------------------------------------------------------------------


def full(*rows: str) -> str:
    return tickets(*(f"{row},2026-03-{n + 1:02d}" if row.count(",") == 1 else row for n, row in enumerate(rows)))


def test_what_a_full_extract_no_longer_has_is_removed_and_an_older_update_does_not_bring_it_back(
    city: SmallCity,
) -> None:
    city.drop("tickets", "a.csv", full("T1,甲", "T2,乙", "T3,丙"), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
    city.load("tickets")
    city.drop("tickets", "b.csv", full("T1,甲", "T3,丙"), done="kind: full\nas_of: '2026-03-20T00:00:00Z'\n")
    delivery = city.load_one("tickets")
    assert (delivery.rows_removed, sorted(categories(city))) == (1, ["T1", "T3"])
    assert city.rows("SELECT row_key, removed_at FROM landing.removals") == [("T2", utc("2026-03-20T00:00:00"))]
    city.drop("tickets", "late.csv", tickets("T2,晚,2026-03-15", "T3,晚,2026-03-15"), arrived=ARRIVED + HOUR)
    city.load("tickets")
    assert categories(city) == {"T1": "甲", "T3": "晚"}
    city.drop("tickets", "again.csv", tickets("T2,又,2026-03-25"), arrived=ARRIVED + 2 * HOUR)
    city.load("tickets")
    assert categories(city) == {"T1": "甲", "T2": "又", "T3": "晚"}


def test_a_full_extract_removes_no_row_that_was_updated_after_its_data_cut(city: SmallCity) -> None:
    city.drop("tickets", "new.csv", tickets("T8,甲,2026-03-25", "T9,乙,2026-03-05"))
    city.load("tickets")
    city.drop("tickets", "full.csv", full("T8,旧", "T1,甲"), done="kind: full\nas_of: '2026-03-20T00:00:00Z'\n")
    city.load("tickets")
    assert categories(city) == {"T1": "甲", "T8": "甲"}


EVENT = st.tuples(st.sampled_from(["T1", "T2", "T3"]), st.integers(1, 9))


@given(events=st.lists(EVENT, min_size=1, max_size=12, unique=True), data=st.data())
@settings(max_examples=5, deadline=None, database=None, phases=[Phase.generate])
def test_any_split_of_the_same_changes_in_any_order_gives_the_same_warehouse(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(events))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    city = make_small_city(tmp_path_factory.mktemp("split"))
    at_once = data.draw(st.booleans())
    pieces = [p for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True) if (p := shuffled[a:b])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETWISE_KEY", "k")
        for n, piece in enumerate(pieces):
            rows = [f"{key},第{day}版,2026-03-0{day}" for key, day in piece]
            city.drop("tickets", f"{n}.csv", tickets(*rows), arrived=ARRIVED + n * HOUR)
            if not at_once or n == len(pieces) - 1:
                city.load("tickets")
    latest = {key: f"第{max(d for k, d in events if k == key)}版" for key, _ in events}
    assert categories(city) == latest


def with_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the lines of full extracts however small they are."""
    monkeypatch.setattr(lines_module, "LEAST_BYTES", 0)


def test_a_changed_line_without_an_offset_is_found_though_the_unchanged_ones_are_not_read(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "LEAST_BYTES", 0)
    rows = [f"T{n},open,2026-03-05T02:00:00Z,2026-03-05T02:00:00Z" for n in range(40)]
    head = "ticket_id,status,accepted_at,updated_at"
    city.drop("tickets", "a.csv", lines(head, *rows), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
    assert city.load_one("tickets").rows_loaded == 40
    rows[7] = "T7,cancelled,2026-03-05T02:00:00Z,2026-03-06T02:00:00Z"
    city.drop("tickets", "b.csv", lines(head, *rows), done="kind: full\nas_of: '2026-03-11T00:00:00Z'\n")
    delivery = city.load_one("tickets")
    assert (delivery.rows_loaded, delivery.rows_unchanged) == (40, 39)
    rows[8] = "T8,open,2026-03-05 10:00,2026-03-06T02:00:00Z"
    city.drop("tickets", "c.csv", lines(head, *rows), done="kind: full\nas_of: '2026-03-12T00:00:00Z'\n")
    delivery = city.load_one("tickets")
    assert (delivery.outcome, delivery.rows_loaded, delivery.rows_rejected) == ("loaded", 39, 1)
    assert [(row, rule) for row, rule, _ in city.rejects()] == [(10, "accepted_at.readable")]


def test_a_full_extract_that_differs_in_a_few_lines_is_read_in_these_alone(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_lines(monkeypatch)
    rows = [f"T{n},甲,2026-03-01" for n in range(40)]
    city.drop("tickets", "a.csv", tickets(*rows), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
    first = city.load_one("tickets")
    assert (first.rows_loaded, first.rows_unchanged) == (40, 0)
    rows[7], rows[20] = "T7,乙,2026-03-11", "T40,丙,2026-03-12"
    city.drop("tickets", "b.csv", tickets(*rows, "T41,甲"), done="kind: full\nas_of: '2026-03-20T00:00:00Z'\n")
    second = city.load_one("tickets")
    counts = second.rows_in, second.rows_loaded, second.rows_unchanged, second.rows_rejected, second.rows_removed
    assert counts == (41, 40, 38, 1, 1)
    found = categories(city)
    assert (found["T7"], found["T40"], len(found)) == ("乙", "丙", 40) and "T20" not in found
    assert city.rejects() == [(42, "file.row_shape", None)]
    # The line that was rejected is read again the next time, and a row that a delta changed is not taken for the old line.
    city.drop("tickets", "delta.csv", tickets("T1,丁,2026-03-21"), arrived=ARRIVED + HOUR)
    city.load("tickets")
    rows[20] = "T20,甲,2026-03-01"
    city.drop("tickets", "c.csv", tickets(*rows), done="kind: full\nas_of: '2026-03-30T00:00:00Z'\n")
    third = city.load_one("tickets")
    assert (third.rows_in, third.rows_loaded, third.rows_removed) == (40, 40, 1)
    assert categories(city) == {**{f"T{n}": "甲" for n in range(40)}, "T1": "丁", "T7": "乙"}


def test_two_full_extracts_of_one_night_are_each_read_whole(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    with_lines(monkeypatch)
    rows = [f"T{n},甲,2026-03-01" for n in range(300)]
    city.drop("tickets", "a.csv", tickets(*rows), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
    city.load("tickets")
    for n, gone in enumerate((3, 4)):
        text = tickets(*rows[:gone], *rows[gone + 1 :])
        city.drop("tickets", f"{n}.csv", text, done=f"kind: full\nas_of: '2026-03-2{n}T00:00:00Z'\n")
    assert [(d.rows_unchanged, d.rows_removed) for d in city.load("tickets").deliveries] == [(0, 1), (0, 1)]
    assert set(categories(city)) == {f"T{n}" for n in range(300)} - {"T4"}


@given(data=st.data())
@settings(max_examples=4, deadline=None, database=None, phases=[Phase.generate])
def test_reading_only_changed_lines_gives_what_reading_every_line_gives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cell = st.sampled_from(["甲,2026-03-01", "乙,2026-03-02", "丙,2026-03-03", "甲", ",2026-03-01"])
    extracts = data.draw(st.lists(st.dictionaries(st.integers(1, 12), cell, min_size=8), min_size=3, max_size=3))
    found = []
    for least in (0, 1 << 40):
        city = make_small_city(tmp_path_factory.mktemp("lines"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STREETWISE_KEY", "k")
            patch.setattr(lines_module, "LEAST_BYTES", least)
            for n, rows in enumerate(extracts):
                text = tickets(
                    *(f"T{key},{rest}" for key, rest in rows.items()), *(f"F{m},甲,2026-03-01" for m in range(40))
                )
                city.drop(
                    "tickets",
                    f"{n}.csv",
                    text,
                    done=f"kind: full\nas_of: '2026-03-1{n}T00:00:00Z'\n",
                    arrived=ARRIVED + n * HOUR,
                )
                city.load("tickets")
        columns = "ticket_id, category_1, updated_at, accepted_at, _delivery_id"
        ledger = city.rows(
            "SELECT rows_in, rows_loaded, rows_rejected, rows_deduplicated, outcome FROM landing.deliveries ORDER BY as_of"
        )
        found.append(
            (city.rows(f"SELECT {columns.replace(', _delivery_id', '')} FROM landing.tickets ORDER BY 1"), ledger)
        )
    assert found[0] == found[1]


# -- corrected rows --------------------------------------------------------------------------------------------------


def corrected(city: SmallCity, delivery_id: str, changes: dict[tuple[int, str], str]) -> bytes:
    """The workbook of rejects with some cells corrected, as an office saves it."""
    sheet = (
        fastexcel.read_excel(city.open().rejects / f"{delivery_id}.xlsx")
        .load_sheet("更正", dtypes="string")
        .to_polars()
    )
    cells = sheet.to_dicts()
    for (row, column), value in changes.items():
        next(line for line in cells if line["行号 · row"] == str(row))[column] = value
    out = io.BytesIO()
    pl.DataFrame(cells, schema=sheet.schema).write_excel(out, worksheet="更正")
    return out.getvalue()


def test_corrected_rows_join_their_delivery_and_nothing_else_changes(city: SmallCity) -> None:
    good = [f"{n},O1,1988-07-01,本科,否" for n in range(30)]
    bad = ["440300198807011232,O1,1988-02-30,本科,否", "98,O1,1990-01-01,博导,否", "97,,1990-01-01,,"]
    city.drop("members", "a.csv", members(*good, *bad), done="as_of: '2026-03-01T00:00:00Z'\n")
    first = city.load_one("members")
    assert (first.rows_loaded, first.rows_rejected) == (30, 3)
    before = city.rows("SELECT * FROM landing.members ORDER BY ALL")
    city.drop("members", "mended.xlsx", corrected(city, first.delivery_id, {(32, "birth_date"): "1988-02-28", (33, "schooling"): "研究生"}),
              arrived=ARRIVED + HOUR)  # fmt: skip
    result = city.load("members")
    (mend,) = result.deliveries
    assert (mend.outcome, mend.mends, mend.rows_loaded, mend.as_of) == ("loaded", first.delivery_id, 2, first.as_of)
    after = city.rows("SELECT * FROM landing.members ORDER BY ALL")
    assert len(after) == 32 and set(before) < set(after)
    pseudonym = hmac.new(
        KEY.encode(), b"440300198807011232", "sha256"
    ).hexdigest()  # the masked key is the one that was sent
    assert city.rows(
        f"SELECT birth_year, _delivery_id, _valid_from FROM landing.members WHERE member_id = '{pseudonym}'"
    ) == [(1988, first.delivery_id, utc("2026-03-01T00:00:00"))]
    assert city.rows(
        f"SELECT rows_in, rows_loaded, rows_rejected FROM landing.deliveries WHERE delivery_id = '{first.delivery_id}'"
    ) == [(33, 32, 1)]
    assert city.rejects() == [(34, "org_id.required", None)]
    # The third row is corrected from the workbook that was written anew, and still wrong the first time.
    city.drop("members", "mended_2.xlsx", corrected(city, first.delivery_id, {(34, "org_id"): "O1", (34, "birth_date"): "1890-01-01"}),
              arrived=ARRIVED + 2 * HOUR)  # fmt: skip
    city.load("members")
    assert city.rejects() == [(34, "birth_date.range", "•••")]
    city.drop("members", "mended_3.xlsx", corrected(city, first.delivery_id, {(34, "org_id"): "O1", (34, "birth_date"): "1990-01-01"}),
              arrived=ARRIVED + 3 * HOUR)  # fmt: skip
    city.load("members")
    assert city.rejects() == [] and not list(city.open().rejects.glob(f"{first.delivery_id}*"))
    assert city.rows("SELECT count(*) FROM landing.members WHERE _valid_to IS NULL") == [(33,)]


def test_a_corrected_row_of_a_full_extract_counts_although_it_was_taken_for_removed(city: SmallCity) -> None:
    rows = [f"T{n},甲,2026-03-01" for n in range(30)]
    city.drop("tickets", "a.csv", tickets(*rows), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
    city.load("tickets")
    rows[4] = "T4,甲,2026-02-30"
    city.drop("tickets", "b.csv", tickets(*rows), done="kind: full\nas_of: '2026-03-20T00:00:00Z'\n")
    second = city.load_one("tickets")
    assert second.rows_rejected == 1 and "T4" not in categories(city)
    city.drop(
        "tickets",
        "m.xlsx",
        corrected(city, second.delivery_id, {(6, "updated_at"): "2026-02-28"}),
        arrived=ARRIVED + HOUR,
    )
    city.load("tickets")
    assert "T4" in categories(city) and len(categories(city)) == 30


# -- the drop folder -------------------------------------------------------------------------------------------------


def test_a_link_in_the_drop_folder_is_refused_and_never_followed(city: SmallCity, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(meetings("G1"))
    path = city.drop("meetings", "good.csv", meetings("G2"))
    (path.parent / "link.csv").symlink_to(secret)
    result = city.load("meetings")
    assert [d.file_name for d in result.deliveries] == ["good.csv"]
    assert [d.file_name for d in result.refused] == ["link.csv"]
    refused = "SELECT file_name FROM landing.deliveries WHERE outcome = 'refused'"
    assert city.rows(refused) == [("link.csv",)]
    (path.parent / "link.csv").unlink()
    assert city.load("meetings").refused == () and city.rows(refused) == []
    assert city.rows("SELECT meeting_id FROM landing.meetings") == [("G2",)]


def test_a_file_that_may_still_grow_waits_for_the_next_run(city: SmallCity) -> None:
    path = city.drop("meetings", "a.csv", meetings("G1"), arrived=datetime.now(UTC))
    assert city.load("meetings").deliveries == ()
    os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    assert city.load_one("meetings").outcome == "loaded"


def test_a_file_written_to_while_it_is_read_is_left_for_the_next_run_and_named(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREETWISE_PROGRESS", "1")
    path = city.drop("meetings", "a.csv", meetings("G1"))

    stage_file = staging_module.stage_file

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        staged = stage_file(*arguments, **named)
        with path.open("a") as handle:
            handle.write("G2,visit,2026-03-10\n")
        return staged

    monkeypatch.setattr(staging_module, "stage_file", meanwhile)
    assert city.load("meetings").deliveries == ()
    assert city.rows("SELECT count(*) FROM landing.meetings") == [(0,)]
    said = capsys.readouterr().err
    assert "a.csv 仍在写入" in said and "a.csv is still being written" in said


def test_files_that_nobody_wrote_to_are_not_hashed_again(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    city.drop("meetings", "a.csv", meetings("G1"))
    city.load("meetings")
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert city.load("meetings").deliveries == ()


def test_a_refresh_holds_the_lease_from_its_first_step_to_its_last(city: SmallCity) -> None:
    opened = city.open()
    other = "import sys; from pipelines.city import City; from pipelines.warehouse import writer_lease\n"
    other += "with writer_lease(City.open(sys.argv[1])): pass"
    with whole_refresh(opened):
        with open_warehouse(opened):
            pass  # its own steps take it at once, and do not give it back
        result = subprocess.run([sys.executable, "-c", other, str(city.folder)], capture_output=True, text=True)
        assert "another refresh of city is at work" in result.stderr
    with writer_lease(opened):
        pass
