-- Tickets open at the data cut by days since acceptance, and those of them past their deadline; they add up to T11 and T12 at
-- the cut. A reopened ticket is as old as its acceptance: that is how long the resident has waited.
WITH waiting AS (
    SELECT
        date_diff('day', CAST(t.accepted_on AS DATE), CAST(t.as_of_on AS DATE)) AS age_days,
        coalesce(t.due_at < t.as_of, FALSE) AS is_overdue,
        p.district_code,
        p.street_code,
        p.community_code
    FROM core.tickets AS t
    LEFT JOIN core.area_paths AS p
        ON p.area_code = t.area_code AND p.valid_from <= t.as_of_on AND t.as_of_on < p.valid_to
    WHERE NOT t.is_excluded AND NOT t.is_resolved
),
bands AS (
    SELECT * FROM (VALUES (0, 3), (4, 7), (8, 15), (16, 30), (31, NULL)) AS b(from_days, to_days)
),
levels AS (
    SELECT * FROM (VALUES ('city'), ('district'), ('street'), ('community')) AS l(area_level)
)
SELECT
    l.area_level,
    CASE l.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(w.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(w.street_code, 'unlocated')
        ELSE coalesce(w.community_code, 'unlocated')
    END AS area_code,
    b.from_days,
    b.to_days,
    CAST(count(*) AS BIGINT) AS opened,
    CAST(sum(CASE WHEN w.is_overdue THEN 1 ELSE 0 END) AS BIGINT) AS overdue,
    max(w.age_days) AS oldest_days
FROM waiting AS w
INNER JOIN bands AS b ON w.age_days >= b.from_days AND w.age_days <= coalesce(b.to_days, w.age_days)
CROSS JOIN levels AS l
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4
