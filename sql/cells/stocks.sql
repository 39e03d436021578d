-- Stocks, with those that would give a small number of people away.
SELECT indicator_id, grain, period_start, area_level, area_code, dimension, member, numerator, denominator, is_hidden
FROM cube.stock_cells
