"""Sharpness rises as it must on quadratics, and Dinh's rescaling fools all but the invariant."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.noise_scale import gradient_noise_scale
from lossedu.landscape.curvature.sharpness import (
    expected_sharpness,
    fisher_rao_norm,
    worst_case_sharpness,
)
from lossedu.landscape.curvature.trace import trace
from lossedu.training.random_states import scoped


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


def rescaled(factor):
    """A ReLU network whose layers are multiplied and divided by the same number."""
    with scoped(1):
        model = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 3)).double()
        data = torch.randn(40, 5, dtype=torch.float64), torch.randint(3, (40,))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        for _ in range(200):
            optimizer.zero_grad()
            cross_entropy(model(data[0]), data[1]).backward()
            optimizer.step()
    with torch.no_grad():
        model[0].weight *= factor
        model[0].bias *= factor
        model[2].weight /= factor
    return Objective(model, cross_entropy, data)


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


def test_dinhs_rescaling_leaves_the_function_and_changes_the_sharpness():
    plain, scaled = rescaled(1.0), rescaled(8.0)

    loss = [o.value(o.point) for o in (plain, scaled)]
    top = [top_eigenvalues(o, 1).values[0] for o in (plain, scaled)]
    worst = [worst_case_sharpness(o, radius=0.05).rise for o in (plain, scaled)]
    mean = [expected_sharpness(o, sigma=0.01, samples=100).rise for o in (plain, scaled)]

    assert loss[1] == pytest.approx(loss[0], rel=1e-12)
    assert top[1] > 10 * top[0]
    assert worst[1] > 3 * worst[0]
    assert mean[1] > 3 * mean[0]


def test_dinhs_rescaling_leaves_the_invariant_ones():
    plain, scaled = rescaled(1.0), rescaled(8.0)

    worst = [worst_case_sharpness(o, radius=0.05, adaptive=True).rise for o in (plain, scaled)]
    mean = [expected_sharpness(o, sigma=0.05, adaptive=True).rise for o in (plain, scaled)]

    assert worst[1] == pytest.approx(worst[0], rel=1e-9)
    assert mean[1] == pytest.approx(mean[0], rel=1e-9)
    assert fisher_rao_norm(scaled) == pytest.approx(fisher_rao_norm(plain), rel=1e-9)


def test_the_fisher_rao_norm_is_the_mean_square_of_gradient_times_parameters():
    objective = rescaled(1.0)
    x, y = objective.batches().__next__().values

    products = []
    for i in range(len(x)):
        one = Objective.__new__(Objective)
        one.__dict__.update(objective.__dict__)
        batch = type(next(objective.batches()))((x[i : i + 1], y[i : i + 1]), 1)
        leaf = objective.point.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(one.differentiable(leaf, batch), leaf)
        products.append(float(gradient @ objective.point))

    assert fisher_rao_norm(objective) == pytest.approx(np.mean(np.square(products)))


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


def noisy(seed, *, n=240, batch_size=1, mean=1.0, spread=2.0):
    """The gradient of each example is a normal vector: mean 1 and variance 4 in 5 entries."""
    generator = torch.Generator().manual_seed(seed)
    slopes = mean + spread * torch.randn(n, 5, generator=generator, dtype=torch.float64)

    class Slope(nn.Module):
        def __init__(self):
            super().__init__()
            self.at = nn.Parameter(torch.zeros(5, dtype=torch.float64))

        def forward(self, x):
            return x @ self.at

    return Objective(Slope(), lambda z, _: z.mean(), (slopes, slopes), batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_noise_and_signal_are_unbiased_whatever_the_sizes_of_batches(batch_size):
    found = [gradient_noise_scale(noisy(s, n=60, batch_size=batch_size)) for s in range(100)]

    noise, signal = (np.array([getattr(f, name) for f in found]) for name in ("noise", "signal"))
    assert abs(noise.mean() - 20) <= 4 * noise.std() / 10
    assert abs(signal.mean() - 5) <= 4 * signal.std() / 10


def test_the_standard_error_of_the_noise_scale_is_honest():
    found = [gradient_noise_scale(noisy(seed, batch_size=4)) for seed in range(150)]

    values = np.array([f.value for f in found])
    stated = np.array([f.standard_error for f in found])
    assert values.mean() == pytest.approx(4, rel=0.05)
    assert np.sqrt((stated**2).mean()) == pytest.approx(values.std(), rel=0.25)


def test_the_jackknife_is_that_of_recomputing_without_each_batch():
    objective = noisy(0, n=20, batch_size=3)
    batches = [batch.values for batch in objective.batches()]
    model_loss = objective.loss

    def without(i):
        class Slope(nn.Module):
            def __init__(self):
                super().__init__()
                self.at = nn.Parameter(torch.zeros(5, dtype=torch.float64))

            def forward(self, x):
                return x @ self.at

        return gradient_noise_scale(Objective(Slope(), model_loss, batches[:i] + batches[i + 1 :]))

    values = np.array([without(i).value for i in range(len(batches))])

    k = len(values)
    expected = math.sqrt((k - 1) / k * ((values - values.mean()) ** 2).sum())
    assert gradient_noise_scale(objective).standard_error == pytest.approx(expected)


def test_without_noise_the_scale_is_zero():
    found = gradient_noise_scale(noisy(0, spread=0.0))

    assert found.value == pytest.approx(0, abs=1e-12)


def test_without_signal_the_scale_may_be_infinite():
    found = [gradient_noise_scale(noisy(seed, mean=0.0)) for seed in range(10)]

    assert any(math.isinf(f.value) and math.isnan(f.standard_error) for f in found)
    assert all(f.value > 100 for f in found)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_the_noise_scale_does_not_ask_whether_gradients_are_on(context):
    with context():
        found = gradient_noise_scale(noisy(0), torch.zeros(5, dtype=torch.float64))

    assert found == gradient_noise_scale(noisy(0))


def test_two_batches_are_too_few():
    with pytest.raises(ValueError, match="must have at least 3 batches, but has 2"):
        gradient_noise_scale(noisy(0, batch_size=120))


def test_a_gradient_that_is_not_finite_is_reported():
    with pytest.raises(ValueError, match="must have finite gradients"):
        gradient_noise_scale(noisy(0, mean=math.inf))
