"""The bulletin's part of the night: make, send, and tell the operator what failed; it never fails itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from pipelines.alerts import announce_problems
from pipelines.bulletin.making import Made, Problem, forget_old, make_bulletins
from pipelines.bulletin.send import due, send
from pipelines.bulletin.words import pair
from pipelines.city import City


@dataclass(frozen=True)
class Report:
    """How many bulletins were made, and what failed."""

    made: int
    problems: list[Problem]


def after_edition(city: City) -> Report:
    """Make the bulletins of the current edition, send the one whose time has come, and announce what failed."""
    edition = (city.published / "current").resolve()
    made: list[Made] = []
    problems: list[Problem] = []
    try:
        forget_old(city)
        made = make_bulletins(city, edition)
        for bulletin in made:
            problems += [problem for problem in bulletin.problems if problem not in problems]
        if (ready := due(city, made)) is not None:
            problems += send(city, ready)
    # whatever it is, the edition is out and its readers wait for nothing; messages of others may quote data
    except Exception as error:
        problems.append({"dataset": None, **pair("not_made", month=edition.stem, kind=type(error).__name__)})
    if problems:
        with contextlib.suppress(OSError):  # a full disk; Dagster's log has them still
            announce_problems(city, edition.stem, problems)
    return Report(len(made), problems)
