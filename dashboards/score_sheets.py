"""Reads ranking sheets: scores with their robustness, the scores they are made of, grades and vetoes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from dashboards import data, score_whatif
from dashboards.caches import cached
from dashboards.data import Row


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade and the score from which it is given."""

    key: str
    name: tuple[str, str]
    minimum: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """The weight sheet of a class as numbers: its areas, its indicators with group and weight, and areas × indicators scores.

    `groups` are in the order of the catalogue; `of_group` holds the position of each indicator's group in it."""

    areas: tuple[str, ...]
    indicators: tuple[str, ...]
    groups: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    minimum: float
    weights: score_whatif.Floats
    of_group: score_whatif.Groups
    scores: score_whatif.Floats

    @property
    def group_weights(self) -> tuple[float, ...]:
        """What each group weighs on the sheet."""
        return tuple(float(w) for w in np.bincount(self.of_group, weights=self.weights, minlength=len(self.groups)))


@cached(max_entries=32)
def classes(edition: str, grain: str, start: date) -> list[Row]:
    """The classes that are ranked in a period: level, class, number of areas."""
    return data.ask(
        edition,
        "select area_level, peer_class, any_value(sheet) as sheet, count(*) as areas from marts.scores "
        "where grain = ? and period_start = ? group by area_level, peer_class "
        "order by case area_level when 'district' then 1 when 'street' then 2 else 3 end, areas desc, peer_class",
        [grain, start],
    )


@cached(max_entries=32)
def scores(edition: str, grain: str, start: date, level: str, peer_class: str) -> list[Row]:
    """Each area of a class with score, grade, place and the places it takes under other weights, the best first."""
    return data.ask(
        edition,
        "select s.*, r.rank_min, r.rank_max, r.share_kept, r.is_noise from marts.scores s "
        "left join marts.score_robustness r on r.grain = s.grain and r.period_start = s.period_start "
        "and r.area_level = s.area_level and r.peer_class = s.peer_class and r.area_code = s.area_code "
        "where s.grain = ? and s.period_start = ? and s.area_level = ? and s.peer_class = ? "
        "order by s.rank nulls last, s.area_code",
        [grain, start, level, peer_class],
    )


@cached(max_entries=32)
def cells(edition: str, grain: str, start: date, level: str, peer_class: str) -> list[Row]:
    """The score of each indicator of each area of a class."""
    return data.ask(
        edition,
        "select area_code, sheet, indicator_group, indicator_id, status, value, floor, target, score, weight, weight_used, "
        "group_rated from marts.indicator_scores where grain = ? and period_start = ? and area_level = ? and peer_class = ?",
        [grain, start, level, peer_class],
    )


@cached(max_entries=32)
def sheet(edition: str, grain: str, start: date, level: str, peer_class: str) -> Sheet | None:
    """The sheet of a class with all its scores; None where there are none."""
    rows = cells(edition, grain, start, level, peer_class)
    if not rows:
        return None
    order = {indicator: place for place, indicator in enumerate(data.indicators(edition))}
    weights = {row["indicator_id"]: row["weight"] for row in rows}
    group_of = {row["indicator_id"]: row["indicator_group"] for row in rows}
    ids = sorted(weights, key=lambda i: (order.get(i, len(order)), i))
    groups = list(dict.fromkeys(group_of[i] for i in ids))
    named = data.ask(
        edition,
        "select indicator_group, any_value(group_zh) as zh, any_value(group_en) as en, "
        "max(coverage_minimum) as coverage_minimum from marts.weights where sheet = ? group by 1",
        [rows[0]["sheet"]],
    )
    texts = {row["indicator_group"]: (row["zh"] or row["en"], row["en"] or row["zh"]) for row in named}
    codes = sorted({row["area_code"] for row in rows})
    table = np.full((len(codes), len(ids)), np.nan)
    row_of, column_of = {code: n for n, code in enumerate(codes)}, {i: n for n, i in enumerate(ids)}
    for row in rows:
        if row["score"] is not None:
            table[row_of[row["area_code"]], column_of[row["indicator_id"]]] = row["score"]
    return Sheet(
        tuple(codes),
        tuple(ids),
        tuple(groups),
        tuple(texts.get(group) or (group, group) for group in groups),
        named[0]["coverage_minimum"] if named else 0.0,
        np.array([weights[i] for i in ids], dtype=np.float64),
        np.array([groups.index(group_of[i]) for i in ids], dtype=np.int64),
        table,
    )


@cached(max_entries=8)
def grades(edition: str) -> list[Grade]:
    """The grades in force, the best first."""
    rows = data.ask(edition, "select grade, name_zh, name_en, minimum from marts.grades order by sort_order")
    return [Grade(r["grade"], (r["name_zh"] or r["grade"], r["name_en"] or r["grade"]), r["minimum"]) for r in rows]


@cached(max_entries=64)
def vetoes(edition: str, grain: str, start: date, level: str) -> dict[str, list[Row]]:
    """The vetoes that count in a period, by area; `cap_order` is the place of the best grade left, from 1."""
    rows = data.ask(
        edition,
        "select area_code, name_zh, name_en, item, ended_on, cap, cap_order from marts.vetoes "
        "where grain = ? and period_start = ? and area_level = ? order by cap_order desc, ended_on desc, item",
        [grain, start, level],
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["area_code"], []).append(row)
    return found
