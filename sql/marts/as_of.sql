-- The data cut of every dataset.
SELECT * FROM reference.as_of ORDER BY dataset NULLS LAST
