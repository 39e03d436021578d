"""Contract rules on a staged table: compiled to Great Expectations, run, and traced to the failing rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, get_args

from pipelines.contracts.model import Contract, ContractError, Rule, RuleKind

if TYPE_CHECKING:
    import duckdb
    from great_expectations.expectations.expectation import Expectation

#: Temporary table of `validate`: rule_id VARCHAR, _row_id BIGINT; one row per failed row rule and row.
BAD_ROWS = "_bad_rows"

_HISTORY = {"_valid_from", "_valid_to"}
_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
_PLACEHOLDER = re.compile(r"\$\{(\w*)\}")
_EXCEPTION_NAME = re.compile(r"\b(?:[A-Za-z_]+\.)*([A-Z][A-Za-z]*(?:Error|Exception))\b")
_COUNTS = {
    "element_count", "missing_count", "missing_percent", "observed_value", "unexpected_count", "unexpected_percent",
    "unexpected_percent_nonmissing", "unexpected_percent_total",
}  # fmt: skip
_RESULT_FORMAT: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


class ValidationError(RuntimeError):
    """A rule could not be checked at all. The message names rules, columns and kinds of error, never a value."""


class ValidationMismatch(ValidationError):
    """Great Expectations and the predicate of a rule disagree about the number of failing rows."""


@dataclass(frozen=True)
class RuleResult:
    """Outcome of one rule. `checked` and `failed` count rows; a failed `row_count` rule counts as one failure."""

    rule: Rule
    checked: int
    failed: int
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """Outcome of all rules of a contract, in the contract's order.

    `suite_result` is the JSON form of the Great Expectations validation result, free of values of the data; the rows
    that failed stand in the temporary table `BAD_ROWS` of the connection."""

    results: tuple[RuleResult, ...]
    suite_result: dict[str, Any]

    @property
    def passed(self) -> bool:
        """True when no rule of severity error failed."""
        return all(r.passed for r in self.results if r.rule.severity == "error")


def bind(predicate: str, *, table: str, now: datetime, today: date) -> str:
    """`predicate` with `${now}` (naive UTC timestamp), `${today}` (date) and `${object}` (table) as SQL.

    Args:
        table: `name` or `schema.name`, in lower case.
        now: aware moment of the check.
        today: its date in the city.

    Raises:
        ContractError: unknown placeholder.
        ValueError: `now` has no time zone, or `table` is no plain name.
    """
    if now.tzinfo is None:
        raise ValueError("the moment of the check needs a time zone")
    if not _TABLE_NAME.fullmatch(table):
        raise ValueError(f"{table!r} is not a table name")
    values = {
        "now": f"TIMESTAMP '{now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'",
        "today": f"DATE '{today.isoformat()}'",
        "object": table,
    }

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise ContractError(f"placeholder {match[0]} is not supported")
        return values[match[1]]

    return _PLACEHOLDER.sub(value, predicate)


def check_columns(con: duckdb.DuckDBPyConnection, contract: Contract, table: str) -> None:
    """Raise `ValidationError` unless the staged table has the contract's columns with exactly its types.

    Great Expectations compares no precision: a DECIMAL(18,3) would pass for a DECIMAL(18,2)."""
    found: dict[str, str] = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
    expected = [(name, kind) for name, kind in contract.landing_schema() if name not in _HISTORY or name in found]
    expected += [("_row_id", "BIGINT"), ("_unreadable", "VARCHAR")]
    wrong = [
        f"{name} is {found.get(name, 'missing')} instead of {kind}"
        for name, kind in expected
        if found.get(name, "").upper() != kind.upper()
    ]
    if wrong:
        raise ValidationError(f"{table} does not have the types of the contract {contract.dataset}: {'; '.join(wrong)}")


def expectation(rule: Rule, contract: Contract, *, table: str, now: datetime, today: date) -> Expectation:
    """The Great Expectations expectation that stands for a rule.

    Raises:
        ContractError: no expectation stands for this kind of rule, or the rule lacks what its kind needs.
    """
    import great_expectations.expectations as gxe

    compiler = COMPILERS.get(rule.kind)
    if compiler is None:
        raise ContractError(f"rule {rule.id}: kind {rule.kind} is not supported")
    name, arguments = compiler(rule, contract, lambda sql: bind(sql, table=table, now=now, today=today))
    made: Expectation = getattr(gxe, name)(
        **arguments,
        meta={"rule": rule.id, "dimension": rule.dimension},
        description=f"{rule.name_zh} · {rule.name_en}",
        severity="critical" if rule.severity == "error" else "warning",
    )
    return made


_Bind = Callable[[str], str]
_Compiled = tuple[str, dict[str, Any]]


def _required(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    return "ExpectColumnValuesToNotBeNull", {"column": _column(rule)}


def _allowed(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    if not rule.allowed:
        raise ContractError(f"rule {rule.id} lists no values")
    return "ExpectColumnValuesToBeInSet", {"column": _column(rule), "value_set": list(rule.allowed)}


def _format(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    if not rule.pattern:
        raise ContractError(f"rule {rule.id} has no pattern")
    return "ExpectColumnValuesToMatchRegex", {"column": _column(rule), "regex": rule.pattern}


def _range(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    low, high = _limit(rule, contract, rule.minimum), _limit(rule, contract, rule.maximum)
    if low is None and high is None:
        raise ContractError(f"rule {rule.id} has no limit")
    return "ExpectColumnValuesToBeBetween", {"column": _column(rule), "min_value": low, "max_value": high}


def _unique(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    columns = ["_delivery_id", *(contract.column(name).landing_name for name in rule.columns)]
    return "ExpectCompoundColumnsToBeUnique", {"column_list": columns, "ignore_row_if": "any_value_is_missing"}


def _rows(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    # Great Expectations reads braces as its parameters, SQLAlchemy a colon before a word (but not `::` or `10:00`).
    sql = re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", bound(_predicate(rule)).replace("{", "{{").replace("}", "}}"))
    query = f"SELECT _row_id FROM {{batch}} WHERE {sql}"
    return "UnexpectedRowsExpectation", {"unexpected_rows_query": query}


def _row_count(rule: Rule, contract: Contract, bound: _Bind) -> _Compiled:
    return "ExpectTableRowCountToBeBetween", {"min_value": rule.minimum, "max_value": rule.maximum}


#: What each kind of rule compiles to; a kind that is missing here is refused.
COMPILERS: Mapping[str, Callable[[Rule, Contract, _Bind], _Compiled]] = {
    "required": _required,
    "readable": _rows,
    "allowed": _allowed,
    "range": _range,
    "format": _format,
    "unique": _unique,
    "row_predicate": _rows,
    "row_count": _row_count,
}
if set(COMPILERS) != set(get_args(RuleKind)):
    raise ImportError("the compiler does not know every kind of rule")


def _column(rule: Rule) -> str:
    if rule.column is None:
        raise ContractError(f"rule {rule.id} names no column")
    return rule.column


def _predicate(rule: Rule) -> str:
    if not rule.predicate:
        raise ContractError(f"rule {rule.id} has no predicate")
    return rule.predicate


def _limit(rule: Rule, contract: Contract, value: str | float | None) -> Any:
    if value is None:
        return None
    physical = dict(contract.landing_schema())[_column(rule)].upper()
    if physical == "TIMESTAMP":
        return datetime.fromisoformat(str(value))
    if physical == "DATE":
        return date.fromisoformat(str(value))
    return value


def validate(con: duckdb.DuckDBPyConnection, contract: Contract, table: str, *, now: datetime, today: date) -> Verdict:
    """Check every rule of a contract on a staged table, inside the caller's open transaction.

    The table has the contract's landing columns, `_row_id` (unique) and `_unreadable`. The failing rows are left in the
    temporary table `BAD_ROWS`, one row per rule and row; nothing is committed or rolled back.

    Args:
        table: `name` or `schema.name`.
        now: aware moment of the check.
        today: its date in the city.

    Raises:
        ContractError: the contract holds a rule that cannot be compiled.
        ValidationError: a column has another type than the contract says, or a rule could not be checked.
        ValidationMismatch: the rows found by a predicate are not as many as Great Expectations counted.
    """
    if not _TABLE_NAME.fullmatch(table):
        raise ValueError(f"{table!r} is not a table name")
    check_columns(con, contract, table)
    suite_result = _run_suite(con, contract, table, now=now, today=today)
    outcomes = {item["expectation_config"]["meta"]["rule"]: item for item in suite_result["results"]}
    rows = _scalar(con, f"SELECT COUNT(*) FROM {table}")
    results = tuple(_result(rule, outcomes.get(rule.id), rows) for rule in contract.rules)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {BAD_ROWS} (rule_id VARCHAR, _row_id BIGINT)")
    for result in results:
        if not result.passed and result.rule.kind != "row_count":
            _collect(con, result, bind(_predicate(result.rule), table=table, now=now, today=today), table)
    return Verdict(results=results, suite_result=value_free(suite_result))


def value_free(suite_result: dict[str, Any]) -> dict[str, Any]:
    """The validation result with counts only, and only with what is the same in every run over the same data."""
    meta = suite_result["meta"]
    return {
        "success": suite_result["success"],
        "suite_name": suite_result["suite_name"],
        "suite_parameters": {},
        "statistics": suite_result["statistics"],
        "meta": {key: meta[key] for key in ("great_expectations_version", "run_id")},
        "results": [
            {
                "success": item["success"],
                "expectation_config": {
                    **item["expectation_config"],
                    "kwargs": {k: v for k, v in item["expectation_config"]["kwargs"].items() if k != "batch_id"},
                },
                "result": {key: value for key, value in item["result"].items() if key in _COUNTS},
                "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
                "meta": {},
            }
            for item in suite_result["results"]
        ],
    }


def _run_suite(
    con: duckdb.DuckDBPyConnection, contract: Contract, table: str, *, now: datetime, today: date
) -> dict[str, Any]:
    import great_expectations as gx

    from pipelines.contracts import gx_duckdb

    expectations = [expectation(rule, contract, table=table, now=now, today=today) for rule in contract.rules]
    suite = gx.ExpectationSuite(name=contract.dataset, expectations=expectations)
    with gx_duckdb.batch(con, table) as batch:
        outcome = batch.validate(suite, result_format=_RESULT_FORMAT)
    result: dict[str, Any] = outcome.to_json_dict()  # type: ignore[no-untyped-call]
    run_time = now.astimezone(UTC).isoformat()
    result["meta"]["run_id"] = {"run_name": contract.dataset, "run_time": run_time}
    return result


def _result(rule: Rule, outcome: Mapping[str, Any] | None, rows: int) -> RuleResult:
    if outcome is None:
        raise ValidationError(f"rule {rule.id} was not checked")
    # Great Expectations reports an exception as an ordinary failure; only this field tells them apart.
    exceptions = outcome.get("exception_info") or {}
    if exceptions.get("raised_exception") is not False:
        raise ValidationError(f"rule {rule.id} could not be checked ({_exception_name(exceptions)})")
    passed, found = bool(outcome["success"]), outcome["result"]
    if rule.kind == "row_count":
        return RuleResult(rule, checked=rows, failed=0 if passed else 1, passed=passed)
    count = found["unexpected_count"] if "unexpected_count" in found else found["observed_value"]
    # Summed over no rows the count is NULL; over any rows it is a number.
    failed = 0 if count is None and rows == 0 else int(count)
    if passed is not (failed == 0):
        raise ValidationError(
            f"rule {rule.id}: {failed} failing rows, but it counts as {'passed' if passed else 'failed'}"
        )
    return RuleResult(rule, checked=rows, failed=failed, passed=passed)


def _exception_name(exceptions: Mapping[str, Any]) -> str:
    """Class name of DuckDB's exception, if there is one; the texts may quote values, so nothing else is taken."""
    import duckdb

    names = [name for name in _EXCEPTION_NAME.findall(str(exceptions)) if hasattr(duckdb, name)]
    return names[-1] if names else "error inside Great Expectations"


def _collect(con: duckdb.DuckDBPyConnection, result: RuleResult, predicate: str, table: str) -> None:
    import duckdb

    rule = result.rule
    try:
        con.execute(f"INSERT INTO {BAD_ROWS} SELECT ?, _row_id FROM {table} WHERE {predicate}", [rule.id])
        found = _scalar(con, f"SELECT COUNT(*) FROM {BAD_ROWS} WHERE rule_id = ?", [rule.id])
    except duckdb.Error as error:
        # DuckDB's conversion errors quote the value.
        raise ValidationError(f"rule {rule.id}: its rows could not be collected ({type(error).__name__})") from None
    if found != result.failed:
        raise ValidationMismatch(f"rule {rule.id}: {found} rows by its predicate, {result.failed} by its expectation")


def _scalar(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> int:
    row = con.execute(sql, parameters or []).fetchone()
    return int(row[0]) if row else 0
