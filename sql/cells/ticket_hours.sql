-- Median and 90th percentile of the hours to resolve, computed anew at each level.
SELECT
    'T13' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(NULL AS DOUBLE) AS numerator, resolved AS denominator, excluded, median_hours AS quantile
FROM cube.ticket_hours_cells
UNION ALL
SELECT
    'T14' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(NULL AS DOUBLE) AS numerator, resolved AS denominator, excluded, percentile_90_hours AS quantile
FROM cube.ticket_hours_cells
