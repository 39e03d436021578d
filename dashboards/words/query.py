"""Words of the page `query`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "page_query": ("查询", "Query"),
    "title_query": ("本版数据还能回答什么？", "What else does this edition tell?"),
    "lead_query": (
        "在本版的 {tables} 张表上运行一条只读 SQL：最多 {seconds} 秒、{rows} 行；不能读写文件，也改不了任何数据。",
        "One read-only SELECT on the {tables} tables of this edition: {seconds} seconds and {rows} rows at most. It can "
        "neither reach a file nor change anything.",
    ),
    "query_closed": ("本页只对分析员开放。", "This page is for analysts."),
    "query_closed_how": (
        "由管理员在配置 STREETWISE_ANALYSTS 中指定（docs/operations.md）。",
        "The administrator names them in STREETWISE_ANALYSTS (docs/operations.md).",
    ),
    "query_example": ("示例", "Example"),
    "query_own": ("自己写", "Your own"),
    "query_example_months": ("近 12 个月全市办结率", "Resolution rate of the city, last 12 months"),
    "query_example_districts": ("各区上月按时办结率与区间", "On-time rate of the districts with intervals"),
    "query_example_causes": ("最终数字为何被更正", "Why final figures were restated"),
    "query_example_rules": ("哪些规则最常不通过", "Rules that fail most often"),
    "query_example_change": ("超出偶然的变化", "Changes beyond chance"),
    "query_text": ("SQL（DuckDB）", "SQL (DuckDB)"),
    "query_run": ("运行", "Run"),
    "query_found": ("{n} 行 · {columns} 列 · {seconds} 秒", "{n} rows · {columns} columns · {seconds} s"),
    "query_cut": (
        "结果超过 {rows} 行，只取前 {rows} 行；请汇总或加条件。",
        "There are more than {rows} rows; these are the first {rows}. Group or narrow.",
    ),
    "query_listed": ("列出前 {shown} 行，下载含全部 {n} 行。", "The first {shown} are listed; a download has all {n}."),
    "query_nothing": ("没有符合的行。", "No row fits."),
    "query_csv": ("下载 CSV", "Download CSV"),
    "query_xlsx": ("下载 XLSX", "Download XLSX"),
    "query_empty": ("请先写一条 SELECT。", "Write a SELECT first."),
    "query_too_wide": ("语句太长。", "The text is too long."),
    "query_syntax": ("语法有误。", "This is not valid SQL."),
    "query_several": ("一次只能运行一条语句。", "One statement at a time."),
    "query_not_select": ("只能运行 SELECT；这里不能改动任何东西。", "Only SELECT runs here; nothing can be changed."),
    "query_no_files": (
        "这里不能读写文件，也不能连接网络；只有本版的表。",
        "Files and networks are closed here; there are only the tables of this edition.",
    ),
    "query_no_table": (
        "没有这张表或这个函数，请看下方的表。",
        "There is no such table or function; the tables are listed below.",
    ),
    "query_no_column": (
        "没有这一列，或类型不符，请看下方的列。",
        "There is no such column, or types do not fit; see the columns below.",
    ),
    "query_too_long": (
        "超过 {seconds} 秒，已停止。请先按 indicator_id、grain、area_level 缩小范围。",
        "Stopped after {seconds} seconds. Narrow by indicator_id, grain and area_level first.",
    ),
    "query_too_much": (
        "需要的内存或结果的大小超过限额，已停止。请缩小范围或先汇总。",
        "Stopped: it needs more memory, or has a larger answer, than is allowed. Narrow it, or group first.",
    ),
    "query_busy": ("已有两个查询在运行，请稍后再试。", "Two questions are being answered; try again in a moment."),
    "query_other": ("无法回答。", "It cannot be answered."),
    "query_tables": ("有哪些表和列", "Tables and columns"),
    "query_tables_note": (
        "表名可省去 marts.。indicator_values 最大，查询时请先限定 indicator_id、grain、area_level。",
        "The prefix marts. may be left out. indicator_values is by far the largest: give indicator_id, grain and area_level.",
    ),
    "query_table": ("表", "Table"),
    "query_column": ("列", "Column"),
    "query_type": ("类型", "Type"),
    "query_meaning": ("含义", "Meaning"),
    "query_in_zh": ("（中文）", ", in Chinese"),
    "query_in_en": ("（英文）", ", in English"),
    "query_rows": ("{n} 行", "{n} rows"),
}
