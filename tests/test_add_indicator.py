"""An indicator is one entry of the catalogue and one SQL file: what README says about it is done here."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from textwrap import dedent, indent

import duckdb
from landing import ROOT, build, empty_warehouse, insert
from test_indicators import AREAS, AS_OF

GRAINS = ("month", "quarter", "week", "year")
LEVELS = ("city", "community", "district", "grid", "street")
STOCK_ENTRY = """
- id: M99
  name: {zh: 大型中心, en: large centres}
  definition: {zh: 面积不少于 1000 平方米的中心。, en: Centres of at least 1000 square metres.}
  numerator: {zh: 中心, en: centres}
  denominator: {zh: 不适用, en: not applicable}
  exclusions: {zh: 无, en: none}
  attribution: {zh: 期末时点, en: end of the period}
  kind: count
  unit: organisations
  direction: none
  dataset: facilities
  time: stock
  grains: [week, month, quarter, year]
  history_months: 3
  source: a test
  decimals: 0
"""
STOCK_FILE = """\
-- Centres of at least 1000 square metres, on every day on which a stock is taken.
SELECT 'M99' AS indicator_id, d.stock_on, f.area_code, count(*) AS numerator
FROM landing.facilities AS f
INNER JOIN (SELECT DISTINCT stock_on FROM core.indicator_periods WHERE indicator_id = 'M99') AS d ON f.opened_on <= d.stock_on
WHERE f.floor_area_m2 >= 1000
GROUP BY d.stock_on, f.area_code
"""


def product(folder: Path, entry: str, file: str, text: str) -> Path:
    """A copy of catalogue and SQL with one entry and one file more."""
    shutil.copytree(ROOT / "sql", folder / "sql")
    shutil.copytree(ROOT / "data_contracts", folder / "data_contracts")
    with (folder / "data_contracts/indicators.yaml").open("a", encoding="utf-8") as catalogue:
        catalogue.write("\n" + indent(dedent(entry).strip("\n"), "  ") + "\n")
    (folder / file).write_text(text, encoding="utf-8")
    return folder


def published(con: duckdb.DuckDBPyConnection, indicator: str) -> tuple[set[str], set[str]]:
    """The grains and the levels at which an indicator has values."""
    rows = con.execute(
        "SELECT grain, area_level FROM marts.indicator_values WHERE indicator_id = ? AND value > 0", [indicator]
    ).fetchall()
    return {row[0] for row in rows}, {row[1] for row in rows}


def test_the_indicator_that_readme_adds_is_published_at_every_grain_and_level(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add an indicator")[2].partition("\n## ")[0]
    step, _, _ = section.partition("3. Say in `sql/rows/`")
    blocks = dict(re.findall(r"```(yaml|sql)\n(.*?)```", step, flags=re.DOTALL))
    (file,) = re.findall(r"`(sql/flows/\w+\.sql)`", section)
    root = product(tmp_path, blocks["yaml"], file, dedent(blocks["sql"]))
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    held = {"kind": "assembly", "held_on": "2026-05-05"}
    insert(con, "meetings", [
        {"meeting_id": "a", "area_code": "G1", "attendees": 30, **held},
        {"meeting_id": "b", "area_code": "K1", "attendees": 11, **held},
        {"meeting_id": "c", "area_code": "K1", "attendees": None, **held},
        {"meeting_id": "d", "area_code": "S2", "attendees": 19, **held},
    ])  # fmt: skip
    build(con, {"meetings": AS_OF}, root=root)
    assert published(con, "L05") == (set(GRAINS), set(LEVELS))
    rows = con.execute(
        """
        SELECT area_level, area_code, numerator, denominator, value, status FROM marts.indicator_values
        WHERE indicator_id = 'L05' AND grain = 'week' AND period_start = '2026-05-04' AND value > 0 ORDER BY ALL
        """
    ).fetchall()
    assert rows == [
        ("city", "C", 60, 3, 20, None),
        ("community", "K1", 41, 2, 20.5, None),
        ("community", "unlocated", 19, 1, 19, None),
        ("district", "D1", 41, 2, 20.5, None),
        ("district", "D2", 19, 1, 19, None),
        ("grid", "G1", 30, 1, 30, None),
        ("grid", "unlocated", 30, 2, 15, None),
        ("street", "S1", 41, 2, 20.5, None),
        ("street", "S2", 19, 1, 19, None),
    ]


def test_a_stock_too_is_one_entry_and_one_file(tmp_path: Path) -> None:
    root = product(tmp_path, STOCK_ENTRY, "sql/stocks/large_centres.sql", STOCK_FILE)
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(con, "facilities", [
        {"facility_id": "a", "area_code": "G1", "kind": "regional_centre", "floor_area_m2": 1500, "opened_on": "2026-04-10"},
        {"facility_id": "b", "area_code": "S2", "kind": "regional_centre", "floor_area_m2": 900, "opened_on": "2026-01-01"},
    ])  # fmt: skip
    build(con, {"facilities": AS_OF}, root=root)
    assert published(con, "M99") == (set(GRAINS), set(LEVELS))
    months = con.execute(
        """
        SELECT CAST(period_start AS VARCHAR), value, status FROM marts.indicator_values
        WHERE indicator_id = 'M99' AND grain = 'month' AND area_code = 'S1' ORDER BY ALL
        """
    ).fetchall()
    assert months == [
        ("2026-02-01", 0, None),
        ("2026-03-01", 0, None),
        ("2026-04-01", 1, None),
        ("2026-05-01", 1, "provisional"),
    ]
