-- Weight sheets in force for the city: groups, indicators and weights of each.
SELECT * FROM reference.weights ORDER BY sheet NULLS LAST, indicator_group NULLS LAST, indicator_id NULLS LAST
