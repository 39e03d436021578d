-- Communities whose organisations took in no new member for 36 months, on every day on which a stock is taken.
-- A member is new with the first membership that is known of them; a community of members none of whom has a known first
-- day is left out, one without members counts as one without a new member.
WITH days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'M07'
),
ranked AS (
    SELECT
        org_area_code AS area_code,
        joined_on,
        row_number() OVER (PARTITION BY member_id ORDER BY joined_on NULLS LAST, org_id NULLS LAST) AS place
    FROM core.memberships
    WHERE is_current
),
arrivals AS (
    SELECT DISTINCT area_code, joined_on FROM ranked WHERE place = 1
),
seen AS (
    SELECT
        d.stock_on,
        p.community_code,
        max(CASE WHEN a.joined_on > CAST(d.stock_on - INTERVAL 36 MONTH AS DATE) THEN 1 ELSE 0 END) AS has_new,
        max(CASE WHEN a.joined_on > DATE '1000-01-01' THEN 1 ELSE 0 END) AS has_known
    FROM days AS d
    INNER JOIN arrivals AS a ON a.joined_on <= d.stock_on
    INNER JOIN core.area_paths AS p
        ON p.area_code = a.area_code AND p.valid_from <= d.stock_on AND d.stock_on < p.valid_to
    WHERE p.community_code IS NOT NULL
    GROUP BY d.stock_on, p.community_code
)
SELECT
    'M07' AS indicator_id,
    d.stock_on,
    u.area_code,
    'above_grid' AS scope,
    CASE WHEN s.has_new = 1 THEN 0 ELSE 1 END AS numerator,
    1 AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
LEFT JOIN seen AS s ON s.stock_on = d.stock_on AND s.community_code = u.area_code
WHERE coalesce(s.has_known, 1) = 1
