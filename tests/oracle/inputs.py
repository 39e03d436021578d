"""What the oracle starts from: the landed rows of a warehouse, the city's settings, the data cuts and the standards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import yaml

STANDARDS = Path(__file__).resolve().parents[2] / "data_contracts/standards.yaml"
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Inputs:
    """A city as the oracle sees it. `as_of` holds the data cut of each delivered dataset, naive UTC."""

    con: duckdb.DuckDBPyConnection
    area_code: str
    zone: ZoneInfo
    fiscal_year_start: int
    people_minimum: int
    as_of: Mapping[str, datetime]
    standards: Mapping[str, Any]
    cache: dict[str, pl.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pl.DataFrame:
        """Return landing.`name`, all columns."""
        if name not in self.cache:
            self.cache[name] = self.con.sql(f"SELECT * FROM landing.{name}").pl()
        return self.cache[name]

    def delivered(self, dataset: str) -> bool:
        """Whether anything of the dataset was ever loaded."""
        return dataset in self.as_of

    def cut_day(self, dataset: str) -> date:
        """Return the local day on which the data of the dataset end."""
        return self.as_of[dataset].replace(tzinfo=UTC).astimezone(self.zone).date()

    def local_day(self, column: str) -> pl.Expr:
        """The day in the city's time zone of a column of UTC instants."""
        return pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(self.zone.key).dt.date()


def read_inputs(
    con: duckdb.DuckDBPyConnection,
    overrides: Mapping[str, Any] | None = None,
    as_of: Mapping[str, datetime] | None = None,
) -> Inputs:
    """Read settings and data cuts from an open warehouse.

    The cut of a dataset is that of its latest loaded delivery unless `as_of` gives them (naive UTC).
    """
    code, zone, start, minimum = con.execute(
        "SELECT area_code, time_zone, fiscal_year_start, people_minimum FROM reference.city"
    ).fetchall()[0]
    if as_of is None:
        rows = con.execute("SELECT dataset, max(as_of) FROM landing.deliveries WHERE outcome = 'loaded' GROUP BY 1")
        as_of = dict(rows.fetchall())
    standards = yaml.safe_load(STANDARDS.read_text(encoding="utf-8"))
    return Inputs(con, code, ZoneInfo(zone), start, minimum, as_of, laid_over(standards, overrides or {}))


def laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with a city's own standards laid over it, key by key; null takes a key away."""
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = laid_over(result.get(key, {}), value)
        else:
            result[key] = value
    return result
