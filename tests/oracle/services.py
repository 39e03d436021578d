"""Q01–Q04, L01–L03 and A01–A03: surveys, service lists, assemblies and appraisals, by the day on which they fall."""

from __future__ import annotations

import polars as pl

from oracle.engine import Sums, flows
from oracle.registry import Context, indicator

KINDS = ("org_kind",)


def survey(city: Context, question: str) -> Sums:
    """Positive ÷ valid of one question, by the day on which the wave ended: the last day of asking in any area."""
    every = city.inputs.table("surveys").with_columns(pl.col("ended_on").max().over("wave"))
    answers = every.filter(pl.col("question") == question)
    events = answers.select(
        "area_code",
        day="ended_on",
        numerator="positive_respondents",
        denominator="valid_respondents",
        design=(pl.col("design_effect").fill_null(1) * pl.col("valid_respondents") * 1e9).round().cast(pl.Int64),
    )
    return flows(city.ladder, events, city.shapes, city.cut("surveys"))


@indicator("Q01", "surveys", "rate", minimum=30, interval=True)
def q01(city: Context) -> Sums:
    """Satisfaction (survey): positive ÷ valid."""
    return survey(city, "satisfaction")


@indicator("Q02", "surveys", "rate", minimum=30, interval=True)
def q02(city: Context) -> Sums:
    """Awareness (survey): positive ÷ valid."""
    return survey(city, "awareness")


@indicator("Q03", "surveys", "rate", minimum=30, interval=True)
def q03(city: Context) -> Sums:
    """Participation (survey): positive ÷ valid."""
    return survey(city, "participation")


@indicator("Q04", "surveys", "rate", minimum=30, interval=True)
def q04(city: Context) -> Sums:
    """Property service (survey): positive ÷ valid."""
    return survey(city, "property_service")


def items(city: Context, which: str, day: str, done: str, days: int) -> Sums:
    """Entries of one of the three lists by `day`: those with `done` ÷ all; a withdrawn one is excluded, one that is not
    done is pending for `days`."""
    waits = pl.col(done).is_null() & (pl.col(day).dt.offset_by(f"{days}d") > city.cut("service_items"))
    rows = city.inputs.table("service_items").filter((pl.col("list") == which) & pl.col(day).is_not_null())
    withdrawn = (pl.col("status") == "withdrawn").fill_null(False)
    events = rows.select(
        "area_code",
        "category",
        day=day,
        numerator=pl.col(done).is_not_null() & ~withdrawn,
        denominator=~withdrawn,
        excluded=withdrawn,
        pending=waits & ~withdrawn,
    )
    return flows(city.ladder, events, city.shapes, city.cut("service_items"), ("category",))


@indicator("L01", "service_items", "rate", interval=True)
def l01(city: Context) -> Sums:
    """Needs matched: needs with matched_item_id ÷ needs registered."""
    return items(city, "need", "registered_on", "matched_item_id", 30)


@indicator("L02", "service_items", "rate", interval=True)
def l02(city: Context) -> Sums:
    """Projects completed: completed ÷ claimed."""
    return items(city, "project", "claimed_on", "completed_on", 180)


@indicator("L03", "meetings", "count")
def l03(city: Context) -> Sums:
    """Assemblies held: meetings of kind assembly, by the day on which they were held."""
    held = city.inputs.table("meetings").filter(pl.col("kind") == "assembly")
    events = held.select("area_code", day="held_on", numerator=pl.lit(1))
    return flows(city.ladder, events, city.shapes, city.cut("meetings"))


def appraised(city: Context) -> pl.DataFrame:
    """Appraisals with the area of the organisation; points in hundredths."""
    places = city.inputs.table("organisations").select("org_id", "area_code", "org_kind")
    rows = city.inputs.table("appraisals").join(places, on="org_id", how="left")
    return rows.with_columns(
        (pl.col(name).cast(pl.Decimal(20, 2)).fill_null(0) * 100).cast(pl.Int64) for name in ("points", "max_points")
    )


@indicator("A01", "appraisals", "rate", scale=100)
def a01(city: Context) -> Sums:
    """Appraisal score: Σ points ÷ Σ max_points × 100, method final."""
    scored = appraised(city).filter((pl.col("method") == "final") & (pl.col("kind") == "score"))
    events = scored.select("area_code", "org_kind", day="ended_on", numerator="points", denominator="max_points")
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"), KINDS, unit=100)


@indicator("A02", "appraisals", "rate", interval=True)
def a02(city: Context) -> Sums:
    """Organisations that reach the standard: score ≥ 90 and no veto ÷ appraised organisations. The score is the final one;
    a veto counts whichever check found it."""
    standard = city.inputs.standards.get("appraisal_score", 90)
    score = (pl.col("kind") == "score") & (pl.col("method") == "final")
    sheets = (
        appraised(city)
        .group_by("org_id", "period", "area_code", "org_kind")
        .agg(
            day=pl.col("ended_on").filter(score).max(),
            points=pl.col("points").filter(score).sum(),
            possible=pl.col("max_points").filter(score).sum(),
            vetoes=(pl.col("kind") == "veto").sum(),
        )
    )
    sheets = sheets.filter(pl.col("possible") > 0)
    reached = (pl.col("points") * 100 >= pl.col("possible") * standard) & (pl.col("vetoes") == 0)
    events = sheets.select("area_code", "org_kind", "day", numerator=reached, denominator=pl.lit(1))
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"), KINDS)


@indicator("A03", "appraisals", "rate", lower=True)
def a03(city: Context) -> Sums:
    """Self-check minus spot-check: mean difference in points of 100, over organisations with both in one period."""
    scored = appraised(city).filter((pl.col("kind") == "score") & pl.col("method").is_in(["self", "spot"]))
    sheets = scored.group_by("org_id", "period", "area_code", "org_kind", "method").agg(
        day=pl.col("ended_on").max(), percent=100 * pl.col("points").sum() / pl.col("max_points").sum()
    )
    keys = ["org_id", "period", "area_code", "org_kind"]
    own = sheets.filter(pl.col("method") == "self")
    spot = sheets.filter(pl.col("method") == "spot")
    both = own.join(spot, on=keys, nulls_equal=True, suffix="_spot")
    # sums are of whole numbers: points in units of 1e-9
    gap = ((pl.col("percent") - pl.col("percent_spot")) * 1e9).round().cast(pl.Int64)
    events = both.select(
        "area_code",
        "org_kind",
        day=pl.max_horizontal("day", "day_spot"),
        numerator=gap,
        denominator=pl.lit(1_000_000_000, pl.Int64),
    )
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"), KINDS, unit=1_000_000_000)
