"""What a reader takes away from a page: a table as CSV or Excel, a chart as PNG or SVG, made when it is asked for."""

from __future__ import annotations

import copy
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import streamlit as st
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from dashboards import charts, data, fonts, formats, periods
from dashboards.controls import Scope
from dashboards.data import Figure, Indicator
from dashboards.i18n import text, unit_word

#: A cell: text, a number in the form of its column, a number with a form of its own, a day, or nothing.
Cell = str | int | float | date | None | tuple[float, str]
Rows = Sequence[Sequence[Cell]]

_FORMATS = {
    "percent": "0.0%", "points": "+0.0;-0.0;0.0", "money": "#,##0.00", "hours": "#,##0.0", "count": "#,##0",
    "number": "#,##0.00", "date": "yyyy-mm-dd",
}  # fmt: skip
#: Excel takes a cell that begins so for a formula; in Chinese and Japanese editions the wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: The light theme of .streamlit/config.toml, for pictures that lie on white paper.
_PAPER: dict[str, Any] = {
    "background": "#ffffff",
    "font": "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif",
    "range": {"category": ["#1f5fbf", "#77818f", "#b8322a", "#1b2330", "#dfe3ea"]},
    "axis": {
        "labelColor": "#4b5563", "titleColor": "#4b5563", "domainColor": "#dfe3ea", "tickColor": "#dfe3ea",
        "gridColor": "#eef1f5", "labelFontSize": 12,
    },
    "title": {
        "anchor": "start", "color": "#1b2330", "fontSize": 16, "subtitleColor": "#5b6573", "subtitleFontSize": 11,
        "offset": 14,
    },
    "view": {"stroke": None},
}  # fmt: skip
_PICTURE_WIDTH = 720


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how the numbers under it are written: percent, points, money, hours, count, number; or text, date."""

    title: str
    form: str = "text"


def offer(
    scope: Scope,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Rows | Callable[[], Rows],
    ids: Sequence[str] = (),
    spec: charts.Spec | None = None,
) -> None:
    """A quiet button that opens the ways to take this table, and its chart, away.

    `name` is ASCII, part of the files' names and the key of the widgets; `ids` are the indicators that the table speaks of.
    `rows` may be a function, called on another thread when a file is asked for; nothing is made before that.
    """
    stem = _stem(scope, name)

    def found() -> Rows:
        return rows() if callable(rows) else rows

    with (
        st.container(horizontal=True, horizontal_alignment="right", gap="xxsmall"),
        st.popover(text(scope.lang, "export"), type="tertiary", key=f"take_{name}"),
        st.container(gap=None),
    ):
        _button(scope, name, "csv", f"{stem}.csv", "text/csv", lambda: to_csv(columns, found()))
        _button(
            scope,
            name,
            "xlsx",
            f"{stem}.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            lambda: to_xlsx(scope, title, columns, found(), ids),
        )
        if spec is not None:
            _pictures(scope, name, stem, title, spec)
        st.caption(text(scope.lang, "export_note"), width=230)


def offer_figures(
    scope: Scope,
    name: str,
    title: str,
    lines: Sequence[tuple[str, Figure | None, Indicator]],
    spec: charts.Spec | None = None,
) -> None:
    """The same for figures: each line is the name of an area, member or period, its figure and its indicator."""
    ids = list(dict.fromkeys(indicator.indicator_id for _, _, indicator in lines))
    offer(scope, name, title, figure_columns(scope), figure_rows(scope, lines), ids, spec)


def figure_columns(scope: Scope) -> list[Column]:
    """The columns of figures: what, where, value, count, interval, target, standing, data cut, edition."""
    lang = scope.lang
    return [
        Column(text(lang, "export_id")),
        Column(text(lang, "indicator")),
        Column(text(lang, "area")),
        Column(text(lang, "period")),
        Column(text(lang, "value"), "number"),
        Column(text(lang, "export_unit")),
        Column(text(lang, "status")),
        Column(text(lang, "numerator"), "count"),
        Column(text(lang, "denominator"), "count"),
        Column(text(lang, "export_lower"), "percent"),
        Column(text(lang, "export_upper"), "percent"),
        Column(text(lang, "target_word"), "number"),
        Column(text(lang, "excluded"), "count"),
        Column(text(lang, "pending"), "count"),
        Column(text(lang, "as_of")),
        Column(text(lang, "edition")),
    ]


def figure_rows(scope: Scope, lines: Iterable[tuple[str, Figure | None, Indicator]]) -> list[list[Cell]]:
    """One row a figure; a suppressed figure is a word in every cell that would give it away."""
    return [_figure(scope, label, figure, indicator) for label, figure, indicator in lines]


def to_csv(columns: Sequence[Column], rows: Rows) -> bytes:
    """A CSV that Excel opens in Chinese: UTF-8 with a mark, lines that end as on Windows, no cell that it would compute."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(column.title) for column in columns])
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def to_xlsx(scope: Scope, title: str, columns: Sequence[Column], rows: Rows, ids: Sequence[str] = ()) -> bytes:
    """A workbook of three sheets: the table, the definitions of `ids`, its origin. The same bytes whenever it is made from
    one edition."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"title": title, "created": scope.city.published_at})
    sheets = _Sheets(book)
    sheets.add(text(scope.lang, "export_sheet_data"), columns, rows)
    about = _about(scope, ids)
    if len(about) > 1:
        sheets.add(text(scope.lang, "export_sheet_definitions"), [Column(head) for head in about[0]], about[1:])
    origin = _origin(scope, title, len(rows))
    sheets.add(text(scope.lang, "export_sheet_origin"), [Column(title), Column("")], origin)
    book.close()
    return buffer.getvalue()


def picture(scope: Scope, title: str, spec: charts.Spec, form: str) -> bytes:
    """A chart as it stands on the page, on white paper, with its area, period, data cut and edition: `png` or `svg`."""
    import vl_convert  # V8 and Vega, 70 MB of memory: only once a picture is asked for

    drawn = copy.deepcopy(spec)
    drawn["width"] = _PICTURE_WIDTH
    drawn["autosize"] = {"type": "fit-x", "contains": "padding"}
    cut = _cut(scope)
    drawn["title"] = {"text": title, "subtitle": [f"{scope.place} · {scope.when}", cut]}
    drawn["padding"] = 16
    own = drawn.get("config", {})
    drawn["config"] = {**_PAPER, **own, "axis": {**_PAPER["axis"], **own.get("axis", {})}}
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])).encode()
    return bytes(vl_convert.vegalite_to_png(drawn, scale=2, allowed_base_urls=[]))


def _button(scope: Scope, name: str, form: str, file_name: str, mime: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        text(scope.lang, f"export_{form}"),
        make,
        file_name=file_name,
        mime=mime,
        key=f"take_{name}_{form}",
        on_click="ignore",
        type="tertiary",
    )


def _pictures(scope: Scope, name: str, stem: str, title: str, spec: charts.Spec) -> None:
    for form, mime in (("png", "image/png"), ("svg", "image/svg+xml")):
        if form == "png" and not fonts.chinese():
            st.caption(text(scope.lang, "export_no_font"), width=230)
            continue
        _button(scope, name, form, f"{stem}.{form}", mime, partial(picture, scope, title, spec, form))


def _stem(scope: Scope, name: str) -> str:
    """A file name of area, period and moment of the edition, fit for every system."""
    when = periods.token(scope.grain, scope.start)
    stem = f"streetwise-{name}-{scope.area.code}-{when}-{scope.city.published_at:%Y%m%dT%H%MZ}"
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem)


def _plain(cell: Cell) -> str:
    """A cell of the CSV: numbers unrounded, days as 2026-10-31."""
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        cell = cell[0]
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    return str(cell) if isinstance(cell, int) else harmless(cell)


def harmless(words: str) -> str:
    """A text that no spreadsheet computes."""
    return f"'{words}" if words.startswith(_FORMULA) else words


class _Sheets:
    """The sheets of a workbook: a bold head that stays in view, widths that fit, no formula anywhere."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.numbers = {form: book.add_format({"num_format": code}) for form, code in _FORMATS.items()}
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self.head = book.add_format({"text_wrap": True, "bold": True, "bottom": 1, "bg_color": "#F4F6F9"})

    def add(self, name: str, columns: Sequence[Column], rows: Rows) -> None:
        """One sheet."""
        sheet: Worksheet = self.book.add_worksheet(name)
        widths = [_width(column.title) for column in columns]
        for at, column in enumerate(columns):
            sheet.write_string(0, at, column.title, self.head)
        for line, row in enumerate(rows, start=1):
            for at, (column, cell) in enumerate(zip(columns, row, strict=True)):
                widths[at] = max(widths[at], self._write(sheet, line, at, cell, column.form))
        for at, width in enumerate(widths):
            sheet.set_column(at, at, min(max(width + 2, 8), 48))
        sheet.freeze_panes(1, 0)
        if rows and len(columns) > 2:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)

    def _write(self, sheet: Worksheet, line: int, at: int, cell: Cell, form: str) -> int:
        if isinstance(cell, tuple):
            cell, form = cell
        if cell is None or cell == "":
            return 0
        if isinstance(cell, date):
            sheet.write_datetime(line, at, cell, self.numbers["date"])
            return 10
        if isinstance(cell, int | float):
            sheet.write_number(line, at, cell, self.numbers.get(form, self.numbers["count"]))
            return len(f"{cell:,.1f}")
        sheet.write_string(line, at, cell, self.text)
        return _width(cell)


def _width(words: str) -> int:
    """How wide a text is in Latin letters."""
    return max((sum(2 if ord(letter) > 0x2E7F else 1 for letter in line) for line in words.split("\n")), default=0)


def _figure(scope: Scope, label: str, figure: Figure | None, indicator: Indicator) -> list[Cell]:
    lang, form = scope.lang, formats.form(indicator)
    hidden = figure is not None and figure.status == "suppressed"
    money = indicator.dataset in ("budget_lines", "payments") and indicator.kind != "proportion"

    def number(value: float | int | None, how: str) -> Cell:
        return text(lang, "suppressed") if hidden else None if value is None else (float(value), how)

    value = number(figure.value if figure else None, form)
    known = ("met", "missed", "watch", "provisional", "no_cases")
    status = "no_cases" if figure is None else figure.status or ""
    standing = text(lang, "suppressed") if hidden else text(lang, f"status_{status}") if status in known else ""
    counted = "money" if money else "count"
    return [
        indicator.indicator_id,
        formats.name(indicator.name, lang),
        label,
        formats.period(figure.grain, figure.period_start, lang) if figure else scope.when,
        formats.NO_VALUE if value is None else value,
        _unit(scope, indicator, form),
        standing,
        number(figure.numerator if figure else None, counted),
        number(
            figure.denominator if figure else None, "count" if indicator.unit.endswith("_per_resident") else counted
        ),
        number(figure.lower if figure else None, "percent"),
        number(figure.upper if figure else None, "percent"),
        None if figure is None or figure.target is None else (figure.target, form),
        number(figure.excluded if figure else None, "count"),
        number(figure.pending if figure else None, "count"),
        formats.instant(figure.as_of if figure else None, scope.city.time_zone),
        scope.city.edition,
    ]


def _unit(scope: Scope, indicator: Indicator, form: str) -> str:
    fixed = {"percent": "export_fraction", "points": "points", "money": "export_money", "hours": "hours"}
    return text(scope.lang, fixed[form]) if form in fixed else unit_word(scope.lang, indicator.unit)


def _about(scope: Scope, ids: Sequence[str]) -> list[list[str]]:
    """The definitions of indicators as a table, its head first."""
    lang = scope.lang
    catalogue = data.indicators(scope.edition)
    keys = ("numerator", "denominator", "exclusions", "attribution", "target_word", "interval", "suppression", "source")
    rows = [[text(lang, key) for key in ("export_id", "indicator", "export_definition", *keys)]]
    for entry in (catalogue[i] for i in ids if i in catalogue):
        goal = "" if entry.target is None else formats.of_target(entry, entry.target, lang)
        rule = (
            text(lang, "suppression_rule", n=scope.city.people_minimum)
            if entry.people
            else text(lang, "export_suppression_none")
        )
        texts = (entry.definition, entry.numerator, entry.denominator, entry.exclusions, entry.attribution)
        rows.append(
            [
                f"{entry.indicator_id} v{entry.version}",
                *(formats.name(pair, lang) for pair in (entry.name, *texts)),
                (("≤ " if entry.direction == "lower" else "≥ ") + goal) if goal else text(lang, "no_target"),
                text(lang, "no_interval" if entry.interval == "none" else "wilson"),
                rule,
                " · ".join(
                    part for part in (text(lang, f"dataset_{entry.dataset}", entry.dataset), entry.source) if part
                ),
            ]
        )
    return rows


def _cut(scope: Scope) -> str:
    """Data cut, edition and moment of publication, on one line."""
    zone = scope.city.time_zone
    cuts = [cut for cut, _ in data.as_of(scope.edition).values()]
    ends = list(dict.fromkeys(formats.instant(cut, zone) for cut in (min(cuts), max(cuts)))) if cuts else []
    return text(
        scope.lang,
        "meta",
        as_of=" – ".join(ends) or formats.NO_VALUE,
        edition=scope.city.edition,
        published=formats.instant(scope.city.published_at, zone),
    )


def _origin(scope: Scope, title: str, rows: int) -> list[list[Cell]]:
    """Where a table comes from and how it is read."""
    lang, zone = scope.lang, scope.city.time_zone
    above = " · ".join(formats.name(data.areas(scope.edition)[code].name, lang) for code in scope.area.path)
    lines = [
        (text(lang, "export_title"), title),
        (text(lang, "area"), f"{above} ({scope.area.code})"),
        (text(lang, "period"), scope.when),
        (text(lang, "edition"), scope.city.edition),
        (text(lang, "export_published"), formats.instant(scope.city.published_at, zone)),
        (text(lang, "export_made_of"), scope.city.code_version),
        *(
            (f"{text(lang, 'as_of')} · {text(lang, f'dataset_{name}', name)}", formats.instant(cut, zone))
            for name, (cut, _) in data.as_of(scope.edition).items()
        ),
        (text(lang, "suppression"), text(lang, "export_suppressed_rule", n=scope.city.people_minimum)),
        (text(lang, "export_reading"), text(lang, "export_no_cases")),
        (text(lang, "export_reading"), text(lang, "footer")),
    ]
    told: list[list[Cell]] = [[name, value] for name, value in lines]
    return [*told, [text(lang, "export_rows"), rows]]
