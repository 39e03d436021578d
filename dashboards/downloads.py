"""Rows as a file to take away: CSV and XLSX in which no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboards.exports import harmless

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def plain(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return harmless(value) if isinstance(value, str) else value


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The rows as CSV in UTF-8, with the mark by which a spreadsheet knows that."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([plain(name) for name in columns])
    writer.writerows([["" if value is None else plain(value) for value in row] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", errors="replace")


def as_xlsx(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """The rows as one sheet; texts are written as texts, never as formulas or links."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for column, name in enumerate(columns):
            sheet.write_string(0, column, str(plain(name)), bold)
        for line, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, bool):
                    sheet.write_boolean(line, column, value)
                elif isinstance(value, int | float) and abs(value) < 2**53:
                    sheet.write_number(line, column, value)
                elif value is not None:
                    sheet.write_string(line, column, str(plain(str(value)))[:32_000])
        sheet.freeze_panes(1, 0)
    return out.getvalue()


def offer(
    name: str, columns: Sequence[str], rows: Callable[[], Sequence[Sequence[Any]]], key: str, labels: tuple[str, str]
) -> None:
    """Two buttons, `labels` for CSV and XLSX; the rows are asked for when one is pressed."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            labels[0],
            data=lambda: as_csv(columns, rows()),
            file_name=f"{name}.csv",
            mime="text/csv",
            key=f"{key}_csv",
            on_click="ignore",
        )
        st.download_button(
            labels[1],
            data=lambda: as_xlsx(columns, rows()),
            file_name=f"{name}.xlsx",
            mime=_XLSX,
            key=f"{key}_xlsx",
            on_click="ignore",
        )
