-- Flows of few rows rolled up to every period, level and dimension, by the area in force on their day.
WITH combinations AS (
    SELECT DISTINCT area_level, dimension FROM core.shapes
),
placed AS (
    SELECT
        f.indicator_id,
        f.day,
        x.area_level,
        CASE x.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(p.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(p.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(p.community_code, 'unlocated')
            ELSE coalesce(p.grid_code, 'unlocated')
        END AS area_code,
        f.dimension,
        f.member,
        f.numerator,
        f.denominator,
        f.excluded,
        f.pending,
        f.effect_sum
    FROM cube.flows AS f
    LEFT JOIN core.area_paths AS p ON p.area_code = f.area_code AND p.valid_from <= f.day AND f.day < p.valid_to
    INNER JOIN combinations AS x ON x.dimension = f.dimension
    CROSS JOIN reference.city AS c
)
SELECT
    p.indicator_id,
    e.grain,
    e.period_start,
    p.area_level,
    p.area_code,
    p.dimension,
    p.member,
    CAST(CASE WHEN count(*) = count(p.numerator) THEN sum(p.numerator) END AS DECIMAL(18, 4)) AS numerator,
    CAST(sum(p.denominator) AS DECIMAL(18, 4)) AS denominator,
    CAST(sum(p.excluded) AS BIGINT) AS excluded,
    CAST(sum(p.pending) AS BIGINT) AS pending,
    sum(p.effect_sum) AS effect_sum
FROM placed AS p
INNER JOIN core.indicator_periods AS e
    ON e.indicator_id = p.indicator_id AND e.period_start <= p.day AND p.day <= e.stock_on
INNER JOIN core.shapes AS s ON s.grain = e.grain AND s.area_level = p.area_level AND s.dimension = p.dimension
GROUP BY p.indicator_id, e.grain, e.period_start, p.area_level, p.area_code, p.dimension, p.member
