-- Areas by stretch of validity, the city itself always among them.
SELECT
    area_code,
    valid_from,
    valid_to,
    area_name,
    area_name_en,
    level,
    parent_code,
    area_kind,
    population,
    households,
    latitude,
    longitude,
    successor_code,
    successor_weight
FROM landing.areas
UNION ALL
SELECT
    c.area_code,
    DATE '1900-01-01' AS valid_from,
    CAST(NULL AS DATE) AS valid_to,
    c.name_zh AS area_name,
    c.name_en AS area_name_en,
    'city' AS level,
    CAST(NULL AS VARCHAR) AS parent_code,
    CAST(NULL AS VARCHAR) AS area_kind,
    CAST(NULL AS BIGINT) AS population,
    CAST(NULL AS BIGINT) AS households,
    CAST(NULL AS DOUBLE) AS latitude,
    CAST(NULL AS DOUBLE) AS longitude,
    CAST(NULL AS VARCHAR) AS successor_code,
    CAST(NULL AS VARCHAR) AS successor_weight
FROM reference.city AS c
ANTI JOIN landing.areas AS a ON a.area_code = c.area_code
