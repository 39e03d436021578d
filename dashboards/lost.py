"""Answers addresses that lead to no page, in place of Streamlit's own box, which speaks English only."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from typing import Any

import streamlit as st
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboards import controls
from dashboards.controls import Scope
from dashboards.i18n import text

#: The overview stands at `/`; this is the address under which its file suggests to look for it.
ALIAS = "overview"


def hidden(lang: str, pages: Collection[Page]) -> list[Page]:
    """Pages outside the menu: the alias of the first page, and one for the unknown name that this address asks for."""
    found = [Page(_to_first, title=text(lang, f"page_{ALIAS}"), url_path=ALIAS, visibility="hidden")]
    context = get_script_run_ctx()
    asked = context.pages_manager.intended_page_name if context else ""
    if asked and "/" not in asked and asked not in {ALIAS, *(page.url_path for page in pages)}:
        # later runs of the session name the page by its hash alone
        st.session_state["lost"] = asked
    if name := st.session_state.get("lost"):
        found.append(Page(_show, title=text(lang, "page_lost"), url_path=name, visibility="hidden"))
    st.session_state["first_page"] = next(iter(pages))
    return found


def _to_first() -> None:
    st.switch_page(st.session_state["first_page"], query_params=st.query_params.to_dict())


def _show() -> None:
    scope: Scope = st.session_state["scope"]
    first: Any = st.session_state["first_page"]
    st.header(text(scope.lang, "page_lost"), anchor=False)
    said = text(scope.lang, "lost_said", name=str(st.session_state["lost"])[:60])
    st.html(f"<div class='sw-lead'>{escape(said)}</div>")
    chosen = st.session_state.get("choice", controls.Choice())
    st.page_link(first, label=text(scope.lang, "lost_link"), query_params=controls.query(chosen))
