-- Numerators and denominators of the funding indicators, in total and by fund, on every day on which a stock is taken; budget,
-- receipts and execution also by type of spending and by source, at the ends of months.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on
    FROM core.indicator_periods
    WHERE indicator_id IN ('F01', 'F02', 'F03', 'F04', 'F05', 'F06', 'F07', 'F08', 'F09')
),
long_days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'F01' AND grain IN ('month', 'quarter', 'year')
),
members AS (
    SELECT
        stock_on, area_code, 'all' AS dimension, 'all' AS member,
        sum(budget) AS budget, sum(released) AS released, sum(spent) AS spent, sum(open_commitments) AS open_commitments
    FROM cube.fund_days
    GROUP BY stock_on, area_code
    UNION ALL
    SELECT
        stock_on, area_code, 'fund' AS dimension, fund AS member,
        sum(budget) AS budget, sum(released) AS released, sum(spent) AS spent, sum(open_commitments) AS open_commitments
    FROM cube.fund_days
    GROUP BY stock_on, area_code, fund
    UNION ALL
    SELECT
        f.stock_on, f.area_code, 'spending_type' AS dimension, f.spending_type AS member,
        sum(f.budget) AS budget, sum(f.released) AS released, sum(f.spent) AS spent, 0 AS open_commitments
    FROM cube.fund_days AS f
    INNER JOIN long_days AS l ON l.stock_on = f.stock_on
    GROUP BY f.stock_on, f.area_code, f.spending_type
    UNION ALL
    SELECT
        f.stock_on, f.area_code, 'source' AS dimension, f.source AS member,
        sum(f.budget) AS budget, sum(f.released) AS released, sum(f.spent) AS spent, 0 AS open_commitments
    FROM cube.fund_days AS f
    INNER JOIN long_days AS l ON l.stock_on = f.stock_on
    GROUP BY f.stock_on, f.area_code, f.source
),
-- residents stand below the total whether or not any money moved in the fiscal year
fund_names AS (
    SELECT DISTINCT stock_on, dimension, member FROM members WHERE dimension = 'fund'
    UNION ALL
    SELECT stock_on, 'all' AS dimension, 'all' AS member FROM days WHERE indicator_id = 'F07'
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
        WHEN 'F09' THEN m.budget - m.spent
        ELSE m.spent
    END AS numerator,
    CASE d.indicator_id
        WHEN 'F01' THEN NULL
        WHEN 'F04' THEN m.released
        WHEN 'F07' THEN 0
        ELSE m.budget
    END AS denominator
FROM days AS d
INNER JOIN members AS m ON m.stock_on = d.stock_on
WHERE d.indicator_id <> 'F08' AND (m.dimension IN ('all', 'fund') OR d.indicator_id IN ('F01', 'F02', 'F03'))
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, n.dimension, n.member,
    CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
    0 AS numerator,
    coalesce(u.population, 0) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on
INNER JOIN fund_names AS n ON n.stock_on = d.stock_on
WHERE d.indicator_id = 'F07' AND (u.level = 'community' OR n.dimension = 'all')
UNION ALL
-- a grid has a fund only where it has money of it: residents for all funds of all grids would be most of this table
SELECT
    d.indicator_id, d.stock_on, u.area_code, m.dimension, m.member, 'grid' AS scope,
    0 AS numerator,
    coalesce(u.population, 0) AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'grid'
INNER JOIN members AS m ON m.stock_on = u.stock_on AND m.area_code = u.area_code AND m.dimension = 'fund'
WHERE d.indicator_id = 'F07'
UNION ALL
SELECT
    d.indicator_id, d.stock_on, u.area_code, 'all' AS dimension, 'all' AS member, 'above_grid' AS scope,
    CASE WHEN g.operating >= f.floor AND g.service >= f.floor THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
CROSS JOIN floors AS f
LEFT JOIN guaranteed AS g ON g.stock_on = d.stock_on AND g.area_code = u.area_code
WHERE d.indicator_id = 'F08'
