"""Shows a ranking sheet: grades with their caps, which order is noise, and what other weights would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import controls, data, formats, parts, peers, ranking, ranking_charts, score_sheets, score_whatif
from dashboards.controls import Scope
from dashboards.data import Area, Row
from dashboards.parts import strong, t
from dashboards.score_sheets import Grade, Sheet

_ROWS = 15


@dataclass(frozen=True, slots=True)
class Scored:
    """One area of a sheet as published, and its score, place and grade under the weights of the reader."""

    area: Area
    row: Row
    vetoes: tuple[Row, ...]
    other_score: float | None
    other_place: int | None
    other_grade: str | None
    inside: bool

    @property
    def moved(self) -> bool:
        """Whether the place is another one under the weights of the reader."""
        return self.other_place is not None and self.row["rank"] is not None and self.other_place != self.row["rank"]

    @property
    def beyond(self) -> bool:
        """Whether it moves further than weights that differ by up to 20 % may move it: more than noise."""
        if not self.moved or self.other_place is None or self.row["rank_min"] is None:
            return False
        return not self.row["rank_min"] <= self.other_place <= self.row["rank_max"]


def show(scope: Scope, title: str, choices: DeltaGenerator) -> None:
    """The ranking sheet of one class; its choice goes into the row `choices`."""
    found = score_sheets.classes(scope.edition, scope.grain, scope.start)
    if not found:
        parts.headline(scope, title, t(scope, "ranking_nothing_week" if scope.grain == "week" else "score_nothing"))
        return
    level_of = {str(row["peer_class"]): str(row["area_level"]) for row in found}
    names = {str(row["peer_class"]): class_name(scope, row) for row in found}
    with choices:
        key = controls.choose(scope, "class", names, _default(scope, level_of), label=t(scope, "score_class"))
    published = score_sheets.scores(scope.edition, scope.grain, scope.start, level_of[key], key)
    sheet = score_sheets.sheet(scope.edition, scope.grain, scope.start, level_of[key], key)
    if sheet is None or not published:
        parts.headline(scope, title, t(scope, "score_nothing"))
        return
    head = st.container()
    wanted = sliders(scope, sheet, title_of=key)
    everyone = recompute(scope, published, sheet, wanted)
    changed = not np.allclose(wanted, sheet.group_weights)
    with head:
        parts.headline(scope, title, lead(scope, everyone, names[key], changed))
    order(scope, everyone, sheet, changed)
    if changed:
        moves(scope, everyone)
    capped(scope, everyone)
    own = next((item for item in everyone if item.area.code == scope.area.code), None)
    if own is not None:
        breakdown(scope, own)


def class_name(scope: Scope, row: Row) -> str:
    """A class that is ranked, in words with its size."""
    if row["area_level"] != "community":
        return t(scope, f"class_{row['area_level']}", n=row["areas"])
    return t(scope, "class_kind", kind=peers.kind_name(scope, row["peer_class"]), n=row["areas"])


def _default(scope: Scope, level_of: Mapping[str, str]) -> str:
    """The class of the chosen area, else that of the rung below it that is ranked, else the first one."""
    area = scope.area
    if area.level == "community" and (area.kind or "unknown") in level_of:
        return area.kind or "unknown"
    wanted = {"city": "district", "district": "street", "street": "community"}.get(area.level)
    return next((key for key, level in level_of.items() if level == wanted), next(iter(level_of)))


def sliders(scope: Scope, sheet: Sheet, title_of: str) -> score_whatif.Floats:
    """The weights of the groups that the reader wants, kept in the address under `weights` (35-25-20-20)."""
    original = [round(weight, 6) for weight in sheet.group_weights]
    remembered: dict[str, str] = st.session_state.setdefault("chosen", {})
    asked = st.query_params.get("weights")
    wanted = _parse(asked, len(original)) or (_parse(remembered.get("weights"), len(original)) if asked is None else None)
    parts.section(scope, t(scope, "whatif_title"), [], "whatif", t(scope, "whatif_note"))
    if asked is not None and wanted is None:
        said = t(
            scope, "refused_choice", value=asked[:60], label=t(scope, "whatif_title"), shown=t(scope, "whatif_original")
        )
        st.html(f"<div class='sw-note' role='status'>{escape(said)}</div>")
    chosen = wanted or original
    _keep(chosen, original)
    keys = [f"weight_{title_of}_{group}" for group in sheet.groups]

    def moved() -> None:
        _keep([float(st.session_state[key]) for key in keys], original)

    def reset() -> None:
        _keep(original, original)

    total = sum(chosen)
    with st.grid(len(keys), min_column_width=150, gap="medium"):
        for key, name, weight, before in zip(keys, sheet.names, chosen, original, strict=True):
            st.session_state[key] = round(weight)
            share = t(scope, "whatif_share", share=f"{100 * weight / total:.0f}%", before=f"{before:g}%")
            with st.container(gap=None):
                st.slider(formats.name(name, scope.lang), 0, 100, key=key, on_change=moved)
                st.html(f"<div class='sw-line'>{escape(share)}</div>")
    if chosen != original:
        st.button(t(scope, "whatif_reset"), key="whatif_reset", on_click=reset, type="tertiary")
    return np.array(chosen, dtype=np.float64)


def _parse(value: str | None, groups: int) -> list[float] | None:
    """The weights that an address holds, or None where it holds none: whole numbers of 0 to 100, not all 0."""
    pieces = (value or "").split("-")
    if len(pieces) != groups or not all(p.isascii() and p.isdigit() and int(p) <= 100 for p in pieces):
        return None
    return [float(p) for p in pieces] if any(int(p) for p in pieces) else None


def _keep(weights: Sequence[float], original: Sequence[float]) -> None:
    """Remember the weights and write them into the address, the original ones left out, as are those that weigh nothing."""
    same = not any(weights) or [round(w) for w in weights] == [round(w) for w in original]
    text = "" if same else "-".join(f"{w:.0f}" for w in weights)
    st.session_state["chosen"]["weights"] = text
    if text:
        st.query_params["weights"] = text
    elif "weights" in st.query_params:
        del st.query_params["weights"]


def recompute(scope: Scope, published: Sequence[Row], sheet: Sheet, wanted: score_whatif.Floats) -> list[Scored]:
    """Every area of the sheet with its score, place and grade under these weights of the groups."""
    weights = score_whatif.reweigh(sheet.weights, sheet.of_group, wanted)
    composite = score_whatif.composites(sheet.scores, weights, sheet.of_group, sheet.minimum)
    place = dict(zip(sheet.areas, score_whatif.places(composite), strict=True))
    score = dict(zip(sheet.areas, composite.tolist(), strict=True))
    grades = score_sheets.grades(scope.edition)
    areas = data.areas(scope.edition)
    level = str(published[0]["area_level"])
    vetoes = score_sheets.vetoes(scope.edition, scope.grain, scope.start, level)
    found: list[Scored] = []
    for row in published:
        code = str(row["area_code"])
        area = areas.get(code)
        if area is None:
            continue
        own = vetoes.get(code, [])
        new = None if place.get(code) is None else float(score[code])
        grade = _grade(grades, new, own)
        found.append(Scored(area, row, tuple(own), new, place.get(code), grade, scope.area.code in area.path))
    return found


def _grade(grades: Sequence[Grade], score: float | None, vetoes: Sequence[Row]) -> str | None:
    """The grade that a score earns, capped by vetoes; None where there is no score."""
    if score is None or not grades:
        return None
    earned = score_whatif.grade(score, [grade.minimum for grade in grades])
    return grades[max([earned, *(int(veto["cap_order"]) - 1 for veto in vetoes)])].key


def grade_name(scope: Scope, key: str | None) -> str:
    """A grade in words."""
    names = {grade.key: grade.name for grade in score_sheets.grades(scope.edition)}
    return formats.NO_VALUE if key is None else formats.name(names.get(key, (key, key)), scope.lang)


def lead(scope: Scope, everyone: Sequence[Scored], name: str, changed: bool) -> str:
    """How the class is graded, what vetoes cap, which order is noise; or what other weights change."""
    start = escape(t(scope, "score_start", when=scope.when, name=name))
    if changed:
        moved = [item for item in everyone if item.moved]
        beyond = [item for item in moved if item.beyond]
        regraded = [item for item in everyone if item.other_grade != item.row["capped_grade"]]
        key = "whatif_lead" if moved else "whatif_lead_none"
        noise = strong(len(moved) - len(beyond))
        said = t(scope, key, n=strong(len(moved)), noise=noise, beyond=strong(len(beyond)))
        return start + said + (t(scope, "whatif_grades", n=strong(len(regraded))) if regraded else "")
    grades = Counter(item.row["capped_grade"] for item in everyone if item.row["score"] is not None)
    listed = t(scope, "comma").join(
        f"{escape(formats.name(grade.name, scope.lang))} {strong(grades[grade.key])}"
        for grade in score_sheets.grades(scope.edition)
        if grades[grade.key]
    )
    said = start + listed + t(scope, "full_stop")
    vetoed = [item for item in everyone if item.row["grade"] != item.row["capped_grade"]]
    if vetoed:
        said += t(scope, "score_capped", n=strong(len(vetoed)))
    unrated = sum(1 for item in everyone if item.row["status"] == "not_rated")
    if unrated:
        said += t(scope, "score_unrated", n=strong(unrated))
    judged = [item for item in everyone if item.row["is_noise"] is not None]
    noise = sum(1 for item in judged if item.row["is_noise"])
    if judged:
        said += t(scope, "score_noise", all=len(judged), n=strong(noise))
    if any(item.row["status"] == "provisional" for item in everyone):
        said += t(scope, "score_provisional")
    return said


def order(scope: Scope, everyone: Sequence[Scored], sheet: Sheet, changed: bool) -> None:
    """Places with what ±20 % of weights make of them, by grade; the table behind the button has every area."""
    ids = list(sheet.indicators)
    note = t(scope, "order_note_changed" if changed else "order_note")
    parts.section(scope, t(scope, "order_title"), ids, "order", note, score_table(scope, everyone, changed))
    rated = [item for item in everyone if item.row["rank"] is not None]
    if not rated:
        st.info(t(scope, "nothing_to_draw"))
        return
    few = len(rated) <= ranking.MANY
    grades = [grade.key for grade in score_sheets.grades(scope.edition)]
    last_grades = [g for g in grades[1:] if 0 < sum(1 for i in rated if i.row["grade"] == g) <= 12]
    listed = [item.area for item in rated]
    names = [formats.name(area.name, scope.lang) for area in listed]
    groups: list[tuple[str, list[ranking_charts.Place]]] = []
    for grade in grades:
        members: list[ranking_charts.Place] = []
        for item, name in zip(rated, names, strict=True):
            if item.row["grade"] != grade:
                continue
            row = item.row
            own = f"{name} · {peers.above(scope, item.area)}" if names.count(name) > 1 else name
            named = few or item.beyond or bool(item.vetoes) or grade in last_grades or item.area.code == scope.area.code
            members.append(
                ranking_charts.Place(
                    ("■ " if item.vetoes else "") + own,
                    row["rank"],
                    row["rank"] if row["rank_min"] is None else row["rank_min"],
                    row["rank"] if row["rank_max"] is None else row["rank_max"],
                    f"{row['score']:.1f} {grade_name(scope, row['capped_grade'])}",
                    t(scope, "coverage_is", share=formats.percent(row["coverage"])),
                    "ink" if item.vetoes else "accent",
                    named,
                    item.inside,
                    item.other_place if changed else None,
                )
            )
        heading = t(scope, "grade_heading", grade=grade_name(scope, grade), n=len(members))
        groups.append((heading, members))
    spec = ranking_charts.caterpillar(groups, len(rated), t(scope, "order_axis"), ranking.chart_words(scope))
    alt = "; ".join(
        f"{heading}: " + t(scope, "comma").join(f"{p.label} {p.lower:g}–{p.upper:g}" for p in members if p.named)
        for heading, members in groups
        if members
    )
    parts.draw(spec, f"{t(scope, 'order_title')}: {alt}", "order")


def score_table(scope: Scope, everyone: Sequence[Scored], changed: bool) -> str:
    """Every area of the sheet in the order of its code, with score, grade, coverage and places."""
    head = [
        (t(scope, "area"), ""),
        (t(scope, "score"), "sw-num"),
        (t(scope, "grade"), ""),
        (t(scope, "coverage"), "sw-num"),
        (t(scope, "place_robust"), "sw-num"),
    ]
    if changed:
        head += [(t(scope, "score_other"), "sw-num"), (t(scope, "place_other"), "sw-num")]
    body: list[list[str]] = []
    for item in sorted(everyone, key=lambda item: item.area.path):
        row = item.row
        cells = [
            ranking.link(scope, item.area),
            _score(row["score"]),
            escape(_graded(scope, item)),
            formats.percent(row["coverage"]) if row["coverage"] is not None else formats.NO_VALUE,
            _places(row),
        ]
        if changed:
            cells += [_score(item.other_score), str(item.other_place or formats.NO_VALUE)]
        body.append(cells)
    return parts.table(head, body)


def _score(score: float | None) -> str:
    return formats.NO_VALUE if score is None else f"<b>{score:.1f}</b>"


def _places(row: Row) -> str:
    if row["rank"] is None:
        return formats.NO_VALUE
    if row["rank_min"] is None or row["rank_min"] == row["rank_max"]:
        return str(row["rank"])
    return f"{row['rank_min']}–{row['rank_max']}"


def _graded(scope: Scope, item: Scored) -> str:
    """The grade; with a cap, the grade without it, the cap and why; without enough figures, that it is not rated."""
    row = item.row
    if row["status"] == "not_rated":
        return t(scope, "not_rated")
    if row["grade"] == row["capped_grade"]:
        return grade_name(scope, row["grade"])
    return f"■ {grade_name(scope, row['grade'])} → {grade_name(scope, row['capped_grade'])}"


def moves(scope: Scope, everyone: Sequence[Scored]) -> None:
    """The areas that other weights move further than noise, and those whose grade would be another one."""
    listed = [item for item in everyone if item.beyond or item.other_grade != item.row["capped_grade"]]
    parts.section(scope, t(scope, "moves_title"), [], "moves", t(scope, "moves_note"))
    if not listed:
        parts.calm(t(scope, "moves_none"))
        return
    listed.sort(
        key=lambda i: (not i.beyond, -abs((i.other_place or 0) - (i.row["rank"] or 0)), i.area.code)
    )
    body: list[list[str]] = []
    for item in listed[:_ROWS]:
        row = item.row
        verdict = "move_beyond" if item.beyond else "move_noise" if item.moved else "move_none"
        regraded = item.other_grade != row["capped_grade"]
        body.append(
            [
                f"{ranking.link(scope, item.area)}<div class='sw-line'>{escape(peers.above(scope, item.area))}</div>",
                f"{row['rank'] or formats.NO_VALUE} → <b>{item.other_place or formats.NO_VALUE}</b>"
                f"<div class='sw-line'>{_places(row)}</div>",
                escape(t(scope, verdict)),
                f"{_score(row['score'])} → {_score(item.other_score)}",
                escape(
                    f"{grade_name(scope, row['capped_grade'])} → {grade_name(scope, item.other_grade)}"
                    if regraded
                    else grade_name(scope, row["capped_grade"])
                ),
            ]
        )
    head = [
        (t(scope, "area"), ""),
        (t(scope, "move_places"), "sw-num"),
        (t(scope, "move_verdict"), ""),
        (t(scope, "score"), "sw-num sw-wide"),
        (t(scope, "grade"), ""),
    ]
    st.html(parts.table(head, body))
    if len(listed) > _ROWS:
        st.caption(t(scope, "and_more", n=len(listed) - _ROWS))


def capped(scope: Scope, everyone: Sequence[Scored]) -> None:
    """The vetoes that count, and the areas without enough figures: neither changes a score or a place."""
    vetoed = [item for item in everyone if item.vetoes]
    unrated = [item for item in everyone if item.row["status"] == "not_rated"]
    if not vetoed and not unrated:
        return
    parts.section(scope, t(scope, "capped_title"), [], "capped", t(scope, "capped_note"))
    body = [
        [
            f"{ranking.link(scope, item.area)}<div class='sw-line'>{escape(peers.above(scope, item.area))}</div>",
            escape(t(scope, "comma").join(_why(scope, veto) for veto in item.vetoes)),
            _score(item.row["score"]),
            escape(_graded(scope, item)),
        ]
        for item in vetoed
    ]
    body += [
        [
            ranking.link(scope, item.area),
            escape(t(scope, "too_few_figures", share=formats.percent(item.row["coverage"] or 0.0))),
            formats.NO_VALUE,
            escape(t(scope, "not_rated")),
        ]
        for item in unrated
    ]
    head = [(t(scope, "area"), ""), (t(scope, "why"), ""), (t(scope, "score"), "sw-num"), (t(scope, "grade"), "")]
    st.html(parts.table(head, body))


def _why(scope: Scope, veto: Row) -> str:
    name = formats.name((veto["name_zh"] or "", veto["name_en"] or ""), scope.lang)
    item = f"{t(scope, 'colon')}{veto['item']}" if veto["item"] else ""
    return f"{name}{item}{t(scope, 'in_brackets', text=formats.day(veto['ended_on'], scope.lang))}"


def breakdown(scope: Scope, own: Scored) -> None:
    """What the score of the chosen area is made of."""
    rows = [
        row
        for row in score_sheets.cells(
            scope.edition, scope.grain, scope.start, str(own.row["area_level"]), str(own.row["peer_class"])
        )
        if row["area_code"] == own.area.code
    ]
    catalogue = data.indicators(scope.edition)
    rows = [row for i in catalogue for row in rows if row["indicator_id"] == i]
    ids = [row["indicator_id"] for row in rows]
    parts.section(
        scope,
        t(scope, "made_of_title", place=scope.place, score=_plain(own.row["score"])),
        ids,
        "made_of",
        t(scope, "made_of_note"),
    )
    figures = parts.readings(scope, ids)
    body: list[list[str]] = []
    for row in rows:
        item = figures[row["indicator_id"]]
        indicator = item.indicator
        ends = [formats.of_target(indicator, row[k], scope.lang) if row[k] is not None else "" for k in ("floor", "target")]
        body.append(
            [
                escape(parts.label(scope, indicator)),
                escape(formats.value(item.now, indicator, scope.lang)),
                escape(" → ".join(ends)),
                "" if row["score"] is None else f"{row['score']:.0f}",
                f"{row['weight']:g}" if row["weight_used"] in (None, row["weight"]) else f"{row['weight']:g} → {row['weight_used']:.1f}",
                formats.NO_VALUE if row["weight_used"] is None else f"<b>{row['weight_used'] * row['score'] / 100:.1f}</b>",
            ]
        )
    head = [
        (t(scope, "indicator"), ""),
        (t(scope, "value"), "sw-num"),
        (t(scope, "floor_target"), "sw-num sw-wide"),
        (t(scope, "points_of_100"), "sw-num"),
        (t(scope, "weight"), "sw-num"),
        (t(scope, "adds"), "sw-num"),
    ]
    st.html(parts.table(head, body))


def _plain(score: float | None) -> str:
    return formats.NO_VALUE if score is None else f"{score:.1f}"
