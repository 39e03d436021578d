-- Budget and fiscal year to date by area, fund, spending type and source, on every day on which a stock is taken.
WITH days AS (
    SELECT DISTINCT stock_on, fiscal_year FROM core.indicator_periods WHERE year_calendar = 'fiscal' AND time_kind = 'stock'
),
parts AS (
    SELECT
        d.stock_on,
        b.area_code,
        b.fund,
        coalesce(b.spending_type, 'unknown') AS spending_type,
        coalesce(b.source, 'unknown') AS source,
        b.opening_amount + coalesce(b.adjustment_amount, 0) + coalesce(b.carried_in_amount, 0) AS budget,
        0 AS released,
        0 AS spent,
        0 AS open_commitments
    FROM landing.budget_lines AS b
    INNER JOIN days AS d ON d.fiscal_year = b.fiscal_year
    UNION ALL
    SELECT d.stock_on, e.area_code, e.fund, e.spending_type, e.source, 0 AS budget, e.released, e.spent, e.open_commitments
    FROM cube.fund_events AS e
    INNER JOIN days AS d ON d.fiscal_year = e.fiscal_year AND e.day <= d.stock_on
)
SELECT
    stock_on,
    area_code,
    fund,
    spending_type,
    source,
    CAST(sum(budget) AS DECIMAL(18, 2)) AS budget,
    CAST(sum(released) AS DECIMAL(18, 2)) AS released,
    CAST(sum(spent) AS DECIMAL(18, 2)) AS spent,
    CAST(sum(open_commitments) AS DECIMAL(18, 2)) AS open_commitments
FROM parts
GROUP BY stock_on, area_code, fund, spending_type, source
