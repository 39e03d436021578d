-- The way up the ladder of core.area_paths by a number, as numbers of places: 'unlocated' where a rung is unknown or not in
-- force; path 0 is that of no known area.
WITH nowhere AS (
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
    row_number() OVER (ORDER BY p.area_code NULLS LAST, p.valid_from NULLS LAST) AS path,
    p.area_code,
    p.valid_from,
    p.valid_to,
    n.city_place,
    coalesce(d.place, n.district_place) AS district_place,
    coalesce(s.place, n.street_place) AS street_place,
    coalesce(c.place, n.community_place) AS community_place,
    coalesce(g.place, n.grid_place) AS grid_place
FROM core.area_paths AS p
CROSS JOIN nowhere AS n
LEFT JOIN core.places AS d ON d.area_level = 'district' AND d.area_code = p.district_code
LEFT JOIN core.places AS s ON s.area_level = 'street' AND s.area_code = p.street_code
LEFT JOIN core.places AS c ON c.area_level = 'community' AND c.area_code = p.community_code
LEFT JOIN core.places AS g ON g.area_level = 'grid' AND g.area_code = p.grid_code
UNION ALL
SELECT
    0 AS path,
    CAST(NULL AS VARCHAR) AS area_code,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to,
    city_place,
    district_place,
    street_place,
    community_place,
    grid_place
FROM nowhere
