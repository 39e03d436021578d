"""Words of the lead sentences."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "lead_start": ("{when}，{place}", "In {when}, {place}: "),
    "lead_city": ("全市", "the whole city"),
    "lead_received": ("受理诉求 {n} 件", "{n} tickets received"),
    "lead_missed": (
        "{all} 项有目标的指标中 {n} 项未达标：{names}。",
        "{n} of {all} indicators with a target are below it: {names}. ",
    ),
    "lead_all_met": ("{all} 项有目标的指标全部达标。", "All {all} indicators with a target meet it. "),
    "lead_none_missed": (
        "{all} 项有目标的指标没有明确未达标的。",
        "No indicator with a target, of {all}, is clearly below it. ",
    ),
    "lead_watch": (
        "{names}低于目标但在偶然范围内，列入观察。",
        "{names}: below target but within chance, on the watch list. ",
    ),
    "lead_provisional": ("另有 {n} 项尚为暂定值。", "Still provisional: {n}. "),
    "lead_provisional_alone": (
        "{n} 项指标尚为暂定值，不作评判。",
        "Still provisional and not judged: {n} indicators. ",
    ),
    "lead_below_missed": (
        "下辖{rung}中，{n} 个{name}未达标（{names}），最高与最低相差 {gap} 个百分点。",
        "Of the {rung}, {n} miss the target for {name} ({names}); best and worst differ by {gap} points.",
    ),
    "lead_below_fine": (
        "下辖{rung}没有明确未达标的，{name}最高与最低相差 {gap} 个百分点。",
        "None of the {rung} clearly misses the target for {name}; best and worst differ by {gap} points.",
    ),
    "and_others": (" 等", " and others"),
    "rung_district_one": (" {n} 个区", "{n} district"),
    "rung_street_one": (" {n} 个街道", "{n} street"),
    "rung_community_one": (" {n} 个社区", "{n} community"),
    "rung_district": (" {n} 个区", "{n} districts"),
    "rung_street": (" {n} 个街道", "{n} streets"),
    "rung_community": (" {n} 个社区", "{n} communities"),
    "lead_backlog": (
        "期末在办 {n} 件，其中超期 {late} 件",
        "{n} open at the end of the period, {late} of them overdue",
    ),
    "lead_ages": (
        "截至数据日在办 {n} 件，其中 {old} 件受理已超过 30 天。",
        "At the data cut {n} are open, {old} of them for more than 30 days. ",
    ),
    "lead_data": (
        "{datasets} 个数据集、{files} 个文件共 {rows} 行，按数据合同退回 {rejected} 行（{share}）；"
        "规则最近一次检查通过 {passed} 条。",
        "{datasets} datasets arrived in {files} files with {rows} rows; {rejected} ({share}) were "
        "rejected by their contracts; {passed} rules held when last checked. ",
    ),
    "lead_refused": (
        "有文件被拒收且尚未补上的：{names}。",
        "A file was refused and nothing came in its place: {names}. ",
    ),
    "lead_marked": (
        "最近一批与往常不同、但已放入的：{names}。",
        "Out of the ordinary, and let in: the last delivery of {names}.",
    ),
    "overview_refused": ("被拒收未补：{names}", "refused and not replaced: {names}"),
    "overview_marked": ("与往常不同：{names}", "out of the ordinary: {names}"),
    "overview_deliveries": ("⚠ 报送提醒 · {text} · 详见“{page}”", "⚠ Deliveries · {text} · see “{page}”"),
    "lead_definitions": (
        "本版共 {n} 项指标。页面、通报与计算读的是同一份口径。",
        "This edition holds {n} indicators. Pages and calculation read this one catalogue.",
    ),
}
