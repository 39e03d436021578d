"""Personal data: keyed pseudonyms, the key's file, and canaries that are searched for in every byte of the state."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import fastexcel
import polars as pl
import pyarrow as pa
import pytest
from conftest import Refreshed, run_cli
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import ARRIVED, CANARIES, KEY, SmallCity, fill, lines, make_small_city

from pipelines import transform
from pipelines.ingest.privacy import (
    hmac_pads,
    key_file,
    load_key,
    pseudonym_sql,
    without_numbers,
    without_numbers_sql,
)
from pipelines.paths import ROOT


def pseudonym(value: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()


@given(
    st.binary(max_size=200), st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
)
@settings(max_examples=60, deadline=None, database=None)
def test_a_pseudonym_is_the_hmac_that_python_computes(key: bytes, value: str) -> None:
    inner, outer = hmac_pads(key)
    with duckdb.connect() as con:
        con.execute("SET VARIABLE inner_pad = $1", [inner])
        con.execute("SET VARIABLE outer_pad = $1", [outer])
        found = con.execute(f"SELECT {pseudonym_sql('$1')}", [value]).fetchall()
    assert found == [(hmac.new(key, value.encode(), hashlib.sha256).hexdigest(),)]


def test_identifiers_land_as_pseudonyms_and_what_only_identifies_does_not_land(city: SmallCity) -> None:
    city.drop(
        "members",
        "a.csv",
        lines(
            "member_id,org_id,name,id_number,phone,birth_date",
            "440300198807011232,O1,甲,440300198807011232,13912340001,1988-07-01",
        ),
    )
    city.load("members")
    assert city.rows("SELECT member_id, birth_year FROM landing.members") == [(pseudonym("440300198807011232"), 1988)]
    columns = {row[0] for row in city.rows("DESCRIBE landing.members")}
    assert not columns & {"name", "id_number", "phone", "birth_date"}


def test_a_number_with_a_wrong_check_digit_rejects_its_row_and_is_nowhere(city: SmallCity) -> None:
    row = "{key},O1,欧阳慕蓉,{number},13912340001,1988-07-01"
    city.drop("members", "a.csv", lines(
        "member_id,org_id,name,id_number,phone,birth_date", *(row.format(key=f"M{n}", number="440300198807011232") for n in range(20)),
        row.format(key="X", number=WRONG),
    ))  # fmt: skip
    delivery = city.load_one("members")
    assert (delivery.outcome, delivery.rows_loaded, delivery.rows_rejected) == ("loaded", 20, 1)
    assert city.rejects() == [(22, "id_number.check_digit", "•••")]
    assert city.rows("SELECT column_name, reason_zh FROM landing.rejects") == [
        ("id_number", "身份证号的位数和校验码应正确（GB 11643）")
    ]
    assert hits(city.folder / "state", (*CANARIES, WRONG)) == []
    (sheet,) = city.open().rejects.glob("*.xlsx")
    cells = fastexcel.read_excel(sheet).load_sheet("更正", dtypes="string").to_polars().row(0, named=True)
    assert cells["id_number"] == "•••"


def test_a_corrected_check_digit_brings_its_row_in(city: SmallCity) -> None:
    row = "{key},O1,{number}"
    good = [row.format(key=f"M{n}", number="440300198807011232") for n in range(20)]
    city.drop("members", "a.csv", lines("member_id,org_id,id_number", *good, row.format(key="X", number=WRONG)))
    city.load_one("members")
    (sheet,) = city.open().rejects.glob("*.xlsx")
    cells = fastexcel.read_excel(sheet).load_sheet("更正", dtypes="string").to_polars()
    out = io.BytesIO()
    cells.with_columns(pl.lit("440300198807011232").alias("id_number")).write_excel(out, worksheet="更正")
    city.drop("members", "mended.xlsx", out.getvalue())
    assert city.load_one("members").rows_loaded == 1
    assert (city.rejects(), city.rows("SELECT count(*) FROM landing.members")) == ([], [(21,)])


def test_an_empty_identifier_stays_empty(city: SmallCity) -> None:
    city.drop(
        "tickets",
        "a.csv",
        lines("ticket_id,status,accepted_at,reporter_id", "T1,open,2026-03-01,", "T2,open,2026-03-01,x"),
    )
    city.load("tickets")
    assert city.rows("SELECT reporter_id FROM landing.tickets ORDER BY ticket_id") == [(None,), (pseudonym("x"),)]


def test_one_person_is_the_same_pseudonym_however_the_cell_is_padded(city: SmallCity) -> None:
    city.drop("members", "a.csv", lines("member_id,org_id", "440300198807011232,O1", " 440300198807011232　,O2"))
    city.load("members")
    assert city.rows("SELECT DISTINCT member_id FROM landing.members") == [(pseudonym("440300198807011232"),)]


# -- numbers of people where none belong -----------------------------------------------------------------------------

#: A phone and an identity number as people write them, the last digits apart so that each can be searched for.
FORMS = (
    "13912340001", "１３９１２３４０００２", "139 1234 0003", "139-1234-0004", "139\u30001234\u30000005", "1391 234 0006",
    "+86 139-1234-0007", "008613912340008", "440300198807011232", "44030019880701123X", "４４０３００１９８８０７０１１２３Ｘ",
    "440300 19880701 1232",
)  # fmt: skip


@pytest.mark.parametrize("numbered", [False, True])
def test_numbers_of_people_are_masked_in_every_form_by_both_engines(numbered: bool) -> None:
    sent = [*(f"张三{form}家" for form in FORMS), " ".join(FORMS[:4])]
    expected = [f"张三{'+' * form.startswith('+')}•••家" for form in FORMS] + ["••• ••• ••• •••"]
    assert (
        pl.DataFrame({"text": sent}).select(without_numbers(pl.col("text"), numbered=numbered)).to_series().to_list()
        == expected
    )
    with duckdb.connect() as con:
        found = con.execute(f"SELECT {without_numbers_sql('unnest($1)', numbered=numbered)}", [sent]).fetchall()
    assert [text for (text,) in found] == expected


def test_codes_dates_and_amounts_are_not_taken_for_numbers_of_people() -> None:
    kept = [
        "2026-04-31 10:00", "1988-07-01 10:00:00", "1990/13/01", "150000000.00", "GD-2026-000012", "0755-1234567", "3亿元",
    ]  # fmt: skip
    codes = ["440310001001", "130102001001003", "T1391234000100", "20260301000123"]
    with duckdb.connect() as con:
        for numbered, texts in ((False, kept), (True, kept + codes)):
            found = con.execute(f"SELECT {without_numbers_sql('unnest($1)', numbered=numbered)}", [texts]).fetchall()
            assert [text for (text,) in found] == texts


def test_a_number_of_a_person_in_a_rejected_code_key_or_long_text_is_nowhere_in_the_state(city: SmallCity) -> None:
    header = "meeting_id,kind,held_on,area_code,attendees"
    good = [f"{n},visit,2026-04-01,A1,5" for n in range(300)]
    bad = [f"X{n},visit,2026-04-01,张三{form}家,5" for n, form in enumerate(FORMS)]
    city.drop("meetings", "a.csv", lines(
        header, *good, *bad, f"Y1,{'长' * 193}13912340001,2026-04-01,A1,5", "Y2,visit,见 139 1234 0003,A1,5",
        f"Y3,visit,2026-04-01,A1,{'一' * 190}440300198807011232",
    ))  # fmt: skip
    city.load_one("meetings")
    found = city.rejects()
    assert [row for row, *_ in found] == list(range(302, 302 + len(FORMS) + 3))
    assert {(rule, value) for _, rule, value in found[: len(FORMS)]} == {
        ("area_code.format", "张三•••家"), ("area_code.format", "张三+•••家"),
    }  # fmt: skip
    assert [value for *_, value in found[len(FORMS) :]] == ["长" * 193 + "•••", "见 •••", "一" * 190 + "•••"]
    begun = (
        "139123400",
        "44030019880701",
        "139 1234",
        "139-1234",
        "139\u30001234",
        "1391 234",
        "１３９１２３４",
        "４４０３００",
    )
    assert hits(city.open().state, begun) == []
    (sheet,) = city.open().rejects.glob("*.xlsx")
    cells = fastexcel.read_excel(sheet).load_sheet("更正", dtypes="string").to_polars()
    assert set(cells["area_code"].head(len(FORMS))) == {"张三•••家", "张三+•••家"}


def test_a_number_of_a_person_in_a_key_that_comes_twice_is_masked(city: SmallCity) -> None:
    header, row = "ticket_id,status,accepted_at,category_1,updated_at", "{key},open,2026-03-01,{kind},2026-03-02"
    good = [row.format(key=f"20260301{n:010d}", kind="甲") for n in range(30)]
    twice = [row.format(key="工单13912340001", kind=kind) for kind in "甲乙"]
    city.drop("tickets", "a.csv", lines(header, *good, *twice))
    city.load_one("tickets")
    assert city.rejects() == [(32, "key.unique", "工单•••"), (33, "key.unique", "工单•••")]
    assert hits(city.open().state, CANARIES) == []


# -- the key ---------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_in_a_file_that_only_its_owner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = load_key("c-smalltown")
    path = tmp_path / "streetwise" / "keys" / "c-smalltown.key"
    assert key_file("c-smalltown") == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert len(key) == 64 and load_key("c-smalltown") == key
    assert load_key("another-city") != key


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o644])
def test_a_key_that_others_can_read_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    load_key("c")
    key_file("c").chmod(mode)
    with pytest.raises(PermissionError, match="can be read by others; run: chmod 0400"):
        load_key("c")


def test_an_empty_key_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key_file("c").parent.mkdir(parents=True)
    key_file("c").write_text("\n")
    key_file("c").chmod(0o400)
    with pytest.raises(PermissionError, match="is empty"):
        load_key("c")


def test_the_key_lies_outside_the_city_folder(city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREETWISE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    city.drop("members", "a.csv", lines("member_id,org_id", "1,O1"))
    city.load("members")
    key = load_key(city.open().slug).decode()
    assert city.rows("SELECT member_id FROM landing.members") == [(pseudonym("1", key),)]
    assert not hits(city.folder, (key,))


def test_the_key_of_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("STREETWISE_KEY", "from outside")
    assert load_key("c") == b"from outside"
    assert not key_file("c").exists()


# -- canaries --------------------------------------------------------------------------------------------------------


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what it holds once decompressed."""
    data = path.read_bytes()
    yield data
    if data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from map(archive.read, archive.namelist())
    if data[:4] == b"PAR1":
        yield pl.read_parquet(io.BytesIO(data)).write_json().encode()
    if data[:15] == b"SQLite format 3":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as lite:
            yield "\n".join(lite.iterdump()).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            for schema, table in tables:
                rows = con.execute(f'SELECT to_json(t) FROM "{schema}"."{table}" AS t').fetchall()
                yield "\n".join(str(row[0]) for row in rows).encode()


def spelled(word: str) -> set[bytes]:
    """A word in every encoding in which it might have been written."""
    return {word.encode(), word.encode("utf-16-le"), word.encode("gb18030"), json.dumps(word)[1:-1].encode()}


def hits(folder: Path, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Every file below a folder that holds one of the words, with the word."""
    found, forms = [], {w: spelled(w) for w in words}
    # all at once and as text of one character a byte: four times faster than one after the other in the bytes
    every = [form.decode("latin-1") for w in words for form in forms[w]]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            whole = list(contents(path))
            if any(pl.Series([part.decode("latin-1")]).str.contains_any(every).any() for part in whole):
                found += [
                    (str(path.relative_to(folder)), w)
                    for w in words
                    if any(form in part for form in forms[w] for part in whole)
                ]
    return found


@pytest.mark.parametrize("write", ["text", "json", "parquet", "gzip", "xlsx", "duckdb", "sqlite"])
def test_the_search_finds_a_canary_in_every_kind_of_file(tmp_path: Path, write: str) -> None:
    word = CANARIES[0]
    path = tmp_path / f"file.{write}"
    if write == "text":
        path.write_text(f"a {word} b", encoding="utf-8")
    elif write == "json":
        path.write_text(json.dumps([word]))
    elif write == "parquet":
        pl.DataFrame({"a": [word] * 1000}).write_parquet(path)
    elif write == "gzip":
        path.write_bytes(gzip.compress(word.encode() * 3))
    elif write == "xlsx":
        pl.DataFrame({"a": [word]}).write_excel(path)
    elif write == "duckdb":
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE TABLE t AS SELECT $1 AS a FROM range(10000)", [word])
    else:
        with sqlite3.connect(path) as lite:
            lite.execute("CREATE TABLE t AS SELECT ? AS a", [word])
    assert hits(tmp_path, CANARIES) == [(path.name, word)]


def test_no_personal_value_of_good_or_rejected_rows_is_anywhere_in_the_state(refreshed: Refreshed) -> None:
    assert refreshed.result.exit_code == 0
    assert len(refreshed.city.rejects()) == 4
    state = refreshed.city.folder / "state"
    assert hits(refreshed.city.folder / "extracts", CANARIES)  # they were sent
    kinds = {path.suffix for path in state.rglob("*") if path.is_file()}
    assert {".duckdb", ".parquet", ".csv", ".db", ".html", ".json"} <= kinds
    assert hits(state, CANARIES) == []
    assert not [word for word in CANARIES if word in refreshed.result.output]


def test_no_personal_value_of_a_refused_file_is_anywhere_in_the_state(refused: Refreshed) -> None:
    assert refused.result.exit_code == 1
    assert refused.city.rows("SELECT count(*) FROM landing.deliveries WHERE outcome = 'refused'") == [(10,)]
    assert hits(refused.city.folder / "state", CANARIES) == []
    assert not [word for word in CANARIES if word in refused.result.output]


def test_a_crash_that_quotes_a_row_leaves_nothing_of_it_in_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refreshed: Refreshed
) -> None:
    city = make_small_city(tmp_path / "city")
    fill(city)

    def crash(con: duckdb.DuckDBPyConnection, *_: object, **__: object) -> None:
        con.execute("SELECT CAST('欧阳慕蓉 440300198807011232' AS INTEGER)")

    monkeypatch.setattr(transform, "load_dataset", crash)
    result = run_cli("refresh", "--city", str(city.folder))
    assert result.exit_code == 1
    assert "landing__areas: RuntimeError" in result.output
    assert "Traceback" not in result.output
    assert (city.folder / "state" / "dagster_home").is_dir()
    assert hits(city.folder / "state", CANARIES) == []
    assert not [word for word in CANARIES if word in result.output]


HEADER = "党员编号,组织编号,姓名,身份证号,手机号,出生日期,学历,加入日期"
PERSON = "440300198807011232,O2,欧阳慕蓉,440300198807011232,13912340001,1988-07-01,本科,2015-07-01"
#: A number whose check digit is wrong.
WRONG = "440300198807011231"
#: With another name for a required column each of these is refused, and what it holds must stay in it.
RENAMED = HEADER.replace("组织编号", "单位")


def unusable_files() -> dict[str, bytes]:
    """People in every form in which a file may come, each with something for which it is refused."""
    text = lines(RENAMED, PERSON)
    records = [dict(zip(RENAMED.split(","), PERSON.split(","), strict=True))]
    sheet, rounded, table, packed, closed = (io.BytesIO() for _ in range(5))
    pl.DataFrame(records).write_excel(sheet)
    pl.DataFrame([{**records[0], "组织编号": "O2", "党员编号": 440300198807011232}]).write_excel(rounded)
    pl.DataFrame([{**records[0], "组织编号": "O2", "党员编号": 440300198807011232.0}]).write_parquet(table)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", lines(HEADER, PERSON) + '440300199012124326,O2,"诸葛若兰')
    with zipfile.ZipFile(closed, "w") as archive:
        archive.writestr("inner.zip", packed.getvalue())
    return {
        "renamed.csv": text.encode(),
        "renamed_gb18030.csv": text.encode("gb18030"),
        "renamed_utf16.csv": text.encode("utf-16"),
        "two_encodings.csv": lines(HEADER, PERSON).encode() + PERSON.encode("gb18030"),
        "renamed.csv.gz": gzip.compress(text.encode()),
        "cut.csv.gz": gzip.compress(lines(HEADER, *[PERSON] * 500).encode())[:-9],
        "no_header.csv": lines(PERSON, PERSON.replace("欧阳慕蓉", "诸葛若兰")).encode(),
        "all_rejected.csv": lines(HEADER, PERSON.replace("1988-07-01", "诸葛若兰")).encode(),
        "wrong_digits.csv": lines(HEADER, *[PERSON.replace(",440300198807011232,", f",{WRONG},")] * 3).encode(),
        "array.json": json.dumps(records, ensure_ascii=False).encode(),
        "escaped.json": json.dumps(records).encode(),
        "cut.json": json.dumps(records, ensure_ascii=False).encode()[:-3],
        "broken.jsonl": json.dumps(records[0], ensure_ascii=False).encode() + b'\n{"',
        "renamed.xlsx": sheet.getvalue(),
        "rounded.xlsx": rounded.getvalue(),
        "floats.parquet": table.getvalue(),
        "packed.zip": packed.getvalue(),
        "nested.zip": closed.getvalue(),
        # Its keys are others than those that are known: a guard blocks it.
        "other_keys.csv": lines(HEADER, *(PERSON.replace("440300198807011232,O2", f"44030019880701{n},O2") for n in range(1100, 1124))).encode(),
    }  # fmt: skip


def corrected(sheet: Path) -> bytes:
    """The workbook of rejects with a date corrected by a personal value, another cell with one that is still wrong."""
    cells = fastexcel.read_excel(sheet).load_sheet("更正", dtypes="string").to_polars()
    birth = pl.when(pl.col("行号 · row") == "26").then(pl.lit("1990-12-12")).otherwise(pl.lit("司马长卿"))
    out = io.BytesIO()
    cells.with_columns(birth.alias("出生日期"), pl.lit("O2").alias("组织编号")).write_excel(out, worksheet="更正")
    return out.getvalue()


def test_no_personal_value_of_any_form_of_file_is_in_state_reasons_or_output(published_city: SmallCity) -> None:
    city = published_city
    files = unusable_files()
    for name, content in files.items():
        city.drop("members", name, content)
    (workbook,) = (path for path in city.open().rejects.glob("members-*.xlsx"))
    city.drop("members", "mended.xlsx", corrected(workbook), arrived=ARRIVED)
    said = []
    for path in sorted((city.folder / "extracts" / "members").glob("*")):
        for command in ("check", "map"):
            if path.suffix != ".done":
                said.append(run_cli(command, str(path), "--dataset", "members", "--city", str(city.folder)).output)
    result = run_cli("refresh", "--city", str(city.folder))
    assert result.exit_code == 1
    said.append(result.output)
    reasons = sorted((city.folder / "refused" / "members").glob("*.reason.txt"))
    refused = dict(city.rows("SELECT file_name, reason_code FROM landing.deliveries WHERE outcome = 'refused'"))
    assert set(refused) == set(files) and len(reasons) == len(files)
    assert refused["other_keys.csv"].startswith("guard_")
    assert city.rows("SELECT rows_loaded, rows_rejected FROM landing.deliveries WHERE mends IS NOT NULL") == [(1, 1)]
    sent = (*CANARIES, WRONG)
    assert hits(city.folder / "state", sent) == []
    words = [word.encode() for word in sent]
    assert not [path.name for path in reasons if any(word in path.read_bytes() for word in words)]
    assert not [(word, text) for text in said for word in sent if word in text]


#: What DuckDB's allocator reads when DuckDB is first imported.
CLEARING = "DUCKDB_JE_MALLOC_CONF"
LOADER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from pipelines.ingest import lines
from small_city import SmallCity
lines.LEAST_BYTES = 0
SmallCity(Path(sys.argv[1])).load(sys.argv[3])
"""


def as_shipped() -> dict[str, str]:
    """The environment of a process in which DuckDB clears its memory, as outside of the tests."""
    return {name: value for name, value in os.environ.items() if name != CLEARING} | {"STREETWISE_KEY": KEY}


@pytest.mark.parametrize("module", ["pipelines.cli", "pipelines.definitions"])
def test_every_process_of_the_product_has_duckdb_clear_its_memory(module: str) -> None:
    code = f"""
import importlib, os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "duckdb":
            sys.exit(os.environ.get({CLEARING!r}))
sys.meta_path.insert(0, Watch())
importlib.import_module({module!r})
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=as_shipped(), capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "zero:true\n")


def unpacked(path: Path) -> bytes:
    """A spill file of DuckDB: blocks as they are, or slots of one packed block each, its length in front."""
    data = path.read_bytes()
    found = re.search(r"_S(\d+)K-", path.name)
    if found is None:
        return data
    blocks, slot = [data], int(found[1]) << 10
    for at in range(0, len(data), slot):
        length = int.from_bytes(data[at : at + 8], "little")
        if 0 < length <= slot:
            packed = data[at + 8 : at + 8 + length]
            try:
                blocks.append(pa.Codec("zstd").decompress(packed, decompressed_size=1 << 18).to_pybytes())
            except OSError:
                continue  # the kill came while it was written
    return b"\n".join(blocks)


def people(n: int) -> str:
    row = "4403{i:014d},O{o},欧阳慕蓉,440300198807011232,13912340001,1988-07-01,本科,2015-07-01"
    return lines(HEADER, *(row.format(i=i, o=i % 50) for i in range(n)))


def events(n: int, first: str) -> str:
    row = "T{i},热线,环境,A1,2026-03-01 10:00,,,在办,4403{i:014d},13912349001,CANARY 阳台漏水三零二室 {w},2026-03-01 10:00"
    header = (
        "工单编号,受理渠道,一级分类,社区代码,受理时间,办结时限,办结时间,状态,诉求人编号,诉求人电话,诉求内容,更新时间"
    )
    return lines(header, *(row.format(i=i, w=first if i % 3 else "") for i in range(n)))


@pytest.mark.parametrize("dataset", ["members", "tickets"])
def test_a_load_that_is_killed_has_spilled_pseudonyms_only_and_the_next_one_clears_them(
    city: SmallCity, dataset: str
) -> None:
    if dataset == "members":
        city.drop("members", "a.csv", people(150_000))
    else:
        # Of the second extract only the lines that changed are read.
        city.drop("tickets", "a.csv", events(150_000, ""), done="kind: full\nas_of: '2026-03-10T00:00:00Z'\n")
        run = [sys.executable, "-c", LOADER, str(city.folder), str(Path(__file__).parent), dataset]
        subprocess.run(run, check=True, env=as_shipped())
        city.drop("tickets", "b.csv", events(150_000, "再次"), done="kind: full\nas_of: '2026-03-11T00:00:00Z'\n")
    spill = city.open().state / "spill"
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(city.folder), str(Path(__file__).parent), dataset],
        env=as_shipped() | {"STREETWISE_MEMORY_LIMIT": "60MB"},
    )
    while process.poll() is None and sum(path.stat().st_size for path in spill.glob("*.tmp")) < 4 << 20:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    spilled = b"\n".join(map(unpacked, sorted(spill.glob("*.tmp"))))
    assert len(re.findall(rb"[0-9a-f]{64}", spilled)) > 1000
    assert [word for word in CANARIES if any(form in spilled for form in spelled(word))] == []
    # The numbers that were sent, 440300000000…: among ten million hex digits of pseudonyms some 18 look like any number.
    assert re.findall(rb"440300000000[0-9]{6}", spilled) == []
    assert hits(city.open().state, CANARIES) == []
    city.load("areas")
    assert list(spill.iterdir()) == []


def test_no_file_of_the_state_holds_the_key(refreshed: Refreshed) -> None:
    assert hits(refreshed.city.folder / "state", (KEY,)) == []


def test_the_state_is_made_again_from_the_extracts_alone(
    refreshed: Refreshed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_KEY", KEY)
    folder = tmp_path / "again"
    shutil.copytree(refreshed.city.folder, folder, ignore=shutil.ignore_patterns("state"))
    again = SmallCity(folder)
    for dataset in ("members", "tickets"):
        again.load(dataset)
        query = f"SELECT * EXCLUDE (_delivery_id) FROM landing.{dataset} ORDER BY ALL"
        assert again.rows(query) == refreshed.city.rows(query)
