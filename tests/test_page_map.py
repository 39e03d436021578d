"""The page `map`: the same figures as picture, sentence and table; the way down and up; what it does without outlines."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import pytest
from editions import CITY, Shape, publish
from map_editions import add_shapes, city_with_maps
from streamlit.testing.v1 import AppTest

from dashboards import editions, geo, map_parts

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<script>alert(1)</script>[x](http://evil.example/x.png)![y](http://evil.example/y.png)$a$"
LAST_MONTH = "2026-10-01"


def open_map(city: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page("app_pages/map.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def shown(app: AppTest) -> str:
    """All HTML of a page that is not a popover's, as text."""
    pieces = [h.value for h in app.get("html") if "sw-passport" not in h.value]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", " ".join(pieces)))


def table(app: AppTest) -> dict[str, tuple[str, list[str]]]:
    """Rows of the table beside the map: name → address of its link, and its cells."""
    (html,) = [h.value for h in app.get("html") if "class='sw-beside'" in h.value]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]:
        cells = [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        link = re.search(r"href='([^']*)'", row)
        found[cells[0]] = (unescape(link[1]) if link else "", cells[1:])
    return found


def picture(app: AppTest) -> dict[str, dict[str, Any]]:
    """What the chart draws, by area code: the feature and its label together."""
    (chart,) = [element for element in app.get("vega_lite_chart")]
    spec = json.loads(chart.proto.spec)
    features = {item["code"]: item for item in spec["data"]["values"]}
    labels = spec["layer"][1]["data"]["values"]
    ordered = list(features.values())
    return {item["code"]: {**item, "label": label} for item, label in zip(ordered, labels, strict=True)}


def ask(city: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows of the published edition, on a connection of the test's own."""
    with duckdb.connect(
        str((city / "state/published/current").resolve()), read_only=True, config=dict(editions.READER)
    ) as con:
        return con.execute(sql, list(parameters)).fetchall()


def of_level(city: Path, indicator: str, level: str, start: str = LAST_MONTH) -> list[tuple[Any, ...]]:
    """Code, both names, parent, value, status and counts of every area of a level in a month."""
    return ask(
        city,
        "select a.area_code, a.area_name, a.area_name_en, a.parent_code, v.value, v.status, v.numerator, v.denominator "
        "from marts.areas a join marts.indicator_values v on v.area_code = a.area_code and v.area_level = a.level "
        "where a.is_current and a.level = ? and v.indicator_id = ? and v.grain = 'month' and v.period_start = ? "
        "and v.dimension = 'all' order by 1",
        level,
        indicator,
        start,
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_sentence_picture_and_table_tell_the_same_of_every_district(
    lang: str, sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_map(sample_city, monkeypatch, lang=lang, indicator="M07")
    rows = of_level(sample_city, "M07", "district")
    assert {row[5] for row in rows} == {"met", "missed"}
    missed = [row for row in rows if row[5] == "missed"]
    said = shown(app)
    assert (f"{len(rows)} 个区中" if lang == "zh" else f"Of {len(rows)} districts") in said
    assert (f"▼ {len(missed)} 个未达标" if lang == "zh" else f"▼ {len(missed)} below it") in said
    drawn, listed = picture(app), table(app)
    assert drawn.keys() == {row[0] for row in rows}
    for code, zh, en, _, value, status, top, bottom in rows:
        name, percent = en if lang == "en" else zh, f"{100 * value:.1f}%"
        link, cells = listed[name]
        assert parse_qs(link.lstrip("?")) == {
            **({"lang": ["en"]} if lang == "en" else {}),
            "indicator": ["M07"],
            "area": [code],
        }
        assert cells[0] == {"met": "✓", "missed": "▼"}[status]
        assert cells[1:3] == [percent, f"{top:,.0f} / {bottom:,.0f}"]
        assert drawn[code]["label"]["value"] == ("▼ " if status == "missed" else "") + percent
        assert (drawn[code]["colour"] == "alarm") == (status == "missed")
    assert all(zh in said for _, zh, *_ in missed) or lang == "en"


def test_red_never_stands_without_its_mark_and_undecided_areas_are_hollow(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = of_level(sample_city, "T02", "community")
    street = next(row[3] for row in rows if row[5] == "missed")
    drawn = picture(open_map(sample_city, monkeypatch, area=street))
    here = {row[0]: row for row in rows if row[3] == street}
    assert drawn.keys() == here.keys()
    for code, item in drawn.items():
        status = here[code][5]
        assert item["label"]["value"].startswith(
            {"missed": "▼ ", "watch": "◐ "}.get(status, f"{100 * here[code][4]:.0f}"[:2])
        )
        assert item["hollow"] == (status == "watch")
        assert item["colour"] == {"missed": "alarm", "watch": "context", "met": "accent"}[status]


def test_a_link_goes_down_to_the_community_which_stands_among_its_neighbours(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, codes = open_map(sample_city, monkeypatch, indicator="T03"), []
    for _ in range(3):
        link, _cells = next(iter(table(app).values()))
        query = {key: values[0] for key, values in parse_qs(link.lstrip("?")).items()}
        assert query["indicator"] == "T03"
        codes.append(query["area"])
        app = open_map(sample_city, monkeypatch, **query)
    levels = [
        ask(sample_city, "select distinct level, parent_code from marts.areas where area_code = ?", c)[0] for c in codes
    ]
    assert [level for level, _ in levels] == ["district", "street", "community"]
    assert [parent for _, parent in levels[1:]] == codes[:2]
    drawn = picture(app)
    assert [code for code, item in drawn.items() if item["chosen"]] == [codes[2]]
    assert len(drawn) == len([row for row in of_level(sample_city, "T03", "community") if row[3] == codes[1]])
    assert ("", True) in {(link, bool(cells)) for link, cells in table(app).values()}


def test_an_indicator_without_target_is_shaded_by_its_value_from_zero(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_map(sample_city, monkeypatch, indicator="T01")
    rows, drawn = of_level(sample_city, "T01", "district"), picture(app)
    by_value = sorted(rows, key=lambda row: row[4])
    shades = [drawn[row[0]]["opacity"] for row in by_value]
    assert shades == sorted(shades)
    share = by_value[0][4] / by_value[-1][4]
    assert (shades[0] - 0.08) / (shades[-1] - 0.08) == pytest.approx(share, abs=1e-6)
    assert {item["colour"] for item in drawn.values()} == {"accent"}
    said = shown(app)
    assert f"{by_value[0][4]:,.0f}" in said and f"{by_value[-1][4]:,.0f}" in said
    assert "蓝色越浓" in said


def test_an_area_that_was_merged_away_stands_in_its_own_periods_only(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((code, parent, end),) = ask(
        sample_city,
        "select area_code, parent_code, valid_to from marts.areas where level = 'community' and not is_current "
        "and area_code not in (select area_code from marts.areas where is_current) order by valid_to desc limit 1",
    )
    last = f"{end.year - (end.month == 1)}-{(end.month - 2) % 12 + 1:02d}"
    before = open_map(sample_city, monkeypatch, area=parent, period=last)
    assert code in picture(before)
    name = ask(sample_city, "select area_name from marts.areas where area_code = ? and valid_to = ?", code, end)[0][0]
    assert table(before)[name][0] == "", "an area that cannot be chosen any more has no link"
    assert code not in picture(open_map(sample_city, monkeypatch, area=parent))


def test_what_is_suppressed_stays_blank(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = ask(
        sample_city,
        "select indicator_id, any_value(area_code), area_level from marts.indicator_values where indicator_id in "
        "('M05', 'M08', 'M09', 'M10', 'M04') and grain = 'month' and period_start = ? and dimension = 'all' "
        "and area_level in ('street', 'community') and status = 'suppressed' "
        "and area_code in (select area_code from marts.areas where is_current) group by 1, 3 order by 1, 3 limit 1",
        LAST_MONTH,
    )
    if not hidden:
        pytest.skip("this sample city hides nothing in that month")
    indicator, code, level = hidden[0]
    ((parent,),) = ask(
        sample_city, "select parent_code from marts.areas where area_code = ? and level = ? and is_current", code, level
    )
    app = open_map(sample_city, monkeypatch, area=parent, indicator=indicator)
    item = picture(app)[code]
    assert item["opacity"] == 0 and item["label"]["value"] == "已隐去"
    assert not any(re.search(r"\d", str(item[f"t{index}"])) for index in (1, 2, 3))
    assert "空白 —" in shown(app)


def test_an_unknown_indicator_is_refused_with_a_message(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_map(sample_city, monkeypatch, indicator="Z99<b>")
    assert "Z99<b>" in unescape(shown(app))
    assert "indicator" not in app.query_params
    assert picture(app)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city of an edition without outlines, as earlier versions made them, with hostile names."""
    folder = tmp_path_factory.mktemp("published")
    edition = publish(folder, shape=Shape(districts=4, streets=1, communities=2, months=2, weeks=1))
    with duckdb.connect(str(edition)) as con:
        con.execute(f"update marts.areas set area_name = '{HOSTILE}' where area_code = '{CITY[:4]}01'")
        con.execute(f"update marts.areas set area_name_en = '{HOSTILE}' where area_code = '{CITY[:4]}02'")
    return folder


@pytest.fixture
def small(published: Path, tmp_path: Path) -> Path:
    """A copy of that city which a test may change."""
    return Path(shutil.copytree(published, tmp_path / "small", symlinks=True))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hostile_name_is_text_and_an_older_edition_gets_tiles(
    lang: str, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_map(small, monkeypatch, lang=lang, indicator="T03")
    for html in app.get("html"):
        assert "<script" not in html.value and "<img src=x" not in html.value
    for kind in ("markdown", "caption", "subheader", "header", "info"):
        assert not any("evil.example" in str(element.value) for element in app.get(kind)), kind
    assert HOSTILE in table(app)
    assert ("一区一格" if lang == "zh" else "one tile each") in shown(app)
    drawn = picture(app)
    assert len(drawn) == 4
    for item in drawn.values():
        (ring,) = item["geometry"]["coordinates"][0]
        assert ring[1][0] - ring[0][0] == pytest.approx(ring[2][1] - ring[1][1])


@pytest.mark.parametrize(("with_outline", "drawn"), [(3, 3), (2, 2), (1, 4)])
def test_outlines_are_drawn_where_half_of_the_areas_have_one_and_the_others_are_named(
    with_outline: int, drawn: int, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [f"{CITY[:4]}{number:02d}" for number in range(1, with_outline + 1)]
    city = city_with_maps(tmp_path / "maps_only", [(code, "district", CITY) for code in codes])
    ring = [[0, 0], [3, 0], [3, 1], [0, 1], [0, 0]]
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [[[x + 3 * i, y] for x, y in ring]]},
        }
        for i, code in enumerate(codes)
    ]
    file = city.folder / "maps" / "districts.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    add_shapes((small / "state/published/current").resolve(), city)
    app = open_map(small, monkeypatch)
    assert len(picture(app)) == drawn
    assert len(table(app)) == 4
    ((name,),) = ask(small, "select area_name from marts.areas where area_code = ?", f"{CITY[:4]}04")
    said = shown(app)
    if drawn < 4:
        assert picture(app).keys() == set(codes)
        assert re.search(f"边界文件中没有：.*{name}", said)
    else:
        assert "一区一格" in said


def test_an_empty_city_says_so_in_words(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str((small / "state/published/current").resolve())) as con:
        con.execute("delete from marts.areas where level <> 'city'")
    assert [element.value for element in open_map(small, monkeypatch).get("info")] == ["这一版没有可画的区域。"]


def test_an_indicator_without_figures_below_leaves_every_area_blank(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str((small / "state/published/current").resolve())) as con:
        con.execute("delete from marts.indicator_values where indicator_id = 'T03' and area_level <> 'city'")
    app = open_map(small, monkeypatch, indicator="T03")
    assert {item["label"]["value"] for item in picture(app).values()} == {"—"}
    assert any("没有数据" in element.value for element in app.get("info"))


def test_labels_leave_out_the_ending_that_all_names_share() -> None:
    assert map_parts.shortened(["云汀区", "松岚区"]) == ["云汀", "松岚"]
    assert map_parts.shortened(["Yunting District", "Songlan District"]) == ["Yunting", "Songlan"]
    assert map_parts.shortened(["东区", "西区"]) == ["东区", "西区"]
    assert map_parts.shortened(["Hamden", "Camden"]) == ["Hamden", "Camden"]
    assert map_parts.shortened(["甲区"]) == ["甲区"]
    assert map_parts.shortened([]) == []


def test_a_district_lies_in_the_middle_of_its_communities(sample_city: Path) -> None:
    edition = str((sample_city / "state/published/current").resolve())
    found = geo.places(edition, date(2026, 10, 31))
    ((code, x, y),) = ask(
        sample_city,
        "select parent_code, avg(longitude), avg(latitude) from marts.areas where level = 'community' and is_current "
        "group by 1 order by 1 limit 1",
    )
    assert (found[code].longitude, found[code].latitude) == (pytest.approx(x), pytest.approx(y))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_click_on_an_area_goes_down_and_the_path_leads_back_up(small: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(ENTRY), "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "STREETWISE_CITY": str(small)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    outside: list[str] = []
    try:
        assert process.stdout is not None
        next(line for line in process.stdout if "URL:" in line)
        with playwright.sync_playwright() as tool:
            browser = tool.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 1100})
            page.on(
                "request",
                lambda r: None if "127.0.0.1" in r.url or r.url[:5] in ("data:", "blob:") else outside.append(r.url),
            )
            page.goto(f"http://127.0.0.1:{port}/map?indicator=T03")
            for step in (6, 9):
                # in the middle of an area, where its label stands
                page.locator("[class*=st-key-map_frame_] .mark-shape path").first.click(force=True)
                page.wait_for_url(re.compile(rf"indicator=T03&area=4403\d{{{step - 4}}}$"))
                page.locator("[class*=st-key-path] button").first.wait_for()
            page.locator("[class*=st-key-path] button").first.click()
            page.wait_for_url(f"http://127.0.0.1:{port}/map?indicator=T03")
            browser.close()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
    assert outside == []
