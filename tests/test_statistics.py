"""Formulas of comparison against published vectors, the catalogue's check values, and what must hold for any numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intervals import wilson
from scipy.stats import binom, chi2_contingency

from pipelines.statistics import control_charts, funnels, proportions, ranks, shrinking, standardising
from pipelines.statistics.arrays import Floats, Ints, group_quantile

NAN = float("nan")


def floats(*numbers: float) -> Floats:
    return np.array(numbers, dtype=np.float64)


def one_group(rows: int) -> Ints:
    return np.zeros(rows, dtype=np.int64)


#: Peers: cases, hits and group of each area.
PEERS = st.lists(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.integers(0, 2))),
    min_size=2,
    max_size=25,
)


def arrays(peers: list[tuple[int, int, int]]) -> tuple[Floats, Floats, Ints]:
    k, n, g = (np.array(column) for column in zip(*peers, strict=True))
    return k.astype(np.float64), n.astype(np.float64), np.unique(g, return_inverse=True)[1]


# Intervals


def test_wilson_intervals_are_those_of_the_catalogue() -> None:
    lower, upper = wilson(floats(35, 972, 3499, 5, 0), floats(36, 1000, 3600, 5, 5))
    assert lower == pytest.approx([0.8583, 0.9598, 0.9660, 0.5655, 0.0], abs=5e-5)
    assert upper == pytest.approx([0.9951, 0.9806, 0.9769, 1.0, 0.4345], abs=5e-5)


def test_a_design_effect_of_two_halves_the_cases() -> None:
    widened = wilson(floats(48), floats(60), design_effect=2.0)
    assert np.concatenate(widened) == pytest.approx(np.concatenate(wilson(floats(24), floats(30))))


@settings(max_examples=25, deadline=None)
@given(PEERS)
def test_an_interval_holds_its_value_and_stays_within_0_and_1(peers: list[tuple[int, int, int]]) -> None:
    k, n, _ = arrays(peers)
    lower, upper = wilson(k, n)
    assert np.all((lower >= 0) & (lower <= k / n) & (k / n <= upper) & (upper <= 1))


@settings(max_examples=25, deadline=None)
@given(PEERS, st.floats(1, 4))
def test_an_interval_gives_back_the_cases_it_rests_on(peers: list[tuple[int, int, int]], effect: float) -> None:
    k, n, _ = arrays(peers)
    lower, upper = wilson(k, n, design_effect=effect)
    assert proportions.effective_cases(k / n, lower, upper) == pytest.approx(n / effect, rel=1e-6)


def test_differences_are_those_of_newcombe_1998_table_2_method_10() -> None:
    lower, upper = proportions.difference(
        floats(56, 9, 6, 5, 0, 0, 10, 10),
        floats(70, 10, 7, 56, 10, 10, 10, 10),
        floats(48, 3, 2, 0, 0, 0, 0, 0),
        floats(80, 10, 7, 29, 20, 10, 20, 10),
    )
    assert lower == pytest.approx([0.0524, 0.1705, 0.0582, -0.0381, -0.1611, -0.2775, 0.6791, 0.6075], abs=5e-5)
    assert upper == pytest.approx([0.3339, 0.8090, 0.8062, 0.1926, 0.2775, 0.2775, 1.0, 1.0], abs=5e-5)


def test_the_test_of_no_change_is_the_chi_square_test() -> None:
    p = proportions.no_change(floats(56, 20), floats(70, 30), floats(48, 19), floats(80, 30))
    for found, table in zip(p, ([[56, 14], [48, 32]], [[20, 10], [19, 11]]), strict=True):
        assert found == pytest.approx(chi2_contingency(table, correction=False).pvalue)


def test_nothing_changed_between_two_periods_at_100_percent() -> None:
    assert proportions.no_change(floats(9), floats(9), floats(30), floats(30)).tolist() == [1.0]


# Funnels


def test_a_funnel_limit_is_the_interpolated_binomial_quantile() -> None:
    # P(R ≤ 6 of 20 at ½) = 60,460/2²⁰ = 0.057659 is the first to reach 2.5 %, P(R = 6) = 38,760/2²⁰ = 0.036964
    lower, upper = funnels.limits(floats(0.5), floats(20), floats(1), coverage=0.95)
    expected = (6 - (60_460 / 2**20 - 0.025) / (38_760 / 2**20)) / 20
    assert (lower[0], upper[0]) == (pytest.approx(expected), pytest.approx(1 - expected))


def test_ten_of_ten_at_a_rate_of_97_percent_is_no_exception() -> None:
    assert funnels.limits(floats(0.97), floats(10), floats(1), coverage=0.95)[1].tolist() == [1.0]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.floats(0.01, 0.99), st.floats(1, 4), st.sampled_from([0.95, 0.998]))
def test_a_funnel_is_symmetric_and_wider_with_dispersion(n: int, rate: float, phi: float, coverage: float) -> None:
    cases = floats(n, n)
    lower, upper = funnels.limits(floats(rate, 1 - rate), cases, floats(1, 1), coverage=coverage)
    assert lower[0] == pytest.approx(1 - upper[1], abs=1e-9) and upper[0] == pytest.approx(1 - lower[1], abs=1e-9)
    wide = funnels.limits(floats(rate), floats(n), floats(phi), coverage=coverage)
    assert wide[0][0] <= lower[0] + 1e-12 and wide[1][0] >= upper[0] - 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(5, 95))
def test_a_count_is_outside_exactly_where_its_tail_is_below_two_and_a_half_percent(n: int, percent: int) -> None:
    rate = percent / 100
    counts = np.arange(n + 1, dtype=np.float64)
    whole = np.full(n + 1, float(n))
    lower, upper = funnels.limits(np.full(n + 1, rate), whole, np.ones(n + 1), coverage=0.95)
    assert np.array_equal(counts / n < lower - 1e-12, binom.cdf(counts, n, rate) < 0.025)
    assert np.array_equal(counts / n > upper + 1e-12, binom.sf(counts - 1, n, rate) < 0.025)


def test_over_dispersion_is_the_mean_square_of_winsorised_scores() -> None:
    # z = −2, −1, 0, 1, 2; the 10 % and 90 % quantiles are ∓1.6: (2 × 1.6² + 2) ÷ 5
    k, n = floats(40, 45, 50, 55, 60), np.full(5, 100.0)
    assert funnels.over_dispersion(k, n, one_group(5), minimum_peers=5) == pytest.approx(np.full(5, 1.424))
    assert funnels.over_dispersion(k, n, one_group(5), minimum_peers=6).tolist() == [1.0] * 5


def test_peers_that_agree_too_well_do_not_narrow_the_funnel() -> None:
    phi = funnels.over_dispersion(np.full(6, 9.0), np.full(6, 10.0), one_group(6), minimum_peers=5)
    assert phi.tolist() == [1.0] * 6


@settings(max_examples=25, deadline=None)
@given(PEERS, st.floats(0, 1))
def test_a_quantile_of_a_group_is_that_of_the_group_alone(peers: list[tuple[int, int, int]], share: float) -> None:
    k, _, group = arrays(peers)
    found = group_quantile(k, group, share)
    for row, own in enumerate(group):
        assert found[row] == pytest.approx(np.quantile(k[group == own], share))


# Ranks


def test_equal_values_share_the_better_rank() -> None:
    values, group = floats(0.8, 0.9, 0.8, 0.7, 0.1, 0.2), np.array([0, 0, 0, 0, 1, 1])
    assert ranks.ranks(values, group, higher_is_better=True).tolist() == [2, 1, 2, 4, 2, 1]
    assert ranks.ranks(values, group, higher_is_better=False).tolist() == [2, 4, 2, 1, 1, 2]


@settings(max_examples=25, deadline=None)
@given(PEERS, st.randoms())
def test_ranks_do_not_depend_on_the_order_of_the_rows(peers: list[tuple[int, int, int]], chance: object) -> None:
    k, n, group = arrays(peers)
    order = np.array(sorted(range(len(peers)), key=lambda _: chance.random()))  # type: ignore[attr-defined]
    found = ranks.ranks(k / n, group, higher_is_better=True)
    assert np.array_equal(ranks.ranks((k / n)[order], group[order], higher_is_better=True), found[order])


@settings(max_examples=25, deadline=None)
@given(PEERS, st.booleans())
def test_a_rank_lies_in_its_interval_and_somebody_is_in_the_last_tenth(
    peers: list[tuple[int, int, int]], higher: bool
) -> None:
    k, n, group = arrays(peers)
    lower, upper, last = ranks.rank_intervals(k, n, group, higher_is_better=higher, seed="x", draws=200)
    rank = ranks.ranks(k / n, group, higher_is_better=higher)
    size = np.bincount(group)
    assert np.all((lower >= 1) & (lower <= rank) & (rank <= upper) & (upper <= size[group]))
    for own, areas in enumerate(size):
        assert last[group == own].sum() == pytest.approx(math.ceil(areas / 10))


def test_clear_differences_have_a_sure_rank_and_equal_ones_have_none() -> None:
    k, n = floats(100, 500, 900, 9, 9, 9), floats(1000, 1000, 1000, 10, 10, 10)
    group = np.array([0, 0, 0, 1, 1, 1])
    lower, upper, last = ranks.rank_intervals(k, n, group, higher_is_better=True, seed="x")
    assert lower.tolist() == [3, 2, 1, 1, 1, 1] and upper.tolist() == [3, 2, 1, 3, 3, 3]
    assert last[:3].tolist() == [1, 0, 0] and last[3:] == pytest.approx([1 / 3] * 3, abs=0.06)


@pytest.mark.parametrize("spread", [33, 3300])
def test_nineteen_of_twenty_rank_intervals_hold_the_true_rank(spread: int) -> None:
    """Sixty areas of 10 to 60 cases, their true rates from Beta(10/11 of `spread`, the rest): far apart, nearly equal."""
    chance = np.random.default_rng(1)
    held, worst = [], []
    for city in range(30):
        rates, n = chance.beta(spread * 10 / 11, spread / 11, 60), chance.integers(10, 60, 60)
        k = chance.binomial(n, rates).astype(np.float64)
        lower, upper, last = ranks.rank_intervals(
            k, n.astype(np.float64), one_group(60), higher_is_better=True, seed=str(city), draws=200
        )
        true = ranks.ranks(rates, one_group(60), higher_is_better=True)
        held.append(np.mean((lower <= true) & (true <= upper)))
        worst.append(last.max())
    assert np.mean(held) > 0.93
    assert spread < 3300 or np.mean(worst) < 0.5


def test_peers_of_one_true_rate_are_seldom_outside_the_funnel() -> None:
    chance = np.random.default_rng(1)
    n = chance.integers(10, 300, (100, 60)).astype(np.float64).ravel()
    k, city = chance.binomial(n.astype(np.int64), 0.92).astype(np.float64), np.repeat(np.arange(100), 60)
    phi = funnels.over_dispersion(k, n, city, minimum_peers=5)
    for coverage in (0.95, 0.998):
        lower, upper = funnels.limits(np.full(n.size, 0.92), n, phi, coverage=coverage)
        assert np.mean((k / n < lower) | (k / n > upper)) < 1 - coverage


def test_the_same_seed_draws_the_same_ranks_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    k, n = floats(8, 17, 24, 40), floats(10, 20, 30, 44)
    whole = ranks.rank_intervals(k, n, one_group(4), higher_is_better=True, seed="T03|month|2026-03-01")
    monkeypatch.setattr(ranks, "CHUNK", 40)
    parts = ranks.rank_intervals(k, n, one_group(4), higher_is_better=True, seed="T03|month|2026-03-01")
    other = ranks.rank_intervals(k, n, one_group(4), higher_is_better=True, seed="T03|month|2026-04-01")
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
    assert not np.array_equal(whole[2], other[2])


# Shrunk rates


def test_shrunk_rates_are_those_of_the_catalogue() -> None:
    k, n = floats(10, 39, 190, 960, 1850, 17), floats(10, 40, 200, 1000, 2000, 20)
    found, mean, strength = shrinking.shrunk(k, n, one_group(6))
    assert mean[0] == pytest.approx(0.9376, abs=5e-5) and strength[0] == pytest.approx(254, abs=0.5)
    assert found == pytest.approx([0.9400, 0.9427, 0.9431, 0.9555, 0.9264, 0.9312], abs=5e-5)


def test_rates_that_differ_by_chance_alone_all_become_the_mean() -> None:
    found, mean, strength = shrinking.shrunk(floats(9, 8, 9), floats(10, 10, 10), one_group(3))
    assert strength.tolist() == [math.inf] * 3 and found == pytest.approx(mean)


@settings(max_examples=25, deadline=None)
@given(PEERS)
def test_a_shrunk_rate_lies_between_the_raw_one_and_the_mean(peers: list[tuple[int, int, int]]) -> None:
    k, n, group = arrays(peers)
    found, mean, strength = shrinking.shrunk(k, n, group)
    raw = k / n
    assert np.all((found >= np.minimum(raw, mean) - 1e-12) & (found <= np.maximum(raw, mean) + 1e-12))
    some = np.isfinite(strength)
    expected = (k[some] + strength[some] * mean[some]) / (n[some] + strength[some])
    assert found[some] == pytest.approx(expected)


# Standardised rates


def test_standardising_turns_the_order_of_the_catalogues_example() -> None:
    value, raw, disagrees = standardising.standardised(
        floats(56, 20, 13, 76), floats(80, 20, 20, 80), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), one_group(2)
    )
    assert raw == pytest.approx([0.76, 0.89]) and value == pytest.approx([0.85, 0.80])
    assert disagrees.tolist() == [True, True]


def test_a_difference_that_chance_can_make_is_no_contradiction() -> None:
    # a tenth of the cases of the example above: 5 of 8 and 2 of 2 against 1 of 2 and 8 of 8
    value, raw, disagrees = standardising.standardised(
        floats(5, 2, 1, 8), floats(8, 2, 2, 8), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), one_group(2)
    )
    assert raw.tolist() == [0.7, 0.9] and value == pytest.approx([0.8125, 0.75])
    assert disagrees.tolist() == [False, False]


def test_an_area_without_most_of_the_mix_has_no_standardised_rate() -> None:
    # the first area has no case of the second stratum, which is half of the mix; the third no case of a twentieth of it
    k, n = floats(40, 10, 90, 50), floats(50, 10, 100, 60)
    value, _, _ = standardising.standardised(k, n, np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), one_group(3))
    assert np.isnan(value).tolist() == [True, False, True]


@settings(max_examples=25, deadline=None)
@given(PEERS)
def test_with_one_mix_for_all_the_standardised_rate_is_the_raw_one(peers: list[tuple[int, int, int]]) -> None:
    k, n, group = arrays(peers)
    areas = np.arange(len(peers))
    twice = np.concatenate([areas, areas])
    value, raw, disagrees = standardising.standardised(
        np.concatenate([k, n - k]), np.concatenate([n, n]), twice, np.repeat([0, 1], len(peers)), group
    )
    assert value == pytest.approx(raw) and raw == pytest.approx(np.full(len(peers), 0.5)) and not disagrees.any()


# Control charts

STEADY = [10.0, 12.0] * 6


def chart(*series: list[float]) -> tuple[control_charts.Limits, control_charts.Signals]:
    width = max(map(len, series))
    values = np.array([points + [NAN] * (width - len(points)) for points in series])
    limits = control_charts.limits(values)
    return limits, control_charts.signals(values, limits)


def test_limits_are_266_mean_moving_ranges_from_the_mean() -> None:
    limits, signals = chart(STEADY)
    assert (limits.centre[0], limits.lower[0], limits.upper[0]) == pytest.approx((11, 11 - 5.32, 11 + 5.32))
    assert limits.points.tolist() == [12] and not signals.direction().any()


def test_eleven_points_are_too_few() -> None:
    limits, signals = chart(STEADY[:11])
    assert np.isnan(limits.centre[0]) and np.isnan(limits.upper[0]) and not signals.direction().any()


def test_later_points_are_judged_and_do_not_move_the_limits() -> None:
    limits, signals = chart(STEADY * 2, [*STEADY, *STEADY, 17.0])
    assert limits.upper[0] == limits.upper[1] and limits.points.tolist() == [24, 24]
    assert signals.beyond_limits[1].tolist() == [0] * 24 + [1] and not signals.beyond_limits[0].any()


def test_one_wild_point_does_not_widen_the_limits_that_should_catch_it() -> None:
    # steps: 21 of 2, and the two of 88 around the wild point, left out as beyond 3.267 times the mean of 9.5
    limits, signals = chart([*STEADY, 100.0, *STEADY[1:]])
    assert limits.upper[0] - limits.centre[0] == pytest.approx(2.66 * 2)
    assert signals.beyond_limits[0].tolist()[12] == 1


def test_a_series_that_mostly_stands_still_has_no_limits() -> None:
    limits, _ = chart([1.0] * 7 + [0.9, 0.8, 0.7, 0.6, 0.5], [1.0] * 6 + [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert np.isnan(limits.centre).tolist() == [True, False]


def test_seven_points_on_one_side_are_a_signal_and_six_are_not() -> None:
    six = [10.0, 12.0] * 6 + [11.5, 11.7] * 3 + [10.0, 12.0] * 3
    seven = [10.0, 12.0] * 6 + [11.5, 11.7] * 3 + [11.5] + [10.0, 12.0] * 2 + [10.0]
    signals = chart(six, seven)[1].run_on_one_side
    # the run begins with the 12 before it: 12, six points, then 10
    assert signals[0].tolist() == [0] * 11 + [1] * 7 + [0] * 6
    assert signals[1].tolist() == [0] * 11 + [1] * 8 + [0] * 5


@pytest.mark.parametrize(
    ("points", "marked"),
    [
        ([1, 2, 3, 3, 4, 5, 6], []),
        ([1, 2, 3, 4, 5, 6, 7], range(7)),
        ([2, 1, 2, 3, 4, 5, 6, 7, 3], range(1, 8)),
    ],
)
def test_a_trend_is_seven_rising_points(points: list[float], marked: list[int]) -> None:
    """The vectors of NHSRplotthedots' own tests of its trend rule."""
    found = chart([float(point) for point in points] + STEADY)[1].trend[0][: len(points)]
    mirrored = chart([-float(point) for point in points] + STEADY)[1].trend[0][: len(points)]
    assert np.flatnonzero(found).tolist() == list(marked) and np.flatnonzero(mirrored).tolist() == list(marked)
    assert np.all(found >= 0) and np.all(mirrored <= 0)


def test_two_of_three_near_a_limit_are_a_signal_if_all_three_are_on_that_side() -> None:
    # centre 11, sigma 1.773: the outer third begins at 14.55 and ends at 16.32
    same_side = [*STEADY, *STEADY, 15.0, 12.0, 15.0, 10.0]
    other_side = [*STEADY, *STEADY, 15.0, 10.0, 15.0, 10.0]
    signals = chart(same_side, other_side)[1].two_of_three
    assert signals[0].tolist()[24:] == [1, 0, 1, 0] and not signals[1].any()


def test_the_stronger_rule_gives_the_direction() -> None:
    signs = [np.array([[sign]], dtype=np.int8) for sign in (0, -1, 1, 1)]
    assert control_charts.Signals(*signs).direction().tolist() == [[-1]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=12, max_size=30), st.integers(1, 9), st.integers(-40, 40))
def test_a_chart_in_another_unit_says_the_same(points: list[int], scale: int, shift: int) -> None:
    limits, signals = chart([float(point) for point in points])
    moved, moved_signals = chart([float(scale * point + shift) for point in points])
    assert moved.upper == pytest.approx(scale * limits.upper + shift, nan_ok=True)
    assert np.array_equal(moved_signals.run_on_one_side, signals.run_on_one_side)
    assert np.array_equal(moved_signals.trend, signals.trend)
    upside_down = chart([-float(point) for point in points])[1]
    assert np.array_equal(upside_down.direction(), -signals.direction())
