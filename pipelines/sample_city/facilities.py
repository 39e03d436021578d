"""The service centres of the sample city."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import NO_DAY, dates
from pipelines.sample_city.places import COMMUNITIES, STREETS, Places
from pipelines.sample_city.window import Window, day_number

SMALL_CENTRES = 40
REGIONAL_CENTRES = 65
_REPLACED = 9


def make_facilities(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """26 street and 239 community centres live (225 of at least 500 m²), 65 regional ones, and some closed."""
    start, cut, merger = day_number(window.start), day_number(window.cut), day_number(window.merger)
    live = STREETS + COMMUNITIES
    small = STREETS + rng.permutation(COMMUNITIES)[:SMALL_CENTRES]
    size = np.concatenate([rng.uniform(900, 3200, STREETS), rng.uniform(500, 1600, COMMUNITIES)])
    size[small] = rng.uniform(160, 498, SMALL_CENTRES)
    large = np.setdiff1d(np.arange(STREETS, live), small)
    size[large[:6]] = 500.0
    opened = rng.integers(start - 3500, start - 30, live)
    moved = rng.permutation(large)[:_REPLACED]
    opened[moved] = rng.integers(start + 20, cut + 1, _REPLACED)
    codes = pl.Series([*places.street_codes, *places.community_codes])
    old_codes = pl.concat([codes.gather(moved), pl.Series([places.community_codes[places.merged]])])
    old_size = rng.uniform(150, 420, _REPLACED + 1)
    old_opened = rng.integers(start - 5500, start - 3600, _REPLACED + 1)
    regional = pl.Series(places.street_codes).gather(rng.integers(0, STREETS, REGIONAL_CENTRES))
    count = live + _REPLACED + 1 + REGIONAL_CENTRES
    return pl.DataFrame(
        {
            "facility_id": "ZX" + pl.Series(np.arange(1, count + 1)).cast(pl.String).str.zfill(4),
            "area_code": pl.concat([codes[:live], old_codes, regional]),
            "kind": ["street_centre"] * STREETS
            + ["community_centre"] * (COMMUNITIES + _REPLACED + 1)
            + ["regional_centre"] * REGIONAL_CENTRES,
            "floor_area_m2": np.round(np.concatenate([size, old_size, rng.uniform(700, 4800, REGIONAL_CENTRES)]), 1),
            "opened_on": dates(
                np.concatenate([opened, old_opened, rng.integers(start - 2500, cut + 1, REGIONAL_CENTRES)])
            ),
            "closed_on": dates(
                np.concatenate([np.full(live, NO_DAY), opened[moved], [merger], np.full(REGIONAL_CENTRES, NO_DAY)])
            ),
        }
    )
