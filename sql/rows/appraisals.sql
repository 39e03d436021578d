-- The appraised organisations, each on the last day of its appraisal, with the points of every check.
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
indicators AS (
    SELECT * FROM (VALUES ('A01'), ('A02'), ('A03')) AS i(indicator_id)
),
pass_mark AS (
    SELECT max(value) AS score FROM reference.standards WHERE standard = 'appraisal_score'
)
SELECT
    i.indicator_id,
    'organisation' AS row_kind,
    r.org_id AS row_id,
    r.day,
    r.area_code,
    CASE i.indicator_id
        WHEN 'A01' THEN r.final_points
        WHEN 'A02' THEN CASE WHEN r.vetoes = 0 AND 100 * r.final_points >= m.score * r.final_most THEN 1 ELSE 0 END
        ELSE CAST(100 * r.self_points AS DOUBLE) / nullif(r.self_most, 0) - CAST(100 * r.spot_points AS DOUBLE) / nullif(r.spot_most, 0)
    END AS numerator,
    CASE i.indicator_id WHEN 'A01' THEN r.final_most ELSE 1 END AS denominator,
    r.org_kind,
    r.period,
    r.vetoes,
    r.final_points,
    r.final_most,
    r.self_points,
    r.self_most,
    r.spot_points,
    r.spot_most
FROM results AS r
CROSS JOIN indicators AS i
CROSS JOIN pass_mark AS m
WHERE (i.indicator_id = 'A03' AND r.self_most > 0 AND r.spot_most > 0) OR (i.indicator_id <> 'A03' AND r.final_most > 0)
