"""`mappings/<dataset>.yaml`: how the columns of a source become the canonical ones of the contract."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import sqlglot
from pydantic import AfterValidator, Field, model_validator
from sqlglot import exp

from pipelines.city import City, Name, Strict, TimeZone
from pipelines.contracts.model import Column, Contract
from pipelines.contracts.sensitive import accepted_field
from pipelines.ingest.files import FileRefused, Reading, fold
from pipelines.yaml_model import ConfigurationError, line_of, read_yaml_model


class ColumnMapping(Strict):
    """Where one canonical column comes from: exactly one of `column`, `constant`, `expression`.

    `values` maps what the source writes to what the contract allows; `otherwise` takes every other non-empty value.
    `formats` are strptime formats of a date or time, tried in order. `unit` is what the numbers of the source count; they
    land as yuan or pieces. `excel_serial` is the epoch of dates that a workbook wrote as numbers."""

    column: Annotated[str, AfterValidator(accepted_field)] | None = None
    constant: str | int | float | bool | None = None
    expression: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    formats: list[str] = Field(default_factory=list)
    unit: Literal["1", "元", "千元", "万元", "百万元", "亿元"] | None = None
    excel_serial: Literal[1900, 1904] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        if sum(item is not None for item in (self.column, self.constant, self.expression)) != 1:
            raise ValueError("needs exactly one of column, constant, expression")
        if self.expression is not None:
            parse_expression(self.expression)
        return self


def _accepted_origin(item: str | ColumnMapping) -> str | ColumnMapping:
    return accepted_field(item) if isinstance(item, str) else item


class LeaveOut(Strict):
    """Rows of the source that are none of ours, with the reason; they are counted."""

    where: str
    reason: Name

    @model_validator(mode="after")
    def _safe(self) -> LeaveOut:
        parse_expression(self.where)
        return self


class Mapping(Strict):
    """The content of a mapping file; the empty mapping recognises columns by the contract's spellings."""

    kind: Literal["full", "delta"] | None = None
    time_zone: TimeZone | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = Field(default=None, min_length=1)
    sheet: str | None = Field(default=None, min_length=1)
    formats: list[str] = Field(default_factory=list)
    null_tokens: list[str] = Field(default_factory=list)
    recognise: bool | None = None
    columns: dict[str, Annotated[str | ColumnMapping, AfterValidator(_accepted_origin)]] = Field(default_factory=dict)
    leave_out: list[LeaveOut] = Field(default_factory=list)

    def reading(self) -> Reading:
        """How files of this source are opened."""
        return Reading(delimiter=self.delimiter, encoding=self.encoding, sheet=self.sheet)

    @property
    def recognises(self) -> bool:
        """Whether columns that the mapping does not name are recognised by their headers."""
        return not self.columns if self.recognise is None else self.recognise


def parse_expression(text: str) -> exp.Condition:
    """The syntax tree of a mapping's SQL expression over the columns of the source.

    Raises:
        ValueError: it does not parse, reaches outside the row (subqueries, tables, files, settings), or reads a column
            that is never accepted.
    """
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(f"cannot read the SQL expression {text!r}: {error}") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Condition) or isinstance(tree, exp.Query):
        raise ValueError(f"{text!r} is not an expression over one row")
    forbidden = (exp.Query, exp.Subquery, exp.Table, exp.Window, exp.AggFunc, exp.Star, exp.Columns)
    if found := tree.find(*forbidden):
        raise ValueError(f"{text!r} may use only the columns of the same row, not {found.sql(dialect='duckdb')}")
    for column in tree.find_all(exp.Column):
        accepted_field(column.name)
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower().startswith(("read_", "glob", "getenv", "query", "getvariable", "current_setting")):
            raise ValueError(f"{text!r} may not call {call.name}")
    return tree


def load_mapping(city: City, contract: Contract, name: str) -> Mapping:
    """The city's mapping of that name for a dataset, or the empty one if the dataset's own does not exist.

    Raises:
        ConfigurationError: the file is wrong, or names a canonical column that the contract does not have.
    """
    path = city.mapping_path(name)
    if not path.is_file() and name == contract.dataset:
        return Mapping()
    mapping = read_yaml_model(path, Mapping)
    known = [column.name for column in contract.columns]
    for column, item in mapping.columns.items():
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            where = f"mappings/{path.name} line {line_of(path, 'columns', column)}"
            raise ConfigurationError(f'{where}: the contract of {contract.dataset} has no column "{column}"{hint}')
        if isinstance(item, ColumnMapping):
            _check_options(path, contract.column(column), item)
    return mapping


def _check_options(path: Path, column: Column, item: ColumnMapping) -> None:
    for key, value, kinds in (
        ("unit", item.unit, ("integer", "number")),
        ("excel_serial", item.excel_serial, ("date", "timestamp")),
        ("formats", item.formats or None, ("date", "timestamp")),
    ):
        if value is not None and column.logical_type not in kinds:
            raise ConfigurationError(
                f'mappings/{path.name} line {line_of(path, "columns", column.name, key)}: "{key}" is for columns of type'
                f" {' or '.join(kinds)}; {column.name} is of type {column.logical_type}. Remove it."
            )


@dataclass(frozen=True)
class Binding:
    """One canonical column bound to a file; `header` is its source column, None for a constant or an expression."""

    column: Column
    item: ColumnMapping
    header: str | None


@dataclass(frozen=True)
class BoundMapping:
    """A mapping bound to the headers of one file."""

    bindings: tuple[Binding, ...]
    used_headers: tuple[str, ...]
    ignored_headers: tuple[str, ...]


def bind_mapping(
    contract: Contract, mapping: Mapping, headers: tuple[str, ...], file_name: str, *, arrived_on: date | None = None
) -> BoundMapping:
    """Bind by name, never by position. Personal columns that stop at the door are not read, unless they are checked there.

    Args:
        arrived_on: the day in the city on which the file came, by which spellings end; without it none does.

    Raises:
        FileRefused: a column that the mapping names or the contract requires is not in the file, two headers fit one, or a
            header is a spelling that has ended.
    """
    by_fold = {fold(header): header for header in headers}
    shown = _Shown(contract, mapping, headers)
    bindings: list[Binding] = []
    used: set[str] = set()
    missing: list[Column] = []
    for column in contract.columns:
        if not column.is_read:
            continue
        wanted = mapping.columns.get(column.name)
        if wanted is None and mapping.recognises:
            wanted = _recognise(column, by_fold, file_name)
            _refuse_ended(column, wanted, file_name, arrived_on)
        if wanted is None:
            if column.required and column.enters_landing:
                missing.append(column)
            continue
        item = ColumnMapping(column=wanted) if isinstance(wanted, str) else wanted
        names = _source_names(item, by_fold, file_name, shown)
        used |= set(names)
        bindings.append(Binding(column, item, names[0] if item.column is not None else None))
    unused = [header for header in headers if header not in used]
    if missing:
        raise FileRefused("missing_column", **_missing(missing, shown, unused, file_name))
    for item_left_out in mapping.leave_out:
        used |= set(_column_names(item_left_out.where, by_fold, file_name, shown))
    if contract.refuses_extra_columns:
        _refuse_extra(known_spellings(contract, mapping), shown, headers, file_name)
    ordered = tuple(header for header in headers if header in used)
    return BoundMapping(tuple(bindings), ordered, tuple(h for h in headers if h not in used))


def _spellings(column: Column) -> tuple[str, ...]:
    return (column.name, column.label_zh, *column.synonyms)


def known_spellings(contract: Contract, mapping: Mapping) -> frozenset[str]:
    """Folded headers that a file of this source may have: every spelling of the contract, personal columns included, and
    every source column that the mapping names."""
    names = [text for column in contract.columns for text in _spellings(column)]
    for item in mapping.columns.values():
        if isinstance(item, str):
            names.append(item)
        elif item.column is not None:
            names.append(item.column)
        elif item.expression is not None:
            names += expression_names(item.expression)
    for rule in mapping.leave_out:
        names += expression_names(rule.where)
    return frozenset(map(fold, names))


def _recognise(column: Column, by_fold: dict[str, str], file_name: str) -> str | None:
    spellings = {fold(text) for text in _spellings(column)}
    found = [header for folded, header in by_fold.items() if folded in spellings]
    if len(found) > 1:
        if fold(column.name) in by_fold:
            return by_fold[fold(column.name)]
        if fold(column.label_zh) in by_fold:
            return by_fold[fold(column.label_zh)]
        raise FileRefused(
            "ambiguous_header",
            zh=f"{file_name} 中有多列都可能是“{column.label_zh}”：{'、'.join(found)}。请在映射文件中指明。",
            en=f"In {file_name} several columns fit {column.name}: {', '.join(found)}. Say in the mapping which it is.",
        )
    return found[0] if found else None


def _refuse_ended(column: Column, header: str | None, file_name: str, arrived_on: date | None) -> None:
    last = next((day for text, day in column.until.items() if header is not None and fold(text) == fold(header)), None)
    if last is not None and arrived_on is not None and arrived_on > last:
        raise FileRefused(
            "spelling_ended",
            zh=f"{file_name} 的列名“{header}”只接受到 {last}，现应为“{column.label_zh}”。请按新的格式重新导出，或在映射文件中指明。",
            en=f"{file_name} has the column name {header}, which was accepted until {last}; it is now {column.name}. Export it in the new layout, or say in the mapping what it is.",
        )


class _Shown:
    """The headers for a message; without its header a file of people has a person in the first row, who is not shown."""

    def __init__(self, contract: Contract, mapping: Mapping, headers: tuple[str, ...]) -> None:
        known = known_spellings(contract, mapping)
        data = sum(fold(header) in known for header in headers) < 2 or any(re.search(r"\d{4}", h) for h in headers)
        self.hidden = data and any(column.personal for column in contract.columns)
        self.headers = headers

    def list_zh(self, headers: Iterable[str] | None = None) -> str:
        """The headers, or some of them, in a Chinese sentence."""
        return "（首行不像表头，不予显示）" if self.hidden else "、".join(headers or self.headers)

    def list_en(self, headers: Iterable[str] | None = None) -> str:
        """The headers, or some of them, in an English sentence."""
        hidden = "(the first row does not look like a header and is not shown)"
        return hidden if self.hidden else ", ".join(headers or self.headers)

    def near(self, spellings: Iterable[str], headers: Iterable[str]) -> str | None:
        """The header that is most like one of the spellings, if any is."""
        by_fold = {} if self.hidden else {fold(header): header for header in headers}
        found = [name for text in spellings for name in difflib.get_close_matches(fold(text), by_fold, n=1)]
        return by_fold[found[0]] if found else None


def _missing(missing: list[Column], shown: _Shown, unused: list[str], file_name: str) -> dict[str, str]:
    zh, en = [], []
    for column in missing:
        near = shown.near(_spellings(column), unused)
        zh.append(f"“{column.label_zh}”" + (f"（是不是“{near}”？）" if near else ""))
        accepted = ", ".join((column.label_zh, *column.synonyms)[:4])
        en.append(f"{column.name} (or {accepted}" + (f"; did you mean {near}?)" if near else ")"))
    return {
        "zh": f"{file_name} 缺少必需的列：{'、'.join(zh)}。文件中的列：{shown.list_zh()}。请补上该列，或在映射文件中说明它的名称。",
        "en": f"{file_name} lacks the required column {'; '.join(en)}. Columns found: {shown.list_en()}. "
        "Add the column, or say in the mapping what it is called.",
    }


def _refuse_extra(known: frozenset[str], shown: _Shown, headers: tuple[str, ...], file_name: str) -> None:
    extra = [header for header in headers if fold(header) not in known]
    if extra:
        raise FileRefused(
            "extra_column",
            zh=f"{file_name} 有契约中没有的列：{shown.list_zh(extra)}。请去掉这些列，或在映射文件中说明它们的用途。",
            en=f"{file_name} has columns that the contract does not know: {shown.list_en(extra)}. "
            "Remove them, or say in the mapping what they are.",
        )


def _resolve(name: str, by_fold: dict[str, str], file_name: str, shown: _Shown) -> str:
    header = by_fold.get(fold(name))
    if header is None:
        near = shown.near([name], by_fold.values())
        raise FileRefused(
            "missing_column",
            zh=f"映射文件要求的列“{name}”不在 {file_name} 中{f'（是不是“{near}”？）' if near else ''}。文件中的列：{shown.list_zh()}。",
            en=f"The mapping asks for the column {name}, which {file_name} does not have{f' (did you mean {near}?)' if near else ''}."
            f" Columns found: {shown.list_en()}.",
        )
    return header


def expression_names(text: str) -> list[str]:
    """The names of the source's columns as a mapping's expression writes them."""
    return [column.name for column in parse_expression(text).find_all(exp.Column)]


def _column_names(expression: str, by_fold: dict[str, str], file_name: str, shown: _Shown) -> list[str]:
    return [_resolve(name, by_fold, file_name, shown) for name in expression_names(expression)]


def _source_names(item: ColumnMapping, by_fold: dict[str, str], file_name: str, shown: _Shown) -> list[str]:
    if item.column is not None:
        return [_resolve(item.column, by_fold, file_name, shown)]
    if item.expression is not None:
        return _column_names(item.expression, by_fold, file_name, shown)
    return []


def expression_sql(text: str, by_fold: dict[str, str]) -> str:
    """The expression with every column written as what `by_fold` calls it, quoted."""

    def bind(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column):
            return exp.column(by_fold[fold(node.name)], quoted=True)
        return node

    return parse_expression(text).transform(bind).sql(dialect="duckdb")
