"""Words of the page `definitions`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title_definitions": ("每个数字数的是什么？", "What does each figure count?"),
    "search": ("搜索指标", "Search"),
    "search_hint": (
        "名称、编号或口径中的词，中英文均可",
        "A name, an id or a word of a definition, in either language",
    ),
    "found": ("{n} 项", "{n} found"),
    "found_none": ("没有找到。请换一个词，或清空搜索。", "Nothing found. Try another word, or clear the search."),
    "entry_link": ("本条的链接", "Link to this entry"),
    "entry_unknown": (
        "链接里的指标“{value}”不在这一版的目录中。",
        "This edition's catalogue has no indicator “{value}”.",
    ),
    "families": ("类别", "Subject"),
    "family_all": ("全部", "All"),
    "family_T": ("诉求办理", "Tickets"),
    "family_M": ("组织与队伍", "Organisations"),
    "family_F": ("经费", "Funding"),
    "family_L": ("议事与服务", "Assemblies, services"),
    "family_A": ("考评", "Appraisals"),
    "family_Q": ("居民调查", "Surveys"),
    "formula_sum": ("Σ {numerator}", "Σ {numerator}"),
    "formula_rate": ("Σ {numerator} ÷ Σ {denominator}", "Σ {numerator} ÷ Σ {denominator}"),
    "formula_scaled": (
        "Σ {numerator} ÷ Σ {denominator} × {scale}",
        "Σ {numerator} ÷ Σ {denominator} × {scale}",
    ),
    "definition_version": ("版本与变更", "Version and changes"),
    "part_name": ("名称", "Name"),
    "part_definition": ("定义", "Definition"),
    "part_numerator": ("分子", "Numerator"),
    "part_denominator": ("分母", "Denominator"),
    "part_exclusions": ("排除", "Excluded"),
    "part_attribution": ("归属", "Attribution"),
    "history_line": ("v{version} · {when} 起 · {edition}", "v{version} · since {when} · {edition}"),
    "history_first": ("有记录以来的第一版。", "The first on record."),
    "history_only": ("有记录以来未变。", "Unchanged since records began."),
    "history_unsaid": (
        "计算方法有变，或当时的文字没有留存。",
        "How it is computed changed, or the words of that time were not kept.",
    ),
    "history_unknown": ("本版没有记录口径的变更。", "This edition does not record how definitions changed."),
    "history_figures": (
        "旧口径 v{version} 的数字 {n} 个仍可查，最后见于 {edition}",
        "{n} figures by v{version} are kept, last said by {edition}",
    ),
}
