-- Counts of tickets by the day of their deadline, for deadlines passed by the data cut: by week, month, quarter and year, each made of the longest shorter periods that it is made of.
WITH months AS (
    SELECT
        k.month_start,
        d.place,
        d.part,
        CAST(sum(d.due) AS BIGINT) AS due,
        CAST(sum(d.due_excluded) AS BIGINT) AS due_excluded,
        CAST(sum(d.due_on_time) AS BIGINT) AS due_on_time,
        CAST(sum(d.excluded_on_time) AS BIGINT) AS excluded_on_time
    FROM cube.ticket_due_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.month_start, d.place, d.part
),
quarters AS (
    SELECT
        k.quarter_start,
        d.place,
        d.part,
        CAST(sum(d.due) AS BIGINT) AS due,
        CAST(sum(d.due_excluded) AS BIGINT) AS due_excluded,
        CAST(sum(d.due_on_time) AS BIGINT) AS due_on_time,
        CAST(sum(d.excluded_on_time) AS BIGINT) AS excluded_on_time
    FROM months AS d
    INNER JOIN reference.calendar AS k ON k.day = d.month_start
    GROUP BY k.quarter_start, d.place, d.part
),
years AS (
    SELECT
        k.year_start,
        d.place,
        d.part,
        CAST(sum(d.due) AS BIGINT) AS due,
        CAST(sum(d.due_excluded) AS BIGINT) AS due_excluded,
        CAST(sum(d.due_on_time) AS BIGINT) AS due_on_time,
        CAST(sum(d.excluded_on_time) AS BIGINT) AS excluded_on_time
    FROM quarters AS d
    INNER JOIN reference.calendar AS k ON k.day = d.quarter_start
    GROUP BY k.year_start, d.place, d.part
),
weeks AS (
    SELECT
        k.week_start,
        d.place,
        d.part,
        CAST(sum(d.due) AS BIGINT) AS due,
        CAST(sum(d.due_excluded) AS BIGINT) AS due_excluded,
        CAST(sum(d.due_on_time) AS BIGINT) AS due_on_time,
        CAST(sum(d.excluded_on_time) AS BIGINT) AS excluded_on_time
    FROM cube.ticket_due_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.week_start, d.place, d.part
)
SELECT
    'week' AS grain,
    week_start AS period_start,
    place,
    part,
    due,
    due_excluded,
    due_on_time,
    excluded_on_time
FROM weeks
UNION ALL
SELECT
    'month' AS grain,
    month_start AS period_start,
    place,
    part,
    due,
    due_excluded,
    due_on_time,
    excluded_on_time
FROM months
UNION ALL
SELECT
    'quarter' AS grain,
    quarter_start AS period_start,
    place,
    part,
    due,
    due_excluded,
    due_on_time,
    excluded_on_time
FROM quarters
UNION ALL
SELECT
    'year' AS grain,
    year_start AS period_start,
    place,
    part,
    due,
    due_excluded,
    due_on_time,
    excluded_on_time
FROM years
