"""What every table of an edition holds (`mart_…`) and what its columns mean (`column_…`), for those who ask it in SQL."""

from __future__ import annotations

_MARTS = """\
area_figures|市到社区不分类的数字，按指标和区划排列，供页面读取|Figures without dimension from the city to communities, in order, for the pages
area_shapes|区划边界的简化轮廓，地图按它绘制|Outlines of areas, simplified, as the map draws them
area_successions|撤销区划由谁接替、占多大份额|What took over each area that has ended, and its share
areas|区划：名称、层级、上级、人口、起止日期|Areas by stretch of validity: names, level, parent, population
as_of|各数据集的数据截止时间|The data cut of every dataset
backlog_ages|在办工单按受理至今的天数分档|Open tickets by days since acceptance
changes|每个数字与上期、去年同期相比，是否超出偶然|Every figure against the period before and a year ago, and whether chance would do it
city|城市：名称、时区、货币、财年起始月、最少公布人数|The city: names, time zone, currency, start of the fiscal year
comparisons|在同类中的位次、漏斗图界限、收缩值和标准化值|Rank among peers, funnel, shrunk and standardised rate
contract_results|每条合同规则对每次交付的检查结果|The result of every contract rule on every delivery
control_limits|每月数字的控制图：界限、信号、判断|Control chart of monthly figures: limits, signals, judgement
deliveries|交付台账：何时到达、各行去向|The ledger of deliveries and the fate of their rows
earlier_versions|旧口径的数字，按最后一次公布|Figures by earlier definitions as last published
edition|本版：名称、发布时间、代码与合同的摘要|This edition: name, moment, digests of code and contracts
grades|等级与分数线|Grades and the scores they begin at
guard_results|整批核对对每次交付的结论|What every guard found in every delivery
indicator_bounds|待定工单最坏、最好会使比率变成多少|The worst and the best that can come of pending tickets
indicator_history|每个指标口径的历次版本及起始的版次|The versions of every definition and the edition each began with
indicator_scores|每个指标的得分与权重|The score and the weight of every indicator
indicator_values|全部数字：值、区间、目标、状态（最大的表）|Every figure: value, interval, target, status (the largest table)
indicators|指标目录：名称、定义、分子、分母、排除、归属|The catalogue: names, definitions, exclusions, attribution
insights|每个区域每月值得说的话及其数字|What is worth saying of an area in a month, with its figures
left_out|映射规则未收的行|Rows that a mapping left out
lineage|每个指标由哪些表算出，每张表读哪些表|The tables that make each indicator, and what each of them reads
notes|读取时规范化或提示的事项|What was normalised or noticed while reading
open_refusals|被拒收、尚未补上的文件|Refused files in whose place nothing came
overdue_tickets|截至数据截止时超期未结的工单|Open tickets past their deadline at the data cut
promises|各数据合同承诺的更新频率与时效|What each contract promises of freshness and rhythm
rates_before_exclusions|不作排除时的办结率与按时率|T02 and T03 over all tickets, the excluded ones too
rebased_values|按现行区划追溯的序列|Series as if the areas of today had always been
rectification|整改清单：规则、责任区域、证据、状态、期限|The rectification list: rule, area in charge, evidence, due date
rectification_rules|整改规则：门槛、期限|Rules of the rectification list
rejects|被合同规则退回的行，个人信息已遮盖|Rows lost to a contract rule, personal values masked
restatements|与上一版不同的数字：原值、现值、原因|Figures that differ from the edition before: was, is, why
score_robustness|权重变动时位次如何变化|The places an area takes when the weights change
scores|综合得分、等级、一票否决、位次|Composite score, grade, vetoes, rank
service_lists|需求、资源、项目三张清单按状态计数|Needs, resources and projects counted by state
standards|目标、底线与门槛|Targets, floors and thresholds
ticket_exclusions|按原因统计的排除工单|Excluded tickets by reason
vetoes|各区域各期的一票否决|Vetoes that count for an area in a period
watch_list|低于目标但未列入整改的数字|Figures below target that are not on the list
weights|权重表|Weight sheets in force
"""

_COLUMNS = """\
accepted_on|受理日期|day of acceptance
area_code|区划代码；unlocated 为无法定位|code of the area; `unlocated` without a place
area_kind|社区类型：城市、农村、重点、新建|kind of community: urban, rural, key, new
area_level|层级：city、district、street、community、grid|level: city, district, street, community, grid
area_name_en|英文名称|name in English
area_name|中文名称|name in Chinese
arrived_at|到达时间（UTC）|moment of arrival (UTC)
as_of_on|数据截止日（当地）|day of the data cut (local)
as_of|数据截止时间（UTC）|data cut (UTC)
assurance|控制图能否达到目标：passing、failing、hit_and_miss|does the process reach the target: passing, failing, hit_and_miss
attribution|归属口径|to whom a case is attributed
baseline_points|确定界限所用的月数|months that set the limits
basis|份额从何而来|where a share comes from
before_start|被比较时期的起始日|first day of the period compared with
below|低于此分数|scores below this
best|最好情形|the best that can come
beyond_limits|超出控制限：1 高、−1 低|point outside the limits: 1 high, −1 low
bytes|文件大小（字节）|size in bytes
cap_order|该等级的次序|its place among the grades
capped_grade|计入否决后的等级|grade with vetoes
cap|否决后最高等级|highest grade with the veto
category_1|一级类别|first category
causes|原因代码，逗号分隔|causes, by comma
cells|处数|how many cells
centre|中心线|centre line
change_lower|变化的 95% 区间下限|lower end of its 95 % interval
change_upper|变化的 95% 区间上限|upper end of its 95 % interval
changed_rows|内容变更的行数|rows that are other than before
change|变化；比率为百分点|change; of rates in percentage points
channel|渠道|channel
checked_at|检查时间（UTC）|moment of the check (UTC)
closed_because|关闭原因|why the line was closed
closed_on|关闭日期|day of closing
code_version|软件版本|version of the software
code|事项代码|code of the remark
column_name|列名|column
community_code|社区代码|code of the community
compared_with|与何时相比：previous_period、same_period_last_year|against: previous_period, same_period_last_year
compared|共比较多少个|of how many
contracts_sha256|数据合同的摘要|digest of the contracts
counted|个数|how many
coverage_minimum|评分所需的最低比例|share needed for a score
coverage|有数据的权重比例|share of the weight that has figures
currency|货币|currency
dataset|数据集|dataset
days_overdue|超期天数|days overdue
decimals|小数位|decimals shown
definition|定义|definition
delivery_id|交付编号|id of the delivery
delivery_kind|交付方式：full 全量、delta 增量|kind of delivery: full, delta
denominator|分母|denominator
depends_on|被读取的表|table that is read
description|表的说明|what the table holds
dimension|维度；all 为合计（质量规则中为质量维度）|dimension; `all` is the total (of rules: kind of quality)
direction|方向：higher 越高越好、lower 越低越好|direction: higher or lower is better, none
district_code|区代码|code of the district
due_days|整改天数|days to mend
due_on|期限|due day
edition|版次|edition
element|承诺所指的列|column that the promise is about
ended_on|终止日期|day of ending
entries|条数|entries
entry_sha256|计算口径的摘要|digest of what the entry computes
evidence|证据范围：figure、dataset、none|what the cause is known of: figure, dataset, none
excluded|排除数|cases excluded
exclusion_code|排除原因|reason of exclusion
exclusions|排除规则|what is excluded
expected|应有值|what was expected
file_name|文件名|name of the file
fiscal_year_start|财年起始月|first month of the fiscal year
floor|底线|floor
from_days|该档的最少天数|fewest days of the band
funnel_flag|漏斗图位置：within、below_95、below_998…|place in the funnel: within, below_95, below_998 …
funnel_lower_95|95% 漏斗下限|lower 95 % limit of the funnel
funnel_lower_998|99.8% 漏斗下限|lower 99.8 % limit of the funnel
funnel_upper_95|95% 漏斗上限|upper 95 % limit of the funnel
funnel_upper_998|99.8% 漏斗上限|upper 99.8 % limit of the funnel
grade|等级|grade
grain|周期：day、week、month、quarter、year|period: day, week, month, quarter, year
group_coverage|组内有数据的权重比例|share of the group's weight that has figures
group_rated|该组可评分|the group has enough for a score
group|指标组名称|name of the group
guard_id|核对项|guard
handling_unit|承办单位|unit in charge
history_months|保留月数|months of history
hours|承诺时限（小时）|hours promised
households|户数|households
indicator_group|指标组|group of indicators
indicator_id|指标编号|id of the indicator
indicator_version|口径版本|version of the definition
interval|区间方法|method of the interval
is_baseline|属于确定界限的月份|one of the months that set the limits
is_beyond_chance|超出偶然|beyond chance
is_current|现行|in force now
is_denominator|现分母|denominator now
is_noise|与下一名的先后取决于权重|its order to the next comes from the weights
is_numerator|现分子|numerator now
is_provisional|暂定|provisional
is_status|现状态|status now
is_target|现目标|target now
is_value|现值|value now
is_version|现口径版本|version now
item|事项|item
judged_at|核对时间（UTC）|moment of the judgement (UTC)
judged_by|核对依据的交付|delivery that it was judged by
kind|种类|kind
label_latitude|标签位置纬度|latitude of the label
label_longitude|标签位置经度|longitude of the label
label_room|标签处到边界的余地（度）|room around the label, in degrees
language|语言|language
last_edition|最后公布的版次|edition that said it last
late_rows|迟到的行数|rows that came late
late|其中逾期条数|of them late
latitude|纬度|latitude
left_out_rows|未收行数|rows left out
judged_at_year_end|目标只在财年结束时判断|target judged at the end of the fiscal year only
level|层级|level
line_id|整改事项编号|id of the line
listed_on|列入日期|day of listing
listed|点名的指标或区域|what is named
list|清单：need 需求、resource 资源、project 项目|list: need, resource, project
loaded_at|入库时间（UTC）|moment of loading (UTC)
longitude|经度|longitude
lower_limit|控制下限|lower control limit
lower|95% 区间下限|lower end of the 95 % interval
looks_back_days|期间之前至少要有多少天数据才定案|days of data that a final period has before it
matures_after_days|期末后多少天定案|days after which a period is final
member|维度成员|member of the dimension
mended_on|改正日期|day of mending
mended_rows|改正后重报的行数|rejected rows that came back mended
mends|所改正的交付|delivery that it corrects
message|说明|message
minimum_count|最少例数|least number of cases
minimum|不低于此分数|scores from this
mix_effect|结构变化的影响|effect of the mix
months_below|连续低于目标的月数|months in a row below target
month|月份首日|first day of the month
name|名称|name
next_area_code|下一名|the next in order
numerator|分子|numerator
observed|实际值|what was found
oldest_days|最久一件的天数|days of the oldest one
on_failure|不通过时：warn、block|on failure: warn, block
only_closed|只显示已结束的周期|only periods that are over
opened_on|首次成立的月份|month in which it first held
opened|在办件数|open tickets
outcome|结果|outcome
over_dispersion|过度离散系数|over-dispersion
overdue|其中超期件数|of them past the deadline
override_until|放行有效期|override valid until
override_who|放行人|who answers for the override
override_why|放行理由|why
owner_code|责任区域|area in charge
p_bottom_tenth|真实位次在末十分之一的概率|chance of being in the last tenth
p_no_change|没有变化的 p 值|p-value of no change
parent_code|上级代码|code of the parent
part_of|所属的上级事项|line of the area above
passed|是否通过|passed
peer_class|同类|class of peers
peer_rate|同类总体比率|rate of the class as a whole
peers|同类个数|number of peers
pending|待定数|cases pending
people_minimum|公布所需最少人数|least number of people shown
people|是否涉及个人|about people
period_start|周期首日|first day of the period
place|次序|order
polygons|边界各环的坐标（JSON）|rings of the outline as JSON
population|人口|population
promise|承诺：freshness 时效、frequency 频率|promise: freshness, frequency
published_at|发布时间（UTC）|moment of publication (UTC)
rank_lower|位次 95% 区间（好）|best rank of the 95 % interval
rank_max|各种权重下最差位次|worst place in any draw
rank_min|各种权重下最好位次|best place in any draw
rank_upper|位次 95% 区间（差）|worst rank of the 95 % interval
ranked|参与排位的个数|how many are ranked
rank|位次|rank
rate_effect|比率变化的影响|effect of the rates
reason_code|原因代码|code of the reason
reason|原因|reason
refused_at|拒收时间（UTC）|moment of refusal (UTC)
relative_change|相对变化|relative change
removed_rows|撤销的行数|rows that are gone
reopen_months|多少个月内可重开|months within which a line reopens
reopened_on|重开日期|day of reopening
replaced_by|取代它的版本|version that replaced it
reported_state|由报告方给出的状态|state that somebody reports
rows_checked|检查行数|rows checked
rows_deduplicated|去重行数|duplicates
rows_failed|不合格行数|rows that failed
rows_from|逐行所在的表|table that lists the rows
rows_in|收到行数|rows received
rows_left_out|未收行数|rows left out
rows_loaded|入库行数|rows loaded
rows_rejected|退回行数|rows rejected
rows_removed|撤销行数|rows removed
rows_unchanged|未变行数|rows unchanged
rows|行数|rows
rule_id|规则编号|id of the rule
rule_name|规则名称|name of the rule
rule|规则|rule
run_id|运行编号|id of the run
run_on_one_side|连续七点在一侧|seven in a row on one side
scale|倍数|scale
score|得分|score
sentence|句子|sentence
sequence|同批次序|order within a run
severity|级别|severity
sha256|SHA-256 摘要|SHA-256
share_above_next|高于下一名的抽样比例|share of draws above the next
share_kept|位次不变的抽样比例|share of draws in its place
share|份额|share
sheet|权重表|weight sheet
shrunk_value|收缩值|shrunk value
since_edition|起始版次|edition it began with
since|起始时间（UTC）|moment it began (UTC)
sort_order|次序|order
source_row|文件行号|row in the file
source|来源|source
sql_sha256|计算方法的摘要|digest of the computation
standardised_by|标准化所用的维度|dimension of the standardisation
standardised_disagrees|标准化后结论相反|turns round once standardised
standardised_value|标准化值|standardised value
standard|标准|standard
stands_at_end|期末仍成立|still stands at the end
state|状态|state
status|状态：met、watch、missed、provisional、suppressed、no_cases|met, watch, missed, provisional, suppressed, no_cases
street_code|街道代码|code of the street
subject|对象|subject
successor_code|接替的区划|area that took over
successor_from|接替起始日|first day of the successor
table_name|表名|table
target|目标|target
threshold|门槛|threshold
ticket_id|工单编号|id of the ticket
tickets|工单数|tickets
time_kind|flow 期间发生、stock 期末存量|flow: in the period; stock: at its end
time_zone|时区|time zone
times_reopened|重开次数|times reopened
to_days|该档的最多天数，空为不限|most days of the band, empty without end
topic|主题|topic
trend|连续七点上升或下降|seven in a row rising or falling
two_of_three|三点中两点在外侧|two of three in the outer third
unit|单位|unit
upper_limit|控制上限|upper control limit
upper|95% 区间上限|upper end of the 95 % interval
valid_from|起始日|valid from
valid_to|终止日|valid to
value_before|被比较的值|value compared with
value|值；比率为小数|value; rates are fractions
variation|变动判断：common_cause、improving、concerning|variation: common_cause, improving, concerning …
version|口径版本|version
veto_id|否决项|veto
vetoes|否决数|vetoes
volume_band|业务量档|band of volume
was_denominator|原分母|denominator before
was_edition|原版次|edition before
was_numerator|原分子|numerator before
was_status|原状态|status before
was_target|原目标|target before
was_value|原值|value before
was_version|原口径版本|version before
weight_used|实际使用的权重|weight used
weight|权重|weight
why|原因说明|why
worse_than|比此更差|worse than this
worst|最坏情形|the worst that can come
year_calendar|年度：civil、fiscal|year: civil, fiscal
"""


def _pairs(prefix: str, lines: str) -> dict[str, tuple[str, str]]:
    found = {}
    for line in lines.splitlines():
        name, zh, en = line.split("|")
        found[f"{prefix}_{name}"] = (zh, en)
    return found


WORDS: dict[str, tuple[str, str]] = _pairs("mart", _MARTS) | _pairs("column", _COLUMNS)
