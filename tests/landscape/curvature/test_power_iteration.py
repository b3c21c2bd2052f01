"""Power iteration gives the eigenvalue that is largest by absolute value."""

import pytest
import torch

from lossedu.landscape.curvature.power_iteration import power_iteration
from tests.landscape.curvature.known_spectra import matrix


def test_power_iteration_gives_the_largest_by_absolute_value():
    value, vector = power_iteration(matrix([1.0, 0.5, -2.0, 0.1]))

    assert value == pytest.approx(-2, rel=1e-9)
    torch.testing.assert_close(matrix([1.0, 0.5, -2.0, 0.1]) @ vector, -2 * vector)


def test_power_iteration_ends_at_a_zero_matrix():
    assert power_iteration(torch.zeros(3, 3))[0] == 0.0
