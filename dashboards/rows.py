"""Pictures of labelled bars as plain HTML: a name, a bar of a part of one, a value with its count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st


def bar(pieces: Sequence[tuple[float, str]], target: float | None = None, whole: bool = True) -> str:
    """A bar of pieces (part of the whole width, class that paints it), with a tick at the target.

    Parts of a `whole` lie on a track that shows it; counts have none."""
    filled = "".join(f"<i class='{paint}' style='width:{100 * part:.2f}%'></i>" for part, paint in pieces if part > 0)
    goal = f"<u style='left:{100 * target:.2f}%'></u>" if target is not None else ""
    return f"<span class='sw-full{'' if whole else ' sw-open'}'>{filled}{goal}</span>"


def line(name: str, note: str, drawn: str, value: str, count: str, paint: str = "") -> str:
    """One line of a picture; all but `drawn`, a bar, is text."""
    return (
        f"<div class='sw-row'><div><b>{escape(name)}</b><span class='sw-line'>{escape(note)}</span></div>{drawn}"
        f"<div class='sw-right'><b class='{paint}'>{escape(value)}</b><span class='sw-line'>{escape(count)}</span></div></div>"
    )


def keys(pairs: Iterable[tuple[str, str]]) -> None:
    """What the colours of a picture stand for: (class, words)."""
    shown = "".join(f"<i class='sw-key sw-key-{paint}'></i>{escape(words)}" for paint, words in pairs)
    st.html(f"<div class='sw-line'>{shown}</div>")


def show(lines: Iterable[str]) -> None:
    """The lines as one picture."""
    st.html(f"<div class='sw-rows'>{''.join(lines)}</div>")
