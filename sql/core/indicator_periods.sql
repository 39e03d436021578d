-- The periods that each indicator has, as its catalogue entry says, with the day on which stocks are taken.
-- They start with the first event of its dataset (of money: of budgets and payments; without events of its own: of any).
-- Rows for areas without cases are filled in for 36 months only: one ticket dated years too early would otherwise fill
-- every area for all the years since.
WITH any_event AS (
    SELECT min(first_on) AS first_on FROM core.first_events WHERE dataset <> 'budget_lines'
),
money AS (
    SELECT min(first_on) AS first_on FROM core.first_events WHERE dataset IN ('budget_lines', 'payments')
),
first_report AS (
    SELECT min(_valid_from) AS reported_at FROM landing.members
),
starts AS (
    SELECT
        i.indicator_id,
        i.time_kind,
        i.year_calendar,
        i.matures_after_days,
        i.looks_back_days,
        i.kind IN ('count', 'amount') OR i.unit IN ('per_1000', 'per_10000') AS is_sum,
        i.reported_state,
        i.only_closed,
        c.as_of,
        c.as_of_on,
        CAST(c.as_of_on - INTERVAL 1 MONTH * i.history_months AS DATE) AS history_on,
        CASE
            WHEN i.year_calendar = 'fiscal' THEN m.first_on
            WHEN e.dataset IS NOT NULL THEN e.first_on
            ELSE a.first_on
        END AS first_on,
        i.year_calendar = 'fiscal' OR e.dataset IS NOT NULL AS needs_event,
        e.first_on AS data_on,
        b.month_start AS data_month
    FROM reference.indicators AS i
    INNER JOIN reference.as_of AS c ON c.dataset = i.dataset
    LEFT JOIN core.first_events AS e ON e.dataset = i.dataset
    LEFT JOIN reference.calendar AS b ON b.day = e.first_on
    CROSS JOIN any_event AS a
    CROSS JOIN money AS m
),
spans AS (
    SELECT
        *,
        CASE WHEN first_on IS NOT NULL OR NOT needs_event THEN greatest(first_on, history_on) END AS from_on
    FROM starts
),
cut AS (
    SELECT
        s.indicator_id,
        s.time_kind,
        s.year_calendar,
        s.matures_after_days,
        s.looks_back_days,
        s.is_sum,
        s.data_on,
        s.data_month,
        s.reported_state,
        s.only_closed,
        p.grain,
        p.period_start,
        p.period_end,
        least(p.period_end, s.as_of_on) AS stock_on,
        s.as_of,
        s.as_of_on,
        p.period_end >= CAST(s.as_of_on - INTERVAL 36 MONTH AS DATE) AS is_filled
    FROM spans AS s
    INNER JOIN reference.indicator_grains AS g ON g.indicator_id = s.indicator_id
    INNER JOIN core.periods AS p
        ON p.grain = g.grain
        AND p.period_end >= s.from_on
        AND p.period_start <= s.as_of_on
    WHERE p.grain <> 'year' OR p.calendar = s.year_calendar
)
SELECT
    c.indicator_id,
    c.time_kind,
    c.year_calendar,
    c.grain,
    c.period_start,
    c.period_end,
    c.stock_on,
    k.fiscal_year,
    CAST(date_diff('day', CAST(k.fiscal_year_start AS DATE), CAST(c.stock_on AS DATE)) + 1 AS DOUBLE)
        / nullif(k.days_in_fiscal_year, 0) AS elapsed_share,
    c.as_of,
    c.as_of_on,
    e.ends_at <= c.as_of + INTERVAL 1 SECOND AS is_over,
    e.ends_at <= c.as_of + INTERVAL 1 SECOND
        AND (c.matures_after_days = 0 OR CAST(c.period_end + INTERVAL 1 DAY * c.matures_after_days AS DATE) <= c.as_of_on)
        -- what the data do not reach back to is not known to be final: a sum whose period began before them, and what is
        -- told by earlier events
        AND (
            c.data_on IS NULL
            OR c.time_kind = 'stock'
            OR NOT c.is_sum
            OR c.period_start >= c.data_month
        )
        AND (
            c.looks_back_days = 0
            OR CASE WHEN c.time_kind = 'flow' THEN c.period_start ELSE c.stock_on END
                >= CAST(c.data_on + INTERVAL 1 DAY * c.looks_back_days AS DATE)
        ) AS is_mature,
    c.is_filled
FROM cut AS c
INNER JOIN reference.calendar AS k ON k.day = c.stock_on
INNER JOIN reference.calendar AS e ON e.day = c.period_end
CROSS JOIN first_report AS r
WHERE (NOT c.reported_state OR r.reported_at < k.ends_at)
    AND (NOT c.only_closed OR e.ends_at <= c.as_of + INTERVAL 1 SECOND)
