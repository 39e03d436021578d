-- Residents' assemblies held, by period and area in force on the day.
WITH held AS (
    SELECT
        m.held_on,
        p.district_code,
        p.street_code,
        p.community_code,
        p.grid_code
    FROM landing.meetings AS m
    LEFT JOIN core.area_paths AS p
        ON p.area_code = m.area_code AND p.valid_from <= m.held_on AND m.held_on < p.valid_to
    WHERE m.kind = 'assembly'
),
placed AS (
    SELECT
        e.indicator_id,
        e.grain,
        e.period_start,
        s.area_level,
        CASE s.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(h.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(h.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(h.community_code, 'unlocated')
            ELSE coalesce(h.grid_code, 'unlocated')
        END AS area_code
    FROM held AS h
    INNER JOIN core.indicator_periods AS e
        ON e.indicator_id = 'L03' AND e.period_start <= h.held_on AND h.held_on <= e.stock_on
    INNER JOIN core.shapes AS s ON s.grain = e.grain AND s.dimension = 'all'
    CROSS JOIN reference.city AS c
)
SELECT
    indicator_id,
    grain,
    period_start,
    area_level,
    area_code,
    CAST(count(*) AS DECIMAL(18, 2)) AS numerator
FROM placed
GROUP BY indicator_id, grain, period_start, area_level, area_code
