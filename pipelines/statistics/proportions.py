"""Intervals of proportions and of their differences."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Floats

ALPHA = 0.05
#: The 97.5 % point of the normal distribution.
Z = 1.959963984540054


def effective_cases(value: Floats, lower: Floats, upper: Floats) -> Floats:
    """The number of cases that a Wilson 95 % interval (value, lower, upper) rests on: the design effect, undone.

    The width w of the interval over n cases of the proportion p is 2z √(p(1−p)n + z²/4) ÷ (n + z²); this is that equation
    solved for n. A plain proportion gives its own denominator back, a survey figure its effective sample size.
    """
    width = upper - lower
    twice = 2 * value * (1 - value) - width**2
    return np.asarray(Z**2 * (twice + np.sqrt(twice**2 + width**2 * (1 - width**2))) / width**2)


def difference(
    numerator: Floats, denominator: Floats, numerator_before: Floats, denominator_before: Floats
) -> tuple[Floats, Floats]:
    """The 95 % interval (lower, upper) of proportion − proportion before, of two independent sets of cases.

    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 1998;
    17:873–890, method 10 (hybrid score), as statsmodels has it.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    lower, upper = confint_proportions_2indep(
        numerator, denominator, numerator_before, denominator_before, method="newcomb", compare="diff", alpha=ALPHA
    )
    return np.asarray(lower), np.asarray(upper)


def no_change(numerator: Floats, denominator: Floats, numerator_before: Floats, denominator_before: Floats) -> Floats:
    """The two-sided p of the score test that two independent proportions are equal (the root of Pearson's χ²).

    1 where both are 0 % or both are 100 %: nothing changed.
    """
    from scipy.stats import norm

    pooled = (numerator + numerator_before) / (denominator + denominator_before)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / denominator + 1 / denominator_before))
    gap = np.abs(numerator / denominator - numerator_before / denominator_before)
    z = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    return np.asarray(2 * norm.sf(z), dtype=np.float64)
