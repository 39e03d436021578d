"""The parts of a figure: by channel and category."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import charts, data, formats, parts
from dashboards.controls import Scope
from dashboards.parts import Reading, t


def member_name(scope: Scope, member: str) -> str:
    """A member of a dimension in the reader's language; an unknown one as it is."""
    return t(scope, f"member_{member}", default=member)


def volume(scope: Scope, item: Reading | None) -> None:
    """Counts over time with the chosen period picked out."""
    if item is None:
        return
    drawn = parts.points(scope, item)
    rows = ((formats.period(scope.grain, start, scope.lang), figure) for start, figure in reversed(item.history))
    parts.section(
        scope,
        t(scope, "volume_title"),
        [item.indicator.indicator_id],
        "volume",
        t(scope, "volume_note"),
        parts.figures_table(scope, t(scope, "period"), rows, item.indicator),
    )
    if any(point.value is not None for point in drawn):
        parts.draw(
            charts.bars(drawn, scope.start, scope.grain, parts.words(scope), height=264),
            t(scope, "volume_title"),
            "volume",
        )
    else:
        st.info(t(scope, "nothing_to_draw"))


def by_member(scope: Scope, dimension: str, title: str) -> None:
    """Tickets by channel or category: how many, and how they were handled."""
    catalogue = data.indicators(scope.edition)
    ids = tuple(i for i in ("T01", "T02", "T05") if i in catalogue)
    parts.section(scope, title, ids, f"by_{dimension}", t(scope, "members_note"))
    found = data.members(scope.edition, ids, scope.grain, scope.start, scope.area.level, scope.area.code, dimension)
    if not found:
        st.info(t(scope, "nothing_to_draw"))
        return

    def size(member: str) -> float:
        figure = found[member].get("T01")
        return (figure.value if figure else None) or 0.0

    total = sum(map(size, found)) or 1.0
    largest = max(map(size, found)) or 1.0
    rows: list[list[str]] = []
    for member in sorted(found, key=lambda m: -size(m)):
        cells = [
            escape(member_name(scope, member)),
            f"<span class='sw-track' style='display:block'><span class='sw-bar' "
            f"style='width:{100 * size(member) / largest:.1f}%'></span></span>",
            f"{formats.whole(size(member))}<div class='sw-line'>{formats.percent(size(member) / total)}</div>",
        ]
        for indicator_id in ids[1:]:
            figure = found[member].get(indicator_id)
            indicator = catalogue[indicator_id]
            paint = "sw-bad" if figure is not None and figure.status == "missed" else ""
            mark = "▼ " if paint else ""
            count = formats.fraction(figure, indicator, scope.lang) if figure else ""
            cells.append(
                f"<span class='{paint}'>"
                f"{mark}{escape(formats.value(figure, indicator, scope.lang))}</span><div "
                f"class='sw-line'>{escape(count)}</div>"
            )
        rows.append(cells)
    head = [(t(scope, dimension), ""), ("", "sw-wide"), (t(scope, "received"), "sw-num")]
    head += [(parts.label(scope, catalogue[i]), "sw-num") for i in ids[1:]]
    st.html(parts.table(head, rows))
