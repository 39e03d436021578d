-- Tickets by the day of acceptance, with those resolved by the day of resolution.
SELECT
    accepted_on AS day, area, channel_part, category_1_part,
    NOT is_excluded AS accepted,
    is_excluded AS accepted_excluded,
    NOT is_excluded AND is_resolved AS accepted_resolved,
    is_excluded AND is_resolved AS excluded_resolved,
    NOT is_excluded AND is_pending AS accepted_pending,
    NOT is_excluded AND on_time_reported IS NOT NULL AS verdicts,
    is_excluded AND on_time_reported IS NOT NULL AS verdicts_excluded,
    NOT is_excluded AND on_time_reported AS verdicts_on_time,
    NOT is_excluded AND is_cross_department AS cross_department,
    is_returned AS returned,
    FALSE AS reported,
    FALSE AS reported_excluded,
    FALSE AS repeated,
    FALSE AS resolved
FROM core.ticket_states
UNION ALL
SELECT
    accepted_on AS day, area, channel_part, category_1_part,
    FALSE AS accepted,
    FALSE AS accepted_excluded,
    FALSE AS accepted_resolved,
    FALSE AS excluded_resolved,
    FALSE AS accepted_pending,
    FALSE AS verdicts,
    FALSE AS verdicts_excluded,
    FALSE AS verdicts_on_time,
    FALSE AS cross_department,
    FALSE AS returned,
    NOT is_excluded AS reported,
    is_excluded AS reported_excluded,
    is_repeat AS repeated,
    FALSE AS resolved
FROM core.ticket_repeats
UNION ALL
SELECT
    resolved_on AS day, area, channel_part, category_1_part,
    FALSE AS accepted,
    FALSE AS accepted_excluded,
    FALSE AS accepted_resolved,
    FALSE AS excluded_resolved,
    FALSE AS accepted_pending,
    FALSE AS verdicts,
    FALSE AS verdicts_excluded,
    FALSE AS verdicts_on_time,
    FALSE AS cross_department,
    FALSE AS returned,
    FALSE AS reported,
    FALSE AS reported_excluded,
    FALSE AS repeated,
    TRUE AS resolved
FROM core.ticket_states
WHERE is_resolved AND NOT is_excluded
