-- Organisations with open ends made explicit: live on a day from live_from on, until the day live_to.
SELECT
    org_id,
    org_level,
    area_code,
    coalesce(founded_on, DATE '1000-01-01') AS live_from,
    coalesce(dissolved_on, DATE '9999-12-31') AS live_to
FROM landing.organisations
