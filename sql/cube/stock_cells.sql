-- The stocks of every period: those of its last day, or of the data cut while it runs.
SELECT
    t.indicator_id,
    e.grain,
    e.period_start,
    t.area_level,
    t.area_code,
    t.dimension,
    t.member,
    CAST(t.numerator AS DOUBLE) AS numerator,
    CAST(t.denominator AS DOUBLE) AS denominator,
    h.indicator_id IS NOT NULL AS is_hidden
FROM cube.stock_levels AS t
INNER JOIN core.indicator_periods AS e ON e.indicator_id = t.indicator_id AND e.stock_on = t.stock_on
INNER JOIN core.shapes AS s ON s.grain = e.grain AND s.area_level = t.area_level AND s.dimension = t.dimension
LEFT JOIN cube.hidden_stocks AS h
    ON h.indicator_id = t.indicator_id
    AND h.stock_on = t.stock_on
    AND h.area_level = t.area_level
    AND h.area_code = t.area_code
    AND h.dimension = t.dimension
    AND h.member = t.member
