-- Scored items and vetoes of the appraisals that ended by the data cut, with the area, rung and kind of the organisation.
SELECT
    a.org_id,
    o.area_code AS org_area_code,
    coalesce(o.org_level, 'unknown') AS org_level,
    coalesce(o.org_kind, 'unknown') AS org_kind,
    a.period,
    a.method,
    a.item,
    a.ended_on,
    a.kind = 'veto' AS is_veto,
    CASE WHEN a.kind = 'score' THEN a.points END AS points,
    CASE WHEN a.kind = 'score' THEN a.max_points END AS max_points,
    c.as_of_on
FROM landing.appraisals AS a
INNER JOIN reference.as_of AS c ON c.dataset = 'appraisals'
LEFT JOIN landing.organisations AS o ON o.org_id = a.org_id
WHERE a.ended_on <= c.as_of_on
