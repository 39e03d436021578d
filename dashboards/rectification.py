"""Shows what needs attention: the rectification list of an area, and apart from it the watch list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

import streamlit as st

from dashboards import controls, data, formats, list_cells, matters, parts
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.parts import t

_SHOWN = 8
_LISTED = 100
_RUNGS = {"city": 0, "district": 1, "street": 2, "community": 3}


@cached(max_entries=8)
def lines(edition: str) -> list[Row]:
    """The lines of the rectification list with the words of their rules, those due first before the others."""
    return data.ask(
        edition,
        "select l.*, r.name_zh, r.name_en, r.threshold from marts.rectification l "
        "left join marts.rectification_rules r using (rule) order by l.due_on, l.line_id",
    )


@cached(max_entries=8)
def watched(edition: str) -> list[Row]:
    """Figures below their target that are not on the list."""
    return data.ask(edition, "select * from marts.watch_list order by indicator_id, reason desc, area_code")


@cached(max_entries=8)
def is_kept(edition: str) -> bool:
    """Whether the edition keeps a rectification list at all."""
    return bool(data.ask(edition, "select rule from marts.rectification_rules limit 1"))


def attention(scope: Scope) -> None:
    """The list first, a long one by its matters; what is only watched stands below it in smaller type."""
    everyone = data.areas(scope.edition)
    inside = {code for code, area in everyone.items() if scope.area.code in area.path}
    mine = [row for row in lines(scope.edition) if row["area_code"] in inside]
    ids = [str(row["indicator_id"]) for row in mine if row["indicator_id"] and row["state"] in list_cells.OPEN]
    if any(row["rule"] == "overdue" for row in mine):
        ids.append("T12")
    parts.section(scope, t(scope, "attention_title"), list(dict.fromkeys(ids))[:12], "attention")
    if not mine and not is_kept(scope.edition):
        st.info(t(scope, "attention_not_kept"))
        return
    on_list = [row for row in mine if row["state"] in list_cells.OPEN]
    left = [row for row in mine if row["state"] not in list_cells.OPEN]
    heads = _heads(on_list)
    _summary(scope, on_list, heads, left)
    if len(heads) > _SHOWN:
        st.html(matters.table(scope, heads))
        with st.expander(t(scope, "attention_each", n=len(heads))):
            st.html(_table(scope, heads[:_LISTED], _beneath(on_list)))
            if len(heads) > _LISTED:
                st.caption(t(scope, "and_more", n=len(heads) - _LISTED))
    elif heads:
        st.html(_table(scope, heads, _beneath(on_list)))
    if left:
        with st.expander(t(scope, "attention_left", n=len(left))):
            st.html(_table(scope, sorted(left, key=rank)[:_LISTED], {}))
            if len(left) > _LISTED:
                st.caption(t(scope, "and_more", n=len(left) - _LISTED))
    _watch(scope, [row for row in watched(scope.edition) if row["area_code"] in inside])


def rank(row: Row) -> tuple[object, ...]:
    """Most overdue first, then from the district down, then by the rows that fall short."""
    return row["due_on"], _RUNGS.get(row["area_level"], 9), -(row["rows"] or 0), row["line_id"]


def _heads(rows: Sequence[Row]) -> list[Row]:
    """The lines that are no part of another one shown here."""
    known = {row["line_id"] for row in rows}
    return sorted((row for row in rows if row["part_of"] not in known), key=rank)


def _beneath(rows: Sequence[Row]) -> dict[str, int]:
    """How many lines of smaller areas belong to a line, at whatever depth."""
    above = {row["line_id"]: row["part_of"] for row in rows}
    found: dict[str, int] = {}
    for row in rows:
        up = row["part_of"]
        while up in above:
            found[up] = found.get(up, 0) + 1
            up = above[up]
    return found


def _summary(scope: Scope, on_list: Sequence[Row], heads: Sequence[Row], left: Sequence[Row]) -> None:
    cut = controls.data_cut(scope.edition)
    if not on_list:
        parts.calm(t(scope, "attention_none"))
        return
    late = sum(row["due_on"] < cut for row in on_list)
    said = t(scope, "attention_open", n=parts.strong(len(on_list)), day=escape(formats.day(cut, scope.lang)))
    said += (
        t(scope, "attention_late", n=parts.bad(late))
        if late
        else t(scope, "attention_none_late", day=escape(formats.day(heads[0]["due_on"], scope.lang)))
    )
    if len(heads) < len(on_list):
        said += t(scope, "attention_folded", n=len(on_list) - len(heads))
    mended = sum(row["state"] == "mended" for row in left)
    if mended:
        said += t(scope, "attention_mended", n=mended)
    st.html(f"<div class='sw-say'>{said}</div>")


def _table(scope: Scope, rows: Sequence[Row], beneath: Mapping[str, int]) -> str:
    head = "".join(
        f"<th scope='col'>{escape(t(scope, f'attention_{name}'))}</th>"
        for name in ("matter", "area", "figure", "owner", "due", "state")
    )
    body = "".join(f"<tr>{''.join(_cells(scope, row, beneath.get(row['line_id'], 0)))}</tr>" for row in rows)
    return f"<table class='sw-table sw-cases'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(scope: Scope, row: Row, beneath: int) -> list[str]:
    detail = ""
    if row["rule"] == "target" and row["months_below"]:
        detail = t(scope, "attention_months", n=row["months_below"])
    elif row["rule"] == "overdue" and row["threshold"]:
        detail = t(scope, "attention_days", n=row["threshold"])
    because = " · ".join(escape(piece) for piece in (list_cells.why(scope, row), detail) if piece)
    folded = f"<div class='sw-line'>{escape(t(scope, 'attention_beneath', n=beneath))}</div>" if beneath else ""
    # a card on a phone does not name the area twice
    alike = " class='sw-alike'" if row["owner_code"] == row["area_code"] else ""
    return [
        f"<td><b>{escape(list_cells.matter(scope, row))}</b><div class='sw-line'>{because}</div></td>",
        f"<td>{list_cells.place(scope, row['area_code'])}{folded}</td>",
        f"<td>{list_cells.figure(scope, row)}</td>",
        f"<td{alike}><span class='sw-tag'>{escape(t(scope, 'attention_owner'))} </span>{escape(list_cells.name(scope, row['owner_code']))}</td>",
        f"<td>{list_cells.due(scope, row)}</td>",
        f"<td>{list_cells.state(scope, row)}</td>",
    ]


def _watch(scope: Scope, rows: Sequence[Row]) -> None:
    """Figures below target without a line: of the area and the rung below it by name, of those further down the number."""
    near = {scope.area.code, *(area.code for area in parts.children(scope))}
    named: dict[tuple[str, str, date], list[Row]] = {}
    for row in rows:
        if row["area_code"] in near:
            named.setdefault((row["indicator_id"], row["reason"], row["period_start"]), []).append(row)
    if not rows:
        return
    catalogue = data.indicators(scope.edition)
    items: list[str] = []
    for (indicator_id, reason, month), found in named.items():
        indicator = catalogue.get(indicator_id)
        if indicator is None:
            continue
        listed = t(scope, "comma").join(
            f"{list_cells.name(scope, row['area_code'])} {formats.value(list_cells.as_figure(row, row['target']), indicator, scope.lang)}"
            for row in found
        )
        pieces = [list_cells.bound(scope, indicator, found[0]["target"]), formats.period("month", month, scope.lang)]
        goal = t(scope, "in_brackets", text=t(scope, "clause_comma").join(pieces))
        why = t(scope, f"watch_{reason}", default=reason)
        what = parts.label(scope, indicator) + goal
        items.append(f"<li>{escape(t(scope, 'watch_item', what=what, why=why, listed=listed))}</li>")
    further = sum(row["area_code"] not in near for row in rows)
    rest = escape(t(scope, "watch_further", n=further)) if further else ""
    st.html(
        f"<div class='sw-watch'><b>◐ {escape(t(scope, 'watch_title'))}</b> {escape(t(scope, 'watch_note'))}"
        f"<ul>{''.join(items)}</ul>{rest}</div>"
    )
