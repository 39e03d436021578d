"""Everything that could be said about an area in a month, as rows of evidence without words."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

#: Months told, the running one among them: a community's older months are read from its figures.
MONTHS = {"city": 13, "district": 13, "street": 13, "community": 4}
#: Share of false claims of change that is put up with among those of one level and month.
FALSE_DISCOVERIES = 0.05
ACT, WATCH, GOOD, NOTE = 3, 2, 1, 0
KEY = ["area_level", "area_code", "month"]
UNLOCATED = "unlocated"

#: Columns of a candidate; `inner` orders those of one indicator, `listed` names indicators, datasets or areas.
EVIDENCE: dict[str, Any] = {
    "area_level": pl.String,
    "area_code": pl.String,
    "month": pl.Date,
    "topic": pl.String,
    "kind": pl.String,
    "severity": pl.Int64,
    "inner": pl.Int64,
    "indicator_id": pl.String,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "value_before": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "target": pl.Float64,
    "pending": pl.Int64,
    "compared_with": pl.String,
    "change": pl.Float64,
    "change_lower": pl.Float64,
    "change_upper": pl.Float64,
    "compared": pl.Int64,
    "limit_lower": pl.Float64,
    "limit_upper": pl.Float64,
    "centre": pl.Float64,
    "variation": pl.String,
    "peers": pl.Int64,
    "peer_rate": pl.Float64,
    "standardised_value": pl.Float64,
    "dimension": pl.String,
    "rate_effect": pl.Float64,
    "mix_effect": pl.Float64,
    "counted": pl.Int64,
    "listed": pl.List(pl.String),
    "contributions": pl.List(pl.Float64),
    "day": pl.Date,
}

_WINDOW = f"""
    SELECT l.area_level, t.newest, CAST(t.newest - CAST(l.months - 1 AS INTEGER) * INTERVAL 1 MONTH AS DATE) AS since
    FROM (VALUES {", ".join(f"('{level}', {months})" for level, months in MONTHS.items())}) AS l(area_level, months)
    CROSS JOIN (SELECT CAST(date_trunc('month', max(as_of_on)) AS DATE) AS newest FROM reference.as_of) AS t
"""

_FIGURES = f"""
    SELECT v.area_level, v.area_code, v.period_start AS month, v.indicator_id, v.numerator, v.denominator, v.excluded,
        v.pending, v.value, v.lower, v.upper, v.target, v.status
    FROM marts.indicator_values AS v
    JOIN ({_WINDOW}) AS w ON w.area_level = v.area_level AND v.period_start BETWEEN w.since AND w.newest
    WHERE v.grain = 'month' AND v.dimension = 'all'
    ORDER BY ALL"""

_ABOUT = """
    SELECT i.indicator_id, i.sort_order, i.name_zh, i.name_en, i.kind AS figure_kind, i.unit, i.scale, i.decimals, i.direction,
        i.people, i.dataset, coalesce(e.time_kind = 'flow', FALSE) AS is_flow
    FROM marts.indicators AS i
    LEFT JOIN (SELECT indicator_id, max(time_kind) AS time_kind FROM core.indicator_periods GROUP BY ALL) AS e
        ON e.indicator_id = i.indicator_id
    ORDER BY i.sort_order"""

_CHANGES = f"""
    SELECT c.area_level, c.area_code, c.period_start AS month, c.indicator_id, c.compared_with, c.value, c.value_before, c.change,
        c.change_lower, c.change_upper, c.p_no_change, c.is_beyond_chance, c.before_start
    FROM marts.changes AS c
    JOIN ({_WINDOW}) AS w ON w.area_level = c.area_level AND c.period_start BETWEEN w.since AND w.newest
    WHERE c.grain = 'month'
    ORDER BY ALL"""

_SIGNALS = f"""
    SELECT c.area_level, c.area_code, c.period_start AS month, c.indicator_id, c.value, c.centre,
        c.lower_limit AS limit_lower, c.upper_limit AS limit_upper, c.variation, c.assurance,
        CASE WHEN c.beyond_limits <> 0 THEN 'beyond' WHEN c.run_on_one_side <> 0 THEN 'run'
            WHEN c.two_of_three <> 0 THEN 'two_of_three' WHEN c.trend <> 0 THEN 'trend' END AS rule,
        CASE WHEN c.beyond_limits <> 0 THEN c.beyond_limits WHEN c.run_on_one_side <> 0 THEN c.run_on_one_side
            WHEN c.two_of_three <> 0 THEN c.two_of_three ELSE c.trend END AS sign
    FROM marts.control_limits AS c
    JOIN ({_WINDOW}) AS w ON w.area_level = c.area_level AND c.period_start BETWEEN w.since AND w.newest
    WHERE c.grain = 'month' AND NOT c.is_provisional
    ORDER BY ALL"""

_PEERS = f"""
    SELECT c.area_level, c.area_code, c.period_start AS month, c.indicator_id, c.value, c.denominator, c.peers, c.peer_rate,
        c.funnel_flag, c.funnel_lower_95, c.funnel_upper_95, c.funnel_lower_998, c.funnel_upper_998,
        c.standardised_value, c.standardised_by, c.standardised_disagrees
    FROM marts.comparisons AS c
    JOIN ({_WINDOW}) AS w ON w.area_level = c.area_level AND c.period_start BETWEEN w.since AND w.newest
    WHERE c.grain = 'month' AND NOT c.is_provisional
    ORDER BY ALL"""

_PATHS = f"""
    SELECT m.month, p.level AS area_level, p.area_code, p.district_code, p.street_code, y.area_code AS city_code,
        CASE p.level WHEN 'district' THEN y.area_code WHEN 'street' THEN p.district_code ELSE p.street_code END AS parent_code
    FROM (
        SELECT DISTINCT k.month_start AS month FROM reference.calendar AS k
        JOIN (SELECT min(since) AS since, max(newest) AS newest FROM ({_WINDOW})) AS w
            ON k.month_start BETWEEN w.since AND w.newest
    ) AS m
    JOIN core.area_paths AS p ON p.valid_from <= last_day(m.month) AND last_day(m.month) < p.valid_to
    CROSS JOIN marts.city AS y
    WHERE p.level IN ('district', 'street', 'community')
    ORDER BY ALL"""

_CUTS = """
    SELECT DISTINCT a.dataset, a.as_of_on, max(a.as_of_on) OVER () AS newest_on
    FROM reference.as_of AS a WHERE a.dataset IN (SELECT dataset FROM marts.indicators)
    ORDER BY ALL"""

_REFUSED = "SELECT DISTINCT dataset FROM marts.open_refusals ORDER BY 1"


def candidates(con: duckdb.DuckDBPyConnection) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return all candidates (columns of EVIDENCE), the catalogue, and the paths of areas by month."""
    about, figures = con.sql(_ABOUT).pl(), con.sql(_FIGURES).pl()
    if figures.is_empty():
        return pl.DataFrame(schema=EVIDENCE), about, pl.DataFrame()
    changed, paths = con.sql(_CHANGES).pl(), con.sql(_PATHS).pl()
    placed = figures.filter(pl.col("area_code") != UNLOCATED).join(about, on="indicator_id")
    told = [
        _levels(placed, changed),
        _summaries(placed),
        _changes(changed, placed, about),
        *_signals(con.sql(_SIGNALS).pl(), placed, about),
        *_peers(con.sql(_PEERS).pl(), about, paths),
        *_gaps(placed),
        _unlocated(figures, about),
        *_deliveries(con.sql(_CUTS).pl(), con.sql(_REFUSED).pl(), placed),
    ]
    return pl.concat([_evidence(frame) for frame in told]), about, paths


def _evidence(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in EVIDENCE.items()
    )


def _judged() -> pl.Expr:
    """Whether a figure has a target to be held against."""
    return pl.col("target").is_not_null() & (pl.col("direction") != "none")


def _levels(placed: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Every figure with its count, its interval and its target."""
    before = changed.filter(pl.col("compared_with") == "previous_period").select(*KEY, "indicator_id", "value_before")
    missed, watch = pl.col("status") == "missed", pl.col("status") == "watch"
    # a stock is counted whole: its interval says nothing about chance
    sampled = pl.col("is_flow") & (pl.col("figure_kind") == "proportion")
    # a ratio of events has no interval here: what it misses by may be chance
    unsure = pl.col("is_flow") & ~sampled
    kind = (
        pl.when(pl.col("status") == "provisional").then(pl.lit("level_provisional"))
        .when(_judged() & (pl.col("status") == "met")).then(pl.lit("level_met"))
        .when(_judged() & missed & sampled).then(pl.lit("level_missed"))
        .when(_judged() & watch & sampled).then(pl.lit("level_watch"))
        .when(_judged() & (missed | watch)).then(pl.lit("level_missed_counted"))
        .otherwise(pl.lit("level_plain"))
    )  # fmt: skip
    return (
        placed.filter(pl.col("value").is_not_null())
        .join(before, on=[*KEY, "indicator_id"], how="left")
        .with_columns(
            kind=kind,
            severity=pl.when(_judged() & missed & ~unsure)
            .then(ACT)
            .when(_judged() & (missed | watch))
            .then(WATCH)
            .otherwise(NOTE),
            topic=pl.lit("level"),
            inner=pl.lit(10),
            lower=pl.when(sampled).then("lower"),
            upper=pl.when(sampled).then("upper"),
            target=pl.when(_judged()).then("target"),
        )
    )


def _summaries(placed: pl.DataFrame) -> pl.DataFrame:
    """How many indicators with a target miss it, and which; a second row names those on watch."""
    final = placed.filter(_judged() & pl.col("status").is_in(["met", "missed", "watch"])).sort(*KEY, "sort_order")
    found = final.group_by(KEY, maintain_order=True).agg(
        compared=pl.len(),
        missed=pl.col("indicator_id").filter(pl.col("status") == "missed"),
        watched=pl.col("indicator_id").filter(pl.col("status") == "watch"),
    )
    any_missed, any_watched = (pl.col(name).list.len() > 0 for name in ("missed", "watched"))
    first = found.with_columns(
        kind=pl.when(any_missed).then(pl.lit("summary_missed"))
        .when(any_watched).then(pl.lit("summary_none_missed")).otherwise(pl.lit("summary_met")),
        severity=pl.when(any_missed).then(ACT).when(any_watched).then(WATCH).otherwise(GOOD),
        listed="missed", counted=pl.col("missed").list.len(), inner=pl.lit(0),
    )  # fmt: skip
    second = found.filter(any_watched).with_columns(
        kind=pl.lit("summary_watch"), severity=pl.lit(WATCH), listed="watched", counted=pl.col("watched").list.len(),
        inner=pl.lit(1),
    )  # fmt: skip
    return pl.concat([first, second], how="diagonal_relaxed").with_columns(topic=pl.lit("summary"))


def false_discovery_rates(p: str, groups: list[str]) -> pl.Expr:
    """Adjusted p within groups of rows sorted by falling p: Benjamini and Hochberg, J. R. Stat. Soc. B 1995; 57:289–300."""
    scaled = pl.col(p) * pl.len().over(groups) / pl.col(p).rank("max").over(groups)
    return scaled.cum_min().over(groups)


def _changes(changed: pl.DataFrame, placed: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Changes of proportions of events: claimed where the interval leaves out 0 and the number of comparisons is allowed for.

    One change in twenty is beyond chance by chance, and a city compares thousands: so the claims of a level and month are
    those whose false discovery rate stays below 5 %. The others are said to be what they are.
    """
    family = ["area_level", "month", "compared_with"]
    status = placed.select(*KEY, "indicator_id", "status")
    better = pl.col("change").sign() * pl.col("direction").replace_strict({"higher": 1, "lower": -1}, default=0)
    found = (
        changed.filter(pl.col("is_beyond_chance").is_not_null())
        .sort("p_no_change", descending=True, maintain_order=True)
        .with_columns(q=false_discovery_rates("p_no_change", family), compared=pl.len().over(family))
        .join(about.select("indicator_id", "direction"), on="indicator_id")
        .join(status, on=[*KEY, "indicator_id"], how="left")
    )
    claimed = pl.col("is_beyond_chance") & (pl.col("q") <= FALSE_DISCOVERIES)
    since_last_month = pl.col("compared_with") == "previous_period"
    worth_saying = pl.col("is_beyond_chance") | (since_last_month & pl.col("status").is_in(["missed", "watch"]))
    return found.filter(worth_saying).with_columns(
        topic=pl.lit("change"),
        kind=pl.when(claimed & (pl.col("change") > 0)).then(pl.lit("change_up"))
        .when(claimed).then(pl.lit("change_down"))
        .when("is_beyond_chance").then(pl.lit("change_one_of_many")).otherwise(pl.lit("change_unclear")),
        severity=pl.when(~claimed).then(NOTE).when(better > 0).then(GOOD)
        .when((better < 0) & (pl.col("status") == "missed")).then(ACT).otherwise(WATCH),
        inner=pl.when(since_last_month).then(20).otherwise(40), day="before_start",
    )  # fmt: skip


def _signals(charts: pl.DataFrame, placed: pl.DataFrame, about: pl.DataFrame) -> list[pl.DataFrame]:
    """Signals of the control chart, counts within their usual range, and targets that the process does not reach."""
    goals = placed.filter(_judged()).select(*KEY, "indicator_id", "target")
    known = charts.join(about.select("indicator_id", "figure_kind"), on="indicator_id").with_columns(
        topic=pl.lit("chance")
    )
    usual = pl.col("variation") == "common_cause"
    side = pl.when(pl.col("sign") > 0).then(pl.lit("_high")).otherwise(pl.lit("_low"))
    unusual = known.filter(~usual).with_columns(
        kind="signal_" + pl.col("rule") + side,
        severity=pl.when(pl.col("variation") == "improving").then(GOOD).otherwise(WATCH),
        inner=pl.lit(60),
    )
    quiet = known.filter(usual & (pl.col("figure_kind") == "count")).with_columns(
        kind=pl.lit("signal_none"), severity=pl.lit(NOTE), inner=pl.lit(60)
    )
    failing = (
        known.filter(pl.col("assurance") == "failing")
        .join(goals, on=[*KEY, "indicator_id"])
        .with_columns(kind=pl.lit("assurance_failing"), severity=pl.lit(WATCH), inner=pl.lit(70))
    )
    return [unusual, quiet, failing]


def _peers(peers: pl.DataFrame, about: pl.DataFrame, paths: pl.DataFrame) -> list[pl.DataFrame]:
    """Areas outside the funnel of their peers, adjusted rates that say the contrary, and how many outside lie below an area."""
    # a stock is counted whole: against its peers it is more or less, not beyond chance
    events = about.filter("is_flow").select("indicator_id", "direction")
    known = peers.join(events, on="indicator_id").with_columns(
        topic=pl.lit("peers"), flag=pl.col("funnel_flag").fill_null("")
    )
    low, high = pl.col("flag").str.starts_with("below"), pl.col("flag").str.starts_with("above")
    worse = pl.when(pl.col("direction") == "higher").then(low).otherwise(high)
    far = pl.col("flag").str.ends_with("998")
    known = known.with_columns(
        is_worse=worse,
        is_far=far,
        limit_lower=pl.when(far).then("funnel_lower_998").otherwise("funnel_lower_95"),
        limit_upper=pl.when(far).then("funnel_upper_998").otherwise("funnel_upper_95"),
        sign=pl.when(low).then(-1).otherwise(1),
    )
    outside = known.filter((low | high) & (pl.col("is_worse") | far)).with_columns(
        kind=pl.when(pl.col("is_worse") & far).then(pl.lit("peers_worse_998"))
        .when("is_worse").then(pl.lit("peers_worse_95")).otherwise(pl.lit("peers_better_998")),
        severity=pl.when(pl.col("is_worse") & far).then(ACT).when("is_worse").then(WATCH).otherwise(GOOD),
        inner=pl.lit(80),
        # only the limit that it crosses
        limit_lower=pl.when(low).then("limit_lower"), limit_upper=pl.when(high).then("limit_upper"),
    )  # fmt: skip
    contrary = known.filter(pl.col("standardised_disagrees")).with_columns(
        kind=pl.lit("peers_standardised"), severity=pl.lit(WATCH), inner=pl.lit(90), dimension="standardised_by"
    )
    return [outside, contrary, _outliers(known, paths)]


def _outliers(known: pl.DataFrame, paths: pl.DataFrame) -> pl.DataFrame:
    """How many areas below lie on the worse side of their 99.8 % limit, by rung; without any there is no row."""
    rungs = {"city": "city_code", "district": "district_code", "street": "street_code"}
    below = known.join(paths, on=["area_level", "area_code", "month"])
    frames = []
    for level, column in rungs.items():
        inside = below.filter((pl.col("area_level") != level) & pl.col(column).is_not_null())
        if level == "district":
            inside = inside.filter(pl.col("area_level") != "city")
        elif level == "street":
            inside = inside.filter(pl.col("area_level") == "community")
        outside = pl.col("is_worse") & pl.col("is_far")
        frames.append(
            inside.group_by(area_code=pl.col(column), month="month", indicator_id="indicator_id", dimension="area_level")
            .agg(
                compared=pl.len(),
                counted=outside.sum(),
                listed=pl.col("area_code").sort_by("denominator", "area_code", descending=[True, False]).filter(
                    outside.sort_by("denominator", "area_code", descending=[True, False])
                ),
            )
            .filter(pl.col("counted") > 0)
            .with_columns(area_level=pl.lit(level))
        )  # fmt: skip
    return pl.concat(frames).with_columns(
        topic=pl.lit("peers"), kind=pl.lit("outliers_below"), severity=pl.lit(ACT), inner=pl.lit(50)
    )


def _gaps(placed: pl.DataFrame) -> list[pl.DataFrame]:
    """What is provisional, suppressed or excluded."""
    ordered = placed.sort(*KEY, "sort_order")
    frames = []
    for inner, status in enumerate(("provisional", "suppressed"), start=3):
        frames.append(
            ordered.filter(pl.col("status") == status)
            .group_by(KEY, maintain_order=True)
            .agg(listed="indicator_id", counted=pl.len())
            .with_columns(kind=pl.lit(f"data_{status}"), severity=pl.lit(NOTE), inner=pl.lit(inner))
        )
    counted = (
        pl.col("is_flow")
        & (pl.col("figure_kind") == "count")
        & (pl.col("excluded") > 0)
        & pl.col("numerator").is_not_null()
    )
    excluded = ordered.filter(counted).with_columns(
        counted="excluded", value=pl.col("excluded") / (pl.col("numerator") + pl.col("excluded")),
        kind=pl.lit("data_excluded"), severity=pl.lit(NOTE), inner=pl.lit(5),
    )  # fmt: skip
    return [frame.with_columns(topic=pl.lit("data")) for frame in [*frames, excluded]]


def _unlocated(figures: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Events of the city that lie in none of its communities."""
    events = about.filter(pl.col("is_flow") & (pl.col("figure_kind") == "count")).select("indicator_id")
    lost = figures.filter((pl.col("area_code") == UNLOCATED) & (pl.col("area_level") == "community"))
    lost = lost.filter(pl.col("numerator") > 0).join(events, on="indicator_id")
    whole = figures.filter((pl.col("area_level") == "city") & (pl.col("numerator") > 0))
    return lost.select("month", "indicator_id", lost="numerator").join(
        whole.select("area_level", "area_code", "month", "indicator_id", "numerator"), on=["month", "indicator_id"]
    ).with_columns(
        topic=pl.lit("data"), kind=pl.lit("data_unlocated"), severity=pl.lit(NOTE), inner=pl.lit(6),
        dimension=pl.lit("community"), denominator="numerator", numerator="lost", value=pl.col("lost") / pl.col("numerator"),
    )  # fmt: skip


def _deliveries(cuts: pl.DataFrame, refused: pl.DataFrame, placed: pl.DataFrame) -> list[pl.DataFrame]:
    """Datasets that end within a month that is over for others, and refused files, said of the two newest months."""
    everywhere = placed.select(KEY).unique(maintain_order=True)
    ends = (
        cuts.join(everywhere.select("month").unique(), how="cross")
        .filter(
            (pl.col("as_of_on") < pl.col("month").dt.month_end())
            & (pl.col("month").dt.month_end() <= pl.col("newest_on"))
            # a dataset that ended long ago is no news of this month
            & (pl.col("as_of_on") >= pl.col("month").dt.offset_by("-3mo"))
        )
        .sort("month", "as_of_on", "dataset")
        .group_by("month", "as_of_on", maintain_order=True)
        .agg(listed="dataset")
    )
    stale = everywhere.join(ends, on="month").with_columns(
        kind=pl.lit("data_stale"), severity=pl.lit(WATCH), inner=pl.lit(2), day="as_of_on"
    )
    newest = everywhere.get_column("month").unique().sort().tail(2)
    names = refused.get_column("dataset").to_list()
    missing = everywhere.filter(pl.col("month").is_in(newest.implode()) & bool(names)).with_columns(
        kind=pl.lit("data_refused"), severity=pl.lit(WATCH), inner=pl.lit(1), listed=pl.lit(names, dtype=pl.List(pl.String))
    )  # fmt: skip
    return [frame.with_columns(topic=pl.lit("data")) for frame in (stale, missing)]
