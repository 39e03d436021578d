-- Tickets as known at the data cut, with the days and flags that the figures are cut from; what happened later is left out.
-- A row changes only when its ticket does, or when the data cut passes one of its times: no column holds the cut itself.
WITH known AS (
    SELECT
        t.ticket_id,
        t.channel,
        t.category_1,
        t.area_code,
        t.handling_unit,
        t.accepted_at,
        t.accepted_on,
        CASE WHEN t.first_contact_at <= c.as_of THEN t.first_contact_at END AS first_contact_at,
        coalesce(t.due_at, d.due_at) AS due_at,
        coalesce(t.due_on, d.due_on) AS due_on,
        CASE WHEN t.due_at IS NOT NULL THEN 'source' WHEN d.due_at IS NOT NULL THEN 'standard' END AS due_from,
        CASE WHEN t.first_resolved_at <= c.as_of THEN t.first_resolved_on END AS first_resolved_on,
        CASE WHEN t.resolved_at <= c.as_of THEN t.resolved_at END AS resolved_at,
        CASE WHEN t.resolved_at <= c.as_of THEN t.resolved_on END AS resolved_on,
        CASE WHEN t.reopened_at <= c.as_of THEN t.reopened_at END AS reopened_at,
        CASE WHEN t.reopened_at <= c.as_of THEN t.reopened_on END AS reopened_on,
        CASE WHEN t.first_closed_at <= c.as_of THEN t.first_closed_at WHEN t.closed_at <= c.as_of THEN t.closed_at END AS closed_at,
        CASE WHEN t.first_closed_at <= c.as_of THEN t.first_closed_on WHEN t.closed_at <= c.as_of THEN t.closed_on END AS closed_on,
        t.paused_minutes,
        t.on_time_reported,
        CASE WHEN t.callback_at <= c.as_of THEN t.callback_on END AS callback_on,
        CASE WHEN coalesce(t.callback_at <= c.as_of, TRUE) THEN t.callback_resolved END AS callback_resolved,
        CASE WHEN coalesce(t.callback_at <= c.as_of, TRUE) THEN t.callback_satisfaction END AS callback_satisfaction,
        CASE WHEN t.status = 'cancelled' THEN coalesce(t.exclusion_code, 'cancelled') ELSE t.exclusion_code END AS exclusion_code,
        t.department_count,
        c.as_of
    FROM landing.tickets AS t
    INNER JOIN reference.as_of AS c ON c.dataset = 'tickets'
    LEFT JOIN core.ticket_deadlines AS d ON d.ticket_id = t.ticket_id
    WHERE t.accepted_at <= c.as_of
),
flagged AS (
    SELECT
        t.ticket_id,
        h.member AS channel,
        h.part AS channel_part,
        g.member AS category_1,
        g.part AS category_1_part,
        t.area_code,
        coalesce(a.area, 0) AS area,
        t.handling_unit,
        t.accepted_at,
        t.accepted_on,
        t.first_contact_at,
        t.due_at,
        t.due_on,
        t.due_from,
        t.first_resolved_on,
        t.resolved_at,
        t.resolved_on,
        t.reopened_at,
        t.reopened_on,
        t.closed_at,
        t.closed_on,
        coalesce(t.paused_minutes, 0) AS paused_minutes,
        t.on_time_reported,
        t.callback_on,
        t.callback_resolved,
        t.callback_satisfaction,
        t.exclusion_code,
        t.exclusion_code IS NOT NULL AS is_excluded,
        t.department_count,
        t.resolved_at IS NOT NULL AND (t.reopened_at IS NULL OR t.reopened_at <= t.resolved_at) AS is_resolved,
        CASE
            WHEN t.accepted_at + INTERVAL 24 HOUR < k.ends_at THEN t.accepted_on
            WHEN t.accepted_at + INTERVAL 24 HOUR < n.ends_at THEN n.day
            ELSE CAST(n.day + INTERVAL 1 DAY AS DATE)
        END AS contact_due_on,
        t.as_of,
        s.value AS satisfaction_threshold
    FROM known AS t
    INNER JOIN core.ticket_parts AS h ON h.dimension = 'channel' AND h.member = coalesce(t.channel, 'unknown')
    INNER JOIN core.ticket_parts AS g ON g.dimension = 'category_1' AND g.member = coalesce(t.category_1, 'unknown')
    LEFT JOIN core.area_numbers AS a ON a.area_code = t.area_code
    INNER JOIN reference.calendar AS k ON k.day = t.accepted_on
    INNER JOIN reference.calendar AS n ON n.day = CAST(t.accepted_on + INTERVAL 1 DAY AS DATE)
    LEFT JOIN reference.standards AS s ON s.standard = 'satisfaction_threshold'
)
SELECT
    ticket_id,
    channel,
    channel_part,
    category_1,
    category_1_part,
    area_code,
    area,
    handling_unit,
    accepted_at,
    accepted_on,
    due_at,
    due_on,
    due_from,
    first_resolved_on,
    resolved_at,
    resolved_on,
    reopened_at,
    reopened_on,
    callback_on,
    on_time_reported,
    exclusion_code,
    is_excluded,
    is_resolved,
    NOT is_resolved AND coalesce(due_at, accepted_at + INTERVAL 30 DAY) > as_of AS is_pending,
    due_at <= as_of AS is_due,
    CASE WHEN due_at < as_of THEN due_on END AS overdue_on,
    is_resolved AND resolved_at <= due_at AS is_on_time,
    contact_due_on,
    accepted_at + INTERVAL 24 HOUR <= as_of AS is_contact_due,
    coalesce(first_contact_at <= accepted_at + INTERVAL 24 HOUR, FALSE) AS is_contacted_in_time,
    coalesce(callback_resolved IN ('yes', 'partly', 'no'), FALSE) AS is_answered,
    coalesce(callback_resolved = 'yes', FALSE) AS is_confirmed,
    callback_satisfaction IS NOT NULL AS is_rated,
    coalesce(callback_satisfaction >= satisfaction_threshold, FALSE) AS is_satisfied,
    -- the handler had called it resolved by the day of the callback; reopening it since does not undo the claim
    coalesce(coalesce(first_resolved_on, resolved_on) <= callback_on, FALSE) AS is_claimed,
    CAST(closed_on + INTERVAL 30 DAY AS DATE) AS callback_due_on,
    coalesce(closed_at + INTERVAL 30 DAY <= as_of, FALSE) AS is_callback_due,
    coalesce(reopened_at > closed_at AND reopened_at <= closed_at + INTERVAL 30 DAY, FALSE) AS is_reopened,
    department_count,
    coalesce(department_count >= 2, FALSE) AS is_cross_department,
    coalesce(exclusion_code = 'out_of_jurisdiction', FALSE) AS is_returned,
    CASE
        WHEN is_resolved
            THEN CAST(date_diff('second', accepted_at, resolved_at) AS DOUBLE) / 3600 - CAST(paused_minutes AS DOUBLE) / 60
    END AS hours_to_resolve
FROM flagged
