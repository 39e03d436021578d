"""Residents' assemblies and station visits of the sample city."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import dates
from pipelines.sample_city.places import COMMUNITIES, Places
from pipelines.sample_city.window import Window, day_number

ASSEMBLIES_LAST_YEAR = 1300


def make_meetings(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """1,300 assemblies in the last full calendar year, as many a month in the others; one station visit a week."""
    start, cut = day_number(window.start), day_number(window.cut)
    first, last = day_number(date(window.last_year, 1, 1)), day_number(date(window.last_year, 12, 31))
    per_day = ASSEMBLIES_LAST_YEAR / (last - first + 1)
    stretches = (
        (start, first, round((first - start) * per_day)),
        (first, last + 1, ASSEMBLIES_LAST_YEAR),
        (last + 1, cut + 1, round((cut - last) * per_day * 1.06)),
    )
    day = np.sort(np.concatenate([rng.integers(a, b, count) for a, b, count in stretches if b > a])).astype(np.int64)
    assemblies = len(day)
    # Every community has its turn: one after the other, shuffled within each round.
    rounds = -(-assemblies // COMMUNITIES)
    community = np.concatenate([rng.permutation(COMMUNITIES) for _ in range(rounds)])[:assemblies]

    weekday = rng.choice(5, COMMUNITIES, p=[0.08, 0.17, 0.40, 0.25, 0.10])
    days = np.arange(start, cut + 1)
    held = (days[None, :] + 3) % 7 == weekday[:, None]
    held &= rng.random(held.shape) < 0.965
    visited, on = np.nonzero(held)
    all_days = np.concatenate([day, days[on]])
    all_communities = np.concatenate([community, visited])
    is_visit = np.arange(len(all_days)) >= assemblies
    attendees = np.where(is_visit, 2 + rng.poisson(5, len(all_days)), 12 + rng.poisson(19, len(all_days)))
    matters = np.where(is_visit, rng.poisson(0.5, len(all_days)), rng.poisson(0.83, len(all_days)))
    order = np.lexsort((all_communities, all_days))
    return pl.DataFrame(
        {
            "meeting_id": "HY" + pl.Series(np.arange(1, len(order) + 1)).cast(pl.String).str.zfill(6),
            "kind": pl.Series(["assembly", "visit"]).gather(is_visit[order].astype(np.int64)),
            "area_code": pl.Series(places.community_codes).gather(all_communities[order]),
            "held_on": dates(all_days[order]),
            "attendees": attendees[order],
            "matters_raised": matters[order],
        }
    )
