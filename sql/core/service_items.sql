-- Entries of the three lists as known at the data cut; a match holds once the entry that answers it is registered.
SELECT
    s.item_id,
    s.list,
    s.area_code,
    coalesce(s.category, 'unknown') AS category,
    s.registered_on,
    CASE WHEN s.claimed_on <= c.as_of_on THEN s.claimed_on END AS claimed_on,
    CASE WHEN s.completed_on <= c.as_of_on THEN s.completed_on END AS completed_on,
    s.matched_item_id IS NOT NULL AND coalesce(m.registered_on <= c.as_of_on, TRUE) AS is_matched,
    s.status = 'withdrawn' AS is_withdrawn,
    c.as_of_on
FROM landing.service_items AS s
INNER JOIN reference.as_of AS c ON c.dataset = 'service_items'
LEFT JOIN landing.service_items AS m ON m.item_id = s.matched_item_id
WHERE s.registered_on <= c.as_of_on
