"""Writes the folder of the sample city."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from pipelines.deadlines import WorkingCalendar
from pipelines.sample_city import spellings
from pipelines.sample_city.appraisals import make_appraisals
from pipelines.sample_city.facilities import make_facilities
from pipelines.sample_city.funds import make_lines, make_payments
from pipelines.sample_city.headcounts import make_headcounts
from pipelines.sample_city.meetings import make_meetings
from pipelines.sample_city.members import make_members, roll_of
from pipelines.sample_city.office_form import (
    DateStyle,
    Form,
    as_text,
    headers,
    render,
    stamp,
    with_bad_rows,
    with_repeats,
    write_manifest,
    write_table,
)
from pipelines.sample_city.organisations import make_organisations
from pipelines.sample_city.places import CITY_CODE, CITY_NAME, CITY_NAME_EN, Places, make_places
from pipelines.sample_city.service_items import items_as_reported, make_service_items
from pipelines.sample_city.surveys import make_surveys
from pipelines.sample_city.tickets import DAYS_ALLOWED, Tickets, make_tickets
from pipelines.sample_city.window import DAY, Window, add_months, day_number

CANARIES = ("欧阳金丝雀", "10099988877", "990100197707076663", "请勿外传金丝雀")
"""A name, a phone, an identity number and a free text that stand in the raw extracts and may stand nowhere else."""

_CITY = f"""\
name: {{zh: {CITY_NAME}, en: {CITY_NAME_EN}}}
area_code: "{CITY_CODE}"
time_zone: Asia/Shanghai
currency: CNY
fiscal_year_start: 1
language: zh
people_minimum: 10
# for the few tickets whose extract gives no deadline
standards:
  service_standards:
"""

_TICKET_ENDINGS = {2: "tsv", 5: "jsonl", 8: "csv.gz", 11: "parquet", 14: "tsv", 17: "csv.gz"}
_TYPED = {"jsonl": frozenset({"boolean"}), "parquet": frozenset({"boolean", "time"})}
_STYLES: tuple[DateStyle, ...] = ("dash", "slash", "chinese")

Progress = Callable[[str, int], None]
Bad = Sequence[Mapping[str, str]]


def _service_standards(window: Window) -> str:
    """The standard of every category, as YAML: in working days where the calendar holds every year that they need."""
    known = WorkingCalendar.of("Asia/Shanghai").years
    # the longest, 11 working days, ends within 25 days where it comes near the end of a year
    in_working_days = {window.start.year, window.cut.year, (window.cut + timedelta(days=25)).year} <= known
    return "".join(
        f"    - {{category_1: {category}, "
        + (f"working_days: {round(days * 5 / 7)}" if in_working_days else f"hours: {days * 24}")
        + "}\n"
        for category, days in DAYS_ALLOWED.items()
    )


def make_sample_city(directory: Path, *, today: date, seed: int = 2026, progress: Progress | None = None) -> None:
    """Write a complete city folder: city.yaml and the raw extracts of 24 full months and this month up to yesterday.

    The bytes depend on `seed` and `today` alone. `progress` is called with each dataset and its number of rows.
    Raises FileExistsError if `directory` exists and is not empty.
    """
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty")
    window = Window(today)
    writer = _Writer(directory, window, seed, progress)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "city.yaml").write_text(_CITY + _service_standards(window), encoding="utf-8")

    places = make_places(_rng(seed, 1), window)
    writer.areas(places)
    organisations = make_organisations(_rng(seed, 2), window, places)
    writer.organisations(organisations.table)
    writer.members(make_members(_rng(seed, 3), window, places, organisations))
    writer.facilities(make_facilities(_rng(seed, 4), window, places))
    writer.headcounts(make_headcounts(_rng(seed, 5), window, places))
    writer.meetings(make_meetings(_rng(seed, 6), window, places))
    lines = make_lines(_rng(seed, 7), window, places)
    writer.budget_lines(lines.table(), window)
    writer.payments(make_payments(_rng(seed, 8), window, lines))
    writer.tickets(make_tickets(_rng(seed, 9), window, places))
    writer.service_items(make_service_items(_rng(seed, 10), window, places))
    writer.surveys(make_surveys(_rng(seed, 11), window, places))
    writer.appraisals(make_appraisals(_rng(seed, 12), window, places))


def _rng(seed: int, dataset: int) -> np.random.Generator:
    return np.random.default_rng([seed, dataset])


class _Writer:
    """Puts each dataset into the form of its office and onto the disk."""

    def __init__(self, directory: Path, window: Window, seed: int, progress: Progress | None) -> None:
        self._extracts = directory / "extracts"
        self._window = window
        self._seed = seed
        self._progress = progress
        self._rows: dict[str, int] = {}

    def _write(
        self,
        dataset: str,
        file_name: str,
        frame: pl.DataFrame,
        form: Form,
        as_of: date,
        *,
        manifest: Literal["full", "delta"] | None = None,
        bad: Bad = (),
        repeats: int = 0,
    ) -> None:
        """One delivery; `bad` holds columns of the contract with the text that spoils a copied row."""
        spelling, words = spellings.BY_DATASET[dataset]
        rendered = render(frame, spelling, words, form)
        salt = sum(file_name.encode()) + self._seed
        if bad:
            names = headers(spelling, form.variant)
            wrong = [{names[column]: value for column, value in changes.items()} for changes in bad]
            rendered = with_bad_rows(as_text(rendered), wrong, salt)
        rendered = with_repeats(rendered, repeats, salt + 1)
        path = self._extracts / dataset / file_name
        rows = write_table(path, rendered, form)
        stamp(path, as_of)
        if manifest:
            write_manifest(path, as_of, rows, manifest)
            stamp(path.with_name(path.name + ".done"), as_of)
        self._rows[dataset] = self._rows.get(dataset, 0) + rows

    def _done(self, dataset: str) -> None:
        if self._progress is not None:
            self._progress(dataset, self._rows[dataset])

    def areas(self, places: Places) -> None:
        form = Form(extra={"序号": "#", "备注": ""}, bom=True)
        self._write("areas", "区划代码表.csv", places.areas, form, self._window.cut, manifest="full")
        self._done("areas")

    def organisations(self, table: pl.DataFrame) -> None:
        form = Form(variant=1, dates="chinese", extra={"序号": "#", "填报单位": "市组织部门"})
        self._write("organisations", "党组织名册.csv", table, form, self._window.cut, manifest="full", repeats=6)
        self._done("organisations")

    def members(self, table: pl.DataFrame) -> None:
        rng = _rng(self._seed, 31)
        earlier, latest = roll_of(_with_canary(table), self._window, rng)
        forms = (
            Form(dates="slash", booleans="是", extra={"序号": "#", "民族": "汉族"}),
            Form(variant=1, dates="dash", booleans="1", bom=True, extra={"序号": "#", "籍贯": "示例市"}),
        )
        for roll, form, as_of in (
            (earlier, forms[0], self._window.first_roll),
            (latest, forms[1], self._window.cut),
        ):
            bad: Bad = (
                {"member_id": "DYX000001", "birth_date": "不详待查"},
                {"member_id": "DYX000002", "org_id": ""},
                {"member_id": "DYX000003", "joined_on": "2026-02-30"},
            )
            name = f"党员名册-{as_of:%Y%m%d}.csv"
            self._write("members", name, roll, form, as_of, manifest="full", bad=bad, repeats=9)
        self._done("members")

    def facilities(self, table: pl.DataFrame) -> None:
        form = Form(dates="compact", extra={"中心名称": "党群服务中心"})
        self._write("facilities", "服务中心台账.csv", table, form, self._window.cut, manifest="full")
        self._done("facilities")

    def headcounts(self, table: pl.DataFrame) -> None:
        for number, year in enumerate(sorted(set(table["as_of"].dt.year().to_list()))):
            last = year == self._window.cut.year
            rows = table.filter(pl.col("as_of").dt.year() == year)
            form = Form(variant=number % 2, dates=_STYLES[number % 3], extra={"填报人": "街道办公室"})
            bad: Bad = ({"area_code": "990199001001", "headcount": "-3"}, {"role": "临时工", "headcount": "4"})
            if not last:
                bad = ({"area_code": "990199001001", "headcount": "十二"},)
            as_of = self._window.cut if last else date(year, 12, 31)
            self._write("headcounts", f"队伍人数-{year}.csv", rows, form, as_of,
                        manifest="delta" if last else None, bad=bad, repeats=5)  # fmt: skip
        self._done("headcounts")

    def meetings(self, table: pl.DataFrame) -> None:
        half = table["held_on"].dt.year() * 2 + (table["held_on"].dt.month() > 6).cast(pl.Int32)
        halves = sorted(set(half.to_list()))
        for number, part in enumerate(halves):
            last = part == halves[-1]
            rows = table.filter(half == part)
            form = Form(variant=number % 2, dates=_STYLES[number % 3], extra={"序号": "#"}, bom=number % 2 == 1)
            bad: Bad = ({"meeting_id": "HY-X1", "held_on": "2026年2月30日"},) if number == 1 else ()
            end = date(part // 2, 12, 31) if part % 2 else date(part // 2, 6, 30)
            self._write("meetings", f"会议活动-{part // 2}-{'下' if part % 2 else '上'}半年.csv", rows, form,
                        min(end, self._window.cut), manifest="delta" if last else None, bad=bad, repeats=4)  # fmt: skip
        self._done("meetings")

    def budget_lines(self, table: pl.DataFrame, window: Window) -> None:
        for number, year in enumerate(window.years):
            form = Form(variant=number % 2, extra={"序号": "#", "主管科室": "基层治理科"}, bom=True)
            rows = table.filter(pl.col("fiscal_year") == year)
            self._write("budget_lines", f"预算指标-{year}.csv", rows, form, window.cut, manifest="delta")
        self._done("budget_lines")

    def payments(self, table: pl.DataFrame) -> None:
        quarter = table["occurred_on"].dt.year() * 4 + table["occurred_on"].dt.quarter() - 1
        quarters = sorted(set(quarter.to_list()))
        for number, part in enumerate(quarters):
            year, of_year = part // 4, part % 4
            last = part == quarters[-1]
            rows = table.filter(quarter == part)
            form = Form(variant=number % 3, dates=_STYLES[number % 3], thousands=number % 3 == 2,
                        extra={"序号": "#", "经办": "财务岗"})  # fmt: skip
            bad: Bad = ()
            if number == len(quarters) - 2:
                wrong = {"kind": "支付", "amount": "-1200.50", "commitment_id": ""}
                bad = (
                    {**wrong, "payment_id": "LSX000001"},
                    {"payment_id": "LSX000002", "amount": "壹仟元整"},
                    # These three are good rows on a line that no budget holds.
                    {"payment_id": "LSX000003", "line_id": "YS0000X", "kind": "支付", "amount": "3600.00"},
                    {"payment_id": "LSX000004", "line_id": "YS0000X", "kind": "支付", "amount": "820.75"},
                    {"payment_id": "LSX000005", "line_id": "YS0001X", "kind": "拨付", "amount": "5000.00"},
                )
            end = add_months(date(year, of_year * 3 + 1, 1), 3) - timedelta(days=1)
            self._write("payments", f"资金流水-{year}Q{of_year + 1}.csv", rows, form, min(end, self._window.cut),
                        manifest="delta" if last else None, bad=bad, repeats=3)  # fmt: skip
        self._done("payments")

    def tickets(self, tickets: Tickets) -> None:
        months = self._window.months
        for number, first in enumerate(months):
            last = number == len(months) - 1
            since = day_number(first) * DAY
            after = min(add_months(first, 1), self._window.today)
            rows = tickets.as_reported(since, day_number(after) * DAY)
            ending = "csv" if last else _TICKET_ENDINGS.get(number, "csv")
            form = Form(
                variant=number % 4 if number % 5 else 0,
                dates=_STYLES[number % 3],
                booleans=("是", "true", "1")[number % 3],
                null="—" if number == 4 else "",
                typed=_TYPED.get(ending, frozenset()),
                bom=number % 4 == 1,
                extra={"序号": "#", "坐席工号": "A017", "数据批次": f"{first:%Y%m}"},
            )
            bad: Bad = ()
            if number in (3, 9, 12, 20) or last:
                bad = _bad_tickets(first, _STYLES[number % 3], len(rows))
            if ending == "csv" and not last and number in (0, 12):
                rows = _with_ticket_canary(rows)
            self._write("tickets", f"工单-{first:%Y-%m}.{ending}", rows, form, after - timedelta(days=1),
                        manifest="delta" if last else None, bad=bad, repeats=12)  # fmt: skip
        self._done("tickets")

    def service_items(self, items: pl.DataFrame) -> None:
        since = items.select(pl.col("registered_on").min()).item()
        ends = [date(year, month, day) for year in self._window.years for month, day in ((6, 30), (12, 31))]
        ends = [end for end in ends if self._window.start <= end < self._window.cut] + [self._window.cut]
        for number, end in enumerate(ends):
            last = end == ends[-1]
            form = Form(variant=number % 2, dates=_STYLES[number % 3], bom=number % 2 == 0,
                        extra={"序号": "#", "填报人": "社区服务岗"})  # fmt: skip
            day = {"dash": "2021-03-05", "slash": "2021/3/5", "chinese": "2021年3月5日"}[_STYLES[number % 3]]
            bad: Bad = (
                {
                    "item_id": f"XMX{end:%Y%m}1",
                    "list": "项目",
                    "status": "已完成",
                    "claimed_on": "",
                    "completed_on": day,
                },
                {"item_id": f"XQX{end:%Y%m}2", "status": "办理受阻"},
            )
            name = f"三张清单-{end.year}-{'上' if end.month < 7 else '下'}半年.csv"
            rows = items_as_reported(items, since, end)
            self._write("service_items", name, rows, form, end, manifest="delta" if last else None,
                        bad=bad[: len(rows) // 200], repeats=min(4, len(rows)))  # fmt: skip
            since = end + timedelta(days=1)
        self._done("service_items")

    def surveys(self, table: pl.DataFrame) -> None:
        waves = sorted(set(table["wave"].to_list()))
        for number, wave in enumerate(waves):
            last = wave == waves[-1]
            rows = table.filter(pl.col("wave") == wave)
            form = Form(
                variant=number % 2, dates=_STYLES[number % 3], extra={"序号": "#", "调查机构": "第三方调查公司"}
            )
            # The area is unknown, so that no good row shares the key of a bad one.
            bad: Bad = (
                {"area_code": "990199001001", "valid_respondents": "80", "positive_respondents": "95"},
                {"area_code": "990199001002", "design_effect": "0.4"},
            )
            as_of = self._window.cut if last else rows.select(pl.col("ended_on").max()).item()
            self._write("surveys", f"居民调查-{wave}.csv", rows, form, as_of,
                        manifest="delta" if last else None, bad=bad[: 2 if last else 1], repeats=3)  # fmt: skip
        self._done("surveys")

    def appraisals(self, table: pl.DataFrame) -> None:
        years = sorted(set(table["ended_on"].dt.year().to_list()))
        for number, year in enumerate(years):
            last = year == years[-1]
            rows = table.filter(pl.col("ended_on").dt.year() == year)
            form = Form(
                variant=number % 2, dates=_STYLES[number % 3], bom=True, extra={"序号": "#", "考评人员": "考评组"}
            )
            bad: Bad = (
                {"item": "补录一", "kind": "评分", "points": "25", "max_points": "20"},
                {"item": "补录二", "kind": "一票否决", "points": "5", "max_points": "20"},
                {"item": "补录三", "kind": "评分", "points": "良好", "max_points": "20"},
            )
            as_of = self._window.cut if last else rows.select(pl.col("ended_on").max()).item()
            self._write("appraisals", f"组织考评-{year}.csv", rows, form, as_of,
                        manifest="delta" if last else None, bad=bad, repeats=5)  # fmt: skip
        self._done("appraisals")


def _bad_tickets(first: date, style: DateStyle, rows: int) -> Bad:
    """Rows that no figure may count; a short file gets fewer, so that its rejects stay within the limit."""
    before = {"dash": "2021-03-05 08:30:00", "slash": "2021/3/5 8:30", "chinese": "2021年3月5日 08:30"}.get(style, "")
    wrong: Bad = (
        {
            "ticket_id": f"ZZ{first:%Y%m}01",
            "status": "已办结",
            "resolved_at": before,
            "closed_at": "",
            "reopened_at": "",
        },
        {"ticket_id": f"ZZ{first:%Y%m}02", "status": "挂起"},
        {"ticket_id": ""},
        {"ticket_id": f"ZZ{first:%Y%m}04", "accepted_at": "待补录"},
        {"ticket_id": f"ZZ{first:%Y%m}05", "status": "已结案", "resolved_at": "", "first_resolved_at": ""},
    )
    return wrong[: min(len(wrong), rows // 400)]


def _with_canary(members: pl.DataFrame) -> pl.DataFrame:
    """The first row carries the canaries."""
    first = pl.int_range(0, pl.len()) == 0
    return members.with_columns(
        pl.when(first).then(pl.lit(value)).otherwise(column).alias(column)
        for column, value in zip(("name", "phone", "id_number"), CANARIES[:3], strict=True)
    )


def _with_ticket_canary(tickets: pl.DataFrame) -> pl.DataFrame:
    """The first row carries the canaries, in the free text as well."""
    first = pl.int_range(0, pl.len()) == 0
    text = f"{CANARIES[0]}（电话{CANARIES[1]}，证件{CANARIES[2]}）：{CANARIES[3]}"
    changes = {"reporter_name": CANARIES[0], "reporter_phone": CANARIES[1], "description": text}
    return tickets.with_columns(
        pl.when(first).then(pl.lit(value)).otherwise(column).alias(column) for column, value in changes.items()
    )
