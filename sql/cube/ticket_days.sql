-- Additive counts of tickets by day, area path, channel and category; each count falls on the day of its own event.
WITH events AS (
    SELECT
        accepted_on AS day, area_code, channel, category_1,
        CASE WHEN is_excluded THEN 0 ELSE 1 END AS accepted,
        CASE WHEN is_excluded THEN 1 ELSE 0 END AS accepted_excluded,
        CASE WHEN NOT is_excluded AND is_resolved THEN 1 ELSE 0 END AS accepted_resolved,
        CASE WHEN NOT is_excluded AND is_pending THEN 1 ELSE 0 END AS accepted_pending,
        CASE WHEN NOT is_excluded AND on_time_reported IS NOT NULL THEN 1 ELSE 0 END AS verdicts,
        CASE WHEN is_excluded AND on_time_reported IS NOT NULL THEN 1 ELSE 0 END AS verdicts_excluded,
        CASE WHEN NOT is_excluded AND on_time_reported THEN 1 ELSE 0 END AS verdicts_on_time,
        0 AS due, 0 AS due_excluded, 0 AS due_on_time,
        0 AS contact_due, 0 AS contact_excluded, 0 AS contacted_in_time,
        0 AS answered, 0 AS answered_excluded, 0 AS confirmed,
        0 AS rated, 0 AS rated_excluded, 0 AS satisfied,
        0 AS callback_due, 0 AS callback_due_excluded, 0 AS called_back,
        0 AS resolved
    FROM core.tickets
    WHERE accepted_on <= as_of_on
    UNION ALL
    SELECT
        due_on AS day, area_code, channel, category_1,
        0, 0, 0, 0, 0, 0, 0,
        CASE WHEN is_excluded THEN 0 ELSE 1 END,
        CASE WHEN is_excluded THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_on_time THEN 1 ELSE 0 END,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM core.tickets
    WHERE is_due
    UNION ALL
    SELECT
        contact_due_on AS day, area_code, channel, category_1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CASE WHEN is_excluded THEN 0 ELSE 1 END,
        CASE WHEN is_excluded THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_contacted_in_time THEN 1 ELSE 0 END,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM core.tickets
    WHERE is_contact_due AND contact_due_on <= as_of_on
    UNION ALL
    SELECT
        callback_on AS day, area_code, channel, category_1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CASE WHEN NOT is_excluded AND is_answered THEN 1 ELSE 0 END,
        CASE WHEN is_excluded AND is_answered THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_confirmed THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_rated THEN 1 ELSE 0 END,
        CASE WHEN is_excluded AND is_rated THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_satisfied THEN 1 ELSE 0 END,
        0, 0, 0, 0
    FROM core.tickets
    WHERE callback_on <= as_of_on AND (is_answered OR is_rated)
    UNION ALL
    SELECT
        callback_due_on AS day, area_code, channel, category_1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CASE WHEN is_excluded THEN 0 ELSE 1 END,
        CASE WHEN is_excluded THEN 1 ELSE 0 END,
        CASE WHEN NOT is_excluded AND is_answered THEN 1 ELSE 0 END,
        0
    FROM core.tickets
    WHERE is_callback_due
    UNION ALL
    SELECT
        resolved_on AS day, area_code, channel, category_1,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        1
    FROM core.tickets
    WHERE is_resolved AND NOT is_excluded AND resolved_on <= as_of_on
)
SELECT
    e.day,
    p.district_code,
    p.street_code,
    p.community_code,
    p.grid_code,
    e.channel,
    e.category_1,
    CAST(sum(e.accepted) AS BIGINT) AS accepted,
    CAST(sum(e.accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(e.accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(e.accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(e.verdicts) AS BIGINT) AS verdicts,
    CAST(sum(e.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(e.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(e.due) AS BIGINT) AS due,
    CAST(sum(e.due_excluded) AS BIGINT) AS due_excluded,
    CAST(sum(e.due_on_time) AS BIGINT) AS due_on_time,
    CAST(sum(e.contact_due) AS BIGINT) AS contact_due,
    CAST(sum(e.contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(e.contacted_in_time) AS BIGINT) AS contacted_in_time,
    CAST(sum(e.answered) AS BIGINT) AS answered,
    CAST(sum(e.answered_excluded) AS BIGINT) AS answered_excluded,
    CAST(sum(e.confirmed) AS BIGINT) AS confirmed,
    CAST(sum(e.rated) AS BIGINT) AS rated,
    CAST(sum(e.rated_excluded) AS BIGINT) AS rated_excluded,
    CAST(sum(e.satisfied) AS BIGINT) AS satisfied,
    CAST(sum(e.callback_due) AS BIGINT) AS callback_due,
    CAST(sum(e.callback_due_excluded) AS BIGINT) AS callback_due_excluded,
    CAST(sum(e.called_back) AS BIGINT) AS called_back,
    CAST(sum(e.resolved) AS BIGINT) AS resolved,
    CAST(sum(CASE WHEN e.channel = 'assembly' THEN e.accepted ELSE 0 END) AS BIGINT) AS assembly_accepted,
    CAST(sum(CASE WHEN e.channel = 'assembly' THEN e.accepted_excluded ELSE 0 END) AS BIGINT) AS assembly_excluded,
    CAST(sum(CASE WHEN e.channel = 'assembly' THEN e.accepted_resolved ELSE 0 END) AS BIGINT) AS assembly_resolved,
    CAST(sum(CASE WHEN e.channel = 'assembly' THEN e.accepted_pending ELSE 0 END) AS BIGINT) AS assembly_pending
FROM events AS e
LEFT JOIN core.area_paths AS p
    ON p.area_code = e.area_code
    AND p.valid_from <= e.day
    AND e.day < p.valid_to
GROUP BY e.day, p.district_code, p.street_code, p.community_code, p.grid_code, e.channel, e.category_1
