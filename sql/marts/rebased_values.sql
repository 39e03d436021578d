-- Series of today's areas: months, quarters and years of the additive indicators as if the areas of today had always been, for
-- every area that took something over or gave something away (of any other the figures are those of indicator_values).
-- Counts may be fractional after a split. Nothing is judged against a target. What a source hides stays hidden.
WITH rebased AS (
    SELECT DISTINCT
        i.indicator_id, i.kind, i.scale, i.people, i.minimum_count, e.time_kind
    FROM reference.indicators AS i
    INNER JOIN core.indicator_periods AS e ON e.indicator_id = i.indicator_id
    WHERE i.kind IN ('count', 'amount', 'proportion', 'ratio')
        AND i.dataset NOT IN ('surveys', 'appraisals')
        -- residents are those of the end of the period: they do not add up over its days
        AND NOT (i.unit = 'per_10000' AND e.time_kind = 'flow')
),
daily AS (
    SELECT DISTINCT v.indicator_id
    FROM marts.indicator_values AS v
    INNER JOIN rebased AS r ON r.indicator_id = v.indicator_id
    WHERE v.grain = 'day' AND v.area_level = 'city' AND v.dimension = 'all' AND r.time_kind = 'flow'
),
months AS (
    SELECT DISTINCT period_start, stock_on FROM core.indicator_periods WHERE grain = 'month'
),
moved AS (
    SELECT
        v.indicator_id, v.grain, v.period_start, m.today_level, m.today_code, m.weight,
        v.numerator, v.denominator, v.excluded, v.pending
    FROM marts.indicator_values AS v
    INNER JOIN rebased AS r ON r.indicator_id = v.indicator_id AND r.time_kind = 'stock'
    INNER JOIN core.indicator_periods AS e
        ON e.indicator_id = v.indicator_id AND e.grain = v.grain AND e.period_start = v.period_start
    INNER JOIN core.area_moves AS m
        ON m.area_level = v.area_level AND m.area_code = v.area_code AND m.valid_from <= e.stock_on AND e.stock_on < m.valid_to
    WHERE v.dimension = 'all' AND v.grain IN ('month', 'quarter', 'year')
    UNION ALL
    SELECT
        v.indicator_id, g.grain,
        CASE g.grain WHEN 'month' THEN k.month_start WHEN 'quarter' THEN k.quarter_start ELSE k.year_start END AS period_start,
        m.today_level, m.today_code, m.weight,
        v.numerator, v.denominator, v.excluded, v.pending
    FROM marts.indicator_values AS v
    INNER JOIN daily AS d ON d.indicator_id = v.indicator_id
    INNER JOIN core.area_moves AS m
        ON m.area_level = v.area_level
        AND m.area_code = v.area_code
        AND m.valid_from <= v.period_start
        AND v.period_start < m.valid_to
    INNER JOIN reference.calendar AS k ON k.day = v.period_start
    CROSS JOIN (SELECT DISTINCT grain FROM core.periods WHERE grain IN ('month', 'quarter', 'year')) AS g
    WHERE v.dimension = 'all' AND v.grain = 'day'
    UNION ALL
    -- without figures by day a month goes where the area lay at its end; a finer area moves with it only if it lay there all month
    SELECT
        v.indicator_id, g.grain,
        CASE g.grain WHEN 'month' THEN k.month_start WHEN 'quarter' THEN k.quarter_start ELSE k.year_start END AS period_start,
        m.today_level, m.today_code, m.weight,
        v.numerator, v.denominator, v.excluded, v.pending
    FROM marts.indicator_values AS v
    INNER JOIN rebased AS r ON r.indicator_id = v.indicator_id AND r.time_kind = 'flow'
    ANTI JOIN daily AS d ON d.indicator_id = v.indicator_id
    INNER JOIN (
        SELECT p.area_code, p.level AS area_level, e.period_start, e.stock_on, max(p.valid_from) AS valid_from
        FROM core.area_paths AS p
        INNER JOIN months AS e ON p.valid_from <= e.stock_on AND e.period_start < p.valid_to
        SEMI JOIN core.area_moves AS m ON m.area_code = p.area_code
        WHERE p.level IS NOT NULL
        GROUP BY p.area_code, p.level, e.period_start, e.stock_on
    ) AS u ON u.area_code = v.area_code AND u.area_level = v.area_level AND u.period_start = v.period_start
    INNER JOIN core.area_moves AS m
        ON m.area_level = u.area_level
        AND m.area_code = u.area_code
        AND m.valid_from = u.valid_from
        AND (m.today_level = m.area_level OR (m.valid_from <= u.period_start AND u.stock_on < m.valid_to))
    INNER JOIN reference.calendar AS k ON k.day = v.period_start
    CROSS JOIN (SELECT DISTINCT grain FROM core.periods WHERE grain IN ('month', 'quarter', 'year')) AS g
    WHERE v.dimension = 'all' AND v.grain = 'month'
),
changes AS (
    SELECT
        indicator_id, grain, period_start, today_level, today_code,
        sum(numerator * weight) AS numerator,
        sum(denominator * weight) AS denominator,
        sum(excluded * weight) AS excluded,
        sum(pending * weight) AS pending,
        max(CASE WHEN numerator IS NULL THEN 1 ELSE 0 END) AS hidden
    FROM moved
    GROUP BY indicator_id, grain, period_start, today_level, today_code
),
touched AS (
    SELECT DISTINCT m.today_level, m.today_code
    FROM core.area_moves AS m
    INNER JOIN (
        SELECT today_level, today_code FROM core.area_shares
        UNION
        SELECT today_level, 'unlocated' AS today_code FROM core.area_shares
    ) AS t ON t.today_level = m.today_level AND t.today_code = m.today_code
),
frame AS (
    SELECT
        c.indicator_id, c.indicator_version, c.grain, c.period_start, t.today_level, t.today_code, c.as_of,
        r.kind, r.scale, r.people, r.minimum_count, y.people_minimum,
        NOT e.is_over OR (c.status = 'provisional' AND c.pending = 0) AS is_provisional
    FROM marts.indicator_values AS c
    INNER JOIN rebased AS r ON r.indicator_id = c.indicator_id
    INNER JOIN core.indicator_periods AS e
        ON e.indicator_id = c.indicator_id AND e.grain = c.grain AND e.period_start = c.period_start
    CROSS JOIN touched AS t
    CROSS JOIN reference.city AS y
    WHERE c.area_level = 'city' AND c.dimension = 'all' AND c.grain IN ('month', 'quarter', 'year')
),
own AS (
    SELECT
        v.indicator_id, v.grain, v.period_start, v.area_level, v.area_code,
        v.numerator, v.denominator, v.excluded, v.pending
    FROM marts.indicator_values AS v
    SEMI JOIN touched AS t ON t.today_level = v.area_level AND t.today_code = v.area_code
    WHERE v.dimension = 'all' AND v.grain IN ('month', 'quarter', 'year')
),
summed AS (
    SELECT
        f.indicator_id, f.indicator_version, f.grain, f.period_start, f.today_level, f.today_code, f.as_of,
        f.kind, f.scale, f.people, f.minimum_count, f.people_minimum, f.is_provisional,
        coalesce(d.hidden, 0) = 1 OR (v.area_code IS NOT NULL AND v.numerator IS NULL) AS is_hidden,
        coalesce(v.numerator, 0) + coalesce(d.numerator, 0) AS numerator,
        CASE WHEN f.kind IN ('proportion', 'ratio') THEN coalesce(v.denominator, 0) + coalesce(d.denominator, 0) END AS denominator,
        coalesce(v.excluded, 0) + coalesce(d.excluded, 0) AS excluded,
        coalesce(v.pending, 0) + coalesce(d.pending, 0) AS pending
    FROM frame AS f
    LEFT JOIN own AS v
        ON v.indicator_id = f.indicator_id
        AND v.grain = f.grain
        AND v.period_start = f.period_start
        AND v.area_level = f.today_level
        AND v.area_code = f.today_code
    LEFT JOIN changes AS d
        ON d.indicator_id = f.indicator_id
        AND d.grain = f.grain
        AND d.period_start = f.period_start
        AND d.today_level = f.today_level
        AND d.today_code = f.today_code
    -- as in indicator_values: zeros down to the community, and no row for `unlocated` or a grid without cases
    WHERE v.area_code IS NOT NULL OR d.today_code IS NOT NULL OR (f.today_level <> 'grid' AND f.today_code <> 'unlocated')
),
cleaned AS (
    -- what sums of shares leave of a nought or a one is rounding
    SELECT
        indicator_id, indicator_version, grain, period_start, today_level, today_code, as_of,
        kind, scale, people, minimum_count, people_minimum, is_provisional, is_hidden,
        CASE
            WHEN abs(numerator) < 0.000000001 THEN 0
            WHEN abs(numerator - denominator) < 0.000000001 THEN denominator
            ELSE numerator
        END AS numerator,
        CASE WHEN abs(denominator) < 0.000000001 THEN 0 ELSE denominator END AS denominator,
        CASE WHEN abs(excluded) < 0.000000001 THEN 0 ELSE excluded END AS excluded,
        CASE WHEN abs(pending) < 0.000000001 THEN 0 ELSE pending END AS pending
    FROM summed
),
valued AS (
    SELECT
        *,
        is_hidden OR people AND (
            (numerator > 0 AND numerator < people_minimum)
            OR (
                kind = 'proportion'
                AND denominator > 0
                AND (
                    denominator < greatest(people_minimum, minimum_count)
                    OR (denominator > numerator AND denominator - numerator < people_minimum)
                )
            )
        ) AS is_suppressed,
        CASE
            WHEN kind IN ('count', 'amount') THEN numerator
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
                        greatest(CAST(numerator * (denominator - numerator) AS DOUBLE) / nullif(denominator, 0), 0) + 0.960364705173531
                    ) AS DOUBLE
                ) / nullif(denominator + 3.841458820694124, 0)
        END AS half_width
    FROM cleaned
)
SELECT
    indicator_id,
    indicator_version,
    grain,
    period_start,
    today_level AS area_level,
    today_code AS area_code,
    'all' AS dimension,
    'all' AS member,
    CASE WHEN NOT is_suppressed THEN numerator END AS numerator,
    CASE WHEN NOT is_suppressed THEN denominator END AS denominator,
    CASE WHEN NOT is_suppressed THEN excluded END AS excluded,
    CASE WHEN NOT is_suppressed THEN pending END AS pending,
    CASE WHEN NOT is_suppressed THEN value END AS value,
    CASE
        WHEN NOT is_suppressed AND centre IS NOT NULL
            THEN CASE WHEN numerator = 0 THEN 0 ELSE greatest(centre - half_width, 0) END
    END AS lower,
    CASE
        WHEN NOT is_suppressed AND centre IS NOT NULL
            THEN CASE WHEN numerator = denominator THEN 1 ELSE least(centre + half_width, 1) END
    END AS upper,
    CASE
        WHEN is_suppressed THEN 'suppressed'
        WHEN denominator = 0 THEN 'no_cases'
        WHEN is_provisional OR pending > 0 THEN 'provisional'
    END AS status,
    as_of
FROM valued
