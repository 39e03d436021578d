"""Which tables and datasets each indicator is made of, read from the SQL: what a later change of one of them concerns."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from pipelines.sql_files import DIALECT, SqlFile, parse_select
from pipelines.tables import Table

#: Where every figure ends, and the table of periods: all indicators share them, so neither says of which data one is made.
FIGURES = "marts.indicator_values"
SHARED = ("core.indicator_periods", FIGURES)


@dataclass(frozen=True)
class Lineage:
    """Of one indicator: the tables between landing and its figures, and the datasets of landing that they read."""

    tables: frozenset[str]
    datasets: frozenset[str]


@lru_cache(maxsize=512)
def definition_sha256(table: Table) -> str:
    """Digest of what a table computes: without comments and layout, so that only another computation has another one."""
    if isinstance(table, SqlFile):
        text = parse_select(table.text).sql(dialect=DIALECT, comments=False)
    else:
        text = "".join(ast.dump(ast.parse(source)) for source in (table.text, *table.formulas))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def lineages(tables: Sequence[Table], indicators: Mapping[str, str]) -> dict[str, Lineage]:
    """The lineage of each indicator (id → dataset of the catalogue).

    A figure is born in a select that gives its id as a column (`'T03' AS indicator_id`). For an id that is written nowhere
    in this way, the tables whose text has it count; if there are none, those of the indicators of the same dataset; and
    if there are none either, every table of the figures."""
    reads = {table.name: frozenset(table.dependencies) for table in tables}
    births = _births(tables, indicators)
    above = {name: _closure({name}, reads) for name in _closure({FIGURES}, reads)}
    found = {}
    for indicator, dataset in indicators.items():
        siblings = [births[other] for other, theirs in indicators.items() if theirs == dataset and other in births]
        born, roots = set[str](), set[str]()
        for one in [births[indicator]] if indicator in births else siblings or [(set(above), set(above))]:
            born, roots = born | one[0], roots | one[1]
        upward = _closure(roots - set(SHARED), reads, stop=SHARED)
        onward = {name for name, below in above.items() if below & (born - {FIGURES})}
        made = {name for name in upward | born | onward | set(SHARED) if name in reads}
        data = {name.removeprefix("landing.") for name in upward if name.startswith("landing.")}
        found[indicator] = Lineage(frozenset(made), frozenset(data))
    return found


def _births(tables: Sequence[Table], indicators: Iterable[str]) -> dict[str, tuple[set[str], set[str]]]:
    """By indicator: the tables in which its figures are born, and the tables that those read for it."""
    found = _sources_of_selects(tables)
    for indicator in [one for one in indicators if one not in found]:
        written = [t for t in tables if t.name not in SHARED and re.search(rf"""['"]{indicator}['"]""", t.text)]
        if written:
            found[indicator] = {t.name for t in written}, {name for t in written for name in t.dependencies}
    return found


def _closure(
    start: Collection[str], reads: Mapping[str, Collection[str]], stop: Collection[str] = ()
) -> frozenset[str]:
    """Everything that is read on the way up from `start`, itself among it; nothing beyond `stop`."""
    seen, waiting = set[str](), list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen and name not in stop:
            seen.add(name)
            waiting += reads.get(name, ())
    return frozenset(seen)


def _sources_of_selects(tables: Sequence[Table]) -> dict[str, tuple[set[str], set[str]]]:
    """By indicator: the tables in which a select gives it as a column, and the tables that those selects read."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for table in tables:
        if isinstance(table, SqlFile) and re.search(r"'[A-Z][0-9]{2}'", table.text):
            for indicator, names in _selects_of(table.text):
                born, roots = found.setdefault(indicator, (set(), set()))
                born.add(table.name)
                roots |= names
    return found


@lru_cache(maxsize=512)
def _selects_of(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Each indicator that a select gives as a column, with the tables which that select reads."""
    tree = parse_select(text)
    ctes = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    found = []
    for select in tree.find_all(exp.Select):
        columns = [column.unalias() for column in select.expressions]
        ids = [
            str(c.this) for c in columns if isinstance(c, exp.Literal) and re.fullmatch(r"[A-Z][0-9]{2}", str(c.this))
        ]
        found += [(indicator, frozenset(_tables_of(select, ctes, set()))) for indicator in ids]
    return tuple(found)


def _tables_of(node: exp.Expression, ctes: Mapping[str, exp.Expression], seen: set[str]) -> set[str]:
    """The real tables that a select reads, through its common table expressions."""
    names = set[str]()
    for table in node.find_all(exp.Table):
        if table.db:
            names.add(f"{table.db}.{table.name}")
        elif table.name in ctes and table.name not in seen:
            seen.add(table.name)
            names |= _tables_of(ctes[table.name], ctes, seen)
    return names
