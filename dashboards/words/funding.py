"""Words of the page `funding`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title_funding": ("钱到位了吗，花得合序时吗？", "Has the money arrived, and is it spent in step?"),
    # the lead
    "lead_budget": ("{when}，{place}现行预算 {n}", "{when}, {place}: current budget {n}"),
    "lead_pace": (
        "，已到位 {received}，已支出 {paid}；财年已过 {share}，支出{gap}。",
        ", {received} received and {paid} paid with {share} of the fiscal year gone: payments are {gap}. ",
    ),
    "behind_schedule": ("落后序时 {n} 个百分点", "{n} points behind schedule"),
    "ahead_schedule": ("快于序时 {n} 个百分点", "{n} points ahead of schedule"),
    "tolerated": ("{gap}（允许 {n} 个以内）", "{gap} (up to {n} is tolerated)"),
    "lead_running": ("◌ 本期未结束，数字暂定。", "◌ The period is still running: provisional. "),
    "lead_funds_behind": ("超出允许范围的是{names}。", "Beyond that: {names}. "),
    "lead_fund": ("{name}（{n}）", "{name} ({n})"),
    "lead_communities": (
        "{all} 个社区中 {n} 个落后超出允许范围。",
        "{n} of {all} communities are further behind than is tolerated. ",
    ),
    "lead_floor": ("{n} 个社区未达保底。", "{n} are below the fund floor. "),
    "lead_floor_all": ("社区经费全部达到保底。", "Every community reaches the fund floor. "),
    # what is shown
    "part_label": ("看哪一笔钱", "Which money"),
    "part_all": ("全部经费", "All money"),
    "part_fund": ("经费 · {name}", "Fund · {name}"),
    "part_spending_type": ("支出类型 · {name}", "Spending · {name}"),
    "part_note": (
        "两个执行率分母不同：预算执行率 = 支出 ÷ 现行预算；到位资金执行率 = 支出 ÷ 已到位资金。均为财年累计，与序时比，不与上一财年末比。"
        "到位率的目标 {target} 是全年的，年中尚未到齐属正常。",
        "Two execution rates, two denominators: of budget = paid ÷ current budget; of receipts = paid ÷ money received. "
        "Both are fiscal year to date, set against the schedule and never against the end of the year before. The target "
        "of {target} for money received is for the whole year.",
    ),
    "part_rates": (
        "两个执行率分母不同：预算执行率 = 支出 ÷ 现行预算；到位资金执行率 = 支出 ÷ 已到位资金。均为财年累计，与序时比，不与上一财年末比。",
        "Two execution rates, two denominators: of budget = paid ÷ current budget; of receipts = paid ÷ money received. "
        "Both are fiscal year to date, set against the schedule and never against the end of the year before.",
    ),
    "month_format": ("%-m月", "%b"),
    "curve_title": ("{name}：到位、承诺、支出与序时", "{name}: received, committed, paid against the schedule"),
    "curve_note": (
        "财年累计占现行预算的比例。虚线是序时进度：预算按天均匀花完。",
        "Cumulative share of the current budget. The dashed line is the schedule: the budget spent evenly, day by day.",
    ),
    "curve_empty": (
        "{place}在这一财年没有“{name}”的预算与收支。",
        "{place} has no budget or movements of “{name}” in this fiscal year.",
    ),
    "curve_alt": (
        "截至 {day}：{pieces}",
        "As of {day}: {pieces}",
    ),
    "schedule_short": ("序时", "Schedule"),
    "received_money": ("到位", "Received"),
    "committed": ("承诺", "Committed"),
    "paid": ("支出", "Paid"),
    "gap_points": ("较序时", "To schedule"),
    "multiples_fund": ("各项经费与序时", "Each fund against the schedule"),
    "multiples_spending_type": ("各支出类型与序时", "Each type of spending against the schedule"),
    "multiples_note_fund": (
        "同一坐标，纵轴 0–{top}。粗线支出，细线到位，虚线序时。",
        "One scale, 0–{top}. Strong line paid, thin one received, dashed the schedule.",
    ),
    "multiples_note_spending_type": (
        "同一坐标，纵轴 0–{top}。支出类型不设目标，不判定。",
        "One scale, 0–{top}. Types of spending have no target and are not judged.",
    ),
    "budget_of": ("预算 {n}", "Budget {n}"),
    "paid_of": ("支出 {n}", "paid {n}"),
    # tables of money
    "rung_title_district": ("各区", "The districts"),
    "rung_title_street": ("各街道", "The streets"),
    "rung_note": (
        "按区划代码排列，不是名次。条形以各自现行预算为 100%：{keys}。",
        "In the order of their codes, not ranked. Bars take each one's own budget as 100%: {keys}.",
    ),
    "communities_title": ("社区经费进度清单", "Communities: how far along is their money"),
    "communities_note": (
        "离序时最远的在前。这是催办进度的清单，不是考核名次：项目周期、到账时间各不相同。条形以各自现行预算为 100%：{keys}。",
        "Furthest behind schedule first. This is a list for following up, not a ranking of merit: projects and "
        "transfers have their own seasons. Bars take each one's own budget as 100%: {keys}.",
    ),
    "bar_keys": (
        "宽条到位，中条承诺，细条支出，竖线序时 {share}；较序时以百分点计",
        "wide received, middle committed, thin paid, the tick is the schedule, {share}; to schedule in percentage points",
    ),
    "communities_share": (
        "社区的现行预算共 {inside}，占{place} {share}；其余 {above} 在社区以上，不在本表。",
        "The communities hold {inside}, {share} of the budget of {place}; the other {above} lie above them and are not "
        "in this table.",
    ),
    "search_community": ("搜索社区、街道或代码", "Search community, street or code"),
    "search_none": ("没有名称或代码含“{value}”的社区。", "No community, street or code contains “{value}”."),
    "rows_shown": (
        "共 {all} 个，显示前 {n} 个；其余请搜索。",
        "{all} in all, the first {n} shown; search for the others.",
    ),
    "budget": ("现行预算", "Budget"),
    "progress": ("进度", "Progress"),
    "short_of_schedule": ("差序时金额", "Short of it by"),
    "no_line_row": ("未对上指标的收支", "Movements without a budget line"),
    "above_row_street": ("街道以上或未定位", "Above streets, or not located"),
    "per_resident": ("人均支出（元）", "Yuan per resident"),
    "of_receipts": ("到位资金执行", "Of receipts"),
    "co_funding": ("区市配套比", "Co-funding"),
    "idle": ("沉淀指标", "Idle lines"),
    "no_budget": ("无预算", "No budget"),
    # the floor and idle lines
    "standing_title": ("保底、配套与沉淀", "Floor, co-funding and idle lines"),
    "floor_title": ("经费未达保底的社区", "Communities below the fund floor"),
    "floor_note": (
        "运转经费、服务群众经费各不低于 {floor}。{all} 个社区中 {n} 个未达：保障性标准逐个点名。",
        "Operating and service money each at least {floor}. {n} of {all} communities fall short: a guaranteed standard, "
        "so each is named.",
    ),
    "floor_none": ("{all} 个社区的两项经费均达到保底。", "All {all} communities reach the floor with both."),
    "floor_unknown": ("这一版没有保底的判定。", "This edition does not judge the floor."),
    "still_missing": ("还差", "Still missing"),
    "idle_title": ("有沉淀指标的社区", "Communities with idle lines"),
    "idle_note": (
        "有预算、未支完、90 天没有任何收支的指标。{all} 条中 {n} 条。",
        "Lines with money left and no movement for 90 days: {n} of {all}.",
    ),
    "idle_none": ("{all} 条指标近 90 天都有收支。", "All {all} lines moved within the last 90 days."),
    "idle_unknown": ("这一版没有沉淀指标的数据。", "This edition has no figures of idle lines."),
    "fund_total": ("{year} {name}", "{year}, {name}"),
    "idle_elsewhere": ("另有 {n} 条不在社区。", "A further {n} lie above the communities."),
    "of_lines": ("{n} / {all} 条", "{n} of {all}"),
    # closed years
    "closed_title": ("已结束的财年：结余与年末突击", "Closed fiscal years: money left and the rush at the end"),
    "closed_note": (
        "只列已结束的财年；没结束的只是还没花完。最后 45 天均匀花约占 12.3%。竖线为目标上限。",
        "Closed years only: before the end money is merely not spent yet. Even spending puts 12.3% into the last 45 "
        "days. The tick is the most that the target allows.",
    ),
    "closed_none": ("还没有已结束的财年。", "No fiscal year has closed yet."),
    "fund": ("经费", "Fund"),
    "all_funds": ("合计", "all funds"),
    "member_operating": ("运转经费", "Operating"),
    "member_service": ("服务群众经费", "Serving residents"),
    "type_service": ("服务", "Service"),
    "member_project": ("项目经费", "Project"),
    "member_transfer": ("转移支付", "Transfer"),
}
