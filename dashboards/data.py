"""Asks the published edition; every answer is cached under the edition's path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from dashboards import editions
from dashboards.caches import Gathered, cached
from dashboards.older import lacks_table, missing_columns, with_columns


class Row(dict[str, Any]):
    """One row by column; a column that the edition does not have is None."""

    def __missing__(self, key: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of `indicator_values`; rates are fractions, F06 is in percentage points, as_of is UTC."""

    indicator_id: str
    version: int
    grain: str
    period_start: date
    area_level: str
    area_code: str
    dimension: str
    member: str
    numerator: float | None
    denominator: float | None
    excluded: int | None
    pending: int | None
    value: float | None
    lower: float | None
    upper: float | None
    target: float | None
    status: str | None
    as_of: datetime | None
    edition: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue; texts are pairs (zh, en)."""

    indicator_id: str
    version: int
    name: tuple[str, str]
    definition: tuple[str, str]
    numerator: tuple[str, str]
    denominator: tuple[str, str]
    exclusions: tuple[str, str]
    attribution: tuple[str, str]
    kind: str
    scale: float
    unit: str
    direction: str
    interval: str
    minimum_count: int
    people: bool
    dataset: str
    source: str
    decimals: int
    target: float | None
    time_kind: str = ""
    judged_at_year_end: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """One area in force, with its path from the city down to itself."""

    code: str
    name: tuple[str, str]
    level: str
    parent: str | None
    kind: str | None
    population: int | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class City:
    """The city and the edition that speaks of it."""

    code: str
    name: tuple[str, str]
    time_zone: str
    currency: str
    fiscal_year_start: int
    language: str
    people_minimum: int
    edition: str
    published_at: datetime
    code_version: str


def ask(edition: str, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    """Rows of one query as dictionaries; the text is ours and every value is bound.

    An edition that an earlier version made may lack what the query asks for: a table reads as empty, a column as NULL."""
    names, rows = _fetch(edition, sql, parameters)
    return [Row(zip(names, row, strict=True)) for row in rows]


def _fetch(edition: str, sql: str, parameters: Sequence[object]) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = editions.connection(edition).cursor()
    missing = set[tuple[str, str]]()
    try:
        while True:
            try:
                cursor.execute(with_columns(sql, missing) if missing else sql, list(parameters))
            except (duckdb.BinderException, duckdb.CatalogException) as error:
                if lacks_table(error):
                    return [], []
                lacks = missing_columns(sql, error, _columns(cursor))
                if lacks <= missing:
                    raise
                missing |= lacks
                continue
            return [column[0] for column in cursor.description or []], cursor.fetchall()
    finally:
        cursor.close()


def _columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found = cursor.execute(
        "select table_name, list(column_name) from duckdb_columns() where schema_name = 'marts' group by 1"
    ).fetchall()
    return {str(table): set(columns) for table, columns in found}


@cached(max_entries=8)
def city(edition: str) -> City:
    """The city of the edition."""
    row = ask(
        edition, "select c.*, e.edition, e.published_at, e.code_version from marts.city c cross join marts.edition e"
    )[0]
    return City(
        row["area_code"],
        (row["name_zh"], row["name_en"]),
        row["time_zone"],
        row["currency"],
        row["fiscal_year_start"],
        row["language"],
        row["people_minimum"],
        row["edition"],
        row["published_at"],
        row["code_version"] or "",
    )


@cached(max_entries=8)
def areas(edition: str) -> dict[str, Area]:
    """The ladder city → district → street → community in force now, by code, each area after its parent."""
    rows = ask(
        edition,
        "select area_code, area_name, area_name_en, level, parent_code, area_kind, population from marts.areas "
        "where is_current and level in ('city', 'district', 'street', 'community') order by area_code",
    )
    below: dict[str | None, list[Row]] = {}
    for row in rows:
        below.setdefault(None if row["level"] == "city" else row["parent_code"], []).append(row)
    found: dict[str, Area] = {}

    def add(row: Row, path: tuple[str, ...]) -> None:
        code = str(row["area_code"])
        if code in found:
            return
        zh = row["area_name"] or code
        here = (*path, code)
        found[code] = Area(
            code,
            (zh, row["area_name_en"] or zh),
            row["level"],
            row["parent_code"] if path else None,
            row["area_kind"],
            row["population"],
            here,
        )
        for child in below.get(code, []):
            add(child, here)

    for top in below.get(None, []):
        add(top, ())
    return found


@cached(max_entries=8)
def indicators(edition: str) -> dict[str, Indicator]:
    """The catalogue by id, in its order, each entry with the city's target."""
    targets = {
        row["indicator_id"]: row["value"]
        for row in ask(
            edition, "select indicator_id, value from marts.standards where standard = 'target' and area_kind is null"
        )
    }

    def pair(row: Row, name: str) -> tuple[str, str]:
        zh, en = row[f"{name}_zh"] or "", row[f"{name}_en"] or ""
        return zh or en, en or zh

    return {
        row["indicator_id"]: Indicator(
            row["indicator_id"],
            row["version"],
            pair(row, "name"),
            pair(row, "definition"),
            pair(row, "numerator"),
            pair(row, "denominator"),
            pair(row, "exclusions"),
            pair(row, "attribution"),
            row["kind"],
            row["scale"] or 1.0,
            row["unit"] or "",
            row["direction"] or "none",
            row["interval"] or "none",
            row["minimum_count"] or 0,
            bool(row["people"]),
            row["dataset"] or "",
            row["source"] or "",
            row["decimals"] if row["decimals"] is not None else 1,
            targets.get(row["indicator_id"]),
            row["time_kind"] or "",
            bool(row.get("judged_at_year_end")),
        )
        for row in ask(edition, "select * from marts.indicators order by sort_order")
    }


@cached(max_entries=8)
def standards(edition: str) -> list[Row]:
    """Targets, floors and staffing standards of the city."""
    return ask(edition, "select standard, indicator_id, area_kind, value from marts.standards")


@cached(max_entries=8)
def as_of(edition: str) -> dict[str, tuple[datetime, date]]:
    """Data cut of each dataset: UTC instant and local day."""
    rows = ask(edition, "select dataset, as_of, as_of_on from marts.as_of where as_of is not null order by dataset")
    return {row["dataset"]: (row["as_of"], row["as_of_on"]) for row in rows}


@cached(max_entries=8)
def periods(edition: str) -> dict[str, list[date]]:
    """The periods that the edition holds, newest first, by grain."""
    rows = ask(
        edition,
        f"select distinct grain, period_start from {whole_figures(edition)} "  # noqa: S608
        "where area_level = 'city' and dimension = 'all' and grain <> 'day' order by period_start desc",
    )
    found: dict[str, list[date]] = {}
    for row in rows:
        found.setdefault(row["grain"], []).append(row["period_start"])
    return found


_COLUMNS = (
    "v.indicator_id, v.indicator_version, v.grain, v.period_start, v.area_level, v.area_code, "
    "v.dimension, v.member, v.numerator, "
    "v.denominator, v.excluded, v.pending, v.value, v.lower, v.upper, v.target, v.status, v.as_of, v.edition"
)


@cached(max_entries=8)
def whole_figures(edition: str) -> str:
    """The table to read figures without dimension from: `area_figures` has them alone and in order, the oldest editions have
    them among all others."""
    found = ask(
        edition, "select table_name from duckdb_tables() where schema_name = 'marts' and table_name = 'area_figures'"
    )
    return "marts.area_figures" if found else "marts.indicator_values"


def _figures(edition: str, dimension: str, where: str, parameters: Sequence[object]) -> list[Figure]:
    table = whole_figures(edition) if dimension == "all" else "marts.indicator_values"
    sql = f"select {_COLUMNS} from {table} v where v.dimension = ? and {where}"  # noqa: S608
    _, rows = _fetch(edition, sql, [dimension, *parameters])
    return [Figure(*row) for row in rows]


def series(edition: str, ids: tuple[str, ...], grain: str, level: str, code: str) -> dict[str, list[Figure]]:
    """Every period of these indicators for one area, oldest first, by indicator."""

    def find(missing: list[str]) -> dict[str, list[Figure]]:
        found: dict[str, list[Figure]] = {indicator_id: [] for indicator_id in missing}
        for figure in _figures(
            edition,
            "all",
            "v.indicator_id in (select unnest(?)) and v.grain = ? and v.area_level = ? and v.area_code = ? "
            "order by v.period_start",
            [missing, grain, level, code],
        ):
            found[figure.indicator_id].append(figure)
        return found

    return _held(edition, grain, level, code).get(ids, find)


@cached(max_entries=256)
def _held(edition: str, grain: str, level: str, code: str) -> Gathered[str, list[Figure]]:
    """What `series` has read of an area already: the sections of a page ask for parts of what its head has asked for."""
    return Gathered()


def at_level(edition: str, indicator_id: str, grain: str, start: date, level: str) -> dict[str, Figure]:
    """One indicator in one period for every area of a level, by area code ('unlocated' included)."""
    return _at_levels(edition, indicator_id, grain, start).get(level, {})


@cached(max_entries=256)
def _at_levels(edition: str, indicator_id: str, grain: str, start: date) -> dict[str, dict[str, Figure]]:
    """One indicator in one period for every area, by level: a page that asks for one level asks for the next one too."""
    found: dict[str, dict[str, Figure]] = {}
    for figure in _figures(
        edition,
        "all",
        "v.indicator_id = ? and v.grain = ? and v.period_start = ? "
        "and v.area_level in ('city', 'district', 'street', 'community')",
        [indicator_id, grain, start],
    ):
        found.setdefault(figure.area_level, {})[figure.area_code] = figure
    return found


def part_series(
    edition: str, ids: tuple[str, ...], grain: str, level: str, code: str, dimension: str
) -> dict[str, dict[str, list[Figure]]]:
    """Every period of these indicators for one area, oldest first, by member of a dimension and indicator."""

    def find(missing: list[str]) -> dict[str, dict[str, list[Figure]]]:
        fresh: dict[str, dict[str, list[Figure]]] = {indicator_id: {} for indicator_id in missing}
        for figure in _figures(
            edition,
            dimension,
            f"v.indicator_id in ({_places(missing)}) and v.grain = ? and v.area_level = ? and v.area_code = ? "
            "order by v.period_start, v.member",
            [*missing, grain, level, code],
        ):
            fresh[figure.indicator_id].setdefault(figure.member, []).append(figure)
        return fresh

    found: dict[str, dict[str, list[Figure]]] = {}
    for indicator_id, by_member in _held_parts(edition, grain, level, code, dimension).get(ids, find).items():
        for member, figures in by_member.items():
            found.setdefault(member, {})[indicator_id] = figures
    return found


@cached(max_entries=128)
def _held_parts(
    edition: str, grain: str, level: str, code: str, dimension: str
) -> Gathered[str, dict[str, list[Figure]]]:
    """What `part_series` has read of an area already, by indicator and member."""
    return Gathered()


@cached(max_entries=64)
def part_at_level(
    edition: str, ids: tuple[str, ...], grain: str, start: date, level: str, dimension: str, member: str
) -> dict[str, dict[str, Figure]]:
    """These indicators of one member in one period for every area of a level: area → indicator → figure."""
    found: dict[str, dict[str, Figure]] = {}
    for figure in _figures(
        edition,
        dimension,
        f"v.indicator_id in ({_places(ids)}) and v.grain = ? and v.period_start = ? and v.area_level = ? "
        "and v.member = ?",
        [*ids, grain, start, level, member],
    ):
        found.setdefault(figure.area_code, {})[figure.indicator_id] = figure
    return found


def _places(ids: Sequence[str]) -> str:
    return ", ".join("?" * len(ids)) or "NULL"


@cached(max_entries=64)
def level_series(
    edition: str, indicator_id: str, grain: str, level: str, codes: tuple[str, ...]
) -> dict[str, list[Figure]]:
    """Every period of one indicator for several areas of a level, oldest first, by area code."""
    found: dict[str, list[Figure]] = {code: [] for code in codes}
    for figure in _figures(
        edition,
        "all",
        "v.indicator_id = ? and v.grain = ? and v.area_level = ? and list_contains(?, v.area_code) "
        "order by v.period_start",
        [indicator_id, grain, level, list(codes)],
    ):
        found[figure.area_code].append(figure)
    return found


@cached(max_entries=128)
def members(
    edition: str, ids: tuple[str, ...], grain: str, start: date, level: str, code: str, dimension: str
) -> dict[str, dict[str, Figure]]:
    """These indicators by member of a dimension, for one area and period: member → indicator → figure."""
    found: dict[str, dict[str, Figure]] = {}
    for figure in _figures(
        edition,
        dimension,
        f"v.indicator_id in ({_places(ids)}) and v.grain = ? and v.period_start = ? and v.area_level = ? "
        "and v.area_code = ? order by v.member",
        [*ids, grain, start, level, code],
    ):
        found.setdefault(figure.member, {})[figure.indicator_id] = figure
    return found


@cached(max_entries=128)
def insights(edition: str, level: str, code: str, start: date) -> list[Row]:
    """The sentences about an area in a month, in their order."""
    return ask(
        edition,
        "select severity, sentence_zh, sentence_en from marts.insights where area_level = ? and area_code = ? and month = ? "
        "order by place",
        [level, code, start],
    )


_OVERDUE_COLUMN = {"district": "district_code", "street": "street_code", "community": "community_code"}


@cached(max_entries=64)
def overdue(edition: str, level: str, code: str, limit: int) -> tuple[int, list[Row]]:
    """How many open tickets of an area are past their deadline, and the longest overdue of them."""
    where, parameters = _inside(level, code)
    total = ask(edition, f"select count(*) as n from marts.overdue_tickets {where}", parameters)  # noqa: S608
    return (int(total[0]["n"]) if total else 0), every_overdue(edition, level, code, limit)


def every_overdue(edition: str, level: str, code: str, limit: int) -> list[Row]:
    """The longest overdue tickets of an area, for a file: a long list is not kept in memory for visitors to come."""
    where, parameters = _inside(level, code)
    return ask(
        edition,
        f"select * from marts.overdue_tickets {where} order by days_overdue desc, ticket_id limit ?",  # noqa: S608
        [*parameters, limit],
    )


def _inside(level: str, code: str) -> tuple[str, list[object]]:
    column = _OVERDUE_COLUMN.get(level)
    return (f"where {column} = ?", [code]) if column else ("", [])


@cached(max_entries=32)
def ledger(edition: str, dataset: str | None, outcome: str | None, limit: int) -> tuple[int, list[Row]]:
    """How many deliveries of a dataset had an outcome (None: any), and the newest of them."""
    rows = ask(
        edition,
        "select d.dataset, d.source, d.file_name, d.sha256, d.bytes, d.kind, d.arrived_at, d.as_of, d.rows_in, "
        "d.rows_loaded, d.rows_unchanged, d.rows_rejected, d.rows_deduplicated, d.rows_left_out, d.rows_removed, "
        "d.outcome, d.reason_en, d.reason_zh, d.run_id, coalesce((select any_value(o.file_name) from marts.deliveries o "
        "where o.delivery_id = d.mends), d.mends) as mends, count(*) over () as total from marts.deliveries d "
        "where (? is null or d.dataset = ?) and (? is null or d.outcome = ?) "
        "order by d.arrived_at desc, d.sequence desc, d.file_name limit ?",
        [dataset, dataset, outcome, outcome, limit],
    )
    return int(rows[0]["total"]) if rows else 0, rows


@cached(max_entries=8)
def ledger_datasets(edition: str) -> list[str]:
    """The datasets that the ledger names."""
    return [row["dataset"] for row in ask(edition, "select distinct dataset from marts.deliveries order by dataset")]


@cached(max_entries=8)
def intake(edition: str) -> list[Row]:
    """What every dataset received in all its loaded deliveries together.

    A delivery that mends rows of another has none of its own here: the line of the other counts them.
    """
    return ask(
        edition,
        "select dataset, count(*) as files, max(arrived_at) as arrived_at, sum(rows_in) as rows_in, "
        "sum(rows_loaded) as rows_loaded, sum(rows_rejected) as rows_rejected, "
        "sum(rows_deduplicated) as rows_deduplicated, sum(rows_left_out) as rows_left_out "
        "from marts.deliveries where outcome = 'loaded' and mends is null group by dataset order by dataset",
    )


@cached(max_entries=8)
def open_refusals(edition: str) -> list[Row]:
    """Refused deliveries in whose place nothing came before the edition was made, newest first."""
    return ask(edition, "select * from marts.open_refusals order by refused_at desc, dataset, file_name")


@cached(max_entries=8)
def guard_counts(edition: str) -> dict[str, int]:
    """How many judgements of guards ended in each outcome."""
    rows = ask(edition, "select outcome, count(*) as n from marts.guard_results group by outcome")
    return {row["outcome"]: row["n"] for row in rows}


@cached(max_entries=8)
def guard_marks(edition: str, limit: int) -> tuple[int, list[Row]]:
    """How many judgements warned, were overridden or blocked, and the newest of them; of equal warnings of one dataset the
    newest alone, with `earlier`, the number of the others.

    `current` is true where the delivery is the last of its dataset that was loaded."""
    rows = ask(
        edition,
        "select *, count(*) over () as total from (select g.*, g.delivery_id = n.newest as current, "
        "row_number() over same as place, count(*) over (partition by g.dataset, g.guard_id, g.outcome, "
        "case when g.outcome <> 'warned' then g.delivery_id end) - 1 as earlier "
        "from marts.guard_results g left join ("
        "select dataset, arg_max(delivery_id, (loaded_at, sequence)) as newest from marts.deliveries "
        "where outcome = 'loaded' and mends is null group by dataset) n using (dataset) "
        "where g.outcome in ('warned', 'overridden', 'blocked') "
        "window same as (partition by g.dataset, g.guard_id, g.outcome, case when g.outcome <> 'warned' then g.delivery_id end "
        "order by g.delivery_id = n.newest desc nulls last, g.judged_at desc, g.delivery_id)) where place = 1 "
        "order by current desc nulls last, judged_at desc, dataset, guard_id limit ?",
        [limit],
    )
    return int(rows[0]["total"]) if rows else 0, rows


@cached(max_entries=8)
def notes(edition: str, limit: int) -> tuple[int, list[Row]]:
    """How many remarks deliveries and sources left, and the newest of them."""
    rows = ask(
        edition,
        "select dataset, code, cells, message_zh, message_en, file_name, arrived_at, count(*) over () as total "
        "from marts.notes order by arrived_at desc nulls first, dataset, code, message_en limit ?",
        [limit],
    )
    return int(rows[0]["total"]) if rows else 0, rows


@cached(max_entries=8)
def contract_results(edition: str) -> list[Row]:
    """The newest result of each contract rule, failures first; that of a few corrected rows speaks for no delivery."""
    return ask(
        edition,
        "select r.dataset, r.file_name, r.rule_id, r.rule_name_en, r.rule_name_zh, r.column_name, "
        "r.dimension, r.severity, "
        "r.rows_checked, r.rows_failed, r.passed, r.checked_at from marts.contract_results r "
        "where r.delivery_id not in (select delivery_id from marts.deliveries where mends is not null) "
        "qualify row_number() over (partition by r.dataset, r.rule_id, r.column_name order by "
        "r.checked_at desc, r.delivery_id desc) = 1 "
        "order by r.passed, r.rows_failed desc, r.dataset, r.rule_id",
    )


@cached(max_entries=8)
def left_out(edition: str) -> list[Row]:
    """Rows that mappings left out, by dataset and reason, most first."""
    return ask(
        edition,
        "select dataset, reason_en, reason_zh, sum(left_out_rows) as n from marts.left_out group by all "
        "order by n desc, dataset, reason_en limit 50",
    )


@cached(max_entries=8)
def reject_reasons(edition: str) -> list[Row]:
    """Rejected rows counted by dataset, column and reason, most frequent first."""
    return ask(
        edition,
        "select dataset, column_name, reason_en, reason_zh, count(*) as n from marts.rejects group by "
        "all order by n desc, dataset, column_name, reason_en limit 50",
    )


@cached(max_entries=16)
def rejects(edition: str, dataset: str, limit: int) -> list[Row]:
    """Rejected rows of one dataset, in file order."""
    return every_reject(edition, dataset, limit)


def every_reject(edition: str, dataset: str, limit: int) -> list[Row]:
    """The same for a file: a long list is not kept in memory for visitors to come."""
    return ask(
        edition,
        "select r.source_row, r.column_name, r.value, r.reason_en, r.reason_zh, r.rule_id, d.file_name "
        "from marts.rejects r "
        "left join marts.deliveries d using (delivery_id) where r.dataset = ? order by d.file_name desc, "
        "r.source_row limit ?",
        [dataset, limit],
    )
