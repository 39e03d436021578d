"""Drafts the mapping file of an extract: what is which column, how sure that is, and what a person must decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from pipelines.city import City
from pipelines.contracts.model import Column, Contract
from pipelines.ingest.files import open_extract, quote_name, quote_text
from pipelines.onboarding.areas import AreaMatch, Areas, known_areas
from pipelines.onboarding.matching import Match, match_columns, repeated_keys, unique_columns
from pipelines.onboarding.names import meanings
from pipelines.onboarding.profile import Profile, Profiles, profile_extract
from pipelines.onboarding.values import Guess, canonical_values, guess_values
from pipelines.onboarding.vocabulary import FALSE, TRUE


@dataclass(frozen=True)
class Line:
    """One line of the table: canonical column, source (empty if none), `sure`, `likely`, `decide` or `none`, and why."""

    column: str
    source: str
    certainty: str
    evidence: str


@dataclass(frozen=True)
class Draft:
    """A drafted mapping: the YAML with its comments, the table, and canonical column → source columns it takes."""

    yaml: str
    lines: tuple[Line, ...]
    sources: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Entry:
    """The YAML of one canonical column and its line of the table."""

    yaml: list[str]
    line: Line
    sources: tuple[str, ...] = ()


def draft_mapping(path: Path, contract: Contract, areas_contract: Contract, city: City | None = None) -> Draft:
    """Look at a file and draft its mapping; with a city also at the areas it has.

    Raises:
        FileRefused: the file cannot be opened as a table.
    """
    # In memory and without a place to spill to: what people sent must not stay behind if this process is killed.
    con = duckdb.connect(config={"temp_directory": "", "python_enable_replacements": "false"})
    try:
        extract = open_extract(con, path)
        profiles = profile_extract(con, extract, contract)
        areas = known_areas(con, city, areas_contract) if city else Areas(frozenset(), {})
        matches = match_columns(con, contract, profiles, areas)
        formats = _common_formats(matches)
        entries = [_entry(con, contract, column, matches, profiles, formats, areas) for column in contract.columns]
        repeated = repeated_keys(con, contract, matches)
    finally:
        con.close()
    used = {source for entry in entries for source in entry.sources}
    personal = [p.header for p in profiles.columns if p.personal and p.header not in used]
    unused = [p.header for p in profiles.columns if p.header not in used and not p.personal]
    head = _head(path, contract, matches, profiles, formats, city)
    if repeated:
        key = ", ".join(contract.key)
        head.append(
            f"# decide: {repeated:,} 行的键重复 · rows repeat the key {key}: later states of one thing, or it needs more columns?"
        )
    body = ["columns:", *(text for entry in entries for text in entry.yaml)]
    tail = [f"# 涉及个人，不读取 · personal, never read: {_comment(', '.join(personal))}"] if personal else []
    tail += [f"# 未采用 · not used: {_comment(', '.join(unused))}"] if unused else []
    sources = {entry.line.column: entry.sources for entry in entries if entry.sources}
    lines = tuple(entry.line for entry in entries)
    lines += tuple(
        Line("", header, "personal", "涉及个人，不读取 names or identifies people; never read") for header in personal
    )
    return Draft("\n".join([*head, *body, *tail]) + "\n", lines, sources)


def quote(text: str) -> str:
    """Text as a YAML scalar on one line, whatever characters it has."""
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1 << 30).strip()


def _comment(text: str) -> str:
    return "".join(ch for ch in " ".join(text.split()) if ch.isprintable())


def _moments(matches: dict[str, Match]) -> list[Match]:
    return [m for m in matches.values() if m.column.logical_type in ("date", "timestamp")]


def _common_formats(matches: dict[str, Match]) -> tuple[str, ...]:
    """The formats of the whole file, if all its dates are written in the same way and not as one reads dates anyway."""
    moments = [m for m in _moments(matches) if m.profile.filled]
    first = moments[0].profile.written if moments else None
    if first is None or not first.declared or first.choices:
        return ()
    return first.formats if all(m.profile.written.formats == first.formats for m in moments) else ()


def _head(
    path: Path,
    contract: Contract,
    matches: dict[str, Match],
    profiles: Profiles,
    formats: tuple[str, ...],
    city: City | None,
) -> list[str]:
    lines = [
        f"# {contract.dataset}: {_comment(path.name)} 的映射草稿 · a draft from {_comment(path.name)}.",
        "# 请核对每一行；带 decide 的须由人决定 · read every line; where it says decide, a person must.",
    ]
    if not profiles.complete:
        lines.append(
            f"# 只看了前 {profiles.columns[0].rows:,} 行 · only the first {profiles.columns[0].rows:,} rows were looked at."
        )
    moments = [m for m in _moments(matches) if m.column.logical_type == "timestamp"]
    offsets = {m.profile.header for m in moments if m.profile.written.offsets > 0}
    plain = {m.profile.header for m in moments if m.profile.written.offsets < 1 and m.profile.filled}
    zone = city.settings.time_zone if city else None
    if plain:
        lines.append(
            f"time_zone: {zone}" if zone
            else "# decide: time_zone: 不带时区的时间属于哪个时区 · of times without an offset, for example Asia/Shanghai"
        )  # fmt: skip
    if offsets:
        mixed = "；其余不带 · others have none" if plain else ""
        lines.append(f"# 带时区偏移 · with an offset: {_comment(', '.join(sorted(offsets)))}{mixed}")
    for match in {m.profile.header: m for m in _moments(matches)}.values():
        for choice in match.profile.written.choices:
            lines.append(
                f"# decide: {_comment(match.profile.header)}: 日月顺序无法判断 · day and month cannot be told apart: "
                + " or ".join(f"formats: [{quote(form)}]" for form in choice)
            )
    if formats:
        lines.append(f"formats: [{', '.join(map(quote, formats))}]")
    marks = sorted({mark for m in matches.values() if m.column.name == "is_suppressed" for mark in m.profile.marks})
    if marks:
        lines.append(f"null_tokens: [{', '.join(map(quote, marks))}]  # 隐去的小数 · hidden small counts")
    return lines


def _entry(
    con: duckdb.DuckDBPyConnection, contract: Contract, column: Column, matches: dict[str, Match], profiles: Profiles,
    formats: tuple[str, ...], areas: Areas,
) -> _Entry:  # fmt: skip
    match = matches.get(column.name)
    if match is None:
        return _derived(con, contract, column, matches, profiles) or _missing(column)
    header = match.profile.header
    line = Line(column.name, header, match.certainty, "；".join(match.reasons))
    if column.check is not None and not column.enters_landing:
        text = f"  {column.name}: {quote(header)}  # 只核对校验码，不入库 · only its check digit is looked at, nothing is kept"
        return _Entry(
            [text], Line(column.name, header, "personal", "只核对校验码，不入库 only checked at the door"), (header,)
        )
    if not column.enters_landing:
        text = f"  # {column.name}: {_comment(header)} 涉及个人，不读取 · personal, never read"
        return _Entry([text], Line(column.name, header, "personal", "涉及个人，不读取 never read"))
    mark = f"  # {match.certainty}" if match.certainty != "sure" else ""
    options = _options(column, match, formats, areas)
    if match.areas is not None and match.areas.prefix:
        expression = f"{quote_text(match.areas.prefix)} || {quote_name(header)}"
        return _Entry([f"  {column.name}: {{expression: {quote(expression)}}}{mark}"], line, (header,))
    if not options:
        return _Entry([f"  {column.name}: {quote(header)}{mark}"], line, (header,))
    return _Entry([f"  {column.name}:{mark}", f"    column: {quote(header)}", *options], line, (header,))


def _options(column: Column, match: Match, formats: tuple[str, ...], areas: Areas) -> list[str]:
    written, options = match.profile.written, list[str]()
    if column.logical_type in ("date", "timestamp"):
        # formats of the whole file would keep a column from being read year first
        if written.formats and (written.declared or formats) and written.formats != formats:
            options.append(f"    formats: [{', '.join(map(quote, written.formats))}]")
        return options
    if column.name == "is_suppressed" and match.profile.marks:
        marks = ", ".join(f'{quote(mark)}: "true"' for mark in match.profile.marks)
        return [f"    values: {{{marks}}}", '    otherwise: "false"']
    if column.references == ("areas", "area_code") and areas.codes:
        return _area_lines(match, areas)
    if column.logical_type == "boolean":
        guesses = [
            Guess(v, n, "true" if v.lower() in TRUE else "false", True)
            if v.lower() in TRUE | FALSE
            else guess_values(column, ((v, n),))[0]
            for v, n in match.profile.values
        ]  # fmt: skip
        return _value_lines(guesses, canonical_values(column))
    if column.allowed:
        return _value_lines(guess_values(column, match.profile.values), canonical_values(column))
    return []


def _area_lines(match: Match, areas: Areas) -> list[str]:
    led = match.areas or AreaMatch(0.0, values=match.profile.values)
    if led.prefix:
        return []
    guesses = [Guess(v, n, v if v in areas.codes else led.names.get(v), v in areas.codes) for v, n in led.values]
    lost = sum(guess.meant is None for guess in guesses)
    if lost > len(match.profile.values):
        # a long list may hold anything; its values are not shown
        guesses = [guess for guess in guesses if guess.meant is not None]
        note = f"      # decide: 另有 {lost:,} 种取值不在本市区划中 · {lost:,} more values lead to no area of the city"
        return [*_value_lines(guesses, ()), note]
    return _value_lines(guesses, ("一个区划代码 a code of areas",))


def _value_lines(guesses: list[Guess], choices: tuple[str, ...]) -> list[str]:
    """`values` with what the contract does not know by itself; what nobody knows stays a comment."""
    meant = [g for g in guesses if g.meant is not None and not g.known]
    open_ones = [g for g in guesses if g.meant is None]
    lines = ["    values:"] if meant else []
    lines += [f"      {quote(g.value)}: {quote(g.meant or '')}  # {g.rows:,}" for g in meant]
    listed = " | ".join(choices)
    lines += [f"      # decide: {quote(g.value)}: {listed}  ({g.rows:,} 行 rows)" for g in open_ones]
    return lines


def _missing(column: Column) -> _Entry:
    if not column.required or not column.enters_landing:
        return _Entry([], Line(column.name, "", "none", ""))
    choices = f"，取值 one of {', '.join(column.allowed)}" if column.allowed else ""
    text = f"  # decide: {column.name}: 必需，文件中没有 · required, and not in the file{choices}; {{constant: …}} or {{expression: …}}"
    return _Entry([text], Line(column.name, "", "decide", "必需，文件中没有 required, and not in the file"))


def _derived(
    con: duckdb.DuckDBPyConnection, contract: Contract, column: Column, matches: dict[str, Match], profiles: Profiles
) -> _Entry | None:
    """A required column that follows from others: a status from a closing date, a key from what tells rows apart, a date
    from a year."""
    if not column.required:
        return None
    end = matches.get("closed_at") or matches.get("resolved_at")
    if column.name == "status" and end is not None:
        header = end.profile.header
        done = "closed" if end.column.name == "closed_at" else "resolved"
        expression = f"CASE WHEN coalesce({quote_name(header)}, '') = '' THEN 'open' ELSE '{done}' END"
        return _expression(column, expression, (header,), f"由 {header} 推出 from whether {header} is filled in")
    if contract.key == (column.name,):
        names = unique_columns(con, contract, profiles)
        if not names:
            return None
        if len(names) <= 2:
            expression = " || '-' || ".join(map(quote_name, names))
        else:
            expression = f"md5(concat_ws('|', {', '.join(map(quote_name, names))}))"
        return _expression(
            column, expression, names, f"{', '.join(names)} 合起来不重复 together are different in every row"
        )
    year = next((p for p in profiles.columns if _is_year(p)), None)
    if column.logical_type in ("date", "timestamp") and year is not None:
        expression = f"{quote_name(year.header)} || '-12-31'"
        return _expression(
            column, expression, (year.header,), "只有年份，取年末 the file knows the year only; its last day is taken"
        )
    return None


def _is_year(profile: Profile) -> bool:
    low, high = profile.lowest, profile.highest
    return (
        bool({"YEAR"} & meanings(profile.header))
        and profile.integers == 1
        and (low or 0) >= 1990
        and (high or 0) <= 2100
    )


def _expression(column: Column, expression: str, sources: tuple[str, ...], reason: str) -> _Entry:
    text = f"  {column.name}: {{expression: {quote(expression)}}}  # decide: {_comment(reason)}"
    return _Entry([text], Line(column.name, ", ".join(sources), "decide", reason), sources)
