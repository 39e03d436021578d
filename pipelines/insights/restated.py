"""Adds to the sentences of a new edition what it says otherwise than the edition before."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines import wording
from pipelines.figures.insights import SCHEMA
from pipelines.insights.telling import About, catalogue

#: Restated figures of an area and month that have a sentence of their own; the others are named in one.
TOLD = 2

_LINES = """
    SELECT t.*, r.indicator_id, r.was_value, r.is_value, r.why_zh, r.why_en,
        row_number() OVER figures AS turn
    FROM {0}.restatements AS r
    JOIN (SELECT area_level, area_code, month, max(place) AS places FROM {0}.insights GROUP BY ALL) AS t
        ON t.area_level = r.area_level AND t.area_code = r.area_code AND t.month = r.period_start
    JOIN {0}.indicators AS i ON i.indicator_id = r.indicator_id
    WHERE r.kind = 'restatement' AND r.grain = 'month' AND r.dimension = 'all' AND r.was_value <> r.is_value
    WINDOW figures AS (PARTITION BY t.area_level, t.area_code, t.month ORDER BY i.sort_order)
    ORDER BY t.area_level, t.area_code, t.month, turn"""

_ABOUT = """
    SELECT indicator_id, name_zh, name_en, kind AS figure_kind, unit, scale, decimals, dataset FROM {0}.indicators"""


def add_restatements(con: duckdb.DuckDBPyConnection, edition: str) -> int:
    """Append a sentence for each restated figure of a month that has sentences; return the rows of the table then.

    Args:
        edition: schema of the new edition, whose restatements are written.
    """
    lines = con.sql(_LINES.format(edition)).pl()
    if not lines.is_empty():
        told = pl.DataFrame(_told(lines, catalogue(con.sql(_ABOUT.format(edition)).pl())), schema=SCHEMA)
        con.register("_told", told.to_arrow())
        try:
            con.execute(f"INSERT INTO {edition}.insights BY NAME SELECT * FROM _told")
        finally:
            con.unregister("_told")
    return int(con.execute(f"SELECT count(*) FROM {edition}.insights").fetchall()[0][0])


def _told(lines: pl.DataFrame, indicators: dict[str, About]) -> list[dict[str, object]]:
    """One row for each of the first restated figures of an area and month, and one for the rest of them."""
    rows: list[dict[str, object]] = []
    for (level, code, month), part in lines.group_by("area_level", "area_code", "month", maintain_order=True):
        key = {"area_level": level, "area_code": code, "month": month, "topic": "restated", "severity": "watch"}
        for row in part.head(TOLD).iter_rows(named=True):
            about = indicators[row["indicator_id"]]
            numbers = {"value": row["is_value"], "value_before": row["was_value"], "indicator_id": row["indicator_id"]}
            rows.append(key | numbers | {"kind": "restated", "place": row["places"] + row["turn"]} | {
                f"sentence_{lang}": wording.sentence(
                    lang, "restated", name=wording.pick(lang, about.names), why=row[f"why_{lang}"],
                    was=about.write(row["was_value"], lang, row["is_value"]), now=about.write(row["is_value"], lang, row["was_value"]),
                ) for lang in wording.LANGUAGES
            })  # fmt: skip
        rest = part.slice(TOLD).get_column("indicator_id").to_list()
        if rest:
            place = part.item(0, "places") + TOLD + 1
            rows.append(key | {"kind": "restated_more", "place": place, "listed": rest, "counted": len(rest)} | {
                f"sentence_{lang}": wording.sentence(
                    lang, "restated_more", n=len(rest),
                    names=wording.listed(lang, [wording.pick(lang, indicators[i].names) for i in rest], 5),
                ) for lang in wording.LANGUAGES
            })  # fmt: skip
    return [{name: row.get(name) for name in SCHEMA} for row in rows]
