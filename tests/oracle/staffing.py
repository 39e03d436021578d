"""M01–M18: organisations, members, headcounts and service centres, stocks at the end of each period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl

from oracle.engine import SUMMED, Sums, days_of, stocks
from oracle.periods import end_of_day
from oracle.registry import Context, indicator
from oracle.tickets import residents

COLLEGE = ("college", "bachelor", "postgraduate")


def lives(day: date, begins: str, ends: str) -> pl.Expr:
    """Whether something lives on `day`: begun by then (or at an unknown time) and not ended (first day without it)."""
    return (pl.col(begins).is_null() | (pl.col(begins) <= day)) & (pl.col(ends).is_null() | (pl.col(ends) > day))


def each_day(days: list[date], of_day: Callable[[date], pl.DataFrame]) -> pl.DataFrame:
    """What stands on each of the days, one below the other, with the column `day`."""
    return pl.concat([of_day(day).with_columns(day=pl.lit(day)) for day in days])


def organisations(city: Context) -> pl.DataFrame:
    """Live organisations on the day of each stock: day, area_code, org_level, number."""
    every = city.inputs.table("organisations")

    def live(day: date) -> pl.DataFrame:
        here = every.filter(lives(day, "founded_on", "dissolved_on"))
        return here.group_by("area_code", "org_level").agg(number=pl.len().cast(pl.Int64))

    return each_day(days_of(city.periods("organisations")), live)


@indicator("M01", "organisations", "count")
def m01(city: Context) -> Sums:
    """Organisations: count of live organisations; dimension org_level."""
    live = organisations(city).rename({"number": "numerator"})
    return stocks(city.ladder, live, city.periods("organisations"), ("org_level",))


def share_of_areas(
    city: Context, dataset: str, level: str, reached: pl.DataFrame, periods: pl.DataFrame | None = None
) -> Sums:
    """Share of the areas of a level in force at period end that are in `reached` (day, area_code)."""
    periods = city.periods(dataset) if periods is None else periods
    areas = city.ladder.areas_on(level, days_of(periods))
    hits = reached.select("day", "area_code", numerator=pl.lit(1)).unique()
    judged = areas.join(hits, on=["day", "area_code"], how="left").with_columns(denominator=pl.lit(1))
    return stocks(city.ladder, judged.with_columns(pl.col("numerator").fill_null(0)), periods)


@indicator("M02", "organisations", "rate", interval=True)
def m02(city: Context) -> Sums:
    """Grid coverage: grids with a live grid_branch ÷ grids."""
    branches = organisations(city).filter(pl.col("org_level") == "grid_branch")
    return share_of_areas(city, "organisations", "grid", branches)


@indicator("M03", "organisations", "rate", interval=True)
def m03(city: Context) -> Sums:
    """Community coverage: communities with a live community_committee ÷ communities."""
    committees = organisations(city).filter(pl.col("org_level") == "community_committee")
    return share_of_areas(city, "organisations", "community", committees)


def with_area(city: Context, members: pl.DataFrame) -> pl.DataFrame:
    """Memberships with the area of their organisation."""
    places = city.inputs.table("organisations").select("org_id", "area_code")
    return members.join(places, on="org_id", how="left")


def persons_on(city: Context, day: date) -> pl.DataFrame:
    """Members on a day by the rows as they stand now, each person once, in the organisation joined last."""
    now = city.inputs.table("members").filter(pl.col("_valid_to").is_null())
    live = now.filter(lives(day, "joined_on", "left_on"))
    return with_area(city, joined_last(live))


def joined_last(memberships: pl.DataFrame) -> pl.DataFrame:
    """One membership of each person, the one joined last.

    Of two joined on the same day (the catalogue is silent) the one of the first organisation number.
    """
    order = memberships.sort(["joined_on", "org_id"], descending=[True, False], nulls_last=True)
    return order.unique("member_id", keep="first", maintain_order=True)


def memberships_on(city: Context, day: date) -> pl.DataFrame:
    """Memberships in the version in force at the end of a day (or at the data cut), one row in each organisation."""
    moment = end_of_day(day, city.inputs.zone)
    version = city.inputs.table("members").filter(
        (pl.col("_valid_from") < moment) & (pl.col("_valid_to").is_null() | (pl.col("_valid_to") >= moment))
    )
    return with_area(city, version.filter(lives(day, "joined_on", "left_on")))


def known_periods(city: Context) -> pl.DataFrame:
    """Periods whose stock is not older than the first delivery of members: what holds from a delivery has no past."""
    first = city.inputs.table("members")["_valid_from"].min()
    periods = city.periods("members")
    zone = city.inputs.zone
    days = [day for day in days_of(periods) if isinstance(first, datetime) and end_of_day(day, zone) > first]
    return periods.filter(pl.col("day").is_in(days))


def share_of_people(
    city: Context,
    numerator: pl.Expr,
    denominator: pl.Expr | None = None,
    area: pl.Expr | None = None,
    once: bool = False,
) -> Sums:
    """Memberships of the version in force at period end: those of `numerator` ÷ those of `denominator` (all).

    `once`: a person counts once, in the organisation joined last.
    """
    periods = known_periods(city)
    among = pl.lit(True) if denominator is None else denominator.fill_null(False)

    def count(day: date) -> pl.DataFrame:
        people = memberships_on(city, day)
        people = (joined_last(people) if once else people).filter(among).with_columns(stock_day=pl.lit(day))
        people = people.with_columns(
            hit=numerator.fill_null(False), area_code=pl.col("area_code") if area is None else area
        )
        return people.group_by("area_code").agg(
            numerator=pl.col("hit").sum().cast(pl.Int64), denominator=pl.len().cast(pl.Int64)
        )

    days = days_of(periods)
    if not days:
        return nothing()
    return stocks(city.ladder, each_day(days, count), periods)


def nothing() -> Sums:
    """No cells at all."""
    texts = {"grain": pl.String, "period_start": pl.Date, "area_level": pl.String, "area_code": pl.String}
    numbers = dict.fromkeys(SUMMED, pl.Int64)
    return Sums(pl.DataFrame(schema={**texts, "dimension": pl.String, "member": pl.String, **numbers}))


@indicator("M04", "members", "count", people=True)
def m04(city: Context) -> Sums:
    """Members: count, each person once, in the organisation joined last."""

    def count(day: date) -> pl.DataFrame:
        return persons_on(city, day).group_by("area_code").agg(numerator=pl.len().cast(pl.Int64))

    periods = city.periods("members")
    return stocks(city.ladder, each_day(days_of(periods), count), periods)


@indicator("M05", "members", "rate", people=True, minimum=30, interval=True)
def m05(city: Context) -> Sums:
    """Members over 60: year of the period − birth year > 60 ÷ members with a known birth year."""

    def count(day: date) -> pl.DataFrame:
        known = persons_on(city, day).filter(pl.col("birth_year").is_not_null())
        return known.group_by("area_code").agg(
            numerator=(day.year - pl.col("birth_year") > 60).sum().cast(pl.Int64),
            denominator=pl.len().cast(pl.Int64),
        )

    periods = city.periods("members")
    return stocks(city.ladder, each_day(days_of(periods), count), periods)


@indicator("M06", "members", "rate", people=True, minimum=30, interval=True)
def m06(city: Context) -> Sums:
    """Secretaries with college schooling ÷ secretaries."""
    return share_of_people(city, pl.col("schooling").is_in(COLLEGE), pl.col("is_secretary"))


@indicator("M07", "members", "rate", interval=True, lower=True)
def m07(city: Context) -> Sums:
    """Communities without a new member for 36 months ÷ communities. New is who has the first membership known of them; a
    community with members on the day, none of whom has a known first day, does not count."""
    periods = city.periods("members")
    days = days_of(periods)
    now = with_area(city, city.inputs.table("members").filter(pl.col("_valid_to").is_null()))
    first = pl.col("joined_on").min().over("member_id")
    newcomers = now.filter(pl.col("joined_on").is_not_null() & (pl.col("joined_on") == first))

    def joined(day: date) -> pl.DataFrame:
        since = pl.lit(day).dt.offset_by("-36mo")
        new = newcomers.filter((pl.col("joined_on") > since) & (pl.col("joined_on") <= day))
        return new.select("area_code").unique()

    def communities(of_day: Callable[[date], pl.DataFrame]) -> pl.DataFrame:
        found = city.ladder.place(each_day(days, of_day)).select("day", area_code="community")
        return found.unique()

    fresh = communities(joined)
    # members are those of the day: who has left neither gives a community members nor a known first day
    members = communities(lambda day: now.filter(lives(day, "joined_on", "left_on")).select("area_code").unique())
    dated = now.filter(pl.col("joined_on").is_not_null())
    known = communities(lambda day: dated.filter(lives(day, "joined_on", "left_on")).select("area_code").unique())
    keys = ["day", "area_code"]
    silent = members.join(known, on=keys, how="anti").join(fresh, on=keys, how="anti")
    areas = city.ladder.areas_on("community", days).join(silent, on=keys, how="anti")
    dry = areas.join(fresh.select(*keys, fresh=pl.lit(True)), on=keys, how="left")
    return stocks(city.ladder, dry.select(*keys, numerator=pl.col("fresh").is_null(), denominator=pl.lit(1)), periods)


@indicator("M08", "members", "rate", people=True, minimum=30, interval=True)
def m08(city: Context) -> Sums:
    """Floating members ÷ members, each once."""
    return share_of_people(city, pl.col("is_floating"), once=True)


@indicator("M09", "members", "rate", people=True, minimum=30, interval=True)
def m09(city: Context) -> Sums:
    """Reported to the community: is_serving and reported_to_community_on ≤ period end ÷ is_serving; area =
    reported_area_code, else the organisation's."""
    reported = pl.col("reported_to_community_on") <= pl.col("stock_day")
    return share_of_people(city, reported, pl.col("is_serving"), pl.coalesce("reported_area_code", "area_code"))


@indicator("M10", "members", "rate", people=True, minimum=30, interval=True)
def m10(city: Context) -> Sums:
    """Trained in the last 12 months ÷ members, each once."""
    since = pl.col("stock_day").dt.offset_by("-12mo")
    trained = (pl.col("last_trained_on") > since) & (pl.col("last_trained_on") <= pl.col("stock_day"))
    return share_of_people(city, trained, once=True)


def headcounts(city: Context, role: str) -> pl.DataFrame:
    """The latest count of a role in every area by the day of each stock: day, area_code, headcount (empty: hidden by
    the source)."""
    every = city.inputs.table("headcounts").filter(pl.col("role") == role)
    ends = city.ladder.rows.with_columns(pl.col("valid_to").fill_null(date.max)).group_by("area_code")
    every = every.join(ends.agg(area_ends=pl.col("valid_to").max()), on="area_code", how="left")

    def latest(day: date) -> pl.DataFrame:
        # what an area reported before its end is reported by the area that follows from then on
        outlived = ((pl.col("as_of") < pl.col("area_ends")) & (pl.col("area_ends") <= day)).fill_null(False)
        known = every.filter(pl.col("as_of") <= day).sort("as_of")
        known = known.unique("area_code", keep="last", maintain_order=True).filter(~outlived)
        return known.select("area_code", "headcount")

    return each_day(days_of(city.periods("headcounts")), latest)


def hiding(measure: str) -> tuple[pl.Expr, ...]:
    """A headcount as a measure, and whether the source hides it: it is neither zero nor missing."""
    count = pl.col("headcount")
    return count.fill_null(0).alias(measure), count.is_null().cast(pl.Int64).alias("hidden")


def per_resident(city: Context, role: str) -> Sums:
    """The latest headcounts of a role ÷ the residents of the area."""
    periods = city.periods("headcounts")
    counts = headcounts(city, role).select("day", "area_code", *hiding("numerator"))
    sums = stocks(city.ladder, counts, periods).cells
    people = residents(city, periods, pl.DataFrame({"dimension": ["all"], "member": ["all"]})).cells
    both = pl.concat([sums, people.select(sums.columns)])
    keys = [name for name in sums.columns if name not in SUMMED]
    return Sums(both.group_by(keys).agg(pl.col(name).sum() for name in SUMMED))


@indicator("M11", "headcounts", "rate", scale=10_000, people=True, residents=True)
def m11(city: Context) -> Sums:
    """Community workers per 10,000 residents ÷ population."""
    return per_resident(city, "community_worker")


@indicator("M12", "headcounts", "rate", interval=True)
def m12(city: Context) -> Sums:
    """Staffing standard met: communities whose cadres ≥ standard(area_kind) and 20 ≤ workers ÷ communities."""
    standards = city.inputs.standards
    needed = pl.col("area_kind").replace_strict(
        standards["cadres"]["by_area_kind"], default=standards["cadres"]["default"], return_dtype=pl.Int64
    )
    cadres = headcounts(city, "cadre").rename({"headcount": "cadres"})
    workers = headcounts(city, "community_worker").rename({"headcount": "workers"})
    areas = city.ladder.areas_on("community", days_of(city.periods("headcounts")))
    both = areas.join(cadres, on=["day", "area_code"]).join(workers, on=["day", "area_code"])
    met = both.filter((pl.col("cadres") >= needed) & (pl.col("workers") >= standards["workers"]))
    return share_of_areas(city, "headcounts", "community", met)


@indicator("M13", "headcounts", "rate", scale=1000, people=True, residents=True)
def m13(city: Context) -> Sums:
    """Volunteers per 1,000 residents."""
    return per_resident(city, "volunteer")


@indicator("M14", "headcounts", "rate", interval=True)
def m14(city: Context) -> Sums:
    """Communities with a volunteer team ÷ communities; a count that the source hides is one to four teams."""
    teams = headcounts(city, "volunteer_team").filter(pl.col("headcount").fill_null(1) > 0)
    return share_of_areas(city, "headcounts", "community", teams)


@indicator("M15", "headcounts", "rate", people=True, minimum=30, interval=True)
def m15(city: Context) -> Sums:
    """Active volunteers ÷ volunteers, of the areas that report both."""
    active = headcounts(city, "active_volunteer").select("day", "area_code", active="headcount")
    every = headcounts(city, "volunteer").select("day", "area_code", every="headcount")
    both = active.join(every, on=["day", "area_code"])
    counts = both.select(
        "day",
        "area_code",
        # an area that reports more active volunteers than volunteers has all of them active
        numerator=pl.min_horizontal(pl.col("active").fill_null(0), pl.col("every").fill_null(0)),
        denominator=pl.col("every").fill_null(0),
        hidden=(pl.col("active").is_null() | pl.col("every").is_null()).cast(pl.Int64),
    )
    return stocks(city.ladder, counts, city.periods("headcounts"))


@indicator("M16", "facilities", "rate", interval=True)
def m16(city: Context) -> Sums:
    """Service centres of at least 500 m² ÷ live street and community centres."""
    centres = city.inputs.table("facilities").filter(pl.col("kind").is_in(["street_centre", "community_centre"]))

    def live(day: date) -> pl.DataFrame:
        here = centres.filter(lives(day, "opened_on", "closed_on"))
        large = (pl.col("floor_area_m2") >= 500).fill_null(False)
        return here.select("area_code", numerator=large.cast(pl.Int64), denominator=pl.lit(1, pl.Int64))

    periods = city.periods("facilities")
    return stocks(city.ladder, each_day(days_of(periods), live), periods)


@indicator("M17", "members", "count", people=True)
def m17(city: Context) -> Sums:
    """Committee members: count."""
    sums = share_of_people(city, pl.lit(True), pl.col("is_committee_member"))
    return Sums(sums.cells.with_columns(denominator=pl.lit(0, pl.Int64)))


@indicator("M18", "headcounts", "count", people=True)
def m18(city: Context) -> Sums:
    """Partner-unit heads: count."""
    heads = headcounts(city, "partner_head").select("day", "area_code", *hiding("numerator"))
    return stocks(city.ladder, heads, city.periods("headcounts"))
