-- The tickets open at the end of a day on which the backlog is taken, and those of them past their deadline.
WITH indicators AS (
    SELECT * FROM (VALUES ('T11'), ('T12')) AS i(indicator_id)
),
days AS (
    SELECT DISTINCT indicator_id, stock_on FROM core.indicator_periods
)
SELECT
    d.indicator_id,
    'ticket' AS row_kind,
    t.ticket_id AS row_id,
    d.stock_on AS day,
    s.area_code,
    1 AS numerator,
    t.channel,
    t.category_1,
    t.accepted_at,
    t.due_at,
    t.due_from,
    t.reopened_at
FROM core.ticket_stretches AS s
INNER JOIN days AS d ON s.start_on <= d.stock_on AND d.stock_on < s.end_on
INNER JOIN indicators AS i ON i.indicator_id = d.indicator_id
INNER JOIN core.tickets AS t ON t.ticket_id = s.ticket_id
WHERE d.indicator_id = 'T11' OR s.overdue_from <= d.stock_on
