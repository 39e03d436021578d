-- How figures of an area and stretch of days move from the areas of that time to those of today. A level takes the row of each
-- of its areas; a finer area is moved again only by the difference between its own place and that of the area above it. The
-- weights of one area, stretch and level sum to 0, so that totals stay.
WITH units AS (
    SELECT
        area_code,
        level,
        valid_from,
        valid_to,
        CASE level
            WHEN 'grid' THEN coalesce(community_code, street_code, district_code)
            WHEN 'community' THEN coalesce(street_code, district_code)
            WHEN 'street' THEN district_code
        END AS parent_code
    FROM core.area_paths
    WHERE level IN ('district', 'street', 'community', 'grid')
),
places AS (
    SELECT u.area_code, u.level, u.valid_from, u.valid_to, u.parent_code, s.today_level, s.today_code, s.share
    FROM units AS u
    INNER JOIN core.area_shares AS s
        ON s.area_code = u.area_code
        AND s.area_level = u.level
        AND s.valid_from <= u.valid_from
        AND u.valid_from < s.valid_to
),
targets AS (
    SELECT DISTINCT area_code, level, valid_from, valid_to, parent_code, today_level FROM places
),
steps AS (
    SELECT area_code, level, valid_from, valid_to, today_level, today_code, share AS weight FROM places
    UNION ALL
    SELECT area_code, level, valid_from, valid_to, today_level, area_code AS today_code, CAST(-1 AS DOUBLE) AS weight
    FROM targets
    WHERE today_level = level
    UNION ALL
    SELECT
        t.area_code,
        t.level,
        t.valid_from,
        t.valid_to,
        t.today_level,
        coalesce(s.today_code, 'unlocated') AS today_code,
        -coalesce(s.share, 1) AS weight
    FROM targets AS t
    LEFT JOIN core.area_shares AS s
        ON s.area_code = t.parent_code
        AND s.today_level = t.today_level
        AND s.valid_from <= t.valid_from
        AND t.valid_from < s.valid_to
    WHERE t.today_level <> t.level
)
SELECT area_code, level AS area_level, valid_from, valid_to, today_level, today_code, sum(weight) AS weight
FROM steps
GROUP BY area_code, level, valid_from, valid_to, today_level, today_code
HAVING abs(sum(weight)) > 0.000000001
