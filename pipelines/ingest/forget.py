"""Forgets a person: takes them out of everything under `state/`, keeps them out, and writes the proof of it."""

from __future__ import annotations

import bisect
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest import rejects
from pipelines.ingest.arrivals import Arrival, arrival_of
from pipelines.ingest.casting import BLANKS
from pipelines.ingest.erase import Erased, Person, digests, erase_editions, erase_kept, erase_warehouse, remove_file
from pipelines.ingest.files import Extract, FileRefused, open_extract, quote_name
from pipelines.ingest.forgotten import add_forgotten, pseudonym_columns
from pipelines.ingest.mapping import BoundMapping, bind_mapping, known_spellings, load_mapping
from pipelines.ingest.mend import forget_rejects, is_mend_sheet, rows_set_aside
from pipelines.ingest.privacy import KEY_VARIABLE, MASK, key_file, load_key, pseudonym_of
from pipelines.ingest.refused import REASON
from pipelines.ingest.search import NotSearchable, Word, files_below, find_words
from pipelines.ingest.staging import Staged, bind_key
from pipelines.ingest.typed import typed_select
from pipelines.warehouse import open_database, open_warehouse, whole_refresh
from pipelines.yaml_model import ConfigurationError


@dataclass(frozen=True)
class Outcome:
    """What came of it. `removed` counts rows and cells; `remains` are files under `state/` that still hold the person
    or cannot be looked into; `extracts` are files of the city's own in which they still stand, `unsearchable` those that cannot be looked into."""

    proof: Path
    removed: int
    remains: tuple[str, ...]
    extracts: tuple[str, ...]
    unsearchable: tuple[str, ...]


def forget(city: City, contracts: Mapping[str, Contract], key: str, *, now: datetime) -> Outcome:
    """Take the person whose identifier the extracts write as `key` out of the state, and put their pseudonym on the list
    of those whom loading leaves out. The identifier itself is written nowhere.

    Raises:
        ConfigurationError: `key` is empty, the key of the pseudonyms is gone, or a file of the city is wrong.
        WarehouseBusy: another process is writing.
        Damaged: a kept delivery is missing or was changed.
    """
    identifier = key.strip(BLANKS)
    if not identifier:
        raise ConfigurationError(
            "编号是空的，请提供其在原始文件中的写法 · the identifier is empty; give it as extracts write it"
        )
    if not os.environ.get(KEY_VARIABLE) and not key_file(city.slug).is_file():
        # A key made now would find nobody, and the proof would say that nothing was there.
        raise ConfigurationError(
            f"没有假名密钥 {key_file(city.slug)}，请放回 · there is no key of the pseudonyms, {key_file(city.slug)}; put it back"
        )
    pseudonym = pseudonym_of(load_key(city.slug), identifier)
    words = (Word("pseudonym", pseudonym), Word("key", identifier))
    with whole_refresh(city):
        # First of all, so that nobody who is half removed comes back.
        add_forgotten(city, pseudonym, now=now)
        found = _FoundInFiles(city, contracts, words, pseudonym)
        person, done = Person(pseudonym, found.rejected), Erased()
        try:
            with open_database(city, Path(":memory:")) as con:
                person.bind(con)
                erase_kept(con, city, contracts.values(), person, done)
            erase_warehouse(city, contracts.values(), person, done)
            erase_editions(city, contracts.values(), person, done)
            _export_rejects(city, contracts, found, done)
        except duckdb.Error as error:
            raise RuntimeError(f"{type(error).__name__} while forgetting a person; run it again") from None
        for path in files_below(city.state / "rebuilt"):
            if _hits(path, words):
                remove_file(path, done)
        for path in files_below(city.state / "spill"):
            path.unlink()
        # Nobody stands in a bulletin, but a PDF cannot be looked into, and `streetwise bulletin` makes it again.
        for path in files_below(city.bulletins):
            remove_file(path, done)
        remains, unseen, files, size = _search(city, words)
    proof = _write_proof(city, words, done, found, remains, unseen, files, size, now)
    shown = tuple(_plain(name, identifier) for name in (*found.names, *found.refused))
    closed = tuple(_plain(name, identifier) for name in found.closed)
    return Outcome(proof, sum(done.removed.values()), (*remains, *unseen), shown, closed)


# -- the city's own files --------------------------------------------------------------------------------------------


class _FoundInFiles:
    """In which extracts and refused files the person stands, and which of their rows were rejected."""

    def __init__(self, city: City, contracts: Mapping[str, Contract], words: tuple[Word, ...], pseudonym: str) -> None:
        self.names, self.refused, self.closed = list[str](), list[str](), list[str]()
        self.rejected: dict[str, set[int]] = {}
        self.files: dict[str, tuple[Contract, Arrival]] = {}
        self.city, self.words, self.pseudonym = city, words, pseudonym
        for contract in contracts.values():
            for path, mapping in _extracts(city, contract.dataset):
                self._look(contract, path, mapping, self.names)
            for path in sorted((city.refused / contract.dataset).glob("*")):
                if path.is_file() and not path.name.endswith((REASON, ".done")):
                    self._look(contract, path, contract.dataset, self.refused)

    def _look(self, contract: Contract, path: Path, mapping: str, names: list[str]) -> None:
        shown = str(path.relative_to(self.city.folder)) if path.is_relative_to(self.city.folder) else str(path)
        readable = self._through_mapping(contract, path, mapping)
        try:
            stands = bool(find_words(path, self.words)) or bool(readable)
            if not stands and readable is None and not any(word.sought for word in self.words[1:]):
                self.closed.append(shown)
        except NotSearchable:
            stands = bool(readable)
            if readable is None:
                self.closed.append(shown)
        if stands:
            names.append(shown)

    def _through_mapping(self, contract: Contract, path: Path, mapping: str) -> bool | None:
        """Whether the file has rows of the person, or mentions; None if it cannot be read as an extract."""
        keyed, others = pseudonym_columns(contract)
        if not keyed and not others:
            return False
        con = duckdb.connect(config={"temp_directory": ""})
        try:
            con.execute("SET TimeZone = 'UTC'")
            bind_key(con, self.city, contract)
            con.execute("SET VARIABLE person = $1", [self.pseudonym])
            if is_mend_sheet(path):
                return None
            extract, bound = _opened(con, self.city, contract, path, mapping)
            rows = _rows_of(con, self.city, contract, extract, bound, mapping, keyed)
            if rows:
                arrival = arrival_of(self.city, path, mapping)
                delivery_id = f"{contract.dataset}-{arrival.short}"
                self.rejected.setdefault(delivery_id, set()).update(rows)
                self.files[delivery_id] = (contract, arrival)
            return bool(rows) or bool(others and _rows_of(con, self.city, contract, extract, bound, mapping, others))
        except (FileRefused, duckdb.Error):
            return None
        finally:
            con.close()


def _extracts(city: City, dataset: str) -> Iterator[tuple[Path, str]]:
    """Everything that was delivered for a dataset, half-written files too."""
    seen = set[Path]()
    if dataset in city.settings.sources:
        for path, mapping in city.extract_files(dataset):
            seen.add(path)
            yield path, mapping
    for path in sorted((city.folder / "extracts" / dataset).glob("*")):
        if path.is_file() and path not in seen and path.suffix != ".done":
            yield path, dataset


def _opened(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, path: Path, mapping_name: str
) -> tuple[Extract, BoundMapping]:
    mapping = load_mapping(city, contract, mapping_name)
    extract = open_extract(con, path, reading=mapping.reading(), known=known_spellings(contract, mapping))
    return extract, bind_mapping(contract, mapping, extract.headers, path.name)


def _rows_of(
    con: duckdb.DuckDBPyConnection, city: City, contract: Contract, extract: Extract, bound: BoundMapping,
    mapping_name: str, columns: list[str],
) -> list[int]:  # fmt: skip
    """Numbers, in the file, of the rows that have the person in one of these columns."""
    mapping = load_mapping(city, contract, mapping_name)
    select = typed_select(
        bound, contract, mapping, extract.relation(bound.used_headers), city_zone=city.settings.time_zone
    )
    theirs = " OR ".join(f"{quote_name(name)} = getvariable('person')" for name in columns)
    con.execute("SET disabled_optimizers = 'in_clause'")
    try:
        found = con.execute(
            f"SELECT position FROM (SELECT row_number() OVER () - 1 AS position, {', '.join(map(quote_name, columns))}"
            f" FROM ({select})) WHERE {theirs} ORDER BY 1"
        ).fetchall()
    finally:
        con.execute("RESET disabled_optimizers")
        forget_rejects(con)
    if not found:
        return []
    aside = rows_set_aside(con, extract)
    return [_number(int(position), extract.first_row, aside) for (position,) in found]


def _number(position: int, first_row: int, aside: list[int]) -> int:
    """The number in the file of a row that the reader kept; `aside` are those that it did not (sorted)."""
    number = position + first_row
    while (further := position + first_row + bisect.bisect(aside, number)) != number:
        number = further
    return number


# -- what is made of the deliveries ----------------------------------------------------------------------------------


def _export_rejects(city: City, contracts: Mapping[str, Contract], found: _FoundInFiles, done: Erased) -> None:
    """Write the lists of rejects in which rows of the person were anew."""
    before = digests(city.rejects)
    concerned = {key: item for key, item in found.files.items() if city.rejects / f"{key}.parquet" in before}
    if not concerned or not city.warehouse.is_file():
        return
    with open_warehouse(city) as con:
        for delivery_id, (contract, arrival) in concerned.items():
            mapping = load_mapping(city, contract, arrival.mapping)
            item = Staged(arrival, delivery_id, contract.delivery_kind, mapping)
            extract, bound = _opened(con, city, contract, arrival.path, arrival.mapping)
            item.original, item.used_headers = extract, bound.used_headers
            outcome = con.execute(
                "SELECT outcome, reason_zh, reason_en FROM landing.deliveries WHERE delivery_id = ?", [delivery_id]
            ).fetchall()
            if outcome and outcome[0][0] == "refused":
                item.refusal = FileRefused("refused", zh=str(outcome[0][1]), en=str(outcome[0][2]))
            rejects.export(con, city, contract, item)
    after = digests(city.rejects)
    for path, digest in before.items():
        if after.get(path) != digest:
            done.rewritten[path] = (digest, after.get(path))


# -- search and proof ------------------------------------------------------------------------------------------------


def _hits(path: Path, words: tuple[Word, ...]) -> frozenset[str]:
    try:
        return find_words(path, words)
    except NotSearchable:
        return frozenset()


def _search(city: City, words: tuple[Word, ...]) -> tuple[list[str], list[str], int, int]:
    """Files under `state/` that still hold the person, those that cannot be looked into, number and bytes of all."""
    remains, unseen, files, size = list[str](), list[str](), 0, 0
    for path in files_below(city.state):
        files, size = files + 1, size + path.stat().st_size
        name = str(path.relative_to(city.folder))
        try:
            if find_words(path, words) or words[1].held_by(os.fsencode(path.name)):
                remains.append(_plain(name, words[1].text))
        except NotSearchable:
            unseen.append(_plain(name, words[1].text))
    return remains, unseen, files, size


def _plain(name: str, identifier: str) -> str:
    """A file name without the identifier, should somebody have written it there."""
    return name.replace(identifier, MASK) if len(identifier) > 1 else name


def _write_proof(
    city: City, words: tuple[Word, ...], done: Erased, found: _FoundInFiles, remains: list[str], unseen: list[str],
    files: int, size: int, now: datetime,
) -> Path:  # fmt: skip
    """Write `forgotten/<moment>.json`, readable by its owner only."""
    pseudonym, key = words
    content = {
        "forgotten_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "pseudonym_sha256": hashlib.sha256(pseudonym.text.encode()).hexdigest(),
        "found": bool(done.removed),
        "removed": dict(sorted(done.removed.items())),
        "files": [
            {"file": str(path.relative_to(city.folder)), "sha256_before": old, "sha256_after": new}
            for path, (old, new) in sorted(done.rewritten.items())
        ],
        "still_in_extracts": [_plain(name, key.text) for name in found.names],
        "still_in_refused": [_plain(name, key.text) for name in found.refused],
        "cannot_be_searched": [_plain(name, key.text) for name in found.closed],
        "search": {
            "of": "state/", "files": files, "bytes": size, "for_pseudonym": True, "for_key": key.sought,
            "still_there": remains, "cannot_be_searched": unseen,
        },
    }  # fmt: skip
    folder = city.folder / "forgotten"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}Z.json"
    with open(path, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
        handle.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    return path
