"""A real server and a real browser for tests: who opens a page, waits until it stands, and hears every request."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")

ROOT = Path(__file__).parent.parent
PICTURES = Path(__file__).parent / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60_000
#: The pages in the order of the menu; `query` is listed for analysts only.
PAGES = (
    *("overview", "tickets", "organisations", "funding", "service", "community", "ranking", "map", "data", "query"),
    *("definitions", "bulletin"),
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def answers(port: int) -> bool:
    """Whether the server says that it is well."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def serving(city: Path) -> Iterator[str]:
    """The address of a real server over that city; whoever asks it is an analyst."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "dashboards.serve", "--server.port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "STREETWISE_CITY": str(city), "STREETWISE_ANALYSTS": "local"},
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


@contextmanager
def chromium() -> Iterator[playwright.Browser]:
    """A headless Chromium."""
    with playwright.sync_playwright() as tool:
        found = tool.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield found
        found.close()


class Visit:
    """One open page that remembers every request it made to another machine."""

    def __init__(
        self, browser: playwright.Browser, width: int = 1440, scheme: str = "light", height: int = 900
    ) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
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

    def reads(self, text: str) -> None:
        """Wait until the text stands on the page, whatever elements it is spread over."""
        self.page.wait_for_function(
            "text => document.body.innerText.replace(/\\s+/g, ' ').includes(text)", arg=" ".join(text.split())
        )

    def told(self, selector: str) -> str:
        """The words inside the first element that fits."""
        return " ".join(str(self.page.locator(selector).first.inner_text()).split())

    def takes(self, button: playwright.Locator) -> Path:
        """The file that a click on the button downloads."""
        return Path(self.downloads(button).path())

    def downloads(self, button: playwright.Locator) -> playwright.Download:
        """The download that a click on the button begins."""
        self.settle()
        with self.page.expect_download() as waiting:
            button.click()
        return waiting.value

    def resize(self, width: int, height: int = 900) -> None:
        """Look at the same page on a screen of another size."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function(f"() => window.innerWidth === {width}")

    def fits(self) -> None:
        """Wait until nothing on the page has to be scrolled sideways; charts are drawn anew after a change of size."""
        self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stMain]').scrollWidth <= window.innerWidth", timeout=5_000
        )

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
