"""How many matters come in, how fast and how well are they handled, and what is late?"""

from html import escape

import streamlit as st

from dashboards import breakdowns, data, exports, formats, lead, parts
from dashboards.controls import Scope

scope: Scope = st.session_state["scope"]
GROUPS = {
    "group_volume": ["T01", "T11", "T12", "T15"],
    "group_outcome": ["T02", "T05", "T06", "T07"],
    "group_speed": ["T03", "T04", "T13", "T14", "T19"],
}
found = parts.readings(scope, [i for ids in GROUPS.values() for i in ids])
parts.headline(scope, parts.t(scope, "title_tickets"), lead.tickets(scope, found))
for group, ids in GROUPS.items():
    st.subheader(parts.t(scope, group), anchor=False)
    parts.tiles(scope, [found[i] for i in ids if i in found], columns=len([i for i in ids if i in found]) or 1)

left, right = st.columns(2, gap="medium")
with left:
    breakdowns.volume(scope, found.get("T01"))
with right:
    backlog = [found[i] for i in ("T11", "T12") if i in found]
    if backlog:
        parts.trend(
            scope,
            backlog,
            ["context", "accent"],
            parts.t(scope, "backlog_title"),
            "backlog",
            from_zero=True,
            note=parts.t(scope, "backlog_note"),
        )
left, right = st.columns(2, gap="medium")
with left:
    breakdowns.by_member(scope, "channel", parts.t(scope, "channels_title"))
with right:
    breakdowns.by_member(scope, "category_1", parts.t(scope, "categories_title"))

rates = [i for i in ("T02", "T03", "T05", "T06", "T04") if i in found]
if rates:
    st.segmented_control(
        parts.t(scope, "measure"),
        rates,
        default=rates[0],
        key="tickets_measure",
        required=True,
        format_func=lambda i: parts.label(scope, found[i].indicator),
    )
    measure = st.session_state["tickets_measure"] or rates[0]
    left, right = st.columns(2, gap="medium")
    with left:
        parts.child_dots(
            scope,
            measure,
            "ticket_dots",
            parts.t(scope, "dots_title", name=parts.label(scope, found[measure].indicator)),
        )
    with right:
        parts.trend(
            scope,
            [found[measure]],
            ["accent"],
            parts.t(scope, "history_title", name=parts.label(scope, found[measure].indicator)),
            "measure",
        )
    parts.shortfalls(scope, measure, "tickets_short")

total, rows = data.overdue(scope.edition, scope.area.level, scope.area.code, 200)
parts.section(
    scope,
    parts.t(scope, "overdue_title"),
    ["T12"],
    "overdue",
    parts.t(scope, "overdue_note", n=formats.whole(total), shown=len(rows)),
)
if rows:
    areas = data.areas(scope.edition)

    def place(row: data.Row) -> str:
        """The community of a ticket, else its street, else that it lies in neither."""
        area = areas.get(row["community_code"]) or areas.get(row["street_code"])
        return formats.name(area.name, scope.lang) if area else parts.t(scope, "not_located")

    def member(value: str | None) -> str:
        """The name of a channel or category; one that the data invented as it is."""
        return parts.t(scope, f"member_{value}", default=value or "")

    def whole_list() -> list[list[exports.Cell]]:
        """Every open ticket past its deadline, not only those on the page."""
        names = ("ticket_id", "days_overdue", "area", "handling_unit", "category_1", "channel", "due_on", "accepted_on")
        found = data.overdue(scope.edition, scope.area.level, scope.area.code, 100_000)[1]
        told = [
            {**r, "area": place(r), "category_1": member(r["category_1"]), "channel": member(r["channel"])}
            for r in found
        ]
        return [[r[name] for name in names] for r in told]

    st.dataframe(
        [
            {
                parts.t(scope, "ticket"): row["ticket_id"],
                parts.t(scope, "days_overdue"): row["days_overdue"],
                parts.t(scope, "area"): place(row),
                parts.t(scope, "handling_unit"): row["handling_unit"],
                parts.t(scope, "category"): member(row["category_1"]),
                parts.t(scope, "channel"): member(row["channel"]),
                parts.t(scope, "due_on"): row["due_on"],
                parts.t(scope, "accepted_on"): row["accepted_on"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(420, 38 + 35 * len(rows)),
        alt=escape(parts.t(scope, "overdue_title")),
    )
    heads = ("ticket", "days_overdue", "area", "handling_unit", "category", "channel", "due_on", "accepted_on")
    forms = {"days_overdue": "count", "due_on": "date", "accepted_on": "date"}
    exports.offer(
        scope,
        "overdue",
        parts.t(scope, "overdue_title"),
        [exports.Column(parts.t(scope, head), forms.get(head, "text")) for head in heads],
        whole_list,
        ["T12"],
    )
else:
    parts.calm(parts.t(scope, "overdue_none"))
