"""The cells of the rectification list: what a line is about, where, how far off, until when, in what state."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboards import controls, data, formats, parts, places
from dashboards.controls import Scope
from dashboards.data import Figure, Indicator, Row
from dashboards.parts import t

#: States of a line that somebody has to work on.
OPEN = ("opened", "confirmed", "reopened")


def matter(scope: Scope, row: Row) -> str:
    """What the line is about: an indicator, or a subject of its own."""
    indicator = data.indicators(scope.edition).get(row["indicator_id"] or "")
    subject = str(row["subject"] or "")
    return parts.label(scope, indicator) if indicator else t(scope, f"subject_{subject}", default=subject)


def rule(scope: Scope, row: Row) -> str:
    """The name of the rule that put the line on the list."""
    return formats.capital(formats.name((row["name_zh"] or row["rule"], row["name_en"] or row["rule"]), scope.lang))


def why(scope: Scope, row: Row) -> str:
    """The rule, where it says more than the matter does."""
    said = rule(scope, row)
    same = row["rule"] == "overdue" or said.casefold() in matter(scope, row).casefold()
    return "" if same else said


def name(scope: Scope, code: str | None) -> str:
    """The name of an area."""
    area = data.areas(scope.edition).get(code or "")
    return formats.name(area.name, scope.lang) if area else code or formats.NO_VALUE


def place(scope: Scope, code: str) -> str:
    """The area as a link to its own overview, and what lies between it and the area shown."""
    area = data.areas(scope.edition)[code]
    above = places.above(scope, area)
    return link(scope, code) + (f"<div class='sw-line'>{escape(above)}</div>" if above else "")


def link(scope: Scope, code: str) -> str:
    """The name of an area as a link to its own overview; of the area shown the name alone."""
    own = escape(name(scope, code))
    return own if code == scope.area.code else f"<a href='{address(code)}' target='_self'>{own}</a>"


def address(code: str) -> str:
    """The overview of an area with everything else as it is chosen now."""
    chosen = st.session_state.get("choice")
    choice = chosen if isinstance(chosen, controls.Choice) else controls.Choice()
    return escape("?" + urlencode(controls.query(replace(choice, area=code))), quote=True)


def figure(scope: Scope, row: Row) -> str:
    """The value against the bound that it misses, with the cases that fall short."""
    indicator = data.indicators(scope.edition).get(row["indicator_id"] or "")
    count = row["rows"]
    if indicator is None or row["value"] is None:
        if count is None:
            return formats.NO_VALUE
        return f"<b>{formats.whole(count)}</b> {escape(unit(scope, row, count))}"
    limit = row["floor"] if row["rule"] == "floor" else row["target"]
    shown = as_figure(row, limit)
    holds = row["state"] in OPEN
    value = escape(formats.value(shown, indicator, scope.lang))
    pieces = [f"<b class='sw-bad'>▼ {value}</b>" if holds else f"<b>{value}</b>"]
    if limit is not None:
        pieces.append(escape(bound(scope, indicator, limit, is_floor=row["rule"] == "floor")))
    small = [formats.fraction(shown, indicator, scope.lang), formats.period("month", row["period_start"], scope.lang)]
    if count:
        small.insert(1, t(scope, "attention_short", n=formats.whole(count)))
    if interval := formats.interval(shown):
        small.insert(1, f"{t(scope, 'interval_short')} {interval}")
    return f"{' '.join(pieces)}<div class='sw-line'>{escape(' · '.join(piece for piece in small if piece))}</div>"


def unit(scope: Scope, row: Row, count: int) -> str:
    """What the rows of a line are: tickets, vetoes."""
    words = t(scope, f"rows_{row['subject']}", default="")
    return t(scope, f"rows_{row['subject']}_one", default=words) if count == 1 else words


def bound(scope: Scope, indicator: Indicator, limit: float, *, is_floor: bool = False) -> str:
    """The target or the floor in words."""
    if not is_floor:
        return parts.goal_in_words(scope, indicator, limit)
    return t(scope, "floor_is", target=formats.of_target(indicator, limit, scope.lang))


def as_figure(row: Row, limit: float | None) -> Figure:
    """The figure of a line, which misses its limit."""
    return Figure(
        row["indicator_id"], 0, "month", row["period_start"], row["area_level"], row["area_code"], "all", "all",
        row["numerator"], row["denominator"], None, None, row["value"], row["lower"], row["upper"], limit, "missed", None, "",
    )  # fmt: skip


def due(scope: Scope, row: Row) -> str:
    """The day, and how far off it is."""
    if row["due_on"] is None:
        return formats.NO_VALUE
    days = (row["due_on"] - controls.data_cut(scope.edition)).days
    if row["state"] not in OPEN:
        said = ""
    elif days < 0:
        said = f"<span class='sw-bad'>▼ {escape(t(scope, 'attention_overdue', n=-days))}</span>"
    else:
        said = escape(t(scope, "attention_left_days", n=days))
    return f"{row['due_on'].isoformat()}<div class='sw-line'>{said}</div>"


def state(scope: Scope, row: Row) -> str:
    """The state and since when; why a line was closed."""
    standing = str(row["state"])
    day = {"mended": row["mended_on"], "closed": row["closed_on"], "reopened": row["reopened_on"]}.get(standing)
    since = t(scope, "attention_since", month=formats.period("month", day or row["opened_on"], scope.lang))
    if standing == "closed" and row["closed_because"]:
        since += " · " + t(scope, f"because_{row['closed_because']}", default=str(row["closed_because"]))
    return f"{escape(t(scope, f'state_{standing}', default=standing))}<div class='sw-line'>{escape(since)}</div>"
