"""The section of the data page that follows one figure from the files that came in to the page that shows it."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import controls, data, formats, mentions, parts, schema_help
from dashboards.caches import cached
from dashboards.controls import Scope
from dashboards.data import Row
from dashboards.parts import t

#: Stages of the warehouse in the order in which they are made, by the schemas whose tables belong to them.
_STAGES = (("core", {"core"}), ("cells", {"cube", "cells", "flows", "stocks", "lists"}), ("marts", {"marts"}))


@cached(max_entries=64)
def reads(edition: str, indicator_id: str) -> dict[str, list[str]]:
    """The tables that make an indicator, each with the tables that it reads."""
    found: dict[str, list[str]] = {}
    for row in data.ask(
        edition,
        "select table_name, depends_on from marts.lineage where indicator_id = ? order by table_name, depends_on",
        [indicator_id],
    ):
        found.setdefault(row["table_name"], []).append(row["depends_on"])
    return found


def in_order(made: dict[str, list[str]]) -> list[str]:
    """Every table that is named, each after those that it reads."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in found:
            for read in made.get(name, []):
                visit(read)
            found.setdefault(name)

    for name in sorted(made):
        visit(name)
    return list(found)


@cached(max_entries=8)
def files(edition: str) -> dict[str, Row]:
    """By dataset: how many deliveries were loaded, their rows, and name, arrival and data cut of the newest."""
    rows = data.ask(
        edition,
        "select dataset, count(*) as n, sum(rows_loaded) as loaded, arg_max(file_name, (arrived_at, sequence)) as newest, "
        "max(arrived_at) as arrived_at, max(as_of) as as_of from marts.deliveries "
        "where outcome = 'loaded' and mends is null group by dataset",
    )
    return {row["dataset"]: row for row in rows}


def show(scope: Scope) -> None:
    """The choice of an indicator, and its way in stages."""
    st.subheader(t(scope, "origin_title"), anchor=False)
    catalogue = data.indicators(scope.edition)
    if not catalogue:
        st.caption(t(scope, "origin_none"))
        return
    names = {i: f"{parts.label(scope, entry)} · {i}" for i, entry in catalogue.items()}
    default = "T03" if "T03" in names else next(iter(names))
    with st.container(width=420):
        chosen = controls.choose(scope, "origin", names, default, label=t(scope, "indicator"))
    made = reads(scope.edition, chosen)
    if not made:
        st.caption(t(scope, "origin_none"))
        return
    every = {*made, *(name for read in made.values() for name in read)}
    datasets = sorted(name.removeprefix("landing.") for name in every if name.startswith("landing."))
    known = files(scope.edition)
    zone = scope.city.time_zone
    stages = [
        (
            t(scope, "origin_files"),
            [
                _entry(
                    parts.dataset(scope, name),
                    t(scope, "origin_deliveries", n=formats.whole(row["n"]), rows=formats.whole(row["loaded"] or 0)),
                    t(scope, "origin_newest", file=row["newest"], cut=formats.instant(row["as_of"], zone)),
                )
                if (row := known.get(name)) is not None
                else _entry(parts.dataset(scope, name), t(scope, "origin_nothing_came"))
                for name in datasets
            ],
        ),
        (t(scope, "origin_landing"), [_entry(f"landing.{name}") for name in datasets]),
    ]
    for stage, schemas in _STAGES:
        tables = [name for name in in_order(made) if name.partition(".")[0] in schemas]
        stages.append((t(scope, f"origin_{stage}"), [_table(scope, name, made.get(name, [])) for name in tables]))
    pages = [_entry(t(scope, f"page_{name}", default=name)) for name in mentions.pages(chosen)]
    stages.append((t(scope, "origin_pages"), pages))
    columns = "".join(
        f"<li><h4>{index}. {escape(title)}</h4>{''.join(entries)}</li>"
        for index, (title, entries) in enumerate(stages, start=1)
    )
    st.html(f"<ol class='sw-way'>{columns}</ol>")
    st.caption(t(scope, "origin_note", id=chosen, version=catalogue[chosen].version, edition=scope.city.edition))


def _entry(name: str, *lines: str) -> str:
    below = "".join(f"<div class='sw-line'>{escape(line)}</div>" for line in lines)
    return f"<div class='sw-stop'><b>{escape(name)}</b>{below}</div>"


def _table(scope: Scope, name: str, read: list[str]) -> str:
    """A table; what it holds, and behind a click what it reads."""
    held = schema_help.of_table(scope.lang, name.removeprefix("marts.")) if name.startswith("marts.") else ""
    line = f"<div class='sw-line'>{escape(held)}</div>" if held else ""
    listed = "".join(f"<li>{escape(other)}</li>" for other in read)
    more = f"<details><summary>{escape(t(scope, 'origin_reads', n=len(read)))}</summary><ul>{listed}</ul></details>"
    return f"<div class='sw-stop'><b>{escape(name)}</b>{line}{more if read else ''}</div>"
