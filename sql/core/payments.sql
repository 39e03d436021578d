-- Movements of money with the area, fund, spending type and source of their budget line; without a line: no area, the rest
-- unknown. The fiscal year is that of the date, as cash is counted; of the line, for one dated before its line's year.
SELECT
    p.payment_id,
    p.line_id,
    coalesce(p.commitment_id, CASE WHEN p.kind = 'commitment' THEN p.payment_id END) AS commitment_id,
    p.kind,
    p.occurred_on,
    p.amount,
    b.area_code,
    coalesce(b.fund, 'unknown') AS fund,
    coalesce(b.spending_type, 'unknown') AS spending_type,
    coalesce(b.source, 'unknown') AS source,
    CASE WHEN b.fiscal_year > k.fiscal_year THEN b.fiscal_year ELSE k.fiscal_year END AS fiscal_year
FROM landing.payments AS p
INNER JOIN reference.calendar AS k ON k.day = p.occurred_on
LEFT JOIN landing.budget_lines AS b ON b.line_id = p.line_id
