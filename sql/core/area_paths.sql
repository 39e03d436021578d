-- The way up the ladder from every area code, without gaps in time: NULL where a rung is unknown or not in force. What still
-- names an area after its end lies where that area lay last, as far as its parents are in force.
WITH parents AS (
    SELECT DISTINCT area_code, parent_code FROM core.areas WHERE parent_code IS NOT NULL
),
ancestors AS (
    SELECT DISTINCT area_code, area_code AS ancestor_code FROM core.areas
    UNION
    SELECT area_code, parent_code AS ancestor_code FROM parents
    UNION
    SELECT p1.area_code, p2.parent_code AS ancestor_code
    FROM parents AS p1
    INNER JOIN parents AS p2 ON p2.area_code = p1.parent_code
    UNION
    SELECT p1.area_code, p3.parent_code AS ancestor_code
    FROM parents AS p1
    INNER JOIN parents AS p2 ON p2.area_code = p1.parent_code
    INNER JOIN parents AS p3 ON p3.area_code = p2.parent_code
),
bounds AS (
    SELECT DISTINCT area_code, DATE '1000-01-01' AS valid_from FROM core.areas
    UNION
    SELECT n.area_code, a.valid_from
    FROM ancestors AS n
    INNER JOIN core.areas AS a ON a.area_code = n.ancestor_code
    UNION
    SELECT n.area_code, a.valid_to AS valid_from
    FROM ancestors AS n
    INNER JOIN core.areas AS a ON a.area_code = n.ancestor_code
    WHERE a.valid_to IS NOT NULL
),
stretches AS (
    SELECT
        area_code,
        valid_from,
        coalesce(lead(valid_from) OVER (PARTITION BY area_code ORDER BY valid_from NULLS LAST), DATE '9999-12-31') AS valid_to
    FROM bounds
),
ended AS (
    SELECT s.area_code, s.valid_from, max(a.valid_to) AS ended_on
    FROM stretches AS s
    INNER JOIN core.areas AS a ON a.area_code = s.area_code AND a.valid_to <= s.valid_from
    GROUP BY s.area_code, s.valid_from
),
starts AS (
    SELECT
        s.area_code,
        s.valid_from,
        s.valid_to,
        a0.level AS level_0,
        CASE WHEN a0.area_code IS NOT NULL THEN a0.parent_code ELSE b.parent_code END AS parent_code
    FROM stretches AS s
    LEFT JOIN core.areas AS a0
        ON a0.area_code = s.area_code
        AND a0.valid_from <= s.valid_from
        AND (a0.valid_to IS NULL OR s.valid_from < a0.valid_to)
    LEFT JOIN ended AS e ON e.area_code = s.area_code AND e.valid_from = s.valid_from
    LEFT JOIN core.areas AS b ON b.area_code = e.area_code AND b.valid_to = e.ended_on
),
rungs AS (
    SELECT
        s.area_code,
        s.valid_from,
        s.valid_to,
        s.level_0,
        a1.area_code AS code_1,
        a1.level AS level_1,
        a2.area_code AS code_2,
        a2.level AS level_2,
        a3.area_code AS code_3,
        a3.level AS level_3
    FROM starts AS s
    LEFT JOIN core.areas AS a1
        ON a1.area_code = s.parent_code
        AND a1.valid_from <= s.valid_from
        AND (a1.valid_to IS NULL OR s.valid_from < a1.valid_to)
    LEFT JOIN core.areas AS a2
        ON a2.area_code = a1.parent_code
        AND a2.valid_from <= s.valid_from
        AND (a2.valid_to IS NULL OR s.valid_from < a2.valid_to)
    LEFT JOIN core.areas AS a3
        ON a3.area_code = a2.parent_code
        AND a3.valid_from <= s.valid_from
        AND (a3.valid_to IS NULL OR s.valid_from < a3.valid_to)
)
SELECT
    area_code,
    valid_from,
    valid_to,
    max(level_0) AS level,
    max(CASE 'district' WHEN level_0 THEN area_code WHEN level_1 THEN code_1 WHEN level_2 THEN code_2 WHEN level_3 THEN code_3 END)
        AS district_code,
    max(CASE 'street' WHEN level_0 THEN area_code WHEN level_1 THEN code_1 WHEN level_2 THEN code_2 WHEN level_3 THEN code_3 END)
        AS street_code,
    max(CASE 'community' WHEN level_0 THEN area_code WHEN level_1 THEN code_1 WHEN level_2 THEN code_2 WHEN level_3 THEN code_3 END)
        AS community_code,
    max(CASE 'grid' WHEN level_0 THEN area_code WHEN level_1 THEN code_1 WHEN level_2 THEN code_2 WHEN level_3 THEN code_3 END)
        AS grid_code
FROM rungs
GROUP BY area_code, valid_from, valid_to
