"""The key of the pseudonyms, the SQL that turns an identifier into one, and the mask over numbers of people."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import polars as pl

KEY_VARIABLE = "STREETWISE_KEY"
MASK = "•••"
_BLOCK = 64
_DIGIT, _GAP = "[0-9０-９]", r"[\p{Zs}\p{Pd}−\t]?"
_LONG = f"(){_DIGIT}{{11,}}[XxＸｘ]?()"
_PHONE = f"(?:(?:[0０]{{2}})?[8８][6６]{_GAP})?[1１][3-9３-９](?:{_GAP}{_DIGIT}){{9}}"
_IDENTITY = f"{_DIGIT}{{6}}{_GAP}{_DIGIT}{{8}}{_GAP}{_DIGIT}{{3}}[0-9０-９XxＸｘ]"
_PERSON = f"(^|[^0-9０-９])(?:{_PHONE}|{_IDENTITY})($|[^0-9０-９])"


def key_file(slug: str) -> Path:
    """Where the key of a city lies if the environment gives none: outside repository, city folder and editions."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "streetwise" / "keys" / f"{slug}.key"


def load_key(slug: str) -> bytes:
    """The city's pseudonym key: STREETWISE_KEY, else the key file, which is made (mode 0400) the first time.

    Raises:
        PermissionError: the key file can be read by others, or is empty.
    """
    if value := os.environ.get(KEY_VARIABLE):
        return value.encode()
    path = key_file(slug)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(32))
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others; run: chmod 0400 {path}")
    key = path.read_text().strip()
    if not key:
        # With an empty key the pseudonyms of identity numbers are reversed in half a minute.
        raise PermissionError(
            f"{path} is empty; put the key back from its copy, or remove the file to have a new one made"
        )
    return key.encode()


def hmac_pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer padded key of HMAC-SHA-256 (RFC 2104), to be bound as the variables that `pseudonym_sql` reads."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def pseudonym_of(key: bytes, identifier: str) -> str:
    """What `pseudonym_sql` gives for an identifier, in Python."""
    return hmac.new(key, identifier.encode(), hashlib.sha256).hexdigest()


def pseudonym_sql(expression: str) -> str:
    """SQL for the HMAC-SHA-256 (hex) of a text expression; NULL stays NULL.

    An unkeyed hash of the identity numbers of one district is reversed in about half a minute. The key is bound as the
    variables `inner_pad` and `outer_pad`, so that it stands in no SQL text and no error message."""
    inner = f"sha256(getvariable('inner_pad') || encode({expression}))"
    return f"sha256(getvariable('outer_pad') || unhex({inner}))"


def without_numbers_sql(text: str, *, numbered: bool) -> str:
    """SQL for a text whose numbers of people are masked: mobile phones and identity numbers, in full width or with gaps too,
    and every number of 11 digits or more unless the cell is `numbered`, a key or code where such numbers belong."""
    for pattern in _patterns(numbered):
        text = f"regexp_replace({text}, '{pattern}', '\\1{MASK}\\2', 'g')"
    return text


def without_numbers(text: pl.Expr, *, numbered: bool) -> pl.Expr:
    """`without_numbers_sql` as an expression of Polars."""
    for pattern in _patterns(numbered):
        text = text.str.replace_all(pattern, f"${{1}}{MASK}${{2}}")
    return text


def _patterns(numbered: bool) -> tuple[str, ...]:
    # Twice: of two numbers with one character between them, the first match takes that character away.
    return (_PERSON, _PERSON) if numbered else (_LONG, _PERSON, _PERSON)
