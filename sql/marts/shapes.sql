-- Which grain, area level and dimension are published, so that a reader can tell "no cases" from "not published".
SELECT grain, area_level, dimension
FROM core.shapes
ORDER BY grain NULLS LAST, area_level NULLS LAST, dimension NULLS LAST
