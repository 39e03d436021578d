"""Header spellings and enumeration words that the offices of the sample city use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Headers = Mapping[str, Sequence[str]]
Words = Mapping[str, Mapping[str, Sequence[str]]]

AREAS: Headers = {
    "area_code": ("区划代码",),
    "valid_from": ("生效日期",),
    "valid_to": ("失效日期",),
    "area_name": ("区划名称",),
    "area_name_en": ("英文名称",),
    "level": ("层级",),
    "parent_code": ("上级区划代码",),
    "area_kind": ("社区类型",),
    "population": ("常住人口",),
    "households": ("户数",),
    "latitude": ("纬度",),
    "longitude": ("经度",),
    "successor_code": ("并入代码",),
    "successor_weight": ("继任份额",),
}
AREA_WORDS: Words = {
    "level": {"city": ("市",), "district": ("区",), "street": ("街道",), "community": ("社区",), "grid": ("网格",)},
    "area_kind": {
        "urban": ("城市社区", "普通"),
        "rural": ("农村社区",),
        "key": ("重点社区", "重点"),
        "new": ("新建社区",),
    },
}

TICKETS: Headers = {
    "ticket_id": ("工单编号", "工单号", "诉求编号"),
    "channel": ("受理渠道", "渠道", "诉求来源", "来源渠道"),
    "category_1": ("一级分类", "诉求类别", "一级类别"),
    "category_2": ("二级分类", "二级类别"),
    "area_code": ("社区代码", "所属社区代码", "区划代码", "所属区域代码"),
    "handling_unit": ("承办单位", "办理单位", "处置单位"),
    "parent_ticket_id": ("主单编号", "父工单编号"),
    "accepted_at": ("受理时间", "登记时间", "诉求时间"),
    "dispatched_at": ("派单时间", "派发时间", "转办时间"),
    "first_contact_at": ("首次联系时间", "首次响应时间", "响应时间"),
    "due_at": ("办结时限", "截止时间", "应办结时间", "到期时间"),
    "first_resolved_at": ("首次办结时间",),
    "resolved_at": ("办结时间", "处置完成时间"),
    "first_closed_at": ("首次结案时间",),
    "closed_at": ("结案时间", "关闭时间"),
    "reopened_at": ("重办时间", "最近重办时间", "重新打开时间"),
    "reopen_count": ("重办次数",),
    "paused_minutes": ("暂停分钟数", "挂起分钟数"),
    "status": ("工单状态", "状态", "办理状态"),
    "on_time_reported": ("是否按期", "按期办结", "系统判定按期"),
    "scheduled_at": ("预约时间", "计划上门时间"),
    "exclusion_code": ("剔除原因", "不计考核原因", "剔除代码"),
    "department_count": ("涉及部门数", "协办部门数"),
    "callback_at": ("回访时间",),
    "callback_resolved": ("回访解决情况", "是否解决"),
    "callback_satisfaction": ("满意度评分", "回访满意度", "满意度"),
    "reporter_id": ("诉求人编号", "诉求人标识"),
    "reporter_phone": ("诉求人电话", "联系电话", "来电号码"),
    "description": ("诉求内容", "内容", "问题描述"),
    "longitude": ("经度",),
    "latitude": ("纬度",),
    "updated_at": ("更新时间", "最后更新时间"),
    "reporter_name": ("诉求人姓名",),
}
"""`reporter_name` is in no contract: a column nobody asked for that holds personal data."""
TICKET_WORDS: Words = {
    "channel": {
        "hotline": ("热线", "12345热线"),
        "grid": ("网格", "网格上报"),
        "visit": ("驻点联系", "驻点"),
        "assembly": ("居民说事", "说事"),
        "app": ("APP", "小程序"),
        "wish": ("微心愿", "心愿"),
    },
    "status": {
        "open": ("在办", "办理中"),
        "resolved": ("已办结", "办结"),
        "closed": ("已结案", "结案"),
        "cancelled": ("已撤销", "撤销"),
    },
    "exclusion_code": {
        "duplicate": ("重复", "重复诉求"),
        "out_of_jurisdiction": ("非辖区", "退单"),
        "consultation": ("咨询", "咨询类"),
        "invalid": ("无效",),
    },
    "callback_resolved": {
        "yes": ("已解决", "解决"),
        "partly": ("部分解决", "基本解决"),
        "no": ("未解决",),
        "no_answer": ("未接通", "无人接听"),
    },
}

MEETINGS: Headers = {
    "meeting_id": ("会议编号", "活动编号"),
    "kind": ("会议类型", "活动类型"),
    "area_code": ("社区代码", "区划代码"),
    "held_on": ("召开日期", "举办日期"),
    "attendees": ("参加人数", "到会人数"),
    "matters_raised": ("议题数", "提出事项数"),
}
MEETING_WORDS: Words = {"kind": {"assembly": ("居民说事", "居民说事会"), "visit": ("驻点联系", "驻点")}}

ORGANISATIONS: Headers = {
    "org_id": ("党组织编号",),
    "parent_org_id": ("上级组织编号",),
    "org_name": ("党组织名称",),
    "org_level": ("组织层级",),
    "org_kind": ("组织类别",),
    "area_code": ("所属区划代码",),
    "founded_on": ("成立日期",),
    "dissolved_on": ("撤销日期",),
}
ORGANISATION_WORDS: Words = {
    "org_level": {
        "street_committee": ("街道党工委",),
        "community_committee": ("社区党委", "社区党总支"),
        "grid_branch": ("网格党支部", "网格支部"),
        "building_group": ("楼栋党小组", "楼栋小组"),
        "partner_unit": ("共建单位", "驻区单位"),
    },
    "org_kind": {
        "rural": ("农村",),
        "community": ("社区",),
        "new_economy": ("两新", "非公"),
        "agency": ("机关",),
        "institution": ("事业单位",),
    },
}

MEMBERS: Headers = {
    "member_id": ("党员编号", "人员编号"),
    "org_id": ("所在组织编号", "所在党组织编号"),
    "name": ("姓名", "党员姓名"),
    "id_number": ("身份证号", "公民身份号码"),
    "phone": ("手机号", "联系电话"),
    "birth_date": ("出生日期", "出生年月日"),
    "schooling": ("学历", "文化程度"),
    "joined_on": ("加入日期", "转入日期"),
    "left_on": ("转出日期", "离开日期"),
    "is_secretary": ("是否书记",),
    "is_committee_member": ("是否委员", "是否班子成员"),
    "is_floating": ("是否流动", "流动党员"),
    "is_serving": ("是否在职", "在职党员"),
    "reported_area_code": ("报到社区代码", "报到区划代码"),
    "reported_to_community_on": ("报到日期", "双报到日期"),
    "last_trained_on": ("最近培训日期",),
}
MEMBER_WORDS: Words = {
    "schooling": {
        "primary": ("小学",),
        "junior": ("初中",),
        "senior": ("高中", "中专"),
        "college": ("大专", "专科"),
        "bachelor": ("本科", "大学本科"),
        "postgraduate": ("研究生", "硕士"),
    }
}

HEADCOUNTS: Headers = {
    "area_code": ("区划代码", "社区代码"),
    "role": ("人员类别", "岗位"),
    "as_of": ("统计日期", "日期"),
    "headcount": ("人数", "数量"),
}
HEADCOUNT_WORDS: Words = {
    "role": {
        "cadre": ("社区干部", "专职干部"),
        "community_worker": ("社区工作者", "社工"),
        "certified_worker": ("持证社工",),
        "centre_staff": ("服务中心人员", "中心工作人员"),
        "volunteer": ("志愿者", "注册志愿者"),
        "active_volunteer": ("活跃志愿者",),
        "volunteer_team": ("志愿服务队",),
        "partner_head": ("共建单位负责人", "兼职委员"),
        "serving_member": ("在职党员",),
    }
}

FACILITIES: Headers = {
    "facility_id": ("中心编号",),
    "area_code": ("所属区划代码",),
    "kind": ("中心类型",),
    "floor_area_m2": ("建筑面积（平方米）",),
    "opened_on": ("启用日期",),
    "closed_on": ("停用日期",),
}
FACILITY_WORDS: Words = {
    "kind": {
        "street_centre": ("街道党群服务中心", "街道中心"),
        "community_centre": ("社区党群服务中心", "社区中心"),
        "regional_centre": ("区域党群服务中心", "区域中心"),
    }
}

BUDGET_LINES: Headers = {
    "line_id": ("预算编号", "预算指标编号"),
    "area_code": ("区划代码", "社区代码"),
    "fiscal_year": ("年度", "预算年度"),
    "fund": ("经费类型", "资金类型"),
    "spending_type": ("支出类型",),
    "source": ("资金来源", "来源"),
    "opening_amount": ("年初预算", "年初预算数"),
    "adjustment_amount": ("预算调整", "调整数"),
    "carried_in_amount": ("上年结转", "结转"),
}
BUDGET_LINE_WORDS: Words = {
    "fund": {
        "operating": ("运转经费", "工作经费"),
        "service": ("服务群众经费", "服务群众专项经费"),
        "project": ("社区项目资金", "微实事资金"),
        "transfer": ("转移支付",),
    },
    "spending_type": {
        "staff": ("人员",),
        "operations": ("运转", "公用"),
        "service": ("服务",),
        "capital": ("工程", "建设"),
    },
    "source": {"city": ("市级", "市财政"), "district": ("区级", "区财政"), "street": ("街道",), "donation": ("捐赠",)},
}

PAYMENTS: Headers = {
    "payment_id": ("流水号", "支付编号"),
    "line_id": ("预算编号", "指标编号"),
    "commitment_id": ("合同编号", "承诺编号"),
    "occurred_on": ("发生日期", "支付日期"),
    "kind": ("业务类型", "类型"),
    "amount": ("金额", "金额（元）", "发生额"),
    "payee_category": ("收款方类别", "收款人类别"),
    "voucher_no": ("凭证号", "凭证编号"),
}
PAYMENT_WORDS: Words = {
    "kind": {
        "release": ("拨付", "下达"),
        "commitment": ("承诺", "合同"),
        "payment": ("支付", "支出"),
        "refund": ("退款", "退回"),
    }
}

SERVICE_ITEMS: Headers = {
    "item_id": ("条目编号", "清单编号"),
    "list": ("清单类型", "清单"),
    "area_code": ("社区代码", "所属社区代码"),
    "category": ("服务类别", "事项类别"),
    "registered_on": ("登记日期", "征集日期"),
    "matched_item_id": ("对接条目编号", "匹配条目编号"),
    "claimed_on": ("认领日期", "认领时间"),
    "completed_on": ("完成日期", "完成时间"),
    "status": ("状态", "办理状态"),
}
SERVICE_ITEM_WORDS: Words = {
    "list": {"need": ("需求清单", "需求"), "resource": ("资源清单", "资源"), "project": ("项目清单", "项目")},
    "status": {
        "registered": ("已登记", "待对接"),
        "matched": ("已对接", "对接"),
        "claimed": ("已认领", "实施中"),
        "completed": ("已完成", "完成"),
        "withdrawn": ("已撤回", "撤回"),
    },
}

SURVEYS: Headers = {
    "wave": ("调查批次", "批次"),
    "area_code": ("社区代码", "调查社区代码"),
    "question": ("调查内容", "调查指标"),
    "ended_on": ("调查截止日期", "截止日期"),
    "valid_respondents": ("有效问卷数", "有效样本量"),
    "positive_respondents": ("肯定回答数", "正面回答数"),
    "design_effect": ("设计效应", "抽样设计效应"),
}
SURVEY_WORDS: Words = {
    "question": {
        "satisfaction": ("满意度", "满意率"),
        "awareness": ("知晓度", "知晓率"),
        "participation": ("参与度", "参与率"),
        "property_service": ("物业服务", "物业满意度"),
    }
}

APPRAISALS: Headers = {
    "org_id": ("党组织编号", "被考评组织编号"),
    "period": ("考评周期", "考核周期"),
    "method": ("考评方式", "考核方式"),
    "item": ("考评项目", "考核项目"),
    "ended_on": ("考评截止日期", "考评日期"),
    "kind": ("项目类型",),
    "points": ("得分", "分数"),
    "max_points": ("满分", "分值"),
    "evidence": ("佐证材料", "佐证材料编号"),
}
APPRAISAL_WORDS: Words = {
    "method": {"self": ("自评", "自查"), "spot": ("抽查", "现场抽查"), "final": ("终评", "最终评定")},
    "kind": {"score": ("评分", "得分项"), "veto": ("一票否决", "否决项")},
}

BY_DATASET: Mapping[str, tuple[Headers, Words]] = {
    "areas": (AREAS, AREA_WORDS),
    "tickets": (TICKETS, TICKET_WORDS),
    "meetings": (MEETINGS, MEETING_WORDS),
    "organisations": (ORGANISATIONS, ORGANISATION_WORDS),
    "members": (MEMBERS, MEMBER_WORDS),
    "headcounts": (HEADCOUNTS, HEADCOUNT_WORDS),
    "facilities": (FACILITIES, FACILITY_WORDS),
    "budget_lines": (BUDGET_LINES, BUDGET_LINE_WORDS),
    "payments": (PAYMENTS, PAYMENT_WORDS),
    "service_items": (SERVICE_ITEMS, SERVICE_ITEM_WORDS),
    "surveys": (SURVEYS, SURVEY_WORDS),
    "appraisals": (APPRAISALS, APPRAISAL_WORDS),
}
