"""Questions with which an analyst begins on the page `query`; each is a key of the words."""

from __future__ import annotations

EXAMPLES = {
    "query_example_months": """\
SELECT period_start, value, lower, upper, numerator, denominator, status
FROM marts.indicator_values
WHERE indicator_id = 'T02' AND grain = 'month' AND area_level = 'city' AND dimension = 'all'
ORDER BY period_start DESC
LIMIT 12""",
    "query_example_districts": """\
SELECT a.area_name, a.area_name_en, v.value, v.lower, v.upper, v.numerator, v.denominator, v.status
FROM marts.indicator_values AS v
JOIN marts.areas AS a ON a.area_code = v.area_code AND a.is_current
WHERE v.indicator_id = 'T03' AND v.grain = 'month' AND v.area_level = 'district' AND v.dimension = 'all'
    AND v.period_start = (SELECT date_trunc('month', max(as_of_on)) - INTERVAL 1 MONTH FROM marts.as_of)
ORDER BY a.area_code""",
    "query_example_change": """\
SELECT c.indicator_id, c.area_level, c.area_code, c.period_start, c.value_before, c.value, c.change, c.change_lower, c.change_upper
FROM marts.changes AS c
WHERE c.grain = 'month' AND c.area_level = 'district' AND c.compared_with = 'previous_period' AND c.is_beyond_chance
ORDER BY c.period_start DESC, c.indicator_id
LIMIT 100""",
    "query_example_rules": """\
SELECT dataset, rule_id, count(*) FILTER (WHERE NOT passed) AS deliveries_failed, count(*) AS deliveries_checked,
    sum(rows_failed) AS rows_failed
FROM marts.contract_results
GROUP BY ALL
HAVING deliveries_failed > 0
ORDER BY deliveries_failed DESC""",
    "query_example_causes": """\
SELECT indicator_id, causes, count(*) AS figures, max(abs(is_value - was_value)) AS largest_change
FROM marts.restatements
WHERE kind = 'restatement'
GROUP BY ALL
ORDER BY figures DESC""",
}
