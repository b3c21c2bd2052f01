"""Sharpness rises as it must on quadratics, in the worst case and on average."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.sharpness import expected_sharpness, worst_case_sharpness
from lossedu.landscape.curvature.trace import trace
from lossedu.training.random_states import scoped
from tests.landscape.curvature.rescaled_layers import rescaled


class Point(nn.Module):
    """Its output is its parameters: the loss is a plain function of them."""

    def __init__(self, start):
        super().__init__()
        self.at = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return self.at


def quadratic(curvatures, start=None):
    a = torch.tensor(curvatures, dtype=torch.float64)
    model = Point([0.0] * len(curvatures) if start is None else start)
    return Objective(model, lambda p, _: (a * p**2).sum() / 2, (torch.zeros(1), torch.zeros(1)))


@pytest.mark.parametrize("curvatures", [[3.0, 1.0], [5.0, 5.0, 0.0, -2.0]])
def test_the_worst_case_of_a_quadratic_is_along_its_top_eigenvector(curvatures):
    found = worst_case_sharpness(quadratic(curvatures), radius=0.2)

    assert found.rise == pytest.approx(max(curvatures) * 0.2**2 / 2, rel=1e-6)
    assert float(found.point.norm()) <= 0.2 * (1 + 1e-12)


def test_the_worst_case_of_a_slope_is_uphill():
    found = worst_case_sharpness(quadratic([1.0, 0.0], start=[3.0, 0.0]), radius=0.5)

    assert found.rise == pytest.approx((3.5**2 - 3**2) / 2, rel=1e-6)


def test_the_worst_case_is_at_least_what_random_points_show():
    objective = rescaled(1.0)
    found = worst_case_sharpness(objective, radius=0.1)
    generator = torch.Generator().manual_seed(0)
    steps = torch.randn(200, objective.size, generator=generator, dtype=torch.float64)

    base = objective.value(objective.point)
    seen = [objective.value(objective.point + 0.1 * s / s.norm()) - base for s in steps]

    assert found.rise > max(seen)
    assert found.rise == pytest.approx(objective.value(found.point) - base)


def test_where_the_loss_falls_everywhere_the_rise_is_zero():
    found = worst_case_sharpness(quadratic([-1.0, -2.0]))

    assert found.rise == 0.0
    assert found.point.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_an_ascent_may_come_through_the_centre(size, steps):
    found = worst_case_sharpness(quadratic([-1.0] * size), steps=steps)

    assert (found.rise, found.evaluations) == (0.0, 3 * (steps + 1))


def test_the_end_of_an_ascent_is_looked_at():
    slope = quadratic([2.0], start=[9.0])

    found = [worst_case_sharpness(slope, radius=1, steps=1, restarts=1, seed=s) for s in range(8)]

    assert [one.rise for one in found] == pytest.approx([10**2 - 9**2] * 8)


@pytest.mark.parametrize("centre", [math.inf, math.nan])
def test_a_centre_without_a_finite_loss_has_no_rise(centre):
    data = torch.zeros(1), torch.zeros(1)
    hole = Objective(
        Point([0.0]), lambda p, _: torch.where(p[0] == 0, p[0] + centre, p[0] * 3), data
    )

    assert math.isnan(worst_case_sharpness(hole).rise)


def test_an_ascent_ends_where_the_gradient_is_not_finite():
    data = torch.zeros(1), torch.zeros(1)
    # The branch that is not taken makes the gradient NaN, and leaves the loss alone.
    slope = Objective(
        Point([0.0]), lambda p, _: torch.where(p[0] < 9, p[0], (p[0] - 9).sqrt()), data
    )

    found = worst_case_sharpness(slope, radius=0.5)

    assert found.rise == pytest.approx(0.5)
    assert found.evaluations == 3


def test_a_loss_that_ends_is_reported_as_infinite_or_nan():
    model = Point([0.5, 0.5])
    data = torch.zeros(1), torch.zeros(1)
    barrier = Objective(model, lambda p, _: -(p - 0.49).log().sum(), data)

    assert not math.isfinite(worst_case_sharpness(barrier, radius=0.5).rise)


def test_a_loss_that_is_not_finite_on_one_side_is_not_forgotten_on_the_other():
    data = torch.zeros(1), torch.zeros(1)
    half = Objective(
        Point([0.0, 0.0]), lambda p, _: torch.where(p[0] < 0, torch.nan, (p**2).sum()), data
    )

    rises = [worst_case_sharpness(half, restarts=9, steps=3, seed=seed).rise for seed in range(6)]

    assert all(math.isnan(rise) for rise in rises)


def test_adaptive_lengths_are_in_units_of_each_parameter():
    found = worst_case_sharpness(quadratic([1.0, 1.0], start=[2.0, 0.0]), radius=0.1, adaptive=True)

    assert found.point.tolist() == pytest.approx([2.2, 0.0])


def test_the_expected_rise_of_a_quadratic_is_half_its_trace():
    found = expected_sharpness(
        quadratic([4.0, 1.0, -1.0], start=[5.0, 1, 1]), sigma=0.1, samples=1000
    )

    assert abs(found.rise - 4 * 0.1**2 / 2) <= 4 * found.standard_error
    assert found.standard_error < 0.1 * abs(found.rise)


def test_the_expected_rise_of_a_smooth_model_is_half_the_trace_for_small_sigma():
    with scoped(0):
        model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)).double()
        data = torch.randn(40, 5, dtype=torch.float64), torch.randint(3, (40,))
    objective = Objective(model, cross_entropy, data)

    found = expected_sharpness(objective, sigma=1e-3, samples=300)

    half = trace(objective, tolerance=1e-3).value * 1e-6 / 2
    assert abs(found.rise - half) <= 4 * found.standard_error + 1e-2 * half


def test_one_sample_has_no_standard_error():
    assert math.isnan(expected_sharpness(quadratic([1.0]), samples=1).standard_error)


def test_the_same_seed_gives_the_same_bits():
    objective = rescaled(1.0)

    one, same = (worst_case_sharpness(objective, seed=3, steps=5) for _ in range(2))

    assert torch.equal(one.point, same.point)
    assert expected_sharpness(objective, seed=3) == expected_sharpness(objective, seed=3)


@pytest.mark.parametrize("wrong", [{"radius": 0.0}, {"steps": 0}, {"restarts": 0}])
def test_wrong_arguments_of_the_worst_case_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        worst_case_sharpness(quadratic([1.0]), **wrong)


@pytest.mark.parametrize("wrong", [{"sigma": 0.0}, {"samples": 0}])
def test_wrong_arguments_of_the_expectation_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        expected_sharpness(quadratic([1.0]), **wrong)
