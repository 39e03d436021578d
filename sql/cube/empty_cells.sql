-- Areas in force without cases: at every grain but the day they have a row of zeros, down to the community.
WITH counted AS (
    SELECT indicator_id, grain, period_start, area_level, area_code
    FROM cube.cells
    WHERE dimension = 'all' AND grain <> 'day'
),
expected AS (
    SELECT DISTINCT e.indicator_id, e.grain, e.period_start, a.level AS area_level, a.area_code, i.kind, i.dataset, e.time_kind
    FROM core.indicator_periods AS e
    INNER JOIN reference.indicators AS i ON i.indicator_id = e.indicator_id
    INNER JOIN core.areas AS a
        ON a.valid_from <= e.stock_on
        AND (
            a.valid_to IS NULL
            OR (e.time_kind = 'stock' AND e.stock_on < a.valid_to)
            OR (e.time_kind = 'flow' AND e.period_start < a.valid_to)
        )
    WHERE e.is_filled AND e.grain <> 'day' AND a.level IN ('district', 'street', 'community')
    UNION
    SELECT e.indicator_id, e.grain, e.period_start, 'city' AS area_level, c.area_code, i.kind, i.dataset, e.time_kind
    FROM core.indicator_periods AS e
    INNER JOIN reference.indicators AS i ON i.indicator_id = e.indicator_id
    CROSS JOIN reference.city AS c
    WHERE e.is_filled AND e.grain <> 'day'
)
SELECT
    x.indicator_id,
    x.grain,
    x.period_start,
    x.area_level,
    x.area_code,
    CASE WHEN x.kind NOT IN ('median', 'percentile') THEN CAST(0 AS DOUBLE) END AS numerator,
    CASE WHEN x.kind NOT IN ('count', 'amount') THEN CAST(0 AS DOUBLE) END AS denominator,
    -- an excluded ticket is not open, so a backlog has none to count
    CASE WHEN x.time_kind = 'flow' OR x.dataset <> 'tickets' THEN CAST(0 AS BIGINT) END AS excluded
FROM expected AS x
ANTI JOIN counted AS k
    ON k.indicator_id = x.indicator_id
    AND k.grain = x.grain
    AND k.period_start = x.period_start
    AND k.area_level = x.area_level
    AND k.area_code = x.area_code
