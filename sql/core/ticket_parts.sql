-- What tickets are cut by, by a number: all of them, every channel, every category.
WITH parts AS (
    SELECT 'all' AS dimension, 'all' AS member
    UNION
    SELECT 'channel' AS dimension, channel AS member FROM core.tickets
    UNION
    SELECT 'category_1' AS dimension, category_1 AS member FROM core.tickets
)
SELECT
    row_number() OVER (ORDER BY dimension NULLS LAST, member NULLS LAST) AS part,
    dimension,
    member
FROM parts
