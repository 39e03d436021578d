-- What enters (+1) and leaves (−1) the backlog on a day, by area in force on that day: the backlog is their running sum.
-- A range join of open stretches with days costs 42 times as much. A ticket whose area changes leaves one and enters the other.
-- Areas are paths here, by number: grouped by the places of every level, ten million tickets did not fit into 1.5 GB.
WITH stretches AS (
    SELECT
        0 AS all_part,
        s.channel_part,
        s.category_1_part,
        coalesce(p.path, 0) AS path,
        greatest(s.start_on, coalesce(p.valid_from, s.start_on)) AS start_on,
        least(s.end_on, coalesce(p.valid_to, s.end_on)) AS end_on,
        s.overdue_from
    FROM core.ticket_stretches AS s
    LEFT JOIN core.place_paths AS p
        ON p.area_code = s.area_code
        AND p.valid_from < s.end_on
        AND s.start_on < p.valid_to
),
late AS (
    SELECT all_part, channel_part, category_1_part, path, greatest(start_on, overdue_from) AS start_on, end_on
    FROM stretches
    WHERE greatest(start_on, overdue_from) < end_on AND overdue_from IS NOT NULL
),
turns AS (
    SELECT start_on AS day, path, all_part, channel_part, category_1_part, 1 AS opened, 0 AS overdue FROM stretches
    UNION ALL
    SELECT end_on AS day, path, all_part, channel_part, category_1_part, -1 AS opened, 0 AS overdue FROM stretches
    UNION ALL
    SELECT start_on AS day, path, all_part, channel_part, category_1_part, 0 AS opened, 1 AS overdue FROM late
    UNION ALL
    SELECT end_on AS day, path, all_part, channel_part, category_1_part, 0 AS opened, -1 AS overdue FROM late
),
-- an area may move on a day to come
steps AS (
    SELECT t.day, t.path, t.all_part, t.channel_part, t.category_1_part, t.opened, t.overdue
    FROM turns AS t
    INNER JOIN reference.as_of AS c ON c.dataset = 'tickets' AND t.day <= c.as_of_on
)
SELECT day, path, all_part AS part, CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(overdue) AS BIGINT) AS overdue
FROM steps
GROUP BY day, path, all_part
HAVING sum(opened) <> 0 OR sum(overdue) <> 0
UNION ALL
SELECT day, path, channel_part AS part, CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(overdue) AS BIGINT) AS overdue
FROM steps
GROUP BY day, path, channel_part
HAVING sum(opened) <> 0 OR sum(overdue) <> 0
UNION ALL
SELECT day, path, category_1_part AS part, CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(overdue) AS BIGINT) AS overdue
FROM steps
GROUP BY day, path, category_1_part
HAVING sum(opened) <> 0 OR sum(overdue) <> 0
