"""Rates as they would be if every area had the same mix of cases."""

from __future__ import annotations

import numpy as np

from pipelines.statistics.arrays import Bools, Floats, Ints, totals

#: Share of the pooled mix that an area's own cases must stand for.
COVERED = 0.8


def standardised(
    numerator: Floats, denominator: Floats, area: Ints, stratum: Ints, group: Ints
) -> tuple[Floats, Floats, Bools]:
    """The rate of each area at the mix of its group; the raw rate; whether the two put it on different sides of its peers.

    One row is a stratum of an area with cases: `area` and `stratum` are numbered from 0, `group` is the group of each
    area. Direct standardisation (L. Breslow and N. E. Day, Statistical Methods in Cancer Research II, IARC 1987, chapter
    2): Σ over strata of the group's share of the stratum × the area's rate in it. A stratum that the area has no case of
    counts with the group's rate; an area whose strata stand for less than 80 % of the group's mix has no value (NaN).

    The order is called different only where the raw rate lies above the group's rate and the standardised one below, or
    the other way round, and the distance between the two is more than 1.96 of its standard error (the binomial one, with
    (k + ½) ÷ (n + 1) as the rate of a stratum): otherwise half of all areas near the middle would change sides by chance.
    """
    areas, strata = group.size, int(stratum.max(initial=-1)) + 1
    cell = group[area] * strata + stratum
    rate = numerator / denominator
    pooled_cases = totals(denominator, cell)[cell]
    pooled_rate = totals(numerator, cell)[cell] / pooled_cases
    cases: Floats = np.bincount(area, weights=denominator, minlength=areas).astype(np.float64)
    group_cases = totals(cases, group)[group]
    share = pooled_cases / group_cases[area]
    raw = np.bincount(area, weights=numerator, minlength=areas) / cases
    peer_rate = totals(raw * cases, group)[group] / group_cases
    value = peer_rate + np.bincount(area, weights=share * (rate - pooled_rate), minlength=areas)
    covered = np.bincount(area, weights=share, minlength=areas)
    smoothed = (numerator + 0.5) / (denominator + 1)
    moved = (share - denominator / cases[area]) ** 2 * smoothed * (1 - smoothed) / denominator
    error = np.sqrt(np.bincount(area, weights=moved, minlength=areas))
    sides = (raw - peer_rate) * (value - peer_rate) < 0
    known = covered >= COVERED
    return (
        np.where(known, value, np.nan),
        raw,
        known & sides & (np.abs(value - raw) > 1.96 * error),
    )
