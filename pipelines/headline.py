"""The headline figures of an edition as a table for the terminal."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
from rich.table import Table

from pipelines.city import City

#: Indicator and grain of each line, in order.
_LINES = (
    ("T01", "month"), ("T02", "month"), ("T03", "month"), ("T19", "month"), ("T05", "month"), ("T06", "month"), ("T11", "month"),
    ("T13", "month"), ("L03", "year"), ("L04", "year"), ("M02", "month"), ("M03", "month"), ("M09", "month"), ("M12", "month"),
    ("M16", "month"), ("M17", "month"), ("F02", "year"), ("F03", "year"), ("F04", "year"), ("F08", "year"),
)  # fmt: skip

_QUERY = """
    SELECT v.indicator_id, i.name_zh, i.name_en, v.grain, v.period_start, v.value, v.numerator, v.denominator,
        v.lower, v.upper, v.target, v.status, i.unit, i.decimals
    FROM marts.indicator_values AS v
    JOIN marts.indicators AS i USING (indicator_id)
    JOIN (SELECT unnest($ids) AS indicator_id, unnest($grains) AS grain, unnest($numbers) AS n) AS l USING (indicator_id, grain)
    WHERE v.area_level = 'city' AND v.dimension = 'all'
    QUALIFY row_number() OVER (
        PARTITION BY v.indicator_id
        ORDER BY v.denominator IS DISTINCT FROM 0 DESC,
            v.period_start + CASE v.grain WHEN 'month' THEN INTERVAL 1 MONTH ELSE INTERVAL 1 YEAR END
                <= v.as_of + INTERVAL 1 DAY DESC,
            v.period_start DESC
    ) = 1
    ORDER BY l.n
"""


def _short(number: float) -> str:
    return f"{number / 1e8:,.2f} 亿" if number >= 1e8 else f"{number:,.0f}"


class _Line(NamedTuple):
    indicator_id: str
    name_zh: str
    name_en: str
    grain: str
    period_start: date
    value: float | None
    numerator: float | None
    denominator: float | None
    lower: float | None
    upper: float | None
    target: float | None
    status: str | None
    unit: str
    decimals: int

    def show(self, number: float | None) -> str:
        if number is None:
            return "—"
        return f"{100 * number:,.1f} %" if self.unit == "percent" else f"{number:,.{self.decimals}f}"

    def cells(self) -> tuple[str, ...]:
        return (
            self.indicator_id,
            f"{self.name_zh} {self.name_en}",
            f"{self.period_start:%Y-%m}" if self.grain == "month" else f"{self.period_start:%Y}",
            self.show(self.value),
            f"{_short(self.numerator)} / {_short(self.denominator)}"
            if self.numerator is not None and self.denominator is not None
            else "",
            f"{self.show(self.lower)} – {self.show(self.upper)}" if self.lower is not None else "",
            self.show(self.target) if self.target is not None else "",
            self.status or "",
        )


def headline_table(city: City, file: Path | None = None) -> Table:
    """City-level figures of the current edition, or of another database with its marts: for each indicator the last
    period that is over and has cases."""
    file = file or (city.published / "current").resolve()
    con = duckdb.connect(str(file), read_only=True)
    try:
        ids, grains = zip(*_LINES, strict=True)
        wanted = {"ids": list(ids), "grains": list(grains), "numbers": list(range(len(ids)))}
        lines = [_Line(*row) for row in con.execute(_QUERY, wanted).fetchall()]
    finally:
        con.close()
    table = Table(title=f"{city.settings.name.zh} · {city.settings.name.en} · {file.stem}", title_justify="left")
    for name in ("", "指标 Indicator", "期间 Period"):
        table.add_column(name, no_wrap=True)
    for name in ("值 Value", "n", "95 %", "目标 Target"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("状态 Status")
    for line in lines:
        table.add_row(*line.cells())
    return table
