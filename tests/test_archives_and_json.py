"""JSON of every shape, archives and Parquet: the same rows come out, and damage or tricks are refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.files import Extract, FileRefused, open_extract

ROWS = [{"id": "G1", "kind": "驻点"}, {"id": "G2", "kind": "走访"}, {"id": "G3", "kind": "来访"}]
TABLE = [("G1", "驻点"), ("G2", "走访"), ("G3", "来访")]
CSV = "id,kind\nG1,驻点\nG2,走访\nG3,来访\n".encode()


def parquet(rows: Any) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows).write_parquet(out)
    return out.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def opened(con: duckdb.DuckDBPyConnection, folder: Path, content: bytes, name: str = "a.json") -> Extract:
    (folder / name).write_bytes(content)
    return open_extract(con, folder / name)


def cells(con: duckdb.DuckDBPyConnection, extract: Extract) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT * FROM {extract.relation(extract.headers)}").fetchall()


def refusal(con: duckdb.DuckDBPyConnection, folder: Path, content: bytes, name: str = "a.json") -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        cells(con, opened(con, folder, content, name))
    assert name in caught.value.zh and name in caught.value.en
    return caught.value


LINES = b"".join(dumps(row) + b"\n" for row in ROWS)
FORMS: dict[str, tuple[str, bytes]] = {
    "array": ("a.json", dumps(ROWS)),
    "array, indented": ("a.json", json.dumps(ROWS, indent=2).encode()),
    "array under another name": ("a.csv", dumps(ROWS)),
    "array with a mark": ("a.json", b"\xef\xbb\xbf" + dumps(ROWS)),
    "array in UTF-16": ("a.json", dumps(ROWS).decode().encode("utf-16")),
    "array in GB18030": ("a.json", dumps(ROWS).decode().encode("gb18030")),
    "object around an array": ("a.json", dumps({"meta": {"n": 3}, "tags": ["x"], "requests": ROWS, "next": None})),
    "lines": ("a.jsonl", LINES),
    "lines under another name": ("a.json", LINES),
    "lines with blank ones": ("a.jsonl", b"\n" + LINES.replace(b"\n", b"\n\n  \n")),
    "lines without the last end": ("a.jsonl", LINES.rstrip()),
    "lines with carriage returns": ("a.jsonl", LINES.replace(b"\n", b"\r\n")),
    "lines with mixed ends": ("a.jsonl", LINES.replace(b"\n", b"\r\n", 1)),
    "array, gzipped": ("a.json.gz", gzip.compress(dumps(ROWS))),
    "lines, gzipped": ("a.jsonl.gz", gzip.compress(LINES)),
    "array, zipped": ("a.zip", zipped(("data/a.json", dumps(ROWS)))),
    "CSV, zipped with clutter": ("a.zip", zipped(("a.csv", CSV), ("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x"))),
    "CSV, zipped without an extension": ("a", zipped(("a.csv", CSV))),
    "CSV in GB18030, gzipped": ("a.csv.gz", gzip.compress(CSV.decode().encode("gb18030"))),
    "Parquet": ("a.parquet", parquet(ROWS)),
    "Parquet without an extension": ("a", parquet(ROWS)),
    "Parquet, zipped": ("a.zip", zipped(("a.parquet", parquet(ROWS)))),
    "gzipped in two members": ("a.csv.gz", gzip.compress(CSV[:11]) + gzip.compress(CSV[11:])),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_table_is_read_as_the_same_rows(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str
) -> None:
    extract = opened(con, tmp_path, FORMS[form][1], FORMS[form][0])
    assert extract.headers == ("id", "kind")
    assert cells(con, extract) == TABLE
    assert con.execute(f"SELECT count(*) FROM {extract.relation(())}").fetchall() == [(3,)]


def test_values_of_json_are_kept_as_texts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = (
        '[{"id": 440301199001012345, "at": "2026-03-10T09:00:00+08:00", "ok": true, "none": null,'
        ' "where": {"lat": 22.5, "名": "甲"}, "tags": ["a", 1]}, {"id": "00A", "more": 1.25}]'
    )
    extract = opened(con, tmp_path, content.encode())
    assert extract.headers == ("id", "at", "more", "ok", "none", "where", "tags") or set(extract.headers) == {
        "id", "at", "ok", "none", "where", "tags", "more",
    }  # fmt: skip
    wanted = ("id", "at", "ok", "none", "where", "tags", "more")
    assert con.execute(f"SELECT * FROM {extract.relation(wanted)}").fetchall() == [
        ("440301199001012345", "2026-03-10T09:00:00+08:00", "true", None, '{"lat":22.5,"名":"甲"}', '["a",1]', None),
        ("00A", None, None, None, None, None, "1.25"),
    ]


@given(
    rows=st.lists(
        st.dictionaries(
            st.text(st.sampled_from("ab甲/~\"'.$ "), min_size=1, max_size=4).filter(str.strip),
            st.text(
                st.characters(codec="utf-8", exclude_categories=("Cs",)).filter(lambda c: c not in "\0\x7f"), max_size=6
            ),
            min_size=1,
            max_size=1,
        ),
        min_size=1,
        max_size=4,
    ),
    form=st.sampled_from(["array", "lines", "wrapped"]),
)
@settings(max_examples=25, deadline=None, database=None)
def test_any_text_comes_back_from_json(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], form: str
) -> None:
    key = next(iter(rows[0]))
    rows = [{key: value} for row in rows for value in row.values()]
    content = {
        "array": dumps(rows), "lines": b"".join(dumps(row) + b"\n" for row in rows), "wrapped": dumps({"x": rows}),
    }[form]  # fmt: skip
    con = duckdb.connect()
    extract = opened(con, tmp_path_factory.mktemp("j"), content, "a.jsonl" if form == "lines" else "a.json")
    assert [row[0] for row in cells(con, extract)] == [row[key] for row in rows]
    con.close()


@pytest.mark.parametrize(
    "content",
    [b'[{"a": 1}, {"a" 2}]', b'[{"a": 1}, {"a": 2}', b'[{"a": 1}] x', b"[1, 2]", b'[{"a": 1}, 5]', b'[{"a":1}{"a":2}]'],
)
def test_broken_json_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes) -> None:
    assert refusal(con, tmp_path, content).code == "broken_json"


def test_broken_json_is_refused_with_its_place_and_without_its_values(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    refused = refusal(con, tmp_path, '[{"姓名": "欧阳慕蓉"}, {"姓名": "诸葛若兰" "x"}]'.encode())
    assert "object 3" in refused.en or "object 2" in refused.en
    assert "欧阳" not in refused.en + refused.zh and "诸葛" not in refused.en + refused.zh


@pytest.mark.parametrize("content", [b'{"error": "expired"}', dumps({"a": ROWS, "b": ROWS}), b'{"a": []}'])
def test_json_without_exactly_one_table_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes
) -> None:
    assert refusal(con, tmp_path, content).code == "not_a_table"


def test_a_key_that_comes_twice_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert refusal(con, tmp_path, b'[{"a": 1, "a": 2}]').code == "duplicate_header"
    assert refusal(con, tmp_path, b'[{"a b": 1, "A_B": 2}]').code == "duplicate_header"


@pytest.mark.parametrize(
    "form", ["array", "lines", "array, gzipped", "array, zipped", "Parquet", "CSV, zipped with clutter"]
)
def test_a_file_cut_anywhere_is_refused_or_has_whole_rows(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str
) -> None:
    name, whole = FORMS[form]
    for size in range(len(whole)):
        try:
            found = cells(con, opened(con, tmp_path, whole[:size], name))
        except FileRefused:
            continue
        assert found == TABLE[: len(found)]
        assert form == "lines" or not found  # a byte or two may be a header without rows


@pytest.mark.parametrize("form", ["CSV, zipped with clutter", "CSV in GB18030, gzipped"])
def test_a_damaged_archive_is_refused_or_unharmed(con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str) -> None:
    name, whole = FORMS[form]
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        try:
            found = cells(con, opened(con, tmp_path, bytes(damaged), name))
        except FileRefused:
            continue
        assert found == TABLE


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([("a.csv", CSV), ("b.csv", CSV)], "zip_content"),
        ([("folder/", b"")], "zip_content"),
        ([("../a.csv", CSV)], "zip_content"),
        ([("/etc/a.csv", CSV)], "zip_content"),
        ([("a.zip", zipped(("a.csv", CSV)))], "zip_content"),
        ([("a.csv", zipped(("a.csv", CSV)))], "not_a_table"),
        ([("a.csv", gzip.compress(CSV))], "not_a_table"),
        ([("a.csv", b"")], "empty_file"),
        ([("a.csv", b"id,kind\n" + b"1,2\n" * 8_000_000)], "bomb"),
    ],
)
def test_an_archive_that_is_not_one_plain_file_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, files: list[tuple[str, bytes]], code: str
) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(*files))
    with pytest.raises(FileRefused) as caught:
        open_extract(con, tmp_path / "a.zip")
    assert caught.value.code == code


def test_an_archive_names_the_files_of_which_there_are_too_many(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    refused = refusal(con, tmp_path, zipped(("三月.csv", CSV), ("四月.csv", CSV)), "a.zip")
    assert "三月.csv、四月.csv" in refused.zh and "四月.csv" in refused.en


def test_an_encrypted_archive_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = bytearray(zipped(("a.csv", CSV)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    assert refusal(con, tmp_path, bytes(content), "a.zip").code == "encrypted"


def test_a_gzipped_bomb_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    bomb = gzip.compress(b"id,kind\n" + b"1,2\n" * 8_000_000)
    assert refusal(con, tmp_path, bomb, "a.csv.gz").code == "bomb"


def test_nested_columns_of_parquet_are_json(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = parquet({"id": ["G1"], "tags": [["甲", "b"]], "where": [{"lat": 22.5}]})
    extract = opened(con, tmp_path, content, "a.parquet")
    assert cells(con, extract) == [("G1", '["甲","b"]', '{"lat":22.5}')]


def test_a_column_that_comes_twice_in_parquet_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for names in (["a", "a"], ["a", "A"]):
        pq.write_table(pa.table([pa.array(["1"]), pa.array(["2"])], names=names), tmp_path / "b.parquet")
        content = (tmp_path / "b.parquet").read_bytes()
        assert refusal(con, tmp_path, content, "c.parquet").code == "duplicate_header"


def test_identity_numbers_kept_as_floats_in_parquet_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert refusal(con, tmp_path, parquet({"id": [4.40301199001012e17]}), "a.parquet").code == "number_for_text"
    assert cells(con, opened(con, tmp_path, parquet({"amount": [1.5, 2e6]}), "a.parquet")) == [("1.5",), ("2000000.0",)]


def test_what_is_no_file_is_refused_and_does_not_hang(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(FileRefused, match="pipe"):
        open_extract(con, tmp_path / "a.csv")
    with pytest.raises(FileRefused, match="device"):
        open_extract(con, Path("/dev/zero"))


def test_a_file_over_the_cap_is_refused_unread(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as handle:
        handle.truncate(20_000_000_001)
    with pytest.raises(FileRefused) as caught:
        open_extract(con, tmp_path / "a.csv")
    assert caught.value.code == "too_large"


_SHARED = Path(os.environ.get("STREETWISE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
OPENING: Callable[[Path], bool] = lambda path: path.suffix in (".csv", ".tsv", ".tab", ".jsonl", ".json", ".gz")  # noqa: E731


@pytest.mark.skipif(not _SHARED.is_dir(), reason="the real extracts are not here")
def test_every_real_extract_opens(con: duckdb.DuckDBPyConnection) -> None:
    found = [path for path in sorted(_SHARED.rglob("*")) if OPENING(path)]
    assert len(found) > 15
    for path in found:
        extract = open_extract(con, path)
        rows = con.execute(f"SELECT count(*) FROM {extract.relation(extract.headers)}").fetchall()[0][0]
        assert rows > 0, path


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", gzip.compress(CSV), ("gzip", ".gz")), ("a.json", zipped(("a.json", dumps(ROWS))), ("zip", ".zip")),
        ("a.TXT", parquet(ROWS), ("Parquet", ".parquet")), ("a.csv.gz", CSV, ("text", ".csv")), ("a.xlsx", CSV, ("text", ".csv")),
        ("a.parquet", gzip.compress(CSV), ("gzip", ".gz")), ("a.zip", gzip.compress(CSV), ("gzip", ".gz")),
    ],
    # not from the bytes: gzip and zip note the second, and all workers must collect the same names
    ids=["gzip-csv", "zip-json", "parquet-txt", "text-gz", "text-xlsx", "gzip-parquet", "gzip-zip"],
)  # fmt: skip
def test_a_name_that_says_another_form_than_the_bytes_is_refused_with_the_right_name(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: bytes, words: tuple[str, ...]
) -> None:
    refused = refusal(con, tmp_path, content, name)
    assert refused.code == "wrong_extension"
    assert all(word in refused.en for word in words) and words[-1] in refused.zh
