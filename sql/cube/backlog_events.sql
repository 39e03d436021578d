-- What enters (+1) and leaves (−1) the backlog on a day, by area in force on that day: the backlog is their running sum.
-- A range join of open stretches with days costs 42 times as much. A ticket whose area changes leaves one and enters the other.
WITH nowhere AS (
    SELECT
        max(CASE WHEN area_level = 'city' THEN place END) AS city_place,
        max(CASE WHEN area_level = 'district' THEN place END) AS district_place,
        max(CASE WHEN area_level = 'street' THEN place END) AS street_place,
        max(CASE WHEN area_level = 'community' THEN place END) AS community_place,
        max(CASE WHEN area_level = 'grid' THEN place END) AS grid_place
    FROM core.places
    WHERE area_level = 'city' OR area_code = 'unlocated'
),
stretches AS (
    SELECT
        0 AS all_part,
        s.channel_part,
        s.category_1_part,
        n.city_place,
        coalesce(p.district_place, n.district_place) AS district_place,
        coalesce(p.street_place, n.street_place) AS street_place,
        coalesce(p.community_place, n.community_place) AS community_place,
        coalesce(p.grid_place, n.grid_place) AS grid_place,
        greatest(s.start_on, coalesce(p.valid_from, s.start_on)) AS start_on,
        least(s.end_on, coalesce(p.valid_to, s.end_on)) AS end_on,
        s.overdue_from
    FROM core.ticket_stretches AS s
    LEFT JOIN core.place_paths AS p
        ON p.area_code = s.area_code
        AND p.valid_from < s.end_on
        AND s.start_on < p.valid_to
    CROSS JOIN nowhere AS n
),
steps AS (
    SELECT
        start_on AS day,
        all_part,
        channel_part,
        category_1_part,
        city_place,
        district_place,
        street_place,
        community_place,
        grid_place,
        1 AS opened,
        0 AS overdue
    FROM stretches
    UNION ALL
    SELECT
        end_on AS day,
        all_part,
        channel_part,
        category_1_part,
        city_place,
        district_place,
        street_place,
        community_place,
        grid_place,
        -1 AS opened,
        0 AS overdue
    FROM stretches
    UNION ALL
    SELECT
        greatest(start_on, overdue_from) AS day,
        all_part,
        channel_part,
        category_1_part,
        city_place,
        district_place,
        street_place,
        community_place,
        grid_place,
        0 AS opened,
        1 AS overdue
    FROM stretches
    WHERE greatest(start_on, overdue_from) < end_on AND overdue_from IS NOT NULL
    UNION ALL
    SELECT
        end_on AS day,
        all_part,
        channel_part,
        category_1_part,
        city_place,
        district_place,
        street_place,
        community_place,
        grid_place,
        0 AS opened,
        -1 AS overdue
    FROM stretches
    WHERE greatest(start_on, overdue_from) < end_on AND overdue_from IS NOT NULL
),
cut AS (
    SELECT all_part AS part, day, city_place, district_place, street_place, community_place, grid_place, opened, overdue FROM steps
    UNION ALL
    SELECT channel_part AS part, day, city_place, district_place, street_place, community_place, grid_place, opened, overdue FROM steps
    UNION ALL
    SELECT category_1_part AS part, day, city_place, district_place, street_place, community_place, grid_place, opened, overdue FROM steps
)
SELECT
    day,
    part,
    city_place,
    district_place,
    street_place,
    community_place,
    grid_place,
    CAST(sum(opened) AS BIGINT) AS opened,
    CAST(sum(overdue) AS BIGINT) AS overdue
FROM cut
GROUP BY day, part, city_place, district_place, street_place, community_place, grid_place
