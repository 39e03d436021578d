"""The dashboard in a real browser: links, language, a new edition under open eyes, and silence towards the network."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from editions import Shape, publish

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")

ROOT = Path(__file__).parent.parent
PICTURES = Path(__file__).parent / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def answers(port: int) -> bool:
    """Whether the server says that it is well."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city folder with one published edition."""
    folder = tmp_path_factory.mktemp("browser_city")
    publish(folder, 1)
    return folder


@pytest.fixture(scope="module")
def server(city: Path) -> Iterator[str]:
    """The address of a real server over that city."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/streamlit_app.py", "--server.port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "STREETWISE_CITY": str(city)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "URL:" in line:
                break
        assert answers(port), "".join(said)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """A headless Chromium."""
    with playwright.sync_playwright() as tool:
        found = tool.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


class Visit:
    """One open page that remembers every request it made to another machine."""

    def __init__(self, browser: playwright.Browser, width: int = 1440, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.outside: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.outside.append(url)

    def open(self, url: str) -> None:
        """Go there and wait until the script has run and nothing is a placeholder any more."""
        self.page.goto(url)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and nothing is a placeholder any more."""
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.wait_for_selector(".sw-meta")
        self.page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")

    def sees(self, text: str, timeout: int = PATIENCE) -> None:
        """Wait until the text stands on the page."""
        self.page.get_by_text(text).first.wait_for(state="visible", timeout=timeout)

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        PICTURES.mkdir(exist_ok=True)
        height = self.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": size["width"], "height": int(height) + 40})
        self.page.wait_for_function("() => [...document.querySelectorAll('canvas')].every(c => c.width > 0)")
        self.page.screenshot(path=PICTURES / f"{name}.png")
        self.page.set_viewport_size(size)

    def close(self) -> None:
        """End the visit."""
        self.context.close()


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
    visit.sees("In August 2026, District 1")
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


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("page", ["", "tickets", "organisations", "funding", "data", "definitions"])
def test_no_page_is_wider_than_its_screen_or_asks_another_machine(
    page: str, width: int, scheme: str, server: str, browser: playwright.Browser
) -> None:
    visit = Visit(browser, width, scheme)
    visit.open(f"{server}/{page}")
    assert visit.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    assert visit.page.get_by_test_id("stException").count() == 0
    if width < 960:
        visit.page.get_by_role("button", name="菜单").click()
    assert visit.page.get_by_role("link", name="经费保障").first.is_visible()
    if width < 960:
        visit.page.keyboard.press("Escape")
    visit.picture(f"{page or 'overview'}-{width}-{scheme}")
    assert visit.outside == []
    visit.close()


def test_data_docs_open_inside_the_page(server: str, browser: playwright.Browser) -> None:
    visit = Visit(browser)
    visit.open(f"{server}/data")
    visit.page.get_by_text("在此打开").click()
    visit.page.frame_locator("iframe").get_by_role("heading", name="Data Docs").wait_for()
    assert visit.outside == []
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
