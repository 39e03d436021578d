-- Members and what they hold on every day on which a stock is taken; undated attributes as the delivery of that time reported them.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on, stock_at FROM core.indicator_periods WHERE indicator_id IN ('M04', 'M06', 'M09', 'M17')
),
reported AS (
    SELECT
        d.indicator_id,
        d.stock_on,
        CASE WHEN d.indicator_id = 'M09' THEN m.home_area_code ELSE m.org_area_code END AS area_code,
        CASE d.indicator_id
            WHEN 'M06' THEN CASE WHEN m.has_college_schooling THEN 1 ELSE 0 END
            WHEN 'M09' THEN CASE WHEN m.reported_to_community_on <= d.stock_on THEN 1 ELSE 0 END
            ELSE 1
        END AS counted
    FROM core.memberships AS m
    INNER JOIN days AS d
        ON m.joined_on <= d.stock_on
        AND d.stock_on < m.left_on
        AND m.reported_from < d.stock_at
        AND (m.reported_to IS NULL OR m.reported_to >= d.stock_at)
    WHERE (d.indicator_id = 'M06' AND m.is_secretary)
        OR (d.indicator_id = 'M09' AND m.is_serving)
        OR (d.indicator_id = 'M17' AND m.is_committee_member)
)
SELECT
    d.indicator_id, d.stock_on, m.area_code, 'all' AS dimension, 'all' AS member, 'every' AS scope,
    CAST(m.members AS DECIMAL(18, 2)) AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator
FROM cube.member_stretches AS m
INNER JOIN days AS d ON d.indicator_id = 'M04' AND m.from_on <= d.stock_on AND d.stock_on < m.to_on
WHERE m.members > 0
UNION ALL
SELECT
    indicator_id, stock_on, area_code, 'all' AS dimension, 'all' AS member, 'every' AS scope,
    CAST(sum(counted) AS DECIMAL(18, 2)) AS numerator,
    CASE WHEN indicator_id <> 'M17' THEN CAST(count(*) AS DECIMAL(18, 2)) END AS denominator
FROM reported
GROUP BY indicator_id, stock_on, area_code
