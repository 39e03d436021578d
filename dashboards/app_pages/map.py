"""Where is it good, where is it bad, and where inside that?"""

import streamlit as st

from dashboards import controls, data, formats, map_parts, parts
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
catalogue = data.indicators(scope.edition)
if not catalogue:
    st.header(t(scope, "title_map"), anchor=False)
    st.info(t(scope, "nothing_to_draw"))
    st.stop()
top = st.container()
with st.container(width=420, key="map_choice"):
    chosen = controls.choose(
        scope,
        "indicator",
        {key: parts.label(scope, entry) for key, entry in catalogue.items()},
        "T02" if "T02" in catalogue else next(iter(catalogue)),
        label=t(scope, "indicator"),
    )
drawn = map_parts.atlas(scope, catalogue[chosen])
name = parts.label(scope, drawn.indicator)
with top:
    parts.headline(
        scope, t(scope, "title_map" if drawn.judged else "title_map_graded"), map_parts.sentence(scope, drawn)
    )
if not drawn.areas:
    st.info(t(scope, "map_no_areas"))
    st.stop()
if not drawn.figures:
    st.info(formats.plain(t(scope, "map_no_figures", name=name)))
outlines, tiles, said = map_parts.shapes(scope, drawn)
rows = [(formats.name(area.name, scope.lang), drawn.figure(area.code)) for area in drawn.areas]
parts.section(
    scope,
    t(scope, "map_title", areas=map_parts.title(scope, drawn), name=name),
    [chosen],
    "map",
    table=parts.figures_table(scope, t(scope, "area"), rows, drawn.indicator),
)
st.html(map_parts.note(scope, drawn, said))
left, right = st.columns([3, 2], gap="medium")
with left:
    map_parts.draw(scope, drawn, outlines, tiles)
with right:
    st.html(f"<div class='sw-beside'>{map_parts.linked_table(scope, drawn)}</div>")
