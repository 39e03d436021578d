-- Memberships as each delivery reported them, with the area of their organisation and open ends made explicit.
-- What a delivery reports holds from the local day on which it was cut until the day on which the next one says otherwise.
WITH instants AS (
    SELECT _valid_from AS instant FROM landing.members
    UNION
    SELECT _valid_to AS instant FROM landing.members WHERE _valid_to IS NOT NULL
),
days AS (
    SELECT i.instant, min(k.day) AS day
    FROM instants AS i
    INNER JOIN reference.calendar AS k ON i.instant < k.ends_at AND k.ends_at <= i.instant + INTERVAL 2 DAY
    GROUP BY i.instant
)
SELECT
    m.member_id,
    m.org_id,
    o.area_code AS org_area_code,
    coalesce(m.reported_area_code, o.area_code) AS home_area_code,
    coalesce(m.joined_on, DATE '1000-01-01') AS joined_on,
    coalesce(m.left_on, DATE '9999-12-31') AS left_on,
    m.birth_year,
    coalesce(m.is_secretary, FALSE) AS is_secretary,
    coalesce(m.is_committee_member, FALSE) AS is_committee_member,
    coalesce(m.is_floating, FALSE) AS is_floating,
    coalesce(m.is_serving, FALSE) AS is_serving,
    coalesce(m.schooling IN ('college', 'bachelor', 'postgraduate'), FALSE) AS has_college_schooling,
    m.reported_to_community_on,
    m.last_trained_on,
    f.day AS reported_from_on,
    coalesce(t.day, DATE '9999-12-31') AS reported_to_on,
    m._valid_to IS NULL AS is_current
FROM landing.members AS m
LEFT JOIN landing.organisations AS o ON o.org_id = m.org_id
LEFT JOIN days AS f ON f.instant = m._valid_from
LEFT JOIN days AS t ON t.instant = m._valid_to
