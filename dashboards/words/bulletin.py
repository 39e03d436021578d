"""Words of the page `bulletin`, and of what was amiss with it in the night."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "page_bulletin": ("月度通报", "Bulletin"),
    "title_bulletin": ("这个月的通报说了什么？", "What does the bulletin of the month say?"),
    "refresh_notes": (
        "{when} 已发布，数字不受影响；有事项需要处理",
        "Published at {when}, figures complete; something needs a hand",
    ),
    "bulletin_lead_final": (
        "{month}通报已定稿，可以下发。",
        "The bulletin of {month} is final and can be passed on. ",
    ),
    "bulletin_lead_provisional": (
        "{month}通报为快报：带 ◌ 的数字还会变化，不作评判。",
        "The bulletin of {month} is preliminary: figures with ◌ will still change and are not judged. ",
    ),
    "bulletin_lead_older": ("最近定稿的是{month}。", "The latest final one is of {month}."),
    "bulletin_scope_note": (
        "通报一律为全市、按月。",
        "Bulletins are always of the whole city and one month.",
    ),
    "bulletin_which": ("通报", "Bulletin"),
    "bulletin_final": ("定稿", "final"),
    "bulletin_provisional": ("快报", "preliminary"),
    "bulletin_option": ("{month} · {standing}", "{month} · {standing}"),
    "bulletin_option_older": ("{month} · {standing} · {published} 版", "{month} · {standing} · edition of {published}"),
    "bulletin_pdf": ("PDF（{language}）", "PDF ({language})"),
    "bulletin_xlsx": ("Excel 附表（{language}）", "Workbook ({language})"),
    "bulletin_size": ("{name}，{size}", "{name}, {size}"),
    "bulletin_no_pdf": (
        "这一期没有 PDF：制作时没有找到中文字体。Excel 附表齐全。",
        "This one has no PDF: no Chinese font was found when it was made. The workbook is complete.",
    ),
    "bulletin_short": ("要点", "In short"),
    "bulletin_table": ("各区对照目标", "Districts against their targets"),
    "bulletin_table_note": (
        "每格：数值、件数、95% 区间。▼ 未达标，◐ 低于目标但在偶然范围内，◌ 暂定，— 无数据。整改与观察清单在文件中。",
        "Each cell: value, count, 95% interval. ▼ below target, ◐ short of it within chance, ◌ provisional, — no cases. "
        "The lists for rectification and watching are in the files.",
    ),
    "bulletin_all": ("所存各版的通报", "Bulletins of the kept editions"),
    "bulletin_month": ("月份", "Month"),
    "bulletin_standing": ("定稿情况", "Standing"),
    "bulletin_files": ("文件", "Files"),
    "bulletin_current": ("当前版本", "current edition"),
    "bulletin_none": (
        "还没有通报。数据覆盖整月后，每次发布会自动生成；也可运行 streetwise bulletin。",
        "There is no bulletin yet. One is made with every edition once the data cover a whole month, or by streetwise bulletin.",
    ),
}
