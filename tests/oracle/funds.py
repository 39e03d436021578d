"""F01–F12: budget lines and movements, the fiscal year to date at the end of each period. Money is summed in whole fen."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from oracle.engine import SUMMED, Sums, days_of, stocks
from oracle.periods import fiscal_bounds, fiscal_year
from oracle.registry import Context, indicator
from oracle.staffing import each_day, share_of_areas
from oracle.tickets import residents

FUND = ("fund", "source", "spending_type")


def fen(column: str) -> pl.Expr:
    """An amount of yuan as whole fen, 0 where it is empty."""
    return (pl.col(column).cast(pl.Decimal(20, 2)).fill_null(0) * 100).cast(pl.Int64)


def lines(city: Context) -> pl.DataFrame:
    """Budget lines with their current budget (opening + adjustment + carried in) in fen."""
    if "oracle.lines" not in city.inputs.cache:
        budget = fen("opening_amount") + fen("adjustment_amount") + fen("carried_in_amount")
        city.inputs.cache["oracle.lines"] = city.inputs.table("budget_lines").select(
            "line_id", "area_code", "fund", "fiscal_year", "source", "spending_type", budget=budget
        )
    return city.inputs.cache["oracle.lines"]


def movements(city: Context) -> pl.DataFrame:
    """Movements with the area and fund of their line; without a line nowhere and of fund 'unknown'. Amounts in fen."""
    if "oracle.movements" not in city.inputs.cache:
        city.inputs.cache["oracle.movements"] = of_their_lines(city)
    return city.inputs.cache["oracle.movements"]


def of_their_lines(city: Context) -> pl.DataFrame:
    """Movements joined with their lines, and the fiscal year that each belongs to."""
    of_line = lines(city).select("line_id", "area_code", "fund", "source", "spending_type", "fiscal_year")
    moved = city.inputs.table("payments").select(
        "payment_id", "line_id", "commitment_id", "occurred_on", "kind", amount=fen("amount")
    )
    year = pl.col("occurred_on").dt.year() - (pl.col("occurred_on").dt.month() < city.inputs.fiscal_year_start)
    return moved.join(of_line, on="line_id", how="left").with_columns(
        # cash counts in the fiscal year of its date, before the line's year has begun in that of the line
        fiscal_year=pl.max_horizontal("fiscal_year", year.cast(pl.Int64))
    )


def to_date(city: Context, day: date) -> pl.DataFrame:
    """Movements of the fiscal year that holds `day`, up to `day`."""
    year = fiscal_year(day, city.inputs.fiscal_year_start)
    return movements(city).filter((pl.col("fiscal_year") == year) & (pl.col("occurred_on") <= day))


def budgets_on(city: Context, day: date) -> pl.DataFrame:
    """Lines of the fiscal year that holds `day`."""
    return lines(city).filter(pl.col("fiscal_year") == fiscal_year(day, city.inputs.fiscal_year_start))


def signed(positive: tuple[str, ...], negative: tuple[str, ...] = ()) -> pl.Expr:
    """The amount of a movement, counted up, down or not at all by its kind."""
    kind, amount = pl.col("kind"), pl.col("amount")
    return pl.when(kind.is_in(positive)).then(amount).when(kind.is_in(negative)).then(-amount).otherwise(0)


NET = signed(("payment",), ("refund",))
RELEASED = signed(("release",))


def part(frame: pl.DataFrame, **measures: pl.Expr) -> pl.DataFrame:
    """Rows with area, fund and measures in fen; the measure that is not given is 0."""
    given = {name: measures.get(name, pl.lit(0)).cast(pl.Int64) for name in ("numerator", "denominator")}
    return frame.select("area_code", *FUND, **given)


def fund_stocks(city: Context, parts: dict[date, list[pl.DataFrame]], dataset: str = "payments") -> Sums:
    """Sum the parts of each day over the periods that end on it; years are fiscal years."""
    days = each_day(sorted(parts), lambda day: pl.concat(parts[day]))
    return stocks(city.ladder, days, city.fiscal_periods(dataset), FUND, unit=100)


def of_days(city: Context, dataset: str = "payments") -> list[date]:
    """Days of the stocks of a dataset of funds."""
    return days_of(city.fiscal_periods(dataset))


@indicator("F01", "budget_lines", "count", fiscal=True)
def f01(city: Context) -> Sums:
    """Current budget: opening + adjustment + carried in."""
    days = of_days(city, "budget_lines")
    return fund_stocks(city, {d: [part(budgets_on(city, d), numerator=pl.col("budget"))] for d in days}, "budget_lines")


def over_budget(city: Context, numerator: pl.Expr) -> Sums:
    """Movements of the fiscal year to date ÷ current budget."""
    return fund_stocks(
        city,
        {
            day: [
                part(to_date(city, day), numerator=numerator),
                part(budgets_on(city, day), denominator=pl.col("budget")),
            ]
            for day in of_days(city)
        },
    )


@indicator("F02", "payments", "rate", fiscal=True, yearly=True)
def f02(city: Context) -> Sums:
    """Received rate: released ÷ current budget."""
    return over_budget(city, RELEASED)


@indicator("F03", "payments", "rate", fiscal=True)
def f03(city: Context) -> Sums:
    """Budget execution (of budget): (payments − refunds) ÷ current budget."""
    return over_budget(city, NET)


@indicator("F04", "payments", "rate", fiscal=True)
def f04(city: Context) -> Sums:
    """Budget execution (of receipts): (payments − refunds) ÷ released."""
    return fund_stocks(
        city, {day: [part(to_date(city, day), numerator=NET, denominator=RELEASED)] for day in of_days(city)}
    )


def open_commitments(city: Context, day: date) -> pl.DataFrame:
    """Commitments of the fiscal year to date with what is open of them: the amount less the payments that name it, of
    whatever line or year, up to `day`; a positive one not below 0."""
    payments = movements(city).filter((pl.col("kind") == "payment") & (pl.col("occurred_on") <= day))
    paid = payments.group_by("commitment_id").agg(paid=pl.col("amount").sum())
    made = to_date(city, day).filter(pl.col("kind") == "commitment").join(paid, on="commitment_id", how="left")
    left = (pl.col("amount") - pl.col("paid").fill_null(0)).clip(lower_bound=0)
    return made.with_columns(open=pl.when(pl.col("amount") > 0).then(left).otherwise(pl.col("amount")))


@indicator("F05", "payments", "rate", fiscal=True)
def f05(city: Context) -> Sums:
    """Commitment rate: (payments − refunds + open commitments) ÷ current budget."""
    parts = {}
    for day in of_days(city):
        parts[day] = [
            part(to_date(city, day), numerator=NET),
            part(open_commitments(city, day), numerator=pl.col("open")),
            part(budgets_on(city, day), denominator=pl.col("budget")),
        ]
    return fund_stocks(city, parts)


@indicator("F06", "payments", "schedule", scale=100, fiscal=True)
def f06(city: Context) -> Sums:
    """Deviation from schedule: F03 − elapsed share of the year, in percentage points."""
    return over_budget(city, NET)


def elapsed_share(day: date, first_month: int) -> float:
    """Days elapsed ÷ days in the fiscal year that holds `day`, `day` included."""
    first, following = fiscal_bounds(day, first_month)
    return ((day - first).days + 1) / (following - first).days


@indicator("F07", "payments", "rate", fiscal=True, residents=True)
def f07(city: Context) -> Sums:
    """Spending per resident: (payments − refunds) ÷ population."""
    net = fund_stocks(city, {day: [part(to_date(city, day), numerator=NET)] for day in of_days(city)}).cells
    funds = pl.concat([lines(city).select("fund"), movements(city).select("fund")]).unique()
    members = funds.select(dimension=pl.lit("fund"), member=pl.col("fund").fill_null("unknown")).unique()
    members = pl.concat([members, pl.DataFrame({"dimension": ["all"], "member": ["all"]})])
    people = residents(city, city.fiscal_periods("payments"), members).cells
    # residents in the unit of the money, so that the quotient is yuan
    both = pl.concat([net, people.select(net.columns).with_columns(pl.col("denominator") * 100)])
    keys = [name for name in net.columns if name not in SUMMED]
    return Sums(both.group_by(keys).agg(pl.col(name).sum() for name in SUMMED), unit=100)


@indicator("F08", "budget_lines", "rate", interval=True, fiscal=True)
def f08(city: Context) -> Sums:
    """Fund floor met: communities whose operating and service budgets each reach the floor ÷ communities."""
    floor = int(city.inputs.standards["fund_floor"] * 100)

    def met(day: date) -> pl.DataFrame:
        placed = city.ladder.place(budgets_on(city, day).with_columns(day=pl.lit(day)))
        # what the grids of a community have is the community's
        sums = placed.group_by("community", "fund").agg(pl.col("budget").sum())
        reached = sums.filter((pl.col("budget") >= floor) & pl.col("fund").is_in(["operating", "service"]))
        both = reached.group_by("community").agg(pl.col("fund").n_unique())
        return both.filter(pl.col("fund") == 2).select(area_code="community")

    days = of_days(city, "budget_lines")
    return share_of_areas(city, "budget_lines", "community", each_day(days, met), city.fiscal_periods("budget_lines"))


def closed_years(city: Context) -> pl.DataFrame:
    """Fiscal years that are over at the data cut."""
    return city.fiscal_periods("payments").filter((pl.col("grain") == "year") & ~pl.col("runs"))


@indicator("F09", "payments", "rate", lower=True, fiscal=True)
def f09(city: Context) -> Sums:
    """Unspent at year end: (current budget − (payments − refunds)) ÷ current budget, closed years."""
    parts = {
        day: [
            part(budgets_on(city, day), numerator=pl.col("budget"), denominator=pl.col("budget")),
            part(to_date(city, day), numerator=-NET),
        ]
        for day in days_of(closed_years(city))
    }
    return closed_stocks(city, parts)


@indicator("F10", "payments", "rate", lower=True, fiscal=True)
def f10(city: Context) -> Sums:
    """Year-end rush: payments in the last 45 days ÷ payments of the year (closed years)."""
    paid = signed(("payment",))
    parts = {}
    for day in days_of(closed_years(city)):
        late = pl.when(pl.col("occurred_on") > day - timedelta(days=45)).then(paid).otherwise(0)
        parts[day] = [part(to_date(city, day), numerator=late, denominator=paid)]
    return closed_stocks(city, parts)


def closed_stocks(city: Context, parts: dict[date, list[pl.DataFrame]]) -> Sums:
    """Sum the parts over closed fiscal years."""
    if not parts:
        return fund_stocks(city, {day: [part(budgets_on(city, day).clear())] for day in of_days(city)})
    days = each_day(sorted(parts), lambda day: pl.concat(parts[day]))
    return stocks(city.ladder, days, closed_years(city), FUND, unit=100)


@indicator("F11", "budget_lines", "rate", fiscal=True)
def f11(city: Context) -> Sums:
    """Co-funding ratio: district money ÷ city money; transfers do not count."""
    money = pl.col("budget")

    def of_source(source: str) -> pl.Expr:
        return pl.when((pl.col("source") == source) & (pl.col("fund") != "transfer")).then(money).otherwise(0)

    days = of_days(city, "budget_lines")
    parts = {
        day: [part(budgets_on(city, day), numerator=of_source("district"), denominator=of_source("city"))]
        for day in days
    }
    return fund_stocks(city, parts, "budget_lines")


@indicator("F12", "payments", "rate", interval=True, lower=True, fiscal=True)
def f12(city: Context) -> Sums:
    """Idle lines: lines with budget and no movement for 90 days ÷ lines with budget. A line spent in full is not idle; the
    90 days begin with the fiscal year at the earliest."""

    def idle(day: date) -> pl.DataFrame:
        first, _ = fiscal_bounds(day, city.inputs.fiscal_year_start)
        funded = budgets_on(city, day).filter(pl.col("budget") > 0)
        until = movements(city).filter(pl.col("occurred_on") <= day)
        net = until.group_by("line_id").agg(net=NET.sum(), last=pl.col("occurred_on").max())
        seen = funded.join(net, on="line_id", how="left")
        # the first day of the year is one of the 90, the day of a movement is none
        since = pl.max_horizontal("last", pl.lit(first - timedelta(days=1)))
        still = (pl.lit(day) - since).dt.total_days() >= 90
        return part(seen, numerator=still & (pl.col("net").fill_null(0) < pl.col("budget")), denominator=pl.lit(1))

    return Sums(fund_stocks(city, {day: [idle(day)] for day in of_days(city)}).cells)
