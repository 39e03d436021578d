-- Communities and grids in force on each day on which a stock of them is taken, with their residents.
WITH days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE time_kind = 'stock' AND grain <> 'day'
)
SELECT
    d.stock_on,
    a.area_code,
    a.level,
    max(a.area_kind) AS area_kind,
    max(a.population) AS population
FROM core.areas AS a
INNER JOIN days AS d ON a.valid_from <= d.stock_on AND (a.valid_to IS NULL OR d.stock_on < a.valid_to)
WHERE a.level IN ('community', 'grid')
GROUP BY d.stock_on, a.area_code, a.level
