"""Indicators of tickets that look across rows, exclusions, and what pending tickets can still change: worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from landing import build, empty_warehouse, insert
from test_indicators import AREAS, at, figure, parts, ticket, value

AS_OF = "2026-05-20 12:00"


def done(name: str, code: str | None, accepted: str, **more: Any) -> dict[str, Any]:
    """A ticket about noise that was resolved and closed the day it came."""
    times = dict.fromkeys(("resolved_at", "closed_at"), accepted[:10] + " 18:00")
    return ticket(name, "hotline", "noise", code, accepted, **{"status": "closed", **times, **more})


TICKETS = [
    # p1: 90 days to the hour after b1, a minute more after b2
    done("b1", "K1", at("01-05"), reporter_id="p1"),
    done("b2", "K1", at("04-05"), reporter_id="p1"),
    done("b3", "K1", "2026-07-04 09:01", reporter_id="p1"),
    # p2: another category, another community, nobody's community, no category, without a name
    done("c1", "K1", at("03-01"), reporter_id="p2"),
    done("c2", "K1", at("03-02"), reporter_id="p2") | {"category_1": "road"},
    done("c3", "K3", at("03-03"), reporter_id="p2"),
    done("c4", "K9", at("03-04"), reporter_id="p2"),
    done("c5", "K9", at("03-05"), reporter_id="p2"),
    done("c6", "K1", at("03-06"), reporter_id="p2") | {"category_1": None},
    done("c7", "K1", at("03-07"), reporter_id="p2") | {"category_1": None},
    done("c8", "K1", at("03-08")),
    # the grid lies in the community: a repeat of c1
    done("c9", "G1", at("03-09"), reporter_id="p2"),
    # p3: the excluded one counts neither as a repeat nor as the earlier ticket
    done("d1", "K3", at("03-10"), reporter_id="p3", exclusion_code="duplicate"),
    done("d2", "K3", at("03-11"), reporter_id="p3"),
    done("d3", "K3", at("03-12"), reporter_id="p3", exclusion_code="out_of_jurisdiction"),
    done("d4", "K3", at("03-13"), department_count=2, status="cancelled"),
    done("d5", "K3", at("03-14"), department_count=3),
    done("d6", "K3", at("03-15"), department_count=1),
]
# noon on 6 July
CUT = "2026-07-06 12:00"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "tickets", TICKETS)
    build(con, {"tickets": CUT, "areas": CUT})
    yield con
    con.close()


def test_t10_counts_the_same_reporter_community_and_category_within_ninety_days(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert parts(con, "T10", "month", "2026-01-01") == (0, 1, 0)
    assert parts(con, "T10", "month", "2026-04-01") == (1, 1, 0)
    assert parts(con, "T10", "month", "2026-07-01") == (0, 1, 0)
    # March: c9 of c1–c7, c9 and d2; c8 and d4–d6 have no reporter; d1 and d3 are excluded
    assert parts(con, "T10", "month", "2026-03-01") == (1, 9, 2)
    assert parts(con, "T10", "month", "2026-03-01", "K1") == (1, 5, 0)
    assert parts(con, "T10", "month", "2026-03-01", member="noise") == (1, 6, 2)


def test_who_reported_is_in_no_table_behind_landing(con: duckdb.DuckDBPyConnection) -> None:
    columns = con.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE schema_name IN ('core', 'cube', 'marts')"
    ).fetchall()
    assert [row for row in columns if "reporter" in row[2]] == []


def test_t16_sets_tickets_against_the_residents_at_the_end_of_the_period(con: duckdb.DuckDBPyConnection) -> None:
    # March: c1–c9, d2, d5, d6 = 12 of 20,000; K2 and K3 in D2 with 10,000: c3 d2 d5 d6
    assert parts(con, "T16", "month", "2026-03-01") == (12, 20_000, 3)
    assert value(con, "T16", "month", "2026-03-01") == pytest.approx(6)
    assert parts(con, "T16", "month", "2026-03-01", "D2") == (4, 10_000, 3)
    # January: K4 with 2,000 is in force, K2 lies in D1
    assert parts(con, "T16", "month", "2026-01-01") == (1, 22_000, 0)
    assert parts(con, "T16", "month", "2026-01-01", "D1") == (1, 15_000, 0)
    # nobody there called: none per 10,000; a grid counts its own residents; nobody lives nowhere
    assert parts(con, "T16", "month", "2026-01-01", "D2") == (0, 7_000, 0)
    assert value(con, "T16", "month", "2026-01-01", "D2") == 0
    assert parts(con, "T16", "month", "2026-03-01", "G1") == (1, 300, 0)
    nowhere = figure(con, "T16", "month", "2026-03-01", "unlocated", level="district")
    assert nowhere is not None and (nowhere.numerator, nowhere.value, nowhere.status) == (2, None, "no_cases")
    assert parts(con, "T16", "month", "2026-03-01", member="road") == (1, 20_000, 0)


def test_t17_is_the_share_with_two_departments_or_more(con: duckdb.DuckDBPyConnection) -> None:
    # d5 of 12; d4 is cancelled
    assert parts(con, "T17", "month", "2026-03-01") == (1, 12, 3)


def test_t18_is_the_share_returned_before_exclusions(con: duckdb.DuckDBPyConnection) -> None:
    # d3 of 12 + 3
    assert parts(con, "T18", "month", "2026-03-01") == (1, 15, 0)


def test_a_source_that_never_tells_departments_or_exclusions_has_no_such_share() -> None:
    con = empty_warehouse()
    insert(con, "tickets", [done("x", None, at("03-01"))])
    build(con, {"tickets": AS_OF})
    rows = con.execute(
        "SELECT DISTINCT status FROM marts.indicator_values WHERE indicator_id IN ('T17', 'T18')"
    ).fetchall()
    assert rows == [("no_cases",)]


def test_exclusions_are_counted_by_reason_and_add_up_to_those_of_t01(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT exclusion_code, tickets FROM marts.ticket_exclusions WHERE grain = ? AND period_start = ? AND area_code = ?"
    assert sorted(con.execute(query, ["month", "2026-03-01", "K3"]).fetchall()) == [
        ("cancelled", 1),
        ("duplicate", 1),
        ("out_of_jurisdiction", 1),
    ]
    broken = con.execute(
        """
        SELECT v.*, e.tickets
        FROM marts.indicator_values AS v
        FULL JOIN (SELECT grain, period_start, area_level, area_code, sum(tickets) AS tickets
            FROM marts.ticket_exclusions GROUP BY ALL) AS e USING (grain, period_start, area_level, area_code)
        WHERE v.indicator_id = 'T01' AND v.dimension = 'all' AND v.grain <> 'day'
            AND coalesce(v.excluded, 0) <> coalesce(e.tickets, 0)
        """
    ).fetchall()
    assert broken == []


def test_the_rates_before_exclusions_are_kept_beside_the_published_ones() -> None:
    con = empty_warehouse()
    rows = [done(f"e{i}", None, at("03-02"), due_at=at("03-04")) for i in range(6)]
    rows += [ticket(f"f{i}", "app", "x", None, at("03-02"), at("03-04")) for i in range(2)]
    rows += [done("g1", None, at("03-02"), due_at=at("03-04"), exclusion_code="invalid")]
    rows += [ticket("g2", "app", "x", None, at("03-02"), at("03-31"), exclusion_code="invalid")]
    # one of them excluded and open, due after the others
    insert(con, "tickets", rows)
    build(con, {"tickets": AS_OF})
    assert value(con, "T02", "month", "2026-03-01") == 0.75
    found = con.execute(
        "SELECT indicator_id, numerator, denominator, value FROM marts.rates_before_exclusions WHERE grain = 'month' ORDER BY 1"
    ).fetchall()
    assert found == [("T02", 7, 10, 0.7), ("T03", 7, 10, 0.7)]


def test_t08_and_t09_look_at_what_happened_after_the_handler_was_done() -> None:
    con = empty_warehouse()
    answered = {"callback_at": at("03-10"), "callback_resolved": "no"}
    insert(
        con,
        "tickets",
        [
            # reopened because of the callback: the claim was made all the same
            done("a", None, at("03-01"), **answered, reopened_at=at("03-11")),
            done("b", None, at("03-01"), **(answered | {"callback_resolved": "partly"})),
            done("c", None, at("03-01"), **(answered | {"callback_resolved": "yes"})),
            done("d", None, at("03-01"), **(answered | {"callback_resolved": "no_answer"})),
            # called back before anyone had called it resolved
            done("e", None, at("03-01"), **answered, resolved_at=at("03-12"), closed_at=at("03-12")),
            done("f", None, at("03-01"), **answered, exclusion_code="invalid"),
            # reopened 30 days to the minute after it was first closed, and a minute later
            done("g", None, at("03-01"), reopened_at="2026-03-31 18:00"),
            done("h", None, at("03-01"), reopened_at="2026-03-31 18:01"),
        ],
    )
    build(con, {"tickets": AS_OF})
    assert parts(con, "T08", "month", "2026-03-01") == (2, 3, 1)
    # 31 March: a and g of a b c d g h; 11 April: e
    assert parts(con, "T09", "month", "2026-03-01") == (2, 6, 1)
    assert parts(con, "T09", "month", "2026-04-01") == (0, 1, 0)


def test_a_claim_gap_stays_provisional_for_thirty_days() -> None:
    rows = [done("a", None, at("03-01"), callback_at=at("03-10"), callback_resolved="no")]
    for as_of, status in (("2026-04-29 12:00", "provisional"), ("2026-04-30 12:00", None)):
        con = empty_warehouse()
        insert(con, "tickets", rows)
        build(con, {"tickets": as_of})
        found = figure(con, "T08", "month", "2026-03-01")
        assert found is not None and found.status == status


def test_a_period_is_final_when_every_ticket_has_passed_its_deadline_or_is_done() -> None:
    con = empty_warehouse()
    insert(
        con,
        "tickets",
        [
            # first data early enough for every figure of 2026 to be final
            done("early", None, "2025-11-10 09:00"),
            # January: closed before its deadline, which lies behind the data cut; February: open, due tomorrow;
            # March: open without a deadline, 30 days old; 21 April: 29 days old
            done("a", None, at("01-10"), due_at=at("06-30")),
            ticket("b", "app", "x", None, at("02-10"), "2026-05-21 09:00"),
            ticket("c", "app", "x", None, at("03-10")),
            ticket("d", "app", "x", None, "2026-04-21 12:01"),
        ],
    )
    build(con, {"tickets": AS_OF})
    for indicator in ("T01", "T02", "T15"):
        statuses = [figure(con, indicator, "month", f"2026-0{month}-01") for month in (1, 2, 3, 4)]
        provisional = [found.status == "provisional" for found in statuses if found is not None]
        assert provisional == [False, True, False, True], indicator


def test_a_steady_stream_reads_too_well_in_the_naive_rates_and_true_in_ours() -> None:
    """Ten tickets an hour for 30 days, due after 7; of a thousand 733 take 76 hours and 267 take 316.

    At the cut the first have been closed for 720 − 76 = 644 of 720 hours, the others for 404: closed
    0.733 · 644 + 0.267 · 404 = 579.9 of 720 hours' worth, 80.5 %, and of these 472.1 in time, 81.4 %.
    """
    con = empty_warehouse()
    con.execute(
        """
        INSERT INTO landing.tickets BY NAME
        WITH stream AS (
            SELECT
                i,
                TIMESTAMP '2026-03-31 16:00' + i * INTERVAL 6 MINUTE AS accepted_at,
                CASE WHEN i * 733 % 1000 < 733 THEN INTERVAL 76 HOUR ELSE INTERVAL 316 HOUR END AS takes
            FROM range(7200) AS numbers(i)
        )
        SELECT
            'r' || i AS ticket_id, 'app' AS channel, 'open' AS status,
            accepted_at, CAST(accepted_at + INTERVAL 8 HOUR AS DATE) AS accepted_on,
            accepted_at + INTERVAL 7 DAY AS due_at, CAST(accepted_at + INTERVAL 176 HOUR AS DATE) AS due_on,
            accepted_at + takes AS resolved_at, CAST(accepted_at + takes + INTERVAL 8 HOUR AS DATE) AS resolved_on
        FROM stream
        """
    )
    build(con, {"tickets": "2026-04-30 23:59:59"})
    month = ("month", "2026-04-01")
    closed_of_received = figure(con, "T02", *month)
    assert closed_of_received is not None
    assert closed_of_received.value == pytest.approx(0.805, abs=5e-4)
    assert closed_of_received.status == "provisional"
    ((on_time_of_closed,),) = con.execute(
        "SELECT avg(CAST(is_on_time AS DOUBLE)) FROM core.tickets WHERE is_resolved"
    ).fetchall()
    assert on_time_of_closed == pytest.approx(0.814, abs=5e-4)
    assert value(con, "T03", *month) == pytest.approx(0.733, abs=5e-4)
    # the last 7 days hold 1,680 tickets, of which 0.733 · 92 hours are done: 1,005.6 pending
    ((pending, worst, best),) = con.execute(
        "SELECT pending, worst, best FROM marts.indicator_bounds "
        "WHERE indicator_id = 'T02' AND grain = 'month' AND dimension = 'all'"
    ).fetchall()
    assert pending == pytest.approx(1_005.6, abs=1.5)
    assert worst == closed_of_received.value
    assert best == pytest.approx(0.805 + 1_005.6 / 7200, abs=1e-3)
