-- Members by organisation area and by what they are counted as, by the stretch of days for which their number stayed the same.
WITH stretches AS (
    SELECT 'members' AS measure, area_code, from_on, to_on FROM cube.member_pieces WHERE basis = 'latest'
    UNION ALL
    SELECT 'of_known_age' AS measure, area_code, from_on, to_on
    FROM cube.member_pieces
    WHERE basis = 'latest' AND birth_year IS NOT NULL
    UNION ALL
    -- year − birth year > 60 from the first day of the 61st year after the birth year on
    SELECT
        'over_60' AS measure,
        area_code,
        greatest(from_on, CAST(CAST(birth_year + 61 AS VARCHAR) || '-01-01' AS DATE)) AS from_on,
        to_on
    FROM cube.member_pieces
    WHERE basis = 'latest' AND birth_year IS NOT NULL
    UNION ALL
    SELECT 'reported' AS measure, area_code, from_on, to_on FROM cube.member_pieces WHERE basis = 'reported'
    UNION ALL
    SELECT 'floating' AS measure, area_code, from_on, to_on
    FROM cube.member_pieces
    WHERE basis = 'reported' AND is_floating
    UNION ALL
    SELECT
        'trained' AS measure,
        area_code,
        greatest(from_on, last_trained_on) AS from_on,
        least(to_on, CAST(last_trained_on + INTERVAL 12 MONTH AS DATE)) AS to_on
    FROM cube.member_pieces
    WHERE basis = 'reported' AND last_trained_on IS NOT NULL
),
steps AS (
    SELECT measure, area_code, from_on AS day, 1 AS step FROM stretches WHERE from_on < to_on
    UNION ALL
    SELECT measure, area_code, to_on AS day, -1 AS step FROM stretches WHERE from_on < to_on
),
changes AS (
    SELECT measure, area_code, day, CAST(sum(step) AS BIGINT) AS step FROM steps GROUP BY measure, area_code, day
)
SELECT
    measure,
    area_code,
    day AS from_on,
    coalesce(lead(day) OVER (PARTITION BY measure, area_code ORDER BY day NULLS LAST), DATE '9999-12-31') AS to_on,
    CAST(
        sum(step) OVER (
            PARTITION BY measure, area_code ORDER BY day NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT
    ) AS members
FROM changes
