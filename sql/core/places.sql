-- Every area of every level by a number, and 'unlocated' on each level below the city: counts are added up by number.
WITH known AS (
    SELECT 'city' AS area_level, area_code FROM reference.city
    UNION
    SELECT level AS area_level, area_code FROM core.areas WHERE level <> 'city'
    UNION
    SELECT area_level, 'unlocated' AS area_code FROM core.shapes WHERE area_level <> 'city'
)
SELECT
    row_number() OVER (ORDER BY area_level NULLS LAST, area_code NULLS LAST) AS place,
    area_level,
    area_code
FROM known
