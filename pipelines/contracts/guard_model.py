"""The guards of a contract: what a delivery as a whole must look like; `guards.py` judges by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, get_args

GuardKind = Literal[
    "row_count_band",
    "key_stability",
    "deletions",
    "changes",
    "unknown_areas",
    "missing_partition",
    "unit_slip",
    "category_drift",
    "repeated",
]
OnFailure = Literal["warn", "block"]

#: Level of `missing_partition` at which the column's own values are the partitions.
OWN = "own"


class GuardError(ValueError):
    """A contract asks for a guard that does not exist or cannot be judged."""


class GuardedColumn(Protocol):
    """What a guard must know of a column."""

    @property
    def name(self) -> str: ...
    @property
    def landing_name(self) -> str: ...
    @property
    def logical_type(self) -> str: ...
    @property
    def personal(self) -> str | None: ...


@dataclass(frozen=True)
class Guard:
    """One judgement. `column` is a name of landing; `limits` are the numbers of the kind, defaults filled in."""

    id: str
    kind: GuardKind
    on_failure: OnFailure
    column: str | None
    level: str
    limits: Mapping[str, float]


@dataclass(frozen=True)
class _Form:
    on_failure: OnFailure
    limits: Mapping[str, float]
    column: Literal["required", "optional", "none"] = "none"
    types: tuple[str, ...] = ()


_FORMS: dict[GuardKind, _Form] = {
    "row_count_band": _Form("block", {"low": 0.1, "high": 4, "deliveries": 8, "least": 4, "rows": 20}),
    "key_stability": _Form("block", {"percent": 99, "same": 50, "rows": 5}, "optional", ("string",)),
    "deletions": _Form("block", {"percent": 1, "rows": 5}),
    "changes": _Form("warn", {"percent": 20, "rows": 20}),
    "unknown_areas": _Form("block", {"percent": 1, "rows": 5}, "required", ("string",)),
    "missing_partition": _Form("block", {"deliveries": 4, "rows": 10}, "required", ("string",)),
    "unit_slip": _Form(
        "block",
        {"factor": 2000, "outlier": 10_000, "share": 50, "deliveries": 8, "rows": 20},
        "required",
        ("integer", "number"),
    ),
    "category_drift": _Form("warn", {"percent": 20, "rows": 50}, "required", ("string",)),
    "repeated": _Form("warn", {}, "required", ("date", "timestamp")),
}


def parse_guards(items: Iterable[Mapping[str, Any]], columns: Iterable[GuardedColumn]) -> tuple[Guard, ...]:
    """The guards that a contract lists under `guards`; the id of each is its kind, with its column if it has one.

    Raises:
        GuardError: an unknown kind or key, a column that does not fit or is personal, a guard listed twice.
    """
    by_name = {column.name: column for column in columns}
    guards = tuple(_guard(item, by_name) for item in items)
    ids = [guard.id for guard in guards]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise GuardError(f"guard {', '.join(twice)} is listed twice")
    return guards


def _guard(item: Mapping[str, Any], columns: Mapping[str, GuardedColumn]) -> Guard:
    kind = str(item.get("kind"))
    if kind not in get_args(GuardKind):
        raise GuardError(f"guard {kind} is not known; known kinds: {', '.join(get_args(GuardKind))}")
    form = _FORMS[cast(GuardKind, kind)]
    known = {"kind", "onFailure", *form.limits}
    known |= {"column"} if form.column != "none" else set()
    known |= {"level"} if kind == "missing_partition" else set()
    unknown = sorted(set(item) - known)
    if unknown:
        raise GuardError(f"guard {kind}: key {', '.join(unknown)} is not known; known keys: {', '.join(sorted(known))}")
    on_failure = item.get("onFailure", form.on_failure)
    if on_failure not in get_args(OnFailure):
        raise GuardError(f"guard {kind}: onFailure is warn or block, not {on_failure!r}")
    name = item.get("column")
    if name is None and form.column == "required":
        raise GuardError(f"guard {kind}: the key column is missing")
    return Guard(
        id=f"{kind}.{name}" if name else kind,
        kind=cast(GuardKind, kind),
        on_failure=cast(OnFailure, on_failure),
        column=None if name is None else _column(kind, name, form, columns),
        level=str(item.get("level", "district")),
        limits={limit: _number(kind, limit, item.get(limit, default)) for limit, default in form.limits.items()},
    )


def _column(kind: str, name: str, form: _Form, columns: Mapping[str, GuardedColumn]) -> str:
    column = columns.get(name)
    if column is None:
        raise GuardError(f"guard {kind}: there is no column {name}")
    if column.personal is not None:
        raise GuardError(f"guard {kind}: {name} is personal; no guard may look at it")
    if column.logical_type not in form.types:
        raise GuardError(f"guard {kind}: {name} is a {column.logical_type}, not {' or '.join(form.types)}")
    return column.landing_name


def _number(kind: str, limit: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise GuardError(f"guard {kind}: {limit} is a number above 0, not {value!r}")
    return float(value)
