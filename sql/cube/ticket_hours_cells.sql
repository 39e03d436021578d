-- Exact median and 90th percentile of the hours to resolve, computed anew in every published shape. One GROUP BY a grain:
-- quantiles do not spill, and one over all shapes ran out of memory at a million tickets.
SELECT
    'day' AS grain,
    r.resolved_on AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(r.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(r.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(r.community_code, 'unlocated')
        ELSE coalesce(r.grid_code, 'unlocated')
    END AS area_code,
    s.dimension,
    CASE s.dimension WHEN 'channel' THEN r.channel WHEN 'category_1' THEN r.category_1 ELSE 'all' END AS member,
    count(r.hours) AS resolved,
    CAST(sum(r.excluded) AS BIGINT) AS excluded,
    quantile_cont(r.hours, 0.5) AS median_hours,
    quantile_cont(r.hours, 0.9) AS percentile_90_hours
FROM cube.ticket_hours AS r
INNER JOIN core.shapes AS s ON s.grain = 'day' AND s.dimension IN ('all', 'channel', 'category_1')
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT
    'week' AS grain,
    r.week_start AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(r.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(r.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(r.community_code, 'unlocated')
        ELSE coalesce(r.grid_code, 'unlocated')
    END AS area_code,
    s.dimension,
    CASE s.dimension WHEN 'channel' THEN r.channel WHEN 'category_1' THEN r.category_1 ELSE 'all' END AS member,
    count(r.hours) AS resolved,
    CAST(sum(r.excluded) AS BIGINT) AS excluded,
    quantile_cont(r.hours, 0.5) AS median_hours,
    quantile_cont(r.hours, 0.9) AS percentile_90_hours
FROM cube.ticket_hours AS r
INNER JOIN core.shapes AS s ON s.grain = 'week' AND s.dimension IN ('all', 'channel', 'category_1')
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT
    'month' AS grain,
    r.month_start AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(r.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(r.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(r.community_code, 'unlocated')
        ELSE coalesce(r.grid_code, 'unlocated')
    END AS area_code,
    s.dimension,
    CASE s.dimension WHEN 'channel' THEN r.channel WHEN 'category_1' THEN r.category_1 ELSE 'all' END AS member,
    count(r.hours) AS resolved,
    CAST(sum(r.excluded) AS BIGINT) AS excluded,
    quantile_cont(r.hours, 0.5) AS median_hours,
    quantile_cont(r.hours, 0.9) AS percentile_90_hours
FROM cube.ticket_hours AS r
INNER JOIN core.shapes AS s ON s.grain = 'month' AND s.dimension IN ('all', 'channel', 'category_1')
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT
    'quarter' AS grain,
    r.quarter_start AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(r.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(r.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(r.community_code, 'unlocated')
        ELSE coalesce(r.grid_code, 'unlocated')
    END AS area_code,
    s.dimension,
    CASE s.dimension WHEN 'channel' THEN r.channel WHEN 'category_1' THEN r.category_1 ELSE 'all' END AS member,
    count(r.hours) AS resolved,
    CAST(sum(r.excluded) AS BIGINT) AS excluded,
    quantile_cont(r.hours, 0.5) AS median_hours,
    quantile_cont(r.hours, 0.9) AS percentile_90_hours
FROM cube.ticket_hours AS r
INNER JOIN core.shapes AS s ON s.grain = 'quarter' AND s.dimension IN ('all', 'channel', 'category_1')
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT
    'year' AS grain,
    r.year_start AS period_start,
    s.area_level,
    CASE s.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(r.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(r.street_code, 'unlocated')
        WHEN 'community' THEN coalesce(r.community_code, 'unlocated')
        ELSE coalesce(r.grid_code, 'unlocated')
    END AS area_code,
    s.dimension,
    CASE s.dimension WHEN 'channel' THEN r.channel WHEN 'category_1' THEN r.category_1 ELSE 'all' END AS member,
    count(r.hours) AS resolved,
    CAST(sum(r.excluded) AS BIGINT) AS excluded,
    quantile_cont(r.hours, 0.5) AS median_hours,
    quantile_cont(r.hours, 0.9) AS percentile_90_hours
FROM cube.ticket_hours AS r
INNER JOIN core.shapes AS s ON s.grain = 'year' AND s.dimension IN ('all', 'channel', 'category_1')
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4, 5, 6
