"""Indicators of runs: the gap, the trend, jumps, convergence, spread, barriers, retrainings."""

import math

import numpy as np
import pytest

from lossedu.monitoring.slis import training as slis

NAN = math.nan


def test_the_gap_is_validation_less_training():
    assert slis.train_validation_gap([0.5, 0.2], [0.6, 0.5]).value == pytest.approx(0.3)
    assert slis.train_validation_gap([], []).status == "unknown"
    with pytest.raises(ValueError, match="training and validation must have one length"):
        slis.train_validation_gap([0.1], [])


def test_a_trend_is_the_slope_of_the_last_losses_and_its_error_that_of_a_regression():
    numbers = np.random.default_rng(0)
    slopes, errors = [], []
    for _ in range(400):
        losses = 1 - 0.1 * np.arange(8) + numbers.normal(0, 0.05, 8)
        one = slis.validation_trend(losses.tolist(), last=6)
        slopes.append(one.value)
        errors.append(one.standard_error)

    assert np.mean(slopes) == pytest.approx(-0.1, abs=0.003)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(slopes), rel=0.15)
    assert slis.validation_trend([1.0, 2.0]).status == "unknown"


def test_jumps_are_counted_and_a_smooth_rise_is_none():
    smooth = np.exp(-np.linspace(0, 3, 200)) + np.random.default_rng(0).normal(0, 0.01, 200)
    jumping = smooth.copy()
    jumping[[50, 90, 130]] += 1.0
    jumping[170] = NAN

    assert slis.training_stability(smooth.tolist()).value < 0.02
    extra = slis.training_stability(jumping.tolist()).value
    assert extra - slis.training_stability(smooth.tolist()).value >= 4 / 200 - 1e-9
    assert slis.training_stability(np.linspace(0, 1, 100).tolist()).value == 0
    assert slis.training_stability([0.5] * 100).value == 0
    assert slis.training_stability([1.0] * 20).status == "unknown"


def test_convergence_is_the_first_step_that_stays_near_the_lowest_loss():
    losses = [1.0, 0.5, 0.04, 0.5, 0.04, 0.0, 0.03]

    assert slis.steps_to_converge(losses).value == 4
    assert math.isnan(slis.steps_to_converge([1.0, NAN]).value)
    assert slis.steps_to_converge([0.7] * 60).value == 0


def test_the_gradient_norm_is_the_last_tenths_median():
    assert slis.gradient_norm([9.0] * 90 + [1.0] * 4 + [2.0] * 6).value == 2
    assert slis.gradient_norm([]).status == "unknown"


@pytest.mark.parametrize("of", [slis.checkpoint_variance, slis.run_variance])
def test_a_spread_is_a_standard_deviation_and_its_error_is_that_of_normal_losses(of):
    numbers = np.random.default_rng(1)
    values = [of(numbers.normal(0, 2, 10).tolist()) for _ in range(800)]

    assert np.std([one.value for one in values]) == pytest.approx(
        np.mean([one.standard_error for one in values]), rel=0.1
    )
    assert of([1.0]).status == "unknown"


def test_a_barrier_is_above_the_straight_line():
    assert slis.interpolation_barrier([0.0, 2.0, 1.0]).value == pytest.approx(1.5)
    assert slis.interpolation_barrier([0.0, -1.0, 1.0]).value == 0
    assert slis.interpolation_barrier([0.0, 1.0]).status == "unknown"


def test_retrainings_are_shares_with_their_errors():
    one = slis.retrain_success_rate([True] * 8 + [False] * 2)

    assert one.value == pytest.approx(0.8)
    assert one.standard_error == pytest.approx(math.sqrt(0.16 / 10))
    assert slis.retrain_success_rate([True] * 4).status == "unknown"
    assert slis.retrain_rate([False, True, False, False]).value == pytest.approx(0.25)
    assert slis.retrain_rate([]).status == "unknown"
