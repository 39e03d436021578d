"""R1 to R18: faults of single rows, seen against the other rows and the other datasets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from small_city import SmallCity

from faults.case import (
    TICKETS,
    Case,
    File,
    Load,
    Loaded,
    Refused,
    after,
    checks,
    figures,
    load,
    meetings,
    text,
    tickets,
    with_areas,
)
from faults.file_level import payments

CATEGORY = "SELECT category_1 FROM landing.tickets WHERE ticket_id = 'D'"
RECEIVED = """
    SELECT area_level, area_code, CAST(numerator AS INTEGER) FROM marts.indicator_values WHERE indicator_id = 'T01' AND grain = 'month'
    AND period_start = '2026-03-01' AND dimension = 'all' AND area_level IN ('city', 'district') AND numerator > 0 ORDER BY ALL"""
REBASED = """
    SELECT area_level, area_code, CAST(round(numerator, 6) AS INTEGER) FROM marts.rebased_values WHERE indicator_id = 'T01' AND grain = 'month'
    AND period_start = '2026-03-01' AND area_level IN ('district', 'community') AND numerator > 0 ORDER BY ALL"""
MEMBERS = "党员编号,组织编号,姓名,身份证号,手机号,出生日期,加入日期,转出日期"
UNREAD = ("姓名", "手机号")
ORGANISATIONS = text("org_id,org_name,org_level,area_code", "O1,甲支部,网格支部,A1", "O2,乙支部,网格支部,A2")
LINES = text("line_id,fiscal_year,fund,opening_amount", "L1,2026,运转经费,1000")


def members(*rows: str, good: int = 20) -> str:
    """Rows of members after so many good ones of O1; names and numbers are read from nowhere."""
    return text(
        MEMBERS,
        *(f"M{n},O1,欧阳慕蓉,440300198807011232,13912340001,1988-07-01,2015-07-01," for n in range(good)),
        *rows,
    )


def areas(*rows: str) -> str:
    """The ladder down to two streets in two districts, then these communities."""
    return text(
        "area_code,valid_from,valid_to,area_name,level,parent_code,successor_code,successor_weight", "C,2020-01-01,,小城,city,,,",
        "D1,2020-01-01,,一区,district,C,,", "D2,2020-01-01,,二区,district,C,,", "S1,2020-01-01,,一街道,street,D1,,",
        "S2,2020-01-01,,二街道,street,D2,,", *rows,
    )  # fmt: skip


def around_now(path: Path) -> None:
    """Tickets of three minutes ahead (a clock that is a little fast) and of ten."""
    now = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    ahead = [f"{now + timedelta(minutes=n):%Y-%m-%d %H:%M}" for n in (3, 10)]
    path.write_text(
        tickets(20, f"A,open,{ahead[0]},环境,,,", f"B,open,{ahead[1]},环境,,,", "C,open,2999-01-01,环境,,,")
    )


def no_value_leaves(city: SmallCity) -> None:
    """Neither ledger nor rejects nor landing nor messages have a name or a number that was sent."""
    result, said = load(city, "members")
    shown = [str(result), *said, str(city.rows("SELECT * FROM landing.rejects")), str(city.rows("SELECT * FROM landing.members"))]  # fmt: skip
    shown += [path.read_text("utf-8-sig") for path in city.open().rejects.glob("*.csv")]
    assert not [text for text in shown for word in ("欧阳慕蓉", "44030019880701123", "13912340001") if word in text]


ROWS = (
    Case("R1", "the same row twice", "counted once", (
        Load("meetings", (File("a.csv", meetings(5) + meetings(5).split("\n", 1)[1], Loaded(5, deduplicated=5)),), (("SELECT count(*) FROM landing.meetings", [(5,)]),)),
    )),
    Case("R2", "two versions of one row", "the later update wins, whatever the order; of two of the same time in one delivery neither counts, of two deliveries the later arrival", (
        Load("tickets", (File("a.csv", tickets(30, "D,open,2026-03-01,新,,,2026-03-03", "D,open,2026-03-01,旧,,,2026-03-02", "E,open,2026-03-01,甲,,,2026-03-02", "E,open,2026-03-01,乙,,,2026-03-02"),
             Loaded(31, ((34, "key.unique"), (35, "key.unique")), deduplicated=1)),), ((CATEGORY, [("新",)]), ("SELECT count(*) FROM landing.tickets WHERE ticket_id = 'E'", [(0,)]))),
        Load("tickets", (File("b.csv", text(TICKETS, "D,open,2026-03-01,更旧,,,2026-03-01"), Loaded(1), days=1),), ((CATEGORY, [("新",)]),)),
        Load("tickets", (File("c.csv", text(TICKETS, "D,open,2026-03-01,后到,,,2026-03-03"), Loaded(1), days=2),), ((CATEGORY, [("后到",)]),)),
    )),
    Case("R3", "resolved before it was accepted", "the row is rejected and in no figure", (
        Load("tickets", (File("a.csv", tickets(20, "X,resolved,2026-03-02 10:00,环境,,2026-03-01 10:00,"), Loaded(20, after(20, "resolved_before_accepted"))),),
             (("SELECT count(*) FROM landing.tickets WHERE ticket_id = 'X'", [(0,)]),)),
    )),
    Case("R4", "a status that its times contradict", "the row is rejected, by one of two rules; reopened since is no contradiction", (
        Load("tickets", (File("a.csv", text(TICKETS + ",reopened_at", *(f"T{n},open,2026-03-01,环境,,,," for n in range(30)),
             "X,closed,2026-03-01,环境,,,,", "Y,open,2026-03-01,环境,,2026-03-02,,", "Z,open,2026-03-01,环境,,2026-03-02,,2026-03-03"),
             Loaded(31, after(30, "closed_without_resolution", "open_with_resolution"))),)),
    )),
    Case("R5", "an area code that nobody knows", "the row is kept as unlocated, so that the city's total is right; above 1 % the file is stopped", (
        with_areas(),
        Load("tickets", (File("a.csv", tickets(600, *(f"X{n},open,2026-03-01,环境,X9,," for n in range(5)), "Y,open,2026-03-01,环境,,,", area="A1"),
             Loaded(606, guards={"unknown_areas.area_code": "warned"})),)),
        checks("2026-03-02T10:00:00+08:00", tickets__area_code__known=5),
        figures(RECEIVED, [("city", "C", 606), ("district", "D1", 600), ("district", "unlocated", 6)], tickets="2026-03-31 12:00"),
        Load("tickets", (File("b.csv", tickets(20, prefix="Z", area="X9"), Refused("guard_unknown_areas", ("20", "area_code")), days=1),)),
    )),
    Case("R6", "an area split in mid-year", "areas have stretches of validity, and every ticket counts where it lay on its day, one that still names the old area where that lay last; beside that stands the series on the areas of today, by the shares that the register gives; totals are conserved on both", (
        Load("areas", (File("areas.csv", areas("A1,2020-01-01,2026-03-15,甲社区,community,S1,A3;A4,0.7;0.3", "A3,2026-03-15,,甲一社区,community,S1,,", "A4,2026-03-15,,甲二社区,community,S2,,"), Loaded(8)),)),
        Load("tickets", (File("a.csv", tickets(10, *(f"X{n},open,2026-03-20,环境,{code},," for n, code in enumerate(["A3"] * 6 + ["A4"] * 4 + ["A1"])), area="A1"), Loaded(21)),)),
        figures(RECEIVED, [("city", "C", 21), ("district", "D1", 17), ("district", "D2", 4)], tickets="2026-03-31 12:00"),
        figures(REBASED, [("community", "A3", 13), ("community", "A4", 7), ("district", "D1", 14), ("district", "D2", 7)], tickets="2026-03-31 12:00"),
    )),
    Case("R7", "a code used again for another area", "an area is its code and the day from which it holds: figures of the one never count for the other", (
        Load("areas", (File("areas.csv", areas("A1,2020-01-01,2026-03-15,甲社区,community,S1,,", "A1,2026-03-15,,新社区,community,S2,,"), Loaded(7)),)),
        Load("tickets", (File("a.csv", tickets(10, "X,open,2026-03-20,环境,A1,,", area="A1"), Loaded(11)),)),
        figures(RECEIVED, [("city", "C", 11), ("district", "D1", 10), ("district", "D2", 1)], tickets="2026-03-31 12:00"),
        figures(REBASED, [("community", "A1", 1), ("community", "unlocated", 10)], tickets="2026-03-31 12:00"),
    )),
    Case("R8", "no key", "the row is rejected", (
        Load("meetings", (File("a.csv", meetings(20, ",驻点,2026-03-10,1", "—,驻点,2026-03-10,1"), Loaded(20, after(20, "meeting_id.required", "meeting_id.required"))),)),
    )),
    Case("R9", "a time in the future", "the row is rejected if it lies more than five minutes ahead", (
        Load("tickets", (File("a.csv", around_now, Loaded(21, after(21, "accepted_at.not_in_future", "accepted_at.not_in_future"))),)),
    )),
    Case("R10", "an absurd past", "the row is rejected", (
        Load("meetings", (File("a.csv", meetings(30, "X,驻点,1899-12-31,1", "Y,驻点,1970-01-01,1", "Z,驻点,0001-01-01,1"), Loaded(30, after(30, *["held_on.range"] * 3))),)),
    )),
    Case("R11", "a negative amount", "only a commitment taken back may be negative, else the row is rejected; a refund is its own kind", (
        Load("payments", (File("a.csv", payments(["100"] * 20) + text("X,L1,2026-03-10,支付,-5", "Y,L1,2026-03-10,退款,-5", "Z,L1,2026-03-10,退款,5", "W,L1,2026-03-10,承诺,-5"),
             Loaded(22, after(20, "negative_amount", "negative_amount"))),)),
    )),
    Case("R12", "an amount 10,000 times the usual", "a single one is noted, and stops the file if it makes most of the sum; a shift of the median stops it", (
        Load("payments", (File("a.csv", payments(["100"] * 20), Loaded(20, guards={"unit_slip.amount": "not_judged"})),)),
        Load("payments", (File("b.csv", payments([*["100"] * 20, "999000", "999000", "1000001"], "Q", "2026-03-11"), Loaded(23, guards={"unit_slip.amount": "warned"}), days=1),)),
        Load("payments", (File("d.csv", payments([*["100"] * 20, "1000001"], "S", "2026-03-11"), Refused("guard_unit_slip", ("10,000", "100 %")), days=1),)),
        Load("payments", (File("c.csv", payments(["1000000"] * 20, "R", "2026-03-12"), Refused("guard_unit_slip", ("1,000,000.00", "100.00")), days=2),)),
    )),
    Case("R13", "one person in two organisations or districts", "both memberships are kept; by its pseudonym the person counts once, so that districts add up to the city", (
        with_areas(),
        Load("organisations", (File("o.csv", ORGANISATIONS, Loaded(2)),)),
        Load("members", (File("m.csv", members("M0,O2,欧阳慕蓉,440300198807011232,13912340001,1988-07-01,2015-07-01,", *(f"N{n},O2,诸葛若兰,,,1990-01-01,2015-07-01," for n in range(12))), Loaded(33, ignored=UNREAD), done='as_of: "2026-03-01T08:00:00+08:00"\n'),),
             (("SELECT count(*), count(DISTINCT member_id) FROM landing.members", [(33, 32)]),)),
        figures("SELECT area_level, area_code, CAST(numerator AS INTEGER) FROM marts.indicator_values WHERE indicator_id = 'M04' AND grain = 'month' AND period_start = '2026-03-01' AND dimension = 'all' AND area_level IN ('city', 'district') AND numerator > 0 ORDER BY ALL",
                [("city", "C", 32), ("district", "D1", 20), ("district", "D2", 12)], members="2026-03-31 12:00", organisations="2026-03-31 12:00"),
    )),
    Case("R14", "a membership that ends before it starts, or overlaps itself", "the row is rejected; of two different rows of one member and organisation neither counts", (
        Load("members", (File("m.csv", members("X,O1,,,,1988-07-01,2015-07-01,2014-01-01", "Y,O1,,,,1988-07-01,2015-07-01,", "Y,O1,,,,1988-07-01,2016-07-01,", good=40),
             Loaded(40, after(40, "left_after_joined", "key.unique", "key.unique"), ignored=UNREAD)),)),
    )),
    Case("R15", "more paid than appropriated, or no budget line", "a payment without a line is kept, without area; a warning counts these, and another the lines that are overspent", (
        Load("budget_lines", (File("l.csv", LINES, Loaded(1)),)),
        Load("payments", (File("p.csv", payments(["100"] * 20) + "X,L9,2026-03-10,支付,5\n", Loaded(21)),)),
        checks("2026-03-12T10:00:00+08:00", payments__line_id__known=1, budget_lines__line_id__not_overspent=1),
    ), ("line_id.known", "line_id.not_overspent")),
    Case("R16", "a text of a megabyte, emoji, zero-width characters, writing from right to left", "kept whole", (
        Load("organisations", (File("a.csv", text("org_id,org_name,org_level", f"O1,{'支部' * 170_000},网格支部", "O2,😀\u200d👩 \u202eعربي\u200f甲\u200b乙,网格支部"), Loaded(2)),),
             (("SELECT length(org_name) FROM landing.organisations WHERE org_id = 'O1'", [(340_000,)]), ("SELECT org_name FROM landing.organisations WHERE org_id = 'O2'", [("😀\u200d👩 \u202eعربي\u200f甲\u200b乙",)]))),
    )),
    Case("R17", "spellings of one value", "brought to the contract's value by its list; an unknown one rejects the row", (
        Load("tickets", (File("a.csv", text(TICKETS, *(f"T{n},{status},2026-03-01,环境,,2026-03-02," for n, status in enumerate(["已办结", "办结", "RESOLVED", "已结", "结案"] * 5)), "X,快办完了,2026-03-01,环境,,2026-03-02,"),
             Loaded(25, after(25, "status.allowed"))),), (("SELECT status, count(*) FROM landing.tickets GROUP BY 1 ORDER BY 1", [("closed", 10), ("resolved", 15)]),)),
    )),
    Case("R18", "an identity number with a wrong check digit", "the row is rejected, its cell masked: the number is checked at the door and kept nowhere; numbers of 15 digits have no check digit, other documents are not judged; no message carries a personal value", (
        Load("members", (File("m.csv", members(
            *(f"X{n},O1,欧阳慕蓉,{number},13912340001,1988-07-01,2015-07-01," for n, number in enumerate(["440300198807011235", "44030019880701123", "440300198807011322"])),
            "440300198807011235,O1,欧阳慕蓉,440300198807011235,13912340001,440300198807011235,2015-07-01,",
            *(f"Y{n},O1,欧阳慕蓉,{number},13912340001,1988-07-01,2015-07-01," for n, number in enumerate(["11010519491231002x", "４４０５２４１８８００１０１００１４", "110105491231002", "E12345678", "4403**********1232", ""])),
            good=60), Loaded(66, (*after(60, *["id_number.check_digit"] * 3), (65, "birth_date.readable"), (65, "id_number.check_digit")), ignored=UNREAD)),),
            (("SELECT DISTINCT column_name, value FROM landing.rejects WHERE rule_id = 'id_number.check_digit'", [("id_number", "•••")]),
             ("SELECT rows_failed FROM landing.contract_results WHERE rule_id = 'id_number.check_digit'", [(4,)]))),
        no_value_leaves,
        Load("members", (File("all.csv", members("Z,O1,欧阳慕蓉,440300198807011235,13912340001,1988-07-01,2015-07-01,", good=0), Refused("nothing_left", ("1",), ("440300",)), days=1),)),
    )),
)  # fmt: skip
