-- The backlog at the end of every period, or at the data cut while the period runs, by numbers of place and part.
-- A quarter or year ends with a month. A join by grain and stretch at once would pair every stretch of a grain with every end.
WITH ends AS (
    SELECT p.grain, p.period_start, k.day, k.week_start, k.month_start
    FROM core.indicator_periods AS p
    INNER JOIN core.eras AS k ON k.day = p.stock_on
    WHERE p.indicator_id = 'T11'
),
days AS (
    SELECT * FROM cube.backlog_levels WHERE grain = 'day'
),
weeks AS (
    SELECT * FROM cube.backlog_levels WHERE grain = 'week'
),
months AS (
    SELECT * FROM cube.backlog_levels WHERE grain = 'month'
)
SELECT e.grain, e.period_start, d.place, d.part, d.opened, d.overdue
FROM days AS d
INNER JOIN (SELECT * FROM ends WHERE grain = 'day') AS e ON d.from_on <= e.day AND e.day < d.to_on
UNION ALL
SELECT e.grain, e.period_start, d.place, d.part, d.opened, d.overdue
FROM weeks AS d
INNER JOIN (SELECT * FROM ends WHERE grain = 'week') AS e ON d.from_on <= e.week_start AND e.week_start < d.to_on
UNION ALL
SELECT e.grain, e.period_start, d.place, d.part, d.opened, d.overdue
FROM months AS d
INNER JOIN (SELECT * FROM ends WHERE grain NOT IN ('day', 'week')) AS e ON d.from_on <= e.month_start AND e.month_start < d.to_on
