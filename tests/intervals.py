"""Wilson's interval as statsmodels has it: the yardstick for the SQL that computes it and for what is read from it."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Floats
from pipelines.statistics.proportions import ALPHA


def wilson(numerator: Floats, denominator: Floats, *, design_effect: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """The Wilson 95 % interval (lower, upper) of numerator ÷ denominator; denominators must be above 0.

    With a design effect the same proportion is judged on denominator ÷ design effect cases, the effective sample size
    of a clustered or weighted survey: L. Kish, Survey Sampling, Wiley 1965.
    """
    from statsmodels.stats.proportion import proportion_confint

    cases = np.asarray(denominator, dtype=np.float64) / design_effect
    share = np.asarray(numerator, dtype=np.float64) / denominator
    lower, upper = proportion_confint(share * cases, cases, alpha=ALPHA, method="wilson")
    # 5 of 5 must reach 1, and rounding may not put the value outside its own interval
    return np.minimum(lower, share), np.maximum(upper, share)
