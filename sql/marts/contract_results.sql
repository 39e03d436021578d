-- The result of every contract rule on every delivery, with the name of its file.
SELECT
    r.*,
    d.file_name
FROM landing.contract_results AS r
LEFT JOIN landing.deliveries AS d ON d.delivery_id = r.delivery_id
ORDER BY r.delivery_id NULLS LAST, r.rule_id NULLS LAST
