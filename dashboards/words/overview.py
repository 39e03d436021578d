"""Words of the page `overview`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title_overview": ("{city}基层治理运行看板", "{city}: how the streets are run"),
    "all_sentences": ("本月全部 {n} 条判断", "All {n} findings of the month"),
    "measure_label": ("看哪一项", "Which figure"),
    "over_time": ("{name}走势", "{name} over time"),
    "dots_title": ("{name}：与目标相比", "{name} against target"),
    "dots_note": ("横线为 95% 区间；▼ 未达标，◌ 暂定。", "Bars are 95% intervals; ▼ below target, ◌ provisional."),
    "ladder_note": (
        "社区件数少，排名多半是偶然，因此只与上级对照。",
        "Communities have few cases and ranking them ranks chance; the area is set beside those above it.",
    ),
    "unlocated": (
        "另有 {n} 未能落到这一级，只计入全市。",
        "{n} could not be placed at this level and count for the city only.",
    ),
    "suppressed_list": ("因人数过少隐去：{names}。", "Suppressed for small numbers: {names}."),
    "small_title": ("下级走势", "Trends one level down"),
    "one_scale": ("同一纵轴 {low}–{high}；虚线为目标。", "One scale, {low}–{high}; the dashed line is the target."),
    "short_title": ("哪些社区的{name}偏低不是偶然", "{name}: which communities are low beyond chance"),
    "short_note": (
        "{all} 个社区中，{n} 个的 95% 区间整体低于目标，且精确概率不到 2.5%。即使全都恰好达标，"
        "也会偶然出现至多约 {chance} 个。",
        "Of {all} communities, {n} have a 95% interval wholly below the target and an exact chance under "
        "2.5%. If all were exactly on target, up to about {chance} would still be listed.",
    ),
    "short_undecided": ("其中 {n} 个仍为暂定，不列入。", "Still provisional and not listed: {n}."),
    "less_than_one": ("不到 1", "less than one"),
    "short_none": ("没有社区的区间整体低于目标。", "No community's interval lies wholly below the target."),
    "community": ("社区", "Community"),
    "communities": ("社区", "Communities"),
    "tickets_short": ("距目标差（件）", "Tickets short"),
    "and_more": ("另有 {n} 个未列出。", "{n} more, not listed."),
}
