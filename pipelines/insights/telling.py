"""Puts a row of evidence into a Chinese and an English sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from pipelines import wording

Row = Mapping[str, Any]
Names = Mapping[tuple[str, date], tuple[str, str]]
#: Names that a sentence lists at most.
MOST_INDICATORS = 5
MOST_AREAS = 4


@dataclass(frozen=True)
class About:
    """What the catalogue says of an indicator, as far as sentences need it."""

    names: tuple[str, str]
    form: str
    unit: str
    decimals: int
    is_money: bool

    def write(self, value: float, lang: str, apart_from: float | None = None) -> str:
        """A value with its unit."""
        return wording.amount(value, self.form, self.unit, self.decimals, lang, apart_from)


def catalogue(about: pl.DataFrame) -> dict[str, About]:
    """Return every indicator by id."""
    return {
        row["indicator_id"]: About(
            (row["name_zh"], row["name_en"]), _form(row), row["unit"], int(row["decimals"]), _is_money(row)
        )
        for row in about.iter_rows(named=True)
    }


def _is_money(row: Row) -> bool:
    """Whether an indicator's counts are amounts of money; a share of communities is counted in communities."""
    return row["dataset"] in ("budget_lines", "payments") and row["figure_kind"] != "proportion"


def _form(row: Row) -> str:
    """How values are written: percent, points, money, hours, count or number."""
    fixed = {
        "difference": "points", "amount": "money", "median": "hours", "percentile": "hours", "count": "count",
        "proportion": "percent",
    }  # fmt: skip
    ratio = "percent" if row["scale"] == 1 and row["unit"] == "percent" else "number"
    return fixed.get(row["figure_kind"], ratio)


@dataclass(frozen=True)
class Teller:
    """Writes sentences about the areas of a city; `areas` holds names (zh, en) by code and month."""

    indicators: Mapping[str, About]
    areas: Names

    def sentences(self, row: Row) -> tuple[str, str]:
        """The Chinese and the English sentence of a row."""
        return self.sentence(row, "zh"), self.sentence(row, "en")

    def sentence(self, row: Row, lang: str) -> str:
        """The sentence of a row in one language."""
        return wording.sentence(lang, row["kind"], **getattr(self, f"_{row['topic']}")(row, lang))

    def name(self, indicator_id: str, lang: str) -> str:
        """The name of an indicator."""
        return wording.pick(lang, self.indicators[indicator_id].names)

    def _summary(self, row: Row, lang: str) -> dict[str, Any]:
        return {
            "all": row["compared"],
            "n": row["counted"],
            "names": wording.listed(lang, [self.name(i, lang) for i in row["listed"]], MOST_INDICATORS),
        }

    def _level(self, row: Row, lang: str) -> dict[str, Any]:
        about, goal = self.indicators[row["indicator_id"]], row["target"]
        pending = wording.word(lang, "pending", n=f"{row['pending']:,}") if row["pending"] else ""
        return {
            "fig": self._figure(row, about, lang),
            "target": wording.target(goal, about.form, lang) if goal is not None else "",
            "pending": pending,
        }

    def _figure(self, row: Row, about: About, lang: str) -> str:
        """Name and value, with the count and the interval behind it, or else the value of the month before."""
        name, goal = wording.pick(lang, about.names), row["target"]
        hidden = goal if goal is not None and row["kind"] != "level_met" else None
        value = about.write(row["value"], lang, hidden)
        if row["lower"] is not None and row["denominator"] is not None:
            interval = wording.fractions_interval(row["lower"], row["upper"], goal)
            return wording.word(
                lang, "fig_rate", name=name, value=value, count=_count(row, about, lang), interval=interval
            )
        if row["denominator"] is not None:
            return wording.word(lang, "fig_count", name=name, value=value, count=_count(row, about, lang))
        if row["value_before"] is not None:
            before = about.write(row["value_before"], lang)
            return wording.word(lang, "fig_before", name=name, value=value, before=before)
        return wording.word(lang, "fig", name=name, value=value)

    def _change(self, row: Row, lang: str) -> dict[str, Any]:
        is_claim = row["kind"] in wording.CLAIMS_OF_CHANGE
        return {
            "name": self.name(row["indicator_id"], lang),
            "when": wording.word(lang, row["compared_with"]),
            "change": wording.points_apart(row["change"]).lstrip("+−")
            if is_claim
            else wording.points_apart(row["change"]),
            "interval": wording.points_interval(row["change_lower"], row["change_upper"], lang),
            "compared": f"{row['compared']:,}",
        }

    def _parts(self, row: Row, lang: str) -> dict[str, Any]:
        named = [
            f"{self._part(row, part, lang)} {wording.points_apart(effect)}"
            for part, effect in zip(row["listed"], row["contributions"], strict=True)
        ]
        rate, mix, change = wording.effects(row["rate_effect"], row["mix_effect"], row["change"])
        return {
            "name": self.name(row["indicator_id"], lang),
            "when": wording.word(lang, row["compared_with"]),
            "change": change,
            "rate": rate,
            "mix": mix,
            "parts_word": wording.word(lang, f"parts_{row['dimension']}", wording.word(lang, "parts_other")),
            "names": wording.listed(lang, named, len(named)),
        }

    def _part(self, row: Row, part: str, lang: str) -> str:
        if row["dimension"] in ("district", "street", "community"):
            return self._area(part, row["month"], lang)
        return wording.word(lang, f"member_{part}", part)

    def _area(self, code: str, month: date, lang: str) -> str:
        return wording.pick(lang, self.areas.get((code, month), (code, code)))

    def _chance(self, row: Row, lang: str) -> dict[str, Any]:
        about = self.indicators[row["indicator_id"]]
        bounds = {"low": row["limit_lower"], "high": row["limit_upper"]}
        near = row["centre"] if "_run_" in row["kind"] else bounds.get(row["kind"].rpartition("_")[2])
        # limits of a count lie between whole numbers
        written = {key: about.write(_whole(value, about), lang) for key, value in bounds.items()}
        verdict = row["variation"] if row["variation"] in ("improving", "concerning", "special_cause") else None
        return {
            "name": wording.pick(lang, about.names),
            "value": about.write(row["value"], lang, near),
            "limit": about.write(_whole(near, about), lang, row["value"]) if near is not None else "",
            "verdict": wording.word(lang, verdict) if verdict else "",
            "target": wording.target(row["target"], about.form, lang) if row["target"] is not None else "",
            **written,
        }

    def _peers(self, row: Row, lang: str) -> dict[str, Any]:
        about = self.indicators[row["indicator_id"]]
        limit = row["limit_lower"] if row["limit_lower"] is not None else row["limit_upper"]
        level = row["dimension"] if row["kind"] == "outliers_below" else row["area_level"]
        values: dict[str, Any] = {"name": wording.pick(lang, about.names), "rung": wording.word(lang, f"rung_{level}")}
        if row["kind"] == "outliers_below":
            names = [self._area(code, row["month"], lang) for code in row["listed"]]
            return values | {
                "all": f"{row['compared']:,}",
                "n": row["counted"],
                "names": wording.listed(lang, names, MOST_AREAS),
                # each area lies beyond the lower limit once in a thousand times
                "chance": wording.few(0.001 * row["compared"], lang),
            }
        adjusted = row["standardised_value"] if row["kind"] == "peers_standardised" else None
        values |= {
            "value": about.write(row["value"], lang, row["peer_rate"] if adjusted is not None else limit),
            "peers": f"{row['peers']:,}",
            "peer_rate": about.write(row["peer_rate"], lang),
        }
        if adjusted is not None:
            by = wording.word(lang, f"by_{row['dimension']}", row["dimension"])
            return values | {"by": by, "standardised": about.write(adjusted, lang, row["peer_rate"])}
        return values | {
            "limit": about.write(limit, lang, row["value"]),
            "chance": wording.few(0.025 * row["peers"], lang),
        }

    def _data(self, row: Row, lang: str) -> dict[str, Any]:
        kind = row["kind"]
        if kind in ("data_refused", "data_stale"):
            names = [wording.word(lang, f"dataset_{name}", name) for name in row["listed"]]
            return {
                "names": wording.listed(lang, names, len(names)),
                "day": wording.day(row["day"], lang) if row["day"] is not None else "",
            }
        if kind in ("data_provisional", "data_suppressed"):
            names = [self.name(i, lang) for i in row["listed"]]
            return {"n": row["counted"], "names": wording.listed(lang, names, MOST_INDICATORS)}
        about = self.indicators[row["indicator_id"]]
        values: dict[str, Any] = {"name": wording.pick(lang, about.names), "share": wording.percent(row["value"])}
        if kind == "data_excluded":
            return values | {"n": f"{row['counted']:,}"}
        return values | {
            "n": about.write(row["numerator"], lang),
            "rung": wording.word(lang, f"rung_{row['dimension']}"),
        }


def _whole(value: float | None, about: About) -> float:
    if value is None:
        return 0.0
    return float(round(value)) if about.form == "count" else value


def _count(row: Row, about: About, lang: str) -> str:
    """The count behind a figure: 4,368 / 4,512, or n = 410 where only the base is known."""
    if row["numerator"] is None:
        return f"n = {wording.whole(row['denominator'])}"
    if about.is_money:
        # an amount a head is money over people
        base = (
            wording.whole(row["denominator"])
            if about.unit == "currency_per_resident"
            else wording.money(row["denominator"], lang)
        )
        return f"{wording.money(row['numerator'], lang)} / {base}"
    return f"{wording.whole(row['numerator'])} / {wording.whole(row['denominator'])}"


def tell(frame: pl.DataFrame, teller: Teller) -> pl.DataFrame:
    """Add the columns sentence_zh and sentence_en."""
    pairs: Iterable[tuple[str, str]] = [teller.sentences(row) for row in frame.iter_rows(named=True)]
    return frame.with_columns(
        pl.Series("sentence_zh", [zh for zh, _ in pairs], dtype=pl.String),
        pl.Series("sentence_en", [en for _, en in pairs], dtype=pl.String),
    )
