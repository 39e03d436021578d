-- Residents of every area at the end of every period of tickets, or at the data cut while it runs: communities in force on
-- that day, rolled up; a grid has those counted for the grid itself. Who lives in no area of a level is `unlocated` there.
WITH ends AS (
    SELECT grain, period_start, stock_on, is_filled FROM core.indicator_periods WHERE indicator_id = 'T16'
),
days AS (
    SELECT DISTINCT stock_on FROM ends
),
units AS (
    SELECT u.stock_on, u.area_code, u.level, coalesce(u.population, 0) AS population, p.district_code, p.street_code
    FROM core.units AS u
    INNER JOIN days AS d ON d.stock_on = u.stock_on
    LEFT JOIN core.area_paths AS p
        ON p.area_code = u.area_code AND p.valid_from <= u.stock_on AND u.stock_on < p.valid_to
),
levels AS (
    SELECT stock_on, level AS area_level, area_code, population AS residents FROM units
    UNION ALL
    SELECT
        stock_on, 'street' AS area_level, coalesce(street_code, 'unlocated') AS area_code,
        CAST(sum(population) AS BIGINT) AS residents
    FROM units
    WHERE level = 'community'
    GROUP BY stock_on, coalesce(street_code, 'unlocated')
    UNION ALL
    SELECT
        stock_on, 'district' AS area_level, coalesce(district_code, 'unlocated') AS area_code,
        CAST(sum(population) AS BIGINT) AS residents
    FROM units
    WHERE level = 'community'
    GROUP BY stock_on, coalesce(district_code, 'unlocated')
    UNION ALL
    SELECT u.stock_on, 'city' AS area_level, c.area_code, CAST(sum(u.population) AS BIGINT) AS residents
    FROM units AS u
    CROSS JOIN reference.city AS c
    WHERE u.level = 'community'
    GROUP BY u.stock_on, c.area_code
)
SELECT e.grain, e.period_start, l.area_level, l.area_code, l.residents, e.is_filled
FROM ends AS e
INNER JOIN levels AS l ON l.stock_on = e.stock_on
INNER JOIN core.shapes AS s ON s.grain = e.grain AND s.area_level = l.area_level AND s.dimension = 'all'
