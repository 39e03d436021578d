-- Stretches in which a ticket was open, by local day: open at the end of a day from start_on on, until the day end_on.
WITH stretches AS (
    SELECT
        ticket_id,
        channel,
        channel_part,
        category_1,
        category_1_part,
        area_code,
        overdue_on,
        accepted_on AS start_on,
        CASE
            WHEN reopened_on IS NOT NULL THEN least(coalesce(first_resolved_on, resolved_on, reopened_on), reopened_on)
            WHEN resolved_at IS NOT NULL THEN coalesce(first_resolved_on, resolved_on)
        END AS end_on
    FROM core.ticket_states
    WHERE NOT is_excluded
    UNION ALL
    SELECT
        ticket_id,
        channel,
        channel_part,
        category_1,
        category_1_part,
        area_code,
        overdue_on,
        reopened_on AS start_on,
        CASE WHEN is_resolved THEN resolved_on END AS end_on
    FROM core.ticket_states
    WHERE NOT is_excluded AND reopened_on IS NOT NULL
)
SELECT
    ticket_id,
    channel,
    channel_part,
    category_1,
    category_1_part,
    area_code,
    start_on,
    coalesce(end_on, DATE '9999-12-31') AS end_on,
    CASE WHEN overdue_on IS NOT NULL THEN greatest(start_on, overdue_on) END AS overdue_from
FROM stretches
WHERE end_on IS NULL OR start_on < end_on
