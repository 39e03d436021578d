"""The half-yearly surveys of residents in the sample city."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import dates
from pipelines.sample_city.places import COMMUNITIES, Places
from pipelines.sample_city.window import Window, day_number

_QUESTIONS = {"satisfaction": 0.915, "awareness": 0.78, "participation": 0.46, "property_service": 0.70}
_FIRST_DAY, _LAST_DAY = 12, 28


def make_surveys(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """Four questions a community in every June and December that is over; 45 to 160 valid answers to each."""
    ends = [date(year, month, 1) for year in window.years for month in (6, 12)]
    ends = [end for end in ends if end >= window.start and end.replace(day=_LAST_DAY) <= window.cut]
    of_community = rng.normal(0, 0.035, COMMUNITIES) - 0.07 * places.weak[:COMMUNITIES]
    frames = []
    for place, end in enumerate(ends):
        day = day_number(end) + rng.integers(_FIRST_DAY, _LAST_DAY, COMMUNITIES)
        asked = rng.integers(60, 161, COMMUNITIES)
        effect = np.round(rng.uniform(1.0, 1.6, COMMUNITIES), 2)
        for question, share in _QUESTIONS.items():
            valid = np.maximum(asked - rng.integers(0, 16, COMMUNITIES), 45)
            chance = np.clip(share + 0.006 * place + of_community, 0.05, 0.99)
            frames.append(
                pl.DataFrame(
                    {
                        "wave": f"{end.year}H{1 if end.month == 6 else 2}",
                        "area_code": places.community_codes[:COMMUNITIES],
                        "question": question,
                        "ended_on": dates(day),
                        "valid_respondents": valid,
                        "positive_respondents": rng.binomial(valid, chance),
                        "design_effect": effect,
                    }
                )
            )
    return pl.concat(frames)
