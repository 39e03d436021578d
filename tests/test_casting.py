"""Cells and their types: the whole grammar, the quick reading that must agree with it, and the clocks of zones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity, lines

from pipelines.ingest.casting import identity_checked_sql, identity_digits_sql, lost_digits_sql, unrounded_sql
from pipelines.ingest.mapping import Binding, BoundMapping, ColumnMapping, Mapping, bind_mapping
from pipelines.ingest.typed import typed_select
from pipelines.ingest.zones import date_in_zone_sql, utc_sql


@cache
def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET VARIABLE inner_pad = ''::BLOB")
    con.execute("SET VARIABLE outer_pad = ''::BLOB")
    return con


def read(dataset: str, column: str, texts: list[str], *, zone: str = "Asia/Shanghai", **keys: Any) -> list[Any]:
    """What the cells of a column land as; `keys` are those of its mapping."""
    contract, canonical = CONTRACTS[dataset], CONTRACTS[dataset].column(column)
    bound = BoundMapping((Binding(canonical, ColumnMapping(column="cell", **keys), "cell"),), ("cell",), ())
    select = typed_select(bound, contract, Mapping(time_zone=zone), "(SELECT unnest($1) AS cell)", city_zone=zone)
    rows = connection().execute(f"SELECT {canonical.landing_name} FROM ({select})", [texts]).fetchall()
    return [row[0] for row in rows]


# -- dates and times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["2026.3.5", "2026.03.05 10:11", "20260305 10:11", "20260305101112", "2026年03月05日 下午3:05", "\u200b2026-03-05\ufeff",
     "　2026-03-05　", "２０２６．３．５", "2026-03-05 10:11:12.1234567", "2026年3月5日 上午10:11:12"],
)  # fmt: skip
def test_spellings_of_a_date(text: str) -> None:
    assert read("meetings", "held_on", [text]) == [date(2026, 3, 5)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-05 下午3:05", datetime(2026, 3, 5, 15, 5)),  # noqa: DTZ001
        ("2026年3月5日下午12:30:01", datetime(2026, 3, 5, 12, 30, 1)),  # noqa: DTZ001
        ("2026/3/5 上午 12:30", datetime(2026, 3, 5, 0, 30)),  # noqa: DTZ001
        ("20260305101112", datetime(2026, 3, 5, 10, 11, 12)),  # noqa: DTZ001
        ("20260305 10:11", datetime(2026, 3, 5, 10, 11)),  # noqa: DTZ001
        ("2026.3.5 1:02:03", datetime(2026, 3, 5, 1, 2, 3)),  # noqa: DTZ001
        ("2026-03-05 10:11:12.5", datetime(2026, 3, 5, 10, 11, 12, 500000)),  # noqa: DTZ001
        ("2026-03-05", datetime(2026, 3, 5)),  # noqa: DTZ001
        ("2026-03-05 10:11:12+08:00", datetime(2026, 3, 5, 2, 11, 12)),  # noqa: DTZ001
        ("2026-03-05 10:11+08", datetime(2026, 3, 5, 2, 11)),  # noqa: DTZ001
        ("2026-03-05 下午15:05", None), ("2026-03-05 24:00:00", None), ("2026-03-05 10:60", None), ("2026-02-30 10:00", None),
        ("2026-03-05 10:11:12 CST", None), ("26-03-05 10:11:12Z", None), ("infinity", None), ("12026-03-05 10:11:12", None),
        ("5/3/2026 10:11", None), ("2026-03-05 (BC)", None), ("0000-01-01", None), ("now", None), ("epoch", None),
    ],
)  # fmt: skip
def test_spellings_of_a_moment(text: str, moment: datetime | None) -> None:
    assert read("tickets", "accepted_at", [text], zone="UTC") == [moment]


def test_declared_formats_may_have_an_offset_or_not() -> None:
    formats = ["%d/%m/%Y %H:%M %z", "%d/%m/%Y %H:%M"]
    found = read(
        "tickets", "accepted_at", ["05/03/2026 10:11 +0000", "05/03/2026 10:11", "05/03/2026"], formats=formats
    )
    assert found == [datetime(2026, 3, 5, 10, 11), datetime(2026, 3, 5, 2, 11), None]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("epoch", "serial", "day"),
    [
        (1900, "1", date(1900, 1, 1)), (1900, "59", date(1900, 2, 28)), (1900, "60", None), (1900, "60.5", None),
        (1900, "61", date(1900, 3, 1)), (1900, "46086", date(2026, 3, 5)), (1900, "46086.33", date(2026, 3, 5)),
        (1900, "2958465", date(9999, 12, 31)), (1900, "2958466", None), (1900, "0", None), (1900, "-1", None),
        (1904, "0", date(1904, 1, 1)), (1904, "44624", date(2026, 3, 5)), (1900, "2026-03-05", date(2026, 3, 5)),
        (1900, "20260305", date(2026, 3, 5)), (1900, "４６０８６", date(2026, 3, 5)), (1900, "4.6e4", None),
    ],
)  # fmt: skip
def test_serial_numbers_of_a_workbook_are_dates_where_the_mapping_says_so(
    epoch: int, serial: str, day: date | None
) -> None:
    assert read("meetings", "held_on", [serial], excel_serial=epoch) == [day]
    if "-" not in serial and len(serial) < 8:
        assert read("meetings", "held_on", [serial]) == [None]


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2099, 1, 1)))  # noqa: DTZ001
@settings(max_examples=25, deadline=None, database=None)
def test_any_moment_comes_back_from_its_serial_number_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    assert read("tickets", "accepted_at", [f"{days:.9f}"], zone="UTC", excel_serial=1900) == [moment]


# -- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "text", "amount"),
    [
        ("万元", "0.12", "1200.00"), ("万元", "0.12万元", "1200.00"), ("万元", "0.12 万元", "1200.00"), ("万元", "１.２", "12000.00"),
        ("万元", "(1,200.5)", "-12005000.00"), ("万元", "0.12元", None), ("万元", "0.12亿元", None), ("万元", "万元", None),
        ("万元", "1200元", None), ("亿元", "0.12345678", "12345678.00"), ("亿元", "99999999999", None), ("元", "12元", "12.00"),
        ("元", "12", "12.00"), ("元", "12万元", None), ("元", "¥12", None), ("1", "12", "12.00"), ("1", "12元", None),
        ("百万元", "1.5", "1500000.00"), ("千元", "1.5", "1500.00"), ("万元", "nan", None), (None, "12元", None),
        (None, "0.12万元", None), (None, "￥12", None), (None, "$12", None), (None, "12%", None), (None, "1200.50-", None),
    ],
)  # fmt: skip
def test_amounts_are_counted_in_the_declared_unit_and_no_other(unit: str | None, text: str, amount: str | None) -> None:
    assert read("payments", "amount", [text], unit=unit) == [None if amount is None else Decimal(amount)]


@pytest.mark.parametrize(
    ("text", "number"), [("1.2", 12000), ("3万元", 30000), ("0.00012", None), ("1.20000", 12000), ("-2", -20000)]
)
def test_whole_numbers_in_a_unit_stay_whole(text: str, number: int | None) -> None:
    assert read("meetings", "attendees", [text], unit="万元") == [number]


@given(st.decimals(min_value=-(10**7), max_value=10**7, places=6, allow_nan=False))
@settings(max_examples=25, deadline=None, database=None)
def test_an_amount_in_another_unit_is_exact(amount: Decimal) -> None:
    assert read("payments", "amount", [f"{amount:f}"], unit="万元") == [amount * 10**4]


# -- the quick reading -----------------------------------------------------------------------------------------------

_TYPED = [
    ("payments", "amount"), ("meetings", "attendees"), ("meetings", "held_on"), ("tickets", "accepted_at"),
    ("tickets", "longitude"), ("members", "is_secretary"), ("tickets", "status"), ("members", "birth_date"),
]  # fmt: skip
_ALMOST = st.one_of(
    st.text(alphabet="0123456789-/.: TZ+年月日,()eE_xn", max_size=24),
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat(timespec="minutes")),
    st.builds("{}{}".format, st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M}"), st.sampled_from(["Z", "+08", " ", "x"])),
    st.datetimes().map(lambda moment: f"{moment.year}/{moment.month}/{moment.day} {moment:%H:%M}"),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.from_regex(r"(0000|[0-9]{4})[-/][0-9]{1,2}[-/][0-9]{1,2}[ T]2[0-4]:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]{1,10})?)?Z?", fullmatch=True),
    st.dates().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.integers().map(str),
    st.sampled_from(["是", "TRUE", "no", "在办", "Open", "ＯＰＥＮ", "NULL", "—", "", "-", "1_000", "0x10", "inf", "007", "3."]),
)  # fmt: skip


@pytest.mark.parametrize(("dataset", "column"), _TYPED)
@given(texts=st.lists(_ALMOST, min_size=20, max_size=60))
@settings(max_examples=8, deadline=None, database=None)
def test_the_quick_reading_and_the_whole_grammar_agree(dataset: str, column: str, texts: list[str]) -> None:
    # A blank before it keeps a cell from the quick reading and means nothing.
    assert read(dataset, column, texts) == read(dataset, column, [" " + text for text in texts])


def test_a_token_that_looks_like_a_value_stands_for_nothing() -> None:
    contract = CONTRACTS["tickets"]
    mapping = Mapping(null_tokens=["1900-01-01", "-1", "是", "在办"])
    headers = {"accepted_at": "1900-01-01", "callback_satisfaction": "-1", "on_time_reported": "是", "status": "在办"}
    bound = bind_mapping(contract, mapping, (*headers, "ticket_id"), "a.csv")
    cells = ", ".join(f"'{text}' AS {name}" for name, text in headers.items())
    select = typed_select(bound, contract, mapping, f"(SELECT {cells}, 'T1' AS ticket_id)", city_zone="UTC")
    query = f"SELECT {', '.join(headers)}, _unreadable FROM ({select})"
    assert connection().execute(query).fetchall() == [(None, None, None, None, None)]


def test_words_are_known_in_either_width_and_case_and_without_what_is_invisible() -> None:
    texts = ["在办", "open", "OPEN", "ＯＰＥＮ", "\ufeff在办\u200b", "　在办\xa0", "在办\n", "在 办"]
    assert read("tickets", "status", texts) == ["open"] * 7 + ["在 办"]
    assert read("tickets", "ticket_id", ["\u200b001\u200d", "００１", "4.40101E+08"]) == [
        "001",
        "００１",
        "4.40101E+08",
    ]


# -- zones -----------------------------------------------------------------------------------------------------------

_ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]  # fmt: skip
_MOMENTS = st.lists(
    st.one_of(
        st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2060, 12, 31)),  # noqa: DTZ001
        st.datetimes(min_value=datetime(2004, 1, 1), max_value=datetime(2036, 12, 31)),  # noqa: DTZ001
        st.datetimes(min_value=datetime(1986, 1, 1), max_value=datetime(1992, 1, 1)),  # noqa: DTZ001
    ),
    min_size=20,
    max_size=100,
)


@pytest.mark.parametrize("zone", _ZONES)
@given(moments=_MOMENTS)
@settings(max_examples=15, deadline=None, database=None)
def test_the_offsets_by_span_agree_with_both_calendars(zone: str, moments: list[datetime]) -> None:
    rows = (
        connection()
        .execute(
            f"SELECT m, {utc_sql('m', zone)}, timezone('UTC', timezone('{zone}', m)), {date_in_zone_sql('m', zone)},"
            f" CAST(timezone('{zone}', timezone('UTC', m)) AS DATE) FROM (SELECT unnest($1) AS m)",
            [moments],
        )
        .fetchall()
    )
    info = ZoneInfo(zone)
    for moment, utc, utc_by_icu, day, day_by_icu in rows:
        assert (utc, day) == (utc_by_icu, day_by_icu)
        local = moment.replace(tzinfo=info)
        once = local.utcoffset() == local.replace(fold=1).utcoffset()
        if once and moment.year > 1930:  # the calendars differ in whole seconds of local mean times
            assert utc == local.astimezone(UTC).replace(tzinfo=None)
            assert day == moment.replace(tzinfo=UTC).astimezone(info).date()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Europe/London"])
def test_around_every_change_of_the_clock_the_instant_is_right(zone: str) -> None:
    first, hours = datetime(1986, 1, 1), 24 * 366 * 7  # noqa: DTZ001
    for start in (first, datetime(2020, 1, 1)):  # noqa: DTZ001
        different = (
            connection()
            .execute(
                f"SELECT count(*) FROM (SELECT $1::TIMESTAMP + to_minutes(30 * i) AS m FROM range({2 * hours}) AS r(i))"
                f" WHERE {utc_sql('m', zone)} <> timezone('UTC', timezone('{zone}', m))"
                f" OR {date_in_zone_sql('m', zone)} <> CAST(timezone('{zone}', timezone('UTC', m)) AS DATE)",
                [start],
            )
            .fetchall()
        )
        assert different == [(0,)]


# -- the row ---------------------------------------------------------------------------------------------------------


def test_what_was_sent_is_told_of_unreadable_cells_and_nothing_of_a_person() -> None:
    contract = CONTRACTS["members"]
    headers = ("member_id", "org_id", "birth_date", "joined_on", "is_secretary")
    bound = bind_mapping(contract, Mapping(), headers, "a.csv")
    cells = "('7', 'O1', '欧阳慕蓉', '见\"备注\" 13912340001 ' || repeat('长', 300), '1'), ('8', 'O1', '1988-07-01', '2015-07-01', '是')"
    select = typed_select(
        bound, contract, Mapping(), f"(VALUES {cells}) AS t({', '.join(headers)})", city_zone="Asia/Shanghai"
    )
    rows = connection().execute(f"SELECT _unreadable, _sent, birth_year, joined_on FROM ({select})").fetchall()
    (unreadable, sent, year, joined), second = rows
    assert (unreadable, year, joined) == (" birth_date joined_on ", None, None)
    shown = json.loads(sent)
    assert set(shown) == {"birth_date", "joined_on"}
    assert shown["birth_date"] == "•••"
    assert shown["joined_on"].startswith('见"备注" ••• 长长') and len(shown["joined_on"]) == 200
    assert second == (None, None, 1988, date(2015, 7, 1))


def test_the_select_has_the_types_of_landing_and_reads_nothing_of_dropped_columns() -> None:
    for dataset, contract in CONTRACTS.items():
        headers = tuple(column.name for column in contract.columns)
        bound = bind_mapping(contract, Mapping(), headers, "a.csv")
        assert set(bound.used_headers) == {column.name for column in contract.columns if column.is_read}
        cells = ", ".join(f"NULL::VARCHAR AS {name}" for name in bound.used_headers)
        select = typed_select(bound, contract, Mapping(), f"(SELECT {cells})", city_zone="Asia/Shanghai")
        described = connection().execute(f"DESCRIBE {select}").fetchall()
        expected = [("_left_out", "INTEGER"), ("_unreadable", "VARCHAR"), ("_sent", "VARCHAR"), ("_marks", "BIGINT")]
        expected += [item for item in contract.landing_schema() if not item[0].startswith("_")]
        assert [(row[0], row[1]) for row in described] == expected, dataset


def test_a_file_is_read_in_parallel_in_its_order_without_joins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT 'T' || i AS 工单编号, '在办' AS 状态, '2026-03-05 10:00:00' AS 受理时间, repeat('x', 200) AS 内容"
            f" FROM range(300000) AS r(i)) TO '{path}'"
        )
        contract = CONTRACTS["tickets"]
        bound = bind_mapping(contract, Mapping(), ("工单编号", "状态", "受理时间", "内容"), "a.csv")
        select = typed_select(
            bound, contract, Mapping(), f"read_csv('{path}', all_varchar = true)", city_zone="Asia/Shanghai"
        )
        con.execute(f"CREATE TEMP TABLE t AS {select}")
        wrong = con.execute("SELECT count(*) FILTER (ticket_id <> 'T' || rowid), count(*) FROM t").fetchall()
        assert wrong == [(0, 300000)]
        # A list of constants behind IN would have become a join.
        assert "JOIN" not in str(con.execute(f"EXPLAIN {select}").fetchall())


def test_a_unit_in_a_file_multiplies_and_a_cell_with_another_rejects_its_row(city: SmallCity) -> None:
    city.mapping("payments", "recognise: true\ncolumns: {amount: {column: 金额, unit: 万元}}\n")
    good = [f"P{n},L1,2026-02-01,release,0.12" for n in range(19)]
    city.drop(
        "payments", "a.csv", lines("payment_id,line_id,occurred_on,kind,金额", *good, "P99,L1,2026-02-01,release,3亿元")
    )
    assert city.load_one("payments").rows_rejected == 1
    assert city.rows("SELECT DISTINCT amount FROM landing.payments") == [(Decimal("1200.00"),)]
    assert city.rejects() == [(21, "amount.readable", "3亿元")]


# -- identity numbers ------------------------------------------------------------------------------------------------


def passes(*numbers: str) -> list[bool]:
    """Whether each text passes the check of identity numbers."""
    sql = identity_checked_sql("plain", "digits")
    found = connection().execute(
        f"SELECT {sql} IS NOT NULL FROM (SELECT n, plain, {identity_digits_sql('plain')} AS digits"
        " FROM (SELECT unnest($1) AS plain, unnest(range(len($1))) AS n)) ORDER BY n",
        [list(numbers)],
    )
    return [bool(row[0]) for row in found.fetchall()]


def test_the_examples_of_the_standard_pass_and_their_neighbours_do_not() -> None:
    # The two numbers of GB 11643-1999 itself.
    assert passes("11010519491231002X", "440524188001010014") == [True, True]
    assert passes("110105194912310021", "440524188001010015", "44052418800101001X") == [False] * 3


@given(
    st.lists(st.text(st.sampled_from("0123456789"), min_size=17, max_size=17), min_size=1, max_size=20),
    st.integers(0, 16), st.integers(1, 9),
)  # fmt: skip
@settings(max_examples=25, deadline=None, database=None)
def test_of_all_check_digits_one_passes_and_a_wrong_digit_anywhere_is_found(
    bodies: list[str], place: int, step: int
) -> None:
    def right(body: str) -> str:
        # ISO 7064: the number, its check character as 10 if X, is 1 modulo 11 when the weights are powers of two.
        total = sum(int(digit) * 2 ** (17 - n) for n, digit in enumerate(body))
        return next(c for value, c in enumerate("0123456789X") if (total + value) % 11 == 1)

    for body in bodies:
        assert [c for c, fits in zip("0123456789X", passes(*(body + c for c in "0123456789X")), strict=True) if fits] == [right(body)]  # fmt: skip
    slipped = [b[:place] + str((int(b[place]) + step) % 10) + b[place + 1 :] + right(b) for b in bodies]
    assert not any(passes(*slipped))


@pytest.mark.parametrize(
    ("text", "whole", "mark"),
    [
        ("440300198807011232", True, 2), ("440300198807011000", True, 1), ("4.40301E+17", False, 3), ("4.403011990010113e+17", False, 3),
        ("4.40e17", False, 3), ("4E+17", False, 3), ("440301199001011300.0", False, 3), ("1.39E+10", False, 2), ("4.4E+14", False, 3),
        ("DY0001", True, 2), ("1E05", True, 2), ("A.3+4", True, 2), ("12000", True, 2), ("1.5", True, 2), (None, False, 0),
    ],
)  # fmt: skip
def test_an_identifier_that_lost_its_digits_is_known(text: str | None, whole: bool, mark: int) -> None:
    sql = f"SELECT w IS NOT NULL, {lost_digits_sql('t', 'w')} FROM (SELECT t, {unrounded_sql('t')} AS w FROM (SELECT CAST($1 AS VARCHAR) AS t))"
    assert connection().execute(sql, [text]).fetchall() == [(whole, mark)]
