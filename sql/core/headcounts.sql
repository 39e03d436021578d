-- Headcounts by the stretch of days for which they were the latest report of their area and role.
SELECT
    area_code,
    role,
    as_of AS from_on,
    coalesce(lead(as_of) OVER (PARTITION BY area_code, role ORDER BY as_of NULLS LAST), DATE '9999-12-31') AS to_on,
    headcount
FROM landing.headcounts
