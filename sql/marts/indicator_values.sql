-- Every figure with its interval, target and status, and the data cut that it was counted at.
SELECT
    'unpublished' AS edition,
    f.indicator_id,
    f.indicator_version,
    f.grain,
    f.period_start,
    f.area_level,
    f.area_code,
    f.dimension,
    f.member,
    f.numerator,
    f.denominator,
    f.excluded,
    f.pending,
    f.value,
    f.lower,
    f.upper,
    f.target,
    f.status,
    c.as_of,
    CAST(NULL AS VARCHAR) AS run_id
FROM cube.figures AS f
INNER JOIN reference.indicators AS i ON i.indicator_id = f.indicator_id
INNER JOIN reference.as_of AS c ON c.dataset = i.dataset
