"""Whether the pointer leads to a whole edition; its own module, because children that are killed import nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.archive import KEPT, Archive

MAY = datetime(2126, 5, 1, 2, 0, tzinfo=UTC)  # later than the fixture's own edition


def read(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def check_valid(folder: Path) -> str:
    """The pointer leads to a whole edition with its manifest and its Data Docs; return the edition's name."""
    target = os.readlink(folder / "current")
    assert "/" not in target
    file = folder / target
    manifest = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    assert manifest["edition"] == file.stem
    assert (folder / f"{file.stem}-data-docs" / "index.html").is_file()
    counts = ", ".join(f"(SELECT count(*) FROM marts.{table})" for table in manifest["tables"])
    assert read(file, f"SELECT edition, {counts} FROM marts.edition") == [(file.stem, *manifest["tables"].values())]
    archive = Archive(folder)
    assert file.stem in archive.records()
    chain = archive.chain(file.stem)
    assert chain is not None
    archived = duckdb.sql(f"SELECT count(*) FROM {archive.figures(chain)}").fetchall()
    assert archived == read(file, f"SELECT count(*) FROM marts.indicator_values WHERE {KEPT}")
    return file.stem
