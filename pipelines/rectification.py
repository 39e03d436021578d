"""The rectification list from edition to edition: lines are opened, confirmed, mended, closed and reopened.

The memory is the published list itself: the next refresh reads it from the current edition, so that what leaders saw is
what is continued. A list that was computed and never published leaves no trace, and a warehouse made anew loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

MEMORY = "reference.rectification_before"
_KEY = ["rule", "area_level", "area_code", "subject"]
#: What the latest judgement that held says; it stands in the line as its evidence.
_EVIDENCE = {
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "floor": pl.Float64,
    "target": pl.Float64,
    "months_below": pl.Int64,
    "rows": pl.Int64,
}
#: What a line is remembered by.
LINE: dict[str, type[pl.DataType]] = {
    "line_id": pl.String,
    "rule": pl.String,
    "area_level": pl.String,
    "area_code": pl.String,
    "subject": pl.String,
    "indicator_id": pl.String,
    "opened_on": pl.Date,
    "period_start": pl.Date,
    "mended_on": pl.Date,
    "closed_on": pl.Date,
    "closed_because": pl.String,
    "reopened_on": pl.Date,
    "times_reopened": pl.Int64,
    "listed_on": pl.Date,
    "due_on": pl.Date,
    **_EVIDENCE,
}
_SQL_TYPES = {pl.String: "VARCHAR", pl.Date: "DATE", pl.Int64: "BIGINT", pl.Float64: "DOUBLE"}


def remember_nothing(con: duckdb.DuckDBPyConnection) -> None:
    """Make the memory, empty, where there is none."""
    columns = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in LINE.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS {MEMORY} ({columns})")


def remember(con: duckdb.DuckDBPyConnection, editions: Sequence[Path]) -> int:
    """Make the memory the list of the first of `editions` that opens; return the number of remembered lines.

    A damaged edition is passed over: the refresh that would replace it must not fail on it. An edition from before there
    was a list, or whose list lacks a column, is an edition without a list.
    """
    con.execute(f"DROP TABLE IF EXISTS {MEMORY}")
    remember_nothing(con)
    for edition in editions:
        try:
            con.execute(f"ATTACH '{str(edition).replace(chr(39), chr(39) * 2)}' AS edition_before (READ_ONLY)")
        except duckdb.IOException:
            continue
        try:
            found = con.execute(
                "SELECT column_name FROM duckdb_columns() WHERE database_name = 'edition_before'"
                " AND schema_name = 'marts' AND table_name = 'rectification'"
            ).fetchall()
            if set(LINE) <= {str(row[0]) for row in found}:
                columns = ", ".join(f'"{name}"' for name in LINE)
                con.execute(f"INSERT INTO {MEMORY} SELECT {columns} FROM edition_before.marts.rectification")  # noqa: S608
        finally:
            con.execute("DETACH edition_before")
        break
    return int(con.execute(f"SELECT count(*) FROM {MEMORY}").fetchall()[0][0])  # noqa: S608


def advance(
    before: pl.DataFrame, judgements: pl.DataFrame, due_days: pl.DataFrame, *, reopen_months: int, cut: date
) -> pl.DataFrame:
    """Return every line, open or closed, after `judgements` (columns of lists.judgements) were applied month by month.

    Args:
        before: the lines of the edition before (columns `LINE`); empty at the first edition, which goes through every
            month of the judgements. Otherwise a line is opened by the newest final month alone, or by the month under way
            where the rule is about facts; a line that is known is judged from the month on in which it last held or closed.
        due_days: rule → due_days, the days after which a line is due, from the day on which it was (re)opened in a list.
        cut: the data cut; a line (re)opened now is listed on this day.

    Applied twice to the same judgements it changes nothing.
    """
    known = judgements.filter(pl.col("holds").is_not_null()).join(due_days, on="rule")
    lines = before.select(*LINE).with_columns(pl.lit(None, pl.Date).alias("mended_on"))
    if not before.is_empty():
        final = pl.col("period_start").filter(pl.col("is_final")).max().over(_KEY)
        known = known.with_columns(opens=pl.col("may_open") & (pl.col("period_start") >= final).fill_null(True))
    else:
        known = known.with_columns(opens=pl.col("may_open"))
    for _, month in sorted(known.partition_by("period_start", as_dict=True).items()):
        lines = _judge(lines, month, reopen_months, cut)
    return lines.sort("line_id")


def _judge(lines: pl.DataFrame, month: pl.DataFrame, reopen_months: int, cut: date) -> pl.DataFrame:
    """Apply the judgements of one month, one a key at most, to the latest line of each key."""
    latest = pl.col("opened_on") == pl.col("opened_on").max().over(_KEY)
    settled, current = lines.filter(~latest), lines.filter(latest)
    joined = month.rename({name: f"new_{name}" for name in (*_EVIDENCE, "indicator_id", "period_start")}).join(
        current, on=_KEY, how="full", coalesce=True
    )
    p, holds, final = pl.col("new_period_start"), pl.col("holds").fill_null(False), pl.col("is_final").fill_null(False)
    known, closed = pl.col("line_id").is_not_null(), pl.col("closed_on").is_not_null()
    clear = ~pl.col("holds").fill_null(True)
    firm = holds & pl.col("may_open").fill_null(False)
    months_since = (p.dt.year() - pl.col("closed_on").dt.year()) * 12 + (
        p.dt.month().cast(pl.Int32) - pl.col("closed_on").dt.month()
    )
    again = known & closed & firm & (p > pl.col("closed_on"))
    marked = joined.with_columns(
        stays=known & ~closed & firm & (p >= pl.col("period_start")),
        unclosed=known & closed & firm & (p == pl.col("closed_on")),
        reopened=again & (months_since <= reopen_months),
        # later than that it is a new line of the same key, and so is the first
        starts=(~known & pl.col("opens").fill_null(False) & holds) | (again & (months_since > reopen_months)),
        closes=known & ~closed & clear & final & (p >= pl.col("period_start")),
        mends=known & ~closed & clear & ~final & (p >= pl.col("period_start")),
    )
    held = pl.col("stays") | pl.col("unclosed") | pl.col("reopened")
    anew = pl.col("reopened")

    def switch(condition: pl.Expr, value: pl.Expr, column: str) -> pl.Expr:
        return pl.when(condition).then(value).otherwise(pl.col(column)).alias(column)

    due = pl.lit(cut) + pl.duration(days=pl.col("due_days"))
    nothing = pl.lit(None)
    kept = marked.filter(known).with_columns(
        switch(held, p, "period_start"),
        switch(pl.col("closes"), p, "closed_on"),
        switch(pl.col("closes"), pl.lit("cleared"), "closed_because"),
        switch(anew, p, "reopened_on"),
        switch(anew, pl.col("times_reopened") + 1, "times_reopened"),
        switch(anew, pl.lit(cut), "listed_on"),
        switch(anew, due, "due_on"),
        switch(pl.col("mends"), p, "mended_on"),
        *(switch(held, pl.col(f"new_{name}"), name) for name in _EVIDENCE),
    )
    kept = kept.with_columns(
        switch(anew | pl.col("unclosed"), nothing, "closed_on"),
        switch(anew | pl.col("unclosed"), nothing, "closed_because"),
        switch(holds | pl.col("closes"), nothing, "mended_on"),
    )
    opened = marked.filter("starts").with_columns(
        line_id=pl.concat_str(*_KEY[:1], "subject", "area_code", p.dt.strftime("%Y-%m"), separator="/"),
        indicator_id=pl.col("new_indicator_id"),
        opened_on=p,
        period_start=p,
        mended_on=pl.lit(None, pl.Date),
        closed_on=pl.lit(None, pl.Date),
        closed_because=pl.lit(None, pl.String),
        reopened_on=pl.lit(None, pl.Date),
        times_reopened=pl.lit(0, pl.Int64),
        listed_on=pl.lit(cut),
        due_on=due,
        **{name: pl.col(f"new_{name}") for name in _EVIDENCE},
    )
    frames = [frame.select(pl.col(name).cast(kind) for name, kind in LINE.items()) for frame in (settled, kept, opened)]
    return pl.concat(frames)


def with_states(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `state`: closed, mended, reopened, opened or confirmed."""
    return lines.with_columns(
        state=pl.when(pl.col("closed_on").is_not_null())
        .then(pl.lit("closed"))
        .when(pl.col("mended_on").is_not_null())
        .then(pl.lit("mended"))
        .when(pl.col("reopened_on") == pl.col("period_start"))
        .then(pl.lit("reopened"))
        .when(pl.col("opened_on") == pl.col("period_start"))
        .then(pl.lit("opened"))
        .otherwise(pl.lit("confirmed"))
    )
