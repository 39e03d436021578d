-- What is published for which grain: a level only where the city's areas have it, fine grains not at every level.
-- Every grain at every level and dimension came to 8.3 million rows for 100,000 tickets, most of them counts of one.
WITH grains AS (
    SELECT * FROM (VALUES ('day', 1), ('week', 2), ('month', 3), ('quarter', 4), ('year', 5)) AS g(grain, grain_order)
),
levels AS (
    SELECT 'city' AS area_level, 1 AS level_order
    UNION
    SELECT
        level AS area_level,
        CASE level WHEN 'city' THEN 1 WHEN 'district' THEN 2 WHEN 'street' THEN 3 WHEN 'community' THEN 4 ELSE 5 END AS level_order
    FROM core.areas
),
dimensions AS (
    SELECT * FROM (VALUES ('all'), ('channel'), ('category_1'), ('org_level'), ('fund')) AS d(dimension)
)
SELECT g.grain, l.area_level, d.dimension
FROM grains AS g
CROSS JOIN levels AS l
CROSS JOIN dimensions AS d
WHERE (d.dimension = 'all' AND l.level_order <= 3)
    OR (d.dimension = 'all' AND l.level_order = 4 AND g.grain_order >= 2)
    OR (d.dimension = 'all' AND l.level_order = 5 AND g.grain_order >= 3)
    OR (d.dimension <> 'all' AND l.level_order = 1)
    OR (d.dimension <> 'all' AND l.level_order = 2 AND g.grain_order >= 2)
    OR (d.dimension <> 'all' AND l.level_order <= 4 AND g.grain_order >= 3)
