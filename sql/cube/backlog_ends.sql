-- The backlog at the end of every period, or at the data cut while the period runs, by numbers of place and part.
WITH ends AS (
    SELECT grain, period_start, stock_on FROM core.indicator_periods WHERE indicator_id = 'T11'
)
SELECT
    e.grain,
    e.period_start,
    d.place,
    d.part,
    d.opened,
    d.overdue
FROM cube.backlog_levels AS d
INNER JOIN ends AS e ON d.from_on <= e.stock_on AND e.stock_on < d.to_on
