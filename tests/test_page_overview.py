"""The overview: what it says of changes, control charts, the rectification list and restated figures is what the edition holds."""

from __future__ import annotations

import base64
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from editions import AS_OF_ON, CITY, publish
from streamlit.testing.v1 import AppTest

from dashboards import control_chart, editions, formats, icons, parts
from dashboards.charts import Point
from dashboards.signals import Limits

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
MONTH = date(2026, 10, 1)
DISTRICT, COMMUNITY = "440301", "440301001001"
TILES = ("T01", "T02", "T05", "T03", "T06", "T12", "M12", "F06")


@pytest.fixture
def sample(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The edition of the sample city, which the pages read."""
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))
    return (sample_city / "state" / "published" / "current").resolve()


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small city whose edition is of an earlier version: without changes, charts, lists and restatements."""
    folder = tmp_path_factory.mktemp("older")
    publish(folder)
    return folder


@pytest.fixture
def made_up(older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of its edition that a test may change before the page opens it."""
    folder = tmp_path / "city"
    shutil.copytree(older, folder, symlinks=True)
    monkeypatch.setenv("STREETWISE_CITY", str(folder))
    return (folder / "state" / "published" / "current").resolve()


def open_page(**query: str) -> AppTest:
    """The overview as it stands after one run with these address parameters."""
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def pieces(app: AppTest, mark: str) -> list[str]:
    """The HTML of the page's parts that hold a class or word."""
    return [h.value for h in app.get("html") if mark in h.value and not h.value.startswith("<style>")]


def words(html: str) -> str:
    """Text without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def tile(app: AppTest, indicator_id: str, shown: tuple[str, ...] = TILES) -> str:
    """The tile of an indicator, by its place."""
    return pieces(app, "sw-tile")[shown.index(indicator_id)]


def ask(edition: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows, asked on a connection of the test's own."""
    with duckdb.connect(str(edition), read_only=True, config=dict(editions.READER)) as con:
        return con.execute(sql, list(parameters)).fetchall()


def one(edition: Path, sql: str, *parameters: object) -> tuple[Any, ...]:
    """The first row."""
    return ask(edition, sql, *parameters)[0]


def signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")


# changes


@pytest.mark.parametrize(("beyond", "lang"), [(True, "zh"), (False, "en"), (False, "zh")])
def test_a_tile_says_whether_chance_would_make_its_change(beyond: bool, lang: str, sample: Path) -> None:
    code, start, change, low, high = one(
        sample,
        "select area_code, period_start, change, change_lower, change_upper from marts.changes where indicator_id = 'T03' "
        "and grain = 'month' and compared_with = 'previous_period' and area_level in ('street', 'community') "
        "and is_beyond_chance = ? and abs(change) > 0.1 and period_start between '2026-02-01' and '2026-09-01' "
        "order by abs(change) desc, area_code limit 1",
        beyond,
    )
    shown = tile(open_page(area=code, period=f"{start:%Y-%m}", lang=lang), "T03")
    ends = f"（{signed(low)}～{signed(high)}）" if lang == "zh" else f"({signed(low)} to {signed(high)})"
    assert signed(change) in shown and ends in shown
    word = {
        (True, "zh"): "<b>超出偶然</b>",
        (False, "zh"): "偶然范围内",
        (True, "en"): "<b>, beyond chance</b>",
        (False, "en"): ", within chance",
    }
    assert word[beyond, lang] in shown
    assert word[not beyond, lang] not in shown


def test_a_count_of_a_month_under_way_is_not_compared_with_a_whole_one(sample: Path) -> None:
    assert ask(
        sample,
        "select 1 from marts.indicator_values where indicator_id = 'T01' and grain = 'month' and area_level = 'city' "
        "and dimension = 'all' and period_start = '2026-11-01' and status = 'provisional'",
    )
    assert "本期不与上期比较" in tile(open_page(period="2026-11"), "T01")
    week = (AS_OF_ON - timedelta(days=AS_OF_ON.weekday())).isocalendar()
    shown = tile(open_page(grain="week", period=f"{week.year}-W{week.week:02d}"), "T01")
    assert "本期不与上期比较" in shown and "较上周" not in shown


def test_a_provisional_change_is_called_so_and_has_no_interval(sample: Path) -> None:
    ((change, lower),) = ask(
        sample,
        "select change, change_lower from marts.changes where indicator_id = 'T05' and grain = 'month' and is_provisional "
        "and compared_with = 'previous_period' and area_level = 'city' and period_start = ?",
        MONTH,
    )
    shown = words(tile(open_page(lang="en"), "T05"))
    assert lower is None
    assert f"{signed(change)} pp on last month · provisional" in shown


# control charts


@pytest.mark.parametrize(
    ("column", "value", "lang", "word"),
    [
        ("variation", "common_cause", "zh", "常态波动"),
        ("variation", "improving", "en", "Improving"),
        ("variation", "concerning", "zh", "转差信号"),
        ("assurance", "passing", "en", "Passes reliably"),
        ("assurance", "hit_and_miss", "zh", "时达时不达"),
    ],
)
def test_a_tile_shows_variation_and_assurance_as_pictures_with_words(
    column: str, value: str, lang: str, word: str, sample: Path
) -> None:
    code, start, indicator_id = one(
        sample,
        f"select area_code, period_start, indicator_id from marts.control_limits where {column} = ? "
        "and indicator_id in ('T02', 'T03') and area_level in ('city', 'district', 'street') "
        "and period_start >= '2025-09-01' order by period_start desc, area_code, indicator_id limit 1",
        value,
    )
    shown = tile(open_page(area=code, period=f"{start:%Y-%m}", lang=lang), indicator_id)
    found = re.search(rf"<img class='sw-icon' alt='([^']+)' src='data:image/svg[^']+'><span>{word}</span>", shown)
    assert found and found[1]


def test_a_figure_without_a_control_chart_says_so_and_weeks_have_none(sample: Path) -> None:
    assert not ask(sample, "select 1 from marts.control_limits where indicator_id = 'M12'")
    assert "无控制图" in tile(open_page(), "M12")
    assert not [t for t in pieces(open_page(grain="quarter"), "sw-tile") if "sw-signals" in t]


def test_every_picture_differs_and_a_lower_target_turns_assurance_over() -> None:
    kinds = [
        icons.variation(kind, rising)
        for kind in ("improving", "concerning", "special_cause")
        for rising in (True, False)
    ]
    kinds += [icons.variation("common_cause", True)]
    kinds += [icons.assurance(kind, False) for kind in ("passing", "hit_and_miss", "failing")]
    kinds += [icons.assurance("passing", True)]
    alike = icons.variation("special_cause", True) == icons.variation("concerning", True)
    assert alike, (
        "an unusual month of a figure without direction looks like a concerning one; the words tell them apart"
    )
    assert len(set(kinds)) == len(kinds) - 2
    for address in kinds:
        svg = base64.b64decode(address.partition(",")[2]).decode()
        assert (
            svg.startswith("<svg")
            and "prefers-color-scheme:dark" in svg
            and "http://" not in svg.replace("http://www.w3.org/2000/svg", "")
        )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """The charts of the pages that a test opens, by key; Streamlit takes their data out of what it sends."""
    found: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(parts, "draw", lambda spec, alt, key: found.update({key: spec}))
    return found


def texts(spec: dict[str, Any]) -> list[str]:
    """All that a chart writes, apart from its axes and tooltips."""
    found: list[str] = []
    for layer in spec["layer"]:
        if layer["mark"]["type"] != "text":
            continue
        text = layer["encoding"]["text"]
        rows = layer.get("data", spec["data"])["values"]
        found += [text["value"]] if "value" in text else [row[text["field"]] for row in rows if row[text["field"]]]
    return found


def test_the_trend_names_target_centre_and_limits_at_their_values(
    sample: Path, drawn: dict[str, dict[str, Any]]
) -> None:
    centre, lower, upper, value, target = one(
        sample,
        "select c.centre, c.lower_limit, c.upper_limit, v.value, v.target from marts.control_limits c join marts.indicator_values v "
        "using (indicator_id, grain, period_start, area_level, area_code) where c.indicator_id = 'T02' and c.area_level = 'city' "
        "and v.dimension = 'all' and c.period_start = ?",
        MONTH,
    )
    open_page()
    spec = drawn["overview_trend"]
    told = texts(spec)
    for word, number in (("中心线", centre), ("下限", lower), ("上限", upper)):
        assert f"{word} {100 * number:.1f}%" in told
    assert f"目标 {100 * target:.0f}%" in told
    assert f"{100 * value:.1f}%" in told
    rules = [layer["data"]["values"][0]["at"] for layer in spec["layer"] if layer["mark"]["type"] == "rule"]
    assert sorted(rules) == pytest.approx(sorted(100 * n for n in (centre, lower, upper, target)))


def test_signals_of_the_trend_have_a_shape_and_a_word(sample: Path, drawn: dict[str, dict[str, Any]]) -> None:
    signalled = dict(
        ask(
            sample,
            "select period_start, variation from marts.control_limits where indicator_id = 'T02' and area_level = 'city' "
            "and variation in ('improving', 'concerning') and period_start between '2024-11-01' and ?",
            MONTH,
        )
    )
    open_page(lang="en")
    spec = drawn["overview_trend"]
    shown = {row["day"]: row["kind"] for row in spec["data"]["values"] if row["kind"]}
    assert shown == {day.isoformat(): kind for day, kind in signalled.items()}
    assert {t for t in texts(spec) if t[0] in "▲▼◆"} == {
        {"improving": "▲ improving", "concerning": "▼ concerning"}[k] for k in signalled.values()
    }
    shapes = {layer["mark"].get("shape") for layer in spec["layer"]}
    assert {"triangle-up", "triangle-down", "diamond"} <= shapes


def point(day: date, value: float, provisional: bool = False) -> Point:
    return Point(day, value, f"{100 * value:.1f}%", None, None, "n", provisional)


def test_the_provisional_stretch_is_dashed_hollow_hatched_and_named() -> None:
    days = [date(2026, month, 1) for month in range(1, 7)]
    points = [point(day, 0.9 + 0.01 * place, place > 3) for place, day in enumerate(days)]
    limits = {day: Limits(day, 0.92, 0.9, 0.94, "beyond_limits", True, "improving", None) for day in days}
    labels = {
        name: name for name in ("provisional", "improving", "concerning", "special_cause", "centre", "upper", "lower")
    }
    tooltips = {"period": "p", "value": "v", "count": "c", "signal": "s"}
    spec = control_chart.spec(points, limits, {}, "percent", "month", None, labels, tooltips)
    dashed = [layer for layer in spec["layer"] if layer["mark"].get("strokeDash") and layer["mark"]["type"] == "line"]
    assert [row["day"] for row in dashed[0]["data"]["values"]] == ["2026-04-01", "2026-05-01", "2026-06-01"]
    hollow = [layer for layer in spec["layer"] if layer["mark"].get("filled") is False]
    assert [layer["transform"] for layer in hollow] == [[{"filter": "datum.provisional"}]]
    stripes = spec["layer"][0]
    assert stripes["mark"]["type"] == "rule" and len(stripes["data"]["values"]) > 4
    assert stripes["data"]["values"][0]["day"] == "2026-04-01" and stripes["data"]["values"][-1]["day"] == "2026-06-01"
    assert "provisional" in texts(spec)
    # a provisional month is not judged, whatever the table says
    assert [row["kind"] for row in spec["data"]["values"]] == ["improving"] * 4 + ["", ""]
    final = control_chart.spec(points[:4], limits, {}, "percent", "month", None, labels, tooltips)
    assert "provisional" not in texts(final) and not any("stripes" in str(layer) for layer in final["layer"])


def test_small_trends_end_hollow_where_the_newest_figure_is_provisional(sample: Path) -> None:
    for month in (date(2026, 10, 1), date(2026, 11, 1)):
        (open_ones,) = one(
            sample,
            "select count(*) from marts.indicator_values where indicator_id = 'T02' and grain = 'month' and dimension = 'all' "
            "and area_level = 'district' and area_code <> 'unlocated' and period_start = ? and status = 'provisional'",
            month,
        )
        (minis,) = pieces(open_page(period=f"{month:%Y-%m}"), "sw-minis")
        drawn = [base64.b64decode(text).decode() for text in re.findall(r"base64,([^']+)'", minis)]
        assert len(drawn) == 5
        assert sum("stroke='var(--paper)'" in svg for svg in drawn) == open_ones
    assert open_ones == 5


def test_the_measure_of_trend_and_areas_is_chosen_and_stays_in_the_address(sample: Path) -> None:
    app = open_page(measure="T03")
    assert [s.value for s in app.subheader][:2] == ["按时办结率走势", "按时办结率：与目标相比"]
    app.segmented_control(key="pick_measure").set_value("M12").run()
    assert app.query_params["measure"] in ("M12", ["M12"])
    assert app.subheader[0].value == "配备达标率走势"


# the rectification list of the sample city


def on_list(sample: Path, code: str) -> list[tuple[Any, ...]]:
    """Open lines inside an area: identifier, part_of, due date, level, rows."""
    inside = (
        "with recursive tree as (select area_code from marts.areas where is_current and area_code = ? union all "
        "select a.area_code from marts.areas a join tree t on a.parent_code = t.area_code where a.is_current) "
    )
    return ask(
        sample,
        inside + "select line_id, part_of, due_on, area_level, coalesce(rows, 0) from marts.rectification "
        "where state in ('opened', 'confirmed', 'reopened') and area_code in (select area_code from tree)",
        code,
    )


@pytest.mark.parametrize(("code", "lang"), [("990100", "zh"), ("990103002", "en")])
def test_the_list_shows_lines_that_are_part_of_no_other_due_first_first(code: str, lang: str, sample: Path) -> None:
    lines = on_list(sample, code)
    known = {line[0] for line in lines}
    heads = [line for line in lines if line[1] not in known]
    app = open_page(area=code, lang=lang)
    said = words(pieces(app, "sw-say")[0])
    counts = re.findall(r"(?<![\d-])(\d+) (?:条在办|lines are open)", said)
    assert counts == [str(len(lines))]
    if len(heads) < len(lines):
        assert str(len(lines) - len(heads)) in said
    shown = [re.findall(r"\d{4}-\d{2}-\d{2}", table) for table in pieces(app, "sw-cases")]
    rank = {"district": 0, "street": 1, "community": 2}
    expected = sorted(heads, key=lambda line: (line[2], rank[line[3]], -line[4], line[0]))
    assert shown[0] == [line[2].isoformat() for line in expected[:100]]
    assert bool(pieces(app, "sw-matters")) == (len(heads) > 8)
    if len(heads) > 8:
        assert app.expander[0].label in (f"逐条看 {len(heads)} 条", f"All {len(heads)} lines, one by one")


def test_a_long_list_is_told_by_its_matters_each_once_with_its_areas(sample: Path) -> None:
    lines = {line[0]: line for line in on_list(sample, "990100")}
    heads = [line for line in lines.values() if line[1] not in lines]
    about = ask(
        sample,
        "select l.line_id, l.rule || coalesce(l.indicator_id, ''), a.area_name from marts.rectification l "
        "join marts.areas a on a.area_code = l.area_code and a.is_current",
    )
    matter = {line: (kind, name) for line, kind, name in about}
    expected: dict[str, list[str]] = {}
    for line in heads:
        expected.setdefault(matter[line[0]][0], []).append(matter[line[0]][1])
    (table,) = pieces(open_page(area="990100"), "sw-matters")
    rows = [words(row) for row in table.split("<tr>")[2:]]
    assert len(rows) == len(expected)
    (overdue,) = [row for row in rows if row.startswith("长期超期工单")]
    names = [matter[line[0]][1] for line in heads if matter[line[0]][0] == "overdue"]
    assert f"{len(names)} 个区" in overdue and all(name in overdue for name in names)
    assert f"{sum(line[4] for line in heads if line[0] in matter and matter[line[0]][0] == 'overdue'):,} 件" in overdue
    (staff,) = [row for row in rows if row.startswith("配备达标率")]
    assert f"另 {len(expected['targetM12']) - 3} 处" in staff


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_line_says_rule_area_value_bound_owner_due_and_state(lang: str, sample: Path) -> None:
    code, indicator_id, value, top, bottom, target, months, due, opened = one(
        sample,
        "select area_code, indicator_id, value, numerator, denominator, target, months_below, due_on, opened_on "
        "from marts.rectification where rule = 'target' and state = 'confirmed' and area_level = 'district' "
        "and indicator_id = 'M12' order by value limit 1",
    )
    area = one(sample, "select area_name, area_name_en from marts.areas where area_code = ? and is_current", code)
    name = one(sample, "select name_zh, name_en from marts.indicators where indicator_id = ?", indicator_id)
    rule = one(sample, "select name_zh, name_en from marts.rectification_rules where rule = 'target'")
    pick = 0 if lang == "zh" else 1
    app = open_page(area=code, lang=lang)
    rows = [row for table in pieces(app, "sw-cases") for row in table.split("<tr>")]
    (row,) = [words(row) for row in rows if name[pick].lower() in row.lower() and f"{top:,.0f} / {bottom:,.0f}" in row]
    assert rule[pick].lower() in row.lower() and str(months) in row
    assert row.count(area[pick]) == 2, "area and owner"
    assert f"▼ {100 * value:.1f}%" in row
    assert (f"目标 {100 * target:.0f}%" if lang == "zh" else f"target {100 * target:.0f}%") in row
    assert due.isoformat() in row
    cut = one(sample, "select as_of_on from marts.as_of where dataset = 'tickets'")[0]
    left = (due - cut).days
    assert (f"还有 {left} 天" if lang == "zh" else f"{left} days left") in row
    assert ("仍存在" if lang == "zh" else "Still holds") in row
    assert (f"{opened.year}年{opened.month}月起" if lang == "zh" else f"since {opened:%B %Y}") in row


def test_the_watch_list_names_the_rung_below_and_counts_the_rest(sample: Path) -> None:
    near = ask(
        sample,
        "select a.area_name, w.value from marts.watch_list w join marts.areas a using (area_code) "
        "where a.is_current and w.area_level = 'district' and w.indicator_id = 'T02'",
    )
    (further,) = one(
        sample,
        "select count(*) from marts.watch_list w join marts.areas a using (area_code) where a.is_current and w.area_level in ('street', 'community')",
    )
    (watch,) = pieces(open_page(), "sw-watch")
    assert near and all(area in watch for area, _ in near)
    assert f"更下级另有 {further} 项" in watch
    assert "sw-bad" not in watch


# made-up lists


def add_lists(edition: Path, *, due: date, state: str = "confirmed", part_of: str | None = None) -> None:
    """A list with a line of a district, one of a community below it, and a rule with a hostile name."""
    edition.chmod(0o644)
    with duckdb.connect(str(edition)) as con:
        con.execute(
            "create table marts.rectification_rules (rule varchar, threshold integer, due_days integer, name_zh varchar, name_en varchar)"
        )
        con.execute(
            "insert into marts.rectification_rules values ('target', 3, 60, '<script>规则', '[rule](http://x)')"
        )
        con.execute(
            "create table marts.rectification (line_id varchar, rule varchar, area_level varchar, area_code varchar, subject varchar, "
            "indicator_id varchar, opened_on date, period_start date, mended_on date, closed_on date, closed_because varchar, "
            "reopened_on date, due_on date, numerator double, denominator double, value double, lower double, upper double, "
            "floor double, target double, months_below bigint, rows bigint, state varchar, owner_code varchar, part_of varchar)"
        )
        for line, level, code, above in (
            ("d", "district", DISTRICT, None),
            ("c", "community", COMMUNITY, part_of),
        ):
            con.execute(
                "insert into marts.rectification values (?, 'target', ?, ?, 'T02', 'T02', '2026-05-01', '2026-10-01', null, null, null, "
                "null, ?, 90, 100, 0.9, 0.82, 0.95, null, 0.97, 5, 7, ?, ?, ?)",
                [line, level, code, due, state, code, above],
            )


def test_an_overdue_line_is_counted_marked_and_says_by_how_many_days(made_up: Path) -> None:
    add_lists(made_up, due=AS_OF_ON - timedelta(days=9))
    app = open_page(lang="en")
    assert "2 of them are overdue" in words(pieces(app, "sw-say")[0]).replace("▼ ", "")
    assert words(pieces(app, "sw-cases")[0]).count("▼ 9 days overdue") == 2


def test_a_line_of_a_smaller_area_stands_under_the_one_above_and_alone_in_its_own_area(made_up: Path) -> None:
    add_lists(made_up, due=AS_OF_ON + timedelta(days=3), part_of="d")
    assert words(pieces(open_page(), "sw-cases")[0]).count("还有 3 天") == 1
    assert "含下级 1 条" in pieces(open_page(), "sw-cases")[0]
    own = pieces(open_page(area=COMMUNITY), "sw-cases")[0]
    assert words(own).count("还有 3 天") == 1 and "含下级" not in own
    assert not pieces(open_page(area="440302"), "sw-cases")
    assert "整改清单上没有这一区域的事项" in words(" ".join(pieces(open_page(area="440302"), "sw-calm")))


def test_a_line_by_the_rule_of_the_floor_is_set_against_the_floor(made_up: Path) -> None:
    add_lists(made_up, due=AS_OF_ON)
    with duckdb.connect(str(made_up)) as con:
        con.execute("update marts.rectification set rule = 'floor', floor = 0.91")
    shown = words(pieces(open_page(), "sw-cases")[0])
    assert "▼ 90.0% 底线 91%" in shown and "目标" not in shown


def test_a_mended_line_is_apart_and_not_red(made_up: Path) -> None:
    add_lists(made_up, due=AS_OF_ON, state="mended")
    app = open_page()
    assert app.expander[0].label == "已见好或已销号 2 条"
    (table,) = pieces(app, "sw-cases")
    assert "✓ 已见好，待确认" in table and "sw-bad" not in table


def test_names_that_hold_markup_do_nothing(made_up: Path) -> None:
    add_lists(made_up, due=AS_OF_ON)
    with duckdb.connect(str(made_up)) as con:
        con.execute(
            "update marts.areas set area_name = '<script>x</script>![p](http://x/p.png)$a$', area_name_en = '<b>n</b>![p](http://x/p.png)' where area_code = ?",
            [DISTRICT],
        )
    for lang, area in (("zh", CITY), ("en", COMMUNITY), ("en", DISTRICT)):
        app = open_page(lang=lang, area=area)
        html = " ".join(h.value for h in app.get("html"))
        assert "<script" not in html and "<b>n</b>" not in html
        shown = [str(e.value) for kind in ("markdown", "header", "subheader", "caption") for e in app.get(kind)]
        shown += [b.label for b in app.button]
        assert not any(re.search(r"(?<!\\)!?(?<!\\)\[p(?<!\\)\]\(http", text) for text in shown), shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_edition_without_lists_and_charts_says_so_in_words(lang: str, made_up: Path) -> None:
    app = open_page(lang=lang)
    assert ("这一版还没有整改清单。" if lang == "zh" else "This edition keeps no rectification list yet.") in [
        i.value for i in app.info
    ]
    assert not pieces(app, "sw-watch")
    # without the table of changes the page compares by itself and says nothing about chance
    (change,) = [
        line for line in tile(app, "T02").split("<div") if ("较上月" if lang == "zh" else "on last month") in line
    ]
    assert not any(word in change for word in ("偶然", "chance"))


def test_an_edition_without_figures_says_so_and_does_not_fail(made_up: Path) -> None:
    with duckdb.connect(str(made_up)) as con:
        con.execute("delete from marts.indicator_values where area_level <> 'city' or indicator_id <> 'T01'")
    app = open_page(area=DISTRICT)
    assert "这一区域在此周期没有可显示的数据。" in [i.value for i in app.info]


# restatements


def test_restated_figures_of_the_page_are_counted_in_one_line_with_old_new_and_why(made_up: Path) -> None:
    with duckdb.connect(str(made_up)) as con:
        con.execute(
            "create table marts.restatements (kind varchar, indicator_id varchar, grain varchar, period_start date, area_level varchar, "
            "area_code varchar, dimension varchar, member varchar, was_value double, was_numerator double, was_denominator double, "
            "was_target double, was_status varchar, is_value double, is_numerator double, is_denominator double, is_target double, "
            "is_status varchar, why_zh varchar, why_en varchar)"
        )
        for kind, indicator_id, level, code, start, dimension in (
            ("restatement", "T02", "city", CITY, "2026-09-01", "all"),
            ("provisional_update", "T02", "city", CITY, "2026-10-01", "all"),
            ("restatement", "T02", "city", CITY, "2026-09-01", "channel"),
            ("restatement", "T04", "city", CITY, "2026-09-01", "all"),
            ("restatement", "T02", "district", DISTRICT, "2026-09-01", "all"),
        ):
            con.execute(
                "insert into marts.restatements values (?, ?, 'month', ?, ?, ?, ?, 'all', 0.951, 951, 1000, 0.97, 'missed', "
                "0.962, 962, 1000, 0.97, 'missed', '12 行<b>迟到</b>', '12 late <b>rows</b>')",
                [kind, indicator_id, start, level, code, dimension],
            )
    (table,) = pieces(open_page(lang="en"), "12 late")
    assert table.count("12 late") == 1
    assert words(table).endswith("Resolution rate September 2026 95.1% 96.2% 12 late &lt;b&gt;rows&lt;/b&gt;")
    assert not pieces(open_page(area="440302"), "12 行")
    assert not pieces(open_page(period="2026-08"), "12 行"), "a later month than those shown"


def test_a_name_for_markdown_keeps_its_letters() -> None:
    assert formats.plain("A-1 社区 (东)") == "A-1 社区 (东)"
    assert formats.plain("![x](y)$z$<i>") == "\\!\\[x\\](y)\\$z\\$\\<i\\>"
    assert formats.plain("http://a.b WWW.c.d\n# e") == "http:\u2060//a.b WWW\u2060.c.d \\# e"
