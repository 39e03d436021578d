-- Staffing on every day on which a stock is taken: workers and residents, communities up to the standard, partner-unit heads.
-- A numerator is NULL where a count that its source hides would decide it.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods WHERE indicator_id IN ('M11', 'M12', 'M18')
),
latest AS (
    SELECT d.indicator_id, d.stock_on, h.area_code, h.role, h.headcount, h.at_least, h.at_most
    FROM core.headcounts AS h
    INNER JOIN days AS d ON h.from_on <= d.stock_on AND d.stock_on < h.to_on
),
required_workers AS (
    SELECT max(value) AS workers FROM reference.standards WHERE standard = 'workers'
),
any_kind AS (
    SELECT max(value) AS cadres FROM reference.standards WHERE standard = 'cadres' AND area_kind IS NULL
)
SELECT
    indicator_id, stock_on, area_code, 'all' AS dimension, 'all' AS member, 'every' AS scope,
    CAST(headcount AS DECIMAL(18, 2)) AS numerator,
    CASE WHEN indicator_id = 'M11' THEN CAST(0 AS DECIMAL(18, 2)) END AS denominator
FROM latest
WHERE (indicator_id = 'M11' AND role = 'community_worker') OR (indicator_id = 'M18' AND role = 'partner_head')
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member,
    CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
    CAST(0 AS DECIMAL(18, 2)) AS numerator,
    CAST(coalesce(u.population, 0) AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on
WHERE d.indicator_id = 'M11'
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member, 'above_grid' AS scope,
    CAST(
        CASE
            WHEN c.at_least >= coalesce(s.value, a.cadres) AND w.at_least >= r.workers THEN 1
            WHEN c.at_most >= coalesce(s.value, a.cadres) AND w.at_most >= r.workers THEN NULL
            ELSE 0
        END AS DECIMAL(18, 2)
    ) AS numerator,
    CAST(1 AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
CROSS JOIN required_workers AS r
CROSS JOIN any_kind AS a
LEFT JOIN reference.standards AS s ON s.standard = 'cadres' AND s.area_kind = u.area_kind
LEFT JOIN latest AS c
    ON c.indicator_id = d.indicator_id AND c.stock_on = d.stock_on AND c.area_code = u.area_code AND c.role = 'cadre'
LEFT JOIN latest AS w
    ON w.indicator_id = d.indicator_id AND w.stock_on = d.stock_on AND w.area_code = u.area_code AND w.role = 'community_worker'
WHERE d.indicator_id = 'M12'
