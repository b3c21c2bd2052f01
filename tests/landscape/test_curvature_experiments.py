"""Known results, reproduced."""

import numpy as np
import pytest

from lossedu.landscape.experiments import batch_size, edge_of_stability, stale_gradients

pytestmark = pytest.mark.slow


def test_full_batch_descent_settles_at_two_over_the_learning_rate():
    result = edge_of_stability.run()

    slow, *fast = result.descents
    assert slow.settled < 0.8 * slow.edge  # its time is up before it gets there
    assert slow.sharpness[-1] > 2 * slow.sharpness[0]  # but it sharpens on the way
    for descent in fast:
        # Beyond the edge, within a tenth, whether it started below or above.
        assert 0.98 <= descent.settled / descent.edge <= 1.15
        late = descent.sharpness[len(descent.sharpness) // 2 :]
        assert late.std() < 0.1 * descent.edge
    assert fast[0].sharpness[0] < fast[0].edge
    assert fast[-1].sharpness[0] > fast[-1].edge


@pytest.mark.parametrize("delay", range(7))
def test_the_edge_is_where_late_steps_on_a_quadratic_begin_to_grow(delay):
    edge = edge_of_stability.Descent(1.0, delay, np.ones(1), 0.0).edge

    def growth(curvature):
        """Of x(t + 1) = x(t) - curvature x(t - delay), a step: the largest root."""
        powers = np.zeros(delay + 2)
        powers[0], powers[1] = 1, -1
        powers[-1] += curvature
        return abs(np.roots(powers)).max()

    assert growth(0.99 * edge) < 1 < growth(1.01 * edge)


def test_gradients_that_come_late_lower_the_edge_until_training_diverges():
    result = stale_gradients.run()

    *settled, diverged = result.descents
    for descent in settled:
        assert 0.95 <= descent.settled / descent.edge <= 1.15
    assert [d.edge for d in settled[:2]] == pytest.approx([20.0, 10.0])
    assert settled[2].sharpness[0] > settled[2].edge  # it started above, and came down
    assert not np.isfinite(diverged.loss)
    assert np.isnan(diverged.settled)
    assert result.table().rows[-1][0] == str(diverged.delay)


def test_larger_batches_rise_faster_and_the_raw_eigenvalue_does_not_tell():
    result = batch_size.run()

    smallest, largest = result.rises[0], result.rises[-1]
    error = np.sqrt((smallest.var(ddof=1) + largest.var(ddof=1)) / len(smallest))
    assert result.rises_with_size
    assert largest.mean() - smallest.mean() > 4 * error
    assert not result.sharpness_is_monotone
    assert len(result.table().rows) == len(result.sizes)
