"""The command `streetwise`: what it says, how it exits, and that nothing it started outlives it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import httpx
import pytest
import typer
from conftest import Refreshed, run_cli
from small_city import KEY, SmallCity, make_small_city

from pipelines import cli, sample_city
from pipelines.city import City
from pipelines.cli import app
from pipelines.paths import ROOT
from pipelines.publish import current_edition
from pipelines.warehouse import writer_lease

COMMANDS = {
    "bulletin",
    "explain",
    "figure",
    "refresh",
    "sample-city",
    "new-city",
    "map",
    "check",
    "doctor",
    "forget",
    "rebuild",
    "dashboard",
    "dagster",
    "run",
}


def said(output: str) -> str:
    """Output with its line breaks gone, so that where the terminal wrapped does not matter."""
    return " ".join(output.split())


def test_the_help_names_every_command_and_each_has_its_own() -> None:
    result = run_cli("--help")
    assert result.exit_code == 0
    assert {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    } == COMMANDS
    for command in COMMANDS:
        assert command in result.output
        ended = run_cli(command, "--help")
        assert ended.exit_code == 0 and "Usage:" in ended.output
    assert isinstance(app, typer.Typer)


def test_a_refresh_prints_its_stages_and_the_figures(refreshed: Refreshed) -> None:
    output = refreshed.result.output
    assert refreshed.result.exit_code == 0, output
    assert "refresh of 小城 Smalltown" in output
    for words in ("landing tickets 20 rows", "core ticket_states 20 rows", "cube figures", "publish"):
        assert words in said(output)
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in output.splitlines() if line.startswith("│")
    ]
    (t01,) = [row for row in rows if row[0] == "T01"]
    assert t01[:4] == ["T01", "受理量 tickets received", "2026-03", "16"]
    (t03,) = [" ".join(row) for row in rows if row[0] == "T03"]
    assert "100.0 %" in t03 and "16 / 16" in t03 and "met" in t03
    assert f"published {current_edition(refreshed.city.open())}" in output


def test_a_refresh_with_refused_files_names_each_in_both_languages(refused: Refreshed) -> None:
    output = said(refused.result.output)
    assert refused.result.exit_code == 1
    assert "刷新失败，未发布新版本 · the refresh failed, nothing was published" in output
    names = {path.name for path in (refused.city.folder / "extracts").glob("[mt]*/*") if path.suffix != ".done"}
    for name in names - {"members.csv", "tickets.csv", "good.csv", "meetings.csv"}:
        assert output.count(name) >= 2, name
    last = json.loads((refused.city.open().published / "last_refresh.json").read_text(encoding="utf-8"))
    assert last["outcome"] == "failed" and len(last["problems"]) == 10
    for problem in last["problems"]:
        assert said(problem["message_zh"]) in output and said(problem["message_en"]) in output


@pytest.mark.parametrize("command", ["refresh", "dashboard", "dagster", "doctor"])
def test_a_folder_that_is_no_city_is_named(tmp_path: Path, command: str) -> None:
    result = run_cli(command, "--city", str(tmp_path))
    assert result.exit_code == 1
    assert "is not a city folder" in said(result.output)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_city_yaml_is_named_with_its_line(city: SmallCity) -> None:
    (city.folder / "city.yaml").write_text("name: {zh: 甲, en: a}\ntimezone: Asia/Shanghai\n", encoding="utf-8")
    result = run_cli("refresh", "--city", str(city.folder))
    assert result.exit_code == 1
    assert 'city.yaml line 2: unknown key "timezone"; did you mean "time_zone"?' in said(result.output)


def test_the_city_of_the_environment_is_refreshed_unless_one_is_given(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    assert f"{tmp_path} is not a city folder" in said(run_cli("refresh").output)
    with writer_lease(city.open()):
        assert "another refresh of city is at work" in said(run_cli("refresh", "--city", str(city.folder)).output)


def test_two_refreshes_never_work_at_once(city: SmallCity) -> None:
    with writer_lease(city.open()):
        result = run_cli("refresh", "--rebuild", "--city", str(city.folder))
    assert result.exit_code == 1
    assert f'"process": {os.getpid()}' in said(result.output)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize(
    "arguments",
    [("dashboard", "--port"), ("dagster", "--dagster-port"), ("run", "--port"), ("run", "--dagster-port")],
)  # fmt: skip
def test_a_port_that_is_in_use_is_named_with_what_to_do(
    city: SmallCity, taken_port: int, arguments: tuple[str, str]
) -> None:
    result = run_cli(arguments[0], "--city", str(city.folder), arguments[1], str(taken_port), *other_ports(arguments))
    assert result.exit_code == 1
    assert f"port {taken_port} is in use" in said(result.output)
    assert "STREETWISE_PORT" in said(result.output)


def other_ports(arguments: tuple[str, str]) -> list[str]:
    """`run` takes two ports: give the other one a free one."""
    if arguments[0] != "run":
        return []
    return ["--port" if arguments[1] == "--dagster-port" else "--dagster-port", str(free_port())]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("given", ["cities/sample", "./cities/../cities/sample", None])
def test_run_makes_the_sample_city_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    home, served = tmp_path / "cities" / "sample", list[Path]()

    def made(directory: Path, *, if_absent: bool) -> None:
        assert (directory, if_absent) == (home, True)
        make_small_city(home)

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STREETWISE_CITY", raising=False)
    for name, stand_in in (
        ("DEFAULT_CITY", home), ("sample_city", made), ("_refresh", lambda city: None),
        ("_serve", lambda city, commands: served.append(city.folder)),
    ):  # fmt: skip
        monkeypatch.setattr(cli, name, stand_in)
    ports = ("--port", str(free_port()), "--dagster-port", str(free_port()))
    result = run_cli("run", *(("--city", given) if given else ()), *ports)
    assert result.exit_code == 0, result.output
    assert served == [home.resolve()]


# -- doctor ----------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_wrong_with_a_good_city(published_city: SmallCity) -> None:
    result = run_cli("doctor", "--city", str(published_city.folder))
    output = said(result.output)
    assert result.exit_code == 0, output
    assert "bad " not in output
    for words in (
        "12 contracts",
        " tables",
        "小城 Smalltown",
        "tickets: 1 files",
        "file locks hold",
        "pseudonym key from STREETWISE_KEY",
        "edition-",
    ):
        assert words in output


def test_the_doctor_says_that_a_city_without_an_edition_needs_a_refresh(city: SmallCity) -> None:
    result = run_cli("doctor", "--city", str(city.folder))
    assert result.exit_code == 0
    assert "no edition yet; run `streetwise refresh`" in said(result.output)


def bad(city: SmallCity) -> list[str]:
    """What the doctor finds wrong."""
    result = run_cli("doctor", "--city", str(city.folder))
    assert result.exit_code == 1
    return [line for line in result.output.splitlines() if line.startswith("bad ")]


def test_the_doctor_names_everything_that_is_wrong_with_a_city(city: SmallCity) -> None:
    city.settings(
        sources={"meetings": {"files": ["nowhere/*.csv"]}, "tickets": {"files": ["a.csv"], "mapping": "hotline"}},
        standards={"fund_flor": 1},
    )
    (city.folder / "a.csv").write_text("x")
    city.mapping("areas", "columns: {area_cod: x}\n")
    city.mapping("ticket", "kind: full\n")
    (city.folder / "extracts" / "ticket").mkdir(parents=True)
    (city.folder / "state" / "published").mkdir(parents=True)
    (city.folder / "state" / "published" / "current").symlink_to("gone.duckdb")
    found = "\n".join(bad(city))
    for words in (
        'has no column "area_cod"; did you mean "area_code"', "there is no file nowhere/*.csv", "hotline.yaml does not exist",
        "extracts/ticket is read by no dataset", "mappings/ticket.yaml is used by no dataset", "standards", "fund_flor", "no edition yet",
    ):  # fmt: skip
        assert words in found


def test_the_doctor_names_a_key_that_others_can_read(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.doctor import examine
    from pipelines.ingest.privacy import key_file, load_key

    monkeypatch.delenv("STREETWISE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert [f.text for f in examine(city.folder) if "no pseudonym key yet" in f.text]
    load_key(city.open().slug)
    key_file(city.open().slug).chmod(0o444)
    (finding,) = [f for f in examine(city.folder) if "pseudonym key" in f.text]
    assert not finding.good and "run: chmod 0400" in finding.text


def test_names_with_brackets_are_printed_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "a[red]b[/]"
    assert run_cli("new-city", str(folder)).exit_code == 0
    result = run_cli("doctor", "--city", str(folder))
    assert result.exit_code == 0
    assert "a[red]b[/]" in result.output.replace("\n", "")


# -- making cities ---------------------------------------------------------------------------------------------------


def test_a_new_city_opens_and_refreshes_to_an_edition_without_figures(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    made = run_cli("new-city", str(folder), "--name-zh", "临海: 市", "--name-en", 'Lin"hai', "--area-code", "331082")
    assert made.exit_code == 0
    city = City.open(folder)
    assert (city.settings.name.zh, city.settings.name.en, city.settings.area_code) == ("临海: 市", 'Lin"hai', "331082")
    result = run_cli("refresh", "--city", str(folder))
    assert result.exit_code == 0, result.output
    assert current_edition(city) is not None
    with duckdb.connect(str((city.published / "current").resolve()), read_only=True) as con:
        assert con.execute(
            "SELECT count(*) FROM marts.indicator_values WHERE value IS NOT NULL AND value <> 0"
        ).fetchall() == [(0,)]
        assert con.execute("SELECT area_code, level FROM marts.areas").fetchall() == [("331082", "city")]


def test_a_new_city_says_in_which_forms_files_may_come(tmp_path: Path) -> None:
    assert run_cli("new-city", str(tmp_path / "new")).exit_code == 0
    readme = (tmp_path / "new" / "extracts" / "README.md").read_text(encoding="utf-8")
    for form in ("CSV", "XLSX or XLS", "JSON (an array or one object a", "Parquet", "gzipped", "zip archive"):
        assert form in readme


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--time-zone", "Asia/Peking"), "Asia/Peking is not a time zone of the IANA list"),
        (("--area-code", "33-1082"), "the area code must be 1 to 40 letters or digits"),
    ],
)
def test_a_new_city_that_could_not_be_opened_is_not_made(
    tmp_path: Path, arguments: tuple[str, str], words: str
) -> None:
    result = run_cli("new-city", str(tmp_path / "new"), *arguments)
    assert result.exit_code == 1 and words in said(result.output)
    assert not (tmp_path / "new").exists()


def test_a_new_city_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    for target in (tmp_path, tmp_path / "letter.txt"):
        result = run_cli("new-city", str(target))
        assert result.exit_code == 1 and "is not an empty folder" in said(result.output)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_sample_city_is_made_up_to_the_day_before_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Path, date, int]] = []

    def make(directory: Path, *, today: date, seed: int, progress: object) -> None:
        calls.append((directory, today, seed))
        directory.mkdir()
        (directory / "city.yaml").write_text("mine", encoding="utf-8")

    monkeypatch.setattr(sample_city, "make_sample_city", make)
    folder = tmp_path / "sample"
    result = run_cli("sample-city", str(folder), "--today", "2026-03-01", "--seed", "7", "--if-absent")
    assert result.exit_code == 0 and "up to 2026-02-28" in said(result.output)
    assert calls == [(folder, date(2026, 3, 1), 7)]
    assert run_cli("sample-city", str(folder), "--if-absent").exit_code == 0
    again = run_cli("sample-city", str(folder))
    assert again.exit_code == 1 and "already holds a city" in said(again.output)
    assert len(calls) == 1 and (folder / "city.yaml").read_text() == "mine"


# -- servers ---------------------------------------------------------------------------------------------------------


def processes() -> dict[int, tuple[int, int, str]]:
    """Parent, group and command line of every living process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parts = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if parts[0] != "Z":
            found[int(folder.name)] = (int(parts[1]), int(parts[2]), command)
    return found


def descendants(pid: int) -> dict[int, str]:
    """Command lines of all that a living process has started."""
    found, family = processes(), {pid}
    while more := {p for p, (parent, pgid, _) in found.items() if {parent, pgid} & family} - family:
        family |= more
    return {p: found[p][2] for p in family - {pid} if p in found}


def end_of(process: subprocess.Popen[str], started: dict[int, str]) -> list[str]:
    """What is still alive of `started`, which is then ended, like the process itself."""
    process.kill()
    process.wait()
    left = {p: command for p, command in started.items() if p in (now := processes()) and now[p][2] == command}
    for p in left:
        os.kill(p, signal.SIGKILL)
    return list(left.values())


def wait_until_served(process: subprocess.Popen[str], url: str) -> None:
    """Ask again until the server answers; its own end is an answer too."""
    transport = httpx.HTTPTransport(retries=0)
    with httpx.Client(transport=transport, timeout=2) as client:
        while process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.HTTPError:
                continue
    raise AssertionError(f"the server ended: {process.communicate()}")


def wait_until_said(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    said_so_far = []
    while found := process.stdout.readline():
        said_so_far.append(found)
        if found.strip() == line:
            return
    raise AssertionError(f"the process ended without a word of {line!r}: {said_so_far}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0 and probe.bind(("127.0.0.1", port)) is None


def test_the_dashboard_serves_and_ends_with_ctrl_c_leaving_nothing(published_city: SmallCity) -> None:
    port = free_port()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("streetwise"), "dashboard", "--city", str(published_city.folder), "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "STREETWISE_KEY": KEY},
    )  # fmt: skip
    started: dict[int, str] = {}
    try:
        wait_until_served(process, f"http://127.0.0.1:{port}/_stcore/health")
        wait_until_said(process, f"dashboard: http://127.0.0.1:{port}")
        started = descendants(process.pid)
        assert [command for command in started.values() if f"--server.port {port}" in command]
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        left = end_of(process, started)
    assert process.returncode == 0, output
    assert "stopping" in output
    assert is_free(port) and left == []


SERVE = """
import sys
from pipelines import cli
from pipelines.city import City
port = int(sys.argv[2])
# A server that takes a second to end, with a child of its own.
server = '''
import http.server, signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: signal.alarm(1))
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
http.server.HTTPServer(("127.0.0.1", %d), http.server.SimpleHTTPRequestHandler).serve_forever()
''' % port
cli._serve(City.open(sys.argv[1]), {"slow": ([sys.executable, "-c", server], port)})
"""


@pytest.mark.parametrize(
    "signals", [(signal.SIGHUP,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT, signal.SIGHUP)]
)
def test_a_closed_terminal_or_a_second_ctrl_c_leaves_nothing_either(
    city: SmallCity, signals: tuple[signal.Signals, ...]
) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(city.folder), str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=ROOT,
    )  # fmt: skip
    started: dict[int, str] = {}
    try:
        wait_until_said(process, "Ctrl-C ends it.")
        started = descendants(process.pid)
        assert len(started) == 2
        process.send_signal(signals[0])
        wait_until_said(process, "stopping …")
        for number in signals[1:]:
            process.send_signal(number)
        process.communicate(timeout=40)
    finally:
        left = end_of(process, started)
    assert process.returncode == 0
    assert is_free(port) and left == []


def test_a_server_that_ends_by_itself_ends_the_command_with_an_error(city: SmallCity) -> None:
    script = (
        SERVE.split("server = '''")[0]
        + "cli._serve(City.open(sys.argv[1]), {'short': ([sys.executable, '-c', 'print(1)'], port)})\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(city.folder), str(free_port())],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ended.returncode == 1
    assert "short ended by itself" in ended.stderr
