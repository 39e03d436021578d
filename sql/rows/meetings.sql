-- The residents' assemblies, by the day on which they were held.
SELECT
    'L03' AS indicator_id,
    'meeting' AS row_kind,
    meeting_id AS row_id,
    held_on AS day,
    area_code,
    1 AS numerator
FROM landing.meetings
WHERE kind = 'assembly'
