"""Words of the page `definitions`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title_definitions": ("每个数字数的是什么？", "What does each figure count?"),
    "search": ("搜索指标", "Search"),
    "search_hint": ("名称、编号或口径中的词", "A name, an id or a word of a definition"),
    "found": ("{n} 项", "{n} found"),
}
