"""Fetches what the databases and Open311 endpoints of `city.yaml` hold into extracts, which the ordinary load then takes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.city import City, DatabaseSource, FilesSource, Open311Source
from pipelines.ingest.databases import fetch_database
from pipelines.ingest.fetching import Draft, Patience, Remark, Say, SourceFailed
from pipelines.ingest.manifest import FetchState, Manifest
from pipelines.ingest.open311 import fetch_open311
from pipelines.yaml_model import read_yaml_model

_PATIENCE = Patience()


@dataclass(frozen=True)
class Fetched:
    """What one source gave. `path` is the new extract, or None when nothing is new since the last one or `problem` says
    why nothing came; the last good data then stays. `as_of` (UTC) is up to when the source was looked at."""

    source: str
    path: Path | None
    rows: int = 0
    as_of: datetime | None = None
    remarks: tuple[Remark, ...] = ()
    problem: SourceFailed | None = None


def fetch_sources(
    city: City, dataset: str, *, loaded: Set[str], refused: Set[str] = frozenset(),
    say: Say = lambda _: None, patience: Patience = _PATIENCE,
) -> list[Fetched]:  # fmt: skip
    """Fetch from every database and Open311 source of a dataset into `extracts/<dataset>/`.

    A fetch goes on from the newest extract of the source that was loaded. Later ones that were refused are removed,
    because the new one holds their rows too, as they are by now.

    Args:
        loaded: SHA-256 of the files that the ledger lists as loaded or superseded.
        refused: SHA-256 of the files that it lists as refused. What it does not know (a ledger that is made anew) stays.

    Raises:
        SourceFailed: a source gave nothing and may not be passed over (`on_failure: block`, or nothing of it was ever
            loaded); the others were fetched all the same.
        ConfigurationError: a variable that `city.yaml` names is not set, or a manifest is wrong.
    """
    fetched, failures = list[Fetched](), list[SourceFailed]()
    for source in city.sources_of(dataset):
        if isinstance(source, FilesSource):
            continue
        folder = _Extracts(city, dataset, source, loaded, refused)
        try:
            fetched.append(_fetch_one(folder, say, patience))
        except SourceFailed as failure:
            say(failure.en)
            if source.on_failure == "warn" and folder.last_loaded() is not None:
                fetched.append(Fetched(source.name, None, problem=failure))
            else:
                failures.append(failure)
    if failures:
        raise SourceFailed(zh=" ".join(f.zh for f in failures), en=" ".join(f.en for f in failures))
    return fetched


@dataclass(frozen=True)
class _Written:
    """An extract of the source, by its manifest; the file itself may have been put away."""

    path: Path
    manifest: Manifest
    state: FetchState


class _Extracts:
    """What one source has written into the city folder so far."""

    def __init__(
        self, city: City, dataset: str, source: DatabaseSource | Open311Source, loaded: Set[str], refused: Set[str]
    ) -> None:  # fmt: skip
        self.city, self.source, self.loaded, self.refused = city, source, loaded, refused
        self.folder = city.folder / "extracts" / dataset
        self.where = f"{dataset} ({source.name})"
        self.suffix = "parquet" if isinstance(source, DatabaseSource) else "jsonl"
        asked = source.database if isinstance(source, DatabaseSource) else source.open311
        # Another table, query or column begins anew; the address may change hands.
        kept = {"table", "query", "columns", "high_water", "jurisdiction_id", "extensions"}
        self.selection = hashlib.sha256(asked.model_dump_json(include=kept).encode()).hexdigest()[:16]
        self.written = self._read()

    def _read(self) -> list[_Written]:
        found = []
        for done in sorted(self.folder.glob(f"{self.source.name}-*.done")):
            manifest = read_yaml_model(done, Manifest)
            if manifest.source is not None and manifest.source.name == self.source.name:
                found.append(_Written(done.with_name(done.name.removesuffix(".done")), manifest, manifest.source))
        return sorted(found, key=lambda w: w.manifest.as_of or datetime.min.replace(tzinfo=UTC))

    def is_loaded(self, extract: _Written) -> bool:
        return extract.manifest.sha256 in self.loaded

    def last_loaded(self) -> _Written | None:
        """The newest loaded extract of what is asked for now."""
        found = [w for w in self.written if self.is_loaded(w) and w.state.selection == self.selection]
        return found[-1] if found else None

    def holds(self, draft: Draft) -> bool:
        """Whether the newest extract has the very same rows."""
        last = self.written[-1] if self.written else None
        if last is None or (last.state.digest, last.state.selection) != (draft.digest, self.selection):
            return False
        return self.is_loaded(last) or last.path.is_file()

    def remove_refused(self) -> None:
        """Remove what was refused since the last loaded extract."""
        last = self.last_loaded()
        for extract in self.written[self.written.index(last) + 1 :] if last else self.written:
            if extract.manifest.sha256 in self.refused:
                extract.path.unlink(missing_ok=True)
                extract.path.with_name(extract.path.name + ".done").unlink(missing_ok=True)

    def start(self) -> Path:
        """An empty file that only its owner can read, in place of what an earlier fetch left half-written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"{self.source.name}.{self.suffix}*.part"):
            left.unlink()
        part = self.folder / f"{self.source.name}.{self.suffix}.part"
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return part

    def finish(self, part: Path, draft: Draft) -> Path:
        """Give the file its name, after its manifest has one: no fetched file is ever without."""
        path = self._free(f"{self.source.name}-{draft.as_of:%Y%m%dT%H%M%SZ}")
        with part.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            os.fsync(handle.fileno())
        state = FetchState(
            name=self.source.name, selection=self.selection, digest=draft.digest, high_water=draft.high_water
        )
        manifest = Manifest(as_of=draft.as_of, rows=draft.rows, sha256=sha256, kind=draft.kind, source=state)
        done = path.with_name(path.name + ".done")
        with os.fdopen(os.open(f"{done}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(f"{done}.part", done)
        part.replace(path)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path

    def _free(self, stem: str) -> Path:
        names = [f"{stem}.{self.suffix}", *(f"{stem}-{n}.{self.suffix}" for n in range(2, 100))]
        return next(p for n in names if not ((p := self.folder / n).exists() or p.with_name(f"{n}.done").exists()))


def _fetch_one(extracts: _Extracts, say: Say, patience: Patience) -> Fetched:
    source, where = extracts.source, extracts.where
    last = extracts.last_loaded()
    part = extracts.start()
    try:
        if isinstance(source, DatabaseSource):
            mark = last.state.high_water if last else None
            draft = fetch_database(source.database, part, where=where, mark=mark, patience=patience, say=say)
        else:
            since = last.manifest.as_of if last else None
            zone = extracts.city.settings.time_zone
            draft = fetch_open311(
                source.open311, part, where=where, since=since, city_zone=zone, patience=patience, say=say
            )
        for remark in draft.remarks:
            say(remark.en)
        path = None
        if extracts.holds(draft):
            say(f"{where}: {draft.rows:,} rows, nothing new")
        else:
            # A delta without rows is no delivery; a table that has become empty is one, and the contract judges it.
            if draft.rows or draft.kind == "full":
                path = extracts.finish(part, draft)
            extracts.remove_refused()
            say(f"{where}: {draft.rows:,} rows fetched")
        return Fetched(source.name, path, draft.rows, draft.as_of, draft.remarks)
    finally:
        part.unlink(missing_ok=True)
