"""The parts of a figure: by channel and category."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, formats, parts
from dashboards.controls import Scope
from dashboards.parts import Reading, t


def member_name(scope: Scope, member: str) -> str:
    """A member of a dimension in the reader's language; an unknown one as it is."""
    return t(scope, f"member_{member}", default=member)


def volume(scope: Scope, item: Reading | None, key: str = "volume") -> None:
    """Counts over time with the chosen period picked out; `key` names the words for it."""
    if item is None:
        return
    drawn = parts.points(scope, item)
    rows = ((formats.period(scope.grain, start, scope.lang), figure) for start, figure in reversed(item.history))
    parts.section(
        scope,
        t(scope, f"{key}_title"),
        [item.indicator.indicator_id],
        key,
        t(scope, f"{key}_note"),
        parts.figures_table(scope, t(scope, "period"), rows, item.indicator),
    )
    if any(point.value is not None for point in drawn):
        parts.draw(
            charts.bars(drawn, scope.start, scope.grain, parts.words(scope), height=264),
            t(scope, f"{key}_title"),
            key,
        )
    else:
        st.info(t(scope, "nothing_to_draw"))
