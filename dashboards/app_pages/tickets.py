"""How many matters come in, how fast and how well are they handled, and what is late?"""

import streamlit as st

from dashboards import backlog_tree, breakdowns, controls, headings, lead, parts, ticket_parts
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
GROUPS = ("outcome", "speed", "late", "where", "volume", "kinds")
RATES: tuple[str, ...] = ("T03", "T02", "T05", "T06", "T04")
FIRST = ("T01", "T03", "T05", "T12")
VOLUME, SPEED, LATE = ("T10", "T17", "T18"), ("T04", "T13", "T14", "T19"), ("T11", "T15")
found = parts.readings(scope, [*FIRST, *VOLUME, *SPEED, *LATE, *ticket_parts.CLAIMED])


def tiles(ids: tuple[str, ...]) -> None:
    """The tiles of those that have any figure."""
    if items := ticket_parts.known(found, ids):
        parts.tiles(scope, items, columns=len(items))


def outcome() -> None:
    """What handlers claim and what residents answer."""
    left, right = st.columns([7, 5], gap="medium")
    with left:
        ticket_parts.claimed(scope, found)
    with right:
        if gaps := ticket_parts.known(found, ("T08", "T09")):
            note = t(scope, "gap_note")
            parts.trend(scope, gaps, ["accent", "context"], t(scope, "gap_title"), "gap", from_zero=True, note=note)


def speed() -> None:
    """In time, and in how many hours."""
    tiles(SPEED)
    left, right = st.columns(2, gap="medium")
    with left:
        if rates := ticket_parts.known(found, ("T03", "T04")):
            title, note = t(scope, "in_time_title"), t(scope, "in_time_note")
            parts.trend(scope, rates, ["accent", "context"], title, "in_time", note=note)
    with right:
        if times := ticket_parts.known(found, ("T14", "T13")):
            title, note = t(scope, "times_title"), t(scope, "times_note")
            parts.trend(scope, times, ["context", "accent"], title, "times", from_zero=True, note=note)


def late() -> None:
    """What is open, for how long, and who holds what is overdue."""
    tiles(LATE)
    left, right = st.columns(2, gap="medium")
    with left:
        ticket_parts.ages(scope)
    with right:
        if backlog := ticket_parts.known(found, ("T11", "T12")):
            title, note = t(scope, "backlog_title"), t(scope, "backlog_note")
            parts.trend(scope, backlog, ["context", "accent"], title, "backlog", from_zero=True, note=note)
    left, right = st.columns(2, gap="medium")
    with left:
        ticket_parts.holders(scope)
    with right:
        ticket_parts.open_below(scope)
    backlog_tree.show(scope)
    ticket_parts.overdue_list(scope)


def where() -> None:
    """Which areas fall short of which target."""
    options = {i: parts.label(scope, found[i].indicator) for i in RATES if i in found}
    if not options:
        return
    measure = controls.choose(scope, "measure", options, next(iter(options)), label=t(scope, "measure"), few=True)
    left, right = st.columns(2, gap="medium")
    with left:
        parts.child_dots(scope, measure, "ticket_dots", t(scope, "dots_title", name=options[measure]))
    with right:
        parts.trend(scope, [found[measure]], ["accent"], t(scope, "history_title", name=options[measure]), "measure")
    parts.shortfalls(scope, measure, "tickets_short")


def volume() -> None:
    """How many came, by period."""
    tiles(VOLUME)
    breakdowns.volume(scope, found.get("T01"))


def kinds() -> None:
    """By which way they came, what they are about, and what no rate counts."""
    options = {key: t(scope, key) for key in ("channel", "category_1")}
    chosen = controls.choose(scope, "dimension", options, "channel", label=t(scope, "kinds_by"), few=True)
    ticket_parts.kinds(scope, chosen)
    ticket_parts.exclusions(scope, found)


SHOW = {"outcome": outcome, "speed": speed, "late": late, "where": where, "volume": volume, "kinds": kinds}

parts.headline(scope, t(scope, "title_tickets"), lead.tickets(scope, found))
ticket_parts.undecided(scope, found)
tiles(FIRST)
groups = {name: t(scope, f"group_{name}") for name in GROUPS} | {"all": t(scope, "group_all")}
group = controls.choose(scope, "group", groups, GROUPS[0], label=t(scope, "group_label"), few=True)
for name in GROUPS if group == "all" else (group,):
    if group == "all":
        headings.group(scope, name)
    SHOW[name]()
