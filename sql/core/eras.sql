-- Days of the calendar by era: within one no area begins, ends or moves, so that a place is found by era instead of by day.
WITH changes AS (
    SELECT valid_from AS day FROM core.area_paths
    UNION
    SELECT valid_to AS day FROM core.area_paths
)
SELECT
    k.day,
    k.week_start,
    k.month_start,
    k.quarter_start,
    k.year_start,
    count(c.day) OVER (ORDER BY k.day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS era
FROM reference.calendar AS k
LEFT JOIN changes AS c ON c.day = k.day
