"""Makes text from data harmless where Streamlit reads Markdown: labels of widgets and headings."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$~:&])")


def plain(text: str) -> str:
    """The text with every sign that Markdown could read escaped, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
