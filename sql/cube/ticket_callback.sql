-- Counts of answered and rated callbacks by their day, in every published shape.
WITH counts AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        place,
        part,
        answered,
        answered_excluded,
        confirmed,
        rated,
        rated_excluded,
        satisfied,
        claimed,
        claimed_excluded,
        denied
    FROM cube.ticket_callback_days
    UNION ALL
    SELECT
        grain,
        period_start,
        place,
        part,
        answered,
        answered_excluded,
        confirmed,
        rated,
        rated_excluded,
        satisfied,
        claimed,
        claimed_excluded,
        denied
    FROM cube.ticket_callback_longer
)
SELECT
    c.grain,
    c.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    c.answered,
    c.answered_excluded,
    c.confirmed,
    c.rated,
    c.rated_excluded,
    c.satisfied,
    c.claimed,
    c.claimed_excluded,
    c.denied
FROM counts AS c
INNER JOIN core.places AS l ON l.place = c.place
INNER JOIN core.ticket_parts AS p ON p.part = c.part
