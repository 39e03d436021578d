"""Shows a ranking sheet: grades with their caps, which order is noise, and what other weights would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import (
    controls,
    formats,
    parts,
    peers,
    places,
    ranking,
    ranking_charts,
    score_sheets,
    score_tables,
    weights,
)
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.parts import strong, t
from dashboards.score_sheets import Sheet
from dashboards.scored import Scored, distance, grade_name, recompute


def show(scope: Scope, title: str, top: DeltaGenerator, choices: DeltaGenerator) -> None:
    """The ranking sheet of one class; its choice goes into the row `choices`, its answer into `top` above it."""
    found = score_sheets.classes(scope.edition, scope.grain, scope.start)
    if not found:
        with top:
            parts.headline(scope, title, t(scope, "ranking_nothing_week" if scope.grain == "week" else "score_nothing"))
        return
    level_of = {str(row["peer_class"]): str(row["area_level"]) for row in found}
    names = {str(row["peer_class"]): class_name(scope, row) for row in found}
    with choices:
        key = controls.choose(scope, "class", names, _default(scope, level_of), label=t(scope, "score_class"))
    published = score_sheets.scores(scope.edition, scope.grain, scope.start, level_of[key], key)
    sheet = score_sheets.sheet(scope.edition, scope.grain, scope.start, level_of[key], key)
    if sheet is None or not published:
        with top:
            parts.headline(scope, title, t(scope, "score_nothing"))
        return
    wanted = weights.sliders(scope, sheet, title_of=key)
    everyone = recompute(scope, published, sheet, wanted)
    changed = not np.allclose(wanted, sheet.group_weights)
    with top:
        parts.headline(scope, title, lead(scope, everyone, names[key], changed))
    order(scope, everyone, sheet, changed)
    if changed:
        score_tables.moves(scope, everyone)
    score_tables.capped(scope, everyone)
    own = next((item for item in everyone if item.area.code == scope.area.code), None)
    if own is not None:
        score_tables.breakdown(scope, own)


def class_name(scope: Scope, row: Row) -> str:
    """A class that is ranked, in words with its size."""
    if row["area_level"] != "community":
        return t(scope, f"class_{row['area_level']}", n=row["areas"])
    name = t(scope, "class_kind", kind=peers.kind_name(scope, row["peer_class"]), n=row["areas"])
    return _capital(name)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _default(scope: Scope, level_of: Mapping[str, str]) -> str:
    """The class of the chosen area, else that of the rung below it that is ranked, else the first one."""
    area = scope.area
    if area.level == "community" and (area.kind or "unknown") in level_of:
        return area.kind or "unknown"
    wanted = {"city": "district", "district": "street", "street": "community"}.get(area.level)
    return next((key for key, level in level_of.items() if level == wanted), next(iter(level_of)))


def lead(scope: Scope, everyone: Sequence[Scored], name: str, changed: bool) -> str:
    """How the class is graded, what vetoes cap, which order is noise; or what other weights change."""
    start = escape(t(scope, "score_start", when=scope.when, name=name))
    if changed:
        moved = [item for item in everyone if item.moved]
        beyond = [item for item in moved if item.beyond]
        regraded = [item for item in everyone if item.other_grade != item.row["capped_grade"]]
        key = "whatif_lead" if beyond else "whatif_lead_noise" if moved else "whatif_lead_none"
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
    if judged:
        loose = sum(1 for item in judged if item.row["is_noise"])
        said += t(scope, "score_noise", all=len(judged), n=strong(loose))
    if any(item.row["status"] == "provisional" for item in everyone):
        said += t(scope, "score_provisional")
    return said


def order(scope: Scope, everyone: Sequence[Scored], sheet: Sheet, changed: bool) -> None:
    """Places with what ±20 % of weights make of them, by grade; the table behind the button has every area."""
    ids = list(sheet.indicators)
    nobody = not any(item.inside for item in everyone)
    note = t(scope, "order_note_changed" if changed else "order_note")
    parts.section(scope, t(scope, "order_title"), ids, "order", note, score_tables.every(scope, everyone, changed))
    rated = [item for item in everyone if item.row["rank"] is not None]
    if not rated:
        st.info(t(scope, "nothing_to_draw"))
        return
    few = len(rated) <= ranking.MANY
    grades = [grade.key for grade in score_sheets.grades(scope.edition)]
    last_grades = [g for g in grades[1:] if 0 < sum(1 for i in rated if i.row["grade"] == g) <= 12]
    furthest = sorted((item for item in rated if item.beyond), key=distance)[: score_tables.ROWS]
    listed = [item.area for item in rated]
    names = [formats.name(area.name, scope.lang) for area in listed]
    groups: list[tuple[str, list[ranking_charts.Place]]] = []
    for grade in grades:
        members: list[ranking_charts.Place] = []
        for item, name in zip(rated, names, strict=True):
            if item.row["grade"] != grade:
                continue
            row = item.row
            own = f"{name} · {places.above(scope, item.area)}" if names.count(name) > 1 else name
            named = (
                few
                or item in furthest
                or bool(item.vetoes)
                or grade in last_grades
                or item.area.code == scope.area.code
            )
            members.append(
                ranking_charts.Place(
                    f"{'■ ' if item.vetoes else ''}{own} {row['score']:.1f}",
                    row["rank"],
                    row["rank"] if row["rank_min"] is None else row["rank_min"],
                    row["rank"] if row["rank_max"] is None else row["rank_max"],
                    f"{row['score']:.1f} {grade_name(scope, row['capped_grade'])}",
                    t(scope, "coverage_is", share=formats.percent(row["coverage"])),
                    "ink" if item.vetoes else "accent",
                    named,
                    item.inside or nobody,
                    item.other_place if changed else None,
                )
            )
        heading = t(scope, "grade_heading", grade=_capital(grade_name(scope, grade)), n=len(members))
        groups.append((heading, members))
    spec = ranking_charts.caterpillar(groups, len(rated), t(scope, "order_axis"), ranking.chart_words(scope))
    alt = "; ".join(
        f"{heading}: " + t(scope, "comma").join(f"{p.label} {p.lower:g}–{p.upper:g}" for p in members if p.named)
        for heading, members in groups
        if members
    )
    parts.draw(spec, f"{t(scope, 'order_title')}: {alt}", "order")
