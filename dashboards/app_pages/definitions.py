"""What exactly does each figure count?"""

from html import escape

import streamlit as st

from dashboards import controls, data, exports, formats, history, parts
from dashboards.controls import Scope
from dashboards.data import Indicator
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
catalogue = data.indicators(scope.edition)
parts.headline(scope, t(scope, "title_definitions"), t(scope, "lead_definitions", n=parts.strong(len(catalogue))))


def haystack(entry: Indicator) -> str:
    """Every word by which an entry can be found, of both languages."""
    texts = (entry.name, entry.definition, entry.numerator, entry.denominator, entry.exclusions, entry.attribution)
    dataset = parts.dataset(scope, entry.dataset)
    words = [entry.indicator_id, *(word for pair in texts for word in pair), entry.dataset, dataset, entry.source]
    return " ".join(words).casefold()


def formula(entry: Indicator) -> str:
    """The formula in words; '' where the definition alone can say it."""
    top, bottom = formats.name(entry.numerator, scope.lang), formats.name(entry.denominator, scope.lang)
    if entry.kind in ("count", "amount"):
        return t(scope, "formula_sum", numerator=top)
    if entry.kind not in ("proportion", "ratio"):
        return ""
    if entry.scale == 1:
        return t(scope, "formula_rate", numerator=top, denominator=bottom)
    return t(scope, "formula_scaled", numerator=top, denominator=bottom, scale=formats.whole(entry.scale))


def definition(entry: Indicator) -> str:
    """The entry as HTML: formula, definition, and what is left out, to whom it counts, target, interval, source."""
    said = formula(entry)
    two_parts = not said and entry.kind not in ("count", "amount")
    rows = [
        (t(scope, "numerator"), formats.name(entry.numerator, scope.lang) if two_parts else ""),
        (t(scope, "denominator"), formats.name(entry.denominator, scope.lang) if two_parts else ""),
        (t(scope, "exclusions"), formats.name(entry.exclusions, scope.lang)),
        (t(scope, "attribution"), formats.name(entry.attribution, scope.lang)),
        (t(scope, "target_word"), parts.goal_of(scope, entry)),
        (t(scope, "interval"), t(scope, "no_interval" if entry.interval == "none" else "wilson")),
        (t(scope, "suppression"), t(scope, "suppression_rule", n=scope.city.people_minimum) if entry.people else ""),
        (t(scope, "source"), " · ".join(x for x in (parts.dataset(scope, entry.dataset), entry.source) if x)),
    ]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(shown)}</dd>" for name, shown in rows if shown)
    above = f"<div class='sw-formula'>{escape(said)}</div>" if said else ""
    words = escape(formats.name(entry.definition, scope.lang))
    return f"<div class='sw-define'>{words}</div>{above}<dl class='sw-passport'>{items}</dl>"


families = {"all": t(scope, "family_all")}
for indicator_id in catalogue:
    letter = indicator_id[:1]
    families.setdefault(letter, t(scope, f"family_{letter}", default=letter))
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    wanted = (
        st.text_input(
            t(scope, "search"),
            placeholder=t(scope, "search_hint"),
            key="definitions_search",
            type="search",
            live="300ms",
            width=380,
        )
        .strip()
        .casefold()
    )
    family = controls.choose(scope, "family", families, "all", label=t(scope, "families"), few=True)
shown = {
    indicator_id: entry
    for indicator_id, entry in catalogue.items()
    if family in ("all", indicator_id[:1]) and all(word in haystack(entry) for word in wanted.split())
}
found = parts.readings(scope, list(shown))
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(t(scope, "found", n=len(shown)) if shown else t(scope, "found_none"))
    exports.offer_figures(
        scope,
        "figures",
        f"{scope.place} · {scope.when}",
        [(scope.place, found[i].now, entry) for i, entry in shown.items()],
    )
with st.grid(2, min_column_width=330, gap="small"):
    for indicator_id, entry in shown.items():
        with st.container(border=True, height="stretch", gap="xxsmall", key=f"define_{indicator_id}"):
            figure = found[indicator_id].now
            about = [scope.place, scope.when, parts.base(scope, figure, entry)]
            st.html(
                "<div class='sw-mini'>"
                f"<span><b>{escape(parts.label(scope, entry))}</b> <span class='sw-soft'>{escape(indicator_id)}</span></span>"
                f"<b>{escape(formats.value(figure, entry, scope.lang))}</b></div>"
                f"<div class='sw-line'>{escape(' · '.join(piece for piece in about if piece))}</div>"
                f"{definition(entry)}"
                f"<details class='sw-changes'><summary>v{entry.version} · {escape(t(scope, 'definition_version'))}</summary>"
                f"{history.html(scope, entry)}</details>"
            )
