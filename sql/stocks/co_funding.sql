-- Current budget of the community funds that the district pays, and that the city pays, on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'F11'
)
SELECT
    'F11' AS indicator_id,
    f.stock_on,
    f.area_code,
    sum(CASE WHEN f.source = 'district' THEN f.budget ELSE 0 END) AS numerator,
    sum(CASE WHEN f.source = 'city' THEN f.budget ELSE 0 END) AS denominator
FROM cube.fund_days AS f
INNER JOIN days AS d ON d.stock_on = f.stock_on
WHERE f.fund <> 'transfer' AND f.source IN ('district', 'city')
GROUP BY f.stock_on, f.area_code
