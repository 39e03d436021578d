-- The street and community service centres in use on a day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'M16'
)
SELECT
    'M16' AS indicator_id,
    'facility' AS row_kind,
    f.facility_id AS row_id,
    d.stock_on AS day,
    f.area_code,
    CASE WHEN f.floor_area_m2 >= 500 THEN 1 ELSE 0 END AS numerator,
    1 AS denominator,
    f.kind,
    f.floor_area_m2,
    f.opened_on,
    f.closed_on
FROM landing.facilities AS f
INNER JOIN days AS d
    ON (f.opened_on IS NULL OR f.opened_on <= d.stock_on)
    AND (f.closed_on IS NULL OR d.stock_on < f.closed_on)
WHERE f.kind IN ('street_centre', 'community_centre')
