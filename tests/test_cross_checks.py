"""Codes that no dataset knows, and data that has grown old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from landing import empty_warehouse, insert

from pipelines.contracts.cross_checks import cross_checks, run_cross_checks
from pipelines.contracts.model import load_contracts
from pipelines.ingest.ledger import create_landing

CONTRACTS = load_contracts()


def outcome(updated_at: str, now: datetime, *area_codes: str | None) -> dict[str, tuple[int, int]]:
    """(rows checked, rows failed) by rule, for tickets of these areas; the area 001 is known."""
    con = empty_warehouse()
    create_landing(con, CONTRACTS.values())
    insert(con, "areas", [{"area_code": "001", "valid_from": "2020-01-01", "area_name": "一", "level": "community"}])
    insert(con, "tickets", [
        {"ticket_id": str(i), "status": "open", "accepted_at": updated_at, "updated_at": updated_at, "area_code": code}
        for i, code in enumerate(area_codes)
    ])  # fmt: skip
    results = run_cross_checks(con, CONTRACTS, now=now)
    con.close()
    return {f"{r.check.dataset}.{r.check.rule_id}": (r.checked, r.failed) for r in results}


def test_codes_that_areas_does_not_know_are_counted_and_empty_ones_are_not() -> None:
    found = outcome("2026-03-01 00:00:00", datetime(2026, 3, 1, 1, tzinfo=UTC), "001", "001", "999", None)
    assert found["tickets.area_code.known"] == (3, 1)


def test_a_dataset_that_the_city_does_not_deliver_makes_no_code_unknown() -> None:
    found = outcome("2026-03-01 00:00:00", datetime(2026, 3, 1, 1, tzinfo=UTC), "001")
    assert found["members.org_id.known"] == (0, 0)


@pytest.mark.parametrize(("hour", "failed"), [(23, 0), (30, 1)])
def test_tickets_are_old_when_the_latest_update_is_more_than_48_hours_ago(hour: int, failed: int) -> None:
    # updated in Shanghai on 1 March at 00:00; 2 March 23:00 is 47 hours later, 3 March 06:00 is 54
    now = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(hours=hour)
    found = outcome("2026-03-01 00:00:00", now, "001")
    assert found["tickets.updated_at.fresh"] == (1, failed)


def test_every_relationship_and_freshness_of_the_contracts_has_its_check() -> None:
    names = [check.check_name for check in cross_checks(CONTRACTS)]
    links = sum(column.references is not None for contract in CONTRACTS.values() for column in contract.columns)
    fresh = sum(contract.freshness is not None for contract in CONTRACTS.values())
    assert (
        len(names) == len(set(names)) == links + fresh + 3
    )  # and successors of areas, overspent lines, late movements


def test_a_line_is_overspent_when_more_is_paid_and_not_refunded_than_it_has() -> None:
    con = empty_warehouse()
    create_landing(con, CONTRACTS.values())
    insert(con, "budget_lines", [
        {"line_id": line, "fiscal_year": 2026, "fund": "operating", "opening_amount": 100, "adjustment_amount": more}
        for line, more in (("exact", None), ("adjusted", 20), ("refunded", None), ("over", None), ("unused", None))
    ])  # fmt: skip
    paid = [("exact", "payment", 100), ("adjusted", "payment", 120), ("refunded", "payment", 130), ("refunded", "refund", 30),
            ("over", "payment", 100.01), ("unused", "commitment", 500)]  # fmt: skip
    insert(con, "payments", [
        {"payment_id": str(n), "line_id": line, "occurred_on": "2026-03-01", "kind": kind, "amount": amount}
        for n, (line, kind, amount) in enumerate(paid)
    ])  # fmt: skip
    results = run_cross_checks(con, CONTRACTS, now=datetime(2026, 3, 1, tzinfo=UTC))
    con.close()
    found = {r.check.rule_id: (r.checked, r.failed) for r in results}
    assert found["line_id.not_overspent"] == (5, 1)


@pytest.mark.parametrize(("month", "late"), [(1, 2), (4, 1)])
def test_money_that_moves_after_the_fiscal_year_of_its_line_is_counted(month: int, late: int) -> None:
    con = empty_warehouse()
    create_landing(con, CONTRACTS.values())
    insert(con, "budget_lines", [{"line_id": "l", "fiscal_year": 2025, "fund": "operating", "opening_amount": 100}])
    # the year 2025 ends on 31 December 2025, or on 31 March 2026 where it starts in April
    insert(con, "payments", [
        {"payment_id": str(n), "line_id": line, "occurred_on": day, "kind": "payment", "amount": 1}
        for n, (line, day) in enumerate([
            ("l", "2024-12-30"), ("l", "2025-12-31"), ("l", "2026-01-01"), ("l", "2026-04-01"), ("unknown", "2026-05-01"),
        ])
    ])  # fmt: skip
    results = run_cross_checks(con, CONTRACTS, now=datetime(2026, 6, 1, tzinfo=UTC), fiscal_year_start=month)
    con.close()
    found = {r.check.rule_id: (r.checked, r.failed) for r in results}
    assert found["occurred_on.in_fiscal_year"] == (4, late)
