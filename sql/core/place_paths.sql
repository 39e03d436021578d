-- The way up the ladder of core.area_paths as numbers of places: NULL where a rung is unknown or not in force.
SELECT
    p.area_code,
    p.valid_from,
    p.valid_to,
    d.place AS district_place,
    s.place AS street_place,
    c.place AS community_place,
    g.place AS grid_place
FROM core.area_paths AS p
LEFT JOIN core.places AS d ON d.area_level = 'district' AND d.area_code = p.district_code
LEFT JOIN core.places AS s ON s.area_level = 'street' AND s.area_code = p.street_code
LEFT JOIN core.places AS c ON c.area_level = 'community' AND c.area_code = p.community_code
LEFT JOIN core.places AS g ON g.area_level = 'grid' AND g.area_code = p.grid_code
