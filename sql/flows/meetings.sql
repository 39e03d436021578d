-- Residents' assemblies held, by day.
SELECT
    'L03' AS indicator_id,
    held_on AS day,
    area_code,
    count(*) AS numerator
FROM landing.meetings
WHERE kind = 'assembly'
GROUP BY held_on, area_code
