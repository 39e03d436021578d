-- Where each member counts, stretch by stretch: once, in the organisation joined last. By the latest delivery (basis latest)
-- and, for attributes that have no dates of their own, by the delivery of each time (basis reported).
WITH memberships AS (
    SELECT
        'latest' AS basis, member_id, org_id, org_area_code, joined_on,
        joined_on AS from_on, left_on AS to_on,
        birth_year, is_floating, last_trained_on
    FROM core.memberships
    WHERE is_current
    UNION ALL
    SELECT
        'reported' AS basis, member_id, org_id, org_area_code, joined_on,
        greatest(joined_on, reported_from_on) AS from_on, least(left_on, reported_to_on) AS to_on,
        birth_year, is_floating, last_trained_on
    FROM core.memberships
),
counted AS (
    SELECT * FROM memberships WHERE from_on < to_on
),
bounds AS (
    SELECT basis, member_id, from_on AS day FROM counted
    UNION
    SELECT basis, member_id, to_on AS day FROM counted
),
pieces AS (
    SELECT
        basis,
        member_id,
        day AS from_on,
        coalesce(lead(day) OVER (PARTITION BY basis, member_id ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on
    FROM bounds
),
ranked AS (
    SELECT
        p.basis,
        m.org_area_code AS area_code,
        p.from_on,
        p.to_on,
        m.birth_year,
        m.is_floating,
        m.last_trained_on,
        row_number() OVER (
            PARTITION BY p.basis, p.member_id, p.from_on ORDER BY m.joined_on DESC NULLS LAST, m.org_id NULLS LAST
        ) AS place
    FROM pieces AS p
    INNER JOIN counted AS m
        ON m.basis = p.basis AND m.member_id = p.member_id AND m.from_on <= p.from_on AND p.from_on < m.to_on
)
SELECT basis, area_code, from_on, to_on, birth_year, is_floating, last_trained_on
FROM ranked
WHERE place = 1
