-- Counts of tickets by the day on which their first 24 hours ended: by week, month, quarter and year, each made of the longest shorter periods that it is made of.
WITH months AS (
    SELECT
        k.month_start,
        d.place,
        d.part,
        CAST(sum(d.contact_due) AS BIGINT) AS contact_due,
        CAST(sum(d.contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(d.contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM cube.ticket_contact_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.month_start, d.place, d.part
),
quarters AS (
    SELECT
        k.quarter_start,
        d.place,
        d.part,
        CAST(sum(d.contact_due) AS BIGINT) AS contact_due,
        CAST(sum(d.contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(d.contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM months AS d
    INNER JOIN reference.calendar AS k ON k.day = d.month_start
    GROUP BY k.quarter_start, d.place, d.part
),
years AS (
    SELECT
        k.year_start,
        d.place,
        d.part,
        CAST(sum(d.contact_due) AS BIGINT) AS contact_due,
        CAST(sum(d.contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(d.contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM quarters AS d
    INNER JOIN reference.calendar AS k ON k.day = d.quarter_start
    GROUP BY k.year_start, d.place, d.part
),
weeks AS (
    SELECT
        k.week_start,
        d.place,
        d.part,
        CAST(sum(d.contact_due) AS BIGINT) AS contact_due,
        CAST(sum(d.contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(d.contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM cube.ticket_contact_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.week_start, d.place, d.part
)
SELECT
    'week' AS grain,
    week_start AS period_start,
    place,
    part,
    contact_due,
    contact_excluded,
    contacted_in_time
FROM weeks
UNION ALL
SELECT
    'month' AS grain,
    month_start AS period_start,
    place,
    part,
    contact_due,
    contact_excluded,
    contacted_in_time
FROM months
UNION ALL
SELECT
    'quarter' AS grain,
    quarter_start AS period_start,
    place,
    part,
    contact_due,
    contact_excluded,
    contacted_in_time
FROM quarters
UNION ALL
SELECT
    'year' AS grain,
    year_start AS period_start,
    place,
    part,
    contact_due,
    contact_excluded,
    contacted_in_time
FROM years
