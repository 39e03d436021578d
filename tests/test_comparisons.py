"""Tables of comparison: who is compared with whom, what has no number, and that they follow the marts they read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from intervals import wilson
from landing import build, empty_warehouse, insert

from pipelines.computed import run_computed
from pipelines.figures import changes, comparisons, control_limits
from pipelines.figures.changes import SCHEMA as CHANGES
from pipelines.figures.comparisons import SCHEMA as COMPARISONS
from pipelines.figures.control_limits import SCHEMA as CONTROL_LIMITS
from pipelines.statistics.proportions import difference

TABLES = (comparisons, changes, control_limits)
VALUES = {
    "indicator_id": pl.String, "grain": pl.String, "period_start": pl.Date, "area_level": pl.String, "area_code": pl.String,
    "dimension": pl.String, "member": pl.String, "numerator": pl.Float64, "denominator": pl.Float64, "value": pl.Float64,
    "lower": pl.Float64, "upper": pl.Float64, "target": pl.Float64, "status": pl.String,
}  # fmt: skip
#: What the catalogue says of the indicators used here: kind, unit, direction, time kind.
INDICATORS = {
    "T03": ("proportion", "percent", "higher", "flow"),
    "T09": ("proportion", "percent", "lower", "flow"),
    "T01": ("count", "tickets", "none", "flow"),
    "T13": ("median", "hours", "lower", "flow"),
    "M02": ("proportion", "percent", "higher", "stock"),
    "F03": ("ratio", "percent", "higher", "stock"),
}


def rate(indicator: str, area: str, hits: float, cases: float, month: str = "2026-03", **rest: Any) -> dict[str, Any]:
    """A figure of a proportion with the interval of the catalogue; areas are named u1 (urban), r1 (rural), s1, d1."""
    lower, upper = wilson(*(pl.Series([float(number)]).to_numpy() for number in (hits, cases)))
    return figure(indicator, area, hits / cases, month, numerator=float(hits), denominator=float(cases),
                  lower=lower[0], upper=upper[0]) | rest  # fmt: skip


def figure(indicator: str, area: str, value: float | None, month: str = "2026-03", **rest: Any) -> dict[str, Any]:
    """Any figure of the month."""
    level = {"s": "street", "d": "district", "C": "city"}.get(area[0], "community")
    return {
        "indicator_id": indicator, "grain": "month", "period_start": date.fromisoformat(f"{month}-01"), "area_level": level,
        "area_code": area, "dimension": "all", "member": "all", "value": value,
    } | rest  # fmt: skip


def computed(
    values: Iterable[dict[str, Any]], areas: Iterable[tuple[str, str, str]] = ()
) -> tuple[duckdb.DuckDBPyConnection, dict[str, pl.DataFrame]]:
    """The three tables made of hand-written figures and areas (code, valid from, kind)."""
    con = duckdb.connect(config={"threads": 2})
    for schema in ("marts", "core", "reference"):
        con.execute(f"CREATE SCHEMA {schema}")
    figures = pl.DataFrame([{name: row.get(name) for name in VALUES} for row in values], schema=VALUES)
    kinds = {"u": "urban", "r": "rural"}
    known = {row["area_code"]: ("2020-01-01", kinds.get(row["area_code"][0])) for row in figures.to_dicts()}
    listed = [(code, start, kind) for code, (start, kind) in known.items()] + list(areas)
    made = {
        "marts.indicator_values": figures,
        "marts.areas": pl.DataFrame(listed, schema=["area_code", "valid_from", "area_kind"], orient="row").with_columns(
            pl.col("valid_from").cast(pl.String).str.to_date(), level=pl.lit("community")
        ),
        "marts.indicators": pl.DataFrame(
            [(name, order, *about[:3]) for order, (name, about) in enumerate(INDICATORS.items())],
            schema=["indicator_id", "sort_order", "kind", "unit", "direction"],
            orient="row",
        ),
        "core.indicator_periods": pl.DataFrame(
            [(name, about[3]) for name, about in INDICATORS.items()], schema=["indicator_id", "time_kind"], orient="row"
        ),
        "reference.calendar": pl.DataFrame(
            {"day": pl.date_range(date(2023, 1, 1), date(2027, 1, 1), "1d", eager=True)}
        ).with_columns(fiscal_year=pl.col("day").dt.year()),
    }
    for name, frame in made.items():
        con.register("_frame", frame.to_arrow())
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM _frame")
        con.unregister("_frame")
    for table in TABLES:
        run_computed(con, table)
    return con, {table.table: con.sql(f"SELECT * FROM {table.name}").pl() for table in TABLES}


def compared(values: Iterable[dict[str, Any]], areas: Iterable[tuple[str, str, str]] = ()) -> dict[str, dict[str, Any]]:
    """The comparisons of March 2026 by area."""
    rows = computed(values, areas)[1]["comparisons"].filter(pl.col("period_start") == date(2026, 3, 1))
    return {row["area_code"]: row for row in rows.to_dicts()}


# Peers


def test_communities_are_ranked_among_those_of_their_kind_and_volume() -> None:
    found = compared([
        rate("T03", "u1", 18, 20), rate("T03", "u2", 16, 20), rate("T03", "u3", 12, 15), rate("T03", "u4", 10, 20),
        rate("T03", "u5", 40, 80), rate("T03", "u6", 60, 80), rate("T03", "r1", 1, 20), rate("T03", "r2", 2, 20),
    ])  # fmt: skip
    assert {area: (row["peer_class"], row["rank"]) for area, row in found.items()} == {
        "u1": ("urban/10_to_29", 1), "u2": ("urban/10_to_29", 2), "u3": ("urban/10_to_29", 2), "u4": ("urban/10_to_29", 4),
        "u5": ("urban/30_to_99", 2), "u6": ("urban/30_to_99", 1), "r1": ("rural/10_to_29", 2), "r2": ("rural/10_to_29", 1),
    }  # fmt: skip
    assert found["u1"]["peer_rate"] == pytest.approx(56 / 75) and found["u1"]["peers"] == 4
    assert all(1 <= row["rank_lower"] <= row["rank"] <= row["rank_upper"] <= row["ranked"] for row in found.values())


def test_where_lower_is_better_the_lowest_is_first() -> None:
    found = compared([rate("T09", "s1", 1, 50), rate("T09", "s2", 9, 50)])
    assert (found["s1"]["rank"], found["s2"]["rank"]) == (1, 2)
    assert found["s2"]["p_bottom_tenth"] > 0.9


def test_streets_and_districts_have_one_class_each() -> None:
    found = compared(
        [rate("T03", area, 400, 500) for area in ("s1", "s2")] + [rate("T03", "d1", 8, 20), rate("T03", "d2", 8, 20)]
    )
    assert [found[area]["peer_class"] for area in ("s1", "s2", "d1", "d2")] == [
        "street",
        "street",
        "district",
        "district",
    ]


def test_an_area_with_few_cases_has_a_place_in_the_funnel_and_no_rank() -> None:
    found = compared([rate("T03", f"s{i}", 18, 20) for i in range(5)] + [rate("T03", "s9", 0, 9)])
    assert (found["s9"]["rank"], found["s9"]["rank_lower"], found["s9"]["p_bottom_tenth"]) == (None, None, None)
    assert (found["s9"]["funnel_flag"], found["s9"]["ranked"], found["s9"]["peers"]) == ("below_998", 5, 6)
    assert found["s0"]["rank"] == 1


def test_nobody_is_compared_where_hardly_anybody_has_ten_cases() -> None:
    assert compared([rate("M02", "u1", 4, 4), rate("M02", "u2", 3, 4), rate("M02", "u3", 30, 40)]) == {}


def test_fewer_than_five_peers_have_no_funnel_and_no_shrunk_rate() -> None:
    four = compared([rate("T03", f"s{i}", 10 + i, 20) for i in range(4)])
    five = compared([rate("T03", f"s{i}", 10 + i, 20) for i in range(5)])
    numbers = ("over_dispersion", "funnel_lower_95", "funnel_upper_998", "funnel_flag", "shrunk_value")
    assert {four["s0"][name] for name in numbers} == {None} and four["s0"]["rank"] == 4
    assert None not in [five["s0"][name] for name in numbers]


def test_one_strong_month_does_not_move_a_community_to_other_peers() -> None:
    quiet = [rate("T03", area, 9, 12, f"2025-{month:02}") for area in ("u1", "u2") for month in range(6, 13)]
    march = [rate("T03", "u1", 30, 40), rate("T03", "u2", 9, 12)]
    assert {row["volume_band"] for row in compared(quiet + march).values()} == {"10_to_29"}


def test_a_running_month_does_not_count_as_volume() -> None:
    before = [rate("T03", area, 30, 40, "2026-02") for area in ("u1", "u2")]
    running = [rate("T03", area, 9, 12, status="provisional") for area in ("u1", "u2")]
    found = compared(before + running)
    assert {(row["volume_band"], row["is_provisional"]) for row in found.values()} == {("30_to_99", True)}


def test_the_kind_of_a_community_is_that_of_the_period() -> None:
    later = [("u1", "2026-02-01", "rural"), ("u2", "2026-04-01", "rural")]
    found = compared([rate("T03", area, 9, 12) for area in ("u1", "u2", "r1", "u3")], later)
    assert {area: row["area_kind"] for area, row in found.items()} == {
        "u1": "rural", "r1": "rural", "u2": "urban", "u3": "urban",
    }  # fmt: skip


def test_hidden_unlocated_and_empty_figures_take_no_part() -> None:
    hidden = figure("T03", "s8", None, status="suppressed")
    empty = figure("T03", "s9", None, numerator=0.0, denominator=0.0, status="no_cases")
    nowhere = rate("T03", "s7", 1, 900) | {"area_code": "unlocated"}
    found = compared([rate("T03", "s1", 15, 20), rate("T03", "s2", 15, 20), hidden, empty, nowhere])
    assert found.keys() == {"s1", "s2"} and found["s1"]["peer_rate"] == 0.75


def test_a_survey_counts_with_its_effective_cases() -> None:
    plain = compared([rate("T03", "s1", 450, 500), rate("T03", "s2", 425, 500)])
    lower, upper = wilson(*(pl.Series([number]).to_numpy() for number in (450.0, 500.0)), design_effect=20.0)
    wide = {"lower": lower[0], "upper": upper[0]}
    survey = compared([rate("T03", "s1", 450, 500, **wide), rate("T03", "s2", 425, 500)])
    assert (plain["s1"]["rank"], plain["s1"]["rank_upper"]) == (1, 1)
    assert (survey["s1"]["rank"], survey["s1"]["rank_upper"]) == (1, 2)


# Mix


def mixed(area: str, *parts: tuple[str, float, float], dimension: str = "category_1") -> list[dict[str, Any]]:
    whole = rate("T03", area, sum(hits for _, hits, _ in parts), sum(cases for _, _, cases in parts))
    return [whole, *(rate("T03", area, hits, cases, dimension=dimension, member=name) for name, hits, cases in parts)]


def test_an_unequal_mix_is_standardised_and_said_to_turn_the_order() -> None:
    found = compared([
        *mixed("s1", ("complex", 56, 80), ("simple", 20, 20)), *mixed("s2", ("complex", 13, 20), ("simple", 76, 80)),
    ])  # fmt: skip
    assert [found[area]["value"] for area in ("s1", "s2")] == [0.76, 0.89]
    assert [found[area]["standardised_value"] for area in ("s1", "s2")] == pytest.approx([0.85, 0.80])
    assert {(row["standardised_by"], row["standardised_disagrees"]) for row in found.values()} == {("category_1", True)}


def test_the_channel_is_the_mix_of_an_indicator_without_categories() -> None:
    found = compared([
        row for area in ("s1", "s2") for row in mixed(area, ("app", 9, 10), ("hotline", 5, 10), dimension="channel")
    ])  # fmt: skip
    assert {(row["standardised_by"], row["standardised_disagrees"]) for row in found.values()} == {("channel", False)}


def test_a_figure_whose_parts_are_hidden_is_not_standardised() -> None:
    rows = [*mixed("s1", ("a", 9, 10), ("b", 5, 10)), *mixed("s2", ("a", 9, 10), ("b", 5, 10))]
    rows[-1] |= {"numerator": None, "denominator": None, "value": None, "status": "suppressed"}
    found = compared(rows)
    assert found["s2"]["standardised_value"] is None and found["s2"]["standardised_by"] is None
    assert found["s1"]["standardised_value"] == pytest.approx(0.7)


# Changes


def changed(values: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The changes of March 2026 by indicator and what it is compared with."""
    rows = computed(values)[1]["changes"].filter(pl.col("period_start") == date(2026, 3, 1))
    return {(row["indicator_id"], row["compared_with"]): row for row in rows.to_dicts()}


def test_a_proportion_changes_by_percentage_points_with_their_interval() -> None:
    found = changed([
        rate("T03", "C", 56, 70), rate("T03", "C", 48, 80, "2026-02"), rate("T03", "C", 55, 70, "2025-03"),
        rate("T03", "C", 1, 70, "2025-02"),
    ])  # fmt: skip
    previous, year = found["T03", "previous_period"], found["T03", "same_period_last_year"]
    assert (previous["before_start"], year["before_start"]) == (date(2026, 2, 1), date(2025, 3, 1))
    assert (previous["change"], previous["unit"]) == (pytest.approx(20), "percentage_points")
    # Newcombe 1998, table II (a), method 10
    assert (previous["change_lower"], previous["change_upper"]) == (
        pytest.approx(5.24, abs=5e-3),
        pytest.approx(33.39, abs=5e-3),
    )
    assert previous["p_no_change"] < 0.05 and previous["is_beyond_chance"] and not year["is_beyond_chance"]


def test_provisional_figures_change_without_a_verdict() -> None:
    row = changed([rate("T03", "C", 70, 70, status="provisional"), rate("T03", "C", 8, 80, "2026-02")])[
        "T03", "previous_period"
    ]
    assert row["change"] == pytest.approx(90) and row["is_provisional"]
    assert {row[name] for name in ("change_lower", "change_upper", "p_no_change", "is_beyond_chance")} == {None}


def test_counts_change_relatively_and_stocks_without_an_interval() -> None:
    found = changed([
        figure("T01", "C", 120.0), figure("T01", "C", 100.0, "2026-02"), figure("T01", "C", 7.0, "2026-01"),
        figure("T13", "C", 30.0), figure("T13", "C", 40.0, "2026-02"),
        rate("M02", "C", 9, 10), rate("M02", "C", 8, 10, "2026-02"),
    ])  # fmt: skip
    count, median, stock = (found[name, "previous_period"] for name in ("T01", "T13", "M02"))
    assert (count["change"], count["unit"], count["relative_change"]) == (20, "tickets", pytest.approx(0.2))
    assert (median["change"], median["unit"], median["relative_change"]) == (-10, "hours", None)
    assert stock["change"] == pytest.approx(10)
    assert {row["is_beyond_chance"] for row in (count, median, stock)} == {None}


def test_half_a_month_is_not_compared_with_a_whole_one() -> None:
    running = figure("T01", "C", 60.0, status="provisional")
    assert changed([running, figure("T01", "C", 100.0, "2026-02"), figure("T01", "C", 9.0, "2026-01")]) == {}


def test_a_count_is_not_compared_with_the_period_in_which_the_data_begin() -> None:
    assert changed([figure("T01", "C", 100.0), figure("T01", "C", 9.0, "2026-02")]) == {}


def test_money_is_not_compared_across_the_turn_of_the_fiscal_year() -> None:
    values = [
        figure("F03", "C", 0.1, "2026-01"),
        figure("F03", "C", 0.9, "2025-12"),
        figure("F03", "C", 0.05, "2025-01"),
    ]
    rows = computed(values)[1]["changes"].to_dicts()
    assert [(row["compared_with"], row["change"]) for row in rows] == [("same_period_last_year", pytest.approx(5))]


def test_hidden_figures_have_no_change() -> None:
    hidden = figure("T03", "C", None, "2026-02", status="suppressed")
    assert changed([rate("T03", "C", 56, 70), hidden]) == {}


# Control charts


def charted(
    indicator: str, values: list[float], last: str = "2026-03", area: str = "C", **rest: Any
) -> list[dict[str, Any]]:
    """The chart of the values of the months to `last`; the last one is provisional where `rest` says so."""
    end = date.fromisoformat(f"{last}-01")
    months = [(end.year * 12 + end.month - 1 - back) for back in range(len(values) - 1, -1, -1)]
    rows = [
        figure(indicator, area, value, f"{month // 12}-{month % 12 + 1:02}", target=rest.get("target"))
        for value, month in zip(values, months, strict=True)
    ]
    rows[-1] |= rest
    return computed(rows)[1]["control_limits"].sort("period_start").to_dicts()


STEADY = [0.80, 0.82] * 6


def test_a_chart_needs_twelve_final_months() -> None:
    assert charted("T03", STEADY[:11]) == []
    assert charted("T03", STEADY, status="provisional") == []
    assert len(charted("T03", STEADY)) == 12


def test_a_provisional_month_is_shown_and_not_judged() -> None:
    rows = charted("T03", [*STEADY, 0.2], status="provisional")
    assert rows[-1]["variation"] is None and rows[-1]["beyond_limits"] is None and not rows[-1]["is_baseline"]
    assert rows[-1]["centre"] == pytest.approx(0.81) and rows[0]["baseline_points"] == 12


@pytest.mark.parametrize(
    ("indicator", "last", "variation"),
    [("T03", 0.9, "improving"), ("T03", 0.7, "concerning"), ("T03", 0.8, "common_cause"), ("T09", 0.9, "concerning"),
     ("T01", 0.9, "special_cause")],
)  # fmt: skip
def test_a_signal_improves_or_concerns_by_the_direction_of_the_indicator(
    indicator: str, last: float, variation: str
) -> None:
    assert charted(indicator, [*STEADY, *STEADY, last])[-1]["variation"] == variation


@pytest.mark.parametrize(
    ("indicator", "target", "assurance"),
    [("T03", 0.7, "passing"), ("T03", 0.9, "failing"), ("T03", 0.81, "hit_and_miss"), ("T09", 0.9, "passing"),
     ("T09", 0.7, "failing"), ("T03", None, None)],
)  # fmt: skip
def test_assurance_is_where_the_target_lies(indicator: str, target: float | None, assurance: str | None) -> None:
    """Centre 0.81, limits 0.81 ± 2.66 × 0.02."""
    assert {row["assurance"] for row in charted(indicator, STEADY, target=target)} == {assurance}


def test_limits_stay_where_a_proportion_can_be() -> None:
    rows = charted("T03", [0.9, 1.0] * 6)
    assert (rows[0]["lower_limit"], rows[0]["upper_limit"]) == (pytest.approx(0.95 - 0.266), 1.0)


def test_stocks_and_money_have_no_chart() -> None:
    assert charted("M02", STEADY) == [] and charted("F03", STEADY) == []


def test_a_chart_holds_three_years() -> None:
    rows = charted("T03", STEADY * 4)
    assert len(rows) == 36 and sum(row["is_baseline"] for row in rows) == 24


# All three


def test_without_figures_the_tables_are_empty_and_have_their_columns() -> None:
    _, tables = computed([])
    for name, schema in (("comparisons", COMPARISONS), ("changes", CHANGES), ("control_limits", CONTROL_LIMITS)):
        assert tables[name].is_empty() and list(tables[name].columns) == list(schema)


def test_the_tables_follow_the_marts_that_tickets_make() -> None:
    con = empty_warehouse()
    insert(con, "areas", [
        {"area_code": code, "area_name": code, "level": level, "parent_code": parent, "valid_from": date(2020, 1, 1)}
        for code, level, parent in [("C", "city", None), ("D1", "district", "C"), ("D2", "district", "C")]
    ])  # fmt: skip
    late = {("D1", "01"): 2, ("D1", "02"): 6, ("D2", "01"): 1, ("D2", "02"): 1}
    insert(con, "tickets", [
        {"ticket_id": f"{area}{month}{i}", "channel": "hotline", "status": "resolved", "area_code": area,
         "accepted_at": f"2026-{month}-03 09:00", "due_at": f"2026-{month}-06 09:00",
         "resolved_at": f"2026-{month}-{'09' if i < slow else '05'} 09:00"}
        for (area, month), slow in late.items() for i in range(20)
    ])  # fmt: skip
    build(con, {"tickets": "2026-06-01 00:00"}, wanted=None)
    where = "indicator_id = 'T03' AND grain = 'month' AND period_start = DATE '2026-02-01'"
    assert con.execute(
        f"SELECT area_code, peer_class, rank, value FROM marts.comparisons WHERE {where} ORDER BY 1"
    ).fetchall() == [("D1", "district", 2, 0.7), ("D2", "district", 1, 0.95)]
    [(change, lower, upper)] = con.execute(
        f"SELECT change, change_lower, change_upper FROM marts.changes WHERE {where} AND area_code = 'D1'"
    ).fetchall()
    expected = difference(*(pl.Series([number]).to_numpy() for number in (14.0, 20.0, 18.0, 20.0)))
    assert (change, lower, upper) == (
        pytest.approx(-20), pytest.approx(100 * expected[0][0]), pytest.approx(100 * expected[1][0]),
    )  # fmt: skip
    rates = con.sql(
        "SELECT numerator, denominator, lower, upper FROM marts.indicator_values WHERE lower IS NOT NULL"
    ).pl()
    again = wilson(rates["numerator"].to_numpy(), rates["denominator"].to_numpy())
    assert rates["lower"].to_list() == pytest.approx(again[0]) and rates["upper"].to_list() == pytest.approx(again[1])
