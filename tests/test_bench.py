"""The measurement of ingestion runs to its end and gives every line; how fast it is, it says on ten million rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import bench_indicators
from bench.bench_ingest import LINES, bench, run_step
from small_city import KEY


def test_the_measurement_of_ingestion_gives_every_line_with_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    found = list(bench(tmp_path, 2000, run_step))
    assert [line["what"] for line in found] == [what for what, *_ in LINES]
    # A day has one new ticket in 600, and of the old ones each 97th up to one in 160: the rows 0, 97, … 1067.
    day = 3 + 12
    assert [line["rows"] for line in found] == [2000, day, 2000, 2003, 2000, 2000]
    for line in found:
        assert all(float(str(line[key])) > 0 for key in ("scan s", "validated s", "all s", "cpu", "peak GB", "all ×"))


def test_the_measurement_of_the_figures_gives_every_line_and_the_same_cells_in_every_engine(tmp_path: Path) -> None:
    found = {
        str(line["what"]): line for line in bench_indicators.bench(tmp_path, 300, (200,), bench_indicators.run_step)
    }
    assert list(found) == [
        *("scan", "core", "cells", "figures", "pandas", "polars", "all", "after a day", "other size")
    ]
    assert found["scan"]["rows"] == found["core"]["rows"] == 300
    assert found["cells"]["rows"] == found["polars"]["rows"] == found["pandas"]["rows"]
    assert all(float(str(line[key])) > 0 for line in found.values() for key in ("seconds", "cpu", "rows"))
