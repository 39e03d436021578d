"""Words of what a reader takes away from a page: tables and pictures of charts."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "export": ("⤓ 下载", "⤓ Download"),
    "export_note": (
        "Excel 另有口径与出处两页；CSV 为原始数值（比例写作 0 至 1）。",
        "Excel adds sheets of definitions and origin; CSV has plain numbers (proportions from 0 to 1).",
    ),
    "export_csv": ("CSV 表格", "Table as CSV"),
    "export_xlsx": ("Excel 表格", "Table as Excel"),
    "export_png": ("图片 PNG", "Picture as PNG"),
    "export_no_font": (
        "服务器没有中文字体，PNG 会缺字；请下载 SVG，或安装 fonts-noto-cjk。",
        "This server has no Chinese font, so a PNG would lack letters. Take the SVG, or install fonts-noto-cjk.",
    ),
    "export_svg": ("矢量图 SVG", "Drawing as SVG"),
    "export_sheet_data": ("数据", "Data"),
    "export_sheet_definitions": ("口径", "Definitions"),
    "export_sheet_origin": ("出处", "Origin"),
    "export_title": ("内容", "Content"),
    "export_rows": ("行数", "Rows"),
    "export_made_of": ("软件版本", "Software"),
    "export_published": ("发布时间", "Published"),
    "export_id": ("编号", "Id"),
    "export_definition": ("定义", "Definition"),
    "export_lower": ("95% 区间下限", "95% lower"),
    "export_upper": ("95% 区间上限", "95% upper"),
    "export_unit": ("单位", "Unit"),
    "export_fraction": ("比例", "fraction"),
    "export_money": ("元", "yuan"),
    "export_suppression_none": ("不涉及人数，不隐去", "Not about people, never suppressed"),
    "export_suppressed_rule": (
        "“已隐去”：涉及人数少于 {n}，或可由相减推出；不是零，也不是缺失。",
        "“Suppressed”: fewer than {n} people, or known by subtraction; neither zero nor missing.",
    ),
    "export_no_cases": ("“—”：没有件数，不是 0%。", "“—”: no cases; it is not 0%."),
    "export_reading": ("读法", "How to read it"),
}
