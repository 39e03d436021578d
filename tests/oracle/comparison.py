"""The oracle's figures beside the published ones: values, statuses, intervals, and cells that only one side has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import polars as pl

import oracle.funds
import oracle.services
import oracle.staffing  # noqa: F401
from oracle.engine import KEYS, MEASURES
from oracle.funds import elapsed_share
from oracle.inputs import Inputs
from oracle.ladder import Ladder
from oracle.periods import GRAINS, LENGTHS, end_of_day
from oracle.registry import ENTRIES, Context, Entry

#: two-sided 95 % point of the normal distribution
Z = 1.959963984540054
TOLERANCE = 1e-9
#: indicators that are summed over a period; the others are stocks at its end
FLOWS = frozenset(
    [f"T{n:02d}" for n in range(1, 20) if n not in (11, 12)]
    + ["L01", "L02", "L03", "L04", "Q01", "Q02", "Q03", "Q04", "A01", "A02", "A03"]
)


def first_ticket(city: Context) -> date | None:
    """The day on which the first ticket known at the data cut was accepted."""
    tickets = city.inputs.table("tickets").filter(pl.col("accepted_at") <= city.inputs.as_of["tickets"])
    first = tickets.select(city.inputs.local_day("accepted_at").min()).item()
    return first if isinstance(first, date) else None


def first_meeting(city: Context) -> date | None:
    """The day of the first meeting."""
    first = city.inputs.table("meetings")["held_on"].min()
    return first if isinstance(first, date) else None


#: Sums of events, and what is told by earlier events: where their data begin.
BEGINS = {**dict.fromkeys(("T01", "T10", "T11", "T12", "T15", "T16"), first_ticket), "L03": first_meeting}


@dataclass
class Comparison:
    """How many published figures were recomputed, by indicator, and where the two sides differ."""

    compared: dict[str, int] = field(default_factory=dict)
    differences: list[pl.DataFrame] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Figures compared."""
        return sum(self.compared.values())

    def report(self, rows: int = 20) -> str:
        """The first differences as text, and how many there are by indicator."""
        if not self.differences:
            return "no differences"
        every = pl.concat(self.differences, how="diagonal_relaxed")
        counts = every.group_by("indicator_id", "what").len().sort("indicator_id", "what")
        with pl.Config(tbl_rows=200, tbl_cols=40, tbl_width_chars=260, fmt_str_lengths=30):
            return f"{counts}\n{every.head(rows)}"


def compare(
    inputs: Inputs,
    published: duckdb.DuckDBPyConnection,
    table: str = "marts.indicator_values",
    coarse: Sequence[str] = GRAINS,
    fine: Sequence[str] = (),
    fine_levels: Sequence[str] = ("city", "district"),
    only: Collection[str] | None = None,
) -> Comparison:
    """Recompute every published indicator and compare its rows: at the grains `coarse` on every level, and what is summed
    over a period also at the grains `fine` on `fine_levels`."""
    ladder = Ladder(inputs)
    result = Comparison()
    ids = [name for (name,) in published.execute(f"SELECT DISTINCT indicator_id FROM {table} ORDER BY 1").fetchall()]
    for name in ids:
        if only is not None and name not in only:
            continue
        entry = ENTRIES[name]
        finer = tuple(fine) if name in FLOWS else ()
        rows = published.sql(
            f"SELECT * EXCLUDE (edition, indicator_id, indicator_version, as_of, run_id) FROM {table} "
            "WHERE indicator_id = ? AND (list_contains(?, grain) OR list_contains(?, grain) AND list_contains(?, area_level))",
            params=[name, list(coarse), list(finer), list(fine_levels)],
        ).pl()
        grains = set(rows["grain"].unique())
        shapes = {
            grain: ladder.levels if grain in coarse else [level for level in ladder.levels if level in fine_levels]
            for grain in GRAINS
            if grain in grains
        }
        city = Context(inputs, ladder, earliest(rows, inputs, entry), shapes)
        sums = entry.compute(city)
        cells = sums.cells.filter(pl.col("area_level").is_in(ladder.levels))
        found = differences(name, entry, city, cells, sums.unit, rows)
        result.compared[name] = rows.height
        if found.height:
            result.differences.append(found)
    return result


def earliest(rows: pl.DataFrame, inputs: Inputs, entry: Entry) -> date:
    """The first day of the periods that are published: the catalogue does not say where a series begins."""
    first = rows["period_start"].min()
    return first if isinstance(first, date) else inputs.cut_day(entry.dataset)


def differences(
    name: str, entry: Entry, city: Context, cells: pl.DataFrame, unit: int, rows: pl.DataFrame
) -> pl.DataFrame:
    """The published rows that differ from the cells, and the cells with cases that are not published."""
    if "value" not in cells.columns:
        cells = cells.with_columns(value=pl.lit(None, pl.Float64))
    cells = cells.rename({"hidden": "_by_source", "design": "_design"})
    joined = (
        rows.with_columns(published=True)
        .join(
            cells.rename({column: f"{column}_o" for column in (*MEASURES, "value")}),
            on=list(KEYS),
            how="full",
            coalesce=True,
            suffix="_x",
        )
        .with_columns(indicator_id=pl.lit(name), published=pl.col("published").fill_null(False))
    )
    joined = judge(name, entry, city, joined, unit)
    wrong = [
        joined.filter("published").filter(column_differs(column, entry)).with_columns(what=pl.lit(column))
        for column in ("numerator", "denominator", "excluded", "pending", "value", "lower", "upper", "target", "status")
    ]
    shapes = rows.select("grain", "area_level", "dimension").unique()
    # residents are a denominator in every area; a member of a dimension has a row where it has something to divide
    counted = [measure for measure in MEASURES if not (entry.residents and measure == "denominator")]
    unpublished = joined.filter(~pl.col("published")).filter(
        pl.any_horizontal(pl.col(f"{measure}_o").fill_null(0) != 0 for measure in counted)
    )
    unpublished = unpublished.join(shapes, on=["grain", "area_level", "dimension"], how="semi")
    if name not in FLOWS:
        unpublished = unpublished.join(
            rows.select("grain", "period_start").unique(), on=["grain", "period_start"], how="semi"
        )
    wrong.append(unpublished.with_columns(what=pl.lit("not published")))
    columns = ["indicator_id", "what", *KEYS, *(f"{c}{s}" for c in (*MEASURES, "value", "status") for s in ("", "_o"))]
    return pl.concat([frame.select(columns) for frame in wrong])


def judge(name: str, entry: Entry, city: Context, joined: pl.DataFrame, unit: int) -> pl.DataFrame:
    """Turn the sums of the oracle into figures: numerator_o, denominator_o, value_o, lower_o, upper_o, target_o, status_o."""
    cut = city.cut(entry.dataset)
    none = pl.lit(None, pl.Float64)
    frame = joined.with_columns(pl.col(f"{measure}_o").fill_null(0) for measure in MEASURES)
    n, d = pl.col("numerator_o") / unit, pl.col("denominator_o") / unit
    if entry.kind == "count":
        frame = frame.with_columns(numerator_o=n, denominator_o=none, value_o=n)
        cases = pl.lit(True)
    elif entry.kind == "quantile":
        frame = frame.with_columns(numerator_o=none, denominator_o=d)
        cases = pl.col("denominator_o") > 0
    else:
        value = pl.when(pl.col("denominator_o") != 0).then(
            entry.scale * pl.col("numerator_o") / pl.col("denominator_o")
        )
        frame = frame.with_columns(value_o=value, numerator_o=n, denominator_o=d)
        cases = pl.col("denominator_o") != 0
    last = last_day(frame["grain"], frame["period_start"])
    frame = frame.with_columns(last_day=last)
    if entry.kind == "schedule":
        days = frame["last_day"].unique().to_list()
        first_month = city.inputs.fiscal_year_start
        shares = {day: elapsed_share(min(day, cut), first_month) for day in days}
        elapsed = pl.col("last_day").replace_strict(shares, return_dtype=pl.Float64) if shares else none
        frame = frame.with_columns(value_o=pl.col("value_o") - entry.scale * elapsed)
    # the design effect of a sum is the mean of its parts, weighted by their answers; without a survey 1
    effect = pl.col("_design").fill_null(0) / 1e9 / pl.col("denominator_o")
    effect = pl.when(pl.col("_design").fill_null(0) > 0).then(effect).otherwise(1.0)
    lower, upper = none, none
    if entry.interval:
        lower, upper = wilson(pl.col("numerator_o") / effect, pl.col("denominator_o") / effect)
    target = city.inputs.standards["targets"].get(name)
    frame = frame.with_columns(lower_o=lower, upper_o=upper, target_o=pl.lit(target, pl.Float64))
    waits = pl.col("last_day").is_in(unfinished(frame["last_day"], entry, city)) | (pl.col("pending_o") > 0)
    waits = waits | begun_too_late(name, entry, city)
    frame = frame.with_columns(
        status_o=pl.when(~cases)
        .then(pl.lit("no_cases"))
        .when(waits)
        .then(pl.lit("provisional"))
        .otherwise(verdict(name, entry, target, city))
    )
    if entry.people or entry.minimum:
        frame = suppress(entry, frame, city.inputs.people_minimum)
    return frame


def last_day(grain: pl.Series, start: pl.Series) -> pl.Series:
    """The last day of each period."""
    frame = pl.DataFrame({"grain": grain, "start": start})
    ends = pl.coalesce(
        pl.when(pl.col("grain") == name).then(pl.col("start").dt.offset_by(length)) for name, length in LENGTHS.items()
    )
    return frame.select(end=ends - pl.duration(days=1))["end"]


def unfinished(last_days: pl.Series, entry: Entry, city: Context) -> list[date]:
    """The last days of periods that, with the wait of the indicator, are not over at the data cut.

    A cut in the last second of a day, as deliveries write it, is the end of that day.
    """
    cut = city.inputs.as_of[entry.dataset] + timedelta(seconds=1)
    wait = timedelta(days=entry.wait)
    return [day for day in last_days.unique().to_list() if end_of_day(day + wait, city.inputs.zone) > cut]


def begun_too_late(name: str, entry: Entry, city: Context) -> pl.Expr:
    """Whether the data begin too late for a period: after the month in which a sum over it begins, or with too few days
    before the period (of a stock: its day)."""
    if name not in BEGINS:
        return pl.lit(False)
    first = BEGINS[name](city)
    if first is None:
        return pl.lit(False)
    start = pl.col("period_start")
    late = pl.lit(False)
    if name in FLOWS and (entry.kind == "count" or entry.residents):
        late = start < first.replace(day=1)
    if entry.look_back:
        cut = pl.lit(city.cut(entry.dataset))
        day = start if name in FLOWS else pl.min_horizontal("last_day", cut)
        late = late | (day < first + timedelta(days=entry.look_back))
    return late


def wilson(k: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Wilson's 95 % interval of k of n (E. B. Wilson, JASA 1927); nothing without cases."""
    p = k / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * (p * (1 - p) / n + Z * Z / (4 * n * n)).sqrt()
    lower = pl.when(k == 0).then(0.0).otherwise(centre - half)
    upper = pl.when(k == n).then(1.0).otherwise(centre + half)
    return pl.when(n > 0).then(lower), pl.when(n > 0).then(upper)


def verdict(name: str, entry: Entry, target: float | None, city: Context) -> pl.Expr:
    """met, missed, or, of events, watch where the interval reaches the target; nothing without a target, or before the end
    of the year for which it is meant. Less than nothing left over is missed."""
    if target is None:
        return pl.lit(None, pl.String)
    value, near = pl.col("value_o"), pl.col("lower_o" if entry.lower else "upper_o")
    met = value <= target if entry.lower else value >= target
    chance = (near <= target if entry.lower else near >= target).fill_null(False) & (name in FLOWS)
    found = pl.when(met).then(pl.lit("met")).when(chance).then(pl.lit("watch")).otherwise(pl.lit("missed"))
    if name == "F09":
        found = pl.when(value < 0).then(pl.lit("missed")).otherwise(found)
    if entry.yearly:
        last = pl.min_horizontal("last_day", pl.lit(city.cut(entry.dataset)))
        over = last.dt.offset_by("1d").dt.day() == 1
        over = over & (last.dt.offset_by("1d").dt.month() == city.inputs.fiscal_year_start)
        found = pl.when(over).then(found).otherwise(pl.lit(None, pl.String))
    return found


def suppress(entry: Entry, frame: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Hide what is about fewer than `minimum` people, what holds a count that its source hides, and rates with fewer
    than the indicator's minimum of cases.

    A cell that is hidden so that another cannot be found by subtraction is accepted as published; that hiding is
    tested on its own.
    """
    n, d = pl.col("numerator_o"), pl.col("denominator_o")
    few = (pl.lit(entry.people) & (n > 0) & (n < minimum)) | (pl.col("_by_source").fill_null(0) > 0)
    if entry.minimum:
        few = few | ((d > 0) & (d < entry.minimum))
    # without cases the label says so, unless nobody can know because the source hides them
    cases, by_source = d.fill_null(1) != 0, pl.col("_by_source").fill_null(0) > 0
    hidden = few.fill_null(False) | (
        (pl.col("status") == "suppressed")
        | (pl.lit(entry.people) & (pl.col("status") == "no_cases") & pl.col("numerator").is_null())
    ).fill_null(False)
    figures = ("numerator_o", "denominator_o", "value_o", "lower_o", "upper_o", "excluded_o", "pending_o")
    return frame.with_columns(_hidden=hidden).with_columns(
        *(pl.when(~pl.col("_hidden")).then(pl.col(name)).alias(name) for name in figures),
        status_o=pl.when(pl.col("_hidden") & (cases | pl.lit(not entry.residents) & by_source))
        .then(pl.lit("suppressed"))
        .otherwise(pl.col("status_o")),
    )


def column_differs(column: str, entry: Entry) -> pl.Expr:
    """Whether the published column is not what the oracle says: counts and money exactly, ratios to 1e-9."""
    mine, theirs = pl.col(f"{column}_o"), pl.col(column)
    if column in ("excluded", "pending"):
        # T11 and T12 leave `excluded` empty, which says the same as 0; a suppressed row leaves both empty
        return mine.fill_null(0).ne(theirs.fill_null(0))
    if column in ("status", "target"):
        return mine.ne_missing(theirs)
    if column in ("numerator", "denominator"):
        # money comes as a double of yuan and fen
        return mine.is_null().ne(theirs.is_null()) | ((mine - theirs).abs() > 1e-4).fill_null(False)
    near = (mine - theirs).abs() <= TOLERANCE * pl.max_horizontal(pl.lit(1.0), mine.abs())
    return mine.is_null().ne(theirs.is_null()) | ~near.fill_null(True)
