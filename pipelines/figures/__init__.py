"""Tables that SQL alone cannot give: intervals, ranks, control limits, scores, sentences. `TABLES` lists them all."""

from pipelines.computed import ComputedTable
from pipelines.figures.area_history import area_shares, area_successions

#: Every computed table; each module of this package makes one with `pipelines.computed.computed`.
TABLES: tuple[ComputedTable, ...] = (area_shares, area_successions)
