"""The three lists of the sample city: needs, resources and projects."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import NO_DAY, dates
from pipelines.sample_city.places import COMMUNITIES, Places
from pipelines.sample_city.window import IntArray, Window, day_number

NEEDS, RESOURCES_EACH, PROJECTS_EACH = 4200, 6, 7
NEED, RESOURCE, PROJECT = range(3)
_CATEGORIES = (
    "养老助老",
    "托幼助学",
    "文化体育",
    "环境卫生",
    "便民服务",
    "法律援助",
    "就业帮扶",
    "平安建设",
    "物业协调",
)
_DAYS = ("registered_on", "matched_on", "claimed_on", "completed_on", "withdrawn_on")


def make_service_items(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """Every entry with the days of its life as known yesterday; `matched_on` and `withdrawn_on` are in no contract.

    About 92 % of the needs are matched with a resource or project of their community, 90 % of the projects claimed.
    """
    start, cut = day_number(window.start), day_number(window.cut)
    people = places.community_population[:COMMUNITIES].astype(np.float64)
    own = RESOURCES_EACH + PROJECTS_EACH
    kind = np.concatenate(
        [np.full(NEEDS, NEED), np.tile(np.repeat([RESOURCE, PROJECT], [RESOURCES_EACH, PROJECTS_EACH]), COMMUNITIES)]
    ).astype(np.int64)
    community = np.concatenate(
        [rng.choice(COMMUNITIES, NEEDS, p=people / people.sum()), np.repeat(np.arange(COMMUNITIES), own)]
    ).astype(np.int64)
    count = len(kind)
    need, project = kind == NEED, kind == PROJECT

    registered = rng.integers(start, cut + 1, count)
    early = np.flatnonzero(kind == RESOURCE)
    registered[early] = rng.integers(start - 300, start + 120, len(early))

    # A need is answered by an entry of its own community; the day follows both registrations.
    answer = NEEDS + community * own + rng.integers(0, own, count)
    matched = np.maximum(registered + rng.integers(1, 30, count), registered[answer] + 1)
    late = need & (matched > registered + 75)
    answer[late] = NEEDS + community[late] * own
    matched[late] = np.maximum(registered, registered[answer] + 1)[late] + rng.integers(0, 5, int(late.sum()))
    matched[~need | (rng.random(count) > 0.945)] = NO_DAY

    weak = places.weak[community]
    claimed = np.where(project, registered + rng.integers(3, 60, count), NO_DAY)
    claimed[rng.random(count) < np.where(weak, 0.25, 0.05)] = NO_DAY
    begun = np.where(project, claimed, matched)
    completed = begun + np.where(project, rng.integers(30, 200, count), rng.integers(3, 60, count))
    completed[(begun == NO_DAY) | (rng.random(count) < np.where(weak, 0.2, 0.06))] = NO_DAY
    idle = (np.where(need, matched, claimed) == NO_DAY) & (rng.random(count) < 0.08)
    withdrawn = np.where(idle, registered + rng.integers(10, 90, count), NO_DAY)

    of_kind = np.concatenate([np.arange(1, int((kind == one).sum()) + 1) for one in range(3)])
    number = np.empty(count, dtype=np.int64)
    number[np.argsort(kind, kind="stable")] = of_kind
    ids = pl.Series(["XQ", "ZY", "XM"]).gather(kind) + pl.Series(number).cast(pl.String).str.zfill(6)

    def known(days: IntArray) -> pl.Series:
        return dates(np.where(days <= cut, days, NO_DAY))

    return pl.DataFrame(
        {
            "item_id": ids,
            "list": pl.Series(["need", "resource", "project"]).gather(kind),
            "area_code": pl.Series(places.community_codes).gather(community),
            "category": pl.Series(list(_CATEGORIES)).gather(rng.integers(0, len(_CATEGORIES), count)),
            "registered_on": known(registered),
            "matched_item_id": ids.gather(answer),
            "claimed_on": known(claimed),
            "completed_on": known(completed),
            "matched_on": known(matched),
            "withdrawn_on": known(withdrawn),
        }
    ).sort("registered_on", "item_id")


def items_as_reported(items: pl.DataFrame, since: date, until: date) -> pl.DataFrame:
    """The entries on which something happened from `since` to `until`, in the state of the end of `until`."""
    told = items.filter(pl.any_horizontal(pl.col(name).is_between(since, until) for name in _DAYS))
    told = told.with_columns(pl.when(pl.col(name) <= until).then(name).alias(name) for name in _DAYS)
    stages = (
        ("withdrawn_on", "withdrawn"),
        ("completed_on", "completed"),
        ("claimed_on", "claimed"),
        ("matched_on", "matched"),
    )
    status = pl.coalesce(
        *(pl.when(pl.col(day).is_not_null()).then(pl.lit(word)) for day, word in stages), pl.lit("registered")
    )
    return told.with_columns(
        pl.when(pl.col("matched_on").is_not_null()).then("matched_item_id").alias("matched_item_id"),
        status.alias("status"),
    )
