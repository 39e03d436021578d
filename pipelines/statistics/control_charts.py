"""Individuals and moving-range (XmR) charts: limits of a series, and the rules that tell a signal from noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.statistics.arrays import Bools, Floats, Ints

#: Points from which limits are drawn, and points that set them at most: later ones are judged and do not move them.
MINIMUM_POINTS = 12
BASELINE_POINTS = 24
#: 3 ÷ d₂ and D₄ for ranges of two points (d₂ = 1.128).
THREE_SIGMA = 2.66
RANGE_LIMIT = 3.267
RUN = 7

Signs = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Limits:
    """Centre and limits of each series (NaN where it has none) and the number of points that set them."""

    centre: Floats
    lower: Floats
    upper: Floats
    points: Ints


@dataclass(frozen=True)
class Signals:
    """For each point and rule: 1 high or rising, −1 low or falling, 0 no signal; shape series × points."""

    beyond_limits: Signs
    run_on_one_side: Signs
    two_of_three: Signs
    trend: Signs

    def direction(self) -> Signs:
        """The direction of each point's signal; of two the one of the stronger rule, in the order of the fields."""
        found = self.beyond_limits
        for rule in (self.run_on_one_side, self.two_of_three, self.trend):
            found = np.where(found == 0, rule, found)
        return found


def limits(values: Floats) -> Limits:
    """Centre ± 2.66 × mean moving range of each series; `values` is series × points, in time, NaN at the end.

    D. J. Wheeler, Understanding Variation, SPC Press 1993. The first 24 points set the limits (all of them from 12 on).
    Moving ranges above 3.267 times their mean are left out of it, once, as NHS England's Making Data Count does. A series
    that stands at one value for more than half of those points (a small community's 100 %) has no limits: its ranges are
    mostly 0, and seven points on one side of its mean are no surprise.
    """
    baseline = values[:, :BASELINE_POINTS]
    points = np.isfinite(baseline).sum(axis=1)
    ranges = np.abs(np.diff(baseline, axis=1))
    first = _mean(ranges)
    usual = _mean(np.where(ranges <= RANGE_LIMIT * first[:, None], ranges, np.nan))
    enough = (points >= MINIMUM_POINTS) & ~_stands_still(baseline, points)
    centre = np.where(enough, _mean(baseline), np.nan)
    reach = np.where(enough, THREE_SIGMA * usual, np.nan)
    return Limits(centre, centre - reach, centre + reach, points)


def signals(values: Floats, found: Limits) -> Signals:
    """The four rules of Making Data Count (NHS England), as its R package NHSRplotthedots applies them.

    A point outside the limits; seven points in a row on one side of the centre; seven in a row rising or falling; two of
    three points in a row in the outer third (beyond two sigma, inside the limits) with all three on that side. Every point
    of a run or trend is marked, of two of three those in the outer third.
    """
    centre, lower, upper = found.centre[:, None], found.lower[:, None], found.upper[:, None]
    beyond = np.where(values > upper, 1, np.where(values < lower, -1, 0)).astype(np.int8)
    side = np.nan_to_num(np.sign(values - centre)).astype(np.int8)
    steps = np.nan_to_num(np.sign(np.diff(values, axis=1))).astype(np.int8)
    steps = np.where(np.isfinite(centre), steps, 0).astype(np.int8)
    outer = np.abs(values - centre) > (upper - centre) * 2 / 3
    near = np.where((beyond == 0) & outer, side, 0).astype(np.int8)
    two_of_three = np.zeros_like(side)
    for sign in (1, -1):
        window = _whole(side == sign, 3) & (_count(near == sign, 3) >= 2)
        two_of_three[_spread(window, values.shape[1]) & (near == sign)] = sign
    points = values.shape[1]
    return Signals(beyond, _runs(side, RUN, points), two_of_three, _runs(steps, RUN - 1, points))


def _stands_still(values: Floats, points: Ints) -> Bools:
    """Whether more than half of a row's values, of which it has `points`, are equal."""
    ordered = np.sort(values, axis=1)
    ahead = np.arange(values.shape[1]) + (points // 2)[:, None]
    other = np.take_along_axis(ordered, np.minimum(ahead, values.shape[1] - 1), axis=1)
    return np.asarray(((ordered == other) & (ahead < values.shape[1])).any(axis=1))


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0))


def _count(marks: Bools, length: int) -> Ints:
    """How many of each `length` neighbours are marked; shape series × (points − length + 1), or no column."""
    reach = marks.shape[1] - length + 1
    if reach <= 0:
        return np.zeros((len(marks), 0), dtype=np.int64)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(marks, length, axis=1).sum(axis=2))


def _whole(marks: Bools, length: int) -> Bools:
    return np.asarray(_count(marks, length) == length)


def _spread(windows: Bools, points: int) -> Bools:
    """Mark every point that lies in a marked window."""
    found = np.zeros((len(windows), points), dtype=np.bool_)
    reach = windows.shape[1]
    for shift in range(points - reach + 1 if reach else 0):
        found[:, shift : shift + reach] |= windows
    return found


def _runs(signs: Signs, length: int, points: int) -> Signs:
    """Mark the points of each run of `length` equal signs; signs of steps mark the points at both of their ends."""
    found = np.zeros((len(signs), points), dtype=np.int8)
    for sign in (1, -1):
        found[_spread(_whole(signs == sign, length), points)] = sign
    return found
