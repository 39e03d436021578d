"""How do we stand, is it real, and where is it getting worse?"""

from html import escape

import streamlit as st

from dashboards import data, deliveries, formats, lead, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
found = parts.readings(scope, ["T01", "T02", "T05", "T03", "T06", "T12", "M12", "F06"])
parts.headline(
    scope, parts.t(scope, "title_overview", city=formats.name(scope.city.name, scope.lang)), lead.overview(scope, found)
)
refused = [row["dataset"] for row in data.open_refusals(scope.edition)]
if line := lead.deliveries(scope, refused, deliveries.marked(scope.edition)):
    st.html(f"<div class='sw-meta'>{line}</div>")
parts.tiles(scope, found.values())

left, right = st.columns([3, 2], gap="medium")
with left:
    pair = [found[i] for i in ("T02", "T05") if i in found]
    if pair:
        parts.trend(
            scope,
            pair,
            ["accent", "context"],
            parts.t(scope, "trend_title"),
            "overview_trend",
            note=parts.t(scope, "trend_note"),
        )
with right:
    title = parts.t(scope, "dots_title", name=parts.label(scope, found["T02"].indicator)) if "T02" in found else ""
    parts.child_dots(scope, "T02", "overview_dots", escape(title))
parts.small_multiples(scope, "T02", "overview_small", parts.t(scope, "small_title"))
parts.shortfalls(scope, "T02", "overview_short")
