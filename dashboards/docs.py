"""Prepares the Data Docs of an edition to open inside a page, without scripts and without the network."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from dashboards import editions

# The frame shares the origin of the dashboard: the policy forbids every script and every request.
_RULES = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_POLICY = f'<meta http-equiv="Content-Security-Policy" content="{_RULES}">'


@st.cache_data(max_entries=8, show_spinner=False)
def pages(edition: str) -> dict[str, str]:
    """The pages of the edition's Data Docs: path inside the folder → title, the index first."""
    folder = editions.docs_folder(edition)
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.html"), key=lambda f: (f.name != "index.html", str(f)))[:200]:
        path = file.relative_to(folder).as_posix()
        title = re.search(
            r"<title>\s*(.*?)\s*</title>", file.read_text(encoding="utf-8", errors="replace")[:20_000], re.S
        )
        found[path] = f"{title[1]} ({path})" if title and title[1] else path
    return found


@st.cache_data(max_entries=16, show_spinner=False)
def page(edition: str, path: str) -> str:
    """One page of the Data Docs as HTML that can stand alone.

    Style sheets beside it are written into it; links to other pages are taken away, because a frame without an
    address would open them in place of the dashboard. Raises KeyError for a path that `pages` does not list.
    """
    if path not in pages(edition):
        raise KeyError(path)
    file = editions.docs_folder(edition) / path
    html = file.read_text(encoding="utf-8", errors="replace")

    def sheet(found: re.Match[str]) -> str:
        address = re.search(r"href=[\"']([^\"']+)[\"']", found[0])
        if address is None or "stylesheet" not in found[0]:
            return ""
        beside = (file.parent / address[1]).resolve()
        inside = beside.is_relative_to(editions.docs_folder(edition).resolve()) and beside.is_file()
        return f"<style>{_text(beside)}</style>" if inside else ""

    html = re.sub(r"<link\b[^>]*>", sheet, html, flags=re.I)
    html = re.sub(r"(<a\b[^>]*?)\shref=([\"'])(?!#).*?\2", r"\1", html, flags=re.I | re.S)
    head = re.search(r"<head[^>]*>", html, re.I)
    return html[: head.end()] + _POLICY + html[head.end() :] if head else _POLICY + html


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
