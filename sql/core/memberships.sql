-- Memberships as each delivery reported them, with the area of their organisation and open ends made explicit.
SELECT
    m.member_id,
    m.org_id,
    o.area_code AS org_area_code,
    coalesce(m.reported_area_code, o.area_code) AS home_area_code,
    coalesce(m.joined_on, DATE '1000-01-01') AS joined_on,
    coalesce(m.left_on, DATE '9999-12-31') AS left_on,
    coalesce(m.is_secretary, FALSE) AS is_secretary,
    coalesce(m.is_committee_member, FALSE) AS is_committee_member,
    coalesce(m.is_serving, FALSE) AS is_serving,
    coalesce(m.schooling IN ('college', 'bachelor', 'postgraduate'), FALSE) AS has_college_schooling,
    m.reported_to_community_on,
    m._valid_from AS reported_from,
    m._valid_to AS reported_to,
    m._valid_to IS NULL AS is_current
FROM landing.members AS m
LEFT JOIN landing.organisations AS o ON o.org_id = m.org_id
