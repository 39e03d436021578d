"""The overdue backlog as areas inside areas, which open on a click: Plotly, loaded only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from dashboards import data, formats, parts, ticket_data
from dashboards.controls import Scope
from dashboards.parts import t

#: What the levels are painted in, from the area itself inwards, on light and on dark paper; then the letters.
_PAPER = {
    "light": (("#f4f6f9", "#e6ecf5", "#cfdef4", "#b4ccef"), "#1b2330", "#ffffff"),
    "dark": (("#1a212c", "#212d3e", "#2a3d59", "#345280"), "#e7ebf2", "#10151d"),
}


def show(scope: Scope) -> None:
    """A switch, and the picture once it is on."""
    kids = parts.children(scope)
    if not kids or kids[0].level == "community":
        return
    if not st.toggle(t(scope, "tree_open"), key="backlog_tree"):
        return
    spec = figure(scope, st.context.theme.type or "light")
    if spec is None:
        parts.calm(t(scope, "overdue_none"))
        return
    st.caption(t(scope, "tree_note"))
    st.plotly_chart(spec, config={"displayModeBar": False}, key="backlog_treemap", alt=t(scope, "tree_alt"))


def figure(scope: Scope, paper: str) -> dict[str, Any] | None:
    """The treemap of the area and all below it; None where nothing is overdue. A child is never larger than its parent:
    what no area below can be given stays blank inside it."""
    everyone = [area for area in data.areas(scope.edition).values() if scope.area.code in area.path]
    found: dict[str, Mapping[str, Any]] = {}
    for level in dict.fromkeys(area.level for area in everyone):
        rows = ticket_data.open_at_level(scope.edition, level)
        found |= {area.code: rows[area.code] for area in everyone if area.code in rows and area.level == level}
    shown = [area for area in everyone if area.code in found and found[area.code]["overdue"]]
    if not shown:
        return None
    tints, ink, edge = _PAPER[paper]

    def says(code: str) -> str:
        row = found[code]
        share = formats.percent(row["overdue"] / row["opened"])
        counts = {name: formats.whole(row[name]) for name in ("opened", "overdue", "oldest")}
        return t(scope, "tree_hover", share=share, **counts)

    # Plotly reads tags in every text and turns entities back into letters
    return {
        "data": [
            {
                "type": "treemap",
                "branchvalues": "total",
                "maxdepth": 3,
                "ids": [area.code for area in shown],
                "parents": ["" if area.code == scope.area.code else area.parent or "" for area in shown],
                # the name of an area that is open stands alone, so its number is part of it
                "labels": [
                    f"{escape(formats.name(area.name, scope.lang), quote=False)} {formats.whole(found[area.code]['overdue'])}"
                    for area in shown
                ],
                "values": [int(found[area.code]["overdue"]) for area in shown],
                "textinfo": "label",
                "hovertext": [
                    escape(f"{formats.name(area.name, scope.lang)} · {says(area.code)}", quote=False) for area in shown
                ],
                "hoverinfo": "text",
                "marker": {
                    "colors": [tints[min(len(area.path) - len(scope.area.path), len(tints) - 1)] for area in shown],
                    "line": {"width": 1, "color": edge},
                    "pad": {"t": 24, "l": 4, "r": 4, "b": 4},
                },
                "textfont": {"color": ink, "size": 13},
                "pathbar": {"textfont": {"color": ink, "size": 13}, "thickness": 24},
                "tiling": {"pad": 2},
                "sort": True,
            }
        ],
        "layout": {
            "uniformtext": {"minsize": 10, "mode": "hide"},
            "height": 460,
            "margin": {"l": 0, "r": 0, "t": 28, "b": 0},
        },
    }
