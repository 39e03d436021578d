-- Counts of tickets by the day on which their first 24 hours ended, in every published shape.
WITH counts AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        place,
        part,
        contact_due,
        contact_excluded,
        contacted_in_time
    FROM cube.ticket_contact_days
    UNION ALL
    SELECT
        grain,
        period_start,
        place,
        part,
        contact_due,
        contact_excluded,
        contacted_in_time
    FROM cube.ticket_contact_longer
)
SELECT
    c.grain,
    c.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    c.contact_due,
    c.contact_excluded,
    c.contacted_in_time
FROM counts AS c
INNER JOIN core.places AS l ON l.place = c.place
INNER JOIN core.ticket_parts AS p ON p.part = c.part
