"""The section of the data page in which an analyst starts a dataset, a table or the whole job again."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboards import access, dagster_api, formats, parts
from dashboards.controls import Scope
from dashboards.dagster_api import Graph, NoAnswer, Run
from dashboards.parts import t

_WAYS = ("all", "dataset", "table")
_DATASETS = "landing"
#: Not started alone: made whole in one step, or made of everything else.
_NOT_ALONE = {"reference", "published", "landing"}


@st.cache_data(ttl=60, max_entries=2, show_spinner=False)
def _graph(address: str) -> Graph:
    return dagster_api.graph(address)


def show(scope: Scope) -> None:
    """The section, for an analyst where the configuration names Dagster; nothing for anybody else."""
    address, who = dagster_api.url(), access.analyst()
    if address is None or who is None:
        return
    st.subheader(t(scope, "runs_title"), anchor=False)
    st.caption(t(scope, "runs_note"))
    try:
        made_of, run = _graph(address), dagster_api.newest(address)
    except NoAnswer as error:
        _note(t(scope, "runs_no_answer"), str(error))
        return
    st.fragment(_standing, run_every=2 if run is not None and run.active else None)(scope, address, run)
    _choose(scope, address, made_of, busy=run is not None and run.active)


def _choose(scope: Scope, address: str, made_of: Graph, *, busy: bool) -> None:
    """What to start, how much that is, and the button."""
    way = st.segmented_control(
        t(scope, "runs_what"),
        _WAYS,
        default="all",
        format_func=lambda one: t(scope, f"runs_{one}"),
        key="runs_way",
        required=True,
        label_visibility="collapsed",
    )
    keys: list[dagster_api.Key] | None = None
    if way == "dataset":
        names = sorted(key for key in made_of.reads if key[0] == _DATASETS)
        chosen = st.selectbox(
            t(scope, "dataset"),
            names,
            format_func=lambda key: parts.dataset(scope, key[-1]),
            key="runs_dataset",
            width=360,
        )
        keys = made_of.downstream(chosen) if chosen else []
    elif way == "table":
        names = sorted(key for key in made_of.reads if key[0] not in _NOT_ALONE and len(key) == 2)
        chosen = st.selectbox(
            t(scope, "runs_asset"), names, format_func=lambda key: ".".join(key), key="runs_table", width=360
        )
        onward = st.toggle(t(scope, "runs_onward"), value=True, key="runs_onward")
        keys = [] if not chosen else made_of.downstream(chosen) if onward else [chosen]
    count = len(made_of.reads) if keys is None else len(keys)
    publishes = keys is None or any(key[0] == "published" for key in keys)
    st.caption(t(scope, "runs_publishes" if publishes else "runs_only", n=count))
    st.button(
        t(scope, "runs_start"),
        type="primary",
        key="runs_start",
        disabled=busy or keys == [],
        help=t(scope, "runs_busy") if busy else None,
        on_click=_start,
        args=(address, keys),
    )
    if refused := st.session_state.pop("runs_refused", None):
        _note(t(scope, "runs_not_started"), refused)


def _start(address: str, keys: list[dagster_api.Key] | None) -> None:
    """Start it, if who pressed is still an analyst and nothing else is at work."""
    who = access.analyst()
    if who is None:
        return
    try:
        run = dagster_api.newest(address)
        if run is None or not run.active:
            dagster_api.launch(address, _graph(address), keys, who)
    except NoAnswer as error:
        st.session_state["runs_refused"] = str(error)


def _standing(scope: Scope, address: str, known: Run | None) -> None:
    """How the newest run stands; while it is at work this asks again every two seconds."""
    try:
        run = dagster_api.newest(address)
        failed = dagster_api.failures(address, run.run_id) if run is not None and run.status == "FAILURE" else []
    except NoAnswer as error:
        _note(t(scope, "runs_no_answer"), str(error))
        return
    if known is not None and known.active and (run is None or not run.active):
        st.rerun()
    if run is None:
        parts.calm(t(scope, "runs_none"))
        return
    zone = scope.city.time_zone
    asked = t(scope, "runs_asked", who=run.asked_by) if run.asked_by else t(scope, "runs_scheduled")
    about = f"{formats.instant(run.created, zone)} · {asked} · {run.run_id[:8]}"
    if run.active:
        whole = run.planned or len(_graph(address).reads)
        waiting = t(scope, "runs_waiting") if not run.made else ""
        st.progress(
            min(run.made / whole, 1.0) if whole else 0.0,
            text=" · ".join(x for x in (t(scope, "runs_at_work", n=run.made, all=whole), waiting) if x),
        )
        st.html(f"<div class='sw-meta'>{escape(about)}</div>")
    elif run.status == "SUCCESS":
        ended = t(scope, "runs_success", when=formats.instant(run.ended, zone), n=run.made)
        st.html(f"<div class='sw-calm' role='status'>✓ {escape(ended)}</div><div class='sw-meta'>{escape(about)}</div>")
    else:
        lines = [
            f"{step} · " + t(scope, f"error_{kind}", default=t(scope, "error_other", kind=kind or "?"))
            for step, kind in failed
        ] or [t(scope, "runs_canceled" if run.status == "CANCELED" else "runs_no_step")]
        _note(t(scope, "runs_failure", when=formats.instant(run.ended, zone)), *lines, about)


def _note(title: str, *lines: str) -> None:
    body = "<br>".join(escape(line) for line in lines)
    st.html(f"<div class='sw-note' role='status'><b class='sw-bad'>▼ {escape(title)}</b><br>{body}</div>")
