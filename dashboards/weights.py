"""The weights that the reader wants for the groups of a sheet: sliders, kept in the address."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from dashboards import formats, parts, score_whatif
from dashboards.controls import Scope
from dashboards.parts import t
from dashboards.score_sheets import Sheet


def sliders(scope: Scope, sheet: Sheet, title_of: str) -> score_whatif.Floats:
    """The weights of the groups that the reader wants, kept in the address under `weights` (35-25-20-20)."""
    original = [round(weight, 6) for weight in sheet.group_weights]
    remembered: dict[str, str] = st.session_state.setdefault("chosen", {})
    asked = st.query_params.get("weights")
    wanted = parse(asked, len(original)) or (parse(remembered.get("weights"), len(original)) if asked is None else None)
    parts.section(scope, t(scope, "whatif_title"), [], "whatif", t(scope, "whatif_note"))
    if asked is not None and wanted is None:
        said = t(
            scope, "refused_choice", value=asked[:60], label=t(scope, "whatif_title"), shown=t(scope, "whatif_original")
        )
        st.html(f"<div class='sw-note' role='status'>{escape(said)}</div>")
    chosen = wanted or original
    _keep(chosen, original)
    keys = [f"weight_{title_of}_{group}" for group in sheet.groups]

    def moved() -> None:
        _keep([float(st.session_state[key]) for key in keys], original)

    def reset() -> None:
        _keep(original, original)

    total = sum(chosen)
    with st.grid(len(keys), min_column_width=150, gap="medium"):
        for key, name, weight, before in zip(keys, sheet.names, chosen, original, strict=True):
            st.session_state[key] = round(weight)
            share = t(scope, "whatif_share", share=f"{100 * weight / total:.0f}%", before=f"{before:g}%")
            with st.container(gap=None):
                st.slider(_label(scope, name), 0, 100, key=key, on_change=moved)
                st.html(f"<div class='sw-line'>{escape(share)}</div>")
    if chosen != original:
        st.button(t(scope, "whatif_reset"), key="whatif_reset", on_click=reset, type="tertiary")
    return np.array(chosen, dtype=np.float64)


def _label(scope: Scope, name: tuple[str, str]) -> str:
    shown = formats.name(name, scope.lang)
    return formats.plain(shown[:1].upper() + shown[1:])


def parse(value: str | None, groups: int) -> list[float] | None:
    """The weights that an address holds, or None where it holds none: whole numbers of 0 to 100, not all 0."""
    pieces = (value or "").split("-")
    if len(pieces) != groups or not all(p.isascii() and p.isdigit() and int(p) <= 100 for p in pieces):
        return None
    return [float(p) for p in pieces] if any(int(p) for p in pieces) else None


def _keep(weights: Sequence[float], original: Sequence[float]) -> None:
    """Remember the weights and write them into the address, the original ones left out, as are those that weigh nothing."""
    same = not any(weights) or [round(w) for w in weights] == [round(w) for w in original]
    text = "" if same else "-".join(f"{w:.0f}" for w in weights)
    st.session_state["chosen"]["weights"] = text
    if text:
        st.query_params["weights"] = text
    elif "weights" in st.query_params:
        del st.query_params["weights"]
