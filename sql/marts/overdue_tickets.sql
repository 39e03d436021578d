-- Open tickets past their deadline at the data cut, the longest overdue first; as many as the overdue backlog counts.
SELECT
    t.ticket_id,
    t.channel,
    t.category_1,
    t.area_code,
    p.district_code,
    p.street_code,
    p.community_code,
    t.handling_unit,
    t.accepted_on,
    t.due_on,
    date_diff('day', CAST(t.due_on AS DATE), CAST(t.as_of_on AS DATE)) AS days_overdue
FROM core.tickets AS t
LEFT JOIN core.area_paths AS p
    ON p.area_code = t.area_code AND p.valid_from <= t.as_of_on AND t.as_of_on < p.valid_to
WHERE NOT t.is_excluded AND NOT t.is_resolved AND t.due_at < t.as_of
ORDER BY t.due_at NULLS LAST, t.ticket_id NULLS LAST
