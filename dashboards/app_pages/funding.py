"""Has the money arrived, is it spent in step with the year, and does every community reach its floor?"""

import streamlit as st

from dashboards import breakdowns, lead, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
found = parts.readings(scope, ["F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08"])
parts.headline(scope, parts.t(scope, "title_funding"), lead.funding(scope, found))
st.caption(parts.t(scope, "two_rates"))
parts.tiles(scope, found.values())
left, right = st.columns(2, gap="medium")
with left:
    breakdowns.money_bars(scope)
with right:
    pair = [found[i] for i in ("F03", "F04") if i in found]
    if pair:
        parts.trend(
            scope,
            pair,
            ["accent", "context"],
            parts.t(scope, "execution_title"),
            "execution",
            note=parts.t(scope, "execution_note"),
        )
breakdowns.by_fund(scope)
left, right = st.columns(2, gap="medium")
with left:
    if "F06" in found:
        parts.child_dots(scope, "F06", "schedule_dots", parts.t(scope, "schedule_title"))
with right:
    breakdowns.failing_communities(scope, "F08", "floor_list")
