"""The overdue backlog as areas inside areas, which open on a click: Plotly, loaded only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from dashboards import data, formats, parts, ticket_data
from dashboards.controls import Scope
from dashboards.parts import t

#: A small and a large share of the open tickets, as red, green and blue, on light and on dark paper.
_PALE, _DEEP = {"light": (226, 235, 248), "dark": (31, 44, 64)}, {"light": (94, 145, 217), "dark": (47, 98, 176)}
_INK = {"light": "#1b2330", "dark": "#e7ebf2"}


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
    shares = [found[area.code]["overdue"] / found[area.code]["opened"] for area in shown]
    low, high = min(shares), max(shares)

    def tint(share: float) -> str:
        part = (share - low) / (high - low) if high > low else 0.5
        mixed = (round(a + part * (b - a)) for a, b in zip(_PALE[paper], _DEEP[paper], strict=True))
        return f"rgb({','.join(map(str, mixed))})"

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
                "sort": True,
                "ids": [area.code for area in shown],
                "parents": ["" if area.code == scope.area.code else area.parent or "" for area in shown],
                "labels": [escape(formats.name(area.name, scope.lang), quote=False) for area in shown],
                "values": [int(found[area.code]["overdue"]) for area in shown],
                "customdata": [escape(says(area.code), quote=False) for area in shown],
                "texttemplate": "%{label} %{value:,d}",
                "hovertemplate": "<b>%{label}</b><br>%{customdata}<extra></extra>",
                "marker": {
                    "colors": [tint(share) for share in shares],
                    "line": {"width": 1, "color": {"light": "#ffffff", "dark": "#10151d"}[paper]},
                    "pad": {"t": 22, "l": 3, "r": 3, "b": 3},
                },
                "textfont": {"color": _INK[paper], "size": 13},
                "pathbar": {"textfont": {"color": _INK[paper], "size": 13}, "thickness": 24},
                "tiling": {"pad": 2},
            }
        ],
        "layout": {"height": 460, "margin": {"l": 0, "r": 0, "t": 28, "b": 0}},
    }
