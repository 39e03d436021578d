"""Words of the page `map`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "page_map": ("地图", "Map"),
    "title_map": ("哪里达标，哪里没有？", "Where is it on target, and where not?"),
    "title_map_graded": ("哪里高，哪里低？", "Where is it high, where low?"),
    "map_level_district": ("{n} 个区", "{n} districts"),
    "map_level_street": ("{n} 个街道", "{n} streets"),
    "map_level_community": ("{n} 个社区", "{n} communities"),
    "map_lead": ("{when}{place}{name} {value}。", "{place}, {when}: {name} {value}. "),
    "map_lead_goal": ("{when}{place}{name} {value}（{goal}）。", "{place}, {when}: {name} {value} ({goal}). "),
    "map_judged": ("{areas}中，{parts}。", "Of {areas}, {parts}."),
    "map_met": ("{n} 个达标", "{n} on target"),
    "map_missed": ("{n} 个未达标", "{n} below it"),
    "map_watch": ("{n} 个在偶然范围内", "{n} within chance"),
    "map_provisional": ("{n} 个暂定", "{n} provisional"),
    "map_suppressed": ("{n} 个已隐去", "{n} suppressed"),
    "map_no_cases": ("{n} 个无数据", "{n} without cases"),
    "map_named": ("（{names}）", " ({names})"),
    "map_named_more": ("{names} 等", "{names} and others"),
    "map_range": ("{areas}在 {low} 与 {high} 之间。", "{areas}, from {low} to {high}."),
    "map_comma": ("；", "; "),
    "map_key_met": ("蓝：达标", "Blue: on target"),
    "map_key_missed": ("红 ▼：未达标", "red ▼: below it"),
    "map_key_watch": ("虚线 ◐：低于目标，但在偶然范围内", "dashed ◐: below it, within chance"),
    "map_key_provisional": ("虚线 ◌：暂定", "dashed ◌: provisional"),
    "map_key_blank": ("空白 —：没有可公布的数值", "blank —: no figure to show"),
    "map_key_graded": ("不设目标：蓝色越浓，数值越高", "No target: the stronger the blue, the higher"),
    "map_key_year": (
        "全年目标，年末评判：蓝色越浓，数值越高",
        "Judged at the end of the year: the stronger the blue, the higher",
    ),
    "map_key_end": ("。点区域看下一级。", ". Click an area to go down."),
    "map_key_neighbours": (
        "。粗线：{place}；点区域换到相邻社区。",
        ". Thick line: {place}. Click an area to go there.",
    ),
    "map_tiles_placed": (
        "没有边界文件：一区一格，大致按方位排列。",
        "No outlines: one tile each, roughly where the area lies.",
    ),
    "map_tiles_listed": (
        "没有边界文件和坐标：一区一格，按编码排列。",
        "No outlines or positions: one tile each, by code.",
    ),
    "map_no_outline": ("边界文件中没有：{names}。", "Without an outline: {names}."),
    "map_title": ("{areas}的{name}", "{name} in {areas}"),
    "map_no_areas": (
        "这一版没有可画的区域。",
        "This edition holds no areas to draw.",
    ),
    "map_no_figures": (
        "{name}在这一级、这一周期没有数据。",
        "{name} has no figures at this level for this period.",
    ),
    "map_count": ("分子 / 分母", "Count"),
    "map_alt": ("{name}，{when}：{values}", "{name}, {when}: {values}"),
}
