-- Tickets by the day on which their first 24 hours ended.
SELECT
    contact_due_on AS day, area, channel_part, category_1_part,
    NOT is_excluded AS contact_due,
    is_excluded AS contact_excluded,
    NOT is_excluded AND is_contacted_in_time AS contacted_in_time
FROM core.ticket_states
WHERE is_contact_due
