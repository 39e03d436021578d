-- Every figure: value, 95 % Wilson interval, target and status, by indicator, period, area, dimension and member.
WITH cells AS (
    SELECT
        indicator_id, grain, period_start, area_level, area_code, dimension, member,
        numerator, denominator, excluded, pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.ticket_cells
    UNION ALL
    SELECT
        'T13' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
        CAST(NULL AS DECIMAL(18, 2)) AS numerator, CAST(resolved AS DECIMAL(18, 2)) AS denominator,
        excluded, CAST(0 AS BIGINT) AS pending,
        median_hours AS quantile
    FROM cube.ticket_hours_cells
    UNION ALL
    SELECT
        'T14' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
        CAST(NULL AS DECIMAL(18, 2)) AS numerator, CAST(resolved AS DECIMAL(18, 2)) AS denominator,
        excluded, CAST(0 AS BIGINT) AS pending,
        percentile_90_hours AS quantile
    FROM cube.ticket_hours_cells
    UNION ALL
    SELECT
        'T11' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
        CAST(opened AS DECIMAL(18, 2)) AS numerator, CAST(NULL AS DECIMAL(18, 2)) AS denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.backlog_cells
    UNION ALL
    SELECT
        'T12' AS indicator_id, grain, period_start, area_level, area_code, dimension, member,
        CAST(overdue AS DECIMAL(18, 2)) AS numerator, CAST(NULL AS DECIMAL(18, 2)) AS denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.backlog_cells
    WHERE overdue > 0
    UNION ALL
    SELECT
        indicator_id, grain, period_start, area_level, area_code, 'all' AS dimension, 'all' AS member,
        numerator, CAST(NULL AS DECIMAL(18, 2)) AS denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.meeting_cells
    UNION ALL
    SELECT
        indicator_id, grain, period_start, area_level, area_code, dimension, member,
        numerator, denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.stock_cells
    UNION ALL
    SELECT
        indicator_id, grain, period_start, area_level, area_code, 'all' AS dimension, 'all' AS member,
        numerator, denominator,
        CAST(0 AS BIGINT) AS excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile
    FROM cube.empty_cells
),
parts AS (
    SELECT
        c.indicator_id,
        i.version AS indicator_version,
        c.grain,
        c.period_start,
        c.area_level,
        c.area_code,
        c.dimension,
        c.member,
        CAST(c.numerator AS DOUBLE) AS numerator,
        CASE WHEN i.kind NOT IN ('count', 'amount') THEN CAST(c.denominator AS DOUBLE) END AS denominator,
        -- an excluded ticket is not open, so a backlog has none to count
        CASE WHEN c.indicator_id NOT IN ('T11', 'T12') THEN c.excluded END AS excluded,
        c.pending,
        c.quantile,
        i.kind,
        i.scale,
        i.direction,
        i.people,
        i.minimum_count,
        y.people_minimum,
        e.elapsed_share,
        NOT e.is_over
            OR c.pending > 0
            OR (
                c.indicator_id IN ('T05', 'T06', 'T08')
                AND CAST(e.period_end + INTERVAL 30 DAY AS DATE) > e.as_of_on
            ) AS is_provisional,
        e.as_of,
        s.value AS target
    FROM cells AS c
    INNER JOIN core.indicator_periods AS e
        ON e.indicator_id = c.indicator_id AND e.grain = c.grain AND e.period_start = c.period_start
    INNER JOIN reference.indicators AS i ON i.indicator_id = c.indicator_id
    CROSS JOIN reference.city AS y
    LEFT JOIN reference.standards AS s ON s.standard = 'target' AND s.indicator_id = c.indicator_id
),
valued AS (
    SELECT
        *,
        -- a stock that holds a count hidden by its source has no numerator
        (kind NOT IN ('median', 'percentile') AND numerator IS NULL) OR people AND (
            (numerator > 0 AND numerator < people_minimum)
            OR (kind = 'proportion' AND denominator > 0 AND denominator < greatest(people_minimum, minimum_count))
        ) AS is_suppressed,
        CASE
            WHEN kind IN ('count', 'amount') THEN numerator
            WHEN kind IN ('median', 'percentile') THEN quantile
            WHEN kind = 'difference' THEN scale * (CAST(numerator AS DOUBLE) / nullif(denominator, 0) - elapsed_share)
            ELSE scale * (CAST(numerator AS DOUBLE) / nullif(denominator, 0))
        END AS value,
        CASE
            WHEN kind = 'proportion' AND denominator > 0
                THEN CAST(numerator + 1.920729410347062 AS DOUBLE) / nullif(denominator + 3.841458820694124, 0)
        END AS centre,
        CASE
            WHEN kind = 'proportion' AND denominator > 0
                THEN CAST(
                    1.959963984540054 * sqrt(
                        CAST(numerator * (denominator - numerator) AS DOUBLE) / nullif(denominator, 0) + 0.960364705173531
                    ) AS DOUBLE
                ) / nullif(denominator + 3.841458820694124, 0)
        END AS half_width
    FROM parts
),
bounded AS (
    SELECT
        *,
        CASE WHEN centre IS NOT NULL THEN CASE WHEN numerator = 0 THEN 0 ELSE greatest(centre - half_width, 0) END END AS lower,
        CASE WHEN centre IS NOT NULL THEN CASE WHEN numerator = denominator THEN 1 ELSE least(centre + half_width, 1) END END
            AS upper
    FROM valued
)
SELECT
    'unpublished' AS edition,
    indicator_id,
    indicator_version,
    grain,
    period_start,
    area_level,
    area_code,
    dimension,
    member,
    CASE WHEN NOT is_suppressed THEN numerator END AS numerator,
    CASE WHEN NOT is_suppressed THEN denominator END AS denominator,
    CASE WHEN NOT is_suppressed THEN excluded END AS excluded,
    CASE WHEN NOT is_suppressed THEN pending END AS pending,
    CASE WHEN NOT is_suppressed THEN value END AS value,
    CASE WHEN NOT is_suppressed THEN lower END AS lower,
    CASE WHEN NOT is_suppressed THEN upper END AS upper,
    target,
    CASE
        WHEN denominator = 0 THEN 'no_cases'
        WHEN is_suppressed THEN 'suppressed'
        WHEN is_provisional THEN 'provisional'
        WHEN target IS NULL THEN NULL
        WHEN direction <> 'lower' AND value >= target THEN 'met'
        WHEN direction = 'lower' AND value <= target THEN 'met'
        WHEN direction <> 'lower' AND upper >= target THEN 'watch'
        WHEN direction = 'lower' AND lower <= target THEN 'watch'
        ELSE 'missed'
    END AS status,
    as_of,
    CAST(NULL AS VARCHAR) AS run_id
FROM bounded
