"""Figures that come in waves: the newest one up to the chosen period, with the waves before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from dashboards import data, formats, parts
from dashboards.controls import Scope
from dashboards.parts import Reading, t


@dataclass(frozen=True, slots=True)
class Wave:
    """The newest reading of an indicator that has cases; `scope` is that of its own period, its history holds waves alone."""

    scope: Scope
    reading: Reading

    @property
    def when(self) -> str:
        """The name of the period of the wave."""
        return self.scope.when


def latest(scope: Scope, ids: Sequence[str], final: bool = False) -> dict[str, Wave]:
    """The newest wave up to the chosen period of those indicators that had any; a hidden figure is a wave too.

    With `final` a provisional figure is none."""
    catalogue = data.indicators(scope.edition)
    asked = tuple(i for i in ids if i in catalogue)
    found = data.series(scope.edition, asked, scope.grain, scope.area.level, scope.area.code)
    waves: dict[str, Wave] = {}
    for indicator_id in asked:
        figures = [
            figure
            for figure in found[indicator_id]
            if figure.period_start <= scope.start
            and (figure.value is not None or figure.status == "suppressed")
            and not (final and figure.status == "provisional")
        ]
        if figures:
            history = tuple((figure.period_start, figure) for figure in figures[-parts.HISTORY[scope.grain] :])
            before = figures[-2] if len(figures) > 1 else None
            own = replace(scope, start=figures[-1].period_start)
            waves[indicator_id] = Wave(own, Reading(catalogue[indicator_id], figures[-1], before, history))
    return waves


def tiles(waves: Iterable[Wave], columns: int) -> None:
    """Tiles that say when each figure is of and compare it with the wave before."""
    with st.grid(columns, min_column_width=164, gap="small"):
        for wave in waves:
            tile(wave, wave.when, t(wave.scope, "history_waves", n=len(wave.reading.history)))


def tile(wave: Wave, dated: str, span: str) -> None:
    """One tile, `dated` and its history's `span` in words, compared with the wave before."""
    before = wave.reading.before
    since = formats.period(wave.scope.grain, before.period_start, wave.scope.lang) if before else ""
    parts.tile(wave.scope, wave.reading, dated, since, span)


def named(wave: Wave, suffix: str) -> Reading:
    """The reading with a shorter name for a chart: without a suffix that the whole chart shares."""
    zh, en = wave.reading.indicator.name
    short = (zh.removesuffix(suffix), en.removesuffix(suffix))
    return replace(wave.reading, indicator=replace(wave.reading.indicator, name=short))
