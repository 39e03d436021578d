"""Tables that SQL alone cannot give: intervals, ranks, control limits, scores, sentences. `TABLES` lists them all."""

from pipelines.computed import ComputedTable
from pipelines.figures.rectification import rectification, watch_list
from pipelines.figures.robustness import score_robustness

#: Every computed table; each module of this package makes one with `pipelines.computed.computed`.
TABLES: tuple[ComputedTable, ...] = (score_robustness, rectification, watch_list)
