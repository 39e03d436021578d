-- Exact median and 90th percentile of the hours to resolve in every published shape.
SELECT
    q.grain,
    q.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    q.resolved,
    q.excluded,
    q.median_hours,
    q.percentile_90_hours
FROM cube.ticket_hours_quantiles AS q
INNER JOIN core.places AS l ON l.place = q.place
INNER JOIN core.ticket_parts AS p ON p.part = q.part
