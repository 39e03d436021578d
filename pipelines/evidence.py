"""What an edition was made of, and what is different since: rows, definitions, standards, areas. The causes of restatements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.model import Contract
from pipelines.ingest.files import quote_text
from pipelines.lineage import Lineage, definition_sha256
from pipelines.paths import CONTRACTS
from pipelines.tables import Table

#: The fields of the catalogue that enter a value; the others are words.
_CALCULATED = ("version", "kind", "scale", "interval", "minimum_count", "people", "dataset")
#: Of more differing rows than this it is counted only how many there are, not which areas and periods they touch.
_DETAILED_ROWS = 300_000
ROW_CAUSES = ("late_rows", "changed_rows", "removed_rows", "mended_rows")
#: What each cause is called, by its code.
CAUSES: Mapping[str, tuple[str, str]] = {
    "late_rows": ("迟到的行", "late rows"),
    "changed_rows": ("变更的行", "changed rows"),
    "removed_rows": ("删除的行", "removed rows"),
    "mended_rows": ("更正后重报的行", "rejected rows that were mended"),
    "definition": ("指标定义变更", "changed definition"),
    "standard": ("标准变更", "changed standard"),
    "areas": ("区划变更", "changed areas"),
    "contract": ("数据契约变更", "changed data contract"),
    "new_delivery": ("新批次", "new delivery"),
    "withdrawn_delivery": ("撤回的批次", "withdrawn delivery"),
    "forgotten": ("应个人申请删除", "people removed at their request"),
    "data_cut": ("数据截止时间变更", "another data cut"),
    "software": ("软件更新", "changed software"),
    "unknown": ("原因不明", "cause not known"),
}


@dataclass(frozen=True)
class Reason:
    """A cause that is known of a whole indicator. One that is not `certain` counts only where no row is known to touch
    the figure: it may concern other figures of the indicator."""

    indicator: str
    code: str
    zh: str
    en: str
    certain: bool


# -- what an edition was made of --------------------------------------------------------------------------------------


def facts(con: duckdb.DuckDBPyConnection, tables: Sequence[Table], forgotten: int) -> dict[str, Any]:
    """What of an edition a later one is compared with, for its manifest: catalogue, standards, contracts, computations."""
    found = [str(row[0]) for row in con.execute("DESCRIBE marts.indicators").fetchall()]
    names = [name for name in _CALCULATED if name in found]
    entries = con.execute(f"SELECT indicator_id, {', '.join(names)} FROM marts.indicators ORDER BY 1").fetchall()
    lines = con.execute(
        "SELECT s.standard || coalesce(':' || s.indicator_id, ''), CAST(s AS VARCHAR) FROM marts.standards AS s ORDER BY 1, 2"
    ).fetchall()
    standards: dict[str, str] = {}
    for name, line in lines:
        standards[str(name)] = _digest(standards.get(str(name), "") + str(line))
    return {
        "indicators": {
            str(row[0]): {"version": row[1 + names.index("version")], "sha256": _digest(json.dumps(row, default=str))}
            for row in entries
        },
        "standards": standards,
        "table_sha256": {table.name: definition_sha256(table) for table in tables},
        "contract_sha256": {path.name: _digest(path.read_bytes()) for path in sorted(CONTRACTS.glob("*.yaml"))},
        "forgotten": forgotten,
    }


def _digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def write_row_versions(con: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], file: Path) -> None:
    """Write a digest of every row of landing in force, with its area and days, so that the next edition can be told which
    rows are new, changed or gone, however they came.

    Datasets whose key is a pseudonym are left out, and so are pseudonyms: nothing in the file leads to a person."""
    known = {(str(s), str(t)) for s, t in con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()}
    parts = [
        _versions(con, contract, known)
        for contract in contracts
        if ("landing", contract.dataset) in known and not _personal_key(contract)
    ]
    con.execute(f"COPY ({' UNION ALL '.join(parts)}) TO {quote_text(str(file))} (FORMAT parquet, COMPRESSION zstd)")


def _personal_key(contract: Contract) -> bool:
    personal = {column.landing_name for column in contract.landed_columns if column.personal == "pseudonym"}
    return bool(personal & set(contract.landing_key))


def _versions(con: duckdb.DuckDBPyConnection, contract: Contract, known: set[tuple[str, str]]) -> str:
    hidden = {column.landing_name for column in contract.landed_columns if column.personal == "pseudonym"}
    schema = [(name, kind) for name, kind in contract.landing_schema() if not name.startswith("_")]
    names = [name for name, _ in schema if name not in hidden and name not in ("updated_at", "updated_on")]
    days = [
        f"l.{name}" for name, kind in schema if kind == "DATE" and name not in ("updated_on", "valid_from", "valid_to")
    ]
    join = ""
    if contract.dataset == "tickets" and ("core", "tickets") in known:
        # Deadlines and the ends of the limits for contact and callback stand only there.
        columns = con.execute("DESCRIBE core.tickets").fetchall()
        days += [f"k.{c[0]}" for c in columns if str(c[1]) == "DATE" and c[0] != "as_of_on"]
        join = " LEFT JOIN core.tickets AS k ON k.ticket_id = l.ticket_id"
    key = ", ".join(f"l.{name}" for name in contract.landing_key)
    content = ", ".join(f"l.{name}" for name in names)
    in_force = " WHERE l._valid_to IS NULL" if contract.keeps_history else ""
    return (
        f"SELECT '{contract.dataset}' AS dataset, md5_number_lower(CAST(row({key}) AS VARCHAR)) AS row_key,"
        f" md5_number_lower(CAST(row({content}) AS VARCHAR)) AS content,"
        f" {'l.area_code' if 'area_code' in names else 'CAST(NULL AS VARCHAR)'} AS area_code,"
        f" list_distinct(CAST([{', '.join(days)}] AS DATE[])) AS days, d.mends IS NOT NULL AS is_mended"
        f" FROM landing.{contract.dataset} AS l"
        f" LEFT JOIN (SELECT delivery_id, max(mends) AS mends FROM landing.deliveries GROUP BY 1) AS d"
        f" ON d.delivery_id = l._delivery_id{join}{in_force}"
    )


# -- what is different ------------------------------------------------------------------------------------------------


def find_row_changes(con: duckdb.DuckDBPyConnection, before: Path | None, now: Path) -> bool:
    """Make `_changes`, the versions of the rows that differ between two editions (change_id, dataset, cause, area_code,
    days), and `_touched`, how many of them touch an area in a period by cause. Returns whether that is known at all.

    A row touches the areas and periods of its old version and of its new one, by any of its days."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _changes (change_id BIGINT, dataset VARCHAR, cause VARCHAR, area_code VARCHAR, days DATE[])"
    )
    known = before is not None and before.is_file()
    if known:
        con.execute(f"""
            INSERT INTO _changes
            WITH pairs AS (
                SELECT
                    row_number() OVER () AS change_id, coalesce(n.dataset, o.dataset) AS dataset,
                    CASE WHEN n.row_key IS NULL THEN 'removed_rows' WHEN n.is_mended THEN 'mended_rows'
                        WHEN o.row_key IS NULL THEN 'late_rows' ELSE 'changed_rows' END AS cause,
                    o.area_code AS old_area, o.days AS old_days, n.area_code AS new_area, n.days AS new_days
                FROM read_parquet({quote_text(str(before))}) AS o
                FULL JOIN read_parquet({quote_text(str(now))}) AS n ON n.dataset = o.dataset AND n.row_key = o.row_key
                WHERE n.content IS DISTINCT FROM o.content
            )
            SELECT change_id, dataset, cause, old_area, old_days FROM pairs WHERE old_days IS NOT NULL
            UNION ALL
            SELECT change_id, dataset, cause, new_area, new_days FROM pairs WHERE new_days IS NOT NULL""")
    # Without days or areas the counts of a dataset are all there is to say.
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE _touched AS
        WITH few AS (
            SELECT * FROM _changes WHERE dataset <> 'areas' AND (SELECT count(DISTINCT change_id) FROM _changes) <= {_DETAILED_ROWS}
        ),
        placed AS (
            SELECT DISTINCT f.change_id, f.dataset, f.cause, f.day, f.area_code, p.district_code, p.street_code, p.community_code,
                p.grid_code
            FROM (SELECT change_id, dataset, cause, area_code, unnest(days) AS day FROM few) AS f
            LEFT JOIN core.area_paths AS p ON p.area_code = f.area_code AND p.valid_from <= f.day AND f.day < p.valid_to
            WHERE f.day IS NOT NULL
        ),
        leveled AS (
            SELECT a.change_id, a.dataset, a.cause, a.day, l.area_level, CASE l.area_level
                WHEN 'city' THEN c.area_code WHEN 'district' THEN coalesce(a.district_code, 'unlocated')
                WHEN 'street' THEN coalesce(a.street_code, 'unlocated')
                WHEN 'community' THEN coalesce(a.community_code, 'unlocated') ELSE coalesce(a.grid_code, 'unlocated') END AS area_code
            FROM placed AS a
            CROSS JOIN (SELECT unnest(['city', 'district', 'street', 'community', 'grid']) AS area_level) AS l
            CROSS JOIN reference.city AS c
        )
        SELECT t.dataset, p.grain, p.period_start, t.area_level, t.area_code,
            {", ".join(f"count(DISTINCT t.change_id) FILTER (t.cause = '{cause}') AS {cause}" for cause in ROW_CAUSES)}
        FROM leveled AS t
        JOIN core.periods AS p ON p.period_start <= t.day AND t.day <= p.period_end
        GROUP BY ALL""")
    return known


def find_area_changes(con: duckdb.DuckDBPyConnection, before: str | None, now: str) -> None:
    """Make `_areas_changed` (area_code, is_structure): the areas with other limits, parents or kinds than before, and all
    above them; `before` and `now` are relations like marts.areas."""
    columns = {
        "TRUE": "area_code, valid_from, valid_to, level, parent_code",
        "FALSE": "area_code, valid_from, area_kind, population, households",
    }
    con.execute("CREATE OR REPLACE TEMP TABLE _areas_changed (area_code VARCHAR, is_structure BOOLEAN)")
    if before is None:
        return
    ladder = f"(SELECT area_code, parent_code FROM {before} UNION SELECT area_code, parent_code FROM {now})"
    for structure, names in columns.items():
        con.execute(f"""
            INSERT INTO _areas_changed
            WITH RECURSIVE differing AS (
                SELECT area_code FROM (
                    (SELECT {names} FROM {before} EXCEPT SELECT {names} FROM {now})
                    UNION ALL (SELECT {names} FROM {now} EXCEPT SELECT {names} FROM {before}))
            ),
            up AS (
                SELECT area_code FROM differing
                UNION
                SELECT a.parent_code FROM up AS u JOIN {ladder} AS a ON a.area_code = u.area_code WHERE a.parent_code IS NOT NULL
            )
            SELECT area_code, {structure} FROM up UNION SELECT c.area_code, {structure} FROM reference.city AS c, up
            UNION SELECT 'unlocated', {structure} FROM up""")


def reasons(
    con: duckdb.DuckDBPyConnection, before: Mapping[str, Any], now: Mapping[str, Any], lineage: Mapping[str, Lineage],
    tables: Sequence[Table], datasets: Mapping[str, str], *, rows_known: bool,
) -> list[Reason]:  # fmt: skip
    """What of a whole indicator is different between two manifests, and which rows of its datasets (of `_changes`) are.

    Args:
        datasets: indicator → dataset of the catalogue, whose data cut is the indicator's.
        rows_known: whether `_changes` was made of the rows of both editions.
    """
    changed_rows = _changes_by_dataset(con, rows_known)
    deliveries = _deliveries_by_dataset(con, before, changed_rows)
    found: list[Reason] = []
    for indicator, made in lineage.items():
        found += _of_definition(indicator, before, now, made)
        own = [*_of_standards(indicator, before, now, made, tables)]
        for dataset in sorted(made.datasets | {datasets[indicator]}):
            own += [Reason(indicator, code, zh, en, False) for code, zh, en in changed_rows.get(dataset, ())]
            own += [Reason(indicator, code, zh, en, False) for code, zh, en in deliveries.get(dataset, ())]
            file = f"{dataset}.odcs.yaml"
            if _differ(before, now, "contract_sha256", file):
                own.append(Reason(indicator, "contract", f"{dataset} 的数据契约已变更", f"the contract of {dataset} changed", False))  # fmt: skip
        if before.get("forgotten", 0) != now.get("forgotten", 0):
            own.append(
                Reason(indicator, "forgotten", "其间有人申请删除其数据", "people were removed at their request", False)
            )
        cut, later = (str(m["as_of"].get(datasets[indicator])) for m in (before, now))
        if later < cut or (later != cut and not own):
            own.append(
                Reason(indicator, "data_cut", f"数据截止时间 {cut} → {later}", f"data cut {cut} → {later}", False)
            )
        if before.get("code_version") != now.get("code_version") and not own:
            versions = f"{before.get('code_version')} → {now.get('code_version')}"
            own.append(Reason(indicator, "software", f"软件 {versions}", f"software {versions}", False))
        found += own
    return found


def _differ(before: Mapping[str, Any], now: Mapping[str, Any], part: str, name: str) -> bool:
    """Whether both manifests speak of it, differently; one of an earlier version of the software may not."""
    return part in before and before[part].get(name) != now[part].get(name)


def _of_definition(indicator: str, before: Mapping[str, Any], now: Mapping[str, Any], made: Lineage) -> list[Reason]:
    old, new = (m.get("indicators", {}).get(indicator) for m in (before, now))
    out = []
    if old and new and old["version"] != new["version"]:
        text = f"{old['version']} → {new['version']}"
        out.append(Reason(indicator, "definition", f"指标定义版本 {text}", f"version {text} of the definition", True))
    elif old and new and old["sha256"] != new["sha256"]:
        out.append(
            Reason(indicator, "definition", "指标目录中的计算口径已变更", "its entry in the catalogue changed", True)
        )
    if files := [name for name in sorted(made.tables) if _differ(before, now, "table_sha256", name)]:
        listed = ", ".join(files)
        out.append(Reason(indicator, "definition", f"计算方法已变更：{listed}", f"changed computation: {listed}", True))
    return out


def _of_standards(
    indicator: str, before: Mapping[str, Any], now: Mapping[str, Any], made: Lineage, tables: Sequence[Table]
) -> list[Reason]:
    text = "\n".join(table.text for table in tables if table.name in made.tables)
    names = [
        name
        for name in sorted({*before.get("standards", {}), *now["standards"]})
        if _differ(before, now, "standards", name)
        and (name.endswith(f":{indicator}") or (":" not in name and f"'{name}'" in text))
    ]
    listed = ", ".join(names)
    return (
        [Reason(indicator, "standard", f"标准已变更：{listed}", f"changed standards: {listed}", False)] if names else []
    )


def _changes_by_dataset(con: duckdb.DuckDBPyConnection, known: bool) -> dict[str, list[tuple[str, str, str]]]:
    rows = con.execute(
        "SELECT dataset, cause, count(DISTINCT change_id) FROM _changes GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    out: dict[str, list[tuple[str, str, str]]] = {}
    for dataset, cause, count in rows if known else ():
        zh, en = CAUSES[str(cause)]
        out.setdefault(str(dataset), []).append(
            (str(cause), f"{dataset} 共 {count} 个{zh}", f"{count} {en} in {dataset}")
        )
    return out


def _deliveries_by_dataset(
    con: duckdb.DuckDBPyConnection, before: Mapping[str, Any], rows_known: Mapping[str, Any]
) -> dict[str, list[tuple[str, str, str]]]:
    """What the ledger says of datasets whose rows cannot be compared one by one."""
    old = {(item["dataset"], item["sha256"]) for item in before["inputs"]}
    rows = con.execute(
        "SELECT dataset, sha256, rows_loaded - rows_unchanged, rows_removed FROM landing.deliveries WHERE outcome = 'loaded'"
    ).fetchall()
    new: dict[str, list[int]] = {}
    for dataset, sha256, changed, removed in rows:
        if (dataset, sha256) not in old:
            counts = new.setdefault(str(dataset), [0, 0, 0])
            counts[0], counts[1], counts[2] = counts[0] + 1, counts[1] + int(changed), counts[2] + int(removed)
    out: dict[str, list[tuple[str, str, str]]] = {}
    for dataset, (deliveries, changed, removed) in new.items():
        if dataset not in rows_known:
            zh = f"{dataset} 有 {deliveries} 个新批次（新增或变更 {changed} 行，删除 {removed} 行）"
            en = f"{deliveries} new deliveries of {dataset} ({changed} rows new or changed, {removed} removed)"
            out.setdefault(dataset, []).append(("new_delivery", zh, en))
    present = {(str(dataset), str(sha256)) for dataset, sha256, *_ in rows}
    for dataset in sorted({dataset for dataset, sha256 in old if (dataset, sha256) not in present}):
        gone = sum(item not in present for item in old if item[0] == dataset)
        line = (
            "withdrawn_delivery",
            f"{dataset} 有 {gone} 个批次已撤回",
            f"{gone} deliveries of {dataset} are no longer loaded",
        )
        out.setdefault(dataset, []).append(line)
    return out
