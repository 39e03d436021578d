"""F1 to F51: faults of a file as a whole, of its bytes, its header, its cells and its place."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import resource
import socket
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastexcel
from small_city import ARRIVED, CONTRACTS, SmallCity

from faults.case import (
    HEADER,
    Case,
    File,
    Load,
    Loaded,
    Refused,
    Unsafe,
    Untouched,
    after,
    again,
    load,
    mapping,
    meetings,
    sheet,
    sheets,
    text,
    tickets,
    with_areas,
)
from pipelines.contracts.guard_model import parse_guards
from pipelines.ingest.extract import LARGEST

PLAIN = meetings(3)
DAYS = "SELECT DISTINCT held_on FROM landing.meetings"
COUNT = "SELECT count(*), sum(attendees) FROM landing.meetings"
THREE = (COUNT, [(3, Decimal(6))])
INSTANTS = "SELECT DISTINCT accepted_at, accepted_on FROM landing.tickets"
TEN = datetime.fromisoformat("2026-03-05T02:00:00")
ORGS = "org_id,org_name,org_level"
PERSON = "440300198807011232,O1,欧阳慕蓉,440300198807011232,13912340001,1988-07-01"
PEOPLE = "党员编号,组织编号,姓名,身份证号,手机号,出生日期"


def orgs(*names: str) -> str:
    return text(ORGS, *(f"O{n},{name},网格支部" for n, name in enumerate(names, start=1)))


def lines_of(amounts: list[str], header: str = "line_id,fiscal_year,fund,opening_amount") -> str:
    return text(header, *(f'L{n},2026,运转经费,"{amount}"' for n, amount in enumerate(amounts, start=1)))


def payments(amounts: list[str], prefix: str = "P", day: str = "2026-03-10") -> str:
    head = "payment_id,line_id,occurred_on,kind,amount"
    return text(head, *(f"{prefix}{n},L1,{day},支付,{amount}" for n, amount in enumerate(amounts, start=1)))


def floors(count: int, area: int) -> str:
    """So many facilities of one size."""
    return text("facility_id,kind,floor_area_m2", *(f"F{n},街道中心,{area}" for n in range(count)))


def packed(prefix: str = "Z", rows: int = 3) -> bytes:
    """A zip archive with a file of meetings."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("会议.csv", meetings(rows, prefix=prefix))
    return out.getvalue()


def sha(content: str) -> str:
    return f"sha256: {hashlib.sha256(content.encode()).hexdigest()}\n"


def table(book: Any, page: Any, top: int = 0) -> None:
    """Header and two meetings in a sheet, from row `top` on."""
    page.write_row(top, 0, HEADER.split(","))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for n in (1, 2):
        page.write_row(top + n, 0, [f"G{n}", "驻点"])
        page.write_datetime(top + n, 2, date(2026, 3, 10), day)
        page.write(top + n, 3, n)


def titled(book: Any, page: Any) -> None:
    page.merge_range("A1:D1", "2026年3月驻点联系登记表")
    page.write("A2", "填报单位：甲街道")
    table(book, page, 3)


def hidden_rows(book: Any, page: Any) -> None:
    table(book, page)
    page.set_row(2, None, None, {"hidden": True})


def hidden_sheet(book: Any, page: Any) -> None:
    page.write_row("A1", HEADER.split(","))
    page.write_row("A2", ["X9", "驻点", "2026-03-10", 99])
    page.hide()


def formula(book: Any, page: Any) -> None:
    table(book, page)
    page.write_formula("D3", "=1+1", None, "")


def identity(book: Any, page: Any) -> None:
    page.write_row("A1", PEOPLE.split(","))
    page.write_row("A2", ["M1", "O1", "欧阳慕蓉", 440300198807011232, "13912340001", "1988-07-01"])


def area_as_number(book: Any, page: Any) -> None:
    page.write_row("A1", ["ticket_id", "status", "accepted_at", "area_code"])
    for n in range(1, 11):
        page.write_row(n, 0, [f"T{n}", "open", "2026-03-01 10:00", 1001])


def with_part(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def bomb() -> bytes:
    """A workbook whose sheet unpacks to 150 MB."""
    rows = b"<row r='9'>" + b" " * (150 << 20) + b"</row></sheetData>"
    return with_part(sheet(table), "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", rows))


def in_little_memory(city: SmallCity) -> None:
    """The bomb of the step before, loaded again from its place in `refused/`, took no memory to speak of."""
    (path,) = (city.folder / "refused" / "meetings").glob("*bomb.xlsx")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    city.drop("meetings", "bomb2.xlsx", path.read_bytes() + b"\0")
    (delivery,) = [d for d in load(city, "meetings")[0].deliveries if d.file_name == "bomb2.xlsx"]
    assert delivery.outcome == "refused"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.parent.parent.parent / "elsewhere.csv"
    target.write_text(meetings(3, prefix="SECRET"), encoding="utf-8")
    path.symlink_to(target)


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def plug(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def over_the_cap(path: Path) -> None:
    """A file of 20 GB that takes no room: to hash it would take minutes."""
    path.write_text(HEADER + "\n", encoding="utf-8")
    os.truncate(path, LARGEST + 1)


def dribble(city: SmallCity) -> None:
    """A file that is written while loads go on is no delivery before it rests, and then a whole one."""
    content, written, go_on = meetings(400), threading.Event(), threading.Event()
    path = city.drop("meetings", "slow.csv", "")

    def write() -> None:
        with path.open("w", encoding="utf-8") as handle:
            for start in range(0, len(content), len(content) // 3):
                handle.write(content[start : start + len(content) // 3])
                handle.flush()
                written.set()
                go_on.wait(20)
                go_on.clear()

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        if written.wait(0.05):
            written.clear()
            assert load(city, "meetings")[0].deliveries == ()
        go_on.set()
    writer.join()
    assert load(city, "meetings")[0].deliveries == ()
    os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    (delivery,) = load(city, "meetings")[0].deliveries
    assert (delivery.outcome, delivery.rows_loaded) == ("loaded", 400)


def no_formula_leaves(city: SmallCity) -> None:
    """No cell of what is written for people begins like a formula; in the warehouse the text is as it was sent."""
    opened = city.open()
    (listed,) = opened.rejects.glob("*.csv")
    (book,) = opened.rejects.glob("*.xlsx")
    cells = re.findall(r"[^,\n]+", listed.read_text("utf-8-sig"))
    frame = fastexcel.read_excel(book).load_sheet(0, header_row=None, dtypes="string").to_polars()
    cells += [str(cell) for row in frame.rows() for cell in row if cell is not None]
    assert len(cells) > 20
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"))]


def one_delivery(city: SmallCity) -> None:
    """The same bytes once more, under the same and another name: one line in the ledger, the same rows."""
    city.drop("meetings", "a.csv", PLAIN, arrived=datetime(2026, 4, 11, tzinfo=UTC))
    city.drop("meetings", "copy.csv", PLAIN)
    assert load(city, "meetings")[0].deliveries == ()
    assert city.rows("SELECT file_name FROM landing.deliveries") == [("a.csv",)]
    assert city.rows(COUNT) == [(3, 6)]


def instants(*written: str) -> str:
    return text("ticket_id,status,accepted_at", *(f"T{n},open,{item}" for n, item in enumerate(written)))


CUT = meetings(8)[:-12]

FILES = (
    Case("F1", "cut in the middle of a row", "the file is refused, by its manifest or by its last row", (
        Load("meetings", (
            File("digest.csv", CUT + " ", Refused("manifest_sha256", ("SHA-256",)), done=sha(meetings(8))),
            File("rows.csv", CUT, Refused("cut_short"), done="rows: 8\n"),
            File("alone.csv", CUT[:-1], Refused("cut_short")),
        )),
    )),
    Case("F2", "cut exactly at a line end", "refused by the manifest; without one, when a full delivery lacks more rows than its guard allows, or one that adds rows has less than a tenth of the usual ones; a smaller cut of the latter is not seen", (
        Load("meetings", (
            File("digest.csv", meetings(5), Refused("manifest_sha256"), done=sha(meetings(8))),
            File("rows.csv", meetings(6), Refused("manifest_rows", ("6", "8")), done="rows: 8\n"),
        )),
        Load("organisations", (File("march.csv", orgs(*["支部"] * 20), Loaded(20)),)),
        Load("organisations", (File("april.csv", orgs(*["支部"] * 14), Refused("guard_deletions", ("6", "20")), days=1),)),
        Load("tickets", tuple(File(f"{n}.csv", tickets(60, prefix=f"D{n}-", day=n), Loaded(60), days=-30 + n) for n in range(1, 5))),
        Load("tickets", (
            File("tenth.csv", tickets(5, prefix="E", day=5), Refused("guard_row_count_band", ("5", "60")), days=1),
            File("half.csv", tickets(30, prefix="F", day=6), Loaded(30), days=2),
            File("half_told.csv", tickets(30, prefix="G", day=7), Refused("manifest_rows", ("30", "60")), done="rows: 60\n", days=3),
        )),
    )),
    Case("F3", "cut inside a character of several bytes", "the file is refused", (
        Load("meetings", (
            File("utf8.csv", (meetings(3) + "G4,驻点").encode()[:-1], Refused("cut_short")),
            File("gb.csv", (meetings(3) + "G4,驻点").encode("gb18030")[:-1], Refused("cut_short")),
            File("utf16.csv", meetings(3).encode("utf-16")[:-1], Refused("cut_short")),
        )),
    )),
    Case("F4", "0 bytes", "the file is refused", (
        Load("meetings", (
            File("empty.csv", b"", Refused("empty_file", ("0",))),
            File("empty.csv.gz", gzip.compress(b""), Refused("empty_file")),
        )),
    )),
    Case("F5", "a header and no rows", "the file is refused", (
        Load("meetings", (
            File("a.csv", HEADER + "\n", Refused("no_rows")), File("b.csv", HEADER, Refused("no_rows")),
            File("c.csv", HEADER + "\n\n\n", Refused("no_rows")),
        )),
    )),
    Case("F6", "no header", "the file is refused; its first row is not quoted where it may be a person", (
        Load("meetings", (File("a.csv", "G1,驻点,2026-03-10,20\nG2,驻点,2026-03-11,8\n", Refused("header_missing", ("1", "4"))),)),
        Load("members", (
            File("b.csv", text(PERSON, PERSON), Refused("duplicate_header", ("1", "4"), ("欧阳慕蓉", "440300"))),
            File("c.csv", text(PERSON.replace("440300198807011232,O1", "M1,O1")), Refused("header_missing", (), ("欧阳慕蓉", "440300"))),
        )),
    )),
    Case("F7", "a column too many", "ignored and listed; a contract with `extraColumns: refuse` refuses the file", (
        Load("meetings", (File("a.csv", text(HEADER + ",备注", "G1,驻点,2026-03-10,3,好"), Loaded(1, ignored=("备注",))),)),
        Load("meetings", (File("b.csv", text(HEADER + ",备注", "G2,驻点,2026-03-10,3,好"), Refused("extra_column", ("备注",))),),
             contract={"refuses_extra_columns": True}),
    )),
    Case("F8", "a column renamed", "refused with what was expected and found; a spelling of the contract or mapping is taken", (
        Load("meetings", (
            File("a.csv", PLAIN.replace("会议编号", "会议编号码"), Refused("missing_column", ("会议编号码", "会议类型"))),
            File("b.csv", PLAIN.replace("会议编号", "活动编号").replace("召开日期", "举办日期"), Loaded(3)),
        ), (THREE,)),
    )),
    Case("F9", "columns in another order", "bound by name", (
        Load("meetings", (File("a.csv", text("参加人数,召开日期,会议编号,会议类型", "7,2026-03-10,G1,驻点"), Loaded(1)),),
             (("SELECT meeting_id, kind, attendees FROM landing.meetings", [("G1", "visit", 7)]),)),
    )),
    Case("F10", "a header twice", "the file is refused", (
        Load("meetings", (
            File("a.csv", text(HEADER + ",参加人数", "G1,驻点,2026-03-10,3,4"), Refused("duplicate_header", ("4", "5"))),
            File("b.csv", text("会议编号,活动编号,会议类型,召开日期", "G1,G2,驻点,2026-03-10"), Loaded(1, ignored=("活动编号",))),
            File("c.csv", text("活动编号,meeting id,会议类型,召开日期", "G1,G2,驻点,2026-03-10"), Loaded(1, ignored=("活动编号",))),
            File("d.csv", text("会议编号,活动类型,类型,召开日期", "G1,驻点,驻点,2026-03-10"), Refused("ambiguous_header", ("活动类型", "类型"))),
        )),
    )),
    Case("F11", "a byte-order mark", "taken off", (
        Load("meetings", (File("a.csv", PLAIN.encode("utf-8-sig"), Loaded(3)),), (THREE,)),
    )),
    Case("F12", "GBK or GB18030", "decoded strictly if declared, or if the whole file proves it; else refused", (
        Load("organisations", (
            File("a.csv", text("组织编号,组织名称,组织层级", "O1,喆𠮷支部,网格支部").encode("gb18030"), Loaded(1)),
            File("b.csv", text(ORGS, "O2,喆支部,网格支部").encode("gbk"), Refused("not_utf8", ("2", "encoding"))),
        ), (("SELECT org_name FROM landing.organisations", [("喆𠮷支部",)]),)),
        mapping("organisations", "encoding: gbk\nkind: delta\n"),
        again("organisations", File("b.csv", b"", Loaded(1)), finds=(("SELECT org_name FROM landing.organisations ORDER BY 1", [("喆支部",), ("喆𠮷支部",)]),)),
    )),
    Case("F13", "UTF-16", "decoded by its mark; without one refused", (
        Load("meetings", (
            File("a.csv", PLAIN.encode("utf-16"), Loaded(3)),
            File("b.csv", b"\xfe\xff" + meetings(2, prefix="B").encode("utf-16-be"), Loaded(2)),
            File("c.csv", PLAIN.encode("utf-16-le"), Refused("not_a_table", ("UTF-16",))),
        ), (("SELECT count(*) FROM landing.meetings", [(5,)]),)),
    )),
    Case("F14", "lines of UTF-8 and of GBK in one file", "refused with the line", (
        Load("meetings", (
            File("a.csv", meetings(3).encode() + "G4,驻点,2026-03-10,4\n".encode("gbk"), Refused("mixed_encodings", ("5",))),
            File("b.csv", meetings(3).encode("gbk") + "G4,驻点,2026-03-10,4\n".encode(), Refused("mixed_encodings", ("5",))),
        )),
    )),
    Case("F15", "line ends of Windows and Unix in one file", "made one", (
        Load("meetings", (File("a.csv", PLAIN.replace("\n", "\r\n", 2), Loaded(3)),), (THREE,)),
    )),
    Case("F16", "line ends of old Macs", "read", (
        Load("meetings", (File("a.csv", PLAIN.replace("\n", "\r"), Loaded(3)),), (THREE,)),
    )),
    Case("F17", "a line end inside quotes", "kept as text", (
        Load("organisations", (File("a.csv", text(ORGS, 'O1,"甲\n""乙"",支部\r\n丙",网格支部', "O2,丁,网格支部"), Loaded(2)),),
             (("SELECT org_name FROM landing.organisations ORDER BY org_id", [('甲\n"乙",支部\r\n丙',), ("丁",)]),)),
    )),
    Case("F18", "a quote that is not closed", "refused with the line where it opens", (
        Load("organisations", (File("a.csv", text(ORGS, "O1,甲,网格支部", 'O2,"乙,网格支部', "O3,丙,网格支部"), Refused("unclosed_quote", ("3",))),)),
    )),
    Case("F19", "a stray quote inside a cell", "kept where it can only mean itself, else the row is rejected", (
        Load("organisations", (File("a.csv", orgs('5"管', *["支部"] * 18) + 'O20,"甲"乙,网格支部\n', Loaded(19, after(19, "file.row_shape"))),),
             (("SELECT org_name FROM landing.organisations WHERE org_id = 'O1'", [('5"管',)]),)),
    )),
    Case("F20", "another delimiter", "semicolons and tabs are told by the known names; any other must be declared, and what contradicts the header is refused", (
        Load("meetings", (
            File("a.csv", PLAIN.replace(",", ";"), Loaded(3)),
            File("b.csv", meetings(2, prefix="B").replace(",", "\t"), Loaded(2)),
            File("c.csv", meetings(2, prefix="C").replace(",", "|"), Refused("wrong_delimiter", ("|",))),
            File("d.csv", HEADER + "\n" + "D1;驻点;2026-03-10;1\nD2;驻点;2026-03-10;2\n", Refused("nothing_left", ("2",))),
        ), (("SELECT count(*) FROM landing.meetings", [(5,)]),)),
        mapping("meetings", 'delimiter: "|"\n'),
        again("meetings", File("c.csv", b"", Loaded(2))),
    )),
    Case("F21", "full-width commas in a text", "they are text", (
        Load("organisations", (File("a.csv", orgs("甲，乙，丙支部"), Loaded(1)),), (("SELECT org_name FROM landing.organisations", [("甲，乙，丙支部",)]),)),
    )),
    Case("F22", "a row with too few cells", "the row is rejected with its number", (
        Load("meetings", (File("a.csv", meetings(20, "X,驻点,2026-03-10", "Y,驻点,2026-03-10,1"), Loaded(21, after(20, "file.row_shape"))),)),
    )),
    Case("F23", "a row with too many cells, or a comma without quotes", "the row is rejected with its number", (
        Load("organisations", (File("a.csv", orgs(*["支部"] * 20) + "O21,甲,乙支部,网格支部\nO22,丙,网格支部\n", Loaded(21, after(20, "file.row_shape"))),)),
    )),
    Case("F24", "thousands separators", "read by a strict grammar; a separator in the wrong place rejects the row", (
        Load("budget_lines", (File("a.csv", lines_of(["1,200.50", "1,234,567"] + ["5000"] * 20 + ["1,20.5", "12,00"]),
             Loaded(22, after(22, "opening_amount.readable", "opening_amount.readable"))),),
             (("SELECT opening_amount FROM landing.budget_lines WHERE line_id IN ('L1', 'L2') ORDER BY 1", [(Decimal("1200.50"),), (Decimal("1234567.00"),)]),)),
    )),
    Case("F25", "full-width digits", "read as digits", (
        Load("meetings", (File("a.csv", text(HEADER, "G1,驻点,２０２６－０３－１０,２０"), Loaded(1)),),
             ((COUNT, [(1, 20)]), (DAYS, [(date(2026, 3, 10),)]))),
    )),
    Case("F26", "a unit other than the contract's", "never guessed: the row is rejected, a whole column refuses the file, a shift of the median by 10,000 stops it; a declared unit is multiplied exactly", (
        Load("budget_lines", (
            File("cell.csv", lines_of(["5"] * 20 + ["0.12万元"]), Loaded(20, after(20, "opening_amount.readable"))),
            File("column.csv", lines_of(["0.12万元"] * 20), Refused("nothing_left", ("20",))),
        )),
        Load("payments", (File("yuan.csv", payments(["100000"] * 20), Loaded(20)),)),
        Load("payments", (File("wan.csv", payments(["10"] * 20, "Q", "2026-03-11"), Refused("guard_unit_slip", ("10.00", "100,000.00")), days=1),)),
        mapping("budget_lines", "columns: {line_id: line_id, fiscal_year: fiscal_year, fund: fund, opening_amount: {column: opening_amount, unit: 万元}}\n"),
        Load("budget_lines", (File("declared.csv", lines_of(["0.12万元", "0.1234567", "3"]).replace("L", "W"), Loaded(3)),),
             (("SELECT opening_amount FROM landing.budget_lines WHERE starts_with(line_id, 'W') ORDER BY line_id", [(Decimal("1200.00"),), (Decimal("1234.57"),), (Decimal("30000.00"),)]),)),
    )),
    Case("F27", "negative amounts in brackets", "read as negative", (
        Load("budget_lines", (File("a.csv", text("line_id,fiscal_year,fund,opening_amount,adjustment_amount", "L1,2026,运转经费,5000,(1200.50)", 'L2,2026,运转经费,5000,"（1,200.50）"'), Loaded(2)),),
             (("SELECT DISTINCT adjustment_amount FROM landing.budget_lines", [(Decimal("-1200.50"),)]),)),
    )),
    Case("F28", "NaN, infinity, numbers out of range", "the row is rejected; only a mapping may say that `NaN` stands for nothing", (
        Load("budget_lines", (File("a.csv", lines_of(["5"] * 60 + ["inf", "-Infinity", "1e309", "nan", "NaN"]),
             Loaded(60, after(60, *["opening_amount.readable"] * 5))),)),
        Load("facilities", (File("a.csv", text("facility_id,kind,floor_area_m2", *(f"F{n},街道中心,5" for n in range(20)), "X,街道中心,1e309", "Y,街道中心,NaN"),
             Loaded(20, after(20, "floor_area_m2.readable", "floor_area_m2.readable"))),)),
        mapping("facilities", "null_tokens: [NaN]\n"),
        Load("facilities", (File("b.csv", text("facility_id,kind,floor_area_m2", *(f"F{n},街道中心,5" for n in range(20)), "Y,街道中心,NaN"), Loaded(21), days=1),),
             (("SELECT floor_area_m2 FROM landing.facilities WHERE facility_id = 'Y'", [(None,)]),)),
    )),
    Case("F29", "words for nothing", "empty, if contract or mapping list them; any other is no number", (
        Load("meetings", (File("a.csv", meetings(20, "a,驻点,2026-03-10,NULL", "b,驻点,2026-03-10,—", "c,驻点,2026-03-10,无", "d,驻点,2026-03-10,/", "e,驻点,2026-03-10,不详"),
             Loaded(24, after(24, "attendees.readable"))),),
             (("SELECT count(*) FROM landing.meetings WHERE attendees IS NULL", [(4,)]),)),
    )),
    Case("F30", "a day that does not exist", "the row is rejected", (
        Load("meetings", (File("a.csv", meetings(30, "a,驻点,2026-02-30,1", "b,驻点,2025-02-29,1", "c,驻点,2026-13-01,1"), Loaded(30, after(30, *["held_on.readable"] * 3))),)),
    )),
    Case("F31", "dates written in Chinese or with slashes", "read year first", (
        Load("meetings", (File("a.csv", text(HEADER, "a,驻点,2026年3月5日,1", "b,驻点,2026/3/5,1", "c,驻点,2026.3.5,1", "d,驻点,20260305,1", "e,驻点,2026-03-05 14:30,1"), Loaded(5)),),
             ((DAYS, [(date(2026, 3, 5),)]),)),
    )),
    Case("F32", "dates as serial numbers of Excel", "rejected unless the mapping declares their epoch (1900 or 1904); the file is then tried again by itself", (
        Load("meetings", (
            File("a.csv", text(HEADER, "a,驻点,46086.33,1", "b,驻点,46086,1"), Refused("nothing_left", ("2",))),
            File("some.csv", meetings(20, "c,驻点,46086,1"), Loaded(20, after(20, "held_on.readable"))),
        )),
        mapping("meetings", "recognise: true\ncolumns: {held_on: {column: 召开日期, excel_serial: 1900}}\n"),
        again("meetings", File("a.csv", b"", Loaded(2)), finds=(("SELECT DISTINCT held_on FROM landing.meetings WHERE meeting_id IN ('a', 'b')", [(date(2026, 3, 5),)]),)),
        mapping("meetings", "recognise: true\ncolumns: {held_on: {column: 召开日期, excel_serial: 1904}}\n"),
        Load("meetings", (File("mac.csv", text(HEADER, "m,驻点,44624,1"), Loaded(1)), File("mac.xlsx", sheet(table, date_1904=True), Loaded(2))),
             (("SELECT DISTINCT held_on FROM landing.meetings WHERE meeting_id = 'm'", [(date(2026, 3, 5),)]), ("SELECT held_on FROM landing.meetings WHERE meeting_id = 'G1'", [(date(2026, 3, 10),)]))),
    )),
    Case("F33", "day or month first", "refused unless the mapping declares the format; the file is then tried again by itself", (
        Load("meetings", (File("a.csv", text(HEADER, "a,驻点,05/03/2026,1", "b,驻点,13/03/2026,1"), Refused("nothing_left", ("2",))),)),
        mapping("meetings", 'formats: ["%d/%m/%Y"]\n'),
        again("meetings", File("a.csv", b"", Loaded(2)), finds=(("SELECT held_on FROM landing.meetings ORDER BY 1", [(date(2026, 3, 5),), (date(2026, 3, 13),)]),)),
    )),
    Case("F34", "times with and without an offset", "an offset counts; a time without one among times of its column that have one rejects the row, unless the mapping declares `time_zone`; where none has one they are of the city's zone; an impossible offset rejects the row", (
        Load("tickets", (File("mixed.csv", instants("2026-03-05T02:00:00Z", *["2026-03-05T10:00:00+08:00"] * 28, "2026-03-04T21:00:00-05:00", "2026-03-05 10:00", "2026-03-05T10:00:00+25:00", "2026-03-05"),
             Loaded(30, after(30, *["accepted_at.readable"] * 3), notes={"mixed_offsets": 2})),),
             ((INSTANTS, [(TEN, date(2026, 3, 5))]), ("SELECT value FROM landing.rejects ORDER BY source_row", [("2026-03-05 10:00:00",), ("2026-03-05T10:00:00+25:00",), ("2026-03-05 00:00:00",)]))),
        Load("tickets", (File("none.csv", instants(*["2026-03-05 10:00"] * 3), Loaded(3), days=1),), ((INSTANTS, [(TEN, date(2026, 3, 5))]),)),
        mapping("tickets", "time_zone: Asia/Shanghai\n"),
        Load("tickets", (File("declared.csv", instants("2026-03-05T02:00:00Z", "2026-03-05 10:00", "2026-03-05T10:00:00+08:00", *["2026-03-05 10:00"] * 20, "2026-03-05 10:00 CST"),
             Loaded(23, after(23, "accepted_at.readable")), days=2),), ((INSTANTS, [(TEN, date(2026, 3, 5))]),)),
    )),
    Case("F35", "codes that lost their zeros or became floating", "codes are text and keep what was sent; another form rejects the row, an unknown code is unlocated or stops the file", (
        with_areas(text("area_code,valid_from,area_name,level", "001001,2020-01-01,甲社区,community")),
        Load("tickets", (File("a.csv", tickets(20, "X,open,2026-03-01 10:00,环境,4.40101E+08,,", "Y,open,2026-03-01 10:00,环境,001001,,"), Loaded(21, after(20, "area_code.format"), guards={"unknown_areas.area_code": "passed"})),),
             (("SELECT area_code FROM landing.tickets WHERE ticket_id = 'Y'", [("001001",)]),)),
        Load("tickets", (File("b.xlsx", sheet(area_as_number), Refused("guard_unknown_areas", ("10", "area_code")), days=1),)),
    )),
    Case("F36", "identity numbers kept as numbers", "the file is refused: Excel keeps 15 digits. A workbook shows it by the kind of the cell, a text by `1.23E+17`, or by 18 digits that end in 000 in most rows; of shorter numbers the row is rejected", (
        Load("members", (
            File("a.xlsx", sheet(identity), Refused("number_for_text", ("D", "2"), ("4403",))),
            File("key.csv", text(PEOPLE, *(f"M{n},O1,,,,1988-07-01" for n in range(20)), "4.40301E+17,O1,欧阳慕蓉,,,1988-07-01"), Refused("number_for_text", ("1.23E+17",), ("4.40", "440301"))),
            File("door.csv", text(PEOPLE, "M1,O1,欧阳慕蓉,,,1988-07-01", "M2,O1,欧阳慕蓉,4.403011990010113e+17,,1988-07-01"), Refused("number_for_text", (), ("4.40",))),
            File("noughts.csv", text(PEOPLE, *(f"44030019880701{n}000,O1,欧阳慕蓉,,,1988-07-01" for n in range(1, 4)), "440300198807011232,O1,欧阳慕蓉,,,1988-07-01"), Refused("number_for_text", ("000",), ("44030019880701",))),
            File("chance.csv", text(PEOPLE, "440300198807011000,O1,欧阳慕蓉,,,1988-07-01", "440300198807012000,O1,欧阳慕蓉,,,1988-07-01", *(f"M{n},O1,,,,1988-07-01" for n in range(3))), Loaded(5, ignored=("姓名", "手机号"))),
        )),
        Load("tickets", (File("phone.csv", text("ticket_id,status,accepted_at,reporter_id", *(f"T{n},open,2026-03-01,R{n}" for n in range(20)), "X,open,2026-03-01,1.39E+10"), Loaded(20, after(20, "reporter_id.readable"))),)),
    )),
    Case("F37", "a row of totals at the end", "the row is rejected, so that no sum counts it", (
        Load("payments", (File("a.csv", payments(["100"] * 20) + "合计,,,,2000\n", Loaded(20, ((22, "kind.required"), (22, "line_id.required"), (22, "occurred_on.required")))),),
             (("SELECT sum(amount) FROM landing.payments", [(Decimal("2000.00"),)]),)),
    )),
    Case("F38", "NUL and other control characters", "taken out and counted", (
        Load("organisations", (File("a.csv", orgs("甲\x00\x1f支\x7f部"), Loaded(1, notes={"control_characters": 3})),), (("SELECT org_name FROM landing.organisations", [("甲支部",)]),)),
    )),
    Case("F39", "cells that a spreadsheet would run", "stored as sent; no cell of a list or workbook that is written begins like a formula", (
        Load("tickets", (File("a.csv", tickets(90, *(f"{mark}X{n},open,2026-02-30,{mark}cmd|A1,,," for n, mark in enumerate("=+-@＝＋－＠"))) + "Y,open,2026-03-01,=1+1,,,\n",
             Loaded(91, after(90, *["accepted_at.readable"] * 8))),),
             (("SELECT category_1 FROM landing.tickets WHERE ticket_id = 'Y'", [("=1+1",)]),)),
        no_formula_leaves,
    ), ("neutralised",)),
    Case("F40", "an error page saved as a table", "refused by its first bytes or its names", (
        Load("meetings", (
            File("a.csv", "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>\n", Refused("not_a_table")),
            File("b.csv", '{"error": "unauthorised", "status": 401}\n', Refused("not_a_table", ("JSON",))),
            File("c.csv", '<?xml version="1.0"?><Error/>', Refused("not_a_table")),
        )),
    )),
    Case("F41", "another form than the name says", "the form is told by the bytes; a name that says another one refuses the file, and so does anything that is no table", (
        Load("meetings", (
            File("a.csv", gzip.compress(PLAIN.encode()), Refused("wrong_extension", ("gzip", ".gz"))), File("b.csv", sheet(table), Refused("wrong_extension", ("Excel", ".xlsx"))),
            File("zip.csv", packed(), Refused("wrong_extension", ("zip", ".zip"))), File("text.xlsx", meetings(2, prefix="B"), Refused("wrong_extension", (".csv",))),
            File("c.csv", b"%PDF-1.7\n" + b"x" * 100, Refused("not_a_table", ("PDF",))), File("d.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, Refused("not_a_table")),
            File("e.gz", gzip.compress(PLAIN.encode())[:-9], Refused("cut_short")), File("f.csv.gz", gzip.compress(meetings(3, prefix="F").encode()), Loaded(3)), File("g.zip", packed("G", 2), Loaded(2)),
            File("unnamed", gzip.compress(meetings(2, prefix="H").encode()), Loaded(2)),
        )),
    )),
    Case("F42", "a merged title above the header", "the header is found by its names", (
        Load("meetings", (File("a.xlsx", sheet(titled), Loaded(2)),), (("SELECT meeting_id, held_on FROM landing.meetings ORDER BY 1", [("G1", date(2026, 3, 10)), ("G2", date(2026, 3, 10))]),)),
    )),
    Case("F43", "hidden sheets, rows and columns", "hidden sheets are not read unless named; hidden rows are, and noted; several sheets that may be meant are refused", (
        Load("meetings", (
            File("a.xlsx", sheets(hidden_rows, hidden_sheet), Loaded(2, notes={"hidden_rows": 1})),
            File("b.xlsx", sheets(table, table), Refused("which_sheet", ("表1", "表2"))),
        ), (("SELECT count(*) FROM landing.meetings WHERE meeting_id = 'X9'", [(0,)]),)),
    )),
    Case("F44", "formulas that were never calculated", "refused with the cell", (
        Load("meetings", (File("a.xlsx", sheet(formula), Refused("formula_without_value", ("D3",))),)),
    )),
    Case("F45", "a zip bomb, a line without end", "refused before it is parsed", (
        Load("meetings", (
            File("bomb.xlsx", bomb(), Refused("bomb", ("100",))),
            File("long.csv", (HEADER + "\n" + "G" * (66 << 20)).encode(), Refused("line_too_long")),
        )),
        in_little_memory,
    )),
    Case("F46", "a workbook that declares entities", "refused", (
        Load("meetings", (File("a.xlsx", with_part(sheet(table), "xl/workbook.xml", lambda xml: xml.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1)), Refused("unsafe_workbook")),)),
    )),
    Case("F47", "the same file again", "nothing happens: bytes that are loaded are never loaded twice", (
        Load("meetings", (File("a.csv", PLAIN, Loaded(3)),)), one_delivery,
    )),
    Case("F48", "the same name with other content", "a delivery of its own; of a full one the ledger notes how many rows are new, changed and gone; more than a fifth changed is marked, or stopped if the contract says so, as is more than the limit of deletions", (
        Load("organisations", (File("a.csv", orgs(*["支部"] * 20), Loaded(20)),)),
        Load("organisations", (File("a.csv", orgs(*["支部"] * 18, "改名支部") + "O21,新支部,网格支部\n", Loaded(20, removed=1, notes={"restated": 3}, guards={"changes": "passed"}), days=1),),
             (("SELECT file_name, rows_loaded, rows_removed FROM landing.deliveries ORDER BY as_of", [("a.csv", 20, 0), ("a.csv", 20, 1)]),
              ("SELECT org_name FROM landing.organisations WHERE org_id = 'O19'", [("改名支部",)]),
              ("SELECT regexp_extract_all(message_en, '[0-9]+ (?:rows are new|changed|no longer)') FROM landing.notes", [(["1 rows are new", "1 changed", "1 no longer"],)]))),
        Load("organisations", (File("a.csv", orgs(*["支部"] * 9), Refused("guard_deletions", ("11", "20")), days=2),)),
        Load("facilities", (File("f.csv", floors(30, 5), Loaded(30)),)),
        Load("facilities", (File("f.csv", floors(30, 6), Loaded(30, notes={"restated": 30}, guards={"changes": "warned"}), days=1),)),
        Load("facilities", (File("f.csv", floors(30, 7), Refused("guard_changes", ("30", "20 %")), days=2),),
             contract={"guards": parse_guards([{"kind": "changes", "onFailure": "block"}], CONTRACTS["facilities"].columns)}),
    )),
    Case("F49", "a file that is still being written", "it waits until nobody has written to it for a while, or its manifest says that it is whole", (
        Load("meetings", (
            File("fresh.csv", meetings(2, prefix="A"), Untouched(waits=True), fresh=True), File("half.csv.part", meetings(2, prefix="B"), Untouched()),
            File("done.csv", meetings(2, prefix="C"), Loaded(2), done=sha(meetings(2, prefix="C")), fresh=True),
            File("cut.csv", meetings(2, prefix="D"), Untouched(waits=True), done=sha(meetings(3, prefix="D")), fresh=True),
        )),
        dribble,
    ), ("waits",)),
    Case("F50", "links, pipes, sockets, folders, names that mislead", "named in the run, neither opened nor moved", (
        Load("meetings", (
            File("link.csv", link, Unsafe("not_a_file", ("link.csv", "符号链接", "symbolic link"))), File("zero.csv", link_to_device, Unsafe("not_a_file", ("zero.csv",))),
            File("pipe.csv", fifo, Unsafe("not_a_file", ("pipe.csv", "管道", "pipe"))), File("socket.csv", plug, Unsafe("not_a_file", ("socket.csv",))),
            File("folder.csv", Path.mkdir, Unsafe("not_a_file", ("folder.csv", "文件夹", "folder"))),
            File("a\nb.csv", PLAIN, Unsafe("unsafe_name", ("a�b.csv",))), File("长" * 67 + ".csv", PLAIN, Unsafe("unsafe_name", ("200",))),
            File("good.csv", PLAIN, Loaded(3)),
        ), (("SELECT count(*) FROM landing.meetings", [(3,)]),)),
    )),
    Case("F51", "larger than the cap, or ten million columns", "refused; a file over the cap is not even hashed, and stays where it is", (
        Load("meetings", (File("big.csv", over_the_cap, Unsafe("too_large", ("big.csv", "20,000 MB"))), File("ok.csv", PLAIN, Loaded(3)))),
        Load("meetings", (File("wide.csv", "," * 10_000_000 + "\n1\n", Refused("too_many_columns", ("2000",))),)),
    )),
)  # fmt: skip
