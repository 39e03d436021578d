"""Rejected rows: what was wrong, in which row and column, in words; personal values masked."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import polars as pl

from pipelines.city import City
from pipelines.contracts.model import Column, Contract, Rule
from pipelines.ingest.files import FileRefused, quote_text
from pipelines.ingest.mend import rows_as_sent
from pipelines.ingest.privacy import MASK, without_numbers_sql
from pipelines.ingest.rejects_sheet import MOST_ROWS, write_rejects_sheet
from pipelines.ingest.staging import STAGED, Staged

_SHOWN = 200


def write(con: duckdb.DuckDBPyConnection, contract: Contract, staged: list[Staged]) -> None:
    """Write the rejects of the staged deliveries into `landing.rejects`, one line a row and rule.

    An unreadable required cell breaks two rules; only the one that explains it is listed."""
    _number_rows(con, staged)
    con.execute(
        "INSERT INTO landing.rejects SELECT _delivery_id, ?, source_row, 'file.row_shape', NULL, NULL,"
        " 'the row has ' || found || ' (expected ' || expected || ' cells); look for an unquoted delimiter',"
        " '本行的单元格数与表头（' || expected || ' 列）不一致，请检查是否有未加引号的分隔符'"
        " FROM _shape_rejects",
        [contract.dataset],
    )
    broken = {str(row[0]) for row in con.execute("SELECT DISTINCT rule_id FROM _bad_rows").fetchall()}
    for rule in contract.rules:
        if rule.id not in broken:
            continue
        column = next((c for c in contract.columns if c.landing_name == rule.column), None)
        explained = "FALSE"
        if rule.kind == "required" and column is not None:
            explained = f"coalesce(contains(s._unreadable, {quote_text(f' {column.name} ')}), FALSE)"
        con.execute(
            f"INSERT INTO landing.rejects SELECT s._delivery_id, ?, n.source_row, ?, ?, {_value(column, rule)}, ?, ?"
            f" FROM _bad_rows AS b JOIN {STAGED} AS s USING (_row_id) JOIN _row_numbers AS n USING (_row_id)"
            f" WHERE b.rule_id = ? AND NOT {explained}",
            [contract.dataset, rule.id, column.name if column else None, rule.name_en, rule.name_zh, rule.id],
        )


def _value(column: Column | None, rule: Rule) -> str:
    """SQL of what stands in the list for the cell: as it was sent if it could not be read, personal ones masked."""
    if column is None:
        return "NULL"
    if not column.enters_landing:
        return quote_text(MASK)
    unreadable = f"coalesce(contains(s._unreadable, {quote_text(f' {column.name} ')}), FALSE)"
    filled = f"({unreadable} OR s.{column.landing_name} IS NOT NULL)"
    if column.personal is not None:
        return f"CASE WHEN {filled} THEN {quote_text(MASK)} END"
    sent = f"json_extract_string(s._sent, {quote_text('/' + column.name)})"
    numbered = column.key_position is not None or column.pattern is not None
    # Masked before it is cut: of a number that the cut divides, ten digits would stay.
    read = without_numbers_sql(f"CAST(s.{column.landing_name} AS VARCHAR)", numbered=numbered)
    return f"CASE WHEN {unreadable} THEN {sent} ELSE left({read}, {_SHOWN}) END"


def _number_rows(con: duckdb.DuckDBPyConnection, staged: Iterable[Staged]) -> None:
    """The number in its file of every row that breaks a rule, in the temporary table `_row_numbers`."""
    taken = [item for item in staged if item.last >= item.first]
    facts = {
        "_delivery_id": [item.delivery_id for item in taken],
        "first": [item.first for item in taken],
        "last": [item.last for item in taken],
        "first_row": [item.first_row for item in taken],
    }
    con.register("_ranges", pl.DataFrame(facts, schema_overrides={"_delivery_id": pl.String}))
    # The reader numbers only the rows it kept: those that it set aside before a row are added.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _row_numbers AS WITH bad AS (SELECT DISTINCT _row_id FROM _bad_rows), placed AS"
        " (SELECT b._row_id, r._delivery_id, b._row_id - r.first AS position, r.first_row FROM bad AS b JOIN _ranges AS r"
        " ON b._row_id BETWEEN r.first AND r.last), aside AS (SELECT _delivery_id, kept_before, max(n) AS before FROM"
        " (SELECT *, row_number() OVER (PARTITION BY _delivery_id ORDER BY source_row) AS n FROM _shape_rejects) GROUP BY ALL)"
        " SELECT p._row_id, p._delivery_id, p.position, p.first_row + p.position + coalesce(a.before, 0) AS source_row"
        " FROM placed AS p ASOF LEFT JOIN aside AS a ON a._delivery_id = p._delivery_id AND p.position >= a.kept_before"
    )
    con.unregister("_ranges")
    for item in taken:
        if item.row_numbers is not None:
            numbers = pl.DataFrame({"position": range(len(item.row_numbers)), "source_row": item.row_numbers})
            con.register("_listed", numbers)
            con.execute(
                "UPDATE _row_numbers AS n SET source_row = l.source_row FROM _listed AS l WHERE n._delivery_id = ? AND l.position = n.position",
                [item.delivery_id],
            )
            con.unregister("_listed")


def withdraw(con: duckdb.DuckDBPyConnection, item: Staged) -> None:
    """Take the rows that came back mended off the list of their delivery; what is still wrong is listed anew."""
    con.execute(
        "DELETE FROM landing.rejects WHERE delivery_id = $2 AND source_row IN (SELECT unnest($1::BIGINT[]))",
        [list(item.row_numbers or ()), item.mends],
    )


def export(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, item: Staged) -> None:
    """Write the rejects of a delivery: `state/rejects/<delivery>.parquet`, a CSV that Excel opens (UTF-8 with BOM, no cell
    is a formula) and, if its file could be read, the workbook in which the office corrects them. Of a delivery that was
    mended, those of the delivery that it mends."""
    city.rejects.mkdir(parents=True, exist_ok=True)
    delivery_id = item.mends or item.delivery_id
    frame = con.sql(
        "SELECT d.file_name, r.* FROM landing.rejects AS r JOIN landing.deliveries AS d USING (delivery_id)"
        " WHERE r.delivery_id = ? ORDER BY source_row, rule_id",
        params=[delivery_id],
    ).pl()
    paths = [city.rejects / f"{delivery_id}{suffix}" for suffix in (".parquet", ".csv", ".xlsx")]
    if frame.is_empty():
        for path in paths:
            path.unlink(missing_ok=True)
        return
    frame.write_parquet(paths[0])
    neutral = frame.with_columns(pl.col(pl.String).str.replace(r"^([=+\-@＝＋－＠\t\r\n])", "'${1}"))
    neutral.write_csv(paths[1], include_bom=True)
    if item.original is None:
        return
    numbers = frame["source_row"].unique().sort().to_list()[:MOST_ROWS]
    try:
        rows = rows_as_sent(con, item.original, item.used_headers, numbers)
    except FileRefused:
        return  # the file is gone or was written to meanwhile; the list above stands
    write_rejects_sheet(
        paths[2], rows, frame, delivery_id=delivery_id, contract=contract, mapping=item.mapping,
        whole_file=item.refusal is not None and not item.mends,
    )  # fmt: skip
