"""The parts of a figure: by channel, category, rung, fund, and the communities that fall short of a standard."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import charts, data, formats, parts
from dashboards.controls import Scope
from dashboards.parts import Reading, t

RUNGS = ("street_committee", "community_committee", "grid_branch", "building_group")


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


def ladder(scope: Scope) -> None:
    """How many organisations stand on each rung."""
    if "M01" not in data.indicators(scope.edition):
        return
    found = data.members(
        scope.edition, ("M01",), scope.grain, scope.start, scope.area.level, scope.area.code, "org_level"
    )
    order = [r for r in RUNGS if r in found] + [m for m in found if m not in RUNGS]
    if not order:
        return
    indicator = data.indicators(scope.edition)["M01"]
    parts.section(scope, t(scope, "ladder_title"), ["M01"], "ladder")
    steps = "".join(
        f"<div class='sw-step'><b>{escape(formats.value(found[m]['M01'], indicator, scope.lang))}</b>"
        f"<span>{escape(member_name(scope, m))}</span></div>"
        for m in order
    )
    st.html(f"<div class='sw-steps'>{steps}</div>")


def staffing_standard(scope: Scope) -> None:
    """The standard in words, as the city configured it."""
    cadres = [(row["area_kind"], row["value"]) for row in data.standards(scope.edition) if row["standard"] == "cadres"]
    workers = next((row["value"] for row in data.standards(scope.edition) if row["standard"] == "workers"), None)
    if not cadres or workers is None:
        return
    names = [(t(scope, f"kind_{kind or 'other'}", default=kind or ""), value) for kind, value in cadres]
    listed = t(scope, "comma").join(f"{name} {value:g}" for name, value in names)
    st.caption(t(scope, "standard_note", cadres=listed, workers=f"{workers:g}"))


def failing_communities(scope: Scope, indicator_id: str, key: str) -> None:
    """Communities that do not meet a yes-or-no standard: an entitlement, so each one is named."""
    catalogue = data.indicators(scope.edition)
    if indicator_id not in catalogue or scope.area.level == "community":
        return
    inside = {area.code: area for area in parts.below(scope, "community")}
    figures = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, "community")
    judged = [figure for code, figure in figures.items() if code in inside and figure.value is not None]
    failing = sorted(
        (inside[f.area_code] for f in judged if f.value is not None and f.value < 1), key=lambda area: area.path
    )
    if not judged:
        return
    everyone = data.areas(scope.edition)
    parts.section(
        scope,
        t(scope, f"failing_{indicator_id}"),
        [indicator_id],
        key,
        t(scope, "failing_note", n=len(failing), all=len(judged)),
    )
    if not failing:
        parts.calm(t(scope, "failing_none"))
        return
    groups: dict[str, list[str]] = {}
    for area in failing:
        above = " · ".join(
            formats.name(everyone[c].name, scope.lang) for c in area.path[1:-1] if c not in scope.area.path
        )
        groups.setdefault(above, []).append(formats.name(area.name, scope.lang))
    rows = [
        [escape(above or scope.place), escape(t(scope, "comma").join(names)), str(len(names))]
        for above, names in groups.items()
    ]
    st.html(parts.table([(t(scope, "area"), ""), (t(scope, "communities"), ""), (t(scope, "number"), "sw-num")], rows))
