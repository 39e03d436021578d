-- The day of the first event of every dataset that has events; that of budgets is the first day of their first fiscal year.
SELECT 'tickets' AS dataset, min(accepted_on) AS first_on FROM core.ticket_states
UNION ALL
SELECT 'meetings' AS dataset, min(held_on) AS first_on FROM landing.meetings
UNION ALL
SELECT 'service_items' AS dataset, min(registered_on) AS first_on FROM core.service_items
UNION ALL
SELECT 'surveys' AS dataset, min(ended_on) AS first_on FROM core.surveys
UNION ALL
SELECT 'appraisals' AS dataset, min(ended_on) AS first_on FROM core.appraisals
UNION ALL
SELECT 'headcounts' AS dataset, min(as_of) AS first_on FROM landing.headcounts
UNION ALL
SELECT 'payments' AS dataset, min(occurred_on) AS first_on FROM landing.payments
UNION ALL
SELECT 'budget_lines' AS dataset, min(k.fiscal_year_start) AS first_on
FROM landing.budget_lines AS b
INNER JOIN reference.calendar AS k ON k.fiscal_year = b.fiscal_year
