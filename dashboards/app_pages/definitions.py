"""What exactly does each figure count?"""

from html import escape

import streamlit as st

from dashboards import data, exports, formats, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
catalogue = data.indicators(scope.edition)
parts.headline(
    scope, parts.t(scope, "title_definitions"), parts.t(scope, "lead_definitions", n=parts.strong(len(catalogue)))
)
wanted = (
    st.text_input(
        parts.t(scope, "search"),
        placeholder=parts.t(scope, "search_hint"),
        key="definitions_search",
        type="search",
        live="300ms",
    )
    .strip()
    .casefold()
)
shown = {
    indicator_id: entry
    for indicator_id, entry in catalogue.items()
    if all(
        word
        in " ".join(
            [
                indicator_id,
                *entry.name,
                *entry.definition,
                *entry.numerator,
                *entry.denominator,
                *entry.exclusions,
                entry.dataset,
            ]
        ).casefold()
        for word in wanted.split()
    )
}
found = parts.readings(scope, list(shown))
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(parts.t(scope, "found", n=len(shown)))
    exports.offer_figures(
        scope,
        "figures",
        f"{scope.place} · {scope.when}",
        [(scope.place, found[i].now, entry) for i, entry in shown.items()],
    )
with st.grid(2, min_column_width=330, gap="small"):
    for indicator_id, entry in shown.items():
        with st.container(border=True, height="stretch", gap="xxsmall"):
            st.html(
                f"<b>{escape(parts.label(scope, entry))}</b> "
                f"<span class='sw-soft'>{escape(indicator_id)} · v{entry.version}</span>"
            )
            goal = parts.goal_of(scope, entry)
            st.html(
                parts.definition_html(scope, entry, goal)
                + f"<div class='sw-line'>{escape(scope.place)} · {scope.when}: <b>"
                f"{formats.value(found[indicator_id].now, entry, scope.lang)}</b></div>"
            )
