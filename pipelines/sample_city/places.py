"""The areas of the sample city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.sample_city.names import DISTRICTS, place_names
from pipelines.sample_city.window import BoolArray, FloatArray, IntArray, Window, spread

CITY_CODE = "990100"
CITY_NAME, CITY_NAME_EN = "示例市", "Sample City"
STREETS, COMMUNITIES, GRIDS = 26, 239, 986
POPULATION = 1_903_600
WEAK_STREET = 17
_MOVED_GRIDS = 3
_FOUNDED = "2015-01-01"


@dataclass(frozen=True)
class Places:
    """Arrays over communities (239 live, then the merged one at the end) and grids (986 live, then its old ones)."""

    areas: pl.DataFrame
    district_codes: list[str]
    street_codes: list[str]
    street_names: list[str]
    community_codes: list[str]
    community_names: list[str]
    community_street: IntArray
    community_kind: pl.Series
    community_population: IntArray
    grid_codes: list[str]
    grid_names: list[str]
    grid_community: IntArray
    first_grid: IntArray
    grid_count: IntArray
    grid_is_moved: BoolArray
    latitude: FloatArray
    longitude: FloatArray
    weak: BoolArray
    heir: int

    @property
    def merged(self) -> int:
        """Index of the community that was merged into `heir`."""
        return COMMUNITIES


def make_places(rng: np.random.Generator, window: Window) -> Places:
    """Five districts, 26 streets, 239 communities, 986 grids, and one community merged on `window.merger`.

    One grid of the merged community is split between two; half a year later another community gets a new name.
    """
    street_district = np.repeat(np.arange(5, dtype=np.int64), [6, 6, 5, 5, 4])
    chinese, english = place_names(rng, STREETS + COMMUNITIES + 1)
    per_street = spread(COMMUNITIES, rng.uniform(0.6, 1.6, STREETS), least=5)
    street_of = np.repeat(np.arange(STREETS, dtype=np.int64), per_street)

    weight = np.clip(rng.lognormal(0.0, 0.42, COMMUNITIES), 0.3, 3.0)
    population = spread(POPULATION, weight, least=1500)
    grid_count = spread(GRIDS, population.astype(np.float64), least=2)
    grid_of = np.repeat(np.arange(COMMUNITIES, dtype=np.int64), grid_count)
    first_grid = np.concatenate([[0], np.cumsum(grid_count)[:-1]]).astype(np.int64)
    grid_weight = rng.uniform(0.7, 1.3, GRIDS)
    grid_population = np.concatenate(
        [
            spread(int(people), grid_weight[start : start + count])
            for people, start, count in zip(population, first_grid, grid_count, strict=True)
        ]
    )
    heir = int(np.argmax(grid_count))
    moved = np.zeros(GRIDS, dtype=np.bool_)
    moved[first_grid[heir] + grid_count[heir] - _MOVED_GRIDS : first_grid[heir] + grid_count[heir]] = True
    moved_population = grid_population[moved]

    district_codes = [f"9901{number:02d}" for number in range(2, 7)]
    place_in_district = np.concatenate([np.arange(1, count + 1) for count in (6, 6, 5, 5, 4)])
    street_codes = [
        f"{district_codes[district]}{place:03d}"
        for district, place in zip(street_district, place_in_district, strict=True)
    ]
    place_in_street = np.concatenate([np.arange(1, count + 1) for count in per_street])
    community_codes = [
        f"{street_codes[street]}{place:03d}" for street, place in zip(street_of, place_in_street, strict=True)
    ]
    community_codes.append(f"{street_codes[street_of[heir]]}{per_street[street_of[heir]] + 1:03d}")
    place_in_community = np.concatenate([np.arange(1, count + 1) for count in grid_count])
    grid_codes = [
        f"{community_codes[community]}{place:03d}" for community, place in zip(grid_of, place_in_community, strict=True)
    ] + [f"{community_codes[-1]}{place:03d}" for place in range(1, _MOVED_GRIDS + 1)]

    community_street = np.append(street_of, street_of[heir])
    community_population = np.append(population, moved_population.sum())
    grid_community = np.append(grid_of, np.full(_MOVED_GRIDS, COMMUNITIES, dtype=np.int64))
    kinds = np.array(["urban"] * 150 + ["rural"] * 40 + ["key"] * 30 + ["new"] * 19)[rng.permutation(COMMUNITIES)]
    community_kind = pl.Series([*kinds.tolist(), str(kinds[heir])])

    weak = np.zeros(COMMUNITIES + 1, dtype=np.bool_)
    candidates = np.flatnonzero((street_of != WEAK_STREET) & (population > 9000) & (np.arange(COMMUNITIES) != heir))
    weak[rng.permutation(candidates)[:5]] = True

    # A made-up plain around 30 N 110 E: the frame is real degrees, the city is not on any map.
    angle = np.arange(STREETS) * 2.399963
    radius = 0.028 * np.sqrt(np.arange(STREETS) + 1.0)
    community_latitude = 30.0 + (radius * np.sin(angle))[community_street] + rng.normal(0, 0.009, COMMUNITIES + 1)
    community_longitude = 110.0 + (radius * np.cos(angle))[community_street] + rng.normal(0, 0.010, COMMUNITIES + 1)

    street_names = [f"{name}街道" for name in chinese[:STREETS]]
    bare = chinese[STREETS:]
    community_names = [
        f"{name}{'村' if kind == 'rural' else '社区'}" for name, kind in zip(bare, community_kind, strict=True)
    ]
    community_names_en = [
        f"{name} {'Village' if kind == 'rural' else 'Community'}"
        for name, kind in zip(english[STREETS:], community_kind, strict=True)
    ]
    all_places = np.append(place_in_community, np.arange(1, _MOVED_GRIDS + 1))
    grid_names = [
        f"{bare[community]}第{place}网格" for community, place in zip(grid_community, all_places, strict=True)
    ]
    grid_names_en = [
        f"{english[STREETS + community]} Grid {place}"
        for community, place in zip(grid_community, all_places, strict=True)
    ]
    heir_before = int(population[heir] - moved_population.sum())
    merger = window.merger.isoformat()
    renamed = 1 if heir == 0 else 0
    renaming = window.merger.replace(month=7).isoformat()
    # The merged community's grids were redrawn: of the first, two fifths went to the heir of the second.
    new = [grid_codes[grid] for grid in np.flatnonzero(moved)]

    def rows(**columns: object) -> pl.DataFrame:
        return pl.DataFrame(columns)

    grid_latitude = community_latitude[grid_community] + rng.normal(0, 0.002, len(grid_community))
    grid_longitude = community_longitude[grid_community] + rng.normal(0, 0.002, len(grid_community))
    street_population = np.bincount(street_of, weights=population, minlength=STREETS).astype(np.int64)
    district_population = np.bincount(street_district, weights=street_population, minlength=5).astype(np.int64)
    live = slice(0, COMMUNITIES)
    areas = pl.concat(
        [
            rows(area_code=[CITY_CODE], area_name=[CITY_NAME], area_name_en=[CITY_NAME_EN], level=["city"],
                 population=[POPULATION]),
            rows(area_code=district_codes, area_name=[f"{name}区" for name, _ in DISTRICTS],
                 area_name_en=[f"{name} District" for _, name in DISTRICTS], level=["district"] * 5,
                 parent_code=[CITY_CODE] * 5, population=district_population),
            rows(area_code=street_codes, area_name=street_names,
                 area_name_en=[f"{name} Street" for name in english[:STREETS]], level=["street"] * STREETS,
                 parent_code=[district_codes[district] for district in street_district], population=street_population),
            rows(area_code=community_codes[live], area_name=community_names[live],
                 area_name_en=community_names_en[live],
                 level=["community"] * COMMUNITIES, parent_code=[street_codes[street] for street in street_of],
                 area_kind=community_kind[live], population=population, latitude=community_latitude[live],
                 longitude=community_longitude[live],
                 valid_from=[merger if number == heir else renaming if number == renamed else _FOUNDED for number in range(COMMUNITIES)]),
            rows(area_code=[community_codes[renamed]], level=["community"], area_name=[f"老{community_names[renamed]}"],
                 area_name_en=[f"Old {community_names_en[renamed]}"], parent_code=[street_codes[street_of[renamed]]],
                 area_kind=[str(kinds[renamed])], population=[int(population[renamed])], latitude=community_latitude[[renamed]],
                 longitude=community_longitude[[renamed]], valid_from=[_FOUNDED], valid_to=[renaming]),
            rows(area_code=[community_codes[heir], community_codes[-1]], level=["community"] * 2,
                 area_name=[community_names[heir], community_names[-1]],
                 area_name_en=[community_names_en[heir], community_names_en[-1]],
                 parent_code=[street_codes[street_of[heir]]] * 2, area_kind=[str(kinds[heir])] * 2,
                 population=[heir_before, int(moved_population.sum())],
                 latitude=community_latitude[[heir, -1]], longitude=community_longitude[[heir, -1]],
                 valid_from=[_FOUNDED] * 2, valid_to=[merger] * 2, successor_code=[None, community_codes[heir]]),
            rows(area_code=grid_codes, area_name=grid_names, area_name_en=grid_names_en,
                 level=["grid"] * len(grid_codes),
                 parent_code=[community_codes[community] for community in grid_community],
                 population=np.append(grid_population, moved_population), latitude=grid_latitude,
                 longitude=grid_longitude,
                 valid_from=[merger if flag else _FOUNDED for flag in moved] + [_FOUNDED] * _MOVED_GRIDS,
                 valid_to=[None] * GRIDS + [merger] * _MOVED_GRIDS,
                 successor_code=[None] * GRIDS + [f"{new[0]};{new[1]}", *new[1:]],
                 successor_weight=[None] * GRIDS + ["0.6;0.4", None, None]),
        ],
        how="diagonal_relaxed",
    )  # fmt: skip
    areas = areas.select(
        "area_code",
        pl.col("valid_from").fill_null(_FOUNDED).str.to_date(),
        pl.col("valid_to").cast(pl.String).str.to_date(),
        "area_name",
        "area_name_en",
        "level",
        "parent_code",
        "area_kind",
        "population",
        (pl.col("population") / 2.63).round().cast(pl.Int64).alias("households"),
        pl.col("latitude").round(6),
        pl.col("longitude").round(6),
        "successor_code",
        "successor_weight",
    )
    return Places(
        areas=areas,
        district_codes=district_codes,
        street_codes=street_codes,
        street_names=street_names,
        community_codes=community_codes,
        community_names=community_names,
        community_street=community_street,
        community_kind=community_kind,
        community_population=community_population,
        grid_codes=grid_codes,
        grid_names=grid_names,
        grid_community=grid_community,
        first_grid=np.append(first_grid, GRIDS),
        grid_count=np.append(grid_count, _MOVED_GRIDS),
        grid_is_moved=np.append(moved, np.zeros(_MOVED_GRIDS, dtype=np.bool_)),
        latitude=community_latitude,
        longitude=community_longitude,
        weak=weak,
        heir=heir,
    )
