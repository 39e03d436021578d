"""The members of the sample city, as two full rolls a few weeks apart."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from pipelines.sample_city.names import identity_numbers, person_names, phone_numbers
from pipelines.sample_city.organisations import NO_DAY, Organisations, dates
from pipelines.sample_city.places import COMMUNITIES, GRIDS, STREETS, Places
from pipelines.sample_city.window import IntArray, Window, day_number, spread

SERVING = 19_000
STREET_SEATS, COMMUNITY_SEATS = 231, 7
_RESIDENTS, _PER_BRANCH, _LEAVERS = 7000, 5, 820
_SCHOOLING = ("primary", "junior", "senior", "college", "bachelor", "postgraduate")


def _schooling(rng: np.random.Generator, count: int, chance: tuple[float, ...]) -> IntArray:
    return rng.choice(6, count, p=chance).astype(np.int64)


def make_members(
    rng: np.random.Generator, window: Window, places: Places, organisations: Organisations
) -> pl.DataFrame:
    """Every membership as known yesterday: one row per member and organisation, columns of the contract."""
    start, cut = day_number(window.start), day_number(window.cut)
    roll = day_number(window.first_roll)

    branch_of = np.repeat(np.arange(GRIDS, dtype=np.int64), _PER_BRANCH)
    seat = np.tile(np.arange(_PER_BRANCH, dtype=np.int64), GRIDS)
    in_groups = _RESIDENTS - len(branch_of)
    group = rng.integers(0, len(organisations.group_ids), in_groups)
    grid = np.concatenate([branch_of, organisations.group_grid[group]])
    resident_org = pl.concat(
        [
            "ZB" + pl.Series(places.grid_codes).gather(branch_of),
            pl.Series(organisations.group_ids).gather(group),
        ]
    )
    community = places.grid_community[grid]
    branch_secretary = np.zeros(_RESIDENTS, dtype=np.bool_)
    branch_secretary[: len(branch_of)] = seat == 0

    # Seats of a community committee go to members of its branches who are not their secretaries.
    plain = np.flatnonzero(seat > 0)
    order = plain[np.lexsort((rng.random(len(plain)), community[plain]))]
    sizes = np.bincount(community[order], minlength=COMMUNITIES)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    seated = order[rank < COMMUNITY_SEATS]
    seated_rank = rank[rank < COMMUNITY_SEATS]

    street_seats = spread(STREET_SEATS, np.ones(STREETS))
    street = np.repeat(np.arange(STREETS, dtype=np.int64), street_seats)
    street_rank = np.concatenate([np.arange(count) for count in street_seats])

    unit = rng.integers(0, len(organisations.unit_ids), SERVING)
    people = places.community_population[:COMMUNITIES].astype(np.float64)
    home = rng.choice(COMMUNITIES, SERVING, p=people / people.sum()).astype(np.int64)

    persons = _RESIDENTS + STREET_SEATS + SERVING
    age = np.concatenate(
        [
            np.clip(rng.normal(57, 15, _RESIDENTS), 21, 93),
            np.clip(rng.normal(46, 6, STREET_SEATS), 30, 59),
            np.clip(rng.normal(41, 9, SERVING), 22, 59),
        ]
    )
    lead = np.flatnonzero(branch_secretary)
    age[lead] = np.clip(rng.normal(48, 8, len(lead)), 28, 66)
    birth = (cut - age * 365.25 - rng.integers(0, 365, persons)).astype(np.int64)
    schooling = np.concatenate(
        [
            _schooling(rng, _RESIDENTS, (0.10, 0.26, 0.28, 0.20, 0.14, 0.02)),
            _schooling(rng, STREET_SEATS, (0.0, 0.0, 0.02, 0.20, 0.65, 0.13)),
            _schooling(rng, SERVING, (0.0, 0.01, 0.07, 0.25, 0.55, 0.12)),
        ]
    )
    leading = np.concatenate([lead, seated[seated_rank == 0]])
    schooling[leading] = _schooling(rng, len(leading), (0.0, 0.02, 0.12, 0.44, 0.40, 0.02))
    adult = birth + 20 * 366
    joined = np.maximum(adult, day_number(date(1995, 1, 1))) + 1
    joined = (joined + rng.random(persons) ** 0.8 * (start - joined).clip(30)).astype(np.int64)
    recent = rng.random(persons) < 0.055
    joined[recent] = rng.integers(start, roll + 1, int(recent.sum()))
    joined = np.minimum(joined, roll)
    brand_new = rng.permutation(persons - _RESIDENTS - STREET_SEATS)[:60] + _RESIDENTS + STREET_SEATS
    joined[brand_new] = rng.integers(roll + 1, cut + 1, len(brand_new))

    reported = np.full(persons, NO_DAY)
    serving = np.arange(_RESIDENTS + STREET_SEATS, persons)
    early = np.minimum(joined[serving] + rng.integers(5, 300, SERVING), roll)
    lately = rng.random(SERVING) < 0.16
    early[lately] = np.maximum(rng.integers(start, roll + 1, int(lately.sum())), joined[serving][lately])
    reported[serving] = np.clip(early, joined[serving], cut)
    overdue = rng.permutation(serving[joined[serving] < start])[:140]
    reported[overdue] = rng.integers(roll + 1, cut + 1, len(overdue))
    trained = np.where(rng.random(persons) < 0.9, cut - rng.integers(1, 620, persons), NO_DAY)
    trained = np.where(trained < joined, NO_DAY, trained)

    person = pl.DataFrame(
        {
            "member_id": "DY" + pl.Series(np.arange(1, persons + 1)).cast(pl.String).str.zfill(7),
            "name": person_names(rng, persons),
            "id_number": identity_numbers(birth, np.arange(persons, dtype=np.int64)),
            "phone": phone_numbers(30_000_000 + np.arange(persons, dtype=np.int64)),
            "birth_date": dates(birth),
            "schooling": pl.Series(list(_SCHOOLING)).gather(schooling),
            "last_trained_on": dates(trained),
            "is_floating": rng.random(persons) < 0.045,
        }
    )
    street_orgs = pl.Series([f"JW{code}" for code in places.street_codes])
    committee_orgs = pl.Series([f"SQ{code}" for code in places.community_codes])
    homes = pl.Series(places.community_codes).gather(home)

    def rows(
        who: IntArray,
        org: pl.Series,
        joined_on: IntArray,
        *,
        left: IntArray | None = None,
        secretary: object = False,
        seat_held: bool = False,
        home_code: pl.Series | None = None,
        reported_on: IntArray | None = None,
    ) -> pl.DataFrame:
        return person[who].with_columns(
            org.alias("org_id"),
            dates(joined_on).alias("joined_on"),
            dates(left if left is not None else np.full(len(who), NO_DAY)).alias("left_on"),
            pl.Series("is_secretary", np.broadcast_to(np.asarray(secretary, dtype=np.bool_), (len(who),))),
            pl.lit(seat_held).alias("is_committee_member"),
            pl.lit(home_code is not None).alias("is_serving"),
            (home_code if home_code is not None else pl.Series([None] * len(who), dtype=pl.String)).alias(
                "reported_area_code"
            ),
            dates(reported_on if reported_on is not None else np.full(len(who), NO_DAY)).alias(
                "reported_to_community_on"
            ),
        )

    all_residents = np.arange(_RESIDENTS, dtype=np.int64)
    officials = np.arange(_RESIDENTS, _RESIDENTS + STREET_SEATS, dtype=np.int64)
    elected = np.maximum(joined[seated], rng.integers(start - 900, roll + 1, len(seated)))
    late_seats = rng.permutation(len(seated))[:14]
    elected[late_seats] = rng.integers(roll + 1, cut + 1, len(late_seats))

    # Members who moved keep their number: a row that ended in the old branch on the day the new one began.
    recently = (joined[: len(branch_of)] >= start) & ~branch_secretary[: len(branch_of)]
    movers = rng.permutation(np.flatnonzero(recently))[:120]
    old_branch = "ZB" + pl.Series(places.grid_codes).gather((branch_of[movers] + 37) % GRIDS)
    gone = persons + np.arange(_LEAVERS, dtype=np.int64)
    gone_birth = (cut - np.clip(rng.normal(62, 16, _LEAVERS), 22, 94) * 365.25).astype(np.int64)
    gone_joined = rng.integers(start - 7000, start - 400, _LEAVERS)
    gone_left = rng.integers(start + 1, cut + 1, _LEAVERS)
    leavers = pl.DataFrame(
        {
            "member_id": "DY" + pl.Series(gone + 1).cast(pl.String).str.zfill(7),
            "name": person_names(rng, _LEAVERS),
            "id_number": identity_numbers(gone_birth, gone),
            "phone": phone_numbers(30_000_000 + gone),
            "birth_date": dates(gone_birth),
            "schooling": pl.Series(list(_SCHOOLING)).gather(
                _schooling(rng, _LEAVERS, (0.12, 0.28, 0.28, 0.18, 0.12, 0.02))
            ),
            "last_trained_on": dates(np.full(_LEAVERS, NO_DAY)),
            "is_floating": rng.random(_LEAVERS) < 0.1,
            "org_id": "ZB" + pl.Series(places.grid_codes).gather(rng.integers(0, GRIDS, _LEAVERS)),
            "joined_on": dates(gone_joined),
            "left_on": dates(gone_left),
            "is_secretary": False,
            "is_committee_member": False,
            "is_serving": False,
            "reported_area_code": pl.Series([None] * _LEAVERS, dtype=pl.String),
            "reported_to_community_on": dates(np.full(_LEAVERS, NO_DAY)),
        }
    )
    return pl.concat(
        [
            rows(all_residents, resident_org, joined[:_RESIDENTS], secretary=branch_secretary),
            rows(seated, committee_orgs.gather(community[seated]), elected, secretary=seated_rank == 0, seat_held=True),
            rows(officials, street_orgs.gather(street), joined[officials], secretary=street_rank == 0, seat_held=True),
            rows(
                serving,
                pl.Series(organisations.unit_ids).gather(unit),
                joined[serving],
                home_code=homes,
                reported_on=reported[serving],
            ),
            rows(movers, old_branch, joined[movers] - rng.integers(400, 2500, len(movers)), left=joined[movers]),
            leavers,
        ],
        how="diagonal_relaxed",
    )


def roll_of(table: pl.DataFrame, window: Window, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The two rolls: as of `window.first_roll`, and as of yesterday (the table itself).

    The earlier one knows no membership, departure, report or training after its day, and some schooling and floating
    flags still read otherwise.
    """
    day = pl.lit(window.first_roll)
    studied = pl.Series(rng.random(len(table)) < 0.004)
    drifted = pl.Series(rng.random(len(table)) < 0.006)
    one_lower = {after: before for before, after in pairwise(_SCHOOLING)}
    dated = ("left_on", "reported_to_community_on", "last_trained_on")
    earlier = table.with_columns(
        *(pl.when(pl.col(name) <= day).then(name).alias(name) for name in dated),
        pl.when(studied).then(pl.col("schooling").replace(one_lower)).otherwise("schooling").alias("schooling"),
        (pl.col("is_floating") ^ drifted).alias("is_floating"),
    ).with_columns(
        pl.when(pl.col("reported_to_community_on").is_not_null()).then("reported_area_code").alias("reported_area_code")
    )
    return earlier.filter(pl.col("joined_on") <= day), table
