-- The ranking sheet: score, grade, vetoes, capped grade and place among its peers of every area by month, quarter and year.
-- An area without enough figures is not rated; a period with a figure that is still provisional has a provisional score.
WITH composed AS (
    SELECT
        grain,
        period_start,
        area_level,
        area_code,
        peer_class,
        sheet,
        CASE
            WHEN NOT min(group_rated) THEN 'not_rated'
            WHEN max(CASE WHEN status = 'provisional' THEN 1 ELSE 0 END) = 1 THEN 'provisional'
            ELSE 'rated'
        END AS status,
        CAST(sum(CASE WHEN value IS NOT NULL THEN weight ELSE 0 END) AS DOUBLE) / nullif(sum(weight), 0) AS coverage,
        -- to nine places, so that the order of summing makes no difference in rank or grade
        round(CAST(sum(weight_used * score) AS DOUBLE) / 100, 9) AS score
    FROM marts.indicator_scores
    GROUP BY grain, period_start, area_level, area_code, peer_class, sheet
),
vetoes AS (
    SELECT grain, period_start, area_level, area_code, count(*) AS vetoes, max(cap_order) AS cap_order
    FROM marts.vetoes
    GROUP BY grain, period_start, area_level, area_code
),
graded AS (
    SELECT
        c.grain,
        c.period_start,
        c.area_level,
        c.area_code,
        c.peer_class,
        c.sheet,
        c.status,
        c.coverage,
        CASE WHEN c.status <> 'not_rated' THEN c.score END AS score,
        CASE WHEN c.status <> 'not_rated' THEN g.grade END AS grade,
        CASE WHEN c.status <> 'not_rated' THEN greatest(g.sort_order, coalesce(v.cap_order, 1)) END AS capped_order,
        coalesce(v.vetoes, 0) AS vetoes
    FROM composed AS c
    LEFT JOIN vetoes AS v
        ON v.grain = c.grain AND v.period_start = c.period_start AND v.area_level = c.area_level AND v.area_code = c.area_code
    LEFT JOIN reference.grades AS g ON g.minimum <= c.score AND (g.below IS NULL OR c.score < g.below)
)
SELECT
    d.grain,
    d.period_start,
    d.area_level,
    d.area_code,
    d.peer_class,
    d.sheet,
    d.status,
    d.coverage,
    d.score,
    d.grade,
    d.vetoes,
    g.grade AS capped_grade,
    CASE
        WHEN d.score IS NOT NULL
            THEN rank() OVER (
                PARTITION BY d.grain, d.period_start, d.area_level, d.peer_class ORDER BY d.score DESC NULLS LAST
            )
    END AS rank,
    count(d.score) OVER (PARTITION BY d.grain, d.period_start, d.area_level, d.peer_class) AS peers
FROM graded AS d
LEFT JOIN reference.grades AS g ON g.sort_order = d.capped_order
