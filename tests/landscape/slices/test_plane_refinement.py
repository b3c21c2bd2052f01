"""Where a plane interpolates, it knows how far it is off."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, multi_margin_loss

from lossedu.landscape import Objective
from lossedu.landscape.slices.plane import plane
from tests.landscape.slices.planes import ACROSS, UP, bowl, examples, mlp


def trained(model, steps, seed=0):
    x, y = examples(seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


class Function(nn.Module):
    """Any function of two parameters, as a loss."""

    def __init__(self, function):
        super().__init__()
        self.place = nn.Parameter(torch.zeros(1, 2, dtype=torch.float64))
        self.function = function

    def forward(self, x):
        return self.function(*self.place[0]).expand(len(x))


def loss_of(function):
    first = torch.zeros(1)
    return Objective(Function(function), lambda out: out.mean(), [(first,)])


@pytest.mark.slow
def test_the_estimate_is_at_least_half_the_error_over_many_networks():
    ratios, interpolated = [], 0
    for seed in range(24):
        activation = (nn.ReLU, nn.Tanh, nn.GELU)[seed % 3]
        loss = (cross_entropy, multi_margin_loss)[seed % 2]
        model = trained(mlp(seed, activation, width=(4, 12, 24)[seed % 3]), 10 * seed, seed)
        objective = Objective(model, loss, examples(n=(8, 40, 80)[(seed // 2) % 3], seed=seed))
        span = (0.3, 1.0, 2.0)[(seed // 3) % 3]
        for tolerance in (0.003, 0.03):
            options = {"seed": seed, "span": span, "resolution": 31}
            found = plane(objective, fill="chebyshev", tolerance=tolerance, **options)
            exact = plane(objective, fill="grid", **options)
            error = np.abs(found.losses - exact.losses).max() / np.ptp(exact.losses)
            assert found.evaluations <= 31 * 31 / 2 + 1
            assert found.reached == (found.error <= tolerance)
            ratios.append(found.error / error)
            interpolated += found.reached

    assert min(ratios) >= 0.5
    assert interpolated >= 20


def test_few_evaluations_make_a_smooth_picture():
    objective = Objective(trained(mlp(activation=nn.Tanh), 60), cross_entropy, examples())

    found = plane(objective, span=0.4)
    exact = plane(objective, span=0.4, fill="grid")

    assert found.fill == "chebyshev"
    assert found.reached
    assert found.evaluations * 14 < exact.evaluations == 51 * 51
    error = np.abs(found.losses - exact.losses).max() / np.ptp(exact.losses)
    assert error <= 2 * found.error <= 0.02
    assert found.losses[25, 25] == pytest.approx(found.centre, rel=1e-12)


def test_a_cliff_is_evaluated_place_by_place_or_said_to_be_one():
    cliff = loss_of(lambda a, b: torch.where(a + 0.3 * b > 0.31, 5.0 + b, a))

    adaptive = plane(cliff, ACROSS, UP, resolution=21)
    kept = plane(cliff, ACROSS, UP, resolution=21, fill="chebyshev")

    x, y = adaptive.x[None, :], adaptive.y[:, None]
    np.testing.assert_allclose(adaptive.losses, np.where(x + 0.3 * y > 0.31, 5.0 + y, x + 0 * y))
    assert (adaptive.fill, adaptive.reached, adaptive.error) == ("grid", True, 0.0)
    assert (kept.fill, kept.reached) == ("chebyshev", False)
    assert kept.error > 0.01


@pytest.mark.parametrize("fill", ["adaptive", "chebyshev", "grid"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_where_the_loss_is_not_finite_the_plane_says_so(fill, bad):
    edge = loss_of(lambda a, b: torch.where(a > 0.55, bad, a * a + b))

    found = plane(edge, ACROSS, UP, resolution=21, fill=fill)

    assert (found.finite == (found.x[None, :] <= 0.55) + 0 * found.y[:, None]).all()
    assert found.range == pytest.approx((-1, 2))
    assert ("places not finite", "105") in [row[:2] for row in found.table().text()]


def test_a_hole_between_the_nodes_is_seen_by_the_checks():
    hole = loss_of(lambda a, b: torch.where(((a - 0.5).abs() < 0.1) & (b > -0.3), torch.nan, a + b))

    found = plane(hole, ACROSS, UP, resolution=41)

    assert found.fill == "grid"
    assert not found.finite.all()


def test_nothing_finite_at_all_is_a_plane_too():
    found = plane(loss_of(lambda a, b: a * math.nan), ACROSS, UP, resolution=5)

    assert not found.finite.any()
    assert all(map(math.isnan, found.range))
    assert "nan" in repr(found)


def test_the_same_loss_everywhere_needs_no_refinement():
    found = plane(loss_of(lambda a, b: 0 * a + 2.3), ACROSS, UP)

    assert found.reached
    np.testing.assert_allclose(found.losses, 2.3)


@pytest.mark.parametrize(("dtype", "span"), [(torch.bfloat16, 0.3), (torch.float32, 1e-5)])
def test_what_is_said_to_reach_the_tolerance_does_in_low_precision_too(dtype, span):
    objective = Objective(mlp(), cross_entropy, examples(), dtype=dtype)

    found = plane(objective, span=span, resolution=31)
    kept = plane(objective, span=span, resolution=31, fill="chebyshev")

    assert found.reached
    assert found.error <= 0.01
    assert kept.reached == (kept.error <= 0.01)


def test_a_peak_that_no_node_sees_but_a_check_does_is_an_error_without_bounds():
    places = plane(bowl(), ACROSS, UP, resolution=21, fill="grid").x
    at = float(places[int(0.7548777 * 21)]), float(places[int(0.5698403 * 21)])
    peak = loss_of(lambda a, b: 0 * a + 3.0 * ((a - at[0]).abs() + (b - at[1]).abs() < 1e-6))

    found = plane(peak, ACROSS, UP, resolution=21, fill="chebyshev")

    assert not found.reached
    assert found.error == math.inf
    assert plane(peak, ACROSS, UP, resolution=21).range == (0, 3)


def test_losses_that_differ_by_rounding_only_need_no_refinement():
    noise = loss_of(lambda a, b: 2.3 * (1 + 1e-16 * torch.sin(1e6 * (a + 2 * b))))

    found = plane(noise, ACROSS, UP)

    assert found.fill == "chebyshev"
    assert found.reached
    np.testing.assert_allclose(found.losses, 2.3, rtol=1e-15)
