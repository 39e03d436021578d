-- Answered and rated callbacks by their day.
SELECT
    callback_on AS day, area, channel_part, category_1_part,
    NOT is_excluded AND is_answered AS answered,
    is_excluded AND is_answered AS answered_excluded,
    NOT is_excluded AND is_confirmed AS confirmed,
    NOT is_excluded AND is_rated AS rated,
    is_excluded AND is_rated AS rated_excluded,
    NOT is_excluded AND is_satisfied AS satisfied,
    NOT is_excluded AND is_answered AND is_claimed AS claimed,
    is_excluded AND is_answered AND is_claimed AS claimed_excluded,
    NOT is_excluded AND is_answered AND is_claimed AND NOT is_confirmed AS denied
FROM core.ticket_states
WHERE is_answered OR is_rated
