-- Secretaries with college schooling, serving members who reported to their community and committee members, as the delivery
-- of that time reported them, on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods WHERE indicator_id IN ('M06', 'M09', 'M17')
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
        AND m.reported_from_on <= d.stock_on
        AND d.stock_on < m.reported_to_on
    WHERE (d.indicator_id = 'M06' AND m.is_secretary)
        OR (d.indicator_id = 'M09' AND m.is_serving)
        OR (d.indicator_id = 'M17' AND m.is_committee_member)
)
SELECT
    indicator_id,
    stock_on,
    area_code,
    sum(counted) AS numerator,
    CASE WHEN indicator_id <> 'M17' THEN count(*) END AS denominator
FROM reported
GROUP BY indicator_id, stock_on, area_code
