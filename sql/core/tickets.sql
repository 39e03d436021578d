-- Tickets with the days and flags that the figures are cut from; nothing here changes the source's own values.
WITH flagged AS (
    SELECT
        t.ticket_id,
        coalesce(t.channel, 'unknown') AS channel,
        coalesce(t.category_1, 'unknown') AS category_1,
        t.area_code,
        t.handling_unit,
        t.accepted_at,
        t.accepted_on,
        t.first_contact_at,
        t.due_at,
        t.due_on,
        t.first_resolved_on,
        t.resolved_at,
        t.resolved_on,
        t.reopened_at,
        t.reopened_on,
        coalesce(t.first_closed_on, t.closed_on) AS closed_on,
        coalesce(t.paused_minutes, 0) AS paused_minutes,
        t.on_time_reported,
        t.callback_on,
        t.callback_resolved,
        t.callback_satisfaction,
        t.exclusion_code IS NOT NULL OR t.status = 'cancelled' AS is_excluded,
        t.resolved_at IS NOT NULL AND (t.reopened_at IS NULL OR t.reopened_at <= t.resolved_at) AS is_resolved,
        c.as_of,
        c.as_of_on,
        s.value AS satisfaction_threshold
    FROM landing.tickets AS t
    INNER JOIN reference.as_of AS c ON c.dataset = 'tickets'
    LEFT JOIN reference.standards AS s ON s.standard = 'satisfaction_threshold'
)
SELECT
    ticket_id,
    channel,
    category_1,
    area_code,
    handling_unit,
    accepted_at,
    accepted_on,
    due_at,
    due_on,
    first_resolved_on,
    resolved_at,
    resolved_on,
    reopened_at,
    reopened_on,
    callback_on,
    on_time_reported,
    is_excluded,
    is_resolved,
    NOT is_resolved AND coalesce(due_at, accepted_at + INTERVAL 30 DAY) > as_of AS is_pending,
    due_at <= as_of AS is_due,
    is_resolved AND resolved_at <= due_at AS is_on_time,
    CAST(accepted_on + INTERVAL 1 DAY AS DATE) AS contact_due_on,
    accepted_at + INTERVAL 24 HOUR <= as_of AS is_contact_due,
    coalesce(first_contact_at <= accepted_at + INTERVAL 24 HOUR, FALSE) AS is_contacted_in_time,
    coalesce(callback_resolved IN ('yes', 'partly', 'no'), FALSE) AS is_answered,
    coalesce(callback_resolved = 'yes', FALSE) AS is_confirmed,
    callback_satisfaction IS NOT NULL AS is_rated,
    coalesce(callback_satisfaction >= satisfaction_threshold, FALSE) AS is_satisfied,
    CAST(closed_on + INTERVAL 30 DAY AS DATE) AS callback_due_on,
    CASE
        WHEN is_resolved
            THEN CAST(date_diff('second', accepted_at, resolved_at) AS DOUBLE) / 3600 - CAST(paused_minutes AS DOUBLE) / 60
    END AS hours_to_resolve,
    as_of,
    as_of_on
FROM flagged
