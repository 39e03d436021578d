-- Rows that a delivery lost to a contract rule, personal values masked.
SELECT * FROM landing.rejects ORDER BY delivery_id NULLS LAST, source_row NULLS LAST, rule_id NULLS LAST
