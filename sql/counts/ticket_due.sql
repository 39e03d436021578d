-- Tickets by the day of their deadline, for deadlines passed by the data cut.
SELECT
    due_on AS day, area, channel_part, category_1_part,
    NOT is_excluded AS due,
    is_excluded AS due_excluded,
    NOT is_excluded AND is_on_time AS due_on_time,
    is_excluded AND is_on_time AS excluded_on_time
FROM core.ticket_states
WHERE is_due
