-- Exact median and 90th percentile of the hours to resolve, computed anew in every published shape.
WITH resolved AS (
    SELECT
        t.resolved_on,
        k.week_start,
        k.month_start,
        k.quarter_start,
        k.year_start,
        p.district_code,
        p.street_code,
        p.community_code,
        p.grid_code,
        t.channel,
        t.category_1,
        CASE WHEN NOT t.is_excluded THEN t.hours_to_resolve END AS hours,
        CASE WHEN t.is_excluded THEN 1 ELSE 0 END AS excluded
    FROM core.tickets AS t
    INNER JOIN reference.calendar AS k ON k.day = t.resolved_on
    LEFT JOIN core.area_paths AS p
        ON p.area_code = t.area_code
        AND p.valid_from <= t.resolved_on
        AND t.resolved_on < p.valid_to
    WHERE t.is_resolved AND t.resolved_on <= t.as_of_on
),
placed AS (
    SELECT
        s.grain,
        CASE s.grain
            WHEN 'day' THEN r.resolved_on
            WHEN 'week' THEN r.week_start
            WHEN 'month' THEN r.month_start
            WHEN 'quarter' THEN r.quarter_start
            ELSE r.year_start
        END AS period_start,
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
        r.hours,
        r.excluded
    FROM resolved AS r
    CROSS JOIN core.shapes AS s
    CROSS JOIN reference.city AS c
    WHERE s.dimension IN ('all', 'channel', 'category_1')
)
SELECT
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    count(hours) AS resolved,
    CAST(sum(excluded) AS BIGINT) AS excluded,
    quantile_cont(hours, 0.5) AS median_hours,
    quantile_cont(hours, 0.9) AS percentile_90_hours
FROM placed
GROUP BY grain, period_start, area_level, area_code, dimension, member
