-- The budget lines, releases, payments and open commitments behind the money of a fiscal year to date, and the residents that
-- spending is set against. Of an amount that is subtracted the numerator is negative.
WITH indicators AS (
    SELECT * FROM (
        VALUES ('F01'), ('F02'), ('F03'), ('F04'), ('F05'), ('F06'), ('F07'), ('F09'), ('F11')
    ) AS i(indicator_id)
),
days AS (
    SELECT DISTINCT p.indicator_id, p.stock_on, p.fiscal_year
    FROM core.indicator_periods AS p
    INNER JOIN indicators AS i ON i.indicator_id = p.indicator_id
),
lines AS (
    SELECT
        line_id,
        area_code,
        fund,
        coalesce(spending_type, 'unknown') AS spending_type,
        coalesce(source, 'unknown') AS source,
        fiscal_year,
        opening_amount + coalesce(adjustment_amount, 0) + coalesce(carried_in_amount, 0) AS amount
    FROM landing.budget_lines
),
ranked AS (
    SELECT
        commitment_id, line_id, area_code, fund, spending_type, source, fiscal_year, occurred_on,
        row_number() OVER (PARTITION BY commitment_id ORDER BY occurred_on NULLS LAST, line_id NULLS LAST, payment_id NULLS LAST)
            AS place
    FROM core.payments
    WHERE kind = 'commitment'
),
committed AS (
    SELECT
        d.stock_on,
        p.commitment_id,
        sum(CASE WHEN p.kind = 'commitment' THEN p.amount ELSE 0 END) AS amount,
        sum(CASE WHEN p.kind = 'payment' THEN p.amount ELSE 0 END) AS paid
    FROM core.payments AS p
    INNER JOIN days AS d ON d.indicator_id = 'F05' AND p.occurred_on <= d.stock_on
    WHERE p.commitment_id IS NOT NULL AND p.kind IN ('commitment', 'payment')
    GROUP BY d.stock_on, p.commitment_id
),
found AS (
    SELECT
        d.indicator_id, d.stock_on, 'budget_line' AS row_kind, b.line_id AS row_id, b.area_code, 'every' AS scope,
        CASE WHEN d.indicator_id IN ('F01', 'F09') THEN b.amount WHEN d.indicator_id = 'F11' AND b.source = 'district' THEN b.amount
            ELSE 0 END AS numerator,
        CASE WHEN d.indicator_id = 'F01' THEN NULL WHEN d.indicator_id = 'F11' AND b.source <> 'city' THEN 0 ELSE b.amount END
            AS denominator,
        b.fund, b.spending_type, b.source, b.line_id, 'budget' AS movement, CAST(NULL AS DATE) AS occurred_on
    FROM lines AS b
    INNER JOIN days AS d ON d.fiscal_year = b.fiscal_year
    WHERE d.indicator_id NOT IN ('F04', 'F07')
        AND (d.indicator_id <> 'F11' OR (b.fund <> 'transfer' AND b.source IN ('district', 'city')))
    UNION ALL
    SELECT
        d.indicator_id, d.stock_on, 'payment' AS row_kind, p.payment_id AS row_id, p.area_code, 'every' AS scope,
        CASE
            WHEN d.indicator_id = 'F04' AND p.kind = 'release' THEN 0
            WHEN p.kind = 'refund' AND d.indicator_id <> 'F09' THEN -p.amount
            WHEN p.kind = 'payment' AND d.indicator_id = 'F09' THEN -p.amount
            ELSE p.amount
        END AS numerator,
        CASE WHEN d.indicator_id = 'F04' AND p.kind = 'release' THEN p.amount ELSE 0 END AS denominator,
        p.fund, p.spending_type, p.source, p.line_id, p.kind AS movement, p.occurred_on
    FROM core.payments AS p
    INNER JOIN days AS d ON d.fiscal_year = p.fiscal_year AND p.occurred_on <= d.stock_on
    WHERE (d.indicator_id IN ('F02', 'F04') AND p.kind = 'release')
        OR (d.indicator_id IN ('F03', 'F04', 'F05', 'F06', 'F07', 'F09') AND p.kind IN ('payment', 'refund'))
    UNION ALL
    -- open by its amount less the payments that name it, never below 0 unless it is itself negative
    SELECT
        'F05' AS indicator_id, c.stock_on, 'commitment' AS row_kind, c.commitment_id AS row_id, l.area_code, 'every' AS scope,
        CASE WHEN c.amount > 0 THEN greatest(c.amount - c.paid, 0) ELSE c.amount END AS numerator,
        0 AS denominator,
        l.fund, l.spending_type, l.source, l.line_id, 'open commitment' AS movement, l.occurred_on
    FROM committed AS c
    INNER JOIN ranked AS l ON l.commitment_id = c.commitment_id AND l.place = 1
    INNER JOIN days AS d ON d.indicator_id = 'F05' AND d.stock_on = c.stock_on AND d.fiscal_year = l.fiscal_year
    UNION ALL
    -- residents stand against the spending of every fund (*)
    SELECT
        d.indicator_id, d.stock_on, u.level AS row_kind, u.area_code AS row_id, u.area_code,
        CASE WHEN u.level = 'grid' THEN 'grid' ELSE 'above_grid' END AS scope,
        0 AS numerator,
        coalesce(u.population, 0) AS denominator,
        '*' AS fund,
        'none' AS spending_type, 'none' AS source, CAST(NULL AS VARCHAR) AS line_id, 'residents' AS movement,
        CAST(NULL AS DATE) AS occurred_on
    FROM core.units AS u
    INNER JOIN days AS d ON d.indicator_id = 'F07' AND d.stock_on = u.stock_on
)
SELECT
    indicator_id, row_kind, row_id, stock_on AS day, area_code, scope, numerator, denominator,
    fund, spending_type, source, line_id, movement, occurred_on
FROM found
