"""Interpolation is exact for polynomials, and its error estimate holds for rough functions too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import polynomial

from lossedu.landscape.slices.chebyshev import finer, interpolate, nodes

GRID = np.linspace(-1, 1, 41)


def on(function, down, across):
    return function(nodes(across)[None, :], nodes(down)[:, None]) + np.zeros((down, across))


@pytest.mark.parametrize("n", [3, 4, 7, 13, 25, 49])
def test_the_nodes_are_those_of_chebyshev_and_lie_within_the_next(n):
    found = nodes(n)

    np.testing.assert_allclose(found, -np.cos(np.pi * np.arange(n) / (n - 1)), atol=1e-15)
    assert set(found) <= set(nodes(finer(n)))
    assert (found == -found[::-1]).all()
    assert n % 2 == 0 or found[n // 2] == 0


@given(st.integers(0, 10**6), st.sampled_from([(7, 7), (7, 13), (25, 13)]))
def test_polynomials_are_exact(seed, size):
    down, across = size
    coefficients = np.random.default_rng(seed).normal(size=(across, down))

    def function(x, y):
        return polynomial.polyval2d(*np.broadcast_arrays(x, y), coefficients)

    found = interpolate(on(function, down, across), GRID, GRID)

    exact = function(GRID[None, :], GRID[:, None])
    if not found.log:
        np.testing.assert_allclose(found.values, exact, atol=1e-9 * np.abs(coefficients).sum())


def test_rows_are_y_and_columns_are_x():
    found = interpolate(on(lambda x, y: x - 2 * y, 7, 13), GRID, GRID[:5])

    assert found.values.shape == (5, 41)
    np.testing.assert_allclose(found.values, GRID[None, :] - 2 * GRID[:5, None], atol=1e-13)


def test_nodes_keep_their_values_exactly():
    values = on(lambda x, y: np.cos(3 * x) - y, 7, 7)

    found = interpolate(values, nodes(7), nodes(7))

    np.testing.assert_allclose(found.values, values, rtol=1e-14)


def test_the_logarithm_is_taken_where_it_is_smoother_and_not_elsewhere():
    steep = interpolate(on(lambda x, y: np.exp(6 * x + 3 * y), 7, 7), GRID, GRID)
    bowl = interpolate(on(lambda x, y: x**2 + y**2 + 1e-3, 7, 7), GRID, GRID)
    negative = interpolate(on(lambda x, y: np.sin(x) - y, 7, 7), GRID, GRID)

    assert steep.log
    assert steep.error < 1e-6 * steep.values.max()
    assert not bowl.log
    assert not negative.log


SMOOTH_AND_ROUGH = {
    "smooth": lambda x, y: np.exp(np.sin(2 * x) + y),
    "fast": lambda x, y: np.cos(5 * x + 2 * y),
    "runge": lambda x, y: 1 / (1 + 8 * (x - 0.2) ** 2 + 5 * y**2),
    "valley": lambda x, y: np.maximum(0.4 * x + y - 0.37, 0) ** 2,
    "corner": lambda x, y: np.maximum(0.4 * x + y - 0.37, 0),
    "edge": lambda x, y: np.sqrt(1.0001 + x) + 0 * y,
}


@pytest.mark.parametrize("size", [(7, 7), (13, 7), (13, 13), (25, 25)])
@pytest.mark.parametrize("name", SMOOTH_AND_ROUGH)
def test_the_estimate_is_at_least_half_the_error(name, size):
    function = SMOOTH_AND_ROUGH[name]

    found = interpolate(on(function, *size), GRID, GRID)

    error = np.abs(found.values - function(GRID[None, :], GRID[:, None])).max()
    assert found.error >= error / 2 - 1e-12


@pytest.mark.parametrize("n", [7, 13, 25])
def test_one_kink_along_an_axis_hides_at_most_three_quarters_of_its_error(n):
    for place in np.linspace(-0.9, 0.9, 61):
        values = np.abs(nodes(n) - place) + np.zeros((n, 1))

        found = interpolate(values, GRID, GRID)

        error = np.abs(found.values - np.abs(GRID - place)).max()
        assert found.error >= error / 4


def test_the_estimate_says_which_axis_is_rough():
    found = interpolate(on(lambda x, y: np.abs(x - 0.2) + y, 13, 13), GRID, GRID)

    assert found.errors[0] > 1e6 * found.errors[1]
