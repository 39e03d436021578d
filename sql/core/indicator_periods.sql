-- The periods that each indicator has: from its dataset's first event to the data cut, with the day on which stocks are taken.
-- Stocks start with the earliest event of any dataset, at most 24 months back. Rows for areas without cases are filled in
-- for 36 months only: one ticket dated years too early would otherwise fill every area for all the years since.
WITH earliest AS (
    SELECT 'tickets' AS events, min(accepted_on) AS first_on FROM core.tickets
    UNION ALL
    SELECT 'meetings' AS events, min(held_on) AS first_on FROM landing.meetings
    UNION ALL
    SELECT 'payments' AS events, min(occurred_on) AS first_on FROM landing.payments
    UNION ALL
    SELECT 'headcounts' AS events, min(as_of) AS first_on FROM landing.headcounts
    UNION ALL
    SELECT 'budgets' AS events, min(k.fiscal_year_start) AS first_on
    FROM landing.budget_lines AS b
    INNER JOIN reference.calendar AS k ON k.fiscal_year = b.fiscal_year
),
any_event AS (
    SELECT min(first_on) AS first_on FROM earliest WHERE events <> 'budgets'
),
money AS (
    SELECT min(first_on) AS first_on FROM earliest WHERE events IN ('budgets', 'payments')
),
first_report AS (
    SELECT min(_valid_from) AS reported_at FROM landing.members
),
spans AS (
    SELECT i.indicator_id, 'flow' AS time_kind, 'civil' AS year_calendar, c.as_of, c.as_of_on, e.first_on
    FROM reference.indicators AS i
    INNER JOIN reference.as_of AS c ON c.dataset = i.dataset
    INNER JOIN earliest AS e ON e.events = i.dataset
    WHERE i.indicator_id LIKE 'T%' OR i.indicator_id LIKE 'L%'
    UNION ALL
    SELECT
        i.indicator_id,
        'stock' AS time_kind,
        'civil' AS year_calendar,
        c.as_of,
        c.as_of_on,
        greatest(a.first_on, CAST(c.as_of_on - INTERVAL 24 MONTH AS DATE)) AS first_on
    FROM reference.indicators AS i
    INNER JOIN reference.as_of AS c ON c.dataset = i.dataset
    CROSS JOIN any_event AS a
    WHERE i.indicator_id LIKE 'M%'
    UNION ALL
    SELECT
        i.indicator_id,
        'stock' AS time_kind,
        'fiscal' AS year_calendar,
        c.as_of,
        c.as_of_on,
        greatest(m.first_on, CAST(c.as_of_on - INTERVAL 36 MONTH AS DATE)) AS first_on
    FROM reference.indicators AS i
    INNER JOIN reference.as_of AS c ON c.dataset = i.dataset
    CROSS JOIN money AS m
    WHERE i.indicator_id LIKE 'F%' AND m.first_on IS NOT NULL
),
cut AS (
    SELECT
        s.indicator_id,
        CASE WHEN s.indicator_id IN ('T11', 'T12') THEN 'stock' ELSE s.time_kind END AS time_kind,
        p.grain,
        p.period_start,
        p.period_end,
        least(p.period_end, s.as_of_on) AS stock_on,
        s.as_of,
        s.as_of_on,
        p.period_end >= CAST(s.as_of_on - INTERVAL 36 MONTH AS DATE) AS is_filled
    FROM spans AS s
    INNER JOIN core.periods AS p ON p.period_end >= s.first_on AND p.period_start <= s.as_of_on
    WHERE (p.grain <> 'year' OR p.calendar = s.year_calendar)
        AND (p.grain <> 'day' OR s.indicator_id LIKE 'T%')
)
SELECT
    c.indicator_id,
    c.time_kind,
    c.grain,
    c.period_start,
    c.period_end,
    c.stock_on,
    k.ends_at AS stock_at,
    k.fiscal_year,
    CAST(date_diff('day', CAST(k.fiscal_year_start AS DATE), CAST(c.stock_on AS DATE)) + 1 AS DOUBLE)
        / nullif(k.days_in_fiscal_year, 0) AS elapsed_share,
    c.as_of,
    c.as_of_on,
    e.ends_at <= c.as_of + INTERVAL 1 SECOND AS is_over,
    c.is_filled
FROM cut AS c
INNER JOIN reference.calendar AS k ON k.day = c.stock_on
INNER JOIN reference.calendar AS e ON e.day = c.period_end
CROSS JOIN first_report AS r
WHERE c.indicator_id NOT IN ('M06', 'M09', 'M17') OR r.reported_at < k.ends_at
