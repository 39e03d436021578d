"""Words of changes and control charts."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "not_compared": ("本期不与上期比较", "Not compared with the period before"),
    "change_interval": ("（{low}～{high}）", " ({low} to {high})"),
    "change_provisional": (" · 暂定", " · provisional"),
    "within_chance": ("偶然范围内", ", within chance"),
    "beyond_chance": ("超出偶然", ", beyond chance"),
    "no_control_chart": ("无控制图", "No control chart"),
    "variation_common_cause": ("常态波动", "Usual variation"),
    "variation_improving": ("好转信号", "Improving"),
    "variation_concerning": ("转差信号", "Concerning"),
    "variation_special_cause": ("异常信号", "Unusual"),
    "assurance_passing": ("稳定达标", "Passes reliably"),
    "assurance_hit_and_miss": ("时达时不达", "Hit and miss"),
    "assurance_failing": ("▼ 难以达标", "▼ Will not pass"),
    "assurance_passing_why": (
        "控制限整体达到目标：照此下去每月都会达标",
        "The whole band between the limits reaches the target: as it runs, every month passes",
    ),
    "assurance_hit_and_miss_why": (
        "目标落在控制限之间：达标与否带有偶然",
        "The target lies between the limits: a month may pass or fail by chance",
    ),
    "assurance_failing_why": (
        "控制限整体达不到目标：不改变做法就不会达标",
        "The whole band between the limits misses the target: without a change no month passes",
    ),
    "rule_beyond_limits_up": ("超出控制上限", "above the upper limit"),
    "rule_beyond_limits_down": ("低于控制下限", "below the lower limit"),
    "rule_run_on_one_side_up": ("连续七点以上高于中心线", "seven or more in a row above the centre"),
    "rule_run_on_one_side_down": ("连续七点以上低于中心线", "seven or more in a row below the centre"),
    "rule_two_of_three_up": ("三点中有两点接近控制上限", "two of three near the upper limit"),
    "rule_two_of_three_down": ("三点中有两点接近控制下限", "two of three near the lower limit"),
    "rule_trend_up": ("连续七点上升", "seven in a row rising"),
    "rule_trend_down": ("连续七点下降", "seven in a row falling"),
    "chart_centre": ("中心线 {value}", "centre {value}"),
    "chart_upper": ("上限 {value}", "upper limit {value}"),
    "chart_lower": ("下限 {value}", "lower limit {value}"),
    "chart_provisional": ("◌ 暂定", "◌ provisional"),
    "chart_signal": ("控制图", "Control chart"),
    "chart_improving": ("好转", "improving"),
    "chart_concerning": ("转差", "concerning"),
    "chart_special_cause": ("异常", "unusual"),
    "control_note": (
        "灰带为过去波动的通常范围（控制限）；▲ 好转、▼ 转差、◆ 异常为不太可能出于偶然的月份。",
        "Grey: the usual range of past months (control limits). ▲ improving, ▼ concerning, ◆ unusual: hardly by chance.",
    ),
    "plain_trend_note": (
        "阴影为 95% 区间；件数不足一年或按存量统计的指标不画控制限。",
        "Shaded: 95% interval. Control limits need a year of months counted from events.",
    ),
}
