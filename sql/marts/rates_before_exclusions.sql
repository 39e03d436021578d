-- T02 and T03 over all tickets, the excluded ones too, beside which the published rates are read.
WITH cells AS (
    SELECT
        'T02' AS indicator_id, grain, period_start, area_level, area_code,
        accepted_resolved + excluded_resolved AS numerator,
        accepted + accepted_excluded AS denominator
    FROM cube.ticket_accepted
    WHERE dimension = 'all' AND accepted + accepted_excluded > 0
    UNION ALL
    SELECT
        'T03' AS indicator_id, grain, period_start, area_level, area_code,
        due_on_time + excluded_on_time AS numerator,
        due + due_excluded AS denominator
    FROM cube.ticket_due
    WHERE dimension = 'all' AND due + due_excluded > 0
)
SELECT
    indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    numerator,
    denominator,
    CAST(numerator AS DOUBLE) / nullif(denominator, 0) AS value
FROM cells
