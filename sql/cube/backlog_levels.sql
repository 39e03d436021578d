-- The backlog of every place and part at the end of days, weeks and months, by the stretch of periods for which it stayed
-- the same; empty stretches left out.
WITH steps AS (
    SELECT 'day' AS grain, day AS from_on, place, part, opened, overdue FROM cube.backlog_days
    UNION ALL
    SELECT 'week' AS grain, week_start AS from_on, place, part, opened, overdue FROM cube.backlog_weeks
    UNION ALL
    SELECT 'month' AS grain, month_start AS from_on, place, part, opened, overdue FROM cube.backlog_months
),
running AS (
    SELECT
        grain,
        place,
        part,
        from_on,
        coalesce(lead(from_on) OVER (PARTITION BY grain, place, part ORDER BY from_on NULLS LAST), DATE '9999-12-31') AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY grain, place, part
                ORDER BY from_on NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY grain, place, part
                ORDER BY from_on NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM steps
)
SELECT grain, place, part, from_on, to_on, opened, overdue
FROM running
WHERE opened <> 0 OR overdue <> 0
