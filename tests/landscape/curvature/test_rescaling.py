"""Dinh's rescaling fools every sharpness but the invariant ones."""

import numpy as np
import pytest
import torch

from lossedu.landscape import Objective
from lossedu.landscape.curvature.eigenvalues import top_eigenvalues
from lossedu.landscape.curvature.sharpness import (
    expected_sharpness,
    fisher_rao_norm,
    worst_case_sharpness,
)
from tests.landscape.curvature.rescaled_layers import rescaled


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
