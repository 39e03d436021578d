-- Figures of tickets that add up.
SELECT
    indicator_id, grain, period_start, area_level, area_code, dimension, member,
    numerator, denominator, excluded, pending
FROM cube.ticket_cells
