-- The backlog at the end of every period, or at the data cut while the period runs, in every published shape.
SELECT
    e.grain,
    e.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    e.opened,
    e.overdue
FROM cube.backlog_ends AS e
INNER JOIN core.places AS l ON l.place = e.place
INNER JOIN core.ticket_parts AS p ON p.part = e.part
