"""The pieces of the page of funding: its lead, the curve of the year, tables of money, the floor, closed years."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboards import controls, data, exports, formats, funding_charts, funds, parts, places
from dashboards.controls import Scope
from dashboards.data import Area, Figure, Indicator
from dashboards.funds import Line, Part
from dashboards.parts import Reading, bad, strong, t

_COLOURS = {"F02": "ink", "F05": "accent", "F03": "accent"}
_KINDS = {"F02": "received", "F05": "committed", "F03": "paid"}
_WORDS = {"F02": "received_money", "F05": "committed", "F03": "paid"}
_LINE_IDS = ("F01", "F02", "F03", "F04", "F05", "F06", "F07")
_ROWS = 120


def part_name(scope: Scope, part: Part) -> str:
    """What a fund or type of spending is called; an unknown one as it is."""
    if part == funds.ALL:
        return t(scope, "part_all")
    own = t(scope, f"member_{part.member}", default=part.member)
    return t(scope, "type_service") if (part.dimension, part.member) == ("spending_type", "service") else own


def choose_part(scope: Scope) -> Part:
    """All money, a fund or a type of spending; the choice is in the address as `part`."""
    options = {funds.ALL.token: (funds.ALL, t(scope, "part_all"))}
    for dimension, order in (("fund", funds.FUNDS), ("spending_type", funds.TYPES)):
        for member in funds.members(scope, dimension, order):
            part = Part(dimension, member)
            options[part.token] = (part, t(scope, f"part_{dimension}", name=part_name(scope, part)))
    shown = {token: name for token, (_, name) in options.items()}
    with st.container(width=340):
        return options[controls.choose(scope, "part", shown, funds.ALL.token, label=t(scope, "part_label"))][0]


def _section(
    scope: Scope,
    title: str,
    figures: Sequence[tuple[Indicator, Figure | None, str]],
    key: str,
    note: str,
    table: str = "",
) -> None:
    """A heading whose button opens the passports of those figures, each with what it is of, and numbers as a table."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.subheader(formats.plain(title), anchor=False, width="content")
        if figures:
            with st.popover(t(scope, "definition_button"), type="tertiary", key=f"about_{key}"):
                st.html(parts.about_html(scope, figures, table))
    if note:
        st.caption(formats.plain(note))


def _figures(scope: Scope, part: Part, ids: Sequence[str]) -> list[tuple[Indicator, Figure | None, str]]:
    """The figures of a part of the money that a section rests on."""
    when = scope.when if part == funds.ALL else f"{scope.when} · {part_name(scope, part)}"
    return [(item.indicator, item.now, when) for item in funds.readings(scope, ids, part).values()]


def _points(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _mark(verdict: str | None) -> str:
    return "▼ " if verdict == "missed" else "◌ " if verdict == "provisional" else ""


def _distance(scope: Scope, value: float, verdict: str | None) -> str:
    """'2.0 points behind schedule', red with its mark where the edition calls it a miss (ready HTML)."""
    said = t(scope, "behind_schedule" if value < 0 else "ahead_schedule", n=f"{abs(value):.1f}")
    return bad(said) if verdict == "missed" else strong(said)


def lead(scope: Scope) -> str:
    """What arrived, what is spent, how that compares with the year, and who is behind or below the floor."""
    now = {i: item.now for i, item in funds.readings(scope, ("F01", "F02", "F03", "F06"), funds.ALL).items()}
    budget, received, paid, gap = (now.get(i) for i in ("F01", "F02", "F03", "F06"))
    if budget is None or budget.value is None:
        return escape(t(scope, "nothing_to_draw"))
    place = t(scope, "lead_city") if scope.area.level == "city" else scope.place
    said = t(
        scope,
        "lead_budget",
        when=escape(scope.when),
        place=escape(place),
        n=strong(formats.money(budget.value, scope.lang)),
    )
    known = [f for f in (received, paid, gap) if f is not None and f.value is not None]
    if len(known) < 3:
        return said + t(scope, "full_stop")
    shares = [f.value or 0.0 for f in known]
    distance = _distance(scope, shares[2], known[2].status)
    target = known[2].target
    if target is not None:
        distance = t(scope, "tolerated", gap=distance, n=f"{abs(target):g}")
    said += t(
        scope,
        "lead_pace",
        received=strong(formats.percent(shares[0])),
        paid=strong(formats.percent(shares[1])),
        share=formats.percent(funds.elapsed(scope, funds.stock_day(scope, scope.grain, scope.start))),
        gap=distance,
    )
    running = t(scope, "lead_running") if known[2].status == "provisional" else ""
    return said + running + _lead_funds(scope) + _lead_communities(scope)


def _lead_funds(scope: Scope) -> str:
    found = data.members(scope.edition, ("F06",), scope.grain, scope.start, scope.area.level, scope.area.code, "fund")
    missed = [
        t(scope, "lead_fund", name=escape(part_name(scope, Part("fund", m))), n=bad(_points(f["F06"].value or 0.0)))
        for m, f in found.items()
        if f["F06"].status == "missed"
    ]
    return t(scope, "lead_funds_behind", names=t(scope, "comma").join(missed)) if missed else ""


def _lead_communities(scope: Scope) -> str:
    if scope.area.level == "community":
        return ""
    inside = {area.code for area in parts.below(scope, "community")}
    said = ""
    judged = [f for c, f in _community(scope, "F06").items() if c in inside and f.value is not None]
    late = [f for f in judged if f.status == "missed"]
    if judged and late:
        said += t(scope, "lead_communities", all=len(judged), n=bad(len(late)))
    floor = [f for c, f in _community(scope, "F08").items() if c in inside and f.value is not None]
    short = [f for f in floor if (f.value or 0.0) < 1]
    if floor:
        said += t(scope, "lead_floor", n=bad(len(short))) if short else t(scope, "lead_floor_all")
    return said


def _community(scope: Scope, indicator_id: str) -> dict[str, Figure]:
    return data.at_level(scope.edition, indicator_id, scope.grain, scope.start, "community")


def tiles(scope: Scope, part: Part, ids: Sequence[str], columns: int) -> None:
    """The headline figures of one part of the money."""
    found = funds.readings(scope, ids, part)
    parts.tiles(scope, found.values(), columns=columns)


def year_curve(scope: Scope, part: Part) -> None:
    """Received, committed and paid through the fiscal year against the straight line of the schedule."""
    name = part_name(scope, part)
    steps = funds.year_so_far(scope, part)
    title = t(scope, "curve_title", name=name)
    about = _figures(scope, part, ("F02", "F05", "F03", "F06"))
    _section(scope, title, about, "curve", t(scope, "curve_note"), _steps_table(scope, steps))
    paces = []
    for indicator_id in funds.PACE:
        marks = tuple(
            funding_charts.Mark(
                step.day,
                100 * (figure.value or 0.0),
                formats.percent(figure.value or 0.0),
                f"{formats.money(figure.numerator or 0.0, scope.lang)} / {formats.money(figure.denominator or 0.0, scope.lang)}",
                figure.status == "provisional",
            )
            for step in steps
            if (figure := step.figures.get(indicator_id)) is not None
        )
        paces.append(
            funding_charts.Pace(_KINDS[indicator_id], t(scope, _WORDS[indicator_id]), _COLOURS[indicator_id], marks)
        )
    if not any(pace.marks for pace in paces):
        st.info(formats.plain(t(scope, "curve_empty", place=scope.place, name=name)))
        return
    last = steps[-1]
    schedule = f"{t(scope, 'schedule_short')} {formats.percent(last.elapsed)}"
    distance, verdict = funds.gap(scope, last.figures, last.elapsed)
    said = ""
    if distance is not None:
        said = f"{_mark(verdict)}{_points(distance)} {t(scope, 'points')}"
    words = {**parts.words(scope), "month_format": t(scope, "month_format"), "day": t(scope, "as_of")}
    spec = funding_charts.year_curve(
        paces,
        funds.fiscal_span(scope, last.day),
        (last.day, 100 * last.elapsed),
        schedule,
        (said, verdict == "missed"),
        words,
    )
    pieces = [f"{pace.name} {pace.marks[-1].shown}" for pace in paces if pace.marks]
    alt = t(
        scope,
        "curve_alt",
        day=formats.day(last.day, scope.lang),
        pieces=t(scope, "comma").join([*pieces, schedule, *([said] if said else [])]),
    )
    parts.draw(spec, f"{title} · {alt}", "curve")


def _steps_table(scope: Scope, steps: Sequence[funds.Step]) -> str:
    rows = []
    for step in reversed(steps):
        distance, verdict = funds.gap(scope, step.figures, step.elapsed)
        shown = [
            formats.percent(f.value)
            if (f := step.figures.get(i)) is not None and f.value is not None
            else formats.NO_VALUE
            for i in ("F02", "F05", "F03")
        ]
        rows.append([step.day.isoformat(), *shown, formats.percent(step.elapsed), _gap_cell(distance, verdict)])
    head = [(t(scope, "as_of"), ""), *((t(scope, _WORDS[i]), "sw-num") for i in ("F02", "F05", "F03"))]
    return parts.table([*head, (t(scope, "schedule_short"), "sw-num"), (t(scope, "gap_points"), "sw-num")], rows)


def _gap_cell(distance: float | None, verdict: str | None) -> str:
    if distance is None:
        return formats.NO_VALUE
    css = "sw-bad" if verdict == "missed" else ""
    return f"<span class='{css}'>{_mark(verdict)}{_points(distance)}</span>"


def multiples(scope: Scope, dimension: str, columns: int) -> None:
    """Every fund, or every type of spending, of the area as a small curve, all on one scale."""
    order = funds.FUNDS if dimension == "fund" else funds.TYPES
    found = [Part(dimension, member) for member in funds.members(scope, dimension, order)]
    drawn = [(part, steps) for part in found if (steps := funds.year_so_far(scope, part))]
    if not drawn:
        return
    shares = [f.value or 0.0 for _, steps in drawn for s in steps for i in ("F02", "F03") if (f := s.figures.get(i))]
    top = max(1.05, 1.02 * max(shares, default=1.0))
    about = [row for part, _ in drawn for row in _figures(scope, part, ("F02", "F03", "F06"))]
    note = t(scope, f"multiples_note_{dimension}", top=f"{100 * top:.0f}%")
    _section(scope, t(scope, f"multiples_{dimension}"), about, f"multiples_{dimension}", note)
    with st.grid(columns, min_column_width=150, gap="small"):
        for part, steps in drawn:
            _multiple(scope, part, steps, top)


def _multiple(scope: Scope, part: Part, steps: Sequence[funds.Step], top: float) -> None:
    last = steps[-1]
    distance, verdict = funds.gap(scope, last.figures, last.elapsed)
    paid, received = (
        [(s.elapsed, f.value or 0.0) for s in steps if (f := s.figures.get(i)) is not None] for i in ("F03", "F02")
    )
    figure = last.figures.get("F03")
    money = (
        [formats.money(value or 0.0, scope.lang) for value in (figure.denominator, figure.numerator)] if figure else []
    )
    name = part_name(scope, part)
    share = formats.percent(figure.value) if figure is not None and figure.value is not None else formats.NO_VALUE
    address = funding_charts.pace_spark(paid, received, top, verdict == "missed")
    alt = f"{name} {share} {_mark(verdict)}{_points(distance) if distance is not None else ''}"
    held = [t(scope, word, n=amount) for word, amount in zip(("budget_of", "paid_of"), money, strict=False)]
    base = "".join(f"<span>{escape(piece)}</span>" for piece in held)
    st.html(
        f"<div class='sw-mini'><span>{escape(name)}</span><b>{share}</b></div>"
        f"<div class='sw-mini sw-soft'><span>{escape(t(scope, 'gap_points'))}</span>{_gap_cell(distance, verdict)}</div>"
        f"<img class='sw-pacespark' alt='{escape(alt)}' src='{address}'>"
        f"<div class='sw-line sw-pieces'>{base}</div>"
    )


def _bars(scope: Scope, row: Line, top: float, share: float) -> str:
    """Received, committed and paid as three bars over each other, with a tick where the schedule stands."""
    if row.budget <= 0:
        return f"<span class='sw-soft'>{escape(t(scope, 'no_budget'))}</span>"
    drawn = "".join(
        f"<i class='sw-pace-{_KINDS[i]}' style='width:{100 * max(row.shares[i], 0.0) / top:.1f}%'></i>"
        for i in funds.PACE
        if i in row.shares
    )
    said = t(scope, "comma").join(
        f"{t(scope, _WORDS[i])} {formats.percent(row.shares[i])}" for i in funds.PACE if i in row.shares
    )
    return (
        f"<span class='sw-pace' role='img' title='{escape(said)}' aria-label='{escape(said)}'>{drawn}"
        f"<u style='left:{100 * share / top:.1f}%'></u></span>"
    )


def _keys(scope: Scope, share: float) -> str:
    return t(scope, "bar_keys", share=formats.percent(share))


def _named(scope: Scope, area: Area | None, elsewhere: str) -> str:
    """The name of an area with what lies above it inside the chosen one (ready HTML)."""
    if area is None:
        return f"<i>{escape(elsewhere)}</i>"
    above = places.above(scope, area)
    line = f"<div class='sw-line'>{escape(above)}</div>" if above else ""
    return escape(formats.name(area.name, scope.lang)) + line


def _shown(scope: Scope, row: Line, indicator_id: str) -> str:
    figure = row.figures.get(indicator_id)
    indicator = data.indicators(scope.edition).get(indicator_id)
    if figure is None or indicator is None:
        return formats.NO_VALUE
    return escape(formats.value(figure, indicator, scope.lang, unit=False))


def _money_table(
    scope: Scope, rows: Sequence[Line], elsewhere: str, extra: Sequence[tuple[str, str]], tall: bool
) -> str:
    """Areas with budget, bars, shares, the distance from the schedule and further figures (id, heading)."""
    areas = data.areas(scope.edition)
    share = funds.elapsed(scope, funds.stock_day(scope, scope.grain, scope.start))
    top = max([1.0, *(value for row in rows for value in row.shares.values())])
    with_commitments = any("F05" in row.shares for row in rows)
    body = []
    for row in rows:
        missing = funds.behind(row, share)
        cells = [
            f"<b>{escape(scope.place)}</b>"
            if row.code == scope.area.code
            else _named(scope, areas.get(row.code), elsewhere),
            formats.money(row.budget, scope.lang),
            _bars(scope, row, top, share),
            *(
                formats.percent(row.shares[i]) if i in row.shares else formats.NO_VALUE
                for i in (("F02", "F05") if with_commitments else ("F02",))
            ),
            formats.percent(row.shares["F03"]) if "F03" in row.shares else formats.money(row.paid, scope.lang),
            _gap_cell(row.gap, row.verdict),
            formats.money(missing, scope.lang) if row.gap is not None and row.gap < 0 else formats.NO_VALUE,
            *(_shown(scope, row, indicator_id) for indicator_id, _ in extra),
        ]
        body.append(cells)
    head = [
        (t(scope, "area"), ""),
        (t(scope, "budget"), "sw-num sw-wide"),
        (t(scope, "progress"), "sw-pacecell"),
        (t(scope, "received_money"), "sw-num sw-wide"),
        *([(t(scope, "committed"), "sw-num sw-wide")] if with_commitments else []),
        (t(scope, "paid"), "sw-num"),
        (t(scope, "gap_points"), "sw-num"),
        (t(scope, "short_of_schedule"), "sw-num sw-wide"),
        *((title, "sw-num sw-wide") for _, title in extra),
    ]
    drawn = parts.table(head, body)
    return f"<div class='sw-tall' tabindex='0'>{drawn}</div>" if tall else drawn


def rung(scope: Scope, part: Part) -> None:
    """The districts of the city or the streets of a district side by side, in the order of their codes."""
    kids = parts.children(scope)
    if not kids or kids[0].level == "community":
        return
    ids = (*_LINE_IDS, "F11", "F12") if part == funds.ALL else _LINE_IDS
    found = funds.lines(scope, kids[0].level, part, ids)
    share = funds.elapsed(scope, funds.stock_day(scope, scope.grain, scope.start))
    note = t(scope, "rung_note", keys=_keys(scope, share))
    about = _figures(scope, part, ids)
    _section(scope, t(scope, f"rung_title_{kids[0].level}"), about, "rung", note)
    if not found:
        st.info(t(scope, "nothing_to_draw"))
        return
    own = funds.readings(scope, ids, part)
    total = funds.line(scope, scope.area.code, {i: item.now for i, item in own.items() if item.now is not None})
    extra = [("F04", t(scope, "of_receipts")), ("F07", t(scope, "per_resident"))]
    extra += [("F11", t(scope, "co_funding")), ("F12", t(scope, "idle"))] if part == funds.ALL else []
    extra = [(i, title) for i, title in extra if any(i in row.figures for row in found.values())]
    rest = funds.remainder(scope, total, found.values())
    elsewhere = t(scope, "no_line_row" if kids[0].level == "district" else "above_row_street")
    st.html(_money_table(scope, [*found.values(), *([rest] if rest else []), total], elsewhere, extra, tall=False))


def communities(scope: Scope, part: Part) -> None:
    """The communities by their distance from the schedule, found by name; not a ranking."""
    if scope.area.level == "community":
        return
    share = funds.elapsed(scope, funds.stock_day(scope, scope.grain, scope.start))
    found = funds.lines(scope, "community", part, _LINE_IDS)
    areas = data.areas(scope.edition)
    inside = list(found.values())
    note = t(scope, "communities_note", keys=_keys(scope, share))
    _section(scope, t(scope, "communities_title"), _figures(scope, part, _LINE_IDS), "communities", note)
    if not inside:
        st.info(t(scope, "nothing_to_draw"))
        return
    own = funds.readings(scope, ("F01",), part)["F01"].now
    whole = (own.numerator if own else None) or 0.0
    held = sum(row.budget for row in inside)
    if whole - held > 0.005 * whole:
        said = t(
            scope,
            "communities_share",
            inside=formats.money(held, scope.lang),
            place=t(scope, "lead_city") if scope.area.level == "city" else scope.place,
            share=formats.percent(held / whole),
            above=formats.money(whole - held, scope.lang),
        )
        st.html(f"<div class='sw-line'>{escape(said)}</div>")
    label = t(scope, "search_community")
    wanted = (
        st.text_input(label, key="search_community", placeholder=label, label_visibility="collapsed", width=340) or ""
    ).strip()
    inside = [row for row in inside if _matches(scope, areas[row.code], wanted)]
    if not inside:
        st.html(f"<div class='sw-note' role='status'>{escape(t(scope, 'search_none', value=wanted[:60]))}</div>")
        return
    inside.sort(key=lambda row: (row.gap is None, row.gap or 0.0, row.code))
    st.html(
        _money_table(
            scope, inside[:_ROWS], "", [("F04", t(scope, "of_receipts")), ("F07", t(scope, "per_resident"))], tall=True
        )
    )
    if len(inside) > _ROWS:
        st.html(f"<div class='sw-line'>{escape(t(scope, 'rows_shown', all=len(inside), n=_ROWS))}</div>")
    catalogue = data.indicators(scope.edition)
    named = [(_path(scope, areas[row.code]), row.figures) for row in inside]
    lines = [(name, figures.get(i), catalogue[i]) for i in _LINE_IDS if i in catalogue for name, figures in named]
    exports.offer_figures(scope, "communities", t(scope, "communities_title"), lines)


def _path(scope: Scope, area: Area) -> str:
    """The name of a community and of what it lies in."""
    return " · ".join(piece for piece in (formats.name(area.name, scope.lang), places.above(scope, area)) if piece)


def _matches(scope: Scope, area: Area, wanted: str) -> bool:
    told = " ".join((*area.name, places.above(scope, area), area.code)).casefold()
    return all(word in told for word in wanted.casefold().split())


def floor(scope: Scope) -> None:
    """The communities whose operating or service budget is below the floor, with what each still misses."""
    if scope.area.level == "community" or "F08" not in data.indicators(scope.edition):
        return
    inside = {area.code: area for area in parts.below(scope, "community")}
    judged = [f for code, f in _community(scope, "F08").items() if code in inside and f.value is not None]
    short = sorted((f.area_code for f in judged if (f.value or 0.0) < 1), key=lambda code: inside[code].path)
    least = next((row["value"] for row in data.standards(scope.edition) if row["standard"] == "fund_floor"), None)
    if not judged or least is None:
        parts.section(scope, t(scope, "floor_title"), ["F08"], "floor")
        st.info(t(scope, "floor_unknown"))
        return
    note = t(scope, "floor_note", floor=formats.money(least, scope.lang), all=len(judged), n=len(short))
    parts.section(scope, t(scope, "floor_title"), ["F08"], "floor", note)
    if not short:
        parts.calm(t(scope, "floor_none", all=len(judged)))
        return
    budgets = {
        fund: data.part_at_level(scope.edition, ("F01",), scope.grain, scope.start, "community", "fund", fund)
        for fund in ("operating", "service")
    }
    body = []
    for code in short:
        held = {f: ((found[code]["F01"].value if code in found else None) or 0.0) for f, found in budgets.items()}
        missing = sum(max(0.0, least - amount) for amount in held.values())
        cells = [
            f"<span class='sw-bad'>▼ {formats.money(amount, scope.lang)}</span>"
            if amount < least
            else formats.money(amount, scope.lang)
            for amount in held.values()
        ]
        body.append([_named(scope, inside[code], ""), *cells, f"<b>{formats.money(missing, scope.lang)}</b>"])
    head = [(t(scope, "community"), ""), *((part_name(scope, Part("fund", f)), "sw-num") for f in budgets)]
    drawn = parts.table([*head, (t(scope, "still_missing"), "sw-num")], body)
    st.html(f"<div class='sw-tall' tabindex='0'>{drawn}</div>")


def idle(scope: Scope) -> None:
    """The communities that hold budget lines without any movement for 90 days."""
    item = parts.readings(scope, ["F12"]).get("F12")
    if item is None or item.now is None or item.now.denominator is None:
        parts.section(scope, t(scope, "idle_title"), [], "idle")
        st.info(t(scope, "idle_unknown"))
        return
    every, still = item.now.denominator, item.now.numerator or 0.0
    note = t(scope, "idle_note", all=formats.whole(every), n=formats.whole(still))
    parts.section(scope, t(scope, "idle_title"), ["F12"], "idle", note)
    if not still:
        parts.calm(t(scope, "idle_none", all=formats.whole(every)))
        return
    if scope.area.level == "community":
        return
    inside = {area.code: area for area in parts.below(scope, "community")}
    held = [(inside[c], f) for c, f in _community(scope, "F12").items() if c in inside and (f.numerator or 0) > 0]
    held.sort(key=lambda pair: (-(pair[1].numerator or 0), pair[0].path))
    if held:
        body = [
            [
                _named(scope, area, ""),
                t(scope, "of_lines", n=formats.whole(f.numerator or 0), all=formats.whole(f.denominator or 0)),
            ]
            for area, f in held
        ]
        drawn = parts.table([(t(scope, "community"), ""), (t(scope, "idle"), "sw-num")], body)
        st.html(f"<div class='sw-tall' tabindex='0'>{drawn}</div>")
    above = still - sum(f.numerator or 0 for _, f in held)
    if above > 0:
        st.html(f"<div class='sw-line'>{escape(t(scope, 'idle_elsewhere', n=formats.whole(above)))}</div>")


def closed_years(scope: Scope) -> None:
    """Money left and the rush at the end of each closed fiscal year, in all and by fund."""
    catalogue = data.indicators(scope.edition)
    ids = tuple(i for i in ("F09", "F10") if i in catalogue)
    area = scope.area
    found = {"all": data.series(scope.edition, ids, "year", area.level, area.code)}
    found |= data.part_series(scope.edition, ids, "year", area.level, area.code, "fund")
    years = sorted(
        {f.period_start for own in found.values() for figures in own.values() for f in figures}, reverse=True
    )
    if not years:
        st.subheader(t(scope, "closed_title"), anchor=False)
        st.info(t(scope, "closed_none"))
        return
    order = ["all", *(m for m in funds.FUNDS if m in found), *(m for m in found if m not in ("all", *funds.FUNDS))]
    body: list[list[str]] = []
    about: list[tuple[Indicator, Figure | None, str]] = []
    for year in years:
        when = formats.period("year", year, scope.lang)
        for member in order:
            figures = {
                i: next((f for f in found[member].get(i, []) if f.period_start == year and f.value is not None), None)
                for i in ids
            }
            if not any(figures.values()):
                continue
            name = part_name(scope, Part("fund", member))
            if member == "all":
                total = t(scope, "fund_total", year=when, name=t(scope, "all_funds"))
                about += [(catalogue[i], figures[i], when) for i in ids]
            first = f"<b>{escape(total)}</b>" if member == "all" else f"<span class='sw-inner'>{escape(name)}</span>"
            body.append([first, *(cell for i in ids for cell in _closed_cells(scope, figures[i]))])
    _section(scope, t(scope, "closed_title"), about, "closed", t(scope, "closed_note"))
    head = [(t(scope, "fund"), "")]
    for indicator_id in ids:
        head += [("", "sw-wide"), (parts.label(scope, catalogue[indicator_id]), "sw-num")]
    st.html(parts.table(head, body))


def _closed_cells(scope: Scope, figure: Figure | None) -> list[str]:
    """A bar on a scale of 0–50 % with the target as a tick, then the value with its amounts."""
    if figure is None or figure.value is None:
        return ["", formats.NO_VALUE]
    indicator = data.indicators(scope.edition)[figure.indicator_id]
    tick = f"<u style='left:{200 * figure.target:.1f}%'></u>" if figure.target is not None else ""
    width = 100 * min(max(2 * figure.value, 0.0), 1.0)
    bar = f"<span class='sw-pace'><i class='sw-pace-paid' style='width:{width:.1f}%'></i>{tick}</span>"
    shown = escape(formats.value(figure, indicator, scope.lang))
    mark = f"<b class='sw-bad'>▼ {shown}</b>" if figure.status == "missed" else f"<b>{shown}</b>"
    return [bar, f"{mark}<div class='sw-line sw-wide'>{escape(formats.fraction(figure, indicator, scope.lang))}</div>"]


def goal_note(scope: Scope, item: Reading | None) -> str:
    """What the two execution rates divide by, and that the target for receipts is one of the whole year."""
    if item is None or item.indicator.target is None:
        return t(scope, "part_rates")
    return t(scope, "part_note", target=formats.of_target(item.indicator, item.indicator.target, scope.lang))
