-- Deadlines of the tickets whose source gives none, by the service standard of their category; pauses extend them.
-- Working days are counted from the day after acceptance to the end of the last one, hours from acceptance.
WITH standard AS (
    SELECT
        t.ticket_id,
        t.accepted_at,
        t.accepted_on,
        coalesce(t.paused_minutes, 0) AS paused_minutes,
        coalesce(s2.unit, s1.unit, s0.unit) AS unit,
        coalesce(s2.amount, s1.amount, s0.amount) AS amount
    FROM landing.tickets AS t
    LEFT JOIN reference.service_standards AS s2
        ON s2.category_1 = t.category_1 AND s2.category_2 = t.category_2
    LEFT JOIN reference.service_standards AS s1
        ON s1.category_1 = t.category_1 AND s1.category_2 IS NULL
    LEFT JOIN reference.service_standards AS s0
        ON s0.category_1 IS NULL
    WHERE t.due_at IS NULL
),
counted AS (
    SELECT
        s.ticket_id,
        s.unit,
        s.amount,
        s.paused_minutes,
        coalesce(w.day, k.day) AS last_day,
        coalesce(w.ends_at, k.ends_at) AS last_day_ends_at,
        CASE s.unit
            WHEN 'working_days' THEN w.ends_at - INTERVAL 1 SECOND
            WHEN 'hours' THEN s.accepted_at + s.amount * INTERVAL 1 HOUR
        END + s.paused_minutes * INTERVAL 1 MINUTE AS due_at
    FROM standard AS s
    INNER JOIN reference.calendar AS k ON k.day = s.accepted_on
    LEFT JOIN reference.calendar AS w
        ON s.unit = 'working_days'
        AND w.is_working_day
        AND w.working_day_number = k.working_day_number + s.amount
    WHERE s.unit IS NOT NULL
),
-- the local day of the deadline: whole days after the last one counted, a day more or less where the clock was changed
guessed AS (
    SELECT
        *,
        CAST(
            last_day + CASE
                WHEN due_at < last_day_ends_at THEN 0
                ELSE 1 + CAST(floor(CAST(date_diff('second', last_day_ends_at, due_at) AS DOUBLE) / 86400) AS INTEGER)
            END * INTERVAL 1 DAY AS DATE
        ) AS guessed_on
    FROM counted
    WHERE due_at IS NOT NULL
)
SELECT
    g.ticket_id,
    g.unit,
    g.amount,
    g.paused_minutes,
    g.due_at,
    CASE
        WHEN g.due_at >= k.ends_at THEN CAST(g.guessed_on + INTERVAL 1 DAY AS DATE)
        WHEN g.due_at < y.ends_at THEN y.day
        ELSE g.guessed_on
    END AS due_on
FROM guessed AS g
INNER JOIN reference.calendar AS k ON k.day = g.guessed_on
INNER JOIN reference.calendar AS y ON y.day = CAST(g.guessed_on - INTERVAL 1 DAY AS DATE)
