"""Can these figures be trusted: what arrived, what passed its contract, what was left out?"""

from html import escape

import streamlit as st

from dashboards import data, deliveries, docs, editions, formats, lead, parts
from dashboards.controls import Scope
from dashboards.i18n import pick

scope: Scope = st.session_state["scope"]
zone = scope.city.time_zone
intake = data.intake(scope.edition)
results = data.contract_results(scope.edition)
refusals = deliveries.refusals(scope.edition)
answer = lead.quality(scope, intake, results, [r.dataset for r in refusals], deliveries.marked(scope.edition))
parts.headline(scope, parts.t(scope, "title_data"), answer)

report = editions.last_refresh()
if report is not None:
    outcome = parts.t(scope, f"outcome_{report.outcome}", default=report.outcome)
    line = parts.t(scope, "refresh_line", when=formats.instant(report.finished_at, zone), outcome=outcome)
    st.html(f"<div class='sw-meta'>{escape(line)}</div>")

st.subheader(parts.t(scope, "datasets_title"), anchor=False)
st.caption(parts.t(scope, "datasets_note"))
received = {row["dataset"]: row for row in intake}
lines = []
for dataset, (cut, _) in data.as_of(scope.edition).items():
    row = received.get(dataset, data.Row())
    mine = [r for r in results if r["dataset"] == dataset]
    passed = sum(1 for r in mine if r["passed"])
    rules = (
        formats.NO_VALUE
        if not mine
        else f"{passed} / {len(mine)}"
        if passed == len(mine)
        else f"<span class='sw-bad'>▼ {passed} / {len(mine)}</span>"
    )
    lines.append(
        [
            escape(parts.dataset(scope, dataset)),
            escape(formats.instant(row.get("arrived_at"), zone)),
            escape(formats.instant(cut, zone)),
            formats.whole(row.get("files") or 0),
            formats.whole(row.get("rows_in") or 0),
            formats.whole(row.get("rows_loaded") or 0),
            formats.whole(row.get("rows_rejected") or 0),
            formats.whole(row.get("rows_deduplicated") or 0),
            formats.whole(row.get("rows_left_out") or 0),
            rules,
        ]
    )
head = [
    (parts.t(scope, "dataset"), ""),
    (parts.t(scope, "last_delivery"), "sw-wide"),
    (parts.t(scope, "as_of"), ""),
    (parts.t(scope, "files"), "sw-num sw-wide"),
    (parts.t(scope, "rows_in"), "sw-num sw-wide"),
    (parts.t(scope, "rows_loaded"), "sw-num"),
    (parts.t(scope, "rows_rejected"), "sw-num"),
    (parts.t(scope, "rows_deduplicated"), "sw-num sw-wide"),
    (parts.t(scope, "rows_left_out"), "sw-num sw-wide"),
    (parts.t(scope, "rules_passed"), "sw-num"),
]
st.html(parts.table(head, lines))

deliveries.show_refusals(scope, refusals)
deliveries.show_guards(scope)

failing = [r for r in results if not r["passed"]]
st.subheader(parts.t(scope, "rules_title"), anchor=False)
if failing:
    body = [
        [
            escape(parts.dataset(scope, r["dataset"])),
            escape(pick(scope.lang, (r["rule_name_zh"] or r["rule_id"], r["rule_name_en"] or r["rule_id"])))
            + f"<div class='sw-line'>{escape(r['column_name'] or '')}</div>",
            escape(parts.t(scope, f"severity_{r['severity']}", default=r["severity"] or "")),
            f"<b class='sw-bad'>▼ {formats.whole(r['rows_failed'] or 0)}</b>",
            formats.whole(r["rows_checked"] or 0),
        ]
        for r in failing[:40]
    ]
    st.html(
        parts.table(
            [
                (parts.t(scope, "dataset"), ""),
                (parts.t(scope, "rule"), ""),
                (parts.t(scope, "severity"), ""),
                (parts.t(scope, "rows_failed"), "sw-num"),
                (parts.t(scope, "rows_checked"), "sw-num sw-wide"),
            ],
            body,
        )
    )
else:
    parts.calm(parts.t(scope, "rules_all_pass", n=len(results)))

st.subheader(parts.t(scope, "rejects_title"), anchor=False)
reasons = data.reject_reasons(scope.edition)
if reasons:
    body = [
        [
            escape(parts.dataset(scope, r["dataset"])),
            escape(r["column_name"] or formats.NO_VALUE),
            escape(pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or ""))),
            formats.whole(r["n"]),
        ]
        for r in reasons[:20]
    ]
    st.html(
        parts.table(
            [
                (parts.t(scope, "dataset"), ""),
                (parts.t(scope, "column"), ""),
                (parts.t(scope, "reason"), ""),
                (parts.t(scope, "rows"), "sw-num"),
            ],
            body,
        )
    )
    with st.expander(parts.t(scope, "rejects_rows")):
        names = list(dict.fromkeys(r["dataset"] for r in reasons))
        dataset = st.selectbox(
            parts.t(scope, "dataset"),
            names,
            format_func=lambda d: parts.dataset(scope, d),
            key="rejects_dataset",
        )
        st.dataframe(
            [
                {
                    parts.t(scope, "source_row"): r["source_row"],
                    parts.t(scope, "column"): r["column_name"],
                    parts.t(scope, "cell"): r["value"],
                    parts.t(scope, "reason"): pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or "")),
                    parts.t(scope, "file"): r["file_name"],
                }
                for r in data.rejects(scope.edition, dataset or names[0], 500)
            ],
            hide_index=True,
            alt=parts.t(scope, "rejects_rows"),
        )
else:
    parts.calm(parts.t(scope, "rejects_none"))

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

st.subheader(parts.t(scope, "docs_title"), anchor=False)
st.caption(parts.t(scope, "docs_note"))
pages = docs.pages(scope.edition)
if pages:
    picked = st.selectbox(parts.t(scope, "docs_page"), list(pages), format_func=lambda p: pages[p], key="docs_page")
    if st.toggle(parts.t(scope, "docs_open"), key="docs_open"):
        st.iframe(docs.page(scope.edition, picked or next(iter(pages))), height=720, alt=parts.t(scope, "docs_title"))
else:
    st.info(parts.t(scope, "docs_none"))
