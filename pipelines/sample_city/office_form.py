"""The form in which offices hand over their tables: headers, spellings, dates, file kinds, manifests."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

DateStyle = Literal["dash", "slash", "chinese", "compact"]
Table = dict[str, Sequence[str]]

LOCAL = timezone(timedelta(hours=8))

_DATES = {"dash": "%Y-%m-%d", "slash": "%Y/%-m/%-d", "chinese": "%Y年%-m月%-d日", "compact": "%Y%m%d"}
_TIMES = {"dash": "%Y-%m-%d %H:%M:%S", "slash": "%Y/%-m/%-d %-H:%M", "chinese": "%Y年%-m月%-d日 %H:%M"}
_TIMES["compact"] = _TIMES["dash"]
_BOOLEANS = {"是": ("是", "否"), "true": ("true", "false"), "1": ("1", "0")}


@dataclass(frozen=True)
class Form:
    """How one file is written: which header spelling each column gets, in which order, and how values look."""

    variant: int = 0
    dates: DateStyle = "dash"
    booleans: Literal["是", "true", "1"] = "是"
    null: str = ""
    bom: bool = False
    typed: frozenset[str] = frozenset()
    """Kinds of values that stay typed where the file kind can hold them: "time", "boolean"."""
    thousands: bool = False
    """Amounts as 1,234.50 instead of 1234.50."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Columns that nobody asked for: header → constant value ('#' stands for the row number)."""


def headers(spellings: Mapping[str, Sequence[str]], variant: int) -> dict[str, str]:
    """Canonical column → the header that a file of this variant uses."""
    return {column: choices[variant % len(choices)] for column, choices in spellings.items()}


def shuffled(columns: Sequence[str], variant: int) -> list[str]:
    """The columns in the order of this variant; variant 0 keeps the order given."""
    if variant == 0:
        return list(columns)
    return [columns[place] for place in np.random.default_rng(variant).permutation(len(columns))]


def spelled(codes: pl.Series, words: Mapping[str, Sequence[str]], variant: int) -> pl.Series:
    """Enumeration values in the words of the office: the spellings of one value take turns down the rows."""
    width = max(len(choices) for choices in words.values())
    position = {value: number for number, value in enumerate(words)}
    flat = pl.Series([choices[turn % len(choices)] for choices in words.values() for turn in range(width)])
    # Turns change every 40 rows: a clerk copies the same word down a block, and blocks compress better.
    turn = pl.Series((np.arange(len(codes)) // 40 + variant) % width)
    place = codes.replace_strict(position, default=None, return_dtype=pl.Int64) * width + turn
    return flat.gather(place)


def render(
    frame: pl.DataFrame,
    spellings: Mapping[str, Sequence[str]],
    words: Mapping[str, Mapping[str, Sequence[str]]],
    form: Form,
) -> pl.DataFrame:
    """The frame as the office writes it: same rows, Chinese headers, dates and booleans as text, extra columns."""
    names = headers(spellings, form.variant)
    yes, no = _BOOLEANS[form.booleans]
    columns: list[pl.Series] = []
    for column in shuffled([name for name in frame.columns if name in names], form.variant):
        values = frame[column]
        if column in words:
            values = spelled(values, words[column], form.variant)
        elif values.dtype == pl.Date:
            values = values.dt.strftime(_DATES[form.dates])
        elif values.dtype == pl.Datetime and "time" not in form.typed:
            values = values.dt.strftime(_TIMES[form.dates])
        elif values.dtype == pl.Boolean and "boolean" not in form.typed:
            values = values.replace_strict({True: yes, False: no}, default=None, return_dtype=pl.String)
        if form.thousands and column.endswith("amount"):
            for _ in range(4):
                values = values.str.replace(r"(\d)(\d{3})([.,])", "${1},${2}${3}")
        columns.append(values.alias(names[column]))
    for place, (header, value) in enumerate(form.extra.items()):
        text = pl.int_range(1, len(frame) + 1, eager=True) if value == "#" else pl.repeat(value, len(frame), eager=True)
        columns.insert(min(place * 3, len(columns)), text.alias(header))
    return pl.DataFrame(columns)


def as_text(rendered: pl.DataFrame) -> pl.DataFrame:
    """Every column as text."""
    return rendered.select(pl.all().cast(pl.String))


def with_repeats(rendered: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """The table with `count` rows given twice, word for word, at some later place."""
    if count == 0:
        return rendered
    rng = np.random.default_rng(seed)
    rows = len(rendered)
    twice = rng.choice(rows, count, replace=False)
    place = np.concatenate([np.arange(rows, dtype=np.float64), rng.integers(0, rows, count) + 0.5])
    index = np.concatenate([np.arange(rows), twice])
    return rendered[index[np.argsort(place, kind="stable")]]


def with_bad_rows(rendered: pl.DataFrame, bad: Sequence[Mapping[str, str]], seed: int) -> pl.DataFrame:
    """The table (all text) with one row more per entry of `bad`: a copy of some row with those headers overwritten."""
    if not bad:
        return rendered
    rng = np.random.default_rng(seed)
    rows = len(rendered)
    copies = rendered[rng.choice(rows, len(bad), replace=False)]
    wrong = [{**row, **changes} for row, changes in zip(copies.to_dicts(), bad, strict=True)]
    both = pl.concat([rendered, pl.DataFrame(wrong, schema=rendered.schema)])
    place = np.concatenate([np.arange(rows, dtype=np.float64), rng.integers(0, rows, len(bad)) + 0.25])
    return both[np.argsort(place, kind="stable")]


def write_table(path: Path, rendered: pl.DataFrame, form: Form) -> int:
    """Write .csv, .csv.gz, .tsv, .jsonl or .parquet by the name of the file; returns the number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        rendered.write_ndjson(path)
        return len(rendered)
    if path.suffix == ".parquet":
        rendered.write_parquet(path, statistics=False)
        return len(rendered)
    text = as_text(rendered)
    if form.null:
        text = text.with_columns(pl.all().fill_null(form.null))
    buffer = io.BytesIO()
    text.write_csv(buffer, separator="\t" if path.suffix == ".tsv" else ",", include_bom=form.bom)
    content = buffer.getvalue()
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    path.write_bytes(content)
    return len(rendered)


def end_of(day: date) -> datetime:
    """The last second of the day in the time zone of the sample city."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=LOCAL)


def write_manifest(path: Path, as_of: date, rows: int, kind: Literal["full", "delta"]) -> None:
    """Write `<file>.done` beside the delivery: as-of, rows, SHA-256 and kind."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = f'as_of: "{end_of(as_of).isoformat()}"\nrows: {rows}\nsha256: {digest}\nkind: {kind}\n'
    path.with_name(path.name + ".done").write_text(text, encoding="utf-8")


def stamp(path: Path, day: date) -> None:
    """Set the time of change of a delivery to the end of the day it reports, when the office wrote it."""
    moment = end_of(day).astimezone(UTC).timestamp()
    os.utime(path, (moment, moment))
