-- The backlog of every area and dimension, by the stretch of days for which it stayed the same; empty stretches left out.
WITH combinations AS (
    SELECT DISTINCT area_level, dimension FROM core.shapes WHERE dimension IN ('all', 'channel', 'category_1')
),
placed AS (
    SELECT
        d.day,
        s.area_level,
        CASE s.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(d.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(d.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(d.community_code, 'unlocated')
            ELSE coalesce(d.grid_code, 'unlocated')
        END AS area_code,
        s.dimension,
        CASE s.dimension WHEN 'channel' THEN d.channel WHEN 'category_1' THEN d.category_1 ELSE 'all' END AS member,
        d.opened,
        d.overdue
    FROM cube.backlog_events AS d
    CROSS JOIN combinations AS s
    CROSS JOIN reference.city AS c
),
changes AS (
    SELECT
        day,
        area_level,
        area_code,
        dimension,
        member,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM placed
    GROUP BY day, area_level, area_code, dimension, member
),
running AS (
    SELECT
        area_level,
        area_code,
        dimension,
        member,
        day AS from_on,
        coalesce(
            lead(day) OVER (PARTITION BY area_level, area_code, dimension, member ORDER BY day NULLS LAST), DATE '9999-12-31'
        ) AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY area_level, area_code, dimension, member
                ORDER BY day NULLS LAST
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY area_level, area_code, dimension, member
                ORDER BY day NULLS LAST
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM changes
)
SELECT area_level, area_code, dimension, member, from_on, to_on, opened, overdue
FROM running
WHERE opened > 0 AND from_on < to_on
