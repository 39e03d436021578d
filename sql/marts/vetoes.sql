-- Vetoes that count for an area in a period: of appraisals of the organisation that leads it, and by final figures.
-- A veto of an appraisal counts for the period in which the appraisal ended, and for each at whose end (or data cut) it still
-- stands: until the organisation's next final appraisal, for twelve months at most.
WITH areas AS (
    SELECT DISTINCT grain, period_start, area_level, area_code FROM marts.indicator_scores
),
cut AS (
    SELECT max(as_of_on) AS as_of_on FROM reference.as_of
),
ends AS (
    SELECT a.grain, a.period_start, a.area_level, a.area_code, p.period_end, least(p.period_end, c.as_of_on) AS on_day
    FROM areas AS a
    INNER JOIN core.periods AS p ON p.calendar = 'civil' AND p.grain = a.grain AND p.period_start = a.period_start
    CROSS JOIN cut AS c
),
appraised AS (
    SELECT org_id, period, max(ended_on) AS ended_on FROM core.appraisals WHERE method = 'final' GROUP BY org_id, period
),
terms AS (
    SELECT
        org_id,
        period,
        least(
            coalesce(lead(ended_on) OVER (PARTITION BY org_id ORDER BY ended_on NULLS LAST, period NULLS LAST), DATE '9999-12-31'),
            CAST(ended_on + INTERVAL 12 MONTH AS DATE)
        ) AS stands_until
    FROM appraised
),
appraisals AS (
    SELECT DISTINCT v.veto_id, a.org_id, a.org_area_code, a.item, a.ended_on, t.stands_until, v.cap_order, v.cap, v.name_zh, v.name_en
    FROM core.appraisals AS a
    INNER JOIN terms AS t ON t.org_id = a.org_id AND t.period = a.period
    INNER JOIN reference.vetoes AS v ON v.veto_id = 'appraisal' AND v.org_level = a.org_level
    WHERE a.is_veto AND a.method = 'final'
),
counted AS (
    SELECT
        e.grain,
        e.period_start,
        e.area_level,
        e.area_code,
        a.veto_id,
        a.item,
        CAST(NULL AS VARCHAR) AS indicator_id,
        CAST(NULL AS DOUBLE) AS value,
        CAST(NULL AS DOUBLE) AS worse_than,
        max(a.ended_on) AS ended_on,
        max(CASE WHEN a.ended_on <= e.on_day AND e.on_day < a.stands_until THEN 1 ELSE 0 END) = 1 AS stands_at_end,
        a.cap_order,
        a.cap,
        a.name_zh,
        a.name_en,
        count(DISTINCT a.org_id) AS rows
    FROM appraisals AS a
    INNER JOIN ends AS e
        ON e.area_code = a.org_area_code
        AND a.ended_on <= e.on_day
        AND (e.period_start <= a.ended_on OR e.on_day < a.stands_until)
    GROUP BY
        e.grain, e.period_start, e.area_level, e.area_code,
        a.veto_id, a.item, a.cap_order, a.cap, a.name_zh, a.name_en
    UNION ALL
    SELECT
        e.grain,
        e.period_start,
        e.area_level,
        e.area_code,
        v.veto_id,
        CAST(NULL AS VARCHAR) AS item,
        v.indicator_id,
        f.value,
        v.worse_than,
        e.period_end AS ended_on,
        TRUE AS stands_at_end,
        v.cap_order,
        v.cap,
        v.name_zh,
        v.name_en,
        CAST(1 AS BIGINT) AS rows
    FROM reference.vetoes AS v
    INNER JOIN reference.indicators AS i ON i.indicator_id = v.indicator_id
    INNER JOIN marts.indicator_values AS f
        ON f.indicator_id = v.indicator_id AND f.dimension = 'all' AND f.status IS DISTINCT FROM 'provisional'
    INNER JOIN ends AS e
        ON e.grain = f.grain
        AND e.period_start = f.period_start
        AND e.area_level = f.area_level
        AND e.area_code = f.area_code
    WHERE (i.direction = 'higher' AND f.value < v.worse_than) OR (i.direction = 'lower' AND f.value > v.worse_than)
)
SELECT
    grain,
    period_start,
    area_level,
    area_code,
    veto_id,
    name_zh,
    name_en,
    item,
    indicator_id,
    value,
    worse_than,
    ended_on,
    stands_at_end,
    rows,
    cap_order,
    cap
FROM counted
