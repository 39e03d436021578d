"""The words of the dashboard in Chinese and English."""

from __future__ import annotations

LANGUAGES = {"zh": "中文", "en": "EN"}

# key: (Chinese, English)
WORDS: dict[str, tuple[str, str]] = {
    # navigation and controls
    "page_overview": ("总览", "Overview"),
    "page_tickets": ("诉求办理", "Tickets"),
    "page_organisations": ("组织与配备", "Organisations"),
    "page_funding": ("经费保障", "Funding"),
    "page_data": ("数据质量", "Data"),
    "page_definitions": ("指标口径", "Definitions"),
    "area": ("区域", "Area"),
    "grain": ("周期", "Period type"),
    "grain_week": ("周", "Week"),
    "grain_month": ("月", "Month"),
    "grain_quarter": ("季", "Quarter"),
    "grain_year": ("年", "Year"),
    "period": ("时间", "Period"),
    "period_open": ("（未结束）", " (not over)"),
    "language": ("语言", "Language"),
    "whole_city": ("全市", "Whole city"),
    "refused_area": (
        "链接里的区域“{value}”不在这一版数据中，现显示{place}。",
        "This edition holds no area “{value}”; you are seeing {place}.",
    ),
    "refused_period": (
        "链接里的时间“{value}”没有数据，现显示{when}。",
        "There are no figures for the period “{value}”; you are seeing {when}.",
    ),
    "refused_grain": (
        "链接里的周期“{value}”无法识别，现按月显示。",
        "The period type “{value}” is not known; you are seeing months.",
    ),
    "refused_lang": (
        "暂无语言“{value}”，现以中文显示。",
        "The language “{value}” is not available; you are reading the city's own.",
    ),
    # punctuation
    "comma": ("、", ", "),
    "clause_comma": ("，", ", "),
    "full_stop": ("。", ". "),
    "in_brackets": ("（{text}）", " ({text})"),
    "points": ("个百分点", "pp"),
    "hours": ("小时", "h"),
    # the row that every figure is
    "value": ("数值", "Value"),
    "count": ("件数（分子 / 分母）", "Count"),
    "numerator": ("分子", "Numerator"),
    "denominator": ("分母", "Denominator"),
    "excluded": ("剔除", "Excluded"),
    "pending": ("待到期", "Pending"),
    "interval": ("95% 区间", "95% interval"),
    "interval_short": ("95% 区间", "95% CI"),
    "interval_missing": ("没有件数，无区间", "No cases, no interval"),
    "no_interval": ("不适用：非比例指标", "Does not apply: not a proportion"),
    "wilson": ("Wilson 95% 区间", "Wilson, 95%"),
    "status": ("状态", "Status"),
    "as_of": ("数据截至", "Data as of"),
    "edition": ("版本", "Edition"),
    "source": ("来源", "Source"),
    "exclusions": ("不计入", "Left out"),
    "attribution": ("归属日期", "Counted by"),
    "indicator": ("指标", "Indicator"),
    "target_word": ("目标", "Target"),
    "suppression": ("隐去", "Suppression"),
    "suppression_rule": ("人数少于 {n} 时不公布", "Not published under {n} people"),
    "no_target": ("无目标值", "No target"),
    "goal": ("目标 {target}", "target {target}"),
    "goal_max": ("目标 不高于 {target}", "target at most {target}"),
    "suppressed": ("已隐去", "Suppressed"),
    "status_met": ("✓ 达标", "✓ Met"),
    "status_missed": ("▼ 未达标", "▼ Below target"),
    "status_watch": ("◐ 观察（偶然范围内）", "◐ Watch, within chance"),
    "status_provisional": ("◌ 暂定", "◌ Provisional"),
    "status_suppressed": ("已隐去：人数少于 {n}", "Suppressed: fewer than {n} people"),
    "status_no_cases": ("— 本期无数据", "— No cases in this period"),
    "status_none": ("不设目标", "No target"),
    "so_far_met": ("目前达标", "on target so far"),
    "so_far_below": ("目前低于目标", "below target so far"),
    "excluded_short": ("另剔除 {n} 件", "{n} excluded"),
    "pending_short": ("待到期 {n} 件", "{n} not yet due"),
    "change": ("较{grain} {change}", "{change} on {grain}"),
    "unchanged": ("与{grain}持平", "unchanged on {grain}"),
    "no_change_known": ("上期无可比数据", "No earlier figure to compare"),
    "new_fiscal_year": ("新财年起点，不与上期比较", "New fiscal year: not compared"),
    "last_week": ("上周", "last week"),
    "last_month": ("上月", "last month"),
    "last_quarter": ("上季", "last quarter"),
    "last_year": ("上年", "last year"),
    "scale": ("纵轴 {low}–{high}", "Scale {low}–{high}"),
    "history_week": ("近 {n} 周", "{n} weeks"),
    "history_month": ("近 {n} 个月", "{n} months"),
    "history_quarter": ("近 {n} 季", "{n} quarters"),
    "history_year": ("近 {n} 年", "{n} years"),
    "definition_button": ("口径与数据", "Definition and data"),
    "cases": ("件数（对数轴）", "Cases (log scale)"),
    "nothing_to_draw": ("这一区域在此周期没有可显示的数据。", "There is nothing to show for this area and period."),
    "meta": (
        "数据截至 {as_of} · 版本 {edition} · 发布于 {published}",
        "Data as of {as_of} · edition {edition} · published {published}",
    ),
    "footer": (
        "点指标名称可看口径、分子分母、区间、数据截至与版本。汇总 = Σ 分子 ÷ Σ 分母，不是各地比率的平均。",
        "Open a figure's name for its definition, counts, interval, as-of and edition. Totals are Σ "
        "numerators ÷ Σ denominators, never means of rates.",
    ),
    # lead sentences
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
        "None of the {all} indicators with a target is clearly below it. ",
    ),
    "lead_watch": (
        "{names}低于目标但在偶然范围内，列入观察。",
        "{names}: below target but within chance, on the watch list. ",
    ),
    "lead_provisional": ("另有 {n} 项尚为暂定值。", "{n} are still provisional. "),
    "lead_below_missed": (
        "下辖{rung}中，{n} 个{name}未达标（{names}），最高与最低相差 {gap} 个百分点。",
        "Of the {rung}, {n} miss the target for {name} ({names}); best and worst differ by {gap} points.",
    ),
    "lead_below_fine": (
        "下辖{rung}没有明确未达标的，{name}最高与最低相差 {gap} 个百分点。",
        "None of the {rung} clearly misses the target for {name}; best and worst differ by {gap} points.",
    ),
    "and_others": (" 等", " and others"),
    "rung_district": (" {n} 个区", "{n} districts"),
    "rung_street": (" {n} 个街道", "{n} streets"),
    "rung_community": (" {n} 个社区", "{n} communities"),
    "lead_backlog": (
        "期末在办 {n} 件，其中超期 {late} 件",
        "{n} open at the end of the period, {late} of them overdue",
    ),
    "lead_excluded": (
        "另有 {n} 件按规定剔除，不计入比率。",
        "A further {n} are excluded by rule and leave the rates. ",
    ),
    "lead_behind": ("进度落后序时 {n} 个百分点", "{n} points behind an even spread over the year"),
    "lead_ahead": ("进度快于序时 {n} 个百分点", "{n} points ahead of an even spread over the year"),
    "lead_data": (
        "{datasets} 个数据集、{files} 个文件共 {rows} 行，按数据合同退回 {rejected} 行（{share}）；"
        "规则最近一次检查通过 {passed} 条。",
        "{datasets} datasets arrived in {files} files with {rows} rows; {rejected} ({share}) were "
        "rejected by their contracts; {passed} rules held when last checked. ",
    ),
    "lead_refused": (
        "最近一次交付被拒收、沿用旧数据的有：{names}。",
        "The newest delivery was refused and older data stand for: {names}.",
    ),
    "lead_definitions": (
        "本版共 {n} 项指标。页面、通报与计算读的是同一份口径。",
        "This edition holds {n} indicators. Pages and calculation read this one catalogue.",
    ),
    # overview
    "title_overview": ("{city}基层治理运行看板", "{city}: how the streets are run"),
    "trend_title": ("办结率与居民确认解决率", "Resolved, and confirmed by residents"),
    "trend_note": (
        "前者是承办单位自报办结，后者是回访中居民确认解决；阴影为 95% 区间，空心点为暂定值。",
        "The first is what handlers report, the second what residents confirm when called back. Band: "
        "95% interval; hollow: provisional.",
    ),
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
    "short_undecided": ("其中 {n} 个仍为暂定，不列入。", "{n} are still provisional and not listed."),
    "less_than_one": ("不到 1", "less than one"),
    "short_none": ("没有社区的区间整体低于目标。", "No community's interval lies wholly below the target."),
    "community": ("社区", "Community"),
    "communities": ("社区", "Communities"),
    "tickets_short": ("距目标差（件）", "Tickets short"),
    "and_more": ("另有 {n} 个未列出。", "{n} more are not listed."),
    # tickets
    "title_tickets": ("诉求来了多少，办得如何？", "What comes in, and how is it handled?"),
    "group_volume": ("数量与积压", "Volume and backlog"),
    "group_outcome": ("结果：自报与居民确认", "Outcome: reported and confirmed"),
    "group_speed": ("速度", "Speed"),
    "volume_title": ("受理量", "Tickets received"),
    "volume_note": (
        "所选周期为深色；受理量不评优劣。",
        "The chosen period is dark. Volume is not a measure of performance.",
    ),
    "backlog_title": ("期末在办与超期", "Open and overdue at period end"),
    "backlog_note": (
        "在办存量按期末时点计，超期为其中已过期限的。",
        "Stock at the end of each period; overdue is the part past its deadline.",
    ),
    "channels_title": ("按渠道", "By channel"),
    "categories_title": ("按类别", "By category"),
    "members_note": ("按受理量排列；比率旁为其件数。", "In order of volume; the count stands under each rate."),
    "channel": ("渠道", "Channel"),
    "category_1": ("类别", "Category"),
    "category": ("类别", "Category"),
    "received": ("受理", "Received"),
    "measure": ("比较哪一项", "Compare"),
    "history_title": ("{name}走势", "{name} over time"),
    "overdue_title": ("超期未办结清单", "Open past the deadline"),
    "overdue_note": (
        "数据截至时共 {n} 件，按超期天数列出 {shown} 件。",
        "{n} at the data cut; the {shown} longest overdue are listed.",
    ),
    "overdue_none": ("没有超期未办结的诉求。", "No open ticket is past its deadline."),
    "ticket": ("工单号", "Ticket"),
    "days_overdue": ("超期天数", "Days overdue"),
    "handling_unit": ("承办单位", "Handling unit"),
    "due_on": ("到期日", "Due on"),
    "accepted_on": ("受理日", "Accepted on"),
    "not_located": ("未落到社区", "Not located"),
    "member_hotline": ("热线", "Hotline"),
    "member_grid": ("网格上报", "Grid"),
    "member_visit": ("驻点走访", "Station visit"),
    "member_station_visit": ("驻点走访", "Station visit"),
    "member_assembly": ("居民议事", "Assembly"),
    "member_app": ("掌上平台", "App"),
    "member_wish": ("微心愿", "Wish"),
    "member_other": ("其他", "Other"),
    "member_housing": ("住房物业", "Housing"),
    "member_traffic": ("交通出行", "Traffic"),
    "member_environment": ("环境卫生", "Environment"),
    "member_noise": ("噪声扰民", "Noise"),
    "member_welfare": ("民生保障", "Welfare"),
    "member_unknown": ("未注明", "Unknown"),
    # organisations
    "title_organisations": ("组织是否覆盖到位，人手是否配齐？", "Is every corner organised and staffed?"),
    "ladder_title": ("四级组织", "The four rungs"),
    "group_ladder": ("覆盖", "Coverage"),
    "group_staffing": ("配备与阵地", "Staffing and service centres"),
    "group_members": ("党员与报到", "Members and reporting"),
    "member_street_committee": ("街道党工委", "Street committees"),
    "member_community_committee": ("社区党委", "Community committees"),
    "member_grid_branch": ("网格党支部", "Grid branches"),
    "member_building_group": ("楼栋党小组", "Building groups"),
    "member_partner_unit": ("共建单位", "Partner units"),
    "kind_key": ("重点社区", "key communities"),
    "kind_urban": ("城市社区", "urban communities"),
    "kind_rural": ("农村社区", "rural communities"),
    "kind_new": ("新建社区", "new communities"),
    "kind_ordinary": ("普通社区", "ordinary communities"),
    "kind_default": ("一般社区", "other communities"),
    "kind_other": ("一般社区", "other communities"),
    "standard_note": (
        "配备标准（名）：专职干部 {cadres}；每个社区社区工作者不少于 {workers} 名。",
        "Staffing standard: cadres {cadres}; at least {workers} community workers in each community.",
    ),
    "failing_M12": ("未达配备标准的社区", "Communities below the staffing standard"),
    "failing_M03": ("尚无党委的社区", "Communities without a committee"),
    "failing_F08": ("经费未达保底的社区", "Communities below the fund floor"),
    "failing_note": (
        "{all} 个社区中 {n} 个。保障性标准逐个点名，不涉及偶然。",
        "{n} of {all} communities. A guaranteed standard is met or not: each is named, chance plays no part.",
    ),
    "failing_none": ("全部社区均已达到。", "Every community reaches it."),
    "number": ("个数", "Number"),
    # funding
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
    # data
    "title_data": ("这些数字靠得住吗？", "Can these figures be trusted?"),
    "refresh_line": ("最近一次刷新：{when}，{outcome}", "Last refresh: {when}, {outcome}"),
    "refresh_failed": (
        "{when} 的刷新没有成功，现显示上一版",
        "The refresh of {when} failed; this is the last good edition",
    ),
    "refresh_problems": (
        "{when} 的刷新有问题，受影响的数据集沿用旧数据",
        "The refresh of {when} met problems; older data stand for these datasets",
    ),
    "refresh_no_reason": ("未记录原因。", "No reason was recorded."),
    "outcome_published": ("已发布", "published"),
    "outcome_failed": ("失败", "failed"),
    "outcome_loaded": ("已入库", "loaded"),
    "outcome_refused": ("▼ 拒收", "▼ refused"),
    "datasets_title": ("各数据集：截至何时、收了多少", "Datasets: how fresh, how complete"),
    "dataset": ("数据集", "Dataset"),
    "dataset_areas": ("区划", "Areas"),
    "dataset_tickets": ("诉求工单", "Tickets"),
    "dataset_organisations": ("组织", "Organisations"),
    "dataset_members": ("党员", "Members"),
    "dataset_headcounts": ("人员配备", "Headcounts"),
    "dataset_facilities": ("服务中心", "Facilities"),
    "dataset_budget_lines": ("预算", "Budget lines"),
    "dataset_payments": ("收支", "Payments"),
    "dataset_meetings": ("议事会与走访", "Meetings"),
    "files": ("文件", "Files"),
    "rows": ("行数", "Rows"),
    "rows_in": ("收到", "Received"),
    "rows_loaded": ("入库行", "Loaded"),
    "rows_rejected": ("退回行", "Rejected"),
    "rows_deduplicated": ("去重行", "Duplicates"),
    "rows_left_out": ("未收行", "Left out"),
    "rules_passed": ("规则通过", "Rules passed"),
    "rules_title": ("未通过的规则", "Rules that failed"),
    "rules_all_pass": ("{n} 条规则最近一次检查全部通过。", "All {n} rules held when last checked."),
    "rule": ("规则", "Rule"),
    "severity": ("级别", "Severity"),
    "severity_error": ("错误", "error"),
    "severity_warning": ("提醒", "warning"),
    "rows_failed": ("不合格行", "Rows failed"),
    "rows_checked": ("检查行", "Rows checked"),
    "rejects_title": ("退回的行", "Rejected rows"),
    "rejects_rows": ("逐行查看", "Row by row"),
    "rejects_none": ("没有退回的行。", "No row was rejected."),
    "column": ("列", "Column"),
    "reason": ("原因", "Reason"),
    "source_row": ("文件行号", "Row in file"),
    "cell": ("原值", "Value"),
    "file": ("文件", "File"),
    "docs_title": ("数据合同检查报告（Data Docs）", "Data Docs"),
    "docs_note": ("随本版一同保存，离线打开，不运行脚本。", "Kept with this edition; opened offline, without scripts."),
    "docs_page": ("报告页", "Page"),
    "docs_open": ("在此打开", "Open here"),
    "docs_none": ("本版没有附带检查报告。", "This edition has no Data Docs beside it."),
    "ledger_title": ("交付台账", "Ledger of deliveries"),
    "arrived_at": ("到达", "Arrived"),
    "outcome": ("结果", "Outcome"),
    # definitions
    "title_definitions": ("每个数字数的是什么？", "What does each figure count?"),
    "search": ("搜索指标", "Search"),
    "search_hint": ("名称、编号或口径中的词", "A name, an id or a word of a definition"),
    "found": ("{n} 项", "{n} found"),
    # before the first edition
    "no_edition_title": ("还没有发布过数据", "Nothing has been published yet"),
    "no_edition_body": (
        "看板只读已发布的版本。请先运行一次刷新；发布后本页会在几秒内自动显示，无需重启。",
        "The dashboard reads published editions only. Run a refresh first; this page follows within "
        "seconds, without a restart.",
    ),
    "no_edition_command": ("streetwise refresh", "streetwise refresh"),
    "no_edition_folder": ("正在等待的文件夹：{folder}", "Waiting for: {folder}"),
}

_UNITS: dict[str, tuple[str, str]] = {
    "ratio": ("", ""),
    "tickets": ("件", "tickets"),
    "organisations": ("个", "organisations"),
    "people": ("人", "people"),
    "meetings": ("场", "meetings"),
    "per_10000": ("人/万人", "per 10,000"),
    "currency_per_resident": ("元/人", "yuan each"),
}


def text(lang: str, key: str, default: str | None = None, **values: object) -> str:
    """The words of `key` with its values filled in; `default` for keys that data may invent. Raises "
    "KeyError without one."""
    if key not in WORDS and default is not None:
        return default
    return pick(lang, WORDS[key]).format(**values)


def pick(lang: str, pair: tuple[str, str]) -> str:
    """One of a pair (Chinese, English); the other where it is empty."""
    chosen, other = (pair[1], pair[0]) if lang == "en" else pair
    return chosen or other


def unit_word(lang: str, unit: str) -> str:
    """The word for a unit of the catalogue; an unknown one as it is."""
    pair = _UNITS.get(unit)
    return unit if pair is None else pair[1] if lang == "en" else pair[0]
