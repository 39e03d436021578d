-- The ledger of deliveries: what arrived, when, and how many rows were loaded or not.
SELECT * FROM landing.deliveries ORDER BY arrived_at NULLS LAST, delivery_id NULLS LAST
