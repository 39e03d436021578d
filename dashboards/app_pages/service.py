"""Are residents' needs met, and do they say so?"""

import streamlit as st

from dashboards import breakdowns, controls, headings, lead, parts, service_parts, waves
from dashboards.controls import Scope
from dashboards.parts import t

scope: Scope = st.session_state["scope"]
found = parts.readings(scope, ["L01", "L03", "L04"])
projects = service_parts.settled(scope)
surveys = waves.latest(scope, ("Q01", "Q02", "Q03", "Q04"))
appraisals = waves.latest(scope, ("A01", "A02", "A03"))
parts.headline(scope, t(scope, "title_service"), lead.service(scope, found, surveys, appraisals))

headings.group(scope, "needs")
left, right = st.columns(2, gap="medium")
with left:
    service_parts.needs_tiles(scope, found.get("L01"), projects)
    service_parts.lists(scope)
    if "L01" in found:
        title = t(scope, "dots_title", name=parts.label(scope, found["L01"].indicator))
        parts.child_dots(scope, "L01", "needs_dots", title)
with right:
    service_parts.categories(scope, projects)

headings.group(scope, "assemblies")
left, right = st.columns(2, gap="medium")
with left:
    parts.tiles(scope, [found[i] for i in ("L03", "L04") if i in found], columns=2)
with right:
    breakdowns.volume(scope, found.get("L03"), "assemblies")

headings.group(scope, "surveys")
if surveys:
    waves.tiles(surveys.values(), columns=len(surveys))
    shared = t(scope, "survey_suffix")
    short = {i: waves.named(wave, shared) for i, wave in surveys.items()}
    options = {i: parts.label(scope, item.indicator) for i, item in short.items()}
    asked = controls.choose(
        scope, "question", options, next(iter(options)), label=t(scope, "survey_question"), few=True
    )
    wave = surveys[asked]
    st.caption(t(scope, "survey_note", least=wave.reading.indicator.minimum_count))
    left, right = st.columns(2, gap="medium")
    with left:
        title = t(scope, "survey_dots", name=options[asked], when=wave.when)
        parts.child_dots(wave.scope, asked, "survey_dots", title)
        service_parts.survey_of_communities(wave)
    with right:
        title = t(scope, "history_title", name=options[asked])
        parts.trend(wave.scope, [short[asked]], ["accent"], title, "survey", note=t(scope, "survey_waves"))
else:
    st.info(t(scope, "surveys_none"))

headings.group(scope, "appraisals")
if appraisals:
    waves.tiles(appraisals.values(), columns=len(appraisals))
    left, right = st.columns(2, gap="medium")
    with left:
        if reached := appraisals.get("A02"):
            title = t(scope, "survey_dots", name=parts.label(scope, reached.reading.indicator), when=reached.when)
            parts.child_dots(reached.scope, "A02", "appraisal_dots", title)
    with right:
        service_parts.kinds_of_organisations(appraisals)
        service_parts.vetoes(scope)
else:
    st.info(t(scope, "appraisals_none"))
