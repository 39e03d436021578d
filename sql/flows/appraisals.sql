-- Points of the final appraisals, organisations that reach the standard, and self-check less spot-check of those that have
-- both, on the last day of the organisation's appraisal. Points are per cent of the sheet's most; a veto counts whichever check found it.
WITH results AS (
    SELECT
        org_id,
        period,
        max(org_area_code) AS area_code,
        max(org_kind) AS org_kind,
        max(ended_on) AS day,
        max(CASE WHEN is_veto THEN 1 ELSE 0 END) AS vetoes,
        sum(CASE WHEN method = 'final' THEN points END) AS final_points,
        sum(CASE WHEN method = 'final' THEN max_points END) AS final_most,
        sum(CASE WHEN method = 'self' THEN points END) AS self_points,
        sum(CASE WHEN method = 'self' THEN max_points END) AS self_most,
        sum(CASE WHEN method = 'spot' THEN points END) AS spot_points,
        sum(CASE WHEN method = 'spot' THEN max_points END) AS spot_most
    FROM core.appraisals
    GROUP BY org_id, period
),
pass_mark AS (
    SELECT max(value) AS score FROM reference.standards WHERE standard = 'appraisal_score'
),
scored AS (
    SELECT
        'A01' AS indicator_id, day, area_code, org_kind,
        final_points AS numerator, final_most AS denominator
    FROM results
    WHERE final_most > 0
    UNION ALL
    SELECT
        'A02' AS indicator_id, r.day, r.area_code, r.org_kind,
        CASE WHEN r.vetoes = 0 AND 100 * r.final_points >= m.score * r.final_most THEN 1 ELSE 0 END AS numerator,
        1 AS denominator
    FROM results AS r
    CROSS JOIN pass_mark AS m
    WHERE r.final_most > 0
    UNION ALL
    SELECT
        'A03' AS indicator_id, day, area_code, org_kind,
        CAST(100 * self_points AS DOUBLE) / nullif(self_most, 0)
        - CAST(100 * spot_points AS DOUBLE) / nullif(spot_most, 0) AS numerator,
        1 AS denominator
    FROM results
    WHERE self_most > 0 AND spot_most > 0
)
SELECT indicator_id, day, area_code, 'all' AS dimension, 'all' AS member, numerator, denominator FROM scored
UNION ALL
SELECT indicator_id, day, area_code, 'org_kind' AS dimension, org_kind AS member, numerator, denominator FROM scored
