"""Writes docs/reliability.md from the list of faults."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from faults import CASES, LEVELS
from faults.case import Case

PATH = Path(__file__).parents[2] / "docs" / "reliability.md"

_BEFORE = """\
# What happens to bad input

Offices send what their systems and spreadsheets give. This is the list of faults, what Streetwise does with each, and the code by which
a refusal, a rejected row, a note or a guard names it in the ledger and in `refused/`. A test plays every case through the real load and holds this page to it.

{counts}

A file is **refused** as a whole (moved aside with its reason; the last good data stay), or a row is **rejected** (listed with number, rule
and cell; the good rows go on, up to the contract's limit), or what is meant is certain and it is **read**, or it is
**noted** and shown. Nothing is guessed.

Without a manifest two cuts cannot be told from a whole file: one exactly at a line end of a delivery that adds rows (as long as a
tenth of the usual number of rows comes), and one inside the last cell of the last row. The second is noted as `no_final_line_end`, as is every file whose last row
has no line end, and only that cell can be wrong. A manifest with `rows` finds the first, one with `sha256` finds both.

| | fault | what happens | code |
|---|---|---|---|
"""

_OPEN = """
Cases marked ○ are not handled as they should be:

"""


def counts(handled: Iterable[Case]) -> str:
    """How many cases of each level are handled, as one line."""
    numbers = {case.number for case in handled}
    parts = (
        f"{name} {sum(case.number in numbers for case in cases)} of {len(cases)}" for name, cases in LEVELS.items()
    )
    return ", ".join(parts)


def markdown() -> str:
    """The whole document."""
    shown = f"Handled: {counts(case for case in CASES if case.not_handled is None)}."
    lines = [
        f"| {case.number}{' ○' if case.not_handled else ''} | {case.fault} | {case.happens} |"
        f" {', '.join(f'`{code}`' for code in case.all_codes())} |"
        for case in CASES
    ]
    open_cases = [f"- {case.number}, {case.fault}: {case.not_handled}." for case in CASES if case.not_handled]
    told = _OPEN + "\n".join(open_cases) + "\n" if open_cases else ""
    return _BEFORE.format(counts=shown) + "\n".join(lines) + "\n" + told


if __name__ == "__main__":
    PATH.write_text(markdown(), encoding="utf-8")
