"""Bulletins are sent once, to servers of this machine that stand for the real ones; secrets stay where they are."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
import logging
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bulletin_city import over_tiny, settings
from conftest import run_cli

from pipelines.bulletin import making, send
from pipelines.bulletin.making import Made
from pipelines.bulletin.nightly import after_edition
from pipelines.city import City

OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)
CANARY = "CANARY-hunter2"
PASSWORD, SIGNING = "${MAIL_PASSWORD}", "${DING}"


class MailServer:
    """An SMTP server of forty lines: keeps commands and letters; STARTTLS and TLS with a certificate of its own."""

    def __init__(self, certificate: Path | None, *, tls: bool = False, offers: bool = True, takes: bool = True) -> None:
        self.letters: list[EmailMessage] = []
        self.commands: list[str] = []
        mail = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(line.encode() + b"\r\n")

            def upgrade(self) -> None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(str(certificate))
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]

            def handle(self) -> None:
                if tls:
                    self.upgrade()
                self.say("220 here")
                while line := self.rfile.readline().decode().strip():
                    mail.commands.append(line)
                    word = line.split()[0].upper()
                    if word == "EHLO":
                        self.say("250-here")
                        self.say("250-STARTTLS" if offers else "250-SIZE")
                        self.say("250 AUTH PLAIN")
                    elif word == "STARTTLS":
                        self.say("220 go")
                        self.upgrade()
                    elif word == "AUTH":
                        self.say("235 in")
                    elif word == "RCPT" and not takes:
                        self.say("550 unknown")
                    elif word == "DATA":
                        self.say("354 go on")
                        lines = []
                        while (part := self.rfile.readline()) != b".\r\n":
                            lines.append(part[1:] if part.startswith(b"..") else part)
                        letter = email.message_from_bytes(b"".join(lines), policy=default)
                        assert isinstance(letter, EmailMessage)
                        mail.letters.append(letter)
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 yes")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]


class Chat:
    """The robot of a group chat: keeps what was posted, answers as it is told."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.answer: tuple[int, str] = (200, '{"errcode": 0}')
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                chat.posted.append((self.path, body))
                self.send_response(chat.answer[0])
                self.end_headers()
                self.wfile.write(chat.answer[1].encode())

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key={CANARY}"


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    made = Chat()
    monkeypatch.setenv("ROBOT", made.url)
    with serving(made.server):
        yield made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of `localhost` in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key = path.with_name("key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def bulletin(city: City, month: date = SEPTEMBER, *, final: bool = True) -> Made:
    """A bulletin without the trouble of setting it."""
    folder = city.bulletins / "edition-1" / f"{month:%Y-%m}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [f"bulletin-{month:%Y-%m}-{lang}.{kind}" for lang in ("en", "zh") for kind in ("pdf", "xlsx")]
    for name in files:
        (folder / name).write_bytes(name.encode())
    told = {"standing": "定稿", "lead": ["<!channel> 一句 & 两句", "第二句"], "meta": "数据截至 2026-11-21"}
    about = {"files": [{"name": name} for name in files], "zh": told, "en": {**told, "standing": "Final"}}
    return Made("edition-1", month, folder, final, about)


def post(port: int, **other: Any) -> dict[str, Any]:
    return {"host": "localhost", "port": port, "sender": "city@example.cn", "to": ["lead@example.cn"], **other}


def robot(kind: str, **other: Any) -> dict[str, Any]:
    return {"kind": kind, "url": "${ROBOT}", **other}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_goes_encrypted_with_pdf_and_workbook_in_the_language_of_the_city(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    server = MailServer(certificate, tls=security == "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("MAIL_PASSWORD", CANARY)
    city = settings(
        tmp_path,
        mail=[post(server.port, security=security, user="city", password=PASSWORD)],
        link="https://p.cn/b",
    )
    with serving(server.server):
        assert send.send(city, bulletin(city)) == []
    (letter,) = server.letters
    assert letter["Subject"] == "【示例市】基层治理运行通报 2026年9月（定稿）" and letter["To"] == "lead@example.cn"
    body = letter.get_body()
    assert body is not None and "第二句" in body.get_content() and "https://p.cn/b" in body.get_content()
    assert {a.get_filename(): a.get_content() for a in letter.iter_attachments()} == {
        f"bulletin-2026-09-zh.{kind}": f"bulletin-2026-09-zh.{kind}".encode() for kind in ("pdf", "xlsx")
    }
    login = base64.b64encode(f"\0city\0{CANARY}".encode()).decode()
    assert f"AUTH PLAIN {login}" in server.commands
    if security == "starttls":
        assert server.commands.index("STARTTLS") < server.commands.index(f"AUTH PLAIN {login}")


def test_a_password_is_never_sent_to_a_server_without_encryption_or_with_a_wrong_certificate(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", CANARY)
    for offers, kind in ((False, "SMTPNotSupportedError"), (True, "SSLCertVerificationError")):
        server = MailServer(certificate, offers=offers)
        city = settings(tmp_path, mail=[post(server.port, user="city", password=PASSWORD)])
        with serving(server.server):
            (problem,) = send.send(city, bulletin(city))
        assert kind in problem["message_zh"] and CANARY not in str(problem)
        assert not server.letters and not any(line.startswith("AUTH") for line in server.commands)
    assert send.sent_so_far(city) == {}


def test_who_is_refused_by_the_mail_server_is_a_problem_without_the_answer_of_the_server(tmp_path: Path) -> None:
    server = MailServer(None, takes=False)
    city = settings(tmp_path, mail=[post(server.port, security="none")])
    with serving(server.server):
        (problem,) = send.send(city, bulletin(city))
    assert "SMTPRecipientsRefused" in problem["message_en"] and "lead@example.cn" not in str(problem)


def test_wecom_and_slack_get_text_that_calls_nobody_and_says_where_the_files_are(tmp_path: Path, chat: Chat) -> None:
    city = settings(tmp_path, webhooks=[robot("wecom")])
    assert send.send(city, bulletin(city)) == []
    ((path, body),) = chat.posted
    text = body["text"]["content"]
    assert body["msgtype"] == "text" and path == f"/hook?key={CANARY}"
    assert "第二句" in text and str(city.bulletins) in text and "定稿" in text
    chat.answer = (200, "ok")
    city = settings(tmp_path, webhooks=[robot("slack")])
    assert send.send(city, bulletin(city)) == []
    assert "&lt;!channel&gt; 一句 &amp; 两句" in chat.posted[1][1]["text"] and chat.posted[1][1]["mrkdwn"] is False


def test_dingtalk_gets_a_signature_that_its_secret_makes(
    tmp_path: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DING", "SEC-CANARY")
    city = settings(tmp_path, webhooks=[robot("dingtalk", secret=SIGNING)])
    assert send.send(city, bulletin(city)) == []
    asked = parse_qs(urlsplit(chat.posted[0][0]).query)
    told = f"{asked['timestamp'][0]}\nSEC-CANARY"
    expected = base64.b64encode(hmac.new(b"SEC-CANARY", told.encode(), hashlib.sha256).digest()).decode()
    assert asked["sign"] == [expected] and asked["key"] == [CANARY]


def test_a_long_message_is_cut_at_a_line_and_keeps_where_the_files_are(tmp_path: Path, chat: Chat) -> None:
    city = settings(tmp_path, webhooks=[robot("wecom")], link="https://p.cn/b")
    made = bulletin(city)
    made.about["zh"]["lead"] = ["很长的一句话，" * 20] * 12
    assert send.send(city, made) == []
    text = chat.posted[0][1]["text"]["content"]
    assert 1000 < len(text.encode()) <= 2048 and text.endswith("https://p.cn/b") and text.startswith("【示例市】")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [((500, ""), "HTTPStatusError"), ((200, '{"errcode": 93000}'), "errcode 93000"), ((200, "<html>"), "JSON")],
)
def test_what_a_robot_does_not_take_is_a_problem_and_is_tried_again(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture, answer: tuple[int, str], kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    city = settings(tmp_path, webhooks=[robot("wecom")])
    chat.answer = answer
    (problem,) = send.send(city, bulletin(city))
    assert kind in problem["message_en"] and "wecom ROBOT" in problem["message_zh"]
    chat.answer = (200, '{"errcode": 0}')
    assert send.send(city, bulletin(city)) == []
    assert len(chat.posted) == 2
    state = "".join(path.read_text(encoding="utf-8") for path in city.state.glob("*.json"))
    assert CANARY not in str(problem) + state + caplog.text


def test_a_secret_that_is_not_set_is_named_and_a_server_that_is_not_there_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBOT", f"http://127.0.0.1:9/{CANARY}")
    city = settings(tmp_path, webhooks=[{"kind": "wecom", "url": "${NOT_SET}"}, robot("slack")])
    first, second = send.send(city, bulletin(city))
    assert "NOT_SET is not set" in first["message_en"] and "ConnectError" in second["message_en"]
    assert CANARY not in str(second)


def test_a_month_is_sent_once_and_again_only_on_demand(tmp_path: Path, chat: Chat) -> None:
    city = settings(tmp_path, webhooks=[robot("wecom")])
    for _ in range(3):
        assert send.send(city, bulletin(city)) == []
    assert len(chat.posted) == 1
    send.send(city, bulletin(city, OCTOBER))
    assert len(chat.posted) == 2
    send.send(city, bulletin(city), again=True)
    assert len(chat.posted) == 3
    sent = json.loads((city.state / send.SENT).read_text(encoding="utf-8"))
    assert set(sent) == {"2026-09", "2026-10"} and sent["2026-09"]["wecom ROBOT"]["edition"] == "edition-1"


def test_a_preliminary_bulletin_waits_unless_the_city_wants_it_at_once(tmp_path: Path) -> None:
    for when, month in (("final", SEPTEMBER), ("over", OCTOBER)):
        city = settings(tmp_path, webhooks=[robot("wecom")], send_when=when)
        ready = send.due(city, [bulletin(city, OCTOBER, final=False), bulletin(city)])
        assert ready is not None and ready.month == month
    assert send.due(settings(tmp_path), [bulletin(city, OCTOBER, final=False)]) is None


def test_the_night_sends_what_is_final_and_the_command_sends_it_again(
    tmp_path: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_WEBHOOK_URL", chat.url.replace("hook", "alert"))
    city = over_tiny(tmp_path, webhooks=[robot("wecom")])
    chat.answer = (200, '{"errcode": 40001}')
    report = after_edition(city)
    # only the newest of the two that are final; what could not be sent is told to the page and to the alerts
    assert report.made == 2 and [p["message_en"] for p in report.problems] == [
        "The bulletin of 2026-10 could not be sent to wecom ROBOT (errcode 40001)."
    ]
    note = json.loads((city.published / "last_refresh.json").read_text(encoding="utf-8"))
    assert note["outcome"] == "published" and note["problems"][0]["message_en"] == report.problems[0]["message_en"]
    assert [path.split("?")[0] for path, _ in chat.posted] == ["/hook", "/alert"]
    chat.answer = (200, '{"errcode": 0}')
    assert after_edition(city).problems == [] and after_edition(city).problems == []
    assert len(chat.posted) == 3
    result = run_cli("bulletin", "--city", str(city.folder), "--month", "2026-09", "--send")
    assert result.exit_code == 0 and len(chat.posted) == 4, result.output
    assert "2026年9月" in chat.posted[-1][1]["text"]["content"]
    assert making.ABOUT in {path.name for path in city.bulletins.rglob("*")}
