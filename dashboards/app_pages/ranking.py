"""Who stands out beyond chance?"""

import streamlit as st

from dashboards import controls, ranking, score_page
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
views = {view: t(scope, f"view_{view}") for view in ("indicator", "score")}
top = st.container()
choices = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="page_choices")
with choices:
    view = controls.choose(scope, "view", views, "indicator", label=t(scope, "view"), few=True)
if view == "score":
    score_page.show(scope, t(scope, "title_ranking"), top, choices)
else:
    ranking.show(scope, t(scope, "title_ranking"), top, choices)
