"""T01–T19 and L04: tickets, each indicator beside the words of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
import polars as pl

from oracle.engine import SUMMED, Sums, by_cell, days_of, flows, stocks
from oracle.ladder import UNLOCATED
from oracle.periods import end_of_day, start_of
from oracle.registry import Context, indicator

DIMENSIONS = ("channel", "category_1")
THIRTY_DAYS = timedelta(days=30)
VALID_ANSWERS = ("yes", "partly", "no")


def deadline(standard: Mapping[str, Any], accepted_at: datetime, accepted_on: date, city: Context) -> datetime:
    """When a service standard ends: so many hours after acceptance, or with the last of so many working days, which are
    counted from the day after it, make-up days of weekends included."""
    if "hours" in standard:
        return accepted_at + timedelta(hours=standard["hours"])
    day, left = accepted_on, standard["working_days"]
    while left:
        day += timedelta(days=1)
        left -= chinese_calendar.is_workday(day)
    return end_of_day(day, city.inputs.zone) - timedelta(seconds=1)


def with_deadlines(city: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """Where due_at is empty it comes from the finest service standard of the category; pauses extend it."""
    entries = city.inputs.standards.get("service_standards") or []
    standards = {(entry.get("category_1"), entry.get("category_2")): entry for entry in entries}
    if not standards:
        return frame
    wanting = frame.filter(pl.col("due_at").is_null()).select(
        "ticket_id",
        "category_1",
        "category_2",
        "accepted_at",
        "paused_minutes",
        on=city.inputs.local_day("accepted_at"),
    )
    computed = []
    for ticket_id, first, second, accepted_at, paused, on in wanting.iter_rows():
        standard = standards.get((first, second)) or standards.get((first, None)) or standards.get((None, None))
        if standard is not None:
            due = deadline(standard, accepted_at, on, city) + timedelta(minutes=paused or 0)
            computed.append({"ticket_id": ticket_id, "computed": due})
    if not computed:
        return frame
    made = pl.DataFrame(computed).cast({"computed": frame.schema["due_at"]})
    return frame.join(made, on="ticket_id", how="left").with_columns(due_at=pl.coalesce("due_at", "computed"))


def tickets(city: Context) -> pl.DataFrame:
    """Every ticket with what several indicators ask of it.

    `excluded`: it has an exclusion code or is cancelled. `solved`: resolved_at is set and it was not reopened since.
    `pending`: not solved and its deadline, or without one the 30th day after acceptance, lies behind the data cut.
    """
    if "oracle.tickets" in city.inputs.cache:
        return city.inputs.cache["oracle.tickets"]
    as_of = city.inputs.as_of["tickets"]
    day = city.inputs.local_day
    frame = with_deadlines(city, city.inputs.table("tickets")).with_columns(
        excluded=(pl.col("exclusion_code").is_not_null() | (pl.col("status") == "cancelled")).fill_null(False),
        solved=pl.col("resolved_at").is_not_null()
        & (pl.col("reopened_at").is_null() | (pl.col("reopened_at") <= pl.col("resolved_at"))).fill_null(False),
        closed_first_at=pl.coalesce("first_closed_at", "closed_at"),
    )
    frame = frame.with_columns(
        pending=~pl.col("solved") & (pl.coalesce("due_at", pl.col("accepted_at") + THIRTY_DAYS) > as_of),
        closed_30_at=pl.col("closed_first_at") + THIRTY_DAYS,
        answered=pl.col("callback_resolved").is_in(VALID_ANSWERS).fill_null(False),
        limit_at=pl.col("accepted_at") + timedelta(hours=24),
    )
    frame = frame.with_columns(
        day(f"{name}_at").alias(f"{name}_day")
        for name in ("accepted", "due", "resolved", "callback", "closed_30", "limit")
    )
    city.inputs.cache["oracle.tickets"] = frame
    return frame


def counted(
    frame: pl.DataFrame, day: str, numerator: pl.Expr | None = None, pending: pl.Expr | None = None
) -> pl.DataFrame:
    """Turn the tickets of a denominator into events: what is excluded leaves all else and is counted as excluded."""
    kept = ~pl.col("excluded")
    nothing = pl.lit(False)
    return frame.filter(pl.col(day).is_not_null()).select(
        "area_code",
        *DIMENSIONS,
        day=day,
        numerator=(nothing if numerator is None else numerator).fill_null(False) & kept,
        denominator=kept,
        excluded="excluded",
        pending=(nothing if pending is None else pending).fill_null(False) & kept,
    )


def summed(city: Context, events: pl.DataFrame, dimensions: tuple[str, ...] = DIMENSIONS) -> Sums:
    """Sum events of tickets at every grain."""
    return flows(city.ladder, events, city.shapes, city.cut("tickets"), dimensions)


@indicator("T01", "tickets", "count")
def t01(city: Context) -> Sums:
    """Tickets received [accepted]: count. A pending one may still be excluded."""
    return summed(city, counted(tickets(city), "accepted_day", pl.lit(True), pl.col("pending")))


@indicator("T02", "tickets", "rate", interval=True)
def t02(city: Context) -> Sums:
    """Resolution rate [accepted]: resolved_at set, not reopened since ÷ all. Pending: not resolved and not yet due."""
    return summed(city, counted(tickets(city), "accepted_day", pl.col("solved"), pl.col("pending")))


@indicator("T03", "tickets", "rate", interval=True)
def t03(city: Context) -> Sums:
    """On-time rate [due]: resolved_at ≤ due_at and not reopened since ÷ tickets with due_at in the period and ≤ as_of."""
    due = tickets(city).filter(pl.col("due_at") <= city.inputs.as_of["tickets"])
    return summed(city, counted(due, "due_day", pl.col("solved") & (pl.col("resolved_at") <= pl.col("due_at"))))


@indicator("T04", "tickets", "rate", interval=True)
def t04(city: Context) -> Sums:
    """Response rate [accepted + 24 h]: first contact within 24 h ÷ tickets whose 24 h ended in the period, by as_of."""
    ended = tickets(city).filter(pl.col("limit_at") <= city.inputs.as_of["tickets"])
    return summed(city, counted(ended, "limit_day", pl.col("first_contact_at") <= pl.col("limit_at")))


@indicator("T05", "tickets", "rate", wait=30, interval=True)
def t05(city: Context) -> Sums:
    """Resident-confirmed resolution [callback]: yes ÷ yes + partly + no."""
    answered = tickets(city).filter("answered")
    return summed(city, counted(answered, "callback_day", pl.col("callback_resolved") == "yes"))


@indicator("T06", "tickets", "rate", wait=30, interval=True)
def t06(city: Context) -> Sums:
    """Satisfaction [callback]: callback_satisfaction ≥ the threshold ÷ rated."""
    threshold = city.inputs.standards["satisfaction_threshold"]
    rated = tickets(city).filter(pl.col("callback_satisfaction").is_not_null())
    return summed(city, counted(rated, "callback_day", pl.col("callback_satisfaction") >= threshold))


@indicator("T07", "tickets", "rate", interval=True)
def t07(city: Context) -> Sums:
    """Callback coverage [closed + 30 d]: callbacks with a valid answer ÷ closed tickets 30 d old."""
    return summed(city, counted(old_enough(city), "closed_30_day", pl.col("answered")))


def old_enough(city: Context) -> pl.DataFrame:
    """Tickets closed for the first time 30 days or more before the data cut."""
    return tickets(city).filter(pl.col("closed_30_at") <= city.inputs.as_of["tickets"])


@indicator("T08", "tickets", "rate", wait=30, interval=True, lower=True)
def t08(city: Context) -> Sums:
    """Claim gap [callback]: among handler-resolved tickets with a valid callback: callback_resolved ≠ yes ÷ all; resolved
    for the first time by the day of the callback, whatever happened since."""
    first = pl.coalesce(pl.col("first_resolved_at"), pl.col("resolved_at"))
    frame = tickets(city).with_columns(first_at=first)
    claimed = frame.filter("answered").filter(city.inputs.local_day("first_at") <= pl.col("callback_day"))
    return summed(city, counted(claimed, "callback_day", pl.col("callback_resolved") != "yes"))


@indicator("T09", "tickets", "rate", interval=True, lower=True)
def t09(city: Context) -> Sums:
    """Reopen rate [first closed + 30 d]: reopened within 30 d of first closing ÷ closed tickets with 30 d elapsed."""
    reopened = pl.col("reopened_at").is_between(pl.col("closed_first_at"), pl.col("closed_30_at"))
    return summed(city, counted(old_enough(city), "closed_30_day", reopened))


@indicator("T10", "tickets", "rate", interval=True, lower=True, look_back=90)
def t10(city: Context) -> Sums:
    """Repeat rate [accepted]: same reporter, community and category_1 within 90 d after an earlier ticket ÷ all with a
    reporter."""
    known = tickets(city).filter(pl.col("reporter_id").is_not_null() & pl.col("accepted_day").is_not_null())
    placed = city.ladder.place(known.with_columns(day="accepted_day"))
    # an excluded or cancelled ticket is no earlier ticket; nor is one whose community or category is not known
    earlier = placed.filter(~pl.col("excluded") & (pl.col("community") != UNLOCATED)).select(
        "reporter_id", "community", "category_1", first_at="accepted_at"
    )
    pairs = placed.join(earlier, on=["reporter_id", "community", "category_1"])
    gap = pl.col("accepted_at") - pl.col("first_at")
    repeats = pairs.filter((gap > timedelta(0)) & (gap <= timedelta(days=90)))["ticket_id"].unique()
    repeated = counted(known, "accepted_day", pl.col("ticket_id").is_in(repeats.to_list()))
    return summed(city, pl.concat([repeated, waiting(city)]))


def waiting(city: Context) -> pl.DataFrame:
    """Every ticket that is pending, whether or not it is in the denominator by now: it keeps its period open."""
    events = counted(tickets(city), "accepted_day", pending=pl.col("pending"))
    return events.with_columns(denominator=pl.lit(False), excluded=pl.lit(False))


def open_at_end(city: Context) -> pl.DataFrame:
    """The tickets open at the moment of each period's stock: from accepted_at to first_resolved_at (or resolved_at), and
    again from reopened_at to a later resolved_at. The moment is the end of the stock's day, or the data cut."""
    if "oracle.open" in city.inputs.cache:
        return city.inputs.cache["oracle.open"]
    as_of = city.inputs.as_of["tickets"]
    kept = (
        tickets(city)
        .filter(~pl.col("excluded"))
        .select(
            "area_code",
            *DIMENSIONS,
            "due_at",
            "accepted_at",
            "reopened_at",
            "resolved_at",
            solved_first_at=pl.coalesce("first_resolved_at", "resolved_at"),
        )
    )
    frames = []
    for day in days_of(city.periods("tickets")):
        moment = end_of_day(day, city.inputs.zone)
        # what happens at midnight belongs to the day that begins; what happens at the data cut has happened
        moment = min(moment, as_of + timedelta(microseconds=1))
        first = (pl.col("accepted_at") < moment) & ~(pl.col("solved_first_at") < moment).fill_null(False)
        again = (
            (pl.col("reopened_at") < moment)
            & ~((pl.col("resolved_at") >= pl.col("reopened_at")) & (pl.col("resolved_at") < moment)).fill_null(False)
        ).fill_null(False)
        frames.append(
            kept.filter((first | again).fill_null(False)).select(
                "area_code",
                *DIMENSIONS,
                day=pl.lit(day),
                numerator=pl.lit(1),
                overdue=(pl.col("due_at") < min(moment, as_of)).fill_null(False),
            )
        )
    city.inputs.cache["oracle.open"] = pl.concat(frames)
    return city.inputs.cache["oracle.open"]


@indicator("T11", "tickets", "count", lower=True, look_back=30)
def t11(city: Context) -> Sums:
    """Backlog [stock at period end]: open at that moment."""
    return stocks(city.ladder, open_at_end(city), city.periods("tickets"), DIMENSIONS)


@indicator("T12", "tickets", "count", lower=True, look_back=30)
def t12(city: Context) -> Sums:
    """Overdue backlog [stock]: of T11, due_at before then."""
    overdue = open_at_end(city).filter("overdue")
    return stocks(city.ladder, overdue, city.periods("tickets"), DIMENSIONS)


def hours(city: Context, share: float) -> Sums:
    """The quantile of the hours (resolved_at − accepted_at) − paused of the tickets solved in the period, in each cell."""
    solved = tickets(city).filter(pl.col("solved") & (pl.col("resolved_day") <= city.cut("tickets")))
    minutes = (pl.col("resolved_at") - pl.col("accepted_at")).dt.total_microseconds() / 60e6
    placed = city.ladder.place(
        solved.select(
            "area_code",
            *DIMENSIONS,
            "excluded",
            day="resolved_day",
            hours=(minutes - pl.col("paused_minutes").fill_null(0)) / 60,
        )
    )
    kept = pl.col("hours").filter(~pl.col("excluded"))
    aggregates = [
        pl.lit(None, pl.Int64).first().alias("numerator"),
        kept.len().cast(pl.Int64).alias("denominator"),
        pl.col("excluded").sum().cast(pl.Int64).alias("excluded"),
        pl.lit(0, pl.Int64).first().alias("pending"),
        pl.lit(0, pl.Int64).first().alias("hidden"),
        pl.lit(0, pl.Int64).first().alias("design"),
        kept.quantile(share, "linear").alias("value"),
    ]
    frames = [
        by_cell(
            placed.with_columns(grain=pl.lit(grain), period_start=start_of(pl.col("day"), grain)),
            DIMENSIONS,
            aggregates,
            levels,
        )
        for grain, levels in city.shapes.items()
    ]
    return Sums(pl.concat(frames))


@indicator("T13", "tickets", "quantile", lower=True)
def t13(city: Context) -> Sums:
    """Median hours to resolve [resolved]: exact."""
    return hours(city, 0.5)


@indicator("T14", "tickets", "quantile", lower=True)
def t14(city: Context) -> Sums:
    """90th percentile of the hours [resolved]: exact."""
    return hours(city, 0.9)


@indicator("T15", "tickets", "rate", look_back=30)
def t15(city: Context) -> Sums:
    """Clearance [flow]: resolved in the period ÷ accepted in the period."""
    solved = tickets(city).filter(pl.col("solved") & ~pl.col("excluded"))
    resolved = counted(solved, "resolved_day", pl.lit(True)).with_columns(denominator=pl.lit(False))
    accepted = counted(tickets(city), "accepted_day", pending=pl.col("pending"))
    return summed(city, pl.concat([resolved, accepted]))


@indicator("T16", "tickets", "rate", scale=10_000, residents=True)
def t16(city: Context) -> Sums:
    """Tickets per 10,000 residents [accepted]: population of the communities in force at the end of the period."""
    events = counted(tickets(city), "accepted_day", pl.lit(True), pl.col("pending"))
    received = summed(city, events.with_columns(denominator=pl.lit(False))).cells
    people = residents(city, city.periods("tickets"), received).cells
    sums = pl.concat([received, people.select(received.columns)])
    return Sums(sums.group_by([c for c in received.columns if c not in SUMMED]).agg(pl.col(c).sum() for c in SUMMED))


def residents(city: Context, periods: pl.DataFrame, members: pl.DataFrame) -> Sums:
    """Residents of every area at the end of each period as denominators, repeated for each member in `members`."""
    days = days_of(periods)
    people = city.ladder.areas_on("community", days).select("day", "area_code", denominator="population")
    sums = stocks(city.ladder, people.drop_nulls(), periods).cells.filter(pl.col("area_level") != "grid")
    grids = city.ladder.areas_on("grid", days).select("day", "area_code", denominator="population").drop_nulls()
    of_grids = stocks(city.ladder, grids, periods).cells.filter(pl.col("area_level") == "grid")
    people = pl.concat([sums, of_grids]).drop("dimension", "member")
    pairs = members.select("dimension", "member").unique()
    return Sums(people.join(pairs, how="cross").select(*sums.columns))


@indicator("T17", "tickets", "rate", interval=True)
def t17(city: Context) -> Sums:
    """Cross-department share [accepted]: department_count ≥ 2 ÷ all."""
    told = tickets(city).filter(pl.col("department_count").is_not_null().any())
    return summed(city, counted(told, "accepted_day", pl.col("department_count") >= 2, pl.col("pending")))


@indicator("T18", "tickets", "rate", interval=True, lower=True)
def t18(city: Context) -> Sums:
    """Returned share [accepted]: exclusion_code out_of_jurisdiction ÷ all before exclusions."""
    every = tickets(city).filter(pl.col("excluded").any())
    every = every.with_columns(excluded=pl.lit(False), pending=pl.col("pending") & ~pl.col("excluded"))
    returned = pl.col("exclusion_code") == "out_of_jurisdiction"
    return summed(city, counted(every, "accepted_day", returned, pl.col("pending")))


@indicator("T19", "tickets", "rate", interval=True)
def t19(city: Context) -> Sums:
    """On time as reported by the source [accepted]: on_time_reported = true ÷ on_time_reported not empty."""
    verdict = tickets(city).filter(pl.col("on_time_reported").is_not_null())
    judged = counted(verdict, "accepted_day", pl.col("on_time_reported"))
    return summed(city, pl.concat([judged, waiting(city)]))


@indicator("L04", "tickets", "rate", interval=True)
def l04(city: Context) -> Sums:
    """Matters solved per assembly matter [accepted]: tickets of channel assembly resolved ÷ accepted."""
    matters = tickets(city).filter(pl.col("channel") == "assembly")
    return summed(city, counted(matters, "accepted_day", pl.col("solved"), pl.col("pending")), ())
