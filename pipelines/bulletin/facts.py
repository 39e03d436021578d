"""Reads from a published edition what the bulletin of a month rests on, without regard to language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from pipelines.insights.telling import About, catalogue

#: Indicators that stand large on the first page, as far as the edition has them.
HEADLINES = ("T01", "T02", "T03", "T05", "T06", "F06")
#: The sheet of weights by which districts are judged.
SHEET = "district"
#: States of a line that is still to be mended.
STANDING = ("opened", "confirmed", "reopened")
_HISTORY_MONTHS = 13
#: Rules of the rectification list, the gravest first.
_RULES = ("veto", "floor", "overdue", "target")
_PLACES = ("city", "district", "street", "community")
Row = dict[str, Any]


@dataclass(frozen=True)
class Area:
    """An area in force now: names (zh, en), level, code above."""

    names: tuple[str, str]
    level: str
    parent: str | None


@dataclass(frozen=True)
class Facts:
    """Everything that a bulletin of one month says, in both languages' raw material."""

    month: date
    city: Row
    edition: Row
    cuts: tuple[tuple[str, datetime, date], ...]
    indicators: Mapping[str, Row]
    about: Mapping[str, About]
    headline: tuple[str, ...]
    sheet: tuple[str, ...]
    figures: Mapping[tuple[str, str], Row]
    histories: Mapping[str, tuple[tuple[date, Row | None], ...]]
    areas: Mapping[str, Area]
    districts: tuple[str, ...]
    insights: tuple[Row, ...]
    rectification: tuple[Row, ...] | None
    watch: tuple[Row, ...] | None
    rules: Mapping[str, tuple[str, str]]
    refused: tuple[str, ...]
    restated: int

    @property
    def provisional(self) -> tuple[str, ...]:
        """Indicators of the sheet that have no final figure for the city yet."""
        code = self.city["area_code"]
        return tuple(i for i in self.sheet if self.figures.get((i, code), {}).get("status") == "provisional")

    @property
    def final(self) -> bool:
        """Whether no figure by which districts are judged will change with time."""
        return not self.provisional


class NoSuchMonth(ValueError):
    """The edition has no figures of a month, or the month is not over in its data."""


def months_over(con: duckdb.DuckDBPyConnection) -> list[date]:
    """The months of the edition that had ended at its data cut, newest first."""
    rows = con.execute(
        "SELECT DISTINCT period_start FROM marts.indicator_values WHERE indicator_id = 'T01' AND grain = 'month'"
        " AND area_level = 'city' AND dimension = 'all' ORDER BY 1 DESC"
    ).fetchall()
    cuts = {dataset: day for dataset, _, day in _cuts(con)}
    cut = cuts.get("tickets") or max(cuts.values(), default=None)
    return [start for (start,) in rows if cut is not None and next_month(start) <= cut + timedelta(days=1)]


def next_month(start: date) -> date:
    """The first day of the month after."""
    return date(start.year + start.month // 12, start.month % 12 + 1, 1)


def read_facts(con: duckdb.DuckDBPyConnection, month: date) -> Facts:
    """What an edition says of a month that is over.

    Raises:
        NoSuchMonth: it does not hold the month, or the month was not over at its data cut.
    """
    if month not in months_over(con):
        raise NoSuchMonth(
            f"{month:%Y-%m}: 这一版没有这个月的数字，或这个月还没有结束 · the edition has no such month, or it is not over"
        )
    city = _all(con, "SELECT * FROM marts.city")[0]
    indicators = {row["indicator_id"]: row for row in _all(con, "SELECT * FROM marts.indicators ORDER BY sort_order")}
    figures = _figures(con, month)
    weighed = {
        row["indicator_id"] for row in _all(con, "SELECT indicator_id FROM marts.weights WHERE sheet = $1", SHEET)
    }
    own = {i: figures.get((i, city["area_code"])) for i in indicators}
    if not weighed:  # an edition of before the score: whatever has a target
        weighed = {i for i, row in own.items() if row is not None and row["target"] is not None}
    sheet = tuple(i for i in indicators if i in weighed and own[i] is not None)
    headline = tuple(i for i in HEADLINES if own.get(i) is not None)
    areas = {
        row["area_code"]: Area(
            (row["area_name"], row["area_name_en"] or row["area_name"]), row["level"], row["parent_code"]
        )
        for row in _all(con, "SELECT * FROM marts.areas WHERE is_current ORDER BY area_code")
    }
    return Facts(
        month=month,
        city=city,
        edition=_all(con, "SELECT * FROM marts.edition")[0],
        cuts=tuple(_cuts(con)),
        indicators=indicators,
        about=catalogue(con.sql("SELECT *, kind AS figure_kind FROM marts.indicators").pl()),
        headline=headline,
        sheet=sheet,
        figures=figures,
        histories=_histories(con, headline, month),
        areas=areas,
        districts=tuple(code for code, area in areas.items() if area.level == "district"),
        insights=tuple(
            _all(
                con,
                "SELECT kind, severity, sentence_zh, sentence_en FROM marts.insights"
                " WHERE area_level = 'city' AND area_code = $1 AND month = $2 ORDER BY place",
                city["area_code"],
                month,
            )
        ),
        rectification=_rectification(con, month, indicators),
        watch=_watch(con, month, indicators),
        rules={
            row["rule"]: (row["name_zh"], row["name_en"])
            for row in _all(con, "SELECT * FROM marts.rectification_rules")
        },
        refused=tuple(
            row["file_name"] for row in _all(con, "SELECT DISTINCT file_name FROM marts.open_refusals ORDER BY 1")
        ),
        restated=_restated(con, month),
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[Row] | None:
    """Rows by column, or None where an earlier version's edition lacks the table."""
    try:
        cursor = con.execute(sql, list(values))
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _all(con: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[Row]:
    return _rows(con, sql, *values) or []


def _cuts(con: duckdb.DuckDBPyConnection) -> list[tuple[str, datetime, date]]:
    return con.execute(
        "SELECT dataset, as_of, as_of_on FROM marts.as_of WHERE as_of IS NOT NULL ORDER BY dataset"
    ).fetchall()


def _figures(con: duckdb.DuckDBPyConnection, month: date) -> dict[tuple[str, str], Row]:
    """Figures of the city and its districts by indicator and area code."""
    rows = _all(
        con,
        "SELECT indicator_id, area_level, area_code, numerator, denominator, excluded, pending, value, lower, upper, target,"
        " status FROM marts.indicator_values WHERE grain = 'month' AND period_start = $1"
        " AND area_level IN ('city', 'district') AND dimension = 'all'",
        month,
    )
    return {(row["indicator_id"], row["area_code"]): row for row in rows}


def _histories(
    con: duckdb.DuckDBPyConnection, ids: Sequence[str], month: date
) -> dict[str, tuple[tuple[date, Row | None], ...]]:
    """The city's figures of the months up to this one, oldest first; a month without a figure is None."""
    rows = _all(
        con,
        "SELECT indicator_id, period_start, value, status FROM marts.indicator_values WHERE list_contains($1, indicator_id)"
        " AND grain = 'month' AND area_level = 'city' AND dimension = 'all' AND period_start <= $2",
        list(ids),
        month,
    )
    found = {(row["indicator_id"], row["period_start"]): row for row in rows}
    oldest = min((start for _, start in found), default=month)
    starts = [month]
    while len(starts) < _HISTORY_MONTHS and starts[0] > oldest:
        starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
    return {i: tuple((start, found.get((i, start))) for start in starts) for i in ids}


def _rectification(
    con: duckdb.DuckDBPyConnection, month: date, indicators: Mapping[str, Row]
) -> tuple[Row, ...] | None:
    """Lines that had opened by the month and are not closed: by rule, districts before streets before communities."""
    rows = _rows(con, "SELECT * FROM marts.rectification WHERE closed_on IS NULL AND opened_on <= $1", month)
    if rows is None:
        return None
    order = list(indicators)

    def place(row: Row) -> tuple[int, int, str, int]:
        rule = _RULES.index(row["rule"]) if row["rule"] in _RULES else len(_RULES)
        subject = order.index(row["indicator_id"]) if row["indicator_id"] in order else -1
        return rule, _PLACES.index(row["area_level"]), row["area_code"], subject

    return tuple(sorted((row for row in rows if row["area_level"] in _PLACES), key=place))


def _watch(con: duckdb.DuckDBPyConnection, month: date, indicators: Mapping[str, Row]) -> tuple[Row, ...] | None:
    rows = _rows(con, "SELECT * FROM marts.watch_list WHERE period_start = $1", month)
    if rows is None:
        return None
    order = {indicator: number for number, indicator in enumerate(indicators)}
    kept = [row for row in rows if row["area_level"] in _PLACES and row["indicator_id"] in order]
    return tuple(sorted(kept, key=lambda r: (_PLACES.index(r["area_level"]), order[r["indicator_id"]], r["area_code"])))


def _restated(con: duckdb.DuckDBPyConnection, month: date) -> int:
    rows = _all(
        con,
        "SELECT count(*) AS n FROM marts.restatements WHERE kind = 'restatement' AND grain = 'month' AND period_start = $1",
        month,
    )
    return int(rows[0]["n"]) if rows else 0
