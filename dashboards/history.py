"""What a definition said in earlier editions, and since when it says what it says."""

from __future__ import annotations

from html import escape

from dashboards import data, formats
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Indicator, Row
from dashboards.i18n import pick
from dashboards.parts import t

_TEXTS = ("name", "definition", "numerator", "denominator", "exclusions", "attribution")


@cached(max_entries=8)
def versions(edition: str) -> dict[str, list[Row]]:
    """Each definition as it was said, oldest first, by indicator."""
    found: dict[str, list[Row]] = {}
    for row in data.ask(edition, "select * from marts.indicator_history order by indicator_id, since"):
        found.setdefault(row["indicator_id"], []).append(row)
    return found


@cached(max_entries=8)
def earlier_figures(edition: str) -> dict[str, list[Row]]:
    """Figures that earlier versions gave and no later edition says again: version, how many, the last edition."""
    found: dict[str, list[Row]] = {}
    for row in data.ask(
        edition,
        "select indicator_id, indicator_version, count(*) as n, max(last_edition) as last_edition "
        "from marts.earlier_versions group by all order by indicator_id, indicator_version",
    ):
        found.setdefault(row["indicator_id"], []).append(row)
    return found


def changed(scope: Scope, indicator: Indicator, before: Row, now: Row) -> list[tuple[str, str, str]]:
    """What differs between two versions in the reader's language: the name of the part, what it said and what it says."""
    found = []
    for name in _TEXTS:
        was, said = (pick(scope.lang, (row[f"{name}_zh"] or "", row[f"{name}_en"] or "")) for row in (before, now))
        if before["definition_zh"] is not None and was != said:
            found.append((t(scope, f"part_{name}"), was, said))
    if before["definition_zh"] is not None and before["target"] != now["target"]:
        goals = [
            t(scope, "no_target") if row["target"] is None else formats.of_target(indicator, row["target"], scope.lang)
            for row in (before, now)
        ]
        found.append((t(scope, "target_word"), goals[0], goals[1]))
    return found


def html(scope: Scope, indicator: Indicator) -> str:
    """The versions of one indicator, the newest first, each with what it changed."""
    rows = versions(scope.edition).get(indicator.indicator_id, [])
    if not rows:
        return f"<div class='sw-line'>{escape(t(scope, 'history_unknown'))}</div>"
    zone = scope.city.time_zone
    entries = []
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        head = t(
            scope,
            "history_line",
            version=row["version"],
            when=formats.instant(row["since"], zone),
            edition=row["since_edition"],
        )
        lines = []
        if index == 0:
            lines.append(escape(t(scope, "history_first" if len(rows) > 1 else "history_only")))
        else:
            parts = changed(scope, indicator, rows[index - 1], row)
            lines += [
                f"<b>{escape(part)}</b>: <s>{escape(was)}</s> → {escape(said)}"
                if was
                else f"<b>{escape(part)}</b>: {escape(said)}"
                for part, was, said in parts
            ]
            if not parts:
                lines.append(escape(t(scope, "history_unsaid")))
        entries.append(f"<li><b>{escape(head)}</b><br>{'<br>'.join(lines)}</li>")
    figures = "".join(
        f"<div class='sw-line'>"
        f"{escape(t(scope, 'history_figures', version=r['indicator_version'], n=formats.whole(r['n']), edition=r['last_edition']))}"
        "</div>"
        for r in earlier_figures(scope.edition).get(indicator.indicator_id, [])
    )
    return f"<ul class='sw-history'>{''.join(entries)}</ul>{figures}"
