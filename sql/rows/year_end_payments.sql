-- The payments of a closed fiscal year, those of its last 45 days in the numerator.
WITH years AS (
    SELECT DISTINCT stock_on, fiscal_year FROM core.indicator_periods WHERE indicator_id = 'F10'
)
SELECT
    'F10' AS indicator_id,
    'payment' AS row_kind,
    p.payment_id AS row_id,
    y.stock_on AS day,
    p.area_code,
    CASE WHEN p.occurred_on > CAST(y.stock_on - INTERVAL 45 DAY AS DATE) THEN p.amount ELSE 0 END AS numerator,
    p.amount AS denominator,
    p.fund,
    p.line_id,
    p.occurred_on
FROM core.payments AS p
INNER JOIN years AS y ON y.fiscal_year = p.fiscal_year AND p.occurred_on <= y.stock_on
WHERE p.kind = 'payment'
