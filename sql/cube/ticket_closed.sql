-- Counts of closed tickets by the day 30 days after they were first closed, in every published shape.
WITH counts AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        place,
        part,
        closed,
        closed_excluded,
        called_back,
        reopened
    FROM cube.ticket_closed_days
    UNION ALL
    SELECT
        grain,
        period_start,
        place,
        part,
        closed,
        closed_excluded,
        called_back,
        reopened
    FROM cube.ticket_closed_longer
)
SELECT
    c.grain,
    c.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    c.closed,
    c.closed_excluded,
    c.called_back,
    c.reopened
FROM counts AS c
INNER JOIN core.places AS l ON l.place = c.place
INNER JOIN core.ticket_parts AS p ON p.part = c.part
