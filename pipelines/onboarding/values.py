"""Which canonical value a value of the source means: by the contract's spellings, by general words, by nearly equal letters."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from pipelines.contracts.model import Column
from pipelines.ingest.files import fold
from pipelines.onboarding.names import split_words
from pipelines.onboarding.vocabulary import VALUES

_ALIKE = 0.84


@dataclass(frozen=True)
class Guess:
    """A value of the source, its rows, the canonical value it seems to mean (None: a person decides), and whether the
    contract knows the spelling already."""

    value: str
    rows: int
    meant: str | None
    known: bool


def guess_values(column: Column, values: tuple[tuple[str, int], ...]) -> list[Guess]:
    """A guess for every value of a source column."""
    return [_guess(column, value, rows) for value, rows in values]


def canonical_values(column: Column) -> tuple[str, ...]:
    """What a column may hold, where it may hold only certain values."""
    return ("true", "false") if column.logical_type == "boolean" else tuple(column.allowed)


def _guess(column: Column, value: str, rows: int) -> Guess:
    spellings = {fold(text): name for name, others in column.allowed.items() for text in (name, *others)}
    if fold(value) in spellings:
        exactly = value.casefold() in {
            text.casefold()
            for name, others in column.allowed.items()
            for text in (name, name.replace("_", " "), *others)
        }
        return Guess(value, rows, spellings[fold(value)], exactly)
    words = split_words(value)
    runs = {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 1, len(words) + 1)}
    meant = {
        name for name, said in VALUES.get(column.name, {}).items()
        if name in canonical_values(column) and runs & set(said.split())
    }  # fmt: skip
    if len(meant) == 1:
        return Guess(value, rows, meant.pop(), False)
    near = difflib.get_close_matches(fold(value), list(spellings), n=1, cutoff=_ALIKE)
    return Guess(value, rows, spellings[near[0]] if near and not meant else None, False)


def recognised(guesses: list[Guess]) -> float:
    """Share of the rows whose value is understood."""
    total = sum(guess.rows for guess in guesses)
    return sum(guess.rows for guess in guesses if guess.meant) / total if total else 0.0
