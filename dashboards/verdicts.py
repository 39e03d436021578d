"""Puts into words what chance says of a figure: whether a change is real, and what its control chart shows."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dashboards import data, formats, icons, periods
from dashboards.controls import Scope
from dashboards.i18n import text

if TYPE_CHECKING:
    from dashboards.parts import Reading


def change_html(scope: Scope, item: Reading, restarts: bool, since: str = "") -> str:
    """The change against the period before with its interval; bold where chance would not do it, else said to be within chance.

    `restarts` says that a cumulative figure began anew, and is not compared; `since` names what the figure is compared with
    where that is not the period before.
    """
    lang = scope.lang
    if restarts:
        return escape(text(lang, "new_fiscal_year"))
    if item.change is None and (item.compared or _runs(scope, item.indicator)):
        return escape(text(lang, "not_compared"))
    step = formats.change(item.now, item.before, item.indicator, lang)
    if step is None:
        return escape(text(lang, "no_change_known"))
    since = since or text(lang, f"last_{scope.grain}")
    said = text(lang, "change", change=step, grain=since) if step else text(lang, "unchanged", grain=since)
    found = item.change
    if found is None or not step:
        return escape(said)
    if found.provisional:
        return escape(said + text(lang, "change_provisional"))
    if found.lower is None or found.upper is None:
        return escape(said)
    ends = text(lang, "change_interval", low=_signed(found.lower), high=_signed(found.upper))
    beyond = bool(found.beyond_chance)
    word = escape(text(lang, "beyond_chance" if beyond else "within_chance"))
    return f"{f'<b>{escape(said)}</b>' if beyond else escape(said)}{escape(ends)}{f'<b>{word}</b>' if beyond else word}"


def signals_html(scope: Scope, item: Reading) -> str:
    """Variation and assurance of the chosen month as pictures with words; '' where a period has no control charts."""
    found = item.limits.get(scope.start)
    if scope.grain != "month":
        return ""
    if found is None:
        return f"<div class='sw-signals sw-soft'>{escape(text(scope.lang, 'no_control_chart'))}</div>"
    pieces: list[str] = []
    if found.variation is not None:
        why = rule(scope, item, scope.start)
        word = text(scope.lang, f"variation_{found.variation}")
        pieces.append(_picture(icons.variation(found.variation, found.rising), word, why or word))
    if found.assurance is not None:
        word = text(scope.lang, f"assurance_{found.assurance}")
        why = text(scope.lang, f"assurance_{found.assurance}_why")
        paint = " sw-bad" if found.assurance == "failing" else ""
        pieces.append(_picture(icons.assurance(found.assurance, item.indicator.direction == "lower"), word, why, paint))
    return f"<div class='sw-signals'>{''.join(pieces)}</div>"


def rule(scope: Scope, item: Reading, start: object) -> str:
    """The rule by which a month signals, in words; '' without a signal."""
    found = next((limit for day, limit in item.limits.items() if day == start), None)
    if found is None or found.rule is None or found.variation in (None, "common_cause"):
        return ""
    return text(scope.lang, f"rule_{found.rule}_{'up' if found.rising else 'down'}")


def _picture(address: str, word: str, why: str, paint: str = "") -> str:
    return (
        f"<span class='sw-signal{paint}' title='{escape(why)}'><img class='sw-icon' alt='{escape(why)}' src='{address}'>"
        f"<span>{escape(word)}</span></span>"
    )


def _runs(scope: Scope, indicator: data.Indicator) -> bool:
    """Whether a count of events is still growing: that of a part of a period is not compared with a whole one."""
    cut = data.as_of(scope.edition).get(indicator.dataset)
    flow = indicator.time_kind == "flow" and indicator.kind in ("count", "amount")
    return flow and cut is not None and not periods.is_complete(scope.grain, scope.start, cut[1])


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")
