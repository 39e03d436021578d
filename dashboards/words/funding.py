"""Words of the page `funding`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "title_funding": ("钱到位了吗，花得合序时吗？", "Has the money arrived, and is it spent in step?"),
    "two_rates": (
        "两个执行率分母不同：预算执行率 = 支出 ÷ 现行预算；到位资金执行率 = 支出 ÷ 已到位资金。均为财年累计。",
        "Two execution rates, two denominators: of budget = paid ÷ current budget; of receipts = paid ÷ "
        "money received. Both are fiscal year to date.",
    ),
    "money_title": ("预算、到位与支出", "Budget, received, paid"),
    "money_note": (
        "财年累计；每条以各自现行预算为 100%。",
        "Fiscal year to date; each bar takes its own budget as 100%.",
    ),
    "all_funds": ("合计", "All funds"),
    "budget": ("现行预算", "Budget"),
    "received_money": ("已到位", "Received"),
    "paid": ("已支出", "Paid"),
    "execution_title": ("两个执行率的走势", "The two execution rates"),
    "execution_note": ("财年累计，每个财年初归零。", "Cumulative; both start anew with the fiscal year."),
    "funds_title": ("按经费类别", "By fund"),
    "fund": ("经费", "Fund"),
    "schedule_title": ("各地序时进度偏差", "Deviation from schedule"),
    "member_operating": ("运转经费", "Operating"),
    "member_service": ("服务群众经费", "Serving residents"),
    "member_project": ("项目经费", "Project"),
    "member_transfer": ("转移支付", "Transfer"),
}
