-- Communities whose organisations took in no new member for 36 months, on every day on which a stock is taken.
-- A member is new with the first membership that is known of them; a community with members on the day, none of whom has a known
-- first day, is left out unless it took in somebody new who has left; one without members counts as one without a new member.
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
fresh AS (
    SELECT DISTINCT d.stock_on, p.community_code
    FROM days AS d
    INNER JOIN arrivals AS a
        ON a.joined_on <= d.stock_on AND a.joined_on > CAST(d.stock_on - INTERVAL 36 MONTH AS DATE)
    INNER JOIN core.area_paths AS p
        ON p.area_code = a.area_code AND p.valid_from <= d.stock_on AND d.stock_on < p.valid_to
    WHERE p.community_code IS NOT NULL
),
undated AS (
    SELECT DISTINCT d.stock_on, p.community_code
    FROM days AS d
    INNER JOIN core.memberships AS m
        ON m.is_current AND m.joined_on = DATE '1000-01-01' AND d.stock_on < m.left_on
    INNER JOIN core.area_paths AS p
        ON p.area_code = m.org_area_code AND p.valid_from <= d.stock_on AND d.stock_on < p.valid_to
    WHERE p.community_code IS NOT NULL
),
dated AS (
    SELECT DISTINCT n.stock_on, n.community_code
    FROM undated AS n
    INNER JOIN core.area_paths AS p
        ON p.community_code = n.community_code AND p.valid_from <= n.stock_on AND n.stock_on < p.valid_to
    INNER JOIN core.memberships AS m
        ON m.org_area_code = p.area_code
        AND m.is_current
        AND m.joined_on > DATE '1000-01-01'
        AND m.joined_on <= n.stock_on
        AND n.stock_on < m.left_on
)
SELECT
    'M07' AS indicator_id,
    d.stock_on,
    u.area_code,
    'above_grid' AS scope,
    CASE WHEN f.community_code IS NOT NULL THEN 0 ELSE 1 END AS numerator,
    1 AS denominator
FROM days AS d
INNER JOIN core.units AS u ON u.stock_on = d.stock_on AND u.level = 'community'
LEFT JOIN fresh AS f ON f.stock_on = d.stock_on AND f.community_code = u.area_code
LEFT JOIN undated AS n ON n.stock_on = d.stock_on AND n.community_code = u.area_code
LEFT JOIN dated AS k ON k.stock_on = d.stock_on AND k.community_code = u.area_code
WHERE f.community_code IS NOT NULL OR n.community_code IS NULL OR k.community_code IS NOT NULL
