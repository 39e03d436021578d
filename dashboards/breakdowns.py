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


def money_bars(scope: Scope) -> None:
    """Budget, received and paid, in all and by fund."""
    catalogue = data.indicators(scope.edition)
    if not {"F01", "F02", "F03"} <= set(catalogue):
        return
    parts.section(scope, t(scope, "money_title"), ["F01", "F02", "F03"], "money", t(scope, "money_note"))
    total = parts.readings(scope, ["F01", "F02", "F03"])
    found = data.members(
        scope.edition, ("F01", "F02", "F03"), scope.grain, scope.start, scope.area.level, scope.area.code, "fund"
    )
    groups = [(t(scope, "all_funds"), {i: r.now for i, r in total.items()})]
    groups += [(member_name(scope, m), {i: found[m].get(i) for i in ("F01", "F02", "F03")}) for m in found]
    words = [t(scope, "budget"), t(scope, "received_money"), t(scope, "paid")]
    rows: list[tuple[str, str, float, str]] = []
    for name, figures in groups:
        budget, received, paid = figures["F01"], figures["F02"], figures["F03"]
        whole = (budget.numerator if budget else None) or 0.0
        if whole <= 0:
            continue
        for word, amount in (
            (words[0], budget.numerator if budget else None),
            (words[1], received.numerator if received else None),
            (words[2], paid.numerator if paid else None),
        ):
            if amount is not None:
                rows.append(
                    (
                        f"{name} {formats.money(whole, scope.lang)}",
                        word,
                        amount / whole,
                        formats.money(amount, scope.lang),
                    )
                )
    if not rows:
        st.info(t(scope, "nothing_to_draw"))
        return
    keys = "".join(
        f"<i class='sw-key sw-key-{css}'></i>{escape(word)}"
        for css, word in zip(("budget", "received", "paid"), words, strict=True)
    )
    st.html(f"<div class='sw-line'>{keys}</div>")
    parts.draw(charts.nested_bars(rows, words), "; ".join(f"{g} {p} {s}" for g, p, _, s in rows), "money")


def by_fund(scope: Scope) -> None:
    """The rates of each fund side by side."""
    catalogue = data.indicators(scope.edition)
    ids = tuple(i for i in ("F01", "F02", "F03", "F04", "F05") if i in catalogue)
    found = data.members(scope.edition, ids, scope.grain, scope.start, scope.area.level, scope.area.code, "fund")
    if not found:
        return
    parts.section(scope, t(scope, "funds_title"), ids, "funds")
    rows: list[list[str]] = []
    for member, figures in found.items():
        cells = [escape(member_name(scope, member))]
        for indicator_id in ids:
            figure = figures.get(indicator_id)
            indicator = catalogue[indicator_id]
            paint = "sw-bad" if figure is not None and figure.status == "missed" else ""
            mark = "▼ " if paint else ""
            count = formats.fraction(figure, indicator, scope.lang) if figure else ""
            cells.append(
                f"<span class='{paint}'>"
                f"{mark}{escape(formats.value(figure, indicator, scope.lang))}</span><div class='sw-line "
                f"sw-wide'>{escape(count)}</div>"
            )
        rows.append(cells)
    head = [
        (t(scope, "fund"), ""),
        *((parts.label(scope, catalogue[i]), "sw-num sw-wide" if i in ("F01", "F05") else "sw-num") for i in ids),
    ]
    st.html(parts.table(head, rows))
