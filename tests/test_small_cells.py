"""Small numbers of people stay hidden where areas, sums and remainders are put together."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from landing import CONTRACTS, ROOT, build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF, figure

from pipelines.catalogue import load_catalogue
from pipelines.figures.small_cells import protect

SCHEMA = {
    "indicator_id": pl.String, "stock_on": pl.Int64, "dimension": pl.String, "member": pl.String,
    "area_level": pl.String, "area_code": pl.String, "parent_level": pl.String, "parent_code": pl.String,
    "part": pl.Float64, "others": pl.Float64, "is_thin": pl.Boolean,
}  # fmt: skip
ABOVE = {"district": "city", "street": "district", "community": "street"}


def cell(level: str, code: str, parent: str | None, part: float | None, others: float | None = None) -> dict[str, Any]:
    return {
        "indicator_id": "M04", "stock_on": 1, "dimension": "all", "member": "all", "area_level": level, "area_code": code,
        "parent_level": ABOVE.get(level) if parent else None, "parent_code": parent,
        "part": part, "others": others, "is_thin": False,
    }  # fmt: skip


def hidden(cells: list[dict[str, Any]], minimum: int = 10) -> set[str]:
    """The codes of the cells that are hidden."""
    found = protect(pl.DataFrame(cells, schema=SCHEMA), minimum).filter("is_hidden")
    return set(found["area_code"].to_list())


def test_the_smallest_shown_sibling_hides_with_a_small_number() -> None:
    city = [cell("city", "C", None, 95), cell("district", "A", "C", 5), cell("district", "B", "C", 50)]
    assert hidden([*city, cell("district", "D", "C", 40)]) == {"A", "D"}


def test_two_small_numbers_that_can_be_had_from_their_sum_take_a_third_with_them() -> None:
    city = [cell("city", "C", None, 102), cell("district", "A", "C", 1), cell("district", "B", "C", 1)]
    assert hidden([*city, cell("district", "D", "C", 40), cell("district", "E", "C", 60)]) == {"A", "B", "D"}
    # 9 and 10 cannot be had from 19
    city = [cell("city", "C", None, 59), cell("district", "A", "C", 9), cell("district", "B", "C", 10)]
    assert hidden([*city, cell("district", "D", "C", 40)], minimum=11) == {"A", "B", "D"}
    assert hidden([*city[:2], cell("district", "B", "C", 50)]) == {"A", "B"}


def test_an_area_hidden_beside_a_small_one_cannot_be_added_up_from_those_below_it() -> None:
    cells = [
        cell("city", "C", None, 105), cell("district", "A", "C", 5), cell("district", "B", "C", 40),
        cell("district", "D", "C", 60), cell("street", "B1", "B", 12), cell("street", "B2", "B", 28),
    ]  # fmt: skip
    assert hidden(cells) == {"A", "B", "B1"}


def test_what_lies_in_no_street_counts_as_a_street() -> None:
    # 3 of the 63 are placed in the district only: 63 less its streets would tell
    cells = [
        cell("city", "C", None, 63), cell("district", "D", "C", 63), cell("street", "D1", "D", 20),
        cell("street", "D2", "D", 40), cell("street", "unlocated", None, 3),
    ]  # fmt: skip
    assert hidden(cells) == {"D1", "unlocated"}


def test_few_others_hide_a_proportion_and_a_sibling_that_is_large_on_both_sides() -> None:
    cells = [
        cell("city", "C", None, 170, 63), cell("district", "A", "C", 60, 3), cell("district", "B", "C", 30, 0),
        cell("district", "D", "C", 40, 20), cell("district", "E", "C", 40, 40),
    ]  # fmt: skip
    assert hidden(cells) == {"A", "D"}


@st.composite
def ladders(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A city of districts, streets and communities in which every sum is exact."""
    cells: list[dict[str, Any]] = []
    total = 0
    for d in range(draw(st.integers(1, 4))):
        in_district = 0
        for s in range(draw(st.integers(1, 4))):
            counts = draw(st.lists(st.sampled_from([0, 0, 1, 2, 5, 9, 10, 11, 30, 80]), min_size=1, max_size=4))
            cells += [cell("community", f"{d}{s}{k}", f"{d}{s}", n) for k, n in enumerate(counts)]
            cells.append(cell("street", f"{d}{s}", f"{d}", sum(counts)))
            in_district += sum(counts)
        cells.append(cell("district", f"{d}", "C", in_district))
        total += in_district
    return [row for row in [*cells, cell("city", "C", None, total)] if row["part"]]


@settings(max_examples=25, deadline=None)
@given(cells=ladders())
def test_no_small_number_is_the_solution_of_the_published_equations(cells: list[dict[str, Any]]) -> None:
    secret = hidden(cells)
    unknown = sorted(secret)
    small = [row["area_code"] for row in cells if row["part"] < 10]
    assert set(small) <= secret
    column = {code: i for i, code in enumerate(unknown)}
    equations = []
    for whole in cells:
        row = np.zeros(len(unknown))
        for term, sign in [(whole, -1.0), *((c, 1.0) for c in cells if c["parent_code"] == whole["area_code"])]:
            if term["area_code"] in column:
                row[column[term["area_code"]]] = sign
        if whole["area_level"] != "community":
            equations.append(row)
    matrix = np.array(equations).reshape(len(equations), len(unknown))
    rank = np.linalg.matrix_rank(matrix) if unknown else 0
    for code in small:
        asked = np.zeros((1, len(unknown)))
        asked[0, column[code]] = 1
        assert np.linalg.matrix_rank(np.vstack([matrix, asked])) > rank, (code, unknown)


def test_a_hidden_figure_of_people_is_hidden_at_every_grain_and_totals_stay() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    counts = {"K1": 40, "K2": 20, "K3": 4}
    insert(
        con,
        "headcounts",
        [{"area_code": c, "role": "partner_head", "as_of": "2026-03-10", "headcount": n} for c, n in counts.items()],
    )
    build(con, dict.fromkeys(CONTRACTS, AS_OF))
    # March: D1 has K1, D2 has K2 and K3: 4 hides K2 beside it, whose number would give it away
    for grain, start in (("month", "2026-03-01"), ("quarter", "2026-01-01"), ("week", "2026-03-30")):
        for code, shown in (("C", 64), ("D1", 40), ("D2", 24), ("S2", 24), ("K1", 40)):
            found = figure(con, "M18", grain, start, code)
            assert found is not None and found.value == shown
        for code in ("K2", "K3"):
            assert figure(con, "M18", grain, start, code) == (*[None] * 8, "suppressed")


def test_figures_about_people_have_no_members_whose_sum_would_tell_a_hidden_one() -> None:
    catalogue = load_catalogue(ROOT / "data_contracts/indicators.yaml")
    people = [entry.id for entry in catalogue.indicators if entry.people]
    assert {entry.time for entry in catalogue.indicators if entry.people} == {"stock"}
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "organisations", [{"org_id": "o", "org_name": "o", "org_level": "grid_branch", "area_code": "K1"}])
    roles = ("community_worker", "volunteer", "active_volunteer", "partner_head")
    for role, (code, n) in product(roles, (("K1", 40), ("K3", 50))):
        insert(con, "headcounts", [{"area_code": code, "role": role, "as_of": "2026-03-10", "headcount": n}])
    insert(
        con,
        "members",
        [{"member_id": f"m{i}", "org_id": "o", "birth_year": 1990, "_valid_from": "2026-01-01"} for i in range(40)],
    )
    build(con, dict.fromkeys(CONTRACTS, AS_OF))
    rows = con.execute(
        "SELECT DISTINCT dimension FROM marts.indicator_values WHERE list_contains(?, indicator_id)", [people]
    ).fetchall()
    assert rows == [("all",)]
