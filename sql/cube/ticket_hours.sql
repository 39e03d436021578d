-- Hours to resolve of every ticket resolved by the data cut, with the numbers of its places and parts on the day of resolution.
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
    t.resolved_on,
    k.week_start,
    k.month_start,
    k.quarter_start,
    k.year_start,
    n.city_place,
    coalesce(p.district_place, n.district_place) AS district_place,
    coalesce(p.street_place, n.street_place) AS street_place,
    coalesce(p.community_place, n.community_place) AS community_place,
    coalesce(p.grid_place, n.grid_place) AS grid_place,
    a.part AS all_part,
    c.part AS channel_part,
    g.part AS category_1_part,
    CASE WHEN NOT t.is_excluded THEN t.hours_to_resolve END AS hours,
    CASE WHEN t.is_excluded THEN 1 ELSE 0 END AS excluded
FROM core.tickets AS t
INNER JOIN reference.calendar AS k ON k.day = t.resolved_on
INNER JOIN core.ticket_parts AS a ON a.dimension = 'all'
INNER JOIN core.ticket_parts AS c ON c.dimension = 'channel' AND c.member = t.channel
INNER JOIN core.ticket_parts AS g ON g.dimension = 'category_1' AND g.member = t.category_1
LEFT JOIN core.place_paths AS p
    ON p.area_code = t.area_code
    AND p.valid_from <= t.resolved_on
    AND t.resolved_on < p.valid_to
CROSS JOIN nowhere AS n
WHERE t.is_resolved AND t.resolved_on <= t.as_of_on
