-- Counts of closed tickets by the day 30 days after they were first closed: by week, month, quarter and year, each made of the longest shorter periods that it is made of.
WITH months AS (
    SELECT
        k.month_start,
        d.place,
        d.part,
        CAST(sum(d.closed) AS BIGINT) AS closed,
        CAST(sum(d.closed_excluded) AS BIGINT) AS closed_excluded,
        CAST(sum(d.called_back) AS BIGINT) AS called_back,
        CAST(sum(d.reopened) AS BIGINT) AS reopened
    FROM cube.ticket_closed_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.month_start, d.place, d.part
),
quarters AS (
    SELECT
        k.quarter_start,
        d.place,
        d.part,
        CAST(sum(d.closed) AS BIGINT) AS closed,
        CAST(sum(d.closed_excluded) AS BIGINT) AS closed_excluded,
        CAST(sum(d.called_back) AS BIGINT) AS called_back,
        CAST(sum(d.reopened) AS BIGINT) AS reopened
    FROM months AS d
    INNER JOIN reference.calendar AS k ON k.day = d.month_start
    GROUP BY k.quarter_start, d.place, d.part
),
years AS (
    SELECT
        k.year_start,
        d.place,
        d.part,
        CAST(sum(d.closed) AS BIGINT) AS closed,
        CAST(sum(d.closed_excluded) AS BIGINT) AS closed_excluded,
        CAST(sum(d.called_back) AS BIGINT) AS called_back,
        CAST(sum(d.reopened) AS BIGINT) AS reopened
    FROM quarters AS d
    INNER JOIN reference.calendar AS k ON k.day = d.quarter_start
    GROUP BY k.year_start, d.place, d.part
),
weeks AS (
    SELECT
        k.week_start,
        d.place,
        d.part,
        CAST(sum(d.closed) AS BIGINT) AS closed,
        CAST(sum(d.closed_excluded) AS BIGINT) AS closed_excluded,
        CAST(sum(d.called_back) AS BIGINT) AS called_back,
        CAST(sum(d.reopened) AS BIGINT) AS reopened
    FROM cube.ticket_closed_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.week_start, d.place, d.part
)
SELECT
    'week' AS grain,
    week_start AS period_start,
    place,
    part,
    closed,
    closed_excluded,
    called_back,
    reopened
FROM weeks
UNION ALL
SELECT
    'month' AS grain,
    month_start AS period_start,
    place,
    part,
    closed,
    closed_excluded,
    called_back,
    reopened
FROM months
UNION ALL
SELECT
    'quarter' AS grain,
    quarter_start AS period_start,
    place,
    part,
    closed,
    closed_excluded,
    called_back,
    reopened
FROM quarters
UNION ALL
SELECT
    'year' AS grain,
    year_start AS period_start,
    place,
    part,
    closed,
    closed_excluded,
    called_back,
    reopened
FROM years
