"""What does one community need, what has it, and what comes of it, beside its peers?"""

import streamlit as st

from dashboards import community_card
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
if scope.area.level == "community":
    community_card.show(scope, t(scope, "title_community"))
else:
    community_card.choose(scope, t(scope, "title_community"))
