-- Excluded tickets by reason and area, by the day of acceptance, for weeks and longer; cancelled ones without another reason
-- are a reason of their own. They add up to the excluded of T01.
WITH days AS (
    SELECT accepted_on AS day, area_code, exclusion_code, CAST(count(*) AS BIGINT) AS tickets
    FROM core.tickets
    WHERE is_excluded AND accepted_on <= as_of_on
    GROUP BY accepted_on, area_code, exclusion_code
),
located AS (
    SELECT
        k.week_start, k.month_start, k.quarter_start, k.year_start,
        p.district_code, p.street_code, p.community_code, p.grid_code,
        d.exclusion_code, d.tickets
    FROM days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    LEFT JOIN core.area_paths AS p
        ON p.area_code = d.area_code AND p.valid_from <= d.day AND d.day < p.valid_to
),
combinations AS (
    SELECT grain, area_level FROM core.shapes WHERE dimension = 'all' AND grain <> 'day'
)
SELECT
    s.grain,
    CASE s.grain
        WHEN 'week' THEN l.week_start
        WHEN 'month' THEN l.month_start
        WHEN 'quarter' THEN l.quarter_start
        ELSE l.year_start
    END AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(l.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(l.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(l.community_code, 'unlocated')
        ELSE coalesce(l.grid_code, 'unlocated')
    END AS area_code,
    l.exclusion_code,
    CAST(sum(l.tickets) AS BIGINT) AS tickets
FROM located AS l
CROSS JOIN combinations AS s
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5
