"""Reads what is known of one community: the band of its peers, its open lines, its watch list, its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards import data
from dashboards.caches import cached
from dashboards.data import Row

#: States of a line that somebody has to work on; a mended one waits for its final month.
OPEN = ("opened", "confirmed", "reopened")
#: Peers with a figure from which their quartiles are shown.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Band:
    """Where the peers of a community lie: how many have a figure, how many reach the target (None without one), the ends,
    quartiles and median of their values."""

    peers: int
    reach: int | None
    low: float
    lower: float
    median: float
    upper: float
    high: float


_BAND = (
    "count({0}.value) as peers, count(*) filter ({0}.reached) as reach, count({0}.reached) as judged, min({0}.value) as low, "
    "quantile_cont({0}.value, 0.25) as lower, quantile_cont({0}.value, 0.5) as median, "
    "quantile_cont({0}.value, 0.75) as upper, max({0}.value) as high"
)


@cached(max_entries=64)
def bands(edition: str, ids: tuple[str, ...], grain: str, start: date, kind: str | None, code: str) -> dict[str, Band]:
    """The band of a community's peers by indicator: its class of `marts.comparisons`, else the communities of its kind.

    Only values that are published take part; below FEWEST peers there is no band."""
    current = "select area_code from marts.areas where is_current and level = 'community' and area_kind is not distinct from ?"
    of_kind = data.ask(
        edition,
        f"select v.indicator_id, {_BAND.format('v')} from (select i.indicator_id, i.value, "  # noqa: S608
        "case when n.direction = 'lower' then i.value <= i.target else i.value >= i.target end as reached "
        f"from {data.whole_figures(edition)} i join marts.indicators n on n.indicator_id = i.indicator_id "
        f"where list_contains(?, i.indicator_id) and i.grain = ? and i.period_start = ? and i.area_level = 'community' "
        f"and i.dimension = 'all' and i.area_code in ({current})) v group by 1",
        [list(ids), grain, start, kind],
    )
    of_class = data.ask(
        edition,
        f"select c.indicator_id, {_BAND.format('c')} from (select o.indicator_id, o.value, null::boolean as reached "  # noqa: S608
        "from marts.comparisons o join marts.comparisons m on m.indicator_id = o.indicator_id and m.grain = o.grain "
        "and m.period_start = o.period_start and m.area_level = o.area_level and m.peer_class = o.peer_class "
        "where o.grain = ? and o.period_start = ? and o.area_level = 'community' and m.grain = ? and m.period_start = ? "
        "and m.area_level = 'community' and m.area_code = ? and list_contains(?, o.indicator_id)) c group by 1",
        [grain, start, grain, start, code, list(ids)],
    )
    return {
        row["indicator_id"]: Band(
            row["peers"],
            row["reach"] if row["judged"] else None,
            row["low"],
            row["lower"],
            row["median"],
            row["upper"],
            row["high"],
        )
        for row in [*of_kind, *of_class]
        if row["peers"] >= FEWEST
    }


@cached(max_entries=64)
def lines(edition: str, code: str) -> list[Row]:
    """The open and mended lines of the rectification list of one area, with the name of their rule, vetoes first."""
    return data.ask(
        edition,
        "select r.rule, n.name_zh, n.name_en, r.indicator_id, r.state, r.value, r.months_below, r.rows, r.opened_on, r.due_on "
        "from marts.rectification r left join marts.rectification_rules n on n.rule = r.rule "
        "where r.area_code = ? and r.state <> 'closed' "
        "order by r.state = 'mended', case r.rule when 'veto' then 1 when 'floor' then 2 when 'target' then 3 else 4 end, "
        "r.due_on, r.indicator_id",
        [code],
    )


@cached(max_entries=64)
def watched(edition: str, code: str) -> list[Row]:
    """The watch list of one area."""
    return data.ask(
        edition,
        "select indicator_id, period_start, value, lower, upper, target, reason from marts.watch_list "
        "where area_code = ? order by reason, indicator_id",
        [code],
    )


@cached(max_entries=64)
def sentences(edition: str, code: str, start: date) -> list[Row]:
    """What the edition says of a community in a month, in its order, that for the record left out."""
    return data.ask(
        edition,
        "select severity, topic, sentence_zh, sentence_en from marts.insights where area_level = 'community' "
        "and area_code = ? and month = ? and severity <> 'note' order by place",
        [code, start],
    )


@cached(max_entries=8)
def attention(edition: str) -> dict[str, dict[str, Row]]:
    """Open lines by community and rule: how many, which indicators, how many rows, the first due day; and under `watch` how
    many indicators are on its watch list."""
    rows: Sequence[Row] = data.ask(
        edition,
        "select r.area_code, r.rule, count(*) as n, list(r.indicator_id order by r.indicator_id) as ids, sum(r.rows) as cases, "
        "min(r.due_on) as due_on, any_value(n.name_zh) as name_zh, any_value(n.name_en) as name_en "
        "from marts.rectification r left join marts.rectification_rules n on n.rule = r.rule "
        "where r.area_level = 'community' and list_contains(?, r.state) group by r.area_code, r.rule",
        [list(OPEN)],
    )
    watch = data.ask(
        edition,
        "select area_code, count(*) as n from marts.watch_list where area_level = 'community' group by area_code",
    )
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["area_code"], {})[row["rule"]] = row
    for row in watch:
        found.setdefault(row["area_code"], {})["watch"] = row
    return found
