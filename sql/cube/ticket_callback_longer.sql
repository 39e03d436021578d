-- Counts of answered and rated callbacks by their day: by week, month, quarter and year, each made of the longest shorter periods that it is made of.
WITH months AS (
    SELECT
        k.month_start,
        d.place,
        d.part,
        CAST(sum(d.answered) AS BIGINT) AS answered,
        CAST(sum(d.answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(d.confirmed) AS BIGINT) AS confirmed,
        CAST(sum(d.rated) AS BIGINT) AS rated,
        CAST(sum(d.rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(d.satisfied) AS BIGINT) AS satisfied,
        CAST(sum(d.claimed) AS BIGINT) AS claimed,
        CAST(sum(d.claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(d.denied) AS BIGINT) AS denied
    FROM cube.ticket_callback_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.month_start, d.place, d.part
),
quarters AS (
    SELECT
        k.quarter_start,
        d.place,
        d.part,
        CAST(sum(d.answered) AS BIGINT) AS answered,
        CAST(sum(d.answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(d.confirmed) AS BIGINT) AS confirmed,
        CAST(sum(d.rated) AS BIGINT) AS rated,
        CAST(sum(d.rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(d.satisfied) AS BIGINT) AS satisfied,
        CAST(sum(d.claimed) AS BIGINT) AS claimed,
        CAST(sum(d.claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(d.denied) AS BIGINT) AS denied
    FROM months AS d
    INNER JOIN reference.calendar AS k ON k.day = d.month_start
    GROUP BY k.quarter_start, d.place, d.part
),
years AS (
    SELECT
        k.year_start,
        d.place,
        d.part,
        CAST(sum(d.answered) AS BIGINT) AS answered,
        CAST(sum(d.answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(d.confirmed) AS BIGINT) AS confirmed,
        CAST(sum(d.rated) AS BIGINT) AS rated,
        CAST(sum(d.rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(d.satisfied) AS BIGINT) AS satisfied,
        CAST(sum(d.claimed) AS BIGINT) AS claimed,
        CAST(sum(d.claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(d.denied) AS BIGINT) AS denied
    FROM quarters AS d
    INNER JOIN reference.calendar AS k ON k.day = d.quarter_start
    GROUP BY k.year_start, d.place, d.part
),
weeks AS (
    SELECT
        k.week_start,
        d.place,
        d.part,
        CAST(sum(d.answered) AS BIGINT) AS answered,
        CAST(sum(d.answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(d.confirmed) AS BIGINT) AS confirmed,
        CAST(sum(d.rated) AS BIGINT) AS rated,
        CAST(sum(d.rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(d.satisfied) AS BIGINT) AS satisfied,
        CAST(sum(d.claimed) AS BIGINT) AS claimed,
        CAST(sum(d.claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(d.denied) AS BIGINT) AS denied
    FROM cube.ticket_callback_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.week_start, d.place, d.part
)
SELECT
    'week' AS grain,
    week_start AS period_start,
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
FROM weeks
UNION ALL
SELECT
    'month' AS grain,
    month_start AS period_start,
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
FROM months
UNION ALL
SELECT
    'quarter' AS grain,
    quarter_start AS period_start,
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
FROM quarters
UNION ALL
SELECT
    'year' AS grain,
    year_start AS period_start,
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
FROM years
