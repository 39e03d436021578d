"""A city folder of a few rows for the tests: made by hand, filled file by file, loaded dataset by dataset."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.city import City
from pipelines.contracts.model import load_contracts
from pipelines.ingest.ledger import Delivery, create_landing
from pipelines.ingest.load import LoadResult, load_dataset
from pipelines.warehouse import open_warehouse

KEY = "a key for the tests"
SETTINGS: dict[str, Any] = {
    "name": {"zh": "小城", "en": "Smalltown"},
    "area_code": "C",
    "time_zone": "Asia/Shanghai",
    "as_of": "2026-04-15T12:00:00+08:00",
}
CONTRACTS = load_contracts()
ARRIVED = datetime(2026, 4, 10, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class SmallCity:
    """A city folder under test."""

    folder: Path

    def settings(self, **changes: Any) -> None:
        """Write city.yaml with some keys other than usual (JSON is YAML)."""
        text = json.dumps({**SETTINGS, **changes}, ensure_ascii=False, indent=1)
        (self.folder / "city.yaml").write_text(text, encoding="utf-8")

    def mapping(self, name: str, text: str) -> None:
        """Write mappings/<name>.yaml."""
        path = self.folder / "mappings" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def drop(
        self, dataset: str, name: str, content: str | bytes, *, done: str | None = None, arrived: datetime = ARRIVED
    ) -> Path:
        """Put a file, and its manifest if `done` is given, into extracts/<dataset>/; its text is kept byte by byte."""
        path = self.folder / "extracts" / dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (arrived.timestamp(), arrived.timestamp()))
        if done is not None:
            path.with_name(name + ".done").write_text(done, encoding="utf-8")
        return path

    def open(self) -> City:
        """The city as the product sees it."""
        return City.open(self.folder)

    def load(self, dataset: str) -> LoadResult:
        """Load what is new in a dataset into the city's warehouse."""
        contract = CONTRACTS[dataset]
        with open_warehouse(self.open()) as con:
            create_landing(con, [contract])
            return load_dataset(con, self.open(), contract, run_id="run-1")

    def load_one(self, dataset: str) -> Delivery:
        """Load the one new file of a dataset and return its line of the ledger."""
        (delivery,) = self.load(dataset).deliveries
        return delivery

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query finds in the warehouse."""
        con = duckdb.connect(str(self.open().warehouse), read_only=True)
        try:
            return con.execute(sql).fetchall()
        finally:
            con.close()

    def rejects(self) -> list[tuple[Any, ...]]:
        """source_row, rule_id and value of every rejected cell, by row."""
        return self.rows("SELECT source_row, rule_id, value FROM landing.rejects ORDER BY source_row, rule_id")


def make_small_city(folder: Path) -> SmallCity:
    """An empty city folder."""
    folder.mkdir(parents=True, exist_ok=True)
    city = SmallCity(folder)
    city.settings()
    return city


def lines(*rows: str) -> str:
    """Rows as a text file."""
    return "".join(f"{row}\n" for row in rows)


#: Personal values that are sent and must be found nowhere: names, identity numbers, phones, words of a description.
CANARIES = (
    "欧阳慕蓉", "诸葛若兰", "司马长卿", "440300198807011232", "440300199012124326", "13912340001", "13912340002",
    "13912349001", "13912349002", "CANARY", "阳台漏水三零二室",
)  # fmt: skip

_MEMBERS_HEADER = "党员编号,组织编号,姓名,身份证号,手机号,出生日期,学历,加入日期"
_TICKETS_HEADER = (
    "工单编号,受理渠道,一级分类,社区代码,受理时间,办结时限,办结时间,状态,诉求人编号,诉求人电话,诉求内容,更新时间"
)


def fill(city: SmallCity) -> None:
    """A whole city: 1 district, 1 street, 2 communities and some rows of every dataset, two of them bad where people are.

    20 of 22 tickets are good: 16 of March, resolved on time, and 4 open ones of April; 24 of 26 members are."""
    city.drop("areas", "areas.csv", lines(
        "area_code,valid_from,area_name,level,parent_code,population",
        "C,2020-01-01,小城,city,,", "D1,2020-01-01,一区,district,C,", "S1,2020-01-01,一街道,street,D1,",
        "A1,2020-01-01,甲社区,community,S1,3000", "A2,2020-01-01,乙社区,community,S1,2000",
    ))  # fmt: skip
    good = [
        f"T{n:02d},热线,环境,A{1 + n % 2},2026-03-{n + 1:02d} 10:00,2026-03-{n + 6:02d} 10:00,2026-03-{n + 3:02d} 10:00,"
        f"已办结,1391234900{1 + n % 2},13912349001,CANARY 阳台漏水三零二室,2026-04-01 10:00"
        for n in range(8)
    ] + [
        f"T{n:02d},网格,治安,A1,2026-04-0{n - 7} 10:00,2026-04-30 10:00,,在办,司马长卿,13912349002,CANARY,2026-04-08 10:00"
        for n in range(8, 12)
    ]
    city.drop("tickets", "tickets.csv", lines(
        _TICKETS_HEADER, *good,
        "T12,热线,环境,A1,2026-04-31 10:00,,,在办,440300199012124326,13912349001,CANARY,",
        "T13,热线,环境,A1,2026-04-01 10:00,,,不明,13912349002,13912349002,阳台漏水三零二室,",
        *(f"T{n},热线,环境,A2,2026-03-20 10:00,2026-03-25 10:00,2026-03-21 10:00,已办结,,,,2026-04-01 10:00" for n in range(14, 22)),
    ))  # fmt: skip
    city.drop("organisations", "organisations.csv", lines(
        "org_id,parent_org_id,org_name,org_level,area_code,founded_on",
        "O1,,街道党工委,street_committee,S1,2010-01-01", "O2,O1,甲社区党委,community_committee,A1,2010-01-01",
        "O3,O2,甲一支部,grid_branch,A1,2012-01-01",
    ))  # fmt: skip
    people = [
        f"M{n:03d},O{2 + n % 2},欧阳慕蓉,440300198807011232,13912340001,1988-07-01,本科,2015-07-01" for n in range(24)
    ]
    city.drop("members", "members.csv", lines(
        _MEMBERS_HEADER, *people,
        "440300199012124326,O2,诸葛若兰,440300199012124326,13912340002,440300199012124326,本科,2015-07-01",
        "M900,O2,诸葛若兰,440300199012124326,13912340002,1990-12-12,本科",
    ), done='as_of: "2026-04-01T08:00:00+08:00"\n')  # fmt: skip
    city.drop("meetings", "meetings.csv", lines(
        "meeting_id,kind,area_code,held_on,attendees", "G1,assembly,A1,2026-03-10,20", "G2,visit,A2,2026-03-11,8",
    ))  # fmt: skip
    city.drop("headcounts", "headcounts.csv", lines(
        "area_code,role,as_of,headcount", "A1,cadre,2026-03-31,12", "A1,community_worker,2026-03-31,25",
        "A2,cadre,2026-03-31,8",
    ))  # fmt: skip
    city.drop("facilities", "facilities.csv", lines(
        "facility_id,area_code,kind,floor_area_m2,opened_on", "C1,A1,community_centre,800,2015-01-01",
    ))  # fmt: skip
    city.drop("budget_lines", "budget_lines.csv", lines(
        "line_id,area_code,fiscal_year,fund,opening_amount", 'L1,A1,2026,operating,"250,000.00"', "L2,A1,2026,service,250000",
    ))  # fmt: skip
    city.drop("payments", "payments.csv", lines(
        "payment_id,line_id,occurred_on,kind,amount", "P1,L1,2026-02-01,release,100000", "P2,L1,2026-03-01,payment,50000",
    ))  # fmt: skip


def drop_unusable_files(city: SmallCity) -> None:
    """Files of people and tickets, each of which is refused for another reason, and one new good file of tickets."""
    person = "440300198807011232,O2,欧阳慕蓉,440300198807011232,13912340001,1988-07-01,本科,2015-07-01"
    city.drop("members", "no_header.csv", lines(person, person.replace("欧阳慕蓉", "诸葛若兰")))
    city.drop("members", "no_header_twice.csv", lines(f"{person},13912340001", f"{person},13912340002"))
    city.drop("members", "renamed.csv", lines(_MEMBERS_HEADER.replace("组织编号", "单位"), person))
    city.drop("members", "cut.csv", lines(_MEMBERS_HEADER, person) + '440300199012124326,O2,"诸葛若兰')
    city.drop("members", "gb18030.csv", lines(_MEMBERS_HEADER, person).encode("gb18030"))
    city.drop("members", "broken.jsonl", '{"党员编号": "440300198807011232", "姓名": "欧阳慕蓉"')
    city.drop("members", "all_rejected.csv", lines(_MEMBERS_HEADER, person.replace("1988-07-01", "诸葛若兰")))
    city.drop("members", "stray_quote.csv", lines(_MEMBERS_HEADER, person.replace("欧阳慕蓉", '"欧阳慕蓉"甲')))
    ticket = "T90,热线,环境,A1,2026-04-01 10:00,,,不明,司马长卿,13912349001,CANARY 阳台漏水三零二室,"
    city.drop("tickets", "all_rejected.csv", lines(_TICKETS_HEADER, ticket))
    city.drop("tickets", "no_header.csv", lines(ticket))
    city.drop("tickets", "good.csv", lines(_TICKETS_HEADER, ticket.replace("T90", "T91").replace("不明", "在办")))
