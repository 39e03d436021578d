-- Payments of a closed fiscal year, and those of its last 45 days; refunds are not set against them.
WITH years AS (
    SELECT DISTINCT stock_on, fiscal_year FROM core.indicator_periods WHERE indicator_id = 'F10'
),
paid AS (
    SELECT
        y.stock_on,
        p.area_code,
        p.fund,
        p.amount,
        p.occurred_on > CAST(y.stock_on - INTERVAL 45 DAY AS DATE) AS is_late
    FROM core.payments AS p
    INNER JOIN years AS y ON y.fiscal_year = p.fiscal_year AND p.occurred_on <= y.stock_on
    WHERE p.kind = 'payment'
)
SELECT
    'F10' AS indicator_id, stock_on, area_code, 'all' AS dimension, 'all' AS member,
    sum(CASE WHEN is_late THEN amount ELSE 0 END) AS numerator,
    sum(amount) AS denominator
FROM paid
GROUP BY stock_on, area_code
UNION ALL
SELECT
    'F10' AS indicator_id, stock_on, area_code, 'fund' AS dimension, fund AS member,
    sum(CASE WHEN is_late THEN amount ELSE 0 END) AS numerator,
    sum(amount) AS denominator
FROM paid
GROUP BY stock_on, area_code, fund
