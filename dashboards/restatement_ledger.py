"""The section of the data page about figures that differ from the edition before: how many, why, was and is."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import data, formats, parts
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Figure, Indicator, Row
from dashboards.i18n import pick
from dashboards.parts import t

LISTED = 30
_KINDS = ("restatement", "provisional_update")


@cached(max_entries=8)
def causes(edition: str) -> dict[str, dict[str, int]]:
    """Lines by kind and cause, most first; a line with several causes counts under each. The cause '' counts lines once."""
    rows = data.ask(edition, "select kind, causes, count(*) as n from marts.restatements group by kind, causes")
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        kind = found.setdefault(row["kind"], {"": 0})
        for cause in ("", *sorted({one.strip() for one in (row["causes"] or "unknown").split(",")})):
            kind[cause] = kind.get(cause, 0) + row["n"]
    return {
        kind: dict(sorted(mine.items(), key=lambda one: (one[0] != "", -one[1], one[0])))
        for kind, mine in found.items()
    }


@cached(max_entries=16)
def lines(edition: str, kind: str, cause: str, limit: int) -> list[Row]:
    """Lines of a kind and cause ('' any), totals and large areas first, then the largest change."""
    return data.ask(
        edition,
        "select * from marts.restatements where kind = ? "
        "and (? = '' or contains(',' || coalesce(causes, 'unknown') || ',', ',' || ? || ',')) "
        "order by dimension <> 'all', list_position(['city', 'district', 'street', 'community', 'grid'], area_level), "
        "abs(is_value - was_value) desc nulls last, indicator_id, period_start desc, area_code limit ?",
        [kind, cause, cause, limit],
    )


def show(scope: Scope) -> None:
    """The ledger: counts by cause, then the lines with was, is and why."""
    st.subheader(t(scope, "restated_title"), anchor=False)
    counts = causes(scope.edition)
    if not counts:
        parts.calm(t(scope, "restated_none"))
        return
    final, open_ones = (counts.get(kind, {}).get("", 0) for kind in _KINDS)
    st.caption(t(scope, "restated_note", final=formats.whole(final), open=formats.whole(open_ones)))
    known = [kind for kind in _KINDS if kind in counts]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = st.segmented_control(
            t(scope, "restated_kind"),
            known,
            default=known[0],
            format_func=lambda one: t(scope, f"restated_{one}"),
            key="restated_kind",
            required=True,
        )
        mine = counts[kind or known[0]]
        cause = st.selectbox(
            t(scope, "restated_cause"),
            list(mine),
            format_func=lambda one: f"{_cause(scope, one)} · {formats.whole(mine[one])}",
            key=f"restated_cause_{kind}",
            width=320,
        )
    st.html(_bars(scope, mine))
    rows = lines(scope.edition, kind or known[0], cause or "", LISTED)
    catalogue = data.indicators(scope.edition)
    body = [_line(scope, row, catalogue.get(row["indicator_id"])) for row in rows]
    head = [
        (t(scope, "restated_figure"), "sw-long"),
        (t(scope, "ledger_was"), "sw-num"),
        (t(scope, "ledger_is"), "sw-num"),
    ]
    st.html(parts.table(head, body))
    total = mine[cause or ""]
    if total > len(rows):
        st.caption(t(scope, "restated_listed", n=formats.whole(total), shown=len(rows)))


def _cause(scope: Scope, cause: str) -> str:
    return t(scope, f"cause_{cause}", default=cause) if cause else t(scope, "cause_any")


def _bars(scope: Scope, mine: dict[str, int]) -> str:
    """Lines by cause as bars that begin at zero."""
    most = max((n for cause, n in mine.items() if cause), default=0) or 1
    body = [
        [
            escape(_cause(scope, cause)),
            f"<div class='sw-track'><span class='sw-bar' style='width:{100 * n / most:.1f}%'></span></div>",
            formats.whole(n),
        ]
        for cause, n in mine.items()
        if cause
    ]
    head = [(t(scope, "restated_cause"), ""), ("", "sw-grow"), (t(scope, "restated_lines"), "sw-num")]
    return f"<div class='sw-causes'>{parts.table(head, body)}</div>"


def _line(scope: Scope, row: Row, indicator: Indicator | None) -> list[str]:
    areas = data.areas(scope.edition)
    code = row["area_code"]
    place = formats.name(areas[code].name, scope.lang) if code in areas else str(code)
    if code == "unlocated":
        place = t(scope, "restated_unlocated")
    if row["dimension"] != "all":
        place += f" · {row['dimension']}: {row['member']}"
    name = parts.label(scope, indicator) if indicator else str(row["indicator_id"])
    period = t(scope, "restated_day", day=row["period_start"])
    if row["grain"] != "day":
        period = formats.period(row["grain"], row["period_start"], scope.lang)
    why = pick(scope.lang, (row["why_zh"] or "", row["why_en"] or ""))
    return [
        f"{escape(name)} · {escape(place)} · {escape(period)}<div class='sw-line'>{escape(why)}</div>",
        _said(scope, row, "was", indicator),
        _said(scope, row, "is", indicator),
    ]


def _said(scope: Scope, row: Row, which: str, indicator: Indicator | None) -> str:
    """Value with its count, as one edition said it."""
    if indicator is None:
        return formats.NO_VALUE if row[f"{which}_value"] is None else f"{row[f'{which}_value']:g}"
    figure = Figure(
        indicator_id=row["indicator_id"],
        version=row[f"{which}_version"] or 1,
        grain=row["grain"],
        period_start=row["period_start"],
        area_level=row["area_level"],
        area_code=row["area_code"],
        dimension=row["dimension"],
        member=row["member"],
        numerator=row[f"{which}_numerator"],
        denominator=row[f"{which}_denominator"],
        excluded=None,
        pending=None,
        value=row[f"{which}_value"],
        lower=None,
        upper=None,
        target=row[f"{which}_target"],
        status=row[f"{which}_status"],
        as_of=None,
        edition="",
    )
    below = "" if indicator.kind in ("count", "amount") else formats.fraction(figure, indicator, scope.lang)
    return f"<b>{escape(formats.value(figure, indicator, scope.lang))}</b><div class='sw-line sw-wide'>{escape(below)}</div>"
