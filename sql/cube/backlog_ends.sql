-- The backlog at the end of every period, or at the data cut while the period runs, by numbers of place and part.
WITH ends AS (
    SELECT grain, period_start, stock_on FROM core.indicator_periods WHERE indicator_id = 'T11'
),
shapes AS (
    SELECT DISTINCT s.grain, l.place, p.part
    FROM core.shapes AS s
    INNER JOIN core.places AS l ON l.area_level = s.area_level
    INNER JOIN core.ticket_parts AS p ON p.dimension = s.dimension
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
INNER JOIN shapes AS s ON s.grain = e.grain AND s.place = d.place AND s.part = d.part
