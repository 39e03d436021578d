"""The whole line on the sample city: raw extracts in, the published figures of the field out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from oracle.comparison import compare
from oracle.inputs import read_inputs

from pipelines.city import City
from pipelines.rows import Wanted, rows_of

LAST_MONTH, THIS_MONTH, LAST_YEAR = "2026-10-01", "2026-11-01", "2025-01-01"


@pytest.fixture(scope="module")
def city(sample_city: Path) -> City:
    return City.open(sample_city)


def ask(city: City, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    con = duckdb.connect(str((city.published / "current").resolve()), read_only=True)
    try:
        return con.execute(sql, list(parameters)).fetchall()
    finally:
        con.close()


def figure(
    city: City, indicator: str, period: str, *, grain: str = "month", dimension: str = "all", member: str = "all"
) -> tuple[float, float | None, float]:
    """(numerator, denominator, value) of the whole city."""
    rows = ask(
        city,
        "SELECT numerator, denominator, value FROM marts.indicator_values WHERE indicator_id = ? AND grain = ? AND period_start = ?"
        " AND area_level = 'city' AND dimension = ? AND member = ?",
        indicator, grain, period, dimension, member,
    )  # fmt: skip
    assert len(rows) == 1, rows
    return rows[0]  # type: ignore[return-value]


def test_the_ladder_of_areas_has_5_districts_26_streets_and_239_communities(city: City) -> None:
    rows = dict(ask(city, "SELECT level, count(*) FROM marts.areas WHERE is_current GROUP BY level"))
    assert rows == {"city": 1, "district": 5, "street": 26, "community": 239, "grid": 986}


@pytest.mark.parametrize(
    ("rung", "number"),
    [("street_committee", 26), ("community_committee", 239), ("grid_branch", 986), ("building_group", 3460)],
)
def test_every_rung_of_the_ladder_of_organisations_has_its_number(city: City, rung: str, number: int) -> None:
    assert figure(city, "M01", THIS_MONTH, dimension="org_level", member=rung)[0] == number


def test_there_are_1904_committee_members(city: City) -> None:
    assert figure(city, "M17", THIS_MONTH)[0] == 1904


def test_the_last_full_year_saw_1300_assemblies_and_980_of_their_matters_resolved(city: City) -> None:
    assert figure(city, "L03", LAST_YEAR, grain="year")[0] == 1300
    assert figure(city, "L04", LAST_YEAR, grain="year")[0] == 980


def test_the_project_fund_of_56_67_million_yuan_reached_the_communities_whole(city: City) -> None:
    released, budget, share = figure(city, "F02", LAST_YEAR, grain="year", dimension="fund", member="project")
    assert (released, budget, share) == (56_670_000, 56_670_000, 1)


def test_all_19000_serving_members_reported_to_their_community(city: City) -> None:
    assert figure(city, "M09", THIS_MONTH) == (19_000, 19_000, 1)


def test_85_percent_of_265_centres_have_500_square_metres(city: City) -> None:
    large, centres, share = figure(city, "M16", THIS_MONTH)
    assert (centres, round(100 * share)) == (265, 85)
    assert large == 225


def test_97_2_percent_of_the_matters_of_station_visits_of_the_last_full_month_are_resolved(city: City) -> None:
    resolved, accepted, share = figure(city, "T02", LAST_MONTH, dimension="channel", member="visit")
    assert (resolved, accepted, share) == (486, 500, 0.972)


def test_every_indicator_of_the_catalogue_has_a_value_for_the_city(city: City) -> None:
    without = ask(
        city,
        "SELECT indicator_id FROM marts.indicators ANTI JOIN (SELECT * FROM marts.indicator_values"
        " WHERE area_level = 'city' AND dimension = 'all' AND value IS NOT NULL) USING (indicator_id)",
    )
    assert without == []


def test_about_three_in_ten_organisations_reach_the_standard_of_the_appraisal(city: City) -> None:
    reached, appraised, share = figure(city, "A02", "2026-07-01", grain="quarter")
    assert (appraised, round(10 * share)) == (239, 3), reached


def test_every_community_has_a_team_of_volunteers(city: City) -> None:
    assert figure(city, "M14", THIS_MONTH) == (239, 239, 1)


def test_the_figures_of_the_sample_city_are_those_of_the_oracle(
    city: City, record_property: Callable[[str, object], None]
) -> None:
    # months, quarters and years at every level; what is summed over a period also by day and week for city and districts
    warehouse = duckdb.connect(str(city.warehouse), read_only=True)
    published = duckdb.connect(str((city.published / "current").resolve()), read_only=True)
    try:
        result = compare(
            read_inputs(warehouse, city.settings.standards),
            published,
            coarse=("month", "quarter", "year"),
            fine=("day", "week"),
        )
    finally:
        warehouse.close()
        published.close()
    assert not result.differences, result.report()
    record_property("figures recomputed", result.total)


def test_every_row_of_every_delivery_is_accounted_for(city: City) -> None:
    rows = ask(
        city,
        "SELECT count(*), count(*) FILTER (WHERE rows_in <> rows_loaded + rows_rejected + rows_deduplicated + rows_left_out),"
        " sum(rows_rejected), sum(rows_deduplicated) FROM marts.deliveries",
    )
    deliveries, unbalanced, rejected, deduplicated = rows[0]
    assert (unbalanced, rejected) == (0, 59)  # the bad rows that the generator plants, and no other
    assert deliveries == 64
    assert deduplicated and int(str(deduplicated)) > 0


def test_districts_and_unlocated_rows_add_up_to_the_city_in_every_additive_figure(city: City) -> None:
    rows = ask(
        city,
        """
        SELECT indicator_id, period_start, dimension, member FROM marts.indicator_values
        JOIN marts.indicators USING (indicator_id)
        WHERE kind NOT IN ('median', 'percentile') AND NOT people AND grain = 'month' AND area_level IN ('city', 'district')
        GROUP BY ALL
        HAVING abs(coalesce(sum(numerator) FILTER (WHERE area_level = 'city'), 0)
                 - coalesce(sum(numerator) FILTER (WHERE area_level = 'district'), 0)) > 0.005
            OR abs(coalesce(sum(denominator) FILTER (WHERE area_level = 'city'), 0)
                 - coalesce(sum(denominator) FILTER (WHERE area_level = 'district'), 0)) > 0.005
        """,
    )
    assert rows == []


def test_the_rows_of_every_indicator_add_up_to_its_figures(city: City) -> None:
    # of each the city, a district and a community in the last month that has a value, and the city in the last year
    with duckdb.connect(str(city.warehouse), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        figures = con.sql("""
            SELECT indicator_id, grain, period_start, area_level, area_code, numerator, denominator, excluded FROM marts.indicator_values
            WHERE dimension = 'all' AND (area_level IN ('city', 'district', 'community') AND grain = 'month' OR area_level = 'city' AND grain = 'year')
                AND area_code <> 'unlocated' AND value IS NOT NULL AND period_start >= DATE '2025-01-01'
            QUALIFY row_number() OVER (
                PARTITION BY indicator_id, grain, area_level ORDER BY period_start DESC, hash(area_code)
            ) = 1
        """).pl().to_dicts()  # fmt: skip
        known = {row[0] for row in con.execute("SELECT indicator_id FROM reference.indicators").fetchall()}
        assert {figure["indicator_id"] for figure in figures} == known
        for figure in figures:
            place = [figure[name] for name in ("grain", "period_start", "area_level", "area_code")]
            rows = rows_of(con, Wanted(figure["indicator_id"], *place))
            for name in ("numerator", "denominator", "excluded"):
                if figure[name] is not None and not (rows.is_aggregated and rows.total(name) is None):
                    assert (rows.total(name) or 0) == pytest.approx(figure[name], rel=1e-9), (name, figure)


def test_every_grain_level_and_dimension_of_the_tickets_is_published(city: City) -> None:
    found = set(
        ask(city, "SELECT DISTINCT grain, area_level, dimension FROM marts.indicator_values WHERE indicator_id = 'T02'")
    )
    levels = ("city", "district", "street", "community", "grid")
    finest = {"day": 3, "week": 4, "month": 5, "quarter": 5, "year": 5}
    whole = {(grain, level, "all") for grain in finest for level in levels}
    by_part = {
        (grain, level, d) for grain, n in finest.items() for level in levels[:n] for d in ("channel", "category_1")
    }
    assert found == whole | by_part


def test_no_figure_about_fewer_than_ten_people_is_published(city: City) -> None:
    shown = ask(
        city,
        "SELECT count(*) FROM marts.indicator_values JOIN marts.indicators USING (indicator_id) WHERE people"
        " AND (numerator BETWEEN 1 AND 9 OR (kind = 'proportion' AND denominator BETWEEN 1 AND 9))",
    )
    hidden = ask(
        city, "SELECT count(*), count(value), count(numerator) FROM marts.indicator_values WHERE status = 'suppressed'"
    )
    assert shown == [(0,)]
    assert hidden[0][0] != 0 and hidden[0][1:] == (0, 0)
