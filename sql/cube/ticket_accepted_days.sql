-- Counts of tickets by the day of acceptance, with those resolved by the day of resolution: day by day, by numbers of place and part.
-- Every level is made of the one below it: one GROUP BY over rows that a join had multiplied by all shapes took four times as long.
WITH members AS (
    SELECT
        accepted_on AS day,
        area_code,
        'all' AS dimension,
        'all' AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS accepted,
        count(CASE WHEN is_excluded THEN 1 END) AS accepted_excluded,
        count(CASE WHEN NOT is_excluded AND is_resolved THEN 1 END) AS accepted_resolved,
        count(CASE WHEN is_excluded AND is_resolved THEN 1 END) AS excluded_resolved,
        count(CASE WHEN NOT is_excluded AND is_pending THEN 1 END) AS accepted_pending,
        count(CASE WHEN NOT is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts,
        count(CASE WHEN is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts_excluded,
        count(CASE WHEN NOT is_excluded AND on_time_reported THEN 1 END) AS verdicts_on_time,
        count(CASE WHEN NOT is_excluded AND is_cross_department THEN 1 END) AS cross_department,
        count(CASE WHEN is_returned THEN 1 END) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.tickets
    WHERE accepted_on <= as_of_on
    GROUP BY accepted_on, area_code
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        'channel' AS dimension,
        channel AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS accepted,
        count(CASE WHEN is_excluded THEN 1 END) AS accepted_excluded,
        count(CASE WHEN NOT is_excluded AND is_resolved THEN 1 END) AS accepted_resolved,
        count(CASE WHEN is_excluded AND is_resolved THEN 1 END) AS excluded_resolved,
        count(CASE WHEN NOT is_excluded AND is_pending THEN 1 END) AS accepted_pending,
        count(CASE WHEN NOT is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts,
        count(CASE WHEN is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts_excluded,
        count(CASE WHEN NOT is_excluded AND on_time_reported THEN 1 END) AS verdicts_on_time,
        count(CASE WHEN NOT is_excluded AND is_cross_department THEN 1 END) AS cross_department,
        count(CASE WHEN is_returned THEN 1 END) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.tickets
    WHERE accepted_on <= as_of_on
    GROUP BY accepted_on, area_code, channel
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        'category_1' AS dimension,
        category_1 AS member,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS accepted,
        count(CASE WHEN is_excluded THEN 1 END) AS accepted_excluded,
        count(CASE WHEN NOT is_excluded AND is_resolved THEN 1 END) AS accepted_resolved,
        count(CASE WHEN is_excluded AND is_resolved THEN 1 END) AS excluded_resolved,
        count(CASE WHEN NOT is_excluded AND is_pending THEN 1 END) AS accepted_pending,
        count(CASE WHEN NOT is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts,
        count(CASE WHEN is_excluded AND on_time_reported IS NOT NULL THEN 1 END) AS verdicts_excluded,
        count(CASE WHEN NOT is_excluded AND on_time_reported THEN 1 END) AS verdicts_on_time,
        count(CASE WHEN NOT is_excluded AND is_cross_department THEN 1 END) AS cross_department,
        count(CASE WHEN is_returned THEN 1 END) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.tickets
    WHERE accepted_on <= as_of_on
    GROUP BY accepted_on, area_code, category_1
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        'all' AS dimension,
        'all' AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS reported,
        count(CASE WHEN is_excluded THEN 1 END) AS reported_excluded,
        count(CASE WHEN is_repeat THEN 1 END) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.ticket_repeats
    GROUP BY accepted_on, area_code
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        'channel' AS dimension,
        channel AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS reported,
        count(CASE WHEN is_excluded THEN 1 END) AS reported_excluded,
        count(CASE WHEN is_repeat THEN 1 END) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.ticket_repeats
    GROUP BY accepted_on, area_code, channel
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        'category_1' AS dimension,
        category_1 AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        count(CASE WHEN NOT is_excluded THEN 1 END) AS reported,
        count(CASE WHEN is_excluded THEN 1 END) AS reported_excluded,
        count(CASE WHEN is_repeat THEN 1 END) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.ticket_repeats
    GROUP BY accepted_on, area_code, category_1
    UNION ALL
    SELECT
        resolved_on AS day,
        area_code,
        'all' AS dimension,
        'all' AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        count(*) AS resolved
    FROM core.tickets
    WHERE is_resolved AND NOT is_excluded AND resolved_on <= as_of_on
    GROUP BY resolved_on, area_code
    UNION ALL
    SELECT
        resolved_on AS day,
        area_code,
        'channel' AS dimension,
        channel AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        count(*) AS resolved
    FROM core.tickets
    WHERE is_resolved AND NOT is_excluded AND resolved_on <= as_of_on
    GROUP BY resolved_on, area_code, channel
    UNION ALL
    SELECT
        resolved_on AS day,
        area_code,
        'category_1' AS dimension,
        category_1 AS member,
        CAST(0 AS BIGINT) AS accepted,
        CAST(0 AS BIGINT) AS accepted_excluded,
        CAST(0 AS BIGINT) AS accepted_resolved,
        CAST(0 AS BIGINT) AS excluded_resolved,
        CAST(0 AS BIGINT) AS accepted_pending,
        CAST(0 AS BIGINT) AS verdicts,
        CAST(0 AS BIGINT) AS verdicts_excluded,
        CAST(0 AS BIGINT) AS verdicts_on_time,
        CAST(0 AS BIGINT) AS cross_department,
        CAST(0 AS BIGINT) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        count(*) AS resolved
    FROM core.tickets
    WHERE is_resolved AND NOT is_excluded AND resolved_on <= as_of_on
    GROUP BY resolved_on, area_code, category_1
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
        m.accepted,
        m.accepted_excluded,
        m.accepted_resolved,
        m.excluded_resolved,
        m.accepted_pending,
        m.verdicts,
        m.verdicts_excluded,
        m.verdicts_on_time,
        m.cross_department,
        m.returned,
        m.reported,
        m.reported_excluded,
        m.repeated,
        m.resolved
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
        CAST(sum(accepted) AS BIGINT) AS accepted,
        CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(verdicts) AS BIGINT) AS verdicts,
        CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(cross_department) AS BIGINT) AS cross_department,
        CAST(sum(returned) AS BIGINT) AS returned,
        CAST(sum(reported) AS BIGINT) AS reported,
        CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(repeated) AS BIGINT) AS repeated,
        CAST(sum(resolved) AS BIGINT) AS resolved
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
        CAST(sum(accepted) AS BIGINT) AS accepted,
        CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(verdicts) AS BIGINT) AS verdicts,
        CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(cross_department) AS BIGINT) AS cross_department,
        CAST(sum(returned) AS BIGINT) AS returned,
        CAST(sum(reported) AS BIGINT) AS reported,
        CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(repeated) AS BIGINT) AS repeated,
        CAST(sum(resolved) AS BIGINT) AS resolved
    FROM communities
    GROUP BY day, part, city_place, district_place, street_place
),
districts AS (
    SELECT
        day,
        part,
        city_place,
        district_place,
        CAST(sum(accepted) AS BIGINT) AS accepted,
        CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
        CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
        CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
        CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
        CAST(sum(verdicts) AS BIGINT) AS verdicts,
        CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
        CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
        CAST(sum(cross_department) AS BIGINT) AS cross_department,
        CAST(sum(returned) AS BIGINT) AS returned,
        CAST(sum(reported) AS BIGINT) AS reported,
        CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
        CAST(sum(repeated) AS BIGINT) AS repeated,
        CAST(sum(resolved) AS BIGINT) AS resolved
    FROM streets
    GROUP BY day, part, city_place, district_place
)
SELECT
    day,
    city_place AS place,
    part,
    CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
    CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(verdicts) AS BIGINT) AS verdicts,
    CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(cross_department) AS BIGINT) AS cross_department,
    CAST(sum(returned) AS BIGINT) AS returned,
    CAST(sum(reported) AS BIGINT) AS reported,
    CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
    CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(resolved) AS BIGINT) AS resolved
FROM districts
GROUP BY day, city_place, part
UNION ALL
SELECT
    day,
    district_place AS place,
    part,
    CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
    CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(verdicts) AS BIGINT) AS verdicts,
    CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(cross_department) AS BIGINT) AS cross_department,
    CAST(sum(returned) AS BIGINT) AS returned,
    CAST(sum(reported) AS BIGINT) AS reported,
    CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
    CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(resolved) AS BIGINT) AS resolved
FROM districts
WHERE district_place IS NOT NULL
GROUP BY day, district_place, part
UNION ALL
SELECT
    day,
    street_place AS place,
    part,
    CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
    CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(verdicts) AS BIGINT) AS verdicts,
    CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(cross_department) AS BIGINT) AS cross_department,
    CAST(sum(returned) AS BIGINT) AS returned,
    CAST(sum(reported) AS BIGINT) AS reported,
    CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
    CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(resolved) AS BIGINT) AS resolved
FROM streets
WHERE street_place IS NOT NULL
GROUP BY day, street_place, part
UNION ALL
SELECT
    day,
    community_place AS place,
    part,
    CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
    CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(verdicts) AS BIGINT) AS verdicts,
    CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(cross_department) AS BIGINT) AS cross_department,
    CAST(sum(returned) AS BIGINT) AS returned,
    CAST(sum(reported) AS BIGINT) AS reported,
    CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
    CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(resolved) AS BIGINT) AS resolved
FROM communities
WHERE community_place IS NOT NULL
GROUP BY day, community_place, part
UNION ALL
SELECT
    day,
    grid_place AS place,
    part,
    CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(excluded_resolved) AS BIGINT) AS excluded_resolved,
    CAST(sum(accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(verdicts) AS BIGINT) AS verdicts,
    CAST(sum(verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(cross_department) AS BIGINT) AS cross_department,
    CAST(sum(returned) AS BIGINT) AS returned,
    CAST(sum(reported) AS BIGINT) AS reported,
    CAST(sum(reported_excluded) AS BIGINT) AS reported_excluded,
    CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(resolved) AS BIGINT) AS resolved
FROM located
WHERE grid_place IS NOT NULL
GROUP BY day, grid_place, part
