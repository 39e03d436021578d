"""A warehouse for tests of scores and lists: figures, areas, appraisals and tickets written by hand, no cube in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import yaml
from landing import ROOT

from pipelines.catalogue import Standards, load_catalogue, merge, write_reference
from pipelines.rectification import LINE, MEMORY
from pipelines.score_model import check_score
from pipelines.tables import read_tables, run_table

CATALOGUE = load_catalogue(ROOT / "data_contracts/indicators.yaml")
STANDARDS_FILE = ROOT / "data_contracts/standards.yaml"
SHIPPED = yaml.safe_load(STANDARDS_FILE.read_text(encoding="utf-8"))
TABLES = [
    table
    for table in read_tables()
    if table.schema == "lists"
    or table.name in {"core.periods", "marts.indicator_scores", "marts.vetoes", "marts.scores", "marts.rectification"}
    or table.name in {"marts.score_robustness", "marts.watch_list"}
]
#: A sheet that can be worked out in the head: tickets 60, money 40.
SHEET = {"tickets": {"T03": 30, "T04": 20, "T02": 10}, "money": {"F06": 40}}
_VALUES = (
    "indicator_id VARCHAR, grain VARCHAR, period_start DATE, area_level VARCHAR, area_code VARCHAR, dimension VARCHAR, "
    "numerator DOUBLE, denominator DOUBLE, value DOUBLE, lower DOUBLE, upper DOUBLE, status VARCHAR, "
    "PRIMARY KEY (indicator_id, grain, period_start, area_level, area_code)"
)


def standards(over: Mapping[str, Any] | None = None, sheet: Mapping[str, Any] = SHEET) -> Standards:
    """The standards with `sheet` for every community, street and district, and `over` laid over them."""
    sheets = {name: sheet for name in ("community", "street", "district")}
    text = SHIPPED | {"score": SHIPPED["score"] | {"sheets": sheets}}
    found = Standards.model_validate(merge(text, over or {}))
    assert found.score is not None
    directions = {entry.id: entry.direction for entry in CATALOGUE.indicators}
    check_score(found.score, found.targets, found.floors, directions)
    return found


class Town:
    """A district D with the street S and communities; figures are for communities and months unless said otherwise."""

    def __init__(self, communities: Iterable[str] = ("K1",), kind: str = "urban", **over: Any) -> None:
        self.standards = standards(**over) if over else standards()
        self.con = duckdb.connect(config={"threads": 2})
        self.con.execute("CREATE SCHEMA core")
        self.con.execute("CREATE SCHEMA marts")
        self.con.execute(
            "CREATE TABLE core.areas (area_code VARCHAR, level VARCHAR, parent_code VARCHAR, area_kind VARCHAR, "
            "valid_from DATE, valid_to DATE)"
        )
        self.con.execute(
            "CREATE TABLE core.area_paths (area_code VARCHAR, valid_from DATE, valid_to DATE, district_code VARCHAR, "
            "street_code VARCHAR, community_code VARCHAR)"
        )
        self.con.execute(
            "CREATE TABLE core.appraisals (org_id VARCHAR, org_area_code VARCHAR, org_level VARCHAR, period VARCHAR, method VARCHAR, "
            "item VARCHAR, ended_on DATE, is_veto BOOLEAN)"
        )
        self.con.execute("CREATE TABLE core.tickets (ticket_id VARCHAR, due_on DATE)")
        self.con.execute(
            "CREATE TABLE core.ticket_stretches (ticket_id VARCHAR, area_code VARCHAR, start_on DATE, end_on DATE)"
        )
        self.con.execute(f"CREATE TABLE marts.indicator_values ({_VALUES})")
        self.area("D", "district")
        self.area("S", "street", "D")
        for code in communities:
            self.area(code, "community", "S", kind)

    def area(
        self, code: str, level: str, parent: str | None = None, kind: str | None = None, until: str | None = None
    ) -> None:
        """Put an area in force since 2020, until the day `until`."""
        self.con.execute(
            "INSERT INTO core.areas VALUES (?, ?, ?, ?, '2020-01-01', ?)", [code, level, parent, kind, until]
        )
        path = {"district": (code, None, None), "street": (parent, code, None), "community": ("D", parent, code)}[level]
        self.con.execute("INSERT INTO core.area_paths VALUES (?, '1000-01-01', '9999-12-31', ?, ?, ?)", [code, *path])

    def figure(
        self,
        indicator_id: str,
        period: str,
        value: float | None,
        *,
        area: str = "K1",
        level: str = "community",
        lower: float | None = None,
        upper: float | None = None,
        status: str | None = None,
        grain: str = "month",
        cases: tuple[float, float] = (0, 0),
    ) -> None:
        """Write a figure, in the place of the one that was there; `period` is 2026-03 or a day."""
        day = period if len(period) == 10 else f"{period}-01"
        key = [indicator_id, grain, day, level, area]
        numbers = [*cases, value, lower, upper] if any(cases) else [None, None, value, lower, upper]
        self.con.execute(
            "INSERT OR REPLACE INTO marts.indicator_values VALUES (?, ?, ?, ?, ?, 'all', ?, ?, ?, ?, ?, ?)",
            [*key, *numbers, status],
        )

    def good(self, *periods: str, area: str = "K1", level: str = "community", status: str | None = None) -> None:
        """Every indicator of the sheet at its target."""
        for period in periods:
            for indicator_id, value in (("T02", 0.97), ("T03", 0.9), ("T04", 0.95), ("F06", -5.0)):
                self.figure(indicator_id, period, value, area=area, level=level, upper=None, status=status)

    def veto(
        self,
        ended_on: str,
        *,
        item: str | None = None,
        level: str = "community_committee",
        method: str = "final",
        period: str | None = None,
    ) -> None:
        """An appraisal of the committee of K1, of a period of its own if none is given: with the veto `item`, else without."""
        row = ["O1", "K1", level, period or ended_on, method, item or "score", ended_on, item is not None]
        self.con.execute("INSERT INTO core.appraisals VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def ticket(self, ticket_id: str, due_on: str, *, resolved_on: str = "9999-12-31", area: str = "K1") -> None:
        """A ticket that is open from 2025 until `resolved_on`."""
        self.con.execute("INSERT INTO core.tickets VALUES (?, ?)", [ticket_id, due_on])
        self.con.execute(
            "INSERT INTO core.ticket_stretches VALUES (?, ?, '2025-01-01', ?)", [ticket_id, area, resolved_on]
        )

    def close(self, ticket_id: str, on: str) -> None:
        """Resolve a ticket."""
        self.con.execute("UPDATE core.ticket_stretches SET end_on = ? WHERE ticket_id = ?", [on, ticket_id])

    def edition(self, as_of: str, fiscal_year_start: int = 1) -> None:
        """Compute everything at the end of the day `as_of`, with the list of the edition before as memory."""
        self.keep()
        end = datetime.fromisoformat(f"{as_of}T23:59:59").replace(tzinfo=UTC)
        write_reference(
            self.con, CATALOGUE, self.standards, area_code="C", name_zh="城", name_en="City", time_zone="UTC", currency="CNY",
            fiscal_year_start=fiscal_year_start, language="zh", people_minimum=10,
            as_of=[(dataset, end) for dataset in ("tickets", "appraisals", "payments")],
        )  # fmt: skip
        for table in TABLES:
            run_table(self.con, table)

    def keep(self) -> None:
        """Make the list the memory, as an edition would."""
        if self.con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'rectification'").fetchall():
            columns = ", ".join(LINE)
            self.con.execute(f"CREATE OR REPLACE TABLE {MEMORY} AS SELECT {columns} FROM marts.rectification")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self.con.execute(sql).fetchall()

    def states(self, rule: str, level: str = "community") -> list[tuple[str, str]]:
        """(line, state) of a rule, in the order of the lines."""
        return [
            (str(line), str(state))
            for line, state in self.con.execute(
                "SELECT line_id, state FROM marts.rectification WHERE rule = ? AND area_level = ? ORDER BY 1",
                [rule, level],
            ).fetchall()
        ]


def day(text: str) -> date:
    """A date."""
    return date.fromisoformat(text)
