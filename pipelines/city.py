"""A city is a folder: the typed model of `city.yaml` and the places of everything else in the folder."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines.paths import CONTRACTS, ROOT
from pipelines.yaml_model import ConfigurationError, read_yaml_model

#: The sample city; another one is chosen with `--city` or STREETWISE_CITY.
DEFAULT_CITY = ROOT / "cities" / "sample"
CITY_VARIABLE = "STREETWISE_CITY"


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name} is not a time zone of the IANA list, for example Asia/Shanghai")
    return name


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("needs an offset, for example 2026-11-21T23:59:59+08:00")
    return moment.astimezone(UTC)


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
Instant = Annotated[datetime, AfterValidator(_aware)]


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
    sources: dict[str, FilesSource | list[FilesSource]] = Field(default_factory=dict)
    standards: dict[str, Any] = Field(default_factory=dict)
    webhook_url: str | None = Field(default=None, pattern="^https?://")


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
        return cls(chosen, settings)

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
    def published(self) -> Path:
        """Editions and the pointer to the current one: all that a reader ever opens."""
        return self.state / "published"

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

    def extract_files(self, dataset: str) -> list[tuple[Path, str]]:
        """The files delivered for a dataset, each with the name of its mapping; manifests, hidden and half-written
        (`.part`, `.tmp`) ones left out.

        Raises:
            ConfigurationError: a source names a variable that is not set, or a path where no file lies.
        """
        sources = self.settings.sources.get(dataset)
        if sources is None:
            found = [(path, dataset) for path in sorted((self.folder / "extracts" / dataset).glob("*"))]
        else:
            listed = sources if isinstance(sources, list) else [sources]
            found = [(path, s.mapping or dataset) for s in listed for path in self._source_files(dataset, s)]
        skipped = (".done", ".part", ".tmp")
        return [(p, m) for p, m in found if p.is_file() and not p.name.startswith(".") and p.suffix not in skipped]

    def _source_files(self, dataset: str, source: FilesSource) -> list[Path]:
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
