-- Targets, floors and thresholds in force for the city.
SELECT * FROM reference.standards ORDER BY standard NULLS LAST, indicator_id NULLS LAST, area_kind NULLS LAST
