-- Street and community service centres, and those of at least 500 m², on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods WHERE indicator_id = 'M16'
)
SELECT
    d.indicator_id,
    d.stock_on,
    f.area_code,
    sum(CASE WHEN f.floor_area_m2 >= 500 THEN 1 ELSE 0 END) AS numerator,
    count(*) AS denominator
FROM landing.facilities AS f
INNER JOIN days AS d
    ON (f.opened_on IS NULL OR f.opened_on <= d.stock_on)
    AND (f.closed_on IS NULL OR d.stock_on < f.closed_on)
WHERE f.kind IN ('street_centre', 'community_centre')
GROUP BY d.indicator_id, d.stock_on, f.area_code
