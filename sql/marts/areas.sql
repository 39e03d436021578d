-- Areas by stretch of validity for lists, names and maps; the city is always among them.
WITH latest AS (
    SELECT max(as_of_on) AS as_of_on FROM reference.as_of
)
SELECT
    a.area_code,
    a.valid_from,
    a.valid_to,
    a.area_name,
    a.area_name_en,
    a.level,
    a.parent_code,
    a.area_kind,
    a.population,
    a.households,
    a.latitude,
    a.longitude,
    (l.as_of_on IS NULL OR a.valid_from <= l.as_of_on)
        AND (a.valid_to IS NULL OR coalesce(l.as_of_on < a.valid_to, FALSE)) AS is_current
FROM core.areas AS a
CROSS JOIN latest AS l
ORDER BY a.area_code NULLS LAST, a.valid_from NULLS LAST
