-- Questions of the survey waves that ended by the data cut; a design effect that nobody gave is 1, a simple random sample.
SELECT
    s.wave,
    s.area_code,
    s.question,
    s.ended_on,
    s.valid_respondents,
    s.positive_respondents,
    coalesce(s.design_effect, 1) AS design_effect,
    c.as_of_on
FROM landing.surveys AS s
INNER JOIN reference.as_of AS c ON c.dataset = 'surveys'
WHERE s.ended_on <= c.as_of_on
