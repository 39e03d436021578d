-- Whether each rule of the rectification list holds for an area in a month, with the figures that say so.
-- Twelve months and the one under way: a first list is made of them. `holds` is NULL where nothing can be said.
-- A veto and an overdue ticket are facts from the day on which they are known; a figure counts when it is final.
WITH latest AS (
    SELECT max(as_of_on) AS as_of_on FROM reference.as_of
),
months AS (
    SELECT p.period_start, p.period_end
    FROM core.periods AS p
    CROSS JOIN latest AS l
    WHERE p.calendar = 'civil'
        AND p.grain = 'month'
        AND p.period_start <= l.as_of_on
        AND p.period_end > CAST(l.as_of_on - INTERVAL 12 MONTH AS DATE)
),
fact_months AS (
    SELECT
        CASE c.dataset WHEN 'tickets' THEN 'overdue' ELSE 'veto' END AS rule,
        m.period_start,
        least(m.period_end, c.as_of_on) AS on_day,
        k.ends_at <= c.as_of + INTERVAL 1 SECOND AS is_final
    FROM months AS m
    INNER JOIN reference.as_of AS c ON c.dataset IN ('tickets', 'appraisals') AND m.period_start <= c.as_of_on
    INNER JOIN reference.calendar AS k ON k.day = m.period_end
),
figures AS (
    SELECT
        s.area_level,
        s.area_code,
        s.indicator_id,
        s.period_start,
        year(s.period_start) * 12 + month(s.period_start) AS month_number,
        s.status = 'final' AS is_final,
        s.numerator,
        s.denominator,
        s.value,
        s.lower,
        s.upper,
        s.floor,
        s.target,
        -- where no interval is given the figure is a measured amount: it is its own bound
        CASE WHEN s.direction = 'lower' THEN coalesce(s.lower, s.value) > s.floor ELSE coalesce(s.upper, s.value) < s.floor END
            AS beyond_floor,
        CASE WHEN s.direction = 'lower' THEN s.value <= s.floor ELSE s.value >= s.floor END AS reaches_floor,
        CASE WHEN s.direction = 'lower' THEN s.value <= s.target ELSE s.value >= s.target END AS reaches_target,
        CASE WHEN NOT s.people AND s.denominator IS NOT NULL AND s.upper IS NOT NULL
            THEN CASE WHEN s.direction = 'lower' THEN s.numerator ELSE s.denominator - s.numerator END
        END AS short
    FROM marts.indicator_scores AS s
    WHERE s.grain = 'month' AND s.value IS NOT NULL
),
runs AS (
    -- months below target that follow one another share month_number less their place among them
    SELECT
        area_level,
        area_code,
        indicator_id,
        period_start,
        month_number - row_number() OVER (
            PARTITION BY area_level, area_code, indicator_id ORDER BY month_number NULLS LAST
        ) AS run
    FROM figures
    WHERE is_final AND NOT reaches_target
),
lengths AS (
    SELECT
        area_level,
        area_code,
        indicator_id,
        period_start,
        row_number() OVER (
            PARTITION BY area_level, area_code, indicator_id, run ORDER BY period_start NULLS LAST
        ) AS months_below
    FROM runs
),
by_figure AS (
    SELECT
        r.rule,
        f.area_level,
        f.area_code,
        f.indicator_id AS subject,
        f.indicator_id,
        f.period_start,
        f.is_final,
        f.is_final AS may_open,
        CASE r.rule
            WHEN 'floor' THEN CASE WHEN f.beyond_floor THEN TRUE WHEN f.is_final OR f.reaches_floor THEN FALSE END
            ELSE CASE WHEN f.reaches_target THEN FALSE WHEN l.months_below >= r.threshold THEN TRUE END
        END AS holds,
        f.numerator,
        f.denominator,
        f.value,
        f.lower,
        f.upper,
        f.floor,
        f.target,
        CASE WHEN r.rule = 'target' THEN l.months_below END AS months_below,
        CAST(floor(f.short) AS BIGINT) AS rows
    FROM figures AS f
    INNER JOIN reference.rectification_rules AS r ON r.rule IN ('floor', 'target')
    LEFT JOIN lengths AS l
        ON l.area_level = f.area_level
        AND l.area_code = f.area_code
        AND l.indicator_id = f.indicator_id
        AND l.period_start = f.period_start
),
areas AS (
    SELECT DISTINCT s.area_level, s.area_code, s.period_start
    FROM marts.indicator_scores AS s
    WHERE s.grain = 'month'
),
standing AS (
    SELECT area_level, area_code, period_start, CAST(sum(rows) AS BIGINT) AS rows
    FROM marts.vetoes
    WHERE grain = 'month' AND veto_id = 'appraisal' AND stands_at_end
    GROUP BY area_level, area_code, period_start
),
by_veto AS (
    SELECT
        a.area_level,
        a.area_code,
        a.period_start,
        m.is_final,
        s.rows
    FROM areas AS a
    INNER JOIN fact_months AS m ON m.rule = 'veto' AND m.period_start = a.period_start
    CROSS JOIN (SELECT DISTINCT veto_id FROM reference.vetoes WHERE veto_id = 'appraisal') AS v
    LEFT JOIN standing AS s
        ON s.area_level = a.area_level AND s.area_code = a.area_code AND s.period_start = a.period_start
),
by_indicator_veto AS (
    SELECT
        a.area_level,
        a.area_code,
        a.period_start,
        v.veto_id,
        v.indicator_id,
        v.worse_than,
        f.status IS DISTINCT FROM 'provisional' AS is_final,
        CASE WHEN i.direction = 'lower' THEN f.value > v.worse_than ELSE f.value < v.worse_than END AS holds,
        f.numerator,
        f.denominator,
        f.value,
        f.lower,
        f.upper
    FROM reference.vetoes AS v
    INNER JOIN reference.indicators AS i ON i.indicator_id = v.indicator_id
    INNER JOIN marts.indicator_values AS f
        ON f.indicator_id = v.indicator_id AND f.dimension = 'all' AND f.grain = 'month' AND f.value IS NOT NULL
    INNER JOIN areas AS a
        ON a.area_level = f.area_level AND a.area_code = f.area_code AND a.period_start = f.period_start
),
long_overdue AS (
    SELECT m.period_start, p.district_code, p.street_code, p.community_code, count(DISTINCT s.ticket_id) AS rows
    FROM core.ticket_stretches AS s
    INNER JOIN fact_months AS m ON m.rule = 'overdue' AND s.start_on <= m.on_day AND m.on_day < s.end_on
    INNER JOIN core.tickets AS t ON t.ticket_id = s.ticket_id
    INNER JOIN reference.rectification_rules AS r
        ON r.rule = 'overdue' AND date_diff('day', CAST(t.due_on AS DATE), CAST(m.on_day AS DATE)) > r.threshold
    INNER JOIN core.area_paths AS p
        ON p.area_code = s.area_code AND p.valid_from <= m.on_day AND m.on_day < p.valid_to
    GROUP BY m.period_start, p.district_code, p.street_code, p.community_code
),
overdue_in AS (
    SELECT 'district' AS area_level, district_code AS area_code, period_start, CAST(sum(rows) AS BIGINT) AS rows
    FROM long_overdue GROUP BY district_code, period_start
    UNION ALL
    SELECT 'street' AS area_level, street_code AS area_code, period_start, CAST(sum(rows) AS BIGINT) AS rows
    FROM long_overdue GROUP BY street_code, period_start
    UNION ALL
    SELECT 'community' AS area_level, community_code AS area_code, period_start, CAST(sum(rows) AS BIGINT) AS rows
    FROM long_overdue GROUP BY community_code, period_start
),
by_ticket AS (
    SELECT a.area_level, a.area_code, a.period_start, m.is_final, coalesce(o.rows, 0) AS rows
    FROM areas AS a
    INNER JOIN fact_months AS m ON m.rule = 'overdue' AND m.period_start = a.period_start
    LEFT JOIN overdue_in AS o
        ON o.area_level = a.area_level AND o.area_code = a.area_code AND o.period_start = a.period_start
),
judged AS (
    SELECT
        rule, area_level, area_code, subject, indicator_id, period_start, is_final, may_open, holds,
        numerator, denominator, value, lower, upper, floor, target, months_below, rows
    FROM by_figure
    UNION ALL
    SELECT
        'veto' AS rule, area_level, area_code, 'appraisal' AS subject, CAST(NULL AS VARCHAR) AS indicator_id,
        period_start, is_final, TRUE AS may_open, rows IS NOT NULL AS holds,
        CAST(NULL AS DOUBLE) AS numerator, CAST(NULL AS DOUBLE) AS denominator, CAST(NULL AS DOUBLE) AS value,
        CAST(NULL AS DOUBLE) AS lower, CAST(NULL AS DOUBLE) AS upper, CAST(NULL AS DOUBLE) AS floor,
        CAST(NULL AS DOUBLE) AS target, CAST(NULL AS BIGINT) AS months_below, rows
    FROM by_veto
    UNION ALL
    SELECT
        'veto' AS rule, area_level, area_code, veto_id AS subject, indicator_id,
        period_start, is_final, is_final AS may_open, holds,
        numerator, denominator, value, lower, upper, worse_than AS floor,
        CAST(NULL AS DOUBLE) AS target, CAST(NULL AS BIGINT) AS months_below, CAST(1 AS BIGINT) AS rows
    FROM by_indicator_veto
    UNION ALL
    SELECT
        'overdue' AS rule, area_level, area_code, 'tickets' AS subject, CAST(NULL AS VARCHAR) AS indicator_id,
        period_start, is_final, TRUE AS may_open, rows > 0 AS holds,
        CAST(NULL AS DOUBLE) AS numerator, CAST(NULL AS DOUBLE) AS denominator, CAST(NULL AS DOUBLE) AS value,
        CAST(NULL AS DOUBLE) AS lower, CAST(NULL AS DOUBLE) AS upper, CAST(NULL AS DOUBLE) AS floor,
        CAST(NULL AS DOUBLE) AS target, CAST(NULL AS BIGINT) AS months_below, rows
    FROM by_ticket
)
SELECT
    j.rule, j.area_level, j.area_code, j.subject, j.indicator_id, j.period_start, j.is_final, j.may_open, j.holds,
    j.numerator, j.denominator, j.value, j.lower, j.upper, j.floor, j.target, j.months_below, j.rows
FROM judged AS j
INNER JOIN months AS m ON m.period_start = j.period_start
WHERE j.rule IN (SELECT rule FROM reference.rectification_rules)
