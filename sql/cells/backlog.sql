-- Tickets open at the end of a period, and those past their deadline; an excluded ticket is not open, so none is counted.
SELECT
    'T11' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    opened AS numerator, CAST(NULL AS BIGINT) AS excluded
FROM cube.backlog_cells
UNION ALL
SELECT
    'T12' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    overdue AS numerator, CAST(NULL AS BIGINT) AS excluded
FROM cube.backlog_cells
WHERE overdue > 0
