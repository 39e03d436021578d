-- Refused deliveries in whose place nothing came: neither a later full delivery nor a file of the same name.
SELECT
    d.delivery_id,
    d.dataset,
    d.file_name,
    d.arrived_at,
    d.loaded_at AS refused_at,
    d.reason_code,
    d.reason_zh,
    d.reason_en
FROM landing.deliveries AS d
WHERE
    d.outcome = 'refused'
    AND NOT EXISTS (
        SELECT 1
        FROM landing.deliveries AS later
        WHERE
            later.dataset = d.dataset
            AND later.outcome = 'loaded'
            AND (
                (later.kind = 'full' AND later.arrived_at > d.arrived_at)
                OR (later.file_name = d.file_name AND later.loaded_at > d.loaded_at)
            )
    )
ORDER BY d.dataset NULLS LAST, d.loaded_at NULLS LAST, d.delivery_id NULLS LAST
