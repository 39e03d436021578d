"""The choices every page shares (area, grain, period, language), kept in the address and in the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from typing import Any

import streamlit as st
from streamlit.navigation.page import Page

from dashboards import data, editions, formats, periods
from dashboards.i18n import LANGUAGES, text

# The address is written by hand: `bind="query-params"` puts translated labels into it and drops unknown values.
_KEYS = ("area", "grain", "period", "lang")
#: Pages that are about the whole edition: area and period change nothing on them.
_WHOLE = ("bulletin", "data", "query")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose; None is the default (the city, month, the last complete period, the city's language)."""

    area: str | None = None
    grain: str | None = None
    period: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page shows: an edition, an area, a period and a language."""

    edition: str
    city: data.City
    lang: str
    area: data.Area
    grain: str
    start: date
    refused: tuple[tuple[str, str], ...]

    @property
    def place(self) -> str:
        """The name of the area; the city as a whole is named so."""
        return text(self.lang, "whole_city") if self.area.level == "city" else formats.name(self.area.name, self.lang)

    @property
    def when(self) -> str:
        """The name of the period."""
        return formats.period(self.grain, self.start, self.lang)


def language() -> str:
    """The language of this run, from the address, else the session, else the city."""
    edition = editions.current()
    default = data.city(edition).language if edition else "zh"
    wanted = st.query_params.get("lang") or _memory().lang
    if wanted in LANGUAGES:
        return str(wanted)
    return default if default in LANGUAGES else "zh"


def query(choice: Choice) -> dict[str, str]:
    """The address parameters of a choice, defaults left out."""
    return {key: value for key in _KEYS if (value := getattr(choice, key))}


def resolve(edition: str) -> Scope:
    """Read the address and the session, refuse what the edition does not hold, and write the address anew."""
    city = data.city(edition)
    areas = data.areas(edition)
    available = data.periods(edition)
    remembered = _memory()
    wanted = Choice(**{key: st.query_params.get(key) or getattr(remembered, key) for key in _KEYS})
    refused: list[tuple[str, str]] = []
    lang = language()
    if wanted.lang and wanted.lang not in LANGUAGES:
        refused.append(("lang", wanted.lang))
    if wanted.area and wanted.area not in areas:
        refused.append(("area", wanted.area))
    area = areas.get(wanted.area or city.code) or next(iter(areas.values()))
    grain = wanted.grain or (periods.grain_of(wanted.period) if wanted.period else None) or "month"
    if grain not in available:
        if wanted.grain:
            refused.append(("grain", wanted.grain))
        grain = "month" if "month" in available else next(iter(available))
    start = default_start(edition, grain)
    pinned: str | None = None
    if wanted.period:
        found = periods.parse(grain, wanted.period)
        if found is not None and found in available[grain]:
            start, pinned = found, wanted.period
        else:
            refused.append(("period", wanted.period))
    kept = Choice(
        area=None if area.code == city.code else area.code,
        grain=None if grain == "month" else grain,
        period=pinned,
        lang=None if lang == city.language else lang,
    )
    if refused:
        st.session_state["refused"] = tuple(refused)
    _remember(kept)
    return Scope(edition, city, lang, area, grain, start, st.session_state.get("refused", ()))


def default_scope(edition: str) -> Scope:
    """What a visitor sees who has chosen nothing."""
    city = data.city(edition)
    areas = data.areas(edition)
    available = data.periods(edition)
    grain = "month" if "month" in available else next(iter(available))
    lang = city.language if city.language in LANGUAGES else "zh"
    area = areas.get(city.code) or next(iter(areas.values()))
    return Scope(edition, city, lang, area, grain, default_start(edition, grain), ())


def default_start(edition: str, grain: str) -> date:
    """The last complete period of a grain, else the newest one."""
    starts = data.periods(edition)[grain]
    cut = data_cut(edition)
    return next((start for start in starts if periods.is_complete(grain, start, cut)), starts[0])


def data_cut(edition: str) -> date:
    """The local day to which the edition knows tickets, else anything."""
    cuts = data.as_of(edition)
    return cuts["tickets"][1] if "tickets" in cuts else max((day for _, day in cuts.values()), default=date.max)


def show(scope: Scope, pages: Sequence[Page], here: Page) -> None:
    """The row of controls, on a phone with the menu of `pages` in it, and the way from the city down to the area.

    The menu has the name of the page `here`: an open one would stay open over the next page."""
    areas = data.areas(scope.edition)
    starts = data.periods(scope.edition)
    grains = [grain for grain in periods.GRAINS if grain in starts]
    cut = data_cut(scope.edition)

    def area_label(code: str) -> str:
        area = areas[code]
        own = formats.name(area.name, scope.lang)
        above = [formats.name(areas[up].name, scope.lang) for up in reversed(area.path[1:-1])]
        return " · ".join([own, *above])

    def period_label(start: date) -> str:
        open_word = "" if periods.is_complete(scope.grain, start, cut) else text(scope.lang, "period_open")
        return formats.period(scope.grain, start, scope.lang) + open_word

    st.session_state["pick_area"] = scope.area.code
    st.session_state["pick_grain"] = scope.grain
    st.session_state["pick_period"] = scope.start
    st.session_state["pick_lang"] = scope.lang
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        with st.popover(text(scope.lang, "menu"), key=f"phone_pages_{here.url_path}"):
            for target in pages:
                st.page_link(target, query_params=query(_memory()), width="stretch")
        if here.url_path not in _WHOLE:
            st.selectbox(
                text(scope.lang, "area"),
                list(areas),
                format_func=area_label,
                key="pick_area",
                on_change=_area_picked,
                width=300,
                label_visibility="collapsed",
            )
            st.segmented_control(
                text(scope.lang, "grain"),
                grains,
                format_func=lambda g: text(scope.lang, f"grain_{g}"),
                key="pick_grain",
                on_change=_grain_picked,
                args=(scope,),
                required=True,
                label_visibility="collapsed",
            )
            st.selectbox(
                text(scope.lang, "period"),
                starts[scope.grain],
                format_func=period_label,
                key="pick_period",
                on_change=_period_picked,
                args=(scope,),
                width=190,
                label_visibility="collapsed",
            )
        st.segmented_control(
            text(scope.lang, "language"),
            list(LANGUAGES),
            format_func=lambda code: LANGUAGES[code],
            key="pick_lang",
            on_change=_lang_picked,
            required=True,
            label_visibility="collapsed",
        )
    if scope.area.level != "city" and here.url_path not in _WHOLE:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="path"):
            for code in scope.area.path[:-1]:
                label = (
                    text(scope.lang, "whole_city")
                    if code == scope.city.code
                    else formats.name(areas[code].name, scope.lang)
                )
                st.button(formats.plain(label), type="tertiary", key=f"up_{code}", on_click=go, args=(code,))
                st.markdown("›", width="content")
            st.html(f"<b>{escape(formats.name(scope.area.name, scope.lang))}</b>", width="content")
    for kind, value in scope.refused:
        # As text: st.warning reads Markdown, and a link could make it fetch a picture from elsewhere.
        said = text(scope.lang, f"refused_{kind}", value=value[:60], place=scope.place, when=scope.when)
        st.html(f"<div class='sw-note' role='status'>{escape(said)}</div>")


def choose(scope: Scope, key: str, options: Mapping[str, str], default: str, *, label: str, few: bool = False) -> str:
    """A choice of one page, kept in the address under `key`: `options` maps what the address says to what the reader sees.

    A value of the address that is no option is refused with a message; a remembered one of another page gives way to
    `default`. `few` shows the options side by side."""
    remembered: dict[str, str] = st.session_state.setdefault("chosen", {})
    asked = st.query_params.get(key)
    known = [value for value in (asked, remembered.get(key)) if value is not None and value in options]
    chosen = known[0] if known else default
    if asked is not None and asked not in options:
        said = text(scope.lang, "refused_choice", value=asked[:60], label=label, shown=options[chosen])
        st.html(f"<div class='sw-note' role='status'>{escape(said)}</div>")
    _keep(key, chosen, default)
    widget = f"pick_{key}"
    st.session_state[widget] = chosen

    def picked() -> None:
        _keep(key, st.session_state[widget] or default, default)

    def marked(value: str) -> str:
        return formats.plain(options[value])  # these read Markdown, those of a select box do not

    if few:
        st.segmented_control(label, list(options), format_func=marked, key=widget, on_change=picked, required=True)
    else:
        st.selectbox(label, list(options), format_func=options.__getitem__, key=widget, on_change=picked)
    return chosen


def _keep(key: str, value: str, default: str) -> None:
    """Remember a choice of a page and write it into the address, the default left out."""
    st.session_state["chosen"][key] = value
    if value != default:
        if st.query_params.get(key) != value:
            st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]


def _memory() -> Choice:
    remembered = st.session_state.get("choice")
    return remembered if isinstance(remembered, Choice) else Choice()


def _remember(choice: Choice) -> None:
    st.session_state["choice"] = choice
    wanted = query(choice)
    for key in _KEYS:
        if key in wanted and st.query_params.get(key) != wanted[key]:
            st.query_params[key] = wanted[key]
        elif key not in wanted and key in st.query_params:
            del st.query_params[key]


def _change(**changes: Any) -> None:
    st.session_state.pop("refused", None)
    _remember(replace(_memory(), **changes))


def go(code: str) -> None:
    """Show another area."""
    _change(area=code)


def _area_picked() -> None:
    _change(area=st.session_state["pick_area"])


def _grain_picked(scope: Scope) -> None:
    grain = st.session_state["pick_grain"] or scope.grain
    if _memory().period is None:
        _change(grain=grain)
        return
    start = periods.containing(grain, scope.start, data.periods(scope.edition)[grain])
    _change(grain=grain, period=periods.token(grain, start) if start else None)


def _period_picked(scope: Scope) -> None:
    start: date = st.session_state["pick_period"]
    default = default_start(scope.edition, scope.grain)
    _change(period=None if start == default else periods.token(scope.grain, start))


def _lang_picked() -> None:
    _change(lang=st.session_state["pick_lang"])
