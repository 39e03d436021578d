"""How many matters come in, how fast and how well are they handled, and what is late?"""

import streamlit as st

from dashboards import breakdowns, controls, headings, lead, parts, ticket_parts
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
GROUPS = ("volume", "speed", "outcome", "late", "where", "kinds")
RATES: tuple[str, ...] = ("T03", "T02", "T05", "T06", "T04")
VOLUME, SPEED, LATE = ("T01", "T10", "T17", "T18"), ("T03", "T04", "T13", "T14", "T19"), ("T11", "T12", "T15")
found = parts.readings(scope, [*VOLUME, *SPEED, *LATE, *ticket_parts.CLAIMED])


def tiles(ids: tuple[str, ...]) -> None:
    """The tiles of those that have any figure."""
    if items := ticket_parts.known(found, ids):
        parts.tiles(scope, items, columns=len(items))


parts.headline(scope, t(scope, "title_tickets"), lead.tickets(scope, found))
ticket_parts.undecided(scope, found)
headings.jumps(scope, GROUPS)

headings.group(scope, "volume")
tiles(VOLUME)
breakdowns.volume(scope, found.get("T01"))

headings.group(scope, "speed")
tiles(SPEED)
left, right = st.columns(2, gap="medium")
with left:
    if rates := ticket_parts.known(found, ("T03", "T04")):
        parts.trend(
            scope, rates, ["accent", "context"], t(scope, "in_time_title"), "in_time", note=t(scope, "in_time_note")
        )
with right:
    if times := ticket_parts.known(found, ("T14", "T13")):
        parts.trend(
            scope,
            times,
            ["context", "accent"],
            t(scope, "times_title"),
            "times",
            from_zero=True,
            note=t(scope, "times_note"),
        )

headings.group(scope, "outcome")
left, right = st.columns([7, 5], gap="medium")
with left:
    ticket_parts.claimed(scope, found)
with right:
    if gaps := ticket_parts.known(found, ("T08", "T09")):
        parts.trend(
            scope, gaps, ["accent", "context"], t(scope, "gap_title"), "gap", from_zero=True, note=t(scope, "gap_note")
        )

headings.group(scope, "late")
tiles(LATE)
left, right = st.columns(2, gap="medium")
with left:
    ticket_parts.ages(scope)
with right:
    if backlog := ticket_parts.known(found, ("T11", "T12")):
        parts.trend(
            scope,
            backlog,
            ["context", "accent"],
            t(scope, "backlog_title"),
            "backlog",
            from_zero=True,
            note=t(scope, "backlog_note"),
        )
left, right = st.columns(2, gap="medium")
with left:
    ticket_parts.holders(scope)
with right:
    ticket_parts.open_below(scope)
ticket_parts.overdue_list(scope)

headings.group(scope, "where")
if options := {i: parts.label(scope, found[i].indicator) for i in RATES if i in found}:
    measure = controls.choose(scope, "measure", options, next(iter(options)), label=t(scope, "measure"), few=True)
    left, right = st.columns(2, gap="medium")
    with left:
        parts.child_dots(scope, measure, "ticket_dots", t(scope, "dots_title", name=options[measure]))
    with right:
        parts.trend(scope, [found[measure]], ["accent"], t(scope, "history_title", name=options[measure]), "measure")
    parts.shortfalls(scope, measure, "tickets_short")

headings.group(scope, "kinds")
kinds = {key: t(scope, key) for key in ("channel", "category_1")}
ticket_parts.kinds(scope, controls.choose(scope, "dimension", kinds, "channel", label=t(scope, "kinds_by"), few=True))
ticket_parts.exclusions(scope, found)
