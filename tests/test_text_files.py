"""Delimited text of every encoding, quoting and line end: the cells that were sent come back, or the file is refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.files import Extract, FileRefused, Reading, open_extract

KNOWN = frozenset({"会议编号", "会议类型", "召开日期", "meetingid", "kind", "heldon"})
HEADER = ["会议编号", "会议类型", "召开日期"]
ROWS = [["G1", "驻点", "2026-03-10"], ["G2", "入户，走访", "2026-03-11"], ["G3", "𠮷野\n家", "2026-03-12"]]


def as_csv(rows: list[list[str]], delimiter: str = ",", newline: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    written = []
    for row in rows:
        out = io.StringIO()
        # The writer quotes only the line ends that it writes itself: both are needed.
        csv.writer(out, delimiter=delimiter, lineterminator="\r\n", quoting=quoting).writerow(row)  # type: ignore[call-overload]
        written.append(out.getvalue().removesuffix("\r\n") + newline)
    return "".join(written)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def opened(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    content: bytes | str,
    *,
    name: str = "a.csv",
    reading: Reading | None = None,
    known: frozenset[str] = frozenset(),
) -> Extract:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_extract(con, path, reading=reading or Reading(), known=known)


def cells(con: duckdb.DuckDBPyConnection, extract: Extract) -> list[list[str]]:
    """The rows as lists of text, an empty cell as the empty text."""
    rows = con.execute(f"SELECT * FROM {extract.relation(extract.headers)}").fetchall()
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def rejected(con: duckdb.DuckDBPyConnection) -> list[int]:
    found = con.execute("SELECT DISTINCT line FROM reject_errors ORDER BY 1").fetchall()
    return [int(row[0]) for row in found]


def refusal(con: duckdb.DuckDBPyConnection, folder: Path, content: bytes | str, **how: object) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        opened(con, folder, content, **how)  # type: ignore[arg-type]
    assert "a.csv" in caught.value.zh and "a.csv" in caught.value.en
    return caught.value


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_table_is_read_in_every_encoding_without_being_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str
) -> None:
    extract = opened(con, tmp_path, as_csv([HEADER, *ROWS]).encode(encoding), known=KNOWN)
    assert extract.headers == tuple(HEADER)
    assert cells(con, extract) == ROWS


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\n\r\t"), max_size=8)
tricky = st.text(st.sampled_from('",;\t \r\nab甲，𠮷'), max_size=8)


@given(
    rows=st.lists(st.lists(text | tricky, min_size=2, max_size=2), min_size=1, max_size=4),
    encoding=st.sampled_from([*ENCODINGS, "utf-16-le"]),
    delimiter=st.sampled_from(",\t;"),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=5, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
@settings(max_examples=120, deadline=None, database=None)
def test_any_text_comes_back_from_any_encoding_delimiter_line_end_and_quoting(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], encoding: str, delimiter: str, ends: list[str], quoting: int
) -> None:  # fmt: skip
    table = [["n", "甲", "乙"], *([str(n), *row] for n, row in enumerate(rows))]
    content = "".join(as_csv([row], delimiter, end, quoting) for row, end in zip(table, ends, strict=False))
    con = duckdb.connect()
    extract = opened(
        con,
        tmp_path_factory.mktemp("t"),
        content.encode(encoding),
        reading=Reading(delimiter, encoding.split("-sig")[0]),
    )
    assert cells(con, extract) == table[1:]
    con.close()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_cut_anywhere_is_refused_or_keeps_whole_rows_and_says_so_where_its_last_cell_may_be_cut(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str, newline: str
) -> None:
    whole = as_csv([HEADER, *ROWS], newline=newline).encode(encoding)
    noted = refused = 0
    for size in range(len(whole)):
        try:
            extract = opened(con, tmp_path, whole[:size], known=KNOWN)
        except FileRefused:
            refused += 1
            continue
        found = cells(con, extract)
        if extract.headers != tuple(HEADER):
            continue  # cut inside the header: a column of the contract is missing, and there are no rows
        if found and found != ROWS[: len(found)]:
            assert [note.code for note in extract.notes] == ["no_final_line_end"]
            assert [*found[:-1], found[-1][:2]] == [*ROWS[: len(found) - 1], ROWS[len(found) - 1][:2]]
            assert ROWS[len(found) - 1][2].startswith(found[-1][2])
            noted += 1
    assert refused > len(whole) // 3 and noted <= 3 * 10 * (2 if encoding == "utf-16" else 1)


def test_gb18030_is_believed_undeclared_only_with_proof(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    known = as_csv([HEADER, ["G1", "喆𠮷", "2026-03-10"]]).encode("gb18030")
    assert cells(con, opened(con, tmp_path, known, known=KNOWN)) == [["G1", "喆𠮷", "2026-03-10"]]
    ascii_header = "meeting_id,kind,held_on\n"
    common = (ascii_header + "G1,驻点,2026-03-10\n").encode("gb18030")
    assert cells(con, opened(con, tmp_path, common, known=KNOWN)) == [["G1", "驻点", "2026-03-10"]]
    rare = (ascii_header + "G1,喆,2026-03-10\n").encode("gbk")
    refused = refusal(con, tmp_path, rare, known=KNOWN)
    assert refused.code == "not_utf8" and "line 2" in refused.en and "encoding" in refused.en
    declared = opened(con, tmp_path, rare, reading=Reading(encoding="gbk"))
    assert cells(con, declared) == [["G1", "喆", "2026-03-10"]]


def test_western_text_is_not_taken_for_chinese(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = "meeting_id,kind,held_on\nG1,Véronique café,2026-03-10\n".encode("latin-1")
    assert refusal(con, tmp_path, content, known=KNOWN).code == "not_utf8"
    extract = opened(con, tmp_path, content, reading=Reading(encoding="latin-1"))
    assert cells(con, extract)[0][1] == "Véronique café"


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_file_that_mixes_encodings_is_refused_with_the_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, first: str, second: str
) -> None:
    content = as_csv([HEADER, *ROWS[:2]]).encode(first) + "G4,驻点,2026-03-13\n".encode(second)
    refused = refusal(con, tmp_path, content, known=KNOWN)
    assert refused.code == "mixed_encodings"
    assert "line 4" in refused.en and "第 4 行" in refused.zh


def test_a_declared_encoding_that_does_not_hold_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = as_csv([HEADER, *ROWS])
    assert refusal(con, tmp_path, content, reading=Reading(encoding="gb18030")).code == "mixed_encodings"
    marked = content.encode("utf-8-sig")
    assert refusal(con, tmp_path, marked, reading=Reading(encoding="gb18030")).code == "wrong_encoding"
    gbk = refusal(con, tmp_path, content.encode("gb18030"), reading=Reading(encoding="utf-8"))
    assert gbk.code == "not_utf8" and "line 1 " in gbk.en
    assert refusal(con, tmp_path, content, reading=Reading(encoding="klingon")).code == "unknown_encoding"
    assert refusal(con, tmp_path, content, reading=Reading(encoding="base64")).code == "unknown_encoding"


def test_control_characters_are_taken_out_and_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    extract = opened(con, tmp_path, b"a,b\n1\x00\x1f,\x7f2\x08\tx\n")
    assert cells(con, extract) == [["1", "2\tx"]]
    assert [(note.code, note.count) for note in extract.notes] == [("control_characters", 4)]
    assert con.execute(f"SELECT * FROM {extract.lines}").fetchall() == [("1,2\tx",)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('5" pipe,ab"c', ['5" pipe', 'ab"c']),
        ('"a b" ,"c"', ["a b", "c"]),
        ('"a, b", "c"', ["a, b", "c"]),
        ('"a",  "c"', ["a", "c"]),
        ('\t"a",c', ['\t"a"', "c"]),
        ('a "b" c,d"', ['a "b" c', 'd"']),
        ('a""b,""', ['a""b', ""]),
    ],
)
def test_a_stray_quote_that_can_only_mean_itself_is_kept(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: str, expected: list[str]
) -> None:
    extract = opened(con, tmp_path, f"x,y\n1,2\n{row}\n3,4\n")
    assert cells(con, extract) == [["1", "2"], expected, ["3", "4"]]
    assert rejected(con) == []


@pytest.mark.parametrize("row", ['"abc"def,2', '1,"a" "b"', '1,"abc"d"e,f"', '"a"b,"c"d', '1,"x"\ty'])
def test_a_row_whose_stray_quote_could_mean_two_things_is_rejected_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, row: str
) -> None:
    extract = opened(con, tmp_path, f'x,y\n1,2\n{row}\n3,4\n5,"6,7"\n')
    assert cells(con, extract) == [["1", "2"], ["3", "4"], ["5", "6,7"]]
    assert rejected(con) == [3]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('x,y\n1,"2\n3,4\n', 2),
        ('x,y\n"1\n1",2\n3,"4\n5,6\n7,8', 4),
        ('x,y\n1,2\n3,"4\n' + "5,6\n" * 50 + '7,"8"\n', 3),
        ('x,y\nab"c,2\n3, "\n5,6\n', 3),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_the_line_where_it_opens(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, line: int
) -> None:
    refused = refusal(con, tmp_path, content)
    assert refused.code == "unclosed_quote"
    assert f"line {line} " in refused.en and f"第 {line} 行" in refused.zh


def test_quotes_over_the_blocks_of_reading_are_read_whole(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # 3 blocks of 1 MB; every text holds line ends, quotes and what looks like rows.
    rows = [[str(n), f'甲"{n}"\n{n},fake\r\n' * 200 + "x" * (n % 97)] for n in range(700)]
    for newline, stray in (("\n", ""), ("\r\n", ""), ("\n", 'stray,a"b\n')):
        extract = opened(con, tmp_path, as_csv([["n", "t"], *rows], newline=newline) + stray)
        assert cells(con, extract) == rows + ([["stray", 'a"b']] if stray else [])
        assert extract.lines is None


def test_raw_lines_are_the_rows_in_order_without_the_header(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    plain = opened(con, tmp_path, 'x,y\n1,"a,b"\n\n2,c\n')
    assert con.execute(f"SELECT * FROM {plain.lines}").fetchall() == [('1,"a,b"',), ("2,c",)]
    other = opened(con, tmp_path, 'x,y\r\n1,"a,b"\r\n2,c\r\n'.encode("utf-16"))
    assert con.execute(f"SELECT * FROM {other.lines}").fetchall() == [('1,"a,b"',), ("2,c",)]
    assert plain.layout == other.layout
    assert plain.layout != opened(con, tmp_path, "y,x\n1,2\n").layout != opened(con, tmp_path, "x;y\n1;2\n").layout


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [("x\n1;2\n3;4\n", None), ("x|y\n1|2\n", None), ("x，y\n1，2\n", None), ("x;y\n1;2\n", ",")],
)
def test_a_wrong_delimiter_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, delimiter: str | None
) -> None:
    assert refusal(con, tmp_path, content, reading=Reading(delimiter=delimiter)).code == "wrong_delimiter"


def test_a_declared_delimiter_is_used(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    extract = opened(con, tmp_path, 'x|y\n1|"2|3"\n', reading=Reading(delimiter="|"))
    assert cells(con, extract) == [["1", "2|3"]]


def test_a_full_width_comma_in_a_text_is_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert cells(con, opened(con, tmp_path, "x,y\n甲，乙,2\n")) == [["甲，乙", "2"]]


def test_a_file_none_of_whose_headers_is_known_is_refused_without_quoting_them(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    refused = refusal(con, tmp_path, "欧阳慕蓉,440300198807011232\n诸葛若兰,440300198807011235\n", known=KNOWN)
    assert refused.code == "header_missing"
    assert "欧阳慕蓉" not in refused.zh + refused.en and "4403" not in refused.zh + refused.en


def test_too_many_columns_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert refusal(con, tmp_path, ",".join(f"c{n}" for n in range(2001)) + "\n").code == "too_many_columns"
    assert refusal(con, tmp_path, "," * 3_000_000 + "\n1\n").code == "too_many_columns"


def test_a_last_row_without_line_end_is_refused_if_cells_lack_and_noted_if_not(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert refusal(con, tmp_path, "x,y\n1,2\n3").code == "cut_short"
    assert refusal(con, tmp_path, 'x,y,z\n1,2,3\n3,"a\nb').code == "unclosed_quote"
    assert refusal(con, tmp_path, 'x,y,z\n1,2,3\n3,"a\nb"').code == "cut_short"
    whole = opened(con, tmp_path, 'x,y\n1,2\n3,"a\nb"')
    assert cells(con, whole) == [["1", "2"], ["3", "a\nb"]]
    assert [note.code for note in whole.notes] == ["no_final_line_end"]


@pytest.mark.parametrize("size", [900_000, 1_900_000])
def test_a_text_of_a_megabyte_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path, size: int) -> None:
    extract = opened(con, tmp_path, as_csv([["x", "y"], ["1", "a," * (size // 2)], ["2", "b"]]))
    assert [len(row[1]) for row in cells(con, extract)] == [size, 1]
    assert rejected(con) == []
