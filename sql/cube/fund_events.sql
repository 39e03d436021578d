-- Releases, net payments and changes of open commitments by day, area, fund, spending type, source and fiscal year.
-- A commitment is open by its amount less the payments that name it, never below 0 unless it is itself negative; area, fund and
-- year are those of its first movement.
WITH ranked AS (
    SELECT
        commitment_id, area_code, fund, spending_type, source, fiscal_year,
        row_number() OVER (PARTITION BY commitment_id ORDER BY occurred_on NULLS LAST, line_id NULLS LAST, payment_id NULLS LAST)
            AS place
    FROM core.payments
    WHERE kind = 'commitment'
),
named AS (
    SELECT commitment_id, area_code, fund, spending_type, source, fiscal_year FROM ranked WHERE place = 1
),
moves AS (
    SELECT
        p.commitment_id,
        p.occurred_on AS day,
        sum(CASE WHEN p.kind = 'commitment' THEN p.amount ELSE 0 END) AS committed,
        sum(CASE WHEN p.kind = 'payment' THEN p.amount ELSE 0 END) AS paid
    FROM core.payments AS p
    SEMI JOIN named AS n ON n.commitment_id = p.commitment_id
    WHERE p.kind IN ('commitment', 'payment')
    GROUP BY p.commitment_id, p.occurred_on
),
running AS (
    SELECT
        commitment_id,
        day,
        sum(committed) OVER (
            PARTITION BY commitment_id ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS committed,
        sum(paid) OVER (
            PARTITION BY commitment_id ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS paid
    FROM moves
),
open_amounts AS (
    SELECT
        commitment_id,
        day,
        CASE WHEN committed > 0 THEN greatest(committed - paid, 0) ELSE committed END AS open_amount
    FROM running
),
steps AS (
    SELECT
        commitment_id,
        day,
        open_amount - coalesce(lag(open_amount) OVER (PARTITION BY commitment_id ORDER BY day NULLS LAST), 0) AS step
    FROM open_amounts
),
events AS (
    SELECT
        area_code,
        fund,
        spending_type,
        source,
        fiscal_year,
        occurred_on AS day,
        CASE WHEN kind = 'release' THEN amount ELSE 0 END AS released,
        CASE kind WHEN 'payment' THEN amount WHEN 'refund' THEN -amount ELSE 0 END AS spent,
        0 AS open_commitments
    FROM core.payments
    WHERE kind <> 'commitment'
    UNION ALL
    SELECT
        n.area_code, n.fund, n.spending_type, n.source, n.fiscal_year, s.day,
        0 AS released, 0 AS spent, s.step AS open_commitments
    FROM steps AS s
    INNER JOIN named AS n ON n.commitment_id = s.commitment_id
)
SELECT
    area_code,
    fund,
    spending_type,
    source,
    fiscal_year,
    day,
    CAST(sum(released) AS DECIMAL(18, 2)) AS released,
    CAST(sum(spent) AS DECIMAL(18, 2)) AS spent,
    CAST(sum(open_commitments) AS DECIMAL(18, 2)) AS open_commitments
FROM events
GROUP BY area_code, fund, spending_type, source, fiscal_year, day
