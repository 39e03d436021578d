"""Composes scores anew under other weights, by the rules of docs/score.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]
#: A hair under the minimum is the minimum: 0.7 of 30 is 21, but not in floating point.
_HAIR = 1e-9


def reweigh(weights: Floats, groups: Groups, wanted: Floats) -> Floats:
    """The weights of indicators when their groups weigh `wanted` (one a group), brought to 100 in all.

    Inside a group the weights keep their proportion. Raises ValueError if nothing is left to weigh.
    """
    if wanted.min(initial=0.0) < 0 or wanted.sum() <= 0:
        raise ValueError("the weights of groups are not negative, and not all 0")
    of_group = np.bincount(groups, weights=weights, minlength=len(wanted))
    return np.asarray(weights * (wanted / of_group)[groups] * (100 / wanted.sum()))


def used(scores: Floats, weights: Floats, groups: Groups, minimum: float) -> Floats:
    """The weight that each indicator has in each area (areas × indicators), NaN in all of an area that is not rated.

    The weight of a missing score (NaN) is shared inside its group in proportion, if at least `minimum` of the group's weight
    is there; else the area is not rated. A group that weighs nothing asks for nothing.
    """
    present = ~np.isnan(scores)
    result = np.zeros_like(scores)
    rated = np.ones(len(scores), dtype=bool)
    for group in np.unique(groups):
        part = groups == group
        whole = weights[part].sum()
        if whole <= 0:
            continue
        there = present[:, part] @ weights[part]
        rated &= there / whole >= minimum - _HAIR
        with np.errstate(divide="ignore", invalid="ignore"):
            shared = weights[part] * (whole / there)[:, None]
        result[:, part] = np.where(present[:, part], shared, 0.0)
    result[~rated] = np.nan
    return result


def composites(scores: Floats, weights: Floats, groups: Groups, minimum: float) -> Floats:
    """The composite of each area, 0 to 100 to nine places, NaN where it is not rated (never 0)."""
    shares = used(scores, weights, groups, minimum)
    total = (np.nan_to_num(scores) * shares).sum(axis=1) / 100
    return np.asarray(np.round(total, 9))


def places(composite: Floats) -> list[int | None]:
    """The place of each area, 1, 2, 2, 4 from the highest; None where it is not rated."""
    known = np.sort(composite[~np.isnan(composite)])
    return [None if np.isnan(c) else 1 + int(len(known) - np.searchsorted(known, c, side="right")) for c in composite]


def grade(composite: float, minima: Sequence[float]) -> int:
    """The position of the grade in `minima` (the best first) that a score earns; the last one below all of them."""
    return next((index for index, least in enumerate(minima) if composite >= least), len(minima) - 1)
