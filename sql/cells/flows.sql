-- Flows of few rows, added up over days and areas.
SELECT
    indicator_id, grain, period_start, area_level, area_code, dimension, member,
    numerator, denominator, excluded, pending, effect_sum
FROM cube.flow_cells
