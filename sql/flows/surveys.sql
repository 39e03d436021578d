-- Positive and valid answers to each question of a survey, on the day on which its wave ended; effect_sum is Σ answers × design
-- effect, from which every level takes the mean effect of its parts, weighted by their answers.
WITH waves AS (
    SELECT wave, max(ended_on) AS day FROM core.surveys GROUP BY wave
),
questions AS (
    SELECT * FROM (
        VALUES ('satisfaction', 'Q01'), ('awareness', 'Q02'), ('participation', 'Q03'), ('property_service', 'Q04')
    ) AS q(question, indicator_id)
)
SELECT
    q.indicator_id,
    w.day,
    s.area_code,
    sum(s.positive_respondents) AS numerator,
    sum(s.valid_respondents) AS denominator,
    sum(s.valid_respondents * s.design_effect) AS effect_sum
FROM core.surveys AS s
INNER JOIN waves AS w ON w.wave = s.wave
INNER JOIN questions AS q ON q.question = s.question
GROUP BY q.indicator_id, w.day, s.area_code
