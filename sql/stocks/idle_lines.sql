-- Budget lines with a budget, and those of them without any movement for 90 days, on every day on which a stock is taken.
-- The first day of the fiscal year is the first that can be one of the 90, so what moved before counts as moved on the day
-- before it; a line that has been spent in full is not idle.
WITH days AS (
    SELECT DISTINCT stock_on, fiscal_year FROM core.indicator_periods WHERE indicator_id = 'F12'
),
years AS (
    SELECT fiscal_year, CAST(min(day) - INTERVAL 1 DAY AS DATE) AS before_on FROM reference.calendar GROUP BY fiscal_year
),
lines AS (
    SELECT
        b.line_id,
        b.area_code,
        b.fund,
        b.fiscal_year,
        y.before_on,
        b.opening_amount + coalesce(b.adjustment_amount, 0) + coalesce(b.carried_in_amount, 0) AS budget
    FROM landing.budget_lines AS b
    INNER JOIN years AS y ON y.fiscal_year = b.fiscal_year
    WHERE b.opening_amount + coalesce(b.adjustment_amount, 0) + coalesce(b.carried_in_amount, 0) > 0
),
moves AS (
    SELECT line_id, before_on AS day, 0 AS spent FROM lines
    UNION ALL
    SELECT
        l.line_id,
        greatest(p.occurred_on, l.before_on) AS day,
        CASE p.kind WHEN 'payment' THEN p.amount WHEN 'refund' THEN -p.amount ELSE 0 END AS spent
    FROM core.payments AS p
    INNER JOIN lines AS l ON l.line_id = p.line_id
),
by_day AS (
    SELECT line_id, day, sum(spent) AS spent FROM moves GROUP BY line_id, day
),
running AS (
    SELECT
        line_id,
        day,
        coalesce(lead(day) OVER (PARTITION BY line_id ORDER BY day NULLS LAST), DATE '9999-12-31') AS next_on,
        sum(spent) OVER (PARTITION BY line_id ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spent
    FROM by_day
),
states AS (
    SELECT
        d.stock_on,
        l.area_code,
        l.fund,
        CASE WHEN r.spent < l.budget AND CAST(r.day + INTERVAL 90 DAY AS DATE) <= d.stock_on THEN 1 ELSE 0 END AS is_idle
    FROM lines AS l
    INNER JOIN days AS d ON d.fiscal_year = l.fiscal_year
    INNER JOIN running AS r ON r.line_id = l.line_id AND r.day <= d.stock_on AND d.stock_on < r.next_on
)
SELECT
    'F12' AS indicator_id, stock_on, area_code, 'all' AS dimension, 'all' AS member,
    sum(is_idle) AS numerator, count(*) AS denominator
FROM states
GROUP BY stock_on, area_code
UNION ALL
SELECT
    'F12' AS indicator_id, stock_on, area_code, 'fund' AS dimension, fund AS member,
    sum(is_idle) AS numerator, count(*) AS denominator
FROM states
GROUP BY stock_on, area_code, fund
