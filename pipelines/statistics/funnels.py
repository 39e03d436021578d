"""Funnel limits: how far from the rate of its peers an area may lie by chance."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Floats, Ints, group_quantile, per_group

#: Share of the areas at each end whose distance is cut to that of the next one before dispersion is measured.
WINSORISED = 0.1


def over_dispersion(numerator: Floats, denominator: Floats, group: Ints, *, minimum_peers: int) -> Floats:
    """φ of each row's group: the mean square of the winsorised z-scores about the group's rate, at least 1.

    D. J. Spiegelhalter, Funnel plots for comparing institutional performance, Statistics in Medicine 2005; 24:1185–1202,
    section on over-dispersion (multiplicative model, 10 % winsorised at each end, no correction where φ would be below 1).
    Groups with fewer than `minimum_peers` rows get 1: their dispersion cannot be told from one bad area.
    """
    rate = per_group(numerator, group) / per_group(denominator, group)
    spread = np.sqrt(rate * (1 - rate) / denominator)
    gap = numerator / denominator - rate
    z = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    low, high = group_quantile(z, group, WINSORISED), group_quantile(z, group, 1 - WINSORISED)
    peers = per_group(np.ones_like(z), group)
    phi = per_group(np.clip(z, low, high) ** 2, group) / peers
    return np.where(peers >= minimum_peers, np.maximum(phi, 1.0), 1.0)


def limits(rate: Floats, cases: Floats, dispersion: Floats, *, coverage: float) -> tuple[Floats, Floats]:
    """The limits (lower, upper) that hold the share `coverage` of proportions over `cases` whole cases at `rate`.

    Exact binomial, interpolated between counts: with r the smallest count whose probability P(R ≤ r) reaches
    p = (1 − coverage) ÷ 2, the lower limit is (r − (P(R ≤ r) − p) ÷ P(R = r)) ÷ cases (Spiegelhalter 2005, appendix).
    The upper limit is the lower limit of the complement. A proportion is then outside exactly where its own tail holds less
    than p; taking the formula for the upper quantile as it stands would put 10 of 10 at a rate of 97 % outside.
    Over-dispersion stretches the distances from `rate` by √φ.
    """
    tail = (1 - coverage) / 2
    stretch = np.sqrt(dispersion)
    lower = rate - stretch * (rate - _lower(rate, cases, tail))
    upper = rate + stretch * (1 - _lower(1 - rate, cases, tail) - rate)
    return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)


def _lower(rate: Floats, cases: Floats, tail: float) -> Floats:
    from scipy.stats import binom

    count = np.maximum(binom.ppf(tail, cases, rate), 0.0)
    reached, mass = binom.cdf(count, cases, rate), binom.pmf(count, cases, rate)
    return np.asarray((count - (reached - tail) / mass) / cases, dtype=np.float64)
