"""The spectral density is the spectrum, smoothed: no ghosts, nothing lost, an honest band."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lossedu.landscape import Objective
from lossedu.landscape.curvature.density import spectral_density
from lossedu.training.random_states import scoped


def matrix(values, seed=0):
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(len(values), len(values), generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(square)[0]
    product = basis @ torch.diag(torch.as_tensor(np.array(values, dtype=float))) @ basis.T
    return (product + product.T) / 2


def like_a_network(size=400):
    rng = np.random.default_rng(0)
    return np.concatenate([np.linspace(1, 6, 8), rng.normal(0, 0.1, size - 8)])


def smoothed(values, grid, width):
    distance = (grid[:, None] - np.asarray(values)) / width
    return (np.exp(-0.5 * distance**2) / (width * np.sqrt(2 * np.pi))).mean(1)


def test_it_is_the_exact_spectrum_smoothed():
    values = like_a_network()

    found = spectral_density(matrix(values), probes=30, width=0.1)

    exact = smoothed(values, found.grid, 0.1)
    assert np.trapezoid(abs(found.density - exact), found.grid) < 0.05


@pytest.mark.parametrize("points", [1, 7, 1000])
def test_it_is_right_at_every_point_however_few_there_are(points):
    found = spectral_density(matrix(like_a_network(60)), probes=2, width=1e-2, points=points)

    expected = np.zeros(points)
    for nodes, weights in zip(found.nodes, found.weights, strict=True):
        kernels = np.exp(-0.5 * ((found.grid[:, None] - nodes) / found.width) ** 2)
        expected += (kernels * weights).sum(1) / (found.width * np.sqrt(2 * np.pi)) / 2
    np.testing.assert_allclose(found.density, expected, rtol=1e-9, atol=1e-99)


def test_it_integrates_to_one():
    found = spectral_density(matrix(like_a_network()))

    assert np.trapezoid(found.density, found.grid) == pytest.approx(1, abs=1e-12)
    assert [w.sum() for w in found.weights] == pytest.approx([1] * 5)


def test_the_band_covers_the_exact_density():
    values = like_a_network()

    found = spectral_density(matrix(values), probes=12, width=0.1)

    low, high = found.band
    exact = smoothed(values, found.grid, 0.1)
    seen = exact > 1e-3
    covered = ((low <= exact) & (exact <= high))[seen]
    assert covered.mean() >= 0.85
    assert (low >= 0).all()


def test_no_eigenvalue_has_ghosts():
    values = [1000.0, 500.0, *np.linspace(0, 1, 150)]

    found = spectral_density(matrix(values), probes=4, steps=120)

    for nodes in found.nodes:
        assert (nodes > 400).sum() == 2
        assert nodes.max() <= 1000 * (1 + 1e-12)


def test_what_lies_at_zero_is_counted():
    values = np.concatenate([np.zeros(270), np.linspace(1, 2, 30)])

    found = spectral_density(matrix(values), probes=40)

    part, error = found.share(-1e-8, 1e-8)
    assert part == pytest.approx(0.9, abs=4 * error)
    assert error < 0.01


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_spectrum_of_one_value_is_one_peak(value):
    found = spectral_density(value * torch.eye(20, dtype=torch.float64))

    assert found.grid[found.density.argmax()] == pytest.approx(value, abs=found.width)
    assert found.products == 5


def test_one_parameter_has_a_density():
    found = spectral_density(torch.tensor([[2.0]]), probes=1)

    assert np.trapezoid(found.density, found.grid) == pytest.approx(1)
    assert np.isnan(found.standard_error).all()


def test_the_whole_spectrum_is_nodes_where_the_steps_exhaust_it():
    values = np.array([-1.0, 0.5, 2.0, 4.0])

    found = spectral_density(matrix(values), probes=2)

    np.testing.assert_allclose(found.nodes[0], values, atol=1e-12)


def test_the_same_seed_gives_the_same_bits():
    a = matrix(like_a_network(60))

    one, same, other = (spectral_density(a, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.density, same.density)
    assert not np.array_equal(one.density, other.density)


def test_the_density_of_a_model_has_its_outliers_and_its_bulk():
    with scoped(0):
        model = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4)).double()
        data = torch.randn(30, 6, dtype=torch.float64), torch.randint(4, (30,))
    objective = Objective(model, cross_entropy, data)
    (batch,) = objective.batches()
    dense = torch.func.hessian(lambda t: objective.differentiable(t, batch))(objective.point)
    exact = torch.linalg.eigvalsh(dense).numpy()

    found = spectral_density(objective, probes=30, width=0.05)

    assert max(n.max() for n in found.nodes) == pytest.approx(exact[-1], rel=1e-9)
    distance = abs(found.density - smoothed(exact, found.grid, 0.05))
    assert np.trapezoid(distance, found.grid) < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probes": 0}, "probes must be"),
        ({"steps": 0}, "steps must be"),
        ({"points": 0}, "points must be"),
        ({"width": 0.0}, "width must be above 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        spectral_density(torch.eye(2), **arguments)
