-- The backlog of every place and part at the end of days, weeks and months, by the stretch of periods for which it stayed
-- the same; empty stretches left out.
WITH running AS (
    SELECT
        'day' AS grain,
        place,
        part,
        day AS from_on,
        coalesce(lead(day) OVER (PARTITION BY place, part ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY place, part ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY place, part ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM cube.backlog_days
    UNION ALL
    SELECT
        'week' AS grain,
        place,
        part,
        week_start AS from_on,
        coalesce(lead(week_start) OVER (PARTITION BY place, part ORDER BY week_start NULLS LAST), DATE '9999-12-31') AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY place, part ORDER BY week_start NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY place, part ORDER BY week_start NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM cube.backlog_weeks
    UNION ALL
    SELECT
        'month' AS grain,
        place,
        part,
        month_start AS from_on,
        coalesce(lead(month_start) OVER (PARTITION BY place, part ORDER BY month_start NULLS LAST), DATE '9999-12-31') AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY place, part ORDER BY month_start NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY place, part ORDER BY month_start NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM cube.backlog_months
)
SELECT grain, place, part, from_on, to_on, opened, overdue
FROM running
WHERE opened <> 0 OR overdue <> 0
