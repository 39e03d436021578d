"""Has the money arrived, is it spent in step with the year, and does every community reach its floor?"""

import streamlit as st

from dashboards import funding_parts, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
parts.headline(scope, parts.t(scope, "title_funding"), funding_parts.lead(scope))
part = funding_parts.choose_part(scope)
funding_parts.tiles(scope, part, ["F01", "F02", "F05", "F03", "F04", "F06"], columns=6)
st.caption(funding_parts.goal_note(scope, parts.readings(scope, ["F02"]).get("F02")))
left, right = st.columns([6, 5], gap="medium")
with left:
    funding_parts.year_curve(scope, part)
with right:
    funding_parts.multiples(scope, "fund", columns=2)
funding_parts.multiples(scope, "spending_type", columns=4)
funding_parts.rung(scope, part)
funding_parts.communities(scope, part)
st.subheader(parts.t(scope, "standing_title"), anchor=False)
parts.tiles(scope, parts.readings(scope, ["F08", "F11", "F12", "F07"]).values())
left, right = st.columns(2, gap="medium")
with right if scope.area.level == "community" else left:
    funding_parts.floor(scope)
    funding_parts.idle(scope)
with left if scope.area.level == "community" else right:
    funding_parts.closed_years(scope)
