"""Ranks among peers, and how sure they are."""

from __future__ import annotations

import hashlib

import numpy as np

from pipelines.statistics.arrays import Floats, Ints
from pipelines.statistics.shrinking import shrunk

#: Draws of a rank interval: the error of a chance of 10 % is then about one point.
DRAWS = 1000
#: Proportions held in memory at once: as many as fit into the processor's cache.
CHUNK = 100_000
#: Peers from which their common mean and spread are estimated, and a strength that stands for infinite.
MODELLED_PEERS = 5
STRONGEST = 1e6


def ranks(values: Floats, group: Ints, *, higher_is_better: bool) -> Ints:
    """Rank of each value in its group, best first; equal values share the better rank (1, 2, 2, 4)."""
    key = -values if higher_is_better else values
    order = np.lexsort((key, group))
    g, v = group[order], key[order]
    place = np.arange(values.size)
    opens_group = np.r_[True, g[1:] != g[:-1]][: values.size]
    opens_value = opens_group | np.r_[True, v[1:] != v[:-1]][: values.size]
    start = np.maximum.accumulate(np.where(opens_group, place, 0))
    first = np.maximum.accumulate(np.where(opens_value, place, 0))
    found = np.empty(values.size, dtype=np.int64)
    found[order] = first - start + 1
    return found


def rank_intervals(
    numerator: Floats, denominator: Floats, group: Ints, *, higher_is_better: bool, seed: str, draws: int = DRAWS
) -> tuple[Ints, Ints, Floats]:
    """The 95 % interval (lower, upper) of each rank in its group, and the chance of standing among the last tenth.

    H. Goldstein and D. J. Spiegelhalter, League tables and their limitations, J. R. Stat. Soc. A 1996; 159:385–443: the
    true rates are drawn many times, ranked in every draw, and the ranks' 2.5 % and 97.5 % quantiles taken. The rates are
    drawn from Beta(k + M·m + ½, n − k + M(1 − m) + ½), with the mean m and the strength M of the shrunk rates, M = 0 in
    groups of fewer than five. Rejected: resampled counts, which make 1 of 1 certain of its place, and M = 0 throughout,
    which adds the noise of the draws to that of the counts (sixty areas of nearly one rate and 10 to 60 cases: 77 % of
    the intervals held the true rank, and the last of them had a chance of 70 % for the last tenth).

    The interval is widened to hold the rank itself. The last tenth of a group of s areas are its last ⌈s ÷ 10⌉. `seed` (any
    text) fixes the draws; groups are numbered from 0, in whatever order.
    """
    areas = numerator.size
    if areas == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    size = np.bincount(group)
    start = np.cumsum(size) - size
    place = np.arange(areas)
    place_in_group = place - np.repeat(start, size)
    rng = np.random.default_rng(np.frombuffer(hashlib.sha256(seed.encode()).digest(), dtype=np.uint32))
    width = int(size.max())
    seen = np.zeros(areas * width, dtype=np.int64)
    _, mean, strength = shrunk(numerator, denominator, group)
    strength = np.where(size[group] < MODELLED_PEERS, 0.0, np.minimum(strength, STRONGEST))
    hits = numerator + strength * mean + 0.5
    misses = denominator - numerator + strength * (1 - mean) + 0.5
    rows = max(1, CHUNK // areas)
    for done in range(0, draws, rows):
        rates = rng.beta(hits, misses, size=(min(rows, draws - done), areas))
        # groups stay apart: their keys are two apart, a rate moves a key by at most one
        order = np.argsort((1 - rates if higher_is_better else rates) + 2 * group, axis=1)
        seen += np.bincount((order * width + place_in_group).ravel(), minlength=seen.size)
    reached = np.cumsum(seen.reshape(areas, width), axis=1)
    lower = (reached < 0.025 * draws).sum(axis=1) + 1
    upper = (reached < 0.975 * draws).sum(axis=1) + 1
    before_last_tenth = size[group] - -(-size[group] // 10)
    safe = np.where(before_last_tenth > 0, reached[place, before_last_tenth - 1], 0)
    rank = ranks(numerator / denominator, group, higher_is_better=higher_is_better)
    return np.minimum(lower, rank), np.maximum(upper, rank), 1 - safe / draws
