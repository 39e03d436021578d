"""Tables of a ranking sheet: every area, moves under other weights, vetoes and who is not rated, what a score is made of."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboards import data, formats, parts, places, ranking, score_sheets
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.parts import t
from dashboards.scored import Scored, distance, grade_name, graded, write_places, write_score

ROWS = 15


def every(scope: Scope, everyone: Sequence[Scored], changed: bool) -> str:
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
            write_score(row["score"]),
            escape(graded(scope, item)),
            formats.percent(row["coverage"]) if row["coverage"] is not None else formats.NO_VALUE,
            write_places(row),
        ]
        if changed:
            cells += [write_score(item.other_score), str(item.other_place or formats.NO_VALUE)]
        body.append(cells)
    return parts.table(head, body)


def moves(scope: Scope, everyone: Sequence[Scored]) -> None:
    """The areas that other weights move further than noise, and those whose grade would be another one."""
    listed = [item for item in everyone if item.beyond or item.other_grade != item.row["capped_grade"]]
    parts.section(scope, t(scope, "moves_title"), [], "moves", t(scope, "moves_note"))
    if not listed:
        parts.calm(t(scope, "moves_none"))
        return
    listed.sort(key=lambda item: (not item.beyond, *distance(item)))
    body: list[list[str]] = []
    for item in listed[:ROWS]:
        row = item.row
        verdict = "move_beyond" if item.beyond else "move_noise" if item.moved else "move_none"
        regraded = item.other_grade != row["capped_grade"]
        body.append(
            [
                f"{ranking.link(scope, item.area)}<div class='sw-line'>{escape(places.above(scope, item.area))}</div>",
                f"{row['rank'] or formats.NO_VALUE} → <b>{item.other_place or formats.NO_VALUE}</b>"
                f"<div class='sw-line'>{write_places(row)}</div>",
                escape(t(scope, verdict)),
                f"{write_score(row['score'])} → {write_score(item.other_score)}",
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
    if len(listed) > ROWS:
        st.caption(t(scope, "and_more", n=len(listed) - ROWS))


def capped(scope: Scope, everyone: Sequence[Scored]) -> None:
    """The vetoes that count, and the areas without enough figures: neither changes a score or a place."""
    vetoed = [item for item in everyone if item.vetoes]
    unrated = [item for item in everyone if item.row["status"] == "not_rated"]
    if not vetoed and not unrated:
        return
    parts.section(scope, t(scope, "capped_title"), [], "capped", t(scope, "capped_note"))
    body = [
        [
            f"{ranking.link(scope, item.area)}<div class='sw-line'>{escape(places.above(scope, item.area))}</div>",
            escape(t(scope, "comma").join(_why(scope, veto) for veto in item.vetoes)),
            write_score(item.row["score"]),
            escape(graded(scope, item)),
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
        t(scope, "made_of_title", score=formats.NO_VALUE if own.row["score"] is None else f"{own.row['score']:.1f}"),
        ids,
        "made_of",
        t(scope, "made_of_note"),
    )
    figures = parts.readings(scope, ids)
    body: list[list[str]] = []
    for row in rows:
        item = figures[row["indicator_id"]]
        indicator = item.indicator
        ends = [
            formats.of_target(indicator, row[k], scope.lang) if row[k] is not None else "" for k in ("floor", "target")
        ]
        standing = item.now.status if item.now is not None else None
        mark, paint = ("▼ ", "sw-bad") if standing == "missed" else ("◌ " if standing == "provisional" else "", "")
        body.append(
            [
                escape(parts.label(scope, indicator)),
                f"<span class='{paint}'>{mark}{escape(formats.value(item.now, indicator, scope.lang))}</span>"
                f"<div class='sw-line'>{escape(parts.base(scope, item.now, indicator))}</div>",
                escape(" → ".join(ends)),
                "" if row["score"] is None else f"{row['score']:.0f}",
                f"{row['weight']:g}"
                if row["weight_used"] in (None, row["weight"])
                else f"{row['weight']:g} → {row['weight_used']:.1f}",
                formats.NO_VALUE
                if row["weight_used"] is None
                else f"<b>{row['weight_used'] * row['score'] / 100:.1f}</b>",
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
