"""A long rectification list by its matters: one line for each, with the areas that it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from dashboards import data, formats, list_cells
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.parts import t

#: So many areas of a matter are named.
_NAMED = 3


def table(scope: Scope, lines: Sequence[Row]) -> str:
    """The matters of these lines, which come due first first, in the order of the first line of each (ready HTML)."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in lines:
        groups.setdefault((row["rule"], row["indicator_id"] or row["subject"] or ""), []).append(row)
    heads = ("matter", "area", "figure", "due", "state")
    top = "".join(f"<th scope='col'>{escape(t(scope, f'attention_{name}'))}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(_cells(scope, group))}</tr>" for group in groups.values())
    return f"<table class='sw-table sw-matters'><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cells(scope: Scope, lines: Sequence[Row]) -> list[str]:
    first = lines[0]
    levels = Counter(str(row["area_level"]) for row in lines)
    where = t(scope, "comma").join(
        t(scope, f"rung_{level}_one" if n == 1 else f"rung_{level}", default=f"{n} {level}", n=n).strip()
        for level, n in levels.items()
    )
    late = first["rule"] == "overdue" and first["threshold"]
    why = t(scope, "attention_days", n=first["threshold"]) if late else list_cells.why(scope, first)
    states = Counter(str(row["state"]) for row in lines)
    standing = "<br>".join(
        f"{escape(t(scope, f'state_{state}', default=state))} {n}" for state, n in states.most_common()
    )
    return [
        f"<td><b>{escape(list_cells.matter(scope, first))}</b><div class='sw-line'>{escape(why)}</div></td>",
        f"<td><b>{escape(where)}</b><div class='sw-line'>{_named(scope, lines)}</div></td>",
        f"<td>{_figure(scope, lines)}</td>",
        f"<td>{list_cells.due(scope, first)}</td>",
        f"<td>{standing}</td>",
    ]


def _named(scope: Scope, lines: Sequence[Row]) -> str:
    """The first areas by name, each a link, with its figure (ready HTML); so are one or two that are left over."""
    most = _NAMED if len(lines) > _NAMED + 2 else len(lines)
    pieces = [f"{list_cells.link(scope, row['area_code'])} {escape(_value(scope, row))}" for row in lines[:most]]
    more = t(scope, "matter_more", n=len(lines) - most) if len(lines) > most else ""
    return t(scope, "comma").join(pieces) + escape(more)


def _value(scope: Scope, row: Row) -> str:
    indicator = data.indicators(scope.edition).get(row["indicator_id"] or "")
    if indicator is None or row["value"] is None:
        return formats.whole(row["rows"]) if row["rows"] is not None else ""
    limit = row["floor"] if row["rule"] == "floor" else row["target"]
    return formats.value(list_cells.as_figure(row, limit), indicator, scope.lang, unit=False)


def _figure(scope: Scope, lines: Sequence[Row]) -> str:
    """How many cases all its areas are short, else the worst figure, against the bound (ready HTML)."""
    first = lines[0]
    indicator = data.indicators(scope.edition).get(first["indicator_id"] or "")
    total = sum(row["rows"] or 0 for row in lines)
    known = [row for row in lines if row["value"] is not None]
    if indicator is None or not known:
        return f"<b>{formats.whole(total)}</b> {escape(list_cells.unit(scope, first, total))}"
    worst = (max if indicator.direction == "lower" else min)(known, key=lambda row: float(row["value"]))
    limit = worst["floor"] if worst["rule"] == "floor" else worst["target"]
    value = formats.value(list_cells.as_figure(worst, limit), indicator, scope.lang)
    shown = t(scope, "attention_short", n=formats.whole(total)) if total else t(scope, "matter_worst", value=value)
    aim = list_cells.bound(scope, indicator, limit, is_floor=worst["rule"] == "floor") if limit is not None else ""
    return f"<b class='sw-bad'>▼ {escape(shown)}</b><div class='sw-line'>{escape(aim)}</div>"
