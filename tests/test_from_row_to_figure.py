"""One raw row of a published city is sent anew with other words: its figures move, and say why."""

from __future__ import annotations

from datetime import timedelta

import duckdb
from conftest import run_cli
from small_city import ARRIVED, SmallCity


def figure(city: SmallCity, area_code: str) -> tuple[float, float, float]:
    """Tickets of March that are resolved, all of them, and the rate, in the current edition."""
    con = duckdb.connect(str((city.open().published / "current").resolve()), read_only=True)
    try:
        (row,) = con.execute(
            "SELECT numerator, denominator, value FROM marts.indicator_values WHERE indicator_id = 'T02' AND grain = 'month'"
            " AND period_start = '2026-03-01' AND area_code = ? AND dimension = 'all'",
            [area_code],
        ).fetchall()
        return row
    finally:
        con.close()


def test_changing_one_raw_row_moves_the_figure_and_leaves_a_line_of_restatement(published_city: SmallCity) -> None:
    city = published_city
    assert (figure(city, "C"), figure(city, "A1"), figure(city, "A2")) == ((16, 16, 1), (4, 4, 1), (12, 12, 1))
    sent = (city.folder / "extracts" / "tickets" / "tickets.csv").read_text(encoding="utf-8")
    row = next(line for line in sent.splitlines() if line.startswith("T03,"))
    assert row.split(",")[3] == "A2"
    reopened = row.replace("2026-03-06 10:00,已办结", ",在办").replace("2026-04-01 10:00", "2026-04-02 10:00")
    assert reopened != row
    city.drop("tickets", "tickets.csv", sent.replace(row, reopened), arrived=ARRIVED + timedelta(hours=1))
    result = run_cli("refresh", "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    assert (figure(city, "C"), figure(city, "A1")) == ((15, 16, 0.9375), (4, 4, 1))
    assert figure(city, "A2") == (11, 12, 11 / 12)
    con = duckdb.connect(str((city.open().published / "current").resolve()), read_only=True)
    try:
        restated = con.execute(
            "SELECT area_code, was_numerator, is_numerator FROM marts.restatements WHERE indicator_id = 'T02'"
            " AND grain = 'month' AND dimension = 'all' AND kind = 'restatement' ORDER BY area_level, area_code"
        ).fetchall()
    finally:
        con.close()
    assert {(area, was, now) for area, was, now in restated} >= {("C", 16, 15), ("A2", 12, 11)}
    assert "A1" not in {area for area, _, _ in restated}
