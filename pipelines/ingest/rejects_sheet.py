"""Writes the rejected rows of one delivery as a workbook in which the office that sent them corrects them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlglot import exp

from pipelines.contracts.model import Column, Contract, Rule
from pipelines.ingest.files import fold
from pipelines.ingest.mapping import ColumnMapping, Mapping, parse_expression
from pipelines.ingest.privacy import MASK, without_numbers

SHEET = "更正"
DELIVERY = "交付编号 · delivery"
ROW = "行号 · row"
PROBLEM, WHERE, EXPECTED = "问题 · problem", "问题列 · column", "应为 · expected"
MARKERS = (DELIVERY, ROW, PROBLEM, WHERE, EXPECTED)
#: More rows than this nobody corrects by hand; the office mends its system and sends the file again.
MOST_ROWS = 10_000
#: A cell of Excel holds 32,767 characters; a longer one would be dropped without a word.
_LONGEST_CELL = 32_000
_DANGEROUS = r"^('*[=+\-@＝＋－＠\t\r\n])"
_FORMS = {
    "integer": ("整数，如 12", "a whole number, such as 12"),
    "number": ("数字，如 1234.50", "a number, such as 1234.50"),
    "boolean": ("是 或 否", "是 (yes) or 否 (no)"),
    "date": ("日期，如 2026-03-05", "a date, such as 2026-03-05"),
    "timestamp": ("时间，如 2026-03-05 14:30", "a time, such as 2026-03-05 14:30"),
}


@dataclass(frozen=True)
class _Line:
    """The problems of one row: in words, where they are, what would be right."""

    problem: str
    where: str
    expected: str
    headers: frozenset[str]


def source_headers(contract: Contract, mapping: Mapping, headers: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each canonical column the headers of a file from which it comes, or would come if it were read."""
    by_fold = {fold(header): header for header in headers}
    out: dict[str, tuple[str, ...]] = {}
    for column in contract.columns:
        wanted = mapping.columns.get(column.name)
        item = ColumnMapping(column=wanted) if isinstance(wanted, str) else wanted
        if item is None:
            names = [column.name, column.label_zh, *column.synonyms] if mapping.recognises or column.personal else []
        elif item.expression is not None:
            names = [found.name for found in parse_expression(item.expression).find_all(exp.Column)]
        else:
            names = [item.column] if item.column else []
        out[column.name] = tuple(dict.fromkeys(by_fold[fold(name)] for name in names if fold(name) in by_fold))
    return out


def personal_headers(contract: Contract, mapping: Mapping, headers: Iterable[str]) -> frozenset[str]:
    """Headers of a file whose cells are never shown, whether the mapping or only their spelling says so."""
    listed = tuple(headers)
    by_fold = {fold(header): header for header in listed}
    found = source_headers(contract, mapping, listed)
    people = [column for column in contract.columns if column.personal]
    spelled = {fold(text) for column in people for text in (column.name, column.label_zh, *column.synonyms)}
    return frozenset(h for column in people for h in found[column.name]) | {
        header for folded, header in by_fold.items() if folded in spelled
    }


def masked(rows: pl.DataFrame, contract: Contract, mapping: Mapping) -> pl.DataFrame:
    """The text columns of `rows` as they are shown: personal cells as a mask, long numbers in other cells too.

    In keys and in columns with a pattern, where long numbers belong, only what looks like a phone or an identity number is
    masked."""
    headers = [name for name in rows.columns if name != ROW]
    personal = personal_headers(contract, mapping, headers)
    found = source_headers(contract, mapping, headers)
    numbered = {h for c in contract.columns if c.key_position or c.pattern for h in found[c.name]}
    shown = []
    for header in headers:
        cell = pl.col(header)
        hidden = pl.lit(header in personal) & (cell.str.strip_chars() != "") | (cell.str.len_chars() > _LONGEST_CELL)
        rest = without_numbers(cell, numbered=header in numbered)
        shown.append(pl.when(hidden).then(pl.lit(MASK)).otherwise(rest).alias(header))
    return rows.with_columns(shown)


def neutral(cell: pl.Expr) -> pl.Expr:
    """No cell begins like a formula, wherever it is opened later; `plain` takes it back."""
    return cell.str.replace(_DANGEROUS, "'${1}")


def plain(cell: pl.Expr) -> pl.Expr:
    """What stood in a cell before `neutral`."""
    return cell.str.replace(r"^'('*[=+\-@＝＋－＠\t\r\n])", "${1}")


def neutral_text(text: str) -> str:
    """`neutral` for one text."""
    return re.sub(_DANGEROUS, r"'\1", text)


def expected_text(rule: Rule, column: Column | None, mapping: Mapping) -> tuple[str, str]:
    """What would satisfy a rule, in Chinese and English, in the words of the source."""
    item = mapping.columns.get(column.name) if column is not None else None
    formats = (item.formats if isinstance(item, ColumnMapping) else []) or mapping.formats
    if rule.kind == "readable" and column is not None:
        zh, en = _FORMS.get(column.logical_type, ("", ""))
        if formats and column.logical_type in ("date", "timestamp"):
            zh, en = f"格式 {' 或 '.join(formats)}", f"the form {' or '.join(formats)}"
        return zh, en
    if rule.kind == "required":
        return "必填", "required"
    if rule.kind == "allowed" and column is not None:
        values = list(item.values) if isinstance(item, ColumnMapping) and item.values else []
        values = values or [labels[0] for labels in column.allowed.values()]
        return f"以下之一：{'、'.join(values)}", f"one of {', '.join(values)}"
    if rule.kind == "format":
        return f"格式 {rule.pattern}", f"the form {rule.pattern}"
    if rule.kind == "range":
        low, high = (("…" if bound is None else str(bound)) for bound in (rule.minimum, rule.maximum))
        return f"{low} – {high}", f"{low} – {high}"
    return rule.name_zh, rule.name_en


def write_rejects_sheet(
    path: Path, rows: pl.DataFrame, problems: pl.DataFrame, *, delivery_id: str, contract: Contract, mapping: Mapping,
    whole_file: bool = False,
) -> int:  # fmt: skip
    """Write the workbook of one delivery and return the number of its rows, at most MOST_ROWS.

    Args:
        rows: the column ROW (number in the file) and, as sent, the text columns of the file that the mapping uses.
        problems: source_row, rule_id, column_name, reason_zh, reason_en, as `landing.rejects` has them. Rows that could
            not be read (wrong number of cells) are not in `rows`: their cells are empty, to be filled in.
        whole_file: the delivery was refused as a whole, so that correcting its rejected rows alone does not help.
    """
    headers = [name for name in rows.columns if name != ROW]
    lines = _lines(problems, contract, mapping, headers)
    numbers = sorted(lines)[:MOST_ROWS]
    wanted = pl.DataFrame({ROW: numbers}, schema={ROW: pl.Int64})
    shown = wanted.join(masked(rows, contract, mapping), on=ROW, how="left", maintain_order="left")
    cells = shown.select(neutral(pl.col(header)) for header in headers)
    part = path.with_name(path.name + ".part")
    with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
        _write(handle, delivery_id, numbers, cells, lines, len(lines), whole_file, contract.dataset)
    part.replace(path)
    return len(numbers)


def _lines(
    problems: pl.DataFrame, contract: Contract, mapping: Mapping, headers: list[str]
) -> dict[int, _Line]:  # fmt: skip
    rules = {rule.id: rule for rule in contract.rules}
    columns = {column.name: column for column in contract.columns}
    by_landing = {column.landing_name: column for column in contract.columns}
    sources = source_headers(contract, mapping, headers)
    said: dict[int, list[tuple[str, str, str, tuple[str, ...]]]] = {}
    listed = problems.select("source_row", "rule_id", "column_name", "reason_zh", "reason_en")
    for row, rule_id, column_name, zh, en in listed.sort("source_row", "rule_id").iter_rows():
        rule, column = rules.get(rule_id), columns.get(column_name)
        concerned = [column] if column else [by_landing[n] for n in (rule.columns if rule else ()) if n in by_landing]
        where = tuple(header for c in concerned for header in sources[c.name])
        right = expected_text(rule, column, mapping) if rule else ("请填写全部单元格", "fill in all cells")
        said.setdefault(row, []).append((f"{zh} / {en}", "、".join(where), " / ".join(dict.fromkeys(right)), where))
    return {row: _line(items) for row, items in said.items()}


def _line(items: list[tuple[str, str, str, tuple[str, ...]]]) -> _Line:
    problem, where, expected = (
        "\n".join(dict.fromkeys(filter(None, texts))) for texts in list(zip(*items, strict=True))[:3]
    )
    return _Line(problem, where, expected, frozenset(header for item in items for header in item[3]))


def _write(
    handle: Any, delivery_id: str, numbers: list[int], cells: pl.DataFrame, lines: dict[int, _Line], total: int,
    whole_file: bool, dataset: str,
) -> None:  # fmt: skip
    import xlsxwriter  # a tenth of a second that no other step needs

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(handle, options) as book:
        sheet = book.add_worksheet(SHEET)
        head = book.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True, "valign": "top"})
        fixed = book.add_format({"font_color": "#666666", "valign": "top"})
        told = book.add_format({"font_color": "#9C2A00", "text_wrap": True, "valign": "top"})
        # Cells of the form text keep what is typed: 2026-03-05 stays these ten characters, 007 keeps its zeros.
        free = book.add_format({"num_format": "@", "locked": False, "valign": "top"})
        wrong = book.add_format({"num_format": "@", "locked": False, "valign": "top", "bg_color": "#FFE08A"})
        headers = cells.columns
        titles = [DELIVERY, ROW, *map(neutral_text, headers), PROBLEM, WHERE, EXPECTED]
        widths = [24, 8, *[_width(cells, header) for header in headers], 48, 18, 40]
        for n, (title, width) in enumerate(zip(titles, widths, strict=True)):
            sheet.set_column(n, n, width)
            sheet.write_string(0, n, title, head)
        sheet.freeze_panes(1, 2)
        for at, (row, values) in enumerate(zip(numbers, cells.iter_rows(), strict=True), start=1):
            line = lines[row]
            sheet.write_string(at, 0, delivery_id, fixed)
            sheet.write_number(at, 1, row, fixed)
            for n, (header, value) in enumerate(zip(headers, values, strict=True), start=2):
                form = wrong if header in line.headers else free
                if value:
                    sheet.write_string(at, n, value, form)
                else:
                    sheet.write_blank(at, n, None, form)
            for n, text in enumerate((line.problem, line.where, line.expected), start=2 + len(headers)):
                sheet.write_string(at, n, neutral_text(text)[:_LONGEST_CELL], told)
        sheet.protect("", {"format_columns": True, "format_rows": True})
        guide = book.add_worksheet("说明")
        guide.set_column(0, 0, 110, book.add_format({"text_wrap": True, "valign": "top"}))
        for n, text in enumerate(_guide(dataset, len(numbers), total, whole_file)):
            guide.write_string(n, 0, text)


def _width(cells: pl.DataFrame, header: str) -> float:
    # A Chinese character is as wide as two letters; bytes of UTF-8 say about that.
    longest = cells.get_column(header).str.len_bytes().max()
    return float(min(max(len(header.encode()), longest if isinstance(longest, int) else 0, 8) + 2, 40))


def _guide(dataset: str, shown: int, total: int, whole_file: bool) -> list[str]:
    if whole_file:
        zh = ["整份文件未被采用，所以只改正这些行还不够。请在来源系统或原文件中改正下列问题，再把完整的文件放入"]
        en = [
            "The whole file was refused, so correcting these rows alone does not help. Mend what is listed in the source"
        ]
        return [
            f"{zh[0]} extracts/{dataset}/。",
            f"{en[0]} system or in the original file, and drop the complete file into extracts/{dataset}/.",
        ]
    lines = [
        f"1. 在“{SHEET}”表中改正标黄的单元格；“{PROBLEM}”“{EXPECTED}”两列说明问题和要求。",
        f"2. 不要改动“{DELIVERY}”和“{ROW}”，不要单独排序某一列。",
        f"3. {MASK} 代表不显示的个人信息或长号码：保持不动，就仍用原来的值；需要更正时，用正确的值整格替换。",
        "4. 无法改正的行可以原样留下，它仍然算作被拒。以 ' 开头的单元格是为了防止被当作公式，读回时会还原。",
        f"5. 保存（XLSX，或另存为 CSV UTF-8），放入 extracts/{dataset}/。下次刷新时读入。",
        "",
        f"1. Correct the yellow cells of the sheet “{SHEET}”; the last three columns say what is wrong and what is expected.",
        f"2. Leave “{DELIVERY}” and “{ROW}” alone, and do not sort one column without the others.",
        f"3. {MASK} stands for personal data or a long number that is not shown: left alone, it keeps what was sent; to "
        "correct it, replace the whole cell with the right value.",
        "4. A row left as it is stays rejected. A cell that begins with ' is written so that it is not taken for a "
        "formula; it is read back without it.",
        f"5. Save (XLSX, or CSV UTF-8) and drop it into extracts/{dataset}/. The next refresh reads it.",
    ]
    if shown < total:
        lines += [
            "",
            f"只列出前 {shown} 行（共 {total} 行被拒）。请在来源系统中改正后重新导出。",
            f"Only the first {shown} of {total} rejected rows are listed. Mend the source system and export again.",
        ]
    return lines
