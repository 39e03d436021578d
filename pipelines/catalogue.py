"""The indicator catalogue and its standards: `data_contracts/*.yaml` → typed model → the reference tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.deadlines import WorkingCalendar, WorkingYear
from pipelines.maps import no_shapes
from pipelines.paths import CONTRACTS, ROOT
from pipelines.rectification import remember_nothing
from pipelines.score_model import Rectification, Score, check_score, write_score_reference
from pipelines.yaml_model import read_own_yaml

AreaKind = Literal["urban", "rural", "key", "new"]
Grain = Literal["day", "week", "month", "quarter", "year"]
Kind = Literal["count", "proportion", "ratio", "amount", "median", "percentile", "difference"]
CALENDAR_FROM = date(1990, 1, 1)


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """The same words in Chinese and English; neither may be empty."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Indicator(Strict):
    """One entry of the catalogue: everything that is said about an indicator, in one place.

    `time` flow counts what happens in a period, stock what is there on its last day. Periods start with the first event
    of the dataset, at most `history_months` before the data cut, and of `reported_state` with the first delivery that
    reports it. A period is provisional until `matures_after_days` after its end; `only_closed` shows none before its end.
    It stays provisional where the data begin less than `looks_back_days` before it (of a stock: before its day), and a sum
    also where they begin in a later month than it does. `judged_at_year_end`: the target is one for the whole year.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}$")]
    version: Annotated[int, Field(ge=1)] = 1
    name: Text
    definition: Text
    numerator: Text
    denominator: Text
    exclusions: Text
    attribution: Text
    kind: Kind
    scale: Annotated[float, Field(gt=0)] = 1.0
    unit: Literal[
        "percent",
        "tickets",
        "hours",
        "ratio",
        "organisations",
        "people",
        "meetings",
        "per_10000",
        "per_1000",
        "points",
        "currency",
        "currency_per_resident",
        "percentage_points",
    ]
    direction: Literal["higher", "lower", "none"]
    interval: Literal["wilson", "wilson_design", "none"] = "none"
    minimum_count: Annotated[int, Field(ge=0)] = 0
    people: bool = False
    dataset: str
    time: Literal["flow", "stock"]
    year: Literal["civil", "fiscal"] = "civil"
    grains: Annotated[tuple[Grain, ...], Field(min_length=1)]
    history_months: Annotated[int, Field(ge=1)] | None = None
    matures_after_days: Annotated[int, Field(ge=0)] = 0
    looks_back_days: Annotated[int, Field(ge=0)] = 0
    judged_at_year_end: bool = False
    reported_state: bool = False
    only_closed: bool = False
    source: str
    decimals: Annotated[int, Field(ge=0, le=6)]

    @model_validator(mode="after")
    def _interval_fits_kind(self) -> Indicator:
        if (self.interval != "none") != (self.kind == "proportion"):
            raise ValueError(f"{self.id}: a Wilson interval belongs to proportions, and to all of them")
        return self


class Catalogue(Strict):
    """`indicators.yaml`: the indicators in the order in which they are shown."""

    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Catalogue:
        ids = [indicator.id for indicator in self.indicators]
        if repeated := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"repeated indicator ids: {', '.join(repeated)}")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in order."""
        return tuple(indicator.id for indicator in self.indicators)


class Cadres(Strict):
    """Cadres that a community needs: by kind of area, and for any other kind."""

    default: Annotated[int, Field(ge=0)]
    by_area_kind: dict[AreaKind, Annotated[int, Field(ge=0)]] = {}


class ServiceStandard(Strict):
    """Time that a ticket of a category may take where its source gives no deadline; without a category, any other."""

    category_1: Annotated[str, Field(min_length=1)] | None = None
    category_2: Annotated[str, Field(min_length=1)] | None = None
    hours: Annotated[int, Field(ge=1, le=87_600)] | None = None
    working_days: Annotated[int, Field(ge=1, le=250)] | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> ServiceStandard:
        if (self.hours is None) == (self.working_days is None):
            raise ValueError("a service standard needs exactly one of hours, working_days")
        if self.category_2 is not None and self.category_1 is None:
            raise ValueError(f"category_2 {self.category_2} needs its category_1")
        return self


class Standards(Strict):
    """`standards.yaml`: targets, floors and thresholds; a city may override any of them."""

    targets: dict[str, float]
    floors: dict[str, float]
    fund_floor: Annotated[float, Field(ge=0)]
    cadres: Cadres
    workers: Annotated[int, Field(ge=0)]
    satisfaction_threshold: Annotated[int, Field(ge=1, le=5)]
    score: Score | None = None
    rectification: Rectification | None = None
    appraisal_score: Annotated[float, Field(ge=0, le=100)]
    service_standards: tuple[ServiceStandard, ...] = ()

    @model_validator(mode="after")
    def _one_standard_a_category(self) -> Standards:
        keys = [(entry.category_1, entry.category_2) for entry in self.service_standards]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise ValueError(
                f"service_standards: two entries for {' / '.join(k for k in twice if k) or 'any category'}"
            )
        return self


def load_catalogue(path: Path) -> Catalogue:
    """Read `indicators.yaml`; raises pydantic.ValidationError for an unknown key, a missing text or a repeated id."""
    return Catalogue.model_validate(read_own_yaml(path.read_text(encoding="utf-8")))


def load_standards(
    path: Path, overrides: Mapping[str, Any] | None = None, catalogue: Catalogue | None = None
) -> Standards:
    """Read `standards.yaml` with a city's `overrides` merged over it, nested mappings key by key.

    An override of null removes a target or a floor. Raises pydantic.ValidationError for an unknown key and, where a
    catalogue is given, ValueError for a target or floor of an indicator that the catalogue does not hold, and for a
    weight or veto of one that cannot be scored.
    """
    merged = merge(read_own_yaml(path.read_text(encoding="utf-8")), overrides or {})
    standards = Standards.model_validate(merged)
    if catalogue is not None:
        unknown = sorted({*standards.targets, *standards.floors} - set(catalogue.ids))
        if unknown:
            raise ValueError(f"standards name indicators that the catalogue does not hold: {', '.join(unknown)}")
        if standards.score is not None:
            directions = {entry.id: entry.direction for entry in catalogue.indicators}
            check_score(standards.score, standards.targets, standards.floors, directions)
    return standards


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid over it; mappings merge key by key, null in `over` removes the key."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


_UNITS = {
    "percent": "%",
    "tickets": "tickets 件",
    "hours": "hours 小时",
    "ratio": "ratio 比值",
    "organisations": "organisations 个",
    "people": "people 人",
    "meetings": "meetings 场",
    "per_10000": "per 10,000 每万人",
    "per_1000": "per 1,000 每千人",
    "points": "points 分",
    "currency": "money 金额",
    "currency_per_resident": "money a head 人均金额",
    "percentage_points": "percentage points 百分点",
}


def indicators_markdown(catalogue: Catalogue) -> str:
    """Return docs/indicators.md: one table over all indicators, formula and attribution in both languages."""
    lines = [
        "# Indicators 指标目录",
        "",
        "Generated from `data_contracts/indicators.yaml` by `python -m pipelines.catalogue`; a test keeps it true.",
        "Rates are Σ numerator ÷ Σ denominator, kept unrounded; no cases give no value, never 0 % or 100 %.",
        "Series on the areas of today exist for what adds up; medians, percentiles and differences are not re-based. "
        "按现行区划追溯的序列只含可加的指标；中位数、分位数和差值不追溯。",
        "A figure as a whole exists for every period and level that its entry names; by channel, category or rung a day goes "
        "down to streets, a week to communities; funds, types of spending and sources go by month and longer. "
        "按渠道、分类、层级分的数字，日到街道、周到社区；资金、支出类型和来源自月起。",
        "",
        "| id | 名称 | name | formula 公式 | attribution 归属 | unit 单位 |",
        "|---|---|---|---|---|---|",
    ]
    for entry in catalogue.indicators:
        if entry.kind in ("count", "amount"):
            zh, en = entry.numerator.zh, entry.numerator.en
        elif entry.kind in ("median", "percentile"):
            zh, en = entry.definition.zh, entry.definition.en
        else:
            zh, en = (f"{n} ÷ {d}" for n, d in zip(_both(entry.numerator), _both(entry.denominator), strict=True))
        formula, attribution = f"{en}<br>{zh}", f"{entry.attribution.en}<br>{entry.attribution.zh}"
        lines.append(
            f"| {entry.id} | {entry.name.zh} | {entry.name.en} | {formula} | {attribution} | {_UNITS[entry.unit]} |"
        )
    return "\n".join(lines) + "\n"


def _both(text: Text) -> tuple[str, str]:
    return text.zh, text.en


def write_reference(
    con: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    standards: Standards,
    *,
    area_code: str,
    name_zh: str,
    name_en: str,
    time_zone: str,
    currency: str,
    fiscal_year_start: int,
    language: str,
    people_minimum: int,
    as_of: Iterable[tuple[str, datetime]],
    working_calendar: Mapping[int, WorkingYear] | None = None,
) -> None:
    """Replace the tables reference.city, as_of, calendar, indicators, indicator_grains, standards and service_standards,
    and those of score and lists; the outlines of areas are none.

    `as_of` holds (dataset, data cut) for each dataset with a loaded delivery; a naive datetime is UTC. The calendar
    runs from 1990 to the end of the year after the latest data cut (after this year if there is none);
    `working_calendar` are the announced days of years that the city knows itself.
    Raises ValueError for a month outside 1–12 and zoneinfo.ZoneInfoNotFoundError for an unknown time zone.
    """
    if not 1 <= fiscal_year_start <= 12:
        raise ValueError(f"fiscal_year_start is a month, 1 to 12, not {fiscal_year_start}")
    zone = ZoneInfo(time_zone)
    cuts = [
        (dataset, _utc(moment), _utc(moment).replace(tzinfo=UTC).astimezone(zone).date()) for dataset, moment in as_of
    ]
    last_year = max((on.year for _, _, on in cuts), default=datetime.now(UTC).year) + 1
    con.execute("CREATE SCHEMA IF NOT EXISTS reference")
    _table(
        con,
        "city",
        "area_code VARCHAR, name_zh VARCHAR, name_en VARCHAR, time_zone VARCHAR, currency VARCHAR, "
        "fiscal_year_start INTEGER, language VARCHAR, people_minimum INTEGER",
        [(area_code, name_zh, name_en, time_zone, currency, fiscal_year_start, language, people_minimum)],
    )
    _table(con, "as_of", "dataset VARCHAR, as_of TIMESTAMP, as_of_on DATE", cuts)
    _write_calendar(con, time_zone, fiscal_year_start, last_year, WorkingCalendar.of(time_zone, working_calendar))
    _table(con, "indicators", _INDICATOR_COLUMNS, indicator_rows(catalogue))
    grains = [(entry.id, grain) for entry in catalogue.indicators for grain in entry.grains]
    _table(con, "indicator_grains", "indicator_id VARCHAR, grain VARCHAR", grains)
    _table(
        con,
        "standards",
        "standard VARCHAR, indicator_id VARCHAR, area_kind VARCHAR, value DOUBLE",
        standard_rows(standards),
    )
    write_score_reference(con, standards.score, standards.rectification)
    remember_nothing(con)
    no_shapes(con)
    _table(
        con,
        "service_standards",
        "category_1 VARCHAR, category_2 VARCHAR, unit VARCHAR, amount INTEGER",
        service_standard_rows(standards),
    )


_INDICATOR_COLUMNS = (
    "sort_order INTEGER, indicator_id VARCHAR, version INTEGER, name_zh VARCHAR, name_en VARCHAR, "
    "definition_zh VARCHAR, definition_en VARCHAR, numerator_zh VARCHAR, numerator_en VARCHAR, "
    "denominator_zh VARCHAR, denominator_en VARCHAR, exclusions_zh VARCHAR, exclusions_en VARCHAR, "
    "attribution_zh VARCHAR, attribution_en VARCHAR, kind VARCHAR, scale DOUBLE, unit VARCHAR, direction VARCHAR, "
    '"interval" VARCHAR, minimum_count INTEGER, people BOOLEAN, dataset VARCHAR, source VARCHAR, decimals INTEGER, '
    "time_kind VARCHAR, year_calendar VARCHAR, history_months INTEGER, matures_after_days INTEGER, looks_back_days INTEGER, "
    "reported_state BOOLEAN, only_closed BOOLEAN, judged_at_year_end BOOLEAN"
)


def indicator_rows(catalogue: Catalogue) -> list[tuple[object, ...]]:
    """Return one row per catalogue entry, in the column order of reference.indicators."""
    rows: list[tuple[object, ...]] = []
    for order, entry in enumerate(catalogue.indicators, start=1):
        texts = (entry.name, entry.definition, entry.numerator, entry.denominator, entry.exclusions, entry.attribution)
        words = [word for text in texts for word in (text.zh, text.en)]
        tail = (entry.kind, entry.scale, entry.unit, entry.direction, entry.interval, entry.minimum_count, entry.people)
        periods = (entry.time, entry.year, entry.history_months, entry.matures_after_days, entry.looks_back_days)
        flags = (entry.reported_state, entry.only_closed, entry.judged_at_year_end)
        rows.append(
            (
                order,
                entry.id,
                entry.version,
                *words,
                *tail,
                entry.dataset,
                entry.source,
                entry.decimals,
                *periods,
                *flags,
            )
        )
    return rows


def standard_rows(standards: Standards) -> list[tuple[str, str | None, str | None, float]]:
    """Return (standard, indicator_id, area_kind, value) for each standard; area_kind None holds for any other kind."""
    rows: list[tuple[str, str | None, str | None, float]] = []
    rows += [("target", indicator_id, None, value) for indicator_id, value in sorted(standards.targets.items())]
    rows += [("floor", indicator_id, None, value) for indicator_id, value in sorted(standards.floors.items())]
    rows.append(("fund_floor", "F08", None, standards.fund_floor))
    rows.append(("cadres", "M12", None, float(standards.cadres.default)))
    rows += [("cadres", "M12", kind, float(value)) for kind, value in sorted(standards.cadres.by_area_kind.items())]
    rows.append(("workers", "M12", None, float(standards.workers)))
    rows.append(("satisfaction_threshold", "T06", None, float(standards.satisfaction_threshold)))
    rows.append(("appraisal_score", "A02", None, standards.appraisal_score))
    return rows


def service_standard_rows(standards: Standards) -> list[tuple[str | None, str | None, str, int]]:
    """Return (category_1, category_2, unit, amount) for each service standard; both categories None hold for any other."""
    return [
        (s.category_1, s.category_2, *(("hours", s.hours) if s.hours else ("working_days", s.working_days or 0)))
        for s in standards.service_standards
    ]


def _table(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    con.execute(f"CREATE OR REPLACE TABLE reference.{table} ({columns})")
    if rows:
        # one statement, a list a column: executemany took 50 ms a table, a mark a value 20
        values = [list(column) for column in zip(*rows, strict=True)]
        con.execute(f"INSERT INTO reference.{table} SELECT {', '.join(['unnest(?)'] * len(values))}", values)


def _write_calendar(
    con: duckdb.DuckDBPyConnection, time_zone: str, fiscal_year_start: int, last_year: int, working: WorkingCalendar
) -> None:
    last_day = date(last_year, 12, 31)
    schema = {"day": pl.Date, "is_working_day": pl.Boolean, "working_day_number": pl.Int32}
    con.register(
        "_working_days", pl.DataFrame(list(working.numbers(CALENDAR_FROM, last_day)), schema, orient="row").to_arrow()
    )
    # ends_at is the UTC instant at which the local day ends: versions of attributes are dated by UTC instants, and the
    # SQL files may not convert time zones.
    con.execute(
        """
        CREATE OR REPLACE TABLE reference.calendar AS
        WITH days AS (
            SELECT CAST(moment AS DATE) AS day
            FROM generate_series(CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP), INTERVAL 1 DAY) AS series(moment)
        ), fiscal AS (
            SELECT day, CAST(year(day) - CASE WHEN month(day) < ? THEN 1 ELSE 0 END AS INTEGER) AS fiscal_year FROM days
        )
        SELECT
            day,
            CAST(date_trunc('week', day) AS DATE) AS week_start,
            CAST(date_trunc('month', day) AS DATE) AS month_start,
            CAST(date_trunc('quarter', day) AS DATE) AS quarter_start,
            CAST(date_trunc('year', day) AS DATE) AS year_start,
            fiscal_year,
            make_date(fiscal_year, ?, 1) AS fiscal_year_start,
            CAST(make_date(fiscal_year + 1, ?, 1) - make_date(fiscal_year, ?, 1) AS INTEGER) AS days_in_fiscal_year,
            timezone('UTC', timezone(?, CAST(day + 1 AS TIMESTAMP))) AS ends_at,
            is_working_day,
            working_day_number
        FROM fiscal
        INNER JOIN _working_days USING (day)
        ORDER BY day
        """,
        [CALENDAR_FROM, last_day, *[fiscal_year_start] * 4, time_zone],
    )
    con.unregister("_working_days")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


if __name__ == "__main__":
    (ROOT / "docs" / "indicators.md").write_text(
        indicators_markdown(load_catalogue(CONTRACTS / "indicators.yaml")), "utf-8"
    )
