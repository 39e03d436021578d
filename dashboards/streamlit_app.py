"""Starts the dashboard: page settings, navigation, shared controls, and the watch for a new edition."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from dashboards import access, caches, controls, data, editions, formats, lost
from dashboards.i18n import pick, text

HERE = Path(__file__).parent
PAGES = (
    *("overview", "tickets", "organisations", "funding", "service", "community", "ranking", "map"),
    *("bulletin", "data", "definitions", "query"),
)
#: A page that is not listed cannot be reached either.
ANALYSTS_ONLY = ("query",)


@st.fragment(run_every=3)
def watch(shown: tuple[str | None, int]) -> None:
    """Rerun the page when `current` has moved or a refresh has reported since it was drawn."""
    if editions.signature() != shown:
        st.rerun()


def refresh_problems(lang: str, zone: str) -> None:
    """Say above every page what the last refresh could not do."""
    report = editions.last_refresh()
    if report is None or (report.outcome != "failed" and not report.problems):
        return
    lines = [
        f"{text(lang, f'dataset_{p.dataset}', default=p.dataset)} · {pick(lang, p.message)}"
        if p.dataset
        else pick(lang, p.message)
        for p in report.problems
    ]
    kind = (
        "failed" if report.outcome == "failed" else "problems" if any(p.dataset for p in report.problems) else "notes"
    )
    title = text(lang, f"refresh_{kind}", when=formats.instant(report.finished_at, zone))
    body = "<br>".join(escape(line) for line in lines) or escape(text(lang, "refresh_no_reason"))
    st.html(f"<div class='sw-note' role='status'><b>⚠ {escape(title)}</b><br>{body}</div>")


def no_edition() -> None:
    """The page before the first edition."""
    lang = controls.language()
    st.header(text(lang, "no_edition_title"), anchor=False)
    st.markdown(text(lang, "no_edition_body"))
    st.code(text(lang, "no_edition_command"), language="bash")
    st.caption(text(lang, "no_edition_folder", folder=str(editions.published_folder())))
    report = editions.last_refresh()
    if report is not None:
        refresh_problems(lang, "UTC")


st.set_page_config(
    page_title="Streetwise", page_icon=str(HERE / "icon.png"), layout="wide", initial_sidebar_state="collapsed"
)
st.html(HERE / "style.css")
seen = editions.signature()
edition = seen[0]
if edition is None:
    st.navigation([st.Page(no_edition, title="Streetwise", url_path="start")], position="hidden").run()
else:
    chosen = controls.language()
    pages = [
        st.Page(
            HERE / "app_pages" / f"{name}.py",
            title=text(chosen, f"page_{name}"),
            url_path="" if name == lost.ALIAS else name,
            default=name == lost.ALIAS,
        )
        for name in PAGES
        if name not in ANALYSTS_ONLY or access.analyst()
    ]
    page = st.navigation([*pages, *lost.hidden(chosen, pages)], position="top")
    scope = controls.resolve(edition)
    st.session_state["scope"] = scope
    with st.container(horizontal_alignment="center"), st.container(width=1320):
        controls.show(scope, pages, page)
        refresh_problems(scope.lang, data.city(edition).time_zone)
        page.run()
        st.html(f"<div class='sw-meta'>{escape(text(scope.lang, 'footer'))}</div>")
watch(seen)
caches.settle()
