"""Tables that SQL alone cannot give: intervals, ranks, control limits, scores, sentences. `TABLES` lists them all."""

from pipelines.computed import ComputedTable
from pipelines.figures.area_history import area_shares, area_successions
from pipelines.figures.changes import changes
from pipelines.figures.comparisons import comparisons
from pipelines.figures.control_limits import control_limits
from pipelines.figures.insights import insights
from pipelines.figures.rectification import rectification, watch_list
from pipelines.figures.robustness import score_robustness
from pipelines.figures.small_cells import hidden_stocks
from pipelines.figures.ticket_hours import ticket_hours_quantiles

#: Every computed table; each module of this package makes one with `pipelines.computed.computed`.
TABLES: tuple[ComputedTable, ...] = (
    area_shares,
    area_successions,
    changes,
    comparisons,
    control_limits,
    hidden_stocks,
    insights,
    rectification,
    score_robustness,
    ticket_hours_quantiles,
    watch_list,
)
