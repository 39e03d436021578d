"""D1 to D12: faults of a delivery as a whole, of several deliveries, and of datasets side by side."""

from __future__ import annotations

import http.server
import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from small_city import ARRIVED, CONTRACTS, SmallCity, make_small_city
from town import Town, quick, ticket

from faults.case import (
    Case,
    File,
    Load,
    Loaded,
    Refused,
    Step,
    Untouched,
    checks,
    figures,
    load,
    meetings,
    text,
    tickets,
    with_areas,
)
from pipelines.figure import series
from pipelines.ingest.fetching import SourceFailed

PLAIN = meetings(3)


def days(count: int, rows: int, **more: str) -> tuple[File, ...]:
    """So many daily files of tickets."""
    return tuple(
        File(f"{n}.csv", tickets(rows, prefix=f"D{n}-", day=n, **more), Loaded(rows), days=-30 + n)
        for n in range(1, count + 1)
    )


def both_districts(n: int) -> File:
    """A daily file with 20 tickets of either district."""
    rows = (
        tickets(20, prefix=f"E{n}-", area="A1", day=n)
        + tickets(20, prefix=f"F{n}-", area="A2", day=n).split("\n", 1)[1]
    )
    return File(f"{n}.csv", rows, Loaded(40), days=-30 + n)


def let_pass(dataset: str, guard: str, name: str) -> Step:
    """A step in which somebody answers for a delivery in overrides.yaml."""
    line = {
        "dataset": dataset, "guard": guard, "delivery": name, "who": "王主任", "why": "春节假期", "until": "2999-01-01",
    }  # fmt: skip

    def step(city: SmallCity) -> None:
        (city.folder / "overrides.yaml").write_text(json.dumps([line], ensure_ascii=False), encoding="utf-8")

    return step


def passed_by_name(city: SmallCity) -> None:
    """The file that was stopped comes back by itself, is loaded, and the ledger keeps who answered and why."""
    found = {delivery.file_name: delivery.outcome for delivery in load(city, "tickets")[0].deliveries}
    assert found == {"few.csv": "loaded", "many.csv": "refused"}
    kept = city.rows(
        "SELECT outcome, override_who, override_why, override_until FROM landing.guard_results WHERE outcome = 'overridden'"
    )
    assert kept == [("overridden", "王主任", "春节假期", date(2999, 1, 1))]


def any_order(city: SmallCity) -> None:
    """Three deliveries with versions of the same tickets come to the same rows in whatever order they are loaded."""
    files = {
        "1.csv": tickets(3, day=1), "2.csv": tickets(2, day=2, category="治安"),
        "3.csv": tickets(1, "X,open,2026-03-03,环境,,,2026-03-03", day=3, category="交通"),
    }  # fmt: skip
    for order in (("3.csv", "2.csv", "1.csv"), ("2.csv", "3.csv", "1.csv")):
        other = make_small_city(city.folder.parent / "-".join(order))
        for place, name in enumerate(order):
            other.drop("tickets", name, files[name], arrived=ARRIVED + timedelta(hours=place))
            load(other, "tickets")
        found = other.rows("SELECT ticket_id, category_1, CAST(updated_at AS VARCHAR) FROM landing.tickets ORDER BY 1")
        assert found == [
            ("T1", "交通", "2026-03-03 02:00:00"), ("T2", "治安", "2026-03-02 02:00:00"),
            ("T3", "环境", "2026-03-01 02:00:00"), ("X", "环境", "2026-03-02 16:00:00"),
        ]  # fmt: skip


def late_updates_are_restated(city: SmallCity) -> None:
    """Of a late update every final figure that it changes is a line with its cause; no other period has one."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        town = Town.make(city.folder.parent / "town")
        town.deliver([ticket(1), ticket(2, month=4)])
        first = town.publish()
        town.deliver([ticket(1, days=9, updated_at="2026-04-20 10:00")])
        second = town.publish()
    lines = "FROM marts.restatements WHERE kind = 'restatement' AND grain = 'month'"
    assert town.ask(second, f"SELECT DISTINCT causes, evidence, was_edition {lines}") == [
        ("changed_rows", "figure", first)
    ]
    assert town.ask(second, f"SELECT DISTINCT CAST(period_start AS VARCHAR) {lines}") == [("2026-03-01",)]
    found = f"SELECT was_value, is_value, why_zh, why_en {lines} AND indicator_id = 'T03' AND area_code = 'A1' AND dimension = 'all'"
    assert town.ask(second, found) == [(1, 0, "1 个变更的行", "1 changed rows")]


def both_series(city: SmallCity) -> None:
    """After a new version of a definition the figures by the old one stand beside those by the new one, up to the break."""
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        town = Town.make(city.folder.parent / "town")
        town.deliver([ticket(1), ticket(2, days=9)])
        first = town.publish()
        town.change(
            "UPDATE marts.indicators SET version = 2 WHERE indicator_id = 'T03'; UPDATE cube.figures SET indicator_version = 2,"
            " numerator = 2, value = 1, lower = 0.3, upper = 1, status = 'met' WHERE indicator_id = 'T03' AND denominator = 2"
        )
        second = town.publish_as_is()
    with duckdb.connect(str(town.file(second)), read_only=True) as con:
        found = [row for row in series(con, "T03", "A1", "month") if str(row["period_start"]) == "2026-03-01"]
        ends = [row["indicator_version"] for row in series(con, "T03", "A1", "month") if row["is_break"]]
    assert [(row["indicator_version"], row["value"], row["last_edition"]) for row in found] == [
        (1, 0.5, first),
        (2, 1, None),
    ]
    assert ends == [1]
    assert town.ask(second, "SELECT DISTINCT causes, was_version, is_version FROM marts.restatements WHERE kind = 'restatement'") == [("definition", 1, 2)]  # fmt: skip


def nothing_is_mixed(city: SmallCity) -> None:
    """One of three datasets is refused: what depends on all of them does not run, so nothing is published."""
    import dagster as dg

    from pipelines.definitions import build_defs
    from pipelines.schedules import NIGHTLY

    city.drop("meetings", "good.csv", meetings(3))
    city.drop("meetings", "bad.csv", "<html>")
    city.drop("tickets", "t.csv", tickets(3))
    job = build_defs(city.open()).resolve_job_def(NIGHTLY)
    names = [["landing", "areas"], ["landing", "tickets"], ["landing", "meetings"], ["landing", "relations"]]
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            asset_selection=[dg.AssetKey(name) for name in names], instance=instance, raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )  # fmt: skip
    made = {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}
    assert not result.success
    assert made == {"areas", "tickets", "meetings"}  # the good rows are kept, and nothing after them ran
    (check,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "delivery_accepted" and not e.passed]
    assert check.asset_key.path == ["landing", "meetings"]
    assert not city.open().published.exists()


class _Source(http.server.ThreadingHTTPServer):
    """An Open311 endpoint with one request, until it is told to refuse."""

    refuses = False


class _Answers(http.server.BaseHTTPRequestHandler):
    server: _Source

    def do_GET(self) -> None:
        at = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        request = {"service_request_id": "R1", "status": "open", "requested_datetime": at, "updated_datetime": at}
        body = json.dumps([request]).encode()
        self.send_response(403 if self.server.refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def goes_on_with_what_it_gave_last(city: SmallCity) -> None:
    """A source that gives nothing stops the refresh, or, with `on_failure: warn`, leaves its last data and data cut."""
    city.mapping("tickets", "columns: {ticket_id: service_request_id, status: status, accepted_at: requested_datetime, updated_at: updated_datetime}\n")  # fmt: skip
    cuts = "SELECT as_of, rows_loaded FROM landing.deliveries WHERE dataset = 'tickets' AND outcome = 'loaded' AND file_name LIKE 'source-%'"
    with _Source(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def configure(on_failure: str) -> None:
            open311 = {"url": f"http://127.0.0.1:{server.server_port}/v2/"}
            city.settings(sources={"tickets": {"open311": open311, "name": "source", "on_failure": on_failure}})

        configure("warn")
        load(city, "tickets")
        before = city.rows(cuts)
        assert [rows for _, rows in before] == [1]
        server.refuses = True
        result, _ = load(city, "tickets")
        assert (result.deliveries, result.refused, city.rows(cuts)) == ((), (), before)
        assert city.rows("SELECT code FROM landing.notes WHERE dataset = 'tickets'") == [("source_failed",)]
        configure("block")
        with pytest.raises(SourceFailed, match="source"):
            load(city, "tickets")
        server.shutdown()


def two_versions_of_a_layout(city: SmallCity) -> None:
    """The old and the new layout of a source lie side by side, each with its mapping."""
    for name, header in (("v1", "编号,种类,日期"), ("v2", "会议号,种类代码,日期,人数")):
        folder = city.folder / name
        folder.mkdir()
        rows = "G1,驻点,2026-03-10" if name == "v1" else "G2,V,2026-03-11,7"
        path = folder / "m.csv"
        path.write_text(text(header, rows), encoding="utf-8")
    city.mapping("m_v1", "columns: {meeting_id: 编号, kind: 种类, held_on: 日期}\n")
    city.mapping(
        "m_v2",
        "columns: {meeting_id: 会议号, kind: {column: 种类代码, values: {V: visit}}, held_on: 日期, attendees: 人数}\n",
    )
    city.settings(
        settle_seconds=0,
        sources={"meetings": [{"files": ["v1/*.csv"], "mapping": "m_v1"}, {"files": ["v2/*.csv"], "mapping": "m_v2"}]},
    )
    assert [d.outcome for d in load(city, "meetings")[0].deliveries] == ["loaded", "loaded"]
    assert city.rows(
        "SELECT meeting_id, kind, attendees FROM landing.meetings WHERE meeting_id LIKE 'G%' ORDER BY 1"
    ) == [
        ("G1", "visit", None),
        ("G2", "visit", 7),
    ]


def orgs(count: int, name: str = "党建", prefix: str = "O") -> str:
    return text("org_id,org_name,org_level", *(f"{prefix}{n},{name}{n},网格支部" for n in range(count)))


def paid(count: int, payee: str) -> str:
    """Payments to one kind of payee."""
    head = "payment_id,line_id,occurred_on,kind,amount,payee_category"
    return text(head, *(f"{payee}{n},L1,2026-03-10,支付,100,{payee}" for n in range(count)))


def mojibake(content: str) -> str:
    """What comes out when UTF-8 is taken for another encoding, as it happens at a source."""
    return content.replace("党建", "党建".encode().decode("gb18030", errors="replace"))


DATASETS = (
    Case("D1", "a tenth of the usual rows, or four times as many", "stopped by the median of earlier deliveries; somebody may answer for it by name, which is kept", (
        Load("tickets", days(4, 60)),
        Load("tickets", (File("few.csv", tickets(5, prefix="F", day=5), Refused("guard_row_count_band", ("5", "60")), days=1), File("many.csv", tickets(600, prefix="M", day=6), Refused("guard_row_count_band", ("600",)), days=2))),
        let_pass("tickets", "row_count_band", "few.csv"),
        passed_by_name,
    )),
    Case("D2", "data that has grown old", "a warning at every refresh, and the data cut on every page; never the clock's today", (
        Load("tickets", (File("a.csv", tickets(3), Loaded(3)),)),
        checks("2026-03-02T10:00:00+08:00", tickets__updated_at__fresh=0), checks("2026-03-04T10:00:00+08:00", tickets__updated_at__fresh=1),
    ), ("updated_at.fresh",)),
    Case("D3", "yesterday's file again", "the same bytes are passed over; the same rows and moments under other bytes are noted", (
        Load("meetings", (File("a.csv", meetings(30), Loaded(30)),)),
        Load("meetings", (File("b.csv", meetings(30), Untouched()),)),
        Load("meetings", (File("c.csv", meetings(30) + "\n", Loaded(30, guards={"repeated.held_on": "warned"}), days=1),)),
    )),
    Case("D4", "updates that arrive late", "the rows, and so the figures of every period, are the same in any order of arrival; every final figure that a late update changes is listed in `marts.restatements` with what it was and why, and no other", (any_order, late_updates_are_restated)),
    Case("D5", "rows deleted at the source", "a full delivery removes them and the removal is remembered; more than 1 % stop the file", (
        Load("tickets", (File("a.csv", tickets(30, day=1), Loaded(30), done="kind: full\n"),)),
        Load("tickets", (File("b.csv", tickets(28, "N,open,2026-03-02,环境,,,2026-03-02", day=1), Loaded(29, removed=2), done="kind: full\n", days=1),),
             (("SELECT row_key FROM landing.removals ORDER BY 1", [("T29",), ("T30",)]),)),
        Load("tickets", (File("late.csv", text(tickets(0).strip(), "T30,open,2026-03-01,环境,,,2026-03-01"), Loaded(1), days=2),), (("SELECT count(*) FROM landing.tickets WHERE ticket_id = 'T30'", [(0,)]),)),
        Load("tickets", (File("c.csv", tickets(20, day=1) + "N,open,2026-03-03,环境,,,2026-03-03\n", Refused("guard_deletions", ("8", "29")), done="kind: full\n", days=3),)),
    )),
    Case("D6", "one of three sources fails", "nothing is published and the last edition stays; a source with `on_failure: warn` goes on with what it gave last, under its own data cut", (nothing_is_mixed, goes_on_with_what_it_gave_last), ("delivery_accepted", "source_failed")),
    Case("D7", "sources of different days", "every dataset has its own data cut, and every figure is cut at that of its dataset", (
        Load("payments", (File("p.csv", paid(3, "社区"), Loaded(3)),)),
        Load("meetings", (File("m.csv", PLAIN.replace("2026-03-10", "2026-03-05"), Loaded(3)),),
             (("SELECT dataset, CAST(as_of AS VARCHAR) FROM landing.deliveries ORDER BY 1", [("meetings", "2026-03-05 15:59:59"), ("payments", "2026-03-10 15:59:59")]),)),
        figures("SELECT dataset, as_of_on FROM marts.as_of WHERE dataset IN ('meetings', 'payments') ORDER BY 1", [("meetings", date(2026, 3, 5)), ("payments", date(2026, 3, 10))], payments="2026-03-10 23:59", meetings="2026-03-05 23:59"),
    )),
    Case("D8", "a category that nobody had before", "noted if it makes more than a fifth of the rows", (
        Load("payments", (File("a.csv", paid(60, "社区"), Loaded(60)),)),
        Load("payments", (File("b.csv", paid(60, "低空经济"), Loaded(60, guards={"category_drift.payee_category": "warned"}), days=1),)),
    )),
    Case("D9", "a new layout while the old one still comes", "both are taken, each by its mapping or by the spellings of the contract; a spelling that has a last day refuses the file after it", (
        Load("meetings", (File("old.csv", meetings(2, prefix="A", header="会议编号,会议类型,召开日期,参加人数"), Loaded(2)), File("new.csv", meetings(2, prefix="B", header="meeting_id,kind,held_on,attendees"), Loaded(2)))),
        two_versions_of_a_layout,
        lambda city: city.settings(),
        Load("meetings", (
            File("last_day.csv", meetings(2, prefix="C", header="会议编号,会议类型,开会那天,参加人数"), Loaded(2)),
            File("day_after.csv", meetings(2, prefix="D", header="会议编号,会议类型,开会那天,参加人数"), Refused("spelling_ended", ("开会那天", "2026-04-10")), days=1),
            File("new.csv", meetings(2, prefix="E"), Loaded(2), days=1),
        ), contract={"columns": tuple(replace(c, synonyms=(*c.synonyms, "开会那天"), until={"开会那天": ARRIVED.date()}) if c.name == "held_on" else c for c in CONTRACTS["meetings"].columns)}),
    )),
    Case("D10", "an indicator is defined anew", "every figure carries the version of its definition; those by the old one stand beside the new ones in `marts.earlier_versions`, up to the break, and each that changed is restated", (
        Load("meetings", (File("a.csv", PLAIN, Loaded(3)),)),
        figures("SELECT DISTINCT indicator_version FROM marts.indicator_values WHERE indicator_id = 'L03'", [(1,)], meetings="2026-03-31 12:00"),
        both_series,
    )),
    Case("D11", "a district is missing", "stopped if the last four deliveries all had it", (
        with_areas(),
        Load("tickets", tuple(both_districts(n) for n in range(1, 5))),
        Load("tickets", (File("one.csv", tickets(40, prefix="G", area="A1", day=5), Refused("guard_missing_partition", ("D2",)), days=1),)),
    )),
    Case("D12", "the encoding was repaired upstream, and every name or key changes", "stopped, with the cause that is likely", (
        Load("organisations", (File("a.csv", mojibake(orgs(20)), Loaded(20)),)),
        Load("organisations", (File("b.csv", orgs(20), Refused("guard_key_stability", ("20", "org_name")), days=1),)),
        Load("areas", (File("a.csv", text("area_code,valid_from,area_name,level", *(f"A{n},2020-01-01,{n},community" for n in range(20))), Loaded(20)),)),
        Load("areas", (File("b.csv", text("area_code,valid_from,area_name,level", *(f"001{n},2020-01-01,{n},community" for n in range(20))), Refused("guard_key_stability", ("20", "area_code")), days=1),)),
    )),
)  # fmt: skip
