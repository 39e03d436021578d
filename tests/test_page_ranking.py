"""The page that compares: whoever is outside the limits, intervals of places, scores under other weights."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from editions import publish
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboards import editions, formats, peers, ranking_charts, score_sheets, score_whatif, weights
from dashboards.data import Area, Row
from dashboards.scored import Scored

ENTRY = Path(__file__).parent.parent / "dashboards" / "streamlit_app.py"
MONTH = date(2026, 10, 1)
HOSTILE = "<script>alert(1)</script>[x](http://evil.example)$x$"
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city of hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile_edition(folder)
    return folder


def open_page(page: str = "ranking", **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    app.switch_page(f"app_pages/{page}.py")
    for key, value in ({"grain": "month"} | query).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def html(app: AppTest) -> str:
    """All HTML of the page."""
    return " ".join(str(h.value) for h in app.get("html"))


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [re.sub(r"<[^>]+>", " ", str(h.value)) for h in app.get("html")]
    for kind in ("markdown", "header", "subheader", "caption", "warning", "info", "title"):
        pieces += [str(element.value) for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def lead_of(app: AppTest) -> str:
    """The lead sentence, tags taken away."""
    (found,) = [str(h.value) for h in app.get("html") if "class='sw-lead'" in str(h.value)]
    return re.sub(r"<[^>]+>", "", found)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_lead_counts_who_is_outside_the_limits_beside_what_chance_would_give(lang: str, ask: Ask) -> None:
    app = open_page(indicator="T05", lang=lang)
    for level, rung in (("community", "{} 个社区" if lang == "zh" else "{} communities"), ("street", "{} 个街道")):
        judged, outside, worse = ask(
            "select count(funnel_flag), count(*) filter (funnel_flag <> 'within'), count(*) filter "
            "(funnel_flag like 'below%') from marts.comparisons c join marts.areas a using (area_code) where a.is_current "
            "and indicator_id = 'T05' and grain = 'month' and period_start = ? and area_level = ?",
            MONTH,
            level,
        )[0]
        assert int(str(outside)) > 0, "the test needs somebody outside"
        said = lead_of(app)
        if level == "community" or lang == "zh":
            assert rung.format(judged) in said
        inside = f"{worse} 差、{int(str(outside)) - int(str(worse))} 好"
        assert (inside if lang == "zh" else f"({worse} worse") in said
        expected = round(0.05 * int(str(judged)))
        assert (f"单凭偶然也会有约 {expected} 个" if lang == "zh" else f"would give about {expected}") in said


def test_everybody_outside_the_limits_is_named_and_nobody_within_them(ask: Ask) -> None:
    app = open_page(indicator="T03")
    rows = ask(
        "select area_name, area_level, area_code, funnel_flag <> 'within' from marts.comparisons join marts.areas a "
        "using (area_code) where a.is_current and indicator_id = 'T03' and grain = 'month' and period_start = ?",
        MONTH,
    )
    table = next(h for h in map(str, (h.value for h in app.get("html"))) if "95% 之外" in h)
    assert any(row[3] for row in rows)
    cells = re.findall(r"<tr><td class=''>(.*?)<div", table)
    named = {re.sub(r"<[^>]+>", "", cell) for cell in cells}
    assert named == {str(name) for name, _, _, outside in rows if outside}
    for name, level, code, outside in rows:
        linked = f"area={code}" in table and str(name) in named
        assert linked == bool(outside and level == "community")


def test_an_area_narrows_who_is_named_but_not_the_peers(ask: Ask) -> None:
    (street,) = ask(
        "select a.parent_code from marts.comparisons join marts.areas a using (area_code) where a.is_current and "
        "indicator_id = 'T03' and grain = 'month' and period_start = ? and area_level = 'community' "
        "and funnel_flag <> 'within' order by area_code limit 1",
        MONTH,
    )[0]
    inside = ask(
        "select area_name, peer_rate from marts.comparisons join marts.areas a using (area_code) where a.is_current and "
        "indicator_id = 'T03' and grain = 'month' and period_start = ? and funnel_flag <> 'within' and a.parent_code = ?",
        MONTH,
        street,
    )
    table = next(
        str(h.value) for h in open_page(indicator="T03", area=str(street)).get("html") if "95% 之外" in str(h.value)
    )
    assert table.count("<tr>") == 1 + len(inside)
    for name, rate in inside:
        assert str(name) in table
        assert formats.percent(float(str(rate))) in table


def test_what_has_no_good_direction_is_never_compared(edition: str, ask: Ask) -> None:
    app = open_page()
    (choice,) = [box for box in app.selectbox if box.key == "pick_indicator"]
    aimless = {str(row[0]) for row in ask("select name_zh from marts.indicators where direction = 'none'")}
    assert "每万人工单量" in aimless
    assert not {str(option).partition(" · ")[0] for option in choice.options} & aimless


def test_a_comparison_of_spending_would_not_be_offered(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(hostile))
    (choice,) = [box for box in open_page(area=_a_community(hostile)).selectbox if box.key == "pick_indicator"]
    assert len(choice.options) == 1, (
        "the edition compares the resolution rate and spending per resident, which has no good side"
    )


def test_a_week_is_too_short_to_compare_and_says_so(edition: str) -> None:
    assert "一周的基数太小" in words(open_page(grain="week"))
    assert "一周的基数太小" in words(open_page(grain="week", view="score"))


def _peer(**row: object) -> peers.Peer:
    area = Area("1", ("甲", "A"), "street", None, None, None, ("1",))
    base = {"value": 0.8, "peer_rate": 0.9, "funnel_flag": "within", "ranked": 10, "rank_lower": 1, "rank_upper": 10}
    return peers.Peer(area, Row(base | row), None, True, True)


@pytest.mark.parametrize(
    ("lower", "upper", "group"),
    [
        (1, 5, "better"),
        (1, 6, "unclear"),
        (5, 6, "unclear"),
        (6, 10, "worse"),
        (5, 10, "unclear"),
        (None, None, "unclear"),
    ],
)
def test_an_area_is_told_apart_only_if_its_whole_interval_lies_in_one_half(
    lower: int | None, upper: int | None, group: str
) -> None:
    assert _peer(rank_lower=lower, rank_upper=upper).group == group


def test_the_worse_side_follows_the_direction_of_the_indicator() -> None:
    high = _peer(value=0.95, funnel_flag="above_998")
    assert (high.better, high.outside) == (True, 998)
    assert not peers.Peer(high.area, high.row, None, higher_is_better=False, inside=True).better
    assert _peer(funnel_flag=None).outside == 0


def test_a_place_is_shown_as_its_interval_and_the_middle_of_a_large_class_has_no_names() -> None:
    places = [
        ranking_charts.Place(f"社区{n}", n, max(1, n - 2), min(60, n + 2), "90%", "9 / 10", "accent", n < 3, True)
        for n in range(1, 61)
    ]
    spec = ranking_charts.caterpillar([("好", places[:2]), ("分不清", places[2:])], 60, "名次", {k: k for k in _WORDS})
    rows = spec["data"]["values"]
    assert [row["interval"] for row in rows[:3]] == ["1–3", "1–4", "1–5"]
    assert [row["label"] for row in rows if row["label"]] == ["社区1", "社区2"]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows), "rows run downwards and never overlap"


_WORDS = ("area", "place", "interval", "value", "count", "other", "cases")


def test_the_funnel_carries_the_limits_of_the_edition_and_marks_the_provisional() -> None:
    units = [
        ranking_charts.Unit(
            f"u{n}", n, 0.9, "90%", "", (0.5, 0.6, 0.97, 0.99), "accent", "circle", False, True, n == 20
        )
        for n in (40.0, 20.0)
    ]
    spec = ranking_charts.funnel(units, 0.9, "同类", {k: k for k in _WORDS}, 300)
    band = spec["layer"][0]["data"]["values"]
    assert [row["cases"] for row in band] == [20.0, 40.0]
    assert band[0] | {"cases": 0} == {"cases": 0, "l998": 50.0, "l95": 60.0, "u95": 97.0, "u998": 99.0}
    assert [row["hollow"] for row in spec["data"]["values"]] == [False, True]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_where_raw_and_standardised_rates_disagree_it_is_said_in_words(lang: str, ask: Ask) -> None:
    indicator, peer_class, zh, en, raw, fair, rate = ask(
        "select indicator_id, peer_class, area_name, area_name_en, value, standardised_value, peer_rate from marts.comparisons "
        "join marts.areas a using (area_code) where a.is_current and grain = 'month' and period_start = ? "
        "and standardised_disagrees order by indicator_id, area_code limit 1",
        MONTH,
    )[0]
    query = {"indicator": str(indicator), "peers": str(peer_class), "lang": lang}
    assert "sw-note" not in html(open_page(**query)).partition("</style>")[0].replace(".sw-note", "")
    notes = [str(h.value) for h in open_page(**query, rates="all").get("html") if "role='note'" in str(h.value)]
    (said,) = [note for note in notes if str(zh if lang == "zh" else en) in note]
    for share in (raw, fair, rate):
        assert formats.percent(float(str(share))) in said


CLASSES = ("district", "street", "urban", "rural", "key", "new")


def _sheet(edition: str, peer_class: str, start: date = MONTH, grain: str = "month") -> score_sheets.Sheet:
    level = peer_class if peer_class in ("district", "street") else "community"
    sheet = score_sheets.sheet(edition, grain, start, level, peer_class)
    assert sheet is not None
    return sheet


@pytest.mark.parametrize("factor", [1.0, 2.0, 0.3])
@pytest.mark.parametrize(
    ("grain", "start"), [("month", MONTH), ("month", date(2024, 12, 1)), ("year", date(2025, 1, 1))]
)
def test_the_weights_in_force_give_the_published_scores_and_places(
    grain: str, start: date, factor: float, edition: str, ask: Ask
) -> None:
    for peer_class in CLASSES:
        sheet = _sheet(edition, peer_class, start, grain)
        wanted = factor * np.array(sheet.group_weights)
        fresh = score_whatif.reweigh(sheet.weights, sheet.of_group, wanted)
        found = score_whatif.composites(sheet.scores, fresh, sheet.of_group, sheet.minimum)
        places = score_whatif.places(found)
        published = {
            row[0]: row[1:]
            for row in ask(
                "select area_code, score, rank from marts.scores where grain = ? and period_start = ? and peer_class = ?",
                grain,
                start,
                peer_class,
            )
        }
        assert set(published) == set(sheet.areas)
        for code, score, place in zip(sheet.areas, found.tolist(), places, strict=True):
            assert published[code] == (None if math.isnan(score) else score, place)


def test_equal_weights_of_groups_give_the_mean_of_the_groups(edition: str, ask: Ask) -> None:
    for peer_class in CLASSES:
        sheet = _sheet(edition, peer_class)
        fresh = score_whatif.reweigh(sheet.weights, sheet.of_group, np.ones(len(sheet.groups)))
        found = dict(
            zip(
                sheet.areas,
                score_whatif.composites(sheet.scores, fresh, sheet.of_group, sheet.minimum).tolist(),
                strict=True,
            )
        )
        expected = ask(
            "with groups as (select area_code, indicator_group, sum(weight * score) / sum(weight) filter (score is not null) "
            "as mean, bool_and(group_rated) as rated from marts.indicator_scores where grain = 'month' and period_start = ? "
            "and peer_class = ? group by all) select area_code, case when bool_and(rated) then avg(mean) end from groups "
            "group by 1",
            MONTH,
            peer_class,
        )
        assert len(expected) == len(found)
        for code, score in expected:
            assert found[str(code)] == pytest.approx(score, abs=1e-8)


def _composite_by_hand(
    scores: list[float | None], weights: list[float], groups: list[int], minimum: float
) -> float | None:
    """Docs/score.md, one indicator after the other."""
    total = 0.0
    for group in sorted(set(groups)):
        mine = [(s, w) for s, w, g in zip(scores, weights, groups, strict=True) if g == group]
        whole = sum(w for _, w in mine)
        there = [(s, w) for s, w in mine if s is not None]
        if whole == 0:
            continue
        if sum(w for _, w in there) < minimum * whole - 1e-9:
            return None
        total += whole * sum(s * w for s, w in there) / sum(w for _, w in there)
    return total / 100


_SHEETS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=n, max_size=n),
        st.lists(st.integers(1, 20), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 100), min_size=3, max_size=3),
    )
)


@given(_SHEETS)
@settings(max_examples=100, deadline=None)
def test_the_weight_of_a_missing_figure_is_shared_inside_its_group_and_nowhere_else(
    drawn: tuple[list[float | None], list[int], list[int], list[int]],
) -> None:
    scores, parts, groups, wanted = drawn
    order = {group: place for place, group in enumerate(sorted(set(groups)))}
    of_group = np.array([order[g] for g in groups], dtype=np.int64)
    goal = np.array(wanted[: len(order)], dtype=np.float64)
    if goal.sum() == 0:
        with pytest.raises(ValueError, match="weights of groups"):
            score_whatif.reweigh(np.array(parts, dtype=np.float64), of_group, goal)
        return
    fresh = score_whatif.reweigh(np.array(parts, dtype=np.float64), of_group, goal)
    assert fresh.sum() == pytest.approx(100)
    matrix = np.array([[math.nan if s is None else s for s in scores]])
    shares = score_whatif.used(matrix, fresh, of_group, 0.7)[0]
    (found,) = score_whatif.composites(matrix, fresh, of_group, 0.7).tolist()
    expected = _composite_by_hand(scores, fresh.tolist(), of_group.tolist(), 0.7)
    if expected is None:
        assert math.isnan(found), "not rated, never 0"
        assert np.isnan(shares).all()
        return
    assert found == pytest.approx(expected, abs=1e-6)
    assert shares.sum() == pytest.approx(100)
    assert all(share == 0 for share, s in zip(shares, scores, strict=True) if s is None)
    for group in set(of_group.tolist()):
        assert shares[of_group == group].sum() == pytest.approx(fresh[of_group == group].sum())
    known = [s for s, w in zip(scores, fresh, strict=True) if s is not None and w > 0]
    assert min(known) - 1e-6 <= found <= max(known) + 1e-6


@pytest.mark.parametrize(
    "text", [None, "", "1-2", "a-b-c-d", "0-0-0-0", "101-0-0-0", "-1-2-3", "1-2-3-4-5", "１-2-3-4"]
)
def test_an_address_that_holds_no_weights_is_none(text: str | None) -> None:
    assert weights.parse(text, 4) is None


def test_an_address_that_holds_weights_is_read() -> None:
    assert weights.parse("60-0-10-100", 4) == [60.0, 0.0, 10.0, 100.0]


def test_places_are_1_2_2_4_and_who_is_not_rated_has_none() -> None:
    assert score_whatif.places(np.array([80.0, 90.0, math.nan, 80.0, 70.0])) == [2, 1, None, 2, 4]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_other_weights_say_which_moves_are_noise_and_which_are_not(lang: str, ask: Ask) -> None:
    # by hand, in SQL: tickets 60, service 25, organisations 10, money 20 instead of 35, 20, 25, 20
    rows = ask(
        "with groups as (select area_code, sum(weight * score) / sum(weight) filter (score is not null) * case indicator_group "
        "when 'tickets' then 60 when 'service' then 25 when 'organisations' then 10 else 20 end / 115 as part, "
        "bool_and(group_rated) as rated from marts.indicator_scores where grain = 'month' and period_start = $1 and "
        "peer_class = 'key' group by area_code, indicator_group), "
        "fresh as (select area_code, rank() over (order by round(sum(part), 9) desc) as place from groups group by 1 "
        "having bool_and(rated)) "
        "select f.place <> r.rank, f.place not between r.rank_min and r.rank_max from fresh f join marts.score_robustness r "
        "on r.area_code = f.area_code where r.grain = 'month' and r.period_start = $1 and r.area_level = 'community'",
        MONTH,
    )
    moved = sum(1 for row in rows if row[0])
    beyond = sum(1 for row in rows if row[0] and row[1])
    assert 0 < beyond < moved
    app = open_page(view="score", weights="60-25-10-20", lang=lang, **{"class": "key"})
    said = lead_of(app)
    if lang == "zh":
        assert f"{moved} 个名次变动，其中 {moved - beyond} 个仍在 ±20% 浮动范围内，是噪声；{beyond} 个超出" in said
    else:
        assert f"{moved} change place; {moved - beyond} stay within" in said
        assert f"{beyond} go further" in said
    verdict = "超出噪声" if lang == "zh" else "More than noise"
    assert html(app).count(f">{verdict}<") == min(beyond, 15)


@pytest.mark.parametrize(
    ("place", "moved", "beyond"),
    [(4, True, True), (5, True, False), (7, False, False), (9, True, False), (10, True, True)],
)
def test_a_move_to_the_end_of_the_band_is_still_noise(place: int, moved: bool, beyond: bool) -> None:
    area = Area("1", ("甲", "A"), "street", None, None, None, ("1",))
    item = Scored(area, Row({"rank": 7, "rank_min": 5, "rank_max": 9}), (), 80.0, place, None, True)
    assert (item.moved, item.beyond) == (moved, beyond)


def test_a_slider_writes_the_address_and_the_weights_in_force_leave_it(edition: str) -> None:
    app = open_page(view="score", **{"class": "key"})
    assert [s.value for s in app.slider] == [35, 20, 25, 20]
    app.slider[0].set_value(70).run()
    assert app.query_params["weights"] in (["70-20-25-20"], "70-20-25-20")
    app.button(key="whatif_reset").click().run()
    assert "weights" not in app.query_params
    assert [s.value for s in app.slider] == [35, 20, 25, 20]


@pytest.mark.parametrize("text", ["1-2", "0-0-0-0", "<script>"])
def test_weights_that_make_no_sense_are_refused_with_a_message(text: str, edition: str) -> None:
    app = open_page(view="score", weights=text, **{"class": "key"})
    assert "不是“如果换一套权重”的可选项" in words(app)
    assert "<script>" not in html(app).partition("/* Own")[0]
    assert [s.value for s in app.slider] == [35, 20, 25, 20]


def test_a_veto_caps_the_grade_and_leaves_score_and_place(ask: Ask) -> None:
    code, score, rank = ask(
        "select area_code, score, rank from marts.scores where grain = 'month' and period_start = ? and peer_class = 'urban' "
        "and vetoes > 0 and grade <> capped_grade order by area_code limit 1",
        MONTH,
    )[0]
    (name,) = ask("select area_name from marts.areas where area_code = ? and is_current", code)[0]
    app = open_page(view="score", **{"class": "urban"})
    table = next(str(h.value) for h in app.get("html") if "考核一票否决" in str(h.value))
    (line,) = [row for row in table.split("<tr>") if f"area={code}" in row]
    assert f"<b>{float(str(score)):.1f}</b>" in line
    assert "优秀 → 不合格" in line
    assert str(name) in line
    assert rank is not None


@pytest.mark.parametrize(("view", "lang"), [("indicator", "zh"), ("indicator", "en"), ("score", "zh")])
def test_an_edition_of_an_earlier_version_has_nobody_to_compare(
    view: str, lang: str, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(older))
    said = lead_of(open_page(view=view, lang=lang))
    nothing = {
        "zh": ("没有可与同类比较的指标", "没有综合得分"),
        "en": ("No indicator has peers", "no composite scores"),
    }
    assert nothing[lang][view == "score"] in said


def hostile_edition(folder: Path) -> None:
    """An edition of six communities of a hostile kind with hostile names, one of them outside its limits."""
    file = publish(folder)
    with duckdb.connect(str(file)) as con:
        con.execute(
            "update marts.areas set area_name = area_code || ?, area_name_en = area_code || ?, area_kind = ? where level = 'community'",
            [HOSTILE] * 3,
        )
        con.execute(
            "create table marts.comparisons as select 'T02' as indicator_id, 'month' as grain, date '2026-10-01' as "
            "period_start, 'community' as area_level, area_code, 'k/30_to_99' as peer_class, area_kind, '30_to_99' as "
            "volume_band, 12 as peers, 12 as ranked, 40.0e0 as denominator, 0.5e0 as value, 0.9e0 as peer_rate, 12 as rank, "
            "7 as rank_lower, 12 as rank_upper, 0.9e0 as p_bottom_tenth, 1.0e0 as over_dispersion, 0.8e0 as funnel_lower_95, "
            "0.99e0 as funnel_upper_95, 0.7e0 as funnel_lower_998, 1.0e0 as funnel_upper_998, 'below_998' as funnel_flag, "
            "0.6e0 as shrunk_value, 0.95e0 as standardised_value, 'category_1' as standardised_by, true as "
            "standardised_disagrees, false as is_provisional from marts.areas where level = 'community'"
        )
        con.execute("insert into marts.comparisons select * replace ('F07' as indicator_id) from marts.comparisons")
        cells = (
            "select 'month' as grain, date '2026-10-01' as period_start, 'community' as area_level, area_code, "
            "area_kind as peer_class, 'community' as sheet, "
        )
        communities = "from marts.areas where level = 'community'"
        con.execute(
            f"create table marts.scores as {cells} 'rated' as status, 1.0e0 as coverage, 80.0e0 as score, 'good' as grade, "
            f"1 as vetoes, 'fail' as capped_grade, 1 as rank, 12 as peers {communities}"
        )
        con.execute(
            f"create table marts.score_robustness as {cells} 1 as rank, 1 as rank_min, 3 as rank_max, 0.5e0 as share_kept, "
            f"true as is_noise {communities}"
        )
        con.execute(
            f"create table marts.indicator_scores as {cells} g as indicator_group, i as indicator_id, 'final' as status, "
            f"0.9e0 as value, 0.5e0 as floor, 0.97e0 as target, 80.0e0 as score, 50.0e0 as weight, 50.0e0 as weight_used, true as "
            f"group_rated from (values ('a', 'T02'), ('b', 'T05')) as x(g, i), marts.areas where level = 'community'"
        )
        con.execute(
            "create table marts.weights as select 'community' as sheet, g as indicator_group, ? as group_zh, ? as group_en, "
            "0.7e0 as coverage_minimum from (values ('a'), ('b')) as x(g)",
            [HOSTILE, HOSTILE],
        )
        con.execute(
            "create table marts.grades as select 1 as sort_order, 'good' as grade, ? as name_zh, ? as name_en, 0.0e0 as minimum",
            [HOSTILE, HOSTILE],
        )
        con.execute(
            f"create table marts.vetoes as {cells} ? as name_zh, ? as name_en, ? as item, date '2026-09-30' as ended_on, "
            f"'fail' as cap, 1 as cap_order {communities}",
            [HOSTILE] * 3,
        )


@pytest.mark.parametrize("query", [{"rates": "all"}, {"view": "score", "weights": "10-90"}])
def test_hostile_names_do_nothing(query: dict[str, str], hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(hostile))
    app = open_page(area=_a_community(hostile), **query)
    shown = html(app)
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    markdown = [str(e.value) for kind in ("markdown", "header", "subheader", "caption") for e in app.get(kind)]
    markdown += [str(s.label) for s in app.slider]
    for text in markdown:
        assert not re.search(r"(?<!\\)(\]\(http|<script)", text)


def _a_community(folder: Path) -> str:
    file = str((folder / "state" / "published" / "current").resolve())
    with duckdb.connect(file, read_only=True, config=dict(editions.READER)) as con:
        (code,) = con.execute("select min(area_code) from marts.areas where level = 'community'").fetchall()[0]
    return str(code)
