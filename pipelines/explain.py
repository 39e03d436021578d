"""The passport of a figure: what it means, what it stands on, and how to have its rows."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.archive import Archive
from pipelines.city import City
from pipelines.deadlines import UnknownYear, WorkingCalendar, explain_deadline
from pipelines.figure import Answer, Edition, NotFound, open_names, period_text, shown
from pipelines.ingest.rejects_sheet import neutral
from pipelines.lineage import definition_sha256, lineages
from pipelines.paths import ROOT
from pipelines.rows import REST, Rows, Wanted, rows_file, rows_of
from pipelines.sql_files import SqlFile
from pipelines.tables import Table, read_tables
from pipelines.warehouse import LIMITS, writer_lease

#: More rows than these a terminal does not show; files have them all.
MOST_SHOWN = 50
#: Of so many computed deadlines the explanation is looked up.
MOST_DEADLINES = 500
_SAME = 1e-6


# -- the passport -----------------------------------------------------------------------------------------------------


def passport(city: City, found: Answer, *, sql: bool = False) -> dict[str, Any]:
    """Everything that an edition says about a figure, ready for JSON; `sql` puts in the text of every file.

    Parts that an older edition does not have are empty lists or None."""
    indicator, figure = found.asked.indicator, found.figure
    manifest = manifest_of(city, found.edition)
    with open_names(city, found.edition) as con:
        tables = {
            str(name)
            for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
        }
        datasets = {
            str(i): str(d) for i, d in con.execute("SELECT indicator_id, dataset FROM marts.indicators").fetchall()
        }
        made = read_tables()
        line = lineages(made, datasets)[str(indicator["indicator_id"])]
        kept = found.edition.file is not None
        about = {
            "exclusions": _exclusions(con, found) if kept and "ticket_exclusions" in tables else [],
            "bounds": _bounds(con, found) if kept and "indicator_bounds" in tables else None,
            "before_exclusions": _before_exclusions(con, found)
            if kept and "rates_before_exclusions" in tables
            else None,
            "floor": _floor(con, found) if kept and "standards" in tables else None,
            "sources": _sources(con, sorted(line.datasets | {datasets[str(indicator["indicator_id"])]}))
            if kept
            else [],
        }
    return {
        "indicator": {**indicator, "version": figure["indicator_version"]},
        "area": {name: found.asked.area[name] for name in ("area_code", "area_name", "area_name_en")}
        | {"level": figure["area_level"]},
        "period": period_text(found.asked.period.grain, figure["period_start"]),
        "dimension": found.asked.dimension,
        "member": found.asked.member,
        "figure": dict(figure),
        **about,
        "edition": {
            "edition": found.edition.name,
            "published_at": found.edition.published_at,
            "as_of": dict(found.edition.as_of),
            "is_file_kept": kept,
            **{name: manifest.get(name) for name in ("sha256", "sql_sha256", "contracts_sha256", "code_version")},
            "deliveries": len(manifest.get("inputs", [])),
        },
        "sql": _files(made, line.tables, str(indicator["indicator_id"]), manifest, sql=sql),
        "before": [dict(row) for row in found.before],
        "restatements": [dict(row) for row in found.restatements],
    }


def manifest_of(city: City, edition: Edition) -> dict[str, Any]:
    """What an edition was made of: the file beside it, else its record in the archive."""
    beside = city.published / f"{edition.name}.json"
    if beside.is_file():
        return dict(json.loads(beside.read_text("utf-8")))
    record = Archive(city.published).records().get(edition.name)
    return dict(record.manifest) if record is not None else {}


def _dicts(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    cursor = con.execute(sql, values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _place(found: Answer) -> list[Any]:
    figure = found.figure
    return [found.asked.period.grain, figure["period_start"], figure["area_level"], found.asked.area["area_code"]]


_AT = "grain = ? AND period_start = ? AND area_level = ? AND area_code = ?"


def _exclusions(con: duckdb.DuckDBPyConnection, found: Answer) -> list[dict[str, Any]]:
    """Tickets accepted in the period that were excluded, by reason."""
    if found.asked.indicator["dataset"] != "tickets" or found.asked.dimension != "all":
        return []
    return _dicts(
        con,
        f"SELECT exclusion_code, tickets FROM marts.ticket_exclusions WHERE {_AT} ORDER BY tickets DESC, 1",
        _place(found),
    )


def _bounds(con: duckdb.DuckDBPyConnection, found: Answer) -> dict[str, Any] | None:
    rows = _dicts(
        con,
        f"SELECT worst, best FROM marts.indicator_bounds WHERE {_AT} AND indicator_id = ? AND dimension = ? AND member = ?",
        [*_place(found), found.asked.indicator["indicator_id"], found.asked.dimension, found.asked.member],
    )
    return rows[0] if rows else None


def _before_exclusions(con: duckdb.DuckDBPyConnection, found: Answer) -> dict[str, Any] | None:
    if found.asked.dimension != "all":
        return None
    rows = _dicts(
        con,
        f"SELECT numerator, denominator, value FROM marts.rates_before_exclusions WHERE {_AT} AND indicator_id = ?",
        [*_place(found), found.asked.indicator["indicator_id"]],
    )
    return rows[0] if rows else None


def _floor(con: duckdb.DuckDBPyConnection, found: Answer) -> float | None:
    rows = con.execute(
        "SELECT value FROM marts.standards WHERE standard = 'floor' AND indicator_id = ?",
        [found.asked.indicator["indicator_id"]],
    ).fetchall()
    return float(rows[0][0]) if rows else None


def _sources(con: duckdb.DuckDBPyConnection, datasets: list[str]) -> list[dict[str, Any]]:
    """Of every dataset behind the figure: data cut, loaded deliveries, and what the contract said of the latest of them."""
    return _dicts(
        con,
        """
        WITH latest AS (
            SELECT * FROM marts.deliveries WHERE outcome = 'loaded'
            QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY as_of DESC, loaded_at DESC, delivery_id) = 1
        )
        SELECT
            a.dataset, a.as_of, (SELECT count(*) FROM marts.deliveries AS d WHERE d.dataset = a.dataset AND d.outcome = 'loaded') AS deliveries,
            l.file_name, l.sha256, l.rows_loaded, l.rows_rejected,
            count(r.rule_id) AS rules, count(r.rule_id) FILTER (WHERE NOT r.passed) AS rules_failed
        FROM marts.as_of AS a
        LEFT JOIN latest AS l ON l.dataset = a.dataset
        LEFT JOIN marts.contract_results AS r ON r.delivery_id = l.delivery_id
        WHERE list_contains(CAST(? AS VARCHAR[]), a.dataset)
        GROUP BY ALL ORDER BY 1
        """,
        [datasets],
    )


def _files(
    made: list[Table], names: frozenset[str], indicator: str, manifest: Mapping[str, Any], *, sql: bool
) -> list[dict[str, Any]]:
    """The files that compute the figure, in order, and the one that gives its rows; whether they are as the edition had them."""
    then = manifest.get("table_sha256", {})
    found = [
        {
            "table": table.name,
            "file": table.path.relative_to(ROOT).as_posix() if isinstance(table, SqlFile) else None,
            "is_changed_since": (then[table.name] != definition_sha256(table)) if table.name in then else None,
            **({"text": table.text} if sql else {}),
        }
        for table in made
        if table.name in names
    ]
    rows = rows_file(indicator)
    if rows is not None:
        path = rows.path.relative_to(ROOT).as_posix()
        found.append({"table": None, "file": path, "is_changed_since": None, **({"text": rows.text} if sql else {})})
    return found


# -- the rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowsAnswer:
    """The rows of a figure with what is to be said about them: notes in both languages, and whether they add up to it."""

    rows: Rows
    notes: tuple[tuple[str, str], ...]
    adds_up: bool | None


def rows_answer(city: City, found: Answer) -> RowsAnswer:
    """The rows of a figure from the warehouse, or from the rebuild of the edition's moment where the warehouse has moved on.

    Raises:
        NotFound: there is no warehouse.
        RowsUnknown: nothing says which rows they are.
        WarehouseBusy: a refresh is at work.
    """
    figure, asked = found.figure, found.asked
    place = (asked.period.grain, figure["period_start"], figure["area_level"], str(asked.area["area_code"]))
    wanted = Wanted(str(asked.indicator["indicator_id"]), *place, asked.dimension, asked.member)
    with open_rows(city, found.edition) as (con, origin):
        rows = rows_of(con, wanted)
        notes = [*origin, *_about(rows, con, found)]
        rows, more = _with_deadlines(con, city, rows)
    notes += more
    sums = {name: rows.total(name) for name in ("numerator", "denominator")}
    known = [name for name, total in sums.items() if total is not None and figure[name] is not None]
    adds_up = (
        all(abs((sums[name] or 0) - figure[name]) <= _SAME * max(1, abs(figure[name])) for name in known)
        if known
        else None
    )
    if rows.frame.is_empty() and figure["value"] is not None:
        adds_up = not any(figure[name] for name in ("numerator", "denominator"))
    return RowsAnswer(rows, tuple(notes), adds_up)


@contextlib.contextmanager
def open_rows(city: City, edition: Edition) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[tuple[str, str]]]]:
    """The warehouse, read-only and with the lease held so that no refresh begins meanwhile; where it was loaded further
    since the edition, the rebuild of that moment if there is one. With it, what is to be said about that."""
    if not city.warehouse.is_file():
        raise NotFound(
            "没有数据仓库，请先运行 streetwise rebuild 或 streetwise refresh\n"
            "there is no warehouse; run streetwise rebuild or streetwise refresh"
        )
    inputs = sorted((str(i["dataset"]), str(i["sha256"])) for i in manifest_of(city, edition).get("inputs", []))
    with writer_lease(city), _read_only(city.warehouse) as con:
        loaded = con.execute(
            "SELECT dataset, sha256 FROM landing.deliveries WHERE outcome = 'loaded' ORDER BY 1, 2"
        ).fetchall()
        if [(str(dataset), str(sha256)) for dataset, sha256 in loaded] == inputs:
            yield con, []
            return
        moment = edition.published_at.astimezone(UTC)
        rebuilt = city.state / "rebuilt" / f"{moment:%Y%m%dT%H%M%SZ}.duckdb"
        if not rebuilt.is_file():
            command = f"streetwise rebuild --as-of {moment.isoformat(timespec='seconds')}"
            yield con, [(
                f"该版本发布后数据仓库又有变动，明细取自现在的仓库，可能与数值不符；可先运行 {command}，再取明细",
                "the warehouse has moved on since the edition: these are its rows of now, and may not be those of the figure; "
                f"{command} brings that moment back, then ask again",
            )]  # fmt: skip
            return
    with _read_only(rebuilt) as con:
        name = rebuilt.relative_to(city.state).as_posix()
        yield con, [(
            f"该版本发布后数据仓库又有变动，明细取自重建的 state/{name}",
            f"the warehouse has moved on since the edition: the rows are those of the rebuild state/{name}",
        )]  # fmt: skip


@contextlib.contextmanager
def _read_only(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(str(file), read_only=True, config={**LIMITS, "autoinstall_known_extensions": "false"})
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    finally:
        con.close()


def _about(rows: Rows, con: duckdb.DuckDBPyConnection, found: Answer) -> list[tuple[str, str]]:
    """What is to be said about the rows: another definition than the figure's, sums instead of single rows, people."""
    sql = "SELECT i.version, i.people, c.people_minimum FROM reference.indicators AS i CROSS JOIN reference.city AS c WHERE i.indicator_id = ?"
    version, people, minimum = con.execute(sql, [found.asked.indicator["indicator_id"]]).fetchall()[0]
    notes = []
    if version != (was := found.figure["indicator_version"]):
        notes.append((
            f"明细按定义版本 {version}，数值按版本 {was}",
            f"the rows follow version {version} of the definition, the figure version {was}",
        ))  # fmt: skip
    if people:
        notes.append((
            f"涉及个人的指标不列个人：明细为下级区域的已发布人数，不足 {minimum} 人的隐去；{REST} 为其余部分（含隐去的）",
            f"no person is listed: the rows are the published counts of the areas below, fewer than {minimum} people hidden; "
            f"{REST} is what they leave of the whole, the hidden ones among it",
        ))  # fmt: skip
    elif rows.is_aggregated:
        notes.append(("明细为各区域的汇总数", "the rows are sums of areas"))
    return notes


def _with_deadlines(con: duckdb.DuckDBPyConnection, city: City, rows: Rows) -> tuple[Rows, list[tuple[str, str]]]:
    """The rows with the explanation of every computed deadline in both languages, if they are not too many."""
    if "due_from" not in rows.frame.columns:
        return rows, []
    computed = rows.frame.filter(pl.col("due_from") == "standard")["row_id"].unique().sort()
    if computed.len() > MOST_DEADLINES:
        return rows, [(
            f"推算的时限有 {computed.len()} 个，超过 {MOST_DEADLINES} 个时不逐个说明",
            f"{computed.len()} deadlines were computed; more than {MOST_DEADLINES} are not explained one by one",
        )]  # fmt: skip
    calendar = WorkingCalendar.of(city.settings.time_zone, city.settings.working_calendar)
    said = []
    for ticket in computed:
        with contextlib.suppress(UnknownYear):
            why = explain_deadline(con, ticket, calendar)
            if why is not None:
                said.append({"row_id": ticket, "deadline_zh": why.zh, "deadline_en": why.en})
    if not said:
        return rows, []
    return Rows(
        rows.frame.join(pl.DataFrame(said), on="row_id", how="left", maintain_order="left"),
        rows.definition,
        rows.is_aggregated,
    ), []


# -- out --------------------------------------------------------------------------------------------------------------


def passport_lines(city: City, book: Mapping[str, Any]) -> list[str]:
    """What a passport adds to the figure, for a terminal: Chinese, then English."""
    indicator, figure, edition = book["indicator"], book["figure"], book["edition"]
    out = [f"{zh} {en}: {indicator[f'{name}_zh']} · {indicator[f'{name}_en']}" for name, zh, en in (
        ("definition", "定义", "definition"), ("numerator", "分子", "numerator"), ("denominator", "分母", "denominator"),
        ("attribution", "归属", "attribution"), ("exclusions", "剔除", "exclusions"),
    )]  # fmt: skip
    if figure.get("excluded") is not None:
        out.append(f"已剔除 excluded: {figure['excluded']:,}")
    if book["exclusions"]:
        reasons = " · ".join(f"{row['exclusion_code']} {row['tickets']:,}" for row in book["exclusions"])
        out.append(f"期内受理工单的剔除原因 excluded tickets accepted in the period, by reason: {reasons}")
    if (before := book["before_exclusions"]) is not None:
        out.append(
            f"剔除前 before exclusions: {shown(before['value'], indicator)} ({before['numerator']:,.0f} / {before['denominator']:,.0f})"
        )
    if figure.get("pending"):
        out.append(f"未决 pending: {figure['pending']:,}")
    if (bounds := book["bounds"]) is not None:
        out.append(
            f"最差至最好 worst to best: {shown(bounds['worst'], indicator)} – {shown(bounds['best'], indicator)}"
        )
    if book["floor"] is not None:
        out.append(f"底线 floor: {shown(book['floor'], indicator)}")
    out.append(
        "数据来源 sources:" if book["sources"] else "数据来源：该版本文件已不在 sources: the edition's file is gone"
    )
    for source in book["sources"]:
        out.append(
            f"  {source['dataset']}: 截至 as of {_local(city, source['as_of'])}, {source['deliveries']} 批 deliveries; 最近 latest {source['file_name'] or '—'}"
            f" ({source['rows_loaded'] or 0:,} 行 rows, {source['rows_rejected'] or 0:,} 拒收 rejected;"
            f" 规则 rules {source['rules'] - source['rules_failed']}/{source['rules']} 通过 passed)"
        )
    out += [
        f"版本指纹 digests: file {_short(edition['sha256'])} · sql {_short(edition['sql_sha256'])} · contracts"
        f" {_short(edition['contracts_sha256'])} · code {edition['code_version'] or '—'} · {edition['deliveries']} 批 deliveries",
        "计算文件 SQL:",
    ]
    for file in book["sql"]:
        changed = "  （该版本发布后已改 changed since the edition）" if file["is_changed_since"] else ""
        what = file["file"] or "pipelines/figures/"
        out.append(f"  {what}{f' → {table}' if (table := file['table']) else ' （明细 rows）'}{changed}")
        if "text" in file:
            out += ["", *(f"    {line}" for line in file["text"].splitlines()), ""]
    return out


def rows_lines(city: City, answer: RowsAnswer) -> list[str]:
    """The rows for a terminal, the first of them if they are many, with their sums."""
    frame = _texts(city, answer.rows.frame)
    table = [frame.columns, *([cell or "" for cell in row] for row in frame.head(MOST_SHOWN).rows())]
    widths = [max(_width(row[n]) for row in table) for n in range(len(frame.columns))]
    out = [f"{zh} · {en}" for zh, en in answer.notes]
    out += [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    if frame.height > MOST_SHOWN:
        out.append(
            f"… 另有 {frame.height - MOST_SHOWN:,} 行，--format csv 给出全部 · {frame.height - MOST_SHOWN:,} more; --format csv has all"
        )
    sums = " · ".join(
        f"{name} {_number(answer.rows.total(name))}" for name in ("numerator", "denominator", "excluded", "pending")
    )
    out.append(f"合计 sums of {frame.height:,} rows: {sums}   （{answer.rows.definition}）")
    return [*out, f"{' · '.join(verdict(answer))}"]


def verdict(answer: RowsAnswer) -> tuple[str, str]:
    """Whether the rows add up to the figure, in both languages."""
    if answer.adds_up is None:
        return (
            "数值或明细有隐去，无法核对合计",
            "the figure or some of its rows are hidden, so the sums cannot be compared",
        )
    if answer.adds_up:
        return "明细合计与数值一致", "the rows add up to the figure"
    return "明细合计与数值不一致", "the rows do not add up to the figure"


def rows_csv(city: City, answer: RowsAnswer) -> str:
    """The rows as CSV; no text begins like a formula."""
    frame = answer.rows.frame
    safe = [
        neutral(pl.col(name)).alias(name)
        for name, kind in _texts(city, frame).schema.items()
        if frame.schema[name] == pl.String
    ]
    return _texts(city, frame).with_columns(safe).write_csv(line_terminator="\r\n")


def passport_csv(book: Mapping[str, Any]) -> str:
    """The passport as CSV of two columns, nested names joined by dots; no text begins like a formula."""
    cells = list(_flat("", book))
    frame = pl.DataFrame(
        {"field": [name for name, _ in cells], "value": [_plain(value) for _, value in cells]}, strict=False
    )
    texts = pl.Series([isinstance(value, str) for _, value in cells], dtype=pl.Boolean)
    value = pl.when(texts).then(neutral(pl.col("value"))).otherwise(pl.col("value"))
    return frame.with_columns(value=value).write_csv(line_terminator="\r\n")


def rows_dict(city: City, answer: RowsAnswer) -> dict[str, Any]:
    """The rows for JSON: numbers as numbers, times local."""
    zh, en = verdict(answer)
    return {
        "definition": answer.rows.definition,
        "is_aggregated": answer.rows.is_aggregated,
        "notes": [{"zh": zh, "en": en} for zh, en in answer.notes],
        "adds_up": answer.adds_up,
        "verdict": {"zh": zh, "en": en},
        "sums": {name: answer.rows.total(name) for name in ("numerator", "denominator", "excluded", "pending")},
        "rows": _local_times(city, answer.rows.frame).to_dicts(),
    }


def to_json(content: Mapping[str, Any]) -> str:
    """JSON with dates and times as ISO text."""
    return json.dumps(content, ensure_ascii=False, indent=1, default=_plain)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
        for name, inner in items:
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)
    else:
        yield prefix, value


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)


def _local_times(city: City, frame: pl.DataFrame) -> pl.DataFrame:
    """Naive UTC times as text of the city's clock."""
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(
        pl.col(name)
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(city.settings.time_zone)
        .dt.strftime("%Y-%m-%d %H:%M:%S")
        for name in times
    )


def _texts(city: City, frame: pl.DataFrame) -> pl.DataFrame:
    """Every cell as text, whole numbers without decimals."""
    numbers = [name for name, kind in frame.schema.items() if kind.is_float() or kind.is_decimal()]
    return _local_times(city, frame).with_columns(
        pl.col(name).cast(pl.Float64).round(4).cast(pl.String).str.replace(r"\.0$", "") for name in numbers
    ).with_columns(pl.all().cast(pl.String))  # fmt: skip


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:,.4f}".rstrip("0").rstrip(".")


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "—"


def _local(city: City, moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment.replace(tzinfo=UTC).astimezone(city.zone):%Y-%m-%d %H:%M}"
