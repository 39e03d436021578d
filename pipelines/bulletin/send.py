"""Sends a bulletin by mail and to group chats, and remembers what was sent; nothing secret is written or told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx

from pipelines.alerts import post
from pipelines.bulletin.making import Made, Problem
from pipelines.bulletin.settings import Mail, Webhook
from pipelines.bulletin.words import month_name, pair, word
from pipelines.city import City, expand_variables
from pipelines.yaml_model import ConfigurationError

SENT = "bulletins_sent.json"
_TIMEOUT_SECONDS = 30
#: WeCom takes 2,048 bytes of text; the others take more.
_MOST_BYTES = 2000
_TYPES = {
    "pdf": ("application", "pdf"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


class NotDelivered(RuntimeError):
    """The other side answered, and did not take the message."""


def send(city: City, made: Made, *, again: bool = False) -> list[Problem]:
    """Send a bulletin to everyone who did not get one of its month yet (`again`: to all); return what failed.

    Who got it is written down after each one, so that a failure is tried again by the next run and a success is not.
    """
    problems: list[Problem] = []
    sent = sent_so_far(city)
    month = f"{made.month:%Y-%m}"
    for name, channel in channels(city).items():
        if not again and name in sent.get(month, {}):
            continue
        try:
            if isinstance(channel, Mail):
                _mail(city, channel, made)
            else:
                _post(city, channel, made)
        except (OSError, smtplib.SMTPException, httpx.HTTPError, NotDelivered, ConfigurationError) as error:
            kind = str(error) if isinstance(error, NotDelivered | ConfigurationError) else type(error).__name__
            problems.append({"dataset": None, **pair("not_sent", month=month, to=name, kind=kind)})
            continue
        now = datetime.now(UTC).isoformat(timespec="seconds")
        sent.setdefault(month, {})[name] = {"edition": made.edition, "sent_at": now}
        _remember(city, sent)
    return problems


def due(city: City, made: Sequence[Made]) -> Made | None:
    """The newest bulletin whose time to be sent has come by the city's rule: final, or of a month that is over."""
    ready = [bulletin for bulletin in made if bulletin.final or city.settings.bulletin.send_when == "over"]
    return max(ready, key=lambda bulletin: bulletin.month, default=None)


def channels(city: City) -> dict[str, Mail | Webhook]:
    """Everyone whom city.yaml names, each with a name that is no secret."""
    settings = city.settings.bulletin
    named: dict[str, Mail | Webhook] = {}
    for mail in settings.mail:
        named[f"{mail.host} {hashlib.sha256(' '.join(mail.to).encode()).hexdigest()[:8]}"] = mail
    for hook in settings.webhooks:
        named[f"{hook.kind} {hook.url[2:-1]}"] = hook
    return named


def sent_so_far(city: City) -> dict[str, dict[str, dict[str, str]]]:
    """By month and receiver: edition and moment."""
    try:
        found: dict[str, dict[str, dict[str, str]]] = json.loads((city.state / SENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _remember(city: City, sent: Mapping[str, Any]) -> None:
    path = city.state / SENT
    part = path.with_name(f".{SENT}-{os.getpid()}")
    with part.open("w", encoding="utf-8") as handle:
        json.dump(sent, handle, ensure_ascii=False, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def subject(city: City, made: Made) -> str:
    """The subject, in the city's language."""
    lang = city.settings.language
    return word(
        lang,
        "subject",
        city=city.settings.name.en if lang == "en" else city.settings.name.zh,
        title=word(lang, "title"),
        month=month_name(lang, made.month.year, made.month.month),
        standing=word(lang, "final_short" if made.final else "provisional_short"),
    )


def message(city: City, made: Made) -> str:
    """The first sentences of the bulletin, what they rest on, and where its files are."""
    lang = city.settings.language
    told = made.about[lang]
    link = city.settings.bulletin.link
    where = word(lang, "where_page", link=link) if link else word(lang, "where_file", folder=made.folder)
    return "\n".join([told["standing"], *told["lead"], told["meta"], where])


def _mail(city: City, mail: Mail, made: Made) -> None:
    letter = EmailMessage()
    letter["Subject"] = subject(city, made)
    letter["From"] = _address(mail.sender)
    letter["To"] = [_address(address) for address in mail.to]
    letter.set_content(message(city, made) + "\n\n" + word(city.settings.language, "attached") + "\n")
    for path in _own_language(city, made.files):
        main, sub = _TYPES[path.suffix[1:]]
        letter.add_attachment(path.read_bytes(), maintype=main, subtype=sub, filename=path.name)
    password = expand_variables(mail.password, "bulletin.mail.password") if mail.password else None
    trusted = ssl.create_default_context()
    with _connected(mail, trusted) as server:
        if mail.security == "starttls":
            server.starttls(context=trusted)
        if mail.user is not None and password is not None:
            server.login(mail.user, password)
        refused = server.send_message(letter)
    if refused:
        raise NotDelivered(f"{len(refused)} / {len(mail.to)}")


def _connected(mail: Mail, trusted: ssl.SSLContext) -> smtplib.SMTP:
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.chosen_port, timeout=_TIMEOUT_SECONDS, context=trusted)
    return smtplib.SMTP(mail.host, mail.chosen_port, timeout=_TIMEOUT_SECONDS)


def _address(text: str) -> Address:
    name, _, domain = text.rpartition("@")
    return Address(username=name, domain=domain)


def _own_language(city: City, files: Sequence[Path]) -> list[Path]:
    return [path for path in files if path.stem.endswith(f"-{city.settings.language}")]


def _post(city: City, hook: Webhook, made: Made) -> None:
    url = expand_variables(hook.url, "bulletin.webhooks.url")
    text = _short(f"{subject(city, made)}\n{message(city, made)}")
    if hook.kind == "slack":
        # Slack reads <!channel> and <http://…|…> out of plain text
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        post(url, {"text": escaped, "mrkdwn": False})
        return
    if hook.kind == "dingtalk" and hook.secret:
        url = _signed(url, expand_variables(hook.secret, "bulletin.webhooks.secret"), round(time.time() * 1000))
    answer = post(url, {"msgtype": "text", "text": {"content": text}})
    # both answer 200 to what they refuse, and say so in the body
    try:
        code = answer.json().get("errcode", 0)
    except (ValueError, AttributeError):
        raise NotDelivered("no answer in JSON") from None
    if code != 0:
        raise NotDelivered(f"errcode {int(code) if str(code).lstrip('-').isdigit() else '?'}")


def _signed(url: str, secret: str, milliseconds: int) -> str:
    """The address with DingTalk's signature: HMAC-SHA-256 of moment and secret."""
    told = f"{milliseconds}\n{secret}".encode()
    sign = quote_plus(base64.b64encode(hmac.new(secret.encode(), told, hashlib.sha256).digest()))
    return f"{url}&timestamp={milliseconds}&sign={sign}"


def _short(text: str) -> str:
    """A text cut at a line, so that it fits; the last line, which says where the files are, stays."""
    lines = text.split("\n")
    while len(lines) > 3 and len("\n".join(lines).encode()) > _MOST_BYTES:
        del lines[-3]
    return "\n".join(lines)
