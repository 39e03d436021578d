"""Who is an analyst: may ask the edition in SQL and start runs again. Everybody else reads the pages."""

from __future__ import annotations

import os
from collections.abc import Mapping

import streamlit as st

ANALYSTS = "STREETWISE_ANALYSTS"
USER_HEADER = "STREETWISE_USER_HEADER"
#: Value of STREETWISE_ANALYSTS for a machine of one's own: whoever sits at it.
LOCAL = "local"
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-user", "x-real-ip")


def analyst() -> str | None:
    """The name of the analyst who looks at this page, or None for everybody else."""
    return analyst_of(st.context.headers, os.environ)


def analyst_of(headers: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """Who of the analysts that the configuration names sent these headers; None if nobody did.

    `STREETWISE_ANALYSTS` unset means nobody. `local` means whoever asks this machine by its loopback name and through no
    gateway: a page that is passed on to others has no analyst. Else it lists names, one of which the header
    `STREETWISE_USER_HEADER` must carry; without that variable nobody can be known."""
    listed = {name.strip() for name in environment.get(ANALYSTS, "").split(",")} - {""}
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    if listed == {LOCAL}:
        host = sent.get("host", "localhost")
        name = host if host.startswith("[") and host.endswith("]") else host.rpartition(":")[0] or host
        passed_on = any(sent.get(header) for header in _FORWARDED)
        return None if passed_on or name.lower() not in _LOOPBACK else LOCAL
    header = environment.get(USER_HEADER, "").strip().lower()
    user = sent.get(header, "") if header else ""
    return user if user in listed - {LOCAL} else None
