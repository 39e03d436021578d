"""What the commands `map` and `check` print."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from pipelines.onboarding.check import Verdict
from pipelines.onboarding.draft import Draft

_COLOURS = {"sure": "green", "likely": "yellow", "decide": "red", "personal": "magenta"}
_WORDS = {"sure": "确定 sure", "likely": "可能 likely", "decide": "待定 decide", "personal": "个人 personal"}


def draft_table(draft: Draft) -> Table:
    """The columns that a draft found or still needs, how sure it is, and why."""
    table = Table("列 column", "来源 source", "把握 certainty", "依据 evidence")
    for line in draft.lines:
        if line.certainty != "none":
            shown = f"[{_COLOURS[line.certainty]}]{_WORDS[line.certainty]}[/]"
            table.add_row(line.column, escape(line.source), shown, escape(line.evidence))
    return table


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """The verdict on a file, line by line, in both languages."""
    d = verdict.examination
    if d.used_headers:
        yield f"采用的列 columns used: {', '.join(d.used_headers)}"
    if d.ignored_headers:
        yield f"未采用的列 columns ignored: {', '.join(d.ignored_headers)}"
    for note in d.notes:
        yield f"注意 note: {note.zh} · {note.en}"
    yield (
        f"行 rows: {d.rows_in:,} = 可入库 would be loaded {d.rows_loaded:,} + 拒收 rejected {d.rows_rejected:,}"
        f" + 去重 de-duplicated {d.rows_deduplicated:,} + 不计 left out {sum(rows for *_, rows in d.left_out):,}"
    )
    for zh, en, rows in d.left_out:
        yield f"不计 left out: {rows:,} · {zh} · {en}"
    for rule in verdict.broken:
        more = " …" if rule.rows > len(rule.first_rows) else ""
        numbers = ", ".join(map(str, rule.first_rows))
        yield f"拒收 rejected: {rule.rows:,} · {rule.rule_id} · {rule.reason_zh} · {rule.reason_en} · 行 rows {numbers}{more}"
    if d.refusal is not None:
        yield "整个文件将被拒收 the whole file would be refused:"
        yield f"  {d.refusal.zh}"
        yield f"  {d.refusal.en}"
    else:
        yield "文件可以接收 the file would be accepted"
