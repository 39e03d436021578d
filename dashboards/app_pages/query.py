"""What else does this edition tell, to somebody who asks it in SQL?"""

import time
from html import escape

import streamlit as st

from dashboards import access, downloads, formats, parts, sandbox, schema_help
from dashboards.controls import Scope
from dashboards.parts import t
from dashboards.query_examples import EXAMPLES

LISTED = 200

scope: Scope = st.session_state["scope"]
if access.analyst() is None:
    st.header(t(scope, "title_query"), anchor=False)
    st.html(
        f"<div class='sw-note' role='status'><b>{escape(t(scope, 'query_closed'))}</b><br>"
        f"{escape(t(scope, 'query_closed_how'))}</div>"
    )
    st.stop()
known = schema_help.tables(scope.edition)
lead = t(scope, "lead_query", tables=len(known), seconds=sandbox.SECONDS, rows=formats.whole(sandbox.ROWS))
parts.headline(scope, t(scope, "title_query"), escape(lead))


def take_example() -> None:
    """Put the chosen example into the text."""
    if chosen := st.session_state["query_example"]:
        st.session_state["query_sql"] = EXAMPLES[chosen]


def shown(cell: object) -> str:
    """A cell on the page: numbers to six decimals, which the downloads have whole."""
    if cell is None:
        return formats.NO_VALUE
    return f"{cell:.6f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


st.session_state.setdefault("query_sql", EXAMPLES["query_example_months"])
st.selectbox(
    t(scope, "query_example"),
    list(EXAMPLES),
    format_func=lambda key: t(scope, key),
    key="query_example",
    on_change=take_example,
    width=420,
)
with st.form("query_form", border=False):
    sql = st.text_area(t(scope, "query_text"), key="query_sql", height=210)
    pressed = st.form_submit_button(t(scope, "query_run"), type="primary", key="query_run")
if pressed:
    started = time.monotonic()
    found = sandbox.ask(scope.edition, sql)
    st.session_state["query_answer"] = (scope.edition, found, time.monotonic() - started)

asked, answer, took = st.session_state.get("query_answer", (None, None, 0.0))
if asked == scope.edition and isinstance(answer, sandbox.Mistake):
    said = t(scope, f"query_{answer.kind}", seconds=sandbox.SECONDS)
    detail = f"<pre class='sw-code'>{escape(answer.detail)}</pre>" if answer.detail else ""
    st.html(f"<div class='sw-note' role='alert'><b>▼ {escape(said)}</b>{detail}</div>")
elif asked == scope.edition and isinstance(answer, sandbox.Answer):
    rows = answer.rows
    line = t(
        scope,
        "query_found",
        n=formats.whole(len(rows)),
        columns=len(answer.columns),
        seconds=f"{took:.1f}",
    )
    if answer.cut:
        line += " · " + t(scope, "query_cut", rows=formats.whole(sandbox.ROWS))
    if len(rows) > LISTED:
        line += " " + t(scope, "query_listed", shown=LISTED, n=formats.whole(len(rows)))
    st.html(f"<div class='sw-meta' role='status'>{escape(line)}</div>")
    if not rows:
        parts.calm(t(scope, "query_nothing"))
    else:
        numeric = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(answer.columns))]
        head = [(name, "sw-num" if number else "") for name, number in zip(answer.columns, numeric, strict=True)]
        body = [[escape(shown(cell)) for cell in row] for row in rows[:LISTED]]
        st.html(f"<div class='sw-result'>{parts.table(head, body)}</div>")
        downloads.offer(
            f"{scope.city.edition}-query",
            answer.columns,
            lambda: rows,
            "query",
            (t(scope, "query_csv"), t(scope, "query_xlsx")),
        )

st.subheader(t(scope, "query_tables"), anchor=False)
st.caption(t(scope, "query_tables_note"))
name = st.selectbox(
    t(scope, "query_table"),
    list(known),
    index=list(known).index("indicator_values") if "indicator_values" in known else 0,
    format_func=lambda one: " · ".join(piece for piece in (one, schema_help.of_table(scope.lang, one)) if piece),
    key="query_help",
)
size, columns = known.get(name or "", (0, []))
st.html(f"<div class='sw-meta'>{escape(t(scope, 'query_rows', n=formats.whole(size)))}</div>")
st.html(
    parts.table(
        [(t(scope, "query_column"), ""), (t(scope, "query_meaning"), "sw-long"), (t(scope, "query_type"), "sw-wide")],
        [
            [f"<code>{escape(column)}</code>", escape(schema_help.of_column(scope.lang, column)), escape(kind.lower())]
            for column, kind in columns
        ],
    )
)
