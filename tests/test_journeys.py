"""The ten journeys of docs/journeys.md in a real browser, their figures asked from the edition by SQL of the test's own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import duckdb
import fastexcel
import pytest
from visits import Visit, chromium, needs_chromium, playwright, serving

from dashboards.editions import READER

pytestmark = needs_chromium
OPEN = "state IN ('opened', 'confirmed', 'reopened')"
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def server(sample_city: Path) -> Iterator[str]:
    """The address of a real server over the sample city, which takes whoever asks for an analyst."""
    with serving(sample_city) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def ask(sample_city: Path) -> Iterator[Ask]:
    """Rows of the edition."""
    # tests in the same process read the edition with the settings of the pages: DuckDB wants the same of everybody
    file = str((sample_city / "state/published/current").resolve())
    with duckdb.connect(file, read_only=True, config=dict(READER)) as con:
        yield lambda sql, *values: con.execute(sql, list(values)).fetchall()


def month(ask: Ask) -> object:
    """The last month that is over at the data cut of tickets."""
    return ask("SELECT date_trunc('month', as_of_on) - INTERVAL 1 MONTH FROM marts.as_of WHERE dataset = 'tickets'")[0][
        0
    ]


def figures(ask: Ask, indicator_id: str, level: str) -> dict[str, tuple[Any, ...]]:
    """(value, numerator, denominator, status) of the areas of a level in that month."""
    rows = ask(
        "SELECT area_code, value, numerator, denominator, status FROM marts.indicator_values WHERE indicator_id = ? "
        "AND grain = 'month' AND period_start = ? AND area_level = ? AND dimension = 'all' AND area_code <> 'unlocated'",
        indicator_id,
        month(ask),
        level,
    )
    return {str(code): tuple(rest) for code, *rest in rows}


def fraction(ask: Ask, indicator_id: str, level: str = "city", code: str | None = None) -> str:
    """'3,434 / 3,705' of an area, of the city without a code."""
    found = figures(ask, indicator_id, level)
    _, top, bottom, _ = found[code] if code else next(iter(found.values()))
    return f"{top:,.0f} / {bottom:,.0f}"


def names(ask: Ask, level: str) -> dict[str, tuple[str, str]]:
    """Chinese and English names of the areas in force."""
    rows = ask("SELECT area_code, area_name, area_name_en FROM marts.areas WHERE level = ? AND is_current", level)
    return {str(code): (zh, en) for code, zh, en in rows}


def area_of(address: str) -> str:
    """The area that an address asks for, '' for the city."""
    return parse_qs(urlsplit(address).query).get("area", [""])[0]


def ends(visit: Visit) -> None:
    """A journey is over: no request left the machine."""
    assert visit.outside == []
    visit.close()


def test_1_the_mayor_goes_from_the_list_to_a_community_on_the_phone(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser, 390, height=844)
    visit.open(server)
    visit.reads(fraction(ask, "T03"))
    ((lines,),) = ask(f"SELECT count(*) FROM marts.rectification WHERE {OPEN}")
    visit.reads(f"整改清单上 {lines} 条在办")
    visit.picture("journey-1-overview")
    above = dict(
        ask(f"SELECT area_code, area_level FROM marts.rectification WHERE {OPEN} AND area_level <> 'community'")
    )
    links = visit.page.locator(".sw-matters a:visible, .sw-cases a:visible")
    found = [link for link in links.all() if area_of(str(link.get_attribute("href"))) in above]
    code = area_of(str(found[0].get_attribute("href")))
    found[0].click()
    visit.page.wait_for_url(f"**area={code}**")
    visit.settle()
    visit.reads(names(ask, above[code])[code][0])
    visit.page.get_by_role("button", name="菜单").click()
    visit.page.get_by_test_id("stPopoverBody").get_by_role("link", name="社区画像").click()
    visit.page.wait_for_url(f"**/community?**area={code}**")
    visit.settle()
    visit.page.locator(".sw-table a:visible").first.click()
    visit.page.locator(".sw-facts").wait_for()
    community = area_of(visit.page.url)
    ((name, people),) = ask(
        "SELECT area_name, population FROM marts.areas WHERE area_code = ? AND is_current", community
    )
    assert name in visit.told(".sw-facts")
    assert f"常住 {people:,} 人" in visit.told(".sw-facts")
    visit.fits()
    visit.picture("journey-1-community")
    ends(visit)


def test_2_the_wall_screen_changes_language_and_keeps_its_place(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser, 1920, "dark", height=1080)
    visit.open(server)
    code, (zh, en) = min(names(ask, "district").items())
    visit.page.get_by_test_id("stSelectbox").first.locator("input").fill(zh)
    visit.page.get_by_role("option", name=zh, exact=True).click()
    visit.page.wait_for_url(f"**area={code}**")
    visit.page.get_by_role("radio", name="EN", exact=True).click()
    visit.page.wait_for_url("**lang=en**")
    visit.reads(f"In October 2026, {en}")
    visit.reads(fraction(ask, "T02", "district", code))
    assert area_of(visit.page.url) == code
    box = visit.page.locator(".sw-value").first.bounding_box()
    assert box is not None and box["y"] + box["height"] < 1080
    visit.fits()
    visit.picture("journey-2-wall")
    ends(visit)


def test_3_the_deputy_finds_where_on_time_is_lowest_and_shares_the_link(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/map?indicator=T03")
    districts = figures(ask, "T03", "district")
    worst = min(districts, key=lambda code: districts[code][0])
    visit.page.get_by_role("link", name=names(ask, "district")[worst][0], exact=True).click()
    visit.page.wait_for_url(f"**area={worst}**")
    visit.settle()
    streets = [
        code
        for (code,) in ask("SELECT area_code FROM marts.areas WHERE parent_code = ? AND is_current", worst)
        if code in figures(ask, "T03", "street")
    ]
    assert streets
    for code in streets:
        visit.reads(fraction(ask, "T03", "street", code))
    visit.picture("journey-3-streets")
    shared, table = visit.page.url, visit.told(".sw-beside")
    visit.page.go_back()
    visit.reads(fraction(ask, "T03", "district", max(districts)))
    assert area_of(visit.page.url) == ""
    visit.page.go_forward()
    visit.reads(fraction(ask, "T03", "street", streets[0]))
    visit.page.reload()
    visit.settle()
    assert visit.told(".sw-beside") == table
    other = Visit(browser)
    other.open(shared)
    assert other.told(".sw-beside") == table
    ends(other)
    ends(visit)


def test_4_the_finance_officer_takes_the_communities_behind_schedule_as_excel(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    found = figures(ask, "F06", "community")
    last = min((code for code in found if found[code][3] == "missed"), key=lambda code: found[code][0])
    value, name = found[last][0], names(ask, "community")[last][0]
    visit = Visit(browser)
    visit.open(f"{server}/funding")
    visit.page.locator(".sw-tall").first.wait_for()
    first = visit.page.locator(".sw-tall tbody tr").first.inner_text()
    assert name in first and f"▼ −{abs(value):.1f}" in first
    visit.page.locator(".st-key-take_communities button").click()
    file = visit.takes(visit.page.get_by_role("button", name="Excel 表格").locator("visible=true"))
    sheet = fastexcel.read_excel(str(file)).load_sheet(0).to_polars()
    rows = [row for row in sheet.rows() if row[0] == "F06" and str(row[2]).split(" · ")[0] == name]
    assert value in [pytest.approx(row[4], abs=1e-6) for row in rows]
    assert sum(row[0] == "F06" for row in sheet.rows()) == len(found)
    ends(visit)


def test_5_the_party_office_reads_every_gap_by_name(server: str, browser: playwright.Browser, ask: Ask) -> None:
    lacking = [code for code, (_, top, bottom, _) in figures(ask, "M12", "community").items() if top < bottom]
    visit = Visit(browser)
    visit.open(f"{server}/organisations")
    visit.reads(f"{len(lacking)} 个社区人手未达标准")
    visit.page.locator(".st-key-gaps_M12 button").click()
    opened = visit.page.get_by_test_id("stPopoverBody").locator("visible=true")
    opened.locator("table").wait_for()
    listed = opened.inner_text()
    known = names(ask, "community")
    assert lacking and [known[code][0] for code in lacking if known[code][0] not in listed] == []
    visit.picture("journey-5-gaps")
    ends(visit)


def test_6_the_hotline_analyst_sets_claims_beside_answers_and_reads_what_they_count(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/tickets?lang=en")
    claims = visit.told(".sw-rows")
    for indicator_id in ("T02", "T05", "T06", "T07"):
        assert fraction(ask, indicator_id) in claims, indicator_id
    visit.page.locator(".st-key-about_claimed button").click()
    ((name, definition),) = ask("SELECT name_en, definition_en FROM marts.indicators WHERE indicator_id = 'T05'")
    opened = visit.page.get_by_test_id("stPopoverBody").locator("visible=true")
    opened.get_by_text(definition).first.wait_for()
    _, top, bottom, _ = next(iter(figures(ask, "T05", "city").values()))
    assert f"{top:,.0f}" in opened.inner_text() and f"{bottom:,.0f}" in opened.inner_text()
    visit.page.keyboard.press("Escape")
    visit.page.get_by_role("link", name="Definitions", exact=True).first.click()
    visit.page.wait_for_url("**/definitions?**lang=en**")
    visit.settle()
    visit.page.get_by_label("Search").fill("T05")
    visit.page.locator(".st-key-define_T02").wait_for(state="detached")
    card = visit.told(".st-key-define_T05")
    assert definition in card and fraction(ask, "T05") in card and name.casefold() in card.casefold()
    visit.picture("journey-6-definition")
    ends(visit)


def test_the_picture_of_the_backlog_is_loaded_when_asked_for_and_a_click_goes_down(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    for page in ("", "tickets?group=late"):
        visit.open(f"{server}/{page}")
        visit.page.get_by_test_id("stVegaLiteChart").first.wait_for()
    assert not any("plotly" in url.lower() for url in asked)
    visit.page.get_by_text("画成图").click()
    ((street, n),) = ask(
        "SELECT area_name, overdue FROM (SELECT area_code, sum(overdue) AS overdue FROM marts.backlog_ages "
        "WHERE area_level = 'street' GROUP BY 1) JOIN marts.areas a USING (area_code) WHERE a.is_current ORDER BY 2 DESC LIMIT 1"
    )
    block = visit.page.locator(".treemaplayer .slice", has_text=f"{street} {n:,.0f}").first
    block.wait_for()
    assert any("plotly" in url.lower() for url in asked)
    block.click()
    visit.page.locator(".treemaplayer .slice", has_text="社区").first.wait_for()
    ends(visit)


def test_7_other_weights_move_places_no_further_than_noise(server: str, browser: playwright.Browser, ask: Ask) -> None:
    ((pairs, noise),) = ask(
        "SELECT count(is_noise), count(*) FILTER (WHERE is_noise) FROM marts.score_robustness WHERE grain = 'month' "
        "AND period_start = ? AND peer_class = 'district'",
        month(ask),
    )
    visit = Visit(browser)
    visit.open(f"{server}/ranking?view=score")
    visit.reads(f"相邻 {pairs} 对先后中，{noise} 对在各项权重浮动 ±20% 时就会颠倒")
    visit.page.get_by_role("slider").first.focus()
    visit.page.keyboard.press("ArrowRight")
    visit.page.wait_for_url("**weights=**")
    # one hundredth of the sheet lies well inside the twentieth-of-the-sheet draws that made the published places
    visit.reads("换成这套权重")
    lead = visit.told(".sw-lead")
    assert "是噪声" in lead or "名次都不变" in lead
    assert "取决于权重" not in lead
    visit.picture("journey-7-weights")
    ends(visit)


def test_8_the_analyst_takes_rejected_rows_and_asks_in_sql(server: str, browser: playwright.Browser, ask: Ask) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/data")
    visit.page.get_by_role("radio", name="检查").click()
    visit.page.get_by_text("逐行查看与下载").locator("visible=true").first.click()
    button = visit.page.locator(".st-key-rejects_csv button")
    button.wait_for()
    download = visit.downloads(button)
    dataset = download.suggested_filename.rpartition("-")[2].removesuffix(".csv")
    with Path(download.path()).open(encoding="utf-8-sig", newline="") as file:
        taken = list(csv.reader(file))
    ((rejected,),) = ask("SELECT count(*) FROM marts.rejects WHERE dataset = ?", dataset)
    assert len(taken) - 1 == rejected > 0
    visit.page.get_by_role("link", name="查询", exact=True).first.click()
    visit.settle()
    sql = "SELECT dataset, count(*) AS n FROM marts.rejects GROUP BY ALL ORDER BY dataset"
    visit.page.get_by_role("textbox", name="SQL（DuckDB）").fill(sql)
    visit.page.get_by_role("button", name="运行").click()
    visit.page.locator(".sw-result table").wait_for()
    expected = [(name, str(n)) for name, n in ask(sql)]
    shown = [
        tuple(cell.inner_text() for cell in row.locator("td").all())
        for row in visit.page.locator(".sw-result tbody tr").all()
    ]
    assert shown == expected
    with visit.takes(visit.page.locator(".st-key-query_csv button")).open(encoding="utf-8-sig", newline="") as file:
        assert [tuple(row) for row in csv.reader(file)][1:] == expected
    visit.picture("journey-8-query")
    ends(visit)


def test_9_the_data_steward_follows_a_figure_back_to_its_files(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/data?origin=T05")
    visit.page.get_by_role("radio", name="来历").click()
    visit.page.locator(".sw-way").wait_for()
    way = visit.told(".sw-way")
    for (table,) in ask("SELECT DISTINCT table_name FROM marts.lineage WHERE indicator_id = 'T05'"):
        assert table in way, table
    ((deliveries,),) = ask("SELECT count(*) FROM marts.deliveries WHERE dataset = 'tickets' AND outcome = 'loaded'")
    assert str(deliveries) in way
    visit.picture("journey-9-origin")
    visit.page.get_by_role("radio", name="报告").click()
    visit.page.get_by_text("在此打开").click()
    visit.page.frame_locator("iframe").get_by_text("Data Docs").first.wait_for()
    ends(visit)


def test_10_a_clerk_with_a_broken_link_is_told_so_and_takes_the_bulletin(
    server: str, browser: playwright.Browser, ask: Ask
) -> None:
    hostile = "<script>alert(1)</script>"
    visit = Visit(browser)
    said: list[str] = []
    visit.page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    visit.open(f"{server}/bulletin?bulletin=2019-13&area={quote(hostile)}&period=2050-01")
    visit.reads(f"链接里的区域“{hostile}”不在这一版数据中")
    visit.reads("链接里的时间“2050-01”没有数据")
    visit.reads("链接里的“2019-13”不是“通报”的可选项")
    visit.reads(fraction(ask, "T03"))
    file = visit.takes(visit.page.locator(".st-key-bulletin_zh_pdf button"))
    assert file.read_bytes().startswith(b"%PDF-")
    assert said == []
    visit.picture("journey-10-bulletin")
    ends(visit)
