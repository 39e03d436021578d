"""Where a change of a rate comes from: what its parts did themselves, and what their shares did."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Floats, Ints, per_group


def rate_and_mix(
    numerator: Floats, denominator: Floats, numerator_before: Floats, denominator_before: Floats, group: Ints
) -> tuple[Floats, Floats]:
    """The effect of each part's own rate and of its share of the cases on the change of Σ numerator ÷ Σ denominator.

    Within a group (numbered from 0) both effects of all parts add up to the change exactly. The rate effect is the mean share ×
    the change of the rate; the mix effect the change of the share × (mean rate − mean total), so that a part counts by how far
    it lies from the whole: E. M. Kitagawa, Components of a difference between two rates, JASA 1955; 50:1168–1194, with the mix
    centred. A part without cases in one of the periods has there the rate of the other: it came or went, and that is mix.
    """
    whole, cases = per_group(numerator, group), per_group(denominator, group)
    whole_before, cases_before = per_group(numerator_before, group), per_group(denominator_before, group)
    share, share_before = denominator / cases, denominator_before / cases_before
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, before = numerator / denominator, numerator_before / denominator_before
    rate, before = np.where(denominator > 0, rate, before), np.where(denominator_before > 0, before, rate)
    rate, before = np.nan_to_num(rate), np.nan_to_num(before)
    middle = (whole / cases + whole_before / cases_before) / 2
    own = (share + share_before) / 2 * (rate - before)
    mix = (share - share_before) * ((rate + before) / 2 - middle)
    return np.asarray(own), np.asarray(mix)
