"""City folders over an edition that is ready, for the tests of bulletins: they write beside the edition, never into it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from editions import publish

from pipelines.city import City

NAMES = {"zh": "示例市", "en": "Sample City"}


def settings(folder: Path, **bulletin: Any) -> City:
    """Write city.yaml (JSON is YAML) with these settings of the bulletin."""
    text = json.dumps({"name": NAMES, "time_zone": "Asia/Shanghai", "bulletin": bulletin}, ensure_ascii=False)
    (folder / "city.yaml").write_text(text, encoding="utf-8")
    return City.open(folder)


def over_sample(folder: Path, sample_city: Path, **bulletin: Any) -> City:
    """A city whose current edition is that of the sample city, under a path of its own: another test of this process may
    have it open with other settings, which DuckDB refuses."""
    edition = (sample_city / "state" / "published" / "current").resolve()
    published = folder / "state" / "published"
    published.mkdir(parents=True)
    try:
        os.link(edition, published / edition.name)
    except OSError:  # another file system
        shutil.copy(edition, published / edition.name)
    (published / "current").symlink_to(edition.name)
    return settings(folder, **bulletin)


@cache
def _tiny_edition() -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    """The edition, and its folder, which is removed with the last reference to it."""
    folder = tempfile.TemporaryDirectory(prefix="tiny-edition-")
    return publish(Path(folder.name)), folder


def over_tiny(folder: Path, **bulletin: Any) -> City:
    """A city with a small made-up edition, which lacks the tables of lists, sentences and weights."""
    edition, _ = _tiny_edition()
    published = folder / "state" / "published"
    published.mkdir(parents=True)
    shutil.copy(edition, published / edition.name)
    (published / "current").symlink_to(edition.name)
    return settings(folder, **bulletin)
