"""Opens Parquet as text: typed cells as they are written, nested ones as JSON."""

from __future__ import annotations

import duckdb

from pipelines.ingest.extract import (
    NO_COLUMN,
    Extract,
    FileRefused,
    Source,
    quote_name,
    quote_path,
    require_known,
    unique_headers,
)


def open_parquet(con: duckdb.DuckDBPyConnection, source: Source, known: frozenset[str]) -> Extract:
    """Open a Parquet file.

    Raises:
        FileRefused: it is cut, encrypted, has a column twice, or identity numbers as floating-point numbers.
    """
    place = quote_path(source.place)
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM read_parquet({place})").fetchall()
        tree = con.execute(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({place})").fetchall()
        types = [str(row[1]) for row in described]
        headers = unique_headers(source.name, _top_level([(str(name), int(count)) for name, count in tree]))
        require_known(source.name, headers, known, 0)
        # The reader renames a column that comes twice, so its names count only by their place.
        original = {header: (str(row[0]), kind) for header, row, kind in zip(headers, described, types, strict=True)}
        for header, (name, kind) in original.items():
            if kind in ("DOUBLE", "FLOAT"):
                _check_identities(con, source, place, header, name)
    except (duckdb.Error, UnicodeDecodeError):
        raise FileRefused(
            "broken_parquet",
            zh=f"{source.name} 不是完整的 Parquet 文件（损坏、被截断或加密）。请重新导出。",
            en=f"{source.name} is not a complete Parquet file (damaged, cut short or encrypted). Export it again.",
        ) from None

    def relation(wanted: tuple[str, ...]) -> str:
        listed = ", ".join(f"{_text(*original[name])} AS {quote_name(name)}" for name in wanted)
        return f"(SELECT {listed or NO_COLUMN} FROM read_parquet({place}))"

    return Extract(source.path, headers, relation, held=(source.held,) if source.held else ())


def _top_level(tree: list[tuple[str, int]]) -> list[str]:
    """The names of the columns, from the schema in depth-first order whose first node is the root."""
    names, place = [], 1
    while place < len(tree):
        names.append(tree[place][0])
        left = 1
        while left:
            left += tree[place][1] - 1
            place += 1
    return names


def _text(name: str, kind: str) -> str:
    column = quote_name(name)
    if kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _check_identities(con: duckdb.DuckDBPyConnection, source: Source, place: str, header: str, name: str) -> None:
    column = quote_name(name)
    found = con.execute(
        f"SELECT max(abs({column})) >= 1e15 AND bool_and({column} = trunc({column})) FROM read_parquet({place})"
        f" WHERE isfinite({column})"
    ).fetchall()
    if found[0][0]:
        raise FileRefused(
            "number_for_text",
            zh=f"{source.name} 的“{header}”列把 16 位以上的号码存成了浮点数，末几位已丢失。请从来源以文本导出。",
            en=f"{source.name} keeps numbers of 16 digits or more in column {header} as floating-point numbers; their last digits are lost. Export them from the source as text.",
        )
