-- Tickets with a reporter, and whether the same reporter came from the same community in the same category up to 90 days
-- before; an excluded ticket repeats nothing, and nothing repeats it. Who reported is not kept,
-- only which ticket the same reporter brought before: what hangs on it when that ticket changes.
WITH reported AS (
    SELECT
        t.ticket_id,
        t.accepted_at,
        t.accepted_on,
        t.area_code,
        t.channel,
        t.category_1,
        p.community_code,
        t.reporter_id,
        t.exclusion_code IS NOT NULL OR t.status = 'cancelled' AS is_excluded
    FROM landing.tickets AS t
    INNER JOIN reference.as_of AS c ON c.dataset = 'tickets'
    LEFT JOIN core.area_paths AS p
        ON p.area_code = t.area_code AND p.valid_from <= t.accepted_on AND t.accepted_on < p.valid_to
    WHERE t.accepted_at <= c.as_of AND t.reporter_id IS NOT NULL
),
before AS (
    SELECT
        ticket_id,
        accepted_at,
        accepted_on,
        area_code,
        channel,
        category_1,
        community_code,
        is_excluded,
        lag(accepted_at) OVER (
            PARTITION BY reporter_id, community_code, category_1, is_excluded
            ORDER BY accepted_at NULLS LAST, ticket_id NULLS LAST
        ) AS earlier_at,
        lag(ticket_id) OVER (
            PARTITION BY reporter_id, community_code, category_1, is_excluded
            ORDER BY accepted_at NULLS LAST, ticket_id NULLS LAST
        ) AS earlier_ticket_id
    FROM reported
)
SELECT
    b.ticket_id,
    b.accepted_on,
    b.area_code,
    coalesce(a.area, 0) AS area,
    h.member AS channel,
    h.part AS channel_part,
    g.member AS category_1,
    g.part AS category_1_part,
    b.is_excluded,
    -- without a community or a category it cannot be told what is repeated
    coalesce(
        NOT b.is_excluded
        AND b.community_code IS NOT NULL
        AND b.category_1 IS NOT NULL
        AND b.accepted_at <= b.earlier_at + INTERVAL 90 DAY,
        FALSE
    ) AS is_repeat,
    b.earlier_ticket_id
FROM before AS b
INNER JOIN core.ticket_parts AS h ON h.dimension = 'channel' AND h.member = coalesce(b.channel, 'unknown')
INNER JOIN core.ticket_parts AS g ON g.dimension = 'category_1' AND g.member = coalesce(b.category_1, 'unknown')
LEFT JOIN core.area_numbers AS a ON a.area_code = b.area_code
