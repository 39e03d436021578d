"""The sections of the data page about contracts: how each rule fared over the deliveries, and the rows that were rejected."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from dashboards import data, downloads, formats, parts
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.i18n import pick
from dashboards.parts import t

LISTED = 12
DOWNLOADED = 50_000
#: So many of the newest deliveries fit into a strip.
STRIP = 30


@dataclass(frozen=True, slots=True)
class Record:
    """How a rule fared, delivery by delivery in the order of their data cuts: file, rows checked, rows failed, passed."""

    dataset: str
    rule_id: str
    name: tuple[str, str]
    column: str
    severity: str
    files: tuple[str, ...]
    checked: tuple[int, ...]
    failed: tuple[int, ...]
    passed: tuple[bool, ...]


@cached(max_entries=8)
def records(edition: str) -> list[Record]:
    """Every rule with its results, those that fail now first; results of a few corrected rows speak for no delivery."""
    order = "order by d.as_of, r.checked_at, r.delivery_id"
    rows = data.ask(
        edition,
        "select r.dataset, r.rule_id, r.column_name, "  # noqa: S608
        "arg_max(r.rule_name_zh, r.checked_at) as zh, arg_max(r.rule_name_en, r.checked_at) as en, "
        f"arg_max(r.severity, r.checked_at) as severity, list(coalesce(r.file_name, '') {order}) as files, "
        f"list(coalesce(r.rows_checked, 0) {order}) as checked, list(coalesce(r.rows_failed, 0) {order}) as failed, "
        f"list(coalesce(r.passed, false) {order}) as passed from marts.contract_results r "
        "left join marts.deliveries d on d.delivery_id = r.delivery_id where d.mends is null "
        "group by r.dataset, r.rule_id, r.column_name",
    )
    found = [
        Record(
            row["dataset"],
            row["rule_id"],
            (row["zh"] or row["rule_id"], row["en"] or row["rule_id"]),
            row["column_name"] or "",
            row["severity"] or "",
            tuple(row["files"]),
            tuple(row["checked"]),
            tuple(row["failed"]),
            tuple(row["passed"]),
        )
        for row in rows
    ]
    found.sort(key=lambda r: (r.passed[-1], -r.passed.count(False), -sum(r.failed), r.dataset, r.rule_id))
    return found


def strip(passed: tuple[bool, ...]) -> str:
    """The newest results as a picture: a low grey tick for each that passed, a tall red bar for each that failed."""
    shown = passed[-STRIP:]
    bars = "".join(
        f"<rect x='{index * 7}' y='{13 if good else 0}' width='5' height='{5 if good else 18}' "
        f"fill='{'#97a1ae' if good else '#d0453b'}'/>"
        for index, good in enumerate(shown)
    )
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='{len(shown) * 7}' height='18'>{bars}</svg>"
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def show_rules(scope: Scope) -> None:
    """Rules that ever failed, with the share of deliveries that passed and the order in which they came."""
    st.subheader(t(scope, "rules_title"), anchor=False)
    every = records(scope.edition)
    if not every:
        st.caption(t(scope, "rules_unknown"))
        return
    troubled = [r for r in every if not all(r.passed)]
    st.caption(
        t(
            scope,
            "rules_note",
            all=formats.whole(len(every)),
            calm=formats.whole(len(every) - len(troubled)),
            now=formats.whole(sum(not r.passed[-1] for r in every)),
        )
    )
    if not troubled:
        parts.calm(t(scope, "rules_all_pass", n=len(every)))
        return
    st.html(_table(scope, troubled[:LISTED]))
    if rest := troubled[LISTED:]:
        with st.expander(t(scope, "rules_more", n=len(rest))):
            st.html(_table(scope, rest))


def _table(scope: Scope, listed: list[Record]) -> str:
    body = []
    for r in listed:
        share = f"{r.passed.count(True)} / {len(r.passed)}"
        alt = t(scope, "rules_strip", passed=r.passed.count(True), all=len(r.passed))
        newest = f"{formats.whole(r.failed[-1])} / {formats.whole(r.checked[-1])}"
        severity = t(scope, f"severity_{r.severity}", default=r.severity)
        below = " · ".join(x for x in (parts.dataset(scope, r.dataset), r.column, severity) if x)
        body.append(
            [
                f"{escape(pick(scope.lang, r.name))}<div class='sw-line'>{escape(below)}</div>",
                f"<img class='sw-passes' alt='{escape(alt, quote=True)}' src='{strip(r.passed)}'>",
                share,
                newest if r.passed[-1] else f"<b class='sw-bad'>▼ {newest}</b>",
            ]
        )
    head = [
        (t(scope, "rule"), "sw-long"),
        (t(scope, "rules_deliveries"), "sw-wide"),
        (t(scope, "rules_share"), "sw-num"),
        (t(scope, "rules_newest"), "sw-num"),
    ]
    return parts.table(head, body)


def show_rejects(scope: Scope) -> None:
    """Rejected rows by reason, the rows themselves with personal values masked, and both to take away."""
    st.subheader(t(scope, "rejects_title"), anchor=False)
    reasons = data.reject_reasons(scope.edition)
    if not reasons:
        parts.calm(t(scope, "rejects_none"))
        return
    st.caption(t(scope, "rejects_note"))
    head = [
        (t(scope, "dataset"), ""),
        (t(scope, "column"), "sw-wide"),
        (t(scope, "reason"), "sw-long"),
        (t(scope, "rows"), "sw-num"),
    ]
    body = [
        [
            escape(parts.dataset(scope, r["dataset"])),
            escape(r["column_name"] or formats.NO_VALUE),
            escape(pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or ""))),
            formats.whole(r["n"]),
        ]
        for r in reasons[:20]
    ]
    st.html(parts.table(head, body))
    if len(reasons) > 20:
        st.caption(t(scope, "rejects_listed", n=formats.whole(len(reasons)), shown=20))
    names = list(dict.fromkeys(r["dataset"] for r in reasons))
    with st.expander(t(scope, "rejects_rows")):
        dataset = (
            st.selectbox(
                t(scope, "dataset"),
                names,
                format_func=lambda d: parts.dataset(scope, d),
                key="rejects_dataset",
                width=300,
            )
            or names[0]
        )
        columns = [t(scope, name) for name in ("source_row", "column", "cell", "reason", "rule", "file")]
        # above the table, which is drawn a moment later and would push the buttons away from under a finger
        downloads.offer(
            f"{scope.city.edition}-rejects-{dataset}",
            columns,
            lambda: _rows(scope, data.every_reject(scope.edition, dataset, DOWNLOADED)),
            "rejects",
            (t(scope, "rejects_csv"), t(scope, "rejects_xlsx")),
        )
        shown = _rows(scope, data.rejects(scope.edition, dataset, 500))
        # a rule about whole rows has neither column nor cell; numbers of rows stay numbers
        listed = [[row[0], *(formats.NO_VALUE if cell is None else cell for cell in row[1:])] for row in shown]
        st.dataframe(
            [dict(zip(columns, row, strict=True)) for row in listed], hide_index=True, alt=t(scope, "rejects_rows")
        )


def _rows(scope: Scope, rows: Sequence[Row]) -> list[list[Any]]:
    """Rejected rows as cells, values masked as the edition holds them."""
    return [
        [
            r["source_row"],
            r["column_name"],
            r["value"],
            pick(scope.lang, (r["reason_zh"] or "", r["reason_en"] or "")),
            r["rule_id"],
            r["file_name"],
        ]
        for r in rows
    ]
