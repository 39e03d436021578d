"""The pieces pages are made of: tiles with their passports, sections, small tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html import escape
from typing import Any

import streamlit as st

from dashboards import chances, charts, data, exports, formats, periods, places, signals, verdicts
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Area, Figure, Indicator
from dashboards.i18n import text, unit_word

HISTORY = {"week": 26, "month": 24, "quarter": 8, "year": 5}


@dataclass(frozen=True, slots=True)
class Reading:
    """One indicator of the chosen area: this period's figure, the one before, the history up to it, and what chance says.

    `compared` is true where the edition compares figures of this period with the one before; `limits` holds the
    months of its control chart.
    """

    indicator: Indicator
    now: Figure | None
    before: Figure | None
    history: tuple[tuple[date, Figure | None], ...]
    change: signals.Change | None = None
    compared: bool = False
    limits: Mapping[date, signals.Limits] = field(default_factory=dict)


def t(scope: Scope, key: str, default: str | None = None, **values: object) -> str:
    """A word in the reader's language."""
    return text(scope.lang, key, default, **values)


def dataset(scope: Scope, name: str) -> str:
    """The name of a dataset in the reader's language; an unknown one as it is."""
    return t(scope, f"dataset_{name}", default=name)


def datasets(scope: Scope, names: Iterable[str]) -> str:
    """Names of datasets, each once, in one list."""
    return t(scope, "comma").join(dataset(scope, name) for name in dict.fromkeys(names))


def label(scope: Scope, indicator: Indicator) -> str:
    """The name of an indicator in the reader's language."""
    name = formats.name(indicator.name, scope.lang)
    return name[:1].upper() + name[1:]


def readings(scope: Scope, ids: Sequence[str]) -> dict[str, Reading]:
    """The readings of those ids that the edition's catalogue knows, in the order asked."""
    return _readings(scope, tuple(ids))


@cached(max_entries=512)
def _readings(scope: Scope, ids: tuple[str, ...]) -> dict[str, Reading]:
    catalogue = data.indicators(scope.edition)
    known = tuple(i for i in ids if i in catalogue)
    found = data.series(scope.edition, known, scope.grain, scope.area.level, scope.area.code)
    changed = signals.changes(scope.edition, scope.grain, scope.start, scope.area.level, scope.area.code)
    limits = signals.limits(scope.edition, scope.area.level, scope.area.code) if scope.grain == "month" else {}
    return {
        indicator_id: replace(
            reading(scope, catalogue[indicator_id], found[indicator_id]),
            change=changed.get(indicator_id),
            compared=bool(changed),
            limits=limits.get(indicator_id, {}),
        )
        for indicator_id in known
    }


def reading(scope: Scope, indicator: Indicator, figures: Sequence[Figure]) -> Reading:
    """Arrange the figures of one indicator and area around the chosen period."""
    by_start = {figure.period_start: figure for figure in figures}
    starts: list[date] = []
    here = scope.start
    oldest = min(by_start, default=here)
    for _ in range(HISTORY[scope.grain]):
        if here < oldest:
            break
        starts.append(here)
        here = periods.previous_start(scope.grain, here)
    before = by_start.get(periods.previous_start(scope.grain, scope.start))
    history = tuple((start, by_start.get(start)) for start in reversed(starts))
    return Reading(indicator, by_start.get(scope.start), before, history)


def status(scope: Scope, figure: Figure | None, indicator: Indicator) -> tuple[str, str]:
    """A mark with its words, and the class that paints them; red only for a miss."""
    if figure is None or figure.status == "no_cases":
        return t(scope, "status_no_cases"), "sw-soft"
    if figure.status == "suppressed" and not indicator.people:
        return t(scope, "status_thin", n=indicator.minimum_count), "sw-soft"
    if figure.status == "suppressed":
        return t(scope, "status_suppressed", n=data.city(scope.edition).people_minimum), "sw-soft"
    goal = ""
    if figure.target is not None and indicator.direction != "none":
        goal = goal_in_words(scope, indicator, figure.target)
    if goal and indicator.judged_at_year_end and figure.status in (None, "provisional"):
        said = t(scope, "status_whole_year", goal=goal)
        return f"{t(scope, 'status_provisional')} · {said}" if figure.status else said, "sw-soft"
    if figure.status == "provisional":
        standing = formats.met(figure, indicator)
        words = t(scope, "status_provisional")
        if goal:
            words += f" · {t(scope, 'so_far_met' if standing else 'so_far_below')} · {goal}"
        return words, "sw-soft"
    if figure.status == "met":
        return f"{t(scope, 'status_met')} · {goal}", "sw-soft"
    if figure.status == "watch":
        return f"{t(scope, 'status_watch')} · {goal}", "sw-soft"
    if figure.status == "missed":
        return f"{t(scope, 'status_missed')} · {goal}", "sw-bad"
    return t(scope, "status_none"), "sw-soft"


def base(scope: Scope, figure: Figure | None, indicator: Indicator) -> str:
    """The count and the interval behind a figure, on one line."""
    if figure is None or figure.status in ("suppressed", "no_cases"):
        return ""
    pieces = [formats.fraction(figure, indicator, scope.lang)]
    if found := formats.interval(figure):
        pieces.append(f"{t(scope, 'interval_short')} {found}")
    if indicator.kind == "count" and figure.excluded:
        pieces.append(t(scope, "excluded_short", n=formats.whole(figure.excluded)))
    if figure.pending:
        pieces.append(t(scope, "pending_short", n=formats.whole(figure.pending)))
    return " · ".join(piece for piece in pieces if piece)


@cached(max_entries=4096)
def passport_html(scope: Scope, figure: Figure | None, indicator: Indicator, where: str, when: str) -> str:
    """Everything that stands behind one figure."""
    lang = scope.lang
    hidden = figure is not None and figure.status == "suppressed"

    def count(value: float | int | None) -> str:
        return t(scope, "suppressed") if hidden else formats.NO_VALUE if value is None else formats.whole(float(value))

    mark, paint = status(scope, figure, indicator)
    rows: list[tuple[str, str]] = [
        (t(scope, "area"), f"{where} · {when}"),
        (t(scope, "value"), formats.value(figure, indicator, lang)),
        (formats.name(indicator.numerator, lang) or t(scope, "numerator"), count(figure.numerator if figure else None)),
    ]
    if indicator.kind not in ("count", "amount"):
        below = formats.name(indicator.denominator, lang) or t(scope, "denominator")
        rows.append((below, count(figure.denominator if figure else None)))
    interval = formats.interval(figure) if figure else ""
    why = t(scope, "no_interval" if indicator.interval == "none" else "interval_missing")
    rows += [
        (t(scope, "excluded"), count(figure.excluded if figure else None)),
        (t(scope, "pending"), count(figure.pending if figure else None)),
        (t(scope, "interval"), interval or why),
        (t(scope, "status"), mark),
        (t(scope, "exclusions"), formats.capital(formats.name(indicator.exclusions, lang))),
        (t(scope, "attribution"), formats.capital(formats.name(indicator.attribution, lang))),
        (t(scope, "as_of"), formats.instant(figure.as_of if figure else None, scope.city.time_zone)),
        (t(scope, "edition"), scope.city.edition),
        (t(scope, "source"), f"{indicator.indicator_id} v{indicator.version} · {indicator.dataset}"),
    ]
    items = "".join(
        f"<dt>{escape(formats.capital(name))}</dt><dd class='{paint if shown is mark else ''}'>{escape(shown)}</dd>"
        for name, shown in rows
        if shown
    )
    definition = escape(formats.name(indicator.definition, lang))
    return f"<div class='sw-define'>{definition}</div><dl class='sw-passport'>{items}</dl>"


def passport(scope: Scope, figure: Figure | None, indicator: Indicator, key: str, where: str | None = None) -> None:
    """The name of an indicator as a button that opens its passport."""
    with st.popover(formats.plain(label(scope, indicator)), type="tertiary", key=f"passport_{key}"):
        st.html(passport_html(scope, figure, indicator, where or scope.place, scope.when))


def tile(scope: Scope, item: Reading, dated: str = "", since: str = "", span: str = "") -> None:
    """One headline: value, count, interval, target, change, history on a fixed scale; its name opens the passport.

    `dated` says when the figure is of, `since` what it is compared with and `span` how long its history is, where that is
    not the chosen period, the one before it and so many periods."""
    indicator, figure = item.indicator, item.now
    form = formats.form(indicator)
    shown = formats.value(figure, indicator, scope.lang, unit=False)
    unit = formats.unit(figure, indicator, scope.lang)
    mark, paint = status(scope, figure, indicator)
    earlier = periods.previous_start(scope.grain, scope.start)
    restarts = cumulative(indicator, scope.grain) and fiscal_year(scope, earlier) != fiscal_year(scope, scope.start)
    change = verdicts.change_html(scope, item, restarts, since)
    values = [f.value if f is not None else None for _, f in item.history]
    drawn = broken(scope, item)
    target = figure.target if figure is not None else None
    low, high = charts.spark_scale(values, form, target)
    ends = (
        formats.amount(indicator, low, scope.lang, unit=False),
        formats.amount(indicator, high, scope.lang, unit=False),
    )
    if form == "percent":
        ends = (f"{100 * low:.0f}%", f"{100 * high:.0f}%")
    word = " sw-word" if figure is not None and figure.status == "suppressed" else ""
    spark = ""
    if sum(v is not None for v in values) > 1:
        address = charts.sparkline(drawn, low, high, target, undecided=undecided(item))
        spark = (
            f"<img class='sw-spark' alt='' src='{address}'><div class='sw-scale'><span>"
            f"{escape(t(scope, 'scale', low=ends[0], high=ends[1]))}</span>"
            f"<span class='sw-wide'>{escape(span or t(scope, f'history_{scope.grain}', n=len(values)))}</span></div>"
        )
    when = f"<div class='sw-line'>{escape(dated)}</div>" if dated else ""
    with st.container(border=True, height="stretch", gap="xxsmall", key=f"tile_{indicator.indicator_id}"):
        passport(scope, figure, indicator, f"{indicator.indicator_id}_tile")
        st.html(
            f"<div class='sw-tile'>{when}<div class='sw-value{word}'>{escape(shown)}<span class='sw-unit'>{escape(unit)}</span></div>"
            f"<div class='sw-status {paint}'>{escape(mark)}</div>"
            f"<div class='sw-line'>{escape(base(scope, figure, indicator))}</div>"
            f"<div class='sw-line'>{change}</div>"
            f"<div class='sw-foot'>{spark}{verdicts.signals_html(scope, item)}</div></div>"
        )


def undecided(item: Reading) -> int:
    """How many of the newest figures of a reading are provisional."""
    count = 0
    for _, figure in reversed(item.history):
        if figure is None or figure.status != "provisional":
            break
        count += 1
    return count


def cumulative(indicator: Indicator, grain: str) -> bool:
    """Whether the periods of an indicator add up within the fiscal year and start anew with it; whole years do not."""
    return grain != "year" and indicator.dataset in ("budget_lines", "payments")


def fiscal_year(scope: Scope, start: date) -> int:
    """The calendar year in which the fiscal year that holds `start` begins."""
    return start.year - (start.month < scope.city.fiscal_year_start)


def broken(scope: Scope, item: Reading) -> list[float | None]:
    """The history of a reading with a gap where a cumulative figure starts anew."""
    found: list[float | None] = []
    for index, (start, figure) in enumerate(item.history):
        if (
            index
            and cumulative(item.indicator, scope.grain)
            and fiscal_year(scope, start) != fiscal_year(scope, item.history[index - 1][0])
        ):
            found.append(None)
        found.append(figure.value if figure is not None else None)
    return found


def calm(words: str) -> None:
    """A quiet line that says all is well."""
    st.html(f"<div class='sw-calm'>✓ {escape(words)}</div>")


def tiles(scope: Scope, items: Iterable[Reading], columns: int = 4) -> None:
    """Headline tiles in a grid: four across on a desk, two on a phone."""
    with st.grid(columns, min_column_width=164, gap="small"):
        for item in items:
            tile(scope, item)


def section(scope: Scope, title: str, ids: Sequence[str], key: str, note: str = "", table: str = "") -> None:
    """A heading with a button that opens the definitions of what is drawn below it, and its numbers as a table."""
    found = readings(scope, ids)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.subheader(formats.plain(title), anchor=False, width="content")
        if found:
            with st.popover(t(scope, "definition_button"), type="tertiary", key=f"about_{key}"):
                st.html(about_html(scope, ((item.indicator, item.now, scope.when) for item in found.values()), table))
    if note:
        st.caption(formats.plain(note))


def about_html(scope: Scope, figures: Iterable[tuple[Indicator, Figure | None, str]], table: str) -> str:
    """The passports of figures, each with its period, and their numbers as a table: one element, however many there are."""
    entries = "".join(
        f"<div class='sw-about'><b>{escape(label(scope, indicator))}</b>"
        f"{passport_html(scope, figure, indicator, scope.place, when)}</div>"
        for indicator, figure, when in figures
    )
    return entries + table


def table(head: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    """A plain table; head cells are (title, class), body cells are ready HTML. Class 'sw-wide' leaves on phones."""
    top = "".join(f"<th scope='col' class='{css}'>{escape(title)}</th>" for title, css in head)
    body = "".join(
        "<tr>" + "".join(f"<td class='{css}'>{cell}</td>" for (_, css), cell in zip(head, row, strict=True)) + "</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f"<div class='sw-scroll' tabindex='0'><table class='sw-table'>{inner}</table></div>"


def figures_table(scope: Scope, first: str, rows: Iterable[tuple[str, Figure | None]], indicator: Indicator) -> str:
    """Figures of one indicator with count, interval and standing, one line each."""
    lines: list[list[str]] = []
    for name, figure in rows:
        mark, paint = status(scope, figure, indicator)
        lines.append(
            [
                escape(name),
                f"<b>{escape(formats.value(figure, indicator, scope.lang))}</b>",
                escape(formats.fraction(figure, indicator, scope.lang)) if figure else formats.NO_VALUE,
                (formats.interval(figure) if figure else "") or formats.NO_VALUE,
                f"<span class='{paint}'>{escape(mark)}</span>",
            ]
        )
    head = [
        (first, ""),
        (t(scope, "value"), "sw-num"),
        (t(scope, "count"), "sw-num"),
        (t(scope, "interval"), "sw-num"),
        (t(scope, "status"), ""),
    ]
    return table(head, lines)


def colour(figure: Figure) -> str:
    """Red for a clear miss, blue otherwise, grey while nothing is decided."""
    return (
        "alarm" if figure.status == "missed" else "context" if figure.status in ("provisional", "watch") else "accent"
    )


def dot(scope: Scope, area_name: str, figure: Figure, indicator: Indicator) -> charts.Dot:
    """One figure as a dot; a miss carries its mark in the label."""
    mark = "▼ " if figure.status == "missed" else "◌ " if figure.status == "provisional" else ""
    return charts.Dot(
        area_name,
        figure.value or 0.0,
        mark + formats.value(figure, indicator, scope.lang, unit=False),
        figure.lower,
        figure.upper,
        base(scope, figure, indicator) or formats.NO_VALUE,
        colour(figure),
    )


def draw(spec: charts.Spec, alt: str, key: str) -> None:
    """Show a chart with its name for screen readers, which read its numbers in the table beside it and not mark by mark."""
    config = spec.get("config", {})
    drawn = {**spec, "config": {**config, "mark": {**config.get("mark", {}), "aria": False}}}
    if "data" in spec and "layer" in spec:
        # Streamlit makes a pandas frame and then Arrow of data at the top, 2 ms a chart; further in they stay as they are
        drawn["layer"] = [{"data": drawn.pop("data"), "layer": spec["layer"]}]
    st.vega_lite_chart(drawn, width="stretch", key=key, alt=alt)


def words(scope: Scope) -> dict[str, str]:
    """The words that charts print in their tooltips and on their axes."""
    return {key: t(scope, key) for key in ("area", "value", "count", "period", "indicator", "cases")}


def children(scope: Scope, area: Area | None = None) -> list[Area]:
    """The areas one rung below."""
    area = area or scope.area
    return [a for a in data.areas(scope.edition).values() if a.parent == area.code]


def below(scope: Scope, level: str) -> list[Area]:
    """The areas of a level inside the chosen one."""
    return [a for a in data.areas(scope.edition).values() if a.level == level and scope.area.code in a.path]


def child_dots(scope: Scope, indicator_id: str, key: str, title: str) -> None:
    """The rung below as dots against the target; communities are not ranked, their ladder is shown instead.

    A community has nothing below: it is set beside its street, its district and the city.
    """
    catalogue = data.indicators(scope.edition)
    if indicator_id not in catalogue:
        return
    indicator = catalogue[indicator_id]
    kids = children(scope)
    ladder = scope.area.level == "community" or not kids or kids[0].level == "community"
    everyone = data.areas(scope.edition)
    chosen = [everyone[code] for code in scope.area.path] if ladder else kids
    pairs: list[tuple[Area, Figure | None]] = []
    for area in chosen:
        pairs.append(
            (area, data.at_level(scope.edition, indicator_id, scope.grain, scope.start, area.level).get(area.code))
        )
    shown = [(area, figure) for area, figure in pairs if figure is not None and figure.value is not None]
    if not ladder:
        shown.sort(key=lambda pair: -(pair[1].value or 0) if indicator.direction != "lower" else (pair[1].value or 0))
    names = {area.code: formats.name(area.name, scope.lang) for area in chosen}
    note = t(scope, "ladder_note") if ladder else t(scope, "dots_note") if indicator.interval != "none" else ""
    if not ladder:
        lost = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, chosen[0].level).get("unlocated")
        if lost is not None and (lost.denominator or lost.numerator):
            note += " " + t(scope, "unlocated", n=unplaced(scope, lost, indicator))
        hidden = [names[area.code] for area, figure in pairs if figure is not None and figure.status == "suppressed"]
        if hidden:
            note += " " + t(scope, "suppressed_list", names=t(scope, "comma").join(hidden))
    numbers = figures_table(scope, t(scope, "area"), ((names[a.code], f) for a, f in pairs), indicator)
    section(scope, title, [indicator_id], key, note, numbers)
    if not shown:
        st.info(t(scope, "nothing_to_draw"))
        return
    target = next((f.target for _, f in shown if f is not None and f.target is not None), None)
    goal = t(scope, "goal", target=formats.of_target(indicator, target, scope.lang)) if target is not None else ""
    rows = [dot(scope, names[area.code], figure, indicator) for area, figure in shown if figure is not None]
    spec = charts.dots(rows, formats.form(indicator), target, goal, words(scope))
    draw(spec, f"{title}: " + "; ".join(f"{r.label} {r.shown}" for r in rows), key)
    exports.offer_figures(scope, key, title, [(names[a.code], f, indicator) for a, f in pairs], spec)


def unplaced(scope: Scope, lost: Figure, indicator: Indicator) -> str:
    """How much of an indicator has no place at a level: tickets, money, or a bare count."""
    if indicator.dataset in ("budget_lines", "payments"):
        return formats.money(lost.numerator or 0, scope.lang)
    count = formats.whole(lost.denominator or lost.numerator or 0)
    return f"{count} {unit_word(scope.lang, 'tickets')}" if indicator.dataset == "tickets" else count


def points(scope: Scope, item: Reading) -> tuple[charts.Point, ...]:
    """The history of a reading as points of a chart."""
    return tuple(
        charts.Point(
            start,
            figure.value if figure else None,
            formats.value(figure, item.indicator, scope.lang),
            figure.lower if figure else None,
            figure.upper if figure else None,
            base(scope, figure, item.indicator) or formats.NO_VALUE,
            figure is not None and figure.status == "provisional",
            fiscal_year(scope, start) if cumulative(item.indicator, scope.grain) else 0,
        )
        for start, figure in item.history
    )


def trend(
    scope: Scope,
    items: Sequence[Reading],
    colours: Sequence[str],
    title: str,
    key: str,
    from_zero: bool = False,
    note: str = "",
) -> None:
    """Several indicators over time on one scale, with the target of the first."""
    drawn = [item for item in items if sum(f is not None and f.value is not None for _, f in item.history) > 1]
    if not drawn:
        section(scope, title, [item.indicator.indicator_id for item in items], key, note)
        st.info(t(scope, "nothing_to_draw"))
        return
    first = drawn[0]
    rows = "".join(
        f"<h4>{escape(label(scope, item.indicator))}</h4>"
        + figures_table(
            scope,
            t(scope, "period"),
            ((formats.period(scope.grain, s, scope.lang), f) for s, f in reversed(item.history)),
            item.indicator,
        )
        for item in drawn
    )
    section(scope, title, [item.indicator.indicator_id for item in drawn], key, note, rows)
    target = first.now.target if first.now else None
    form = formats.form(first.indicator)
    goal = (
        t(scope, "goal", target=formats.of_target(first.indicator, target, scope.lang))
        if target is not None and first.indicator.direction != "none"
        else ""
    )
    series = [
        charts.Line(label(scope, item.indicator), paint, points(scope, item))
        for item, paint in zip(drawn, colours, strict=False)
    ]
    spec = charts.lines(series, form, scope.grain, target if goal else None, goal, words(scope), from_zero=from_zero)
    draw(spec, title, key)


def small_multiples(scope: Scope, indicator_id: str, key: str, title: str) -> None:
    """The areas one rung below as small trends on one fixed scale; not for communities."""
    catalogue = data.indicators(scope.edition)
    kids = children(scope)
    if indicator_id not in catalogue or not kids or kids[0].level == "community":
        return
    indicator = catalogue[indicator_id]
    found = data.level_series(scope.edition, indicator_id, scope.grain, kids[0].level, tuple(a.code for a in kids))
    items = [(area, reading(scope, indicator, found[area.code])) for area in kids]
    every = [f.value for _, item in items for _, f in item.history if f is not None]
    target = next((item.now.target for _, item in items if item.now), None)
    low, high = charts.spark_scale(every, formats.form(indicator), target)
    section(
        scope, title, [indicator_id], key, t(scope, "one_scale", low=f"{100 * low:.0f}%", high=f"{100 * high:.0f}%")
    )
    drawn = ""
    for area, item in items:
        address = charts.sparkline(
            [f.value if f else None for _, f in item.history], low, high, target, undecided=undecided(item)
        )
        paint = "sw-bad" if item.now is not None and item.now.status == "missed" else ""
        mark = "▼ " if paint else ""
        drawn += (
            f"<div><div class='sw-mini'><span>{escape(formats.name(area.name, scope.lang))}</span>"
            f"<b class='{paint}'>{mark}{escape(formats.value(item.now, indicator, scope.lang))}</b></div>"
            f"<img class='sw-spark' alt='' src='{address}'></div>"
        )
    st.html(f"<div class='sw-minis'>{drawn}</div>")


def shortfalls(scope: Scope, indicator_id: str, key: str) -> None:
    """Communities whose interval lies below the target, by the number of tickets they are short, beside all others."""
    catalogue = data.indicators(scope.edition)
    if indicator_id not in catalogue or scope.area.level == "community":
        return
    indicator = catalogue[indicator_id]
    inside = {area.code: area for area in below(scope, "community")}
    figures = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, "community")
    known = [
        (inside[code], f) for code, f in figures.items() if code in inside and f.value is not None and f.denominator
    ]
    target = next((f.target for _, f in known if f.target is not None), None)
    if target is None or len(known) < 3:
        return
    short = [
        (area, f, target * (f.denominator or 0) - (f.numerator or 0))
        for area, f in known
        if f.status == "missed" and chances.at_most(int(f.numerator or 0), int(f.denominator or 0), target) < 0.025
    ]
    short.sort(key=lambda row: -row[2])
    chance = round(0.025 * len(known)) or t(scope, "less_than_one")
    undecided = sum(1 for _, f in known if f.status == "provisional")
    title = t(scope, "short_title", name=label(scope, indicator))
    note = t(scope, "short_note", all=len(known), n=len(short), chance=chance)
    if undecided:
        note += " " + t(scope, "short_undecided", n=undecided)
    section(scope, title, [indicator_id], key, note)
    left, right = st.columns([1, 1], gap="medium")
    listed = {area.code for area, _, _ in short}
    with left:
        rows = [
            charts.Dot(
                formats.name(area.name, scope.lang),
                f.value or 0.0,
                formats.value(f, indicator, scope.lang),
                f.lower,
                f.upper,
                base(scope, f, indicator),
                "alarm" if area.code in listed else "accent",
            )
            for area, f in known
        ]
        named = _apart([(index, f) for index, (area, f) in enumerate(known) if area.code in listed])
        goal = t(scope, "goal", target=formats.of_target(indicator, target, scope.lang))
        draw(
            charts.funnel(rows, [f.denominator or 1 for _, f in known], target, goal, named, words(scope)),
            note,
            f"{key}_funnel",
        )
    with right:
        if not short:
            calm(t(scope, "short_none"))
            return
        body: list[list[str]] = []
        for area, f, missing in short[:10]:
            body.append(
                [
                    escape(formats.name(area.name, scope.lang))
                    + f"<div class='sw-line'>{escape(places.above(scope, area))}</div>",
                    f"<b class='sw-bad'>▼ {formats.whole(float(-int(-missing // 1)))}</b>",
                    escape(formats.value(f, indicator, scope.lang)),
                    escape(formats.interval(f)),
                    escape(formats.fraction(f, indicator, scope.lang)),
                ]
            )
        head = [
            (t(scope, "community"), ""),
            (t(scope, "tickets_short"), "sw-num"),
            (t(scope, "value"), "sw-num"),
            (t(scope, "interval"), "sw-num sw-wide"),
            (t(scope, "count"), "sw-num"),
        ]
        st.html(table(head, body))
        if len(short) > 10:
            st.caption(t(scope, "and_more", n=len(short) - 10))


def _apart(candidates: Sequence[tuple[int, Figure]]) -> list[int]:
    """Up to three of the points, those with most cases first, whose labels do not run into each other."""
    chosen: list[tuple[int, Figure]] = []
    for index, f in sorted(candidates, key=lambda pair: -(pair[1].denominator or 0)):
        crowded = any(
            abs((f.value or 0) - (other.value or 0)) < 0.02
            and 0.5 < (f.denominator or 1) / (other.denominator or 1) < 2
            for _, other in chosen
        )
        if not crowded and len(chosen) < 3:
            chosen.append((index, f))
    return [index for index, _ in chosen]


def headline(scope: Scope, title: str, sentence: str) -> None:
    """The question of the page, and one sentence that answers it (`sentence` is ready HTML)."""
    st.header(formats.plain(title), anchor=False)
    meta(scope)
    st.html(f"<div class='sw-lead'>{sentence}</div>")


def meta(scope: Scope) -> None:
    """As-of of the data and the edition, and what is amiss with either."""
    cuts = data.as_of(scope.edition)
    oldest = min((cut for cut, _ in cuts.values()), default=None)
    newest = max((cut for cut, _ in cuts.values()), default=None)
    zone = scope.city.time_zone
    cut = formats.instant(newest, zone)
    if oldest != newest:
        cut = f"{formats.instant(oldest, zone)} – {cut}"
    published = formats.instant(scope.city.published_at, zone)
    line = t(scope, "meta", as_of=cut, edition=scope.city.edition, published=published)
    st.html(f"<div class='sw-meta'>{escape(line)}</div>")


def strong(value: Any) -> str:
    """A value of the lead sentence, escaped and set bold."""
    return f"<b>{escape(str(value))}</b>"


def bad(value: Any) -> str:
    """A missed value of the lead sentence, with its mark."""
    return f"<b class='sw-bad'>▼ {escape(str(value))}</b>"


def goal_in_words(scope: Scope, indicator: Indicator, target: float) -> str:
    """A target as a status line says it."""
    word = "goal_max" if indicator.direction == "lower" else "goal"
    return t(scope, word, target=formats.of_target(indicator, target, scope.lang))


def goal_of(scope: Scope, indicator: Indicator) -> str:
    """The target of an indicator with its direction, or that it has none."""
    if indicator.target is None:
        return t(scope, "no_target")
    return ("≤ " if indicator.direction == "lower" else "≥ ") + formats.of_target(
        indicator, indicator.target, scope.lang
    )
