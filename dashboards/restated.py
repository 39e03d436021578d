"""One quiet line where the edition says otherwise than the one before about figures that a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

import streamlit as st

from dashboards import data, formats, parts
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Figure, Row
from dashboards.parts import Reading, t

_LISTED = 40


@cached(max_entries=128)
def restatements(edition: str, grain: str, level: str, code: str, since: date, until: date) -> list[Row]:
    """The final figures of an area that the edition before put otherwise, newest period first."""
    return data.ask(
        edition,
        "select indicator_id, period_start, was_value, was_numerator, was_denominator, was_target, was_status, is_value, "
        "is_numerator, is_denominator, is_target, is_status, why_zh, why_en from marts.restatements "
        "where kind = 'restatement' and grain = ? and area_level = ? and area_code = ? and dimension = 'all' "
        "and period_start between ? and ? order by period_start desc, indicator_id",
        [grain, level, code, since, until],
    )


def line(scope: Scope, shown: Iterable[Reading]) -> None:
    """Say how many of the figures shown, those of the small lines included, were restated, and list them on demand."""
    readings = {item.indicator.indicator_id: item for item in shown}
    first = min((item.history[0][0] for item in readings.values() if item.history), default=scope.start)
    rows = [
        row
        for row in restatements(scope.edition, scope.grain, scope.area.level, scope.area.code, first, scope.start)
        if row["indicator_id"] in readings
    ]
    if not rows:
        return
    with st.popover(t(scope, "restated_line", n=len(rows)), type="tertiary", key="restated"):
        st.html(_table(scope, rows[:_LISTED], readings))
        if len(rows) > _LISTED:
            st.caption(t(scope, "and_more", n=len(rows) - _LISTED))


def _table(scope: Scope, rows: Sequence[Row], readings: dict[str, Reading]) -> str:
    head = [
        (t(scope, "indicator"), ""),
        (t(scope, "restated_was"), "sw-num"),
        (t(scope, "restated_is"), "sw-num"),
        (t(scope, "restated_why"), ""),
    ]
    body: list[list[str]] = []
    for row in rows:
        indicator = readings[row["indicator_id"]].indicator
        period = formats.period(scope.grain, row["period_start"], scope.lang)
        was, now = (_figure(row, side) for side in ("was", "is"))
        body.append(
            [
                f"{escape(parts.label(scope, indicator))}<div class='sw-line'>{escape(period)}</div>",
                escape(formats.value(was, indicator, scope.lang)),
                f"<b>{escape(formats.value(now, indicator, scope.lang))}</b>",
                escape(formats.name((row["why_zh"] or "", row["why_en"] or ""), scope.lang)),
            ]
        )
    return parts.table(head, body)


def _figure(row: Row, side: str) -> Figure:
    return Figure(
        row["indicator_id"], 0, "", row["period_start"], "", "", "all", "all", row[f"{side}_numerator"],
        row[f"{side}_denominator"], None, None, row[f"{side}_value"], None, None, row[f"{side}_target"],
        row[f"{side}_status"], None, "",
    )  # fmt: skip
