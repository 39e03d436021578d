"""Shows an indicator among peers: who is outside the funnel, the funnel, places with their intervals, three rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import controls, data, formats, parts, peers, places, ranking_charts
from dashboards.controls import Scope
from dashboards.data import Area, Indicator
from dashboards.parts import strong, t
from dashboards.peers import Peer

#: Communities of a class from which only those that stand out are named in a caterpillar.
MANY = 40
_ROWS = 12


def show(scope: Scope, title: str, top: DeltaGenerator, choices: DeltaGenerator) -> None:
    """One indicator among peers; its choices go into the row `choices`, its answer into `top` above it."""
    compared = peers.compared(scope.edition, scope.grain, scope.start, scope.area.code)
    if not compared:
        with top:
            parts.headline(
                scope, title, t(scope, "ranking_nothing_week" if scope.grain == "week" else "ranking_nothing")
            )
        return
    with choices:
        indicator, everyone, classes, key, asked = _choose(scope, compared)
    with top:
        parts.headline(scope, title, lead(scope, indicator, everyone))
    outside(scope, indicator, everyone)
    chosen = [peer for peer in everyone if peer.row["peer_class"] == key]
    if not chosen:
        st.info(t(scope, "nothing_to_draw"))
        return
    st.subheader(formats.plain(classes[str(key)]), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        funnel(scope, indicator, chosen)
    with right:
        caterpillar(scope, indicator, chosen)
    if asked == "all":
        three_rates(scope, indicator, chosen)


def _choose(
    scope: Scope, compared: Mapping[str, tuple[int, int]]
) -> tuple[Indicator, list[Peer], dict[str, str], str | None, str]:
    """The indicator, its areas, their classes, the class and the rates that are shown; at first the indicator that most
    areas are furthest outside of."""
    catalogue = data.indicators(scope.edition)
    names = {
        i: parts.label(scope, catalogue[i]) + (t(scope, "outside_count", n=n) if n else "")
        for i, (n, _) in compared.items()
    }
    first = max(compared, key=lambda i: (compared[i][1], compared[i][0]))
    indicator = catalogue[controls.choose(scope, "indicator", names, first, label=t(scope, "indicator"))]
    everyone = peers.peers(scope, indicator)
    classes = peers.classes(scope, everyone)
    own = peers.own_class(scope, everyone)
    key = own and controls.choose(scope, "peers", classes, own, label=t(scope, "peer_class"))
    rates = {rate: t(scope, f"rates_{rate}") for rate in ("raw", "all")}
    asked = controls.choose(scope, "rates", rates, "raw", label=t(scope, "rates"), few=True)
    return indicator, everyone, classes, key, asked


def lead(scope: Scope, indicator: Indicator, everyone: Sequence[Peer]) -> str:
    """How many areas of each rung are outside the funnel of their peers, beside what chance alone would give."""
    pieces: list[str] = []
    calm: list[str] = []
    for level in reversed(peers.LEVELS):
        judged = [p for p in everyone if p.inside and p.area.level == level and p.row["funnel_flag"] is not None]
        if not judged:
            continue
        found = [p for p in judged if p.outside]
        worse = sum(1 for p in found if not p.better)
        far = sum(1 for p in found if p.outside == 998)
        rung = t(scope, f"rung_{level}", n=len(judged)).strip()
        if not found:
            calm.append(rung)
            continue
        expected = 0.05 * len(judged)
        chance = t(scope, "less_than_one") if expected < 1 else f"{expected:.0f}"
        pieces.append(
            t(scope, "ranking_some", rung=rung, n=strong(len(found)), worse=worse, better=len(found) - worse)
            + (t(scope, "ranking_far", n=far) if far else "")
            + t(scope, "ranking_chance", chance=chance)
        )
    if calm:
        pieces.append(t(scope, "ranking_none", rung=t(scope, "comma").join(calm)))
    place = t(scope, "lead_city") if scope.area.level == "city" else scope.place
    start = t(scope, "ranking_start", when=scope.when, place=place, name=parts.label(scope, indicator))
    rest = t(scope, "ranking_semicolon").join(pieces) if pieces else t(scope, "ranking_nobody")
    return escape(start) + rest + t(scope, "full_stop")


def link(scope: Scope, area: Area) -> str:
    """The name of an area; a community's leads to its card."""
    name = escape(formats.name(area.name, scope.lang))
    if area.level != "community":
        return name
    choice = controls.query(st.session_state["choice"]) | {"area": area.code}
    return f"<a href='community?{escape(urlencode(choice))}' target='_self'>{name}</a>"


def value(peer: Peer, indicator: Indicator, lang: str) -> str:
    """The raw rate, with its mark where it misses its target beyond chance or is provisional."""
    shown = formats.percent(float(peer.row["value"]))
    if peer.figure is not None and peer.figure.value is not None:
        shown = formats.value(peer.figure, indicator, lang)
    return ("▼ " if peer.missed else "◌ " if peer.row["is_provisional"] else "") + shown


def count(peer: Peer, indicator: Indicator, scope: Scope) -> str:
    """Count and interval of the rate."""
    return parts.base(scope, peer.figure, indicator) or formats.NO_VALUE


def outside(scope: Scope, indicator: Indicator, everyone: Sequence[Peer]) -> None:
    """Whoever inside the chosen area is beyond the limits of its peers, the furthest out first."""
    found = [p for p in everyone if p.inside and p.outside]
    found.sort(key=lambda p: (-p.outside, p.better, -float(p.row["denominator"]), p.area.code))
    parts.section(scope, t(scope, "outside_title"), [indicator.indicator_id], "outside", t(scope, "outside_note"))
    if not found:
        parts.calm(t(scope, "outside_none"))
        return
    body: list[list[str]] = []
    for peer in found[:_ROWS]:
        above = escape(places.above(scope, peer.area))
        where = escape(peers.class_name(scope, peer.row))
        line = f"{above}<span class='sw-wide'>{' · ' if above else ''}{where}</span>"
        paint = "sw-bad" if peer.missed else ""
        side = t(scope, f"side_{'better' if peer.better else 'worse'}_{peer.outside}")
        body.append(
            [
                f"{link(scope, peer.area)}<div class='sw-line'>{line}</div>",
                escape(side),
                f"<b class='{paint}'>{escape(value(peer, indicator, scope.lang))}</b>"
                f"<div class='sw-line'>{escape(_behind(scope, peer, indicator))}</div>",
                formats.percent(float(peer.row["peer_rate"])),
                place(peer),
            ]
        )
    head = [
        (t(scope, "area"), ""),
        (t(scope, "side"), ""),
        (t(scope, "value_interval"), "sw-num"),
        (t(scope, "peer_rate"), "sw-num"),
        (t(scope, "place_interval"), "sw-num sw-wide"),
    ]
    st.html(parts.table(head, body))
    if len(found) > _ROWS:
        st.caption(t(scope, "and_more", n=len(found) - _ROWS))


def _behind(scope: Scope, peer: Peer, indicator: Indicator) -> str:
    if peer.figure is None:
        return ""
    return " · ".join(
        x for x in (formats.interval(peer.figure), formats.fraction(peer.figure, indicator, scope.lang)) if x
    )


def place(peer: Peer) -> str:
    """The place of an area as its 95 % interval; the single place stands in tooltips only."""
    if peer.row["rank_lower"] is None or peer.row["rank_upper"] is None:
        return formats.NO_VALUE
    low, high = peer.row["rank_lower"], peer.row["rank_upper"]
    return f"{low}–{high}" if low != high else f"{low}"


def _unique(scope: Scope, chosen: Sequence[Peer]) -> list[str]:
    """Names as a chart prints them; of equal ones each has its street."""
    names = [formats.name(p.area.name, scope.lang) for p in chosen]
    everyone = [
        f"{name} · {places.above(scope, p.area)}" if names.count(name) > 1 else name
        for name, p in zip(names, chosen, strict=True)
    ]
    return everyone


def funnel(scope: Scope, indicator: Indicator, chosen: Sequence[Peer]) -> None:
    """The rates of one class against their cases; names where they fit, the table has all."""
    row = chosen[0].row
    note = t(scope, "funnel_note")
    if row["funnel_flag"] is None:
        note = t(scope, "funnel_too_few", n=row["peers"])
    elif float(row["over_dispersion"]) > 1.2:
        note += t(scope, "funnel_spread", factor=f"{float(row['over_dispersion']) ** 0.5:.1f}")
    parts.section(
        scope, t(scope, "funnel_title"), [indicator.indicator_id], "funnel", note, class_table(scope, indicator, chosen)
    )
    named = _apart(chosen)
    nobody = not any(p.inside for p in chosen)
    units = [
        ranking_charts.Unit(
            name,
            float(p.row["denominator"]),
            float(p.row["value"]),
            value(p, indicator, scope.lang),
            count(p, indicator, scope),
            _limits(p),
            colour(p) if p.outside else "accent" if p.inside or nobody else "context",
            "circle" if not p.outside else "diamond" if p.better else "triangle-down",
            p.area.code in named,
            p.inside or nobody,
            bool(p.row["is_provisional"]),
        )
        for name, p in zip(_unique(scope, chosen), chosen, strict=True)
    ]
    peer_rate = float(row["peer_rate"])
    rate = t(scope, "peers_at", rate=formats.percent(peer_rate))
    out = [unit.label for unit, p in zip(units, chosen, strict=True) if p.outside]
    alt = f"{t(scope, 'funnel_title')}: {rate}; " + (t(scope, "comma").join(out) or t(scope, "outside_none"))
    height = 560 if len(chosen) > 12 else 380  # about that of the places beside it
    parts.draw(ranking_charts.funnel(units, peer_rate, rate, chart_words(scope), height), alt, "funnel")


def chart_words(scope: Scope) -> dict[str, str]:
    """The words that the charts of comparison print in their tooltips and on their axes."""
    keys = {"place": "place", "interval": "place_interval", "other": "place_other", "cases": "cases_axis"}
    return parts.words(scope) | {key: t(scope, word) for key, word in keys.items()}


def _limits(peer: Peer) -> tuple[float, float, float, float] | None:
    names = ("funnel_lower_998", "funnel_lower_95", "funnel_upper_95", "funnel_upper_998")
    found = [peer.row[name] for name in names]
    return None if None in found else (float(found[0]), float(found[1]), float(found[2]), float(found[3]))


def colour(peer: Peer) -> str:
    """Red for a worse one that misses its target, ink for another worse one, blue for a better one."""
    return "accent" if peer.better else "alarm" if peer.missed else "ink"


def _apart(chosen: Sequence[Peer]) -> set[str]:
    """Those outside whose names do not run into each other, the furthest out and largest first, and the chosen area."""
    candidates = sorted((p for p in chosen if p.outside), key=lambda p: (-p.outside, -float(p.row["denominator"])))
    taken: list[Peer] = []
    for peer in candidates:
        crowded = any(
            abs(float(peer.row["value"]) - float(other.row["value"])) < 0.025
            and 0.75 < float(peer.row["denominator"]) / float(other.row["denominator"]) < 1.33
            for other in taken
        )
        if not crowded and len(taken) < 6:
            taken.append(peer)
    return {peer.area.code for peer in taken}


def caterpillar(scope: Scope, indicator: Indicator, chosen: Sequence[Peer]) -> None:
    """The places of one class with their intervals, in three groups; where there are many, those apart are named."""
    nobody = not any(p.inside for p in chosen)
    placed = sorted((p for p in chosen if p.row["rank_lower"] is not None), key=lambda p: (p.row["rank"], p.area.code))
    small = len(chosen) - len(placed)
    note = t(scope, "places_note") + (t(scope, "places_small", n=small) if small and placed else "")
    parts.section(scope, t(scope, "places_title"), [indicator.indicator_id], "places", note)
    if not placed:
        parts.calm(t(scope, "places_none"))
        return
    names = dict(zip((p.area.code for p in placed), _unique(scope, placed), strict=True))
    groups: list[tuple[str, list[ranking_charts.Place]]] = []
    for group in ("better", "unclear", "worse"):
        members = [p for p in placed if p.group == group]
        named = group != "unclear" or len(placed) <= MANY
        groups.append(
            (
                t(scope, f"places_{group}", n=len(members)),
                [
                    ranking_charts.Place(
                        names[p.area.code],
                        p.row["rank"],
                        p.row["rank_lower"],
                        p.row["rank_upper"],
                        value(p, indicator, scope.lang),
                        count(p, indicator, scope),
                        "context" if group == "unclear" else colour(p),
                        named or p.area.code == scope.area.code,
                        p.inside or nobody,
                    )
                    for p in members
                ],
            )
        )
    spec = ranking_charts.caterpillar(
        groups, int(placed[0].row["ranked"]), t(scope, "places_axis"), chart_words(scope), t(scope, "places_middle")
    )
    alt = "; ".join(
        f"{heading}: " + t(scope, "comma").join(f"{p.label} {p.lower:g}–{p.upper:g}" for p in members if p.named)
        for heading, members in groups
        if members
    )
    parts.draw(spec, f"{t(scope, 'places_title')}: {alt}", "places")


def class_table(scope: Scope, indicator: Indicator, chosen: Sequence[Peer]) -> str:
    """Every area of a class in the order of its code: a list to look up, not a league table."""
    head = [
        (t(scope, "area"), ""),
        (t(scope, "value"), "sw-num"),
        (t(scope, "count"), "sw-num"),
        (t(scope, "interval"), "sw-num"),
        (t(scope, "place_interval"), "sw-num"),
        (t(scope, "bottom_tenth"), "sw-num"),
    ]
    body = [
        [
            link(scope, p.area),
            f"<b>{escape(value(p, indicator, scope.lang))}</b>",
            escape(formats.fraction(p.figure, indicator, scope.lang) if p.figure else formats.NO_VALUE),
            escape((formats.interval(p.figure) if p.figure else "") or formats.NO_VALUE),
            place(p),
            formats.NO_VALUE if p.row["p_bottom_tenth"] is None else f"{100 * p.row['p_bottom_tenth']:.0f}%",
        ]
        for p in sorted(chosen, key=lambda p: p.area.path)
    ]
    return parts.table(head, body)


def three_rates(scope: Scope, indicator: Indicator, chosen: Sequence[Peer]) -> None:
    """Raw, shrunk and standardised rates side by side where they differ most, and the areas whose mix explains them."""
    parts.section(scope, t(scope, "rates_title"), [indicator.indicator_id], "rates", t(scope, "rates_note"))
    for peer in (p for p in chosen if p.row["standardised_disagrees"]):
        below = float(peer.row["value"]) < float(peer.row["peer_rate"])
        said = t(
            scope,
            "rates_disagree_below" if below else "rates_disagree_above",
            area=formats.name(peer.area.name, scope.lang),
            raw=formats.percent(float(peer.row["value"])),
            peers=formats.percent(float(peer.row["peer_rate"])),
            standardised=formats.percent(float(peer.row["standardised_value"])),
            by=t(scope, f"by_{peer.row['standardised_by']}", default=""),
        )
        st.html(f"<div class='sw-note' role='note'>{escape(said)}</div>")
    ready = [p for p in chosen if p.row["shrunk_value"] is not None]
    if not ready:
        parts.calm(t(scope, "rates_too_few", n=chosen[0].row["peers"]))
        return
    ready.sort(
        key=lambda p: (
            not p.row["standardised_disagrees"],
            p.area.code != scope.area.code,
            -abs(float(p.row["value"]) - float(p.row["shrunk_value"])),
            p.area.code,
        )
    )
    shown = ready[:_ROWS]
    rows = [
        ranking_charts.Rates(
            name,
            float(p.row["value"]),
            float(p.row["shrunk_value"]),
            None if p.row["standardised_value"] is None else float(p.row["standardised_value"]),
            _rates_text(scope, p),
        )
        for name, p in zip(_unique(scope, shown), shown, strict=True)
    ]
    peer_rate = float(chosen[0].row["peer_rate"])
    rate = t(scope, "peers_at", rate=formats.percent(peer_rate))
    spec = ranking_charts.three_rates(rows, peer_rate, rate, chart_words(scope))
    parts.draw(spec, f"{t(scope, 'rates_title')}: " + "; ".join(f"{r.label} {r.shown}" for r in rows), "rates")
    if len(ready) > len(shown):
        st.caption(t(scope, "and_more", n=len(ready) - len(shown)))


def _rates_text(scope: Scope, peer: Peer) -> str:
    standardised = peer.row["standardised_value"]
    return t(
        scope,
        "rates_shown",
        raw=formats.percent(float(peer.row["value"])),
        cases=formats.whole(float(peer.row["denominator"])),
        shrunk=formats.percent(float(peer.row["shrunk_value"])),
        standardised=formats.NO_VALUE if standardised is None else formats.percent(float(standardised)),
    )
