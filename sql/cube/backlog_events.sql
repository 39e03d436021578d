-- What enters (+1) and leaves (−1) the backlog on a day, by area in force on that day: the backlog is their running sum.
-- A range join of open stretches with days costs 42 times as much. A ticket whose area changes leaves one and enters the other.
WITH stretches AS (
    SELECT
        s.channel,
        s.category_1,
        p.district_code,
        p.street_code,
        p.community_code,
        p.grid_code,
        greatest(s.start_on, coalesce(p.valid_from, s.start_on)) AS start_on,
        least(s.end_on, coalesce(p.valid_to, s.end_on)) AS end_on,
        s.overdue_from
    FROM core.ticket_stretches AS s
    LEFT JOIN core.area_paths AS p
        ON p.area_code = s.area_code
        AND p.valid_from < s.end_on
        AND s.start_on < p.valid_to
),
steps AS (
    SELECT start_on AS day, district_code, street_code, community_code, grid_code, channel, category_1, 1 AS opened, 0 AS overdue
    FROM stretches
    UNION ALL
    SELECT end_on AS day, district_code, street_code, community_code, grid_code, channel, category_1, -1 AS opened, 0 AS overdue
    FROM stretches
    UNION ALL
    SELECT
        greatest(start_on, overdue_from) AS day,
        district_code, street_code, community_code, grid_code, channel, category_1,
        0 AS opened,
        1 AS overdue
    FROM stretches
    WHERE greatest(start_on, overdue_from) < end_on AND overdue_from IS NOT NULL
    UNION ALL
    SELECT end_on AS day, district_code, street_code, community_code, grid_code, channel, category_1, 0 AS opened, -1 AS overdue
    FROM stretches
    WHERE greatest(start_on, overdue_from) < end_on AND overdue_from IS NOT NULL
)
SELECT
    day,
    district_code,
    street_code,
    community_code,
    grid_code,
    channel,
    category_1,
    CAST(sum(opened) AS BIGINT) AS opened,
    CAST(sum(overdue) AS BIGINT) AS overdue
FROM steps
GROUP BY day, district_code, street_code, community_code, grid_code, channel, category_1
