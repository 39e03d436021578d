"""Sentences of insights: what they claim is what the evidence supports, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from editions import publish as publish_made_up
from hypothesis import given, settings
from hypothesis import strategies as st
from intervals import wilson
from scipy.stats import false_discovery_control
from streamlit.testing.v1 import AppTest
from test_dashboard import ENTRY
from town import Town, quick, ticket

from dashboards import data, formats
from pipelines import wording
from pipelines.catalogue import Indicator, load_catalogue, load_standards, write_reference
from pipelines.computed import run_computed
from pipelines.figures import changes, comparisons, control_limits, insights
from pipelines.insights.candidates import MONTHS, false_discovery_rates
from pipelines.paths import CONTRACTS
from pipelines.statistics.decomposition import rate_and_mix

CATALOGUE = load_catalogue(CONTRACTS / "indicators.yaml")
KINDS = {entry.id: entry for entry in CATALOGUE.indicators}
FLOWS = ("T01", "T02", "T03", "T05")
VALUES = {
    "indicator_id": pl.String, "grain": pl.String, "period_start": pl.Date, "area_level": pl.String, "area_code": pl.String,
    "dimension": pl.String, "member": pl.String, "numerator": pl.Float64, "denominator": pl.Float64, "excluded": pl.Int64,
    "pending": pl.Int64, "value": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "target": pl.Float64, "status": pl.String,
}  # fmt: skip
PLACES = [
    ("D1", "东区", "East", "district", "C"), ("D2", "西区", "West", "district", "C"),
    ("S1", "一街道", "First Street", "street", "D1"), ("K1", "甲社区", "Alpha", "community", "S1"),
]  # fmt: skip
LEVELS = {"C": "city"} | {code: level for code, _, _, level, _ in PLACES}
CHANGED = re.compile("上升|下降|rose|fell")
#: Kinds that say where a change comes from; they stand beside a claim and name only parts that changed themselves.
CLAIMS_OF_ORIGIN = frozenset({"parts_named", "parts_spread"})


def city() -> duckdb.DuckDBPyConnection:
    """A city of two districts with the shipped catalogue, its data cut on 31 March 2026, and no figure yet."""
    con = duckdb.connect(config={"threads": 2})
    for schema in ("marts", "core"):
        con.execute(f"CREATE SCHEMA {schema}")
    write_reference(
        con, CATALOGUE, load_standards(CONTRACTS / "standards.yaml"), area_code="C", name_zh="城", name_en="City", time_zone="UTC",
        currency="CNY", fiscal_year_start=1, language="zh", people_minimum=10,
        as_of=[(name, datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)) for name in ("tickets", "organisations", "payments", "members")],
    )  # fmt: skip
    con.execute(
        "CREATE TABLE marts.indicators AS FROM reference.indicators; CREATE TABLE marts.city AS FROM reference.city"
    )
    con.execute("CREATE TABLE marts.open_refusals (dataset VARCHAR)")
    con.execute("CREATE TABLE core.indicator_periods (indicator_id VARCHAR, time_kind VARCHAR)")
    con.executemany(
        "INSERT INTO core.indicator_periods VALUES (?, ?)", [(i, "flow" if i in FLOWS else "stock") for i in KINDS]
    )
    con.execute(
        "CREATE TABLE marts.areas (area_code VARCHAR, area_name VARCHAR, area_name_en VARCHAR, level VARCHAR, "
        "parent_code VARCHAR, area_kind VARCHAR, valid_from DATE);"
        "CREATE TABLE core.area_paths (area_code VARCHAR, valid_from DATE, valid_to DATE, level VARCHAR, "
        "district_code VARCHAR, street_code VARCHAR)"
    )  # fmt: skip
    for place in PLACES:
        add_area(con, *place)
    return con


def add_area(con: duckdb.DuckDBPyConnection, code: str, zh: str, en: str, level: str, parent: str) -> None:
    """An area in force since 2020; streets lie in D1, communities in S1."""
    con.execute("INSERT INTO marts.areas VALUES (?, ?, ?, ?, ?, 'urban', '2020-01-01')", [code, zh, en, level, parent])
    district = code if level == "district" else "D1"
    street = None if level == "district" else code if level == "street" else parent
    con.execute(
        "INSERT INTO core.area_paths VALUES (?, '1000-01-01', '9999-12-31', ?, ?, ?)", [code, level, district, street]
    )


def rate(indicator: str, area: str, hits: int, cases: int, month: str = "2026-02", **rest: Any) -> dict[str, Any]:
    """A proportion with its interval, its target and the status that follows from them."""
    lower, upper = (float(bound[0]) for bound in wilson(np.array([float(hits)]), np.array([float(cases)])))
    goal, value = load_standards(CONTRACTS / "standards.yaml").targets.get(indicator), hits / cases
    status = None if goal is None else "met" if value >= goal else "watch" if upper >= goal else "missed"
    return figure(indicator, area, value, month, numerator=hits, denominator=cases, lower=lower, upper=upper, target=goal,
                  status=status) | rest  # fmt: skip


def figure(indicator: str, area: str, value: float | None, month: str = "2026-02", **rest: Any) -> dict[str, Any]:
    """Any figure of a month."""
    return {
        "indicator_id": indicator, "grain": "month", "period_start": date.fromisoformat(f"{month}-01"), "area_code": area,
        "area_level": LEVELS.get(area, "community"), "dimension": "all", "member": "all", "value": value, "excluded": 0, "pending": 0,
    } | rest  # fmt: skip


def tell(figures: Iterable[Mapping[str, Any]], con: duckdb.DuckDBPyConnection | None = None) -> pl.DataFrame:
    """The sentences of hand-written figures."""
    con = con or city()
    frame = pl.DataFrame([{name: row.get(name) for name in VALUES} for row in figures], schema=VALUES, strict=False)
    con.register("_figures", frame.to_arrow())
    con.execute("CREATE OR REPLACE TABLE marts.indicator_values AS SELECT * FROM _figures")
    con.unregister("_figures")
    for table in (comparisons, changes, control_limits, insights):
        run_computed(con, table)
    return con.sql("SELECT * FROM marts.insights ORDER BY area_level, area_code, month, place").pl()


def said(told: pl.DataFrame, kind: str, area: str = "C", month: str = "2026-02") -> list[tuple[str, str]]:
    """The sentences of a kind about an area, in both languages."""
    rows = told.filter(kind=kind, area_code=area, month=date.fromisoformat(f"{month}-01"))
    return rows.select("sentence_zh", "sentence_en").rows()


def gaps(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("key", [*wording.SENTENCES, *wording.WORDS])
def test_every_template_exists_in_both_languages_with_the_same_gaps(key: str) -> None:
    zh, en = {**wording.WORDS, **wording.SENTENCES}[key]
    assert gaps(zh) == gaps(en)
    if key in wording.SENTENCES:
        assert zh.endswith("。") and en.endswith(".")
        assert (key == "level_plain" or re.search("[一-鿿]", zh)) and not re.search("[一-鿿]", en)


@pytest.mark.parametrize(
    ("kind", "one", "two"),
    [
        ("summary_missed", "1 of 1 indicator with a target misses it: A.", "2 of 2 indicators with a target miss it: A."),
        ("summary_none_missed", "The one indicator with a target does not clearly miss it.",
         "None of the 2 indicators with a target clearly misses it."),
        ("summary_met", "The one indicator with a target meets it.", "All 2 indicators with a target meet it."),
        ("data_provisional", "1 indicator is still provisional and is not judged: A.",
         "2 indicators are still provisional and are not judged: A."),
        ("data_suppressed", "1 indicator is suppressed for small numbers: A.", "2 indicators are suppressed for small numbers: A."),
        ("data_excluded", "Beside the tickets, 1 more (5%) is excluded by rule and leaves the rates.",
         "Beside the tickets, 2 more (5%) are excluded by rule and leave the rates."),
        ("restated_more", "Since the last edition 1 more figure was restated: A.",
         "Since the last edition 2 more figures were restated: A."),
    ],
)  # fmt: skip
def test_an_english_sentence_agrees_with_one_and_with_many(kind: str, one: str, two: str) -> None:
    for n, said_of in ((1, one), (2, two)):
        assert wording.sentence("en", kind, n=n, all=n, names="A", name="tickets", share="5%") == said_of


@pytest.mark.parametrize(("value", "told"), [(1.0, "1 ticket (5%) could not be placed in districts and counts"),
                                             (21.0, "21 tickets (5%) could not be placed in districts and count")])  # fmt: skip
def test_a_unit_agrees_with_one_and_with_many(value: float, told: str) -> None:
    number = wording.amount(value, "count", "tickets", 0, "en")
    assert told + " for" in wording.sentence("en", "data_unlocated", name="x", n=number, share="5%", rung="districts")


@pytest.mark.parametrize("entry", CATALOGUE.indicators, ids=lambda entry: entry.id)
def test_units_and_datasets_of_the_catalogue_have_words(entry: Indicator) -> None:
    in_numbers = {"percent", "percentage_points", "hours", "currency"}
    assert entry.unit in in_numbers or f"unit_{entry.unit}" in wording.WORDS
    assert f"dataset_{entry.dataset}" in wording.WORDS


def test_sentences_write_numbers_as_the_pages_do() -> None:
    about = {i.id: data.Indicator(i.id, 1, ("", ""), ("", ""), ("", ""), ("", ""), ("", ""), ("", ""), i.kind, i.scale, i.unit,
        i.direction, i.interval, 0, False, i.dataset, "", i.decimals, None) for i in CATALOGUE.indicators}  # fmt: skip
    forms = {"M11": 18.25, "F06": -4.2, "F01": 123456789.0, "T13": 52.04, "T01": 1234.0, "T02": 0.9996, "F07": 95.5}
    for indicator_id, value in forms.items():
        entry = about[indicator_id]
        for lang in wording.LANGUAGES:
            form = formats.form(entry)
            ours = wording.amount(value, form, entry.unit, entry.decimals, lang)
            # beside a count the page sets the unit apart from the number
            assert ours.startswith(formats.amount(entry, value, lang))
            assert wording.target(value, form, lang) == formats.of_target(entry, value, lang)


def test_money_is_written_in_wan_and_yi_in_chinese() -> None:
    assert [wording.money(value, "zh") for value in (950.0, 56_670_000.0, 2_510_000_000.0)] == ["950 元", "5,667.0 万元", "25.10 亿元"]  # fmt: skip


def test_printed_numbers_never_hide_what_is_said_of_them() -> None:
    assert wording.points_interval(0.02, 1.3, "zh") == "+0.02 至 +1.30"
    assert wording.fractions_interval(0.95, 0.96996, 0.97) == "95.000–96.996%"
    assert wording.percent(0.96996, 0.97) == "96.996%"
    assert wording.effects(1.84, 0.04, 1.88) == ("+1.84", "+0.04", "+1.88")


def test_a_change_made_by_the_mix_alone_is_told_apart_from_its_parts() -> None:
    # before 56/80 complex and 20/20 simple (76 %), now 13/20 and 76/80 (89 %): each part fell by 5 points, the mix turned
    own, mix = rate_and_mix(
        *(np.array(n, dtype=float) for n in ([13, 76], [20, 80], [56, 20], [80, 20])), np.array([0, 0])
    )
    assert own == pytest.approx([-0.025, -0.025])
    assert (own + mix).sum() == pytest.approx(0.13)


COUNT = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair)))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(COUNT, COUNT), min_size=1, max_size=6).filter(
    lambda parts: sum(now[1] for now, _ in parts) > 0 and sum(before[1] for _, before in parts) > 0))  # fmt: skip
def test_effects_of_rate_and_mix_add_up_to_the_change(parts: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    columns = [np.array([part[side][place] for part in parts], dtype=float) for side in (0, 1) for place in (0, 1)]
    own, mix = rate_and_mix(columns[0], columns[1], columns[2], columns[3], np.zeros(len(parts), dtype=np.int64))
    whole = columns[0].sum() / columns[1].sum() - columns[2].sum() / columns[3].sum()
    assert (own + mix).sum() == pytest.approx(whole)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_false_discovery_rates_are_those_of_scipy(p: list[float]) -> None:
    frame = pl.DataFrame({"p": sorted(p, reverse=True), "g": 1}).with_columns(q=false_discovery_rates("p", ["g"]))
    assert frame.get_column("q").to_list() == pytest.approx(sorted(false_discovery_control(p), reverse=True))


PAIRS = st.lists(st.tuples(COUNT, COUNT).filter(lambda p: p[0][1] > 0 and p[1][1] > 0), min_size=4, max_size=4)
TOWN = city()


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([1, 7, 60]), PAIRS)
def test_no_sentence_claims_a_change_that_its_interval_does_not_support(
    size: int, pairs: list[tuple[tuple[int, int], tuple[int, int]]]
) -> None:
    rows = []
    for indicator, (east, west) in zip(("T02", "T03", "T05", "M12"), pairs, strict=True):
        for month, turn in (("2026-01", 0), ("2026-02", 1)):
            counts = [(size * k, size * n) for k, n in ((east, west), (west, east))[turn]]
            rows += [rate(indicator, area, *count, month) for area, count in zip(("D1", "D2"), counts, strict=True)]
            rows.append(rate(indicator, "C", sum(k for k, _ in counts), sum(n for _, n in counts), month))
            rows.append(rate(indicator, "K1", *counts[0], month))
    told = tell(rows, TOWN)
    for row in told.iter_rows(named=True):
        claims = bool(CHANGED.search(row["sentence_zh"])), bool(CHANGED.search(row["sentence_en"]))
        assert set(claims) == {row["kind"] in wording.CLAIMS_OF_CHANGE}
        assert "{" not in row["sentence_zh"] + row["sentence_en"]
        if row["kind"] == "level_missed":
            assert row["upper"] < row["target"]
        if row["kind"] in wording.CLAIMS_OF_CHANGE | CLAIMS_OF_ORIGIN:
            assert row["change_lower"] > 0 or row["change_upper"] < 0
            assert np.sign(row["change"]) == np.sign(row["change_lower"])
        if row["kind"] in wording.CLAIMS_OF_CHANGE:
            printed = re.search(r"区间 ([+−][\d.]+) 至 ([+−][\d.]+)", row["sentence_zh"])
            assert printed is not None, row["sentence_zh"]
            low, high = (float(number.replace("−", "-")) for number in printed.groups())
            assert low * high > 0
            assert ("上升" in row["sentence_zh"], "rose" in row["sentence_en"]) == ((low > 0,) * 2)
        if row["kind"] in CLAIMS_OF_ORIGIN:
            assert row["rate_effect"] + row["mix_effect"] == pytest.approx(row["change"])


def fallen() -> list[dict[str, Any]]:
    """On-time rate of the city falls from 90 % to 80 %, all of it in the eastern half."""
    return [
        rate("T03", "C", 900, 1000, "2026-01"), rate("T03", "D1", 450, 500, "2026-01"), rate("T03", "D2", 450, 500, "2026-01"),
        rate("T03", "C", 800, 1000), rate("T03", "D1", 350, 500), rate("T03", "D2", 450, 500),
        *(rate("T03", "C", k, n, month, dimension="channel", member=member) for member, k, n, month in (
            ("hotline", 810, 900, "2026-01"), ("<b>app</b>", 90, 100, "2026-01"), ("hotline", 720, 900, "2026-02"), ("<b>app</b>", 80, 100, "2026-02"))),
    ]  # fmt: skip


def test_a_fall_is_told_with_level_count_interval_target_and_origin() -> None:
    told = tell(fallen())
    assert said(told, "summary_missed") == [
        ("1 项有目标的指标中，1 项未达标：按时办结率。", "1 of 1 indicator with a target misses it: on-time rate.")
    ]
    # 800 of 1,000: Wilson 77.4–82.4 %, by hand (centre 0.7989, half-width 0.0248)
    assert said(told, "level_missed") == [(
        "按时办结率 80.0%（800 / 1,000，95% 区间 77.4–82.4%），整个区间都未达目标 90%。",
        "On-time rate 80.0% (800 / 1,000, 95% interval 77.4–82.4%): the whole interval misses the target of 90%.",
    )]  # fmt: skip
    # Newcombe's method 10 of 0.8 − 0.9 with 1,000 cases each: −0.1 ∓ √(0.0259² + 0.0171²), √(0.0239² + 0.0202²), by hand
    assert said(told, "change_down") == [(
        "按时办结率较上月下降 10.0 个百分点（95% 区间 −13.1 至 −6.9），不是偶然波动。",
        "On-time rate fell by 10.0 points on the month before (95% interval −13.1 to −6.9): more than chance.",
    )]  # fmt: skip
    assert [zh for zh, _ in said(told, "parts_named")] == [
        "按时办结率较上月的 −10.0 个百分点中，−10.0 来自各区自身的比率，0.0 来自构成；自身变化超出偶然且贡献最大的：东区 −10.0。",
        "按时办结率较上月的 −10.0 个百分点中，−10.0 来自各渠道自身的比率，0.0 来自构成；自身变化超出偶然且贡献最大的：热线 −9.0。",
    ]
    order = told.filter(area_code="C", month=date(2026, 2, 1))
    assert order.get_column("place").to_list() == list(range(1, len(order) + 1))
    assert order.get_column("topic").to_list() == ["summary", "level", "change", "parts", "parts"]
    assert said(told, "change_unclear", "D2") == []  # it meets its target: nothing to explain


def test_a_difference_that_many_comparisons_make_is_not_claimed() -> None:
    con = city()
    rows = [rate("T03", "K1", 48, 50, "2026-01"), rate("T03", "K1", 41, 50)]
    alone = tell(rows, con)
    assert len(said(alone, "change_down", "K1")) == 1
    for n in range(40):
        add_area(con, f"X{n}", f"社区{n}", f"No. {n}", "community", "S1")
        rows += [rate("T03", f"X{n}", 45, 50, month) for month in ("2026-01", "2026-02")]
    among_many = tell(rows, con)
    assert said(among_many, "change_down", "K1") == []
    (zh, en) = said(among_many, "change_one_of_many", "K1")[0]
    assert "同时比较 41 个数" in zh and "among 41 comparisons" in en


def test_a_stock_is_counted_and_nothing_is_said_of_chance() -> None:
    # 985 of 986 is clearly short of all, 17 of 20 may be 90 %: what is clear comes first
    low = [rate("M12", f"X{n}", 90, 100) for n in range(9)] + [rate("M12", "K1", 20, 100)]
    told = tell([rate("M12", "C", 17, 20), rate("M02", "C", 985, 986), *low])
    assert said(told, "level_missed_counted") == [
        (
            "网格覆盖率 99.9%（985 / 986），未达目标 100%。",
            "Grid coverage 99.9% (985 / 986): misses the target of 100%.",
        ),
        (
            "配备达标率 85.0%（17 / 20），未达目标 90%。",
            "Staffing standard met 85.0% (17 / 20): misses the target of 90%.",
        ),
    ]
    assert told.filter(pl.col("topic").is_in(["change", "chance", "peers"])).is_empty()


def test_what_is_provisional_hidden_or_left_out_is_said_and_hidden_numbers_are_not() -> None:
    con = city()
    con.execute("INSERT INTO marts.open_refusals VALUES ('payments')")
    con.execute("UPDATE reference.as_of SET as_of_on = DATE '2026-02-20' WHERE dataset = 'payments'")
    told = tell([
        figure("T01", "C", 950, numerator=950, excluded=50),
        figure("T01", "unlocated", 19, numerator=19),
        rate("T02", "C", 90, 100, status="provisional", pending=7),
        figure("M09", "C", None, status="suppressed"),
    ], con)  # fmt: skip
    assert said(told, "data_excluded") == [(
        "受理量之外另有 50 件按规定剔除，占 5.0%，不计入比率。",
        "Beside the tickets received, 50 more (5.0%) are excluded by rule and leave the rates.",
    )]  # fmt: skip
    assert said(told, "data_unlocated")[0][0] == "受理量中 19 件（2.0%）未能落到社区，只计入全市。"
    assert said(told, "data_provisional")[0][0] == "1 项指标仍为暂定值，不评判：办结率。"
    assert said(told, "data_suppressed")[0][0] == "1 项指标因人数过少隐去：报到率。"
    assert "尚有 7 件未到期" in said(told, "level_provisional")[0][0]
    assert said(told, "data_refused")[0][0] == "有文件被拒收且尚未补上（收支），有关数字可能不全。"
    assert said(told, "data_stale")[0][1] == "The data of payments end on 20 February 2026: the figures of this month that rest on them are incomplete."  # fmt: skip
    assert told.filter(pl.col("topic") == "summary").is_empty()


def test_months_out_of_the_ordinary_and_areas_out_of_the_funnel_are_told() -> None:
    con = city()
    for n in range(2, 13):
        add_area(con, f"K{n}", f"社区{n}", f"No. {n}", "community", "S1")
    months = [f"{2024 + m // 12}-{m % 12 + 1:02d}" for m in range(26)]
    rows = [figure("T01", "C", 100 + m % 3, month, numerator=100) for m, month in enumerate(months[:-1])]
    rows.append(figure("T01", "C", 300, numerator=300))
    rows += [rate("T03", f"K{n}", 92, 100) for n in range(2, 13)] + [rate("T03", "K1", 60, 100)]
    told = tell(rows, con)
    # 100, 101, 102 in turn: the mean range of the 24 months that set the limits is (15 × 1 + 8 × 2 − …) near 4/3
    assert [zh for zh, _ in said(told, "signal_beyond_high")] == [
        "受理量 300 件，高于往常范围上限 104 件，不是寻常波动。"
    ]
    assert said(told, "outliers_below")[0][0].startswith(
        "12 个社区中，1 个的按时办结率差得超出偶然（同类 99.8% 界限外）：甲社区；"
    )
    (zh, _) = said(told, "peers_worse_998", "K1")[0]
    assert zh.startswith("按时办结率 60.0%，在 12 个同类社区中差得超出偶然（同类合计 89.3%，99.8% 界限 ")


def test_older_months_of_communities_are_not_told() -> None:
    months = [f"{2025 + m // 12}-{m % 12 + 1:02d}" for m in range(15)]
    told = tell([rate("T02", area, 90, 100, month) for area in ("C", "K1") for month in months])
    told_of = {area: told.filter(area_code=area).get_column("month").n_unique() for area in ("C", "K1")}
    assert told_of == {"C": MONTHS["city"], "K1": MONTHS["community"]} == {"C": 13, "K1": 4}


def test_a_restated_figure_is_told_in_the_edition_that_restates_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    town = Town.make(tmp_path / "town")
    town.deliver([ticket(n, days=2 if n < 8 else 9) for n in range(10)])
    asked = (
        "SELECT kind, sentence_zh, sentence_en, place FROM marts.insights "
        "WHERE area_level = 'city' AND month = DATE '2026-03-01' ORDER BY place"
    )
    # the sample cut is 30 June: March is over
    first = town.ask(town.publish(), asked)
    town.deliver([ticket(n, days=9) for n in range(10, 20)])
    second = town.ask(town.publish(), asked)
    assert first and not [row for row in first if row[0].startswith("restated")]
    restated = [row for row in second if row[0] == "restated"]
    # the figures in the order of the catalogue: 10 tickets received become 20, on time 8 of 10 become 8 of 20
    assert restated[0][1].startswith("受理量上一版为 10 件，现改为 20 件：10 个")
    assert restated[0][2].startswith(
        "Since the last edition, tickets received was restated from 10 tickets to 20 tickets: 10 "
    )
    assert [row[3] for row in second] == list(range(1, len(second) + 1))


def test_the_overview_leads_with_the_first_sentences_of_weight_and_escapes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish_made_up(tmp_path)
    with duckdb.connect(file) as con:
        con.execute("CREATE TABLE marts.insights (area_level VARCHAR, area_code VARCHAR, month DATE, place BIGINT, severity VARCHAR, sentence_zh VARCHAR, sentence_en VARCHAR)")  # fmt: skip
        con.execute(
            "INSERT INTO marts.insights VALUES ('city', '440300', '2026-10-01', 2, 'act', '第二句<script>。', 'Second <script>.'), "
            "('city', '440300', '2026-10-01', 1, 'watch', '第一句。', 'First.'), ('city', '440300', '2026-10-01', 3, 'note', '零句。', 'Nought.')"
        )
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    app.run()
    assert not app.exception
    lead = next(h.value for h in app.get("html") if "sw-lead" in h.value)
    assert [item.partition("<")[0] for item in lead.split("</span>")[1:3]] == ["第一句。", "第二句&lt;script&gt;。"]
    assert "零句" not in lead
