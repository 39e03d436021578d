"""The organisations of the sample city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.sample_city.places import COMMUNITIES, GRIDS, STREETS, Places
from pipelines.sample_city.window import IntArray, Window, day_number, spread

BUILDING_GROUPS = 3460
PARTNER_UNITS = 780


@dataclass(frozen=True)
class Organisations:
    """The table, and for members the ids of live building groups, with the grid of each, and of partner units."""

    table: pl.DataFrame
    group_ids: list[str]
    group_grid: IntArray
    unit_ids: list[str]


def dates(days: IntArray) -> pl.Series:
    """Days since 1970 as dates; negative numbers below -90,000 become empty."""
    kept = days > -90_000
    values = pl.Series(np.where(kept, days, 0).astype(np.int32)).cast(pl.Date)
    return pl.select(pl.when(pl.Series(kept)).then(values).otherwise(None)).to_series()


NO_DAY = -100_000
"""Day number that stands for an empty date."""


def make_organisations(rng: np.random.Generator, window: Window, places: Places) -> Organisations:
    """Live: 26 street and 239 community committees, 986 grid branches, 3,460 building groups, 780 partner units."""
    merger, start, cut = day_number(window.merger), day_number(window.start), day_number(window.cut)
    old = day_number(window.merger.replace(year=2016))
    community_of = places.grid_community
    street_committee = [f"JW{code}" for code in places.street_codes]
    committee = [f"SQ{code}" for code in places.community_codes]
    branch = [f"ZB{code}" for code in places.grid_codes]
    grids = len(places.grid_codes)
    moved = places.grid_is_moved

    branch_founded = rng.integers(old, start, grids)
    recent = rng.permutation(np.flatnonzero(~moved[:GRIDS]))[:38]
    branch_founded[recent] = rng.integers(start, cut + 1, len(recent))
    branch_founded[moved] = merger
    branch_founded[GRIDS:] = old
    branch_dissolved = np.where(np.arange(grids) >= GRIDS, merger, NO_DAY)

    per_grid = spread(BUILDING_GROUPS, rng.uniform(0.5, 2.0, GRIDS), least=1)
    live_grid = np.repeat(np.arange(GRIDS, dtype=np.int64), per_grid)
    gone_grid = np.concatenate([np.repeat(np.arange(GRIDS, grids), 3), rng.integers(0, GRIDS, 45)])
    group_grid = np.concatenate([live_grid, gone_grid])
    group_place = np.concatenate([np.arange(1, n + 1) for n in per_grid] + [np.arange(901, 901 + len(gone_grid))])
    group_ids = [
        f"XZ{places.grid_codes[grid]}-{place:02d}" for grid, place in zip(group_grid, group_place, strict=True)
    ]
    groups = len(group_grid)
    group_founded = rng.integers(old, start, groups)
    new = rng.random(groups) < 0.07
    group_founded[new] = rng.integers(start, cut + 1, int(new.sum()))
    group_founded = np.maximum(group_founded, branch_founded[group_grid])
    group_dissolved = np.full(groups, NO_DAY)
    closed = np.arange(BUILDING_GROUPS, groups)
    group_founded[closed] = old
    group_dissolved[closed] = np.where(group_grid[closed] >= GRIDS, merger, rng.integers(start, cut + 1, len(closed)))

    unit_community = np.sort(rng.integers(0, COMMUNITIES, PARTNER_UNITS + 24))
    units = len(unit_community)
    unit_ids = [f"GJ{number:05d}" for number in range(1, units + 1)]
    unit_kind = rng.choice(["new_economy", "agency", "institution"], units, p=[0.45, 0.25, 0.30])
    unit_words = pl.Series(["明科信息", "瑞丰商贸", "第一小学", "人民医院", "供水公司", "税务分局", "银行支行"])
    unit_names = pl.Series(places.community_names).gather(unit_community) + unit_words.gather(rng.integers(0, 7, units))
    unit_names = unit_names + "（" + pl.Series(np.arange(1, units + 1)).cast(pl.String) + "）"
    unit_founded = rng.integers(old, start, units)
    fresh = rng.random(units) < 0.10
    unit_founded[fresh] = rng.integers(start, cut + 1, int(fresh.sum()))
    unit_dissolved = np.full(units, NO_DAY)
    leaving = rng.permutation(units)[:24]
    unit_founded[leaving] = old
    unit_dissolved[leaving] = rng.integers(start, cut + 1, 24)

    rural = [kind == "rural" for kind in places.community_kind]
    community_merged = np.full(COMMUNITIES + 1, NO_DAY)
    community_merged[places.merged] = merger
    table = pl.concat(
        [
            pl.DataFrame(
                {
                    "org_id": street_committee,
                    "parent_org_id": [None] * STREETS,
                    "org_name": [f"{name}党工委" for name in places.street_names],
                    "org_level": "street_committee",
                    "org_kind": "community",
                    "area_code": places.street_codes,
                    "founded_on": dates(np.full(STREETS, old)),
                    "dissolved_on": dates(np.full(STREETS, NO_DAY)),
                }
            ),
            pl.DataFrame(
                {
                    "org_id": committee,
                    "parent_org_id": [street_committee[street] for street in places.community_street],
                    "org_name": [f"{name}党委" for name in places.community_names],
                    "org_level": "community_committee",
                    "org_kind": ["rural" if flag else "community" for flag in rural],
                    "area_code": places.community_codes,
                    "founded_on": dates(np.full(COMMUNITIES + 1, old)),
                    "dissolved_on": dates(community_merged),
                }
            ),
            pl.DataFrame(
                {
                    "org_id": branch,
                    "parent_org_id": [committee[community] for community in community_of],
                    "org_name": [f"{name}党支部" for name in places.grid_names],
                    "org_level": "grid_branch",
                    "org_kind": ["rural" if rural[community] else "community" for community in community_of],
                    "area_code": places.grid_codes,
                    "founded_on": dates(branch_founded),
                    "dissolved_on": dates(branch_dissolved),
                }
            ),
            pl.DataFrame(
                {
                    "org_id": group_ids,
                    "parent_org_id": [branch[grid] for grid in group_grid],
                    "org_name": [
                        f"{places.grid_names[grid]}{place}号楼党小组"
                        for grid, place in zip(group_grid, group_place, strict=True)
                    ],
                    "org_level": "building_group",
                    "org_kind": ["rural" if rural[community_of[grid]] else "community" for grid in group_grid],
                    "area_code": [places.grid_codes[grid] for grid in group_grid],
                    "founded_on": dates(group_founded),
                    "dissolved_on": dates(group_dissolved),
                }
            ),
            pl.DataFrame(
                {
                    "org_id": unit_ids,
                    "parent_org_id": [committee[community] for community in unit_community],
                    "org_name": unit_names,
                    "org_level": "partner_unit",
                    "org_kind": unit_kind,
                    "area_code": [places.community_codes[community] for community in unit_community],
                    "founded_on": dates(unit_founded),
                    "dissolved_on": dates(unit_dissolved),
                }
            ),
        ],
        how="vertical_relaxed",
    )
    stays = np.flatnonzero(unit_dissolved == NO_DAY)
    return Organisations(
        table=table,
        group_ids=group_ids[:BUILDING_GROUPS],
        group_grid=live_grid,
        unit_ids=[unit_ids[unit] for unit in stays],
    )
