"""What `city.yaml` may say of the monthly bulletin: its font, when it is sent, and to whom."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_VARIABLE = re.compile(r"\$\{\w+\}")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _from_environment(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ValueError("does not belong in a file: write ${VARIABLE} and set it in the environment")
    return text


def _one_line(text: str) -> str:
    if any(ord(character) < 32 for character in text):
        raise ValueError("has a line break or another control character")
    return text


#: The name of an environment variable that holds something secret, as `${VARIABLE}`.
Secret = Annotated[str, AfterValidator(_from_environment)]
Line = Annotated[str, AfterValidator(_one_line)]
MailAddress = Annotated[Line, Field(pattern=r"^[^@\s,;]+@[^@\s,;]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mail(_Strict):
    """A mail server and who receives the bulletin through it, PDF and XLSX attached."""

    host: Line
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Line | None = None
    password: Secret | None = None
    sender: MailAddress
    to: list[MailAddress] = Field(min_length=1)

    @model_validator(mode="after")
    def _login_is_whole_and_hidden(self) -> Mail:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        if self.password is not None and self.security == "none":
            raise ValueError("a password is not sent without starttls or tls")
        return self

    @property
    def chosen_port(self) -> int:
        """The port, or the usual one of the chosen security."""
        return self.port or _PORTS[self.security]


class Webhook(_Strict):
    """A robot of a group chat; its address is a secret. `secret` signs messages to DingTalk."""

    kind: Literal["wecom", "dingtalk", "slack"]
    url: Secret
    secret: Secret | None = None

    @model_validator(mode="after")
    def _only_dingtalk_signs(self) -> Webhook:
        if self.secret is not None and self.kind != "dingtalk":
            raise ValueError("secret means nothing here; only dingtalk signs")
        return self


class Bulletin(_Strict):
    """The monthly bulletin: `font` is a file or folder; `send_when` is `final` (no figure of the score is provisional) or
    `over` (the month has ended); `link` is where its readers open the pages."""

    font: str | None = None
    send_when: Literal["final", "over"] = "final"
    link: str | None = Field(default=None, pattern=r"^https?://\S+$")
    mail: list[Mail] = Field(default_factory=list)
    webhooks: list[Webhook] = Field(default_factory=list)
