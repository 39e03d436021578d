"""A city is a folder: the typed model of `city.yaml` and the places of everything else in the folder."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from pipelines.bulletin.settings import Bulletin
from pipelines.deadlines import WorkingYear, check_years
from pipelines.paths import CONTRACTS, ROOT
from pipelines.yaml_model import ConfigurationError, read_yaml_model

#: The sample city; another one is chosen with `--city` or STREETWISE_CITY.
DEFAULT_CITY = ROOT / "cities" / "sample"
CITY_VARIABLE = "STREETWISE_CITY"


# Listing the zones takes 12 ms, and a city is opened many times in a run.
@cache
def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is not a time zone of the IANA list, for example Asia/Shanghai")
    return name


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("needs an offset, for example 2026-11-21T23:59:59+08:00")
    return moment.astimezone(UTC)


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(text: object) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("is not a duration, for example 30s, 10m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
Instant = Annotated[datetime, AfterValidator(_aware)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def expand_variables(text: str, where: str) -> str:
    """`text` with every `${VARIABLE}` replaced from the environment.

    Raises:
        ConfigurationError: a variable is not set; the message names it and `where` it is asked for.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise ConfigurationError(f"city.yaml: {where}: the variable {match[1]} is not set")
        return found

    return _VARIABLE.sub(value, text)


class Strict(BaseModel):
    """Base of every model of the city folder: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(Strict):
    """A name in both languages of the pages."""

    zh: str
    en: str


class FilesSource(Strict):
    """Files from somewhere else than `extracts/<dataset>/`: paths or globs, relative to the city folder; `${VARIABLE}`
    stands for an environment variable. `mapping` names a file of `mappings/` other than the dataset's own, for a dataset
    that several systems deliver."""

    files: list[str] = Field(min_length=1)
    mapping: str | None = None


class Database(Strict):
    """A table or query of PostgreSQL, MySQL or MariaDB that is fetched at every refresh.

    With `high_water`, a column that grows with every insert and update, only rows from the last loaded value on are
    fetched (less `overlap`, for transactions that were committed late); without it, everything is."""

    url: str
    table: str | None = None
    query: str | None = None
    columns: list[str] | None = Field(default=None, min_length=1)
    high_water: str | None = None
    overlap: Duration | None = None
    chunk_rows: int = Field(default=50_000, ge=1, le=1_000_000)
    connect_timeout: Duration = timedelta(seconds=10)
    statement_timeout: Duration = timedelta(minutes=30)

    @field_validator("url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        if _VARIABLE.fullmatch(url):
            return url
        if not re.match(r"(postgres(ql)?|mysql|mariadb)(\+\w+)?://", url):
            raise ValueError("starts with postgresql://, mysql:// or mariadb://, or is one ${VARIABLE}")
        written = re.findall(r"://[^/]*?:(.+)@", url) + re.findall(r"(?i)[?&](?:pass\w*|pwd)=([^&]*)", url)
        if any(not _VARIABLE.fullmatch(password) for password in written):
            raise ValueError("a password does not belong in a file: write ${VARIABLE} and set it in the environment")
        return url

    @model_validator(mode="after")
    def _one_origin(self) -> Database:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table, query")
        if self.overlap is not None and self.high_water is None:
            raise ValueError("overlap means nothing without high_water")
        return self


class Open311(Strict):
    """A GeoReport v2 endpoint; the requests of the last `since_days` days are read anew at every refresh, with what has
    become of them. `time_zone` is that of dates without an offset; default: the city's."""

    url: str = Field(pattern="^(https?://|\\$\\{)")
    jurisdiction_id: str | None = None
    api_key: str | None = None
    page_size: int = Field(default=100, ge=1, le=10_000)
    since_days: int = Field(default=90, ge=1, le=10_000)
    extensions: bool = True
    time_zone: TimeZone | None = None

    @field_validator("api_key")
    @classmethod
    def _no_secret(cls, key: str) -> str:
        if not _VARIABLE.fullmatch(key):
            raise ValueError("a key does not belong in a file: write ${VARIABLE} and set it in the environment")
        return key

    @field_validator("url")
    @classmethod
    def _no_login(cls, url: str) -> str:
        if "@" in url or "api_key" in url:
            raise ValueError("holds a login or key; write the key as api_key: ${VARIABLE}")
        return url


SourceName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,40}$")]


class DatabaseSource(Strict):
    """A database as a source: what is fetched becomes a file in `extracts/<dataset>/` that bears the source's name."""

    database: Database
    name: SourceName = "database"
    mapping: str | None = None
    on_failure: Literal["block", "warn"] = "block"


class Open311Source(Strict):
    """An Open311 endpoint as a source, as `DatabaseSource`."""

    open311: Open311
    name: SourceName = "open311"
    mapping: str | None = None
    on_failure: Literal["block", "warn"] = "block"


def _source_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else dict(value) if isinstance(value, BaseModel) else {}
    return next((kind for kind in ("database", "open311") if kind in keys), "files")


# By the key that is there: a plain union would complain of the keys of every kind at once.
Source = Annotated[
    Annotated[FilesSource, Tag("files")]
    | Annotated[DatabaseSource, Tag("database")]
    | Annotated[Open311Source, Tag("open311")],
    Discriminator(_source_kind),
]


class Settings(Strict):
    """The content of `city.yaml`."""

    name: Name
    area_code: str = "city"
    time_zone: TimeZone
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    language: Literal["zh", "en"] = "zh"
    as_of: Instant | None = None
    people_minimum: int = Field(default=10, ge=5)
    settle_seconds: int = Field(default=60, ge=0)
    refused_days: int = Field(default=30, ge=1)
    sources: dict[str, Source | list[Source]] = Field(default_factory=dict)
    standards: dict[str, Any] = Field(default_factory=dict)
    working_calendar: dict[int, WorkingYear] = Field(default_factory=dict)
    map_code: str | None = None
    webhook_url: str | None = Field(default=None, pattern="^https?://")
    bulletin: Bulletin = Field(default_factory=Bulletin)

    @field_validator("working_calendar")
    @classmethod
    def _days_of_their_year(cls, years: dict[int, WorkingYear]) -> dict[int, WorkingYear]:
        check_years(years)
        return years


def _check_fetched(dataset: str, sources: list[FilesSource | DatabaseSource | Open311Source]) -> None:
    """Raises ConfigurationError: two fetched sources share a name, or one would replace the rows of another."""
    names = [source.name for source in sources if not isinstance(source, FilesSource)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(
            f'city.yaml: sources.{dataset}: two sources are called "{min(twice)}"; give each a name of its own'
        )
    for source in sources:
        if len(sources) > 1 and isinstance(source, DatabaseSource) and source.database.high_water is None:
            raise ConfigurationError(
                f"city.yaml: sources.{dataset}: {source.name} is fetched whole and would replace the rows of the other "
                "sources; give it a high_water column"
            )


@dataclass(frozen=True)
class City:
    """A city folder: its settings and its places."""

    folder: Path
    settings: Settings

    @classmethod
    def open(cls, folder: Path | str | None = None) -> City:
        """The city of `folder`, else of STREETWISE_CITY, else the sample city.

        Raises:
            ConfigurationError: no such folder, or `city.yaml` is wrong (the message names the line).
        """
        chosen = Path(folder or os.environ.get(CITY_VARIABLE) or DEFAULT_CITY).expanduser().resolve()
        if not (chosen / "city.yaml").is_file():
            raise ConfigurationError(
                f"{chosen} is not a city folder: it has no city.yaml. "
                "Make one with `streetwise new-city DIR`, or the sample city with `streetwise sample-city DIR`."
            )
        settings = read_yaml_model(chosen / "city.yaml", Settings)
        datasets = [path.name.removesuffix(".odcs.yaml") for path in sorted(CONTRACTS.glob("*.odcs.yaml"))]
        for name in settings.sources:
            if name not in datasets:
                near = difflib.get_close_matches(name, datasets, n=1)
                hint = f'did you mean "{near[0]}"?' if near else f"known datasets: {', '.join(datasets)}"
                raise ConfigurationError(f'city.yaml: sources: there is no dataset "{name}"; {hint}')
        city = cls(chosen, settings)
        for name in settings.sources:
            _check_fetched(name, city.sources_of(name))
        return city

    @property
    def state(self) -> Path:
        """Everything Streetwise makes for this city; it can be deleted and made again from the extracts."""
        return self.folder / "state"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file with one writer."""
        return self.state / "warehouse.duckdb"

    @property
    def landing(self) -> Path:
        """Accepted deliveries as typed Parquet."""
        return self.state / "landing"

    @property
    def rejects(self) -> Path:
        """Rejected rows of each delivery."""
        return self.state / "rejects"

    @property
    def refused(self) -> Path:
        """Files that could not be taken, each with its reason; not under `state`, which can be deleted."""
        return self.folder / "refused"

    @property
    def row_versions(self) -> Path:
        """Digests of the rows that the kept editions were made of."""
        return self.state / "row_versions"

    @property
    def published(self) -> Path:
        """Editions and the pointer to the current one: all that a reader ever opens."""
        return self.state / "published"

    @property
    def bulletins(self) -> Path:
        """Monthly bulletins: a folder an edition, in it a folder a month."""
        return self.published / "bulletins"

    @property
    def dagster_home(self) -> Path:
        """Run history of Dagster."""
        return self.state / "dagster_home"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone, in which days are cut."""
        return ZoneInfo(self.settings.time_zone)

    @property
    def slug(self) -> str:
        """Area code and English name in a form fit for a file name."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.settings.area_code} {self.settings.name.en}".lower()).strip("-")

    def now(self) -> datetime:
        """The moment up to which the data is judged: the `as_of` override of a replay, else the clock (UTC)."""
        return self.settings.as_of or datetime.now(UTC)

    def today(self) -> date:
        """The date of `now` in the city."""
        return self.now().astimezone(self.zone).date()

    def mapping_path(self, name: str) -> Path:
        """Where a mapping lies, whether or not there is one; a dataset's own mapping bears its name."""
        return self.folder / "mappings" / f"{name}.yaml"

    def sources_of(self, dataset: str) -> list[FilesSource | DatabaseSource | Open311Source]:
        """What `sources` says of a dataset, as a list; empty if it says nothing."""
        sources = self.settings.sources.get(dataset, [])
        return list(sources) if isinstance(sources, list) else [sources]

    def fetched_files(self, dataset: str, source: str) -> list[Path]:
        """The extracts that a database or Open311 source of that name has written, oldest first."""
        name = re.compile(rf"{re.escape(source)}-\d{{8}}T\d{{6}}Z(-\d+)?\.(parquet|jsonl)")
        return [p for p in sorted((self.folder / "extracts" / dataset).glob("*")) if name.fullmatch(p.name)]

    def extract_files(self, dataset: str) -> list[tuple[Path, str]]:
        """The files delivered for a dataset, each with the name of its mapping; manifests, hidden and half-written
        (`.part`, `.tmp`) ones left out.

        Raises:
            ConfigurationError: a source names a variable that is not set, or a path where no file lies.
        """
        if dataset not in self.settings.sources:
            found = [(path, dataset) for path in sorted((self.folder / "extracts" / dataset).glob("*"))]
        else:
            listed = self.sources_of(dataset)
            found = [(path, s.mapping or dataset) for s in listed for path in self._source_files(dataset, s)]
        skipped = (".done", ".part", ".tmp")
        return [(p, m) for p, m in found if p.is_file() and not p.name.startswith(".") and p.suffix not in skipped]

    def _source_files(self, dataset: str, source: FilesSource | DatabaseSource | Open311Source) -> list[Path]:
        if not isinstance(source, FilesSource):
            return self.fetched_files(dataset, source.name)
        found: list[Path] = []
        for pattern in source.files:
            expanded = os.path.expandvars(pattern)
            if "${" in expanded:
                raise ConfigurationError(f"city.yaml: sources.{dataset}: {pattern} names a variable that is not set")
            path = Path(expanded)
            anchor = path if path.is_absolute() else self.folder / path
            matches = sorted(anchor.parent.glob(anchor.name))
            if not matches:
                raise ConfigurationError(f"city.yaml: sources.{dataset}: there is no file {pattern}")
            found += matches
        return found
