-- What was normalised or looked odd, counted by delivery; a remark of a source without a delivery has no file.
SELECT
    n.*,
    d.file_name,
    d.arrived_at
FROM landing.notes AS n
LEFT JOIN landing.deliveries AS d ON d.delivery_id = n.delivery_id
ORDER BY n.dataset NULLS LAST, d.arrived_at NULLS LAST, n.delivery_id NULLS LAST, n.code NULLS LAST, n.message_en NULLS LAST
