-- Numerators and denominators of the funding indicators, in total and by fund, on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods WHERE indicator_id LIKE 'F%'
),
members AS (
    SELECT stock_on, area_code, 'all' AS dimension, 'all' AS member, budget, released, spent, open_commitments
    FROM cube.fund_days
    UNION ALL
    SELECT stock_on, area_code, 'fund' AS dimension, fund AS member, budget, released, spent, open_commitments
    FROM cube.fund_days
),
fund_names AS (
    SELECT DISTINCT stock_on, dimension, member FROM members
),
floors AS (
    SELECT max(value) AS floor FROM reference.standards WHERE standard = 'fund_floor'
),
guaranteed AS (
    SELECT
        f.stock_on,
        p.community_code AS area_code,
        sum(CASE WHEN f.fund = 'operating' THEN f.budget ELSE 0 END) AS operating,
        sum(CASE WHEN f.fund = 'service' THEN f.budget ELSE 0 END) AS service
    FROM cube.fund_days AS f
    INNER JOIN core.area_paths AS p
        ON p.area_code = f.area_code AND p.valid_from <= f.stock_on AND f.stock_on < p.valid_to
    WHERE p.community_code IS NOT NULL
    GROUP BY f.stock_on, p.community_code
)
SELECT
    d.indicator_id, d.stock_on, m.area_code, m.dimension, m.member, 'every' AS scope,
    CASE d.indicator_id
        WHEN 'F01' THEN m.budget
        WHEN 'F02' THEN m.released
        WHEN 'F05' THEN m.spent + m.open_commitments
        ELSE m.spent
    END AS numerator,
    CASE d.indicator_id
        WHEN 'F01' THEN CAST(NULL AS DECIMAL(18, 2))
        WHEN 'F04' THEN m.released
        WHEN 'F07' THEN CAST(0 AS DECIMAL(18, 2))
        ELSE m.budget
    END AS denominator
FROM days AS d
INNER JOIN members AS m ON m.stock_on = d.stock_on
WHERE d.indicator_id <> 'F08'
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, n.dimension, n.member,
    CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
    CAST(0 AS DECIMAL(18, 2)) AS numerator,
    CAST(coalesce(u.population, 0) AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on
INNER JOIN fund_names AS n ON n.stock_on = d.stock_on
WHERE d.indicator_id = 'F07' AND (u.level = 'community' OR n.dimension = 'all')
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member, 'above_grid' AS scope,
    CAST(CASE WHEN g.operating >= f.floor AND g.service >= f.floor THEN 1 ELSE 0 END AS DECIMAL(18, 2)) AS numerator,
    CAST(1 AS DECIMAL(18, 2)) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
CROSS JOIN floors AS f
LEFT JOIN guaranteed AS g ON g.stock_on = d.stock_on AND g.area_code = u.area_code
WHERE d.indicator_id = 'F08'
