-- Rates with pending tickets, between the worst that can come of them (none resolved) and the best (all of them).
SELECT
    c.indicator_id,
    c.grain,
    c.period_start,
    c.area_level,
    c.area_code,
    c.dimension,
    c.member,
    c.pending,
    i.scale * (CAST(c.numerator AS DOUBLE) / nullif(c.denominator, 0)) AS worst,
    i.scale * (CAST(c.numerator + c.pending AS DOUBLE) / nullif(c.denominator, 0)) AS best
FROM cube.ticket_cells AS c
INNER JOIN reference.indicators AS i ON i.indicator_id = c.indicator_id
WHERE c.pending > 0 AND c.indicator_id IN ('T02', 'L04')
