"""Mappings and types: how what a source writes becomes what the contract says, and what stays unreadable."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity, lines

from pipelines.ingest.files import FileRefused
from pipelines.ingest.mapping import (
    Binding,
    BoundMapping,
    ColumnMapping,
    Mapping,
    bind_mapping,
    known_spellings,
    load_mapping,
    parse_expression,
)
from pipelines.ingest.typed import typed_select
from pipelines.yaml_model import ConfigurationError

TICKETS = CONTRACTS["tickets"]


def typed(dataset: str, column: str, text: str | None, *, zone: str = "Asia/Shanghai", **keys: Any) -> Any:
    """What a cell lands as; None if it cannot be read, which the row then says. `keys` are those of its mapping."""
    contract, canonical = CONTRACTS[dataset], CONTRACTS[dataset].column(column)
    item = ColumnMapping(column="cell", **keys)
    bound = BoundMapping((Binding(canonical, item, "cell"),), ("cell",), ())
    select = typed_select(bound, contract, Mapping(time_zone=zone), "(SELECT $1 AS cell)", city_zone="Asia/Shanghai")
    query = f"SELECT {canonical.landing_name}, _unreadable FROM ({select})"
    ((value, unreadable),) = _typing().execute(query, [text]).fetchall()
    number = canonical.logical_type in ("integer", "number")
    nothing = text is None or (text.strip() in contract.null_tokens and not (number and text.strip() == "NaN"))
    assert unreadable == (f" {column} " if value is None and not nothing else None)
    return value


@cache
def _typing() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET VARIABLE inner_pad = ''::BLOB")
    con.execute("SET VARIABLE outer_pad = ''::BLOB")
    return con


# -- types -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200.5", "1200.50"), ("1,200.50", "1200.50"), ("12,345,678.9", "12345678.90"), ("(1,200.50)", "-1200.50"),
        ("-3", "-3.00"), ("+3", "3.00"), ("１２００．５", "1200.50"), ("（１，２００）", "-1200.00"), (".5", "0.50"),
        ("1.2e3", "1200.00"), ("0", "0.00"),
        ("1,20.50", None), ("12,34", None), ("1.200,50", None), ("0.12万元", None), ("1200元", None), ("NaN", None),
        ("inf", None), ("-Infinity", None), ("1e309", None), ("12e17", None), ("1_000", None), ("0x10", None),
        ("--3", None), ("(-3)", None), ("1 200", None), ("46086.33.1", None), ("", None),
    ],
)  # fmt: skip
def test_money_is_read_strictly_and_exactly(text: str, amount: str | None) -> None:
    assert typed("payments", "amount", text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("３", 3), ("1,200", 1200), ("-3", -3), ("+3", 3), ("3.0", 3), ("1.5", None), ("2.5", None), ("3.", None),
     ("1e3", None), ("9" * 19, None), ("三", None), ("(3)", -3), ("9223372036854775807", 2**63 - 1)],
)  # fmt: skip
def test_a_whole_number_is_never_rounded(text: str, number: int | None) -> None:
    assert typed("meetings", "attendees", text) == number


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
@settings(max_examples=50, deadline=None, database=None)
def test_any_amount_is_the_same_however_an_office_writes_it(amount: Decimal) -> None:
    plain, grouped = f"{amount:f}", f"{amount:,.2f}"
    accounting = f"({abs(amount):,.2f})" if amount < 0 else grouped
    wide = plain.translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－"))
    for text in (plain, grouped, accounting, wide):
        assert typed("payments", "amount", text) == amount


@pytest.mark.parametrize(
    "text",
    ["2026-03-05", "2026-3-5", "2026/3/5", "2026年3月5日", "20260305", "2026-03-05 10:11:12", "2026/03/05 10:11",
     "２０２６－０３－０５", "２０２６年３月５日"],
)  # fmt: skip
def test_dates_that_begin_with_the_year_are_read(text: str) -> None:
    assert typed("meetings", "held_on", text) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "05/03/2026",
        "3/5/26",
        "46086.33",
        "46086",
        "460861",
        "2026305",
        "2026-3",
        "昨天",
        "2026-03-05x",
    ],
)
def test_dates_that_do_not_exist_or_are_ambiguous_are_unreadable(text: str) -> None:
    assert typed("meetings", "held_on", text) is None


@pytest.mark.parametrize(
    ("text", "formats", "day"),
    [
        ("05/03/2026", ["%d/%m/%Y"], date(2026, 3, 5)),
        ("05/03/2026", ["%m/%d/%Y"], date(2026, 5, 3)),
        ("5.3.26", ["%d/%m/%Y", "%d.%m.%y"], date(2026, 3, 5)),
        ("2026-03-05", ["%d/%m/%Y"], None),
    ],
)
def test_declared_formats_are_the_only_ones(text: str, formats: list[str], day: date | None) -> None:
    assert typed("meetings", "held_on", text, formats=formats) == day


@pytest.mark.parametrize(
    "text",
    ["2026-03-05 10:11:12", "2026/3/5 10:11:12", "2026年3月5日 10:11:12", "2026年3月5日10:11:12", "2026-03-05T10:11:12",
     "2026-03-05T02:11:12Z", "2026-03-05T10:11:12+08:00", "2026-03-05 10:11:12+08", "2026-03-05T10:11:12+0800",
     "2026-03-05 10:11:12 +08:00", "2026/3/5 10:11:12+08:00", "2026年3月5日 10:11:12+08:00", "2026-03-04T21:11:12.000-05:00"],
)  # fmt: skip
def test_every_spelling_of_a_moment_is_the_same_moment(text: str) -> None:
    assert typed("tickets", "accepted_at", text) == datetime(2026, 3, 5, 2, 11, 12)  # noqa: DTZ001


def test_an_offset_without_seconds_is_read_too() -> None:
    assert typed("tickets", "accepted_at", "2026-03-05T10:11+08:00") == datetime(2026, 3, 5, 2, 11)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-03-13 01:59", datetime(2022, 3, 13, 6, 59, tzinfo=UTC)),
        ("2022-03-13 03:01", datetime(2022, 3, 13, 7, 1, tzinfo=UTC)),
        ("2022-11-06 00:59", datetime(2022, 11, 6, 4, 59, tzinfo=UTC)),
        ("2022-11-06 02:00", datetime(2022, 11, 6, 7, 0, tzinfo=UTC)),
        ("2022-07-01 12:00:00+08:00", datetime(2022, 7, 1, 4, tzinfo=UTC)),
    ],
)
def test_local_times_follow_the_clock_changes_of_their_zone(text: str, utc: datetime) -> None:
    assert typed("tickets", "accepted_at", text, zone="America/New_York") == utc.replace(tzinfo=None)


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kolkata", "UTC"]),
)
@settings(max_examples=60, deadline=None, database=None)
def test_a_moment_is_the_same_with_and_without_its_offset(naive: datetime, zone: str) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    local = moment.astimezone(ZoneInfo(zone))
    assert typed("tickets", "accepted_at", local.isoformat(), zone="Asia/Tokyo") == moment.replace(tzinfo=None)
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():  # else the text means two moments
        text = f"{local:%Y-%m-%d %H:%M:%S}"
        assert typed("tickets", "accepted_at", text, zone=zone) == moment.replace(tzinfo=None)


@pytest.mark.parametrize(("text", "value"), [("是", True), ("√", True), ("TRUE", True), ("1", True), ("否", False), ("n", False), ("0", False), ("2", None), ("也许", None)])  # fmt: skip
def test_booleans_are_read_in_both_languages(text: str, value: bool | None) -> None:
    assert typed("members", "is_secretary", text) is value


def test_codes_keep_their_leading_zeros(city: SmallCity) -> None:
    city.drop("meetings", "a.csv", lines("meeting_id,kind,area_code,held_on", "007,visit,001001,2026-03-10"))
    city.load("meetings")
    assert city.rows("SELECT meeting_id, area_code FROM landing.meetings") == [("007", "001001")]


def test_tokens_that_stand_for_nothing_are_nothing(city: SmallCity) -> None:
    tokens = ["", "NULL", "null", "N/A", "—", "-", "/", "无", " ", "　"]
    rows = [f"G{n},visit,{token},2026-03-10,{token}" for n, token in enumerate(tokens)]
    city.drop("meetings", "a.csv", lines("meeting_id,kind,area_code,held_on,attendees", *rows))
    assert city.load_one("meetings").rows_loaded == len(tokens)
    assert city.rows("SELECT DISTINCT area_code, attendees FROM landing.meetings") == [(None, None)]


def test_a_mapping_may_add_tokens(city: SmallCity) -> None:
    city.mapping("meetings", "null_tokens: [未知, 9999]\n".replace("9999", "'9999'"))
    city.drop(
        "meetings", "a.csv", lines("meeting_id,kind,area_code,held_on,attendees", "G1,visit,未知,2026-03-10,9999")
    )
    city.load("meetings")
    assert city.rows("SELECT area_code, attendees FROM landing.meetings") == [(None, None)]


def test_a_moment_gets_its_date_in_the_city(city: SmallCity) -> None:
    city.mapping("tickets", "time_zone: Asia/Shanghai\n")
    city.drop("tickets", "a.csv", lines(
        "ticket_id,status,accepted_at", "T1,open,2026-03-05 00:30", "T2,open,2026-03-04T15:59:59Z", "T3,open,2026-03-04T16:00:00Z",
    ))  # fmt: skip
    city.load("tickets")
    assert city.rows("SELECT ticket_id, accepted_at, accepted_on FROM landing.tickets ORDER BY 1") == [
        ("T1", datetime(2026, 3, 4, 16, 30), date(2026, 3, 5)),  # noqa: DTZ001
        ("T2", datetime(2026, 3, 4, 15, 59, 59), date(2026, 3, 4)),  # noqa: DTZ001
        ("T3", datetime(2026, 3, 4, 16), date(2026, 3, 5)),  # noqa: DTZ001
    ]


def test_a_source_may_write_in_another_zone_than_the_city(city: SmallCity) -> None:
    city.settings(time_zone="America/New_York")
    city.mapping("tickets", "time_zone: UTC\n")
    city.drop(
        "tickets",
        "a.csv",
        lines("ticket_id,status,accepted_at", "T1,open,2022-03-13 06:59", "T2,open,2022-03-14 03:59"),
    )
    city.load("tickets")
    assert city.rows("SELECT accepted_at, accepted_on FROM landing.tickets ORDER BY ticket_id") == [
        (datetime(2022, 3, 13, 6, 59), date(2022, 3, 13)),  # noqa: DTZ001
        (datetime(2022, 3, 14, 3, 59), date(2022, 3, 13)),  # noqa: DTZ001
    ]


@pytest.mark.parametrize("dataset", sorted(CONTRACTS))
def test_every_spelling_of_every_enumeration_lands_as_its_value(dataset: str) -> None:
    for column in CONTRACTS[dataset].landed_columns:
        for value, spellings in column.allowed.items():
            for text in (value, value.upper(), value.replace("_", " "), *spellings):
                assert typed(dataset, column.name, text) == value, (column.name, text)


def test_a_word_that_no_enumeration_knows_rejects_the_row(city: SmallCity) -> None:
    good = [f"G{n},驻点,2026-03-10" for n in range(19)]
    city.drop("meetings", "a.csv", lines("meeting_id,kind,held_on", *good, "G99,电话会,2026-03-10"))
    assert city.load_one("meetings").rows_rejected == 1
    assert city.rejects() == [(21, "kind.allowed", "电话会")]
    (reasons,) = city.rows("SELECT reason_en, reason_zh FROM landing.rejects")
    assert reasons == ("kind is one of assembly, visit", "会议类型应为：居民说事、驻点联系")


# -- mappings --------------------------------------------------------------------------------------------------------

MAPPED = """
formats: ["%d/%m/%Y %H:%M"]
columns:
  ticket_id: {expression: "upper(来源) || '-' || 流水"}
  channel: {constant: hotline}
  area_code: 片区
  accepted_at: 登记
  updated_at: {column: 变更, formats: ["%Y%m%d"]}
  status:
    column: 进度
    values: {归档: closed, Flowing: open, "-": cancelled}
    otherwise: open
  resolved_at: {expression: "CASE WHEN 进度 = '归档' THEN 登记 END"}
leave_out:
  - where: "类型 = '测试'"
    reason: {zh: 测试工单, en: test tickets}
  - where: "try_cast(流水 AS integer) > 900"
    reason: {zh: 演练, en: drills}
"""


def test_columns_constants_values_expressions_and_rows_left_out(city: SmallCity) -> None:
    city.mapping("tickets", MAPPED)
    city.drop("tickets", "a.csv", lines(
        "来源,流水,片区,登记,变更,进度,类型,状态", "h,1,001,05/03/2026 10:00,20260306,归档,投诉,x", "h,2,,05/03/2026 11:00,,flowing,投诉,x",
        "h,3,001,05/03/2026 12:00,,谁知道,投诉,x", "h,4,001,05/03/2026 13:00,,-,,x", "h,5,001,05/03/2026 14:00,,归档,测试,x",
        "h,901,001,05/03/2026 14:00,,归档,投诉,x",
    ))  # fmt: skip
    result = city.load("tickets")
    (delivery,) = result.deliveries
    assert (delivery.rows_in, delivery.rows_loaded, delivery.rows_left_out, delivery.rows_rejected) == (6, 4, 2, 0)
    assert result.ignored_headers == {"a.csv": ("状态",)}  # a mapping with columns does not recognise others
    found = city.rows(
        "SELECT ticket_id, channel, area_code, status, accepted_on, updated_on FROM landing.tickets ORDER BY 1"
    )
    assert found == [
        ("H-1", "hotline", "001", "closed", date(2026, 3, 5), date(2026, 3, 6)),
        ("H-2", "hotline", None, "open", date(2026, 3, 5), None),
        ("H-3", "hotline", "001", "open", date(2026, 3, 5), None),
        ("H-4", "hotline", "001", "cancelled", date(2026, 3, 5), None),
    ]


def test_otherwise_does_not_take_empty_cells(city: SmallCity) -> None:
    city.mapping("tickets", "recognise: true\ncolumns: {status: {column: 进度, otherwise: open}}\n")
    rows = [f"T{n},2026-03-05 10:00,x" for n in range(19)]
    city.drop("tickets", "a.csv", lines("ticket_id,accepted_at,进度", *rows, "T99,2026-03-05 10:00,"))
    assert city.load_one("tickets").rows_rejected == 1
    assert city.rejects() == [(21, "status.required", None)]


def test_a_mapping_of_one_column_leaves_the_others_to_their_headers_if_it_says_so(city: SmallCity) -> None:
    text = lines("流水,状态,受理时间", "T1,在办,2026-03-05 10:00")
    city.mapping("tickets", "columns: {ticket_id: 流水}\n")
    city.drop("tickets", "a.csv", text)
    assert "lacks the required column accepted_at" in str(city.load_one("tickets").reason_en)
    city.mapping("tickets", "recognise: true\ncolumns: {ticket_id: 流水}\n")
    assert city.load_one("tickets").rows_loaded == 1  # the same bytes, tried again


def test_several_headers_that_fit_one_column_are_refused_unless_one_is_its_own_name(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", lines("ticket_id,status,登记时间,诉求时间", "T1,open,2026-03-05,2026-03-06"))
    delivery = city.load_one("tickets")
    assert "several columns fit accepted_at: 登记时间, 诉求时间" in str(delivery.reason_en)
    assert "“受理时间”" in str(delivery.reason_zh)
    city.drop("tickets", "a.csv", lines("ticket_id,status,登记时间,受理时间", "T1,open,2026-03-05,2026-03-06"))
    city.load("tickets")
    assert city.rows("SELECT accepted_on FROM landing.tickets") == [(date(2026, 3, 6),)]


def test_a_column_that_the_contract_does_not_have_is_named_with_its_neighbour(city: SmallCity) -> None:
    city.mapping("tickets", "columns: {ticket_no: 流水}\n")
    with pytest.raises(
        ConfigurationError,
        match=r'mappings/tickets\.yaml line 1: .* has no column "ticket_no"; did you mean "ticket_id"',
    ):
        load_mapping(city.open(), TICKETS, "tickets")


def test_a_mapping_that_a_source_names_must_exist(city: SmallCity) -> None:
    assert load_mapping(city.open(), TICKETS, "tickets") == Mapping()
    with pytest.raises(ConfigurationError, match=r"grid.yaml does not exist"):
        load_mapping(city.open(), TICKETS, "grid")


@pytest.mark.parametrize("item", ["{column: a, constant: b}", "{values: {a: b}}", "{}"])
def test_a_column_has_exactly_one_origin(city: SmallCity, item: str) -> None:
    city.mapping("tickets", f"columns:\n  status: {item}\n")
    with pytest.raises(
        ConfigurationError, match=r"tickets\.yaml line 2.*needs exactly one of column, constant, expression"
    ):
        load_mapping(city.open(), TICKETS, "tickets")


@pytest.mark.parametrize(
    "expression",
    [
        "(SELECT max(phone) FROM landing.members)", "a IN (SELECT 1)", "EXISTS (SELECT 1)", "SELECT 1", "a FROM read_csv('x')",
        "DROP TABLE landing.tickets", "1; DROP TABLE landing.tickets", "COPY x TO 'y'", "getenv('HOME')", "GetVariable('inner_pad')",
        "main.getvariable('inner_pad')", '"getvariable"(\'inner_pad\')', "current_setting('home_directory')", "read_text('/etc/passwd')",
        "query('SELECT 1')", "max(a)", "row_number() OVER ()", "lag(a) OVER (ORDER BY a)", "PRAGMA version", "SET x = 1",
        "COLUMNS('.*')", "*", "glob('/*')", "query_table('x')", "list(a)", "ATTACH 'x'",
    ],
)  # fmt: skip
def test_an_expression_that_reaches_outside_its_row_is_refused(city: SmallCity, expression: str) -> None:
    with pytest.raises(ValueError, match=r"row|may|call|read"):
        parse_expression(expression)


@pytest.mark.parametrize("expression", ["'it''s", "a +", "(", "upper(", "'a' 'b' 'c", ""])
def test_an_expression_that_is_no_sql_is_named(city: SmallCity, expression: str) -> None:
    city.mapping("tickets", f"columns:\n  status: {{expression: {expression!r}}}\n".replace("\\'", "''"))
    with pytest.raises(ConfigurationError, match=r"tickets\.yaml line"):
        load_mapping(city.open(), TICKETS, "tickets")


@pytest.mark.parametrize("where", ["(SELECT true)", "getvariable('inner_pad') IS NULL"])
def test_rows_are_left_out_by_their_own_columns_only(city: SmallCity, where: str) -> None:
    city.mapping("tickets", f'leave_out: [{{where: "{where}", reason: {{zh: 甲, en: a}}}}]\n')
    with pytest.raises(ConfigurationError, match=r"tickets\.yaml line 1"):
        load_mapping(city.open(), TICKETS, "tickets")


@pytest.mark.parametrize(
    "expression",
    ["md5(concat_ws('|', a, b))", "split_part(a, ' ', 2)", "CASE WHEN a LIKE 'x%' THEN b END", "a || '-12-31'", "coalesce(a, b)",
     "regexp_replace(a, '[^0-9]', '', 'g')", "try_cast(a AS integer) + 1", "strftime(try_strptime(a, '%d'), '%Y')", "substr(a, 1, 2)"],
)  # fmt: skip
def test_an_expression_over_the_row_is_allowed(expression: str) -> None:
    assert parse_expression(expression) is not None


def test_an_expression_that_fails_names_the_file_and_shows_no_value(city: SmallCity) -> None:
    city.mapping("tickets", 'recognise: true\ncolumns: {reopen_count: {expression: "CAST(联系人 AS integer)"}}\n')
    city.drop("tickets", "a.csv", lines("ticket_id,status,accepted_at,联系人", "T1,open,2026-03-05,欧阳慕蓉"))
    with pytest.raises(
        ConfigurationError, match=r"mapping of a\.csv cannot be applied \(ConversionException\)"
    ) as error:
        city.load("tickets")
    assert "欧阳" not in str(error.value)
    assert error.value.__suppress_context__


def test_two_files_of_a_dataset_may_have_two_mappings(city: SmallCity) -> None:
    city.mapping("hotline", "columns: {ticket_id: 甲, status: {constant: open}, accepted_at: 乙}\n")
    city.mapping("grid", "columns: {ticket_id: 丙, status: {constant: open}, accepted_at: 丁}\n")
    city.drop("tickets", "h.csv", lines("甲,乙", "H1,2026-03-05"))
    city.drop("tickets", "g.csv", lines("丙,丁", "G1,2026-03-05"))
    sources = [{"files": [f"extracts/tickets/{name[0]}.csv"], "mapping": name} for name in ("hotline", "grid")]
    city.settings(sources={"tickets": sources})
    assert [d.outcome for d in city.load("tickets").deliveries] == ["loaded", "loaded"]
    assert city.rows("SELECT ticket_id FROM landing.tickets ORDER BY 1") == [("G1",), ("H1",)]


def test_a_value_that_a_mapping_names_is_mapped_even_if_it_usually_stands_for_nothing(city: SmallCity) -> None:
    city.mapping(
        "members", 'recognise: true\ncolumns: {is_secretary: {column: 职务, values: {书记: "yes", 无: "no"}}}\n'
    )
    city.drop("members", "a.csv", lines("党员编号,组织编号,职务", "1,O1,书记", "2,O1,无", "3,O1,"))
    city.load("members")
    found = city.rows("SELECT is_secretary FROM landing.members")
    assert sorted(found, key=str) == [(False,), (None,), (True,)]


def test_the_zone_of_the_mapping_is_checked_like_the_citys(city: SmallCity) -> None:
    city.mapping("tickets", "time_zone: Beijing\n")
    with pytest.raises(ConfigurationError, match=r'tickets\.yaml line 1: "time_zone"'):
        load_mapping(city.open(), TICKETS, "tickets")


# -- headers ---------------------------------------------------------------------------------------------------------


def test_a_header_that_is_nearly_right_is_named(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", lines("工单编号,工单状态,受理时间点", "T1,在办,2026-03-05"))
    delivery = city.load_one("tickets")
    assert "accepted_at (or 受理时间, " in str(delivery.reason_en)
    assert "did you mean 受理时间点?" in str(delivery.reason_en)
    assert "“受理时间”（是不是“受理时间点”？）" in str(delivery.reason_zh)
    assert "Columns found: 工单编号, 工单状态, 受理时间点." in str(delivery.reason_en)


def test_a_column_of_the_mapping_that_is_nearly_there_is_named() -> None:
    mapping = Mapping(columns={"ticket_id": "request_no"})
    with pytest.raises(FileRefused, match=r"asks for the column request_no, .*\(did you mean request_nr\?\)") as error:
        bind_mapping(TICKETS, mapping, ("request_nr", "status", "accepted_at"), "a.csv")
    assert "（是不是“request_nr”？）" in error.value.zh


def test_the_first_row_of_a_file_of_people_without_header_is_not_guessed_from() -> None:
    with pytest.raises(FileRefused) as error:
        bind_mapping(CONTRACTS["members"], Mapping(), ("O2", "欧阳慕蓉", "440300198807011232", "党员编号1"), "a.csv")
    assert "欧阳" not in error.value.en + error.value.zh
    assert "党员编号1" not in error.value.en + error.value.zh
    assert "首行不像表头" in error.value.zh
    assert "does not look like a header" in error.value.en


def test_more_columns_than_the_contract_has_are_ignored_unless_it_refuses_them() -> None:
    headers = ("ticket_id", "status", "accepted_at", "诉求内容", "备用")
    assert bind_mapping(TICKETS, Mapping(), headers, "a.csv").ignored_headers == ("诉求内容", "备用")
    strict = replace(TICKETS, refuses_extra_columns=True)
    with pytest.raises(
        FileRefused, match=r"a\.csv has columns that the contract does not know: 备用\. Remove"
    ) as error:
        bind_mapping(strict, Mapping(), headers, "a.csv")
    assert error.value.code == "extra_column"
    assert "有契约中没有的列：备用。" in error.value.zh
    assert bind_mapping(strict, Mapping(), headers[:-1], "a.csv").used_headers == headers[:3]


def test_the_spellings_that_may_come_are_those_of_contract_and_mapping() -> None:
    mapping = Mapping.model_validate({
        "columns": {"ticket_id": "流水 号", "status": {"expression": "进度 || 甲"}},
        "leave_out": [{"where": "类型 = '测试'", "reason": {"zh": "测试", "en": "test"}}],
    })  # fmt: skip
    known = known_spellings(TICKETS, mapping)
    assert {"流水号", "进度", "甲", "类型", "ticketid", "工单编号", "reporterphone", "联系电话"} <= known


def test_the_reading_options_of_a_mapping(city: SmallCity) -> None:
    city.mapping("tickets", "delimiter: ';'\nencoding: gb18030\nsheet: 三月\n")
    reading = load_mapping(city.open(), TICKETS, "tickets").reading()
    assert (reading.delimiter, reading.encoding, reading.sheet) == (";", "gb18030", "三月")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("unit: 万元", r'tickets\.yaml line 4: "unit" is for columns of type integer or number; accepted_at is of type timestamp'),
        ("unit: 万", r"tickets\.yaml line 4: .*unit.*'万元'"),
        ("excel_serial: 1905", r"tickets\.yaml line 4: .*1900 or 1904"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_fit_its_column_is_named_with_its_line(
    city: SmallCity, option: str, message: str
) -> None:
    city.mapping("tickets", f"columns:\n  accepted_at:\n    column: 时间\n    {option}\n")
    with pytest.raises(ConfigurationError, match=message):
        load_mapping(city.open(), TICKETS, "tickets")
