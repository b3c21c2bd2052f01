"""The oracle is right to fifty digits, also where doubles see nothing."""

import mpmath as mp
import pytest

from lossedu import catalog
from lossedu.symbolic import oracle


def test_log_two_to_fifty_digits():
    half = oracle(catalog.spec("binary_cross_entropy_with_logits")).value(0, 1)

    with mp.workdps(60):
        assert abs(half - mp.log(2)) < mp.mpf(10) ** -49


def test_a_loss_far_below_the_smallest_double_keeps_its_digits():
    tiny = oracle(catalog.spec("binary_cross_entropy_with_logits")).value(10_000, 1)

    with mp.workdps(60):
        assert abs(tiny / mp.exp(-10_000) - 1) < mp.mpf(10) ** -49


def test_gradient_is_the_slope_of_the_value():
    focal = oracle(catalog.spec("sigmoid_focal_loss"), gamma=0.5, alpha=0.25)
    step = 1e-20

    with mp.workdps(60):
        rise = focal.value(mp.mpf(1) + step, 0) - focal.value(mp.mpf(1) - step, 0)
        assert abs(rise / (2 * step) - focal.gradient(1, 0)) < 1e-25


def test_options_not_given_are_the_functions_own_defaults():
    spec = catalog.spec("sigmoid_focal_loss")

    assert oracle(spec).value(0.3, 1) == oracle(spec, gamma=2.0).value(0.3, 1)


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match="but is 'beta'"):
        oracle(catalog.spec("sigmoid_focal_loss"), beta=1)
