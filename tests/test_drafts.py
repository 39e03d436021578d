"""Drafts of mappings against the mappings that were written by hand, and against extracts that nobody has seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlglot
import yaml
from conftest import run_cli
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity, lines
from sqlglot import exp

from pipelines.city import City
from pipelines.ingest.mapping import Mapping
from pipelines.onboarding.draft import Draft, draft_mapping, quote
from pipelines.onboarding.names import name_score, names_people, split_words

CITIES = Path(__file__).parent / "cities"
SHARED = Path(os.environ.get("STREETWISE_SHARED") or Path(__file__).parents[2] / "shared").resolve()
REAL = {
    ("boston", "tickets"): "boston_311/boston311-100.csv",
    ("los_angeles", "tickets"): "la_311/MyLA311_2018_first_days.csv",
    ("chicago", "budget_lines"): "chicago_ward_budget/published.csv",
    ("chicago", "payments"): "chicago_ward_budget/C_wardwise_2019-2022.csv",
    ("libraries_west", "headcounts"): "libraries_west/members.csv",
}


def draft(path: Path, dataset: str, city: City | None = None) -> Draft:
    return draft_mapping(path, CONTRACTS[dataset], CONTRACTS["areas"], city)


def truth(city: str, dataset: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """What a mapping written by hand takes from one plain source column (all that a draft can be expected to map), and the
    source columns of its expressions."""
    mapping = Mapping.model_validate(yaml.safe_load((CITIES / city / "mappings" / f"{dataset}.yaml").read_text()))
    plain, expressions = {}, {}
    for name, item in mapping.columns.items():
        column = item if isinstance(item, str) else item.column
        if column is not None:
            plain[name] = column
        elif not isinstance(item, str) and item.expression:
            tree = sqlglot.parse_one(item.expression, read="duckdb")
            expressions[name] = {node.name for node in tree.find_all(exp.Column)}
    return plain, expressions


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real extracts (STREETWISE_SHARED) are not here")
@pytest.mark.parametrize(("city", "dataset"), REAL)
@pytest.mark.parametrize("with_city", [True, False], ids=["with the city's areas", "without"])
def test_a_draft_finds_four_fifths_of_the_columns_that_a_person_mapped(
    city: str, dataset: str, with_city: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREETWISE_SHARED", str(SHARED))
    found = draft(SHARED / "data" / REAL[city, dataset], dataset, City.open(CITIES / city) if with_city else None)
    plain, expressions = truth(city, dataset)
    right = {name for name, column in plain.items() if found.sources.get(name) == (column,)}
    wrong = {name: found.sources.get(name, ()) for name in plain.keys() - right}
    same = {name for name, columns in expressions.items() if set(found.sources.get(name, ())) == columns}
    extra = sorted(found.sources.keys() - plain.keys() - expressions.keys())
    with capsys.disabled():
        print(
            f"\n  {city} {dataset} ({'with' if with_city else 'without'} areas): {len(right)} of {len(plain)} columns"
            f" {len(right) / len(plain):.0%}; expressions with the same columns {len(same)} of {len(expressions)};"
            f" wrong {wrong or 'none'}; beyond the mapping {extra or 'none'}"
        )
    assert len(right) >= 0.8 * len(plain)
    Mapping.model_validate(yaml.safe_load(found.yaml))


ENGLISH_HEADER = (
    "Matter Ref;Date Raised;Finished On;Borough Ward;Nature of Complaint;Contact Mobile;Lodged Via;Bureau;Y_Lat;X_Long"
)


def english(rows: int = 40) -> str:
    """Day first, no status, wards by name; row n was raised on day n % 28 + 1 of March and every fourth is unfinished."""
    body = []
    for n in range(rows):
        day = n % 28 + 1
        done = f"{day:02d}/04/2026 17:30" if n % 4 else ""
        ward = ("Alder Hill", "Birch Row")[n % 2]
        body.append(
            f"MR-{n:05d};{day:02d}/03/2026 09:15;{done};{ward};{('Noise', 'Refuse', 'Lighting')[n % 3]};"
            f"1391234{n:04d};{('Telephone', 'Web Portal', 'Walk-in', 'Carrier pigeon')[n % 4]};{('Streets', 'Parks')[n % 2]};"
            f"{22.5 + n / 1000};{114.05 + n / 1000}"
        )
    return lines(ENGLISH_HEADER, *body)


AREAS = lines(
    "area_code,valid_from,area_name,level,parent_code", "C,2020-01-01,Smalltown,city,",
    "W1,2020-01-01,Alder Hill,community,C", "W2,2020-01-01,Birch Row,community,C",
)  # fmt: skip


def test_an_invented_english_extract_with_odd_headers_loads_with_its_draft_and_one_decision(city: SmallCity) -> None:
    city.drop("areas", "areas.csv", AREAS)
    path = city.drop("tickets", "matters.csv", english())
    found = draft(path, "tickets", city.open())
    assert {name: sources[0] for name, sources in found.sources.items()} == {
        "ticket_id": "Matter Ref", "accepted_at": "Date Raised", "resolved_at": "Finished On", "closed_at": "Finished On",
        "area_code": "Borough Ward", "category_1": "Nature of Complaint", "channel": "Lodged Via", "handling_unit": "Bureau",
        "status": "Finished On", "latitude": "Y_Lat", "longitude": "X_Long",
    }  # fmt: skip
    assert 'formats: ["%d/%m/%Y %H:%M"]' in found.yaml
    assert '# decide: "Carrier pigeon": hotline' in found.yaml
    city.mapping("tickets", found.yaml)
    # until somebody decides what a pigeon is, its rows are rejected, and that is more than the contract allows
    assert city.load_one("tickets").outcome == "refused"
    city.mapping(
        "tickets", found.yaml.replace('      # decide: "Carrier pigeon": ', '      "Carrier pigeon": other # ')
    )
    delivery = city.load_one("tickets")
    assert (delivery.rows_in, delivery.rows_loaded) == (40, 40)
    counted = city.rows("SELECT channel, count(*) FROM landing.tickets GROUP BY 1 ORDER BY 1")
    assert counted == [("app", 10), ("hotline", 10), ("other", 10), ("visit", 10)]
    assert city.rows("SELECT area_code, status, count(*) FROM landing.tickets GROUP BY 1, 2 ORDER BY 1, 2") == [
        ("W1", "closed", 10), ("W1", "open", 10), ("W2", "closed", 20),
    ]  # fmt: skip
    # day 1, 09:15 in Shanghai
    assert city.rows("SELECT CAST(accepted_at AS VARCHAR) FROM landing.tickets WHERE ticket_id = 'MR-00000'") == [
        ("2026-03-01 01:15:00",)
    ]


CHINESE_HEADER = "事件流水编码,上报时刻,事件大类,办理进度,归属社区,主责部门,市民手机,身份证件号,截止日期,完成日期"


def chinese(rows: int = 30) -> str:
    body = [
        f"SJ2026{n:04d},2026年3月{n % 28 + 1}日 8:30,{('环境', '治安')[n % 2]},{('办理中', '已完成')[n % 2]},{('甲社区', '乙社区')[n % 2]},"
        f"{('城管', '公安')[n % 2]},1391234{n:04d},44030019880701{n:04d},2026/4/{n % 28 + 1},{f'2026/3/{n % 28 + 2}' if n % 2 else ''}"
        for n in range(rows)
    ]
    return lines(CHINESE_HEADER, *body)


def test_an_invented_chinese_extract_with_odd_headers_loads_with_its_draft(city: SmallCity) -> None:
    city.drop("areas", "areas.csv", AREAS.replace("Alder Hill", "甲社区").replace("Birch Row", "乙社区"))
    path = city.drop("tickets", "事件.csv", chinese())
    found = draft(path, "tickets", city.open())
    sources = {name: column[0] for name, column in found.sources.items()}
    assert sources == {
        "ticket_id": "事件流水编码", "accepted_at": "上报时刻", "category_1": "事件大类", "status": "办理进度",
        "area_code": "归属社区", "handling_unit": "主责部门", "due_at": "截止日期", "resolved_at": "完成日期", "closed_at": "完成日期",
    }  # fmt: skip
    assert '"已完成": "resolved"' in found.yaml
    city.mapping("tickets", found.yaml)
    delivery = city.load_one("tickets")
    assert (delivery.rows_in, delivery.rows_loaded) == (30, 30)
    assert city.rows("SELECT area_code, count(*) FROM landing.tickets GROUP BY 1 ORDER BY 1") == [
        ("W1", 15),
        ("W2", 15),
    ]


def test_what_identifies_people_is_named_and_never_shown(city: SmallCity) -> None:
    for name, content in (("a.csv", english()), ("b.csv", chinese())):
        found = draft(city.drop("tickets", name, content), "tickets")
        shown = found.yaml + "".join(line.evidence for line in found.lines)
        assert "1391234" not in shown
        assert "44030019880701" not in shown
        assert "SJ2026" not in shown and "MR-0" not in shown
    assert "personal, never read: 市民手机, 身份证件号" in found.yaml


def test_identity_numbers_under_an_innocent_header_are_recognised_by_their_form(city: SmallCity) -> None:
    rows = [f"44030019880701{n:04d},2026-03-{n % 28 + 1:02d},在办" for n in range(30)]
    found = draft(city.drop("tickets", "t.csv", lines("编号,受理时间,状态", *rows)), "tickets")
    assert "ticket_id" not in found.sources
    assert "personal, never read: 编号" in found.yaml


@pytest.mark.parametrize(("day", "sure"), [(12, False), (13, True)])
def test_an_order_of_day_and_month_that_the_file_does_not_tell_is_left_to_a_person(
    day: int, sure: bool, city: SmallCity
) -> None:
    rows = [f"T{n},{n % 12 + 1:02d}/{n % 11 + 1:02d}/2026 10:00,在办" for n in range(40)] + [
        f"T99,01/{day}/2026 10:00,在办"
    ]
    found = draft(city.drop("tickets", "t.csv", lines("工单编号,受理时间,状态", *rows)), "tickets")
    accepted = next(line for line in found.lines if line.column == "accepted_at")
    assert (accepted.certainty == "sure") is sure
    assert ('formats: ["%m/%d/%Y %H:%M"]\n' in found.yaml) is sure
    assert ("# decide: 受理时间" in found.yaml) is not sure


def test_one_column_tells_the_order_of_day_and_month_for_the_others(city: SmallCity) -> None:
    rows = [f"T{n},0{n % 9 + 1}/0{n % 9 + 1}/2026,{n % 15 + 14}/11/2026,在办" for n in range(40)]
    found = draft(city.drop("tickets", "t.csv", lines("工单编号,受理时间,办结时限,状态", *rows)), "tickets")
    assert 'formats: ["%d/%m/%Y"]' in found.yaml
    assert "decide: 受理时间" not in found.yaml


def test_columns_that_write_dates_in_different_ways_get_formats_of_their_own(city: SmallCity) -> None:
    rows = [f"T{n},2026-03-{n % 28 + 1:02d} 10:00,{n % 28 + 1:02d}.04.2026,在办" for n in range(40)]
    found = draft(city.drop("tickets", "t.csv", lines("工单编号,受理时间,办结时限,状态", *rows)), "tickets")
    columns = Mapping.model_validate(yaml.safe_load(found.yaml)).columns
    assert columns["accepted_at"] == "受理时间"
    assert columns["due_at"].formats == ["%d.%m.%Y"]  # type: ignore[union-attr]


def test_moments_with_an_offset_are_said_to_have_one(city: SmallCity) -> None:
    rows = [f"T{n},2026-03-{n % 28 + 1:02d}T10:00:00+08:00,2026-05-01 10:00,在办" for n in range(30)]
    found = draft(city.drop("tickets", "t.csv", lines("工单编号,受理时间,办结时限,状态", *rows)), "tickets")
    assert "with an offset: 受理时间；其余不带" in found.yaml
    assert "# decide: time_zone" in found.yaml


def test_hidden_counts_are_mapped_to_suppressed(city: SmallCity) -> None:
    rows = [f"A{n},志愿者,2026-03-31,{n if n > 4 else '*'}" for n in range(1, 30)]
    path = city.drop("headcounts", "h.csv", lines("社区编码,岗位类别,统计日,在册人数", *rows))
    found = draft(path, "headcounts", city.open())
    assert found.sources["headcount"] == found.sources["is_suppressed"] == ("在册人数",)
    city.mapping("headcounts", found.yaml)
    assert city.load_one("headcounts").rows_loaded == 29
    assert city.rows("SELECT count(*), count(headcount) FROM landing.headcounts WHERE is_suppressed") == [(4, 0)]


def test_a_draft_is_the_same_every_time(city: SmallCity) -> None:
    path = city.drop("tickets", "t.csv", english())
    assert draft(path, "tickets") == draft(path, "tickets")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("CreatedDate", ["created", "date"]), ("case_enquiry_id", ["case", "enquiry", "id"]), ("SRNumber", ["sr", "number"]),
        ("on time", ["ontime"]), ("诉求受理时间", ["诉求", "受理", "时间"]), ("甲乙时间", ["甲乙", "时间"]), ("Users", ["user"]),
    ],
)  # fmt: skip
def test_headers_are_split_into_words(header: str, words: list[str]) -> None:
    assert split_words(header) == words


def test_names_are_told_apart_by_what_they_are_about() -> None:
    def score(column: str, header: str, dataset: str = "tickets") -> float:
        return name_score(dataset, CONTRACTS[dataset].column(column), header)

    assert score("closed_at", "结案时间") == 1
    assert score("closed_at", "date_closed") > 0.9 > 0.6 > score("closed_at", "closure_reason")
    assert score("accepted_at", "opened") > 0.9 > score("reopened_at", "opened")
    assert score("payee_category", "category", "payments") < 0.3
    assert names_people("contact_phone") and names_people("Mobile No") and not names_people("MobileOS")


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_being_written_into_a_draft(text: str) -> None:
    written = f"a: {quote(text)}"
    assert "\n" not in written
    assert yaml.safe_load(written) == {"a": text}


def test_the_command_prints_the_table_and_never_overwrites_a_mapping(city: SmallCity, tmp_path: Path) -> None:
    path = city.drop("tickets", "t.csv", english())
    target = tmp_path / "tickets.yaml"
    arguments = ("map", str(path), "--dataset", "tickets", "--city", str(city.folder))
    written = run_cli(*arguments, "--output", str(target))
    assert written.exit_code == 0, written.output
    assert "Date Raised" in written.output and "1391234" not in written.output
    assert "time_zone: Asia/Shanghai" in target.read_text(encoding="utf-8")
    before = target.read_bytes()
    assert run_cli(*arguments, "--output", str(target)).exit_code == 1
    assert target.read_bytes() == before
    assert "columns:" in run_cli(*arguments).output
    assert run_cli("map", str(path), "--dataset", "ticket").exit_code == 1


def test_a_file_that_is_no_table_is_refused_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "page.csv"
    path.write_text("<html><body>login</body></html>")
    result = run_cli("map", str(path), "--dataset", "tickets")
    assert result.exit_code == 1
    assert "不是表格文件" in result.output and "is not a table" in result.output


def test_a_draft_names_identity_numbers_only_to_have_their_check_digits_checked(city: SmallCity) -> None:
    rows = [f"DY{n:04d},O1,欧阳慕蓉,440300198807011232" for n in range(30)]
    path = city.drop(
        "members", "roll.csv", lines("党员编号,组织编号,姓名,身份证号", *rows, "DY9,O1,欧阳慕蓉,440300198807011231")
    )
    found = draft(path, "members", city.open())
    assert "4403" not in found.yaml and "name:" not in found.yaml.replace("# name:", "")
    city.mapping("members", found.yaml)
    delivery = city.load_one("members")
    assert (delivery.rows_loaded, delivery.rows_rejected) == (30, 1)
    assert city.rejects() == [(32, "id_number.check_digit", "•••")]
