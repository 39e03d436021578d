"""What a file would meet if it were delivered: mapping and contract run over it, nothing is loaded and nothing remains."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import duckdb

from pipelines.city import City
from pipelines.contracts.model import Contract
from pipelines.ingest.files import FileRefused, open_extract
from pipelines.ingest.ledger import Delivery, create_landing
from pipelines.ingest.load import load_dataset
from pipelines.ingest.mapping import bind_mapping, load_mapping
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
    """What would happen to a file: the line of the ledger, the headers, the broken rules, and the rows left out by reason."""

    delivery: Delivery
    used_headers: tuple[str, ...]
    ignored_headers: tuple[str, ...]
    broken: tuple[RuleBroken, ...]
    left_out: tuple[tuple[str, str, int], ...]

    @property
    def refused(self) -> bool:
        """Whether the whole file would be refused."""
        return self.delivery.outcome == "refused"


@dataclass(frozen=True)
class _OneFile(City):
    """A city whose only delivery is one file, with a state folder of its own that is thrown away."""

    file: Path = field(default_factory=Path)
    mapping: str = ""
    thrown_away: Path = field(default_factory=Path)

    @property
    def state(self) -> Path:
        return self.thrown_away

    def extract_files(self, dataset: str) -> list[tuple[Path, str]]:
        return [(self.file, self.mapping)]


def check_file(path: Path, contract: Contract, city: City, mapping_name: str | None = None) -> Verdict:
    """Run a mapping (the dataset's own unless named) and the contract over a file.

    Raises:
        ConfigurationError: the mapping or the file's manifest is wrong.
    """
    name = mapping_name or contract.dataset
    mapping = load_mapping(city, contract, name)
    settings = {item.name: getattr(city, item.name) for item in fields(City)}
    with tempfile.TemporaryDirectory(prefix="streetwise-check-") as folder, _any_key():
        one = _OneFile(**settings, file=path.resolve(), mapping=name, thrown_away=Path(folder))
        con = duckdb.connect(config={"temp_directory": folder, "python_enable_replacements": "false"})
        try:
            con.execute("SET TimeZone = 'UTC'")
            create_landing(con, [contract])
            result = load_dataset(con, one, contract, run_id=None)
            used: tuple[str, ...] = ()
            ignored: tuple[str, ...] = ()
            try:
                extract = open_extract(con, path, delimiter=mapping.delimiter)
                bound = bind_mapping(contract, mapping, extract.headers, path.name)
                used, ignored = bound.used_headers, bound.ignored_headers
            except FileRefused:
                pass  # the delivery says so
            return Verdict(result.deliveries[0], used, ignored, _broken(con), _left_out(con))
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


def _left_out(con: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str, int], ...]:
    rows = con.execute("SELECT reason_zh, reason_en, rows FROM landing.left_out ORDER BY 3 DESC, 1").fetchall()
    return tuple((str(zh), str(en), int(n)) for zh, en, n in rows)
