-- The tickets behind figures that add up and behind hours to resolve, by the day of the event that puts them into a period,
-- and the residents that tickets are set against.
WITH accepted_indicators AS (
    SELECT * FROM (VALUES ('T01'), ('T02'), ('T10'), ('T15'), ('T16'), ('T17'), ('T18'), ('T19'), ('L04')) AS i(indicator_id)
),
callback_indicators AS (
    SELECT * FROM (VALUES ('T05'), ('T06'), ('T08')) AS i(indicator_id)
),
closed_indicators AS (
    SELECT * FROM (VALUES ('T07'), ('T09')) AS i(indicator_id)
),
resolved_indicators AS (
    SELECT * FROM (VALUES ('T13'), ('T14'), ('T15')) AS i(indicator_id)
),
accepted AS (
    SELECT
        i.indicator_id,
        t.ticket_id,
        t.accepted_on AS day,
        t.is_excluded,
        t.is_pending,
        CASE i.indicator_id WHEN 'T10' THEN r.ticket_id IS NOT NULL WHEN 'T19' THEN t.on_time_reported IS NOT NULL ELSE TRUE END
            AS is_known,
        CASE i.indicator_id
            WHEN 'T10' THEN r.is_repeat
            WHEN 'T15' THEN FALSE
            WHEN 'T17' THEN t.is_cross_department
            WHEN 'T18' THEN t.is_returned
            WHEN 'T19' THEN t.on_time_reported
            WHEN 'T02' THEN t.is_resolved
            WHEN 'L04' THEN t.is_resolved
            ELSE TRUE
        END AS is_hit
    FROM core.tickets AS t
    CROSS JOIN accepted_indicators AS i
    LEFT JOIN core.ticket_repeats AS r ON i.indicator_id = 'T10' AND r.ticket_id = t.ticket_id
    WHERE t.accepted_on <= t.as_of_on AND (i.indicator_id <> 'L04' OR t.channel = 'assembly')
),
events AS (
    -- the share of the returned is one of all tickets, the excluded ones too; what has no verdict or no reporter is no case,
    -- and counts as pending until it is settled
    SELECT
        indicator_id, ticket_id, day,
        is_known AND is_excluded AND indicator_id <> 'T18' AS is_left_out,
        is_known AND (NOT is_excluded OR indicator_id = 'T18') AND indicator_id <> 'T16' AS is_case,
        is_known AND (NOT is_excluded OR indicator_id = 'T18') AND is_hit AS is_hit,
        NOT is_excluded AND is_pending AS is_open
    FROM accepted
    WHERE is_known OR (NOT is_excluded AND is_pending)
    UNION ALL
    SELECT
        'T03' AS indicator_id, ticket_id, due_on AS day, is_excluded AS is_left_out, NOT is_excluded AS is_case,
        NOT is_excluded AND is_on_time AS is_hit, FALSE AS is_open
    FROM core.tickets
    WHERE is_due
    UNION ALL
    SELECT
        'T04' AS indicator_id, ticket_id, contact_due_on AS day, is_excluded AS is_left_out, NOT is_excluded AS is_case,
        NOT is_excluded AND is_contacted_in_time AS is_hit, FALSE AS is_open
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    UNION ALL
    SELECT
        i.indicator_id, t.ticket_id, t.callback_on AS day, t.is_excluded AS is_left_out, NOT t.is_excluded AS is_case,
        NOT t.is_excluded AND CASE i.indicator_id WHEN 'T05' THEN t.is_confirmed WHEN 'T06' THEN t.is_satisfied ELSE NOT t.is_confirmed END
            AS is_hit,
        FALSE AS is_open
    FROM core.tickets AS t
    CROSS JOIN callback_indicators AS i
    WHERE t.callback_on <= t.as_of_on
        AND CASE i.indicator_id WHEN 'T05' THEN t.is_answered WHEN 'T06' THEN t.is_rated ELSE t.is_answered AND t.is_claimed END
    UNION ALL
    SELECT
        i.indicator_id, t.ticket_id, t.callback_due_on AS day, t.is_excluded AS is_left_out, NOT t.is_excluded AS is_case,
        NOT t.is_excluded AND CASE i.indicator_id WHEN 'T07' THEN t.is_answered ELSE t.is_reopened END AS is_hit,
        FALSE AS is_open
    FROM core.tickets AS t
    CROSS JOIN closed_indicators AS i
    WHERE t.is_callback_due
    UNION ALL
    -- of the clearance, the numerator: its denominator are the accepted ones
    SELECT
        i.indicator_id, t.ticket_id, t.resolved_on AS day, t.is_excluded AS is_left_out,
        NOT t.is_excluded AND i.indicator_id <> 'T15' AS is_case,
        NOT t.is_excluded AS is_hit,
        FALSE AS is_open
    FROM core.tickets AS t
    CROSS JOIN resolved_indicators AS i
    WHERE t.is_resolved AND t.resolved_on <= t.as_of_on AND NOT (t.is_excluded AND i.indicator_id = 'T15')
),
days AS (
    SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'T16'
)
SELECT
    e.indicator_id,
    'ticket' AS row_kind,
    e.ticket_id AS row_id,
    e.day,
    t.area_code,
    'every' AS scope,
    FALSE AS at_end,
    CASE WHEN e.indicator_id IN ('T13', 'T14') THEN NULL WHEN e.is_hit THEN 1 ELSE 0 END AS numerator,
    CASE WHEN e.indicator_id = 'T01' THEN NULL WHEN e.is_case THEN 1 ELSE 0 END AS denominator,
    CASE WHEN e.is_left_out THEN 1 ELSE 0 END AS excluded,
    CASE WHEN e.is_open THEN 1 ELSE 0 END AS pending,
    t.channel,
    t.category_1,
    t.exclusion_code,
    t.accepted_at,
    t.due_at,
    t.due_from,
    t.resolved_at,
    t.reopened_at,
    t.callback_on,
    t.hours_to_resolve
FROM events AS e
INNER JOIN core.tickets AS t ON t.ticket_id = e.ticket_id
UNION ALL
-- the residents at the end of the period stand against the tickets of every channel and category (*)
SELECT
    'T16' AS indicator_id,
    u.level AS row_kind,
    u.area_code AS row_id,
    u.stock_on AS day,
    u.area_code,
    CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
    TRUE AS at_end,
    0 AS numerator,
    coalesce(u.population, 0) AS denominator,
    0 AS excluded,
    0 AS pending,
    '*' AS channel,
    '*' AS category_1,
    NULL AS exclusion_code,
    NULL AS accepted_at,
    NULL AS due_at,
    NULL AS due_from,
    NULL AS resolved_at,
    NULL AS reopened_at,
    NULL AS callback_on,
    NULL AS hours_to_resolve
FROM core.units AS u
INNER JOIN days AS d ON d.stock_on = u.stock_on
