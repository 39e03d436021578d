"""The sentences of insights in Chinese and English: one template a kind of statement, and the numbers inside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from string import Formatter
from typing import Any

LANGUAGES = ("zh", "en")

#: Kinds that say that a figure changed; each needs an interval that leaves out 0, and tests hold them to it.
CLAIMS_OF_CHANGE = frozenset({"change_up", "change_down"})

# kind: (Chinese, English). {fig} is name, value, count and interval; {n:is|are} stands for one of the two, as n is 1 or not.
SENTENCES: dict[str, tuple[str, str]] = {
    # how the area stands
    "summary_missed": (
        "{all} 项有目标的指标中，{n} 项未达标：{names}。",
        "{n} of {all} {all:indicator|indicators} with a target {n:misses|miss} it: {names}.",
    ),
    "summary_none_missed": (
        "{all} 项有目标的指标没有明确未达标的。",
        "{all:The one indicator with a target does not clearly miss|None of the {all} indicators with a target clearly misses} it.",
    ),
    "summary_met": (
        "{all} 项有目标的指标全部达标。",
        "{all:The one indicator|All {all} indicators} with a target {all:meets|meet} it.",
    ),
    "summary_watch": (
        "{names}未达目标，但差距在 95% 区间之内，列入观察。",
        "{names}: short of the target, but by no more than the 95% interval; on watch.",
    ),
    # one figure
    "level_met": ("{fig}，达到目标 {target}。", "{fig}: meets the target of {target}."),
    "level_missed": (
        "{fig}，整个区间都未达目标 {target}。",
        "{fig}: the whole interval misses the target of {target}.",
    ),
    "level_missed_counted": ("{fig}，未达目标 {target}。", "{fig}: misses the target of {target}."),
    "level_watch": (
        "{fig}，未达目标 {target}，但目标在区间之内，可能只是偶然。",
        "{fig}: short of the target of {target}, which lies inside the interval: it may be chance.",
    ),
    "level_provisional": ("{fig}，暂定值{pending}。", "{fig}: provisional{pending}."),
    "level_plain": ("{fig}。", "{fig}."),
    # change
    "change_up": (
        "{name}{when}上升 {change} 个百分点（95% 区间 {interval}），不是偶然波动。",
        "{name} rose by {change} points {when} (95% interval {interval}): more than chance.",
    ),
    "change_down": (
        "{name}{when}下降 {change} 个百分点（95% 区间 {interval}），不是偶然波动。",
        "{name} fell by {change} points {when} (95% interval {interval}): more than chance.",
    ),
    "change_one_of_many": (
        "{name}{when}相差 {change} 个百分点（95% 区间 {interval}）；同时比较 {compared} 个数，这样的差别偶然也会出现。",
        "{name} differs by {change} points {when} (95% interval {interval}); among {compared} comparisons chance makes such a difference too.",
    ),
    "change_unclear": (
        "{name}{when}相差 {change} 个百分点（95% 区间 {interval}，含 0），分不清是变化还是偶然。",
        "{name} differs by {change} points {when} (95% interval {interval}, which holds 0): change and chance cannot be told apart.",
    ),
    # where a change comes from
    "parts_named": (
        "{name}{when}的 {change} 个百分点中，{rate} 来自{parts_word}自身的比率，{mix} 来自构成；自身变化超出偶然且贡献最大的：{names}。",
        "Of the {change} points of {name} {when}, {rate} come from the rates within {parts_word} and {mix} from their mix; changed beyond chance and contributing most: {names}.",
    ),
    "parts_spread": (
        "{name}{when}的 {change} 个百分点中，{rate} 来自{parts_word}自身的比率，{mix} 来自构成；没有哪一个单独超出偶然。",
        "Of the {change} points of {name} {when}, {rate} come from the rates within {parts_word} and {mix} from their mix; none of them stands out from chance by itself.",
    ),
    # chance, over time
    "signal_beyond_high": (
        "{name} {value}，高于往常范围上限 {limit}{verdict}。",
        "{name}, {value}, is above the upper limit of its usual range, {limit}{verdict}.",
    ),
    "signal_beyond_low": (
        "{name} {value}，低于往常范围下限 {limit}{verdict}。",
        "{name}, {value}, is below the lower limit of its usual range, {limit}{verdict}.",
    ),
    "signal_run_high": (
        "{name}连续七个月以上高于中心线 {limit}{verdict}。",
        "{name} has been above its centre line, {limit}, for seven months or more{verdict}.",
    ),
    "signal_run_low": (
        "{name}连续七个月以上低于中心线 {limit}{verdict}。",
        "{name} has been below its centre line, {limit}, for seven months or more{verdict}.",
    ),
    "signal_two_of_three_high": (
        "{name}最近三个月中有两个月接近往常范围上限 {limit}{verdict}。",
        "{name} was near the upper limit of its usual range, {limit}, in two of three months{verdict}.",
    ),
    "signal_two_of_three_low": (
        "{name}最近三个月中有两个月接近往常范围下限 {limit}{verdict}。",
        "{name} was near the lower limit of its usual range, {limit}, in two of three months{verdict}.",
    ),
    "signal_trend_high": (
        "{name}在控制图上已有连续七个点走高{verdict}。",
        "{name} shows seven rising points in a row on its control chart{verdict}.",
    ),
    "signal_trend_low": (
        "{name}在控制图上已有连续七个点走低{verdict}。",
        "{name} shows seven falling points in a row on its control chart{verdict}.",
    ),
    "signal_none": (
        "{name} {value}，在往常范围 {low} 至 {high} 之内。",
        "{name}, {value}, lies within its usual range of {low} to {high}.",
    ),
    "assurance_failing": (
        "{name}往常在 {low} 至 {high} 之间，照现在的做法达不到目标 {target}。",
        "{name} usually lies between {low} and {high}: as things are done now it will not reach the target of {target}.",
    ),
    # chance, among peers
    "peers_worse_998": (
        "{name} {value}，在 {peers} 个同类{rung}中差得超出偶然（同类合计 {peer_rate}，99.8% 界限 {limit}）。",
        "{name}, {value}, is worse than chance would do among {peers} peer {rung} (peers together {peer_rate}, 99.8% limit {limit}).",
    ),
    "peers_worse_95": (
        "{name} {value}，差于同类的 95% 界限 {limit}（同类合计 {peer_rate}）；{peers} 个{rung}中偶然也会有{chance}个如此。",
        "{name}, {value}, lies on the worse side of the 95% limit of its peers, {limit} (peers together {peer_rate}); of {peers} {rung} chance alone puts {chance} there.",
    ),
    "peers_better_998": (
        "{name} {value}，在 {peers} 个同类{rung}中好得超出偶然（同类合计 {peer_rate}，99.8% 界限 {limit}）。",
        "{name}, {value}, is better than chance would do among {peers} peer {rung} (peers together {peer_rate}, 99.8% limit {limit}).",
    ),
    "peers_standardised": (
        "{name}与同类相比的高低要看构成：原值 {value}，按{by}构成调整后 {standardised}，同类合计 {peer_rate}。",
        "Against its peers, {name} depends on the mix: {value} as it is, {standardised} once the mix by {by} is made equal, peers together {peer_rate}.",
    ),
    "outliers_below": (
        "{all} 个{rung}中，{n} 个的{name}差得超出偶然（同类 99.8% 界限外）：{names}；偶然本身会有{chance}个。",
        "Worse on {name} than chance would do, outside the 99.8% limits of their peers: {n} of {all} {rung} ({names}); chance alone would give {chance}.",
    ),
    # what is missing
    "data_refused": (
        "有文件被拒收且尚未补上（{names}），有关数字可能不全。",
        "A file was refused and nothing came in its place ({names}): the figures that rest on it may be incomplete.",
    ),
    "data_stale": (
        "{names}的数据只到 {day}，本月有关数字不全。",
        "The data of {names} end on {day}: the figures of this month that rest on them are incomplete.",
    ),
    "data_provisional": (
        "{n} 项指标仍为暂定值，不评判：{names}。",
        "{n} {n:indicator is still provisional and is|indicators are still provisional and are} not judged: {names}.",
    ),
    "data_suppressed": (
        "{n} 项指标因人数过少隐去：{names}。",
        "{n} {n:indicator is|indicators are} suppressed for small numbers: {names}.",
    ),
    "data_excluded": (
        "{name}之外另有 {n} 件按规定剔除，占 {share}，不计入比率。",
        "Beside the {name}, {n} more ({share}) {n:is|are} excluded by rule and {n:leaves|leave} the rates.",
    ),
    "data_unlocated": (
        "{name}中 {n}（{share}）未能落到{rung}，只计入全市。",
        "Of the {name}, {n} ({share}) could not be placed in {rung} and {n:counts|count} for the city only.",
    ),
    # what an earlier edition said
    "restated": (
        "{name}上一版为 {was}，现改为 {now}：{why}。",
        "Since the last edition, {name} was restated from {was} to {now}: {why}.",
    ),
    "restated_more": (
        "自上一版以来，另有 {n} 项数字改动：{names}。",
        "Since the last edition {n} more {n:figure was|figures were} restated: {names}.",
    ),
}

# key: (Chinese, English)
WORDS: dict[str, tuple[str, str]] = {
    "comma": ("、", ", "),
    "and_others": (" 等", " and others"),
    "points": ("个百分点", "pp"),
    "hours": ("小时", "h"),
    "to": (" 至 ", " to "),
    "fig": ("{name} {value}", "{name} {value}"),
    "fig_rate": (
        "{name} {value}（{count}，95% 区间 {interval}）",
        "{name} {value} ({count}, 95% interval {interval})",
    ),
    "fig_count": ("{name} {value}（{count}）", "{name} {value} ({count})"),
    "fig_before": ("{name} {value}（上月 {before}）", "{name} {value} ({before} the month before)"),
    "pending": ("，尚有 {n} 件未到期", ", {n} not yet due"),
    "previous_period": ("较上月", "on the month before"),
    "same_period_last_year": ("较上年同月", "on the same month a year before"),
    "improving": ("，是好转的信号", ": a sign of improvement"),
    "concerning": ("，是变差的信号", ": a sign that it is getting worse"),
    "special_cause": ("，不是寻常波动", ": not the usual variation"),
    "rung_district": ("区", "districts"),
    "rung_street": ("街道", "streets"),
    "rung_community": ("社区", "communities"),
    "parts_district": ("各区", "districts"),
    "parts_street": ("各街道", "streets"),
    "parts_community": ("各社区", "communities"),
    "parts_channel": ("各渠道", "channels"),
    "parts_category_1": ("各类别", "categories"),
    "parts_other": ("各部分", "parts"),
    "by_channel": ("渠道", "channel"),
    "by_category_1": ("类别", "category"),
    "less_than_one": ("不到 1 ", "fewer than one"),
    "about": ("约 {n} ", "about {n}"),
    "unit_tickets": ("件", "tickets"),
    "unit_organisations": ("个", "organisations"),
    "unit_people": ("人", "people"),
    "unit_meetings": ("场", "meetings"),
    "unit_per_10000": ("每万人", "per 10,000"),
    "unit_per_1000": ("每千人", "per 1,000"),
    "unit_points": ("分", "points"),
    "unit_currency_per_resident": ("元/人", "yuan each"),
    "unit_ratio": ("", ""),
    "member_hotline": ("热线", "hotline"),
    "member_grid": ("网格上报", "grid"),
    "member_visit": ("驻点走访", "station visit"),
    "member_assembly": ("居民议事", "assembly"),
    "member_app": ("掌上平台", "app"),
    "member_wish": ("微心愿", "wish"),
    "member_other": ("其他", "other"),
    "member_unknown": ("未注明", "unknown"),
    "dataset_areas": ("区划", "areas"),
    "dataset_tickets": ("诉求工单", "tickets"),
    "dataset_organisations": ("组织", "organisations"),
    "dataset_members": ("党员", "members"),
    "dataset_headcounts": ("人员配备", "headcounts"),
    "dataset_facilities": ("服务中心", "facilities"),
    "dataset_budget_lines": ("预算", "budget lines"),
    "dataset_payments": ("收支", "payments"),
    "dataset_meetings": ("议事会与走访", "meetings"),
    "dataset_service_items": ("三张清单", "service items"),
    "dataset_surveys": ("居民调查", "surveys"),
    "dataset_appraisals": ("组织考评", "appraisals"),
}


_ONE = {
    "tickets": "ticket", "organisations": "organisation", "people": "person", "meetings": "meeting", "points": "point",
}  # fmt: skip


def pick(lang: str, pair: tuple[str, str]) -> str:
    """One of a pair (Chinese, English)."""
    return pair[LANGUAGES.index(lang)]


class _Grammar(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        one, between, many = format_spec.partition("|")
        if not between:
            return str(super().format_field(value, format_spec))
        # "1 ticket" is one of them too
        return one if str(value).partition(" ")[0] == "1" else many


def filled(template: str, **values: object) -> str:
    """A template with its values filled in; of {n:is|are} the first where n is 1."""
    return _Grammar().format(template, **values)


def word(lang: str, key: str, default: str | None = None, **values: object) -> str:
    """The words of `key` with its values filled in; `default` for keys that data may invent."""
    if key not in WORDS and default is not None:
        return default
    return filled(pick(lang, WORDS[key]), **values)


def sentence(lang: str, kind: str, **values: object) -> str:
    """The sentence of a kind; an English one begins with a capital letter. Raises KeyError for an unknown kind or value."""
    made = filled(pick(lang, SENTENCES[kind]), **values)
    return made[:1].upper() + made[1:]


def listed(lang: str, names: Sequence[str], most: int) -> str:
    """Names in a row, at most so many."""
    return word(lang, "comma").join(names[:most]) + (word(lang, "and_others") if len(names) > most else "")


def whole(value: float) -> str:
    """A count with thousands separators; fractions keep one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def money(value: float, lang: str) -> str:
    """An amount: 万元 and 亿元 in Chinese, k, m and bn in English."""
    size = abs(value)
    if lang == "zh":
        if size >= 1e8:
            return f"{value / 1e8:,.2f} 亿元"
        return f"{value / 1e4:,.1f} 万元" if size >= 1e4 else f"{value:,.0f} 元"
    if size >= 1e9:
        return f"¥{value / 1e9:,.2f} bn"
    if size >= 1e6:
        return f"¥{value / 1e6:,.2f} m"
    return f"¥{value / 1e3:,.1f} k" if size >= 1e4 else f"¥{value:,.0f}"


def percent(value: float, apart_from: float | None = None) -> str:
    """A fraction as a percentage, with more decimals where one would feign 0 %, 100 % or the value it must differ from."""
    for decimals in (1, 2, 3):
        shown = round(100 * value, decimals)
        feigned = (shown == 100 and value < 1) or (shown == 0 and value > 0)
        hidden = apart_from is not None and value != apart_from and shown == round(100 * apart_from, decimals)
        if not feigned and not hidden:
            break
    return f"{100 * value:.{decimals}f}%"


def points(value: float, decimals: int = 1) -> str:
    """Percentage points with their sign; nothing is −0.0."""
    shown = f"{value:+.{decimals}f}".replace("-", "−")
    return shown[1:] if float(f"{value:.{decimals}f}") == 0 else shown


def points_apart(value: float) -> str:
    """Percentage points of a change that is not 0, with as many decimals as keep it from reading as none."""
    return points(value, next((d for d in (1, 2, 3) if value == 0 or round(value, d) != 0), 4))


def effects(rate: float, mix: float, whole_change: float) -> tuple[str, str, str]:
    """Two effects and the change that they make, with as many decimals as let the printed numbers add up."""
    decimals = next(
        (d for d in (1, 2, 3) if abs(round(rate, d) + round(mix, d) - round(whole_change, d)) < 10 ** -(d + 1)), 4
    )
    return points(rate, decimals), points(mix, decimals), points(whole_change, decimals)


def points_interval(lower: float, upper: float, lang: str) -> str:
    """An interval of percentage points, with as many decimals as keep a bound other than 0 away from 0."""
    decimals = next((d for d in (1, 2, 3, 4) if all(bound == 0 or round(bound, d) != 0 for bound in (lower, upper))), 5)
    return points(lower, decimals) + word(lang, "to") + points(upper, decimals)


def fractions_interval(lower: float, upper: float, apart_from: float | None = None) -> str:
    """An interval of a proportion, 96.3–97.3%, with as many decimals as keep the target on its side of a bound."""
    decimals = next(
        (
            d
            for d in (1, 2, 3)
            if apart_from is None
            or all(bound == apart_from or round(100 * (bound - apart_from), d) != 0 for bound in (lower, upper))
        ),
        4,
    )
    return f"{100 * lower:.{decimals}f}–{100 * upper:.{decimals}f}%"


def amount(value: float, form: str, unit: str, decimals: int, lang: str, apart_from: float | None = None) -> str:
    """A value as its form is written: percent, points, money, hours, count or number."""
    if form == "percent":
        return percent(value, apart_from)
    if form == "points":
        return f"{points(value)} {word(lang, 'points')}"
    if form == "money":
        return money(value, lang)
    if form == "hours":
        return f"{value:,.1f} {word(lang, 'hours')}"
    number = whole(value) if form == "count" else f"{value:,.{decimals}f}"
    name = word(lang, f"unit_{unit}", unit)
    if lang == "en" and number == "1":
        name = _ONE.get(name, name)
    return f"{number} {name}" if name else number


def target(value: float, form: str, lang: str) -> str:
    """A target, without decimals it does not need."""
    if form == "percent":
        return f"{100 * value:.10g}%"
    if form == "points":
        return f"{value:g} {word(lang, 'points')}".replace("-", "−")
    return f"{value:g}"


def day(value: date, lang: str) -> str:
    """A local day."""
    return f"{value.year}年{value.month}月{value.day}日" if lang == "zh" else f"{value.day} {value:%B %Y}"


def few(value: float, lang: str) -> str:
    """About how many chance alone gives."""
    return word(lang, "less_than_one") if value < 1 else word(lang, "about", n=f"{value:,.0f}")
