"""Looks at the machine and a city folder and says what is wrong and what to do about it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipelines.catalogue import load_catalogue, load_standards
from pipelines.city import City
from pipelines.contracts.model import Contract, ContractError, load_contracts
from pipelines.ingest.mapping import load_mapping
from pipelines.ingest.privacy import KEY_VARIABLE, key_file
from pipelines.maps import map_files, read_outlines
from pipelines.paths import CONTRACTS
from pipelines.sql_files import SqlFileError
from pipelines.tables import read_tables
from pipelines.yaml_model import ConfigurationError

_NEEDED_GIB = 2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `text` says what was found and, if it is not good, what to do."""

    good: bool
    text: str


def examine(folder: Path | None) -> Iterator[Finding]:
    """Look at Python, contracts, SQL, the city folder, its mappings, standards, maps, locks, disk and key, in this order."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(sys.version_info >= (3, 11), f"Python {version} (3.11 or newer is needed)")
    contracts: dict[str, Contract] = {}
    try:
        contracts = load_contracts()
        yield Finding(True, f"{len(contracts)} contracts")
    except ContractError as error:
        yield Finding(False, str(error))
    try:
        yield Finding(True, f"{len(read_tables())} tables")
    except SqlFileError as error:
        yield Finding(False, str(error))
    try:
        city = City.open(folder)
    except ConfigurationError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, f"city {city.settings.name.zh} {city.settings.name.en} in {city.folder}")
    yield from _examine_datasets(city, contracts)
    yield from _examine_names(city, contracts)
    yield _examine_standards(city)
    yield from _examine_maps(city)
    yield _examine_locks(city)
    free = shutil.disk_usage(city.folder).free / 2**30
    yield Finding(free >= _NEEDED_GIB, f"{free:.0f} GiB free ({_NEEDED_GIB} are needed)")
    yield _examine_key(city)
    pointer = city.published / "current"
    yield Finding(
        not pointer.is_symlink() or pointer.exists(),
        f"edition {pointer.resolve().stem}" if pointer.exists() else "no edition yet; run `streetwise refresh`",
    )


def _examine_datasets(city: City, contracts: Mapping[str, Contract]) -> Iterator[Finding]:
    for dataset, contract in contracts.items():
        try:
            found = city.extract_files(dataset)
            for name in {dataset, *(mapping for _, mapping in found)}:
                load_mapping(city, contract, name)
            yield Finding(True, f"{dataset}: {len(found)} files")
        except ConfigurationError as error:
            yield Finding(False, str(error))


def _examine_names(city: City, contracts: Mapping[str, Contract]) -> Iterator[Finding]:
    """Folders and mappings that bear the name of no dataset are never read."""
    sources = [s for found in city.settings.sources.values() for s in (found if isinstance(found, list) else [found])]
    mappings = {*contracts, *(source.mapping for source in sources)}
    for folder in sorted((city.folder / "extracts").glob("*/")):
        if folder.name not in contracts:
            yield Finding(False, f"extracts/{folder.name} is read by no dataset; known: {', '.join(contracts)}")
    for path in sorted((city.folder / "mappings").glob("*.yaml")):
        if path.stem not in mappings:
            yield Finding(False, f"mappings/{path.name} is used by no dataset and no source")


def _examine_standards(city: City) -> Finding:
    try:
        catalogue = load_catalogue(CONTRACTS / "indicators.yaml")
        load_standards(CONTRACTS / "standards.yaml", city.settings.standards, catalogue)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return Finding(False, f"city.yaml: standards: {wrong}")
    except ValueError as error:
        return Finding(False, f"city.yaml: {error}")
    return Finding(True, "standards")


def _examine_maps(city: City) -> Iterator[Finding]:
    for path in sorted((city.folder / "maps").glob("*")):
        if path not in map_files(city):
            yield Finding(False, f"maps/{path.name} is never read; maps are files called *.geojson")
            continue
        try:
            yield Finding(True, f"maps/{path.name}: {len(read_outlines(path, city.settings.map_code))} outlines")
        except ConfigurationError as error:
            yield Finding(False, str(error))


def _examine_locks(city: City) -> Finding:
    """Two opens of one file must exclude each other; on some network file systems they do not."""
    city.state.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=city.state) as first, open(first.name, "rb") as second:
        fcntl.flock(first.fileno(), fcntl.LOCK_EX)
        try:
            fcntl.flock(second.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Finding(True, "file locks hold")
    return Finding(False, f"file locks do not hold in {city.state}; put the city folder on a local disk")


def _examine_key(city: City) -> Finding:
    if os.environ.get(KEY_VARIABLE):
        return Finding(True, f"pseudonym key from {KEY_VARIABLE}")
    path = key_file(city.slug)
    if not path.exists():
        return Finding(True, f"no pseudonym key yet; it is made at the first load, in {path}")
    good = not path.stat().st_mode & 0o077
    return Finding(good, f"pseudonym key {path}" + ("" if good else f" can be read by others; run: chmod 0400 {path}"))
