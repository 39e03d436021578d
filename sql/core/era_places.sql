-- The places of an area in an era on every level, 'unlocated' where it is not in force there; area 0 stands for no known code.
WITH first_days AS (
    SELECT era, min(day) AS day FROM core.eras GROUP BY era
),
codes AS (
    SELECT area, area_code FROM core.area_numbers
    UNION ALL
    SELECT 0 AS area, CAST(NULL AS VARCHAR) AS area_code
)
SELECT
    e.era,
    a.area,
    n.city_place,
    coalesce(p.district_place, n.district_place) AS district_place,
    coalesce(p.street_place, n.street_place) AS street_place,
    coalesce(p.community_place, n.community_place) AS community_place,
    coalesce(p.grid_place, n.grid_place) AS grid_place
FROM first_days AS e
CROSS JOIN codes AS a
INNER JOIN core.place_paths AS n ON n.path = 0
LEFT JOIN core.place_paths AS p ON p.area_code = a.area_code AND p.valid_from <= e.day AND e.day < p.valid_to
