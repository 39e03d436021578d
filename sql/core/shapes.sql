-- What is published: every grain at every level that the city's areas have, as a whole and by each dimension;
-- days by dimension down to the street and weeks down to the community, as nobody reads a grid's day by category;
-- funds, types of spending and sources of money by month and longer only.
WITH grains AS (
    SELECT * FROM (VALUES ('day'), ('week'), ('month'), ('quarter'), ('year')) AS g(grain)
),
levels AS (
    SELECT 'city' AS area_level
    UNION
    SELECT level AS area_level FROM core.areas
),
dimensions AS (
    SELECT * FROM (
        VALUES ('all'), ('channel'), ('category_1'), ('org_level'), ('org_kind'), ('fund'), ('spending_type'), ('source'), ('category')
    ) AS d(dimension)
)
SELECT g.grain, l.area_level, d.dimension
FROM grains AS g
CROSS JOIN levels AS l
CROSS JOIN dimensions AS d
WHERE (g.grain NOT IN ('day', 'week') OR d.dimension NOT IN ('fund', 'spending_type', 'source'))
    AND (d.dimension = 'all' OR g.grain <> 'day' OR l.area_level NOT IN ('community', 'grid'))
    AND (d.dimension = 'all' OR g.grain <> 'week' OR l.area_level <> 'grid')
