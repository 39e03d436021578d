"""Areas of a ranking sheet as published, beside what they would be under other weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import data, formats, score_sheets, score_whatif
from dashboards.controls import Scope
from dashboards.data import Area, Row
from dashboards.parts import t
from dashboards.score_sheets import Grade, Sheet


@dataclass(frozen=True, slots=True)
class Scored:
    """One area of a sheet as published, and its score, place and grade under the weights of the reader."""

    area: Area
    row: Row
    vetoes: tuple[Row, ...]
    other_score: float | None
    other_place: int | None
    other_grade: str | None
    inside: bool

    @property
    def moved(self) -> bool:
        """Whether the place is another one under the weights of the reader."""
        return self.other_place is not None and self.row["rank"] is not None and self.other_place != self.row["rank"]

    @property
    def beyond(self) -> bool:
        """Whether it moves further than weights that differ by up to 20 % may move it: more than noise."""
        if not self.moved or self.other_place is None or self.row["rank_min"] is None:
            return False
        return not self.row["rank_min"] <= self.other_place <= self.row["rank_max"]


def recompute(scope: Scope, published: Sequence[Row], sheet: Sheet, wanted: score_whatif.Floats) -> list[Scored]:
    """Every area of the sheet with its score, place and grade under these weights of the groups."""
    weights = score_whatif.reweigh(sheet.weights, sheet.of_group, wanted)
    composite = score_whatif.composites(sheet.scores, weights, sheet.of_group, sheet.minimum)
    place = dict(zip(sheet.areas, score_whatif.places(composite), strict=True))
    score = dict(zip(sheet.areas, composite.tolist(), strict=True))
    grades = score_sheets.grades(scope.edition)
    areas = data.areas(scope.edition)
    level = str(published[0]["area_level"])
    vetoes = score_sheets.vetoes(scope.edition, scope.grain, scope.start, level)
    found: list[Scored] = []
    for row in published:
        code = str(row["area_code"])
        area = areas.get(code)
        if area is None:
            continue
        own = vetoes.get(code, [])
        new = None if place.get(code) is None else float(score[code])
        grade = _grade(grades, new, own)
        found.append(Scored(area, row, tuple(own), new, place.get(code), grade, scope.area.code in area.path))
    return found


def _grade(grades: Sequence[Grade], score: float | None, vetoes: Sequence[Row]) -> str | None:
    """The grade that a score earns, capped by vetoes; None where there is no score."""
    if score is None or not grades:
        return None
    earned = score_whatif.grade(score, [grade.minimum for grade in grades])
    return grades[max([earned, *(int(veto["cap_order"]) - 1 for veto in vetoes)])].key


def grade_name(scope: Scope, key: str | None) -> str:
    """A grade in words."""
    names = {grade.key: grade.name for grade in score_sheets.grades(scope.edition)}
    return formats.NO_VALUE if key is None else formats.name(names.get(key, (key, key)), scope.lang)


def graded(scope: Scope, item: Scored) -> str:
    """The grade; with a cap, the grade without it, the cap and why; without enough figures, that it is not rated."""
    row = item.row
    if row["status"] == "not_rated":
        return t(scope, "not_rated")
    if row["grade"] == row["capped_grade"]:
        return grade_name(scope, row["grade"])
    return f"■ {grade_name(scope, row['grade'])} → {grade_name(scope, row['capped_grade'])}"


def write_score(score: float | None) -> str:
    """A score with one decimal as HTML, or that there is none."""
    return formats.NO_VALUE if score is None else f"<b>{score:.1f}</b>"


def write_places(row: Row) -> str:
    """The best and the worst place that weights within ±20 % give; the place alone where they are one."""
    if row["rank"] is None:
        return formats.NO_VALUE
    if row["rank_min"] is None or row["rank_min"] == row["rank_max"]:
        return str(row["rank"])
    return f"{row['rank_min']}–{row['rank_max']}"


def distance(item: Scored) -> tuple[int, str]:
    """Sorts the furthest moves first."""
    return -abs((item.other_place or 0) - (item.row["rank"] or 0)), item.area.code
