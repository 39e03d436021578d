-- Stocks rolled up to every level and area in force on their day. A sum with an unknown part is unknown.
WITH combinations AS (
    SELECT DISTINCT area_level, dimension FROM core.shapes
),
placed AS (
    SELECT
        s.indicator_id,
        s.stock_on,
        x.area_level,
        CASE x.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(p.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(p.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(p.community_code, 'unlocated')
            ELSE coalesce(p.grid_code, 'unlocated')
        END AS area_code,
        s.dimension,
        s.member,
        s.numerator,
        s.denominator
    FROM cube.stocks AS s
    LEFT JOIN core.area_paths AS p
        ON p.area_code = s.area_code AND p.valid_from <= s.stock_on AND s.stock_on < p.valid_to
    INNER JOIN combinations AS x
        ON x.dimension = s.dimension
        AND (
            s.scope = 'every'
            OR (s.scope = 'grid' AND x.area_level = 'grid')
            OR (s.scope = 'above_grid' AND x.area_level <> 'grid')
        )
    CROSS JOIN reference.city AS c
)
SELECT
    indicator_id,
    stock_on,
    area_level,
    area_code,
    dimension,
    member,
    CAST(CASE WHEN count(*) = count(numerator) THEN sum(numerator) END AS DECIMAL(18, 4)) AS numerator,
    CAST(sum(denominator) AS DECIMAL(18, 4)) AS denominator
FROM placed
GROUP BY indicator_id, stock_on, area_level, area_code, dimension, member
