"""The words of the dashboard in Chinese and English."""

from __future__ import annotations

import importlib
import pkgutil

from dashboards import words

LANGUAGES = {"zh": "中文", "en": "EN"}


def _gather() -> dict[str, tuple[str, str]]:
    """The words of every file of `dashboards/words`; no key stands in two of them."""
    found: dict[str, tuple[str, str]] = {}
    for module in pkgutil.iter_modules(words.__path__):
        own: dict[str, tuple[str, str]] = importlib.import_module(f"{words.__name__}.{module.name}").WORDS
        if twice := sorted(found.keys() & own.keys()):
            raise ValueError(f"dashboards/words: {', '.join(twice)} stand in two files")
        found |= own
    return found


#: key: (Chinese, English)
WORDS = _gather()

_UNITS: dict[str, tuple[str, str]] = {
    "ratio": ("", ""),
    "tickets": ("件", "tickets"),
    "organisations": ("个", "organisations"),
    "people": ("人", "people"),
    "meetings": ("场", "meetings"),
    "per_10000": ("每万人", "per 10,000"),
    "per_1000": ("每千人", "per 1,000"),
    "points": ("分", "points"),
    "currency_per_resident": ("元/人", "yuan each"),
}


def text(lang: str, key: str, default: str | None = None, **values: object) -> str:
    """The words of `key` with its values filled in; `default` for keys that data may invent. Raises
    KeyError without one."""
    if key not in WORDS and default is not None:
        return default
    return pick(lang, WORDS[key]).format(**values)


def pick(lang: str, pair: tuple[str, str]) -> str:
    """One of a pair (Chinese, English); the other where it is empty."""
    chosen, other = (pair[1], pair[0]) if lang == "en" else pair
    return chosen or other


def unit_word(lang: str, unit: str) -> str:
    """The word for a unit of the catalogue; an unknown one as it is."""
    pair = _UNITS.get(unit)
    return unit if pair is None else pair[1] if lang == "en" else pair[0]
