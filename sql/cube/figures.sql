-- Every figure: value, 95 % Wilson interval, target and status, by indicator, period, area, dimension and member.
-- The interval of a survey is that of its effective number of answers: n less the design effect (Kish 1965, Survey Sampling).
-- A figure changes only with what it counts: the data cut stands beside it in marts.indicator_values.
WITH cells AS (
    SELECT
        indicator_id, grain, period_start, area_level, area_code, dimension, member,
        numerator, denominator, excluded, pending, quantile, effect_sum, is_hidden
    FROM cube.cells
    UNION ALL
    SELECT
        indicator_id, grain, period_start, area_level, area_code, 'all' AS dimension, 'all' AS member,
        numerator, denominator, excluded, CAST(0 AS BIGINT) AS pending,
        CAST(NULL AS DOUBLE) AS quantile, CAST(NULL AS DOUBLE) AS effect_sum, FALSE AS is_hidden
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
        c.numerator,
        CASE WHEN i.kind NOT IN ('count', 'amount') THEN c.denominator END AS denominator,
        c.excluded,
        c.pending,
        c.quantile,
        c.is_hidden,
        -- Answers that a simple random sample would need for the same precision: n² ÷ Σ n·deff
        CASE
            WHEN i.kind = 'proportion' AND i."interval" = 'wilson_design'
                THEN CAST(c.denominator * c.denominator AS DOUBLE) / nullif(c.effect_sum, 0)
            WHEN i.kind = 'proportion' AND c.denominator > 0 THEN c.denominator
        END AS cases,
        i.kind,
        i.scale,
        i.direction,
        i.unit,
        e.time_kind,
        NOT i.judged_at_year_end OR e.elapsed_share >= 1 AS is_judged,
        i.people,
        i.minimum_count,
        y.people_minimum,
        e.elapsed_share,
        NOT e.is_mature OR c.pending > 0 AS is_provisional,
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
        -- a stock that holds a count hidden by its source has no numerator; a rate needs its minimum of cases;
        -- neither few people nor few others may be told from a figure about people
        (kind NOT IN ('median', 'percentile') AND numerator IS NULL)
        OR is_hidden
        OR (kind = 'proportion' AND denominator > 0 AND denominator < minimum_count)
        OR (
            people
            AND (
                (numerator > 0 AND numerator < people_minimum)
                OR (
                    kind = 'proportion'
                    AND denominator > 0
                    AND (
                        denominator < people_minimum
                        OR (denominator > numerator AND denominator - numerator < people_minimum)
                    )
                )
            )
        ) AS is_suppressed,
        CASE
            WHEN kind IN ('count', 'amount') THEN numerator
            WHEN kind IN ('median', 'percentile') THEN quantile
            WHEN kind = 'difference' THEN scale * (CAST(numerator AS DOUBLE) / nullif(denominator, 0) - elapsed_share)
            ELSE scale * (CAST(numerator AS DOUBLE) / nullif(denominator, 0))
        END AS value,
        CASE
            WHEN cases = denominator THEN numerator
            WHEN cases > 0 THEN CAST(numerator * cases AS DOUBLE) / nullif(denominator, 0)
        END AS hits
    FROM parts
),
estimated AS (
    SELECT
        *,
        CASE
            WHEN cases > 0 THEN CAST(hits + 1.920729410347062 AS DOUBLE) / nullif(cases + 3.841458820694124, 0)
        END AS centre,
        CASE
            WHEN cases > 0
                THEN CAST(
                    1.959963984540054 * sqrt(
                        greatest(CAST(hits * (cases - hits) AS DOUBLE) / nullif(cases, 0), 0) + 0.960364705173531
                    ) AS DOUBLE
                ) / nullif(cases + 3.841458820694124, 0)
        END AS half_width
    FROM valued
),
bounded AS (
    SELECT
        *,
        CASE WHEN centre IS NOT NULL THEN CASE WHEN numerator = 0 THEN 0 ELSE greatest(centre - half_width, 0) END END AS lower,
        CASE WHEN centre IS NOT NULL THEN CASE WHEN numerator = denominator THEN 1 ELSE least(centre + half_width, 1) END END
            AS upper
    FROM estimated
)
SELECT
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
        WHEN target IS NULL OR NOT is_judged THEN NULL
        -- less than nothing is left over only where too much was spent
        WHEN direction = 'lower' AND unit = 'percent' AND value < 0 THEN 'missed'
        WHEN direction <> 'lower' AND value >= target THEN 'met'
        WHEN direction = 'lower' AND value <= target THEN 'met'
        -- a stock is counted whole: it has no chance to fall short by
        WHEN time_kind = 'stock' THEN 'missed'
        WHEN direction <> 'lower' AND upper >= target THEN 'watch'
        WHEN direction = 'lower' AND lower <= target THEN 'watch'
        ELSE 'missed'
    END AS status
FROM bounded
