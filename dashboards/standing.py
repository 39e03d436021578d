"""One figure over time on its control chart, with the numbers behind it."""

from __future__ import annotations

import streamlit as st

from dashboards import control_chart, formats, parts, verdicts
from dashboards.controls import Scope
from dashboards.parts import Reading, t


def control_trend(scope: Scope, item: Reading, title: str, key: str) -> None:
    """The history of a figure with its target and, for months, the limits and signals of its control chart."""
    indicator = item.indicator
    charted = scope.grain == "month" and bool(item.limits)
    rows = ((formats.period(scope.grain, start, scope.lang), figure) for start, figure in reversed(item.history))
    numbers = parts.figures_table(scope, t(scope, "period"), rows, indicator)
    note = t(scope, "control_note") if charted else t(scope, "plain_trend_note") if indicator.interval != "none" else ""
    parts.section(scope, title, [indicator.indicator_id], key, note, numbers)
    points = parts.points(scope, item)
    if sum(point.value is not None for point in points) < 2:
        st.info(t(scope, "nothing_to_draw"))
        return
    target = item.now.target if item.now is not None and indicator.direction != "none" else None
    newest = next((item.limits[p.day] for p in reversed(points) if charted and p.day in item.limits), None)
    labels = {kind: t(scope, f"chart_{kind}") for kind in ("provisional", "improving", "concerning", "special_cause")}
    if target is not None:
        labels["target"] = t(scope, "goal", target=formats.of_target(indicator, target, scope.lang))
    if newest is not None:
        for name in ("centre", "upper", "lower"):
            shown = formats.amount(indicator, getattr(newest, name), scope.lang, unit=False)
            labels[name] = t(scope, f"chart_{name}", value=shown)
    words = parts.words(scope) | {"signal": t(scope, "chart_signal")}
    rules = {point.day: verdicts.rule(scope, item, point.day) for point in points}
    spec = control_chart.spec(
        points, item.limits if charted else {}, rules, formats.form(indicator), scope.grain, target, labels, words
    )
    said = [f"{formats.period(scope.grain, p.day, scope.lang)} {p.shown}" for p in points[-1:]]
    said += [labels[name] for name in ("target", "centre", "lower", "upper") if name in labels]
    said += [f"{formats.period(scope.grain, day, scope.lang)} {rule}" for day, rule in rules.items() if rule]
    parts.draw(spec, f"{title}: " + "; ".join(said), key)
