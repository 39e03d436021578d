"""Headings of the parts of a long page, and the links to them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboards.controls import Scope
from dashboards.parts import t


def group(scope: Scope, name: str) -> None:
    """The heading of one part of the question, under a line; its words are `group_<name>`, its anchor is `name`."""
    with st.container(key=f"group_{name}"):
        st.subheader(t(scope, f"group_{name}"), anchor=name)


def jumps(scope: Scope, names: Sequence[str]) -> None:
    """Links to the parts of a page that is long on a phone."""
    links = "".join(f"<a href='#{name}'>{escape(t(scope, f'group_{name}'))}</a>" for name in names)
    st.html(f"<nav class='sw-jumps'>{links}</nav>")
