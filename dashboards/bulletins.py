"""Finds the monthly bulletins of the kept editions and reads what each says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dashboards import editions

ABOUT = "bulletin.json"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bulletin: `kind` is pdf or xlsx."""

    path: Path
    lang: str
    kind: str
    size: int

    def read(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin: the path of its edition, its month, whether it is final, its files, and by language what it says."""

    edition: str
    month: date
    final: bool
    files: tuple[File, ...]
    told: Mapping[str, Mapping[str, Any]]

    @property
    def key(self) -> str:
        """How the address names it: the month, and the edition where it is not the current one."""
        month = f"{self.month:%Y-%m}"
        return month if self.edition == editions.current() else f"{month}.{Path(self.edition).stem}"


def found() -> list[Bulletin]:
    """The bulletins of the editions that are kept: those of the current one first, of each the newest month first."""
    folder = editions.published_folder()
    current = editions.current()
    bulletins = [read for place in folder.glob(f"bulletins/edition-*/*/{ABOUT}") if (read := _read(folder, place))]
    bulletins.sort(key=lambda b: (b.edition == current, b.edition, b.month), reverse=True)
    return bulletins


def _read(folder: Path, place: Path) -> Bulletin | None:
    """One bulletin; None where its edition is gone or what it says cannot be read."""
    edition = folder / f"{place.parent.parent.name}.duckdb"
    try:
        about = json.loads(place.read_text(encoding="utf-8"))
        beside = {path.name: path for path in place.parent.iterdir()}
        files = tuple(
            File(beside[entry["name"]], str(entry["lang"]), str(entry["kind"]), int(entry["bytes"]))
            for entry in about["files"]
            if entry["name"] in beside
        )
        return Bulletin(
            str(edition.resolve(strict=True)),
            date.fromisoformat(f"{about['month']}-01"),
            bool(about["final"]),
            files,
            {lang: about[lang] for lang in ("zh", "en")},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
