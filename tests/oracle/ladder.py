"""The ladder of areas: where a code lies on a day, and which areas were in force on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from oracle.inputs import Inputs

LEVELS = ("city", "district", "street", "community", "grid")
UNLOCATED = "unlocated"


class Ladder:
    """The areas of a city through time."""

    def __init__(self, inputs: Inputs) -> None:
        self.city = inputs.area_code
        self.rows = inputs.table("areas").select(
            "area_code", "valid_from", "valid_to", "level", "parent_code", "area_kind", "population"
        )
        present = set(self.rows["level"].to_list())
        self.levels = tuple(level for level in LEVELS if level == "city" or level in present)

    def in_force(self, day: pl.Expr) -> pl.Expr:
        """Whether a row of areas holds on `day`: from valid_from, up to the day before valid_to."""
        return (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))

    def place(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add a column for each level with the area that `area_code` lies in on `day`, or 'unlocated'.

        From the row in force on that day upwards, parent by parent, each by its own row in force on that day; after the
        end of the area from its last parent upwards. The city holds everything.
        """
        keys = frame.select("area_code", "day").unique().drop_nulls()
        known = keys.join(self.rows, on="area_code")
        present = known.filter(self.in_force(pl.col("day"))).select("area_code", "day")
        gone = known.filter(pl.col("valid_to") <= pl.col("day")).join(present, on=["area_code", "day"], how="anti")
        gone = gone.sort("valid_to").unique(["area_code", "day"], keep="last", maintain_order=True)
        orphans = gone.select("area_code", "day", at="parent_code").drop_nulls()
        here = keys.with_columns(at="area_code")
        found: list[pl.DataFrame] = []
        for _ in LEVELS:
            here = (
                here.join(self.rows.rename({"area_code": "at"}), on="at")
                .filter(self.in_force(pl.col("day")))
                .select("area_code", "day", "at", "level", "parent_code")
            )
            found.append(here.select("area_code", "day", "at", "level"))
            here = pl.concat([here.select("area_code", "day", at="parent_code").drop_nulls(), orphans])
            orphans = orphans.clear()
        every = pl.concat(found)
        for level in LEVELS[1:]:
            of_level = every.filter(pl.col("level") == level).select("area_code", "day", pl.col("at").alias(level))
            keys = keys.join(of_level.unique(["area_code", "day"]), on=["area_code", "day"], how="left")
        placed = frame.join(keys, on=["area_code", "day"], how="left")
        return placed.with_columns(
            pl.lit(self.city).alias("city"), *(pl.col(level).fill_null(UNLOCATED) for level in LEVELS[1:])
        )

    def areas_on(self, level: str, days: Iterable[date]) -> pl.DataFrame:
        """Every area of a level in force on each of the days: day, area_code, area_kind, population."""
        frame = pl.DataFrame({"day": sorted(set(days))}, schema={"day": pl.Date})
        rows = self.rows.filter(pl.col("level") == level)
        return (
            frame.join(rows, how="cross")
            .filter(self.in_force(pl.col("day")))
            .select("day", "area_code", "area_kind", "population")
        )
