"""General words of city offices, Chinese and English, by what they mean; no word is here for the sake of one extract."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Meaning → words of headers (English in lower case and singular, several words written as one).
MEANINGS: dict[str, str] = {
    "ID": "id number no num nbr code key ref reference identifier uid guid 编号 编码 代码 号码 单号 号 序号 标识",
    "TIME": "date dt datetime time timestamp day when at 时间 日期 日 时刻",
    "NAME": "name title 名称 名",
    "TICKET": "ticket case sr request servicerequest servicecase enquiry inquiry incident complaint issue workorder 工单 诉求 事件 案件 投诉 事项",
    "OPENED": "open opened create created creation accepted requested reported received submitted registered logged intake filed"
    " raised lodged entered 受理 登记 创建 提交 上报 立案 来电 接收 接件 录入",
    "DISPATCHED": "dispatched dispatch forwarded routed sent 派单 派发 转办 交办 分派",
    "CONTACT": "contact contacted response responded acknowledged 联系 响应 签收",
    "DUE": "due target deadline expected sla promised 时限 期限 截止 到期 限期 应办结",
    "RESOLVED": "resolved resolution completed completion finished fixed done 办结 完成 处置完成 办理完成 解决",
    "CLOSED": "closed close closing closure 结案 关闭 归档",
    "REOPENED": "reopened reopen 重办 重新打开 返工",
    "UPDATED": "updated update modified modification changed lastupdate 更新 修改",
    "SCHEDULED": "scheduled schedule planned appointment servicedate visitdate 预约 计划上门 计划",
    "FIRST": "first initial 首次 第一次",
    "PARENT": "parent main master 主单 父 上级",
    "STATUS": "status state stage 状态 办理情况 进度",
    "CHANNEL": "channel source origin method intakemethod via medium 渠道 来源 途径 方式",
    "CATEGORY": "category type kind class classification categorie 类别 分类 类型 种类 大类",
    "TOPIC": "topic reason subject nature problem theme group 主题 问题 原因 小类",
    "SUB": "sub subcategory subtype secondary 二级 子",
    "AREA": "area neighborhood neighbourhood ward community district borough precinct zone region village block quarter"
    " locality parish township subdistrict 社区 街道 区划 辖区 区域 片区 网格 村居 村 所属区域 所属社区 属地",
    "HANDLER": "handling handler department dept agency owner assigned assignee assign assignto assignedto responsible division"
    " bureau team office 承办 办理单位 处置单位 责任单位 主办 经办单位 承办部门 处理部门 部门",
    "UNIT": "unit 单位",
    "ONTIME": "ontime withinsla slamet timely 按期 按时 及时",
    "EXCLUDED": "excluded exclusion exempt 剔除 不计",
    "SATISFACTION": "satisfaction satisfied rating score 满意 满意度 评分 评价",
    "CALLBACK": "callback followup survey 回访",
    "REPORTER": "reporter caller citizen resident requester complainant 诉求人 来电人 市民 居民 投诉人",
    "PHONE": "phone mobile telephone tel cell 电话 手机 手机号 联系方式",
    "TEXT": "description desc detail note comment narrative content remark 内容 描述 详情 备注 说明",
    "LATITUDE": "latitude lat ycoord 纬度",
    "LONGITUDE": "longitude lon lng long xcoord 经度",
    "COUNT": "count numberof headcount quantity qty total 数量 人数 数",
    "PEOPLE": "people person user member staff employee resident participant attendee worker 人数 人员数 在册人数",
    "ROLE": "role position post job 岗位 人员类别 职务 角色",
    "AMOUNT": "amount cost value sum price money expense expenditure spend spending paid amt 金额 费用 款 款项 支出额 资金",
    "BUDGET": "budget appropriation allocation allotment budgeted appropriated 预算 指标 拨款",
    "OPENING": "opening adopted approved original 年初 批准",
    "ADJUSTED": "adjustment adjusted amendment revision 调整 追加",
    "CARRIED": "carried carryover carryforward rollover 结转 结余",
    "FISCAL": "fiscal financial fy 财政 会计",
    "YEAR": "year yr fiscalyear financialyear 年度 年份 年",
    "FUND": "fund program programme grant 经费 资金类型",
    "LINE": "line budgetline 预算行",
    "PAYMENT": "payment transaction movement disbursement 流水 支付 付款",
    "PAYEE": "payee vendor supplier recipient contractor 收款 收款方 收款人 供应商",
    "VOUCHER": "voucher receipt invoice 凭证 发票",
    "COMMITMENT": "commitment contract purchaseorder po encumbrance 合同 承诺",
    "OCCURRED": "occurred posted effective paidon transactiondate 发生 支付 入账",
    "ORGANISATION": "organisation organization org committee branch party body 组织 党组织 支部 党支部 机构",
    "MEMBER": "member membership 党员 成员",
    "MEETING": "meeting assembly session hearing 会议 议事 说事",
    "FACILITY": "facility centre center building site station 设施 中心 场所 驿站",
    "FLOORAREA": "floorarea sqm sqft squaremetre squaremeter footprint 建筑面积 面积",
    "FOUNDED": "founded established start began begin 成立 建立 启用",
    "ENDED": "ended end dissolved abolished until 撤销 停用 终止",
    "POPULATION": "population inhabitant 人口 常住人口",
    "HOUSEHOLD": "household dwelling 户数 住户 户",
    "LEVEL": "level tier rank 层级 级别",
    "SUPPRESSED": "suppressed hidden masked 隐去",
}

#: Canonical column → further ways to say it, in words of MEANINGS, those with a question mark less surely; the contracts'
#: own spellings are known anyway.
PHRASES: dict[str, str] = {
    "area_code": "area; neighborhood id",
    "parent_code": "parent area; parent id",
    "category_1": "category; topic?",
    "category_2": "sub category",
    "handling_unit": "department; department name; handling unit",
    "accepted_at": "opened",
    "dispatched_at": "dispatched",
    "first_contact_at": "first contact; contact time",
    "due_at": "due",
    "resolved_at": "resolved",
    "closed_at": "closed",
    "scheduled_at": "scheduled",
    "updated_at": "updated",
    "opening_amount": "opening budget; budget; budget amount",
    "amount": "amount",
    "headcount": "people; people count; count",
    "as_of": "time",
    "held_on": "time; meeting time",
    "occurred_on": "time; payment time; occurred",
    "founded_on": "founded",
    "dissolved_on": "ended",
    "attendees": "people; people count",
    "floor_area_m2": "floorarea",
    "callback_satisfaction": "satisfaction",
}

#: What a row of a dataset is: a header may say it or leave it out.
SUBJECTS = {
    "tickets": "TICKET", "members": "MEMBER", "organisations": "ORGANISATION", "meetings": "MEETING", "facilities": "FACILITY",
    "payments": "PAYMENT", "areas": "AREA", "budget_lines": "LINE",
}  # fmt: skip

#: Words that carry nothing in a header.
EMPTY_WORDS = _words("the of on by is was has a an in for and 是否 的 本 该 所属 最近 最后")

#: A header with one of these names people: never shown, never taken for anything but a personal column.
PERSONAL_WORDS = _words(
    "phone telephone email mail surname firstname lastname fullname personname birth birthday birthdate dob ssn passport"
    " idnumber idcard reporter caller complainant requester applicant 姓名 身份证 证件 电话 手机 手机号 联系人 联系方式 邮箱 住址 出生"
    " 诉求人 来电人 投诉人 申请人 经办人 负责人"
)

#: These name people only if nothing else is said: a mobile operating system is no telephone.
PERSONAL_ALONE = _words("mobile cell contact")

#: Canonical column → canonical value → words that mean it, beyond the spellings of the contract.
VALUES: dict[str, dict[str, str]] = {
    "status": {
        "open": "open new active pending inprogress assigned acknowledged received submitted started 待办 待处理 进行中 处理中 未完成",
        "resolved": "resolved completed complete fixed finished done 完成 已完成 解决 已解决",
        "closed": "closed archived 结束 关闭 归档 已归档",
        "cancelled": "cancelled canceled withdrawn void voided rejected 取消 已取消 撤回",
    },
    "channel": {
        "hotline": "call phone telephone voicemail hotline callcenter 热线 电话 来电",
        "app": "app mobile web website online portal selfservice internet 网站 小程序 微信 公众号",
        "grid": "worker employee staff inspector crew patrol 网格 巡查",
        "visit": "walkin visit inperson counter 走访 上门 窗口",
        "assembly": "meeting assembly 议事",
        "other": "email mail letter fax other twitter social 其他 信件 邮件",
    },
    "kind": {
        "payment": "payment paid expense expenditure disbursement 支付 支出",
        "refund": "refund reversal 退款",
        "commitment": "commitment contract encumbrance obligation 合同",
        "release": "release allotment transfer 拨付",
        "assembly": "assembly meeting hearing 议事",
        "visit": "visit 走访",
    },
    "fund": {
        "operating": "operating operation general 运转 办公", "service": "service 服务", "project": "project capital 项目",
        "transfer": "transfer subsidy 转移",
    },
    "callback_resolved": {"yes": "yes resolved 解决", "no": "no unresolved 未解决", "partly": "partly partial 部分"},
    "level": {
        "city": "city municipality 市", "district": "district county borough 区 县", "street": "street subdistrict township 街道 镇 乡",
        "community": "community neighborhood ward village 社区 村", "grid": "grid block 网格",
    },
    "on_time_reported": {"true": "ontime met within timely 按期 按时", "false": "overdue late missed breached 超期 逾期 超时"},
}  # fmt: skip

#: What the casting of booleans reads by itself.
TRUE = _words("true t 1 yes y 是 有 √")
FALSE = _words("false f 0 no n 否 无 ×")

#: Marks with which offices hide a small count.
SUPPRESSION_MARKS = frozenset(
    {"*", "**", "***", "<5", "< 5", "<10", "< 10", "[c]", "c", "s", "x", "(x)", "D", "suppressed"}
)

#: One source column that serves two canonical ones when the file has no column for the second: (takes, also gives).
SHARED = (("closed_at", "resolved_at"), ("resolved_at", "closed_at"))
