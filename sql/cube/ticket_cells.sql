-- One row per figure of the additive ticket indicators, numerator and denominator apart.
-- A source that never tells departments or exclusions has no T17 or T18: its rate would be a zero that nobody measured.
-- T10 and T19 have a row where a ticket is pending, even without a case yet: else the pending of the parts is not that of the whole.
WITH known AS (
    SELECT count(department_count) AS departments, count(exclusion_code) AS exclusions FROM core.ticket_states
)
SELECT
    'T01' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(accepted AS DECIMAL(18, 2)) AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T02' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(accepted_resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T03' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(due_on_time AS DECIMAL(18, 2)) AS numerator,
    CAST(due AS DECIMAL(18, 2)) AS denominator,
    due_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_due
WHERE due + due_excluded > 0
UNION ALL
SELECT
    'T04' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(contacted_in_time AS DECIMAL(18, 2)) AS numerator,
    CAST(contact_due AS DECIMAL(18, 2)) AS denominator,
    contact_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_contact
WHERE contact_due + contact_excluded > 0
UNION ALL
SELECT
    'T05' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(confirmed AS DECIMAL(18, 2)) AS numerator,
    CAST(answered AS DECIMAL(18, 2)) AS denominator,
    answered_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_callback
WHERE answered + answered_excluded > 0
UNION ALL
SELECT
    'T06' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(satisfied AS DECIMAL(18, 2)) AS numerator,
    CAST(rated AS DECIMAL(18, 2)) AS denominator,
    rated_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_callback
WHERE rated + rated_excluded > 0
UNION ALL
SELECT
    'T07' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(called_back AS DECIMAL(18, 2)) AS numerator,
    CAST(closed AS DECIMAL(18, 2)) AS denominator,
    closed_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_closed
WHERE closed + closed_excluded > 0
UNION ALL
SELECT
    'T08' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(denied AS DECIMAL(18, 2)) AS numerator,
    CAST(claimed AS DECIMAL(18, 2)) AS denominator,
    claimed_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_callback
WHERE claimed + claimed_excluded > 0
UNION ALL
SELECT
    'T09' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(reopened AS DECIMAL(18, 2)) AS numerator,
    CAST(closed AS DECIMAL(18, 2)) AS denominator,
    closed_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_closed
WHERE closed + closed_excluded > 0
UNION ALL
SELECT
    'T10' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(repeated AS DECIMAL(18, 2)) AS numerator,
    CAST(reported AS DECIMAL(18, 2)) AS denominator,
    reported_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE reported + reported_excluded + accepted_pending > 0
UNION ALL
SELECT
    'T15' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE accepted + accepted_excluded + resolved > 0
UNION ALL
SELECT
    'T16' AS indicator_id, t.grain, t.period_start, t.area_level, t.area_code, t.dimension, t.member,
    CAST(t.accepted AS DECIMAL(18, 2)) AS numerator,
    CAST(coalesce(r.residents, 0) AS DECIMAL(18, 2)) AS denominator,
    t.accepted_excluded AS excluded,
    t.accepted_pending AS pending
FROM cube.ticket_accepted AS t
LEFT JOIN cube.residents AS r
    ON r.grain = t.grain
    AND r.period_start = t.period_start
    AND r.area_level = t.area_level
    AND r.area_code = t.area_code
WHERE t.accepted + t.accepted_excluded > 0 AND t.grain <> 'day'
UNION ALL
-- an area with residents and without tickets has none per 10,000: that is a figure, not a gap
SELECT
    'T16' AS indicator_id, r.grain, r.period_start, r.area_level, r.area_code, 'all' AS dimension, 'all' AS member,
    CAST(0 AS DECIMAL(18, 2)) AS numerator,
    CAST(r.residents AS DECIMAL(18, 2)) AS denominator,
    CAST(0 AS BIGINT) AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.residents AS r
ANTI JOIN cube.ticket_accepted AS t
    ON t.grain = r.grain
    AND t.period_start = r.period_start
    AND t.area_level = r.area_level
    AND t.area_code = r.area_code
    AND t.dimension = 'all'
    AND t.accepted + t.accepted_excluded > 0
WHERE r.is_filled AND r.area_level <> 'grid' AND r.residents > 0
UNION ALL
SELECT
    'T17' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(cross_department AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted AS t
INNER JOIN known AS k ON k.departments > 0
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T18' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(returned AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted + accepted_excluded AS DECIMAL(18, 2)) AS denominator,
    CAST(0 AS BIGINT) AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted AS t
INNER JOIN known AS k ON k.exclusions > 0
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T19' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
    CAST(verdicts_on_time AS DECIMAL(18, 2)) AS numerator,
    CAST(verdicts AS DECIMAL(18, 2)) AS denominator,
    verdicts_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE verdicts + verdicts_excluded + accepted_pending > 0
UNION ALL
SELECT
    'L04' AS indicator_id, grain, period_start, area_level, area_code, 'all' AS dimension, 'all' AS member,
    CAST(accepted_resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_accepted
WHERE grain <> 'day' AND dimension = 'channel' AND member = 'assembly' AND accepted + accepted_excluded > 0
