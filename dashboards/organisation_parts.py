"""The pieces of the page of organisations: its lead, the rungs, what every corner is owed, staff, members."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboards import coverage, data, exports, formats, parts, places
from dashboards.controls import Scope
from dashboards.coverage import Gap
from dashboards.data import Area, Figure
from dashboards.exports import Column
from dashboards.parts import Reading, bad, strong, t

RUNGS = ("street_committee", "community_committee", "grid_branch", "building_group")
_COVERED = {"community_committee": "M03", "grid_branch": "M02"}
_NAMED = 6


def lead(scope: Scope) -> str:
    """How many organisations there are, what is missing, and how many members were trained."""
    found = parts.readings(scope, ("M01", *coverage.STANDARDS, "M10"))
    volume = found.get("M01")
    if volume is None or volume.now is None or volume.now.value is None:
        return escape(t(scope, "nothing_to_draw"))
    place = t(scope, "lead_city") if scope.area.level == "city" else scope.place
    said = t(
        scope,
        "lead_organisations",
        when=escape(scope.when),
        place=escape(place),
        n=strong(formats.whole(volume.now.value)),
    )
    missing: list[str] = []
    complete: list[str] = []
    for indicator_id in coverage.STANDARDS:
        item = found.get(indicator_id)
        count = coverage.lacking(item.now, item.indicator) if item else None
        if item is None or count is None:
            continue
        if count == 0:
            complete.append(t(scope, f"short_{indicator_id}"))
            continue
        clear = item.now is not None and item.now.status == "missed"
        missing.append(t(scope, f"gap_{indicator_id}", n=bad(count) if clear else strong(count)))
    if missing:
        said += t(scope, "lead_lacking", pieces=t(scope, "lead_semicolon").join(missing))
    said += t(scope, "full_stop")
    if complete:
        said += t(scope, "lead_complete", names=escape(t(scope, "comma").join(complete)))
    return said + _trained(scope, found.get("M10"))


def _trained(scope: Scope, item: Reading | None) -> str:
    if item is None or item.now is None or item.now.value is None or item.now.target is None:
        return ""
    value = formats.value(item.now, item.indicator, scope.lang)
    return t(
        scope,
        "lead_trained",
        name=escape(parts.label(scope, item.indicator)),
        value=bad(value) if item.now.status == "missed" else strong(value),
        target=formats.of_target(item.indicator, item.now.target, scope.lang),
    )


def ladder(scope: Scope) -> None:
    """How many organisations stand on each rung, and how much of what they should cover."""
    catalogue = data.indicators(scope.edition)
    area = scope.area
    found = data.members(scope.edition, ("M01",), scope.grain, scope.start, area.level, area.code, "org_level")
    order = [rung for rung in RUNGS if rung in found] + [m for m in found if m not in RUNGS]
    if not order:
        return
    parts.section(scope, t(scope, "ladder_title"), ["M01", "M03", "M02"], "ladder")
    covers = {rung: item for rung, i in _COVERED.items() if (item := parts.readings(scope, [i]).get(i)) is not None}
    steps = ""
    for rung in order:
        shown = escape(formats.value(found[rung]["M01"], catalogue["M01"], scope.lang))
        steps += f"<div class='sw-step'><b>{shown}</b><span>{escape(t(scope, f'member_{rung}', default=rung))}</span>"
        item = covers.get(rung)
        if item is not None and item.now is not None and item.now.denominator and item.now.numerator is not None:
            said = t(
                scope,
                "rung_covers",
                n=formats.whole(item.now.numerator),
                all=formats.whole(item.now.denominator),
                unit=t(scope, f"unit_{item.indicator.indicator_id}"),
            )
            missed = item.now.status == "missed"
            steps += f"<div class='sw-line {'sw-bad' if missed else ''}'>{'▼ ' if missed else ''}{escape(said)}</div>"
        steps += "</div>"
    st.html(f"<div class='sw-steps'>{steps}</div>")


def standards(scope: Scope) -> None:
    """Each guaranteed standard with its figure and the places that lack it, by name."""
    found = parts.readings(scope, coverage.STANDARDS)
    shown = [item for item in found.values() if item.now is not None]
    if not shown:
        st.info(t(scope, "nothing_to_draw"))
        return
    st.subheader(t(scope, "standards_title"), anchor=False)
    st.caption(t(scope, "standards_note"))
    with st.grid(3, min_column_width=290, gap="small"):
        for item in shown:
            _card(scope, item)
    ids = [item.indicator.indicator_id for item in shown]
    titles = [Column(t(scope, key)) for key in ("indicator", "gap_lies", "area", "gap_code")]
    counts = [Column(t(scope, key), "count") for key in ("gap_missing", "gap_due")]
    exports.offer(
        scope, "gaps", t(scope, "standards_title"), [*titles, *counts], lambda: gap_rows(scope, ids), tuple(ids)
    )


def gap_rows(scope: Scope, ids: Sequence[str]) -> list[list[exports.Cell]]:
    """Every place that lacks a standard: which, where it lies, its name and code, how many of how many."""
    catalogue = data.indicators(scope.edition)
    return [
        [
            parts.label(scope, catalogue[i]),
            places.above(scope, gap.area),
            t(scope, "gap_own", name=formats.name(gap.area.name, scope.lang))
            if gap.own
            else formats.name(gap.area.name, scope.lang),
            gap.area.code,
            gap.lacking,
            gap.of,
        ]
        for i in ids
        for gap in coverage.gaps(scope, i)
    ]


def _card(scope: Scope, item: Reading) -> None:
    indicator, figure = item.indicator, item.now
    mark, paint = parts.status(scope, figure, indicator)
    found = coverage.gaps(scope, indicator.indicator_id)
    with st.container(border=True, height="stretch", gap="xxsmall"):
        parts.passport(scope, figure, indicator, f"{indicator.indicator_id}_card")
        word = " sw-word" if figure is not None and figure.status == "suppressed" else ""
        st.html(
            f"<div class='sw-value{word}'>{escape(formats.value(figure, indicator, scope.lang))}</div>"
            f"<div class='sw-line'>{escape(parts.base(scope, figure, indicator)) or '&nbsp;'}</div>"
            f"<div class='sw-status {paint}'>{escape(mark)}</div>"
            f"<div class='sw-gaps'>{_told(scope, item, found)}</div>"
        )
        if len(found) > _NAMED:
            with st.popover(t(scope, "gap_all", n=len(found)), type="tertiary", key=f"gaps_{indicator.indicator_id}"):
                st.html(_grouped(scope, found))


def _told(scope: Scope, item: Reading, found: Sequence[Gap]) -> str:
    """What is missing and where, or that nothing is (ready HTML)."""
    indicator_id = item.indicator.indicator_id
    count = coverage.lacking(item.now, item.indicator)
    if count is None or item.now is None:
        return escape(t(scope, "gap_unknown"))
    if count == 0:
        return "✓ " + escape(t(scope, f"full_{indicator_id}"))
    few = len(found) <= _NAMED
    names = t(scope, "comma").join(_called(scope, gap, above=True) for gap in found) if few else ""
    placed = sum(gap.lacking for gap in found)
    elsewhere = t(scope, "gap_elsewhere", n=count - placed) if count > placed else ""
    return f"<b>{escape(formats.capital(t(scope, f'gap_{indicator_id}', n=count)))}</b><div>{escape(' '.join((names, elsewhere)))}</div>"


def _called(scope: Scope, gap: Gap, above: bool) -> str:
    """The name of a place that lacks something, with how many of how many where it has several."""
    name = formats.name(gap.area.name, scope.lang)
    if above and (lies := places.above(scope, gap.area)):
        name = f"{lies} · {name}"
    if gap.own:
        return t(scope, "gap_own", name=name)
    return t(scope, "gap_of", name=name, n=gap.lacking, all=gap.of) if gap.of > 1 else name


def _grouped(scope: Scope, found: Sequence[Gap]) -> str:
    """All gaps, a line for each area above them."""
    groups: dict[str, list[Gap]] = {}
    for gap in found:
        groups.setdefault(places.above(scope, gap.area) or scope.place, []).append(gap)
    rows = [
        [escape(above), escape(t(scope, "comma").join(_called(scope, gap, above=False) for gap in own)), str(len(own))]
        for above, own in groups.items()
    ]
    return parts.table([(t(scope, "area"), ""), (t(scope, "communities"), ""), (t(scope, "number"), "sw-num")], rows)


def where(scope: Scope) -> None:
    """The rung below against the standards: how many are missing of how many."""
    kids = parts.children(scope)
    catalogue = data.indicators(scope.edition)
    ids = [i for i in coverage.STANDARDS if i in catalogue]
    if not kids or not ids:
        return
    found = {i: data.at_level(scope.edition, i, scope.grain, scope.start, kids[0].level) for i in ids}
    if not any(found.values()):
        return
    parts.section(scope, t(scope, "where_title"), ids, "where", t(scope, "where_note"))
    rows = [
        [escape(formats.name(kid.name, scope.lang)), *(_missing_cell(scope, found[i].get(kid.code), i) for i in ids)]
        for kid in kids
    ]
    head = [(t(scope, "area"), ""), *((t(scope, f"short_{i}"), "sw-cell") for i in ids)]
    st.html(f"<div class='sw-tall sw-matrix' tabindex='0'>{parts.table(head, rows)}</div>")
    lines = [(formats.name(k.name, scope.lang), found[i].get(k.code), catalogue[i]) for i in ids for k in kids]
    exports.offer_figures(scope, "where", t(scope, "where_title"), lines)


def _missing_cell(scope: Scope, figure: Figure | None, indicator_id: str) -> str:
    """'2 / 52' on a tint as deep as the share; a point where nothing is missing."""
    if figure is not None and figure.status == "suppressed":
        return f"<span class='sw-soft'>{escape(t(scope, 'suppressed'))}</span>"
    count = coverage.lacking(figure, data.indicators(scope.edition)[indicator_id])
    if figure is None or count is None or not figure.denominator:
        return f"<span class='sw-soft'>{formats.NO_VALUE}</span>"
    of = formats.whole(figure.denominator)
    if count == 0:
        return f"<span class='sw-soft' title='0 / {of}'>·</span>"
    depth = round(8 + 42 * count / figure.denominator)
    mark = "<span class='sw-bad'>▼</span> " if figure.status == "missed" else ""
    return (
        f"<span class='sw-tint' style='background:rgb(61 123 217 / {depth}%)'>{mark}<b>{count}</b>"
        f"<span class='sw-soft'> / {of}</span></span>"
    )


def staffing(scope: Scope) -> None:
    """The standard in words, and every community below it with what it is short of."""
    if scope.area.level == "community" or "M12" not in data.indicators(scope.edition):
        return
    inside = {area.code: area for area in parts.below(scope, "community")}
    figures = data.at_level(scope.edition, "M12", scope.grain, scope.start, "community")
    judged = [f for code, f in figures.items() if code in inside and f.value is not None]
    due = {row["area_kind"]: row["value"] for row in data.standards(scope.edition) if row["standard"] == "cadres"}
    least = next((row["value"] for row in data.standards(scope.edition) if row["standard"] == "workers"), None)
    title = t(scope, "staffing_title")
    if not judged or least is None:
        parts.section(scope, title, ["M12"], "staffing")
        st.info(t(scope, "staffing_unknown"))
        return
    failing = sorted((inside[f.area_code] for f in judged if (f.value or 0.0) < 1), key=lambda area: area.path)
    listed = t(scope, "comma").join(f"{_kind(scope, kind)} {value:g}" for kind, value in due.items())
    note = t(scope, "standard_note", cadres=listed, workers=f"{least:g}", all=len(judged), n=len(failing))
    parts.section(scope, title, ["M12", "M11"], "staffing", note)
    if not failing:
        parts.calm(t(scope, "staffing_full", n=len(judged)))
        return
    workers = data.at_level(scope.edition, "M11", scope.grain, scope.start, "community")
    rows = []
    taken: list[list[exports.Cell]] = []
    few = 0
    for area in failing:
        cadres = due.get(area.kind, due.get(None))
        figure = workers.get(area.code)
        held, short = _short_of(scope, figure, least, cadres)
        few += figure is not None and figure.numerator is not None and figure.numerator < least
        rows.append(
            [
                escape(formats.name(area.name, scope.lang)),
                escape(places.above(scope, area)),
                escape(formats.capital(_kind(scope, area.kind))),
                held,
                formats.NO_VALUE if cadres is None else f"{cadres:g}",
                escape(short),
            ]
        )
        taken.append([*_named(scope, area), _held_cell(scope, figure), cadres, short])
    head = [
        (t(scope, "community"), ""),
        (t(scope, "area"), "sw-wide"),
        (t(scope, "kind"), "sw-wide"),
        (t(scope, "workers_held"), "sw-num"),
        (t(scope, "cadres_due"), "sw-num sw-wide"),
        (t(scope, "what_is_short"), "sw-apart"),
    ]
    st.html(f"<div class='sw-tall' tabindex='0'>{parts.table(head, rows)}</div>")
    st.html(f"<div class='sw-line'>{escape(t(scope, 'staffing_caption', n=few))}</div>")
    columns = [Column(name, "count" if css == "sw-num" else "text") for name, css in head]
    exports.offer(scope, "staffing", title, columns, taken, ("M12", "M11"))


def _named(scope: Scope, area: Area) -> list[exports.Cell]:
    return [formats.name(area.name, scope.lang), places.above(scope, area), _kind(scope, area.kind)]


def _held_cell(scope: Scope, workers: Figure | None) -> exports.Cell:
    """The number of community workers for a file; a word where it is hidden."""
    if workers is not None and workers.status == "suppressed":
        return t(scope, "suppressed")
    return workers.numerator if workers is not None else None


def _kind(scope: Scope, kind: str | None) -> str:
    return t(scope, f"kind_{kind or 'other'}", default=kind or "")


def _short_of(scope: Scope, workers: Figure | None, least: float, cadres: float | None) -> tuple[str, str]:
    """The number of community workers as shown (ready HTML), and what the community is short of in words."""
    if workers is None or workers.status == "suppressed" or workers.numerator is None:
        shown = t(scope, "suppressed") if workers is not None and workers.status == "suppressed" else formats.NO_VALUE
        return escape(shown), t(scope, "short_hidden")
    held = workers.numerator
    if held < least:
        return f"<b class='sw-bad'>▼ {held:g}</b>", t(scope, "short_workers", n=f"{least - held:g}")
    return f"{held:g}", t(scope, "short_cadres", n=formats.NO_VALUE if cadres is None else f"{cadres:g}")


def by_area(scope: Scope, ids: Sequence[str], key: str, title: str, bar: str | None = None) -> None:
    """The rung below with several figures side by side in the order of the codes; `bar` is drawn from zero as well."""
    kids = parts.children(scope)
    catalogue = data.indicators(scope.edition)
    found = {
        i: data.at_level(scope.edition, i, scope.grain, scope.start, kids[0].level)
        for i in ids
        if kids and i in catalogue
    }
    found = {i: figures for i, figures in found.items() if figures}
    if not found:
        return
    cells = [f for figures in found.values() for kid in kids if (f := figures.get(kid.code)) is not None]
    hidden = sum(1 for figure in cells if figure.status == "suppressed")
    note = t(scope, "rest_note") + (" " + t(scope, "suppressed_cells", n=hidden) if hidden else "")
    parts.section(scope, title, list(found), key, note)
    largest = max((f.value or 0.0 for f in cells if f.indicator_id == bar), default=0.0) or 1.0
    rows = []
    for kid in kids:
        row = [escape(formats.name(kid.name, scope.lang))]
        for i, figures in found.items():
            figure = figures.get(kid.code)
            if i == bar:
                width = 100 * ((figure.value if figure else None) or 0.0) / largest
                drawn = f"<span class='sw-bar' style='width:{width:.1f}%'></span>" if width else ""
                row.append(f"<span class='sw-track' style='display:block'>{drawn}</span>")
            row.append(_cell(scope, figure, i))
        rows.append(row)
    head = [(t(scope, "area"), "")]
    for index, i in enumerate(found):
        if i == bar:
            head.append(("", "sw-barcell sw-wide"))
        head.append((parts.label(scope, catalogue[i]), "sw-num" if index < 2 else "sw-num sw-wide"))
    st.html(f"<div class='sw-tall' tabindex='0'>{parts.table(head, rows)}</div>")
    lines = [(formats.name(kid.name, scope.lang), found[i].get(kid.code), catalogue[i]) for i in found for kid in kids]
    exports.offer_figures(scope, key, title, lines)


def _cell(scope: Scope, figure: Figure | None, indicator_id: str) -> str:
    """A value with its count below; a miss in red with its mark, a hidden one in words."""
    indicator = data.indicators(scope.edition)[indicator_id]
    shown = escape(formats.value(figure, indicator, scope.lang, unit=False))
    if figure is None or figure.status == "suppressed":
        return f"<span class='sw-soft'>{shown}</span>"
    if figure.status == "missed":
        shown = f"<b class='sw-bad'>▼ {shown}</b>"
    bounds = formats.interval(figure)
    wide = f"<span class='sw-wide'> · {bounds}</span>" if bounds else ""
    return f"{shown}<div class='sw-line'>{escape(formats.fraction(figure, indicator, scope.lang))}{wide}</div>"
