-- Every code of an area by a number, for tables of many rows; a code that no area ever had has none.
SELECT row_number() OVER (ORDER BY area_code NULLS LAST) AS area, area_code
FROM (SELECT DISTINCT area_code FROM core.area_paths) AS known
