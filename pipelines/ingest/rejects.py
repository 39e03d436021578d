"""Rejected rows: what was wrong, in which row and column, in words; personal values masked."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest.files import quote_name, quote_text
from pipelines.ingest.privacy import MASK

_SHOWN = 200


def write(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Write the rejects of the staged deliveries into `landing.rejects`, one line a row and rule.

    An unreadable required cell breaks two rules; only the one that explains it is listed."""
    con.execute(
        "INSERT INTO landing.rejects SELECT _delivery_id, ?, _source_row, 'file.row_shape', NULL, NULL,"
        " 'the row has ' || found || ' (expected ' || expected || ' cells); look for an unquoted delimiter',"
        " '本行的单元格数与表头（' || expected || ' 列）不一致，请检查是否有未加引号的分隔符'"
        " FROM _shape_rejects",
        [contract.dataset],
    )
    broken = {str(row[0]) for row in con.execute("SELECT DISTINCT rule_id FROM _bad_rows").fetchall()}
    for rule in contract.rules:
        if rule.id not in broken:
            continue
        column = next((c for c in contract.landed_columns if c.landing_name == rule.column), None)
        if column is None:
            value = "NULL"
        elif column.personal is not None:
            value = f"CASE WHEN t.{quote_name('_text_' + column.name)} IS NOT NULL THEN {quote_text(MASK)} END"
        else:
            value = f"left(t.{quote_name('_text_' + column.name)}, {_SHOWN})"
            if column.key_position is None and column.pattern is None:
                # a phone or identity number that slipped into another column
                value = f"regexp_replace({value}, '[0-9]{{11,}}', {quote_text(MASK)}, 'g')"
        explained = "FALSE"
        if rule.kind == "required" and column is not None:
            explained = f"contains(s._unreadable, {quote_text(f' {column.name} ')})"
        con.execute(
            f"INSERT INTO landing.rejects SELECT s._delivery_id, ?, s._source_row, ?, ?, {value}, ?, ?"
            " FROM _bad_rows AS b JOIN _staged AS s USING (_row_id) JOIN _texts AS t USING (_row_id)"
            f" WHERE b.rule_id = ? AND NOT {explained}",
            [contract.dataset, rule.id, column.name if column else None, rule.name_en, rule.name_zh, rule.id],
        )


def export(con: duckdb.DuckDBPyConnection, city: City, delivery_ids: list[str]) -> None:
    """Write `state/rejects/<delivery>.parquet` and a CSV that Excel opens (UTF-8 with BOM, no cell is a formula)."""
    city.rejects.mkdir(parents=True, exist_ok=True)
    for delivery_id in delivery_ids:
        frame = con.sql(
            "SELECT d.file_name, r.* FROM landing.rejects AS r JOIN landing.deliveries AS d USING (delivery_id)"
            " WHERE r.delivery_id = ? ORDER BY source_row, rule_id",
            params=[delivery_id],
        ).pl()
        paths = [city.rejects / f"{delivery_id}{suffix}" for suffix in (".parquet", ".csv")]
        if frame.is_empty():
            for path in paths:
                path.unlink(missing_ok=True)
            continue
        frame.write_parquet(paths[0])
        neutral = frame.with_columns(pl.col(pl.String).str.replace(r"^([=+\-@＝＋－＠\t\r\n])", "'${1}"))
        neutral.write_csv(paths[1], include_bom=True)
