-- The budget lines with a budget on a day on which a stock is taken, those without a movement for 90 days in the numerator.
-- What moved before the fiscal year counts as moved on the day before it.
WITH days AS (
    SELECT DISTINCT stock_on, fiscal_year FROM core.indicator_periods WHERE indicator_id = 'F12'
),
years AS (
    SELECT fiscal_year, CAST(min(day) - INTERVAL 1 DAY AS DATE) AS before_on FROM reference.calendar GROUP BY fiscal_year
),
lines AS (
    SELECT
        d.stock_on,
        b.line_id,
        b.area_code,
        b.fund,
        y.before_on,
        b.opening_amount + coalesce(b.adjustment_amount, 0) + coalesce(b.carried_in_amount, 0) AS budget
    FROM landing.budget_lines AS b
    INNER JOIN years AS y ON y.fiscal_year = b.fiscal_year
    INNER JOIN days AS d ON d.fiscal_year = b.fiscal_year AND y.before_on <= d.stock_on
    WHERE b.opening_amount + coalesce(b.adjustment_amount, 0) + coalesce(b.carried_in_amount, 0) > 0
),
moved AS (
    SELECT
        l.stock_on,
        l.line_id,
        max(greatest(p.occurred_on, l.before_on)) AS last_moved_on,
        sum(CASE p.kind WHEN 'payment' THEN p.amount WHEN 'refund' THEN -p.amount ELSE 0 END) AS spent
    FROM lines AS l
    INNER JOIN core.payments AS p ON p.line_id = l.line_id AND greatest(p.occurred_on, l.before_on) <= l.stock_on
    GROUP BY l.stock_on, l.line_id
)
SELECT
    'F12' AS indicator_id,
    'budget_line' AS row_kind,
    l.line_id AS row_id,
    l.stock_on AS day,
    l.area_code,
    CASE
        WHEN coalesce(m.spent, 0) < l.budget
            AND CAST(coalesce(m.last_moved_on, l.before_on) + INTERVAL 90 DAY AS DATE) <= l.stock_on
            THEN 1
        ELSE 0
    END AS numerator,
    1 AS denominator,
    l.fund,
    l.budget,
    coalesce(m.spent, 0) AS spent,
    m.last_moved_on
FROM lines AS l
LEFT JOIN moved AS m ON m.stock_on = l.stock_on AND m.line_id = l.line_id
