"""Extracts of every form and fault: what is the same table lands as the same rows, what is not a table is refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import ARRIVED, SmallCity, lines, make_small_city

from pipelines.ingest.files import FileRefused, open_extract

HEADER = ["meeting_id", "kind", "area_code", "held_on", "attendees", "matters_raised"]
ROWS = [
    ["G1", "assembly", "001", "2026-03-10", "20", "3"],
    ["G2", "驻点", "A2", "2026-03-11", "8", ""],
    ["G,3", "visit", "", "2026-03-12", "1,200", "0"],
]
LANDED = [
    ("G,3", "visit", None, date(2026, 3, 12), 1200, 0),
    ("G1", "assembly", "001", date(2026, 3, 10), 20, 3),
    ("G2", "visit", "A2", date(2026, 3, 11), 8, None),
]


def delimited(rows: list[list[str]], delimiter: str = ",", newline: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return out.getvalue().encode()


def json_lines(rows: list[list[str]]) -> bytes:
    return "".join(
        json.dumps(dict(zip(rows[0], row, strict=True)), ensure_ascii=False) + "\n" for row in rows[1:]
    ).encode()


def parquet(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows[1:], schema=rows[0], orient="row").write_parquet(out)
    return out.getvalue()


FORMS: dict[str, Any] = {
    "a.csv": delimited,
    "a.tsv": lambda rows: delimited(rows, "\t"),
    "semicolon.csv": lambda rows: delimited(rows, ";"),
    "a.jsonl": json_lines,
    "a.ndjson": json_lines,
    "a.csv.gz": lambda rows: gzip.compress(delimited(rows)),
    "a.tsv.gz": lambda rows: gzip.compress(delimited(rows, "\t")),
    "a.jsonl.gz": lambda rows: gzip.compress(json_lines(rows)),
    "zipped_without_saying_so": lambda rows: gzip.compress(delimited(rows)),
    "a.parquet": parquet,
    "bom.csv": lambda rows: b"\xef\xbb\xbf" + delimited(rows),
    "bom.jsonl": lambda rows: b"\xef\xbb\xbf" + json_lines(rows),
    "crlf.csv": lambda rows: delimited(rows, newline="\r\n"),
    "cr.csv": lambda rows: delimited(rows, newline="\r"),
    "crlf.jsonl": lambda rows: json_lines(rows).replace(b"\n", b"\r\n"),
    "mixed_line_ends.csv": lambda rows: delimited(rows[:2], newline="\r\n") + delimited(rows[2:]),
    "line_end_missing.csv": lambda rows: delimited(rows).rstrip(b"\n"),
    "empty_lines_at_the_end.csv": lambda rows: delimited(rows) + b"\n\n",
    "empty_line_at_the_end.jsonl": lambda rows: json_lines(rows) + b"\n",
    "no_ending": delimited,
}


def landed(city: SmallCity) -> list[tuple[Any, ...]]:
    return city.rows(f"SELECT {', '.join(HEADER)} FROM landing.meetings ORDER BY 1")


def refusal(city: SmallCity, dataset: str, name: str, content: str | bytes) -> tuple[str, str]:
    """The reasons (en, zh) for which a file is refused; nothing of it may land."""
    city.drop(dataset, name, content)
    delivery = city.load_one(dataset)
    assert delivery.outcome == "refused"
    assert city.rows(f"SELECT count(*) FROM landing.{dataset}") == [(0,)]
    return str(delivery.reason_en), str(delivery.reason_zh)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_the_same_table_lands_as_the_same_rows(city: SmallCity, name: str) -> None:
    city.drop("meetings", name, FORMS[name]([HEADER, *ROWS]))
    delivery = city.load_one("meetings")
    assert (delivery.outcome, delivery.reason_en, delivery.rows_in) == ("loaded", None, 3)
    assert landed(city) == LANDED


@given(
    order=st.permutations(range(len(HEADER))),
    form=st.sampled_from(sorted(FORMS)),
    rows=st.permutations(ROWS),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
def test_no_order_of_columns_or_rows_changes_what_lands(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], form: str, rows: list[list[str]]
) -> None:
    city = make_small_city(tmp_path_factory.mktemp("permuted"))
    table = [[row[i] for i in order] for row in [HEADER, *rows]]
    city.drop("meetings", form, FORMS[form](table))
    city.load("meetings")
    assert landed(city) == LANDED


@given(
    cells=st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=12
        ).filter(lambda text: "\x00" not in text),
        min_size=1,
        max_size=4,
    ),
    form=st.sampled_from(["csv", "tsv", "jsonl", "parquet"]),
)
@settings(max_examples=60, deadline=None, database=None)
def test_any_text_survives_every_form(tmp_path_factory: pytest.TempPathFactory, cells: list[str], form: str) -> None:
    path = tmp_path_factory.mktemp("text") / f"a.{form}"
    table = [["n", "text"], *([str(n), cell] for n, cell in enumerate(cells))]
    write = {"csv": delimited, "tsv": FORMS["a.tsv"], "jsonl": json_lines, "parquet": parquet}[form]
    path.write_bytes(write(table))
    con = duckdb.connect()
    extract = open_extract(con, path)
    found = con.execute(f"SELECT n, coalesce(text, '') FROM {extract.relation(('n', 'text'))}").fetchall()
    con.close()
    assert found == [(str(n), cell) for n, cell in enumerate(cells)]


def test_a_line_end_inside_quotes_is_part_of_the_text(city: SmallCity) -> None:
    city.drop("organisations", "a.csv", 'org_id,org_name,org_level\nO1,"街道\n党工委",街道党工委\nO2,甲支部,网格支部\n')
    assert city.load_one("organisations").rows_loaded == 2
    assert city.rows("SELECT org_name FROM landing.organisations ORDER BY org_id") == [("街道\n党工委",), ("甲支部",)]


def test_a_header_with_a_line_end_inside_quotes_is_read(city: SmallCity) -> None:
    city.drop("organisations", "a.csv", '"备注\n（可不填）",org_id,org_name,org_level\nx,O1,街道党工委,街道党工委\n')
    assert city.load_one("organisations").rows_loaded == 1


def test_columns_that_the_contract_does_not_know_are_ignored_and_reported(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", lines("meeting_id,kind,held_on,记录人,备注", "G1,visit,2026-03-10,x,y"))
    result = city.load("meetings")
    assert result.ignored_headers == {"a.csv": ("记录人", "备注")}
    assert result.deliveries[0].rows_loaded == 1


@pytest.mark.parametrize(
    "header", ["会议编号,会议类型,召开日期", "Meeting ID,KIND,held on", " meeting_id , kind ,ｈｅｌｄ_on"]
)
def test_headers_are_known_in_both_languages_and_however_they_are_spaced(city: SmallCity, header: str) -> None:
    city.drop("meetings", "a.csv", lines(header, "G1,visit,2026-03-10"))
    assert city.load_one("meetings").rows_loaded == 1


def test_a_header_that_comes_twice_is_refused(city: SmallCity) -> None:
    en, zh = refusal(
        city, "meetings", "a.csv", lines("meeting_id,kind,held_on,Held On", "G1,visit,2026-03-10,2026-03-11")
    )
    assert "the same column name more than once" in en and "重复的列名" in zh
    assert "columns 3, 4" in en and "第 3、4 列" in zh


def test_a_renamed_column_is_refused_saying_what_was_expected_and_what_found(city: SmallCity) -> None:
    en, zh = refusal(city, "meetings", "a.csv", lines("meeting_id,kind,开会的日子", "G1,visit,2026-03-10"))
    assert "lacks the required column held_on" in en and "meeting_id, kind, 开会的日子" in en
    assert "缺少必需的列：“召开日期”" in zh and "开会的日子" in zh


def test_a_file_without_its_header_is_refused(city: SmallCity) -> None:
    en, _ = refusal(city, "meetings", "a.csv", lines("G1,visit,A1,2026-03-10", "G2,visit,A1,2026-03-11"))
    assert "row 1 should hold the column names, but none of its 4 cells is a known one" in en


def test_an_empty_file_is_refused(city: SmallCity) -> None:
    assert refusal(city, "meetings", "a.csv", "") == (
        "a.csv is empty (0 bytes). Export it again. The file is in refused/. Until it is mended and dropped again,"
        " or removed, every refresh stops here.",
        "a.csv 是空的（0 字节）。请重新导出。文件已移至 refused/。在改正后重新放入或移除之前，每次刷新都会停在这里。",
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", delimited([HEADER])),
        ("a.csv", delimited([HEADER]).rstrip(b"\n")),
        ("a.parquet", parquet([HEADER])),
    ],
)
def test_a_file_with_a_header_only_is_refused(city: SmallCity, name: str, content: bytes) -> None:
    en, zh = refusal(city, "meetings", name, content)
    assert "has no rows of data" in en and "没有数据行" in zh


@pytest.mark.parametrize("content", [" \n \n", "\n\n", "\ufeff"])
def test_a_file_of_blanks_is_refused(city: SmallCity, content: str) -> None:
    assert "a.csv" in refusal(city, "meetings", "a.csv", content)[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "web page"),
        (b"\xef\xbb\xbf\n <html>", "web page"),
        (b'{"error": "token expired"}', "JSON"),
        (b"%PDF-1.7 not a table", "PDF"),
        (b"\x89PNG\r\n\x1a\n not a table", "picture"),
    ],
)
def test_a_web_page_or_archive_saved_as_csv_is_refused(city: SmallCity, content: bytes, what: str) -> None:
    en, zh = refusal(city, "meetings", "a.csv", content)
    assert "is not a table" in en and what in en
    assert "不是表格文件" in zh


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"meeting_id,kind,held_on\nG1,visit,2026-03-10\nG2,\xff,2026-03-11\n", 3),
        ("meeting_id,kind,held_on\nG1,visit,2026-03-10\nG2,喆,2026-03-11\n".encode("gbk"), 3),
        (b"\xef\xbb\xbf" + "meeting_id,kind,held_on\nG1,驻点,2026-03-10\n".encode("gbk"), 2),
    ],
)
def test_what_is_not_utf8_is_refused_with_its_line(city: SmallCity, content: bytes, line: int) -> None:
    en, zh = refusal(city, "meetings", "a.csv", content)
    assert f"line {line} is not UTF-8" in en and f"第 {line} 行不是 UTF-8" in zh


def test_a_file_cut_inside_a_character_is_refused(city: SmallCity) -> None:
    en, _ = refusal(
        city, "meetings", "a.csv", lines("meeting_id,kind,held_on", "G1,visit,2026-03-10").encode() + "驻".encode()[:2]
    )
    assert "incomplete" in en or "not UTF-8" in en


def test_a_gzip_file_cut_short_anywhere_is_refused(city: SmallCity) -> None:
    whole = gzip.compress(delimited([HEADER, *ROWS]))
    con = duckdb.connect()
    path = city.folder / "a.csv.gz"
    for size in range(3, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FileRefused, match="incomplete"):
            open_extract(con, path)
    con.close()


def test_a_damaged_gzip_file_is_refused(city: SmallCity) -> None:
    whole = bytearray(gzip.compress(delimited([HEADER, *ROWS * 50])))
    whole[len(whole) // 2] ^= 0xFF
    en, _ = refusal(city, "meetings", "a.csv.gz", bytes(whole))
    assert "incomplete" in en or "damaged" in en


def test_a_parquet_file_cut_short_is_refused(city: SmallCity) -> None:
    en, zh = refusal(city, "meetings", "a.parquet", parquet([HEADER, *ROWS])[:-10])
    assert "is not a complete Parquet file" in en and "不是完整的 Parquet 文件" in zh


def test_a_file_cut_inside_quotes_is_refused(city: SmallCity) -> None:
    en, zh = refusal(city, "organisations", "a.csv", 'org_id,org_name,org_level\nO1,甲,网格支部\nO2,"乙支部')
    assert "an unclosed quote from line 3 on" in en and "第 3 行起引号没有成对" in zh


@pytest.mark.parametrize("kept", range(60, 110, 7))
def test_a_file_with_a_manifest_cut_anywhere_is_refused(city: SmallCity, kept: int) -> None:
    whole = delimited([HEADER, *ROWS])
    assert kept < len(whole)
    city.drop("meetings", "a.csv", whole[:kept], done="rows: 3\n")
    assert city.load_one("meetings").outcome == "refused"


def test_short_and_long_rows_are_rejected_with_their_number(city: SmallCity) -> None:
    rows = [f"G{n},visit,2026-03-10" for n in range(30)]
    rows[4] = "G4,visit"
    rows[9] = "G9,visit,2026-03-10,多出的一格"
    rows[20] = "G20,不明,2026-03-10"
    city.drop("meetings", "a.csv", lines("meeting_id,kind,held_on", *rows))
    delivery = city.load_one("meetings")
    assert (delivery.rows_in, delivery.rows_loaded, delivery.rows_rejected) == (30, 27, 3)
    assert city.rejects() == [(6, "file.row_shape", None), (11, "file.row_shape", None), (22, "kind.allowed", "不明")]
    reasons = city.rows("SELECT reason_en, reason_zh FROM landing.rejects ORDER BY source_row")
    assert "missing columns (expected 3 cells)" in reasons[0][0]
    assert "too many columns (expected 3 cells)" in reasons[1][0]
    assert "（3 列）" in reasons[0][1]


def test_rows_are_counted_as_rows_where_texts_hold_line_ends(city: SmallCity) -> None:
    rows = [f'O{n},"甲\n\n支部",网格支部' for n in range(30)]
    rows[10] = "O10,甲"
    rows[20] = "O20,甲,不明"
    city.drop("organisations", "a.csv", lines("org_id,org_name,org_level", *rows))
    city.load("organisations")
    assert city.rejects() == [(12, "file.row_shape", None), (22, "org_level.allowed", "不明")]


def test_a_wrong_row_of_json_lines_and_parquet_has_its_number_too(city: SmallCity) -> None:
    rows = [[f"G{n}", "visit", "", "2026-03-10", "", ""] for n in range(30)]
    rows[20][1] = "不明"
    city.drop("meetings", "a.jsonl", json_lines([HEADER, *rows]))
    city.load("meetings")
    assert city.rejects() == [(21, "kind.allowed", "不明")]  # the first line is a row
    rows[20][0] = "G99"
    city.drop("meetings", "a.parquet", parquet([HEADER, *rows]))
    city.load("meetings")
    assert city.rejects()[-1] == (22, "kind.allowed", "不明")


@pytest.mark.parametrize("broken", ['{"meeting_id": "G2", "kind"', "[1, 2]", '"text"', "null"])
def test_a_line_that_is_no_json_object_is_refused_with_its_number(city: SmallCity, broken: str) -> None:
    good = '{"meeting_id": "G1", "kind": "visit", "held_on": "2026-03-10"}'
    en, zh = refusal(city, "meetings", "a.jsonl", lines(good, broken, good))
    assert "line 2 is not a complete JSON object" in en and "第 2 行" in zh


def test_json_lines_whose_objects_have_different_keys_land(city: SmallCity) -> None:
    city.drop("meetings", "a.jsonl", lines(
        '{"meeting_id": "G1", "kind": "visit", "held_on": "2026-03-10"}',
        '{"kind": "visit", "attendees": 1200, "held_on": "2026-03-11", "meeting_id": "G2", "tags": ["a"]}',
    ))  # fmt: skip
    result = city.load("meetings")
    assert city.rows("SELECT meeting_id, attendees FROM landing.meetings ORDER BY 1") == [("G1", None), ("G2", 1200)]
    assert result.ignored_headers == {"a.jsonl": ("tags",)}


def test_typed_parquet_lands_like_text(city: SmallCity) -> None:
    out = io.BytesIO()
    pl.DataFrame(
        {"meeting_id": ["G1"], "kind": ["visit"], "held_on": [date(2026, 3, 10)], "attendees": [20]}
    ).write_parquet(out)
    city.drop("meetings", "a.parquet", out.getvalue())
    city.load("meetings")
    assert city.rows("SELECT held_on, attendees FROM landing.meetings") == [(date(2026, 3, 10), 20)]


def test_a_mapping_that_asks_for_a_column_which_is_not_there_is_refused(city: SmallCity) -> None:
    city.mapping("meetings", "columns: {meeting_id: 流水, kind: {constant: visit}, held_on: 日期}\n")
    en, zh = refusal(city, "meetings", "a.csv", lines("编码,日期", "G1,2026-03-10"))
    assert "asks for the column 流水" in en and "编码, 日期" in en
    assert "“流水”" in zh


@pytest.mark.parametrize("name", ["a'b.csv", 'a"b.csv', "a*b?.csv", "[a].csv", "甲 乙.csv", "a%20b.csv", "{a,b}.csv"])
def test_a_file_may_bear_any_name(city: SmallCity, name: str) -> None:
    city.drop("meetings", name, delimited([HEADER, *ROWS]))
    assert city.load_one("meetings").file_name == name
    assert landed(city) == LANDED


@pytest.mark.parametrize("header", ["a'b", 'a"b', "a,b", "$.x", "a.b", "x\\y", "select"])
def test_a_header_may_hold_any_character(city: SmallCity, header: str) -> None:
    city.mapping("meetings", f"recognise: true\ncolumns: {{area_code: {json.dumps(header)}}}\n")
    table = [["meeting_id", "kind", "held_on", header], ["G1", "visit", "2026-03-10", "A1"]]
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        table[1][0] = name
        city.drop("meetings", name, FORMS[name](table))
    city.load("meetings")
    assert city.rows("SELECT meeting_id, area_code FROM landing.meetings ORDER BY 1") == [
        ("a.csv", "A1"), ("a.jsonl", "A1"), ("a.parquet", "A1"),
    ]  # fmt: skip


def test_a_link_is_read_only_where_the_city_names_it_and_a_folder_never(city: SmallCity) -> None:
    target = city.folder / "elsewhere.csv"
    target.write_bytes(delimited([HEADER, *ROWS]))
    os.utime(target, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    drop = city.folder / "extracts" / "meetings"
    drop.mkdir(parents=True)
    (drop / "a.csv").symlink_to(target)
    (drop / "b.csv").mkdir()
    assert {d.reason_code for d in city.load("meetings").refused} == {"not_a_file"}
    city.settings(sources={"meetings": {"files": ["extracts/meetings/a.csv"]}})
    assert city.load_one("meetings").rows_loaded == 3
