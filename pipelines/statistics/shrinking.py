"""Rates drawn towards the mean of their peers, the more the fewer cases they have."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Floats, Ints, per_group


def shrunk(numerator: Floats, denominator: Floats, group: Ints) -> tuple[Floats, Floats, Floats]:
    """(k + M·m) ÷ (n + M) of each row, with m and M of its group.

    m = Σk ÷ Σn; M = 1/ρ − 1 with the moment estimator ρ = (s² − m(1−m)/n̄) ÷ (m(1−m)(1 − 1/n̄)), s² = Σn(p − m)² ÷ Σn:
    J. C. Kleinman, Proportions with extraneous variance, J. Am. Stat. Assoc. 1973; 68:46–54. Where the rows of a group
    differ no more than by chance (ρ ≤ 0) M is infinite and every row gets m; at ρ ≥ 1 M is 0 and it keeps its own.
    """
    cases = per_group(denominator, group)
    m = per_group(numerator, group) / cases
    mean_cases = cases / per_group(np.ones_like(m), group)
    s2 = per_group(denominator * (numerator / denominator - m) ** 2, group) / cases
    within = m * (1 - m)
    base = within * (1 - 1 / mean_cases)
    rho = np.divide(s2 - within / mean_cases, base, out=np.zeros_like(m), where=base > 0)
    rho = np.clip(rho, 0.0, 1.0)
    strength = np.divide(1.0, rho, out=np.full_like(m, np.inf), where=rho > 0) - 1
    weight = denominator / (denominator + strength)
    return weight * (numerator / denominator) + (1 - weight) * m, m, strength
