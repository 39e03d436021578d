"""What the columns of an extract hold, as far as a draft of its mapping needs it; values of people are counted, never kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from pipelines.contracts.model import Contract
from pipelines.ingest.files import Extract, quote_name, quote_text
from pipelines.onboarding.dates import Written, how_written, moment_sql, settled
from pipelines.onboarding.names import names_people
from pipelines.onboarding.vocabulary import FALSE, SUPPRESSION_MARKS, TRUE

#: Rows that are looked at: enough for every ordinary extract, and bounded memory for the others.
SAMPLE = 100_000
SAMPLED = "sampled_rows"
#: A column with more different values than this is no list of choices.
CHOICES = 60
_IDENTITY = r"^[1-9][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$"
_PHONE = r"^((\+?86[- ]?)?1[3-9][0-9]{9}|\+?1?[- ]?\(?[0-9]{3}\)?[-. ][0-9]{3}[-. ][0-9]{4}|0[0-9]{2,3}-[0-9]{7,8})$"
_EMAIL = r"^[^@ ]+@[^@ ]+\.[a-zA-Z]{2,}$"
_NUMBER = r"^[-+(]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?\)?$"


@dataclass(frozen=True)
class Profile:
    """One source column. Shares are of the rows that say something (`filled` of `rows`).

    `values` are its different values with their rows, most frequent first, only where they are few and name no one;
    `marks` are signs that stand for a hidden number."""

    header: str
    rows: int
    filled: int
    distinct: int
    numbers: float
    integers: float
    decimals: float
    lowest: float | None
    highest: float | None
    truths: float
    personal: bool
    written: Written
    values: tuple[tuple[str, int], ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def is_moment(self) -> bool:
        """Whether its values are dates or times, bare numbers of eight digits aside that are mostly something else."""
        return self.written.share >= 0.9


@dataclass(frozen=True)
class Profiles:
    """All columns of an extract: `order[(a, b)]` is the share of rows in which moment a does not lie after moment b;
    `complete` is False if the file has more rows than were looked at."""

    columns: tuple[Profile, ...]
    order: dict[tuple[str, str], float]
    complete: bool


def profile_extract(con: duckdb.DuckDBPyConnection, extract: Extract, contract: Contract) -> Profiles:
    """Look at the first SAMPLE rows of an extract, in memory; they stay registered as SAMPLED for further questions."""
    names = ", ".join(map(quote_name, extract.headers))
    con.register(SAMPLED, con.sql(f"SELECT {names} FROM {extract.relation(extract.headers)} LIMIT {SAMPLE}").pl())
    rows = int(con.execute(f"SELECT count(*) FROM {SAMPLED}").fetchall()[0][0])
    found = [_profile(con, header, rows, contract) for header in extract.headers]
    moments = [p.written for p in found if p.is_moment]
    columns = tuple(
        replace(p, written=settled(p.written, [w for w in moments if w is not p.written])) if p.is_moment else p
        for p in found
    )
    return Profiles(columns, _order(con, [p for p in columns if p.is_moment]), complete=rows < SAMPLE)


def known_sql(header: str, contract: Contract) -> str:
    """SQL of a column's trimmed text, NULL where it is one of the contract's tokens for nothing."""
    tokens = ", ".join(quote_text(token.strip()) for token in ("", *contract.null_tokens))
    text = f"trim({quote_name(header)}, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(12288))"
    return f"CASE WHEN {text} NOT IN ({tokens}) THEN {text} END"


def distinct_values(
    con: duckdb.DuckDBPyConnection, header: str, contract: Contract, limit: int
) -> tuple[tuple[str, int], ...]:
    """The different values of a column with their rows, most frequent first; empty if there are more than `limit`."""
    rows = con.execute(
        f"SELECT v, count(*) FROM (SELECT {known_sql(header, contract)} AS v FROM {SAMPLED}) WHERE v IS NOT NULL"
        f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit + 1}"
    ).fetchall()
    return tuple((str(v), int(n)) for v, n in rows) if len(rows) <= limit else ()


def _profile(con: duckdb.DuckDBPyConnection, header: str, rows: int, contract: Contract) -> Profile:
    known = known_sql(header, contract)
    number = f"CASE WHEN regexp_matches(v, '{_NUMBER}') THEN TRY_CAST(replace(v, ',', '') AS DOUBLE) END"
    truths = ", ".join(map(quote_text, sorted(TRUE | FALSE)))
    row = con.execute(
        "SELECT count(v), count(DISTINCT v),"
        f" count(*) FILTER (regexp_matches(v, '{_NUMBER}')), count(*) FILTER (regexp_matches(v, '^[-+]?[0-9]+$')),"
        f" count(*) FILTER (regexp_matches(v, '^-?[0-9]+\\.[0-9]+$')), min({number}), max({number}),"
        f" count(*) FILTER (lower(v) IN ({truths})),"
        f" count(*) FILTER (regexp_matches(v, '{_IDENTITY}') OR regexp_matches(v, '{_PHONE}') OR regexp_matches(v, '{_EMAIL}'))"
        f" FROM (SELECT {known} AS v FROM {SAMPLED})"
    ).fetchall()[0]
    filled, distinct = int(row[0]), int(row[1])

    def share(count: int) -> float:
        return count / filled if filled else 0.0

    personal = names_people(header) or share(int(row[8])) >= 0.5
    values: tuple[tuple[str, int], ...] = ()
    marks: tuple[str, ...] = ()
    if not personal:
        frequent = con.execute(
            f"SELECT v, count(*) FROM (SELECT {known} AS v FROM {SAMPLED}) WHERE v IS NOT NULL"
            f" AND NOT regexp_matches(v, '[0-9]{{7,}}') GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {CHOICES}"
        ).fetchall()
        if distinct <= CHOICES and filled >= 2 * distinct:
            values = tuple((str(v), int(n)) for v, n in frequent)
        marks = tuple(str(v) for v, _ in frequent if str(v) in SUPPRESSION_MARKS)
    return Profile(
        header, rows, filled, distinct, share(int(row[2])), share(int(row[3])), share(int(row[4])), row[5], row[6],
        share(int(row[7])), personal, how_written(con, SAMPLED, header, known), values, marks,
    )  # fmt: skip


def _order(con: duckdb.DuckDBPyConnection, moments: list[Profile]) -> dict[tuple[str, str], float]:
    pairs = [
        (a, b) for a in moments for b in moments if a.header != b.header and a.written.formats and b.written.formats
    ]
    if not pairs:
        return {}
    asked = ", ".join(
        f"avg(CAST({moment_sql(a.header, a.written)} <= {moment_sql(b.header, b.written)} AS INTEGER))"
        for a, b in pairs
    )
    shares = con.execute(f"SELECT {asked} FROM {SAMPLED}").fetchall()[0]
    return {(a.header, b.header): float(s) for (a, b), s in zip(pairs, shares, strict=True) if s is not None}
