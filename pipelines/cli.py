"""The command `streetwise`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.console import Console
from rich.markup import escape

from pipelines.city import CITY_VARIABLE, DEFAULT_CITY, City
from pipelines.instance import prepare_home
from pipelines.paths import ROOT
from pipelines.progress import VARIABLE as PROGRESS
from pipelines.progress import say, stage
from pipelines.warehouse import WarehouseBusy
from pipelines.yaml_model import ConfigurationError

if TYPE_CHECKING:
    from pipelines.contracts.model import Contract

HOST = "127.0.0.1"
SAMPLE_ZONE = ZoneInfo("Asia/Shanghai")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Streetwise 街道智治: analytics for grassroots city governance. A city is a folder; "
    "start with `streetwise run`, which makes the sample city, refreshes it and serves its pages.",
)
# A log file or a pipe has no width of its own; 80 columns would cut the table.
out = Console(width=None if sys.stdout.isatty() else 170)

CityOption = Annotated[
    Path | None,
    typer.Option(
        "--city",
        "-c",
        help=f"City folder. Default: ${CITY_VARIABLE}, else the sample city in cities/sample.",
        show_default=False,
    ),
]
DashboardPort = Annotated[int, typer.Option("--port", envvar="STREETWISE_PORT", help="Port of the dashboard.")]
DagsterPort = Annotated[
    int, typer.Option("--dagster-port", envvar="STREETWISE_DAGSTER_PORT", help="Port of the Dagster UI.")
]


def _fail(message: str) -> typer.Exit:
    typer.secho(message, fg=typer.colors.RED, err=True)
    return typer.Exit(1)


def _open(city: Path | None) -> City:
    try:
        return City.open(city)
    except ConfigurationError as error:
        raise _fail(str(error)) from None


@app.command()
def refresh(
    city: CityOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget what was loaded and load every extract again; editions stay.")
    ] = False,
) -> None:
    """Load what was delivered, check it, compute the indicators and publish an edition.

    Prints stage, rows and seconds, then the headline figures. Exits with 1 if anything blocking failed: the last good
    edition then stays, and the message says what to mend.
    """
    _refresh(_open(city), rebuild=rebuild)


def _refresh(city: City, *, rebuild: bool = False) -> None:
    os.environ.setdefault(PROGRESS, "1")
    started = time.monotonic()
    say(f"refresh of {city.settings.name.zh} {city.settings.name.en} ({city.folder})")
    from pipelines.refresh import refresh as run_refresh

    try:
        outcome = run_refresh(city, rebuild=rebuild)
    except (ConfigurationError, WarehouseBusy) as error:
        raise _fail(str(error)) from None
    if not outcome.succeeded:
        lines = [f"- {p['message_zh']}\n  {p['message_en']}" for p in outcome.problems]
        raise _fail("刷新失败，未发布新版本 · the refresh failed, nothing was published:\n" + "\n".join(lines))
    from pipelines.headline import headline_table

    out.print(headline_table(city))
    out.print(f"published {outcome.edition} in {time.monotonic() - started:.0f} s")


@app.command("sample-city")
def sample_city(
    directory: Annotated[
        Path, typer.Argument(help="Folder to make; it must not exist yet or be empty.")
    ] = DEFAULT_CITY,
    seed: Annotated[int, typer.Option(help="The same seed and date give the same bytes.")] = 2026,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The extracts end the day before. Default: today.", show_default=False),
    ] = None,
    if_absent: Annotated[
        bool, typer.Option("--if-absent", help="Do nothing if the folder already holds a city.")
    ] = False,
) -> None:
    """Make the raw extracts of a fictional city: 5 districts, 26 streets, 239 communities, 24 months."""
    if (directory / "city.yaml").exists():
        if if_absent:
            return
        raise _fail(f"{directory} already holds a city; remove it or name another folder")
    os.environ.setdefault(PROGRESS, "1")
    from pipelines.sample_city import make_sample_city

    day = today.date() if today else datetime.now(UTC).astimezone(SAMPLE_ZONE).date()
    say(f"sample city in {directory}, up to {day - timedelta(days=1)}")
    with stage("sample city"):
        make_sample_city(
            directory, today=day, seed=seed, progress=lambda name, rows: say(f"    {name:<32}{rows:>12,} rows")
        )
    out.print(f"next: streetwise refresh --city {escape(str(directory))}")


@app.command("new-city")
def new_city(
    directory: Annotated[Path, typer.Argument(help="Folder to make.")],
    name_zh: Annotated[str, typer.Option(help="Name in Chinese.")] = "新城市",
    name_en: Annotated[str, typer.Option(help="Name in English.")] = "New City",
    area_code: Annotated[str, typer.Option(help="Code of the city in the dataset `areas`.")] = "city",
    time_zone: Annotated[str, typer.Option(help="Time zone of the IANA list.")] = "Asia/Shanghai",
) -> None:
    """Make an empty city folder with a commented city.yaml and a folder for each dataset's extracts."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise _fail(f"{directory} is not an empty folder")
    if time_zone not in available_timezones():
        raise _fail(f"{time_zone} is not a time zone of the IANA list, for example Asia/Shanghai")
    from pipelines.sample_city.new_city import make_new_city

    try:
        make_new_city(directory, name_zh=name_zh, name_en=name_en, area_code=area_code, time_zone=time_zone)
    except ValueError as error:
        raise _fail(str(error)) from None
    out.print(
        f"made {escape(str(directory))}; put extracts into extracts/<dataset>/ there and run: "
        f"streetwise refresh --city {escape(str(directory))}"
    )


FileArgument = Annotated[Path, typer.Argument(help="A file as an office delivers it.", exists=True, dir_okay=False)]
DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="Dataset whose contract the file should meet.")]


def _contract(contracts: dict[str, Contract], dataset: str) -> Contract:
    if dataset not in contracts:
        raise _fail(f"没有数据集 {dataset} · there is no dataset {dataset}; known: {', '.join(contracts)}")
    return contracts[dataset]


@app.command("map")
def map_file(
    file: FileArgument,
    dataset: DatasetOption,
    city: CityOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write the draft; an existing file is never overwritten. Default: print it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draft the mapping of a file that a contract does not recognise by itself: which column is which, how sure that is,
    and what a person must decide."""
    from pipelines.contracts.model import load_contracts
    from pipelines.ingest.files import FileRefused
    from pipelines.onboarding.draft import draft_mapping
    from pipelines.onboarding.report import draft_table

    contracts = load_contracts()
    contract = _contract(contracts, dataset)
    chosen = _open(city) if city or os.environ.get(CITY_VARIABLE) else None
    try:
        draft = draft_mapping(file, contract, contracts["areas"], chosen)
    except FileRefused as refusal:
        raise _fail(f"{refusal.zh}\n{refusal.en}") from None
    out.print(draft_table(draft))
    if output is None:
        typer.echo(draft.yaml, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as handle:
            handle.write(draft.yaml)
    except OSError as error:
        raise _fail(f"无法写入 {output} · cannot write {output}: {error.strerror}") from None
    out.print(
        f"草稿已写入 {escape(str(output))} · the draft is in {escape(str(output))}; read every line, then: streetwise check"
    )


@app.command()
def check(
    file: FileArgument,
    dataset: DatasetOption,
    city: CityOption = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping", "-m", help="Name of a mapping in mappings/. Default: the dataset's own.", show_default=False
        ),
    ] = None,
) -> None:
    """Run mapping and contract over a file without loading it: headers, rows, rejects by rule. Exits with 1 if the whole
    file would be refused."""
    from pipelines.contracts.model import load_contracts
    from pipelines.onboarding.check import check_file
    from pipelines.onboarding.report import verdict_lines

    contract = _contract(load_contracts(), dataset)
    try:
        verdict = check_file(file, contract, _open(city), mapping)
    except ConfigurationError as error:
        raise _fail(str(error)) from None
    for line in verdict_lines(verdict):
        typer.echo(line)
    if verdict.refused:
        raise typer.Exit(1)


@app.command()
def figure(
    indicator: Annotated[str, typer.Argument(help="Id or name of an indicator, for example T03.")],
    area: Annotated[
        str,
        typer.Option(
            "--area", "-a", help="Code or name of an area, or `unlocated` (of the highest level that has it)."
        ),
    ],
    period: Annotated[
        str, typer.Option("--period", "-p", help="2026, 2026Q3, 2026-09, 2026-W37 (ISO week) or 2026-09-12.")
    ],
    city: CityOption = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition", help="Name of an edition, or a part of it. Default: the current one.", show_default=False
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="The edition that was out at a moment with offset, or on a date (its end in the city).",
            show_default=False,
        ),
    ] = None,
    dimension: Annotated[str, typer.Option("--dimension", help="With --member, for example channel.")] = "all",
    member: Annotated[str, typer.Option("--member", help="With --dimension, for example hotline.")] = "all",
) -> None:
    """Say what an edition said about one figure: value, n, interval, status, edition and data cut; what other editions said
    of it, and why a final figure changed."""
    from pipelines.figure import answer, answer_lines

    chosen = _open(city)
    try:
        found = answer(
            chosen, indicator, area, period, edition=edition, as_of=as_of, dimension=dimension, member=member
        )
    except ValueError as error:
        raise _fail(str(error)) from None
    for line in answer_lines(chosen, found):
        typer.echo(line)


@app.command()
def explain(
    indicator: Annotated[str, typer.Argument(help="Id or name of an indicator, for example T03.")],
    area: Annotated[
        str,
        typer.Option(
            "--area", "-a", help="Code or name of an area, or `unlocated` (of the highest level that has it)."
        ),
    ],
    period: Annotated[
        str, typer.Option("--period", "-p", help="2026, 2026Q3, 2026-09, 2026-W37 (ISO week) or 2026-09-12.")
    ],
    city: CityOption = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition", help="Name of an edition, or a part of it. Default: the current one.", show_default=False
        ),
    ] = None,
    dimension: Annotated[str, typer.Option("--dimension", help="With --member, for example channel.")] = "all",
    member: Annotated[str, typer.Option("--member", help="With --dimension, for example hotline.")] = "all",
    rows: Annotated[
        bool, typer.Option("--rows", help="List the rows that made the figure, from the warehouse; of people, counts.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL, not only the names of its files.")] = False,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """Print the passport of a figure: definition, exclusions, pending, interval, target, sources, SQL, edition and what
    other editions said. With --rows exactly the rows that made it."""
    from pipelines import explain as explaining
    from pipelines.figure import answer, answer_lines

    chosen = _open(city)
    try:
        found = answer(chosen, indicator, area, period, edition=edition, dimension=dimension, member=member)
        listed = explaining.rows_answer(chosen, found) if rows else None
        book = explaining.passport(chosen, found, sql=sql)
    except (ValueError, WarehouseBusy) as error:
        raise _fail(str(error)) from None
    if form == "json":
        typer.echo(
            explaining.to_json({**book, **({"made_of": explaining.rows_dict(chosen, listed)} if listed else {})})
        )
    elif form == "csv" and listed:
        typer.echo(explaining.rows_csv(chosen, listed), nl=False)
        for zh, en in (*listed.notes, explaining.verdict(listed)):
            typer.echo(f"{zh} · {en}", err=True)
    elif form == "csv":
        typer.echo(explaining.passport_csv(book), nl=False)
    else:
        lines = explaining.rows_lines(chosen, listed) if listed else explaining.passport_lines(chosen, book)
        typer.echo("\n".join([*answer_lines(chosen, found)[: 4 if listed else None], *lines]))


@app.command()
def bulletin(
    city: CityOption = None,
    month: Annotated[
        str | None,
        typer.Option("--month", "-m", help="2026-10. Default: the newest months that are over.", show_default=False),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send it now to everyone in city.yaml, also if it was sent before.")
    ] = False,
) -> None:
    """Make the monthly bulletin (PDF and XLSX, both languages) from the current edition and say where it lies. The nightly
    job makes and sends it by itself; this is for another month, or to send it again."""
    from pipelines.bulletin.facts import NoSuchMonth
    from pipelines.bulletin.making import make_bulletins
    from pipelines.bulletin.send import channels
    from pipelines.bulletin.send import send as send_bulletin

    chosen = _open(city)
    try:
        wanted = [datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()] if month else None
    except ValueError:
        raise _fail(f"月份应写作 2026-10 · a month is written 2026-10, not {month}") from None
    edition = (chosen.published / "current").resolve()
    if not edition.exists():
        raise _fail("还没有发布过数据 · nothing has been published yet; run: streetwise refresh")
    if send and not channels(chosen):
        raise _fail("city.yaml 没有写通报发给谁 · city.yaml names nobody to send it to (bulletin: mail, webhooks)")
    try:
        made = make_bulletins(chosen, edition, wanted)
    except NoSuchMonth as error:
        raise _fail(str(error)) from None
    problems = []
    for one in made[:1] if send else []:
        problems += send_bulletin(chosen, one, again=True)
    for one in made:
        for path in one.files:
            out.print(escape(str(path)), soft_wrap=True)
        problems += [problem for problem in one.problems if problem not in problems]
    if problems:
        raise _fail("\n".join(f"- {p['message_zh']}\n  {p['message_en']}" for p in problems))


@app.command()
def rebuild(
    city: CityOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Moment with offset (2026-03-31T18:00:00+08:00), or date (its end in the city): write that state to "
            "state/rebuilt/ instead. Default: put the warehouse back.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a lost warehouse again from the accepted deliveries in state/landing, or a past state beside it. Nothing is
    published."""
    from pipelines.contracts.model import load_contracts
    from pipelines.headline import headline_table
    from pipelines.ingest.landed import Damaged
    from pipelines.ingest.rebuild import NothingKept, parse_moment, rebuild_as_of, rebuild_warehouse

    chosen = _open(city)
    try:
        if as_of is None:
            deliveries = rebuild_warehouse(chosen, load_contracts())
            out.print(
                f"已由 {deliveries} 个批次重建 · rebuilt from {deliveries} deliveries; next: "
                f"streetwise refresh --city {escape(str(chosen.folder))}"
            )
            return
        file = rebuild_as_of(chosen, load_contracts(), parse_moment(as_of, chosen))
    except (ConfigurationError, Damaged, NothingKept, ValueError, WarehouseBusy) as error:
        raise _fail(str(error)) from None
    out.print(headline_table(chosen, file))
    out.print(f"已写入 · written to {escape(str(file))}", soft_wrap=True)


@app.command()
def forget(
    member_key: Annotated[
        str,
        typer.Option(
            "--member-key",
            help="The person's identifier as the extracts write it; `-` reads it from standard input, so that it stays "
            "out of shell histories.",
        ),
    ],
    city: CityOption = None,
) -> None:
    """Take a person out of everything that Streetwise made of the deliveries, and keep them out. Writes a proof; extracts
    are never changed, those in which the person still stands are named. Exits with 1 if anything remains."""
    from pipelines.contracts.model import load_contracts
    from pipelines.ingest.forget import forget as forget_person
    from pipelines.ingest.landed import Damaged

    chosen = _open(city)
    key = sys.stdin.readline() if member_key == "-" else member_key
    try:
        done = forget_person(chosen, load_contracts(), key, now=datetime.now(UTC))
    except (ConfigurationError, Damaged, PermissionError, RuntimeError) as error:
        raise _fail(str(error)) from None
    typer.echo(f"已删除 {done.removed} 处 · removed in {done.removed} places; 证明 · proof: {done.proof}")
    for zh, en, names in (
        (
            "原始文件中仍有此人，请自行删除",
            "the person still stands in these files, which are yours to remove",
            done.extracts,
        ),
        ("无法检查", "cannot be looked into", done.unsearchable),
    ):
        if names:
            typer.echo("\n".join([f"{zh} · {en}:", *(f"- {name}" for name in names)]))
    if done.remains:
        files = "\n".join(f"- {name}" for name in done.remains)
        raise _fail(f"以下文件中仍有此人，或无法检查 · the person remains, or cannot be ruled out, in:\n{files}")


@app.command()
def doctor(city: CityOption = None) -> None:
    """Check this machine and a city folder: what is wrong, and what to do about it. Exits with 1 if anything is."""
    from pipelines.doctor import examine

    healthy = True
    for finding in examine(city):
        healthy = healthy and finding.good
        out.print(
            f"[{'green' if finding.good else 'red'}]{'ok ' if finding.good else 'bad'}[/] {escape(finding.text)}",
            highlight=False,
        )
    if not healthy:
        raise typer.Exit(1)


@app.command()
def dashboard(city: CityOption = None, port: DashboardPort = 8501) -> None:
    """Serve the pages of a city until Ctrl-C."""
    chosen = _open(city)
    _need_ports(port)
    _serve(chosen, {"dashboard": (_dashboard_command(port), port)})


@app.command()
def dagster(city: CityOption = None, port: DagsterPort = 3000) -> None:
    """Serve the Dagster UI of a city, with its nightly schedule running, until Ctrl-C."""
    chosen = _open(city)
    _need_ports(port)
    _serve(chosen, {"Dagster": (_dagster_command(port), port)})


@app.command()
def run(city: CityOption = None, port: DashboardPort = 8501, dagster_port: DagsterPort = 3000) -> None:
    """Make the sample city if there is none, refresh, and serve dashboard and Dagster until Ctrl-C."""
    _need_ports(port, dagster_port)
    folder = city or Path(os.environ.get(CITY_VARIABLE) or DEFAULT_CITY)
    if folder.expanduser().resolve() == DEFAULT_CITY.resolve():
        sample_city(DEFAULT_CITY, if_absent=True)
    chosen = _open(folder)
    _refresh(chosen)
    # Who sits at this machine may use both servers anyway; a page that a gateway passes on has no analyst by "local".
    os.environ.setdefault("STREETWISE_DAGSTER_URL", f"http://{HOST}:{dagster_port}")
    os.environ.setdefault("STREETWISE_ANALYSTS", "local")
    _serve(
        chosen,
        {"dashboard": (_dashboard_command(port), port), "Dagster": (_dagster_command(dagster_port), dagster_port)},
    )


def _dashboard_command(port: int) -> list[str]:
    flags = [
        "--server.port",
        str(port),
        "--server.address",
        HOST,
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
    ]
    return [sys.executable, "-m", "dashboards.serve", *flags]


def _dagster_command(port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        HOST,
        "-p",
        str(port),
        "--log-level",
        "warning",
    ]


def _need_ports(*ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                raise _fail(
                    f"port {port} is in use; stop what holds it, or choose another with --port / --dagster-port "
                    "(STREETWISE_PORT, STREETWISE_DAGSTER_PORT)"
                ) from None


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _end_once(number: int, frame: FrameType | None) -> None:
    """Interrupt the command; a second Ctrl-C, which would leave servers behind, is ignored."""
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def _serve(city: City, commands: dict[str, tuple[list[str], int]]) -> None:
    """Start the servers, say where they are once they answer, and end all of them with the first that ends or Ctrl-C."""
    environment = {
        **os.environ,
        CITY_VARIABLE: str(city.folder),
        "DAGSTER_HOME": str(prepare_home(city)),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    environment.pop(PROGRESS, None)
    # A shell starts background jobs with SIGINT ignored, and ignored it stays in children: dagster then ignores TERM too.
    # A closed terminal sends HUP; the servers are in sessions of their own and would stay.
    for number in _ENDING:
        signal.signal(number, _end_once)
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, (command, _) in commands.items():
            started[name] = subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)  # noqa: S603
        waiting = {name: port for name, (_, port) in commands.items()}
        while all(process.poll() is None for process in started.values()):
            for name, port in list(waiting.items()):
                if _answers(port):
                    out.print(f"{name}: http://{HOST}:{port}", highlight=False)
                    del waiting[name]
                    if not waiting:
                        out.print("Ctrl-C ends it.")
            time.sleep(0.3)
        ended = next(name for name, process in started.items() if process.poll() is not None)
        raise _fail(f"{ended} ended by itself; its message stands above")
    except KeyboardInterrupt:
        out.print("stopping …")
    finally:
        _stop(list(started.values()))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Interrupt each server's whole process group, and kill what is left after ten seconds."""
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)
    for number, patience in ((signal.SIGINT, 10), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        for process in processes:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(_group_lives(process) for process in processes):
            time.sleep(0.1)
        if not any(_group_lives(process) for process in processes):
            return


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    app()
