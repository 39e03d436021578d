"""D1 to D12: faults of a delivery as a whole, of several deliveries, and of datasets side by side."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path

from small_city import ARRIVED, CONTRACTS, SmallCity, make_small_city

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
    mapping,
    meetings,
    text,
    tickets,
    with_areas,
)

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
    """Somebody answers for a delivery in overrides.yaml."""
    line = {
        "dataset": dataset,
        "guard": guard,
        "delivery": name,
        "who": "王主任",
        "why": "春节假期",
        "until": "2999-01-01",
    }
    return lambda city: (city.folder / "overrides.yaml").write_text(json.dumps([line], ensure_ascii=False)) and None


def passed_by_name(city: SmallCity) -> None:
    """The file that was stopped comes back by itself, is loaded, and the ledger keeps who answered and why."""
    (delivery,) = load(city, "tickets")[0].deliveries
    assert (delivery.file_name, delivery.outcome) == ("few.csv", "loaded")
    kept = city.rows(
        "SELECT outcome, override_who, override_why, override_until FROM landing.guard_results WHERE outcome = 'overridden'"
    )
    assert kept == [("overridden", "王主任", "春节假期", date(2999, 1, 1))]


def any_order(city: SmallCity) -> None:
    """Three deliveries with versions of the same tickets, and a full one, come to the same rows in any order."""
    first = ("1.csv", tickets(3, day=1), "delta"), ("2.csv", tickets(2, day=2, category="治安"), "delta")
    files = (*first, ("3.csv", tickets(1, "X,open,2026-03-03,环境,,,2026-03-03", day=3, category="交通"), "delta"))
    found = set()
    for n, order in enumerate(permutations(files)):
        other = make_small_city(city.folder.parent / f"order{n}")
        for place, (name, content, kind) in enumerate(order):
            other.drop("tickets", name, content, done=f"kind: {kind}\n", arrived=ARRIVED + timedelta(hours=place))
            if n % 2 or place == 2:
                load(other, "tickets")
        found.add(str(other.rows("SELECT ticket_id, category_1, updated_at FROM landing.tickets ORDER BY 1")))
    assert found == {
        str(
            [(f"T{i}", c, datetime(2026, 3, d, 2)) for i, c, d in ((1, "交通", 3), (2, "治安", 2), (3, "环境", 1))]
            + [("X", "环境", datetime(2026, 3, 2, 16))]
        )
    }  # noqa: DTZ001


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
    assert city.rows("SELECT meeting_id, kind, attendees FROM landing.meetings ORDER BY 1") == [
        ("G1", "visit", None),
        ("G2", "visit", 7),
    ]


def orgs(count: int, name: str = "支部", prefix: str = "O") -> str:
    return text("org_id,org_name,org_level", *(f"{prefix}{n},{name}{n},网格支部" for n in range(count)))


def mojibake(content: str) -> str:
    """What comes out when UTF-8 is taken for another encoding, as it happens at a source."""
    return content.replace("支部", "支部".encode().decode("gb18030", errors="replace"))


DATASETS = (
    Case("D1", "a tenth of the usual rows, or four times as many", "stopped by the median of earlier deliveries; somebody may answer for it by name, which is kept", (
        Load("tickets", days(4, 60)),
        Load("tickets", (File("few.csv", tickets(5, prefix="F", day=5), Refused("guard_row_count_band", ("5", "60")), days=1), File("many.csv", tickets(300, prefix="M", day=6), Refused("guard_row_count_band", ("300",)), days=2))),
        let_pass("tickets", "row_count_band", "few.csv"),
        passed_by_name,
    )),
    Case("D2", "data that has grown old", "a warning at every refresh, and the data cut on every page; never the clock's today", (
        Load("tickets", (File("a.csv", tickets(3), Loaded(3)),)),
        checks("2026-03-02T10:00:00+08:00", tickets__updated_at__fresh=0), checks("2026-03-04T10:00:00+08:00", tickets__updated_at__fresh=1),
    ), ("updated_at.fresh",)),
    Case("D3", "yesterday's file again", "the same bytes are passed over; the same rows and moments under other bytes are noted", (
        Load("tickets", (File("a.csv", tickets(30), Loaded(30)),)),
        Load("tickets", (File("b.csv", tickets(30), Untouched()),)),
        Load("tickets", (File("c.csv", tickets(30) + "\n", Loaded(30, guards={"repeated.updated_at": "warned"}), days=1),)),
    )),
    Case("D4", "updates that arrive late", "the rows, and so the figures of every period, are the same in any order of arrival", (any_order,),
         not_handled="every period is computed anew in each edition; no list says which published figures an update changed"),
    Case("D5", "rows deleted at the source", "a full delivery removes them and the removal is remembered; more than 1 % stop the file", (
        Load("tickets", (File("a.csv", tickets(30, day=1), Loaded(30), done="kind: full\n"),)),
        Load("tickets", (File("b.csv", tickets(28, "N,open,2026-03-02,环境,,,2026-03-02", day=1), Loaded(29, removed=2), done="kind: full\n", days=1),),
             (("SELECT row_key FROM landing.removals ORDER BY 1", [("T29",), ("T30",)]),)),
        Load("tickets", (File("late.csv", text(tickets(0).strip(), "T30,open,2026-03-01,环境,,,2026-03-01"), Loaded(1), days=2),), (("SELECT count(*) FROM landing.tickets WHERE ticket_id = 'T30'", [(0,)]),)),
        Load("tickets", (File("c.csv", tickets(20, day=1) + "N,open,2026-03-03,环境,,,2026-03-03\n", Refused("guard_deletions", ("8", "29")), done="kind: full\n", days=3),)),
    )),
    Case("D6", "one of three sources fails", "nothing is published and the last edition stays; a source with `on_failure: warn` goes on with what it gave last, under its own data cut", (nothing_is_mixed,), ("delivery_accepted",)),
    Case("D7", "sources of different days", "every dataset has its own data cut, and every figure is cut at that of its dataset", (
        Load("tickets", (File("a.csv", tickets(3), Loaded(3)),)),
        Load("meetings", (File("m.csv", PLAIN, Loaded(3)),), (("SELECT dataset, as_of FROM landing.deliveries ORDER BY 1", [("meetings", datetime.fromisoformat("2026-03-10T15:59:59")), ("tickets", datetime.fromisoformat("2026-03-01T02:00:00"))]),)),
        figures("SELECT dataset, as_of_on FROM marts.as_of WHERE dataset IN ('meetings', 'tickets') ORDER BY 1", [("meetings", date(2026, 3, 10)), ("tickets", date(2026, 3, 1))], tickets="2026-03-01 10:00", meetings="2026-03-10 23:59"),
    )),
    Case("D8", "a category that nobody had before", "noted if it makes more than a fifth of the rows", (
        Load("tickets", (File("a.csv", tickets(60), Loaded(60)),)),
        Load("tickets", (File("b.csv", tickets(60, prefix="B", day=2, category="低空经济"), Loaded(60, guards={"category_drift.category_1": "warned"}), days=1),)),
    )),
    Case("D9", "a new layout while the old one still comes", "both are taken, each by its mapping or by the spellings of the contract", (
        Load("meetings", (File("old.csv", meetings(2, prefix="A", header="会议编号,会议类型,召开日期,参加人数"), Loaded(2)), File("new.csv", meetings(2, prefix="B", header="meeting_id,kind,held_on,attendees"), Loaded(2)))),
        two_versions_of_a_layout,
    )),
    Case("D10", "an indicator is defined anew", "every figure carries the version of its definition, and an edition keeps what it published", (
        Load("tickets", (File("a.csv", tickets(3), Loaded(3)),)),
        figures("SELECT DISTINCT indicator_version FROM marts.indicator_values WHERE indicator_id = 'T01'", [(1,)], tickets="2026-03-31 12:00"),
    ), not_handled="the old and the new series are not computed side by side, and nothing marks the break"),
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
