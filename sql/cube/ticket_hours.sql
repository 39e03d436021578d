-- Hours to resolve of every ticket resolved by the data cut, with the numbers of its places and parts on the day of resolution.
SELECT
    t.resolved_on,
    k.week_start,
    k.month_start,
    k.quarter_start,
    k.year_start,
    p.city_place,
    p.district_place,
    p.street_place,
    p.community_place,
    p.grid_place,
    0 AS all_part,
    t.channel_part,
    t.category_1_part,
    CASE WHEN NOT t.is_excluded THEN t.hours_to_resolve END AS hours,
    CASE WHEN t.is_excluded THEN 1 ELSE 0 END AS excluded
FROM core.ticket_states AS t
INNER JOIN core.eras AS k ON k.day = t.resolved_on
INNER JOIN core.era_places AS p ON p.era = k.era AND p.area = t.area
WHERE t.is_resolved
