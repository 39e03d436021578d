"""How the values of a column lead to the codes of the city's areas: they are codes, names, or codes without a prefix."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest.files import FileRefused, fold, open_extract, quote_name
from pipelines.yaml_model import ConfigurationError

_FEW = 3


@dataclass(frozen=True)
class Areas:
    """The city's area codes, and the codes by folded name where a name is unique."""

    codes: frozenset[str]
    by_name: dict[str, str]


@dataclass(frozen=True)
class AreaMatch:
    """`share` of the rows whose value leads to an area; `prefix` goes before every value, or `names` translates them.
    `values` are those looked at, with their rows."""

    share: float
    prefix: str = ""
    names: dict[str, str] = field(default_factory=dict)
    values: tuple[tuple[str, int], ...] = ()


def known_areas(con: duckdb.DuckDBPyConnection, city: City, contract: Contract) -> Areas:
    """The areas that the city's extracts list under the contract's own headers; files that need a mapping are passed over."""
    codes: set[str] = set()
    names: list[tuple[str, str]] = []
    try:
        files = [path for path, mapping in city.extract_files("areas") if not city.mapping_path(mapping).is_file()]
    except ConfigurationError:
        files = []
    for path in files:
        try:
            extract = open_extract(con, path)
        except FileRefused:
            continue
        headers = {fold(header): header for header in extract.headers}
        columns = {}
        for name in ("area_code", "area_name", "area_name_en"):
            column = contract.column(name)
            spellings = (column.name, column.label_zh, *column.synonyms)
            columns[name] = next((headers[fold(text)] for text in spellings if fold(text) in headers), None)
        code = columns.pop("area_code")
        if code is None:
            continue
        wanted = tuple(dict.fromkeys([code, *(header for header in columns.values() if header)]))
        listed = ", ".join(map(quote_name, wanted))
        for row in con.execute(f"SELECT DISTINCT {listed} FROM {extract.relation(wanted)}").fetchall():
            if row[0]:
                codes.add(str(row[0]))
                names += [(fold(str(name)), str(row[0])) for name in set(row[1:]) if name]
    by_name = {name: code for name, code in names}
    unclear = {name for name, code in names if by_name[name] != code}
    return Areas(frozenset(codes), {name: code for name, code in by_name.items() if name not in unclear})


def match_areas(areas: Areas, values: tuple[tuple[str, int], ...]) -> AreaMatch:
    """The best way from the values of a column (with their rows) to area codes."""
    total = sum(rows for _, rows in values)
    if not areas.codes or not total:
        return AreaMatch(0.0)

    def share(known: set[str]) -> float:
        return sum(rows for value, rows in values if value in known) / total

    found = [AreaMatch(share({v for v, _ in values if v in areas.codes}))]
    names = {value: areas.by_name[fold(value)] for value, _ in values if fold(value) in areas.by_name}
    found.append(AreaMatch(share(set(names)), names=names))
    prefixes = Counter(
        code[: -len(value)] for value, _ in values for code in areas.codes if code.endswith(value) and code != value
    )
    for prefix, count in sorted(prefixes.items(), key=lambda item: (-item[1], item[0]))[:5]:
        if count >= min(_FEW, len(values)):
            found.append(AreaMatch(share({v for v, _ in values if prefix + v in areas.codes}), prefix=prefix))
    return replace(max(found, key=lambda match: match.share), values=values)
