-- Needs by the day on which they were registered, and those matched; projects by the day on which they were claimed, and
-- those completed. A need is pending for 30 days, a project for 180.
WITH entries AS (
    SELECT
        'L01' AS indicator_id,
        registered_on AS day,
        area_code,
        category,
        is_withdrawn,
        is_matched AS is_done,
        registered_on > CAST(as_of_on - INTERVAL 30 DAY AS DATE) AS is_recent
    FROM core.service_items
    WHERE list = 'need'
    UNION ALL
    SELECT
        'L02' AS indicator_id,
        claimed_on AS day,
        area_code,
        category,
        is_withdrawn,
        completed_on IS NOT NULL AS is_done,
        claimed_on > CAST(as_of_on - INTERVAL 180 DAY AS DATE) AS is_recent
    FROM core.service_items
    WHERE list = 'project' AND claimed_on IS NOT NULL
),
members AS (
    SELECT indicator_id, day, area_code, 'all' AS dimension, 'all' AS member, is_withdrawn, is_done, is_recent FROM entries
    UNION ALL
    SELECT indicator_id, day, area_code, 'category' AS dimension, category AS member, is_withdrawn, is_done, is_recent
    FROM entries
)
SELECT
    indicator_id,
    day,
    area_code,
    dimension,
    member,
    sum(CASE WHEN is_done AND NOT is_withdrawn THEN 1 ELSE 0 END) AS numerator,
    sum(CASE WHEN is_withdrawn THEN 0 ELSE 1 END) AS denominator,
    CAST(sum(CASE WHEN is_withdrawn THEN 1 ELSE 0 END) AS BIGINT) AS excluded,
    CAST(sum(CASE WHEN is_recent AND NOT is_done AND NOT is_withdrawn THEN 1 ELSE 0 END) AS BIGINT) AS pending
FROM members
GROUP BY indicator_id, day, area_code, dimension, member
