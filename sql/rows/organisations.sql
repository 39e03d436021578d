-- The organisations that are live on a day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'M01'
)
SELECT
    'M01' AS indicator_id,
    'organisation' AS row_kind,
    o.org_id AS row_id,
    d.stock_on AS day,
    o.area_code,
    1 AS numerator,
    o.org_level,
    o.live_from,
    o.live_to
FROM core.organisations AS o
INNER JOIN days AS d ON o.live_from <= d.stock_on AND d.stock_on < o.live_to
