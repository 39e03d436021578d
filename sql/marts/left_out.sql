-- Rows that a mapping left out, with the reason, by delivery.
SELECT o.delivery_id, d.file_name, o.dataset, o.reason_zh, o.reason_en, o.rows AS left_out_rows
FROM landing.left_out AS o
INNER JOIN landing.deliveries AS d ON d.delivery_id = o.delivery_id
ORDER BY o.dataset NULLS LAST, d.file_name NULLS LAST, o.reason_en NULLS LAST
