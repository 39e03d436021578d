-- Members by organisation area, each once, by the stretch of days for which their number stayed the same.
WITH bounds AS (
    SELECT member_id, joined_on AS day FROM core.memberships WHERE is_current
    UNION
    SELECT member_id, left_on AS day FROM core.memberships WHERE is_current
),
pieces AS (
    SELECT
        member_id,
        day AS from_on,
        coalesce(lead(day) OVER (PARTITION BY member_id ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on
    FROM bounds
),
ranked AS (
    SELECT
        m.org_area_code AS area_code,
        p.from_on,
        p.to_on,
        row_number() OVER (
            PARTITION BY p.member_id, p.from_on ORDER BY m.joined_on DESC NULLS LAST, m.org_id NULLS LAST
        ) AS place
    FROM pieces AS p
    INNER JOIN core.memberships AS m
        ON m.member_id = p.member_id
        AND m.is_current
        AND m.joined_on <= p.from_on
        AND p.from_on < m.left_on
),
steps AS (
    SELECT area_code, from_on AS day, 1 AS step FROM ranked WHERE place = 1
    UNION ALL
    SELECT area_code, to_on AS day, -1 AS step FROM ranked WHERE place = 1
),
changes AS (
    SELECT area_code, day, CAST(sum(step) AS BIGINT) AS step FROM steps GROUP BY area_code, day
)
SELECT
    area_code,
    day AS from_on,
    coalesce(lead(day) OVER (PARTITION BY area_code ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on,
    CAST(
        sum(step) OVER (PARTITION BY area_code ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT
    ) AS members
FROM changes
