-- Headcounts by the stretch of days for which they were the latest report of their area and role. A count that its source
-- hides is one to four: it has bounds, and no headcount.
-- A report holds until the next one, and no longer than its area: the area that follows reports the same people.
WITH ends AS (
    SELECT area_code, max(coalesce(valid_to, DATE '9999-12-31')) AS ended_on FROM core.areas GROUP BY area_code
),
reports AS (
    SELECT
        area_code,
        role,
        as_of,
        coalesce(lead(as_of) OVER (PARTITION BY area_code, role ORDER BY as_of NULLS LAST), DATE '9999-12-31') AS next_on,
        headcount,
        is_suppressed
    FROM landing.headcounts
)
SELECT
    r.area_code,
    r.role,
    r.as_of AS from_on,
    CASE WHEN r.as_of < e.ended_on THEN least(r.next_on, e.ended_on) ELSE r.next_on END AS to_on,
    r.headcount,
    CASE WHEN r.is_suppressed THEN CAST(1 AS BIGINT) ELSE r.headcount END AS at_least,
    CASE WHEN r.is_suppressed THEN CAST(4 AS BIGINT) ELSE r.headcount END AS at_most
FROM reports AS r
LEFT JOIN ends AS e ON e.area_code = r.area_code
