"""The sections of the page of tickets: claimed against confirmed, ages of what is open, kinds of matters, exclusions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from dashboards import data, exports, formats, parts, rows, ticket_data
from dashboards.breakdowns import member_name
from dashboards.controls import Scope
from dashboards.parts import Reading, t

#: What handlers claim, what residents answer, what came back, and how many were asked; with the colour of each bar.
CLAIMED = {"T02": "sw-context", "T05": "", "T06": "", "T08": "sw-due", "T09": "sw-context", "T07": "sw-context"}
#: The bands of marts.backlog_ages: days since acceptance, the last without an end.
BANDS: tuple[tuple[int, int | None], ...] = ((0, 3), (4, 7), (8, 15), (16, 30), (31, None))


def known(found: Mapping[str, Reading], ids: tuple[str, ...]) -> list[Reading]:
    """The readings that have any figure: a source that never tells departments has no share of them, ever."""
    return [found[i] for i in ids if i in found and found[i].history]


def undecided(scope: Scope, found: Mapping[str, Reading]) -> None:
    """What the resolution rate can still become while tickets of the period are open and not yet due."""
    item = found.get("T02")
    limits = ticket_data.bounds(scope.edition, scope.grain, scope.start, scope.area.level, scope.area.code).get("T02")
    if item is None or item.now is None or limits is None:
        return
    worst, best, target = limits["worst"], limits["best"], item.now.target
    verdict = ""
    if target is not None:
        goal = formats.of_target(item.indicator, target, scope.lang)
        standing = "safe" if worst >= target else "lost" if best < target else "open"
        said = escape(t(scope, f"bounds_{standing}", target=goal))
        verdict = f"<span class='sw-bad'>▼ {said}</span>" if standing == "lost" else said
    sentence = escape(
        t(
            scope,
            "bounds_line",
            n=formats.whole(limits["pending"]),
            name=formats.name(item.indicator.name, scope.lang),
            worst=formats.percent(worst, target, met=worst >= target if target is not None else None),
            best=formats.percent(best, target, met=best >= target if target is not None else None),
        )
    )
    st.html(f"<div class='sw-calm'>◌ {sentence}{verdict}</div>")


def claimed(scope: Scope, found: Mapping[str, Reading]) -> None:
    """What handlers report, what residents answer, and of how many nobody knows: each bar on its own cases."""
    items = known(found, tuple(CLAIMED))
    ids = [item.indicator.indicator_id for item in items]
    parts.section(scope, t(scope, "claimed_title"), ids, "claimed", t(scope, "claimed_note"))
    limits = ticket_data.bounds(scope.edition, scope.grain, scope.start, scope.area.level, scope.area.code)
    lines = [_claim(scope, item, limits) for item in items if item.now is not None and item.now.value is not None]
    if not lines:
        st.info(t(scope, "nothing_to_draw"))
        return
    rows.show(lines)
    answered = found["T07"].now if "T07" in found else None
    if answered is not None and answered.value is not None:
        st.caption(t(scope, "claimed_unknown", share=formats.percent(1 - answered.value)))


def _claim(scope: Scope, item: Reading, limits: Mapping[str, data.Row]) -> str:
    indicator, figure = item.indicator, item.now
    if figure is None or figure.value is None:
        return ""
    indicator_id = indicator.indicator_id
    bound = limits.get(indicator_id)
    unknown = 1 - figure.value if indicator_id == "T07" else bound["best"] - figure.value if bound else 0.0
    missed = figure.status == "missed"
    goal = ""
    if figure.target is not None:
        goal = t(
            scope, "in_brackets", text=t(scope, "goal", target=formats.of_target(indicator, figure.target, scope.lang))
        )
    mark = "▼ " if missed else "◌ " if figure.status == "provisional" else ""
    pieces = (formats.fraction(figure, indicator, scope.lang), formats.interval(figure))
    paint = "sw-missed" if missed else CLAIMED[indicator_id]
    return rows.line(
        t(scope, f"claimed_{indicator_id}"),
        parts.label(scope, indicator) + goal,
        rows.bar([(figure.value, paint), (unknown, "sw-hatched")], figure.target),
        mark + formats.value(figure, indicator, scope.lang),
        " · ".join(piece for piece in pieces if piece),
        "sw-bad" if missed else "",
    )


def ages(scope: Scope) -> None:
    """How long the open tickets have waited at the data cut, and how many of each age are past their deadline."""
    bands = {row["from_days"]: row for row in ticket_data.ages(scope.edition, scope.area.level, scope.area.code)}
    total = sum(row["opened"] for row in bands.values())
    cut = data.as_of(scope.edition).get("tickets")
    note = t(scope, "ages_note", day=formats.day(cut[1], scope.lang), n=formats.whole(total)) if cut and bands else ""
    parts.section(scope, t(scope, "ages_title"), ["T11", "T12"], "ages", note)
    if not bands:
        st.info(t(scope, "ages_none"))
        return
    longest = max(row["opened"] for row in bands.values())
    lines: list[str] = []
    for first, last in BANDS:
        row = bands.get(first)
        opened, late = (row["opened"], row["overdue"]) if row else (0, 0)
        name = t(scope, "age_over", n=first - 1) if last is None else t(scope, "age_band", first=first, last=last)
        oldest = t(scope, "age_oldest", n=formats.whole(row["oldest_days"])) if row and last is None else ""
        drawn = rows.bar([(late / longest, ""), ((opened - late) / longest, "sw-due")], whole=False)
        lines.append(
            rows.line(
                name, oldest, drawn, formats.whole(opened), t(scope, "age_late", n=formats.whole(late)) if late else ""
            )
        )
    rows.show(lines)
    rows.keys([("paid", t(scope, "age_key_late")), ("due", t(scope, "age_key_open"))])


def holders(scope: Scope, limit: int = 8) -> None:
    """Which units hold what is past its deadline: counts, for whoever has to ask them."""
    units, found = ticket_data.holders(scope.edition, scope.area.level, scope.area.code, limit)
    parts.section(scope, t(scope, "holders_title"), ["T12"], "holders", t(scope, "holders_note"))
    if not found:
        parts.calm(t(scope, "overdue_none"))
        return
    body = [
        [
            escape(row["handling_unit"] or t(scope, "member_unknown")),
            f"<b>{formats.whole(row['tickets'])}</b>",
            formats.whole(row["long"]),
            t(scope, "overdue_days_n", n=formats.whole(row["longest"])),
        ]
        for row in found
    ]
    head = [(t(scope, "handling_unit"), "")]
    head += [(t(scope, key), "sw-num") for key in ("open_overdue", "overdue_long", "overdue_longest")]
    st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")
    if units > len(found):
        st.caption(t(scope, "holders_more", n=units - len(found)))


def open_below(scope: Scope) -> None:
    """What is open in each area one rung below, in the order of the areas: counts rank nobody."""
    kids = parts.children(scope)
    if not kids:
        return
    found = ticket_data.open_at_level(scope.edition, kids[0].level)
    shown = [(formats.name(area.name, scope.lang), found[area.code]) for area in kids if area.code in found]
    parts.section(scope, t(scope, "open_below_title"), ["T11", "T12"], "open_below", t(scope, "open_below_note"))
    if not shown:
        st.info(t(scope, "ages_none"))
        return
    if scope.area.level == "city" and "unlocated" in found:
        shown.append((t(scope, "open_not_placed"), found["unlocated"]))
    body = [
        [
            escape(name),
            f"<b>{formats.whole(row['opened'])}</b>",
            *(formats.whole(row[k]) for k in ("overdue", "oldest")),
        ]
        for name, row in shown
    ]
    head = [(t(scope, "area"), "")]
    head += [(t(scope, key), "sw-num") for key in ("open_open", "open_overdue", "open_oldest")]
    with st.container(height=420 if len(body) > 10 else "content", border=False):
        st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")


def kinds(scope: Scope, dimension: str) -> None:
    """Tickets by channel or category: how many, how they were handled, how long it took, what is late."""
    catalogue = data.indicators(scope.edition)
    ids = tuple(i for i in ("T01", "T02", "T03", "T05", "T13", "T12") if i in catalogue)
    parts.section(scope, t(scope, f"kinds_{dimension}"), ids, "kinds", t(scope, "kinds_note"))
    found = data.members(scope.edition, ids, scope.grain, scope.start, scope.area.level, scope.area.code, dimension)
    if not found:
        st.info(t(scope, "nothing_to_draw"))
        return

    def size(member: str) -> float:
        figure = found[member].get("T01")
        return (figure.value if figure else None) or 0.0

    total = sum(map(size, found)) or 1.0
    largest = max(map(size, found)) or 1.0
    lines: list[list[str]] = []
    for member in sorted(found, key=lambda m: (-size(m), m)):
        cells = [
            escape(member_name(scope, member)),
            f"<span class='sw-track' style='display:block'><span class='sw-bar' "
            f"style='width:{100 * size(member) / largest:.1f}%'></span></span>",
            f"{formats.whole(size(member))}<div class='sw-line'>{formats.percent(size(member) / total)}</div>",
        ]
        for indicator_id in ids[1:]:
            figure, indicator = found[member].get(indicator_id), catalogue[indicator_id]
            missed = figure is not None and figure.status == "missed"
            mark = "▼ " if missed else "◌ " if figure is not None and figure.status == "provisional" else ""
            shown = mark + formats.value(figure, indicator, scope.lang, unit=False)
            small = ""
            if figure is not None and indicator.kind != "count":
                small = "<br>".join(
                    escape(text)
                    for text in (formats.fraction(figure, indicator, scope.lang), formats.interval(figure))
                    if text
                )
            cells.append(
                f"<span class='{'sw-bad' if missed else ''}'>{escape(shown)}</span><div class='sw-line'>{small}</div>"
            )
        lines.append(cells)
    narrow = {"T02", "T13", "T12"}
    head = [(t(scope, dimension), ""), ("", "sw-wide"), (t(scope, "received"), "sw-num")]
    head += [(t(scope, f"kinds_{i}"), "sw-num sw-wide" if i in narrow else "sw-num") for i in ids[1:]]
    st.html(f"<div class='sw-top sw-fit'>{parts.table(head, lines)}</div>")


def exclusions(scope: Scope, found: Mapping[str, Reading]) -> None:
    """What the rates leave out and why, and what they would be with it."""
    reasons = ticket_data.exclusions(scope.edition, scope.grain, scope.start, scope.area.level, scope.area.code)
    volume = found["T01"].now if "T01" in found else None
    left_out = sum(row["tickets"] for row in reasons)
    everything = left_out + ((volume.value if volume else None) or 0)
    share = formats.percent(left_out / everything) if everything else formats.NO_VALUE
    note = t(scope, "exclusions_note", n=formats.whole(left_out), share=share) if reasons else ""
    ids = [i for i in ("T01", "T02", "T03", "T18") if i in found]
    parts.section(scope, t(scope, "exclusions_title"), ids, "exclusions", note)
    if not reasons:
        parts.calm(t(scope, "exclusions_none"))
        return
    left, right = st.columns(2, gap="medium")
    with left:
        most = reasons[0]["tickets"]
        body = [
            [
                escape(t(scope, f"exclusion_{row['exclusion_code']}", default=row["exclusion_code"])),
                f"<span class='sw-track' style='display:block'><span class='sw-bar sw-bar-quiet' "
                f"style='width:{100 * row['tickets'] / most:.1f}%'></span></span>",
                f"<b>{formats.whole(row['tickets'])}</b>",
                formats.percent(row["tickets"] / everything),
            ]
            for row in reasons
        ]
        head = [(t(scope, "reason"), ""), ("", "sw-wide"), (t(scope, "excluded_tickets"), "sw-num")]
        st.html(parts.table([*head, (t(scope, "excluded_share"), "sw-num")], body))
    with right:
        before = ticket_data.before_exclusions(
            scope.edition, scope.grain, scope.start, scope.area.level, scope.area.code
        )
        body = []
        for indicator_id in ("T02", "T03"):
            item, raw = found.get(indicator_id), before.get(indicator_id)
            if item is None or item.now is None or item.now.value is None or raw is None or raw["value"] is None:
                continue
            gap = f"{100 * (item.now.value - raw['value']):+.1f} {t(scope, 'points')}".replace("-", "−")
            body.append(
                [
                    escape(parts.label(scope, item.indicator)),
                    f"<b>{escape(formats.value(item.now, item.indicator, scope.lang))}</b>"
                    f"<div class='sw-line'>{escape(formats.fraction(item.now, item.indicator, scope.lang))}</div>",
                    f"{formats.percent(raw['value'])}<div class='sw-line'>"
                    f"{formats.whole(raw['numerator'])} / {formats.whole(raw['denominator'])}</div>",
                    escape(gap),
                ]
            )
        if body:
            head = [(t(scope, "indicator"), "")]
            head += [(t(scope, key), "sw-num") for key in ("excluded_published", "excluded_before", "excluded_gap")]
            st.html(f"<div class='sw-fit'>{parts.table(head, body)}</div>")


def overdue_list(scope: Scope, limit: int = 200) -> None:
    """The open tickets past their deadline, the longest overdue first."""
    total, late = data.overdue(scope.edition, scope.area.level, scope.area.code, limit)
    note = t(scope, "overdue_note", n=formats.whole(total), shown=len(late)) if late else ""
    parts.section(scope, t(scope, "overdue_title"), ["T12"], "overdue", note)
    if not late:
        parts.calm(t(scope, "overdue_none"))
        return
    areas = data.areas(scope.edition)

    def place(row: data.Row) -> str:
        """The community of a ticket, else its street, else that it lies in neither."""
        area = areas.get(row["community_code"]) or areas.get(row["street_code"])
        return formats.name(area.name, scope.lang) if area else t(scope, "not_located")

    columns = {
        "ticket": "text", "days_overdue": "count", "area": "text", "handling_unit": "text", "category": "text",
        "channel": "text", "due_on": "date", "accepted_on": "date",
    }  # fmt: skip

    def told(row: data.Row) -> list[exports.Cell]:
        kind, way = (member_name(scope, row[name] or "") for name in ("category_1", "channel"))
        who = (row["ticket_id"], row["days_overdue"], place(row), row["handling_unit"])
        return [*who, kind, way, row["due_on"], row["accepted_on"]]

    def whole_list() -> list[list[exports.Cell]]:
        """Every open ticket past its deadline, not only those on the page."""
        return [told(row) for row in data.every_overdue(scope.edition, scope.area.level, scope.area.code, 100_000)]

    titles = [t(scope, name) for name in columns]
    st.dataframe(
        [dict(zip(titles, told(row), strict=True)) for row in late],
        hide_index=True,
        height=min(420, 38 + 35 * len(late)),
        alt=t(scope, "overdue_title"),
    )
    heads = [exports.Column(title, form) for title, form in zip(titles, columns.values(), strict=True)]
    exports.offer(scope, "overdue", t(scope, "overdue_title"), heads, whole_list, ["T12"])
