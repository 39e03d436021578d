-- The tickets behind figures that add up and behind hours to resolve, by the day of the event that puts them into a period.
WITH accepted_indicators AS (
    SELECT * FROM (VALUES ('T01'), ('T02'), ('T15'), ('T19'), ('L04')) AS i(indicator_id)
),
callback_indicators AS (
    SELECT * FROM (VALUES ('T05'), ('T06')) AS i(indicator_id)
),
resolved_indicators AS (
    SELECT * FROM (VALUES ('T13'), ('T14'), ('T15')) AS i(indicator_id)
),
accepted AS (
    SELECT
        i.indicator_id,
        t.ticket_id,
        t.accepted_on AS day,
        t.is_excluded AND (i.indicator_id <> 'T19' OR t.on_time_reported IS NOT NULL) AS is_left_out,
        NOT t.is_excluded AND (i.indicator_id <> 'T19' OR t.on_time_reported IS NOT NULL) AS is_case,
        CASE i.indicator_id WHEN 'T01' THEN TRUE WHEN 'T15' THEN FALSE WHEN 'T19' THEN t.on_time_reported ELSE t.is_resolved END
            AS is_hit,
        i.indicator_id <> 'T01' AND NOT t.is_excluded AND t.is_pending AS is_open
    FROM core.tickets AS t
    CROSS JOIN accepted_indicators AS i
    WHERE t.accepted_on <= t.as_of_on AND (i.indicator_id <> 'L04' OR t.channel = 'assembly')
),
events AS (
    -- a ticket without a verdict counts as pending until it is settled
    SELECT indicator_id, ticket_id, day, is_left_out, is_case, is_hit, is_open
    FROM accepted
    WHERE is_left_out OR is_case OR is_open
    UNION ALL
    SELECT
        'T03' AS indicator_id, ticket_id, due_on AS day, is_excluded AS is_left_out, NOT is_excluded AS is_case, is_on_time AS is_hit,
        FALSE AS is_open
    FROM core.tickets
    WHERE is_due
    UNION ALL
    SELECT
        'T04' AS indicator_id, ticket_id, contact_due_on AS day, is_excluded AS is_left_out, NOT is_excluded AS is_case,
        is_contacted_in_time AS is_hit, FALSE AS is_open
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    UNION ALL
    SELECT
        i.indicator_id, t.ticket_id, t.callback_on AS day, t.is_excluded AS is_left_out, NOT t.is_excluded AS is_case,
        CASE i.indicator_id WHEN 'T05' THEN t.is_confirmed ELSE t.is_satisfied END AS is_hit,
        FALSE AS is_open
    FROM core.tickets AS t
    CROSS JOIN callback_indicators AS i
    WHERE t.callback_on <= t.as_of_on AND CASE i.indicator_id WHEN 'T05' THEN t.is_answered ELSE t.is_rated END
    UNION ALL
    SELECT
        'T07' AS indicator_id, ticket_id, callback_due_on AS day, is_excluded AS is_left_out, NOT is_excluded AS is_case,
        is_answered AS is_hit, FALSE AS is_open
    FROM core.tickets
    WHERE is_callback_due
    UNION ALL
    -- of the clearance, the numerator: its denominator are the accepted ones
    SELECT
        i.indicator_id, t.ticket_id, t.resolved_on AS day, t.is_excluded AS is_left_out,
        NOT t.is_excluded AND i.indicator_id <> 'T15' AS is_case,
        TRUE AS is_hit,
        FALSE AS is_open
    FROM core.tickets AS t
    CROSS JOIN resolved_indicators AS i
    WHERE t.is_resolved AND t.resolved_on <= t.as_of_on AND NOT (t.is_excluded AND i.indicator_id = 'T15')
)
SELECT
    e.indicator_id,
    'ticket' AS row_kind,
    e.ticket_id AS row_id,
    e.day,
    t.area_code,
    CASE
        WHEN e.indicator_id IN ('T13', 'T14') THEN NULL
        WHEN NOT t.is_excluded AND e.is_hit THEN 1
        ELSE 0
    END AS numerator,
    CASE WHEN e.indicator_id = 'T01' THEN NULL WHEN e.is_case THEN 1 ELSE 0 END AS denominator,
    CASE WHEN e.is_left_out THEN 1 ELSE 0 END AS excluded,
    CASE WHEN e.is_open THEN 1 ELSE 0 END AS pending,
    t.channel,
    t.category_1,
    t.accepted_at,
    t.due_at,
    t.resolved_at,
    t.reopened_at,
    t.callback_on,
    t.hours_to_resolve
FROM events AS e
INNER JOIN core.tickets AS t ON t.ticket_id = e.ticket_id
