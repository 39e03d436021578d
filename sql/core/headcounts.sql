-- Headcounts by the stretch of days for which they were the latest report of their area and role. A count that its source
-- hides is one to four: it has bounds, and no headcount.
SELECT
    area_code,
    role,
    as_of AS from_on,
    coalesce(lead(as_of) OVER (PARTITION BY area_code, role ORDER BY as_of NULLS LAST), DATE '9999-12-31') AS to_on,
    headcount,
    CASE WHEN is_suppressed THEN CAST(1 AS BIGINT) ELSE headcount END AS at_least,
    CASE WHEN is_suppressed THEN CAST(4 AS BIGINT) ELSE headcount END AS at_most
FROM landing.headcounts
