"""What does the bulletin of the month say, and where is the file to pass on?"""

from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards import bulletins, controls, data, formats, parts
from dashboards.controls import Scope
from dashboards.i18n import LANGUAGES

scope: Scope = st.session_state["scope"]
MIME = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PAINT = {"missed": "sw-bad", "provisional": "sw-open", "suppressed": "sw-soft", "no_cases": "sw-soft"}


def month_of(bulletin: bulletins.Bulletin) -> str:
    """The name of its month."""
    return formats.period("month", bulletin.month, scope.lang)


def standing_of(bulletin: bulletins.Bulletin) -> str:
    """Final or preliminary, in a word."""
    return parts.t(scope, "bulletin_final" if bulletin.final else "bulletin_provisional")


def published(bulletin: bulletins.Bulletin) -> str:
    """When its edition was published."""
    return formats.instant(data.city(bulletin.edition).published_at, scope.city.time_zone)


def option(bulletin: bulletins.Bulletin) -> str:
    """How the choice names it."""
    key = "bulletin_option" if bulletin.edition == scope.edition else "bulletin_option_older"
    return parts.t(scope, key, month=month_of(bulletin), standing=standing_of(bulletin), published=published(bulletin))


def lead_of(every: list[bulletins.Bulletin]) -> str:
    """Whether the newest bulletin can be passed on, and which is the newest that can."""
    newest = every[0]
    key = "bulletin_lead_final" if newest.final else "bulletin_lead_provisional"
    said = parts.t(scope, key, month=parts.strong(month_of(newest)))
    older = next((b for b in every if b.final), None)
    if not newest.final and older is not None:
        said += parts.t(scope, "bulletin_lead_older", month=parts.strong(month_of(older)))
    return said


def cell(value: dict[str, str]) -> str:
    """One figure of the table: value with its mark, count and interval below."""
    shown = f"{value['mark']} {value['shown']}".strip()
    small = "".join(f"<div class='sw-line'>{escape(value[key])}</div>" for key in ("count", "interval") if value[key])
    return f"<b class='{PAINT.get(value['status'], '')}'>{escape(shown)}</b>{small}"


def table(told: dict[str, Any]) -> str:
    """The districts against their targets, as the bulletin prints them."""
    head = [(title, "sw-first" if at == 0 else "sw-num") for at, title in enumerate(told["head"])]
    rows = [
        [
            f"{escape(row['name'])}<div class='sw-line'>{escape(told['goal'])} {escape(row['target'])}</div>",
            *(cell(value) for value in row["cells"]),
        ]
        for row in told["rows"]
    ]
    return parts.table(head, rows)


def downloads(bulletin: bulletins.Bulletin) -> None:
    """A button for each file, those in the reader's language first; a file is read when it is asked for."""
    order = sorted(bulletin.files, key=lambda f: (f.lang != scope.lang, f.kind != "pdf"))
    with st.container(horizontal=True, gap="small"):
        for file in order:
            name = parts.t(scope, f"bulletin_{file.kind}", language=LANGUAGES[file.lang])
            st.download_button(
                parts.t(scope, "bulletin_size", name=name, size=formats.size(file.size)),
                file.read,
                file_name=file.path.name,
                mime=MIME[file.kind],
                key=f"bulletin_{file.lang}_{file.kind}",
                on_click="ignore",
                type="primary" if file is order[0] else "secondary",
            )
    if not any(file.kind == "pdf" for file in bulletin.files):
        st.html(f"<div class='sw-note' role='status'>{escape(parts.t(scope, 'bulletin_no_pdf'))}</div>")


every = bulletins.found()
if not every:
    parts.headline(scope, parts.t(scope, "title_bulletin"), escape(parts.t(scope, "bulletin_none")))
    st.stop()
parts.headline(scope, parts.t(scope, "title_bulletin"), lead_of(every))
st.caption(parts.t(scope, "bulletin_scope_note"))
by_key = {bulletin.key: bulletin for bulletin in every}
with st.container(width=520):
    picked = controls.choose(
        scope,
        "bulletin",
        {key: option(bulletin) for key, bulletin in by_key.items()},
        next(iter(by_key)),
        label=parts.t(scope, "bulletin_which"),
        few=len(by_key) <= 2,
    )
chosen = by_key[picked]
told = chosen.told[scope.lang]
downloads(chosen)

st.html(
    f"<div class='sw-bulletin-standing {'' if chosen.final else 'sw-hatched'}'>{escape(told['standing'])}</div>"
    + (f"<div class='sw-meta'>{escape(told['meta'])}</div>" if chosen.edition != scope.edition else "")
)
if told["lead"]:
    st.subheader(parts.t(scope, "bulletin_short"), anchor=False)
    st.html("<ol class='sw-bulletin-lead'>" + "".join(f"<li>{escape(line)}</li>" for line in told["lead"]) + "</ol>")
if told["table"]["rows"]:
    ids = [row["id"] for row in told["table"]["rows"]]
    city = data.city(chosen.edition)
    whole = data.areas(chosen.edition)[city.code]
    there = replace(scope, edition=chosen.edition, city=city, area=whole, grain="month", start=chosen.month)
    note = parts.t(scope, "bulletin_table_note")
    parts.section(there, parts.t(scope, "bulletin_table"), ids, "bulletin_table", note)
    st.html(table(told["table"]))

st.subheader(parts.t(scope, "bulletin_all"), anchor=False)
heads = [("bulletin_month", ""), ("bulletin_standing", ""), ("edition", ""), ("bulletin_files", "sw-num sw-wide")]
st.html(
    parts.table(
        [(parts.t(scope, key), css) for key, css in heads],
        [
            [
                escape(month_of(bulletin)),
                escape(formats.capital(standing_of(bulletin))),
                escape(published(bulletin))
                + (f" · {escape(parts.t(scope, 'bulletin_current'))}" if bulletin.edition == scope.edition else ""),
                escape(" · ".join(f"{file.kind.upper()} {LANGUAGES[file.lang]}" for file in bulletin.files)),
            ]
            for bulletin in every
        ],
    )
)
