"""What people who see little, or use no mouse, can do with the pages: axe-core's rules of WCAG 2.2 AA, and the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from visits import PAGES, ROOT, Visit, chromium, needs_chromium, playwright, serving

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
#: What Streamlit itself causes: rule, a part of the selector, and why it is not ours to mend. Nothing at present.
OF_STREAMLIT: tuple[tuple[str, str, str], ...] = ()
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def server(sample_city: Path) -> Iterator[str]:
    """The address of a real server over the sample city."""
    with serving(sample_city) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found


def violations(visit: Visit, only: dict[str, Any]) -> list[str]:
    """What axe finds serious or critical on the page, the exceptions of Streamlit's own left out."""
    found = axe.Axe().run(visit.page, options={"runOnly": only, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))} {node['html'][:160]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not any(rule["id"] == known and part in str(node["target"]) for known, part, _ in OF_STREAMLIT)
    ]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious_on_any_page_wide_or_narrow_light_or_dark(
    page: str, width: int, server: str, browser: playwright.Browser
) -> None:
    # each page at either width and in either scheme; which scheme goes with which width changes from page to page
    scheme = ("light", "dark")[(PAGES.index(page) + width // 1000) % 2]
    visit = Visit(browser, width, scheme)
    visit.open(f"{server}/{page.replace('overview', '')}")
    assert violations(visit, {"type": "tag", "values": RULES}) == []
    visit.fits()
    visit.close()


def focus(visit: Visit, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is on, or in, what the selector names."""
    for _ in range(most):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("selector => !!document.activeElement.closest(selector)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def test_the_keyboard_reaches_menu_controls_and_passports(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/?lang=en")
    focus(visit, "a[href*='tickets']")
    for control in ("pick_area", "pick_grain", "pick_period", "pick_lang"):
        focus(visit, f".st-key-{control}")
    focus(visit, "[class*='st-key-passport_']")
    visit.page.keyboard.press("Enter")
    visit.page.locator(".sw-passport:visible dt", has_text="Edition").first.wait_for()
    visit.page.keyboard.press("Escape")
    visit.page.locator(".sw-passport:visible").first.wait_for(state="hidden")
    visit.close()


def test_the_keyboard_opens_the_menu_of_a_phone_and_follows_it(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser, 390)
    visit.open(f"{server}/?lang=en")
    focus(visit, "[class*='st-key-phone_pages']")
    visit.page.keyboard.press("Enter")
    visit.page.get_by_test_id("stPopoverBody").get_by_role("link", name="Tickets", exact=True).wait_for()
    # Streamlit puts what a popover opens at the end of the page, behind every link of the rectification list
    focus(visit, "a[href*='tickets']", most=110)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/tickets?**")
    visit.close()


def test_the_keyboard_goes_down_the_map_by_the_names_of_its_table(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/map")
    focus(visit, ".sw-beside a")
    wanted = visit.page.evaluate("() => document.activeElement.textContent")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**area=**")
    visit.settle()
    visit.page.locator(".st-key-path b", has_text=wanted).wait_for()
    visit.close()


def test_every_picture_and_chart_has_a_name(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(server)
    charts = visit.page.get_by_test_id("stVegaLiteChart")
    assert charts.count() > 0
    assert all(chart.get_attribute("aria-label") for chart in charts.all())
    assert visit.page.locator("img:not([alt])").count() == 0
    visit.close()


def test_the_style_sheet_closes_every_block_it_opens() -> None:
    # a rule that begins a line is no part of a block; one that does not close keeps all that follows to a phone
    depth = 0
    for line in (ROOT / "dashboards" / "style.css").read_text(encoding="utf-8").splitlines():
        assert depth == 0 or line.startswith((" ", "}")), line
        depth += line.count("{") - line.count("}")
    assert depth == 0
