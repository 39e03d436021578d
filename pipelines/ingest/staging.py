"""Reads new files into one staging table a dataset: cast in one pass, in file order, nothing judged or merged yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import duckdb
import polars as pl

from pipelines.city import City
from pipelines.contracts.model import Column, Contract
from pipelines.ingest import lines
from pipelines.ingest.arrivals import Arrival, is_unchanged
from pipelines.ingest.files import Extract, FileRefused, Note, open_extract, quote_text
from pipelines.ingest.forgotten import left_out_sql
from pipelines.ingest.mapping import Mapping, bind_mapping, known_spellings, load_mapping
from pipelines.ingest.mend import MendFile, mended_extract, read_mend
from pipelines.ingest.privacy import hmac_pads, load_key
from pipelines.ingest.typed import ANY, AWARE, NAIVE, NOUGHTS, ROUNDED, marked_columns, typed_select
from pipelines.yaml_model import ConfigurationError

#: The staging table, and the view of it that is checked: the rows that are ours, with their number in the table.
STAGING, STAGED = "_staging", "_staged"
_TEMPORARY = (
    STAGING, "_repeated", "_duplicates", "_good", "_bad_rows", "_rejected_rows", "_shape_rejects", "_gone",
    "_row_numbers",
)  # fmt: skip
_LEAST_NOUGHTS = 3


@dataclass
class Staged:
    """What is known of one delivery while it is staged; its rows are `first` to `last` of the staging table.

    `row_numbers` are the numbers of its rows in the file, where they do not follow from their order; `original` is
    the whole file, where `extract` is only a part of it; `mends` the delivery whose rejected rows these are. `offsets` has the
    two bits of `marked_columns` for each time: whether some say no offset, whether some do."""

    found: Arrival
    delivery_id: str
    kind: str
    mapping: Mapping
    first: int = 0
    last: int = -1
    first_row: int = 2
    rows_in: int = 0
    left_out: dict[int, int] = field(default_factory=dict)
    deduplicated: int = 0
    rejected: int = 0
    loaded: int = 0
    unchanged: int = 0
    as_of: datetime | None = None
    refusal: FileRefused | None = None
    ignored_headers: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    extract: Extract | None = None
    layout: str = ""
    offsets: int = 0
    hashes: str | None = None
    mends: str | None = None
    row_numbers: tuple[int, ...] | None = None
    used_headers: tuple[str, ...] = ()
    original: Extract | None = None
    close: Callable[[], None] = lambda: None

    @property
    def owner(self) -> str:
        """The delivery to which its rows belong."""
        return self.mends or self.delivery_id

    @property
    def where(self) -> str:
        """SQL condition on the rows of this delivery in the staging table."""
        return f"rowid BETWEEN {self.first} AND {self.last}"


def staged_names(contract: Contract) -> list[str]:
    """The columns of landing that a delivery fills, in their order."""
    return [name for name, _ in contract.landing_schema() if not name.startswith("_")]


def bind_key(con: duckdb.DuckDBPyConnection, city: City, contract: Contract) -> None:
    """Bind the key of the pseudonyms for the statements that follow."""
    if any(column.personal == "pseudonym" for column in contract.columns):
        inner, outer = hmac_pads(load_key(city.slug))
        con.execute("SET VARIABLE inner_pad = $1", [inner])
        con.execute("SET VARIABLE outer_pad = $1", [outer])


def open_staging(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the empty staging table."""
    close_staging(con)
    columns = [f"{name} {kind}" for name, kind in contract.landing_schema() if not name.startswith("_")]
    con.execute(
        f"CREATE TEMP TABLE {STAGING} (_left_out INTEGER, _unreadable VARCHAR, _sent VARCHAR, _marks BIGINT, {', '.join(columns)},"
        " _delivery_id VARCHAR)"
    )
    con.execute(f"CREATE TEMP VIEW {STAGED} AS SELECT rowid AS _row_id, * FROM {STAGING}")
    con.execute(
        "CREATE TEMP TABLE _shape_rejects (_delivery_id VARCHAR, source_row BIGINT, kept_before BIGINT, expected BIGINT,"
        " found VARCHAR)"
    )


def close_staging(con: duckdb.DuckDBPyConnection) -> None:
    """Drop everything that staging made."""
    con.execute(f"DROP VIEW IF EXISTS {STAGED}")
    hashes = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary AND table_name LIKE '\\_lines\\_%' ESCAPE '\\'"
    ).fetchall()
    for table in (*_TEMPORARY, *(str(row[0]) for row in hashes)):
        con.execute(f"DROP TABLE IF EXISTS {table}")


def stage_all(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, mappings: ReadOnly[str, Mapping],
    files: list[Arrival], originals: ReadOnly[str, Arrival] | None = None,
) -> list[Staged]:  # fmt: skip
    """Stage every file; one that cannot be taken carries its refusal and has no rows, one that was written to while it was
    read is left for the next time.

    Args:
        originals: the files that lie there by SHA-256, from which corrected rows take the cells that nobody may see.
    """
    bind_key(con, city, contract)
    open_staging(con, contract)
    read = [
        stage_file(con, city, contract, mappings[found.mapping], found, originals or {}, alone=len(files) == 1)
        for found in files
    ]
    staged = list[Staged]()
    for item in read:
        if is_unchanged(city, item.found):
            staged.append(item)
        else:
            item.close()
    settle_duplicates(con, contract, staged)
    for item in staged:
        if item.refusal is None and item.as_of is None:
            item.as_of = _data_cut(con, city, contract, item)
    return staged


def stage_file(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, mapping: Mapping, found: Arrival,
    originals: ReadOnly[str, Arrival], *, alone: bool,
) -> Staged:  # fmt: skip
    """Read one file into the staging table; if it comes alone, only what differs from landing as it stands."""
    kind = found.manifest.kind or mapping.kind or contract.delivery_kind
    item = Staged(found, f"{contract.dataset}-{found.sha256[:12]}", kind, mapping)
    try:
        if found.refusal is not None:
            raise found.refusal
        if kind not in ("full", "delta"):
            raise FileRefused(
                "kind",
                zh=f"清单中的 kind 应为 full 或 delta，而不是 {kind}。请改正清单。",
                en=f"kind must be full or delta, not {kind}. Mend the manifest.",
            )
        if mend := read_mend(con, found.path, contract.dataset):
            _stage_mend(con, city, contract, mend, item, originals)
            return item
        known = known_spellings(contract, mapping)
        extract = open_extract(con, found.path, reading=mapping.reading(), known=known)
        whole = item.original = extract
        if alone and lines.can_compare(contract, extract, item):
            extract = lines.only_changes(con, city, contract, extract, item)
        before = item.offsets
        stage_extract(con, city, contract, extract, item)
        if item.unchanged and (item.offsets != before or lines.contradicts(con, contract, item)):
            con.execute(f"DELETE FROM {STAGING} WHERE {item.where}")
            item.unchanged, item.row_numbers, item.offsets = 0, None, 0
            stage_extract(con, city, contract, whole, item)
        lines.hash_lines(con, item)
    except FileRefused as refusal:
        item.refusal = refusal
        item.last = item.first - 1
        con.execute("DELETE FROM _shape_rejects WHERE _delivery_id = ?", [item.owner])
    return item


def _stage_mend(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, mend: MendFile, item: Staged,
    originals: ReadOnly[str, Arrival],
) -> None:  # fmt: skip
    """Stage corrected rows as rows of the delivery that lost them."""
    found, (as_of,) = (
        originals.get(mend.original_sha256),
        con.execute("SELECT as_of FROM landing.deliveries WHERE delivery_id = ?", [mend.delivery_id]).fetchall()[0],
    )
    if found is not None:
        item.mapping = load_mapping(city, contract, found.mapping)
        known = known_spellings(contract, item.mapping)
        item.original = open_extract(con, found.path, reading=item.mapping.reading(), known=known)
    item.kind, item.mends, item.as_of = "delta", mend.delivery_id, as_of
    extract = mended_extract(con, mend, item.original, contract=contract, mapping=item.mapping)
    item.close, item.row_numbers = extract.close, extract.row_numbers
    stage_extract(con, city, contract, extract, item)


def stage_extract(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, extract: Extract, item: Staged
) -> None:
    """Cast the needed columns of an opened file into the staging table; counts go to `item`.

    Raises:
        FileRefused: columns are missing, the file cannot be read to its end, or its manifest contradicts it.
    """
    name = item.found.path.name
    # Corrected rows have the header of their file, whenever they come.
    arrived = None if item.mends else item.found.arrived_at.replace(tzinfo=UTC).astimezone(city.zone).date()
    bound = bind_mapping(contract, item.mapping, extract.headers, name, arrived_on=arrived)
    item.extract, item.notes = extract, extract.notes
    item.used_headers, item.ignored_headers = bound.used_headers, bound.ignored_headers
    item.first_row = extract.first_row
    item.first = _rows(con, f"SELECT coalesce(max(rowid), -1) + 1 FROM {STAGING}")
    select = typed_select(
        bound, contract, item.mapping, extract.relation(bound.used_headers), city_zone=city.settings.time_zone
    )
    names = ["_left_out", "_unreadable", "_sent", "_marks", *staged_names(contract)]
    listed, allowed = ", ".join(names), ", ".join(left_out_sql(con, city, contract, names))
    # Left alone, a list of values becomes a join; a CSV is guessed to have 40 rows, becomes the side that is hashed, and
    # comes out in another order than it went in: every row would be reported under another's number.
    con.execute("SET disabled_optimizers = 'in_clause'")
    try:
        con.execute(
            f"INSERT INTO {STAGING} ({listed}, _delivery_id) SELECT {allowed}, {quote_text(item.owner)} FROM ({select})"
        )
    except duckdb.Error as error:
        raise _unreadable_file(name, error, item) from None
    finally:
        con.execute("RESET disabled_optimizers")
        shape = _shape_rejects(con, extract, item) if extract.reports_rejects else 0
    records, first, last = con.execute(
        f"SELECT count(*), min(rowid), max(rowid) FROM {STAGING} WHERE rowid >= {item.first}"
    ).fetchall()[0]
    if records and last - first + 1 != records:
        raise AssertionError("the rows of a file do not stand together in staging")
    item.first = int(first) if records else item.first
    item.last = item.first + int(records) - 1
    found = con.execute(
        f"SELECT _left_out, count(*) FROM {STAGING} WHERE {item.where} AND _left_out IS NOT NULL GROUP BY 1"
    ).fetchall()
    item.left_out = {int(rule): int(rows) for rule, rows in found}
    item.rejected = shape
    item.rows_in = int(records) + shape + item.unchanged
    marks = con.execute(
        f"SELECT _marks, count(*) FROM {STAGING} WHERE {item.where} AND _left_out IS NULL AND _marks <> 0 GROUP BY 1"
    ).fetchall()
    _refuse_lost_digits(contract, name, marks)
    _reject_without_offset(con, city, contract, item, marks)
    declared = item.found.manifest.rows
    if declared is not None and item.mends is None and declared != item.rows_in:
        raise FileRefused(
            "manifest_rows",
            zh=f"{name} 有 {item.rows_in} 行数据，清单写的是 {declared} 行。文件可能不完整，请重新传送。",
            en=f"{name} has {item.rows_in} rows of data, its manifest says {declared}. "
            "The file may be incomplete; send it again.",
        )


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(con.execute(sql).fetchall()[0][0])


def _marked(contract: Contract, marks: list[tuple[int, int]]) -> Iterator[tuple[Column, int, dict[int, int]]]:
    """Of each marked column its place in `_marks` and how many rows have which mark."""
    for n, column in enumerate(marked_columns(contract)):
        found: dict[int, int] = {}
        for bits, rows in marks:
            mark = bits >> 2 * n & 3
            found[mark] = found.get(mark, 0) + rows
        yield column, 2 * n, found


def _refuse_lost_digits(contract: Contract, name: str, marks: list[tuple[int, int]]) -> None:
    """Refuse a file in which a column of identifiers went through a spreadsheet as numbers: those it shows as `4.40E+17`, and
    those whose last three of 18 digits are noughts in more rows than not."""
    for column, _, found in _marked(contract, marks):
        if column.logical_type == "timestamp":
            continue
        rounded, noughts = found.get(ROUNDED, 0), found.get(NOUGHTS, 0)
        # By chance one number in a thousand ends in three noughts.
        lost = rounded + (noughts if noughts >= _LEAST_NOUGHTS and noughts * 2 > noughts + found.get(ANY, 0) else 0)
        if lost:
            raise FileRefused(
                "number_for_text",
                zh=f"{name} 的“{column.label_zh}”有 {lost} 行经电子表格存成了数字（如 1.23E+17，或 18 位末三位都是 000），末几位已丢失。该列必须是文本：请设为文本格式后从来源重新导出。",
                en=f"{name} has {lost} rows whose {column.name} a spreadsheet kept as a number (such as 1.23E+17, or 18 digits that end in 000); the last digits are lost. The column must be text. Format it so and export it from the source again.",
            )


def _reject_without_offset(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, item: Staged, marks: list[tuple[int, int]]
) -> None:
    """Where some times of a column say their offset and the mapping declares no zone, those that say none are unreadable."""
    for column, place, found in _marked(contract, marks):
        naive, aware = found.get(NAIVE, 0), found.get(AWARE, 0)
        if column.logical_type != "timestamp":
            continue
        item.offsets |= (naive > 0) << place | (aware > 0) << place + 1
        if item.offsets >> place & 3 != 3 or not naive:
            continue
        value, key = column.landing_name, quote_text(f'"{column.name}": "')
        local = f"strftime(timezone('{city.settings.time_zone}', timezone('UTC', {value})), '%Y-%m-%d %H:%M:%S')"
        con.execute(
            f"UPDATE {STAGING} SET _unreadable = coalesce(_unreadable, ' ') || {quote_text(column.name + ' ')},"
            f" _sent = CASE WHEN length(_sent) > 2 THEN left(_sent, -1) || ', ' ELSE '{{' END || {key} || {local} || '\"}}', {value} = NULL,"
            f" {column.local_date_name} = NULL WHERE {item.where} AND ((_marks >> {place}) & 3) = {NAIVE}"
        )
        item.notes += (
            Note(
                "mixed_offsets", naive,
                f"{item.found.path.name} 的“{column.label_zh}”有的带时区偏移，{naive} 行不带，不知是哪个时区，已拒收。请补上偏移，或在映射中写明 time_zone。",
                f"In {item.found.path.name} some times of {column.name} say their offset and {naive} do not: of which zone they are is not known, so these rows are rejected. Add the offset, or declare time_zone in the mapping.",
            ),
        )  # fmt: skip


def _unreadable_file(name: str, error: duckdb.Error, item: Staged) -> FileRefused:
    """DuckDB's message quotes the row, which may hold personal data; only the line number is taken from it."""
    own_sql = item.mapping.leave_out or any(
        not isinstance(column, str) and column.expression for column in item.mapping.columns.values()
    )
    if own_sql and "CSV" not in str(error) and not isinstance(error, duckdb.IOException):
        raise ConfigurationError(
            f"the mapping of {name} cannot be applied ({type(error).__name__}); check its SQL expressions"
        ) from None
    line = re.search(r"[Ll]ine:? (\d+)", str(error))
    zh = f"第 {line.group(1)} 行附近" if line else ""
    en = f" near line {line.group(1)}" if line else ""
    return FileRefused(
        "unreadable",
        zh=f"{name}{zh}无法按表格读取（常见原因：引号没有成对，或文件被截断）。请检查后重新导出。",
        en=f"{name} cannot be read as a table{en} (often an unclosed quote or a file cut short). Check it and export it again.",
    )


def _shape_rejects(con: duckdb.DuckDBPyConnection, extract: Extract, item: Staged) -> int:
    """Rows with too few or too many cells, which the reader set aside. Their text is never looked at."""
    tables = {str(row[0]) for row in con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}
    if "reject_errors" not in tables:
        return 0
    wrong = con.execute(
        "SELECT min(line) FROM reject_errors WHERE error_type NOT IN ('MISSING COLUMNS', 'TOO MANY COLUMNS')"
    ).fetchall()[0][0]
    con.execute(
        "INSERT INTO _shape_rejects SELECT ?, line, line - ? - row_number() OVER (ORDER BY line) + 1, ?, found FROM"
        " (SELECT line, lower(CAST(min(error_type) AS VARCHAR)) AS found FROM reject_errors GROUP BY line)",
        [item.owner, extract.first_row, len(extract.headers)],
    )
    if item.row_numbers is not None:
        _number_shape_rejects(con, extract, item)
    con.execute("DROP TABLE IF EXISTS reject_errors")
    con.execute("DROP TABLE IF EXISTS reject_scans")
    if wrong is not None:
        raise FileRefused(
            "unreadable",
            zh=f"{extract.path.name} 第 {wrong} 行无法读取（引号没有成对或一行过长）。请检查后重新导出。",
            en=f"{extract.path.name} line {wrong} cannot be read (an unclosed quote or a line too long). Check it and export it again.",
        )
    found = con.execute("SELECT count(*) FROM _shape_rejects WHERE _delivery_id = ?", [item.owner]).fetchall()
    return int(found[0][0])


def _number_shape_rejects(con: duckdb.DuckDBPyConnection, extract: Extract, item: Staged) -> None:
    """Of a part of a file: the rows set aside get their numbers in the whole, and are no longer counted among the others."""
    numbers = item.row_numbers or ()
    lines_aside = con.execute("SELECT DISTINCT line FROM reject_errors").fetchall()
    aside = {int(line) - extract.first_row for (line,) in lines_aside}
    renumbered = {"old": [place + extract.first_row for place in aside], "new": [numbers[place] for place in aside]}
    con.register("_renumbered", pl.DataFrame(renumbered, schema={"old": pl.Int64, "new": pl.Int64}))
    con.execute(
        "UPDATE _shape_rejects SET source_row = new FROM _renumbered WHERE _delivery_id = ? AND source_row = old",
        [item.owner],
    )
    con.unregister("_renumbered")
    item.row_numbers = tuple(number for place, number in enumerate(numbers) if place not in aside)


def settle_duplicates(con: duckdb.DuckDBPyConnection, contract: Contract, staged: list[Staged]) -> None:
    """Take out what is left out or refused, and duplicates: of equal rows the first stays, of different rows with one key
    the latest by `updated_at` (ties stay, and are rejected by the contract)."""
    taken = [item for item in staged if item.refusal is None and item.last >= item.first]
    kept = " OR ".join(item.where for item in taken) or "FALSE"
    con.execute(f"DELETE FROM {STAGING} WHERE _left_out IS NOT NULL OR NOT ({kept})")
    names = staged_names(contract)
    key = ", ".join(["_delivery_id", *contract.landing_key])
    filled = " AND ".join(f"{name} IS NOT NULL" for name in contract.landing_key)
    # One number a row: grouping by the keys themselves takes three times as long on ten million rows.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _repeated AS SELECT _row_id, _delivery_id, _unreadable, {', '.join(names)}"
        f" FROM {STAGED} WHERE {filled} AND hash({key}) IN"
        f" (SELECT h FROM (SELECT hash({key}) AS h FROM {STAGING} WHERE {filled}) GROUP BY h HAVING count(*) > 1)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _duplicates AS SELECT _row_id FROM (SELECT _row_id, row_number() OVER"
        f" (PARTITION BY _delivery_id, _unreadable, {', '.join(names)} ORDER BY _row_id) AS n FROM _repeated) WHERE n > 1"
    )
    if "updated_at" in names:
        con.execute(
            "INSERT INTO _duplicates SELECT _row_id FROM (SELECT _row_id, updated_at, max(updated_at) OVER"
            f" (PARTITION BY {key}) AS newest FROM _repeated) WHERE updated_at < newest"
            " AND _row_id NOT IN (SELECT _row_id FROM _duplicates)"
        )
    counts = dict(
        con.execute(
            "SELECT _delivery_id, count(*) FROM _repeated JOIN _duplicates USING (_row_id) GROUP BY 1"
        ).fetchall()
    )
    for item in taken:
        item.deduplicated = int(counts.get(item.owner, 0))
    if counts:
        con.execute(f"DELETE FROM {STAGING} WHERE rowid IN (SELECT _row_id FROM _duplicates)")


def _data_cut(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, item: Staged) -> datetime:
    """The data cut (UTC): manifest, else the latest event in the file, else when the file was written."""
    if item.found.manifest.as_of is not None:
        return item.found.manifest.as_of.replace(tzinfo=None)
    moments: list[datetime] = []
    rows = f"SELECT * FROM {STAGING} WHERE {item.where}"
    if item.unchanged:
        rows += f" UNION ALL BY NAME SELECT * FROM landing.{contract.dataset}"
    for name in contract.as_of_columns:
        value = con.execute(f"SELECT max({name}) FROM ({rows})").fetchall()[0][0]
        if isinstance(value, datetime):
            moments.append(value)
        elif value is not None:
            end = datetime.combine(value + timedelta(days=1), time(), city.zone) - timedelta(seconds=1)
            moments.append(end.astimezone(UTC).replace(tzinfo=None))
    arrived = item.found.arrived_at
    return min(max(moments), arrived) if moments else arrived
