"""Tables that SQL alone cannot give: intervals, ranks, control limits, scores, sentences. `TABLES` lists them all."""

from pipelines.computed import ComputedTable
from pipelines.figures.small_cells import hidden_stocks

#: Every computed table; each module of this package makes one with `pipelines.computed.computed`.
TABLES: tuple[ComputedTable, ...] = (hidden_stocks,)
