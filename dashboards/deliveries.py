"""The sections of the data page about deliveries: refused files, guards, remarks, and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

import streamlit as st

from dashboards import data, editions, formats, parts
from dashboards.controls import Scope
from dashboards.i18n import pick
from dashboards.parts import t

LISTED = 30
LEDGER_ROWS = 500
_COUNTS = (
    "rows_in",
    "rows_loaded",
    "rows_unchanged",
    "rows_rejected",
    "rows_deduplicated",
    "rows_left_out",
    "rows_removed",
)
OUTCOMES = ("loaded", "refused", "superseded")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused file in whose place nothing came yet; `place` is a key of `i18n.WORDS`."""

    dataset: str
    file_name: str
    refused_at: datetime
    reason: tuple[str, str]
    place: str


def refusals(edition: str) -> list[Refusal]:
    """What stops the refreshes since this edition, and what was refused before it and is not in it; newest first."""
    report = editions.last_refresh()
    found: dict[tuple[str, str], Refusal] = {}
    for problem in report.problems if report is not None and report.outcome == "failed" else ():
        if problem.refused_at is not None:
            at = problem.refused_at.astimezone(UTC).replace(tzinfo=None)
            place = "place_aside" if problem.set_aside else "place_stays"
            key = (problem.dataset, problem.file_name)
            found[key] = Refusal(problem.dataset, problem.file_name, at, problem.message, place)
    # A file in refused/ keeps every refresh from publishing, so what an edition holds as open has left that folder.
    for row in data.open_refusals(edition):
        reason = (row["reason_zh"] or "", row["reason_en"] or "")
        refusal = Refusal(row["dataset"], row["file_name"], row["refused_at"], reason, "place_gone")
        found.setdefault((refusal.dataset, refusal.file_name), refusal)
    return sorted(found.values(), key=lambda r: r.refused_at, reverse=True)


def marked(edition: str) -> list[str]:
    """Datasets whose last loaded delivery was let in although a guard found it out of the ordinary."""
    _, rows = data.guard_marks(edition, 1000)
    return list(dict.fromkeys(r["dataset"] for r in rows if r["current"] and r["outcome"] != "blocked"))


def show_refusals(scope: Scope, found: list[Refusal]) -> None:
    """Refused files with their reason and where they lie."""
    st.subheader(t(scope, "refusals_title"), anchor=False)
    if not found:
        parts.calm(t(scope, "refusals_none"))
        return
    zone = scope.city.time_zone
    body = [
        [
            _cell(parts.dataset(scope, r.dataset), formats.instant(r.refused_at, zone)),
            f"<b>{escape(r.file_name)}</b><br>"
            + _cell(pick(scope.lang, r.reason), t(scope, r.place, dataset=r.dataset)),
        ]
        for r in found[:LISTED]
    ]
    st.html(parts.table([(t(scope, "dataset"), "sw-first"), (t(scope, "file_and_reason"), "sw-long")], body))
    if len(found) > LISTED:
        st.caption(t(scope, "refusals_more", n=len(found) - LISTED))


def show_guards(scope: Scope) -> None:
    """Deliveries that a guard found out of the ordinary, and who answers for those that were let pass."""
    st.subheader(t(scope, "guards_title"), anchor=False)
    counts = data.guard_counts(scope.edition)
    if not counts:
        st.caption(t(scope, "guards_unjudged"))
        return
    st.caption(
        t(
            scope,
            "guards_note",
            n=formats.whole(sum(counts.values())),
            unjudged=formats.whole(counts.get("not_judged", 0)),
            **{name: formats.whole(counts.get(name, 0)) for name in ("passed", "warned", "overridden", "blocked")},
        )
    )
    total, rows = data.guard_marks(scope.edition, LISTED)
    if not rows:
        parts.calm(t(scope, "guards_none"))
        return
    body = []
    for r in rows:
        kind, _, column = r["guard_id"].partition(".")
        guard = t(scope, f"guard_{kind}", default=kind) + (f" · {column}" if column else "")
        paint = "sw-bad" if r["outcome"] == "blocked" else ""
        below = [formats.instant(r["judged_at"], scope.city.time_zone)]
        if r["earlier"]:
            below.append(t(scope, "guard_earlier", n=formats.whole(r["earlier"])))
        if r["outcome"] == "overridden":
            below.append(
                t(scope, "override_line", who=r["override_who"], why=r["override_why"], until=r["override_until"])
            )
        body.append(
            [
                _cell(parts.dataset(scope, r["dataset"]), guard),
                f"<b class='{paint}'>{escape(t(scope, 'judged_' + r['outcome']))}</b><br>"
                + _cell(pick(scope.lang, (r["message_zh"] or "", r["message_en"] or "")), " · ".join(below)),
            ]
        )
    st.html(parts.table([(t(scope, "dataset_and_guard"), "sw-first"), (t(scope, "finding"), "sw-long")], body))
    if total > len(rows):
        st.caption(t(scope, "listed_of", n=formats.whole(total), shown=len(rows)))


def show_notes(scope: Scope) -> None:
    """What reading normalised or remarked on, counted."""
    st.subheader(t(scope, "notes_title"), anchor=False)
    total, rows = data.notes(scope.edition, LISTED)
    if not rows:
        parts.calm(t(scope, "notes_none"))
        return
    zone = scope.city.time_zone
    body = [
        [
            _cell(
                parts.dataset(scope, r["dataset"]), formats.instant(r["arrived_at"], zone) if r["arrived_at"] else ""
            ),
            escape(pick(scope.lang, (r["message_zh"] or "", r["message_en"] or ""))),
            formats.whole(r["cells"]),
        ]
        for r in rows
    ]
    head = [(t(scope, "dataset"), "sw-first"), (t(scope, "note_text"), "sw-long"), (t(scope, "count_plain"), "sw-num")]
    st.html(parts.table(head, body))
    if total > len(rows):
        st.caption(t(scope, "listed_of", n=formats.whole(total), shown=len(rows)))


def show_ledger(scope: Scope) -> None:
    """Every delivery with the fate of its rows, narrowed by dataset and outcome."""
    st.subheader(t(scope, "ledger_title"), anchor=False)
    with st.container(horizontal=True, gap="small"):
        dataset = st.selectbox(
            t(scope, "dataset"),
            [None, *data.ledger_datasets(scope.edition)],
            format_func=lambda d: t(scope, "any_dataset") if d is None else parts.dataset(scope, d),
            key="ledger_dataset",
            width=260,
        )
        outcome = st.selectbox(
            t(scope, "outcome"),
            [None, *OUTCOMES],
            format_func=lambda o: t(scope, "any_outcome" if o is None else f"outcome_{o}"),
            key="ledger_outcome",
            width=260,
        )
    total, rows = data.ledger(scope.edition, dataset, outcome, LEDGER_ROWS)
    if not rows:
        parts.calm(t(scope, "ledger_none"))
        return
    zone = scope.city.time_zone
    st.dataframe(
        [
            {
                t(scope, "dataset"): parts.dataset(scope, r["dataset"]),
                t(scope, "file"): r["file_name"],
                t(scope, "outcome"): t(scope, f"outcome_{r['outcome']}", default=r["outcome"] or ""),
                t(scope, "arrived_at"): formats.instant(r["arrived_at"], zone),
                **{t(scope, name): r[name] for name in _COUNTS},
                t(scope, "reason"): pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or "")),
                t(scope, "mends"): r["mends"] or "",
                t(scope, "as_of"): formats.instant(r["as_of"], zone),
                t(scope, "delivery_kind"): t(scope, f"delivery_{r['kind']}", default=r["kind"] or ""),
                t(scope, "delivery_source"): r["source"],
                t(scope, "size"): formats.size(r["bytes"]),
                t(scope, "sha256"): (r["sha256"] or "")[:12],
                t(scope, "run"): (r["run_id"] or "")[:8],
            }
            for r in rows
        ],
        column_config={
            **{t(scope, name): st.column_config.NumberColumn(format="localized") for name in _COUNTS},
            t(scope, "reason"): st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        alt=t(scope, "ledger_title"),
    )
    if total > len(rows):
        st.caption(t(scope, "listed_of", n=formats.whole(total), shown=len(rows)))


def _cell(first: str, second: str) -> str:
    """A cell of two lines, the second small."""
    return f"{escape(first)}<div class='sw-line'>{escape(second)}</div>" if second else escape(first)
