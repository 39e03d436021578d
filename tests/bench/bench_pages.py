"""What the pages cost beside an empty Streamlit page: `python tests/bench/bench_pages.py --city cities/sample`.

Both are served by processes of their own in one run. In headless Chromium: the time until the first figure stands and until
the page is complete (cold: the first visitor of a new server; warm: the next one, with an empty browser cache), the time of
a switch to another page, and the bytes that the first load fetches, as served and with gzip (level 6), which a gateway adds.
Over the WebSocket, as the browser speaks to the server: how long a changed filter takes until the script has finished, with
one session and with many at once, each changing area and month in turn; CPU seconds of the server a rerun; memory a session."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
EMPTY = "import streamlit as st\n\nst.html('<div class=\"sw-value\">1</div>')\n"
COMPLETE = (
    "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    " && document.querySelector('.sw-value') && !document.querySelector('[data-testid=stSkeleton]')"
)


@dataclass(frozen=True)
class Server:
    """A running Streamlit server."""

    url: str
    pid: int

    def cpu(self) -> float:
        """CPU seconds used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident megabytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def serving(script: Path, city: Path | None) -> Iterator[Server]:
    """A new server of a script, stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **({"STREETWISE_CITY": str(city)} if city else {})}
    start = ["dashboards.serve"] if city else ["streamlit", "run", str(script)]
    process = subprocess.Popen(
        [sys.executable, "-m", *start, "--server.port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "URL:" in line:
                break
        else:
            raise SystemExit("".join(said))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def in_browser(server: Server, browser: Any, switch_to: str | None) -> dict[str, float]:
    """Seconds to the first figure and to the complete page for a visitor with an empty cache; and to another page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.monotonic()
    page.goto(server.url, wait_until="commit")
    page.wait_for_selector(".sw-value", timeout=120_000)
    found = {"first tile s": time.monotonic() - started}
    page.wait_for_function(COMPLETE, timeout=120_000)
    found["complete s"] = time.monotonic() - started
    if switch_to:
        link = page.locator(f"a[href*='/{switch_to}']").first
        address = link.get_attribute("href")
        started = time.monotonic()
        link.evaluate("link => link.click()")
        page.wait_for_url(f"**{str(address).partition('?')[0]}**")
        page.wait_for_function(COMPLETE, timeout=120_000)
        found["page switch s"] = time.monotonic() - started
    context.close()
    return found


def first_load(server: Server, browser: Any) -> dict[str, float]:
    """Megabytes that a first visit fetches: as served, the same with gzip, and what comes over the WebSocket."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    asked: set[str] = set()
    frames: list[bytes] = []
    page.on("request", lambda request: asked.add(request.url) if request.method == "GET" else None)
    page.on(
        "websocket",
        lambda ws: ws.on(
            "framereceived", lambda data: frames.append(bytes(data) if isinstance(data, bytes) else data.encode())
        ),
    )
    page.goto(server.url)
    page.wait_for_function(COMPLETE, timeout=120_000)
    context.close()
    plain = zipped = 0
    with httpx.Client() as client:
        for url in asked:
            if not url.startswith(server.url):
                continue
            body = client.get(url).content
            plain += len(body)
            zipped += min(len(body), len(gzip.compress(body, 6)))
    sent = sum(map(len, frames))
    return {
        "first load MB": (plain + sent) / 1e6,
        "with gzip MB": (zipped + sum(len(gzip.compress(f, 6)) for f in frames)) / 1e6,
        "of it by WebSocket MB": sent / 1e6,
    }


class Session:
    """One visitor who speaks the protocol of Streamlit's browser client."""

    def __init__(self, server: Server, stack: contextlib.ExitStack) -> None:
        from websockets.sync.client import connect

        address = f"{server.url.replace('http', 'ws')}/_stcore/stream"
        self.socket: Any = stack.enter_context(
            connect(address, subprotocols=["streamlit"], max_size=None, origin=server.url)  # type: ignore[arg-type,list-item]
        )

    def run(self, query: str) -> float:
        """Ask for the page with these address parameters; seconds until the script has finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = query
        started = time.monotonic()
        self.socket.send(asked.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(self.socket.recv(timeout=300))
            # a script that runs already is told to start anew: only the end of a run is an answer
            if (
                message.WhichOneof("type") == "script_finished"
                and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                return time.monotonic() - started


def filters(server: Server, queries: Sequence[str], sessions: int, changes: int) -> dict[str, float]:
    """Seconds of a changed filter, CPU of a rerun and memory of a session, with so many sessions at once."""
    found: list[float] = []
    with contextlib.ExitStack() as stack:
        before = server.memory()
        visitors = [Session(server, stack) for _ in range(sessions)]
        for visitor in visitors:
            visitor.run("")
        memory = (server.memory() - before) / sessions
        used = server.cpu()

        def visit(number: int) -> None:
            for turn in range(changes):
                found.append(visitors[number].run(queries[(number * 7 + turn) % len(queries)]))

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        used = server.cpu() - used
    ordered = sorted(found)
    return {
        "filter p50 s": statistics.median(ordered),
        "filter p95 s": ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))],
        "CPU s a rerun": used / len(found),
        "MB a session": memory,
    }


def addresses(city: Path) -> list[str]:
    """Address parameters of every district and street in the newest months, as readers change them."""
    import duckdb

    with duckdb.connect(str((city / "state" / "published" / "current").resolve()), read_only=True) as con:
        areas = con.execute(
            "SELECT area_code FROM marts.areas WHERE is_current AND level IN ('district', 'street') ORDER BY 1"
        ).fetchall()
        months = con.execute(
            "SELECT DISTINCT strftime(period_start, '%Y-%m') FROM marts.indicator_values"
            " WHERE indicator_id = 'T01' AND grain = 'month' AND area_level = 'city' AND dimension = 'all' ORDER BY 1 DESC LIMIT 8"
        ).fetchall()
    return [f"area={code}&period={month}" for (month,) in months for (code,) in areas]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--city", type=Path, default=ROOT / "cities" / "sample")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--changes", type=int, default=40, help="filter changes of the single session")
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    print(
        f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as tool:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY, encoding="utf-8")
        browser = tool.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        pages = ROOT / "dashboards" / "streamlit_app.py"
        for name, script, city, queries in (
            ("empty page", empty, None, ["a=1", "a=2"]),
            ("overview", pages, arguments.city, addresses(arguments.city)),
        ):
            with serving(script, city) as server:
                switch = "tickets" if city else None
                _print(name, "cold", in_browser(server, browser, None))
                _print(name, "warm", in_browser(server, browser, switch))
                _print(name, "bytes", first_load(server, browser))
                _print(name, "1 session", filters(server, queries, 1, arguments.changes))
                _print(name, f"{arguments.sessions} sessions", filters(server, queries, arguments.sessions, 4))
        browser.close()


def _print(name: str, what: str, found: dict[str, float]) -> None:
    print(f"{name}, {what}: " + ", ".join(f"{key} {value:.2f}" for key, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
