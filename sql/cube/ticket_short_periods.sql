-- The counts of tickets by day, week and month in every published shape: area level, area, dimension and member.
WITH placed AS (
    SELECT
        d.grain,
        d.period_start,
        s.area_level,
        CASE s.area_level
            WHEN 'city' THEN c.area_code
            WHEN 'district' THEN coalesce(d.district_code, 'unlocated')
            WHEN 'street' THEN coalesce(d.street_code, 'unlocated')
            WHEN 'community' THEN coalesce(d.community_code, 'unlocated')
            ELSE coalesce(d.grid_code, 'unlocated')
        END AS area_code,
        s.dimension,
        CASE s.dimension WHEN 'channel' THEN d.channel WHEN 'category_1' THEN d.category_1 ELSE 'all' END AS member,
        d.accepted,
        d.accepted_excluded,
        d.accepted_resolved,
        d.accepted_pending,
        d.verdicts,
        d.verdicts_excluded,
        d.verdicts_on_time,
        d.due,
        d.due_excluded,
        d.due_on_time,
        d.contact_due,
        d.contact_excluded,
        d.contacted_in_time,
        d.answered,
        d.answered_excluded,
        d.confirmed,
        d.rated,
        d.rated_excluded,
        d.satisfied,
        d.callback_due,
        d.callback_due_excluded,
        d.called_back,
        d.resolved,
        d.assembly_accepted,
        d.assembly_excluded,
        d.assembly_resolved,
        d.assembly_pending
    FROM cube.ticket_leaves AS d
    INNER JOIN core.shapes AS s ON s.grain = d.grain AND s.dimension IN ('all', 'channel', 'category_1')
    CROSS JOIN reference.city AS c
)
SELECT
    d.grain,
    d.period_start,
    d.area_level,
    d.area_code,
    d.dimension,
    d.member,
    CAST(sum(d.accepted) AS BIGINT) AS accepted,
    CAST(sum(d.accepted_excluded) AS BIGINT) AS accepted_excluded,
    CAST(sum(d.accepted_resolved) AS BIGINT) AS accepted_resolved,
    CAST(sum(d.accepted_pending) AS BIGINT) AS accepted_pending,
    CAST(sum(d.verdicts) AS BIGINT) AS verdicts,
    CAST(sum(d.verdicts_excluded) AS BIGINT) AS verdicts_excluded,
    CAST(sum(d.verdicts_on_time) AS BIGINT) AS verdicts_on_time,
    CAST(sum(d.due) AS BIGINT) AS due,
    CAST(sum(d.due_excluded) AS BIGINT) AS due_excluded,
    CAST(sum(d.due_on_time) AS BIGINT) AS due_on_time,
    CAST(sum(d.contact_due) AS BIGINT) AS contact_due,
    CAST(sum(d.contact_excluded) AS BIGINT) AS contact_excluded,
    CAST(sum(d.contacted_in_time) AS BIGINT) AS contacted_in_time,
    CAST(sum(d.answered) AS BIGINT) AS answered,
    CAST(sum(d.answered_excluded) AS BIGINT) AS answered_excluded,
    CAST(sum(d.confirmed) AS BIGINT) AS confirmed,
    CAST(sum(d.rated) AS BIGINT) AS rated,
    CAST(sum(d.rated_excluded) AS BIGINT) AS rated_excluded,
    CAST(sum(d.satisfied) AS BIGINT) AS satisfied,
    CAST(sum(d.callback_due) AS BIGINT) AS callback_due,
    CAST(sum(d.callback_due_excluded) AS BIGINT) AS callback_due_excluded,
    CAST(sum(d.called_back) AS BIGINT) AS called_back,
    CAST(sum(d.resolved) AS BIGINT) AS resolved,
    CAST(sum(d.assembly_accepted) AS BIGINT) AS assembly_accepted,
    CAST(sum(d.assembly_excluded) AS BIGINT) AS assembly_excluded,
    CAST(sum(d.assembly_resolved) AS BIGINT) AS assembly_resolved,
    CAST(sum(d.assembly_pending) AS BIGINT) AS assembly_pending
FROM placed AS d
GROUP BY d.grain, d.period_start, d.area_level, d.area_code, d.dimension, d.member
