"""What the tables and columns of an edition are, in words."""

from __future__ import annotations

import re

from dashboards import data
from dashboards.caches import cached
from dashboards.i18n import text


@cached(max_entries=8)
def tables(edition: str) -> dict[str, tuple[int, list[tuple[str, str]]]]:
    """Each table of the edition with its number of rows, and name and type of its columns, by name."""
    sizes = data.ask(
        edition,
        "select table_name, estimated_size from duckdb_tables() where schema_name = 'marts' order by table_name",
    )
    columns = data.ask(
        edition,
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts' "
        "order by table_name, column_index",
    )
    found: dict[str, tuple[int, list[tuple[str, str]]]] = {
        row["table_name"]: (row["estimated_size"], []) for row in sizes
    }
    for row in columns:
        if row["table_name"] in found:
            found[row["table_name"]][1].append((row["column_name"], row["data_type"]))
    return found


def of_table(lang: str, name: str) -> str:
    """What a table holds; '' for one that has no words yet."""
    return text(lang, f"mart_{name}", default="")


def of_column(lang: str, name: str) -> str:
    """What a column means; a pair that ends in _zh and _en shares its words. '' for one that has none yet."""
    meaning = text(lang, f"column_{name}", default="")
    tongue = re.fullmatch(r"(.+)_(zh|en)", name)
    if meaning or tongue is None:
        return meaning
    meaning = text(lang, f"column_{tongue[1]}", default="")
    return meaning and meaning + text(lang, f"query_in_{tongue[2]}")
