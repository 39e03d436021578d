-- Hours to resolve of every ticket resolved by the data cut, with its area and periods on the day of resolution.
SELECT
    t.resolved_on,
    k.week_start,
    k.month_start,
    k.quarter_start,
    k.year_start,
    p.district_code,
    p.street_code,
    p.community_code,
    p.grid_code,
    t.channel,
    t.category_1,
    CASE WHEN NOT t.is_excluded THEN t.hours_to_resolve END AS hours,
    CASE WHEN t.is_excluded THEN 1 ELSE 0 END AS excluded
FROM core.tickets AS t
INNER JOIN reference.calendar AS k ON k.day = t.resolved_on
LEFT JOIN core.area_paths AS p
    ON p.area_code = t.area_code
    AND p.valid_from <= t.resolved_on
    AND t.resolved_on < p.valid_to
WHERE t.is_resolved AND t.resolved_on <= t.as_of_on
