-- Staffing and volunteers on every day on which a stock is taken: heads against residents, communities up to the standard or
-- with a team of volunteers, active volunteers, partner-unit heads.
-- A numerator is NULL where a count that its source hides would decide it.
WITH roles AS (
    SELECT * FROM (
        VALUES ('M11', 'community_worker'), ('M12', 'cadre'), ('M12', 'community_worker'), ('M13', 'volunteer'),
        ('M14', 'volunteer_team'), ('M15', 'volunteer'), ('M15', 'active_volunteer'), ('M18', 'partner_head')
    ) AS r(indicator_id, role)
),
days AS (
    SELECT DISTINCT indicator_id, stock_on
    FROM core.indicator_periods
    WHERE indicator_id IN ('M11', 'M12', 'M13', 'M14', 'M15', 'M18')
),
latest AS (
    SELECT d.indicator_id, d.stock_on, h.area_code, h.role, h.headcount, h.at_least, h.at_most
    FROM days AS d
    INNER JOIN roles AS r ON r.indicator_id = d.indicator_id
    INNER JOIN core.headcounts AS h ON h.role = r.role AND h.from_on <= d.stock_on AND d.stock_on < h.to_on
),
required_workers AS (
    SELECT max(value) AS workers FROM reference.standards WHERE standard = 'workers'
),
any_kind AS (
    SELECT max(value) AS cadres FROM reference.standards WHERE standard = 'cadres' AND area_kind IS NULL
)
SELECT
    indicator_id, stock_on, area_code, 'every' AS scope,
    headcount AS numerator,
    CASE WHEN indicator_id <> 'M18' THEN 0 END AS denominator
FROM latest
WHERE indicator_id IN ('M11', 'M13', 'M18')
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code,
    CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
    0 AS numerator,
    coalesce(u.population, 0) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on
WHERE d.indicator_id = 'M11' OR (d.indicator_id = 'M13' AND u.level = 'community')
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'above_grid' AS scope,
    CASE
        WHEN c.at_least >= coalesce(s.value, a.cadres) AND w.at_least >= r.workers THEN 1
        WHEN c.at_most >= coalesce(s.value, a.cadres) AND w.at_most >= r.workers THEN NULL
        ELSE 0
    END AS numerator,
    1 AS denominator
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
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'above_grid' AS scope,
    CASE WHEN t.at_least >= 1 THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
LEFT JOIN latest AS t ON t.indicator_id = d.indicator_id AND t.stock_on = d.stock_on AND t.area_code = u.area_code
WHERE d.indicator_id = 'M14'
UNION ALL
SELECT
    v.indicator_id, v.stock_on, v.area_code, 'every' AS scope,
    -- least() passes over NULL: a hidden count has to make the numerator unknown
    CASE WHEN a.headcount IS NOT NULL AND v.headcount IS NOT NULL THEN least(a.headcount, v.headcount) END AS numerator,
    v.at_most AS denominator
FROM latest AS v
INNER JOIN latest AS a
    ON a.indicator_id = v.indicator_id AND a.stock_on = v.stock_on AND a.area_code = v.area_code AND a.role = 'active_volunteer'
WHERE v.indicator_id = 'M15' AND v.role = 'volunteer'
