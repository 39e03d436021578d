"""Which names of a column mean a fact about a person that is never accepted: ethnicity, religion, health, political opinion."""

from __future__ import annotations

import re
import unicodedata

#: Chinese has no word boundaries: a term counts wherever it stands, but for the compounds that name a place, a service or an office.
_CHINESE = {
    "ethnicity": r"民族(?![乡镇县州区街路村]|谱|学校|中学|小学|大学|事务|工作|团结|文化|宗教|广场)|族别|种族|族裔",
    "religion": r"宗教(?!场所|活动场所|事务|工作|管理|局)|信仰|信教|教派|教徒|信众",
    "health": (
        r"健康(?!委|局|办|中心|服务|驿站|小屋|步道|教育|讲座|促进|宣传|科普|产业|公园)|身体状况|病[史历情种名]|疾病(?!预防|控制)|疾患|患病|慢性?病"
        r"|传染病|艾滋|肿瘤|癌|精神(障碍|残疾|病|异常)|诊断(?!中心|服务)|体检结[果论]|残疾(?!人联合会|人服务|人设施|人就业服务)|残障|伤残|失能|失智|自理能力|认知障碍"
        r"|血型|过敏|孕[妇期产]|怀孕|妊娠|用药|(疫苗|接种)(?!点|站|门诊|接种[点站门])|核酸"
    ),
    "political opinion": r"政治(面貌|倾向|观点|立场|信仰|态度|身份|派别|主张|见解|思想|取向)|党派|投票(意向|倾向|选择)",
}

#: English goes by whole words (singular and plural), after underscores, hyphens and capitals are taken for word ends.
_ENGLISH = {
    "ethnicity": r"ethnic\w*|race(?! (track|course|route|day|event|condition))|races|racial|minzu",
    "religion": r"religions?|religious\w*|religiosity|faith|beliefs?|creed|zongjiao",
    "health": (
        r"health ?(?:status|condition|state|record)s?|health(?! (cent(re|er)s?|services?|facilit(y|ies)|clinics?|posts?|stations?|departments?|districts?|offices?|boards?|bureaus?"
        r"|commissions?|workers?|inspect(ions?|ors?)|code (violations?|enforcement)))"
        r"|disabilit(y|ies)|disabled(?! (access|parking|toilets?|ramps?|bays?|spaces?))|handicap(ped)?(?! (access|parking|ramps?|spaces?))"
        r"|impairments?|diagnos(is|es|ed|tic)|medical ?(history|conditions?|records?|status)|medications?|illness(es)?|diseases?"
        r"|chronic conditions?|blood ?(type|group)s?|pregnan(t|cy)|vaccinat(ed|ions?)|allerg(y|ies)|hiv|mental (state|condition)|jiankang\w*"
    ),
    "political opinion": (
        r"political(?! (divisions?|subdivisions?|districts?|wards?|boundar(y|ies)|units?))|political ?(opinion|view|status|party|leaning|affiliation)s?|politics|partisan(ship)?"
        r"|party ?(affiliations?|preferences?|registrations?|allegiances?|leanings?|identification|voted)"
        r"|(voting|vote) (intentions?|preferences?|choices?)|voted( for)?|voter party|^party$|zhengzhimianmao|zzmm"
    ),
}
_PATTERNS = {kind: re.compile(f"{_CHINESE[kind]}|(?<![a-z0-9])(?:{_ENGLISH[kind]})(?![a-z0-9])") for kind in _CHINESE}


def sensitive_field(name: str) -> str | None:
    """Say what a column of this name would tell about a person, in English, or None if it may be accepted.

    Membership itself is the one exception: names such as 党员编号 or `party_member_count` pass. Only the name is judged."""
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text).casefold()
    text = " ".join(re.findall(r"\w+", text.replace("_", " ")))
    # Offices space out short headers: 民　族.
    text = re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", text)
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(text)), None)


_KINDS_ZH = {"ethnicity": "民族", "religion": "宗教信仰", "health": "健康状况", "political opinion": "政治面貌或倾向"}


def accepted_field(name: str) -> str:
    """The name itself, if a column of this name may be accepted.

    Raises:
        ValueError: it would hold a fact that is never accepted; the message is in both languages.
    """
    kind = sensitive_field(name)
    if kind is not None:
        raise ValueError(
            f'the field "{name}" tells a person\'s {kind}, which is never accepted; leave it out'
            f" · 字段“{name}”涉及个人的{_KINDS_ZH[kind]}，一律不予接收，请删去"
        )
    return name
