"""Q01–Q04, L01–L03 and A01–A03: surveys, service lists, assemblies and appraisals, by the day on which they fall."""

from __future__ import annotations

import polars as pl

from oracle.engine import Sums, flows
from oracle.registry import Context, indicator


def survey(city: Context, question: str) -> Sums:
    """Positive ÷ valid of one question, by the last day of asking."""
    answers = city.inputs.table("surveys").filter(pl.col("question") == question)
    events = answers.select(
        "area_code", day="ended_on", numerator="positive_respondents", denominator="valid_respondents"
    )
    return flows(city.ladder, events, city.shapes, city.cut("surveys"))


@indicator("Q01", "surveys", "rate", minimum=30, interval=False)
def q01(city: Context) -> Sums:
    """Satisfaction (survey): positive ÷ valid."""
    return survey(city, "satisfaction")


@indicator("Q02", "surveys", "rate", minimum=30, interval=False)
def q02(city: Context) -> Sums:
    """Awareness (survey): positive ÷ valid."""
    return survey(city, "awareness")


@indicator("Q03", "surveys", "rate", minimum=30, interval=False)
def q03(city: Context) -> Sums:
    """Participation (survey): positive ÷ valid."""
    return survey(city, "participation")


@indicator("Q04", "surveys", "rate", minimum=30, interval=False)
def q04(city: Context) -> Sums:
    """Property service (survey): positive ÷ valid."""
    return survey(city, "property_service")


def items(city: Context, which: str, day: str, done: str) -> Sums:
    """Entries of one of the three lists by `day`: those with `done` ÷ all; a withdrawn one is excluded."""
    rows = city.inputs.table("service_items").filter((pl.col("list") == which) & pl.col(day).is_not_null())
    withdrawn = (pl.col("status") == "withdrawn").fill_null(False)
    events = rows.select(
        "area_code",
        day=day,
        numerator=pl.col(done).is_not_null() & ~withdrawn,
        denominator=~withdrawn,
        excluded=withdrawn,
    )
    return flows(city.ladder, events, city.shapes, city.cut("service_items"))


@indicator("L01", "service_items", "rate", interval=True)
def l01(city: Context) -> Sums:
    """Needs matched: needs with matched_item_id ÷ needs registered."""
    return items(city, "need", "registered_on", "matched_item_id")


@indicator("L02", "service_items", "rate", interval=True)
def l02(city: Context) -> Sums:
    """Projects completed: completed ÷ claimed."""
    return items(city, "project", "claimed_on", "completed_on")


@indicator("L03", "meetings", "count")
def l03(city: Context) -> Sums:
    """Assemblies held: meetings of kind assembly, by the day on which they were held."""
    held = city.inputs.table("meetings").filter(pl.col("kind") == "assembly")
    events = held.select("area_code", day="held_on", numerator=pl.lit(1))
    return flows(city.ladder, events, city.shapes, city.cut("meetings"))


def appraised(city: Context) -> pl.DataFrame:
    """Appraisals with the area of the organisation; points in hundredths."""
    places = city.inputs.table("organisations").select("org_id", "area_code")
    rows = city.inputs.table("appraisals").join(places, on="org_id", how="left")
    return rows.with_columns(
        (pl.col(name).cast(pl.Decimal(20, 2)).fill_null(0) * 100).cast(pl.Int64) for name in ("points", "max_points")
    )


@indicator("A01", "appraisals", "rate", scale=100)
def a01(city: Context) -> Sums:
    """Appraisal score: Σ points ÷ Σ max_points × 100, method final."""
    scored = appraised(city).filter((pl.col("method") == "final") & (pl.col("kind") == "score"))
    events = scored.select("area_code", day="ended_on", numerator="points", denominator="max_points")
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"), unit=100)


@indicator("A02", "appraisals", "rate", interval=True)
def a02(city: Context) -> Sums:
    """Organisations that reach the standard: score ≥ 90 and no veto ÷ appraised organisations, method final."""
    final = appraised(city).filter(pl.col("method") == "final")
    score = pl.col("kind") == "score"
    sheets = final.group_by("org_id", "period", "area_code").agg(
        day=pl.col("ended_on").max(),
        points=pl.col("points").filter(score).sum(),
        possible=pl.col("max_points").filter(score).sum(),
        vetoes=(pl.col("kind") == "veto").sum(),
    )
    sheets = sheets.filter(pl.col("possible") > 0)
    reached = (pl.col("points") * 100 >= pl.col("possible") * 90) & (pl.col("vetoes") == 0)
    events = sheets.select("area_code", "day", numerator=reached, denominator=pl.lit(1))
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"))


@indicator("A03", "appraisals", "rate", lower=True)
def a03(city: Context) -> Sums:
    """Self-check minus spot-check: mean difference in points, over the items of an organisation and period that both
    scored."""
    scored = appraised(city).filter(pl.col("kind") == "score")
    keys = ["org_id", "period", "area_code"]
    own = scored.filter(pl.col("method") == "self").select(*keys, "item", "points")
    spot = scored.filter(pl.col("method") == "spot").select(*keys, "item", "ended_on", other="points")
    both = own.join(spot, on=[*keys, "item"], nulls_equal=True)
    gaps = both.group_by(keys).agg(
        numerator=(pl.col("points") - pl.col("other")).sum(), day=pl.col("ended_on").max(), denominator=pl.lit(100)
    )
    events = gaps.select("area_code", "day", "numerator", "denominator")
    return flows(city.ladder, events, city.shapes, city.cut("appraisals"), unit=100)
