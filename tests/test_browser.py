"""The dashboard in a real browser: links, language, a new edition under open eyes, and silence towards the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from editions import Shape, publish
from visits import PAGES, Visit, chromium, needs_chromium, playwright, serving

WIDTHS = (390, 768, 1440, 1920)
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city folder with one published edition."""
    folder = tmp_path_factory.mktemp("browser_city")
    publish(folder, 1)
    return folder


@pytest.fixture(scope="module")
def server(city: Path) -> Iterator[str]:
    """The address of a real server over that city."""
    with serving(city) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found


def test_a_reader_changes_area_and_language_and_the_link_keeps_both(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(server)
    visit.sees("示例市基层治理运行看板")
    visit.page.get_by_test_id("stSelectbox").first.locator("input").fill("云溪区")
    visit.page.get_by_role("option", name="云溪区", exact=True).click()
    visit.page.wait_for_url("**area=440302**")
    visit.page.get_by_text("EN", exact=True).click()
    visit.page.wait_for_url("**lang=en**")
    visit.sees("Sample City: how the streets are run")
    visit.page.get_by_role("link", name="Tickets", exact=True).first.click()
    visit.sees("What comes in, and how is it handled?")
    visit.page.wait_for_url("**/tickets?**area=440302**")
    visit.settle()
    assert "lang=en" in visit.page.url
    visit.page.reload()
    visit.settle()
    visit.sees("What comes in, and how is it handled?")
    visit.sees("District 2")
    assert visit.outside == []
    visit.close()


def test_a_deep_link_opens_page_area_period_and_language_at_once(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/funding?area=440301&period=2026-08&lang=en")
    visit.sees("Has the money arrived, and is it spent in step?")
    visit.sees("August 2026, District 1")
    visit.open(f"{server}/tickets?area=atlantis")
    visit.sees("链接里的区域“atlantis”不在这一版数据中")
    assert visit.outside == []
    visit.close()


def test_the_name_of_a_figure_opens_its_passport(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/?lang=en")
    visit.page.get_by_role("button", name="Resolution rate").first.click()
    for word in ("Excluded", "Data as of", "Edition", "95% interval"):
        visit.page.locator(".sw-passport:visible dt", has_text=word).first.wait_for()
    visit.close()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_its_screen_or_asks_another_machine(
    page: str, server: str, browser: playwright.Browser
) -> None:
    # the width at which a page is opened rotates, and with it the scheme; the others are reached by resizing
    place = PAGES.index(page)
    widths = WIDTHS[place % 4 :] + WIDTHS[: place % 4]
    visit = Visit(browser, widths[0], ("light", "dark")[(place + place // 4) % 2])
    visit.open(f"{server}/{page.replace('overview', '')}")
    if widths[0] < 960:
        visit.page.get_by_role("button", name="菜单").click()
    visit.page.get_by_role("link", name="经费保障").locator("visible=true").first.wait_for()
    if widths[0] < 960:
        visit.page.keyboard.press("Escape")
    for width in widths:
        visit.resize(width)
        visit.fits()
    assert visit.page.get_by_test_id("stException").count() == 0
    assert visit.outside == []
    visit.close()


def test_data_docs_open_inside_the_page(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/data")
    visit.page.get_by_role("radio", name="报告").click()
    visit.page.get_by_text("在此打开").click()
    visit.page.frame_locator("iframe").get_by_role("heading", name="Data Docs").wait_for()
    assert visit.outside == []
    visit.close()


def test_a_wrong_address_is_answered_in_words_and_the_old_one_of_the_overview_leads_there(
    server: str, browser: playwright.Browser
) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/overview?lang=en&area=440301")
    visit.page.wait_for_url(f"{server}/?**area=440301**")
    visit.sees("how the streets are run")
    for name, lang, said in (("monthly report", "zh", "没有这一页"), ("<b>x", "en", "There is no such page")):
        visit.open(f"{server}/{quote(name)}?lang={lang}")
        visit.page.get_by_role("heading", name=said).wait_for()
        visit.reads(f"“{name}”")
        assert visit.page.get_by_role("dialog").count() == 0
    visit.page.get_by_role("link", name="Go to the overview").click()
    visit.sees("how the streets are run")
    assert visit.outside == []
    visit.close()


def test_tables_and_charts_offer_no_download_that_a_spreadsheet_could_compute(
    server: str, browser: playwright.Browser
) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/tickets?group=late")
    table = visit.page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    table.hover()
    bars = visit.page.get_by_test_id("stElementToolbar")
    bars.get_by_role("button", name="Search").first.wait_for()
    for element in (table, visit.page.get_by_test_id("stVegaLiteChart").first):
        element.hover()
        for name in ("Download", "Show data", "Copy Vega"):
            assert bars.get_by_role("button", name=name).count() == 0, name
    assert bars.locator("[aria-label^='Download']").count() > 0, "the buttons have another name now"
    visit.close()


def test_a_new_edition_shows_within_ten_seconds_without_a_reload(
    city: Path, server: str, browser: playwright.Browser
) -> None:
    visit = Visit(browser)
    visit.open(server)
    tile = visit.page.locator(".sw-value").first
    before = int(tile.inner_text().split()[0].replace(",", "").removesuffix("件"))
    publish(city, 2, Shape(extra_tickets=5000))
    visit.sees(f"{before + 5000:,}", timeout=10_000)
    assert visit.outside == []
    visit.close()
