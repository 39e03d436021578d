"""Writes the one sentence that answers the question of each page, from the figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from dashboards import data, formats, parts, ticket_data
from dashboards.controls import Scope
from dashboards.parts import Reading, bad, strong, t
from dashboards.waves import Wave

#: The figures with which the city opens.
OVERVIEW = ("T01", "T02", "T05", "T03", "T06", "T12", "M12", "F06")


def _value(scope: Scope, item: Reading) -> str:
    shown = formats.value(item.now, item.indicator, scope.lang)
    return bad(shown) if item.now is not None and item.now.status == "missed" else strong(shown)


def _known(item: Reading | None) -> bool:
    return item is not None and item.now is not None and item.now.value is not None


def _clause(scope: Scope, found: Mapping[str, Reading], indicator_id: str) -> str:
    """'name value (target x)', or '' where the figure is missing."""
    item = found.get(indicator_id)
    if item is None or not _known(item) or item.now is None:
        return ""
    goal = ""
    if item.now.target is not None and item.indicator.direction != "none":
        goal = t(
            scope,
            "in_brackets",
            text=t(scope, "goal", target=formats.of_target(item.indicator, item.now.target, scope.lang)),
        )
    return f"{escape(parts.label(scope, item.indicator))} {_value(scope, item)}{escape(goal)}"


def _join(scope: Scope, pieces: Sequence[str]) -> str:
    return t(scope, "clause_comma").join(piece for piece in pieces if piece)


def _start(scope: Scope) -> str:
    place = t(scope, "lead_city") if scope.area.level == "city" else scope.place
    return f"{escape(t(scope, 'lead_start', when=scope.when, place=place))}"


def _stop(scope: Scope, sentence: str) -> str:
    return sentence + t(scope, "full_stop")


def _missed(scope: Scope, found: Mapping[str, Reading]) -> str:
    judged = [i for i in found.values() if i.now is not None and i.now.status in ("met", "missed", "watch")]
    missed = [i for i in judged if i.now is not None and i.now.status == "missed"]
    watched = [i for i in judged if i.now is not None and i.now.status == "watch"]
    open_ones = [i for i in found.values() if i.now is not None and i.now.status == "provisional"]
    pieces: list[str] = []
    if judged:
        names = escape(t(scope, "comma").join(parts.label(scope, i.indicator) for i in missed))
        pieces.append(
            t(scope, "lead_missed", all=len(judged), n=strong(len(missed)), names=names)
            if missed
            else t(scope, "lead_all_met", all=len(judged))
            if not watched
            else t(scope, "lead_none_missed", all=len(judged))
        )
    if watched:
        pieces.append(
            t(
                scope,
                "lead_watch",
                names=escape(t(scope, "comma").join(parts.label(scope, i.indicator) for i in watched)),
            )
        )
    if open_ones:
        pieces.append(t(scope, "lead_provisional" if pieces else "lead_provisional_alone", n=len(open_ones)))
    return "".join(pieces)


def _below(scope: Scope, indicator_id: str) -> str:
    """How the areas one rung below differ, without ranking communities."""
    kids = parts.children(scope)
    catalogue = data.indicators(scope.edition)
    if not kids or kids[0].level == "community" or indicator_id not in catalogue:
        return ""
    figures = data.at_level(scope.edition, indicator_id, scope.grain, scope.start, kids[0].level)
    known = [
        (area, figures[area.code]) for area in kids if area.code in figures and figures[area.code].value is not None
    ]
    if len(known) < 2 or all(figure.status == "provisional" for _, figure in known):
        return ""
    missed = [area for area, figure in known if figure.status == "missed"]
    values = [figure.value or 0.0 for _, figure in known]
    gap = formats.percent(max(values) - min(values)).rstrip("%")
    names = escape(t(scope, "comma").join(formats.name(a.name, scope.lang) for a in missed[:4]))
    more = t(scope, "and_others") if len(missed) > 4 else ""
    key = "lead_below_missed" if missed else "lead_below_fine"
    rung = t(scope, f"rung_{kids[0].level}", n=len(known))
    return t(
        scope,
        key,
        rung=rung,
        n=len(missed),
        names=names + more,
        gap=gap,
        name=escape(parts.label(scope, catalogue[indicator_id])),
    )


#: How many sentences of each severity the lead takes, and their marks.
_TAKEN = {"act": (3, "▼"), "watch": (1, "◐"), "good": (1, "↗")}


def _told(scope: Scope) -> list[str]:
    """What the edition itself finds worth saying of the area and month, as items of a list; none where it says nothing."""
    if scope.grain != "month":
        return []
    left = {severity: count for severity, (count, _) in _TAKEN.items()}
    items: list[str] = []
    for row in data.insights(scope.edition, scope.area.level, scope.area.code, scope.start):
        if left.get(row["severity"], 0):
            left[row["severity"]] -= 1
            items.append(sentence(scope, row))
    return items


def sentence(scope: Scope, row: data.Row) -> str:
    """One sentence of the edition with the mark of its severity, as an item of a list."""
    mark = _TAKEN.get(row["severity"], (0, "·"))[1]
    paint = " class='sw-bad'" if row["severity"] == "act" else ""
    return f"<li><span{paint} aria-hidden='true'>{mark}</span>{escape(row[f'sentence_{scope.lang}'] or '')}</li>"


def overview(scope: Scope, found: Mapping[str, Reading]) -> str:
    """How the area stands: one sentence, and a list of those that matter most."""
    volume = found.get("T01")
    first = (
        t(scope, "lead_received", n=strong(formats.value(volume.now, volume.indicator, scope.lang)))
        if volume and _known(volume)
        else ""
    )
    opening = _start(scope) + _join(scope, [first, _clause(scope, found, "T02"), _clause(scope, found, "T05")])
    items = _told(scope)
    if not items and (missed := _missed(scope, found)):
        items.append(f"<li><span aria-hidden='true'>·</span>{missed}</li>")
    if below := _below(scope, "T02"):
        items.append(f"<li><span aria-hidden='true'>·</span>{below}</li>")
    return _stop(scope, opening) + (f"<ul class='sw-told'>{''.join(items)}</ul>" if items else "")


def tickets(scope: Scope, found: Mapping[str, Reading]) -> str:
    """How many matters came, how they were handled and what is late."""
    volume = found.get("T01")
    first = (
        t(scope, "lead_received", n=strong(formats.value(volume.now, volume.indicator, scope.lang)))
        if volume and _known(volume)
        else ""
    )
    backlog = found.get("T11")
    late = found.get("T12")
    rest = ""
    if backlog and late and _known(backlog) and _known(late):
        rest = t(
            scope,
            "lead_backlog",
            n=strong(formats.value(backlog.now, backlog.indicator, scope.lang)),
            late=strong(formats.value(late.now, late.indicator, scope.lang)),
        )
    bands = ticket_data.ages(scope.edition, scope.area.level, scope.area.code)
    opened = sum(row["opened"] for row in bands)
    old = sum(row["opened"] for row in bands if row["to_days"] is None)
    note = t(scope, "lead_ages", n=strong(formats.whole(opened)), old=strong(formats.whole(old))) if old else ""
    return (
        _stop(
            scope,
            _start(scope) + _join(scope, [first, _clause(scope, found, "T03"), _clause(scope, found, "T05"), rest]),
        )
        + note
        + _missed(scope, found)
    )


def service(
    scope: Scope, found: Mapping[str, Reading], surveys: Mapping[str, Wave], appraisals: Mapping[str, Wave]
) -> str:
    """Whether needs are met, what residents say of it, and how the organisations are appraised."""
    needs, assemblies = found.get("L01"), found.get("L03")
    first = ""
    if needs and needs.now is not None and needs.now.denominator:
        first = t(scope, "lead_needs", n=strong(formats.whole(needs.now.denominator)))
    held = ""
    if assemblies and _known(assemblies):
        held = t(scope, "lead_assemblies", n=strong(formats.value(assemblies.now, assemblies.indicator, scope.lang)))
    sentence = _start(scope) + _join(scope, [first, _clause(scope, found, "L01"), held, _clause(scope, found, "L04")])
    sentence = _stop(scope, sentence)
    every = dict(found)
    for key, waves, ids in (("lead_survey", surveys, ("Q01", "Q02")), ("lead_appraisal", appraisals, ("A01", "A02"))):
        readings = {i: wave.reading for i, wave in waves.items()}
        every |= readings
        if clauses := [clause for i in ids if (clause := _clause(scope, readings, i))]:
            when = next(iter(waves.values())).when
            sentence += _stop(scope, t(scope, key, when=escape(when)) + _join(scope, clauses))
    return sentence + _missed(scope, every)


def quality(
    scope: Scope, intake: Sequence[data.Row], results: Sequence[data.Row], refused: Sequence[str], marked: Sequence[str]
) -> str:
    """Whether the figures rest on sound deliveries (`refused` and `marked` are datasets)."""
    rows_in = sum(row["rows_in"] or 0 for row in intake)
    rejected = sum(row["rows_rejected"] or 0 for row in intake)
    passed = sum(1 for r in results if r["passed"])
    share = formats.percent(rejected / rows_in) if rows_in else formats.NO_VALUE
    sentence = t(
        scope,
        "lead_data",
        datasets=strong(len(intake)),
        files=sum(row["files"] for row in intake),
        rows=strong(formats.whole(rows_in)),
        rejected=strong(formats.whole(rejected)),
        share=share,
        passed=strong(f"{passed} / {len(results)}"),
    )
    if refused:
        sentence += t(scope, "lead_refused", names=bad(parts.datasets(scope, refused)))
    if marked:
        sentence += t(scope, "lead_marked", names=strong(parts.datasets(scope, marked)))
    return sentence


def deliveries(scope: Scope, refused: Sequence[str], marked: Sequence[str]) -> str:
    """One quiet line about datasets with a refused file or an unusual last delivery; '' where there is neither."""
    pieces = [
        t(scope, f"overview_{key}", names=parts.datasets(scope, names))
        for key, names in (("refused", refused), ("marked", marked))
        if names
    ]
    if not pieces:
        return ""
    return escape(t(scope, "overview_deliveries", text=" · ".join(pieces), page=t(scope, "page_data")))
