"""Is every corner organised, staffed and equipped, and do members report to where they live?"""

import streamlit as st

from dashboards import breakdowns, lead, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
GROUPS = {
    "group_ladder": ["M01", "M02", "M03", "M17"],
    "group_staffing": ["M12", "M11", "M18", "M16"],
    "group_members": ["M04", "M09", "M06"],
}
found = parts.readings(scope, [i for ids in GROUPS.values() for i in ids])
parts.headline(scope, parts.t(scope, "title_organisations"), lead.organisations(scope, found))
breakdowns.ladder(scope)
for group, ids in GROUPS.items():
    present = [found[i] for i in ids if i in found]
    if present:
        st.subheader(parts.t(scope, group), anchor=False)
        parts.tiles(scope, present)
breakdowns.staffing_standard(scope)
left, right = st.columns(2, gap="medium")
with left:
    if "M12" in found:
        parts.child_dots(
            scope, "M12", "staffing_dots", parts.t(scope, "dots_title", name=parts.label(scope, found["M12"].indicator))
        )
with right:
    if "M09" in found:
        parts.child_dots(
            scope, "M09", "report_dots", parts.t(scope, "dots_title", name=parts.label(scope, found["M09"].indicator))
        )
breakdowns.failing_communities(scope, "M12", "staffing_list")
breakdowns.failing_communities(scope, "M03", "coverage_list")
