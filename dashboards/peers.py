"""Areas among their peers: what the edition says of an indicator's ranks, funnels and rates, ready for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboards import data
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Area, Figure, Indicator, Row
from dashboards.parts import t

LEVELS = ("district", "street", "community")
BANDS = ("100_or_more", "30_to_99", "10_to_29", "under_10")


@dataclass(frozen=True, slots=True)
class Peer:
    """One area in its peer class: its row of `marts.comparisons` and its figure; rates are fractions."""

    area: Area
    row: Row
    figure: Figure | None
    higher_is_better: bool
    inside: bool

    @property
    def outside(self) -> int:
        """0 within the funnel (or without one), 95 or 998 beyond these limits."""
        flag = str(self.row["funnel_flag"] or "within")
        return 0 if flag == "within" else int(flag.rpartition("_")[2])

    @property
    def better(self) -> bool:
        """Whether the rate is on the good side of the peers' rate."""
        above = float(self.row["value"]) > float(self.row["peer_rate"])
        return above == self.higher_is_better

    @property
    def missed(self) -> bool:
        """Whether the figure is below its target beyond chance."""
        return self.figure is not None and self.figure.status == "missed"

    @property
    def group(self) -> str:
        """`better` or `worse` where the whole rank interval lies in one half of the class, `unclear` elsewhere."""
        middle = (float(self.row["ranked"]) + 1) / 2
        if self.row["rank_upper"] is None or self.row["rank_lower"] is None:
            return "unclear"
        return (
            "better" if self.row["rank_upper"] < middle else "worse" if self.row["rank_lower"] > middle else "unclear"
        )


@cached(max_entries=64)
def compared(edition: str, grain: str, start: date, code: str) -> dict[str, tuple[int, int]]:
    """The indicators that have peers in a period, in the order of the catalogue, each with the number of areas in `code`
    outside the 95 % limits and outside those of 99.8 %; what has no good direction has no peers."""
    rows = data.ask(
        edition,
        "select c.indicator_id, list(c.area_code) filter (c.funnel_flag in ('below_95', 'above_95')) as far, "
        "list(c.area_code) filter (c.funnel_flag in ('below_998', 'above_998')) as further "
        "from marts.comparisons c where c.grain = ? and c.period_start = ? group by 1",
        [grain, start],
    )
    areas = data.areas(edition)
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        far, further = (
            sum(1 for c in row[name] or () if c in areas and code in areas[c].path) for name in ("far", "further")
        )
        found[row["indicator_id"]] = (far + further, further)
    return {i: found[i] for i, entry in data.indicators(edition).items() if i in found and entry.direction != "none"}


@cached(max_entries=64)
def comparisons(edition: str, indicator_id: str, grain: str, start: date) -> list[Row]:
    """Every area of one indicator in one period among its peers, the best placed first."""
    return data.ask(
        edition,
        "select * from marts.comparisons where indicator_id = ? and grain = ? and period_start = ? "
        "order by area_level, peer_class, rank nulls last, area_code",
        [indicator_id, grain, start],
    )


def peers(scope: Scope, indicator: Indicator) -> list[Peer]:
    """All areas of an indicator in the period with their figures, in the order of their class and place; `inside` are those of
    the chosen area."""
    areas = data.areas(scope.edition)
    rows = comparisons(scope.edition, indicator.indicator_id, scope.grain, scope.start)
    figures = {
        level: data.at_level(scope.edition, indicator.indicator_id, scope.grain, scope.start, level)
        for level in {str(row["area_level"]) for row in rows}
    }
    found: list[Peer] = []
    for row in rows:
        area = areas.get(row["area_code"])
        if area is not None:
            figure = figures[row["area_level"]].get(area.code)
            found.append(Peer(area, row, figure, indicator.direction != "lower", scope.area.code in area.path))
    return found


def classes(scope: Scope, everyone: Sequence[Peer]) -> dict[str, str]:
    """The peer classes in which somebody has peers, by key, with their names: districts, streets, then communities."""
    sizes: dict[str, Row] = {str(p.row["peer_class"]): p.row for p in everyone}

    def order(item: tuple[str, Row]) -> tuple[int, str, int]:
        row = item[1]
        band = BANDS.index(row["volume_band"]) if row["volume_band"] in BANDS else len(BANDS)
        return LEVELS.index(row["area_level"]), str(row["area_kind"] or ""), band

    return {key: class_name(scope, row) for key, row in sorted(sizes.items(), key=order)}


def class_name(scope: Scope, row: Row) -> str:
    """A peer class in words, with the number of its areas."""
    if row["area_level"] != "community":
        return t(scope, f"class_{row['area_level']}", n=row["peers"])
    band = t(scope, f"band_{row['volume_band']}", default=row["volume_band"] or "")
    name = t(scope, "class_community", kind=kind_name(scope, row["area_kind"]), band=band, n=row["peers"])
    return name[:1].upper() + name[1:]


def kind_name(scope: Scope, kind: str | None) -> str:
    """The kind of a community in words; an unknown one as the city writes it."""
    return t(scope, f"kind_{kind or 'other'}", default=kind or "")


def own_class(scope: Scope, everyone: Sequence[Peer]) -> str | None:
    """The class to begin with: the chosen area's own, else that of streets, else the one with most areas inside."""
    own = next((p for p in everyone if p.area.code == scope.area.code), None)
    if own is not None:
        return str(own.row["peer_class"])
    streets = any(p.area.level == "street" for p in everyone)
    if streets and scope.area.level == "city":
        return "street"
    inside = [str(p.row["peer_class"]) for p in everyone if p.inside] or [str(p.row["peer_class"]) for p in everyone]
    return max(inside, key=inside.count, default=None)
