"""Drift is measured as the formulas say, and an alarm is false as often as was agreed."""

import re

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from lossedu.monitoring.drift.power import power
from lossedu.monitoring.drift.statistics import (
    expected_psi,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
)
from lossedu.monitoring.drift.testing import drift


def counts(seed, *shape, rate=20):
    return np.random.default_rng(seed).poisson(rate, shape)


def test_psi_is_the_sum_over_bins():
    before, now = np.array([10, 20, 70]), np.array([40, 30, 30])

    by_hand = sum((q - p) * np.log(q / p) for p, q in [(0.1, 0.4), (0.2, 0.3), (0.7, 0.3)])

    assert psi(before, now) == pytest.approx(by_hand)
    assert psi(before, before) == pytest.approx(0)
    assert psi(before, now) == pytest.approx(psi(now, before))


def test_psi_of_an_empty_bin_is_finite_and_of_two_empty_bins_nothing():
    filled = psi(np.array([50, 50, 0]), np.array([40, 50, 10]))

    assert np.isfinite(filled)
    assert psi(np.array([50, 50, 0, 0]), np.array([40, 50, 10, 0])) == pytest.approx(filled)


def test_jensen_shannon_is_scipys_distance_squared():
    before, now = counts(0, 8), counts(1, 8)

    assert jensen_shannon(before, now) == pytest.approx(jensenshannon(before, now) ** 2)
    assert jensen_shannon(np.array([5, 0]), np.array([0, 7])) == pytest.approx(np.log(2))


def test_kolmogorov_smirnov_is_scipys_statistic():
    numbers = np.random.default_rng(0)
    before, now = numbers.normal(size=80), numbers.normal(0.4, size=120)

    both = np.sort(np.concatenate([before, now]))
    place = [np.searchsorted(both, sample) for sample in (before, now)]
    ours = kolmogorov_smirnov(*(np.bincount(p, minlength=200) for p in place))

    assert ours == pytest.approx(stats.ks_2samp(before, now).statistic)
    seen = drift(before, now, statistic="ks")
    assert seen.value == pytest.approx(float(ours))


def test_statistics_take_many_comparisons_at_once():
    before, now = counts(0, 5, 6), counts(1, 5, 6)

    for measure in (psi, jensen_shannon, kolmogorov_smirnov):
        rows = [measure(b, n) for b, n in zip(before, now, strict=True)]
        np.testing.assert_allclose(measure(before, now), rows)


@pytest.mark.parametrize(("n", "m"), [(500, 500), (1000, 200)])
def test_unchanged_data_have_the_expected_index(n, m):
    seen = drift(np.arange(n) % 97, np.arange(m) % 97, bins=10, permutations=1999)

    assert seen.usual == pytest.approx(expected_psi(10, n, m), rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "statistic"), [(100, "psi"), (1000, "psi"), (10_000, "psi"), (100, "js")]
)
def test_unchanged_data_raise_an_alarm_in_one_of_twenty_comparisons(n, statistic):
    draws = 2000
    alarms = 0
    for draw in range(draws):
        numbers = np.random.default_rng([n, draw])
        before, now = numbers.normal(size=n), numbers.normal(size=n)
        alarms += drift(before, now, statistic=statistic, seed=draw).p_value <= 0.05

    # Two standard errors of such a share are 0.97 %.
    assert alarms / draws == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("ties", [2, 7])
def test_ties_make_no_alarms(ties):
    alarms = 0
    for draw in range(300):
        numbers = np.random.default_rng(draw)
        before, now = numbers.integers(ties, size=(2, 150))
        alarms += drift(before, now, statistic="ks", permutations=99, seed=draw).p_value <= 0.05

    assert alarms / 300 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_a_fixed_limit_is_passed_by_unchanged_data_of_a_hundred_and_the_test_is_not():
    (unchanged,) = power([0.0], n=100, draws=300)

    assert unchanged.limits[0] > 0.7
    assert unchanged.test < 0.1


def test_larger_shifts_and_samples_are_seen_more_often_and_a_limit_misses_them():
    small, large = (power([0.1, 0.3], n=n, draws=60) for n in (200, 5000))

    assert small[0].test < small[1].test <= large[1].test
    assert large[0].test > 0.9
    assert large[0].limits == (0, 0)


@pytest.mark.parametrize("statistic", ["psi", "js"])
def test_categories_are_compared_by_name(statistic):
    before, now = ["web"] * 300 + ["app"] * 300, ["web"] * 450 + ["kiosk"] * 150

    assert drift(before, now, statistic=statistic).verdict == "drift"
    assert drift(before, before[::-1], statistic=statistic).verdict == "none seen"


@pytest.mark.parametrize(("n", "bins"), [(49, 2), (100, 10), (300, 31)])
def test_too_few_observations_have_no_verdict(n, bins):
    numbers = np.random.default_rng(0)

    seen = drift(numbers.normal(size=n), numbers.normal(3, size=n), bins=bins)

    assert seen.verdict == "too few"
    assert seen.value > seen.usual


def test_a_constant_feature_has_not_drifted():
    assert drift(np.ones(100), np.ones(200), statistic="ks").p_value == 1


def test_the_same_seed_gives_the_same_p_value():
    numbers = np.random.default_rng(0)
    samples = numbers.normal(size=(2, 200))

    assert drift(*samples, seed=3) == drift(*samples, seed=3)


@pytest.mark.parametrize(
    ("samples", "options", "complaint"),
    [
        (([], [1.0]), {}, "reference must have shape (n,) with n > 0, but has (0,)"),
        (([1.0], [[1.0]]), {}, "current must have shape (n,) with n > 0, but has (1, 1)"),
        (([1.0], [np.nan]), {}, "current must be finite, but is not everywhere"),
        (([np.inf], [1.0]), {}, "reference must be finite"),
        ((["a"], ["b"]), {"statistic": "ks"}, 'statistic must be "psi" or "js" for categories'),
        (([1.0], [1.0]), {"statistic": "kl"}, "statistic must be among psi, js, ks"),
        (([1.0], [1.0]), {"bins": 1}, "bins must be at least 2, but is 1"),
        (([1.0], [1.0]), {"permutations": 9}, "level must be at least 1 / (1 + permutations)"),
    ],
)
def test_what_cannot_be_compared_is_named(samples, options, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        drift(*samples, **options)
