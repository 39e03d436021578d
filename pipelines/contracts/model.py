"""The typed model of `data_contracts/<dataset>.odcs.yaml`; knows no Dagster, no Great Expectations and no city."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from pipelines.contracts.guard_model import Guard, GuardError, parse_guards
from pipelines.contracts.sensitive import accepted_field
from pipelines.paths import CONTRACTS
from pipelines.yaml_model import read_own_yaml

LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
Personal = Literal["drop", "pseudonym", "birth_year", "free_text"]
Check = Literal["id_number"]
RuleKind = Literal["required", "readable", "allowed", "range", "format", "unique", "row_predicate", "row_count"]

#: Custom properties the compiler understands; anything else in a contract is refused, never skipped.
_CONTRACT_PROPERTIES = {
    "deliveryKind", "asOf", "keepsHistory", "nullTokens", "rejectLimit", "guards", "extraColumns",
}  # fmt: skip
_COLUMN_PROPERTIES = {"personalData", "notAfterNow", "check"}
_KINDS_ZH = {"integer": "整数", "number": "数字", "boolean": "是或否", "date": "日期", "timestamp": "时间"}
_OPTIONS = {"minimum", "maximum", "pattern"}


class ContractError(ValueError):
    """A contract is invalid, or asks for a rule that the compiler does not support."""


@dataclass(frozen=True)
class Column:
    """One property of a contract: a canonical column, its spellings and its constraints. `until` has the last day on which a
    file may come with a spelling, of those that end."""

    name: str
    landing_name: str
    label_zh: str
    description: str
    logical_type: LogicalType
    physical_type: str
    required: bool
    key_position: int | None
    personal: Personal | None
    allowed: dict[str, tuple[str, ...]]
    minimum: str | float | None
    maximum: str | float | None
    pattern: str | None
    not_after_now: bool
    references: tuple[str, str] | None
    synonyms: tuple[str, ...]
    check: Check | None = None
    until: dict[str, date] = field(default_factory=dict)

    @property
    def is_read(self) -> bool:
        """Whether cells of this column are looked at: those that enter, and those that are only checked at the door."""
        return self.enters_landing or self.check is not None

    @property
    def enters_landing(self) -> bool:
        """False for personal columns that stop at the door."""
        return self.personal not in ("drop", "free_text")

    @property
    def local_date_name(self) -> str | None:
        """`accepted_at` lands with `accepted_on`, its date in the city's time zone; None for other types."""
        return self.name.removesuffix("_at") + "_on" if self.logical_type == "timestamp" else None


@dataclass(frozen=True)
class Rule:
    """One check of a contract. `predicate` is SQL that is TRUE for a bad row of the staging table (None for `row_count`).

    In it `${now}` stands for the moment of the check (UTC), `${today}` for its date in the city, `${object}` for the table."""

    id: str
    kind: RuleKind
    column: str | None
    columns: tuple[str, ...]
    name_en: str
    name_zh: str
    severity: Literal["error", "warning"]
    dimension: str
    predicate: str | None
    allowed: tuple[str, ...] = ()
    minimum: str | float | None = None
    maximum: str | float | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class RejectLimit:
    """How many rejected rows a delivery may have: `percent` of its rows, or `rows` if that is more, though on a small
    delivery `rows` never stands for more than `percent_of_small` percent."""

    percent: float
    rows: int
    percent_of_small: float

    def allowed(self, rows_in: int) -> int:
        """Largest number of rejected rows with which a delivery of `rows_in` rows is still accepted."""
        return int(max(rows_in * self.percent / 100, min(self.rows, rows_in * self.percent_of_small / 100)))


@dataclass(frozen=True)
class Contract:
    """One dataset: columns in order, rules in the order in which they are reported, and how its deliveries behave."""

    dataset: str
    title: str
    purpose: str
    version: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    delivery_kind: Literal["full", "delta"]
    as_of_columns: tuple[str, ...]
    keeps_history: bool
    null_tokens: tuple[str, ...]
    reject_limit: RejectLimit
    guards: tuple[Guard, ...]
    freshness: tuple[str, float] | None
    every_days: float | None
    refuses_extra_columns: bool
    sha256: str

    @property
    def landing_key(self) -> tuple[str, ...]:
        """Names of the key columns as they stand in landing."""
        return tuple(self.column(name).landing_name for name in self.key)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns in their order."""
        return tuple(c.name for c in sorted(self.columns, key=lambda c: c.key_position or 0) if c.key_position)

    @property
    def has_updates(self) -> bool:
        """Whether its rows say when they were last updated, so that the order of arrival does not matter."""
        return any(column.name == "updated_at" for column in self.columns)

    @property
    def landed_columns(self) -> tuple[Column, ...]:
        """Columns that enter the warehouse."""
        return tuple(c for c in self.columns if c.enters_landing)

    def column(self, name: str) -> Column:
        """The column of that canonical name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def landing_schema(self) -> list[tuple[str, str]]:
        """(name, DuckDB type) of every column of `landing.<dataset>`, bookkeeping columns last."""
        out: list[tuple[str, str]] = []
        for column in self.landed_columns:
            out.append((column.landing_name, column.physical_type))
            if column.local_date_name:
                out.append((column.local_date_name, "DATE"))
        out.append(("_delivery_id", "VARCHAR"))
        if self.keeps_history:
            out += [("_valid_from", "TIMESTAMP"), ("_valid_to", "TIMESTAMP")]
        return out


@cache
def _odcs_schema() -> dict[str, Any]:
    import open_data_contract_standard

    path = Path(open_data_contract_standard.__file__).with_name("schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def schema_errors(document: Any) -> list[str]:
    """Violations of the Open Data Contract Standard's own JSON schema, one line each.

    The Python model of the standard accepts misspelt nested keys; the schema does not."""
    import jsonschema

    validator = jsonschema.Draft201909Validator(_odcs_schema())
    return [f"{'/'.join(map(str, e.absolute_path)) or '(root)'}: {e.message}" for e in validator.iter_errors(document)]


def load_contract(path: Path) -> Contract:
    """Read and check one contract file.

    Raises:
        ContractError: the file breaks the standard's schema or uses something the compiler does not support.
    """
    return _read(path.read_bytes(), path.name)


@lru_cache(maxsize=64)
def _read(raw: bytes, name: str) -> Contract:
    document = read_own_yaml(raw)
    errors = schema_errors(document)
    if errors:
        raise ContractError(f"{name} breaks the Open Data Contract Standard: " + "; ".join(errors[:5]))
    try:
        return _parse(document, hashlib.sha256(raw).hexdigest())
    except (ContractError, GuardError) as error:
        raise ContractError(f"{name}: {error}") from None


def load_contracts(folder: Path = CONTRACTS) -> dict[str, Contract]:
    """All contracts of a folder by dataset name, sorted by name."""
    contracts = [load_contract(path) for path in sorted(folder.glob("*.odcs.yaml"))]
    return {contract.dataset: contract for contract in contracts}


def _custom(items: Iterable[dict[str, Any]] | None, known: set[str], where: str) -> dict[str, Any]:
    found = {item["property"]: item["value"] for item in items or ()}
    unknown = sorted(set(found) - known)
    if unknown:
        raise ContractError(f"{where}: custom property {', '.join(unknown)} is not supported")
    return found


def _parse(document: dict[str, Any], sha256: str) -> Contract:
    if len(document.get("schema") or ()) != 1:
        raise ContractError("a contract describes exactly one table")
    table = document["schema"][0]
    dataset = table["name"]
    custom = _custom(document.get("customProperties"), _CONTRACT_PROPERTIES, dataset)
    columns = tuple(_column(item) for item in table["properties"])
    key = tuple(c.landing_name for c in sorted(columns, key=lambda c: c.key_position or 0) if c.key_position)
    if not key:
        raise ContractError(f"{dataset} has no primary key")
    as_of = custom.get("asOf", "file")
    limit = custom.get("rejectLimit", {"percent": 0.5, "rows": 50, "percentOfSmall": 10})
    return Contract(
        dataset=dataset,
        title=document.get("name", dataset),
        purpose=(document.get("description") or {}).get("purpose", ""),
        version=str(document["version"]),
        columns=columns,
        rules=tuple(_rules(columns, key, table.get("quality") or ())),
        delivery_kind=custom.get("deliveryKind", "full"),
        as_of_columns=() if as_of == "file" else tuple(as_of),
        keeps_history=bool(custom.get("keepsHistory", False)),
        null_tokens=tuple(str(token) for token in custom.get("nullTokens", [""])),
        reject_limit=RejectLimit(float(limit["percent"]), int(limit["rows"]), float(limit["percentOfSmall"])),
        guards=parse_guards(custom.get("guards", ()), columns),
        freshness=_freshness(document.get("slaProperties") or ()),
        every_days=_every_days(document.get("slaProperties") or ()),
        refuses_extra_columns=_extra_columns(custom.get("extraColumns", "ignore")),
        sha256=sha256,
    )


def _extra_columns(value: object) -> bool:
    if value not in ("ignore", "refuse"):
        raise ContractError(f"extraColumns is ignore or refuse, not {value}")
    return value == "refuse"


def _freshness(properties: Iterable[dict[str, Any]]) -> tuple[str, float] | None:
    """The column whose latest moment may be so many hours old."""
    found = None
    for item in properties:
        service = (item["property"], item.get("unit"))
        if service not in (("freshness", "h"), ("frequency", "d")):
            raise ContractError(f"service level {service[0]} in {service[1]} is not supported")
        if service[0] == "freshness":
            found = (str(item["element"]).split(".")[-1], float(item["value"]))
    return found


def _every_days(properties: Iterable[dict[str, Any]]) -> float | None:
    """The longest time between two deliveries, in days."""
    return next((float(item["value"]) for item in properties if item["property"] == "frequency"), None)


def _column(item: dict[str, Any]) -> Column:
    name = item["name"]
    custom = _custom(item.get("customProperties"), _COLUMN_PROPERTIES, name)
    options = item.get("logicalTypeOptions") or {}
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ContractError(f"{name}: option {', '.join(unknown)} is not supported")
    if item.get("quality"):
        raise ContractError(f"{name}: write quality rules at the table, not at the column")
    synonyms = tuple(s["synonym"] for s in item.get("synonyms") or ())
    for spelling in (name, item.get("physicalName", name), item.get("businessName", name), *synonyms):
        try:
            accepted_field(spelling)
        except ValueError as error:
            raise ContractError(f"{name}: {error}") from None
    allowed: dict[str, tuple[str, ...]] = {}
    for entry in item.get("enum") or ():
        spellings = _custom(entry.get("customProperties"), {"spellings"}, name).get("spellings", [])
        allowed[str(entry["value"])] = (str(entry.get("label", entry["value"])), *map(str, spellings))
    references = None
    for relation in item.get("relationships") or ():
        target, _, column = str(relation["to"]).partition(".")
        references = (target, column)
    return Column(
        name=name,
        landing_name=item.get("physicalName", name),
        label_zh=item.get("businessName", name),
        description=item.get("description", ""),
        logical_type=item["logicalType"],
        physical_type=item["physicalType"],
        required=bool(item.get("required", False)),
        key_position=item.get("primaryKeyPosition") if item.get("primaryKey") else None,
        personal=custom.get("personalData"),
        allowed=allowed,
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        pattern=options.get("pattern"),
        not_after_now=bool(custom.get("notAfterNow", False)),
        references=references,
        synonyms=synonyms,
        check=_check(name, item["logicalType"], custom),
        until=_until(name, item.get("synonyms") or ()),
    )


def _until(name: str, synonyms: Iterable[dict[str, Any]]) -> dict[str, date]:
    """The last day of each synonym that has one: of the old name of a column while old and new layouts come side by side."""
    out: dict[str, date] = {}
    for item in synonyms:
        found = _custom(item.get("customProperties"), {"until"}, name)
        if "until" in found:
            try:
                out[item["synonym"]] = date.fromisoformat(str(found["until"]))
            except ValueError:
                raise ContractError(f"{name}: until is a day such as 2026-12-31, not {found['until']}") from None
    return out


def _check(name: str, logical_type: str, custom: dict[str, Any]) -> Check | None:
    """What is checked of a column at the door, where its texts are still to be seen."""
    value = custom.get("check")
    if value is None:
        return None
    if value not in get_args(Check):
        raise ContractError(f"{name}: check is {' or '.join(get_args(Check))}, not {value}")
    if logical_type != "string" or custom.get("personalData") not in ("drop", "pseudonym"):
        raise ContractError(f"{name}: check {value} is for texts with personalData drop or pseudonym")
    return "id_number"


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _literal(column: Column, value: str | float) -> str:
    if column.personal == "birth_year":
        return str(value)[:4]
    if column.logical_type == "timestamp":
        return f"TIMESTAMP {_text(value)}"
    if column.logical_type == "date":
        return f"DATE {_text(value)}"
    return str(value)


def _delivery_and(key: tuple[str, ...]) -> str:
    return ", ".join(("_delivery_id", *key))


def _rules(columns: tuple[Column, ...], key: tuple[str, ...], quality: Iterable[dict[str, Any]]) -> Iterable[Rule]:
    for column in columns:
        if column.enters_landing:
            yield from _column_rules(column)
        if column.check is not None:
            yield _check_rule(column)
    yield Rule(
        id="key.unique", kind="unique", column=key[0] if len(key) == 1 else None, columns=key, severity="error",
        name_en=f"one row per {' and '.join(key)} in a delivery; of two different rows with the same time of update neither counts",
        name_zh=f"同一文件中每个 {'、'.join(key)} 只能有一行；更新时间相同而内容不同的行均不采用",
        dimension="uniqueness",
        predicate=f"({_delivery_and(key)}) IN (SELECT {_delivery_and(key)} FROM ${{object}}"
        f" GROUP BY {_delivery_and(key)} HAVING COUNT(*) > 1)",
    )  # fmt: skip
    for item in quality:
        yield _quality_rule(item)


def _check_rule(column: Column) -> Rule:
    """The check of a column whose values are nowhere: reading leaves a mark on the rows that fail it."""
    return Rule(
        id=f"{column.name}.check_digit", kind="row_predicate", column=column.landing_name, columns=(column.landing_name,),
        name_en=f"{column.name} has the right number of digits and the right check digit (GB 11643)",
        name_zh=f"{column.label_zh}的位数和校验码应正确（GB 11643）", severity="error", dimension="accuracy",
        predicate=f"contains(_unreadable, {_text(f' {column.name}:check ')})",
    )  # fmt: skip


def _column_rules(column: Column) -> Iterable[Rule]:
    name, zh = column.landing_name, column.label_zh

    def rule(kind: RuleKind, suffix: str, en: str, cn: str, predicate: str, dimension: str, **extra: Any) -> Rule:
        return Rule(
            id=f"{column.name}.{suffix}", kind=kind, column=name, columns=(name,), name_en=f"{column.name} {en}",
            name_zh=f"{zh}{cn}", severity="error", dimension=dimension, predicate=predicate, **extra,
        )  # fmt: skip

    if column.logical_type != "string":
        # A time without an offset among times that have one could be of any zone.
        mixed = column.logical_type == "timestamp"
        yield rule(
            "readable", "readable",
            f"can be read as {column.logical_type}{'; has an offset where others of its column have one' if mixed else ''}",
            f"应可识别为{_KINDS_ZH[column.logical_type]}{'；同列有的带时区偏移时，须都带' if mixed else ''}",
            f"contains(_unreadable, {_text(f' {column.name} ')})", "conformity",
        )  # fmt: skip
    if column.personal == "pseudonym":
        yield rule(
            "readable", "readable", "is a whole identifier; a number such as 4.40E+17 has lost its digits",
            "应为完整的编号；4.40E+17 这样的数字已丢失末几位，请把该列设为文本格式后重新导出",
            f"contains(_unreadable, {_text(f' {column.name} ')})", "conformity",
        )  # fmt: skip
    if column.required:
        yield rule(
            "required", "required", "is filled in", "不得为空",
            f"{name} IS NULL", "completeness",
        )  # fmt: skip
    if column.allowed:
        listed = ", ".join(_text(v) for v in column.allowed)
        yield rule(
            "allowed", "allowed", f"is one of {', '.join(column.allowed)}",
            f"应为：{'、'.join(labels[0] for labels in column.allowed.values())}",
            f"{name} NOT IN ({listed})", "conformity", allowed=tuple(column.allowed),
        )  # fmt: skip
    if column.pattern:
        yield rule(
            "format", "format", f"has the form {column.pattern}", f"格式应为 {column.pattern}",
            f"NOT regexp_matches({name}, {_text(column.pattern)})", "conformity", pattern=column.pattern,
        )  # fmt: skip
    if column.minimum is not None or column.maximum is not None:
        parts, low, high = [], column.minimum, column.maximum
        if low is not None:
            parts.append(f"{name} < {_literal(column, low)}")
        if high is not None:
            parts.append(f"{name} > {_literal(column, high)}")
        span = f"{'…' if low is None else low} – {'…' if high is None else high}"
        as_year = column.personal == "birth_year"
        yield rule(
            "range", "range", f"lies within {span}", f"应在 {span} 之间", " OR ".join(parts), "conformity",
            minimum=int(str(low)[:4]) if as_year and low is not None else low,
            maximum=int(str(high)[:4]) if as_year and high is not None else high,
        )  # fmt: skip
    if column.not_after_now:
        now = "${now} + INTERVAL 5 MINUTE" if column.logical_type == "timestamp" else "${today}"
        yield rule(
            "row_predicate",
            "not_in_future",
            "does not lie in the future",
            "不得晚于当前时间",
            f"{name} > {now}",
            "accuracy",
        )


def _quality_rule(item: dict[str, Any]) -> Rule:
    rule_id = item["id"]
    custom = _custom(item.get("customProperties"), {"rowPredicate"}, rule_id)
    severity: Literal["error", "warning"] = "warning" if item.get("severity") == "warning" else "error"
    texts = {"name_en": item.get("name", rule_id), "name_zh": item.get("description", item.get("name", rule_id))}
    dimension = item.get("dimension", "consistency")
    if item.get("metric") == "rowCount" and "mustBeGreaterThan" in item:
        return Rule(
            id=rule_id, kind="row_count", column=None, columns=(), severity=severity, dimension=dimension,
            predicate=None, minimum=int(item["mustBeGreaterThan"]) + 1, **texts,
        )  # fmt: skip
    if item.get("type") == "sql" and item.get("mustBe") == 0 and "rowPredicate" in custom:
        return Rule(
            id=rule_id, kind="row_predicate", column=None, columns=(), severity=severity, dimension=dimension,
            predicate=custom["rowPredicate"], **texts,
        )  # fmt: skip
    raise ContractError(f"quality rule {rule_id} is not supported")
