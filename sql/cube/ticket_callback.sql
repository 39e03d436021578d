-- Counts of answered and rated callbacks by their day, in every published shape.
WITH days AS (
    SELECT
        callback_on AS day,
        area_code,
        channel,
        category_1,
        CAST(sum(CASE WHEN NOT is_excluded AND is_answered THEN 1 ELSE 0 END) AS BIGINT) AS answered,
        CAST(sum(CASE WHEN is_excluded AND is_answered THEN 1 ELSE 0 END) AS BIGINT) AS answered_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND is_confirmed THEN 1 ELSE 0 END) AS BIGINT) AS confirmed,
        CAST(sum(CASE WHEN NOT is_excluded AND is_rated THEN 1 ELSE 0 END) AS BIGINT) AS rated,
        CAST(sum(CASE WHEN is_excluded AND is_rated THEN 1 ELSE 0 END) AS BIGINT) AS rated_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND is_satisfied THEN 1 ELSE 0 END) AS BIGINT) AS satisfied,
        CAST(sum(CASE WHEN NOT is_excluded AND is_answered AND is_claimed THEN 1 ELSE 0 END) AS BIGINT) AS claimed,
        CAST(sum(CASE WHEN is_excluded AND is_answered AND is_claimed THEN 1 ELSE 0 END) AS BIGINT) AS claimed_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND is_answered AND is_claimed AND NOT is_confirmed THEN 1 ELSE 0 END) AS BIGINT) AS denied
    FROM core.tickets
    WHERE callback_on <= as_of_on AND (is_answered OR is_rated)
    GROUP BY callback_on, area_code, channel, category_1
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
        d.answered,
        d.answered_excluded,
        d.confirmed,
        d.rated,
        d.rated_excluded,
        d.satisfied,
        d.claimed,
        d.claimed_excluded,
        d.denied
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
        CAST(sum(answered) AS BIGINT) AS answered,
        CAST(sum(answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(confirmed) AS BIGINT) AS confirmed,
        CAST(sum(rated) AS BIGINT) AS rated,
        CAST(sum(rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(satisfied) AS BIGINT) AS satisfied,
        CAST(sum(claimed) AS BIGINT) AS claimed,
        CAST(sum(claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(denied) AS BIGINT) AS denied
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
        answered,
        answered_excluded,
        confirmed,
        rated,
        rated_excluded,
        satisfied,
        claimed,
        claimed_excluded,
        denied
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
        CAST(sum(answered) AS BIGINT) AS answered,
        CAST(sum(answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(confirmed) AS BIGINT) AS confirmed,
        CAST(sum(rated) AS BIGINT) AS rated,
        CAST(sum(rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(satisfied) AS BIGINT) AS satisfied,
        CAST(sum(claimed) AS BIGINT) AS claimed,
        CAST(sum(claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(denied) AS BIGINT) AS denied
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
        answered,
        answered_excluded,
        confirmed,
        rated,
        rated_excluded,
        satisfied,
        claimed,
        claimed_excluded,
        denied
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
        CAST(sum(answered) AS BIGINT) AS answered,
        CAST(sum(answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(confirmed) AS BIGINT) AS confirmed,
        CAST(sum(rated) AS BIGINT) AS rated,
        CAST(sum(rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(satisfied) AS BIGINT) AS satisfied,
        CAST(sum(claimed) AS BIGINT) AS claimed,
        CAST(sum(claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(denied) AS BIGINT) AS denied
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
        CAST(sum(answered) AS BIGINT) AS answered,
        CAST(sum(answered_excluded) AS BIGINT) AS answered_excluded,
        CAST(sum(confirmed) AS BIGINT) AS confirmed,
        CAST(sum(rated) AS BIGINT) AS rated,
        CAST(sum(rated_excluded) AS BIGINT) AS rated_excluded,
        CAST(sum(satisfied) AS BIGINT) AS satisfied,
        CAST(sum(claimed) AS BIGINT) AS claimed,
        CAST(sum(claimed_excluded) AS BIGINT) AS claimed_excluded,
        CAST(sum(denied) AS BIGINT) AS denied
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
        d.answered,
        d.answered_excluded,
        d.confirmed,
        d.rated,
        d.rated_excluded,
        d.satisfied,
        d.claimed,
        d.claimed_excluded,
        d.denied
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
    CAST(sum(answered) AS BIGINT) AS answered,
    CAST(sum(answered_excluded) AS BIGINT) AS answered_excluded,
    CAST(sum(confirmed) AS BIGINT) AS confirmed,
    CAST(sum(rated) AS BIGINT) AS rated,
    CAST(sum(rated_excluded) AS BIGINT) AS rated_excluded,
    CAST(sum(satisfied) AS BIGINT) AS satisfied,
    CAST(sum(claimed) AS BIGINT) AS claimed,
    CAST(sum(claimed_excluded) AS BIGINT) AS claimed_excluded,
    CAST(sum(denied) AS BIGINT) AS denied
FROM placed
GROUP BY grain, period_start, area_level, area_code, dimension, member
