-- One row per figure of the additive ticket indicators, numerator and denominator apart.
SELECT
    'T01' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(accepted AS DECIMAL(18, 2)) AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T02' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(accepted_resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_periods
WHERE accepted + accepted_excluded > 0
UNION ALL
SELECT
    'T03' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(due_on_time AS DECIMAL(18, 2)) AS numerator,
    CAST(due AS DECIMAL(18, 2)) AS denominator,
    due_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE due + due_excluded > 0
UNION ALL
SELECT
    'T04' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(contacted_in_time AS DECIMAL(18, 2)) AS numerator,
    CAST(contact_due AS DECIMAL(18, 2)) AS denominator,
    contact_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE contact_due + contact_excluded > 0
UNION ALL
SELECT
    'T05' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(confirmed AS DECIMAL(18, 2)) AS numerator,
    CAST(answered AS DECIMAL(18, 2)) AS denominator,
    answered_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE answered + answered_excluded > 0
UNION ALL
SELECT
    'T06' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(satisfied AS DECIMAL(18, 2)) AS numerator,
    CAST(rated AS DECIMAL(18, 2)) AS denominator,
    rated_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE rated + rated_excluded > 0
UNION ALL
SELECT
    'T07' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(called_back AS DECIMAL(18, 2)) AS numerator,
    CAST(callback_due AS DECIMAL(18, 2)) AS denominator,
    callback_due_excluded AS excluded,
    CAST(0 AS BIGINT) AS pending
FROM cube.ticket_periods
WHERE callback_due + callback_due_excluded > 0
UNION ALL
SELECT
    'T15' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(accepted AS DECIMAL(18, 2)) AS denominator,
    accepted_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_periods
WHERE accepted + accepted_excluded + resolved > 0
UNION ALL
SELECT
    'T19' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(verdicts_on_time AS DECIMAL(18, 2)) AS numerator,
    CAST(verdicts AS DECIMAL(18, 2)) AS denominator,
    verdicts_excluded AS excluded,
    accepted_pending AS pending
FROM cube.ticket_periods
WHERE verdicts + verdicts_excluded > 0
UNION ALL
SELECT
    'L04' AS indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CAST(assembly_resolved AS DECIMAL(18, 2)) AS numerator,
    CAST(assembly_accepted AS DECIMAL(18, 2)) AS denominator,
    assembly_excluded AS excluded,
    assembly_pending AS pending
FROM cube.ticket_periods
WHERE grain <> 'day' AND dimension = 'all' AND assembly_accepted + assembly_excluded > 0
