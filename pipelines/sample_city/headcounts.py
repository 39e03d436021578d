"""Monthly headcounts of the sample city."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import dates
from pipelines.sample_city.places import COMMUNITIES, STREETS, Places
from pipelines.sample_city.window import IntArray, Window, add_months, day_number, spread

PARTNER_HEADS = 3900
_SHORT_FIRST, _SHORT_LAST = 46, 24


def make_headcounts(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """One row per area, role and month end (yesterday for the current month); 3,900 partner heads at the last date."""
    ends = [min(add_months(first, 1) - timedelta(days=1), window.cut) for first in window.months]
    people = places.community_population[:COMMUNITIES].astype(np.float64)
    standard = np.where((places.community_kind[:COMMUNITIES] == "key").to_numpy(), 15, 10)
    short = rng.permutation(COMMUNITIES)[:_SHORT_FIRST]
    spare = rng.choice([0, 0, 0, 1, 2], COMMUNITIES)
    workers = rng.integers(20, 26, COMMUNITIES)
    certified = rng.uniform(0.25, 0.6, COMMUNITIES)
    volunteers = people * rng.uniform(0.05, 0.16, COMMUNITIES)
    active = rng.uniform(0.25, 0.6, COMMUNITIES)
    partners = spread(PARTNER_HEADS, rng.uniform(0.6, 1.6, COMMUNITIES), least=4)
    staff = rng.integers(6, 16, STREETS)
    staff_here = rng.integers(2, 6, COMMUNITIES)
    home = spread(19_000, people)

    codes = pl.Series(places.community_codes)
    street_codes = pl.Series(places.street_codes)
    frames: list[pl.DataFrame] = []

    def count(area: pl.Series, role: str, day: IntArray, number: IntArray) -> None:
        frames.append(
            pl.DataFrame(
                {
                    "area_code": area,
                    "role": pl.repeat(role, len(area), eager=True),
                    "as_of": dates(day),
                    "headcount": number,
                }
            )
        )

    last = len(ends) - 1
    for place, end in enumerate(ends):
        done = place / max(last, 1)
        day = np.full(COMMUNITIES, day_number(end), dtype=np.int64)
        still_short = short[: _SHORT_FIRST - round((_SHORT_FIRST - _SHORT_LAST) * done)]
        missing = np.zeros(COMMUNITIES, dtype=np.int64)
        missing[still_short] = 1 + still_short % 3
        # Two in three of the short communities lack cadres, the others lack community workers.
        lacks_workers = np.zeros(COMMUNITIES, dtype=np.bool_)
        lacks_workers[short[::3]] = True
        cadres = standard + np.where(missing > 0, np.where(lacks_workers, 0, -missing), spare)
        here = np.where((missing > 0) & lacks_workers, 20 - missing, workers)
        enrolled = np.rint(volunteers * (0.8 + 0.2 * done)).astype(np.int64)
        live = codes[:COMMUNITIES]
        count(live, "cadre", day, cadres)
        count(live, "community_worker", day, here)
        count(live, "certified_worker", day, np.rint(here * certified * (0.85 + 0.15 * done)).astype(np.int64))
        count(live, "centre_staff", day, staff_here)
        count(live, "volunteer", day, enrolled)
        count(live, "active_volunteer", day, np.rint(enrolled * active).astype(np.int64))
        count(live, "volunteer_team", day, np.ones(COMMUNITIES, dtype=np.int64))
        joined = partners if place == last else np.maximum(partners - round(3 * (1 - done)), 1)
        count(live, "partner_head", day, joined)
        count(live, "serving_member", day, np.rint(home * (0.93 + 0.07 * done)).astype(np.int64))
        count(street_codes, "centre_staff", np.full(STREETS, day_number(end), dtype=np.int64), staff)
        if end < window.merger:
            old = codes[COMMUNITIES:]
            for role, number in (("cadre", 10), ("community_worker", 20), ("partner_head", 6), ("volunteer", 180)):
                count(old, role, day[:1], np.array([number], dtype=np.int64))
    # The merged community reports its posts once more, as gone.
    for role in ("cadre", "community_worker", "partner_head", "volunteer"):
        count(codes[COMMUNITIES:], role, np.array([day_number(window.merger)]), np.array([0]))
    return pl.concat(frames).sort("as_of", maintain_order=True)
