"""Asks the published edition what the page of services needs beside the figures: the three lists, and vetoes."""

from __future__ import annotations

from datetime import date

from dashboards.caches import cached
from dashboards.data import Row, ask


@cached(max_entries=128)
def lists(edition: str, level: str, code: str) -> dict[tuple[str, str], Row]:
    """Entries of the three lists of an area at the data cut, and those late, by list and state."""
    rows = ask(
        edition,
        "select list, state, entries, late from marts.service_lists where area_level = ? and area_code = ?",
        [level, code],
    )
    return {(row["list"], row["state"]): row for row in rows}


@cached(max_entries=64)
def vetoes(edition: str, grain: str, start: date, codes: tuple[str, ...]) -> list[Row]:
    """Vetoes that count in a period for any of the areas, by what they are for: how many, and the grade that they allow."""
    return ask(
        edition,
        "select v.veto_id, v.name_zh, v.name_en, v.item, sum(v.rows) as vetoes, count(distinct v.area_code) as areas, "
        "any_value(g.name_zh) as cap_zh, any_value(g.name_en) as cap_en, max(v.ended_on) as ended_on "
        "from marts.vetoes v left join marts.grades g on g.grade = v.cap "
        "where v.grain = ? and v.period_start = ? and v.veto_id = 'appraisal' and list_contains(?, v.area_code) "
        "group by v.veto_id, v.name_zh, v.name_en, v.item order by vetoes desc, v.item",
        [grain, start, list(codes)],
    )
