"""Words of the page `community`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "page_community": ("社区画像", "Community"),
    "title_community": ("社区需要什么，有什么，成效如何？", "What does it need, what has it, what comes of it?"),
    # the choice
    "choose_lead": ("{place}共 {all} 个社区，", "{place}: {all} communities. "),
    "choose_pressing": (
        "其中 {n} 个在整改清单上（超期工单不计）。选一个，看它的需求、力量、经费和成效。",
        "{n} are on the rectification list (overdue tickets aside). Choose one to see need, capacity, money and outcome.",
    ),
    "choose_nothing": (
        "这一版没有整改清单。在上方选一个社区。",
        "This edition has no rectification list. Choose a community above.",
    ),
    "choose_title": ("先要关注的", "Those that need attention first"),
    "choose_note": (
        "先是一票否决，再是显著低于底线、连续未达标，最后按长期超期工单数。这是待办的顺序，不是排名。清单以数据截至日为准，与所选时间无关。",
        "Vetoes first, then below the floor, then below target for months, then by tickets long overdue. An order of work, not "
        "a ranking. The list is that of the data cut, whatever period is chosen.",
    ),
    "choose_none": ("没有社区在整改清单上。", "No community is on the rectification list."),
    "choose_more": ("另有 {n} 个，可在上方直接选社区。", "{n} more; any community can be chosen above."),
    "open_lines": ("待整改", "Open lines"),
    "on_watch": ("观察", "On watch"),
    "first_due": ("最早期限", "First due"),
    "overdue_tickets": ("{name} {n} 件", "{name}: {n}"),
    # the card
    "card_lead": (
        "{when}，{place}有整改事项 {lines} 条、观察指标 {watch} 项。",
        "{place}, {when}: {lines} open on the rectification list, {watch} on the watch list.",
    ),
    "residents": ("常住 {n} 人", "{n} residents"),
    "card_score": (
        "综合得分 {score}，{grade}，同类第 {places}（共 {n}，权重 ±20%）",
        "score {score}, {grade}, place {places} of {n} (weights ±20%)",
    ),
    "card_capped": ("（一票否决）", " (capped by a veto)"),
    "card_not_rated": ("综合得分：数据不足，不评", "score: not rated, too few figures"),
    "block_need": ("需求", "Need"),
    "block_capacity": ("力量", "Capacity"),
    "block_money": ("经费", "Money"),
    "block_outcome": ("成效", "Outcome"),
    "peers_band": ("同类 {n} 个：{median}（{lower} 至 {upper}）", "{n} peers: {median} ({lower} to {upper})"),
    "peers_same": ("同类 {n} 个：至少一半为 {median}", "{n} peers: at least half at {median}"),
    "peers_reach": ("同类 {all} 个中 {n} 个达标", "{n} of {all} peers meet it"),
    "card_no_peers": ("同类太少，不作对照", "Too few peers to set beside"),
    "categories_of": ("诉求类别", "What the tickets are about"),
    "other_categories": ("其他", "other"),
    "lines_title": ("整改与观察", "To rectify, and on watch"),
    "lines_none": ("没有整改事项，也没有观察指标。", "Nothing to rectify and nothing on watch."),
    "months_below": ("连续 {n} 个月", "{n} months in a row"),
    "line_opened": ("新列入", "new"),
    "line_confirmed": ("整改中", "under way"),
    "line_reopened": ("再次列入", "reopened"),
    "line_mended": ("已改善，待终值确认", "mended, awaits its final month"),
    "due_by": ("{day}前", "due {day}"),
    "watch_line": ("观察：{names}", "On watch: {names}"),
    "said_title": ("数据说了什么", "What the figures say"),
    "said_none": ("没有别的值得说的。", "Nothing else of weight."),
    "said_months": ("分析语句只按月给出。", "Sentences are made for months only."),
    "card_note": (
        "灰块为同类中间一半，竖线为中位，细线为两端，其下是个数、中位与中间一半；● 本社区及 95% 区间，▼ 未达标，虚线为目标。同类：同类型社区，比率另按基数大小分；"
        "有数值的不足 {n} 个不画。",
        "Grey box: middle half of the peers; bar: median; line: their ends; below it their number, median and middle half. ● this community with its 95% interval, ▼ below "
        "target, dashed: target. Peers: communities of its kind, for rates also of its volume; none are drawn under {n}.",
    ),
}
