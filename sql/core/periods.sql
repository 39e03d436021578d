-- Every period of every grain with its first and last day; fiscal years beside calendar years.
SELECT 'day' AS grain, 'civil' AS calendar, day AS period_start, day AS period_end FROM reference.calendar
UNION ALL
SELECT 'week' AS grain, 'civil' AS calendar, week_start AS period_start, max(day) AS period_end
FROM reference.calendar GROUP BY week_start
UNION ALL
SELECT 'month' AS grain, 'civil' AS calendar, month_start AS period_start, max(day) AS period_end
FROM reference.calendar GROUP BY month_start
UNION ALL
SELECT 'quarter' AS grain, 'civil' AS calendar, quarter_start AS period_start, max(day) AS period_end
FROM reference.calendar GROUP BY quarter_start
UNION ALL
SELECT 'year' AS grain, 'civil' AS calendar, year_start AS period_start, max(day) AS period_end
FROM reference.calendar GROUP BY year_start
UNION ALL
SELECT 'year' AS grain, 'fiscal' AS calendar, fiscal_year_start AS period_start, max(day) AS period_end
FROM reference.calendar GROUP BY fiscal_year_start
