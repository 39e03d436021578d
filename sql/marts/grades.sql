-- Grades in force for the city, the best first, with the scores from which and below which each is given.
SELECT * FROM reference.grades ORDER BY sort_order NULLS LAST
