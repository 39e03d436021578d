-- The places of an area in an era on every level, 'unlocated' where it is not in force there; area 0 stands for no known code.
WITH first_days AS (
    SELECT era, min(day) AS day FROM core.eras GROUP BY era
),
codes AS (
    SELECT area, area_code FROM core.area_numbers
    UNION ALL
    SELECT 0 AS area, CAST(NULL AS VARCHAR) AS area_code
),
nowhere AS (
    SELECT
        max(CASE WHEN area_level = 'city' THEN place END) AS city_place,
        max(CASE WHEN area_level = 'district' THEN place END) AS district_place,
        max(CASE WHEN area_level = 'street' THEN place END) AS street_place,
        max(CASE WHEN area_level = 'community' THEN place END) AS community_place,
        max(CASE WHEN area_level = 'grid' THEN place END) AS grid_place
    FROM core.places
    WHERE area_level = 'city' OR area_code = 'unlocated'
)
SELECT
    e.era,
    a.area,
    n.city_place,
    coalesce(d.place, n.district_place) AS district_place,
    coalesce(s.place, n.street_place) AS street_place,
    coalesce(c.place, n.community_place) AS community_place,
    coalesce(g.place, n.grid_place) AS grid_place
FROM first_days AS e
CROSS JOIN codes AS a
CROSS JOIN nowhere AS n
LEFT JOIN core.area_paths AS p ON p.area_code = a.area_code AND p.valid_from <= e.day AND e.day < p.valid_to
LEFT JOIN core.places AS d ON d.area_level = 'district' AND d.area_code = p.district_code
LEFT JOIN core.places AS s ON s.area_level = 'street' AND s.area_code = p.street_code
LEFT JOIN core.places AS c ON c.area_level = 'community' AND c.area_code = p.community_code
LEFT JOIN core.places AS g ON g.area_level = 'grid' AND g.area_code = p.grid_code
