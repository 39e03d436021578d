"""Searches files of any form for words: their bytes, and what they hold once they are unpacked or queried."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import duckdb

from pipelines.ingest.archives import DAMAGED
from pipelines.ingest.extract import LARGEST, quote_name, quote_path, quote_text

_BLOCK = 4 << 20
#: A word of so many characters does not occur by chance; a shorter one counts only where it stands alone.
_LONG = 8
#: Shorter ones are part of any number and name.
SHORTEST = 4
_DEEPEST = 2
#: Columns of these types cannot hold a word.
_NO_WORDS = "'BOOLEAN', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'TIME', 'INTERVAL'"
#: First bytes of what holds things that nobody looks into here.
_CLOSED = (b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf", b"\xfd7zXZ", b"BZh", b"%PDF", b"\x28\xb5\x2f\xfd")


class NotSearchable(Exception):
    """A file, or a part of it, cannot be looked into."""


@dataclass(frozen=True)
class Word:
    """What is searched for; `name` stands for it in a report."""

    name: str
    text: str

    @property
    def sought(self) -> bool:
        """False if it is too short to be told from other text."""
        return len(self.text) >= SHORTEST

    @property
    def alone(self) -> bool:
        """Whether it counts only where no letter or digit touches it."""
        return len(self.text) < _LONG

    def held_by(self, data: bytes) -> bool:
        """Whether it stands in some bytes, in whatever encoding it may be written."""
        # to look for bytes is many times faster than to look for a pattern
        return any(form in data and pattern.search(data) for form, pattern in self._forms)

    @cached_property
    def _forms(self) -> list[tuple[bytes, re.Pattern[bytes]]]:
        found = {}
        for form in (self.text.encode(), self.text.encode("gb18030"), json.dumps(self.text)[1:-1].encode()):
            found[form] = rb"(?<![0-9A-Za-z_])%b(?![0-9A-Za-z_])"
        found[self.text.encode("utf-16-le")] = rb"(?<![0-9A-Za-z_]\x00)%b(?![0-9A-Za-z_]\x00)"
        found[self.text.encode("utf-16-be")] = rb"(?<!\x00[0-9A-Za-z_])%b(?!\x00[0-9A-Za-z_])"
        return [
            (form, re.compile((around if self.alone else b"%b") % re.escape(form))) for form, around in found.items()
        ]

    def text_pattern(self) -> str:
        """What must match, as a regular expression of DuckDB, in a text that contains it."""
        escaped = "".join(f"\\x{{{ord(ch):x}}}" for ch in self.text)
        return f"(^|[^0-9A-Za-z_]){escaped}($|[^0-9A-Za-z_])" if self.alone else escaped


def find_words(path: Path, words: tuple[Word, ...]) -> frozenset[str]:
    """The names of the words that a file holds.

    Raises:
        NotSearchable: it is encrypted, damaged or of a form that is not understood, and holds none where it can be seen.
    """
    search = _Search(tuple(word for word in words if word.sought))
    with path.open("rb") as handle:
        search.look(handle, str(path), 0)
    if search.closed and not search.found:
        raise NotSearchable(path.name)
    return frozenset(search.found)


class _Search:
    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words, self.found, self.closed = words, set[str](), False

    def look(self, handle: IO[bytes], place: str, depth: int) -> None:
        """Search one file and what it holds; `place` is where DuckDB and zipfile can open it."""
        start = handle.read(16)
        handle.seek(0)
        self._bytes(handle)
        handle.seek(0)
        try:
            if start.startswith(b"\x1f\x8b"):
                with gzip.open(handle) as inner:
                    self._inside(inner, depth)
            elif start.startswith(b"PK\x03\x04"):
                with zipfile.ZipFile(handle) as archive:
                    for entry in archive.infolist():
                        with archive.open(entry) as inner:
                            self._inside(inner, depth)
            elif start.startswith((b"PAR1", b"PARE")):
                self._parquet(place)
            elif start[8:12] == b"DUCK":
                self._duckdb(place)
            elif start.startswith(b"SQLite format 3"):
                self._sqlite(place)
            elif start.startswith(_CLOSED):
                self.closed = True
        except (*DAMAGED, OSError, duckdb.Error, sqlite3.Error):
            self.closed = True  # no message: those of DuckDB quote rows

    def _inside(self, inner: IO[bytes] | gzip.GzipFile, depth: int) -> None:
        if depth == _DEEPEST:
            self.closed = True
            return
        # Without a name: gone however this process ends.
        with tempfile.TemporaryFile() as copy:
            while block := inner.read(_BLOCK):
                copy.write(block)
                if copy.tell() > LARGEST:
                    self.closed = True
                    break
            copy.flush()
            copy.seek(0)
            self.look(copy, f"/dev/fd/{copy.fileno()}", depth + 1)

    def _bytes(self, handle: IO[bytes]) -> None:
        # A word may lie across two blocks, with what touches it on both sides.
        overlap = max((6 * len(word.text) + 8 for word in self.words), default=0)
        rest = b""
        while block := handle.read(_BLOCK):
            part = rest + block
            self._part(part)
            rest = part[-overlap:]

    def _part(self, part: bytes) -> None:
        self.found |= {word.name for word in self.words if word.held_by(part)}

    def _parquet(self, place: str) -> None:
        with duckdb.connect(config={"temp_directory": ""}) as con:
            self._relation(con, f"read_parquet({quote_path(place)})")

    def _duckdb(self, place: str) -> None:
        with duckdb.connect(config={"temp_directory": ""}) as con:
            con.execute(f"ATTACH {quote_text(place)} AS searched (READ_ONLY)")
            tables = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'searched'"
            ).fetchall()
            for schema, table in tables:
                self._relation(con, f"searched.{quote_name(str(schema))}.{quote_name(str(table))}")

    def _relation(self, con: duckdb.DuckDBPyConnection, relation: str) -> None:
        columns = con.execute(
            f"SELECT column_name FROM (DESCRIBE SELECT * FROM {relation}) WHERE column_type NOT IN ({_NO_WORDS})"
        ).fetchall()
        if not columns or not self.words:
            return
        texts = [f"CAST({quote_name(str(name))} AS VARCHAR)" for (name,) in columns]
        contained = " OR ".join(f"contains({text}, ${n})" for n in range(1, len(self.words) + 1) for text in texts)
        if not con.execute(
            f"SELECT 1 FROM {relation} WHERE {contained} LIMIT 1", [w.text for w in self.words]
        ).fetchall():
            return
        anywhere = " OR ".join(f"regexp_matches({text}, $1)" for text in texts)
        for word in self.words:
            if con.execute(f"SELECT 1 FROM {relation} WHERE {anywhere} LIMIT 1", [word.text_pattern()]).fetchall():
                self.found.add(word.name)

    def _sqlite(self, place: str) -> None:
        with sqlite3.connect(f"file:{place}?mode=ro", uri=True) as lite:
            tables = [str(row[0]) for row in lite.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for values in lite.execute(f"SELECT * FROM {quote_name(table)}"):
                    self._part("\n".join(str(value) for value in values).encode())


def files_below(folder: Path) -> Iterator[Path]:
    """Every regular file below a folder; links are not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path
