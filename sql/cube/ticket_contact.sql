-- Counts of tickets by the day on which their first 24 hours ended, in every published shape.
WITH days AS (
    SELECT
        contact_due_on AS day,
        area_code,
        channel,
        category_1,
        CAST(sum(CASE WHEN NOT is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS contact_due,
        CAST(sum(CASE WHEN is_excluded THEN 1 ELSE 0 END) AS BIGINT) AS contact_excluded,
        CAST(sum(CASE WHEN NOT is_excluded AND is_contacted_in_time THEN 1 ELSE 0 END) AS BIGINT) AS contacted_in_time
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    GROUP BY contact_due_on, area_code, channel, category_1
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
        d.contact_due,
        d.contact_excluded,
        d.contacted_in_time
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
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
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
        contact_due,
        contact_excluded,
        contacted_in_time
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
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
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
        contact_due,
        contact_excluded,
        contacted_in_time
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
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
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
        CAST(sum(contact_due) AS BIGINT) AS contact_due,
        CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
        CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
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
        d.contact_due,
        d.contact_excluded,
        d.contacted_in_time
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
    CAST(sum(contact_due) AS BIGINT) AS contact_due,
    CAST(sum(contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(contacted_in_time) AS BIGINT) AS contacted_in_time
FROM placed
GROUP BY grain, period_start, area_level, area_code, dimension, member
