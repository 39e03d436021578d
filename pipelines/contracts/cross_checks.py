"""Rules that no single delivery can show: codes that another dataset should know, and data that has grown old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from pipelines.contracts.model import Contract


@dataclass(frozen=True)
class CrossCheck:
    """One rule; `sql` gives (rows checked, rows failed), with `$now` as the moment of the check (UTC) and `$fiscal_year_start`
    as the month in which a fiscal year starts."""

    dataset: str
    rule_id: str
    column: str
    name_en: str
    name_zh: str
    dimension: str
    sql: str

    @property
    def check_name(self) -> str:
        """Name as an asset check."""
        return f"{self.dataset}__{self.rule_id.replace('.', '__')}"


@dataclass(frozen=True)
class CrossResult:
    """Outcome of a rule over the rows in landing."""

    check: CrossCheck
    checked: int
    failed: int


def cross_checks(contracts: Mapping[str, Contract]) -> Iterator[CrossCheck]:
    """Every relationship and every promise of freshness of the contracts, lines that are overspent and money that moved after
    its line's fiscal year. All are warnings: an unknown code counts as unlocated, and old data is shown with its age."""
    for contract in contracts.values():
        current = " AND _valid_to IS NULL" if contract.keeps_history else ""
        for column in contract.landed_columns:
            if column.references is None or column.references[0] not in contracts:
                continue
            target, key = column.references
            name = column.landing_name
            yield CrossCheck(
                contract.dataset, f"{name}.known", name, f"{name} is known in {target}", f"{column.label_zh}应在 {target} 中存在", "consistency",
                f"SELECT count(*), count(*) FILTER (WHERE {name} NOT IN (SELECT {key} FROM landing.{target}))"
                f" FROM landing.{contract.dataset} WHERE {name} IS NOT NULL{current} AND EXISTS (SELECT 1 FROM landing.{target})",
            )  # fmt: skip
        if contract.freshness is not None:
            name, hours = contract.freshness
            yield CrossCheck(
                contract.dataset, f"{name}.fresh", name, f"the latest {name} is at most {hours:g} hours old",
                f"最新的{contract.column(name).label_zh}距今不超过 {hours:g} 小时", "timeliness",
                f"SELECT count({name}), CASE WHEN date_diff('minute', max({name}), $now) > {hours * 60:g} THEN 1 ELSE 0 END"
                f" FROM landing.{contract.dataset}",
            )  # fmt: skip
    if "areas" in contracts:
        yield _successors()
    if {"budget_lines", "payments"} <= set(contracts):
        yield _overspent()
        yield _late()


def _successors() -> CrossCheck:
    """A successor that is unknown, or ended no later than its predecessor: areas that name each other in a circle do."""
    return CrossCheck(
        "areas", "successor_code.in_force", "successor_code", "successors are known, outlive the area and do not go in a circle",
        "继任区划存在，晚于原区划终止，且不互相循环", "consistency",
        "SELECT count(*), count(*) FILTER (WHERE NOT found) FROM (SELECT bool_and(EXISTS (SELECT 1 FROM landing.areas AS s"
        " WHERE s.area_code = n.code AND (s.valid_to IS NULL OR s.valid_to > n.valid_to))) AS found FROM"
        " (SELECT area_code, valid_from, valid_to, unnest(regexp_split_to_array(successor_code, '[ ,;、，；]+')) AS code FROM landing.areas"
        " WHERE valid_to IS NOT NULL AND successor_code IS NOT NULL) AS n GROUP BY n.area_code, n.valid_from)",
    )  # fmt: skip


def _overspent() -> CrossCheck:
    """More paid than appropriated: the one rule over two datasets that is no reference, so no contract can hold it."""
    spent = "sum(CASE p.kind WHEN 'payment' THEN p.amount WHEN 'refund' THEN -p.amount ELSE 0 END)"
    budget = " + ".join(f"coalesce(b.{part}_amount, 0)" for part in ("opening", "adjustment", "carried_in"))
    return CrossCheck(
        "budget_lines", "line_id.not_overspent", "line_id", "no more is paid than the budget line has",
        "支付额不超过该预算的金额", "consistency",
        "SELECT count(*), count(*) FILTER (WHERE spent > budget) FROM"
        f" (SELECT b.line_id, {budget} AS budget, {spent} AS spent FROM landing.budget_lines AS b"
        " JOIN landing.payments AS p ON p.line_id = b.line_id GROUP BY ALL)",
    )  # fmt: skip


def _late() -> CrossCheck:
    """Movements after the fiscal year of their line has ended: figures count them in the year of their date."""
    return CrossCheck(
        "payments", "occurred_on.in_fiscal_year", "occurred_on", "money moves by the end of its line's fiscal year",
        "收支不晚于其预算所属财年末", "consistency",
        "SELECT count(*), count(*) FILTER (WHERE p.occurred_on >= make_date(b.fiscal_year + 1, $fiscal_year_start, 1))"
        " FROM landing.payments AS p JOIN landing.budget_lines AS b ON b.line_id = p.line_id",
    )  # fmt: skip


def run_cross_checks(
    con: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract], *, now: datetime, fiscal_year_start: int = 1
) -> list[CrossResult]:
    """Run every rule over landing and write its outcome to `landing.contract_results`, at the latest delivery of its dataset.

    Args:
        now: aware moment of the check.
        fiscal_year_start: month in which a fiscal year starts; the year is named by the calendar year of that month.
    """
    moment = now.astimezone(UTC).replace(tzinfo=None)
    checks = list(cross_checks(contracts))
    for check in checks:
        con.execute(
            "DELETE FROM landing.contract_results WHERE dataset = ? AND rule_id = ?", [check.dataset, check.rule_id]
        )
    results = []
    for check in checks:
        given = {"now": moment, "fiscal_year_start": fiscal_year_start}
        parameters = {name: value for name, value in given.items() if f"${name}" in check.sql}
        checked, failed = con.execute(check.sql, parameters).fetchall()[0]
        con.execute(
            "INSERT INTO landing.contract_results SELECT delivery_id, dataset, ?, ?, ?, ?, ?, 'warning', ?, ?, ?, ?"
            " FROM landing.deliveries WHERE dataset = ? AND outcome = 'loaded'"
            " ORDER BY as_of DESC, loaded_at DESC, delivery_id LIMIT 1",
            [
                check.rule_id, check.name_en, check.name_zh, check.column, check.dimension, checked, failed, failed == 0, moment,
                check.dataset,
            ],
        )  # fmt: skip
        results.append(CrossResult(check, int(checked), int(failed)))
    return results
