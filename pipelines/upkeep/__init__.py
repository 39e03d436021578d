"""Keeps the tables of tickets up to date: where little changed since they were made, only what hangs on it is made again.

A count is the sum of what each ticket adds to it. What the changed tickets added before is taken away, what they add now is
put in its place, by the same SQL that makes the table of all tickets, run over those few. Quantiles, which are no sums, are
made anew where one of their tickets changed, and figures where what they count did. Whatever else a table reads (areas,
calendar, standards, the text of its own SQL) must be as it was, by a digest; else the table is made of nothing.
"""

from pipelines.upkeep.names import KEPT
from pipelines.upkeep.run import Upkeep, forget

__all__ = ["KEPT", "Upkeep", "forget"]
