"""How well a header names a canonical column: the same spelling, the same meaning, or nearly the same letters."""

from __future__ import annotations

import difflib
import re
from functools import cache

from pipelines.contracts.model import Column
from pipelines.ingest.files import fold
from pipelines.onboarding.vocabulary import EMPTY_WORDS, MEANINGS, PERSONAL_ALONE, PERSONAL_WORDS, PHRASES, SUBJECTS

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[\u4e00-\u9fff]+")
_WORDS = {word: meaning for meaning, words in reversed(MEANINGS.items()) for word in words.split()}
_LONGEST = max(map(len, _WORDS))
#: What only says in which form a thing is written weighs less than the thing.
_FORM = {"TIME": 0.2, "NAME": 0.3, "ID": 0.6}
_SUBJECT = 0.2
#: The same meaning in other words is a little less sure than the contract's own spelling.
_MEANT = 0.95
_LESS_SURE = 0.8
#: "xyz name", where nobody knows what an xyz is: probably what the rows are about.
_UNKNOWN_SUBJECT = 0.5


def split_words(text: str) -> list[str]:
    """Lower-case words of a header: camelCase, underscores and blanks split, plural as singular, Chinese by known words."""
    parts: list[str] = []
    for part in _PARTS.findall(text):
        parts += _split_chinese(part) if part[0] >= "\u4e00" else [part.lower()]
    words: list[str] = []
    at = 0
    while at < len(parts):
        for length in (3, 2, 1):
            joined = "".join(parts[at : at + length])
            known = joined in _WORDS or joined in PERSONAL_WORDS
            if length == 1 or (known and at + length <= len(parts)):
                words.append(joined)
                at += length
                break
    return [_singular(word) for word in words]


def _singular(word: str) -> str:
    known = _WORDS.keys() | PERSONAL_WORDS
    return word[:-1] if word not in known and word.endswith("s") and len(word) > 3 else word


def _split_chinese(run: str) -> list[str]:
    found, rest, at = list[str](), "", 0
    while at < len(run):
        pieces = (run[at : at + n] for n in range(min(_LONGEST, len(run) - at), 0, -1))
        word = next((p for p in pieces if p in _WORDS or p in EMPTY_WORDS or p in PERSONAL_WORDS), None)
        if word is None:
            rest += run[at]
            at += 1
            continue
        found += [rest] if rest else []
        rest = ""
        found.append(word)
        at += len(word)
    return found + ([rest] if rest else [])


@cache
def meanings(text: str) -> frozenset[str]:
    """The meanings of a header's words; a word that nobody knows means itself."""
    return frozenset(_WORDS.get(word, word) for word in split_words(text) if word not in EMPTY_WORDS)


def names_people(header: str) -> bool:
    """Whether a header says by itself that the column names or identifies people."""
    words = split_words(header)
    alone = {word for word in words if _WORDS.get(word) != "ID"}
    return any(word in PERSONAL_WORDS for word in words) or (bool(alone) and alone <= PERSONAL_ALONE)


def name_score(dataset: str, column: Column, header: str) -> float:
    """0 (says nothing of the column) to 1 (the contract's own spelling)."""
    spellings = (column.name, column.label_zh, *column.synonyms)
    if fold(header) in {fold(text) for text in spellings}:
        return 1.0
    said = meanings(header)
    phrases = [text.strip() for text in PHRASES.get(column.name, "").split(";") if text.strip()]
    best = _MEANT * max(
        _overlap(dataset, meanings(text), said) * (_LESS_SURE if text.endswith("?") else 1.0)
        for text in (*spellings, *phrases)
    )
    form = said & _FORM.keys()
    if (
        meanings(column.name) == form | {SUBJECTS.get(dataset, "")}
        and len(said - form) == 1
        and not said & MEANINGS.keys() - form
    ):
        best = max(best, _UNKNOWN_SUBJECT)
    letters = max(difflib.SequenceMatcher(None, fold(text), fold(header)).ratio() for text in spellings)
    return max(best, 0.8 * letters if letters >= 0.8 else 0.0)


def _overlap(dataset: str, wanted: frozenset[str], said: frozenset[str]) -> float:
    def weigh(parts: frozenset[str]) -> float:
        return sum(_SUBJECT if part == SUBJECTS.get(dataset) else _FORM.get(part, 1.0) for part in parts)

    whole = weigh(wanted | said)
    if not whole or not wanted & said:
        return 0.0
    # "category" is not the category of the payee: what the column is about must be said
    missing = any(weigh(frozenset({part})) >= 1 for part in wanted - said)
    return weigh(wanted & said) / whole * (0.5 if missing else 1.0)
