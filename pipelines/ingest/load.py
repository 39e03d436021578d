"""Loads the new deliveries of one dataset: stage, validate, gate, merge into landing, all in one transaction."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import duckdb

from pipelines.city import City, Instant, Strict
from pipelines.contracts.model import Contract, Rule
from pipelines.contracts.validation import Verdict, validate
from pipelines.ingest import rejects
from pipelines.ingest.files import Extract, FileRefused, open_extract, quote_name, quote_text
from pipelines.ingest.ledger import Delivery, settled_hashes, write_delivery
from pipelines.ingest.mapping import BoundMapping, Mapping, bind_mapping, load_mapping
from pipelines.ingest.privacy import hmac_pads, load_key
from pipelines.ingest.typed import typed_select
from pipelines.yaml_model import ConfigurationError, read_yaml_model

Report = Callable[[str], None]


class Manifest(Strict):
    """The content of `<file>.done`: what the sender says of the file."""

    as_of: Instant | None = None
    rows: int | None = None
    sha256: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class FoundFile:
    """A file of the drop folder that has not been loaded yet."""

    path: Path
    sha256: str
    size: int
    arrived_at: datetime
    manifest: Manifest
    mapping: str

    @property
    def short(self) -> str:
        return self.sha256[:12]


@dataclass
class Staged:
    """What is known of one delivery while it is staged."""

    found: FoundFile
    delivery_id: str
    kind: str
    rows_in: int = 0
    left_out: dict[int, int] = field(default_factory=dict)
    deduplicated: int = 0
    rejected: int = 0
    loaded: int = 0
    as_of: datetime | None = None
    refusal: FileRefused | None = None
    mapping: Mapping = field(default_factory=Mapping)
    ignored_headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleCount:
    """Outcome of one rule over the deliveries of one load, or over the latest delivery if there was nothing new."""

    rule: Rule
    checked: int
    failed: int


@dataclass(frozen=True)
class LoadResult:
    """What a load did. `refused` is empty when nothing blocks what is downstream."""

    deliveries: tuple[Delivery, ...] = ()
    refused: tuple[Delivery, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    ignored_headers: dict[str, tuple[str, ...]] = field(default_factory=dict)


def find_new_files(con: duckdb.DuckDBPyConnection, city: City, contract: Contract) -> list[FoundFile]:
    """Files of the dataset whose bytes have not been loaded, oldest data first (manifest, then arrival, then name).

    Raises:
        ConfigurationError: a manifest is wrong.
    """
    known = settled_hashes(con, contract.dataset)
    found: dict[str, FoundFile] = {}
    for path, mapping in city.extract_files(contract.dataset):
        with path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        if sha256 in known or sha256 in found:
            continue
        stat = path.stat()
        done = path.with_name(path.name + ".done")
        manifest = read_yaml_model(done, Manifest) if done.is_file() else Manifest()
        arrived = datetime.fromtimestamp(stat.st_mtime, UTC).replace(tzinfo=None)
        found[sha256] = FoundFile(path, sha256, stat.st_size, arrived, manifest, mapping)
    return sorted(
        found.values(), key=lambda f: (f.manifest.as_of or datetime.min.replace(tzinfo=UTC), f.arrived_at, f.path.name)
    )


def load_dataset(
    con: duckdb.DuckDBPyConnection,
    city: City,
    contract: Contract,
    *,
    run_id: str | None,
    report: Report = lambda _: None,
) -> LoadResult:
    """Load every new delivery of one dataset; rejected rows go to `state/rejects`, refused deliveries leave no trace
    in landing but their line in the ledger.

    Raises:
        ConfigurationError: the mapping or a manifest is wrong.
    """
    files = find_new_files(con, city, contract)
    if not files:
        return LoadResult(rules=_latest_rules(con, contract))
    mappings = {name: load_mapping(city, contract, name) for name in {found.mapping for found in files}}
    # The clock, not the `as_of` of a replay: what lies after that is true all the same, only not known yet.
    now = datetime.now(UTC)
    # Staged outside the transaction: an unreadable file would abort it, and the other deliveries with it.
    staged = _stage_all(con, city, contract, mappings, files)
    con.execute("BEGIN")
    try:
        verdict = None
        if any(item.refusal is None for item in staged):
            verdict = validate(con, contract, "_staged", now=now, today=now.astimezone(city.zone).date())
            _gate(con, contract, verdict, staged)
        deliveries = _settle(con, city, contract, staged, verdict, run_id, report)
        _close_temporary(con)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    rejects.export(con, city, [d.delivery_id for d in deliveries])
    rules = tuple(RuleCount(r.rule, r.checked, r.failed) for r in verdict.results) if verdict else ()
    return LoadResult(
        deliveries=tuple(deliveries),
        refused=tuple(d for d in deliveries if d.outcome == "refused"),
        rules=rules or _latest_rules(con, contract),
        ignored_headers={item.found.path.name: item.ignored_headers for item in staged if item.ignored_headers},
    )


def _latest_rules(con: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[RuleCount, ...]:
    """The counts of the latest loaded delivery, for a run in which nothing new came."""
    rows = con.execute(
        "SELECT r.rule_id, r.rows_checked, r.rows_failed FROM landing.contract_results AS r"
        " WHERE r.delivery_id = (SELECT delivery_id FROM landing.deliveries WHERE dataset = ? AND outcome = 'loaded'"
        " ORDER BY loaded_at DESC, as_of DESC, delivery_id LIMIT 1)",
        [contract.dataset],
    ).fetchall()
    counts = {str(row[0]): (int(row[1]), int(row[2])) for row in rows}
    return tuple(RuleCount(rule, *counts.get(rule.id, (0, 0))) for rule in contract.rules)


# -- staging ---------------------------------------------------------------------------------------------------------


def _stage_all(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, mappings: dict[str, Mapping], files: list[FoundFile]
) -> list[Staged]:
    columns = [f"{name} {kind}" for name, kind in contract.landing_schema() if not name.startswith("_")]
    texts = [f"{quote_name('_text_' + c.name)} VARCHAR" for c in contract.landed_columns]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _staged (_row_id BIGINT, _delivery_id VARCHAR, _source_row BIGINT, _unreadable VARCHAR, "
        + ", ".join(columns)
        + ")"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE _texts (_row_id BIGINT, {', '.join(texts)})")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _shape_rejects (_delivery_id VARCHAR, _source_row BIGINT, expected BIGINT, found VARCHAR)"
    )
    if any(column.personal == "pseudonym" for column in contract.columns):
        inner, outer = hmac_pads(load_key(city.slug))
        con.execute("SET VARIABLE inner_pad = $1", [inner])
        con.execute("SET VARIABLE outer_pad = $1", [outer])
    staged = []
    for found in files:
        mapping = mappings[found.mapping]
        kind = found.manifest.kind or mapping.kind or contract.delivery_kind
        item = Staged(found, f"{contract.dataset}-{found.short}", kind, mapping=mapping)
        staged.append(item)
        try:
            if kind not in ("full", "delta"):
                raise FileRefused(
                    "kind",
                    zh=f"清单中的 kind 应为 full 或 delta，而不是 {kind}。",
                    en=f"kind must be full or delta, not {kind}.",
                )
            _check_manifest(found)
            extract = open_extract(con, found.path, delimiter=mapping.delimiter)
            bound = bind_mapping(contract, mapping, extract.headers, found.path.name)
            item.ignored_headers = bound.ignored_headers
            _stage_one(con, city, contract, mapping, extract, bound, item)
        except FileRefused as refusal:
            item.refusal = refusal
            for table in ("_staged", "_shape_rejects"):
                con.execute(f"DELETE FROM {table} WHERE _delivery_id = ?", [item.delivery_id])
    return staged


def _check_manifest(found: FoundFile) -> None:
    declared = found.manifest.sha256
    if declared and declared.lower() != found.sha256:
        raise FileRefused(
            "manifest_sha256",
            zh=f"{found.path.name} 与清单中的 SHA-256 不一致，文件可能不完整。请重新传送文件和清单。",
            en=f"{found.path.name} does not have the SHA-256 of its manifest; it may be incomplete. Send both again.",
        )


def _stage_one(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, mapping: Mapping, extract: Extract,
    bound: BoundMapping, item: Staged,
) -> None:  # fmt: skip
    """Read the needed columns of one file, leave out rows, cast, drop duplicates; counts go to `item`."""
    name = extract.path.name
    relation = extract.relation(bound.used_headers)
    select = typed_select(bound, contract, mapping, relation, city_zone=city.settings.time_zone)
    first = f"(SELECT coalesce(min(_source_row), 1) - 1 FROM {relation})"
    try:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE _mapped AS"
            f" SELECT row_number() OVER () + {first} AS _source_row, * FROM ({select})"
        )
    except duckdb.Error as error:
        raise _unreadable_file(name, error) from None
    shape = _shape_rejects(con, extract, item) if extract.reports_rejects else 0
    if shape:
        con.execute("UPDATE _mapped SET _source_row = n FROM _renumbered WHERE _source_row = old")
    counts = con.execute("SELECT _left_out, count(*) FROM _mapped GROUP BY 1").fetchall()
    item.rows_in = sum(int(rows) for _, rows in counts)
    item.left_out = {int(rule): int(rows) for rule, rows in counts if rule is not None}
    item.rows_in += shape
    item.rejected = shape
    if item.found.manifest.rows is not None and item.found.manifest.rows != item.rows_in:
        raise FileRefused(
            "manifest_rows",
            zh=f"{name} 有 {item.rows_in} 行数据，清单写的是 {item.found.manifest.rows} 行。文件可能不完整，请重新传送。",
            en=f"{name} has {item.rows_in} rows of data, its manifest says {item.found.manifest.rows}. "
            "The file may be incomplete; send it again.",
        )
    con.execute("DELETE FROM _mapped WHERE _left_out IS NOT NULL")
    _cast(con, contract, item)
    _drop_duplicates(con, contract, item)
    con.execute(f"INSERT INTO _staged SELECT {_staged_columns(contract)} FROM _typed")
    listed = ", ".join(
        f"coalesce(json_extract_string(_sent, {quote_text('/' + c.name)}), CAST({quote_name(c.landing_name)} AS VARCHAR))"
        for c in contract.landed_columns
    )
    con.execute(
        f"INSERT INTO _texts SELECT t._row_id, {listed} FROM _mapped JOIN (SELECT _row_id, _source_row AS s FROM _typed) AS t ON s = _source_row"
    )
    item.as_of = _delivery_as_of(con, city, contract, item)


def _staged_columns(contract: Contract) -> str:
    names = [name for name, _ in contract.landing_schema() if not name.startswith("_")]
    return ", ".join(["_row_id", "_delivery_id", "_source_row", "_unreadable", *names])


def _unreadable_file(name: str, error: duckdb.Error) -> FileRefused:
    """DuckDB's message quotes the row, which may hold personal data; only the line number is taken from it."""
    if "CSV" not in str(error):
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
    wrong = con.execute(
        "SELECT min(line) FROM reject_errors WHERE error_type NOT IN ('MISSING COLUMNS', 'TOO MANY COLUMNS')"
    ).fetchall()[0][0]
    con.execute(
        "INSERT INTO _shape_rejects SELECT ?, line, ?, lower(CAST(min(error_type) AS VARCHAR)) FROM reject_errors GROUP BY line",
        [item.delivery_id, len(extract.headers)],
    )
    con.execute("DROP TABLE IF EXISTS reject_errors")
    con.execute("DROP TABLE IF EXISTS reject_scans")
    if wrong is not None:
        raise FileRefused(
            "unreadable",
            zh=f"{extract.path.name} 第 {wrong} 行无法读取（引号没有成对或一行过长）。请检查后重新导出。",
            en=f"{extract.path.name} line {wrong} cannot be read (an unclosed quote or a line too long). Check it and export it again.",
        )
    found = "SELECT count(*) FROM _shape_rejects WHERE _delivery_id = ?"
    lines = int(con.execute(found, [item.delivery_id]).fetchall()[0][0])
    if not lines:
        return 0
    # The reader numbers only the rows it kept; give every row the number it has in the file.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _renumbered AS SELECT n, row_number() OVER (ORDER BY n) + 1 AS old FROM"
        " (SELECT unnest(generate_series(2, (SELECT count(*) FROM _mapped) + ? + 1)) AS n)"
        " WHERE n NOT IN (SELECT _source_row FROM _shape_rejects WHERE _delivery_id = ?)",
        [lines, item.delivery_id],
    )
    return lines


def _cast(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> None:
    names = ", ".join(quote_name(name) for name, _ in contract.landing_schema() if not name.startswith("_"))
    start = int(con.execute("SELECT coalesce(max(_row_id), 0) FROM _staged").fetchall()[0][0])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _typed AS SELECT _source_row + {start} AS _row_id, {quote_text(item.delivery_id)} AS _delivery_id,"
        f" _source_row, coalesce(_unreadable, '') AS _unreadable, {names} FROM _mapped"
    )


def _drop_duplicates(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> None:
    """Of equal rows the first stays; of different rows with one key the latest by `updated_at` (ties stay, and are rejected)."""
    before = int(con.execute("SELECT count(*) FROM _typed").fetchall()[0][0])
    names = [name for name, _ in contract.landing_schema() if not name.startswith("_")]
    listed = ", ".join([*names, "_unreadable"])
    con.execute(
        "DELETE FROM _typed WHERE _row_id IN (SELECT _row_id FROM (SELECT _row_id, row_number() OVER"
        f" (PARTITION BY {listed} ORDER BY _source_row) AS n FROM _typed) WHERE n > 1)"
    )
    if "updated_at" in names:
        key = contract.landing_key
        known = " AND ".join(f"{name} IS NOT NULL" for name in key)
        con.execute(
            "DELETE FROM _typed WHERE _row_id IN (SELECT _row_id FROM (SELECT _row_id, updated_at, max(updated_at) OVER"
            f" (PARTITION BY {', '.join(key)}) AS newest FROM _typed WHERE {known}) WHERE updated_at < newest)"
        )
    after = int(con.execute("SELECT count(*) FROM _typed").fetchall()[0][0])
    item.deduplicated = before - after


def _delivery_as_of(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, item: Staged) -> datetime:
    """The data cut (UTC): manifest, else the latest event in the file, else when the file was written."""
    if item.found.manifest.as_of is not None:
        return item.found.manifest.as_of.replace(tzinfo=None)
    moments: list[datetime] = []
    for name in contract.as_of_columns:
        value = con.execute(f"SELECT max({name}) FROM _typed").fetchall()[0][0]
        if isinstance(value, datetime):
            moments.append(value)
        elif value is not None:
            end = datetime.combine(value + timedelta(days=1), time(), city.zone) - timedelta(seconds=1)
            moments.append(end.astimezone(UTC).replace(tzinfo=None))
    arrived = item.found.arrived_at
    return min(max(moments), arrived) if moments else arrived


# -- gate and merge --------------------------------------------------------------------------------------------------


def _gate(con: duckdb.DuckDBPyConnection, contract: Contract, verdict: Verdict, staged: list[Staged]) -> None:
    """Decide for each delivery whether its rejects are within the contract's limit."""
    blocking = [r.rule.id for r in verdict.results if r.rule.severity == "error" and r.rule.predicate]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _rejected_rows AS SELECT DISTINCT _row_id FROM _bad_rows WHERE list_contains(?, rule_id)",
        [blocking],
    )
    counts = {
        str(row[0]): (int(row[1]), int(row[2]))
        for row in con.execute(
            "SELECT s._delivery_id, count(*), count(r._row_id) FROM _staged AS s LEFT JOIN _rejected_rows AS r USING (_row_id) GROUP BY 1"
        ).fetchall()
    }
    for item in staged:
        if item.refusal is not None:
            continue
        rows, bad = counts.get(item.delivery_id, (0, 0))
        item.rejected += bad
        item.loaded = rows - bad
        considered = item.rows_in - sum(item.left_out.values())
        limit = contract.reject_limit.allowed(considered)
        name = item.found.path.name
        minimum = next((int(r.minimum or 0) for r in contract.rules if r.kind == "row_count"), 0)
        if considered < minimum:
            item.refusal = FileRefused(
                "no_rows", zh=f"{name} 没有数据行。请重新导出。", en=f"{name} has no rows of data. Export it again."
            )
        elif item.loaded == 0:
            item.refusal = FileRefused(
                "nothing_left",
                zh=f"{name} 的 {considered} 行全部被拒，见 state/rejects。",
                en=f"All {considered} rows of {name} were rejected; see state/rejects.",
            )
        elif item.rejected > limit:
            item.refusal = FileRefused(
                "too_many_rejects",
                zh=f"{name} 有 {item.rejected} 行被拒（共 {considered} 行），超过契约允许的 {limit} 行。见 state/rejects，改正后重新放入。",
                en=f"{item.rejected} of {considered} rows of {name} were rejected, more than the {limit} the contract allows. "
                "See state/rejects, mend them and drop the file again.",
            )


def _settle(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, staged: list[Staged], verdict: Verdict | None,
    run_id: str | None, report: Report,
) -> list[Delivery]:  # fmt: skip
    """Write ledger, results and rejects of every delivery; merge the accepted ones into landing, oldest data first."""
    loaded_at = datetime.now(UTC).replace(tzinfo=None)
    deliveries = []
    for item in sorted(staged, key=lambda s: (s.as_of or s.found.arrived_at, s.found.arrived_at, s.found.path.name)):
        refusal, left_out = item.refusal, sum(item.left_out.values())
        outcome, reason_en, reason_zh = "loaded", None, None
        if refusal is not None:
            outcome, reason_en, reason_zh = "refused", refusal.en + _STOPS_EN, refusal.zh + _STOPS_ZH
            item.rejected, item.loaded = item.rows_in - left_out - item.deduplicated, 0
        elif _is_superseded(con, contract, item):
            outcome, reason_en, reason_zh = "superseded", _SUPERSEDED_EN, _SUPERSEDED_ZH
            item.deduplicated, item.loaded = item.deduplicated + item.loaded, 0
        delivery = Delivery(
            item.delivery_id, contract.dataset, item.found.path.name, item.found.sha256, item.found.size, item.kind,
            item.found.arrived_at, item.as_of, item.rows_in, item.loaded, item.rejected, item.deduplicated, left_out,
            outcome, reason_en, reason_zh, run_id, loaded_at,
        )  # fmt: skip
        _assert_balance(delivery)
        write_delivery(con, delivery, _reasons(item))
        if verdict is not None:
            _write_results(con, contract, verdict, item, loaded_at)
        if outcome == "loaded":
            _keep_and_merge(con, city, contract, item)
        counts = f"{item.loaded:,} rows loaded, {item.rejected:,} rejected"
        report(f"{contract.dataset} {item.found.path.name}: {counts}. {reason_en or ''}")
        deliveries.append(delivery)
    if verdict is not None:
        rejects.write(con, contract)
        con.execute("DELETE FROM landing.suite_results WHERE dataset = ?", [contract.dataset])
        con.execute(
            "INSERT INTO landing.suite_results VALUES (?, ?)", [contract.dataset, json.dumps(verdict.suite_result)]
        )
    return deliveries


_STOPS_ZH = "在该文件改正或移走之前，每次刷新都会停在这里。"
_STOPS_EN = " Until the file is mended or removed, every refresh stops here."
_SUPERSEDED_ZH = "已有更新的全量文件，本文件未采用。"
_SUPERSEDED_EN = "A newer full delivery is loaded; this one was not used."


def _reasons(item: Staged) -> list[tuple[str, str, int]]:
    reasons = [rule.reason for rule in item.mapping.leave_out]
    return [(reasons[n].zh, reasons[n].en, rows) for n, rows in sorted(item.left_out.items())]


def _is_superseded(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> bool:
    """Whether a full delivery with a later data cut is loaded. Only rows that tell their own time of update may still
    come from an older delivery."""
    if item.kind == "delta" and any(column.name == "updated_at" for column in contract.columns):
        return False
    newest = con.execute(
        "SELECT max(as_of) FROM landing.deliveries WHERE dataset = ? AND kind = 'full' AND outcome = 'loaded'",
        [contract.dataset],
    ).fetchall()[0][0]
    return newest is not None and item.as_of is not None and item.as_of < newest


def _assert_balance(d: Delivery) -> None:
    total = d.rows_loaded + d.rows_rejected + d.rows_deduplicated + d.rows_left_out
    if d.rows_in != total:
        raise AssertionError(f"{d.delivery_id}: {d.rows_in} rows in, {total} accounted for")


def _write_results(
    con: duckdb.DuckDBPyConnection, contract: Contract, verdict: Verdict, item: Staged, at: datetime
) -> None:
    failed = {
        str(row[0]): int(row[1])
        for row in con.execute(
            "SELECT b.rule_id, count(*) FROM _bad_rows AS b JOIN _staged AS s USING (_row_id) WHERE s._delivery_id = ? GROUP BY 1",
            [item.delivery_id],
        ).fetchall()
    }
    checked = int(
        con.execute("SELECT count(*) FROM _staged WHERE _delivery_id = ?", [item.delivery_id]).fetchall()[0][0]
    )
    rows = []
    for result in verdict.results:
        rule = result.rule
        bad = int(checked < int(rule.minimum or 0)) if rule.kind == "row_count" else failed.get(rule.id, 0)
        rows.append(
            [
                item.delivery_id,
                contract.dataset,
                rule.id,
                rule.name_en,
                rule.name_zh,
                rule.column,
                rule.dimension,
                rule.severity,
                checked,
                bad,
                bad == 0,
                at,
            ]
        )
    con.executemany(f"INSERT INTO landing.contract_results VALUES ({', '.join('?' * 12)})", rows)


def _keep_and_merge(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, item: Staged) -> None:
    names = [name for name, _ in contract.landing_schema() if name not in ("_valid_from", "_valid_to")]
    listed = ", ".join(names)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _good AS SELECT {listed} FROM _staged WHERE _delivery_id = ?"
        " AND _row_id NOT IN (SELECT _row_id FROM _rejected_rows)",
        [item.delivery_id],
    )
    folder = city.landing / contract.dataset
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{item.delivery_id}.parquet"
    part = target.with_suffix(".part")
    con.execute(f"COPY _good TO {quote_text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    part.replace(target)
    if contract.keeps_history:
        _merge_history(con, contract, item)
    elif item.kind == "full":
        con.execute(f"DELETE FROM landing.{contract.dataset}")
        con.execute(f"INSERT INTO landing.{contract.dataset} SELECT {listed} FROM _good")
    else:
        _upsert(con, contract, listed, names)


def _upsert(con: duckdb.DuckDBPyConnection, contract: Contract, listed: str, names: list[str]) -> None:
    """Later `updated_at` wins; at the same time, or without one, the later arrival."""
    table, key = f"landing.{contract.dataset}", contract.landing_key
    same = " AND ".join(f"old.{name} = new.{name}" for name in key)
    if "updated_at" in names:
        newer = "coalesce(old.updated_at, TIMESTAMP '0001-01-01') > coalesce(new.updated_at, TIMESTAMP '0001-01-01')"
        con.execute(f"DELETE FROM _good AS new USING {table} AS old WHERE {same} AND {newer}")
    con.execute(f"DELETE FROM {table} AS old USING _good AS new WHERE {same}")
    con.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM _good")


def _merge_history(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> None:
    """Close the versions that changed (or, in a full delivery, disappeared) at this delivery's data cut, open the new ones."""
    table, key = f"landing.{contract.dataset}", contract.landing_key
    names = [name for name, _ in contract.landing_schema() if not name.startswith("_")]
    same = " AND ".join(f"old.{name} = new.{name}" for name in key)
    equal = " AND ".join(f"old.{name} IS NOT DISTINCT FROM new.{name}" for name in names)
    if item.kind == "delta":
        con.execute(f"DELETE FROM _good AS new USING {table} AS old WHERE old._valid_to IS NULL AND {equal}")
    gone = f"NOT EXISTS (SELECT 1 FROM _good AS new WHERE {equal})"
    if item.kind == "delta":
        gone = f"EXISTS (SELECT 1 FROM _good AS new WHERE {same})"
    con.execute(f"UPDATE {table} AS old SET _valid_to = ? WHERE old._valid_to IS NULL AND {gone}", [item.as_of])
    listed = ", ".join(names)
    con.execute(
        f"INSERT INTO {table} ({listed}, _delivery_id, _valid_from, _valid_to) SELECT {listed}, _delivery_id, CAST(? AS TIMESTAMP), NULL FROM _good AS new"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} AS old WHERE old._valid_to IS NULL AND {equal})",
        [item.as_of],
    )


def _close_temporary(con: duckdb.DuckDBPyConnection) -> None:
    for table in (
        "_staged",
        "_texts",
        "_typed",
        "_mapped",
        "_good",
        "_bad_rows",
        "_rejected_rows",
        "_shape_rejects",
        "_renumbered",
    ):
        con.execute(f"DROP TABLE IF EXISTS {table}")


def clear_state(city: City) -> None:
    """Remove warehouse, landing and rejects, so that the next load takes every extract again; editions stay."""
    for path in (city.warehouse, city.warehouse.with_name("warehouse.duckdb.wal")):
        path.unlink(missing_ok=True)
    for folder in (city.landing, city.rejects):
        shutil.rmtree(folder, ignore_errors=True)
