"""The sections of the page of services: the three lists, surveys by area, appraisals by kind, vetoes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboards import data, formats, parts, rows, service_data, waves
from dashboards.breakdowns import member_name
from dashboards.controls import Scope
from dashboards.data import Figure, Indicator
from dashboards.parts import Reading, t
from dashboards.waves import Wave

#: The chance that an area exactly at its target has its 95 % interval wholly below it.
ONE_SIDED = 0.025
#: The lists of marts.service_lists and their states, what is done first, with the colour of each.
LISTS = {
    "need": {"matched": "", "waiting": "sw-due"},
    "resource": {"used": "", "free": "sw-due"},
    "project": {"completed": "", "under_way": "sw-due", "unclaimed": "sw-hatched"},
}


def lists(scope: Scope) -> None:
    """What became of every need, resource and project that is on the lists at the data cut."""
    found = service_data.lists(scope.edition, scope.area.level, scope.area.code)
    cut = data.as_of(scope.edition).get("service_items")
    note = t(scope, "lists_note", day=formats.day(cut[1], scope.lang)) if cut and found else ""
    parts.section(scope, t(scope, "lists_title"), ["L01", "L02"], "lists", note)
    if not found:
        st.info(t(scope, "lists_none"))
        return
    lines: list[str] = []
    for name, states in LISTS.items():
        counts = {state: found[(name, state)]["entries"] if (name, state) in found else 0 for state in states}
        total = sum(counts.values())
        gone = found[(name, "withdrawn")]["entries"] if (name, "withdrawn") in found else 0
        first = next(iter(states))
        others: list[str] = []
        for state in list(states)[1:]:
            words = t(scope, f"list_{state}", n=formats.whole(counts[state]))
            late = found[(name, state)]["late"] if (name, state) in found else 0
            others.append(words + (t(scope, f"list_{state}_late", n=formats.whole(late)) if late else ""))
        lines.append(
            rows.line(
                t(scope, f"list_{name}", n=formats.whole(total)),
                t(scope, "list_withdrawn", n=formats.whole(gone)) if gone else "",
                rows.bar([(counts[state] / total, paint) for state, paint in states.items()] if total else []),
                t(scope, f"list_{first}", n=formats.whole(counts[first])),
                t(scope, "list_comma").join(others),
            )
        )
    rows.show(lines)


def settled(scope: Scope) -> Wave | None:
    """The newest final figure of the completed projects: 180 days after its month one of them says little."""
    return waves.latest(scope, ("L02",), final=True).get("L02")


def needs_tiles(scope: Scope, needs: Reading | None, projects: Wave | None) -> None:
    """Needs matched in the chosen period, and projects completed of the newest period that is final."""
    with st.grid(2, min_column_width=164, gap="small"):
        if needs is not None:
            parts.tile(scope, needs, scope.when)
        if projects is not None:
            span = t(scope, "history_final", n=len(projects.reading.history))
            waves.tile(projects, t(scope, "settled", when=projects.when), span)


def categories(scope: Scope, projects: Wave | None) -> None:
    """Needs and projects by category: how many, and how many of them were answered."""
    columns: list[tuple[Indicator, Scope]] = []
    catalogue = data.indicators(scope.edition)
    if "L01" in catalogue:
        columns.append((catalogue["L01"], scope))
    if projects is not None:
        columns.append((projects.reading.indicator, projects.scope))
    ids = [indicator.indicator_id for indicator, _ in columns]
    parts.section(scope, t(scope, "service_kinds_title"), ids, "service_kinds", t(scope, "service_kinds_note"))
    found: dict[str, dict[str, Figure]] = {}
    for indicator, own in columns:
        one = (indicator.indicator_id,)
        place = own.area.level, own.area.code
        for member, figures in data.members(own.edition, one, own.grain, own.start, *place, "category").items():
            found.setdefault(member, {}).update(figures)

    def size(member: str) -> float:
        return sum(figure.denominator or 0 for figure in found[member].values())

    shown = [member for member in sorted(found, key=lambda m: (-size(m), m)) if size(member)]
    if not shown:
        st.info(t(scope, "nothing_to_draw"))
        return
    body = [
        [escape(member_name(scope, member)), *(_rate(own, found[member].get(i.indicator_id), i) for i, own in columns)]
        for member in shown
    ]
    head = [(t(scope, "category"), "")]
    head += [(f"{parts.label(own, indicator)} · {own.when}", "sw-num") for indicator, own in columns]
    st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")


def _rate(scope: Scope, figure: Figure | None, indicator: Indicator) -> str:
    """A value with its mark over its count and interval, as a cell of a table."""
    if figure is None or figure.value is None:
        return escape(formats.value(figure, indicator, scope.lang))
    missed = figure.status == "missed"
    mark = "▼ " if missed else "◌ " if figure.status == "provisional" else ""
    interval = formats.interval(figure)
    wide = f"<span class='sw-wide'> · {escape(interval)}</span>" if interval else ""
    return (
        f"<span class='{'sw-bad' if missed else ''}'>{escape(mark + formats.value(figure, indicator, scope.lang))}</span>"
        f"<div class='sw-line'>{escape(formats.fraction(figure, indicator, scope.lang))}{wide}</div>"
    )


def survey_of_communities(wave: Wave) -> None:
    """How many communities lie below the target of a survey beyond their intervals, beside how many would by chance."""
    scope, indicator = wave.scope, wave.reading.indicator
    if scope.area.level == "community":
        return
    inside = {area.code for area in parts.below(scope, "community")}
    figures = data.at_level(scope.edition, indicator.indicator_id, scope.grain, scope.start, "community")
    judged = [f for code, f in figures.items() if code in inside and f.status in ("met", "missed", "watch")]
    hidden = sum(1 for code, f in figures.items() if code in inside and f.status == "suppressed")
    words = ""
    if judged:
        missed = sum(1 for f in judged if f.status == "missed")
        chance = round(ONE_SIDED * len(judged)) or t(scope, "less_than_one")
        words = t(scope, "survey_communities", all=len(judged), n=missed, chance=chance)
    if hidden:
        words += t(scope, "survey_hidden", n=hidden, least=indicator.minimum_count)
    if words:
        st.caption(formats.plain(words))


def kinds_of_organisations(appraisals: Mapping[str, Wave]) -> None:
    """Appraisals by kind of organisation."""
    if not appraisals:
        return
    wave = next(iter(appraisals.values()))
    scope, ids = wave.scope, tuple(appraisals)
    found = data.members(scope.edition, ids, scope.grain, scope.start, scope.area.level, scope.area.code, "org_kind")
    if not found:
        return
    parts.section(scope, t(scope, "appraisal_kinds_title"), ids, "org_kinds", wave.when)
    indicators = {i: appraisals[i].reading.indicator for i in ids}
    body = [
        [escape(member_name(scope, member)), *(_rate(scope, figures.get(i), indicators[i]) for i in ids)]
        for member, figures in sorted(found.items())
    ]
    head = [
        (t(scope, "appraisal_kind"), ""),
        *((parts.label(scope, indicators[i]), "sw-num sw-wide" if i == "A03" else "sw-num") for i in ids),
    ]
    st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")


def vetoes(scope: Scope) -> None:
    """Vetoes of appraisals that count in the chosen period, by what they are for; no organisation is named."""
    if scope.grain == "week":
        return
    codes = [area.code for area in data.areas(scope.edition).values() if scope.area.code in area.path]
    found = service_data.vetoes(scope.edition, scope.grain, scope.start, tuple(codes))
    parts.section(scope, t(scope, "vetoes_title"), ["A02"], "vetoes", t(scope, "vetoes_note"))
    if not found:
        parts.calm(t(scope, "vetoes_none"))
        return
    body = [
        [
            escape(row["item"] or formats.name((row["name_zh"] or "", row["name_en"] or ""), scope.lang)),
            f"<b>{formats.whole(row['vetoes'])}</b>",
            escape(
                formats.capital(formats.name((row["cap_zh"] or "", row["cap_en"] or ""), scope.lang))
                or formats.NO_VALUE
            ),
            escape(formats.day(row["ended_on"], scope.lang)),
        ]
        for row in found
    ]
    head = [(t(scope, "vetoes_item"), ""), (t(scope, "vetoes_number"), "sw-num"), (t(scope, "vetoes_cap"), "sw-num")]
    head.append((t(scope, "vetoes_ended"), "sw-num"))
    st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")
