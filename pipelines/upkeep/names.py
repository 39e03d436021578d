"""The tables that are kept up, and what one column or another of them says."""

from __future__ import annotations

STATES, REPEATS = "core.ticket_states", "core.ticket_repeats"
QUANTILES, FIGURES = "cube.ticket_hours_quantiles", "cube.figures"
EVENTS, ENDS = "cube.backlog_events", "cube.backlog_ends"
#: How a table of the cube tells its grain, and the column of the first day of its periods.
PERIODS = {
    "days": ("'day'", "day"),
    "weeks": ("'week'", "week_start"),
    "months": ("'month'", "month_start"),
    "longer": ("grain", "period_start"),
}
HUBS = tuple(f"cube.ticket_{hub}" for hub in ("accepted", "due", "contact", "callback", "closed"))
COUNTS = {f"{hub}_{length}": period for hub in HUBS for length, period in PERIODS.items()}
#: Every table of the cube that figures of tickets are made of.
CELLS = COUNTS | {ENDS: PERIODS["longer"], QUANTILES: PERIODS["longer"]}
#: The views that figures of tickets take their numbers from, and what these are made of.
SOURCES = {
    **{hub: [name for name in COUNTS if name.startswith(hub)] for hub in HUBS},
    "cube.ticket_hours_cells": [QUANTILES],
    "cube.backlog_cells": [ENDS],
}
#: Steps of the backlog added up, and the first day of their periods.
STEPS = {"cube.backlog_days": "day", "cube.backlog_weeks": "week_start", "cube.backlog_months": "month_start"}
#: Every table that is kept up; all others are made anew each time.
KEPT = frozenset({STATES, REPEATS, *CELLS, EVENTS, *STEPS, FIGURES})
#: The key of a table of the cube, and of a figure beside its indicator.
CELL = ("grain", "period_start", "place", "part")
NAMED_CELL = ("grain", "period_start", "area_level", "area_code", "dimension", "member")


def plain(name: str) -> str:
    """A table without its schema."""
    return name.rpartition(".")[2]


def delta(name: str) -> str:
    """The relation of a run that holds the rows of the cube by which a table changed."""
    return f"delta_{plain(name)}"
