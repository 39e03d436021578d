"""Weight sheets, grades, vetoes and rectification rules of `standards.yaml`: typed model → the reference tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, model_validator

SheetName = Literal["community", "urban", "rural", "key", "new", "street", "district"]
Rule = Literal["veto", "floor", "target", "overdue"]
Direction = Literal["higher", "lower", "none"]
_REQUIRED_SHEETS: tuple[SheetName, ...] = ("community", "street", "district")


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """The same words in Chinese and English; neither may be empty."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Grade(Strict):
    """A grade and the score from which it is given."""

    minimum: Annotated[float, Field(ge=0, le=100)]
    name: Words


class AppraisalVeto(Strict):
    """Vetoes of appraisals: those of which organisations count for the area they lead, and the best grade left to it."""

    organisations: tuple[Literal["street_committee", "community_committee"], ...]
    cap: str
    name: Words


class IndicatorVeto(Strict):
    """A veto by a figure: a final value worse than `worse_than` leaves the area at best the grade `cap`."""

    indicator: str
    worse_than: float
    cap: str
    name: Words


class Vetoes(Strict):
    """What caps a grade."""

    appraisal: AppraisalVeto | None = None
    indicators: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], IndicatorVeto] = {}


Sheet = dict[str, dict[str, Annotated[float, Field(gt=0, le=100)]]]


class Score(Strict):
    """Weight sheets (sheet → group → indicator → weight, 100 a sheet), grades and vetoes."""

    coverage_minimum: Annotated[float, Field(gt=0, le=1)]
    groups: dict[str, Words]
    sheets: dict[SheetName, Sheet]
    grades: dict[str, Grade]
    vetoes: Vetoes = Vetoes()

    @model_validator(mode="after")
    def _sheets_are_whole(self) -> Score:
        if missing := [name for name in _REQUIRED_SHEETS if name not in self.sheets]:
            raise ValueError(f"there is no sheet {', '.join(missing)}; the sheet community serves every other kind")
        for name, sheet in self.sheets.items():
            if unnamed := [group for group in sheet if group not in self.groups]:
                raise ValueError(f"sheet {name}: the group {unnamed[0]} has no name under groups")
            ids = [indicator for weights in sheet.values() for indicator in weights]
            if repeated := sorted({i for i in ids if ids.count(i) > 1}):
                raise ValueError(f"sheet {name}: {', '.join(repeated)} has a weight in two groups")
            total = sum(weight for weights in sheet.values() for weight in weights.values())
            if abs(total - 100) > 1e-6:
                raise ValueError(f"sheet {name}: the weights sum to {total:g}, not 100")
        return self

    @model_validator(mode="after")
    def _grades_are_a_ladder(self) -> Score:
        minimums = [grade.minimum for grade in self.grades.values()]
        if not minimums or min(minimums) != 0 or len(set(minimums)) != len(minimums):
            raise ValueError("grades: each has a minimum of its own, and that of the lowest is 0")
        caps = {
            **{f"vetoes.indicators.{name}": veto.cap for name, veto in self.vetoes.indicators.items()},
            **({"vetoes.appraisal": self.vetoes.appraisal.cap} if self.vetoes.appraisal else {}),
        }
        for where, cap in caps.items():
            if cap not in self.grades:
                raise ValueError(f"{where}: there is no grade {cap}; grades: {', '.join(self.grades)}")
        return self

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every indicator of a sheet or veto, sorted."""
        weighed = {i for sheet in self.sheets.values() for weights in sheet.values() for i in weights}
        return tuple(sorted(weighed | {veto.indicator for veto in self.vetoes.indicators.values()}))


class RectificationRule(Strict):
    """A rule of the rectification list: `threshold` in its own unit (months in a row, days), `due_days` to mend it."""

    due_days: Annotated[int, Field(ge=1, le=366)]
    threshold: Annotated[int, Field(ge=1, le=3660)] | None = None
    name: Words


class Rectification(Strict):
    """Rules of the rectification list, and for how many months after closing a line that comes back is the same line."""

    reopen_months: Annotated[int, Field(ge=0, le=24)]
    rules: dict[Rule, RectificationRule]

    @model_validator(mode="after")
    def _thresholds_where_they_mean_something(self) -> Rectification:
        for name, rule in self.rules.items():
            if (rule.threshold is not None) != (name in ("target", "overdue")):
                raise ValueError(f"rules.{name}: threshold belongs to target (months in a row) and overdue (days)")
        return self


def check_score(
    score: Score, targets: Mapping[str, float], floors: Mapping[str, float], directions: Mapping[str, Direction]
) -> None:
    """Raise ValueError where a sheet or veto names what cannot be scored.

    That is: an indicator that the catalogue does not hold, one without direction, or one of a sheet without target and
    floor, or with a floor that is not on the worse side of its target.
    """
    if unknown := [i for i in score.indicators if i not in directions]:
        raise ValueError(f"score: indicators that the catalogue does not hold: {', '.join(unknown)}")
    if aimless := [i for i in score.indicators if directions[i] == "none"]:
        raise ValueError(f"score: indicators of which neither more nor less is better: {', '.join(aimless)}")
    for name, sheet in score.sheets.items():
        for indicator in (i for weights in sheet.values() for i in weights):
            for what, values in (("target", targets), ("floor", floors)):
                if indicator not in values:
                    raise ValueError(f"score: sheet {name}: {indicator} has no {what}; set it under {what}s")
            room = targets[indicator] - floors[indicator]
            if room == 0 or (room > 0) != (directions[indicator] == "higher"):
                raise ValueError(f"score: sheet {name}: the floor of {indicator} is not worse than its target")


def write_score_reference(
    con: duckdb.DuckDBPyConnection, score: Score | None, rectification: Rectification | None
) -> None:
    """Replace reference.weights, grades, vetoes and rectification_rules; make reference.rectification_before if need be."""
    weights: list[tuple[object, ...]] = []
    grades: list[tuple[object, ...]] = []
    vetoes: list[tuple[object, ...]] = []
    rules: list[tuple[object, ...]] = []
    if score is not None:
        weights = [
            (sheet, group, score.groups[group].zh, score.groups[group].en, indicator, weight, score.coverage_minimum)
            for sheet, groups in score.sheets.items()
            for group, indicators in groups.items()
            for indicator, weight in indicators.items()
        ]
        ladder = sorted(score.grades.items(), key=lambda item: -item[1].minimum)
        above = [None, *(grade.minimum for _, grade in ladder)]
        grades = [
            (order, name, grade.minimum, below, grade.name.zh, grade.name.en)
            for order, ((name, grade), below) in enumerate(zip(ladder, above, strict=False), start=1)
        ]
        order = {name: place for place, (name, _) in enumerate(ladder, start=1)}
        if (appraisal := score.vetoes.appraisal) is not None:
            vetoes += [
                (
                    "appraisal",
                    level,
                    None,
                    None,
                    order[appraisal.cap],
                    appraisal.cap,
                    appraisal.name.zh,
                    appraisal.name.en,
                )
                for level in appraisal.organisations
            ]
        vetoes += [
            (name, None, veto.indicator, veto.worse_than, order[veto.cap], veto.cap, veto.name.zh, veto.name.en)
            for name, veto in score.vetoes.indicators.items()
        ]
    if rectification is not None:
        rules = [
            (name, rule.threshold, rule.due_days, rectification.reopen_months, rule.name.zh, rule.name.en)
            for name, rule in rectification.rules.items()
        ]
    _table(con, "weights", "sheet VARCHAR, indicator_group VARCHAR, group_zh VARCHAR, group_en VARCHAR, "
           "indicator_id VARCHAR, weight DOUBLE, coverage_minimum DOUBLE", weights)  # fmt: skip
    _table(con, "grades", "sort_order INTEGER, grade VARCHAR, minimum DOUBLE, below DOUBLE, name_zh VARCHAR, "
           "name_en VARCHAR", grades)  # fmt: skip
    _table(con, "vetoes", "veto_id VARCHAR, org_level VARCHAR, indicator_id VARCHAR, worse_than DOUBLE, "
           "cap_order INTEGER, cap VARCHAR, name_zh VARCHAR, name_en VARCHAR", vetoes)  # fmt: skip
    _table(con, "rectification_rules", "rule VARCHAR, threshold INTEGER, due_days INTEGER, reopen_months INTEGER, "
           "name_zh VARCHAR, name_en VARCHAR", rules)  # fmt: skip


def _table(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    con.execute(f"CREATE OR REPLACE TABLE reference.{table} ({columns})")
    if rows:
        marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
        con.execute(f"INSERT INTO reference.{table} VALUES {marks}", [value for row in rows for value in row])  # noqa: S608
