"""Asks what chance says of figures: their change against the period before, and what their control charts signal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dashboards.caches import cached
from dashboards.data import ask

#: The rules of a control chart, the one that decides first.
RULES = ("beyond_limits", "run_on_one_side", "two_of_three", "trend")


@dataclass(frozen=True, slots=True)
class Change:
    """A figure against the period before; `lower` and `upper` are the 95 % interval of a rate's change in percentage points.

    `beyond_chance` is None where chance has no say: stocks, counts, money, provisional figures."""

    value: float
    lower: float | None
    upper: float | None
    beyond_chance: bool | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """A month on the control chart of a figure, in its own unit.

    `rule` is the one that signals, `rising` its direction. `variation` is None for a provisional month, `assurance` without a target.
    """

    day: date
    centre: float
    lower: float
    upper: float
    rule: str | None
    rising: bool
    variation: str | None
    assurance: str | None


@cached(max_entries=256)
def changes(edition: str, grain: str, start: date, level: str, code: str) -> dict[str, Change]:
    """The changes of an area's figures against the period before, by indicator; empty where the edition compares nothing."""
    rows = ask(
        edition,
        "select indicator_id, change, change_lower, change_upper, is_beyond_chance, is_provisional "
        "from marts.changes where grain = ? and period_start = ? and area_level = ? and area_code = ? "
        "and compared_with = 'previous_period'",
        [grain, start, level, code],
    )
    return {
        row["indicator_id"]: Change(
            row["change"],
            row["change_lower"],
            row["change_upper"],
            row["is_beyond_chance"],
            bool(row["is_provisional"]),
        )
        for row in rows
    }


@cached(max_entries=256)
def limits(edition: str, level: str, code: str) -> dict[str, dict[date, Limits]]:
    """The control charts of an area's monthly figures by indicator and month."""
    rows = ask(
        edition,
        "select indicator_id, period_start, centre, lower_limit, upper_limit, variation, assurance, beyond_limits, "
        "run_on_one_side, two_of_three, trend from marts.control_limits "
        "where grain = 'month' and area_level = ? and area_code = ? order by period_start",
        [level, code],
    )
    found: dict[str, dict[date, Limits]] = {}
    for row in rows:
        rule = next((rule for rule in RULES if row[rule]), None)
        found.setdefault(row["indicator_id"], {})[row["period_start"]] = Limits(
            row["period_start"],
            row["centre"],
            row["lower_limit"],
            row["upper_limit"],
            rule,
            rule is not None and row[rule] > 0,
            row["variation"],
            row["assurance"],
        )
    return found
