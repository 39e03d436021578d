-- Closed tickets by the day 30 days after they were first closed.
SELECT
    callback_due_on AS day, area, channel_part, category_1_part,
    NOT is_excluded AS closed,
    is_excluded AS closed_excluded,
    NOT is_excluded AND is_answered AS called_back,
    NOT is_excluded AND is_reopened AS reopened
FROM core.ticket_states
WHERE is_callback_due
