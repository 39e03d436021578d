-- Counts of tickets by the day on which their first 24 hours ended: day by day, by numbers of place and part.
-- Every level is made of the one below it: one GROUP BY over rows that a join had multiplied by all shapes took four times as long.
WITH members AS (
    SELECT
        contact_due_on AS day,
        area_code,
        'all' AS dimension,
        'all' AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS contact_due,
        count(CASE WHEN is_excluded THEN 1 END) AS contact_excluded,
        count(CASE WHEN NOT is_excluded AND is_contacted_in_time THEN 1 END) AS contacted_in_time
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    GROUP BY contact_due_on, area_code
    UNION ALL
    SELECT
        contact_due_on AS day,
        area_code,
        'channel' AS dimension,
        channel AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS contact_due,
        count(CASE WHEN is_excluded THEN 1 END) AS contact_excluded,
        count(CASE WHEN NOT is_excluded AND is_contacted_in_time THEN 1 END) AS contacted_in_time
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    GROUP BY contact_due_on, area_code, channel
    UNION ALL
    SELECT
        contact_due_on AS day,
        area_code,
        'category_1' AS dimension,
        category_1 AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS contact_due,
        count(CASE WHEN is_excluded THEN 1 END) AS contact_excluded,
        count(CASE WHEN NOT is_excluded AND is_contacted_in_time THEN 1 END) AS contacted_in_time
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    GROUP BY contact_due_on, area_code, category_1
),
nowhere AS (
    SELECT
        max(CASE WHEN area_level = 'city' THEN place END) AS city_place,
        max(CASE WHEN area_level = 'district' THEN place END) AS district_place,
        max(CASE WHEN area_level = 'street' THEN place END) AS street_place,
        max(CASE WHEN area_level = 'community' THEN place END) AS community_place,
        max(CASE WHEN area_level = 'grid' THEN place END) AS grid_place
    FROM core.places
    WHERE area_level = 'city' OR area_code = 'unlocated'
),
located AS (
    SELECT
        m.day,
        q.part,
        n.city_place,
        coalesce(p.district_place, n.district_place) AS district_place,
        coalesce(p.street_place, n.street_place) AS street_place,
        coalesce(p.community_place, n.community_place) AS community_place,
        coalesce(p.grid_place, n.grid_place) AS grid_place,
        m.contact_due,
        m.contact_excluded,
        m.contacted_in_time
    FROM members AS m
    INNER JOIN core.ticket_parts AS q ON q.dimension = m.dimension AND q.member = m.member
    LEFT JOIN core.place_paths AS p
        ON p.area_code = m.area_code
        AND p.valid_from <= m.day
        AND m.day < p.valid_to
    CROSS JOIN nowhere AS n
),
communities AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        street_place,
        community_place,
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM located
    GROUP BY day, part, city_place, district_place, street_place, community_place
),
streets AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        street_place,
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM communities
    GROUP BY day, part, city_place, district_place, street_place
),
districts AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
    FROM streets
    GROUP BY day, part, city_place, district_place
)
SELECT
    day,
    city_place AS place,
    part,
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM districts
GROUP BY day, city_place, part
UNION ALL
SELECT
    day,
    district_place AS place,
    part,
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM districts
WHERE district_place IS NOT NULL
GROUP BY day, district_place, part
UNION ALL
SELECT
    day,
    street_place AS place,
    part,
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM streets
WHERE street_place IS NOT NULL
GROUP BY day, street_place, part
UNION ALL
SELECT
    day,
    community_place AS place,
    part,
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM communities
WHERE community_place IS NOT NULL
GROUP BY day, community_place, part
UNION ALL
SELECT
    day,
    grid_place AS place,
    part,
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM located
WHERE grid_place IS NOT NULL
GROUP BY day, grid_place, part
