"""What a file would meet if it were delivered: mapping and contract run over it, nothing is loaded and nothing remains."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest.arrivals import arrival_of
from pipelines.ingest.load import Examination, examine
from pipelines.ingest.privacy import KEY_VARIABLE

#: Row numbers shown for each rule.
SHOWN_ROWS = 10


@dataclass(frozen=True)
class RuleBroken:
    """One rule, the number of rows that break it, and the first of their row numbers in the file."""

    rule_id: str
    reason_zh: str
    reason_en: str
    rows: int
    first_rows: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """What would happen to a file, and the rules that rows of it break."""

    examination: Examination
    broken: tuple[RuleBroken, ...]

    @property
    def refused(self) -> bool:
        """Whether the whole file would be refused."""
        return self.examination.refusal is not None


def check_file(path: Path, contract: Contract, city: City, mapping_name: str | None = None) -> Verdict:
    """Run a mapping (the dataset's own unless named) and the contract over a file.

    Raises:
        ConfigurationError: the mapping is wrong.
    """
    with _any_key():
        # In memory, and nowhere to spill to: nothing of the file may stay on a disk.
        con = duckdb.connect(config={"temp_directory": "", "python_enable_replacements": "false"})
        try:
            con.execute("SET TimeZone = 'UTC'")
            found = arrival_of(city, path.resolve(), mapping_name or contract.dataset)
            examination = examine(con, city, contract, found, now=datetime.now(UTC))
            return Verdict(examination, _broken(con))
        finally:
            con.close()


@contextmanager
def _any_key() -> Iterator[None]:
    """A key for pseudonyms that nobody keeps: a check must not make the city's own."""
    before = os.environ.get(KEY_VARIABLE)
    os.environ[KEY_VARIABLE] = secrets.token_hex(32)
    try:
        yield
    finally:
        if before is None:
            del os.environ[KEY_VARIABLE]
        else:
            os.environ[KEY_VARIABLE] = before


def _broken(con: duckdb.DuckDBPyConnection) -> tuple[RuleBroken, ...]:
    rows = con.execute(
        "SELECT rule_id, min(reason_zh), min(reason_en), count(DISTINCT source_row),"
        f" list_sort(list(DISTINCT source_row))[:{SHOWN_ROWS}] FROM landing.rejects GROUP BY 1 ORDER BY 4 DESC, 1"
    ).fetchall()
    return tuple(RuleBroken(str(r[0]), str(r[1]), str(r[2]), int(r[3]), tuple(map(int, r[4]))) for r in rows)
