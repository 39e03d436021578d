"""The array types of the formulas, and sums and order within groups of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def per_group(amounts: Floats, group: Ints) -> Floats:
    """Σ amounts of each group, handed back to every row; groups are numbered from 0."""
    return totals(amounts, group)[group]


def totals(amounts: Floats, group: Ints) -> Floats:
    """Σ amounts of each group, one value a group; groups are numbered from 0."""
    return np.bincount(group, weights=amounts).astype(np.float64)


def group_quantile(values: Floats, group: Ints, share: float) -> Floats:
    """The quantile `share` of each group, handed back to every row, interpolated linearly between neighbours."""
    if values.size == 0:
        return values.copy()
    ordered = values[np.lexsort((values, group))]
    size = np.bincount(group)
    place = np.cumsum(size) - size + (size - 1) * share
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.cumsum(size) - 1)
    found: Floats = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return found[group]
