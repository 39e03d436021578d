-- What every guard found in every delivery: outcome, what was expected, and who answers for an override.
SELECT
    g.*,
    d.file_name,
    d.arrived_at
FROM landing.guard_results AS g
LEFT JOIN landing.deliveries AS d ON d.delivery_id = g.delivery_id
ORDER BY g.dataset NULLS LAST, g.judged_at NULLS LAST, g.delivery_id NULLS LAST, g.guard_id NULLS LAST
