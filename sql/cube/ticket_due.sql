-- Counts of tickets by the day of their deadline, for deadlines passed by the data cut, in every published shape.
WITH counts AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        place,
        part,
        due,
        due_excluded,
        due_on_time,
        excluded_on_time
    FROM cube.ticket_due_days
    UNION ALL
    SELECT
        grain,
        period_start,
        place,
        part,
        due,
        due_excluded,
        due_on_time,
        excluded_on_time
    FROM cube.ticket_due_longer
)
SELECT
    c.grain,
    c.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    c.due,
    c.due_excluded,
    c.due_on_time,
    c.excluded_on_time
FROM counts AS c
INNER JOIN core.places AS l ON l.place = c.place
INNER JOIN core.ticket_parts AS p ON p.part = c.part
