"""How do we stand, is it real, and where is it getting worse?"""

import streamlit as st

from dashboards import controls, data, deliveries, formats, lead, parts, rectification, restated, standing
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
found = parts.readings(scope, lead.OVERVIEW)
parts.headline(
    scope,
    parts.t(scope, "title_overview", city=formats.name(scope.city.name, scope.lang)),
    lead.overview(scope, found),
)
with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="quiet"):
    refused = [row["dataset"] for row in data.open_refusals(scope.edition)]
    if line := lead.deliveries(scope, refused, deliveries.marked(scope.edition)):
        st.html(f"<div class='sw-meta'>{line}</div>", width="content")
    restated.line(scope, found.values())
    told = (
        data.insights(scope.edition, scope.area.level, scope.area.code, scope.start) if scope.grain == "month" else []
    )
    if told:
        with st.popover(parts.t(scope, "all_sentences", n=len(told)), type="tertiary", key="all_sentences"):
            st.html(f"<ul class='sw-told sw-all'>{''.join(lead.sentence(scope, row) for row in told)}</ul>")
parts.tiles(scope, found.values())

rates: dict[str, str] = {
    i: parts.label(scope, item.indicator) for i, item in found.items() if i in ("T02", "T05", "T03", "T06", "M12")
}
if rates:
    chosen = controls.choose(
        scope, "measure", rates, next(iter(rates)), label=parts.t(scope, "measure_label"), few=True
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        standing.control_trend(scope, found[chosen], parts.t(scope, "over_time", name=rates[chosen]), "overview_trend")
    with right:
        parts.child_dots(scope, chosen, "overview_dots", parts.t(scope, "dots_title", name=rates[chosen]))
    parts.small_multiples(scope, chosen, "overview_small", parts.t(scope, "small_title"))
rectification.attention(scope)
