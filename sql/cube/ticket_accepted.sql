-- Counts of tickets by the day of acceptance, with those resolved by the day of resolution, in every published shape.
WITH counts AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        place,
        part,
        accepted,
        accepted_excluded,
        accepted_resolved,
        excluded_resolved,
        accepted_pending,
        verdicts,
        verdicts_excluded,
        verdicts_on_time,
        cross_department,
        returned,
        reported,
        reported_excluded,
        repeated,
        resolved
    FROM cube.ticket_accepted_days
    UNION ALL
    SELECT
        grain,
        period_start,
        place,
        part,
        accepted,
        accepted_excluded,
        accepted_resolved,
        excluded_resolved,
        accepted_pending,
        verdicts,
        verdicts_excluded,
        verdicts_on_time,
        cross_department,
        returned,
        reported,
        reported_excluded,
        repeated,
        resolved
    FROM cube.ticket_accepted_longer
)
SELECT
    c.grain,
    c.period_start,
    l.area_level,
    l.area_code,
    p.dimension,
    p.member,
    c.accepted,
    c.accepted_excluded,
    c.accepted_resolved,
    c.excluded_resolved,
    c.accepted_pending,
    c.verdicts,
    c.verdicts_excluded,
    c.verdicts_on_time,
    c.cross_department,
    c.returned,
    c.reported,
    c.reported_excluded,
    c.repeated,
    c.resolved
FROM counts AS c
INNER JOIN core.places AS l ON l.place = c.place
INNER JOIN core.ticket_parts AS p ON p.part = c.part
