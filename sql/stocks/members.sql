-- Members, and how many of them are over 60, floating or trained in the last 12 months, on every day on which a stock is taken.
WITH measures AS (
    SELECT * FROM (
        VALUES ('M04', 'members', NULL), ('M05', 'over_60', 'of_known_age'), ('M08', 'floating', 'reported'), ('M10', 'trained', 'reported')
    ) AS m(indicator_id, part, whole)
),
days AS (
    SELECT DISTINCT m.indicator_id, m.part, m.whole, p.stock_on
    FROM core.indicator_periods AS p
    INNER JOIN measures AS m ON m.indicator_id = p.indicator_id
)
SELECT
    d.indicator_id,
    d.stock_on,
    s.area_code,
    sum(CASE WHEN s.measure = d.part THEN s.members ELSE 0 END) AS numerator,
    sum(CASE WHEN s.measure = d.whole THEN s.members END) AS denominator
FROM cube.member_stretches AS s
INNER JOIN days AS d ON s.measure IN (d.part, d.whole) AND s.from_on <= d.stock_on AND d.stock_on < s.to_on
WHERE s.members > 0
GROUP BY d.indicator_id, d.stock_on, s.area_code
