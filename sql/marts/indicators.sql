-- The indicator catalogue: names, definitions, kinds and units.
SELECT * FROM reference.indicators ORDER BY sort_order NULLS LAST
