"""Can these figures be trusted: what arrived, what passed its contract, what was left out?"""

from datetime import UTC, datetime
from html import escape

import streamlit as st

from dashboards import (
    access,
    controls,
    dagster_api,
    data,
    deliveries,
    docs,
    editions,
    formats,
    lead,
    origin,
    parts,
    promises,
    reruns,
    restatement_ledger,
    rules,
)
from dashboards.controls import Scope
from dashboards.i18n import pick

scope: Scope = st.session_state["scope"]
zone = scope.city.time_zone
# Not the edition's moment: a source that went silent must grow old while nobody publishes.
now = datetime.now(UTC)
intake = data.intake(scope.edition)
results = data.contract_results(scope.edition)
refusals = deliveries.refusals(scope.edition)
answer = lead.quality(scope, intake, results, [r.dataset for r in refusals], deliveries.marked(scope.edition))
if late := promises.late_datasets(scope, now):
    answer += parts.t(scope, "lead_late", names=parts.bad(parts.datasets(scope, late)))
parts.headline(scope, parts.t(scope, "title_data"), answer)

report = editions.last_refresh()
if report is not None:
    outcome = parts.t(scope, f"outcome_{report.outcome}", default=report.outcome)
    line = parts.t(scope, "refresh_line", when=formats.instant(report.finished_at, zone), outcome=outcome)
    st.html(f"<div class='sw-meta'>{escape(line)}</div>")

names = ["arrived", "rules", "restated", "origin", "docs"]
if dagster_api.url() and access.analyst():
    names.append("runs")
tabs = {name: parts.t(scope, f"tab_{name}") for name in names}
# a link that names the indicator of an origin means that part
first = "origin" if "origin" in st.query_params else names[0]
shown = controls.choose(scope, "tab", tabs, first, label=parts.t(scope, "data_tabs"), few=True)

if shown == "arrived":
    st.subheader(parts.t(scope, "datasets_title"), anchor=False)
    st.caption(parts.t(scope, "datasets_note"))
    received = {row["dataset"]: row for row in intake}
    promised = promises.by_dataset(scope.edition)
    lines = []
    for dataset, (cut, _) in data.as_of(scope.edition).items():
        row = received.get(dataset, data.Row())
        mine = [r for r in results if r["dataset"] == dataset]
        passed = sum(1 for r in mine if r["passed"])
        held = (
            formats.NO_VALUE
            if not mine
            else f"{passed} / {len(mine)}"
            if passed == len(mine)
            else f"<span class='sw-bad'>▼ {passed} / {len(mine)}</span>"
        )
        counts = ("files", "rows_in", "rows_loaded", "rows_rejected", "rows_deduplicated", "rows_left_out")
        lines.append(
            [
                escape(parts.dataset(scope, dataset)),
                "".join(f"<span class='sw-when'>{escape(p)}</span> " for p in formats.instant(cut, zone).split(" "))
                + f"<div class='sw-line sw-wide'>{escape(parts.t(scope, 'arrived_line', when=formats.instant(row['arrived_at'], zone)))}</div>",
                promises.cell(scope, promised.get(dataset, []), now),
                *(formats.whole(row[name] or 0) for name in counts),
                held,
            ]
        )
    columns = [
        ("dataset", ""),
        ("as_of", ""),
        ("promise", ""),
        ("files", "sw-num sw-wide"),
        ("rows_in", "sw-num sw-wide"),
        ("rows_loaded", "sw-num sw-wide"),
        ("rows_rejected", "sw-num"),
        ("rows_deduplicated", "sw-num sw-wide"),
        ("rows_left_out", "sw-num sw-wide"),
        ("rules_passed", "sw-num"),
    ]
    st.html(parts.table([(parts.t(scope, name), css) for name, css in columns], lines))
    deliveries.show_refusals(scope, refusals)
    deliveries.show_guards(scope)
    reasons_left_out = data.left_out(scope.edition)
    if reasons_left_out:
        st.subheader(parts.t(scope, "left_out_title"), anchor=False)
        st.html(
            parts.table(
                [(parts.t(scope, "dataset"), ""), (parts.t(scope, "reason"), ""), (parts.t(scope, "rows"), "sw-num")],
                [
                    [
                        escape(parts.dataset(scope, r["dataset"])),
                        escape(pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or ""))),
                        formats.whole(r["n"]),
                    ]
                    for r in reasons_left_out
                ],
            )
        )
    deliveries.show_notes(scope)
    deliveries.show_ledger(scope)

if shown == "rules":
    rules.show_rules(scope)
    rules.show_rejects(scope)

if shown == "restated":
    restatement_ledger.show(scope)

if shown == "origin":
    origin.show(scope)

if shown == "docs":
    st.subheader(parts.t(scope, "docs_title"), anchor=False)
    st.caption(parts.t(scope, "docs_note"))
    if not docs.pages(scope.edition):
        st.info(parts.t(scope, "docs_none"))
    elif st.toggle(parts.t(scope, "docs_open"), key="docs_open"):
        st.iframe(docs.book(scope.edition), height=720, alt=parts.t(scope, "docs_title"))

if shown == "runs":
    reruns.show(scope)
