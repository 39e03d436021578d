"""The headline figures of an edition as a table for the terminal."""

from __future__ import annotations

import duckdb
from rich.table import Table

from pipelines.city import City

#: Indicator, grain and dimension of each line, in order.
_LINES = (
    ("T01", "month"), ("T02", "month"), ("T03", "month"), ("T05", "month"), ("T06", "month"), ("T11", "month"), ("T13", "month"),
    ("L03", "year"), ("L04", "year"), ("M02", "month"), ("M03", "month"), ("M09", "month"), ("M12", "month"), ("M16", "month"),
    ("M17", "month"), ("F02", "year"), ("F03", "year"), ("F04", "year"), ("F08", "year"), ("T19", "month"),
)  # fmt: skip


def headline_table(city: City) -> Table:
    """City-level figures of the current edition: for each indicator the last period that is over, else the latest."""
    con = duckdb.connect(str((city.published / "current").resolve()), read_only=True)
    try:
        rows = con.execute(
            """
            SELECT v.indicator_id, i.name_zh, i.name_en, v.grain, v.period_start, v.value, v.numerator, v.denominator,
                v.lower, v.upper, v.target, v.status, i.kind, i.decimals
            FROM marts.indicator_values AS v JOIN marts.indicators AS i USING (indicator_id)
            JOIN (SELECT unnest($ids) AS indicator_id, unnest($grains) AS grain, unnest($numbers) AS n) AS l USING (indicator_id, grain)
            WHERE v.area_level = 'city' AND v.dimension = 'all'
            QUALIFY row_number() OVER (PARTITION BY v.indicator_id ORDER BY
                v.period_start + CASE v.grain WHEN 'month' THEN INTERVAL 1 MONTH ELSE INTERVAL 1 YEAR END <= v.as_of + INTERVAL 1 DAY DESC,
                v.period_start DESC) = 1
            ORDER BY l.n
            """,
            {"ids": [i for i, _ in _LINES], "grains": [g for _, g in _LINES], "numbers": list(range(len(_LINES)))},
        ).fetchall()
        edition = str(con.execute("SELECT edition FROM marts.edition").fetchall()[0][0])
    finally:
        con.close()
    table = Table(title=f"{city.settings.name.zh} · {city.settings.name.en} · {edition}", title_justify="left")
    for name in ("", "指标 Indicator", "期间 Period"):
        table.add_column(name)
    for name in ("值 Value", "n", "95 %", "目标 Target"):
        table.add_column(name, justify="right")
    table.add_column("状态 Status")
    for (
        ind,
        zh,
        en,
        grain,
        start,
        value,
        numerator,
        denominator,
        lower,
        upper,
        target,
        status,
        kind,
        unit,
        decimals,
    ) in rows:
        share = kind == "proportion"

        def show(number: float | None, share: bool = share, decimals: int = decimals) -> str:
            if number is None:
                return "—"
            return f"{100 * number:,.1f} %" if share else f"{number:,.{decimals}f}"

        count = f"{numerator:,.0f} / {denominator:,.0f}" if numerator is not None and denominator is not None else ""
        interval = f"{show(lower)} – {show(upper)}" if lower is not None else ""
        period = f"{start:%Y-%m}" if grain == "month" else f"{start:%Y}"
        table.add_row(
            ind,
            f"{zh} {en}",
            period,
            show(value),
            count,
            interval,
            show(target) if target is not None else "",
            status or "",
        )
    return table
