"""Writes numbers, intervals, periods and instants as a reader of either language expects."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dashboards.data import Figure, Indicator
from dashboards.i18n import pick, text, unit_word

NO_VALUE = "—"
_MARKDOWN = re.compile(r"([\\`*_\[\]$<>!~#|])")
#: Where Markdown begins a link of its own accord; no sign can be escaped there, a word joiner keeps it from matching.
_ADDRESS = re.compile(r"https?:(?=//)|www(?=\.)", re.IGNORECASE)
_PERCENT_UNITS = {"", "%", "percent"}


def form(indicator: Indicator) -> str:
    """How values of an indicator are written: percent, points, money, hours, count or number."""
    if indicator.kind == "difference":
        return "points"
    if indicator.kind == "amount":
        return "money"
    if indicator.kind in ("median", "percentile"):
        return "hours"
    if indicator.kind == "count":
        return "count"
    if indicator.kind == "proportion":
        return "percent"
    return "percent" if indicator.scale == 1 and indicator.unit in _PERCENT_UNITS else "number"


def whole(value: float) -> str:
    """A count with thousands separators; fractions keep one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def size(count: int | None) -> str:
    """A number of bytes in kB, MB or GB of a thousand each."""
    if count is None:
        return NO_VALUE
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if count >= 1000**power:
            return f"{count / 1000**power:,.1f} {unit}"
    return f"{count} B"


def money(value: float, lang: str) -> str:
    """An amount in yuan: 万元 and 亿元 in Chinese, k, m and bn in English."""
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


def percent(value: float, target: float | None = None, met: bool | None = None) -> str:
    """A fraction as a percentage with one decimal, with more where one would hide a miss or feign 100 %."""
    for decimals in (1, 2, 3):
        shown = round(100 * value, decimals)
        feigned = (shown == 100 and value < 1) or (shown == 0 and value > 0)
        hidden = met is False and target is not None and shown == round(100 * target, decimals)
        if not feigned and not hidden:
            break
    return f"{100 * value:.{decimals}f}%"


def of_target(indicator: Indicator, target: float, lang: str) -> str:
    """A target, without decimals it does not need."""
    if form(indicator) == "percent":
        return f"{100 * target:.10g}%"
    if form(indicator) == "points":
        return f"{target:g} {text(lang, 'points')}".replace("-", "−")
    return f"{target:g}"


def amount(indicator: Indicator, value: float | None, lang: str, unit: bool = True) -> str:
    """A value of an indicator without regard to its target."""
    if value is None:
        return NO_VALUE
    kind = form(indicator)
    if kind == "percent":
        return percent(value)
    if kind == "points":
        return f"{value:+.1f} {text(lang, 'points')}".replace("-", "−") if unit else f"{value:+.1f}".replace("-", "−")
    if kind == "money":
        return money(value, lang)
    if kind == "hours":
        return f"{value:,.1f} {text(lang, 'hours')}" if unit else f"{value:,.1f}"
    if kind == "count":
        return whole(value)
    word = unit_word(lang, indicator.unit) if unit else ""
    return f"{value:,.{max(indicator.decimals, 0)}f}{' ' + word if word else ''}"


def met(figure: Figure, indicator: Indicator) -> bool | None:
    """Whether the value reaches its target; None where either is missing."""
    if figure.value is None or figure.target is None or indicator.direction == "none":
        return None
    return figure.value <= figure.target if indicator.direction == "lower" else figure.value >= figure.target


def value(figure: Figure | None, indicator: Indicator, lang: str, unit: bool = True) -> str:
    """The value of a figure: '—' without cases, a word where it is suppressed."""
    if figure is None:
        return NO_VALUE
    if figure.status == "suppressed":
        return text(lang, "suppressed")
    if figure.value is None:
        return NO_VALUE
    reached = met(figure, indicator)
    if form(indicator) == "percent":
        return percent(figure.value, figure.target, reached)
    if form(indicator) == "number" and reached is False and figure.target is not None:
        decimals = max(indicator.decimals, 0)
        while decimals < 4 and round(figure.value, decimals) == round(figure.target, decimals):
            decimals += 1
        word = unit_word(lang, indicator.unit) if unit else ""
        return f"{figure.value:,.{decimals}f}{' ' + word if word else ''}"
    return amount(indicator, figure.value, lang, unit)


def unit(figure: Figure | None, indicator: Indicator, lang: str) -> str:
    """The unit beside a value shown large, or '' where the value carries it or there is none."""
    if figure is None or figure.value is None or figure.status == "suppressed":
        return ""
    kind = form(indicator)
    if kind == "points":
        return text(lang, "points")
    if kind == "hours":
        return text(lang, "hours")
    return unit_word(lang, indicator.unit) if kind in ("count", "number") else ""


def fraction(figure: Figure, indicator: Indicator, lang: str) -> str:
    """The count behind a figure: '4,368 / 4,512', or 'n = 410' where only the base is known, or ''."""
    if figure.status == "suppressed" or figure.denominator is None:
        return ""
    if figure.numerator is None:
        return f"n = {whole(figure.denominator)}"
    if indicator.dataset in ("budget_lines", "payments") and indicator.kind != "proportion":
        below = whole if indicator.unit == "currency_per_resident" else lambda value: money(value, lang)
        return f"{money(figure.numerator, lang)} / {below(figure.denominator)}"
    return f"{whole(figure.numerator)} / {whole(figure.denominator)}"


def interval(figure: Figure) -> str:
    """The 95 % interval of a proportion, '96.3–97.3%', or '' where there is none."""
    if figure.lower is None or figure.upper is None:
        return ""
    return f"{100 * figure.lower:.1f}–{100 * figure.upper:.1f}%"


def change(now: Figure | None, before: Figure | None, indicator: Indicator, lang: str) -> str | None:
    """The change from one period to the next: percentage points for rates, per cent for amounts and
    counts of 100 and more; '' for none."""
    if now is None or before is None or now.value is None or before.value is None:
        return None
    kind = form(indicator)
    if kind in ("percent", "points"):
        gap = (now.value - before.value) * (100 if kind == "percent" else 1)
        if abs(gap) < 0.05:
            return ""
        return f"{gap:+.1f} {text(lang, 'points')}".replace("-", "−")
    if kind == "hours":
        return f"{now.value - before.value:+.1f} {text(lang, 'hours')}".replace("-", "−")
    if kind == "number" and indicator.unit == "points":
        gap = round(now.value - before.value, 1)
        return f"{gap:+.1f} {unit_word(lang, 'points')}".replace("-", "−") if gap else ""
    if now.value == before.value:
        return ""
    if kind == "count" and before.value < 100:
        return f"{now.value - before.value:+,.0f}".replace("-", "−")
    if before.value == 0:
        return None
    share = 100 * (now.value / before.value - 1)
    return "" if abs(share) < 0.05 else f"{share:+.1f}%".replace("-", "−")


def period(grain: str, start: date, lang: str) -> str:
    """The name of a period."""
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"{year}年第{week}周" if lang == "zh" else f"Week {week}, {year}"
    if grain == "month":
        return f"{start.year}年{start.month}月" if lang == "zh" else f"{start:%B %Y}"
    if grain == "quarter":
        quarter = (start.month - 1) // 3 + 1
        return f"{start.year}年第{'一二三四'[quarter - 1]}季度" if lang == "zh" else f"Q{quarter} {start.year}"
    return f"{start.year}年" if lang == "zh" else str(start.year)


def day(value: date | None, lang: str) -> str:
    """A local day."""
    if value is None:
        return NO_VALUE
    return f"{value.year}年{value.month}月{value.day}日" if lang == "zh" else f"{value.day} {value:%B %Y}"


def instant(value: datetime | None, time_zone: str) -> str:
    """A UTC instant as local date and time."""
    if value is None:
        return NO_VALUE
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{aware.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"


def plain(words: str) -> str:
    """Text for a place that reads Markdown: a name with brackets, dollars or an address stays a name, neither picture nor link."""
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub("\\g<0>\u2060", " ".join(words.split())))


def name(names: tuple[str, str], lang: str) -> str:
    """One of a pair (zh, en)."""
    return pick(lang, names)


def capital(words: str) -> str:
    """The words as they begin a sentence or a cell."""
    return words[:1].upper() + words[1:]
