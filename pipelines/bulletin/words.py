"""Words of the bulletin in Chinese and English; its sentences about figures are those of the edition."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.wording import filled

# key: (Chinese, English)
WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("基层治理运行通报", "Grassroots Governance Bulletin"),
    "month": ("{year}年{month}月", "{name} {year}"),
    "final": ("定稿：考核指标均已到期", "Final: every figure of the score has matured"),
    "provisional": (
        "快报：{n} 项考核指标仍为暂定值（◌，斜纹），不作评判",
        "Preliminary: {n} {n:figure of the score is|figures of the score are} provisional (◌, hatched) and not judged",
    ),
    "final_short": ("定稿", "Final"),
    "provisional_short": ("快报", "Preliminary"),
    "meta": ("数据截至 {as_of} · 版本 {edition} · 发布于 {published}", "Data as of {as_of} · edition {edition} · published {published}"),
    "lead": ("要点", "In short"),
    "tiles": ("主要指标", "Headline figures"),
    "target": ("目标 {target}", "target {target}"),
    "no_target": ("不设目标", "no target"),
    "interval": ("95% 区间 {interval}", "95% CI {interval}"),
    "pending": ("待到期 {n} 件", "{n} not yet due"),
    "before": ("上月 {value}", "{value} the month before"),
    "trend": ("近 {n} 个月，纵轴 {low} 至 {high}", "{n} months, scale {low} to {high}"),
    "status_met": ("达标", "met"),
    "status_missed": ("未达标", "below target"),
    "status_watch": ("观察", "watch"),
    "status_provisional": ("暂定", "provisional"),
    "status_suppressed": ("已隐去", "Suppressed"),
    "status_no_cases": ("无数据", "no cases"),
    "districts": ("各区对照目标", "Districts against their targets"),
    "districts_note": (
        "每格自上而下：数值、分子 / 分母、95% 区间。▼ 未达标　◐ 低于目标但在偶然范围内　◌ 斜纹为暂定值　— 无数据。各区按编码排列，不排名。",
        "Each cell: value, count, 95% interval. ▼ below target, ◐ short of it but within chance, ◌ hatched: provisional, — no cases. "
        "Districts stand in the order of their codes, not ranked.",
    ),
    "dots": ("各区数值与 95% 区间", "Districts with their 95% intervals"),
    "dots_note": ("虚线为目标；横线为 95% 区间，跨过虚线即不能断定是否达标。", "Dashed: the target. An interval that crosses it leaves open whether it is met."),
    "indicator": ("指标", "Indicator"),
    "city": ("全市", "City"),
    "rectification": ("整改清单", "Rectification list"),
    "rectification_note": (
        "数据截至日仍在列的事项，{all} 条；其中 {part} 条已含在上级事项之内，只列于附表。",
        "On the list at the data cut: {all} {all:line|lines}, {part} of them part of a line above and listed in the workbook only.",
    ),
    "rectification_more": ("另有 {n} 条见附表。", "{n} more in the workbook."),
    "rectification_none": ("没有需要整改的事项。", "Nothing to rectify."),
    "mended": ("另有 {n} 条已好转，待定稿月份确认后销号。", "{n} more {n:has mended and leaves|have mended and leave} once a final month confirms it."),
    "watch": ("观察清单（不属整改）", "Watch list (not for rectification)"),
    "watch_note": (
        "低于目标，但不足以列入整改：或差距在 95% 区间之内（偶然），或未连续多月。社区另有 {n} 条，见附表。",
        "Short of the target, but not on the list: within the 95% interval (chance), or not for months in a row. "
        "{n} more of communities in the workbook.",
    ),
    "watch_none": ("区、街道没有列入观察的事项。", "Nothing of districts or streets is on watch."),
    "no_list": ("本版本没有这份清单。", "This edition has no such list."),
    "method": ("口径与方法", "Method"),
    "method_1": (
        "汇总为 Σ 分子 ÷ Σ 分母，不是各地比率的平均；每个比例附 Wilson 95% 区间。",
        "Totals are Σ numerators ÷ Σ denominators, never means of rates; each proportion has its Wilson 95% interval.",
    ),
    "method_2": (
        "未达标：比例的整个区间都差于目标；全数清点的指标以数值本身判断。观察：低于目标，但目标在区间之内。",
        "Below target: the whole interval is worse than the target; of what is counted whole, the value itself is. "
        "Watch: short of a target that lies inside the interval.",
    ),
    "method_3": (
        "暂定值：仍有工单未到期或未满回访期，数字还会变化，不作评判。定稿后如有更正，下一版逐项列明原因。",
        "Provisional: tickets may still come due or be called back. A final figure that changes later is listed with its reason.",
    ),
    "method_4": (
        "人数少于 {n} 的数字隐去；无数据记作 —，不作 0%。",
        "Fewer than {n} people are not shown; no cases is —, never 0%.",
    ),
    "method_unlocated": (
        "受理量中 {n} 件未能落到区，只计入全市。",
        "{n} of the tickets received could not be placed in a district and {n:counts|count} for the city only.",
    ),
    "method_refused": (
        "有文件被拒收且尚未补上，有关数字可能不全：{names}。",
        "Files were refused and not replaced; the figures that rest on them may be incomplete: {names}.",
    ),
    "method_restated": (
        "与上一版相比，本月有 {n} 个已定稿的数字更正，见页面“数据质量”。",
        "{n} final {n:figure of this month differs|figures of this month differ} from the last edition; the page “Data” gives the reasons.",
    ),
    "definitions": ("指标口径", "Definitions"),
    "sources": ("出处", "Passport"),
    "number": ("序号", "No."),
    "area": ("区域", "Area"),
    "level": ("层级", "Level"),
    "level_city": ("全市", "City"),
    "level_district": ("区", "District"),
    "level_street": ("街道", "Street"),
    "level_community": ("社区", "Community"),
    "matter": ("事项", "Matter"),
    "rule": ("依据", "Rule"),
    "value": ("数值", "Value"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "behind": ("件数与 95% 区间", "Count, 95% CI"),
    "group": ("{name}（{n} 条）", "{name} ({n})"),
    "lower": ("95% 区间下限", "95% lower"),
    "upper": ("95% 区间上限", "95% upper"),
    "goal": ("目标", "Target"),
    "floor": ("底线", "Floor"),
    "status": ("状态", "Status"),
    "since": ("自", "Since"),
    "months": ("连续月数", "Months"),
    "cases": ("涉及数", "Cases"),
    "owner": ("责任单位", "In charge"),
    "due": ("整改期限", "Due"),
    "part_of": ("属上级事项", "Part of a line above"),
    "reason": ("原因", "Reason"),
    "reason_chance": ("偶然范围内", "within chance"),
    "reason_below": ("未连续多月", "not yet lasting"),
    "state_opened": ("新列", "new"),
    "state_confirmed": ("在列", "standing"),
    "state_reopened": ("复发", "back again"),
    "state_mended": ("已好转", "mended"),
    "subject_tickets": ("超期 30 日以上的未办结工单", "open tickets more than 30 days overdue"),
    "subject_appraisal": ("考核一票否决", "veto of an appraisal"),
    "yes": ("是", "yes"),
    "id": ("编号", "Id"),
    "definition": ("定义", "Definition"),
    "exclusions": ("不计入", "Left out"),
    "attribution": ("归属日期", "Counted by"),
    "method_word": ("区间方法", "Interval"),
    "wilson": ("Wilson 95%", "Wilson, 95%"),
    "none": ("无", "none"),
    "suppression": ("隐去规则", "Suppression"),
    "suppression_rule": ("人数少于 {n} 时不公布", "not published under {n} people"),
    "dataset": ("数据集", "Dataset"),
    "source": ("来源", "Source"),
    "period": ("月份", "Month"),
    "standing": ("定稿情况", "Standing"),
    "edition": ("版本", "Edition"),
    "published_at": ("发布时间", "Published"),
    "code_version": ("软件版本", "Software"),
    "as_of": ("数据截至", "Data as of"),
    "page": ("第 {n} 页，共 {all} 页", "Page {n} of {all}"),
    "sheet_lead": ("要点", "In short"),
    "sheet_city": ("全市指标", "City"),
    "sheet_districts": ("各区", "Districts"),
    "sheet_rectification": ("整改清单", "Rectification"),
    "sheet_watch": ("观察清单", "Watch list"),
    "sheet_definitions": ("口径", "Definitions"),
    "sheet_passport": ("出处", "Passport"),
    "no_font": (
        "没有找到中文字体，未生成通报 PDF，只有 Excel。请安装 Debian 包 fonts-noto-cjk，或在 city.yaml 写 bulletin: {{font: 字体文件}}。",
        "No Chinese font was found, so the bulletin has no PDF, only the workbook. Install the Debian package fonts-noto-cjk, or "
        "name one in city.yaml: bulletin: {{font: file}}.",
    ),
    "no_such_font": (
        "city.yaml 的 bulletin.font 不是可用的中文字体，未生成通报 PDF，只有 Excel。",
        "bulletin.font of city.yaml is no Chinese font that can be used; the bulletin has no PDF, only the workbook.",
    ),
    "not_made": ("{month} 的通报未能生成（{kind}），数字不受影响。", "The bulletins of {month} could not be made ({kind}); the figures are not affected."),
    "not_set": ("{month} 通报的 PDF 未能排版（{kind}），只有 Excel。", "The PDF of the bulletin of {month} could not be set ({kind}); there is only the workbook."),
    "not_sent": ("{month} 通报未能发到 {to}（{kind}）。", "The bulletin of {month} could not be sent to {to} ({kind})."),
    "subject": ("【{city}】{title} {month}（{standing}）", "[{city}] {title}, {month} ({standing})"),
    "attached": ("附件：通报 PDF 与 Excel 附表。", "Attached: the bulletin as PDF and its workbook."),
    "where_page": ("查看与下载：{link}", "Read and download: {link}"),
    "where_file": ("文件位置：{folder}", "Files: {folder}"),
}  # fmt: skip

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def word(lang: str, key: str, **values: object) -> str:
    """The words of `key` in a language, with its values filled in."""
    return filled(WORDS[key][lang == "en"], **values)


def month_name(lang: str, year: int, month: int) -> str:
    """A month as a heading writes it."""
    return word(lang, "month", year=year, month=month, name=_MONTHS[month - 1])


def pair(key: str, **values: object) -> dict[str, str]:
    """A problem that the operator is told, in both languages."""
    return {"message_zh": word("zh", key, **values), "message_en": word("en", key, **values)}
