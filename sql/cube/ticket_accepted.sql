-- Counts of tickets by the day of acceptance, with those resolved by the day of resolution, in every published shape.
WITH days AS (
    SELECT
        accepted_on AS day,
        area_code,
        channel,
        category_1,
        CAST(sum(CASE WHEN NOT is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
        CAST(sum(CASE WHEN is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS accepted_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND is_resolved THEN 1 ELSE 0 END) AS BIGINT) AS accepted_resolved,
        CAST(sum(CASE WHEN is_excluded AND is_resolved THEN 1 ELSE 0 END) AS BIGINT) AS excluded_resolved,
        CAST(sum(CASE WHEN NOT is_excluded AND is_pending THEN 1 ELSE 0 END) AS BIGINT) AS accepted_pending,
        CAST(sum(CASE WHEN NOT is_excluded AND on_time_reported IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS verdicts,
        CAST(sum(CASE WHEN is_excluded AND on_time_reported IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT) AS verdicts_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND on_time_reported THEN 1 ELSE 0 END) AS BIGINT) AS verdicts_on_time,
        CAST(sum(CASE WHEN NOT is_excluded AND is_cross_department THEN 1 ELSE 0 END) AS BIGINT) AS cross_department,
        CAST(sum(CASE WHEN is_returned THEN 1 ELSE 0 END) AS BIGINT) AS returned,
        CAST(0 AS BIGINT) AS reported,
        CAST(0 AS BIGINT) AS reported_excluded,
        CAST(0 AS BIGINT) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.tickets
    WHERE accepted_on <= as_of_on
    GROUP BY accepted_on, area_code, channel, category_1
    UNION ALL
    SELECT
        accepted_on AS day,
        area_code,
        channel,
        category_1,
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
        CAST(sum(CASE WHEN NOT is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS reported,
        CAST(sum(CASE WHEN is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS reported_excluded,
        CAST(sum(CASE WHEN is_repeat THEN 1 ELSE 0 END) AS BIGINT) AS repeated,
        CAST(0 AS BIGINT) AS resolved
    FROM core.ticket_repeats
    GROUP BY accepted_on, area_code, channel, category_1
    UNION ALL
    SELECT
        resolved_on AS day,
        area_code,
        channel,
        category_1,
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
        CAST(count(*) AS BIGINT) AS resolved
    FROM core.tickets
    WHERE is_resolved AND NOT is_excluded AND resolved_on <= as_of_on
    GROUP BY resolved_on, area_code, channel, category_1
),
located AS (
    SELECT
        d.day,
        k.week_start,
        k.month_start,
        k.quarter_start,
        k.year_start,
        p.district_code,
        p.street_code,
        p.community_code,
        p.grid_code,
        d.channel,
        d.category_1,
        d.accepted,
        d.accepted_excluded,
        d.accepted_resolved,
        d.excluded_resolved,
        d.accepted_pending,
        d.verdicts,
        d.verdicts_excluded,
        d.verdicts_on_time,
        d.cross_department,
        d.returned,
        d.reported,
        d.reported_excluded,
        d.repeated,
        d.resolved
    FROM days AS d
    INNER JOIN reference.calendar AS k ON k.day = d.day
    LEFT JOIN core.area_paths AS p
        ON p.area_code = d.area_code
        AND p.valid_from <= d.day
        AND d.day < p.valid_to
),
months AS (
    SELECT
        month_start,
        quarter_start,
        year_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
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
    GROUP BY month_start, quarter_start, year_start, district_code, street_code, community_code, grid_code, channel, category_1
),
leaves AS (
    SELECT
        'day' AS grain,
        day AS period_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
        accepted,
        accepted_excluded,
        accepted_resolved,
        excluded_resolved,
        accepted_pending,
        verdicts,
        verdicts_excluded,
        verdicts_on_time,
        cross_department,
        returned,
        reported,
        reported_excluded,
        repeated,
        resolved
    FROM located
    UNION ALL
    SELECT
        'week' AS grain,
        week_start AS period_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
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
    GROUP BY week_start, district_code, street_code, community_code, grid_code, channel, category_1
    UNION ALL
    SELECT
        'month' AS grain,
        month_start AS period_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
        accepted,
        accepted_excluded,
        accepted_resolved,
        excluded_resolved,
        accepted_pending,
        verdicts,
        verdicts_excluded,
        verdicts_on_time,
        cross_department,
        returned,
        reported,
        reported_excluded,
        repeated,
        resolved
    FROM months
    UNION ALL
    SELECT
        'quarter' AS grain,
        quarter_start AS period_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
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
    FROM months
    GROUP BY quarter_start, district_code, street_code, community_code, grid_code, channel, category_1
    UNION ALL
    SELECT
        'year' AS grain,
        year_start AS period_start,
        district_code,
        street_code,
        community_code,
        grid_code,
        channel,
        category_1,
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
    FROM months
    GROUP BY year_start, district_code, street_code, community_code, grid_code, channel, category_1
),
placed AS (
    SELECT
        d.grain,
        d.period_start,
        s.area_level,
        CASE s.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(d.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(d.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(d.community_code, 'unlocated')
            ELSE coalesce(d.grid_code, 'unlocated')
        END AS area_code,
        s.dimension,
        CASE s.dimension WHEN 'channel' THEN d.channel WHEN 'category_1' THEN d.category_1 ELSE 'all' END AS member,
        d.accepted,
        d.accepted_excluded,
        d.accepted_resolved,
        d.excluded_resolved,
        d.accepted_pending,
        d.verdicts,
        d.verdicts_excluded,
        d.verdicts_on_time,
        d.cross_department,
        d.returned,
        d.reported,
        d.reported_excluded,
        d.repeated,
        d.resolved
    FROM leaves AS d
    INNER JOIN core.shapes AS s ON s.grain = d.grain AND s.dimension IN ('all', 'channel', 'category_1')
    CROSS JOIN reference.city AS c
)
SELECT
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
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
FROM placed
GROUP BY grain, period_start, area_level, area_code, dimension, member
