"""Is every corner organised, staffed and equipped, and do members report to where they live?"""

import streamlit as st

from dashboards import organisation_parts, parts
from dashboards.controls import Scope

STAFF = ("M11", "M17", "M18", "M13", "M15")
MEMBERS = ("M04", "M10", "M09", "M05", "M08", "M06")

scope: Scope = st.session_state["scope"]
parts.headline(scope, parts.t(scope, "title_organisations"), organisation_parts.lead(scope))
organisation_parts.ladder(scope)
organisation_parts.standards(scope)
organisation_parts.where(scope)
organisation_parts.staffing(scope)
st.subheader(parts.t(scope, "staff_group"), anchor=False)
parts.tiles(scope, parts.readings(scope, STAFF).values(), columns=len(STAFF))
organisation_parts.by_area(
    scope, ("M11", "M13", "M15", "M18", "M17"), "staff_table", parts.t(scope, "staff_table"), bar="M11"
)
st.subheader(parts.t(scope, "members_group"), anchor=False)
st.caption(parts.t(scope, "members_rule", n=scope.city.people_minimum))
parts.tiles(scope, parts.readings(scope, MEMBERS).values(), columns=len(MEMBERS))
organisation_parts.by_area(scope, MEMBERS, "members_table", parts.t(scope, "members_table"), bar="M04")
