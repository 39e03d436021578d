"""Writes the bulletin's workbook: every figure as a number with its format, whole lists, definitions, passport."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from pipelines import wording
from pipelines.bulletin import content
from pipelines.bulletin.facts import Facts, Row
from pipelines.bulletin.words import month_name, word

_FORMATS = {
    "percent": "0.0%", "points": "+0.0;-0.0;0.0", "money": "#,##0.00", "hours": "#,##0.0", "count": "#,##0",
    "number": "#,##0.00", "whole": "#,##0", "date": "yyyy-mm-dd",
}  # fmt: skip
#: A cell: its value and the name of its format ('' for text).
Cell = tuple[object, str]


def workbook(facts: Facts, lang: str) -> bytes:
    """The XLSX; the same bytes whenever it is made from the same edition."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    title = f"{content.city_name(facts, lang)} {word(lang, 'title')} {month_name(lang, facts.month.year, facts.month.month)}"
    book.set_properties(
        {"title": title, "author": content.city_name(facts, lang), "created": facts.edition["published_at"]}
    )
    writer = _Writer(book)
    writer.sheet(
        word(lang, "sheet_lead"),
        [title],
        [
            [(line, "")]
            for line in (content.standing(facts, lang), content.meta(facts, lang), *content.lead(facts, lang))
        ],
    )
    figures = word(lang, "sheet_city"), [r for r in map(_own(facts), facts.indicators) if r is not None]
    writer.sheet(figures[0], _figure_head(lang), [_figure(facts, row, lang) for row in figures[1]])
    below = [
        row
        for indicator_id in facts.sheet
        for code in facts.districts
        if (row := facts.figures.get((indicator_id, code))) is not None
    ]
    writer.sheet(word(lang, "sheet_districts"), _figure_head(lang), [_figure(facts, row, lang) for row in below])
    writer.sheet(word(lang, "sheet_rectification"), *_rectification(facts, lang))
    writer.sheet(word(lang, "sheet_watch"), *_watch(facts, lang))
    writer.sheet(word(lang, "sheet_definitions"), *_definitions(facts, lang))
    writer.sheet(word(lang, "sheet_passport"), [word(lang, "sources"), ""], _passport(facts, lang))
    book.close()
    return buffer.getvalue()


class _Writer:
    """Sheets with a bold head that stays in view, and cells of which none is ever a formula."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        wrapped = {"text_wrap": True, "valign": "top"}
        self.formats = {name: book.add_format({"num_format": code, "valign": "top"}) for name, code in _FORMATS.items()}
        self.text = book.add_format(wrapped)
        self.head = book.add_format({**wrapped, "bold": True, "bottom": 1, "bg_color": "#F4F6F9"})

    def sheet(self, name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """One sheet; text that stands in a column of numbers stays text."""
        made: Worksheet = self.book.add_worksheet(name)
        widths = [_width(title) for title in head]
        for column, title in enumerate(head):
            made.write_string(0, column, title, self.head)
        for number, row in enumerate(rows, start=1):
            for column, (value, form) in enumerate(row):
                widths[column] = max(widths[column], self._write(made, number, column, value, form))
        for column, width in enumerate(widths):
            made.set_column(column, column, min(max(width + 2, 8), 110 if len(head) == 1 else 48))
        made.freeze_panes(1, 0)
        if len(head) > 2 and rows:
            made.autofilter(0, 0, len(rows), len(head) - 1)

    def _write(self, sheet: Worksheet, row: int, column: int, value: object, form: str) -> int:
        if value is None or value == "":
            return 0
        if isinstance(value, date):
            sheet.write_datetime(row, column, value, self.formats["date"])
            return 10
        if isinstance(value, int | float) and form:
            sheet.write_number(row, column, value, self.formats[form])
            return len(f"{value:,.1f}")
        sheet.write_string(row, column, str(value), self.text)
        return _width(str(value))


def _width(text: str) -> int:
    """How wide a text is in columns of Latin letters."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _own(facts: Facts) -> Any:
    return lambda indicator_id: facts.figures.get((indicator_id, facts.city["area_code"]))


def _figure_head(lang: str) -> list[str]:
    keys = (
        "id",
        "indicator",
        "area",
        "period",
        "value",
        "status",
        "numerator",
        "denominator",
        "lower",
        "upper",
        "goal",
    )
    return [word(lang, key) for key in keys]


def _count_form(facts: Facts, indicator_id: str) -> str:
    return "money" if facts.about[indicator_id].is_money else "whole"


def _figure(facts: Facts, row: Row, lang: str) -> list[Cell]:
    indicator_id, status = row["indicator_id"], str(row["status"] or "")
    form = facts.about[indicator_id].form
    hidden = word(lang, "status_suppressed") if status == "suppressed" else None
    value: object = hidden or (content.NO_VALUE if row["value"] is None else row["value"])
    counts: list[Cell] = [
        (hidden or row[side], _count_form(facts, indicator_id)) for side in ("numerator", "denominator")
    ]
    known = status in content.MARKS or status in ("suppressed", "no_cases")
    said = f"{content.MARKS.get(status, '')} {word(lang, f'status_{status}')}".strip() if known else ""
    return [
        (indicator_id, ""),
        (content.name_of(facts, indicator_id, lang), ""),
        (_area(facts, row["area_code"], lang), ""),
        (f"{facts.month:%Y-%m}", ""),
        (value, form),
        (said, ""),
        *counts,
        (row["lower"], "percent"),
        (row["upper"], "percent"),
        (row["target"], form),
    ]


def _area(facts: Facts, code: str, lang: str) -> str:
    return word(lang, "city") if code == facts.city["area_code"] else content.area_of(facts, code, lang)


def _numbers(facts: Facts, row: Row) -> tuple[list[Cell], str]:
    """Value, count, interval of a line of a list, and the form of its indicator ('count' where it has none)."""
    indicator_id = row["indicator_id"]
    form = facts.about[indicator_id].form if indicator_id in facts.about else "count"
    counted = _count_form(facts, indicator_id) if indicator_id in facts.about else "whole"
    cells = [
        (row["value"], form), (row["numerator"], counted), (row["denominator"], counted), (row["lower"], "percent"),
        (row["upper"], "percent"),
    ]  # fmt: skip
    return cells, form


def _rectification(facts: Facts, lang: str) -> tuple[list[str], list[list[Cell]]]:
    keys = (
        "number", "level", "area", "matter", "rule", "value", "numerator", "denominator", "lower", "upper", "floor", "goal",
        "months", "cases", "since", "due", "owner", "status", "part_of",
    )  # fmt: skip
    head = [word(lang, key) for key in keys]
    if facts.rectification is None:
        return head, [[(None, ""), (None, ""), (word(lang, "no_list"), "")]]
    rows = []
    for number, row in enumerate(facts.rectification, start=1):
        numbers, form = _numbers(facts, row)
        rows.append(
            [
                (number, "whole"),
                (word(lang, f"level_{row['area_level']}"), ""),
                (_area(facts, row["area_code"], lang), ""),
                (content.matter(facts, row, lang), ""),
                (content.rule_of(facts, row, lang), ""),
                *numbers,
                (row["floor"], form),
                (row["target"], form),
                (row["months_below"], "whole"),
                (row["rows"], "whole"),
                (f"{row['opened_on']:%Y-%m}", ""),
                (row["due_on"], "date"),
                (content.area_of(facts, row["owner_code"], lang) if row["owner_code"] else "", ""),
                (word(lang, f"state_{row['state']}"), ""),
                (word(lang, "yes") if row["part_of"] else "", ""),
            ]
        )
    return head, rows


def _watch(facts: Facts, lang: str) -> tuple[list[str], list[list[Cell]]]:
    keys = (
        "level",
        "area",
        "matter",
        "value",
        "numerator",
        "denominator",
        "lower",
        "upper",
        "goal",
        "months",
        "reason",
    )
    head = [word(lang, key) for key in keys]
    if facts.watch is None:
        return head, [[(None, ""), (word(lang, "no_list"), "")]]
    rows = []
    for row in facts.watch:
        numbers, form = _numbers(facts, row)
        rows.append(
            [
                (word(lang, f"level_{row['area_level']}"), ""),
                (_area(facts, row["area_code"], lang), ""),
                (content.matter(facts, row, lang), ""),
                *numbers,
                (row["target"], form),
                (row["months_below"], "whole"),
                (word(lang, f"reason_{row['reason']}"), ""),
            ]
        )
    return head, rows


def _definitions(facts: Facts, lang: str) -> tuple[list[str], list[list[Cell]]]:
    texts = ("definition", "numerator", "denominator", "exclusions", "attribution")
    keys = ("id", "indicator", *texts, "goal", "method_word", "suppression", "dataset", "source")
    rows = []
    for indicator_id, row in facts.indicators.items():
        figure = facts.figures.get((indicator_id, facts.city["area_code"]))
        rule = word(lang, "suppression_rule", n=facts.city["people_minimum"]) if row["people"] else word(lang, "none")
        rows.append(
            [
                (f"{indicator_id} v{row['version']}", ""),
                (content.name_of(facts, indicator_id, lang), ""),
                *((row[f"{key}_{lang}"] or row[f"{key}_zh"], "") for key in texts),
                (content.goal(facts, figure["target"] if figure else None, indicator_id, lang), ""),
                (word(lang, "none" if row["interval"] == "none" else "wilson"), ""),
                (rule, ""),
                (wording.word(lang, f"dataset_{row['dataset']}", row["dataset"]), ""),
                (row["source"], ""),
            ]
        )
    return [word(lang, key) for key in keys], rows


def _passport(facts: Facts, lang: str) -> list[list[Cell]]:
    edition = facts.edition
    about = [
        (word(lang, "area"), f"{content.city_name(facts, lang)} ({facts.city['area_code']})"),
        (word(lang, "period"), f"{facts.month:%Y-%m}"),
        (word(lang, "standing"), content.standing(facts, lang)),
        (word(lang, "edition"), edition["edition"]),
        (word(lang, "published_at"), content.instant(edition["published_at"], facts)),
        (word(lang, "code_version"), edition["code_version"] or ""),
    ]
    cuts = [
        (f"{word(lang, 'as_of')} · {wording.word(lang, f'dataset_{name}', name)}", content.instant(cut, facts))
        for name, cut, _ in facts.cuts
    ]
    told = [(word(lang, "method"), line) for line in content.method(facts, lang)]
    return [[(name, ""), (value, "")] for name, value in (*about, *cuts, *told)]
