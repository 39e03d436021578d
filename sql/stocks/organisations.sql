-- Organisations, and the grids and communities that have one, on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods WHERE indicator_id IN ('M01', 'M02', 'M03')
),
live AS (
    SELECT d.indicator_id, d.stock_on, o.area_code, o.org_level
    FROM core.organisations AS o
    INNER JOIN days AS d ON o.live_from <= d.stock_on AND d.stock_on < o.live_to
),
branches AS (
    SELECT DISTINCT stock_on, area_code FROM live WHERE indicator_id = 'M02' AND org_level = 'grid_branch'
),
committees AS (
    SELECT DISTINCT stock_on, area_code FROM live WHERE indicator_id = 'M03' AND org_level = 'community_committee'
)
SELECT
    indicator_id, stock_on, area_code, 'all' AS dimension, 'all' AS member, 'every' AS scope,
    CAST(count(*) AS DECIMAL(18, 2)) AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator
FROM live
WHERE indicator_id = 'M01'
GROUP BY indicator_id, stock_on, area_code
UNION ALL
SELECT
    indicator_id, stock_on, area_code, 'org_level' AS dimension, org_level AS member, 'every' AS scope,
    CAST(count(*) AS DECIMAL(18, 2)) AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator
FROM live
WHERE indicator_id = 'M01'
GROUP BY indicator_id, stock_on, area_code, org_level
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member, 'every' AS scope,
    CAST(CASE WHEN b.area_code IS NULL THEN 0 ELSE 1 END AS DECIMAL(18, 2)) AS numerator,
    CAST(1 AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'grid'
LEFT JOIN branches AS b ON b.stock_on = d.stock_on AND b.area_code = u.area_code
WHERE d.indicator_id = 'M02'
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member, 'above_grid' AS scope,
    CAST(CASE WHEN b.area_code IS NULL THEN 0 ELSE 1 END AS DECIMAL(18, 2)) AS numerator,
    CAST(1 AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
LEFT JOIN committees AS b ON b.stock_on = d.stock_on AND b.area_code = u.area_code
WHERE d.indicator_id = 'M03'
