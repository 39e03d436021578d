-- Entries of the three lists at the data cut by what has become of them; `late` are needs without a match for more than 30 days
-- and projects claimed more than 180 days ago and not completed, the days after which L01 and L02 are final.
WITH used AS (
    SELECT DISTINCT n.matched_item_id AS item_id
    FROM landing.service_items AS n
    INNER JOIN core.service_items AS k ON k.item_id = n.item_id
    WHERE k.list = 'need' AND k.is_matched AND NOT k.is_withdrawn
),
entries AS (
    SELECT
        s.list,
        s.area_code,
        CASE
            WHEN s.is_withdrawn THEN 'withdrawn'
            WHEN s.list = 'need' AND s.is_matched THEN 'matched'
            WHEN s.list = 'need' THEN 'waiting'
            WHEN s.list = 'resource' AND u.item_id IS NOT NULL THEN 'used'
            WHEN s.list = 'resource' THEN 'free'
            WHEN s.completed_on IS NOT NULL THEN 'completed'
            WHEN s.claimed_on IS NOT NULL THEN 'under_way'
            ELSE 'unclaimed'
        END AS state,
        CASE
            WHEN s.is_withdrawn THEN FALSE
            WHEN s.list = 'need'
                THEN NOT s.is_matched AND s.registered_on <= CAST(s.as_of_on - INTERVAL 30 DAY AS DATE)
            WHEN s.list = 'project'
                THEN s.completed_on IS NULL AND coalesce(s.claimed_on <= CAST(s.as_of_on - INTERVAL 180 DAY AS DATE), FALSE)
            ELSE FALSE
        END AS is_late,
        p.district_code,
        p.street_code,
        p.community_code
    FROM core.service_items AS s
    LEFT JOIN used AS u ON u.item_id = s.item_id
    LEFT JOIN core.area_paths AS p
        ON p.area_code = s.area_code AND p.valid_from <= s.as_of_on AND s.as_of_on < p.valid_to
),
levels AS (
    SELECT * FROM (VALUES ('city'), ('district'), ('street'), ('community')) AS l(area_level)
)
SELECT
    l.area_level,
    CASE l.area_level
        WHEN 'city' THEN c.area_code
        WHEN 'district' THEN coalesce(e.district_code, 'unlocated')
        WHEN 'street' THEN coalesce(e.street_code, 'unlocated')
        ELSE coalesce(e.community_code, 'unlocated')
    END AS area_code,
    e.list,
    e.state,
    CAST(count(*) AS BIGINT) AS entries,
    CAST(sum(CASE WHEN e.is_late THEN 1 ELSE 0 END) AS BIGINT) AS late
FROM entries AS e
CROSS JOIN levels AS l
CROSS JOIN reference.city AS c
GROUP BY 1, 2, 3, 4
