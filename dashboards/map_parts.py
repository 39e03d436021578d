"""The pieces of the map page: which areas are drawn, how each is judged, the sentence above and the table beside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboards import controls, data, formats, geo, map_charts, parts, periods
from dashboards.controls import Scope
from dashboards.data import Figure, Indicator
from dashboards.geo import Place, Shape
from dashboards.parts import t

MARKS = {"missed": "▼", "watch": "◐", "provisional": "◌"}
_NAMED = 3
_FILL = 0.5
#: Opacity of the lowest and the highest value of an indicator without target.
_PALE, _DEEP = 0.08, 0.6


@dataclass(frozen=True, slots=True)
class Atlas:
    """The areas of one picture with their figures, in order of the codes."""

    indicator: Indicator
    areas: tuple[Place, ...]
    figures: dict[str, Figure]
    siblings: bool

    @property
    def judged(self) -> bool:
        """Whether the figures are set against a target; one of the whole year is not before the year is over."""
        aimed = [f for f in self.figures.values() if f.target is not None]
        return self.indicator.direction != "none" and bool(aimed) and all(f.status for f in aimed)

    def figure(self, code: str) -> Figure | None:
        """The figure of an area, None where the edition has none."""
        return self.figures.get(code)


def last_day(scope: Scope) -> date:
    """The last day of the period, or of the data where the period is not over."""
    cut = max((day for _, day in data.as_of(scope.edition).values()), default=date.max)
    return min(periods.last_day(scope.grain, scope.start), cut)


def atlas(scope: Scope, indicator: Indicator) -> Atlas:
    """The areas one rung below the chosen one that were in force at the end of the period; of a community its neighbours."""
    everyone = geo.places(scope.edition, last_day(scope))
    areas = [p for p in everyone.values() if p.parent == scope.area.code and p.level != "city"]
    siblings = not areas and scope.area.level != "city"
    if siblings:
        areas = [p for p in everyone.values() if p.parent == scope.area.parent and p.level == scope.area.level]
    figures: dict[str, Figure] = {}
    for level in {area.level for area in areas}:
        found = data.at_level(scope.edition, indicator.indicator_id, scope.grain, scope.start, level)
        figures |= {area.code: found[area.code] for area in areas if area.code in found}
    return Atlas(indicator, tuple(areas), figures, siblings)


def shapes(scope: Scope, drawn: Atlas) -> tuple[dict[str, Shape], bool, str]:
    """Outlines, or tiles (true) where fewer than half of the areas have one; and what there is to say about it."""
    codes = tuple(area.code for area in drawn.areas)
    found = geo.outlines(scope.edition, codes, last_day(scope))
    if 2 * len(found) >= len(codes):
        lacking = [formats.name(area.name, scope.lang) for area in drawn.areas if area.code not in found]
        return found, False, t(scope, "map_no_outline", names=t(scope, "comma").join(lacking)) if lacking else ""
    placed = all(area.longitude is not None for area in drawn.areas)
    return geo.tile_shapes(geo.tiles(drawn.areas)), True, t(scope, "map_tiles_placed" if placed else "map_tiles_listed")


def regions(scope: Scope, drawn: Atlas, outlines: dict[str, Shape]) -> list[map_charts.Region]:
    """The areas as the chart draws them."""
    values = [f.value for f in drawn.figures.values() if f.value is not None]
    counted = formats.form(drawn.indicator) in ("count", "money")
    low, high = (min([0.0, *values]) if counted else min(values, default=0.0)), max(values, default=0.0)
    names = shortened([formats.name(area.name, scope.lang) for area in drawn.areas])
    found = []
    for area, short in zip(drawn.areas, names, strict=True):
        if area.code not in outlines:
            continue
        figure = drawn.figure(area.code)
        known = figure is not None and figure.value is not None and figure.status != "suppressed"
        state = (figure.status if figure is not None else None) if known else "no_cases"
        hollow = state in ("watch", "provisional")
        colour = "alarm" if state == "missed" else "accent"
        opacity = _FILL
        if not known:
            opacity = 0.0
        elif drawn.judged and (hollow or figure is None or figure.target is None):
            colour, opacity = "context", 0.14
        elif not drawn.judged and figure is not None and figure.value is not None:
            share = (figure.value - low) / (high - low) if high > low else 0.5
            opacity = _PALE + (_DEEP - _PALE) * share
        found.append(
            map_charts.Region(
                area.code,
                formats.name(area.name, scope.lang),
                short,
                MARKS.get(state or "", ""),
                formats.value(figure, drawn.indicator, scope.lang, unit=False),
                colour,
                opacity,
                hollow,
                area.code == scope.area.code,
                outlines[area.code],
                _tooltip(scope, area, figure, drawn.indicator),
            )
        )
    return found


def _tooltip(scope: Scope, area: Place, figure: Figure | None, indicator: Indicator) -> tuple[tuple[str, str], ...]:
    return (
        (t(scope, "area"), formats.name(area.name, scope.lang)),
        (parts.label(scope, indicator), formats.value(figure, indicator, scope.lang)),
        (t(scope, "count"), (formats.fraction(figure, indicator, scope.lang) if figure else "") or formats.NO_VALUE),
        (t(scope, "interval"), (formats.interval(figure) if figure else "") or formats.NO_VALUE),
        (t(scope, "status"), parts.status(scope, figure, indicator)[0]),
    )


def shortened(names: Sequence[str]) -> list[str]:
    """The names without the ending that all of them share, such as the word for their level; whole where one would vanish."""
    shared = 0
    while len(names) > 1 and shared < min(map(len, names)) and len({name[-shared - 1 :] for name in names}) == 1:
        shared += 1
    ending = names[0][-shared:] if shared else ""
    if " " in ending:
        ending = ending[ending.index(" ") :]
    elif ending.isascii():
        ending = ""
    cut = [name.removesuffix(ending) for name in names]
    return cut if ending and all(len(name) > 1 for name in cut) else list(names)


def title(scope: Scope, drawn: Atlas) -> str:
    """How many areas of which level are drawn."""
    return t(scope, f"map_level_{drawn.areas[0].level}", n=len(drawn.areas))


def note(scope: Scope, drawn: Atlas, said: str) -> str:
    """What the colours and marks of this very picture mean, and what is not in it (ready HTML, for it names areas)."""
    pieces = [_key(scope, drawn), said]
    if scope.area.level == "city":
        level, entry = drawn.areas[0].level, drawn.indicator
        lost = data.at_level(scope.edition, entry.indicator_id, scope.grain, scope.start, level).get("unlocated")
        if lost is not None and (lost.denominator or lost.numerator):
            pieces.append(t(scope, "unlocated", n=parts.unplaced(scope, lost, entry)))
    return f"<div class='sw-meta'>{''.join(f'<span>{escape(piece)}</span> ' for piece in pieces if piece)}</div>"


def _key(scope: Scope, drawn: Atlas) -> str:
    states = {figure.status if figure.value is not None else "blank" for figure in drawn.figures.values()}
    if len(drawn.figures) < len(drawn.areas):
        states.add("blank")
    wanted: list[str] = [key for key in ("met", "missed", "watch", "provisional", "blank") if key in states]
    if not drawn.judged:
        aimed = drawn.indicator.direction != "none" and any(f.target is not None for f in drawn.figures.values())
        wanted = ["year" if aimed else "graded", *(key for key in wanted if key == "blank")]
    said = t(scope, "map_comma").join(t(scope, f"map_key_{key}") for key in wanted)
    end = t(scope, "map_key_neighbours", place=scope.place) if drawn.siblings else t(scope, "map_key_end")
    return said[:1].upper() + said[1:] + end


def sentence(scope: Scope, drawn: Atlas) -> str:
    """The answer: the figure of the whole, and how the areas below stand (ready HTML)."""
    indicator = drawn.indicator
    now = data.series(
        scope.edition, (indicator.indicator_id,), scope.grain, scope.area.level, scope.area.code
    )[indicator.indicator_id]  # fmt: skip
    whole = next((figure for figure in now if figure.period_start == scope.start), None)
    value = formats.value(whole, indicator, scope.lang)
    shown = parts.bad(value) if whole is not None and whole.status == "missed" else parts.strong(value)
    words = {"place": escape(scope.place), "when": escape(scope.when), "name": escape(parts.label(scope, indicator))}
    goal = ""
    if indicator.target is not None and indicator.direction != "none":
        goal = escape(parts.goal_in_words(scope, indicator, indicator.target))
    said = t(scope, "map_lead_goal" if goal else "map_lead", value=shown, goal=goal, **words)
    if drawn.siblings or not drawn.areas:
        return said
    areas = title(scope, drawn)
    return said + (_judgement(scope, drawn, areas) if drawn.judged else _range(scope, drawn, areas))


def _judgement(scope: Scope, drawn: Atlas, areas: str) -> str:
    states = Counter(figure.status for figure in drawn.figures.values())
    states["no_cases"] += sum(1 for area in drawn.areas if area.code not in drawn.figures)
    pieces = []
    for state in ("met", "missed", "watch", "provisional", "suppressed", "no_cases"):
        if not states[state]:
            continue
        piece = escape(t(scope, f"map_{state}", n=states[state]))
        if state == "missed":
            piece = parts.bad(t(scope, "map_missed", n=states[state])) + _worst(scope, drawn)
        pieces.append(piece)
    return t(scope, "map_judged", areas=escape(areas), parts=t(scope, "clause_comma").join(pieces))


def _worst(scope: Scope, drawn: Atlas) -> str:
    """The missed areas by name, those first that lack most cases."""
    missed = [area for area in drawn.areas if (f := drawn.figure(area.code)) is not None and f.status == "missed"]

    def lacking(area: Place) -> float:
        figure = drawn.figures[area.code]
        gap = abs((figure.value or 0.0) - (figure.target or 0.0))
        return gap * (figure.denominator or 1.0) if drawn.indicator.kind == "proportion" else gap

    missed.sort(key=lambda area: (-lacking(area), area.code))
    names = t(scope, "comma").join(
        f"{formats.name(area.name, scope.lang)} "
        f"{formats.value(drawn.figures[area.code], drawn.indicator, scope.lang, unit=False)}"
        for area in missed[:_NAMED]
    )
    if len(missed) > _NAMED:
        names = t(scope, "map_named_more", names=names)
    return t(scope, "map_named", names=escape(names))


def _range(scope: Scope, drawn: Atlas, areas: str) -> str:
    known = sorted((f for f in drawn.figures.values() if f.value is not None), key=lambda f: f.value or 0.0)
    if not known:
        return ""
    low, high = (parts.strong(formats.value(f, drawn.indicator, scope.lang)) for f in (known[0], known[-1]))
    return t(scope, "map_range", areas=escape(areas), low=low, high=high)


def linked_table(scope: Scope, drawn: Atlas) -> str:
    """The figures of the picture as a table whose names lead to their areas."""
    rows = []
    everyone = data.areas(scope.edition)
    for area in drawn.areas:
        figure = drawn.figure(area.code)
        name = escape(formats.name(area.name, scope.lang))
        if area.code in everyone and area.code != scope.area.code:
            address = "?" + urlencode({**st.query_params.to_dict(), "area": area.code})
            name = f"<a href='{escape(address)}'>{name}</a>"
        elif area.code == scope.area.code:
            name = f"<b>{name}</b>"
        mark = {"met": "✓", **MARKS}.get((figure.status if figure is not None else None) or "", "")
        paint = " class='sw-bad'" if mark == MARKS["missed"] else ""
        rows.append(
            [
                name,
                f"<span{paint}>{mark}</span>",
                f"<b{paint}>{escape(formats.value(figure, drawn.indicator, scope.lang, unit=False))}</b>",
                escape(formats.fraction(figure, drawn.indicator, scope.lang)) if figure else "",
                escape(formats.interval(figure)) if figure else "",
            ]
        )
    head = [
        (t(scope, "area"), ""),
        (t(scope, "status"), "sw-mark"),
        (t(scope, "value"), "sw-num"),
        (t(scope, "map_count"), "sw-num"),
        (t(scope, "interval"), "sw-num sw-wide"),
    ]
    for column in (4, 3, 1):
        if not any(re.sub("<[^>]*>", "", row[column]) for row in rows):
            head, rows = head[:column] + head[column + 1 :], [row[:column] + row[column + 1 :] for row in rows]
    return parts.table(head, rows)


def draw(scope: Scope, drawn: Atlas, outlines: dict[str, Shape], tiles: bool) -> None:
    """The picture; a click on an area shows that area."""
    found = regions(scope, drawn, outlines)
    key = f"map_{scope.area.code}"

    def picked() -> None:
        chosen = st.session_state[key]["selection"].get(map_charts.PICKED, [])
        code = chosen[0].get("code") if chosen else None
        if code in data.areas(scope.edition):
            controls.go(str(code))

    values = t(scope, "comma").join(f"{region.name} {region.mark}{region.shown}" for region in found)
    alt = t(scope, "map_alt", name=parts.label(scope, drawn.indicator), when=scope.when, values=values)
    width, height = map_charts.extent(found)
    frame = "flat" if width > 1.6 * height else "tall" if height > 1.1 * width else "even"
    with st.container(key=f"map_frame_{frame}"):
        st.vega_lite_chart(
            map_charts.choropleth(found, tiles),
            width="stretch",
            height="stretch",
            key=key,
            alt=alt,
            on_select=picked,
            selection_mode=map_charts.PICKED,
        )
