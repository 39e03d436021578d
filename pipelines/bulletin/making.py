"""Makes the bulletins of an edition, whole or not at all, and keeps those of the editions that are kept."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines import wording
from pipelines.bulletin import content
from pipelines.bulletin.facts import Facts, months_over, read_facts
from pipelines.bulletin.typeset import NoFont, Typesetter
from pipelines.bulletin.words import pair
from pipelines.bulletin.workbook import workbook
from pipelines.city import City
from pipelines.warehouse import LIMITS

ABOUT = "bulletin.json"
#: The newest month that is over, most often provisional, and the one before, which matures while it runs.
MONTHS = 2
#: A part that has lain so long is of a run that was killed.
_OLD_SECONDS = 3600
Problem = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A bulletin on disk: its folder, whether it is final, and its first sentences by language."""

    edition: str
    month: date
    folder: Path
    final: bool
    about: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    @property
    def files(self) -> list[Path]:
        """PDF and XLSX in both languages, as far as they could be made."""
        return [self.folder / entry["name"] for entry in self.about["files"]]


@contextmanager
def opened(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An edition, read-only."""
    con = duckdb.connect(str(file), read_only=True, config=LIMITS)
    try:
        yield con
    finally:
        con.close()


def make_bulletins(city: City, file: Path, months: Sequence[date] | None = None) -> list[Made]:
    """Make the bulletins of some months from an edition; by default of the newest months that are over.

    Raises:
        NoSuchMonth: the edition does not hold a month, or it was not over at the data cut.
    """
    made = []
    font = city.settings.bulletin.font
    setter: Typesetter | NoFont
    try:
        setter = Typesetter(font, city.folder)
    except NoFont as missing:
        setter = missing
    with opened(file) as con:
        chosen = months_over(con)[:MONTHS] if months is None else months
        for month in chosen:
            made.append(_make(city, read_facts(con, month), setter))
    return made


def _make(city: City, facts: Facts, setter: Typesetter | NoFont) -> Made:
    """Write one bulletin to a folder beside its place, then move it there."""
    edition = str(facts.edition["edition"])
    target = city.bulletins / edition / f"{facts.month:%Y-%m}"
    part = city.bulletins / f".part-{edition}-{facts.month:%Y-%m}-{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    problems: list[Problem] = []
    try:
        for lang in wording.LANGUAGES:
            name = f"bulletin-{facts.month:%Y-%m}-{lang}"
            _write(part / f"{name}.xlsx", workbook(facts, lang))
            if isinstance(setter, NoFont):
                continue
            try:
                told = content.tell(facts, lang, setter.family)
                _write(part / f"{name}.pdf", setter.pdf(told, facts.edition["published_at"]))
            except RuntimeError as error:  # Typst's own; its text quotes the document
                problems.append(_problem("not_set", month=f"{facts.month:%Y-%m}", kind=type(error).__name__))
        if isinstance(setter, NoFont):
            problems.append(_problem(setter.key))
        about = {
            "edition": edition,
            "month": f"{facts.month:%Y-%m}",
            "final": facts.final,
            "people_minimum": facts.city["people_minimum"],
            "files": [_entry(path) for path in sorted(part.iterdir())],
            **content.preview(facts),
        }
        _write(part / ABOUT, json.dumps(about, ensure_ascii=False, indent=1).encode())
        _move(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Made(edition, facts.month, target, facts.final, about, problems)


def _problem(key: str, **values: object) -> Problem:
    return {"dataset": None, **pair(key, **values)}


def _entry(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {
        "name": path.name,
        "lang": path.stem[-2:],
        "kind": path.suffix[1:],
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def _move(part: Path, target: Path) -> None:
    """Put a finished folder in its place, unless the same files are there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and _files(target) == _files(part):
        return
    old = part.with_name(f"{part.name}-old")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def forget_old(city: City) -> None:
    """Remove the bulletins of editions that are no longer kept, and what a killed run left half made."""
    for folder in city.bulletins.glob("edition-*"):
        if not (city.published / f"{folder.name}.duckdb").exists():
            shutil.rmtree(folder, ignore_errors=True)
    for rest in city.bulletins.glob(".part-*"):
        if time.time() - rest.stat().st_mtime > _OLD_SECONDS:
            shutil.rmtree(rest, ignore_errors=True)
