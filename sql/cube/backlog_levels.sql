-- The backlog of every place and part, by the stretch of days for which it stayed the same; empty stretches left out.
WITH communities AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        street_place,
        community_place,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM cube.backlog_events
    GROUP BY day, part, city_place, district_place, street_place, community_place
),
streets AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        street_place,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM communities
    GROUP BY day, part, city_place, district_place, street_place
),
districts AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM streets
    GROUP BY day, part, city_place, district_place
),
changes AS (
    SELECT
        day,
        city_place AS place,
        part,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM districts
    GROUP BY day, city_place, part
    UNION ALL
    SELECT
        day,
        district_place AS place,
        part,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM districts
    WHERE district_place IS NOT NULL
    GROUP BY day, district_place, part
    UNION ALL
    SELECT
        day,
        street_place AS place,
        part,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM streets
    WHERE street_place IS NOT NULL
    GROUP BY day, street_place, part
    UNION ALL
    SELECT
        day,
        community_place AS place,
        part,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM communities
    WHERE community_place IS NOT NULL
    GROUP BY day, community_place, part
    UNION ALL
    SELECT
        day,
        grid_place AS place,
        part,
        CAST(sum(opened) AS BIGINT) AS opened,
        CAST(sum(overdue) AS BIGINT) AS overdue
    FROM cube.backlog_events
    WHERE grid_place IS NOT NULL
    GROUP BY day, grid_place, part
),
running AS (
    SELECT
        place,
        part,
        day AS from_on,
        coalesce(lead(day) OVER (PARTITION BY place, part ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on,
        CAST(
            sum(opened) OVER (
                PARTITION BY place, part ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS opened,
        CAST(
            sum(overdue) OVER (
                PARTITION BY place, part ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS BIGINT
        ) AS overdue
    FROM changes
)
SELECT place, part, from_on, to_on, opened, overdue
FROM running
WHERE opened > 0 AND from_on < to_on
