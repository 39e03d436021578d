-- The needs by the day on which they were registered, and the projects by the day on which they were claimed.
WITH entries AS (
    SELECT
        'L01' AS indicator_id, item_id, registered_on AS day, area_code, category, is_withdrawn, is_matched AS is_done,
        registered_on > CAST(as_of_on - INTERVAL 30 DAY AS DATE) AS is_recent,
        registered_on, claimed_on, completed_on
    FROM core.service_items
    WHERE list = 'need'
    UNION ALL
    SELECT
        'L02' AS indicator_id, item_id, claimed_on AS day, area_code, category, is_withdrawn, completed_on IS NOT NULL AS is_done,
        claimed_on > CAST(as_of_on - INTERVAL 180 DAY AS DATE) AS is_recent,
        registered_on, claimed_on, completed_on
    FROM core.service_items
    WHERE list = 'project' AND claimed_on IS NOT NULL
)
SELECT
    indicator_id,
    'service_item' AS row_kind,
    item_id AS row_id,
    day,
    area_code,
    CASE WHEN is_done AND NOT is_withdrawn THEN 1 ELSE 0 END AS numerator,
    CASE WHEN is_withdrawn THEN 0 ELSE 1 END AS denominator,
    CASE WHEN is_withdrawn THEN 1 ELSE 0 END AS excluded,
    CASE WHEN is_recent AND NOT is_done AND NOT is_withdrawn THEN 1 ELSE 0 END AS pending,
    category,
    registered_on,
    claimed_on,
    completed_on
FROM entries
