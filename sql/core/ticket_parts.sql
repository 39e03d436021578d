-- What tickets are cut by, by a number: all of them (0), every channel, every category.
WITH parts AS (
    SELECT 'channel' AS dimension, coalesce(channel, 'unknown') AS member FROM landing.tickets
    UNION
    SELECT 'category_1' AS dimension, coalesce(category_1, 'unknown') AS member FROM landing.tickets
)
SELECT 0 AS part, 'all' AS dimension, 'all' AS member
UNION ALL
SELECT
    row_number() OVER (ORDER BY dimension NULLS LAST, member NULLS LAST) AS part,
    dimension,
    member
FROM parts
