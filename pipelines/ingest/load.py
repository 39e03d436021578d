"""Loads the new deliveries of one dataset: stage, validate, judge, merge into landing, all in one transaction."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import duckdb

from pipelines.city import City, FilesSource
from pipelines.contracts.guards import DeliveryFacts, Override, Profile, judge, measure, record, remember
from pipelines.contracts.model import Contract, Rule
from pipelines.contracts.validation import Verdict, validate
from pipelines.ingest import landed, lines, rejects
from pipelines.ingest.arrivals import Arrival, Arrivals, Unsafe, find_arrivals, shown_name
from pipelines.ingest.files import FileRefused, Note
from pipelines.ingest.forgotten import FORGOTTEN, REASON
from pipelines.ingest.ledger import (
    Delivery,
    create_landing,
    forget_attempt,
    hashes_by_outcome,
    known_files,
    move_counts,
    open_refusals,
    remember_files,
    settled_hashes,
    write_delivery,
    write_notes,
)
from pipelines.ingest.mapping import load_mapping
from pipelines.ingest.merge import Change, Restatement, compare, merge
from pipelines.ingest.overrides import load_overrides
from pipelines.ingest.refused import move_refused, put_back, refused_hashes
from pipelines.ingest.staging import STAGED, STAGING, Staged, close_staging, stage_all, staged_names
from pipelines.progress import say

Report = Callable[[str], None]


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


def load_dataset(
    con: duckdb.DuckDBPyConnection,
    city: City,
    contract: Contract,
    *,
    run_id: str | None,
    report: Report = lambda _: None,
) -> LoadResult:
    """Load every new delivery of one dataset. Rejected rows go to `state/rejects`; a refused file is moved to `refused/`
    with its reason and leaves no trace in landing but its line in the ledger.

    Raises:
        ConfigurationError: city.yaml, a mapping or an override is wrong.
    """
    # The clock, not the `as_of` of a replay: what lies after that is true all the same, only not known yet.
    now = datetime.now(UTC)
    overrides = load_overrides(city)
    judged_by = _judged_by(city, contract, overrides)
    _fetch(con, city, contract, report)
    _take_back(con, city, contract, judged_by)
    arrivals = find_arrivals(city, contract.dataset, now=now, known=known_files(con, contract.dataset))
    settled = settled_hashes(con, contract.dataset)
    files = [found for found in arrivals.ready if found.sha256 not in settled]
    remember_files(con, contract.dataset, arrivals.identities)
    for waiting in arrivals.waiting:
        report(
            f"{contract.dataset} {waiting.path.name}: still arriving, looked at again in {waiting.seconds} s or more"
        )
        _say_left(waiting.path.name)
    result = LoadResult(rules=_latest_rules(con, contract))
    if files:
        context = _Context(con, city, contract, overrides, judged_by, now, run_id, arrivals)
        result = _load(context, files, report)
    unsafe = tuple(_unsafe_delivery(contract, item, run_id, now) for item in arrivals.unsafe)
    con.execute("DELETE FROM landing.deliveries WHERE dataset = ? AND sha256 = ''", [contract.dataset])
    for delivery in unsafe:
        write_delivery(con, delivery)
    still = open_refusals(con, contract.dataset, refused_hashes(city, contract.dataset))
    new = {d.delivery_id for d in result.deliveries}
    refused = [d for d in result.deliveries if d.outcome == "refused"]
    refused += [d for d in still if d.delivery_id not in new]
    return replace(result, refused=(*refused, *unsafe))


def _load(context: _Context, files: list[Arrival], report: Report) -> LoadResult:
    con, city, contract, now = context.con, context.city, context.contract, context.now
    mappings = {name: load_mapping(city, contract, name) for name in {found.mapping for found in files}}
    # Staged outside the transaction: an unreadable file would abort it, and the other deliveries with it.
    staged = stage_all(con, city, contract, mappings, files, originals=context.arrivals.everything())
    whole = {item.found.identity for item in staged}
    for found in files:
        if found.identity not in whole:
            report(
                f"{contract.dataset} {found.path.name}: written to while it was read, looked at again in the next run"
            )
            _say_left(found.path.name)
    con.execute("BEGIN")
    try:
        verdict = None
        if any(item.refusal is None for item in staged):
            verdict = validate(con, contract, STAGED, now=now, today=now.astimezone(city.zone).date())
            _gate(con, contract, verdict, staged)
        deliveries = _settle(context, staged, verdict)
        close_staging(con)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    finally:
        for item in staged:
            item.close()
    for item, delivery in zip(staged, deliveries, strict=True):
        rejects.export(con, city, contract, item)
        if item.refusal is not None:
            _set_aside(context, item)
        counts = f"{delivery.rows_loaded:,} rows loaded, {delivery.rows_rejected:,} rejected"
        report(f"{contract.dataset} {delivery.file_name}: {counts}. {delivery.reason_en or ''}")
    rules = tuple(RuleCount(r.rule, r.checked, r.failed) for r in verdict.results) if verdict else ()
    return LoadResult(
        deliveries=tuple(sorted(deliveries, key=lambda d: d.sequence)),
        rules=rules or _latest_rules(con, contract),
        ignored_headers={item.found.path.name: item.ignored_headers for item in staged if item.ignored_headers},
    )


def _say_left(name: str) -> None:
    """Tell the terminal of a file that this run does not load: otherwise nothing but its absence does."""
    shown = shown_name(name)
    say(
        f"  ! {shown} 仍在写入，本次未装载，下次刷新时再读取\n"
        f"    {shown} is still being written: not loaded now, looked at again by the next refresh"
    )


def _set_aside(context: _Context, item: Staged) -> None:
    """Move a refused file, and others with the same bytes, out of the drop folder."""
    assert item.refusal is not None  # noqa: S101  (for the type checker)
    for found in (item.found, *(copy for copy in context.arrivals.copies if copy.sha256 == item.found.sha256)):
        if found.dropped:
            move_refused(
                context.city, context.contract.dataset, found.path, sha256=found.sha256, refusal=item.refusal,
                run_id=context.run_id, now=context.now, identity=found.identity,
            )  # fmt: skip


def _fetch(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, report: Report) -> None:
    """Let the dataset's databases and endpoints write their extracts; what they say stands in `landing.notes`."""
    if not any(not isinstance(source, FilesSource) for source in city.sources_of(contract.dataset)):
        return
    loaded, refused = hashes_by_outcome(con, contract.dataset)
    from pipelines.ingest.sources import fetch_sources  # drivers that a city of files never needs

    con.execute("DELETE FROM landing.notes WHERE dataset = ? AND delivery_id IS NULL", [contract.dataset])
    for fetched in fetch_sources(city, contract.dataset, loaded=loaded, refused=refused, say=report):
        remarks = [("source_remark", 1, remark.zh, remark.en) for remark in fetched.remarks]
        if fetched.problem is not None:
            remarks.append(("source_failed", 1, fetched.problem.zh, fetched.problem.en))
        write_notes(con, None, contract.dataset, remarks)


def _unsafe_delivery(contract: Contract, item: Unsafe, run_id: str | None, now: datetime) -> Delivery:
    """Something in the drop folder that is no file to be read, as a refused delivery; it has no bytes to remember."""
    at = now.replace(tzinfo=None)
    name = hashlib.sha256(os.fsencode(item.path.name)).hexdigest()
    return Delivery(
        delivery_id=f"{contract.dataset}-{name[:12]}", dataset=contract.dataset, source=contract.dataset,
        file_name=shown_name(item.path.name), sha256="", bytes=0, kind=contract.delivery_kind, arrived_at=at, as_of=None,
        rows_in=0, rows_loaded=0, rows_rejected=0, rows_deduplicated=0, rows_left_out=0, rows_unchanged=0, rows_removed=0,
        outcome="refused", reason_code=item.refusal.code, reason_en=item.refusal.en, reason_zh=item.refusal.zh, mends=None,
        run_id=run_id, loaded_at=at, sequence=0, judged_by="",
    )  # fmt: skip


def _judged_by(city: City, contract: Contract, overrides: tuple[Override, ...]) -> str:
    """What decides whether a file is taken, beside the file: a refused one is tried again when this changes."""
    sources = city.settings.sources.get(contract.dataset)
    names = {contract.dataset}
    for source in sources if isinstance(sources, list) else [sources]:
        names |= {source.mapping} if source is not None and source.mapping else set()
    texts = [path.read_bytes() for path in map(city.mapping_path, sorted(names)) if path.is_file()]
    return hashlib.sha256(b"\0".join([contract.sha256.encode(), repr(overrides).encode(), *texts])).hexdigest()


def _take_back(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, judged_by: str) -> None:
    """Put refused files back into the drop folder if their mapping, the contract or the overrides have changed since."""
    rows = con.execute(
        "SELECT sha256, file_name FROM landing.deliveries WHERE dataset = ? AND outcome = 'refused' AND judged_by <> ? AND sha256 <> ''",
        [contract.dataset, judged_by],
    ).fetchall()
    for sha256, name in rows:
        put_back(city, contract.dataset, sha256=str(sha256), name=str(name))


def _latest_rules(con: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[RuleCount, ...]:
    """The counts of the latest loaded delivery, for a run in which nothing new came."""
    rows = con.execute(
        "SELECT r.rule_id, r.rows_checked, r.rows_failed FROM landing.contract_results AS r"
        " WHERE r.delivery_id = (SELECT delivery_id FROM landing.deliveries WHERE dataset = ? AND outcome = 'loaded'"
        " ORDER BY loaded_at DESC, sequence DESC LIMIT 1)",
        [contract.dataset],
    ).fetchall()
    counts = {str(row[0]): (int(row[1]), int(row[2])) for row in rows}
    return tuple(RuleCount(rule, *counts.get(rule.id, (0, 0))) for rule in contract.rules)


# -- gate and merge --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Context:
    con: duckdb.DuckDBPyConnection
    city: City
    contract: Contract
    overrides: tuple[Override, ...]
    judged_by: str
    now: datetime
    run_id: str | None
    arrivals: Arrivals


def _gate(con: duckdb.DuckDBPyConnection, contract: Contract, verdict: Verdict, staged: list[Staged]) -> None:
    """Decide for each delivery whether its rejects are within the contract's limit."""
    blocking = [r.rule.id for r in verdict.results if r.rule.severity == "error" and r.rule.predicate]
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _rejected_rows AS SELECT DISTINCT _row_id FROM _bad_rows WHERE list_contains(?, rule_id)",
        [blocking],
    )
    for item in staged:
        if item.refusal is not None:
            continue
        rows, bad = con.execute(
            f"SELECT (SELECT count(*) FROM {STAGING} WHERE {item.where}),"
            f" (SELECT count(*) FROM _rejected_rows WHERE _row_id BETWEEN {item.first} AND {item.last})"
        ).fetchall()[0]
        item.rejected += int(bad)
        item.loaded = int(rows) - int(bad) + item.unchanged
        considered = item.rows_in - sum(item.left_out.values())
        limit = contract.reject_limit.allowed(considered)
        name = item.found.path.name
        minimum = next((int(r.minimum or 0) for r in contract.rules if r.kind == "row_count"), 0)
        if item.mends and not considered:
            item.refusal = FileRefused(
                "mend_unchanged",
                zh=f"{name} 中没有一行被改动，这些行仍然被拒。请改正标黄的单元格后再放入。",
                en=f"No row of {name} was changed; its rows stay rejected. Correct the yellow cells and drop it again.",
            )
        elif item.mends:
            continue  # what is still wrong is listed anew
        elif considered < minimum:
            item.refusal = FileRefused(
                "no_rows", zh=f"{name} 没有数据行。请重新导出。", en=f"{name} has no rows of data. Export it again."
            )
        elif item.loaded == 0:
            item.refusal = FileRefused(
                "nothing_left",
                zh=f"{name} 的 {considered} 行全部被拒。见 state/rejects，请改正后重新放入。",
                en=f"All {considered} rows of {name} were rejected. See state/rejects, mend them and drop the file again.",
            )
        elif item.rejected > limit:
            item.refusal = FileRefused(
                "too_many_rejects",
                zh=f"{name} 有 {item.rejected} 行被拒（共 {considered} 行），超过契约允许的 {limit} 行。见 state/rejects，请改正后重新放入。",
                en=f"{item.rejected} of {considered} rows of {name} were rejected, more than the {limit} the contract allows. "
                "See state/rejects, mend them and drop the file again.",
            )


def _settle(context: _Context, staged: list[Staged], verdict: Verdict | None) -> list[Delivery]:
    """Write ledger, results and rejects of every delivery and merge the accepted ones, oldest data first; returns the
    lines of the ledger in the order of `staged`."""
    con, contract = context.con, context.contract
    for item in staged:
        forget_attempt(con, item.delivery_id)
    if verdict is not None:
        for item in staged:
            if item.mends and item.refusal is None:
                rejects.withdraw(con, item)
        rejects.write(con, contract, staged)
        for item in staged:
            _write_results(con, contract, verdict, item, context.now)
        con.execute(f"DELETE FROM {STAGING} WHERE rowid IN (SELECT _row_id FROM _rejected_rows)")
        con.execute("DELETE FROM landing.suite_results WHERE dataset = ?", [contract.dataset])
        suite = json.dumps(verdict.suite_result)
        con.execute("INSERT INTO landing.suite_results VALUES (?, ?)", [contract.dataset, suite])
        landed.keep_suite(context.city, contract, suite)
    order = sorted(staged, key=lambda s: (s.as_of or s.found.arrived_at, s.found.arrived_at, s.found.path.name))
    settled = {item.delivery_id: _settle_one(context, item, n) for n, item in enumerate(order)}
    return [settled[item.delivery_id] for item in staged]


def _settle_one(context: _Context, item: Staged, sequence: int) -> Delivery:
    con, contract = context.con, context.contract
    outcome, reason, removed = "loaded", item.refusal, 0
    change = _change(contract, item)
    if item.refusal is None and _is_superseded(con, contract, item):
        outcome, reason = "superseded", _SUPERSEDED
        item.deduplicated, item.loaded = item.deduplicated + item.loaded, 0
    elif item.refusal is None:
        diff = _restatement(con, contract, item, change)
        facts, profile = _judge(context, item, change, diff)
        if item.refusal is None:
            if diff is not None:
                _tell_restatement(con, contract, item, diff)
            removed = merge(con, contract, change)
            if not item.mends:
                remember(con, facts, profile, context.city.zone)
            if item.unchanged or change.kind == "full":
                lines.remember(con, contract, item)
            else:
                lines.touched(con, contract, change.good)
    if item.mends and outcome == "loaded" and item.refusal is None:
        move_counts(con, item.mends, item.loaded)
    if item.refusal is not None:
        outcome, reason = "refused", _stops(item.refusal, item.found)
        item.rejected, item.loaded = item.rows_in - sum(item.left_out.values()) - item.deduplicated, 0
    found = item.found
    delivery = Delivery(
        delivery_id=item.delivery_id, dataset=contract.dataset, source=found.mapping, file_name=found.path.name,
        sha256=found.sha256, bytes=found.size, kind=item.kind, arrived_at=found.arrived_at, as_of=item.as_of,
        rows_in=item.rows_in, rows_loaded=item.loaded, rows_rejected=item.rejected, rows_deduplicated=item.deduplicated,
        rows_left_out=sum(item.left_out.values()), rows_unchanged=item.unchanged if outcome == "loaded" else 0,
        rows_removed=removed, outcome=outcome, reason_code=reason.code if reason else None,
        reason_en=reason.en if reason else None, reason_zh=reason.zh if reason else None, mends=item.mends,
        run_id=context.run_id, loaded_at=context.now.replace(tzinfo=None), sequence=sequence, judged_by=context.judged_by,
    )  # fmt: skip
    _assert_balance(delivery)
    write_delivery(con, delivery, _reasons(item))
    write_notes(con, item.delivery_id, contract.dataset, [(n.code, n.count, n.zh, n.en) for n in item.notes])
    if outcome == "loaded":
        landed.keep(con, context.city, contract, delivery, change)
    else:
        landed.keep_line(con, context.city, contract, delivery)
    return delivery


def _change(contract: Contract, item: Staged) -> Change:
    listed = ", ".join([*staged_names(contract), "_delivery_id"])
    good = f"(SELECT {listed} FROM {STAGING} WHERE {item.where})"
    kind = "mend" if item.mends else "changes" if item.unchanged else item.kind
    return Change(kind, item.delivery_id, item.as_of, good, "_gone" if item.unchanged else None)


def _restatement(
    con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged, change: Change
) -> Restatement | None:  # fmt: skip
    """What a full delivery changes of what stands; None for any other."""
    standing = con.execute(f"SELECT 1 FROM landing.{contract.dataset} LIMIT 1").fetchall()
    if item.kind != "full" or item.mends or not standing:
        return None
    return compare(con, contract, change)


def _judge(context: _Context, item: Staged, change: Change, diff: Restatement | None) -> tuple[DeliveryFacts, Profile]:
    """Judge the delivery as a whole; a guard that blocks it becomes its refusal."""
    con, contract = context.con, context.contract
    # What a guard looks at is the whole delivery.
    good = _whole(contract, item, change)
    facts = DeliveryFacts(
        item.delivery_id, contract.dataset, item.found.path.name, item.found.sha256, item.kind,
        item.as_of or context.now, item.loaded,
    )  # fmt: skip
    if item.mends:
        return facts, ()
    profile = measure(con, contract, facts, good)
    results = judge(
        con, contract, delivery=facts, good=good, current=f"landing.{contract.dataset}", profile=profile,
        zone=context.city.zone, overrides=context.overrides, now=context.now, changed=diff.changed if diff else None,
    )  # fmt: skip
    record(con, facts, results, now=context.now)
    blocked = [result for result in results if result.outcome == "blocked"]
    if blocked:
        item.refusal = FileRefused(
            f"guard_{blocked[0].guard.kind}", zh="".join(r.zh for r in blocked), en=" ".join(r.en for r in blocked)
        )
    return facts, profile


def _whole(contract: Contract, item: Staged, change: Change) -> str:
    """SQL of all good rows of a delivery: where only the changed lines were read, what stood there already as well."""
    if not item.unchanged:
        return change.good
    same = " AND ".join(f"old.{name} = x.{name}" for name in contract.landing_key)
    return (
        f"(SELECT old.* FROM landing.{contract.dataset} AS old ANTI JOIN _gone AS x ON {same} ANTI JOIN"
        f" {change.good} AS y ON {same.replace('x.', 'y.')} UNION ALL BY NAME SELECT * FROM {change.good})"
    )


def _tell_restatement(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged, diff: Restatement) -> None:
    """Note of a full delivery that comes under the name of an earlier one how many rows it changes."""
    earlier = con.execute(
        "SELECT 1 FROM landing.deliveries WHERE dataset = ? AND file_name = ? AND outcome = 'loaded' AND delivery_id <> ? LIMIT 1",
        [contract.dataset, item.found.path.name, item.delivery_id],
    ).fetchall()
    if earlier:
        item.notes += (
            Note(
                "restated", diff.new + diff.changed + diff.gone,
                f"{item.found.path.name} 与以前的一份同名而内容不同：新增 {diff.new:,} 行，变更 {diff.changed:,} 行，不再包含 {diff.gone:,} 行。",
                f"{item.found.path.name} has the name of an earlier delivery and other content: {diff.new:,} rows are new, {diff.changed:,} changed, {diff.gone:,} no longer in it.",
            ),
        )  # fmt: skip


def _stops(refusal: FileRefused, found: Arrival) -> FileRefused:
    """The refusal as the ledger and the page show it: what it holds up, and where the file is."""
    zh, en = ("文件已移至 refused/。", " The file is in refused/.") if found.dropped else ("", "")
    return FileRefused(
        refusal.code,
        zh=f"{refusal.zh}{zh}在改正后重新放入或移除之前，每次刷新都会停在这里。",
        en=f"{refusal.en}{en} Until it is mended and dropped again, or removed, every refresh stops here.",
    )


_SUPERSEDED = FileRefused(
    "superseded",
    zh="已有更新的全量文件，本文件未采用。",
    en="A newer full delivery is loaded; this one was not used.",
)


def _reasons(item: Staged) -> list[tuple[str, str, int]]:
    reasons = {FORGOTTEN: REASON, **{n: rule.reason for n, rule in enumerate(item.mapping.leave_out)}}
    return [(reasons[n].zh, reasons[n].en, rows) for n, rows in sorted(item.left_out.items())]


def _is_superseded(con: duckdb.DuckDBPyConnection, contract: Contract, item: Staged) -> bool:
    """Whether a full delivery with a later data cut is loaded. Only rows that tell their own time of update may still
    come from an older delivery."""
    if item.kind == "delta" and contract.has_updates:
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
    failed = dict(
        con.execute(
            f"SELECT rule_id, count(*) FROM _bad_rows WHERE _row_id BETWEEN {item.first} AND {item.last} GROUP BY 1"
        ).fetchall()
    )
    checked = int(con.execute(f"SELECT count(*) FROM {STAGING} WHERE {item.where}").fetchall()[0][0])
    rows = []
    for result in verdict.results:
        rule = result.rule
        bad = int(failed.get(rule.id, 0))
        if rule.kind == "row_count":
            bad = int(checked + item.unchanged < int(rule.minimum or 0))
        rows.append(
            [
                item.delivery_id, contract.dataset, rule.id, rule.name_en, rule.name_zh, rule.column, rule.dimension,
                rule.severity, checked, bad, bad == 0, at.replace(tzinfo=None),
            ]
        )  # fmt: skip
    con.executemany(f"INSERT INTO landing.contract_results VALUES ({', '.join('?' * 12)})", rows)


def clear_state(city: City) -> None:
    """Remove warehouse, landing and rejects, so that the next load takes every extract again; editions stay."""
    for path in (city.warehouse, city.warehouse.with_name("warehouse.duckdb.wal")):
        path.unlink(missing_ok=True)
    for folder in (city.landing, city.rejects):
        shutil.rmtree(folder, ignore_errors=True)


# -- a look without loading ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Examination:
    """What would become of a file; what is rejected stands in `landing.rejects` of the connection."""

    rows_in: int
    rows_loaded: int
    rows_rejected: int
    rows_deduplicated: int
    left_out: tuple[tuple[str, str, int], ...]
    refusal: FileRefused | None
    used_headers: tuple[str, ...]
    ignored_headers: tuple[str, ...]
    notes: tuple[Note, ...]


def examine(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, found: Arrival, *, now: datetime
) -> Examination:
    """Run mapping and contract on one file in an empty (in-memory) warehouse; nothing is written anywhere.

    Raises:
        ConfigurationError: the mapping is wrong.
    """
    create_landing(con, [contract])
    mapping = load_mapping(city, contract, found.mapping)
    staged = stage_all(con, city, contract, {found.mapping: mapping}, [found])
    if not staged:
        return Examination(0, 0, 0, 0, (), _written_to(found), (), (), ())
    (item,) = staged
    try:
        if item.refusal is None:
            verdict = validate(con, contract, STAGED, now=now, today=now.astimezone(city.zone).date())
            _gate(con, contract, verdict, staged)
            rejects.write(con, contract, staged)
    finally:
        item.close()
    return Examination(
        item.rows_in, item.loaded, item.rejected, item.deduplicated, tuple(_reasons(item)), item.refusal,
        item.used_headers, item.ignored_headers, item.notes,
    )  # fmt: skip


def _written_to(found: Arrival) -> FileRefused:
    name = shown_name(found.path.name)
    return FileRefused(
        "written_to",
        zh=f"{name} 在读取时被改写或移走。请等它写完后再检查。",
        en=f"{name} was written to or taken away while it was read. Wait until it is whole and check it again.",
    )
