"""One figure by indicator, area and period, from any edition that is kept, with what other editions said of it."""

from __future__ import annotations

import calendar
import contextlib
import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.archive import Archive
from pipelines.city import City
from pipelines.evidence import CAUSES
from pipelines.ingest.rebuild import parse_moment

_STATUS = {
    "met": "达标", "missed": "未达标", "watch": "关注", "provisional": "暂定", "suppressed": "隐去（人数过少）", "no_cases": "无案例",
}  # fmt: skip
_SAID = "indicator_version, numerator, denominator, value, lower, upper, target, status"
#: What lies in no area has a figure at every level; that of the districts says what is in no area at all.
_LARGEST = "ORDER BY list_position(['city', 'district', 'street', 'community', 'grid'], area_level)"


class NotFound(ValueError):
    """There is no such indicator, area, period, edition or figure; the message says what is near, in both languages."""


# -- what is asked ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """A period of a grain with its first and last day."""

    grain: str
    start: date
    end: date


def parse_period(text: str) -> Period:
    """2026, 2026Q3, 2026-09, 2026-W37 (ISO week), 2026-09-12.

    Raises:
        NotFound: it is none of these, or no day of the calendar.
    """
    with contextlib.suppress(ValueError):
        if found := re.fullmatch(r"(\d{4})", text):
            year = int(found[1])
            return Period("year", date(year, 1, 1), date(year, 12, 31))
        if found := re.fullmatch(r"(\d{4})-?Q([1-4])", text.upper()):
            year, last = int(found[1]), 3 * int(found[2])
            return Period("quarter", date(year, last - 2, 1), date(year, last, calendar.monthrange(year, last)[1]))
        if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            year, month = int(found[1]), int(found[2])
            return Period("month", date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
        if found := re.fullmatch(r"(\d{4})-?W(\d{2})", text.upper()):
            monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            return Period("week", monday, monday + timedelta(days=6))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = date.fromisoformat(text)
            return Period("day", day, day)
    raise NotFound(
        f"{text} 不是期间，请写成 2026、2026Q3、2026-09、2026-W37 或 2026-09-12\n"
        f"{text} is no period; write 2026, 2026Q3, 2026-09, 2026-W37 or 2026-09-12"
    )


def period_text(grain: str, start: date) -> str:
    """A period as `parse_period` reads it."""
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    quarter = f"{start:%Y}Q{(start.month + 2) // 3}"
    return {"year": f"{start:%Y}", "quarter": quarter, "month": f"{start:%Y-%m}"}.get(grain, start.isoformat())


@dataclass(frozen=True)
class Asked:
    """What was asked, resolved against the names of an edition."""

    indicator: Mapping[str, Any]
    area: Mapping[str, Any]
    period: Period
    dimension: str
    member: str


def resolve(
    con: duckdb.DuckDBPyConnection, indicator: str, area: str, period: str, dimension: str = "all", member: str = "all"
) -> Asked:
    """Find indicator and area by code or name in the marts of an open edition.

    Raises:
        NotFound: there is no such thing.
    """
    indicators = _rows(con, "SELECT * FROM marts.indicators ORDER BY sort_order")
    areas = _rows(
        con,
        "SELECT * FROM marts.areas ORDER BY is_current DESC, list_position(['city', 'district', 'street', 'community', 'grid'], level), area_code, valid_from DESC",
    )
    areas.append({"area_code": "unlocated", "area_name": "无法定位", "area_name_en": "unlocated", "level": None})
    found = _one(indicators, indicator, ("indicator_id", "name_zh", "name_en"), "指标", "indicator")
    place = _one(areas, area, ("area_code", "area_name", "area_name_en"), "区域", "area")
    if (dimension == "all") != (member == "all"):
        raise NotFound(
            "--dimension 与 --member 须同时给出，例如 --dimension channel --member hotline\n"
            "--dimension and --member go together, for example --dimension channel --member hotline"
        )
    return Asked(found, place, parse_period(period), dimension, member)


def _one(rows: list[dict[str, Any]], text: str, names: tuple[str, ...], zh: str, en: str) -> dict[str, Any]:
    for row in rows:
        if any(str(row[name] or "").casefold() == text.strip().casefold() for name in names):
            return row
    known = {str(row[name]): str(row[names[0]]) for row in rows for name in names if row[name]}
    raise _not_found(text, known, zh, en)


def _not_found(text: str, known: Mapping[str, str], zh: str, en: str) -> NotFound:
    """The message with the names that are near, by spelling or because one begins the other."""
    lower = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(text.casefold(), lower, n=3, cutoff=0.6)
    near += [name for name in lower if name.startswith(text.casefold()[:4]) and name not in near][: 3 - len(near)]
    shown = [lower[n] if known[lower[n]] == lower[n] else f"{known[lower[n]]} {lower[n]}" for n in near]
    words = ("相近的有", "near") if shown else ("例如", "for example")
    shown = shown or list(dict.fromkeys(known.values()))[:3]
    hint = (f"；{words[0]} {'、'.join(shown)}", f"; {words[1]}: {', '.join(shown)}") if shown else ("", "")
    return NotFound(f"没有{zh} {text}{hint[0]}\nthere is no {en} {text}{hint[1]}")


# -- editions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edition:
    """An edition that can be asked: its file if it still exists, else what the archive keeps of it."""

    name: str
    published_at: datetime
    as_of: Mapping[str, str]
    file: Path | None


def editions(city: City) -> list[Edition]:
    """Every edition of which anything is kept, in the order of publication."""
    manifests = {name: dict(record.manifest) for name, record in Archive(city.published).records().items()}
    files = {path.stem: path for path in city.published.glob("edition-*.duckdb")}
    for name, path in files.items():
        if name not in manifests and path.with_suffix(".json").is_file():
            manifests[name] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    found = [
        Edition(name, datetime.fromisoformat(manifest["published_at"]), manifest["as_of"], files.get(name))
        for name, manifest in manifests.items()
    ]
    return sorted(found, key=lambda edition: (edition.published_at, edition.name))


def choose_edition(city: City, name: str | None = None, as_of: str | None = None) -> Edition:
    """The edition of this name (or a part of it that only one has), the newest that was out at a moment, or the current one.

    Raises:
        NotFound: there is none.
        ValueError: `as_of` is no moment.
    """
    known = editions(city)
    if name is not None:
        named = [edition for edition in known if edition.name == name] or [e for e in known if name in e.name]
        if len(named) == 1:
            return named[0]
        raise _not_found(name, {edition.name: edition.name for edition in named or known}, "版本", "edition")
    if as_of is not None:
        moment = parse_moment(as_of, city)
        if out := [edition for edition in known if edition.published_at <= moment]:
            return out[-1]
        first = known[0].published_at.astimezone(city.zone).date() if known else None
        raise NotFound(
            f"{as_of} 时尚无版本（最早的版本发布于 {first}）\nthere was no edition yet at {as_of} (the first is of {first})"
        )
    pointer = city.published / "current"
    current = pointer.resolve().stem if pointer.exists() else None
    chosen = [edition for edition in known if edition.name == current] or known[-1:]
    if not chosen:
        raise NotFound(
            "尚未发布任何版本，请先运行 streetwise refresh\nno edition was published yet; run streetwise refresh"
        )
    return chosen[0]


@contextlib.contextmanager
def open_names(city: City, edition: Edition) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the edition, or, where only its archive is left, to the newest edition that has a file."""
    file = edition.file or next((e.file for e in reversed(editions(city)) if e.file is not None), None)
    if file is None:
        raise NotFound("没有任何版本的文件\nthere is no file of any edition")
    con = duckdb.connect(str(file), read_only=True)
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    finally:
        con.close()


# -- the answer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A figure with what it stands on: rows of dictionaries keyed like marts.indicator_values and marts.restatements.

    `before` is what the archive says that each edition up to this one said anew, oldest first, by any version of the
    definition; `restatements` are the lines in which a final figure changed."""

    asked: Asked
    edition: Edition
    figure: Mapping[str, Any]
    before: tuple[Mapping[str, Any], ...]
    restatements: tuple[Mapping[str, Any], ...]


def answer(
    city: City, indicator: str, area: str, period: str, *, edition: str | None = None, as_of: str | None = None,
    dimension: str = "all", member: str = "all",
) -> Answer:  # fmt: skip
    """The figure as an edition said it.

    Raises:
        NotFound: there is no such indicator, area, period, edition or figure; the message says what is near.
    """
    chosen = choose_edition(city, edition, as_of)
    archive = Archive(city.published)
    chain = archive.chain(chosen.name)
    with open_names(city, chosen) as con:
        asked = resolve(con, indicator, area, period, dimension, member)
        where, values = _condition(asked)
        con.execute("SET VARIABLE asked = $1", [values])
        if chosen.file is not None:
            found = _rows(
                con,
                f"SELECT period_start, area_level, {_SAID}, excluded, pending FROM marts.indicator_values WHERE {where} {_LARGEST}",
            )
        else:
            found = (
                _rows(
                    con,
                    f"SELECT period_start, area_level, {_SAID}, excluded FROM {archive.figures(chain, where)} {_LARGEST}",
                )
                if chain
                else []
            )
        if not found:
            raise _no_figure(con, asked, chosen, where, archive, chain)
        # 'unlocated' is an area of every level: what other editions said is said of the same one
        con.execute("SET VARIABLE level = $1", [found[0]["area_level"]])
        of_level = f"{where} AND area_level = CAST(getvariable('level') AS VARCHAR)"
        before = _history(con, archive, chain, of_level)
        lines = archive.lines(chain) if chain else None
        restated = _rows(con, f"SELECT * FROM {lines} WHERE {of_level}") if lines else []
    order = {name: n for n, name in enumerate(chain or [])}
    restated.sort(key=lambda line: order.get(str(line["edition"]), 0))
    return Answer(asked, chosen, found[0], tuple(before), tuple(restated))


def series(
    con: duckdb.DuckDBPyConnection,
    indicator: str,
    area_code: str,
    grain: str,
    dimension: str = "all",
    member: str = "all",
) -> list[dict[str, Any]]:
    """Every period of an indicator in the marts of an open edition, by each version of its definition, oldest first:
    the version of today and those before it as they were last published. `is_break` marks the last period of a
    version that was replaced; where both have a period, both are there."""
    return _rows(
        con,
        f"""
        SELECT period_start, {_SAID}, last_edition, last_edition IS NOT NULL
            AND period_start = max(period_start) OVER (PARTITION BY indicator_version) AS is_break
        FROM (
            SELECT period_start, {_SAID}, CAST(NULL AS VARCHAR) AS last_edition, indicator_id, area_code, grain, dimension, member
            FROM marts.indicator_values
            UNION ALL
            SELECT period_start, {_SAID}, last_edition, indicator_id, area_code, grain, dimension, member
            FROM marts.earlier_versions
        )
        WHERE indicator_id = $1 AND area_code = $2 AND grain = $3 AND dimension = $4 AND member = $5
        ORDER BY indicator_version, period_start""",
        [indicator, area_code, grain, dimension, member],
    )


def _condition(asked: Asked) -> tuple[str, list[str]]:
    """A condition on the columns of a figure, with its values in the variable `asked`."""
    period = asked.period
    values = [
        str(asked.indicator["indicator_id"]), period.grain, str(period.start), str(period.end), str(asked.area["area_code"]),
        asked.dimension, asked.member,
    ]  # fmt: skip
    value = "getvariable('asked')[{}]".format
    # A fiscal year begins within the calendar year that names it.
    where = (
        f"indicator_id = {value(1)} AND grain = {value(2)} AND period_start BETWEEN CAST({value(3)} AS DATE) AND CAST({value(4)} AS DATE)"
        f" AND area_code = {value(5)} AND dimension = {value(6)} AND member = {value(7)}"
    )
    return where, values


def _history(
    con: duckdb.DuckDBPyConnection, archive: Archive, chain: list[str] | None, where: str
) -> list[dict[str, Any]]:
    if not chain:
        return []
    rows = _rows(
        con, f"SELECT edition, is_gone, n, {_SAID} FROM ({archive.history(chain, where)}) ORDER BY n, is_gone DESC"
    )
    # When a new version takes the place of another one in the same edition, that the old one is gone is not said twice.
    versions = {(row["n"], False) for row in rows if not row["is_gone"]}
    return [row for row in rows if not row["is_gone"] or (row["n"], False) not in versions]


def _no_figure(
    con: duckdb.DuckDBPyConnection,
    asked: Asked,
    edition: Edition,
    where: str,
    archive: Archive,
    chain: list[str] | None,
) -> NotFound:
    """Why there is none: not kept in the archive, no such member, or no such period."""
    indicator, grain = str(asked.indicator["indicator_id"]), asked.period.grain
    relation = "marts.indicator_values" if edition.file is not None else archive.figures(chain) if chain else None
    if relation is None:
        return NotFound(f"{edition.name} 的归档已缺失\nthe archive of {edition.name} is incomplete")
    if asked.dimension != "all":
        rows = con.execute(
            f"SELECT DISTINCT dimension, member FROM {relation} WHERE indicator_id = ? AND grain = ?",
            [indicator, grain],
        ).fetchall()
        dimensions, members = {str(d) for d, _ in rows}, {str(m) for d, m in rows if d == asked.dimension}
        if asked.dimension not in dimensions:
            return _not_found(
                asked.dimension, {d: d for d in sorted(dimensions)}, f"{indicator} 的维度", f"dimension of {indicator}"
            )
        if asked.member not in members:
            return _not_found(
                asked.member,
                {m: m for m in sorted(members)},
                f"{asked.dimension} 的成员",
                f"member of {asked.dimension}",
            )
    sql = f"SELECT min(period_start), max(period_start) FROM {relation} WHERE indicator_id = ? AND grain = ? AND area_code = ? AND dimension = ?"
    code = str(asked.area["area_code"])
    first, last = con.execute(sql, [indicator, grain, code, asked.dimension]).fetchall()[0]
    kept = "" if edition.file is not None else "；该版本仅余归档，归档不含日度，见 docs/operations.md"
    kept_en = (
        ""
        if edition.file is not None
        else "; only the archive of this edition is left, which has no days: see docs/operations.md"
    )
    if first is None:
        return NotFound(
            f"{edition.name} 中 {indicator} 在 {code} 没有此类期间的数值{kept}\n"
            f"{edition.name} has no figure of {indicator} for {code} by {grain}{kept_en}"
        )
    span = f"{period_text(grain, first)} – {period_text(grain, last)}"
    wanted = period_text(grain, asked.period.start)
    return NotFound(
        f"{edition.name} 中没有 {indicator} {code} {wanted} 的数值；已有期间 {span}{kept}\n"
        f"{edition.name} has no figure of {indicator} for {code} in {wanted}; it has {span}{kept_en}"
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: Iterable[object] = ()) -> list[dict[str, Any]]:
    cursor = con.execute(sql, list(values))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# -- as text ----------------------------------------------------------------------------------------------------------


def shown(number: float | None, indicator: Mapping[str, Any]) -> str:
    """A value in the unit and decimals of its indicator; a dash for none."""
    if number is None:
        return "—"
    return f"{100 * number:,.1f} %" if indicator["unit"] == "percent" else f"{number:,.{indicator['decimals']}f}"


def _counts(row: Mapping[str, Any], prefix: str = "") -> str:
    numerator, denominator = row[f"{prefix}numerator"], row[f"{prefix}denominator"]
    if denominator is None:
        return ""
    return f" ({denominator:,.0f})" if numerator is None else f" ({numerator:,.0f} / {denominator:,.0f})"


def _state(status: str | None) -> str:
    return f"{_STATUS.get(status, status)} {status}" if status else "—"


def answer_lines(city: City, found: Answer) -> list[str]:
    """The answer for a terminal, Chinese and English side by side."""
    indicator, area, figure, edition = found.asked.indicator, found.asked.area, found.figure, found.edition
    cut = edition.as_of.get(str(indicator["dataset"]))
    member = "" if found.asked.dimension == "all" else f" · {found.asked.dimension} = {found.asked.member}"
    grain, start = found.asked.period.grain, figure["period_start"]
    name = " ".join(str(part) for part in (area["area_name"], area["area_name_en"]) if part)
    interval = (
        ""
        if figure["lower"] is None
        else f"   95 %: {shown(figure['lower'], indicator)} – {shown(figure['upper'], indicator)}"
    )
    target = "" if figure["target"] is None else f"   目标 target: {shown(figure['target'], indicator)}"
    out = [
        f"{indicator['indicator_id']} {indicator['name_zh']} {indicator['name_en']} · {area['area_code']} {name} ·"
        f" {period_text(grain, start)}{member}",
        f"值 value: {shown(figure['value'], indicator)}{_counts(figure)}{interval}{target}",
        f"状态 status: {_state(figure['status'])}   定义版本 version: {figure['indicator_version']}",
        f"版本 edition: {edition.name}   发布 published: {_local(city, edition.published_at)}"
        f"   数据截至 as of: {_local(city, datetime.fromisoformat(cut)) if cut else '—'}",
    ]
    if edition.file is None:
        out.append("（文件已不在，取自归档 · its file is gone; from the archive）")
    if len(found.before) > 1:
        out.append("各版本的数值 what editions said:")
        out += [f"  {_said(row, indicator)}" for row in found.before]
    if found.restatements:
        out.append("定稿后的修订 restatements of the final figure:")
    for line in found.restatements:
        change = f"{shown(line['was_value'], indicator)}{_counts(line, 'was_')} → {shown(line['is_value'], indicator)}{_counts(line, 'is_')}"
        out += [f"  {line['edition']}: {change}", f"    {line['why_zh']} · {line['why_en']}"]
        if line["evidence"] != "figure":
            out.append(
                "    （仅知数据集层面的原因 · known only of the dataset）"
                if line["evidence"] == "dataset"
                else f"    （{' · '.join(CAUSES['unknown'])}）"
            )
    return out


def _said(row: Mapping[str, Any], indicator: Mapping[str, Any]) -> str:
    if row["is_gone"]:
        return f"{row['edition']}: 不再有此数值 no longer there"
    version = f"v{row['indicator_version']}"
    return f"{row['edition']} {version}: {shown(row['value'], indicator)}{_counts(row)} {_state(row['status'])}"


def _local(city: City, moment: datetime) -> str:
    return f"{(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(city.zone):%Y-%m-%d %H:%M}"
