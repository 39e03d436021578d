-- Counts of tickets by the day of acceptance, with those resolved by the day of resolution: by week, month, quarter and year, each made of the longest shorter periods that it is made of.
WITH months AS (
    SELECT
        k.month_start,
        d.place,
        d.part,
        CAST(sum(d.accepted) AS BIGINT) AS accepted,
        CAST(sum(d.accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(d.accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(d.excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(d.accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(d.verdicts) AS BIGINT) AS verdicts,
        CAST(sum(d.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(d.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(d.cross_department) AS BIGINT) AS cross_department,
        CAST(sum(d.returned) AS BIGINT) AS returned,
        CAST(sum(d.reported) AS BIGINT) AS reported,
        CAST(sum(d.reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(d.repeated) AS BIGINT) AS repeated,
        CAST(sum(d.resolved) AS BIGINT) AS resolved
    FROM cube.ticket_accepted_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.month_start, d.place, d.part
),
quarters AS (
    SELECT
        k.quarter_start,
        d.place,
        d.part,
        CAST(sum(d.accepted) AS BIGINT) AS accepted,
        CAST(sum(d.accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(d.accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(d.excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(d.accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(d.verdicts) AS BIGINT) AS verdicts,
        CAST(sum(d.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(d.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(d.cross_department) AS BIGINT) AS cross_department,
        CAST(sum(d.returned) AS BIGINT) AS returned,
        CAST(sum(d.reported) AS BIGINT) AS reported,
        CAST(sum(d.reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(d.repeated) AS BIGINT) AS repeated,
        CAST(sum(d.resolved) AS BIGINT) AS resolved
    FROM months AS d
    INNER JOIN reference.calendar AS k ON k.day = d.month_start
    GROUP BY k.quarter_start, d.place, d.part
),
years AS (
    SELECT
        k.year_start,
        d.place,
        d.part,
        CAST(sum(d.accepted) AS BIGINT) AS accepted,
        CAST(sum(d.accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(d.accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(d.excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(d.accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(d.verdicts) AS BIGINT) AS verdicts,
        CAST(sum(d.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(d.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(d.cross_department) AS BIGINT) AS cross_department,
        CAST(sum(d.returned) AS BIGINT) AS returned,
        CAST(sum(d.reported) AS BIGINT) AS reported,
        CAST(sum(d.reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(d.repeated) AS BIGINT) AS repeated,
        CAST(sum(d.resolved) AS BIGINT) AS resolved
    FROM quarters AS d
    INNER JOIN reference.calendar AS k ON k.day = d.quarter_start
    GROUP BY k.year_start, d.place, d.part
),
weeks AS (
    SELECT
        k.week_start,
        d.place,
        d.part,
        CAST(sum(d.accepted) AS BIGINT) AS accepted,
        CAST(sum(d.accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(d.accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(d.excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(d.accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(d.verdicts) AS BIGINT) AS verdicts,
        CAST(sum(d.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(d.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(d.cross_department) AS BIGINT) AS cross_department,
        CAST(sum(d.returned) AS BIGINT) AS returned,
        CAST(sum(d.reported) AS BIGINT) AS reported,
        CAST(sum(d.reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(d.repeated) AS BIGINT) AS repeated,
        CAST(sum(d.resolved) AS BIGINT) AS resolved
    FROM cube.ticket_accepted_days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    GROUP BY k.week_start, d.place, d.part
)
SELECT
    'week' AS grain,
    week_start AS period_start,
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
FROM weeks
UNION ALL
SELECT
    'month' AS grain,
    month_start AS period_start,
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
FROM months
UNION ALL
SELECT
    'quarter' AS grain,
    quarter_start AS period_start,
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
FROM quarters
UNION ALL
SELECT
    'year' AS grain,
    year_start AS period_start,
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
FROM years
