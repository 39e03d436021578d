"""Shows one community on a card beside its peers, or the communities of an area that need attention first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from dashboards import (
    breakdowns,
    community,
    data,
    formats,
    list_cells,
    parts,
    peers,
    places,
    ranking,
    score_sheets,
    scored,
    strips,
)
from dashboards.community import Band
from dashboards.controls import Scope
from dashboards.data import Area, Figure, Indicator, Row
from dashboards.parts import Reading, strong, t

BLOCKS = {
    "need": ("T01", "T16", "T10"),
    "capacity": ("M11", "M12", "M13", "M02", "M16"),
    "money": ("F01", "F02", "F03", "F06", "F07", "F08"),
    "outcome": ("T02", "T03", "T05", "T06", "Q01", "Q02", "Q03", "Q04"),
}
RULES = ("veto", "floor", "target", "overdue")
#: Standards that a community meets or not: how many of its peers meet them says more than quartiles of 0 and 1.
_STANDARDS = ("M12", "M16", "F08")
_ROWS = 20
_SENTENCES = 6
_CATEGORIES = 4


def choose(scope: Scope, title: str) -> None:
    """The communities of the chosen area, those that need attention first."""
    inside = parts.below(scope, "community")
    found = community.attention(scope.edition)
    listed = [area for area in inside if any(rule in found.get(area.code, {}) for rule in RULES)]
    pressing = [a for a in listed if any(rule in found[a.code] for rule in RULES[:3])]

    def lines(area: Area, rule: str) -> int:
        row = found[area.code].get(rule)
        return int(row["n"]) if row else 0

    def overdue(area: Area) -> int:
        row = found[area.code].get("overdue")
        return int(row["cases"] or 0) if row else 0

    listed.sort(key=lambda a: (*(-lines(a, rule) for rule in RULES[:3]), -overdue(a), a.path))
    place = t(scope, "lead_city") if scope.area.level == "city" else scope.place
    start = escape(formats.capital(t(scope, "choose_lead", place=place, all=len(inside))))
    rest = t(scope, "choose_pressing", n=strong(len(pressing))) if found else ""
    parts.headline(scope, title, start + (rest or t(scope, "choose_nothing")))
    if not inside:
        st.info(t(scope, "nothing_to_draw"))
        return
    parts.section(scope, t(scope, "choose_title"), [], "choose", t(scope, "choose_note"))
    if not listed:
        parts.calm(t(scope, "choose_none"))
        shown = inside[:_ROWS]
    else:
        shown = listed[:_ROWS]
    body: list[list[str]] = []
    for area in shown:
        own = found.get(area.code, {})
        reasons = [_reason(scope, own[rule]) for rule in RULES if rule in own]
        due = min((own[rule]["due_on"] for rule in RULES if rule in own and own[rule]["due_on"]), default=None)
        watch = own.get("watch")
        body.append(
            [
                f"{ranking.link(scope, area)}<div class='sw-line'>{escape(places.above(scope, area))}</div>",
                "<br>".join(reasons) or formats.NO_VALUE,
                str(watch["n"]) if watch else formats.NO_VALUE,
                escape(formats.day(due, scope.lang)),
            ]
        )
    head = [
        (t(scope, "community"), "sw-first"),
        (t(scope, "open_lines"), "sw-long"),
        (t(scope, "on_watch"), "sw-num"),
        (t(scope, "first_due"), "sw-num sw-wide"),
    ]
    st.html(parts.table(head, body))
    if len(listed or inside) > _ROWS:
        st.caption(t(scope, "choose_more", n=len(listed or inside) - _ROWS))


def _reason(scope: Scope, row: Row) -> str:
    name = escape(list_cells.rule(scope, row))
    if row["rule"] == "overdue":
        return t(scope, "overdue_tickets", name=name, n=formats.whole(float(row["cases"] or 0)))
    catalogue = data.indicators(scope.edition)
    names = [parts.label(scope, catalogue[i]) for i in row["ids"] or () if i in catalogue]
    listed = t(scope, "in_brackets", text=t(scope, "comma").join(names)) if names else ""
    return f"<b>{name}</b>{escape(listed)}"


def show(scope: Scope, title: str) -> None:
    """Need, capacity, money and outcome of the chosen community, its lines and what is said of it."""
    area = scope.area
    ids = tuple(i for block in BLOCKS.values() for i in block)
    found = parts.readings(scope, ids)
    bands = community.bands(scope.edition, tuple(found), scope.grain, scope.start, area.kind, area.code)
    open_lines = community.lines(scope.edition, area.code)
    watched = community.watched(scope.edition, area.code)
    said = community.sentences(scope.edition, area.code, scope.start) if scope.grain == "month" else []
    parts.headline(scope, title, _lead(scope, open_lines, watched, said))
    st.html(f"<div class='sw-facts'><b>{escape(scope.place)}</b> · {_facts(scope)}</div>")
    with st.container(key="card"):
        for pair in (("need", "capacity"), ("money", "outcome")):
            for column, block in zip(st.columns(2, gap="medium"), pair, strict=True):
                with column, st.container(border=True, height="stretch", gap="xsmall"):
                    st.subheader(t(scope, f"block_{block}"), anchor=False)
                    for indicator_id in BLOCKS[block]:
                        if indicator_id in found:
                            _row(scope, found[indicator_id], bands.get(indicator_id))
                    if block == "need":
                        _categories(scope)
        left, right = st.columns(2, gap="medium")
        with left:
            _lists(scope, open_lines, watched)
        with right:
            _said(scope, said)
    st.caption(t(scope, "card_note", n=community.FEWEST))


def _lead(scope: Scope, open_lines: Sequence[Row], watched: Sequence[Row], said: Sequence[Row]) -> str:
    """What stands open, and the first sentences of the edition."""
    open_ones = [row for row in open_lines if row["state"] in community.OPEN]
    first = t(
        scope,
        "card_lead",
        when=escape(scope.when),
        place=escape(scope.place),
        lines=strong(len(open_ones)),
        watch=strong(len(watched)),
    )
    gap = "" if scope.lang == "zh" else " "
    return first + "".join(gap + escape(row[f"sentence_{scope.lang}"]) for row in said[:2])


def _facts(scope: Scope) -> str:
    """Where it lies, what kind it is, how many live there, and its place on the ranking sheet."""
    area = scope.area
    everyone = data.areas(scope.edition)
    above = " · ".join(formats.name(everyone[code].name, scope.lang) for code in area.path[1:-1])
    pieces = [above, peers.kind_name(scope, area.kind)]
    if area.population is not None:
        pieces.append(t(scope, "residents", n=formats.whole(area.population)))
    facts = [escape(piece) for piece in pieces if piece]
    if scored := _score(scope):
        facts.append(scored)
    return " · ".join(facts)


def _score(scope: Scope) -> str:
    area = scope.area
    classes = score_sheets.classes(scope.edition, scope.grain, scope.start)
    for found in classes:
        if found["area_level"] != "community" or found["peer_class"] != (area.kind or "unknown"):
            continue
        rows = score_sheets.scores(scope.edition, scope.grain, scope.start, "community", str(found["peer_class"]))
        row = next((r for r in rows if r["area_code"] == area.code), None)
        if row is None:
            return ""
        if row["score"] is None:
            return escape(t(scope, "card_not_rated"))
        cap = row["grade"] != row["capped_grade"]
        grade = scored.grade_name(scope, row["capped_grade"]) + (t(scope, "card_capped") if cap else "")
        low, high = row["rank_min"] or row["rank"], row["rank_max"] or row["rank"]
        mark = "◌ " if row["status"] == "provisional" else ""
        places = f"{low}–{high}" if low != high else str(low)
        text = t(scope, "card_score", score=f"{mark}{row['score']:.1f}", grade=grade, places=places, n=row["peers"])
        return escape(text)
    return ""


def _row(scope: Scope, item: Reading, band: Band | None) -> None:
    """One indicator: name with passport, value, count, and the strip of its peers."""
    indicator, figure, of, dated = item.indicator, item.now, scope, ""
    if indicator.dataset == "surveys" and (figure is None or figure.value is None):
        known = [(start, f) for start, f in item.history if f is not None and f.value is not None]
        if not known:
            return
        start, figure = known[-1]
        of = replace(scope, start=start)
        dated = formats.period(scope.grain, start, scope.lang)
        own = (indicator.indicator_id,)
        found = community.bands(scope.edition, own, scope.grain, start, scope.area.kind, scope.area.code)
        band = found.get(indicator.indicator_id)
    left, right = st.columns([1, 1], gap="small", vertical_alignment="center")
    with left, st.container(gap=None):
        parts.passport(of, figure, indicator, f"{indicator.indicator_id}_card")
        missed = figure is not None and figure.status == "missed"
        mark = "▼ " if missed else "◌ " if figure is not None and figure.status == "provisional" else ""
        # the name of a rate per 10,000 says so; the word for its unit speaks of people
        shown = mark + formats.value(figure, indicator, scope.lang, unit=not indicator.unit.startswith("per_"))
        below = " · ".join(x for x in (dated, parts.base(scope, figure, indicator)) if x)
        paint = " class='sw-bad'" if missed else ""
        st.html(
            f"<div class='sw-card-value'><b{paint}>{escape(shown)}</b> <span class='sw-line'>{escape(below)}</span></div>"
        )
    if beside := _strip(scope, indicator, figure, band):
        right.html(beside)


def _strip(scope: Scope, indicator: Indicator, figure: Figure | None, band: Band | None) -> str:
    """The peers of a figure as a strip with their numbers below; '' for a hidden figure."""
    if figure is None or figure.value is None:
        return ""
    if band is None:
        return f"<div class='sw-line'>{escape(t(scope, 'card_no_peers'))}</div>"
    if indicator.indicator_id in _STANDARDS and band.reach is not None:
        text = t(scope, "peers_reach", n=band.reach, all=band.peers)
        bar = strips.share(band.reach, band.peers)
        return f"<div class='sw-strip'><span></span><img alt='{escape(text)}' src='{bar}'><span></span></div>{_small(text)}"
    form = formats.form(indicator)
    ends = strips.scale(form, band, figure.value)

    def write(value: float) -> str:
        shown = formats.amount(indicator, value, scope.lang, unit=False)
        return f"{100 * value:.0f}%" if form == "percent" else shown if form == "money" else f"{value:,g}"

    address = strips.strip(
        ends, band, figure.value, figure.lower, figure.upper, figure.target, figure.status == "missed"
    )
    median, lower, upper = (
        formats.amount(indicator, value, scope.lang, unit=False) for value in (band.median, band.lower, band.upper)
    )
    key = "peers_same" if lower == upper else "peers_band"
    text = t(scope, key, median=median, lower=lower, upper=upper, n=band.peers)
    return (
        f"<div class='sw-strip'><span>{escape(write(ends[0]))}</span><img alt='{escape(text)}' src='{address}'>"
        f"<span>{escape(write(ends[1]))}</span></div>{_small(text)}"
    )


def _small(text: str) -> str:
    return f"<div class='sw-line sw-strip-line'>{escape(text)}</div>"


def _categories(scope: Scope) -> None:
    """What the tickets are about: the largest categories and the rest."""
    found = data.members(scope.edition, ("T01",), scope.grain, scope.start, "community", scope.area.code, "category_1")
    sizes = {m: figures["T01"].value or 0.0 for m, figures in found.items() if figures["T01"].value}
    total = sum(sizes.values())
    if not total:
        return
    largest = sorted(sizes, key=lambda m: (-sizes[m], m))[:_CATEGORIES]
    shown = [(breakdowns.member_name(scope, m), sizes[m]) for m in largest]
    if rest := total - sum(size for _, size in shown):
        shown.append((t(scope, "other_categories"), rest))
    most = max(size for _, size in shown)
    rows = "".join(
        f"<span>{escape(name)}</span><i style='width:{100 * size / most:.1f}%'></i>"
        f"<span>{formats.percent(size / total)} <small>{formats.whole(size)}</small></span>"
        for name, size in shown
    )
    st.html(f"<div class='sw-line'>{escape(t(scope, 'categories_of'))}</div><div class='sw-shares'>{rows}</div>")


def _lists(scope: Scope, open_lines: Sequence[Row], watched: Sequence[Row]) -> None:
    """The lines of the rectification list and the watch list."""
    st.subheader(t(scope, "lines_title"), anchor=False)
    catalogue = data.indicators(scope.edition)
    if not open_lines and not watched:
        parts.calm(t(scope, "lines_none"))
        return
    items: list[str] = []
    for row in open_lines:
        said = f"<b>{escape(list_cells.rule(scope, row))}</b>"
        if row["rule"] == "overdue" and row["rows"]:
            said = t(scope, "overdue_tickets", name=said, n=formats.whole(row["rows"]))
        pieces = [said]
        if row["indicator_id"] in catalogue:
            indicator = catalogue[row["indicator_id"]]
            pieces.append(
                escape(f"{parts.label(scope, indicator)} {formats.amount(indicator, row['value'], scope.lang)}")
            )
        if row["months_below"]:
            pieces.append(escape(t(scope, "months_below", n=row["months_below"])))
        pieces.append(escape(t(scope, f"line_{row['state']}", default=row["state"] or "")))
        if row["state"] in community.OPEN:
            pieces.append(escape(t(scope, "due_by", day=formats.day(row["due_on"], scope.lang))))
        items.append(f"<li>{' · '.join(pieces)}</li>")
    names = []
    for row in watched:
        if row["indicator_id"] in catalogue:
            indicator = catalogue[row["indicator_id"]]
            month = t(scope, "in_brackets", text=formats.period("month", row["period_start"], scope.lang))
            names.append(
                f"{parts.label(scope, indicator)} {formats.amount(indicator, row['value'], scope.lang)}{month}"
            )
    if names:
        text = t(scope, "watch_line", names=t(scope, "comma").join(names))
        items.append(f"<li>◐ {escape(text)}</li>")
    st.html(f"<ul class='sw-list'>{''.join(items)}</ul>")


def _said(scope: Scope, said: Sequence[Row]) -> None:
    """The sentences of the edition after those of the lead."""
    st.subheader(t(scope, "said_title"), anchor=False)
    rest = said[2 : 2 + _SENTENCES]
    if not rest:
        st.caption(t(scope, "said_none" if scope.grain == "month" else "said_months"))
        return
    items = "".join(f"<li>{escape(row[f'sentence_{scope.lang}'])}</li>" for row in rest)
    st.html(f"<ul class='sw-list'>{items}</ul>")
