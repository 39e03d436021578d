"""Real database servers for the tests, each in a folder of its own, and a line to them that can be cut."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pymysql

PASSWORD = "p@ss/w:rd%20"  # noqa: S105  (of a server that lives as long as the test)
_READY_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server with a database `city` and a user `reader` whom PASSWORD lets in."""

    kind: str
    port: int
    connect: Callable[[], Any]

    def run(self, *statements: str) -> None:
        """Run statements as the owner of everything; each is committed."""
        with contextlib.closing(self.connect()) as con:
            for statement in statements:
                con.cursor().execute(statement)

    def url(self, port: int | None = None, user: str = "reader", database: str = "city") -> str:
        """The address as a city writes it."""
        return f"{self.kind}://{user}:${{CITY_PASSWORD}}@127.0.0.1:{port or self.port}/{database}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def postgres_folder() -> Path | None:
    """Where the newest PostgreSQL server of this machine lies."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def _folder_of(user: str) -> Iterator[tuple[Path, list[str]]]:
    """A folder and the beginning of a command that runs as its owner: neither server starts as root."""
    folder = Path(tempfile.mkdtemp(prefix="streetwise-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        found = pwd.getpwnam(user)
        os.chown(folder, found.pw_uid, found.pw_gid)
        as_user = ["setpriv", f"--reuid={user}", f"--regid={found.pw_gid}", "--clear-groups", "--pdeathsig=TERM"]
    try:
        yield folder, as_user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], log: Path, connect: Callable[[], Any], errors: type[Exception]) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd="/")
    try:
        for _ in range(_READY_SECONDS * 20):
            with contextlib.suppress(errors):
                connect().close()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise RuntimeError(f"{command[0]} ended ({process.wait(0.05)}): {log.read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """PostgreSQL with passwords (SCRAM), in UTF-8, showing times of Shanghai."""
    programs, port = postgres_folder(), _free_port()
    assert programs is not None
    with _folder_of("postgres") as (folder, as_user):
        data, secret = folder / "data", folder / "secret"
        secret.write_text("owner")
        subprocess.run(
            [*as_user, programs / "initdb", "-D", data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", secret,
             "--no-sync", "-E", "UTF8", "--locale=C"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        settings = {"fsync": "off", "listen_addresses": "127.0.0.1", "timezone": "Asia/Shanghai", "datestyle": "German"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

        def connect(database: str = "city") -> psycopg.Connection[Any]:
            return psycopg.connect(
                f"host=127.0.0.1 port={port} user=owner password=owner dbname={database}", autocommit=True
            )

        command = [*as_user, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), *options]
        with _running(command, folder / "log", lambda: connect("postgres"), psycopg.OperationalError):
            Server("postgresql", port, lambda: connect("postgres")).run("CREATE DATABASE city")
            server = Server("postgresql", port, connect)
            server.run(
                f"CREATE USER reader PASSWORD '{PASSWORD}'",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
                "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader",
            )
            yield server


@contextmanager
def mariadb_server() -> Iterator[Server]:
    """MariaDB whose session time is that of Shanghai."""
    port = _free_port()
    with _folder_of("mysql") as (folder, as_user):
        data, place = folder / "data", folder / "socket"
        subprocess.run(
            [*as_user, "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip

        def connect(database: str | None = "city") -> Any:
            return pymysql.connect(unix_socket=str(place), user="root", database=database, autocommit=True)

        command = [
            *as_user, shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}",
            f"--socket={place}", f"--port={port}", "--bind-address=127.0.0.1", "--default-time-zone=+08:00",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-fast-shutdown=2", "--sql-mode=", f"--pid-file={folder / 'pid'}",
        ]  # fmt: skip
        with _running(command, folder / "log", lambda: connect(None), pymysql.err.OperationalError):
            Server("mysql", port, lambda: connect(None)).run("CREATE DATABASE city CHARACTER SET utf8mb4")
            server = Server("mysql", port, connect)
            server.run(
                f"CREATE USER reader@'%' IDENTIFIED BY '{PASSWORD}'", "GRANT SELECT, EXECUTE ON city.* TO reader@'%'"
            )
            yield server


@dataclass
class Line:
    """A line to a server that is cut after so many bytes of answer, connection by connection (None: never), and that
    calls `before` once, before the first question that holds `question` goes on."""

    target: int
    cuts: list[int | None] = field(default_factory=list)
    question: bytes = b""
    before: Callable[[], None] | None = None
    connections: int = 0

    def __enter__(self) -> Line:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _close(self._listener)  # ends the accept() that would keep the port open
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                cut = self.cuts[self.connections] if self.connections < len(self.cuts) else None
                self.connections += 1
                threading.Thread(target=self._ask, args=(near, far), daemon=True).start()
                threading.Thread(target=self._answer, args=(far, near, cut), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if self.before is not None and self.question in data:
                    act, self.before = self.before, None
                    act()
                far.sendall(data)
        _close(far)

    def _answer(self, far: socket.socket, near: socket.socket, cut: int | None) -> None:
        left = cut
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                near.sendall(data if left is None else data[:left])
                left = None if left is None else left - len(data)
                if left is not None and left <= 0:
                    break
        _close(near)
        _close(far)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
