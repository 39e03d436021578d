"""Headings of the parts of a long page."""

from __future__ import annotations

import streamlit as st

from dashboards.controls import Scope
from dashboards.parts import t


def group(scope: Scope, name: str) -> None:
    """The heading of one part of the question, under a line; its words are `group_<name>`, its anchor is `name`."""
    with st.container(key=f"group_{name}"):
        st.subheader(t(scope, f"group_{name}"), anchor=name)
