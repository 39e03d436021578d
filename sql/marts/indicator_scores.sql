-- The score of each indicator of an area's weight sheet by month, quarter and year, and the weight it had in the composite.
-- The weight of a missing indicator is shared inside its group, in proportion, if enough of the group has a figure.
WITH latest AS (
    SELECT max(as_of_on) AS as_of_on FROM reference.as_of
),
periods AS (
    SELECT p.grain, p.period_start, least(p.period_end, l.as_of_on) AS on_day
    FROM core.periods AS p
    CROSS JOIN latest AS l
    WHERE p.calendar = 'civil'
        AND p.grain IN ('month', 'quarter', 'year')
        AND p.period_start <= l.as_of_on
        AND p.period_end > CAST(l.as_of_on - INTERVAL 24 MONTH AS DATE)
),
sheets AS (
    SELECT DISTINCT sheet FROM reference.weights
),
areas AS (
    SELECT DISTINCT
        p.grain,
        p.period_start,
        a.level AS area_level,
        a.area_code,
        CASE WHEN a.level = 'community' THEN coalesce(a.area_kind, 'unknown') ELSE a.level END AS peer_class,
        CASE WHEN a.level = 'community' THEN coalesce(s.sheet, 'community') ELSE a.level END AS sheet
    FROM core.areas AS a
    INNER JOIN periods AS p ON a.valid_from <= p.on_day AND (a.valid_to IS NULL OR p.on_day < a.valid_to)
    LEFT JOIN sheets AS s ON s.sheet = a.area_kind
    WHERE a.level IN ('community', 'street', 'district')
),
last_months AS (
    SELECT k.year_start, max(k.month_start) AS month_start
    FROM reference.calendar AS k
    INNER JOIN latest AS l ON k.day <= l.as_of_on
    GROUP BY k.year_start
),
figures AS (
    SELECT
        v.indicator_id, v.grain, v.period_start, v.area_level, v.area_code,
        v.numerator, v.denominator, v.value, v.lower, v.upper, v.status
    FROM marts.indicator_values AS v
    CROSS JOIN reference.city AS c
    WHERE v.dimension = 'all'
        AND v.area_level IN ('community', 'street', 'district')
        AND v.grain IN ('month', 'quarter', 'year')
        AND NOT (v.grain = 'year' AND v.indicator_id LIKE 'F%' AND c.fiscal_year_start <> 1)
    UNION ALL
    -- the fiscal year is not the year that is scored: its figure to date in the last month of that year is
    SELECT
        v.indicator_id, 'year' AS grain, m.year_start AS period_start, v.area_level, v.area_code,
        v.numerator, v.denominator, v.value, v.lower, v.upper, v.status
    FROM marts.indicator_values AS v
    INNER JOIN last_months AS m ON m.month_start = v.period_start
    CROSS JOIN reference.city AS c
    WHERE v.dimension = 'all' AND v.grain = 'month' AND v.indicator_id LIKE 'F%' AND c.fiscal_year_start <> 1
),
scored AS (
    SELECT
        a.grain,
        a.period_start,
        a.area_level,
        a.area_code,
        a.peer_class,
        a.sheet,
        w.indicator_group,
        w.indicator_id,
        i.direction,
        i.people,
        v.numerator,
        v.denominator,
        v.value,
        v.lower,
        v.upper,
        f.value AS floor,
        t.value AS target,
        CASE WHEN v.value IS NULL THEN 'missing' WHEN v.status = 'provisional' THEN 'provisional' ELSE 'final' END AS status,
        CASE
            WHEN v.value IS NOT NULL
                THEN 100 * least(1, greatest(0, CAST(v.value - f.value AS DOUBLE) / nullif(t.value - f.value, 0)))
        END AS score,
        w.weight,
        w.coverage_minimum,
        sum(w.weight) OVER (PARTITION BY a.grain, a.period_start, a.area_level, a.area_code, w.indicator_group) AS group_weight,
        sum(CASE WHEN v.value IS NOT NULL THEN w.weight ELSE 0 END)
            OVER (PARTITION BY a.grain, a.period_start, a.area_level, a.area_code, w.indicator_group) AS group_present
    FROM areas AS a
    INNER JOIN reference.weights AS w ON w.sheet = a.sheet
    INNER JOIN reference.indicators AS i ON i.indicator_id = w.indicator_id
    INNER JOIN reference.standards AS t ON t.standard = 'target' AND t.indicator_id = w.indicator_id
    INNER JOIN reference.standards AS f ON f.standard = 'floor' AND f.indicator_id = w.indicator_id
    LEFT JOIN figures AS v
        ON v.indicator_id = w.indicator_id
        AND v.grain = a.grain
        AND v.period_start = a.period_start
        AND v.area_level = a.area_level
        AND v.area_code = a.area_code
)
SELECT
    grain,
    period_start,
    area_level,
    area_code,
    peer_class,
    sheet,
    indicator_group,
    indicator_id,
    direction,
    people,
    numerator,
    denominator,
    value,
    lower,
    upper,
    floor,
    target,
    status,
    score,
    weight,
    CAST(group_present AS DOUBLE) / nullif(group_weight, 0) AS group_coverage,
    -- a hair under the minimum is the minimum: 0.7 of 30 is 21, but not in floating point
    CAST(group_present AS DOUBLE) / nullif(group_weight, 0) >= coverage_minimum - 0.000000001 AS group_rated,
    CASE
        WHEN value IS NOT NULL
            AND CAST(group_present AS DOUBLE) / nullif(group_weight, 0) >= coverage_minimum - 0.000000001
            THEN weight * (CAST(group_weight AS DOUBLE) / nullif(group_present, 0))
    END AS weight_used
FROM scored
